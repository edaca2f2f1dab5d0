/*
 * signalfd.c - taking signals by reading a descriptor.
 * Spec: Linux signalfd(2). Whoever reads or polls gets its own signals, whoever made it.
 * Locks: signalfd.lock (RANK_PIPE) for mask and list; the reader's sig_lock for its signals. A
 * poller joins its process's `watchers`, under that queue's own lock: epoll may leave a queue long
 * after the process that brought it there, so the descriptor holds on to each such process.
 */
#include "vfs/vfs.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/internal.h"
#include "syscalls.h"

struct abi_signalfd_siginfo {
	uint32_t signo;
	int32_t errnum, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value;
	uint64_t ptr, utime, stime, addr;
	uint16_t addr_lsb, pad2;
	int32_t syscall;
	uint64_t call_addr;
	uint32_t arch;
	uint8_t pad[28];
};
_Static_assert(sizeof(struct abi_signalfd_siginfo) == 128, "signalfd_siginfo");

struct polled {
	struct list link;
	struct proc *proc; /* referenced */
};

struct signalfd {
	struct lock lock;
	sigset_k mask;	    /* [l] signals to take */
	struct list polled; /* [l] of struct polled */
};

static sigset_k mask_of(struct signalfd *s)
{
	sigset_k mask;

	lock_acquire(&s->lock);
	mask = s->mask;
	lock_release(&s->lock);
	return mask;
}

static void fill_kill(struct abi_signalfd_siginfo *o, const struct abi_siginfo *i)
{
	o->pid = (uint32_t)i->u.kill.pid;
	o->uid = i->u.kill.uid;
}

/* Which fields of a siginfo mean something: by code, and for the kernel's codes by signal. */
static void convert(struct abi_signalfd_siginfo *o, const struct abi_siginfo *i)
{
	memset(o, 0, sizeof(*o));
	o->signo = (uint32_t)i->signo;
	o->errnum = i->errnum;
	o->code = i->code;
	if (i->code == SI_TIMER) {
		o->tid = (uint32_t)i->u.timer.timerid;
		o->overrun = (uint32_t)i->u.timer.overrun;
		o->value = i->u.timer.value;
		o->ptr = (uint32_t)i->u.timer.value;
	} else if (i->code < 0) {
		fill_kill(o, i);
		if (i->code != SI_TKILL) {
			o->value = i->u.kill.value;
			o->ptr = (uint32_t)i->u.kill.value;
		}
	} else if (i->code == SI_USER || i->code >= SI_KERNEL) {
		fill_kill(o, i);
	} else if (i->signo == SIGCHLD) {
		fill_kill(o, i);
		o->status = i->u.kill.value;
		o->utime = i->u.kill.utime;
		o->stime = i->u.kill.stime;
	} else if (SIGBIT(i->signo) & (SIGBIT(SIGILL) | SIGBIT(SIGFPE) | SIGBIT(SIGSEGV) |
					      SIGBIT(SIGBUS) | SIGBIT(SIGTRAP))) {
		o->addr = i->u.fault.addr;
	} else {
		o->band = (uint32_t)i->u.poll.band;
		o->fd = i->u.poll.fd;
	}
}

/* Wait for a signal of the mask if it may. Returns its number, -EAGAIN, -PLEAT_ERESTARTSYS. */
static int take(struct signalfd *s, bool may_wait, struct abi_siginfo *info)
{
	struct thread *t = thread_self();
	struct proc *p = t->proc;
	int signo, err = 0;

	lock_acquire(&p->sig_lock);
	while (!(signo = signal_dequeue_locked(t, mask_of(s), info)) && !err) {
		err = -EAGAIN;
		if (may_wait)
			err = waitq_sleep(&p->sig_arrived, &p->sig_lock, WAIT_FOREVER, WAIT_INTR);
	}
	if (signo)
		signal_recalc_locked(t);
	lock_release(&p->sig_lock);
	return signo ? signo : err == -EAGAIN ? err : -PLEAT_ERESTARTSYS;
}

/* As many records as fit and are there; sleeps for the first. -EINVAL: no room for one. */
static ssize_t signalfd_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct abi_signalfd_siginfo out;
	struct abi_siginfo info;
	size_t before = b->done;
	bool may_wait = !(atomic_load(&file->flags) & O_NONBLOCK);
	int r = -EINVAL;

	(void)pos;
	while (b->left >= sizeof(out)) {
		r = take(file->priv, may_wait, &info);
		if (r < 0)
			break;
		convert(&out, &info);
		iob_put(b, &out, sizeof(out));
		may_wait = false;
	}
	return b->done > before ? (ssize_t)(b->done - before) : r;
}

/* Keep p for as long as somebody may be in its queue because of this descriptor. */
static int remember(struct signalfd *s, struct proc *p)
{
	struct polled *e, *fresh = kzalloc(sizeof(*fresh));
	bool known = false;

	if (!fresh)
		return -ENOMEM;
	fresh->proc = p;
	lock_acquire(&s->lock);
	LIST_FOR_EACH(e, &s->polled, link)
		known |= e->proc == p;
	if (!known) {
		ref_get(&p->refs);
		list_add_tail(&s->polled, &fresh->link);
	}
	lock_release(&s->lock);
	if (known)
		kfree(fresh);
	return 0;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *pt)
{
	struct signalfd *s = file->priv;
	struct thread *t = thread_self();
	struct proc *p = t->proc;
	sigset_k set;

	if (pt && remember(s, p)) {
		pt->error = -ENOMEM;
		pt = NULL;
	}
	lock_acquire(&p->watch_lock);
	poll_join(pt, &p->watchers, &p->watch_lock);
	lock_release(&p->watch_lock);
	lock_acquire(&p->sig_lock);
	set = (t->vfork ? 0 : t->pending.set) | p->pending.set;
	lock_release(&p->sig_lock);
	return set & mask_of(s) ? POLLIN : 0;
}

static void signalfd_release(struct file *file)
{
	struct signalfd *s = file->priv;
	struct polled *e, *next;

	LIST_FOR_EACH_SAFE(e, next, &s->polled, link) {
		proc_put(e->proc);
		kfree(e);
	}
	kfree(s);
}

static void signalfd_fdinfo(struct file *file, struct proc_text *out)
{
	text_add(out, "sigmask:\t%016llx\n", (unsigned long long)mask_of(file->priv));
}

/* As in Linux: no error, and no effect. */
static int64_t signalfd_seek(struct file *file, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	return (int64_t)file->pos;
}

static const struct file_ops signalfd_ops = {
	.release = signalfd_release,
	.read = signalfd_read,
	.poll = signalfd_poll,
	.fdinfo = signalfd_fdinfo,
	.seek = signalfd_seek,
	.stream = true,
};

static int signalfd_new(sigset_k mask, uint32_t flags)
{
	struct signalfd *s = kzalloc(sizeof(*s));
	struct file *f;

	if (!s)
		return -ENOMEM;
	lock_init(&s->lock, RANK_PIPE);
	list_init(&s->polled);
	s->mask = mask;
	f = file_new_anon(&signalfd_ops, O_RDWR | (flags & O_NONBLOCK), "anon_inode:[signalfd]", s);
	if (!f) {
		kfree(s);
		return -ENOMEM;
	}
	return fd_give(f, flags & O_CLOEXEC);
}

/* fd -1: a new one; else the mask of that one changes. */
int sys_signalfd4(int32_t fd, uaddr_t umask, uint32_t size, uint32_t flags)
{
	struct proc *p = proc_self();
	struct signalfd *s;
	struct file *f;
	sigset_k mask;
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = copyin_sigset(&mask, umask, size);
	if (err)
		return err;
	mask &= ~SIG_UNBLOCKABLE;
	if (fd == -1)
		return signalfd_new(mask, flags);
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	if (f->ops == &signalfd_ops) {
		s = f->priv;
		lock_acquire(&s->lock);
		s->mask = mask;
		lock_release(&s->lock);
		lock_acquire(&p->sig_lock);
		waitq_wake_all(&p->sig_arrived); /* readers look with the new mask */
		signal_watch_wake_locked(p);
		lock_release(&p->sig_lock);
	} else {
		fd = -EINVAL;
	}
	file_put(f);
	return fd;
}

/*
 * sigio.c - a signal when a file becomes ready: O_ASYNC, F_SETOWN, F_SETSIG.
 * Spec: Linux fcntl(2), "Managing signals". Sockets tell for themselves (net/socket.c).
 * Locks: sigio_lock (RANK_SIGIO) guards each record and the list of those that are due.
 *
 * An O_ASYNC file is in the queues that a poller of it would join. Whoever wakes such a queue holds
 * the object's lock, inside of which no signal can be sent; so the record goes to a list, and the
 * event thread sends. Where an object wakes only those who wait for a change, as a pipe does that
 * was not empty, there is no signal either.
 */
#include "vfs/sigio.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "proc/internal.h"

#define F_OWNER_TID 0
#define F_OWNER_PID 1
#define F_OWNER_PGRP 2
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_ERR 4
#define POLL_HUP 6
#define QUEUES 4

struct abi_owner_ex {
	int32_t type, pid;
};

struct sigio {
	struct ref refs;
	struct abi_owner_ex owner; /* [sigio_lock] pid 0: nobody */
	uint32_t uid, euid;	   /* [sigio_lock] of who set the owner */
	uint32_t signo;		   /* [sigio_lock] F_SETSIG; 0: SIGIO without information */
	int fd;			   /* [sigio_lock] through which O_ASYNC was set */
	struct list due_link;	   /* [sigio_lock] */
	uint32_t key;		   /* [sigio_lock] POLL* bits since the last signal */
	uint32_t queues;	   /* [file.pos_lock] */
	struct poll_entry entry[QUEUES];
};

struct joining {
	struct poll_table pt;
	struct sigio *s;
};

static struct lock sigio_lock = LOCK_INIT(RANK_SIGIO);
static struct list due = LIST_INIT(due); /* [sigio_lock] each holds a reference */

/* The file's record, made if it has none. pos_lock is held. */
static struct sigio *record_locked(struct file *f)
{
	struct sigio *s = f->sigio;

	if (s)
		return s;
	s = kzalloc(sizeof(*s));
	if (!s)
		return NULL;
	ref_init(&s->refs, 1);
	list_init(&s->due_link);
	f->sigio = s;
	return s;
}

static void record_put(struct sigio *s)
{
	if (ref_put(&s->refs))
		kfree(s);
}

/* ---- becoming due ---- */

static bool told(struct waiter *w, uint32_t key)
{
	struct sigio *s = (struct sigio *)(void *)w->waker;

	lock_acquire(&sigio_lock);
	s->key |= key ? key : POLLIN;
	if (list_empty(&s->due_link)) {
		ref_get(&s->refs);
		list_add_tail(&due, &s->due_link);
	}
	lock_release(&sigio_lock);
	host_kick_event_thread();
	return false;
}

/* The queue's lock is held. w->waker is ours to use: told() stands in for waking. */
static void join(struct poll_table *pt, struct waitq *q, struct lock *l)
{
	struct sigio *s = CONTAINER_OF(pt, struct joining, pt)->s;
	struct poll_entry *e;

	if (s->queues == QUEUES)
		return;
	e = &s->entry[s->queues++];
	e->waiter = (struct waiter){.waker = (struct waker *)(void *)s, .notify = told};
	e->lock = l;
	waitq_join(q, &e->waiter);
}

static void leave_all_locked(struct sigio *s)
{
	while (s->queues > 0) {
		struct poll_entry *e = &s->entry[--s->queues];

		lock_acquire(e->lock);
		waitq_leave(&e->waiter);
		lock_release(e->lock);
	}
}

/*
 * As in Linux pipes, terminals and inotify signal; sockets do it by themselves, and O_ASYNC on
 * other kinds is kept and does nothing. (An epoll set's poll op takes locks that pos_lock is inside
 * of.)
 */
static bool signals(const struct file *f)
{
	if (!f->ops || !f->ops->poll)
		return false;
	return !f->anon_name || strncmp(f->anon_name, "pipe", 4) == 0 ||
	       strncmp(f->anon_name, "anon_inode:inotify", 18) == 0;
}

int sigio_set(struct file *f, int fd, bool on)
{
	struct joining j = {.pt = {.join = join}};
	int err = 0;

	if (!signals(f))
		return 0;
	lock_acquire(&f->pos_lock);
	j.s = on ? record_locked(f) : f->sigio;
	if (j.s)
		leave_all_locked(j.s);
	if (on && !j.s)
		err = -ENOMEM;
	if (on && j.s) {
		lock_acquire(&sigio_lock);
		j.s->fd = fd;
		lock_release(&sigio_lock);
		(void)file_poll(f, &j.pt);
	}
	lock_release(&f->pos_lock);
	return err;
}

void sigio_file_gone(struct file *f)
{
	struct sigio *s = f->sigio;

	leave_all_locked(s);
	lock_acquire(&sigio_lock);
	s->owner.pid = 0;
	lock_release(&sigio_lock);
	record_put(s);
	f->sigio = NULL;
}

/* ---- sending ---- */

static int code_of(uint32_t key)
{
	return key & POLLHUP   ? POLL_HUP
	       : key & POLLERR ? POLL_ERR
	       : key & POLLIN  ? POLL_IN
			       : POLL_OUT;
}

static bool may_tell(const struct sigio *s, struct proc *p)
{
	struct proc_ids ids = proc_ids(p);

	return s->euid == 0 || s->euid == ids.ruid || s->euid == ids.euid || s->uid == ids.ruid ||
	       s->uid == ids.euid;
}

static int tell_one(const struct sigio *s, struct proc *p, int signo, const struct abi_siginfo *i)
{
	struct thread *t;

	if (!may_tell(s, p))
		return 0;
	if (s->owner.type != F_OWNER_TID)
		return signal_send_proc(p, signo, i);
	LIST_FOR_EACH(t, &p->threads, link) {
		if (t->tid == (uint32_t)s->owner.pid)
			return signal_send_thread(t, signo, i);
	}
	return 0;
}

static bool meant(const struct sigio *s, const struct proc *p)
{
	struct thread *t;

	if (s->owner.type == F_OWNER_PGRP)
		return p->pgrp && p->pgrp->pgid == (uint32_t)s->owner.pid;
	if (s->owner.type == F_OWNER_PID)
		return p->pid == (uint32_t)s->owner.pid;
	LIST_FOR_EACH(t, &p->threads, link) {
		if (t->tid == (uint32_t)s->owner.pid)
			return true;
	}
	return false;
}

static void tell(const struct sigio *s, uint32_t key)
{
	struct abi_siginfo info = {.code = code_of(key)};
	struct proc *p;

	info.u.poll.band = (int32_t)(key & 0x3ff);
	info.u.poll.fd = s->fd;
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		if (p->state == PROC_ZOMBIE || !meant(s, p))
			continue;
		/* A real-time signal that finds no room is a plain SIGIO instead. */
		if (!s->signo || tell_one(s, p, (int)s->signo, &info))
			tell_one(s, p, SIGIO, NULL);
	}
	lock_release(&proc_tree_lock);
}

void sigio_event_round(void)
{
	for (;;) {
		struct sigio *s, copy;
		uint32_t key = 0;

		lock_acquire(&sigio_lock);
		s = LIST_FIRST(&due, struct sigio, due_link);
		if (s) {
			list_del(&s->due_link);
			list_init(&s->due_link);
			key = s->key;
			s->key = 0;
			copy.owner = s->owner;
			copy.uid = s->uid;
			copy.euid = s->euid;
			copy.signo = s->signo;
			copy.fd = s->fd;
		}
		lock_release(&sigio_lock);
		if (!s)
			return;
		record_put(s);
		if (copy.owner.pid)
			tell(&copy, key);
	}
}

/* ---- who is told ---- */

static int set_owner(struct file *f, int32_t type, int32_t pid)
{
	struct sigio *s;

	lock_acquire(&f->pos_lock);
	s = record_locked(f);
	if (s) {
		lock_acquire(&sigio_lock);
		s->owner = (struct abi_owner_ex){type, pid};
		s->uid = cred_self()->ruid;
		s->euid = cred_self()->euid;
		lock_release(&sigio_lock);
		f->owner = type == F_OWNER_PGRP ? -pid : pid;
	}
	lock_release(&f->pos_lock);
	return s ? 0 : -ENOMEM;
}

static int set_owner_ex(struct file *f, uaddr_t arg)
{
	struct abi_owner_ex o;

	if (copyin(&o, arg, sizeof(o)))
		return -EFAULT;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP || o.pid < 0)
		return -EINVAL;
	return set_owner(f, o.type, o.pid);
}

static int get_owner_ex(struct file *f, uaddr_t arg)
{
	struct abi_owner_ex o = {.type = F_OWNER_PID};

	lock_acquire(&f->pos_lock);
	if (f->sigio) {
		lock_acquire(&sigio_lock);
		o = f->sigio->owner;
		lock_release(&sigio_lock);
	}
	lock_release(&f->pos_lock);
	return copyout(arg, &o, sizeof(o));
}

/* signo 0: back to SIGIO. */
static int set_signal(struct file *f, uint32_t signo)
{
	struct sigio *s;

	if (signo >= SIG_COUNT)
		return -EINVAL;
	lock_acquire(&f->pos_lock);
	s = record_locked(f);
	if (s) {
		lock_acquire(&sigio_lock);
		s->signo = signo;
		lock_release(&sigio_lock);
	}
	lock_release(&f->pos_lock);
	return s ? 0 : -ENOMEM;
}

static int get_signal(struct file *f)
{
	int signo = 0;

	lock_acquire(&f->pos_lock);
	if (f->sigio) {
		lock_acquire(&sigio_lock);
		signo = (int)f->sigio->signo;
		lock_release(&sigio_lock);
	}
	lock_release(&f->pos_lock);
	return signo;
}

int sigio_fcntl(struct file *f, uint32_t cmd, uint32_t arg)
{
	int32_t pid = (int32_t)arg;

	switch (cmd) {
	case F_SETOWN:
		if (pid == INT32_MIN)
			return -EINVAL;
		return set_owner(f, pid < 0 ? F_OWNER_PGRP : F_OWNER_PID, pid < 0 ? -pid : pid);
	case F_GETOWN:
		return f->owner;
	case F_SETOWN_EX:
		return set_owner_ex(f, arg);
	case F_GETOWN_EX:
		return get_owner_ex(f, arg);
	case F_SETSIG:
		return set_signal(f, arg);
	case F_GETSIG:
		return get_signal(f);
	default:
		return -EINVAL;
	}
}

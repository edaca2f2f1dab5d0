/*
 * pidfd.c - descriptors that name a process: it cannot be taken for a later one with its pid.
 * Spec: Linux pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2).
 * Locks: proc.watch_lock for pollers; proc_tree_lock for the process's state.
 */
#include "proc/pidfd.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "proc/internal.h"
#include "syscalls.h"

static void pidfd_release(struct file *file)
{
	proc_put(file->priv);
}

static uint32_t pidfd_poll(struct file *file, struct poll_table *pt)
{
	struct proc *p = file->priv;

	lock_acquire(&p->watch_lock);
	poll_join(pt, &p->watchers, &p->watch_lock);
	lock_release(&p->watch_lock);
	switch (atomic_load(&p->state)) {
	case PROC_ZOMBIE:
		return POLLIN | POLLRDNORM;
	case PROC_DEAD:
		return POLLIN | POLLRDNORM | POLLHUP;
	default:
		return 0;
	}
}

static void pidfd_fdinfo(struct file *file, struct proc_text *out)
{
	struct proc *p = file->priv;
	int pid = atomic_load(&p->state) == PROC_DEAD ? -1 : (int)p->pid;

	text_add(out, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static const struct file_ops pidfd_ops = {
	.release = pidfd_release,
	.poll = pidfd_poll,
	.fdinfo = pidfd_fdinfo,
	.stream = true,
};

void pidfd_wake_locked(struct proc *p)
{
	lock_acquire(&p->watch_lock);
	waitq_wake_key(&p->watchers, POLLIN | POLLRDNORM);
	lock_release(&p->watch_lock);
}

int pidfd_proc(int fd, struct proc **out, bool *nonblock)
{
	struct file *f = fd_get(fd);

	if (!f || f->ops != &pidfd_ops) {
		file_put(f);
		return -EBADF;
	}
	*out = f->priv;
	ref_get(&(*out)->refs);
	*nonblock = atomic_load(&f->flags) & O_NONBLOCK;
	file_put(f);
	return 0;
}

/* The process with that pid, referenced. -EINVAL: only a thread has it; -ESRCH. */
static int find(uint32_t pid, struct proc **out)
{
	int err = -ESRCH;

	*out = proc_find(pid);
	if (*out)
		return 0;
	lock_acquire(&proc_tree_lock);
	if (thread_find_locked(pid))
		err = -EINVAL;
	lock_release(&proc_tree_lock);
	return err;
}

/* Closes at exec, always. -EINVAL: pid, flags, or no process's first thread; -ESRCH. */
int sys_pidfd_open(int32_t pid, uint32_t flags)
{
	struct proc *p;
	struct file *f;
	int err;

	if (pid <= 0 || (flags & ~(uint32_t)O_NONBLOCK))
		return -EINVAL;
	err = find((uint32_t)pid, &p);
	if (err)
		return err;
	f = file_new_anon(&pidfd_ops, O_RDWR | flags, "anon_inode:[pidfd]", p);
	if (!f) {
		proc_put(p);
		return -ENOMEM;
	}
	return fd_give(f, O_CLOEXEC);
}

static int send(struct proc *p, int signo, const struct abi_siginfo *info)
{
	int err = signal_permission(p, signo);

	if (atomic_load(&p->state) == PROC_DEAD)
		return -ESRCH;
	return err ? err : signal_send_proc(p, signo, info);
}

/* -EBADF: no pidfd; -EINVAL: flags, signal, or another one in info; -ESRCH: waited for already;
 * -EPERM; -EAGAIN; -EFAULT. */
int sys_pidfd_send_signal(int32_t pidfd, uint32_t signo, uaddr_t uinfo, uint32_t flags)
{
	struct proc *self = proc_self(), *p;
	struct abi_siginfo info = {.signo = (int32_t)signo, .code = SI_USER};
	bool nonblock;
	int err;

	if (flags)
		return -EINVAL;
	info.u.kill.pid = (int32_t)self->pid;
	info.u.kill.uid = cred_self()->ruid;
	err = pidfd_proc(pidfd, &p, &nonblock);
	if (err)
		return err;
	if (uinfo && copyin(&info, uinfo, sizeof(info)))
		err = -EFAULT;
	else if (info.signo != (int32_t)signo || signo >= SIG_COUNT)
		err = -EINVAL;
	else if (uinfo && (info.code >= 0 || info.code == SI_TKILL) && p != self)
		err = -EPERM;
	else
		err = send(p, (int)signo, &info);
	proc_put(p);
	return err;
}

/* The other process's file at fd, referenced. */
static int steal(struct proc *p, int fd, struct file **out)
{
	struct fdtable *t;
	uint32_t flags;
	int found;

	lock_acquire(&p->lock);
	t = p->files;
	if (t)
		fdtable_get(t);
	lock_release(&p->lock);
	if (!t)
		return -ESRCH;
	found = fd < 0 ? -1 : fdtable_next(t, fd, out, &flags);
	fdtable_put(t);
	if (found == fd && fd >= 0)
		return 0;
	if (found >= 0)
		file_put(*out);
	return -EBADF;
}

/* A copy of another process's descriptor, which closes at exec. For its owner and root: -EPERM.
 * -EBADF: no pidfd, or no such descriptor; -ESRCH: it has ended; -EMFILE. */
int sys_pidfd_getfd(int32_t pidfd, int32_t target, uint32_t flags)
{
	struct file *f;
	struct proc *p;
	bool nonblock;
	int err;

	if (flags)
		return -EINVAL;
	err = pidfd_proc(pidfd, &p, &nonblock);
	if (err)
		return err;
	err = proc_private_check(p) ? -EPERM : 0;
	if (!err)
		err = steal(p, target, &f);
	proc_put(p);
	if (err)
		return err;
	return fd_give(f, O_CLOEXEC);
}

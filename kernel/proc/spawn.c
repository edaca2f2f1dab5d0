/*
 * spawn.c - pleat_spawn(2): posix_spawn in one call.
 * Spec: POSIX.1-2024 posix_spawn(): the child takes file actions in order, then attributes, then
 * runs the program; no memory is copied. The calling thread acts for the child meanwhile, as in
 * vfork.
 */
#include "proc/internal.h"
#include "proc/session.h"
#include "lib/alloc.h"
#include "syscalls.h"

#define POSIX_SPAWN_RESETIDS 1u
#define POSIX_SPAWN_SETPGROUP 2u
#define POSIX_SPAWN_SETSIGDEF 4u
#define POSIX_SPAWN_SETSIGMASK 8u
#define POSIX_SPAWN_SETSCHEDPARAM 16u
#define POSIX_SPAWN_SETSCHEDULER 32u
#define POSIX_SPAWN_USEVFORK 64u
#define POSIX_SPAWN_SETSID 128u
#define ACTIONS_MAX 4096u

static int do_open(const struct pleat_spawn_action *a)
{
	int fd = sys_openat(AT_FDCWD, a->path, a->flags, a->mode), err;

	if (fd < 0 || fd == a->fd)
		return fd < 0 ? fd : 0;
	err = fd_dup_to(fd, a->fd, a->flags & O_CLOEXEC);
	fd_close(fd);
	return err < 0 ? err : 0;
}

static int do_dup2(const struct pleat_spawn_action *a)
{
	int err;

	if (a->srcfd == a->fd)
		return sys_fcntl64(a->fd, F_SETFD, 0);
	err = fd_dup_to(a->srcfd, a->fd, 0);
	return err < 0 ? err : 0;
}

static int do_action(const struct pleat_spawn_action *a)
{
	int err;

	switch (a->op) {
	case PLEAT_SPAWN_CLOSE:
		err = fd_close(a->fd);
		return err == -EBADF ? 0 : err; /* POSIX: closing a closed one is no error */
	case PLEAT_SPAWN_DUP2:
		return do_dup2(a);
	case PLEAT_SPAWN_OPEN:
		return do_open(a);
	case PLEAT_SPAWN_CHDIR:
		return sys_chdir(a->path);
	case PLEAT_SPAWN_FCHDIR:
		return sys_fchdir(a->fd);
	default:
		return -EINVAL;
	}
}

static int do_actions(const struct pleat_spawn *s)
{
	for (uint32_t i = 0; i < s->nactions; i++) {
		struct pleat_spawn_action a;
		int err = copyin(&a, s->actions + i * sizeof(a), sizeof(a));

		if (err)
			return err;
		do
			err = do_action(&a);
		while (err == -PLEAT_ERESTARTSYS && !signal_vfork_work(thread_self()));
		if (err)
			return err;
	}
	return 0;
}

/*
 * Until exec only SIGKILL and SIGSTOP reach the child, as libc arranges it on Linux; what a handler
 * would take is back at its default before, so that nothing waits for a handler that never runs.
 */
static void hold_signals(void)
{
	struct proc *p = proc_self();

	signal_set_blocked(~0ull);
	signal_exec(p);
}

static int do_attributes(const struct pleat_spawn *s)
{
	struct proc *p = proc_self();
	int err = 0;

	if (s->flags & POSIX_SPAWN_SETSID)
		err = sys_setsid();
	if (err >= 0 && (s->flags & POSIX_SPAWN_SETPGROUP))
		err = sys_setpgid(0, s->pgroup);
	if (err >= 0 && (s->flags & POSIX_SPAWN_RESETIDS)) {
		err = sys_setresgid(UINT32_MAX, cred_self()->rgid, UINT32_MAX);
		if (!err)
			err = sys_setresuid(UINT32_MAX, cred_self()->ruid, UINT32_MAX);
	}
	if (err < 0)
		return err;
	lock_acquire(&p->sig_lock);
	for (int i = 1; i < SIG_COUNT && (s->flags & POSIX_SPAWN_SETSIGDEF); i++) {
		if (s->sigdefault & SIGBIT(i))
			p->actions[i] = (struct sigaction_k){.handler = SIG_DFL_K};
	}
	lock_release(&p->sig_lock);
	return 0;
}

int sys_pleat_spawn(uaddr_t args)
{
	struct pleat_spawn s;
	struct proc *child;
	sigset_k mask = thread_self()->blocked;
	int result;

	if (copyin(&s, args, sizeof(s)))
		return -EFAULT;
	if (s.nactions > ACTIONS_MAX || s.reserved ||
		(s.flags & (POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER)))
		return -EINVAL;
	result = vfork_enter();
	if (result)
		return result;
	child = proc_self();
	hold_signals();
	result = do_attributes(&s);
	if (!result)
		result = do_actions(&s);
	if (!result) {
		signal_set_blocked(s.flags & POSIX_SPAWN_SETSIGMASK ? s.sigmask : mask);
		result = sys_execve(s.path, s.argv, s.envp); /* on success it left the child */
	}
	/* Killed while it waited: then it has been there, and the parent may wait for it. */
	if (result == -PLEAT_ERESTARTSYS)
		return proc_exit_self((uint32_t)signal_vfork_work(thread_self()), true);
	if (result < 0) {
		vfork_leave();
		proc_abort(child);
		proc_put(child);
	}
	return result;
}

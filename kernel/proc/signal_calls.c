/*
 * signal_calls.c - the system calls about signals.
 * Spec: POSIX.1-2024 kill(), sigaction(), sigprocmask(), sigsuspend(), sigtimedwait(), sigqueue().
 * Locks: proc.sig_lock; proc_tree_lock outside it to find who is meant.
 */
#include "proc/internal.h"
#include "init/init.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "syscalls.h"

static bool signo_valid(uint32_t signo)
{
	return signo < SIG_COUNT;
}

static struct abi_siginfo info_from_self(int signo, int code)
{
	struct abi_siginfo info = {.signo = signo, .code = code};

	info.u.kill.pid = (int32_t)proc_self()->pid;
	info.u.kill.uid = cred_self()->ruid;
	return info;
}

static int kill_one(uint32_t pid, int signo, const struct abi_siginfo *info)
{
	struct proc *p = proc_find(pid);
	int err;

	if (!p)
		return -ESRCH;
	err = signal_permission(p, signo);
	if (!err)
		err = signal_send_proc(p, signo, info);
	proc_put(p);
	return err;
}

/* A group (pgid > 0) or everybody but PID 1 and the caller (pgid 0). */
static int kill_many(uint32_t pgid, int signo, const struct abi_siginfo *info)
{
	struct proc *self = proc_self(), *p;
	int err = -ESRCH;
	bool sent = false;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		int e;

		if (pgid ? (!p->pgrp || p->pgrp->pgid != pgid) : (p->pid == 1 || p == self))
			continue;
		e = signal_permission_locked(p, signo);
		if (!e) {
			signal_send_proc(p, signo, info);
			sent = true;
		} else {
			err = e;
		}
	}
	lock_release(&proc_tree_lock);
	return sent ? 0 : err;
}

int sys_kill(int32_t pid, uint32_t signo)
{
	struct abi_siginfo info = info_from_self((int)signo, SI_USER);

	if (!signo_valid(signo))
		return -EINVAL;
	if (pid > 0)
		return kill_one((uint32_t)pid, (int)signo, &info);
	if (pid == INT32_MIN)
		return -ESRCH;
	return kill_many(pid == 0    ? pgrp_self()
			 : pid == -1 ? 0
				     : (uint32_t)-pid,
		(int)signo, &info);
}

/* pid -1: whichever process has the thread. */
static int kill_thread(int32_t pid, int32_t tid, uint32_t signo, const struct abi_siginfo *info)
{
	struct proc *p;
	struct thread *t;
	int err = -ESRCH;

	if (!signo_valid(signo) || tid <= 0 || pid == 0 || pid < -1)
		return -EINVAL;
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		if (pid > 0 && p->pid != (uint32_t)pid)
			continue;
		LIST_FOR_EACH(t, &p->threads, link) {
			if (t->tid != (uint32_t)tid)
				continue;
			err = signal_permission_locked(p, (int)signo);
			if (!err)
				err = signal_send_thread(t, (int)signo, info);
			goto out;
		}
	}
out:
	lock_release(&proc_tree_lock);
	return err;
}

int sys_tkill(int32_t tid, uint32_t signo)
{
	struct abi_siginfo info = info_from_self((int)signo, SI_TKILL);

	return kill_thread(-1, tid, signo, &info);
}

int sys_tgkill(int32_t pid, int32_t tid, uint32_t signo)
{
	struct abi_siginfo info = info_from_self((int)signo, SI_TKILL);

	return pid <= 0 ? -EINVAL : kill_thread(pid, tid, signo, &info);
}

int sys_rt_sigqueueinfo(int32_t pid, uint32_t signo, uaddr_t uinfo)
{
	struct abi_siginfo info;

	if (copyin(&info, uinfo, sizeof(info)))
		return -EFAULT;
	if (!signo_valid(signo))
		return -EINVAL;
	/* Codes of the kernel's own (>= 0, SI_TKILL) are for a process's messages to itself only.
	 */
	if ((info.code >= 0 || info.code == SI_TKILL) && pid != (int32_t)proc_self()->pid)
		return -EPERM;
	if (pid <= 0)
		return -ESRCH;
	info.signo = (int32_t)signo;
	return kill_one((uint32_t)pid, (int)signo, &info);
}

int sys_rt_tgsigqueueinfo(int32_t pid, int32_t tid, uint32_t signo, uaddr_t uinfo)
{
	struct abi_siginfo info;

	if (copyin(&info, uinfo, sizeof(info)))
		return -EFAULT;
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if ((info.code >= 0 || info.code == SI_TKILL) && tid != sys_gettid())
		return -EPERM;
	info.signo = (int32_t)signo;
	return kill_thread(pid, tid, signo, &info);
}

int sys_rt_sigaction(uint32_t signo, uaddr_t unew, uaddr_t uold, uint32_t size)
{
	struct proc *p = proc_self();
	struct thread *t = thread_self();
	struct abi_sigaction a, old = {0};

	if (size != 8 || signo < 1 || !signo_valid(signo))
		return -EINVAL;
	if (unew && copyin(&a, unew, 16)) /* handler, flags, mask */
		return -EFAULT;
	if (unew && (SIGBIT(signo) & SIG_UNBLOCKABLE))
		return -EINVAL;
	lock_acquire(&p->sig_lock);
	old.handler = p->actions[signo].handler;
	old.flags = p->actions[signo].flags;
	old.mask[0] = (uint32_t)p->actions[signo].mask;
	old.mask[1] = (uint32_t)(p->actions[signo].mask >> 32);
	if (unew) {
		p->actions[signo] = (struct sigaction_k){
			.handler = a.handler,
			.flags = a.flags,
			.mask = (a.mask[0] | (uint64_t)a.mask[1] << 32) & ~SIG_UNBLOCKABLE,
		};
		signal_discard_ignored_locked(p, (int)signo);
		signal_recalc_locked(t);
	}
	lock_release(&p->sig_lock);
	return uold && copyout(uold, &old, 16) ? -EFAULT : 0;
}

int sys_rt_sigprocmask(uint32_t how, uaddr_t unew, uaddr_t uold, uint32_t size)
{
	struct thread *t = thread_self();
	sigset_k set, old = t->blocked;
	int err;

	if (size != sizeof(set))
		return -EINVAL;
	if (unew) {
		err = copyin_sigset(&set, unew, size);
		if (err)
			return err;
		if (how == SIG_BLOCK)
			signal_set_blocked(old | set);
		else if (how == SIG_UNBLOCK)
			signal_set_blocked(old & ~set);
		else if (how == SIG_SETMASK)
			signal_set_blocked(set);
		else
			return -EINVAL;
	}
	return uold ? copyout(uold, &old, sizeof(old)) : 0;
}

int sys_rt_sigpending(uaddr_t uset, uint32_t size)
{
	struct thread *t = thread_self();
	sigset_k set;

	if (size > sizeof(set))
		return -EINVAL;
	lock_acquire(&t->proc->sig_lock);
	set = (t->pending.set | t->proc->pending.set) & t->blocked;
	lock_release(&t->proc->sig_lock);
	return copyout(uset, &set, size);
}

int sys_rt_sigsuspend(uaddr_t umask, uint32_t size)
{
	struct thread *t = thread_self();
	sigset_k mask;
	int err = copyin_sigset(&mask, umask, size);

	if (err)
		return err;
	signal_set_temp_mask(mask);
	lock_acquire(&t->proc->sig_lock);
	while (!err)
		err = waitq_sleep(
			&t->proc->sig_arrived, &t->proc->sig_lock, WAIT_FOREVER, WAIT_INTR);
	lock_release(&t->proc->sig_lock);
	return -PLEAT_ERESTARTNOHAND;
}

int sys_rt_sigtimedwait_time64(uaddr_t uset, uaddr_t uinfo, uaddr_t timeout, uint32_t size)
{
	struct thread *t = thread_self();
	struct proc *p = t->proc;
	struct abi_siginfo info;
	uint64_t deadline;
	sigset_k set;
	int signo, err = copyin_sigset(&set, uset, size);

	if (err)
		return err;
	err = copyin_timeout(timeout, &deadline);
	if (err)
		return err;
	set &= ~SIG_UNBLOCKABLE;
	lock_acquire(&p->sig_lock);
	while (!(signo = signal_dequeue_locked(t, set, &info)) && !err)
		err = waitq_sleep(&p->sig_arrived, &p->sig_lock, deadline, WAIT_INTR);
	signal_recalc_locked(t);
	lock_release(&p->sig_lock);
	if (!signo)
		return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
	return uinfo && copyout(uinfo, &info, sizeof(info)) ? -EFAULT : signo;
}

int sys_sigaltstack(uaddr_t unew, uaddr_t uold)
{
	struct thread *t = thread_self();
	struct abi_stack s, old = t->altstack;

	if (t->on_altstack)
		old.flags = SS_ONSTACK;
	if (unew && copyin(&s, unew, sizeof(s)))
		return -EFAULT;
	if (uold && copyout(uold, &old, sizeof(old)))
		return -EFAULT;
	if (!unew)
		return 0;
	if (t->on_altstack)
		return -EPERM;
	if (s.flags & ~SS_DISABLE)
		return -EINVAL;
	if (s.flags & SS_DISABLE)
		s = (struct abi_stack){.flags = SS_DISABLE};
	else if (s.size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack = s;
	return 0;
}

/*
 * Is the thread on its alternate stack? The addresses that glue gives to pleat_sigtake and
 * rt_sigreturn lie on the stack in use; so a handler that left by longjmp is noticed too.
 */
static bool on_altstack(const struct thread *t, uaddr_t at)
{
	return !(t->altstack.flags & SS_DISABLE) && at >= t->altstack.sp &&
	       at - t->altstack.sp < t->altstack.size;
}

/* Which stack the handler runs on: the top of the alternate one, or 0 to stay. */
static uint32_t choose_stack(struct thread *t, const struct sigaction_k *act, uaddr_t frame)
{
	t->on_altstack = on_altstack(t, frame);
	if (t->on_altstack || !(act->flags & SA_ONSTACK) || (t->altstack.flags & SS_DISABLE))
		return 0;
	t->on_altstack = true;
	return (t->altstack.sp + t->altstack.size) & ~15u;
}

int sys_pleat_sigtake(uaddr_t uframe)
{
	struct thread *t = thread_self();
	struct pleat_sigframe f = {0};
	struct sigaction_k act;
	struct abi_siginfo info;
	int signo;

	/* Cleared before looking: what arrives from now on sets it again. */
	thread_poll_taken(t);
	if (!uaccess_ok(uframe, sizeof(f), true))
		return -EFAULT;
	if (t->vfork) {
		int code = signal_vfork_work(t);

		if (!code)
			return 0;
		/* The child ends here, and the thread is its parent again. */
		f.signo = (unsigned)proc_exit_self((uint32_t)code, true);
		arch_copyout(uframe, &f, sizeof(f));
		return PLEAT_VFORK_ENDED;
	}
	f.oldmask = t->restore_mask ? t->saved_mask : t->blocked;
	if (!signal_take(t, &signo, &info, &act))
		return 0;
	t->restore_mask = false;
	f.handler = act.handler;
	f.signo = (unsigned)signo;
	f.flags = act.flags;
	f.altstack_top = choose_stack(t, &act, uframe);
	memcpy(f.info, &info, sizeof(info));
	arch_copyout(uframe, &f, sizeof(f));
	return 1;
}

int sys_rt_sigreturn(uaddr_t umask)
{
	struct thread *t = thread_self();
	sigset_k mask;

	if (copyin(&mask, umask, sizeof(mask)))
		return -EFAULT;
	t->on_altstack = on_altstack(t, umask);
	signal_set_blocked(mask);
	return 0;
}

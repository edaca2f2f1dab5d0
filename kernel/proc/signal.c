/*
 * signal.c - sending signals and acting on them.
 * Spec: POSIX.1-2024 Signal Concepts; queueing and default actions as in Linux signal(7).
 * Locks: proc.sig_lock (RANK_SIGNAL) guards actions, pending sets, masks and `stopped`.
 *
 * A signal reaches a thread on its way to user code (thread_exit_kernel): default actions are
 * carried out there; for a handler the poll word is set and glue in the program calls
 * pleat_sigtake. A thread in user code is brought in by its poll word, and when the signal kills,
 * it is moved to DEAD at once (kill rule).
 */
#include "proc/internal.h"
#include "proc/session.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"

#define STOP_SIGNALS (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define IGNORED_BY_DEFAULT (SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) | SIGBIT(SIGCONT))
#define CORE_SIGNALS                                                                               \
	(SIGBIT(SIGQUIT) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGABRT) | SIGBIT(SIGBUS) |   \
		SIGBIT(SIGFPE) | SIGBIT(SIGSEGV) | SIGBIT(SIGXCPU) | SIGBIT(SIGXFSZ) |             \
		SIGBIT(SIGSYS))
#define CORE_DUMPED 0x80u /* in a wait status */

static void drop_everywhere(struct proc *p, sigset_k which)
{
	struct thread *t;

	sigpending_drop(&p->pending, which);
	LIST_FOR_EACH(t, &p->threads, link)
		sigpending_drop(&t->pending, which);
}

/* Synchronous ones first, then by number, as Linux does. */
static int first_of(sigset_k set)
{
	sigset_k sync = set & (CORE_SIGNALS & ~(SIGBIT(SIGQUIT) | SIGBIT(SIGABRT)));

	if (set & SIGBIT(SIGKILL))
		return SIGKILL;
	return __builtin_ctzll(sync ? sync : set) + 1;
}

/* A vfork child has no thread of its own: what is pending for the one that acts for it is not
 * the child's. */
static struct sigpending *own_pending(struct thread *t)
{
	return t->vfork ? NULL : &t->pending;
}

/* Take a signal of `set` that is pending for t: its own before its process's, as in Linux. 0:
 * none. sig_lock of t->proc is held. */
int signal_dequeue_locked(struct thread *t, sigset_k set, struct abi_siginfo *info)
{
	struct sigpending *s = own_pending(t);
	int signo;

	if (!s || !(s->set & set))
		s = &t->proc->pending;
	if (!(s->set & set))
		return 0;
	signo = first_of(s->set & set);
	sigpending_take(s, signo, info);
	return signo;
}

/* ---- who wants it ---- */

static bool default_ignored(int signo)
{
	return IGNORED_BY_DEFAULT & SIGBIT(signo);
}

static bool ignored_locked(const struct proc *p, int signo)
{
	uint32_t handler = p->actions[signo].handler;

	if (SIGBIT(signo) & SIG_UNBLOCKABLE)
		return false;
	return handler == SIG_IGN_K || (handler == SIG_DFL_K && default_ignored(signo));
}

static bool fatal_locked(const struct proc *p, int signo)
{
	return p->actions[signo].handler == SIG_DFL_K && !default_ignored(signo) &&
	       !(STOP_SIGNALS & SIGBIT(signo));
}

/* Pending and not blocked; own signals before the process's. */
static sigset_k deliverable_locked(struct thread *t)
{
	struct sigpending *own = own_pending(t);
	sigset_k set = own ? own->set & ~t->blocked : 0;

	return set ? set : t->proc->pending.set & ~t->blocked;
}

static sigset_k handled_locked(const struct proc *p, sigset_k set)
{
	sigset_k handled = 0;

	for (sigset_k s = set; s; s &= s - 1) {
		int n = __builtin_ctzll(s) + 1;

		if (p->actions[n].handler > SIG_IGN_K)
			handled |= SIGBIT(n);
	}
	return handled;
}

/* What a thread has to look at now. A vfork child runs no handlers: they wait until it has execed,
 * when there are none any more. */
static sigset_k due_locked(struct thread *t)
{
	sigset_k set = deliverable_locked(t);

	return t->vfork ? set & ~handled_locked(t->proc, set) : set;
}

void signal_recalc_locked(struct thread *t)
{
	if (due_locked(t) || t->proc->stopped)
		atomic_or(&t->waker.interrupt, INTR_SIGNAL);
	else
		atomic_and(&t->waker.interrupt, ~INTR_SIGNAL);
}

static void notice(struct thread *t, uint32_t why)
{
	waker_interrupt(&t->waker, why);
	thread_kick(t);
}

/* ---- killing ---- */

/*
 * In user code: DEAD at once. In the kernel: PENDING, so that it cannot go back there without
 * having looked at INTR_KILL, which is set. It may move between the two while this looks.
 */
static void kill_thread(struct thread *t)
{
	for (;;) {
		uint32_t s = atomic_load(&t->state);

		if (s == THREAD_DEAD || (s & THREAD_PENDING))
			return;
		if ((s == THREAD_USER || s == THREAD_START) &&
			atomic_cas(&t->state, s, (uint32_t)THREAD_DEAD)) {
			thread_dead(t);
			return;
		}
		if (s == THREAD_KERNEL && atomic_cas(&t->state, s, s | THREAD_PENDING))
			return;
	}
}

void signal_kill_thread_locked(struct thread *t)
{
	waker_interrupt(&t->waker, INTR_KILL);
	kill_thread(t);
}

static void kill_group_locked(struct proc *p, uint32_t code, struct thread *except)
{
	struct thread *t;

	if (!p->group_exiting) {
		p->group_exiting = true;
		p->group_exit_code = code;
	}
	p->stopped = false;
	LIST_FOR_EACH(t, &p->threads, link) {
		if (t == except)
			continue;
		signal_kill_thread_locked(t);
	}
	waitq_wake_all(&p->sig_arrived);
}

void signal_kill_group(struct proc *p, uint32_t code, struct thread *except)
{
	lock_acquire(&p->sig_lock);
	kill_group_locked(p, code, except);
	lock_release(&p->sig_lock);
}

static uint32_t fatal_code(int signo)
{
	return (uint32_t)signo | (CORE_SIGNALS & SIGBIT(signo) ? CORE_DUMPED : 0);
}

/* ---- sending ---- */

static void continue_locked(struct proc *p)
{
	struct thread *t;

	drop_everywhere(p, STOP_SIGNALS);
	p->stop_taken = false;
	if (!p->stopped)
		return;
	p->stopped = false;
	LIST_FOR_EACH(t, &p->threads, link)
		waker_wake(&t->waker);
	waitq_wake_all(&p->sig_arrived);
}

/* What a signal does to its process by being sent, whoever takes it. */
static void job_control_locked(struct proc *p, int signo)
{
	if (signo == SIGCONT || signo == SIGKILL)
		continue_locked(p);
	else if (STOP_SIGNALS & SIGBIT(signo))
		drop_everywhere(p, SIGBIT(SIGCONT));
}

static bool wants(const struct thread *t, int signo)
{
	return signo == SIGKILL || !(atomic_load(&t->blocked) & SIGBIT(signo));
}

/* Who is to take a signal of the process: the oldest thread that does not block it. */
static struct thread *pick_locked(struct proc *p, int signo)
{
	struct thread *t;

	LIST_FOR_EACH(t, &p->threads, link) {
		if (wants(t, signo))
			return t;
	}
	return p->vforker && wants(p->vforker, signo) ? p->vforker : NULL;
}

/* True: it never becomes pending. A thread that blocks it may change its mind about it later. */
static bool dropped_locked(const struct proc *p, const struct thread *target, int signo)
{
	if (p->group_exiting)
		return true;
	/* PID 1 gets only what it asked for, as in Linux: a machine without it is over. */
	if (!target || !wants(target, signo))
		return false;
	return ignored_locked(p, signo) || (p->pid == 1 && p->actions[signo].handler == SIG_DFL_K);
}

void signal_watch_wake_locked(struct proc *p)
{
	lock_acquire(&p->watch_lock);
	waitq_wake_key(&p->watchers, POLLIN | POLLRDNORM);
	lock_release(&p->watch_lock);
}

/* signo is pending: tell who waits for it, and its target if that does not block it. */
static void arrived_locked(struct proc *p, struct thread *target, int signo)
{
	waitq_wake_key(&p->sig_arrived, 0);
	signal_watch_wake_locked(p);
	if (!target || !wants(target, signo))
		return;
	if (target == p->vforker) {
		/* A handler's signal waits for exec; the rest is acted on: signal_vfork_work(). */
		if (p->actions[signo].handler <= SIG_IGN_K)
			notice(target, INTR_SIGNAL);
		return;
	}
	/* It acts for a child now and looks when it is back; but what ends it cannot wait for that.
	 */
	if (target->vfork && signo != SIGKILL && (p->stopped || !fatal_locked(p, signo)))
		return;
	/* While the process is stopped a fatal signal waits for SIGCONT like any other. */
	if (signo == SIGKILL || (!p->stopped && fatal_locked(p, signo))) {
		if (trace_wanted())
			trace_fatal_locked(p, target, signo);
		kill_group_locked(p, fatal_code(signo), NULL);
	} else
		notice(target, INTR_SIGNAL);
}

/* t: a thread-directed signal's target, NULL for the process. sig_lock is held. */
static int send_locked(struct proc *p, struct thread *t, int signo, const struct abi_siginfo *info)
{
	struct sigpending *s = t ? &t->pending : &p->pending;
	struct thread *target = t ? t : pick_locked(p, signo);
	int err;

	if (p->group_exiting)
		return 0;
	job_control_locked(p, signo);
	if (dropped_locked(p, target, signo))
		return 0;
	err = sigpending_add(s, signo, info, atomic_load(&p->limits[RLIMIT_SIGPENDING].cur));
	if (!err)
		arrived_locked(p, target, signo);
	return err;
}

void signal_send_timer_locked(
	struct proc *p, uint32_t tid, struct sigtimer *timer, uint64_t expirations)
{
	int signo = timer->entry.info.signo;
	struct sigpending *s = &p->pending;
	struct thread *target = NULL, *t;

	if (!tid)
		target = pick_locked(p, signo);
	LIST_FOR_EACH(t, &p->threads, link) {
		if (tid && t->tid == tid) {
			target = t;
			s = &t->pending;
		}
	}
	if ((tid && !target) || dropped_locked(p, target, signo))
		return;
	job_control_locked(p, signo);
	if (sigpending_add_timer(s, timer, expirations))
		arrived_locked(p, target, signo);
}

int signal_send_proc_locked(struct proc *p, int signo, const struct abi_siginfo *info)
{
	return send_locked(p, NULL, signo, info);
}

int signal_send_proc(struct proc *p, int signo, const struct abi_siginfo *info)
{
	int err;

	if (signo == 0)
		return 0;
	lock_acquire(&p->sig_lock);
	err = send_locked(p, NULL, signo, info);
	lock_release(&p->sig_lock);
	return err;
}

/* SIGPIPE and SIGXFSZ come from the process that does what it should not, as Linux has it. */
static bool self_inflicted(struct thread *t, int signo, struct abi_siginfo *info)
{
	if (t != thread_self() || (signo != SIGPIPE && signo != SIGXFSZ))
		return false;
	*info = (struct abi_siginfo){.code = SI_USER};
	info->u.kill.pid = (int32_t)t->proc->pid;
	info->u.kill.uid = cred_self()->ruid;
	return true;
}

int signal_send_thread(struct thread *t, int signo, const struct abi_siginfo *info)
{
	/* Itself, or one that a walk over its process's threads has found: then not t->proc, which
	 * may be a vfork child's just now. */
	struct proc *p = t == thread_self() ? t->proc : thread_home(t);
	struct abi_siginfo own;
	int err;

	if (signo == 0)
		return 0;
	if (!info && self_inflicted(t, signo, &own))
		info = &own;
	lock_acquire(&p->sig_lock);
	err = send_locked(p, p->vforker == t ? NULL : t, signo, info);
	lock_release(&p->sig_lock);
	return err;
}

/*
 * What is pending for the process may have been noticed by a thread that now blocks it or ends:
 * another one is to look.
 */
void signal_retarget_locked(struct proc *p)
{
	struct thread *t;

	if (!p->pending.set)
		return;
	LIST_FOR_EACH(t, &p->threads, link) {
		if (!t->vfork && (p->pending.set & ~atomic_load(&t->blocked)))
			notice(t, INTR_SIGNAL);
	}
}

int signal_send_pgrp(uint32_t pgid, int signo, const struct abi_siginfo *info)
{
	struct proc *p;
	int err = -ESRCH;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		if (!p->pgrp || p->pgrp->pgid != pgid || p->state == PROC_ZOMBIE)
			continue;
		signal_send_proc(p, signo, info);
		err = 0;
	}
	lock_release(&proc_tree_lock);
	return err;
}

int signal_permission_locked(struct proc *p, int signo)
{
	const struct cred *me = cred_self(), *c;
	bool ok;

	lock_acquire(&p->lock);
	c = p->cred ? cred_get(p->cred) : NULL;
	lock_release(&p->lock);
	if (!c)
		return cred_is_root(me) ? 0 : -EPERM;
	ok = cred_is_root(me) || me->euid == c->ruid || me->euid == c->suid ||
	     me->ruid == c->ruid || me->ruid == c->suid;
	cred_put(c);
	if (!ok && signo == SIGCONT && p->pgrp && proc_self()->pgrp)
		ok = p->pgrp->session == proc_self()->pgrp->session;
	return ok ? 0 : -EPERM;
}

int signal_permission(struct proc *p, int signo)
{
	int err;

	lock_acquire(&proc_tree_lock);
	err = signal_permission_locked(p, signo);
	lock_release(&proc_tree_lock);
	return err;
}

bool signal_pending_self(void)
{
	return atomic_load(&waker_self()->interrupt) & (INTR_SIGNAL | INTR_KILL);
}

bool signal_ignored_self(int signo)
{
	struct thread *t = thread_self();
	bool r;

	lock_acquire(&t->proc->sig_lock);
	r = (t->blocked & SIGBIT(signo)) || t->proc->actions[signo].handler == SIG_IGN_K;
	lock_release(&t->proc->sig_lock);
	return r;
}

void signal_discard_ignored_locked(struct proc *p, int signo)
{
	if (ignored_locked(p, signo))
		drop_everywhere(p, SIGBIT(signo));
}

/* ---- masks ---- */

static void block_locked(struct thread *t, struct proc *home, sigset_k mask)
{
	bool more = mask & ~t->blocked;

	atomic_store(&t->blocked, mask & ~SIG_UNBLOCKABLE);
	if (more && atomic_load(&home->nthreads) > 1)
		signal_retarget_locked(home);
}

void signal_set_blocked(sigset_k mask)
{
	struct thread *t = thread_self();
	struct proc *home = thread_home(t);

	lock_acquire(&home->sig_lock);
	block_locked(t, home, mask);
	if (!t->vfork)
		signal_recalc_locked(t);
	lock_release(&home->sig_lock);
	if (!t->vfork)
		return;
	lock_acquire(&t->proc->sig_lock);
	signal_recalc_locked(t);
	lock_release(&t->proc->sig_lock);
}

void signal_set_temp_mask(sigset_k mask)
{
	struct thread *t = thread_self();

	if (!t->restore_mask) {
		t->saved_mask = t->blocked;
		t->restore_mask = true;
	}
	signal_set_blocked(mask);
}

void signal_restore_mask(void)
{
	struct thread *t = thread_self();

	if (!t->restore_mask)
		return;
	t->restore_mask = false;
	signal_set_blocked(t->saved_mask);
}

int copyin_sigset(sigset_k *out, uaddr_t mask, uint32_t size)
{
	if (size != sizeof(*out))
		return -EINVAL;
	return copyin(out, mask, sizeof(*out));
}

/* ---- acting ---- */

void proc_notify_parent_locked(struct proc *p, int code, int status)
{
	struct proc *parent = p->parent;
	struct abi_siginfo info = {.code = code};
	bool quiet;

	if (!parent)
		return;
	info.u.kill.pid = (int32_t)p->pid;
	info.u.kill.uid = proc_ids(p).ruid;
	info.u.kill.value = status;
	lock_acquire(&parent->sig_lock);
	quiet = code >= CLD_STOPPED && (parent->actions[SIGCHLD].flags & SA_NOCLDSTOP);
	if (!quiet)
		send_locked(parent, NULL, SIGCHLD, &info);
	lock_release(&parent->sig_lock);
	waitq_wake_all(&parent->child_changed);
}

static void sleep_while_stopped(struct thread *t)
{
	struct proc *p = t->proc;
	bool stopped, exiting;
	int err = 0;

	lock_acquire(&p->sig_lock);
	while (p->stopped && !p->group_exiting && !err)
		err = waitq_sleep_at(
			&p->sig_arrived, &p->sig_lock, WAIT_FOREVER, WAIT_KILLABLE, "stopped");
	lock_release(&p->sig_lock);
	lock_acquire(&proc_tree_lock);
	lock_acquire(&p->sig_lock);
	stopped = p->stopped;
	exiting = p->group_exiting;
	lock_release(&p->sig_lock);
	if (p->state == PROC_STOPPED && !stopped) {
		p->state = PROC_RUNNING;
		p->stop_code = 0;
		if (!exiting) {
			p->continued = true;
			proc_notify_parent_locked(p, CLD_CONTINUED, SIGCONT);
		}
	}
	lock_release(&proc_tree_lock);
}

/* The process stops; the first thread that comes here tells the parent. Until SIGCONT or a kill. */
static void stop_here(struct thread *t, int signo)
{
	struct proc *p = t->proc;
	struct thread *other;

	lock_acquire(&proc_tree_lock);
	lock_acquire(&p->sig_lock);
	if (p->group_exiting || !p->stop_taken) {
		lock_release(&p->sig_lock);
		lock_release(&proc_tree_lock);
		return;
	}
	p->stopped = true;
	LIST_FOR_EACH(other, &p->threads, link) {
		if (other != t)
			notice(other, INTR_SIGNAL);
	}
	lock_release(&p->sig_lock);
	p->state = PROC_STOPPED;
	p->stop_code = (uint32_t)signo;
	p->continued = false;
	proc_notify_parent_locked(p, CLD_STOPPED, signo);
	lock_release(&proc_tree_lock);
	if (trace_wanted())
		trace_stopped(t, signo);
	/* Even if SIGCONT was here already: it is told to the parent on the way out. */
	sleep_while_stopped(t);
}

/* Carry out the default action of a signal that was taken off the queue. sig_lock is held, and
 * released. True: the process is to end by it. */
static bool default_action(struct thread *t, int signo)
{
	struct proc *p = t->proc;

	if (ignored_locked(p, signo) || (p->pid == 1 && p->actions[signo].handler == SIG_DFL_K)) {
		lock_release(&p->sig_lock);
		return false;
	}
	if (!(STOP_SIGNALS & SIGBIT(signo))) {
		lock_release(&p->sig_lock);
		return true;
	}
	p->stop_taken = true;
	lock_release(&p->sig_lock);
	if (signo == SIGSTOP || !pgrp_orphaned_self())
		stop_here(t, signo);
	return false;
}

int signal_vfork_work(struct thread *t)
{
	struct proc *p = t->proc;
	struct abi_siginfo info;
	sigset_k set;
	int signo;

	for (;;) {
		/* Whom it acts for is killed: no stop holds it any more. */
		if (atomic_load(&t->waker.interrupt) & INTR_KILL)
			return (int)fatal_code(SIGKILL);
		lock_acquire(&p->sig_lock);
		if (p->stopped) {
			lock_release(&p->sig_lock);
			sleep_while_stopped(t);
			continue;
		}
		set = due_locked(t);
		signo = set ? first_of(set) : 0;
		/* What ends it stays pending: pleat_sigtake or spawn does that, and asks again. */
		if (!signo || fatal_locked(p, signo)) {
			signal_recalc_locked(t);
			lock_release(&p->sig_lock);
			return signo ? (int)fatal_code(signo) : 0;
		}
		signal_dequeue_locked(t, SIGBIT(signo), &info);
		(void)!default_action(t, signo);
	}
}

bool signal_exit_work(struct thread *t)
{
	struct proc *p = t->proc;
	struct abi_siginfo info;
	sigset_k set;
	int signo;

	if (atomic_load(&t->waker.interrupt) & INTR_CPUTIMER) {
		atomic_and(&t->waker.interrupt, ~INTR_CPUTIMER);
		itimers_resume(thread_home(t));
	}
	for (;;) {
		if (t->vfork && !(atomic_load(&t->waker.interrupt) & INTR_KILL)) {
			bool ends = signal_vfork_work(t) != 0;

			if (!(atomic_load(&t->waker.interrupt) & INTR_KILL))
				return ends;
		}
		lock_acquire(&p->sig_lock);
		if (p->group_exiting || (atomic_load(&t->waker.interrupt) & INTR_KILL)) {
			bool group = p->group_exiting; /* else another thread execs */

			lock_release(&p->sig_lock);
			proc_exit_self(p->group_exit_code, group);
		}
		if (p->stopped) {
			lock_release(&p->sig_lock);
			sleep_while_stopped(t);
			continue;
		}
		set = deliverable_locked(t);
		if (!set) {
			signal_recalc_locked(t);
			lock_release(&p->sig_lock);
			return false;
		}
		signo = first_of(set);
		if (p->actions[signo].handler > SIG_IGN_K) {
			lock_release(&p->sig_lock);
			return true;
		}
		signal_dequeue_locked(t, SIGBIT(signo), &info);
		if (!default_action(t, signo))
			continue;
		if (trace_wanted())
			trace_signal(t, signo, &info);
		signal_kill_group(p, fatal_code(signo), t);
		proc_exit_self(p->group_exit_code, true);
	}
}

bool signal_take(struct thread *t, int *signo, struct abi_siginfo *info, struct sigaction_k *act)
{
	struct proc *p = t->proc;
	sigset_k handled;

	lock_acquire(&p->sig_lock);
	handled = t->vfork ? 0 : handled_locked(p, deliverable_locked(t));
	*signo = signal_dequeue_locked(t, handled, info);
	if (*signo) {
		*act = p->actions[*signo];
		if (act->flags & SA_RESETHAND)
			p->actions[*signo] = (struct sigaction_k){.handler = SIG_DFL_K};
		block_locked(t, p,
			t->blocked | act->mask | (act->flags & SA_NODEFER ? 0 : SIGBIT(*signo)));
	}
	signal_recalc_locked(t);
	lock_release(&p->sig_lock);
	if (*signo && trace_wanted())
		trace_signal(t, *signo, info);
	return *signo != 0;
}

/* The frames are gone, those of a vfork child's parents too: all that the thread acts for ends. */
void signal_fatal_trap(int signo)
{
	struct thread *t = thread_self();

	while (t->vfork) {
		struct proc *child = t->proc;

		vfork_frame_pop(t);
		proc_finish(child, fatal_code(signo));
		proc_put(child);
	}
	signal_kill_group(t->proc, fatal_code(signo), t);
	proc_exit_self(fatal_code(signo), true);
	panic("signal: a dead thread goes on");
}

/* ---- exec and fork ---- */

void signal_exec(struct proc *p)
{
	lock_acquire(&p->sig_lock);
	for (int i = 1; i < SIG_COUNT; i++) {
		uint32_t keep = p->actions[i].handler == SIG_IGN_K ? SIG_IGN_K : SIG_DFL_K;

		p->actions[i] = (struct sigaction_k){.handler = keep};
	}
	lock_release(&p->sig_lock);
}

void signal_fork(struct proc *child, struct proc *parent)
{
	lock_acquire(&parent->sig_lock);
	memcpy(child->actions, parent->actions, sizeof(child->actions));
	lock_release(&parent->sig_lock);
}

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
#define QUEUE_MAX 1024u	  /* real-time signals waiting in one process: RLIMIT_SIGPENDING */

/* ---- pending sets ---- */

void sigpending_init(struct sigpending *s)
{
	s->set = 0;
	list_init(&s->queue);
}

void sigpending_flush(struct sigpending *s)
{
	struct sigqueued *q, *next;

	LIST_FOR_EACH_SAFE(q, next, &s->queue, link) {
		list_del(&q->link);
		kfree(q);
	}
	s->set = 0;
}

static void drop(struct sigpending *s, sigset_k which)
{
	struct sigqueued *q, *next;

	if (!(s->set & which))
		return;
	LIST_FOR_EACH_SAFE(q, next, &s->queue, link) {
		if (SIGBIT(q->info.signo) & which) {
			list_del(&q->link);
			kfree(q);
		}
	}
	s->set &= ~which;
}

static void drop_everywhere(struct proc *p, sigset_k which)
{
	struct thread *t;

	drop(&p->pending, which);
	LIST_FOR_EACH(t, &p->threads, link)
		drop(&t->pending, which);
}

/* -EAGAIN: a real-time signal that cannot be queued. A standard one is then kept without info. */
static int enqueue(struct sigpending *s, int signo, const struct abi_siginfo *info)
{
	struct sigqueued *q;
	uint32_t n = 0;

	if (signo < SIGRTMIN_K && (s->set & SIGBIT(signo)))
		return 0;
	if (signo >= SIGRTMIN_K) {
		LIST_FOR_EACH(q, &s->queue, link)
			n++;
		if (n >= QUEUE_MAX)
			return -EAGAIN;
	}
	q = kzalloc(sizeof(*q));
	if (!q && signo >= SIGRTMIN_K)
		return -EAGAIN;
	if (q) {
		if (info)
			q->info = *info;
		else
			q->info.code = SI_KERNEL;
		q->info.signo = signo;
		list_add_tail(&s->queue, &q->link);
	}
	s->set |= SIGBIT(signo);
	return 0;
}

static void dequeue(struct sigpending *s, int signo, struct abi_siginfo *info)
{
	struct sigqueued *q, *found = NULL;
	bool more = false;

	LIST_FOR_EACH(q, &s->queue, link) {
		if (q->info.signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	*info = (struct abi_siginfo){.signo = signo, .code = SI_KERNEL};
	if (found) {
		*info = found->info;
		list_del(&found->link);
		kfree(found);
	}
	if (!more)
		s->set &= ~SIGBIT(signo);
}

/* Synchronous ones first, then by number, as Linux does. */
static int first_of(sigset_k set)
{
	sigset_k sync = set & (CORE_SIGNALS & ~(SIGBIT(SIGQUIT) | SIGBIT(SIGABRT)));

	if (set & SIGBIT(SIGKILL))
		return SIGKILL;
	return __builtin_ctzll(sync ? sync : set) + 1;
}

/* Take a signal of `set` that is pending for t. 0: none. sig_lock is held. */
int signal_dequeue_locked(struct thread *t, sigset_k set, struct abi_siginfo *info)
{
	sigset_k own = t->pending.set & set, all = own | (t->proc->pending.set & set);
	int signo;

	if (!all)
		return 0;
	signo = first_of(all);
	dequeue(own & SIGBIT(signo) ? &t->pending : &t->proc->pending, signo, info);
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

static sigset_k deliverable_locked(const struct thread *t)
{
	return (t->pending.set | t->proc->pending.set) & ~t->blocked;
}

void signal_recalc_locked(struct thread *t)
{
	if (deliverable_locked(t) || t->proc->stopped)
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
		waker_interrupt(&t->waker, INTR_KILL);
		kill_thread(t);
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

/* t: a thread-directed signal's target, NULL for the process. sig_lock is held. */
static int send_locked(struct proc *p, struct thread *t, int signo, const struct abi_siginfo *info)
{
	struct thread *it, *target = t;
	bool from_kernel = !info || info->code == SI_KERNEL;
	int err;

	if (p->group_exiting)
		return 0;
	/* PID 1 gets only what it asked for: a machine without it is over. */
	if (p->pid == 1 && p->actions[signo].handler == SIG_DFL_K && !from_kernel)
		return 0;
	if (signo == SIGCONT || signo == SIGKILL)
		continue_locked(p);
	else if (STOP_SIGNALS & SIGBIT(signo))
		drop_everywhere(p, SIGBIT(SIGCONT));

	if (!target) {
		LIST_FOR_EACH(it, &p->threads, link) {
			if (!(it->blocked & SIGBIT(signo)) || signo == SIGKILL) {
				target = it;
				break;
			}
		}
	}
	if (ignored_locked(p, signo) && target && !(target->blocked & SIGBIT(signo)))
		return 0;
	err = enqueue(t ? &t->pending : &p->pending, signo, info);
	if (err)
		return err;
	waitq_wake_key(&p->sig_arrived, 0);
	if (!target || ((target->blocked & SIGBIT(signo)) && signo != SIGKILL))
		return 0;
	/* It acts for a child now and looks when it is back; but what ends it cannot wait for that.
	 */
	if (target->vfork && signo != SIGKILL && (p->stopped || !fatal_locked(p, signo)))
		return 0;
	/* While the process is stopped a fatal signal waits for SIGCONT like any other. */
	if (signo == SIGKILL || (!p->stopped && fatal_locked(p, signo)))
		kill_group_locked(p, fatal_code(signo), NULL);
	else
		notice(target, INTR_SIGNAL);
	return 0;
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

int signal_send_thread(struct thread *t, int signo, const struct abi_siginfo *info)
{
	struct proc *p = t->proc;
	int err;

	if (signo == 0)
		return 0;
	lock_acquire(&p->sig_lock);
	err = send_locked(p, t, signo, info);
	lock_release(&p->sig_lock);
	return err;
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
	return atomic_load(&waker_self()->interrupt) != 0;
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

void signal_set_blocked(sigset_k mask)
{
	struct thread *t = thread_self();
	struct proc *home = thread_home(t);

	lock_acquire(&home->sig_lock);
	t->blocked = mask & ~SIG_UNBLOCKABLE;
	if (!t->vfork)
		signal_recalc_locked(t);
	lock_release(&home->sig_lock);
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
	/* Even if SIGCONT was here already: it is told to the parent on the way out. */
	sleep_while_stopped(t);
}

bool signal_exit_work(struct thread *t)
{
	struct proc *p = t->proc;
	struct abi_siginfo info;
	sigset_k set;
	int signo;

	for (;;) {
		lock_acquire(&p->sig_lock);
		if (t->vfork && !(atomic_load(&t->waker.interrupt) & INTR_KILL)) {
			atomic_and(&t->waker.interrupt, ~INTR_SIGNAL);
			lock_release(&p->sig_lock);
			return false;
		}
		if (p->group_exiting || (atomic_load(&t->waker.interrupt) & INTR_KILL)) {
			lock_release(&p->sig_lock);
			proc_exit_self(p->group_exit_code, true);
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
		signal_dequeue_locked(t, set, &info);
		if (ignored_locked(p, signo) || (p->pid == 1 && info.code != SI_KERNEL)) {
			lock_release(&p->sig_lock);
			continue;
		}
		if (STOP_SIGNALS & SIGBIT(signo)) {
			p->stop_taken = true;
			lock_release(&p->sig_lock);
			if (signo == SIGSTOP || !pgrp_orphaned_self())
				stop_here(t, signo);
			continue;
		}
		kill_group_locked(p, fatal_code(signo), t);
		lock_release(&p->sig_lock);
		proc_exit_self(p->group_exit_code, true);
	}
}

bool signal_take(struct thread *t, int *signo, struct abi_siginfo *info, struct sigaction_k *act)
{
	struct proc *p = t->proc;
	sigset_k set, handled = 0;

	lock_acquire(&p->sig_lock);
	set = t->vfork ? 0 : deliverable_locked(t);
	for (sigset_k s = set; s; s &= s - 1) {
		int n = __builtin_ctzll(s) + 1;

		if (p->actions[n].handler > SIG_IGN_K)
			handled |= SIGBIT(n);
	}
	*signo = signal_dequeue_locked(t, handled, info);
	if (*signo) {
		*act = p->actions[*signo];
		if (act->flags & SA_RESETHAND)
			p->actions[*signo] = (struct sigaction_k){.handler = SIG_DFL_K};
		t->blocked |= act->mask | (act->flags & SA_NODEFER ? 0 : SIGBIT(*signo));
		t->blocked &= ~SIG_UNBLOCKABLE;
	}
	signal_recalc_locked(t);
	lock_release(&p->sig_lock);
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

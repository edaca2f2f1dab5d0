/*
 * Tests of session.c: the rules of setpgid() and setsid(), orphaned groups, and what the end of a
 * session leader does to its terminal.
 */
#include "tests/ktest_proc.h"
#include "proc/internal.h"
#include "proc/session.h"
#include "tty/tty.h"

/* Run body as a thread of p and wait for its end. */
static void run_in(struct proc *p, void (*body)(void *), void *arg)
{
	ktest_join(ktest_thread_in(p, body, arg));
}

static void do_setsid(void *arg)
{
	*(int *)arg = sys_setsid();
}

static void lead_session(struct proc *p)
{
	int r;

	run_in(p, do_setsid, &r);
	CHECK_EQ(r, p->pid);
}

static void do_setpgid_0(void *arg)
{
	*(int *)arg = sys_setpgid(0, 0);
}

/* Processes of a test, made by the caller as its children. */
static struct proc *child(void)
{
	return ktest_proc_new();
}

PROC_TEST(session_first_process_leads_session_and_group)
{
	CHECK_EQ(sys_getpgid(0), 1);
	CHECK_EQ(sys_getsid(0), 1);
	CHECK(session_leader_self());
	CHECK_EQ(sys_setsid(), -EPERM);
	CHECK_EQ(sys_setpgid(0, 0), -EPERM);
}

PROC_TEST(session_child_is_in_its_parents_group)
{
	struct proc *p = child();

	CHECK_EQ(sys_getpgid((int32_t)p->pid), 1);
	CHECK_EQ(sys_getsid((int32_t)p->pid), 1);
	CHECK_EQ(sys_getpgid(999), -ESRCH);
	CHECK_EQ(sys_getsid(-1), -ESRCH);
	ktest_proc_free(p);
}

PROC_TEST(setpgid_follows_posix)
{
	struct proc *a = child(), *b = child();
	int32_t pa = (int32_t)a->pid, pb = (int32_t)b->pid;

	CHECK_EQ(sys_setpgid(pa, -1), -EINVAL);
	CHECK_EQ(sys_setpgid(-5, 0), -ESRCH);
	CHECK_EQ(sys_setpgid(999, 0), -ESRCH);
	CHECK_EQ(sys_setpgid(pa, pb), -EPERM); /* no such group */
	CHECK_EQ(sys_setpgid(pa, 0), 0);
	CHECK_EQ(sys_getpgid(pa), pa);
	CHECK_EQ(sys_setpgid(pb, pa), 0);
	CHECK_EQ(sys_getpgid(pb), pa);
	CHECK_EQ(sys_setpgid(pb, pa), 0); /* again: nothing */
	b->did_exec = true;
	CHECK_EQ(sys_setpgid(pb, 1), -EACCES);
	b->did_exec = false;
	CHECK_EQ(sys_setpgid(pb, 1), 0);
	ktest_proc_free(a);
	ktest_proc_free(b);
}

PROC_TEST(setpgid_does_not_reach_another_session)
{
	struct proc *a = child(), *b = child();

	lead_session(a);
	CHECK_EQ(sys_setpgid((int32_t)a->pid, 0), -EPERM);
	CHECK_EQ(sys_setpgid((int32_t)b->pid, (int32_t)a->pid), -EPERM);
	ktest_proc_free(a);
	ktest_proc_free(b);
}

static void setpgid_parent(void *arg)
{
	*(int *)arg = sys_setpgid(1, 0);
}

PROC_TEST(setpgid_is_for_oneself_and_children)
{
	struct proc *a = child();
	int r;

	run_in(a, setpgid_parent, &r);
	CHECK_EQ(r, -ESRCH);
	ktest_proc_free(a);
}

PROC_TEST(setsid_makes_session_and_group_but_not_for_a_group_leader)
{
	struct proc *a = child();
	int r;

	lead_session(a);
	CHECK_EQ(sys_getsid((int32_t)a->pid), a->pid);
	CHECK_EQ(sys_getpgid((int32_t)a->pid), a->pid);
	run_in(a, do_setsid, &r);
	CHECK_EQ(r, -EPERM);
	ktest_proc_free(a);
	a = child();
	run_in(a, do_setpgid_0, &r);
	CHECK_EQ(r, 0);
	run_in(a, do_setsid, &r);
	CHECK_EQ(r, -EPERM);
	ktest_proc_free(a);
}

/* Another member keeps the group's name in use when its leader has gone. */
PROC_TEST(session_id_stays_in_use_while_a_member_is_left)
{
	struct proc *a = child(), *b = child();
	uint32_t pa = a->pid;

	CHECK_EQ(sys_setpgid((int32_t)pa, 0), 0);
	CHECK_EQ(sys_setpgid((int32_t)b->pid, (int32_t)pa), 0);
	ktest_proc_free(a);
	lock_acquire(&proc_tree_lock);
	CHECK(session_id_in_use_locked(pa));
	lock_release(&proc_tree_lock);
	ktest_proc_free(b);
	lock_acquire(&proc_tree_lock);
	CHECK(!session_id_in_use_locked(pa));
	lock_release(&proc_tree_lock);
}

/* ---- orphaned groups ---- */

static void set_parent(struct proc *p, struct proc *parent)
{
	lock_acquire(&proc_tree_lock);
	list_del(&p->sibling);
	p->parent = parent;
	list_add_tail(&parent->children, &p->sibling);
	lock_release(&proc_tree_lock);
}

static bool orphaned(struct proc *p)
{
	bool r;

	lock_acquire(&proc_tree_lock);
	r = pgrp_orphaned_locked(p->pgrp);
	lock_release(&proc_tree_lock);
	return r;
}

/* A shell (session leader) with one job of two processes; the shell is a child of PID 1. */
struct jobs {
	struct proc *shell, *job, *job2;
};

/* Put p into the group of `with`, whatever its session: as if it had been forked there. */
static void move_to(struct proc *p, struct proc *with)
{
	lock_acquire(&proc_tree_lock);
	pgrp_leave(p);
	pgrp_join_parent(p, with);
	lock_release(&proc_tree_lock);
}

static void start_job(void *arg)
{
	struct jobs *j = arg;

	CHECK_EQ(sys_setpgid((int32_t)j->job->pid, 0), 0);
	CHECK_EQ(sys_setpgid((int32_t)j->job2->pid, (int32_t)j->job->pid), 0);
}

static struct jobs make_jobs(void)
{
	struct jobs j = {child(), child(), child()};

	lead_session(j.shell);
	move_to(j.job, j.shell);
	move_to(j.job2, j.shell);
	set_parent(j.job, j.shell);
	set_parent(j.job2, j.shell);
	run_in(j.shell, start_job, &j);
	set_parent(j.job2, j.job);
	return j;
}

static void free_jobs(struct jobs *j)
{
	set_parent(j->job, proc_self());
	set_parent(j->job2, proc_self());
	ktest_proc_free(j->shell);
	ktest_proc_free(j->job);
	ktest_proc_free(j->job2);
}

PROC_TEST(session_group_is_orphaned_without_a_parent_in_another_group)
{
	struct jobs j = make_jobs();

	CHECK(orphaned(j.shell)); /* its parent is of another session */
	CHECK(!orphaned(j.job));
	set_parent(j.job, proc_self());
	CHECK(orphaned(j.job));
	set_parent(j.job2, j.shell); /* any member's parent keeps it */
	CHECK(!orphaned(j.job));
	free_jobs(&j);
}

static sigset_k pending(struct proc *p)
{
	sigset_k set;

	lock_acquire(&p->sig_lock);
	set = p->pending.set;
	lock_release(&p->sig_lock);
	return set;
}

static void forget_signals(struct proc *p)
{
	lock_acquire(&p->sig_lock);
	sigpending_flush(&p->pending);
	p->group_exiting = false;
	lock_release(&p->sig_lock);
}

/* So that signals stay pending and can be looked at. */
static void catch_all(struct proc *p)
{
	for (int i = 1; i < SIG_COUNT; i++)
		p->actions[i].handler = 1024;
}

static void set_state(struct proc *p, enum proc_state state)
{
	lock_acquire(&proc_tree_lock);
	p->state = state;
	lock_release(&proc_tree_lock);
}

/* POSIX _Exit(): a group that becomes orphaned and has a stopped member gets SIGHUP and SIGCONT. */
PROC_TEST(session_exit_hangs_up_stopped_jobs_that_it_orphans)
{
	struct jobs j = make_jobs();

	catch_all(j.job);
	catch_all(j.job2);
	session_proc_exit(j.shell);
	CHECK_EQ(pending(j.job), 0); /* nobody is stopped */
	set_state(j.job2, PROC_STOPPED);
	session_proc_exit(j.shell);
	CHECK_EQ(pending(j.job) & (SIGBIT(SIGHUP) | SIGBIT(SIGCONT)),
		SIGBIT(SIGHUP) | SIGBIT(SIGCONT));
	CHECK(pending(j.job2) & SIGBIT(SIGHUP));
	set_state(j.job2, PROC_RUNNING);
	forget_signals(j.job);
	forget_signals(j.job2);
	free_jobs(&j);
}

PROC_TEST(session_exit_of_a_process_that_orphans_nothing_sends_nothing)
{
	struct jobs j = make_jobs();

	catch_all(j.job);
	catch_all(j.job2);
	set_state(j.job, PROC_STOPPED);
	session_proc_exit(j.job2);
	CHECK_EQ(pending(j.job), 0);
	set_state(j.job, PROC_RUNNING);
	free_jobs(&j);
}

/* ---- controlling terminal ---- */

static size_t no_put(struct tty *tty, const uint8_t *s, size_t n)
{
	(void)tty, (void)s;
	return n;
}

static const struct tty_driver no_driver = {.name = "none", .put = no_put};

struct take {
	struct tty *tty;
	bool steal;
	int result;
};

static void take_tty(void *arg)
{
	struct take *t = arg;

	t->result = session_set_tty_self(t->tty, t->steal);
}

static int take(struct proc *p, struct tty *tty, bool steal)
{
	struct take t = {.tty = tty, .steal = steal};

	run_in(p, take_tty, &t);
	return t.result;
}

PROC_TEST(session_terminal_is_taken_by_a_leader_once)
{
	struct jobs j = make_jobs();
	struct tty *tty = tty_new(&no_driver, 0, 0), *other = tty_new(&no_driver, 1, 0);
	struct proc *second = child();

	lead_session(second);
	CHECK_EQ(take(j.job, tty, false), -EPERM);
	CHECK_EQ(take(j.shell, tty, false), 0);
	CHECK_EQ(tty->session, j.shell->pid);
	CHECK_EQ(tty->pgrp, j.shell->pid);
	CHECK_EQ(take(j.shell, tty, false), 0);
	CHECK_EQ(take(j.shell, other, false), -EPERM);
	CHECK_EQ(take(second, tty, false), -EPERM);
	CHECK_EQ(take(second, tty, true), 0);
	CHECK_EQ(tty->session, second->pid);
	CHECK(!j.shell->pgrp->session->tty);
	session_proc_exit(second);
	CHECK_EQ(tty->session, 0);
	tty_put(tty);
	tty_put(other);
	ktest_proc_free(second);
	free_jobs(&j);
}

PROC_TEST(session_leaders_exit_hangs_up_the_foreground_group)
{
	struct jobs j = make_jobs();
	struct tty *tty = tty_new(&no_driver, 0, 0);

	catch_all(j.job);
	CHECK_EQ(take(j.shell, tty, false), 0);
	tty->pgrp = j.job->pid;
	session_proc_exit(j.shell);
	CHECK_EQ(pending(j.job), SIGBIT(SIGHUP));
	CHECK_EQ(tty->session, 0);
	CHECK_EQ(tty->pgrp, 0);
	CHECK_EQ(tty->refs.count, 1);
	tty_put(tty);
	forget_signals(j.job);
	free_jobs(&j);
}

/* The hang-up is told to the leader; the job hears of it when the leader goes. */
PROC_TEST(session_terminal_gone_tells_leader_and_later_the_foreground)
{
	struct jobs j = make_jobs();
	struct tty *tty = tty_new(&no_driver, 0, 0);

	catch_all(j.job);
	catch_all(j.shell);
	CHECK_EQ(take(j.shell, tty, false), 0);
	tty->pgrp = j.job->pid;
	tty_hangup(tty, false);
	CHECK_EQ(pending(j.shell), SIGBIT(SIGHUP) | SIGBIT(SIGCONT));
	CHECK_EQ(pending(j.job), 0);
	CHECK_EQ(tty->refs.count, 1);
	session_proc_exit(j.shell);
	CHECK_EQ(pending(j.job), SIGBIT(SIGHUP) | SIGBIT(SIGCONT));
	tty_put(tty);
	forget_signals(j.job);
	forget_signals(j.shell);
	free_jobs(&j);
}

/* ---- races ---- */

static void setsid_quietly(void *arg)
{
	(void)arg;
	(void)sys_setsid();
}

/* A shell puts a child into a group while the child does it itself, or leaves for a session. */
PROC_DET_TEST(setpgid_by_parent_and_child_meet, 1000)
{
	struct proc *a = child();
	struct thread *t;
	int r, err;

	t = ktest_thread_in(a, ktest_seed() & 1 ? setsid_quietly : do_setpgid_0, &r);
	err = sys_setpgid((int32_t)a->pid, (int32_t)a->pid);
	ktest_join(t);
	CHECK(err == 0 || err == -EPERM);
	CHECK_EQ(sys_getpgid((int32_t)a->pid), a->pid);
	ktest_proc_free(a);
}

static void exit_parent(void *arg)
{
	session_proc_exit(arg);
}

/* Two parents keep one stopped group from being orphaned; both exit at once: one of them must see
 * that it was the last. */
PROC_DET_TEST(session_two_last_parents_exit_and_the_job_is_hung_up_once_orphaned, 1000)
{
	struct jobs j = make_jobs();
	struct proc *other = child();
	struct thread *t;

	catch_all(j.job);
	catch_all(j.job2);
	move_to(other, j.shell);
	set_parent(j.job2, other);
	set_state(j.job, PROC_STOPPED);
	t = ktest_thread(exit_parent, other);
	exit_parent(j.shell);
	ktest_join(t);
	CHECK(pending(j.job) & SIGBIT(SIGHUP));
	set_state(j.job, PROC_RUNNING);
	forget_signals(j.job);
	forget_signals(j.job2);
	set_parent(j.job2, proc_self());
	ktest_proc_free(other);
	free_jobs(&j);
}

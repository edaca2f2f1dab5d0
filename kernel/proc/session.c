/*
 * session.c - process groups, sessions and their controlling terminals.
 * Spec: POSIX.1-2024 setpgid(), setsid(), 11.1 General Terminal Interface, _Exit() (consequences
 * of process termination); who gets which signal as in Linux tty_jobctrl.
 * Locks: proc_tree_lock (RANK_PROC_TREE); tty.lock (RANK_TTY) inside it. Signals are sent with
 * neither held.
 *
 * A session's terminal is written down twice: session.tty (referenced) and tty.session, tty.pgrp.
 * Both change together, under both locks.
 */
#include "proc/session.h"
#include "tty/tty.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "syscalls.h"

#define ID_BUCKETS 64

/* [PROC_TREE] groups by pgid, sessions by sid. A zeroed bucket is an empty list not yet set up. */
static struct list pgrp_hash[ID_BUCKETS], session_hash[ID_BUCKETS];

static struct list *bucket(struct list *table, uint32_t id)
{
	struct list *b = &table[id % ID_BUCKETS];

	if (!b->next)
		list_init(b);
	return b;
}

struct pgrp *pgrp_find_locked(uint32_t pgid)
{
	struct list *b = bucket(pgrp_hash, pgid);
	struct pgrp *g;

	KASSERT(lock_held(&proc_tree_lock));
	LIST_FOR_EACH(g, b, hash_link) {
		if (g->pgid == pgid)
			return g;
	}
	return NULL;
}

static struct session *session_find_locked(uint32_t sid)
{
	struct list *b = bucket(session_hash, sid);
	struct session *s;

	LIST_FOR_EACH(s, b, hash_link) {
		if (s->sid == sid)
			return s;
	}
	return NULL;
}

bool session_id_in_use_locked(uint32_t id)
{
	return pgrp_find_locked(id) || session_find_locked(id);
}

/* ---- life ---- */

static struct session *session_new_locked(uint32_t sid)
{
	struct session *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	ref_init(&s->refs, 1);
	s->sid = sid;
	list_init(&s->groups);
	list_add_tail(bucket(session_hash, sid), &s->hash_link);
	return s;
}

static void session_put_locked(struct session *s)
{
	if (!ref_put(&s->refs))
		return;
	KASSERT(!s->tty && list_empty(&s->groups));
	list_del(&s->hash_link);
	kfree(s);
}

/* An empty group with one reference. Takes its own reference to the session. */
static struct pgrp *pgrp_new_locked(uint32_t pgid, struct session *s)
{
	struct pgrp *g = kzalloc(sizeof(*g));

	if (!g)
		return NULL;
	ref_init(&g->refs, 1);
	ref_get(&s->refs);
	g->pgid = pgid;
	g->session = s;
	list_init(&g->members);
	list_add_tail(&s->groups, &g->session_link);
	list_add_tail(bucket(pgrp_hash, pgid), &g->hash_link);
	return g;
}

static void pgrp_put_locked(struct pgrp *g)
{
	struct session *s = g->session;

	if (!ref_put(&g->refs))
		return;
	KASSERT(list_empty(&g->members));
	list_del(&g->session_link);
	list_del(&g->hash_link);
	kfree(g);
	session_put_locked(s);
}

/* Takes over a reference to g. */
static void join_locked(struct proc *p, struct pgrp *g)
{
	p->pgrp = g;
	list_add_tail(&g->members, &p->pgrp_link);
}

void pgrp_leave(struct proc *p)
{
	struct pgrp *g = p->pgrp;

	KASSERT(lock_held(&proc_tree_lock));
	if (!g)
		return;
	list_del(&p->pgrp_link);
	p->pgrp = NULL;
	pgrp_put_locked(g);
}

void pgrp_join_parent(struct proc *child, struct proc *parent)
{
	KASSERT(lock_held(&proc_tree_lock));
	ref_get(&parent->pgrp->refs);
	join_locked(child, parent->pgrp);
}

/* A new session and group, both named after p, with p as their only member. */
static int session_start_locked(struct proc *p)
{
	struct session *s = session_new_locked(p->pid);
	struct pgrp *g;

	if (!s)
		return -ENOMEM;
	g = pgrp_new_locked(p->pid, s);
	session_put_locked(s); /* the group has it now; without one it goes */
	if (!g)
		return -ENOMEM;
	pgrp_leave(p);
	join_locked(p, g);
	return 0;
}

int session_init_first(struct proc *p)
{
	int err;

	lock_acquire(&proc_tree_lock);
	err = session_start_locked(p);
	lock_release(&proc_tree_lock);
	return err;
}

/* ---- orphaned groups ---- */

/*
 * POSIX.1-2024 3.243: no member has a parent outside the group but in its session. PID 1 does not
 * count as such a parent, nor does a process that exits or has exited.
 */
bool pgrp_orphaned_locked(struct pgrp *g)
{
	struct proc *m;

	KASSERT(lock_held(&proc_tree_lock));
	LIST_FOR_EACH(m, &g->members, pgrp_link) {
		const struct proc *parent = m->parent;

		if (m->left_jobs || !parent || parent->left_jobs || parent->pid == 1 ||
			!parent->pgrp)
			continue;
		if (parent->pgrp != g && parent->pgrp->session == g->session)
			return false;
	}
	return true;
}

static bool has_stopped_member(struct pgrp *g)
{
	struct proc *m;

	LIST_FOR_EACH(m, &g->members, pgrp_link) {
		if (m->state == PROC_STOPPED)
			return true;
	}
	return false;
}

/* child's group loses the link (child, parent): note it if it was the last. */
static void note_orphan(struct session_exit *x, struct proc *child, struct proc *parent)
{
	struct pgrp *g = child->pgrp;

	if (!g || !parent || !parent->pgrp || g == parent->pgrp ||
		g->session != parent->pgrp->session || g->orphan_listed)
		return;
	if (!pgrp_orphaned_locked(g) || !has_stopped_member(g))
		return;
	ref_get(&g->refs);
	g->orphan_listed = true;
	g->orphan_next = x->orphans;
	x->orphans = g;
}

void session_exit_locked(struct proc *p, struct session_exit *x)
{
	struct session *s = p->pgrp->session;
	struct proc *child;

	KASSERT(lock_held(&proc_tree_lock));
	*x = (struct session_exit){0};
	/* From now on, in this hold: two parents that exit together do not count on each other. */
	p->left_jobs = true;
	note_orphan(x, p, p->parent);
	LIST_FOR_EACH(child, &p->children, sibling)
		note_orphan(x, child, p);
	if (s->sid != p->pid)
		return;
	if (!s->tty) {
		x->lost = true;
		x->pgrp = s->lost_pgrp;
		s->lost_pgrp = 0;
		return;
	}
	x->tty = s->tty;
	s->tty = NULL;
	lock_acquire(&x->tty->lock);
	x->pgrp = x->tty->pgrp;
	x->tty->session = x->tty->pgrp = 0;
	/* What the session leaves behind may not go on using the terminal of the next one. */
	if (x->tty->driver->revoke_at_session_end)
		tty_revoke_locked(x->tty);
	lock_release(&x->tty->lock);
}

void session_exit_finish(struct session_exit *x)
{
	while (x->orphans) {
		struct pgrp *g = x->orphans;

		x->orphans = g->orphan_next;
		signal_send_pgrp(g->pgid, SIGHUP, NULL);
		signal_send_pgrp(g->pgid, SIGCONT, NULL);
		lock_acquire(&proc_tree_lock);
		g->orphan_listed = false;
		pgrp_put_locked(g);
		lock_release(&proc_tree_lock);
	}
	if (x->pgrp) {
		signal_send_pgrp(x->pgrp, SIGHUP, NULL);
		/* Stopped jobs of a terminal that hung up earlier are told to act on it. */
		if (x->lost)
			signal_send_pgrp(x->pgrp, SIGCONT, NULL);
	}
	if (!x->tty)
		return;
	if (x->tty->driver->revoke_at_session_end)
		tty_revoke_finish(x->tty);
	tty_put(x->tty);
	x->tty = NULL;
}

void session_proc_exit(struct proc *p)
{
	struct session_exit x;

	lock_acquire(&proc_tree_lock);
	session_exit_locked(p, &x);
	lock_release(&proc_tree_lock);
	session_exit_finish(&x);
}

/* ---- questions about the caller ---- */

void session_ids_self(uint32_t *sid, uint32_t *pgid)
{
	struct proc *p = proc_self();

	lock_acquire(&proc_tree_lock);
	*sid = p->pgrp->session->sid;
	*pgid = p->pgrp->pgid;
	lock_release(&proc_tree_lock);
}

uint32_t pgrp_self(void)
{
	uint32_t sid, pgid;

	session_ids_self(&sid, &pgid);
	return pgid;
}

uint32_t session_self(void)
{
	uint32_t sid, pgid;

	session_ids_self(&sid, &pgid);
	return sid;
}

bool session_leader_self(void)
{
	return session_self() == proc_self()->pid;
}

uint32_t pgrp_session(uint32_t pgid)
{
	struct pgrp *g;
	uint32_t sid;

	lock_acquire(&proc_tree_lock);
	g = pgrp_find_locked(pgid);
	sid = g ? g->session->sid : 0;
	lock_release(&proc_tree_lock);
	return sid;
}

bool pgrp_orphaned_self(void)
{
	bool orphaned;

	lock_acquire(&proc_tree_lock);
	orphaned = pgrp_orphaned_locked(proc_self()->pgrp);
	lock_release(&proc_tree_lock);
	return orphaned;
}

/* ---- controlling terminal ---- */

struct tty *session_tty_self(void)
{
	struct tty *tty;

	lock_acquire(&proc_tree_lock);
	tty = proc_self()->pgrp->session->tty;
	if (tty)
		tty_get(tty);
	lock_release(&proc_tree_lock);
	return tty;
}

/* s takes the terminal; *stolen: the reference of the session that had it. */
static int take_tty_locked(struct session *s, struct tty *tty, bool steal, struct tty **stolen)
{
	struct session *other = NULL;
	int err = 0;

	lock_acquire(&tty->lock);
	if (tty->session) {
		if (!steal) {
			err = -EPERM;
			goto out;
		}
		other = session_find_locked(tty->session);
		if (other && other->tty == tty) {
			other->tty = NULL;
			*stolen = tty;
		}
	}
	tty->session = s->sid;
	tty->pgrp = proc_self()->pgrp->pgid;
	tty_get(tty);
	s->tty = tty;
	s->lost_pgrp = 0;
out:
	lock_release(&tty->lock);
	return err;
}

/*
 * Make tty the controlling terminal of the calling process's session; NULL gives it up.
 * steal: also if it is another session's. Returns 0 (also if it is that already), -EPERM: not a
 * session leader, or the session has a terminal, or the terminal a session.
 */
int session_set_tty_self(struct tty *tty, bool steal)
{
	struct proc *p = proc_self();
	struct tty *stolen = NULL;
	struct session *s;
	int err = 0;

	if (!tty) {
		err = session_drop_tty_self(NULL);
		return err == -ENOTTY ? 0 : err;
	}
	lock_acquire(&proc_tree_lock);
	s = p->pgrp->session;
	if (s->sid != p->pid)
		err = -EPERM;
	else if (s->tty != tty)
		err = s->tty ? -EPERM : take_tty_locked(s, tty, steal, &stolen);
	lock_release(&proc_tree_lock);
	if (stolen)
		tty_put(stolen);
	return err;
}

int session_drop_tty_self(struct tty *tty)
{
	struct proc *p = proc_self();
	struct tty *had;
	struct session *s;
	uint32_t pgrp;

	lock_acquire(&proc_tree_lock);
	s = p->pgrp->session;
	had = s->tty;
	if (!had || (tty && had != tty)) {
		lock_release(&proc_tree_lock);
		return -ENOTTY;
	}
	/* A session has one terminal here, so one member cannot leave it for itself alone. */
	if (s->sid != p->pid) {
		lock_release(&proc_tree_lock);
		return -EPERM;
	}
	s->tty = NULL;
	lock_acquire(&had->lock);
	pgrp = had->pgrp;
	had->session = had->pgrp = 0;
	lock_release(&had->lock);
	lock_release(&proc_tree_lock);
	if (pgrp) {
		signal_send_pgrp(pgrp, SIGHUP, NULL);
		signal_send_pgrp(pgrp, SIGCONT, NULL);
	}
	tty_put(had);
	return 0;
}

/*
 * The terminal hung up: its session forgets it, and the session leader gets SIGHUP and SIGCONT.
 * The foreground group is told when the leader exits, as POSIX has it: a shell passes it on.
 */
void session_tty_gone(struct tty *tty)
{
	struct session *s;
	struct tty *had = NULL;
	struct proc *leader;
	uint32_t sid = 0, pgrp = 0;

	lock_acquire(&proc_tree_lock);
	lock_acquire(&tty->lock);
	sid = tty->session;
	pgrp = tty->pgrp;
	tty->session = tty->pgrp = 0;
	lock_release(&tty->lock);
	s = sid ? session_find_locked(sid) : NULL;
	if (s && s->tty == tty) {
		had = tty;
		s->tty = NULL;
		s->lost_pgrp = pgrp;
	}
	lock_release(&proc_tree_lock);
	if (!sid)
		return;
	leader = proc_find(sid);
	if (leader) {
		signal_send_proc(leader, SIGHUP, NULL);
		signal_send_proc(leader, SIGCONT, NULL);
		proc_put(leader);
	}
	if (had)
		tty_put(had);
}

/* ---- system calls ---- */

/* The rules of setpgid() for a target that exists. */
static int setpgid_locked(struct proc *self, struct proc *p, uint32_t pgid)
{
	struct pgrp *g;

	if (p != self && p->parent != self)
		return -ESRCH;
	if (!p->pgrp)
		return -ESRCH;
	if (p != self && p->pgrp->session != self->pgrp->session)
		return -EPERM;
	if (p != self && p->did_exec)
		return -EACCES;
	if (p->pgrp->session->sid == p->pid)
		return -EPERM;
	g = pgrp_find_locked(pgid);
	if (g == p->pgrp)
		return 0;
	if (g) {
		if (g->session != p->pgrp->session)
			return -EPERM;
		ref_get(&g->refs);
	} else {
		if (pgid != p->pid)
			return -EPERM;
		g = pgrp_new_locked(pgid, p->pgrp->session);
		if (!g)
			return -ENOMEM;
	}
	pgrp_leave(p);
	join_locked(p, g);
	return 0;
}

/*
 * -EINVAL: pgid < 0. -ESRCH: not the caller or a child of it. -EACCES: a child that has called
 * exec. -EPERM: a session leader, another session's, or a group that does not exist. -ENOMEM.
 */
int sys_setpgid(int32_t pid, int32_t pgid)
{
	struct proc *self = proc_self(), *p;
	int err;

	if (pgid < 0)
		return -EINVAL;
	if (pid == 0)
		pid = (int32_t)self->pid;
	if (pgid == 0)
		pgid = pid;
	p = pid > 0 ? proc_find((uint32_t)pid) : NULL;
	if (!p)
		return -ESRCH;
	lock_acquire(&proc_tree_lock);
	err = setpgid_locked(self, p, (uint32_t)pgid);
	lock_release(&proc_tree_lock);
	proc_put(p);
	return err;
}

/* pgid and sid of any process. -ESRCH: none such. */
static int ids_of(int32_t pid, uint32_t *pgid, uint32_t *sid)
{
	struct proc *p;
	int err = 0;

	if (pid == 0) {
		session_ids_self(sid, pgid);
		return 0;
	}
	p = pid > 0 ? proc_find((uint32_t)pid) : NULL;
	if (!p)
		return -ESRCH;
	lock_acquire(&proc_tree_lock);
	if (p->pgrp) {
		*pgid = p->pgrp->pgid;
		*sid = p->pgrp->session->sid;
	} else {
		err = -ESRCH;
	}
	lock_release(&proc_tree_lock);
	proc_put(p);
	return err;
}

int sys_getpgid(int32_t pid)
{
	uint32_t pgid = 0, sid = 0;
	int err = ids_of(pid, &pgid, &sid);

	return err ? err : (int)pgid;
}

int sys_getsid(int32_t pid)
{
	uint32_t pgid = 0, sid = 0;
	int err = ids_of(pid, &pgid, &sid);

	return err ? err : (int)sid;
}

/* -EPERM: the caller leads a group, or a group has its number. -ENOMEM. */
int sys_setsid(void)
{
	struct proc *p = proc_self();
	int err;

	lock_acquire(&proc_tree_lock);
	err = pgrp_find_locked(p->pid) ? -EPERM : session_start_locked(p);
	lock_release(&proc_tree_lock);
	return err ? err : (int)p->pid;
}

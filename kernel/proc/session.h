/*
 * session.h - process groups and sessions, for the rooms that make and end processes. What
 * others call is in proc.h.
 * Locks: everything here is guarded by proc_tree_lock (RANK_PROC_TREE, proc/proc.c).
 */
#ifndef PROC_SESSION_H
#define PROC_SESSION_H

#include "proc/proc.h"

extern struct lock proc_tree_lock; /* RANK_PROC_TREE, proc/proc.c */

/* PID 1: a session and a group of its own, no terminal. -ENOMEM. Takes the tree lock. */
int session_init_first(struct proc *p) MUST_CHECK;

/* fork: the child is a member of its parent's group. Tree lock held. Cannot fail. */
void pgrp_join_parent(struct proc *child, struct proc *parent);
/* The process is reaped (a zombie still counts as a member). Tree lock held. */
void pgrp_leave(struct proc *p);

/*
 * A process exits. What follows from it for groups: those that become orphaned and have stopped
 * members get SIGHUP and SIGCONT; when a session leader exits its terminal is released and the
 * foreground group gets SIGHUP. Before its children get a new
 * parent; its files may be closed before or after.
 */
void session_proc_exit(struct proc *p);
/* Its two halves: session_exit_locked() with the tree lock held, session_exit_finish() without. */
struct session_exit {
	struct pgrp *orphans; /* referenced, chained by orphan_next */
	struct tty *tty;      /* referenced: the terminal that the leader gave up */
	uint32_t pgrp;	      /* its foreground group, 0: none */
	bool lost;	      /* the terminal hung up before */
};
void session_exit_locked(struct proc *p, struct session_exit *x);
void session_exit_finish(struct session_exit *x);

/* The group, or NULL. Tree lock held; not referenced. */
struct pgrp *pgrp_find_locked(uint32_t pgid);
/* May a new process have this number? Not while a group or session is named so. Tree lock held. */
bool session_id_in_use_locked(uint32_t id);
/* Is the group orphaned (POSIX.1-2024 3.243)? Tree lock held. */
bool pgrp_orphaned_locked(struct pgrp *g);
/* The session that group pgid belongs to, 0: no such group. Takes the tree lock. */
uint32_t pgrp_session(uint32_t pgid);
/* The caller's session and group in one hold of the tree lock. */
void session_ids_self(uint32_t *sid, uint32_t *pgid);
/* TIOCNOTTY by a session leader: the session gives its terminal up. -ENOTTY: not this one. */
int session_drop_tty_self(struct tty *tty) MUST_CHECK;

#endif

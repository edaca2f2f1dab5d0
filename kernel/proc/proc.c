/*
 * proc.c - the table of processes.
 * Locks: proc_tree_lock (RANK_PROC_TREE) guards the table, the family tree and exit states.
 */
#include "proc/internal.h"
#include "proc/session.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "syscalls.h"

#define PID_BUCKETS 256u
#define PID_MAX 32768u

struct lock proc_tree_lock = LOCK_INIT(RANK_PROC_TREE);
struct list proc_all = LIST_INIT(proc_all);
static struct list buckets[PID_BUCKETS]; /* [PROC_TREE] */
static uint32_t last_pid;		 /* [PROC_TREE] */
static struct proc *first;		 /* [i] pid 1 */

static struct list *bucket(uint32_t pid)
{
	struct list *b = &buckets[pid % PID_BUCKETS];

	if (!b->next)
		list_init(b);
	return b;
}

struct proc *proc_find_locked(uint32_t pid)
{
	struct proc *p;

	LIST_FOR_EACH(p, bucket(pid), hash_link) {
		if (p->pid == pid)
			return p;
	}
	return NULL;
}

/* A pid must not name a group or session that still has members. */
static bool pid_free_locked(uint32_t pid)
{
	return !proc_find_locked(pid) && !session_id_in_use_locked(pid);
}

static uint32_t pid_new_locked(void)
{
	for (uint32_t tries = 0; tries < PID_MAX; tries++) {
		last_pid = last_pid >= PID_MAX - 1 ? 2 : last_pid + 1;
		if (pid_free_locked(last_pid))
			return last_pid;
	}
	return 0;
}

struct proc *proc_new(void)
{
	struct proc *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	ref_init(&p->refs, 1);
	lock_init(&p->lock, RANK_PROC);
	lock_init(&p->sig_lock, RANK_SIGNAL);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->hash_link);
	list_init(&p->all_link);
	list_init(&p->pgrp_link);
	list_init(&p->threads);
	waitq_init(&p->child_changed);
	waitq_init(&p->sig_arrived);
	sigpending_init(&p->pending);
	p->exit_signal = SIGCHLD;
	p->start_ns = arch_clock_ns();
	lock_acquire(&proc_tree_lock);
	p->pid = pid_new_locked();
	if (p->pid) /* reserve it: nobody else may take it before the process is published */
		list_add_tail(bucket(p->pid), &p->hash_link);
	lock_release(&proc_tree_lock);
	if (!p->pid) {
		kfree(p);
		return NULL;
	}
	if (!first)
		first = p;
	return p;
}

struct proc *proc_init(void)
{
	return first;
}

void proc_publish_locked(struct proc *p, struct proc *parent)
{
	KASSERT(lock_held(&proc_tree_lock));
	ref_get(&p->refs); /* the table's */
	list_add_tail(&proc_all, &p->all_link);
	p->parent = parent;
	if (parent)
		list_add_tail(&parent->children, &p->sibling);
}

void proc_unpublish_locked(struct proc *p)
{
	KASSERT(lock_held(&proc_tree_lock));
	list_del(&p->hash_link);
	list_del(&p->all_link);
	list_del(&p->sibling);
	p->state = PROC_DEAD;
}

struct proc *proc_find(uint32_t pid)
{
	struct proc *p;

	lock_acquire(&proc_tree_lock);
	p = proc_find_locked(pid);
	if (p && list_empty(&p->all_link))
		p = NULL; /* pid reserved, not published yet */
	if (p)
		ref_get(&p->refs);
	lock_release(&proc_tree_lock);
	return p;
}

void proc_put(struct proc *p)
{
	if (!ref_put(&p->refs))
		return;
	lock_acquire(&proc_tree_lock);
	list_del(&p->hash_link);
	lock_release(&proc_tree_lock);
	sigpending_flush(&p->pending);
	if (p->cred)
		cred_put(p->cred);
	kfree(p);
}

struct proc *proc_next(uint32_t after)
{
	struct proc *p, *best = NULL;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		if (p->pid > after && (!best || p->pid < best->pid))
			best = p;
	}
	if (best)
		ref_get(&best->refs);
	lock_release(&proc_tree_lock);
	return best;
}

uint32_t proc_count(uint32_t *running)
{
	struct proc *p;
	struct thread *t;
	uint32_t n = 0, run = 0;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		n++;
		LIST_FOR_EACH(t, &p->threads, link)
			run += atomic_load(&t->waker.sleeping) == 0;
	}
	lock_release(&proc_tree_lock);
	if (running)
		*running = run;
	return n;
}

/* Engines meter no CPU time per Worker: time not spent asleep in the kernel stands in for it. */
uint64_t proc_cpu_ns(struct proc *p)
{
	uint64_t now = arch_clock_ns(), sum;
	struct thread *t;

	lock_acquire(&proc_tree_lock);
	sum = p->cpu_ns;
	LIST_FOR_EACH(t, &p->threads, link) {
		uint64_t alive = now - t->start_ns, slept = atomic_load(&t->waker.slept_ns);

		if (atomic_load(&t->waker.sleeping)) {
			uint64_t since = atomic_load(&t->waker.sleep_start_ns);
			slept += now > since ? now - since : 0;
		}
		sum += alive > slept ? alive - slept : 0;
	}
	lock_release(&proc_tree_lock);
	return sum;
}

uint64_t proc_limit_self(int which)
{
	struct proc *p = proc_self();
	uint64_t v;

	lock_acquire(&p->lock);
	v = p->limits[which].cur;
	lock_release(&p->lock);
	return v;
}

int sys_getpid(void)
{
	return (int)proc_self()->pid;
}

int sys_gettid(void)
{
	struct thread *t = thread_self();

	return (int)(t->vfork ? t->proc->pid : t->tid);
}

int sys_getppid(void)
{
	struct proc *p = proc_self();
	int pid;

	lock_acquire(&proc_tree_lock);
	pid = p->parent ? (int)p->parent->pid : 0;
	lock_release(&proc_tree_lock);
	return pid;
}

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
uint32_t pid_max = 32768; /* [a] no pid reaches it; /proc/sys/kernel/pid_max */

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
	return !proc_find_locked(pid) && !thread_find_locked(pid) && !session_id_in_use_locked(pid);
}

uint32_t pid_new_locked(void)
{
	uint32_t max = atomic_load(&pid_max);

	for (uint32_t tries = 0; tries < max; tries++) {
		last_pid = last_pid >= max - 1 ? 2 : last_pid + 1;
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
	p->loginuid = ~0u;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->hash_link);
	list_init(&p->all_link);
	list_init(&p->pgrp_link);
	list_init(&p->threads);
	list_init(&p->sem_undos);
	waitq_init(&p->child_changed);
	waitq_init(&p->thread_gone);
	waitq_init(&p->sig_arrived);
	sigpending_init(&p->pending);
	lock_init(&p->watch_lock, RANK_PIPE);
	waitq_init(&p->watchers);
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
	atomic_store(&p->ppid, parent ? parent->pid : 0);
	if (parent) {
		list_add_tail(&parent->children, &p->sibling);
		trace_publish(p, parent);
	}
}

void proc_unpublish_locked(struct proc *p)
{
	KASSERT(lock_held(&proc_tree_lock));
	list_del(&p->hash_link);
	list_del(&p->all_link);
	list_del(&p->sibling);
	atomic_store(&p->state, PROC_DEAD);
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
uint64_t thread_cpu_ns(const struct thread *t)
{
	uint64_t now = arch_clock_ns(), alive = now - t->start_ns;
	uint64_t slept = atomic_load(&t->waker.slept_ns);

	if (atomic_load(&t->waker.sleeping)) {
		uint64_t since = atomic_load(&t->waker.sleep_start_ns);

		slept += now > since ? now - since : 0;
	}
	return alive > slept ? alive - slept : 0;
}

static uint64_t proc_cpu_locked(const struct proc *p)
{
	uint64_t sum = p->cpu_ns;
	struct thread *t;

	LIST_FOR_EACH(t, &p->threads, link)
		sum += thread_cpu_ns(t);
	return sum;
}

uint64_t proc_cpu_ns(struct proc *p)
{
	uint64_t sum;

	lock_acquire(&proc_tree_lock);
	sum = proc_cpu_locked(p);
	lock_release(&proc_tree_lock);
	return sum;
}

/*
 * A clock of a process or thread by number, as libc makes it: the bits above the third are ~number
 * (0: the caller), bit 2 says a thread's, bits 0 and 1 which time. Threads of others have none.
 */
#define CPUCLOCK_THREAD 4u
#define CPUCLOCK_WHICH(clock) ((clock) & 3u)
#define CPUCLOCK_OTHER 3u /* a clock that is a file */

int cpu_clock_read(uint32_t clock, uint64_t *ns)
{
	uint32_t id = ~(uint32_t)((int32_t)clock >> 3);
	struct thread *self = thread_self(), *t;
	struct proc *p;
	int err = -EINVAL;

	if ((int32_t)clock >= 0 || CPUCLOCK_WHICH(clock) == CPUCLOCK_OTHER)
		return -EINVAL;
	lock_acquire(&proc_tree_lock);
	if (clock & CPUCLOCK_THREAD) {
		t = id ? thread_find_locked(id) : self;
		if (t && (t == self || thread_home(t) == self->proc)) {
			*ns = thread_cpu_ns(t);
			err = 0;
		}
	} else {
		p = id ? proc_find_locked(id) : self->proc;
		if (p && (p == self->proc || !list_empty(&p->all_link))) {
			*ns = proc_cpu_locked(p);
			err = 0;
		}
	}
	lock_release(&proc_tree_lock);
	return err;
}

__attribute__((no_sanitize("thread"))) static uint64_t calls_of(const struct thread *t)
{
	return t->syscalls;
}

uint64_t proc_syscalls(struct proc *p)
{
	struct thread *t;
	uint64_t sum;

	lock_acquire(&proc_tree_lock);
	sum = p->syscalls;
	LIST_FOR_EACH(t, &p->threads, link)
		sum += calls_of(t);
	lock_release(&proc_tree_lock);
	return sum;
}

/* The first thread's name is the process's, as long as it lives and after. */
static char *name_of(struct proc *p, const struct thread *t)
{
	return t->tid == p->pid || t->proc != p ? p->name : ((struct thread *)(uintptr_t)t)->name;
}

void thread_name(struct proc *p, const struct thread *t, char *name)
{
	lock_acquire(&p->lock);
	memcpy(name, name_of(p, t), sizeof(p->name));
	lock_release(&p->lock);
}

void thread_set_name(struct proc *p, struct thread *t, const char *name)
{
	lock_acquire(&p->lock);
	str_copy(name_of(p, t), name, sizeof(p->name));
	lock_release(&p->lock);
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
	return (int)atomic_load(&proc_self()->ppid);
}

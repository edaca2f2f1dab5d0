/*
 * sched.c - scheduling calls. The engine schedules Workers; priorities are kept and reported, and
 * there is one policy.
 */
#include "proc/internal.h"
#include "host/host.h"
#include "syscalls.h"

#define SCHED_OTHER 0u
#define SCHED_BATCH 3u
#define SCHED_IDLE 5u
#define CPUS_MAX 32u

uint32_t cpu_count(void)
{
	uint32_t n = host_area_ptr()->cpus;

	return n < 1 ? 1 : MIN(n, CPUS_MAX);
}

static uint32_t cpu_mask(void)
{
	return UINT32_MAX >> (32 - cpu_count());
}

/* A process or, as libc's calls about threads have it, a thread. */
static int check_pid(int32_t pid)
{
	bool found;

	if (pid < 0)
		return -EINVAL;
	if (pid == 0)
		return 0;
	lock_acquire(&proc_tree_lock);
	found = thread_find_locked((uint32_t)pid) || proc_find_locked((uint32_t)pid);
	lock_release(&proc_tree_lock);
	return found ? 0 : -ESRCH;
}

int sys_sched_yield(void)
{
	return 0; /* threads of the engine's host run at once or are preempted by it */
}

int sys_sched_getscheduler(int32_t pid)
{
	int err = check_pid(pid);

	return err ? err : (int)SCHED_OTHER;
}

int sys_sched_setscheduler(int32_t pid, uint32_t policy, uaddr_t param)
{
	int32_t prio;
	int err = check_pid(pid);

	if (err)
		return err;
	if (copyin(&prio, param, sizeof(prio)))
		return -EFAULT;
	if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return policy <= 6 ? -EPERM : -EINVAL;
	return prio == 0 ? 0 : -EINVAL;
}

int sys_sched_getparam(int32_t pid, uaddr_t param)
{
	int32_t prio = 0;
	int err = check_pid(pid);

	if (err)
		return err;
	return copyout(param, &prio, sizeof(prio));
}

int sys_sched_setparam(int32_t pid, uaddr_t param)
{
	return sys_sched_setscheduler(pid, SCHED_OTHER, param);
}

int sys_sched_get_priority_max(uint32_t policy)
{
	return policy == 1 || policy == 2 ? 99 : policy <= 6 && policy != 4 ? 0 : -EINVAL;
}

int sys_sched_get_priority_min(uint32_t policy)
{
	return policy == 1 || policy == 2 ? 1 : policy <= 6 && policy != 4 ? 0 : -EINVAL;
}

int sys_sched_getaffinity(int32_t pid, uint32_t size, uaddr_t mask)
{
	uint32_t bits = cpu_mask();
	int err = check_pid(pid);

	if (err)
		return err;
	if (size < 4 || size % 4)
		return -EINVAL;
	return copyout(mask, &bits, 4) ? -EFAULT : 4;
}

int sys_sched_setaffinity(int32_t pid, uint32_t size, uaddr_t mask)
{
	uint32_t bits = 0;
	int err = check_pid(pid);

	if (err)
		return err;
	if (copyin(&bits, mask, MIN(size, 4u)))
		return -EFAULT;
	return bits & cpu_mask() ? 0 : -EINVAL;
}

int sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t unused)
{
	uint32_t zero = 0;

	(void)unused; /* a cache that Linux ignores since 2.6.24 */
	if ((cpu && copyout(cpu, &zero, 4)) || (node && copyout(node, &zero, 4)))
		return -EFAULT;
	return 0;
}

/* Nice values: kept per process, reported, without effect on the engine's scheduling. */
#define PRIO_PROCESS 0u
#define PRIO_PGRP 1u
#define PRIO_USER 2u

struct prio_walk {
	uint32_t which, who;
	int best; /* get: 20 - nice, the largest */
	int set;  /* new nice */
	int found, err;
	bool change;
};

static bool prio_match(struct proc *p, const struct prio_walk *w)
{
	switch (w->which) {
	case PRIO_PROCESS:
		return p->pid == w->who;
	case PRIO_PGRP:
		return p->pgrp && p->pgrp->pgid == w->who;
	default:
		return proc_ids(p).ruid == w->who;
	}
}

static void prio_one(struct proc *p, struct prio_walk *w)
{
	const struct cred *me = cred_self();
	struct proc_ids ids = proc_ids(p);

	w->found++;
	if (!w->change) {
		w->best = MAX(w->best, 20 - p->nice);
		return;
	}
	if (!cred_is_root(me) && me->euid != ids.ruid && me->euid != ids.euid) {
		w->err = -EPERM;
		return;
	}
	if (!cred_is_root(me) && w->set < p->nice) {
		w->err = -EACCES;
		return;
	}
	p->nice = w->set;
}

static void prio_walk(struct prio_walk *w)
{
	struct proc *p, *self = proc_self();
	struct thread *t;

	lock_acquire(&proc_tree_lock);
	if (w->who == 0)
		w->who = w->which == PRIO_PROCESS ? self->pid
			 : w->which == PRIO_PGRP  ? self->pgrp->pgid
						  : self->cred->ruid;
	else if (w->which == PRIO_PROCESS && (t = thread_find_locked(w->who)))
		w->who = thread_home(t)->pid;
	LIST_FOR_EACH(p, &proc_all, all_link) {
		if (p->state != PROC_ZOMBIE && prio_match(p, w))
			prio_one(p, w);
	}
	lock_release(&proc_tree_lock);
}

int sys_getpriority(uint32_t which, int32_t who)
{
	struct prio_walk w = {.which = which, .who = (uint32_t)who, .best = -1};

	if (which > PRIO_USER)
		return -EINVAL;
	prio_walk(&w);
	return w.found ? w.best : -ESRCH;
}

int sys_setpriority(uint32_t which, int32_t who, int32_t prio)
{
	struct prio_walk w = {.which = which, .who = (uint32_t)who, .change = true};

	if (which > PRIO_USER)
		return -EINVAL;
	w.set = prio < -20 ? -20 : prio > 19 ? 19 : prio;
	prio_walk(&w);
	return !w.found ? -ESRCH : w.err;
}

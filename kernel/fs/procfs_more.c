/*
 * procfs_more.c - /proc/<pid>: limits, counters and settings; what status has no line for.
 * Spec: proc(5) of Linux. Nobody is killed for want of memory (ENOMEM is the caller's), there is
 * one namespace of each kind, and engines meter no I/O: such files say so in Linux's words. What is
 * written to oom_score_adj and loginuid is kept and inherited.
 * Locks: proc.lock.
 */
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/session.h"

int proc_limits_text(struct proc_text *t, struct proc_node *n)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIMIT_COUNT] = {{"Max cpu time", "seconds"}, {"Max file size", "bytes"},
		{"Max data size", "bytes"}, {"Max stack size", "bytes"},
		{"Max core file size", "bytes"}, {"Max resident set", "bytes"},
		{"Max processes", "processes"}, {"Max open files", "files"},
		{"Max locked memory", "bytes"}, {"Max address space", "bytes"},
		{"Max file locks", "locks"}, {"Max pending signals", "signals"},
		{"Max msgqueue size", "bytes"}, {"Max nice priority", ""},
		{"Max realtime priority", ""}, {"Max realtime timeout", "us"}};
	struct rlimit_k limits[RLIMIT_COUNT];

	lock_acquire(&n->proc->lock);
	memcpy(limits, n->proc->limits, sizeof(limits));
	lock_release(&n->proc->lock);
	text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (uint32_t i = 0; i < RLIMIT_COUNT; i++) {
		char cur[24] = "unlimited", max[24] = "unlimited";

		if (limits[i].cur != RLIM_INFINITY_K)
			kformat(cur, sizeof(cur), "%llu", (unsigned long long)limits[i].cur);
		if (limits[i].max != RLIM_INFINITY_K)
			kformat(max, sizeof(max), "%llu", (unsigned long long)limits[i].max);
		text_add(t, "%-25s %-20s %-20s %-10s\n", rows[i].name, cur, max, rows[i].unit);
	}
	return 0;
}

int proc_io_text(struct proc_text *t, struct proc_node *n)
{
	text_add(t, "rchar: 0\nwchar: 0\nsyscr: %llu\nsyscw: 0\n",
		(unsigned long long)proc_syscalls(n->proc));
	text_add(t, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
	return 0;
}

int proc_cgroup_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "0::/\n");
	return 0;
}

/* ---- out of memory ---- */

static int32_t oom_adj(struct proc *p)
{
	int32_t adj;

	lock_acquire(&p->lock);
	adj = p->oom_score_adj;
	lock_release(&p->lock);
	return adj;
}

int proc_oom_score_text(struct proc_text *t, struct proc_node *n)
{
	/* Linux's scale: 0 never, 666 the middle, 1333 first. */
	text_add(t, "%d\n", (1000 + oom_adj(n->proc)) * 2 / 3);
	return 0;
}

int proc_oom_adj_text(struct proc_text *t, struct proc_node *n)
{
	text_add(t, "%d\n", oom_adj(n->proc));
	return 0;
}

/* -EINVAL: no number of -1000..1000; -EACCES: lower than it is, and not root. */
int proc_oom_adj_store(struct proc_node *n, const char *s, size_t len)
{
	bool minus = len > 0 && s[0] == '-', may;
	uint32_t value;

	if (!str_to_u32(s + minus, s + len, &value) || value > 1000)
		return -EINVAL;
	lock_acquire(&n->proc->lock);
	may = (minus ? -(int32_t)value : (int32_t)value) >= n->proc->oom_score_adj ||
	      cred_is_root(cred_self());
	if (may)
		n->proc->oom_score_adj = (int16_t)(minus ? -(int32_t)value : (int32_t)value);
	lock_release(&n->proc->lock);
	return may ? 0 : -EACCES;
}

/* ---- who logged in ---- */

int proc_loginuid_text(struct proc_text *t, struct proc_node *n)
{
	uint32_t id;

	lock_acquire(&n->proc->lock);
	id = n->proc->loginuid;
	lock_release(&n->proc->lock);
	text_add(t, "%u", id);
	return 0;
}

/* login sets its own, which all that it starts inherit. -EPERM: not its own, or not root. */
int proc_loginuid_store(struct proc_node *n, const char *s, size_t len)
{
	uint32_t id;

	if (!str_to_u32(s, s + len, &id))
		return -EINVAL;
	if (n->proc != proc_self() || !cred_is_root(cred_self()))
		return -EPERM;
	lock_acquire(&n->proc->lock);
	n->proc->loginuid = id;
	lock_release(&n->proc->lock);
	return 0;
}

int proc_sessionid_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%u", ~0u); /* audit's; not set */
	return 0;
}

/* ---- namespaces, execution domain ---- */

int proc_id_map_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%10u %10u %10u\n", 0, 0, ~0u);
	return 0;
}

int proc_setgroups_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "allow\n");
	return 0;
}

int proc_personality_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%08x\n", 0);
	return 0;
}

/* ---- running ---- */

int proc_schedstat_text(struct proc_text *t, struct proc_node *n)
{
	uint64_t ns = 0;
	struct thread *th;

	if (!n->tid)
		ns = proc_cpu_ns(n->proc);
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(th, &n->proc->threads, link) {
		if (th->tid == n->tid)
			ns = thread_cpu_ns(th);
	}
	lock_release(&proc_tree_lock);
	/* How long it waited for a processor the engine does not tell. */
	text_add(t, "%llu 0 0\n", (unsigned long long)ns);
	return 0;
}

__attribute__((no_sanitize("thread"))) static uint32_t call_of(const struct thread *t)
{
	return t->current_nr;
}

/* The system call that a thread sleeps in, as a number; its arguments are not kept. */
int proc_syscall_text(struct proc_text *t, struct proc_node *n)
{
	uint32_t tid = n->tid ? n->tid : n->proc->pid, nr = ~0u;
	bool asleep = false;
	struct thread *th;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(th, &n->proc->threads, link) {
		if (th->tid != tid)
			continue;
		nr = call_of(th);
		asleep = atomic_load(&th->waker.sleeping);
	}
	lock_release(&proc_tree_lock);
	if (!asleep)
		text_add(t, "running\n");
	else
		text_add(t, "%d 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n", (int)nr);
	return 0;
}

/* Children by pid: all of them are told of the first thread. */
int proc_children_text(struct proc_text *t, struct proc_node *n)
{
	struct proc *child;
	uint32_t pid = 0;

	if (n->tid != n->proc->pid)
		return 0;
	while ((child = proc_next(pid)) != NULL) {
		pid = child->pid;
		if (atomic_load(&child->ppid) == n->proc->pid)
			text_add(t, "%u ", pid);
		proc_put(child);
	}
	return 0;
}

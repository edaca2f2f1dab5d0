/*
 * procfs_pid.c - /proc/<pid>: what a process and its threads are doing.
 * Spec: proc(5) of Linux. What an engine does not meter (page faults, bytes of I/O) is 0; CPU time
 * is the time not spent asleep in the kernel (proc_cpu_ns()).
 * Locks: snapshots are taken under the tree lock, proc.lock or sig_lock, one after the other.
 */
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/session.h"
#include "tty/tty.h"

#define TICK_NS 10000000ull /* USER_HZ is 100 */

/* ---- snapshots ---- */

struct snapshot {
	uint32_t pid, ppid, pgid, sid, tty_nr, nthreads, exit_code, tid;
	int32_t tpgid, nice;
	char state;
	const char *wchan;
	uint64_t start_ns, cpu_ns, child_cpu_ns;
	char name[16];
	struct {
		uint32_t ruid, euid, suid, fsuid, rgid, egid, sgid, fsgid, ngroups;
	} ids;
};

static char thread_state(struct thread *t)
{
	return atomic_load(&t->waker.sleeping) ? 'S' : 'R';
}

/* The state ps shows: of one thread, or the busiest of all (tid 0). */
static char state_locked(struct proc *p, uint32_t tid, const char **wchan)
{
	char state = 'S';
	struct thread *t;

	*wchan = NULL;
	if (p->state == PROC_ZOMBIE || p->state == PROC_DEAD)
		return 'Z';
	LIST_FOR_EACH(t, &p->threads, link) {
		if (tid && t->tid != tid)
			continue;
		if (thread_state(t) == 'R')
			state = 'R';
		if (!*wchan)
			*wchan = atomic_load(&t->waker.wchan);
	}
	return p->state == PROC_STOPPED || p->stopped ? 'T' : state;
}

static uint32_t encode_dev(uint32_t dev)
{
	return MAJOR(dev) << 8 | (MINOR(dev) & 0xffu) | (MINOR(dev) & ~0xffu) << 12;
}

static void family_locked(struct proc *p, struct snapshot *s)
{
	struct session *session = p->pgrp ? p->pgrp->session : NULL;

	s->ppid = p->parent ? p->parent->pid : 0;
	s->tpgid = -1;
	if (!session)
		return;
	s->pgid = p->pgrp->pgid;
	s->sid = session->sid;
	if (session->tty) {
		s->tty_nr = encode_dev(session->tty->dev);
		s->tpgid = (int32_t)session->tty->pgrp;
	}
}

static struct thread *thread_locked(struct proc *p, uint32_t tid)
{
	struct thread *t;

	LIST_FOR_EACH(t, &p->threads, link) {
		if (t->tid == tid)
			return t;
	}
	return NULL;
}

/* Of the process, or of the one thread that the node is about: what is its own of it. */
static void take_thread_locked(struct proc_node *n, struct snapshot *s)
{
	struct thread *t = n->tid ? thread_locked(n->proc, n->tid) : NULL;

	s->start_ns = n->proc->start_ns;
	if (!t)
		return;
	s->cpu_ns = thread_cpu_ns(t);
	if (n->tid == n->proc->pid)
		return;
	s->start_ns = t->start_ns;
	thread_name(n->proc, t, s->name);
}

static void take_snapshot(struct proc_node *n, struct snapshot *s)
{
	struct proc *p = n->proc;

	*s = (struct snapshot){.pid = p->pid, .tid = n->tid ? n->tid : p->pid};
	if (!n->tid)
		s->cpu_ns = proc_cpu_ns(p);
	lock_acquire(&proc_tree_lock);
	take_thread_locked(n, s);
	s->state = state_locked(p, n->tid, &s->wchan);
	family_locked(p, s);
	s->nthreads = p->nthreads;
	s->exit_code = p->exit_code;
	s->nice = p->nice;
	s->child_cpu_ns = p->child_cpu_ns;
	lock_release(&proc_tree_lock);
	lock_acquire(&p->lock);
	if (!*s->name)
		memcpy(s->name, p->name, sizeof(s->name));
	if (p->cred) {
		const struct cred *c = p->cred;

		s->ids.ruid = c->ruid, s->ids.euid = c->euid, s->ids.suid = c->suid;
		s->ids.fsuid = c->fsuid, s->ids.rgid = c->rgid, s->ids.egid = c->egid;
		s->ids.sgid = c->sgid, s->ids.fsgid = c->fsgid, s->ids.ngroups = c->ngroups;
	}
	lock_release(&p->lock);
	s->name[sizeof(s->name) - 1] = 0;
}

struct signals {
	sigset_k pending, shared, blocked, ignored, caught;
	uint32_t queued;
};

static void take_signals(struct proc_node *n, struct signals *s)
{
	struct proc *p = n->proc;
	struct thread *t;

	*s = (struct signals){0};
	lock_acquire(&proc_tree_lock);
	lock_acquire(&p->sig_lock);
	s->shared = p->pending.set;
	s->queued = p->pending.count;
	for (int i = 1; i < SIG_COUNT; i++) {
		if (p->actions[i].handler == SIG_IGN_K)
			s->ignored |= SIGBIT(i);
		else if (p->actions[i].handler != SIG_DFL_K)
			s->caught |= SIGBIT(i);
	}
	LIST_FOR_EACH(t, &p->threads, link) {
		if (n->tid && t->tid != n->tid)
			continue;
		s->pending = t->pending.set;
		s->blocked = t->blocked;
		break;
	}
	lock_release(&p->sig_lock);
	lock_release(&proc_tree_lock);
}

/* ---- stat, statm, status ---- */

static void stat_memory(struct proc_text *t, struct proc_node *n)
{
	uint64_t mapped = 0, resident = 0;
	struct mm *mm = proc_mm_get(n->proc);

	if (mm) {
		mm_usage(mm, &mapped, &resident);
		mm_put(mm);
	}
	text_add(t, " %llu %llu %llu", (unsigned long long)mapped,
		(unsigned long long)(resident >> PAGE_SHIFT), ~0ull);
}

static int stat_text(struct proc_text *t, struct proc_node *n)
{
	struct snapshot s;
	struct signals g;
	struct mm *mm = proc_mm_get(n->proc);

	take_snapshot(n, &s);
	take_signals(n, &g);
	text_add(t, "%u (%s) %c %u %u %u %u %d 0 0 0 0 0", s.tid, s.name, s.state, s.ppid, s.pgid,
		s.sid, s.tty_nr, s.tpgid);
	/* utime stime cutime cstime priority nice threads itrealvalue starttime */
	text_add(t, " %llu 0 %llu 0 %d %d %u 0 %llu", (unsigned long long)(s.cpu_ns / TICK_NS),
		(unsigned long long)(s.child_cpu_ns / TICK_NS), 20 + s.nice, s.nice, s.nthreads,
		(unsigned long long)(s.start_ns / TICK_NS));
	stat_memory(t, n);
	/* startcode endcode startstack esp eip, old 32-bit signal sets, wchan nswap cnswap */
	text_add(t, " 0 0 0 0 0 %u %u %u %u %d 0 0", (uint32_t)g.pending & 0x7fffffffu,
		(uint32_t)g.blocked & 0x7fffffffu, (uint32_t)g.ignored & 0x7fffffffu,
		(uint32_t)g.caught & 0x7fffffffu, s.wchan != NULL);
	/* exit_signal processor rt_priority policy blkio guest cguest start_data end_data brk */
	text_add(t, " %d 0 0 0 0 0 0 0 0 %u", (int)n->proc->exit_signal, mm ? mm->heap_base : 0);
	if (mm)
		text_add(t, " %u %u %u %u %u\n", mm->arg_start, mm->arg_end, mm->env_start,
			mm->env_end, s.exit_code);
	else
		text_add(t, " 0 0 0 0 %u\n", s.exit_code);
	if (mm)
		mm_put(mm);
	return 0;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "R (running)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "S (sleeping)";
	}
}

static void status_groups(struct proc_text *t, struct proc *p)
{
	const struct cred *c;

	lock_acquire(&p->lock);
	c = p->cred ? cred_get(p->cred) : NULL;
	lock_release(&p->lock);
	text_add(t, "Groups:\t");
	for (uint32_t i = 0; c && i < c->ngroups; i++)
		text_add(t, "%u ", c->groups[i]);
	text_add(t, "\n");
	if (c)
		cred_put(c);
}

static uint32_t umask_of(struct proc *p)
{
	uint32_t mask = 022;
	struct fsctx *fs;

	lock_acquire(&p->lock);
	fs = p->fs;
	if (fs)
		ref_get(&fs->refs);
	lock_release(&p->lock);
	if (fs) {
		lock_acquire(&fs->lock);
		mask = fs->umask;
		lock_release(&fs->lock);
		fsctx_put(fs);
	}
	return mask;
}

static void status_signals(struct proc_text *t, struct proc_node *n)
{
	struct signals g;
	uint64_t limit;

	take_signals(n, &g);
	lock_acquire(&n->proc->lock);
	limit = n->proc->limits[RLIMIT_SIGPENDING].cur;
	lock_release(&n->proc->lock);
	text_add(t, "SigQ:\t%u/%llu\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", g.queued,
		(unsigned long long)limit, (unsigned long long)g.pending,
		(unsigned long long)g.shared);
	text_add(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		(unsigned long long)g.blocked, (unsigned long long)g.ignored,
		(unsigned long long)g.caught);
}

/* Root has all of Linux's capabilities, anybody else none. */
static void status_caps(struct proc_text *t, uint32_t euid, uint32_t ruid)
{
	uint64_t all = CAP_ALL;
	bool permitted = euid == 0 || ruid == 0;

	text_add(t, "CapInh:\t%016x\nCapPrm:\t%016llx\nCapEff:\t%016llx\n", 0,
		(unsigned long long)(permitted ? all : 0),
		(unsigned long long)(euid == 0 ? all : 0));
	text_add(t, "CapBnd:\t%016llx\nCapAmb:\t%016x\nNoNewPrivs:\t0\nSeccomp:\t0\n",
		(unsigned long long)all, 0);
}

static int status_text(struct proc_text *t, struct proc_node *n)
{
	uint32_t cpus = cpu_count();
	struct snapshot s;

	take_snapshot(n, &s);
	text_add(t,
		"Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\n",
		s.name, umask_of(n->proc), state_name(s.state), s.pid, s.tid, s.ppid);
	text_add(t, "TracerPid:\t0\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\n",
		s.ids.ruid, s.ids.euid, s.ids.suid, s.ids.fsuid, s.ids.rgid, s.ids.egid, s.ids.sgid,
		s.ids.fsgid, s.state == 'Z' ? 0 : 64);
	status_groups(t, n->proc);
	text_add(t, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\nKthread:\t0\n", s.pid, s.tid,
		s.pgid, s.sid);
	proc_status_memory(t, n);
	text_add(t, "Threads:\t%u\n", MAX(s.nthreads, 1u));
	status_signals(t, n);
	status_caps(t, s.ids.euid, s.ids.ruid);
	text_add(
		t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", cpus >= 32 ? ~0u : (1u << cpus) - 1);
	if (cpus > 1)
		text_add(t, "-%u", cpus - 1);
	text_add(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t0\n"
		    "nonvoluntary_ctxt_switches:\t0\n");
	return 0;
}

/* ---- what was started and where ---- */

static int comm_text(struct proc_text *t, struct proc_node *n)
{
	struct snapshot s;

	take_snapshot(n, &s);
	text_add(t, "%s\n", s.name);
	return 0;
}

static int comm_store(struct proc_node *n, const char *s, size_t len)
{
	struct proc *p = n->proc;
	struct thread *t;

	if (p != proc_self())
		return -EINVAL;
	(void)len;
	if (!n->tid) {
		lock_acquire(&p->lock);
		str_copy(p->name, s, sizeof(p->name));
		lock_release(&p->lock);
		return 0;
	}
	lock_acquire(&proc_tree_lock);
	t = thread_locked(p, n->tid);
	if (t)
		thread_set_name(p, t, s);
	lock_release(&proc_tree_lock);
	return t ? 0 : -ESRCH;
}

static int cmdline_text(struct proc_text *t, struct proc_node *n)
{
	struct mm *mm = proc_mm_get(n->proc);

	if (!mm)
		return 0; /* a zombie has none */
	if (mm->cmdline)
		text_bytes(t, mm->cmdline, mm->cmdline_len);
	mm_put(mm);
	return 0;
}

static int environ_text(struct proc_text *t, struct proc_node *n)
{
	struct mm *mm = proc_mm_get(n->proc);

	if (!mm)
		return 0;
	if (mm->environ_copy)
		text_bytes(t, mm->environ_copy, mm->environ_len);
	mm_put(mm);
	return 0;
}

static int wchan_text(struct proc_text *t, struct proc_node *n)
{
	struct snapshot s;

	take_snapshot(n, &s);
	text_add(t, "%s", s.wchan ? s.wchan : "0");
	return 0;
}

/* ---- links to places ---- */

enum place { PLACE_CWD, PLACE_ROOT };

static int fs_place(struct proc *p, enum place place, struct path *out)
{
	struct fsctx *fs;
	int err = proc_private_check(p);

	if (err)
		return err;
	lock_acquire(&p->lock);
	fs = p->fs;
	if (fs)
		ref_get(&fs->refs);
	lock_release(&p->lock);
	if (!fs)
		return -ENOENT;
	lock_acquire(&fs->lock);
	*out = place == PLACE_CWD ? fs->cwd : fs->root;
	path_get(out);
	lock_release(&fs->lock);
	fsctx_put(fs);
	return 0;
}

static int cwd_jump(struct inode *inode, struct path *out)
{
	return fs_place(proc_node(inode)->proc, PLACE_CWD, out);
}

static int root_jump(struct inode *inode, struct path *out)
{
	return fs_place(proc_node(inode)->proc, PLACE_ROOT, out);
}

static int exe_jump(struct inode *inode, struct path *out)
{
	struct proc *p = proc_node(inode)->proc;
	struct file *exe;
	int err = proc_private_check(p);

	if (err)
		return err;
	lock_acquire(&p->lock);
	exe = p->exe;
	if (exe)
		file_get(exe);
	lock_release(&p->lock);
	if (!exe)
		return -ENOENT;
	if (exe->path.dentry) {
		*out = exe->path;
		path_get(out);
	} else {
		err = -ENOENT;
	}
	file_put(exe);
	return err;
}

static const struct inode_ops cwd_ops = {.jump = cwd_jump};
static const struct inode_ops root_ops = {.jump = root_jump};
static const struct inode_ops exe_ops = {.jump = exe_jump};

/* clang-format off */
#define PID_ENTRIES                                                                                \
	PROC_FILE("stat", 0444, stat_text),                                                        \
	PROC_FILE("statm", 0444, proc_statm_text),                                                 \
	PROC_FILE("status", 0444, status_text),                                                    \
	PROC_STORE("comm", 0644, comm_text, comm_store),                                           \
	PROC_FILE("cmdline", 0444, cmdline_text),                                                  \
	PROC_PRIVATE("environ", 0400, environ_text),                                               \
	PROC_PRIVATE("maps", 0444, proc_maps_text),                                                \
	PROC_PRIVATE("smaps", 0444, proc_smaps_text),                                              \
	PROC_PRIVATE("smaps_rollup", 0444, proc_smaps_rollup_text),                                \
	PROC_FILE("limits", 0444, proc_limits_text),                                               \
	PROC_PRIVATE("io", 0400, proc_io_text),                                                    \
	PROC_FILE("wchan", 0444, wchan_text),                                                      \
	PROC_PRIVATE("syscall", 0400, proc_syscall_text),                                          \
	PROC_PRIVATE("personality", 0400, proc_personality_text),                                  \
	PROC_FILE("schedstat", 0444, proc_schedstat_text),                                         \
	PROC_FILE("mounts", 0444, proc_mounts_text),                                               \
	PROC_FILE("mountinfo", 0444, proc_mountinfo_text),                                         \
	PROC_FILE("oom_score", 0444, proc_oom_score_text),                                         \
	PROC_STORE("oom_score_adj", 0644, proc_oom_adj_text, proc_oom_adj_store),                  \
	PROC_STORE("loginuid", 0644, proc_loginuid_text, proc_loginuid_store),                     \
	PROC_FILE("sessionid", 0444, proc_sessionid_text),                                         \
	PROC_FILE("cgroup", 0444, proc_cgroup_text),                                               \
	PROC_FILE("uid_map", 0444, proc_id_map_text),                                              \
	PROC_FILE("gid_map", 0444, proc_id_map_text),                                              \
	PROC_FILE("setgroups", 0444, proc_setgroups_text),                                         \
	{.name = "net", .mode = S_IFDIR | 0555, .entries = proc_net_entries,                       \
		.count = PROC_NET_COUNT},                                                          \
	{.name = "cwd", .mode = S_IFLNK | 0777, .ops = &cwd_ops},                                  \
	{.name = "root", .mode = S_IFLNK | 0777, .ops = &root_ops},                                \
	{.name = "exe", .mode = S_IFLNK | 0777, .ops = &exe_ops},                                  \
	{.name = "fd", .mode = S_IFDIR | 0500, .ops = &proc_fd_dir_ops,                            \
		.fops = &proc_fd_dir_fops, .private = true},                                       \
	{.name = "fdinfo", .mode = S_IFDIR | 0500, .ops = &proc_fdinfo_dir_ops,                    \
		.fops = &proc_fd_dir_fops, .private = true}
/* clang-format on */

static const struct proc_entry task_entries[] = {
	PID_ENTRIES, PROC_FILE("children", 0444, proc_children_text)};
static const struct proc_entry task_entry = PROC_DIR("task", task_entries);

/* ---- task/ ---- */

/* The lowest thread id above `after`, 0: none. */
static uint32_t next_tid(struct proc *p, uint32_t after)
{
	struct thread *t;
	uint32_t best = 0;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(t, &p->threads, link) {
		if (t->tid > after && (!best || t->tid < best))
			best = t->tid;
	}
	lock_release(&proc_tree_lock);
	/* A zombie still has its leader. */
	return !best && list_empty(&p->threads) && p->pid > after ? p->pid : best;
}

static int task_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct proc_node *n = proc_node(dir);
	uint32_t tid;

	if (!proc_number(name, len, &tid) || tid == 0 || next_tid(n->proc, tid - 1) != tid)
		return -ENOENT;
	*out = proc_inode(dir->super, &task_entry, PROC_INO(tid, 1), n->proc, tid, 0);
	return IS_ERR(*out) ? PTR_ERR(*out) : 0;
}

static int task_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct proc_node *n = proc_node(file->inode);
	uint32_t tid;

	if (!dir_emit_dots(file, pos, emit))
		return 0;
	if (*pos < PROC_DYNAMIC)
		*pos = PROC_DYNAMIC;
	while ((tid = next_tid(n->proc, (uint32_t)(*pos - PROC_DYNAMIC))) != 0) {
		char name[12];
		int len = kformat(name, sizeof(name), "%u", tid);

		if (!emit->entry(emit, name, (size_t)len, PROC_INO(tid, 1), DT_DIR,
			    (uint64_t)PROC_DYNAMIC + tid))
			break;
		*pos = (uint64_t)PROC_DYNAMIC + tid;
	}
	return 0;
}

static const struct inode_ops task_dir_ops = {.lookup = task_lookup};
static const struct file_ops task_dir_fops = {.readdir = task_readdir};

static const struct proc_entry pid_entries[] = {
	PID_ENTRIES,
	{.name = "task", .mode = S_IFDIR | 0555, .ops = &task_dir_ops, .fops = &task_dir_fops},
};
const struct proc_entry proc_pid_entry = PROC_DIR("pid", pid_entries);

/*
 * procfs_mem.c - /proc/<pid>/{maps,smaps,smaps_rollup,statm}, /proc/meminfo: who uses what memory.
 * Spec: proc(5) of Linux. An engine does not say which pages of a memory exist: what is mapped in U
 * counts as resident, but for the first stack, of which most is never touched.
 * Locks: mm.lock for one range at a time, so that names are made without it.
 */
#include "fs/procfs.h"
#include "fs/chunkcache.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/shared.h"

/* The process's memory, referenced; NULL: it has ended. */
struct mm *proc_mm_get(struct proc *p)
{
	struct mm *mm;

	lock_acquire(&p->lock);
	mm = p->mm;
	if (mm)
		mm_get(mm);
	lock_release(&p->lock);
	return mm;
}

/* A copy of a range, its file referenced. */
struct range {
	uint32_t start, end, prot;
	uint64_t offset;
	struct file *file;
	uint8_t kind;
	bool shared, in_s;
};

/* The first range that ends above `from`. False: there is none. */
static bool next_range(struct mm *mm, uint32_t from, struct range *r)
{
	struct vma *v;
	bool found = false;

	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->end <= from)
			continue;
		*r = (struct range){.start = v->start,
			.end = v->end,
			.prot = v->prot,
			.offset = v->offset,
			.file = v->file,
			.kind = v->kind,
			.shared = (v->flags & MAP_TYPE) == MAP_SHARED,
			.in_s = v->shared != NULL};
		if (r->file)
			file_get(r->file);
		found = true;
		break;
	}
	lock_release(&mm->lock);
	return found;
}

static uint64_t range_resident(const struct range *r)
{
	return r->kind == VMA_STACK ? 0 : r->end - r->start;
}

/* ---- maps ---- */

static void text_path(struct proc_text *t, const struct file *f)
{
	int n;

	if (!f->path.dentry) {
		text_add(t, "%s", f->anon_name ? f->anon_name : "anon_inode:");
		return;
	}
	if (!text_reserve(t, PATH_MAX))
		return;
	n = path_text(&f->path, t->buf + t->len, PATH_MAX);
	if (n > 0)
		t->len += (size_t)n;
}

static void maps_line(struct proc_text *t, const struct mm *mm, const struct range *r)
{
	static const char *const names[] = {"", "[stack]", "", "[heap]"};
	const char *name = r->kind == VMA_DATA && mm->exe ? mm->exe : names[r->kind];
	struct inode *inode = r->file ? r->file->inode : NULL;
	size_t from = t->len;

	text_add(t, "%08x-%08x %c%c%c%c %08llx %02x:%02x %llu ", r->start, r->end,
		r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-',
		r->prot & PROT_EXEC ? 'x' : '-', r->shared ? 's' : 'p',
		(unsigned long long)r->offset, inode ? MAJOR(inode->super->dev) : 0,
		inode ? MINOR(inode->super->dev) : 0, (unsigned long long)(inode ? inode->ino : 0));
	if (r->file || *name) {
		while (!t->err && t->len - from < 49)
			text_add(t, " ");
		if (r->file)
			text_path(t, r->file);
		else
			text_add(t, "%s", name);
	}
	text_add(t, "\n");
}

static int each_range(struct proc_text *t, struct proc_node *n,
	void (*f)(struct proc_text *t, const struct mm *mm, const struct range *r, void *arg),
	void *arg)
{
	struct mm *mm = proc_mm_get(n->proc);
	uint32_t from = 0;
	struct range r;

	if (!mm)
		return 0;
	while (!t->err && next_range(mm, from, &r)) {
		f(t, mm, &r, arg);
		from = r.end;
		if (r.file)
			file_put(r.file);
	}
	mm_put(mm);
	return 0;
}

static void one_map(struct proc_text *t, const struct mm *mm, const struct range *r, void *arg)
{
	(void)arg;
	maps_line(t, mm, r);
}

int proc_maps_text(struct proc_text *t, struct proc_node *n)
{
	return each_range(t, n, one_map, NULL);
}

/* ---- smaps ---- */

struct sums {
	uint64_t size, resident, shared, anonymous, data, stack; /* bytes */
	uint32_t start, end;
};

static void add_range(struct sums *s, const struct range *r)
{
	uint64_t size = r->end - r->start, resident = range_resident(r);

	if (!s->size)
		s->start = r->start;
	s->end = r->end;
	s->size += size;
	s->resident += resident;
	if (r->in_s)
		s->shared += resident;
	else if (!r->file)
		s->anonymous += resident;
	if (r->kind == VMA_STACK)
		s->stack += size;
	else if (!r->shared && r->prot & PROT_WRITE)
		s->data += size;
}

static void text_kb(struct proc_text *t, const char *name, uint64_t bytes)
{
	text_add(t, "%s", name);
	for (size_t n = strlen(name); n < 16; n++)
		text_add(t, " ");
	text_add(t, "%8llu kB\n", (unsigned long long)(bytes >> 10));
}

/* How much of S only this process has is not counted: all of it is told as shared. */
static void text_sums(struct proc_text *t, const struct sums *s)
{
	uint64_t own = s->resident - s->shared;

	text_kb(t, "Rss:", s->resident);
	text_kb(t, "Pss:", s->resident);
	text_kb(t, "Pss_Dirty:", s->resident);
	text_kb(t, "Shared_Clean:", 0);
	text_kb(t, "Shared_Dirty:", s->shared);
	text_kb(t, "Private_Clean:", 0);
	text_kb(t, "Private_Dirty:", own);
	text_kb(t, "Referenced:", s->resident);
	text_kb(t, "Anonymous:", s->anonymous);
	text_kb(t, "KSM:", 0);
	text_kb(t, "LazyFree:", 0);
	text_kb(t, "AnonHugePages:", 0);
	text_kb(t, "ShmemPmdMapped:", 0);
	text_kb(t, "FilePmdMapped:", 0);
	text_kb(t, "Shared_Hugetlb:", 0);
	text_kb(t, "Private_Hugetlb:", 0);
	text_kb(t, "Swap:", 0);
	text_kb(t, "SwapPss:", 0);
	text_kb(t, "Locked:", 0);
}

static void one_smap(struct proc_text *t, const struct mm *mm, const struct range *r, void *arg)
{
	struct sums s = {0};

	(void)arg;
	add_range(&s, r);
	maps_line(t, mm, r);
	text_kb(t, "Size:", s.size);
	text_kb(t, "KernelPageSize:", PAGE_SIZE);
	text_kb(t, "MMUPageSize:", PAGE_SIZE);
	text_sums(t, &s);
	text_add(t, "THPeligible:           0\nVmFlags:%s%s%s%s mr mw me%s%s\n",
		r->prot & PROT_READ ? " rd" : "", r->prot & PROT_WRITE ? " wr" : "",
		r->prot & PROT_EXEC ? " ex" : "", r->shared ? " sh" : "", r->shared ? " ms" : "",
		r->kind == VMA_STACK ? " gd" : "");
}

int proc_smaps_text(struct proc_text *t, struct proc_node *n)
{
	return each_range(t, n, one_smap, NULL);
}

static void sum_range(struct proc_text *t, const struct mm *mm, const struct range *r, void *arg)
{
	(void)t, (void)mm;
	add_range(arg, r);
}

int proc_smaps_rollup_text(struct proc_text *t, struct proc_node *n)
{
	struct sums s = {0};

	(void)each_range(t, n, sum_range, &s);
	if (!s.size)
		return -ESRCH; /* as of a zombie */
	text_add(t, "%08x-%08x ---p 00000000 00:00 0              [rollup]\n", s.start, s.end);
	text_sums(t, &s);
	return 0;
}

/* ---- statm, the lines of status ---- */

int proc_statm_text(struct proc_text *t, struct proc_node *n)
{
	struct sums s = {0};

	(void)each_range(t, n, sum_range, &s);
	text_add(t, "%llu %llu %llu 0 0 %llu 0\n", (unsigned long long)(s.size >> PAGE_SHIFT),
		(unsigned long long)(s.resident >> PAGE_SHIFT),
		(unsigned long long)((s.resident - s.anonymous) >> PAGE_SHIFT),
		(unsigned long long)((s.data + s.stack) >> PAGE_SHIFT));
	return 0;
}

void proc_status_memory(struct proc_text *t, struct proc_node *n)
{
	struct sums s = {0};

	(void)each_range(t, n, sum_range, &s);
	if (!s.size)
		return; /* ended */
	/* What it was at most is not kept: the memory of a process never shrinks much. */
	text_add(t, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\n",
		(unsigned long long)(s.size >> 10), (unsigned long long)(s.size >> 10), 0, 0);
	text_add(t, "VmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\nRssFile:\t%8llu kB\n",
		(unsigned long long)(s.resident >> 10), (unsigned long long)(s.resident >> 10),
		(unsigned long long)(s.anonymous >> 10),
		(unsigned long long)((s.resident - s.anonymous - s.shared) >> 10));
	text_add(t, "RssShmem:\t%8llu kB\nVmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8u kB\n",
		(unsigned long long)(s.shared >> 10), (unsigned long long)(s.data >> 10),
		(unsigned long long)(s.stack >> 10), 0);
	text_add(t, "VmLib:\t%8u kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\n", 0, 0, 0);
}

/* ---- the machine's ---- */

void proc_machine_memory(struct machine_memory *m)
{
	struct chunk_stats chunks;
	struct alloc_stats a;
	uint32_t pid = 0;
	struct proc *p;
	uint64_t size;

	alloc_stats(&a);
	chunk_stats(&chunks);
	shared_usage(&m->shared, &size);
	m->kernel = a.used_bytes;
	m->cached = MIN((uint64_t)chunks.chunks << CHUNK_SHIFT, m->kernel);
	m->user = 0;
	while ((p = proc_next(pid)) != NULL) {
		struct mm *mm = proc_mm_get(p);
		struct range r;

		pid = p->pid;
		for (uint32_t from = 0; mm && next_range(mm, from, &r); from = r.end) {
			m->user += r.in_s ? 0 : range_resident(&r);
			if (r.file)
				file_put(r.file);
		}
		if (mm)
			mm_put(mm);
		proc_put(p);
	}
	/* K's limit stands for the machine's: no engine tells how much a tab may have. */
	m->used = m->kernel + m->user + size;
	m->total = MAX(a.limit_bytes, m->used);
}

int proc_meminfo_text(struct proc_text *t, struct proc_node *n)
{
	struct machine_memory m;

	(void)n;
	proc_machine_memory(&m);
	text_kb(t, "MemTotal:", m.total);
	text_kb(t, "MemFree:", m.total - m.used);
	text_kb(t, "MemAvailable:", m.total - m.used + m.cached);
	text_kb(t, "Buffers:", 0);
	text_kb(t, "Cached:", m.cached + m.shared);
	text_kb(t, "SwapCached:", 0);
	text_kb(t, "Active:", m.user + m.shared);
	text_kb(t, "Inactive:", m.cached);
	text_kb(t, "Active(anon):", m.user + m.shared);
	text_kb(t, "Inactive(anon):", 0);
	text_kb(t, "Active(file):", 0);
	text_kb(t, "Inactive(file):", m.cached);
	text_kb(t, "Unevictable:", 0);
	text_kb(t, "Mlocked:", 0);
	text_kb(t, "SwapTotal:", 0);
	text_kb(t, "SwapFree:", 0);
	text_kb(t, "Dirty:", 0);
	text_kb(t, "Writeback:", 0);
	text_kb(t, "AnonPages:", m.user);
	text_kb(t, "Mapped:", m.shared);
	text_kb(t, "Shmem:", m.shared);
	text_kb(t, "KReclaimable:", 0);
	text_kb(t, "Slab:", m.kernel - m.cached);
	text_kb(t, "SReclaimable:", 0);
	text_kb(t, "SUnreclaim:", m.kernel - m.cached);
	text_kb(t, "KernelStack:", 0);
	text_kb(t, "PageTables:", 0);
	text_kb(t, "CommitLimit:", m.total);
	text_kb(t, "Committed_AS:", m.used);
	return 0;
}

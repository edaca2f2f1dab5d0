/*
 * plainmap.c - shared file mappings of plain programs: who may have one, and writing back.
 * Locks: plain_lock (RANK_SHARED) for who maps an inode; mm.lock for ranges and sums.
 */
#include "mm/plainmap.h"
#include "mm/internal.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "arch/arch.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

static struct lock plain_lock = LOCK_INIT(RANK_SHARED);

int plainmap_new(
	struct mm *mm, struct inode *inode, uint32_t start, uint32_t len, struct plainmap **out)
{
	struct plainmap *p = kzalloc(sizeof(*p) + (len >> PAGE_SHIFT) * sizeof(p->sums[0]));
	bool mine;

	if (!p)
		return -ENOMEM;
	lock_acquire(&plain_lock);
	mine = !inode->plain_mm || inode->plain_mm == mm;
	if (mine) {
		inode->plain_mm = mm;
		inode->plain_count++;
	}
	lock_release(&plain_lock);
	if (!mine) {
		kfree(p);
		klog(KLOG_WARN,
			"mm: pid %u: another process maps the file, too: sharing needs -mshm",
			proc_self()->pid);
		return -ENODEV;
	}
	ref_init(&p->refs, 1);
	inode_get(inode);
	p->inode = inode;
	p->start = start;
	*out = p;
	return 0;
}

void plainmap_get(struct plainmap *p)
{
	ref_get(&p->refs);
}

void plainmap_put(struct plainmap *p)
{
	struct inode *inode = p->inode;

	if (!ref_put(&p->refs))
		return;
	lock_acquire(&plain_lock);
	if (--inode->plain_count == 0)
		inode->plain_mm = NULL;
	lock_release(&plain_lock);
	inode_put(inode);
	kfree(p);
}

bool plainmap_of(struct inode *inode)
{
	bool r;

	lock_acquire(&plain_lock);
	r = inode->plain_count > 0;
	lock_release(&plain_lock);
	return r;
}

/* 64 bits over one page of the calling process's U: FNV-1a by words, enough to see a change. */
static uint64_t page_sum(uint32_t at)
{
	uint64_t sum = 0xcbf29ce484222325ull, words[32];

	for (uint32_t done = 0; done < PAGE_SIZE; done += sizeof(words)) {
		arch_copyin(words, at + done, sizeof(words));
		for (uint32_t i = 0; i < ARRAY_LEN(words); i++) {
			sum = (sum ^ words[i]) * 0x100000001b3ull;
			sum ^= sum >> 29;
		}
	}
	return sum;
}

void plainmap_note_locked(struct plainmap *p, uint32_t start, uint32_t end)
{
	for (; start < end; start += PAGE_SIZE)
		p->sums[(start - p->start) >> PAGE_SHIFT] = page_sum(start);
}

/* A run of changed pages, and where it goes. file is referenced; NULL: there is none. */
struct changed {
	struct file *file;
	uint32_t start, end;
	uint64_t offset;
};

#define RUN_MAX 64u /* pages written in one go */

/* The first run of changed pages of v in [start, end); their sums are brought up to date. */
static bool find_run_locked(struct vma *v, uint32_t start, uint32_t end, struct changed *c)
{
	struct plainmap *p = v->plain;

	c->file = NULL;
	for (uint32_t at = MAX(start, v->start); at < MIN(end, v->end); at += PAGE_SIZE) {
		uint64_t *was = &p->sums[(at - p->start) >> PAGE_SHIFT], now = page_sum(at);
		bool differs = *was != now;

		if (c->file && (!differs || at - c->start == RUN_MAX * PAGE_SIZE))
			break;
		if (!differs)
			continue;
		if (!c->file) {
			c->file = v->file;
			c->start = at;
			c->offset = v->offset + (at - v->start);
		}
		c->end = at + PAGE_SIZE;
		*was = now;
	}
	if (c->file)
		file_get(c->file);
	return c->file != NULL;
}

static bool next_run(struct mm *mm, uint32_t start, uint32_t end, struct changed *c)
{
	struct vma *v;
	bool found = false;

	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->start >= end || found)
			break;
		if (v->plain && v->end > start)
			found = find_run_locked(v, start, end, c);
	}
	lock_release(&mm->lock);
	return found;
}

/* Bytes past the file's end are not the file's. */
static int write_run(struct changed *c)
{
	struct iobuf b;
	struct kstat st;
	struct file *file = c->file, *other = NULL;
	uint64_t pos = c->offset;
	size_t len = c->end - c->start;
	int err;

	inode_stat(file->inode, &st);
	if (pos >= st.size)
		return 0;
	err = iob_init_user(&b, c->start, (size_t)MIN((uint64_t)len, st.size - pos), false);
	if (!err && (atomic_load(&file->flags) & O_APPEND)) { /* it would write at the end */
		err = file_open_path(&file->path, O_WRONLY, &other);
		file = other;
	}
	while (!err && b.left > 0) {
		ssize_t n = file->ops->write(file, &b, &pos);

		err = n < 0 ? (int)n : n == 0 ? -EIO : 0;
	}
	if (other)
		file_put(other);
	return err;
}

int plainmap_write_back(struct mm *mm, uint32_t start, uint32_t end)
{
	struct changed c;
	int result = 0;

	while (next_run(mm, start, end, &c)) {
		int err = write_run(&c);

		file_put(c.file);
		start = MAX(start, c.end);
		if (!result)
			result = err;
	}
	return result;
}

/*
 * tmpfs_dir.c - tmpfs: names in directories.
 * Locks: the directory's inode.lock around each call.
 */
#include "fs/tmpfs.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define BUCKETS_MIN 8u

static struct tmpfs_entry *dir_find(struct tmpfs_dir *dir, const char *name, size_t len)
{
	uint32_t hash = str_hash(name, len);
	struct tmpfs_entry *e;

	if (dir->count == 0)
		return NULL;
	for (e = dir->buckets[hash & (dir->nbuckets - 1)]; e; e = e->hash_next)
		if (e->hash == hash && e->len == len && memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

static int dir_grow(struct tmpfs_dir *dir)
{
	uint32_t n = dir->nbuckets ? dir->nbuckets * 2 : BUCKETS_MIN;
	struct tmpfs_entry **buckets, *e;

	if (dir->count < dir->nbuckets)
		return 0;
	buckets = kzalloc(n * sizeof(*buckets));
	if (!buckets)
		return dir->nbuckets ? 0 : -ENOSPC; /* a slow directory is better than none */
	LIST_FOR_EACH(e, &dir->entries, link) {
		e->hash_next = buckets[e->hash & (n - 1)];
		buckets[e->hash & (n - 1)] = e;
	}
	kfree(dir->buckets);
	dir->buckets = buckets;
	dir->nbuckets = n;
	return 0;
}

/* An entry and room for it in dir, not yet in it: what can fail. NULL: -ENOSPC. */
static struct tmpfs_entry *entry_new(struct tmpfs_dir *dir, const char *name, size_t len)
{
	struct tmpfs_entry *e = kmalloc(sizeof(*e) + len);

	if (!e)
		return NULL;
	if (dir_grow(dir)) {
		kfree(e);
		return NULL;
	}
	e->len = (uint16_t)len;
	e->hash = str_hash(name, len);
	memcpy(e->name, name, len);
	return e;
}

static void touch_dir(struct inode *dir)
{
	dir->mtime = dir->ctime = ktime_now();
}

/* Takes over a reference to inode. */
static void entry_add(struct inode *dirnode, struct tmpfs_entry *e, struct inode *inode)
{
	struct tmpfs_dir *dir = &tmpfs_i(dirnode)->dir;
	struct tmpfs_entry **bucket = &dir->buckets[e->hash & (dir->nbuckets - 1)];

	e->inode = inode;
	e->cookie = dir->next_cookie++;
	e->hash_next = *bucket;
	*bucket = e;
	list_add_tail(&dir->entries, &e->link);
	dir->count++;
	dirnode->size = dir->count;
	touch_dir(dirnode);
}

/* The reference to its inode becomes the caller's. */
static struct inode *entry_remove(struct inode *dirnode, struct tmpfs_entry *e)
{
	struct tmpfs_dir *dir = &tmpfs_i(dirnode)->dir;
	struct tmpfs_entry **at = &dir->buckets[e->hash & (dir->nbuckets - 1)];
	struct inode *inode = e->inode;

	while (*at != e)
		at = &(*at)->hash_next;
	*at = e->hash_next;
	if (dir->cursor == e)
		dir->cursor = e->link.next == &dir->entries
				      ? NULL
				      : LIST_ENTRY(e->link.next, struct tmpfs_entry, link);
	list_del(&e->link);
	dir->count--;
	dirnode->size = dir->count;
	touch_dir(dirnode);
	kfree(e);
	if (dir->count == 0) {
		kfree(dir->buckets);
		dir->buckets = NULL;
		dir->nbuckets = 0;
	}
	return inode;
}

static uint8_t dirent_type(uint32_t mode)
{
	return (uint8_t)((mode & S_IFMT) >> 12);
}

/* The first entry with a cookie of at least pos. */
static struct list *dir_seek(struct tmpfs_dir *dir, uint64_t pos)
{
	struct list *at = dir->entries.next;

	if (dir->cursor && dir->cursor->cookie <= pos)
		at = &dir->cursor->link;
	while (at != &dir->entries && LIST_ENTRY(at, struct tmpfs_entry, link)->cookie < pos)
		at = at->next;
	return at;
}

static int tmpfs_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct tmpfs_dir *dir = &tmpfs_i(file->inode)->dir;
	struct list *at;

	if (!dir_emit_dots(file, pos, emit))
		return 0;
	for (at = dir_seek(dir, *pos); at != &dir->entries; at = at->next) {
		struct tmpfs_entry *e = LIST_ENTRY(at, struct tmpfs_entry, link);

		dir->cursor = e;
		if (!emit->entry(emit, e->name, e->len, e->inode->ino, dirent_type(e->inode->mode),
			    e->cookie + 1))
			break;
		*pos = e->cookie + 1;
	}
	file_accessed_locked(file);
	return 0;
}

const struct file_ops tmpfs_dir_fops = {.readdir = tmpfs_readdir};

/* ---- names ---- */

int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e)
		return -ENOENT;
	inode_get(e->inode);
	*out = e->inode;
	return 0;
}

/* Name a new inode, whose reference goes to the entry; *out has another. */
static int add_new(
	struct inode *dir, const char *name, size_t len, struct tmpfs_inode *ti, struct inode **out)
{
	struct tmpfs_entry *e;

	if (dir_find(&tmpfs_i(dir)->dir, name, len)) {
		inode_put(&ti->inode);
		return -EEXIST;
	}
	e = entry_new(&tmpfs_i(dir)->dir, name, len);
	if (!e) {
		inode_put(&ti->inode);
		return -ENOSPC;
	}
	inode_get(&ti->inode);
	*out = &ti->inode;
	entry_add(dir, e, &ti->inode);
	if (S_ISDIR(ti->inode.mode))
		dir->nlink++;
	return 0;
}

int tmpfs_create(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	uint32_t uid, uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = tmpfs_inode_new(dir->super, mode, uid, gid);

	if (!ti)
		return -ENOSPC;
	ti->inode.rdev = rdev;
	return add_new(dir, name, len, ti, out);
}

int tmpfs_symlink(struct inode *dir, const char *name, size_t len, const char *target, uint32_t uid,
	uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = tmpfs_inode_new(dir->super, S_IFLNK | 0777, uid, gid);
	size_t n = strlen(target);

	if (!ti)
		return -ENOSPC;
	ti->target = kstrdup(target, n);
	if (!ti->target) {
		inode_put(&ti->inode);
		return -ENOSPC;
	}
	ti->inode.size = n;
	return add_new(dir, name, len, ti, out);
}

int tmpfs_tmpfile(struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = tmpfs_inode_new(dir->super, mode, uid, gid);

	if (!ti)
		return -ENOSPC;
	ti->inode.nlink = 0;
	*out = &ti->inode;
	return 0;
}

static void change_nlink(struct inode *inode, int step)
{
	lock_acquire(&inode->lock);
	inode->nlink += (uint32_t)step;
	inode->ctime = ktime_now();
	lock_release(&inode->lock);
}

int tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *target)
{
	struct tmpfs_entry *e;

	if (dir_find(&tmpfs_i(dir)->dir, name, len))
		return -EEXIST;
	e = entry_new(&tmpfs_i(dir)->dir, name, len);
	if (!e)
		return -ENOSPC;
	inode_get(target);
	entry_add(dir, e, target);
	change_nlink(target, 1);
	return 0;
}

int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e || e->inode != victim)
		return -ENOENT;
	change_nlink(victim, -1);
	inode_put(entry_remove(dir, e));
	return 0;
}

/* victim->lock is held, too. */
int tmpfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e || e->inode != victim)
		return -ENOENT;
	if (tmpfs_i(victim)->dir.count > 0)
		return -ENOTEMPTY;
	victim->nlink = 0;
	victim->ctime = ktime_now();
	dir->nlink--;
	inode_put(entry_remove(dir, e)); /* the caller has another reference */
	return 0;
}

/* Two names change what they stand for. */
static void exchange(
	struct inode *olddir, struct tmpfs_entry *a, struct inode *newdir, struct tmpfs_entry *b)
{
	struct inode *moved = a->inode;
	int dirs = (int)S_ISDIR(b->inode->mode) - (int)S_ISDIR(moved->mode);

	a->inode = b->inode;
	b->inode = moved;
	olddir->nlink += (uint32_t)dirs;
	newdir->nlink -= (uint32_t)dirs;
	touch_dir(olddir);
	touch_dir(newdir);
}

/* What is in the way goes. A directory is locked and was found empty. */
static void remove_victim(struct inode *dir, struct tmpfs_entry *e)
{
	struct inode *victim = e->inode;

	if (S_ISDIR(victim->mode)) {
		victim->nlink = 0;
		dir->nlink--;
	} else {
		change_nlink(victim, -1);
	}
	inode_put(entry_remove(dir, e)); /* the caller has another reference */
}

/* What an overlay leaves where a name of a lower layer was: device 0, 0. NULL: no memory. */
static struct inode *whiteout_new(struct super *super)
{
	struct tmpfs_inode *ti = tmpfs_inode_new(super, S_IFCHR, 0, 0);

	return ti ? &ti->inode : NULL;
}

int tmpfs_rename(struct inode *olddir, const char *oldname, size_t oldlen, struct inode *newdir,
	const char *newname, size_t newlen, struct inode *moved, struct inode *victim,
	uint32_t flags)
{
	struct inode *whiteout = NULL;
	struct tmpfs_entry *from = dir_find(&tmpfs_i(olddir)->dir, oldname, oldlen);
	struct tmpfs_entry *to = dir_find(&tmpfs_i(newdir)->dir, newname, newlen), *e;

	if (!from || from->inode != moved || (to ? to->inode : NULL) != victim)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE) {
		exchange(olddir, from, newdir, to);
		return 0;
	}
	if (to && S_ISDIR(victim->mode) && tmpfs_i(victim)->dir.count > 0)
		return -ENOTEMPTY;
	if (flags & RENAME_WHITEOUT) {
		whiteout = whiteout_new(olddir->super);
		if (!whiteout)
			return -ENOSPC;
	}
	e = entry_new(&tmpfs_i(newdir)->dir, newname, newlen);
	if (!e) {
		inode_put(whiteout);
		return -ENOSPC;
	}
	/* First in, then out: an emptied directory gives up its hash. */
	entry_add(newdir, e, moved);
	if (whiteout)
		from->inode = whiteout;
	else
		(void)entry_remove(olddir, from); /* its reference is the new entry's now */
	if (to)
		remove_victim(newdir, to);
	if (S_ISDIR(moved->mode)) {
		olddir->nlink--;
		newdir->nlink++;
	}
	return 0;
}

void tmpfs_dir_free(struct tmpfs_dir *dir, struct list *orphans)
{
	struct tmpfs_entry *e, *next;

	LIST_FOR_EACH_SAFE(e, next, &dir->entries, link) {
		if (ref_put(&e->inode->refs))
			list_add_tail(orphans, &e->inode->cache_link);
		kfree(e);
	}
	kfree(dir->buckets);
}

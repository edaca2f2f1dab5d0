/*
 * overlay_dir.c - listing merged directories.
 * A descriptor lists what was there when it was at the start (opendir, rewinddir): layers are
 * gathered top down, the first to have a name wins, whiteouts hide what is below. A cookie is a
 * place in that list, so it stays good until the next rewind.
 * Locks: the directory's lock is the caller's; each real directory's is taken while it is read.
 */
#include "fs/overlay.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define DOTS 2u /* "." and ".." are not in the list */
#define NAME_BUCKETS 256u

struct entry {
	struct entry *next; /* in its bucket */
	uint64_t ino;
	uint8_t type;
	bool upper;
	bool hidden; /* a whiteout */
	uint16_t len;
	char name[];
};

struct listing {
	uint32_t count, room;
	struct entry **entries;
	struct entry *buckets[NAME_BUCKETS];
};

static void listing_free(struct listing *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->count; i++)
		kfree(l->entries[i]);
	kfree(l->entries);
	kfree(l);
}

static struct entry *listing_find(struct listing *l, const char *name, size_t len)
{
	struct entry *e = l->buckets[str_hash(name, len) % NAME_BUCKETS];

	while (e && (e->len != len || memcmp(e->name, name, len) != 0))
		e = e->next;
	return e;
}

static int listing_grow(struct listing *l)
{
	uint32_t room = l->room ? l->room * 2 : 32;
	struct entry **entries = kmalloc(room * sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	if (l->count)
		memcpy(entries, l->entries, l->count * sizeof(*entries));
	kfree(l->entries);
	l->entries = entries;
	l->room = room;
	return 0;
}

static int listing_add(struct listing *l, const struct entry *like, const char *name, size_t len)
{
	struct entry **bucket = &l->buckets[str_hash(name, len) % NAME_BUCKETS];
	struct entry *e;
	int err = l->count == l->room ? listing_grow(l) : 0;

	if (err)
		return err;
	e = kmalloc(sizeof(*e) + len);
	if (!e)
		return -ENOMEM;
	*e = *like;
	e->len = (uint16_t)len;
	memcpy(e->name, name, len);
	e->next = *bucket;
	*bucket = e;
	l->entries[l->count++] = e;
	return 0;
}

/* ---- gathering ---- */

struct gather {
	struct dir_emit emit; /* must be first */
	struct listing *list;
	struct inode *dir; /* overlay's */
	bool upper;
	uint32_t layer;
	int err;
};

static bool is_dots(const char *name, size_t len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

static bool gather_entry(struct dir_emit *emit, const char *name, size_t len, uint64_t ino,
	uint8_t type, uint64_t next_pos)
{
	struct gather *g = (struct gather *)(void *)emit;
	struct entry e = {.type = type, .upper = g->upper};

	(void)next_pos;
	if (is_dots(name, len) || listing_find(g->list, name, len))
		return true;
	e.ino = g->upper ? ino : ovl_lower_ino(g->layer, ino);
	g->err = listing_add(g->list, &e, name, len);
	return !g->err;
}

/*
 * What the list could not see of entries [from, count): is a device a whiteout, and which number
 * does an upper object show? Not under the directory's lock: reading attributes takes locks of
 * directories in it.
 */
static int settle_entries(struct gather *g, struct inode *real, uint32_t from)
{
	for (uint32_t i = from; i < g->list->count; i++) {
		struct entry *e = g->list->entries[i];
		struct inode *inode;
		int err;

		if (e->type != DT_CHR && !g->upper)
			continue;
		err = ovl_real_lookup(real, e->name, e->len, &inode);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		e->hidden = ovl_is_whiteout(inode);
		if (g->upper && !e->hidden)
			e->ino = ovl_upper_ino(inode);
		inode_put(inode);
	}
	return 0;
}

static int gather_real(struct gather *g, struct inode *real)
{
	uint32_t from = g->list->count;
	struct file *f = ovl_real_open(real, O_RDONLY | O_DIRECTORY, NULL);
	uint64_t pos = 0, before;
	int err = 0;

	if (IS_ERR(f))
		return PTR_ERR(f);
	lock_acquire(&real->lock);
	do {
		before = pos;
		err = f->ops->readdir(f, &pos, &g->emit);
	} while (!err && !g->err && pos != before);
	lock_release(&real->lock);
	ovl_real_close(f);
	if (!err)
		err = g->err;
	return err ? err : settle_entries(g, real, from);
}

static int listing_make(struct inode *dir, struct listing **out)
{
	struct ovl_inode *di = ovl_of(dir);
	struct gather g = {.emit = {.entry = gather_entry}, .dir = dir};
	struct inode *upper = ovl_upper(dir);
	int err = 0;

	g.list = kzalloc(sizeof(*g.list));
	if (!g.list)
		return -ENOMEM;
	if (upper) {
		g.upper = true;
		err = gather_real(&g, upper);
		g.upper = false;
	}
	for (uint32_t i = 0; i < di->nlower && !err; i++) {
		g.layer = di->lower[i].layer;
		err = gather_real(&g, di->lower[i].inode);
	}
	if (err) {
		listing_free(g.list);
		return err;
	}
	*out = g.list;
	return 0;
}

int ovl_check_empty(struct inode *dir)
{
	struct listing *l;
	int err = listing_make(dir, &l);

	if (err)
		return err;
	for (uint32_t i = 0; i < l->count && !err; i++)
		err = l->entries[i]->hidden ? 0 : -ENOTEMPTY;
	listing_free(l);
	return err;
}

/* ---- clearing ---- */

struct clear {
	struct dir_emit emit; /* must be first */
	char name[NAME_MAX + 1];
	size_t len; /* 0: none found */
};

static bool clear_entry(struct dir_emit *emit, const char *name, size_t len, uint64_t ino,
	uint8_t type, uint64_t next_pos)
{
	struct clear *c = (struct clear *)(void *)emit;

	(void)ino, (void)type, (void)next_pos;
	if (is_dots(name, len) || len > NAME_MAX)
		return true;
	memcpy(c->name, name, len);
	c->len = len;
	return false;
}

int ovl_clear_whiteouts_locked(struct inode *upper)
{
	struct file *f = ovl_real_open(upper, O_RDONLY | O_DIRECTORY, NULL);
	int err = 0;

	if (IS_ERR(f))
		return PTR_ERR(f);
	while (!err) {
		struct clear c = {.emit = {.entry = clear_entry}};
		struct inode *inode;
		uint64_t pos = 0;

		err = f->ops->readdir(f, &pos, &c.emit);
		if (err || c.len == 0)
			break;
		err = upper->ops->lookup(upper, c.name, c.len, &inode);
		if (err)
			break;
		err = ovl_is_whiteout(inode) ? upper->ops->unlink(upper, c.name, c.len, inode)
					     : -ENOTEMPTY;
		inode_put(inode);
	}
	ovl_real_close(f);
	return err;
}

/* ---- the open directory ---- */

static int ovl_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct listing *l = file->priv;

	if (*pos == 0 || !l) {
		int err = listing_make(file->inode, &l);

		if (err)
			return err;
		listing_free(file->priv);
		file->priv = l;
	}
	if (!dir_emit_dots(file, pos, emit))
		return 0;
	for (; *pos - DOTS < l->count; ++*pos) {
		struct entry *e = l->entries[*pos - DOTS];

		if (!e->hidden && !emit->entry(emit, e->name, e->len, e->ino, e->type, *pos + 1))
			return 0;
	}
	return 0;
}

static void ovl_dir_release(struct file *file)
{
	listing_free(file->priv);
}

const struct file_ops ovl_dir_fops = {.readdir = ovl_readdir, .release = ovl_dir_release};

/*
 * overlay_diff.c - the upper tree of an overlay as a list of entries.
 * Spec: overlay_diff.h. Whiteouts become deletions, directories that are opaque say so, and what
 * was only copied up on the way to something else is left out.
 * Locks: each real directory's while it is listed or asked for a name, each file's while it is
 * read.
 */
#include "fs/overlay_diff.h"
#include "fs/fs.h"
#include "fs/overlay.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define CBOR_UINT 0u
#define CBOR_BYTES 2u
#define CBOR_MAP 5u
#define CBOR_ARRAY32 0x9au
#define CBOR_BYTES32 0x5au
#define ARRAY_HEAD 5u
#define LINK_BUCKETS 64u

/* The list in the making. Once something failed, nothing more is put in. */
struct sink {
	uint8_t *bytes;
	size_t len, room, limit;
	uint32_t count; /* entries */
	int err;
};

/* A directory that is still to be listed. path has no slash at its end; "" is the root. */
struct todo {
	struct todo *next;
	struct inode *inode; /* referenced */
	size_t len;
	char path[];
};

/* A name of a directory. */
struct name {
	struct name *next;
	size_t len;
	char text[];
};

/* The first path of a file that has several. */
struct first_link {
	struct first_link *next;
	struct inode *inode; /* referenced */
	size_t len;
	char path[];
};

struct diff {
	struct sink sink;
	struct todo *todo;
	struct first_link *links[LINK_BUCKETS];
};

/* ---- writing ---- */

static uint8_t *sink_room(struct sink *s, size_t n)
{
	if (!s->err && s->len + n > s->limit)
		s->err = -EFBIG;
	if (s->err)
		return NULL;
	if (s->room - s->len < n) {
		size_t room = MAX(s->room * 2, s->len + n);
		uint8_t *bytes;

		room = MAX(MIN(room, s->limit), (size_t)4096);
		bytes = kmalloc(room);
		if (!bytes) {
			s->err = -ENOMEM;
			return NULL;
		}
		if (s->len)
			memcpy(bytes, s->bytes, s->len);
		kfree(s->bytes);
		s->bytes = bytes;
		s->room = room;
	}
	return s->bytes + s->len;
}

static void put_bytes(struct sink *s, const void *bytes, size_t n)
{
	uint8_t *to = sink_room(s, n);

	if (to && n)
		memcpy(to, bytes, n);
	if (to)
		s->len += n;
}

static void put_head(struct sink *s, uint32_t major, uint64_t value)
{
	uint32_t width = value < 24	       ? 0
			 : value <= 0xff       ? 1
			 : value <= 0xffff     ? 2
			 : value <= UINT32_MAX ? 4
					       : 8;
	uint32_t info = width == 0   ? (uint32_t)value
			: width == 1 ? 24
			: width == 2 ? 25
			: width == 4 ? 26
				     : 27;
	uint8_t head[9] = {(uint8_t)(major << 5 | info)};

	for (uint32_t i = 0; i < width; i++)
		head[1 + i] = (uint8_t)(value >> 8 * (width - 1 - i));
	put_bytes(s, head, 1 + width);
}

static void put_number(struct sink *s, uint32_t key, uint64_t value)
{
	put_head(s, CBOR_UINT, key);
	put_head(s, CBOR_UINT, value);
}

static void put_string(struct sink *s, uint32_t key, const char *text, size_t len)
{
	put_head(s, CBOR_UINT, key);
	put_head(s, CBOR_BYTES, len);
	put_bytes(s, text, len);
}

static void store32(uint8_t *to, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * (3 - i));
}

/* ---- one entry ---- */

static ssize_t read_into(struct inode *inode, uint8_t *to, size_t n)
{
	struct file *f = ovl_real_open(inode, O_RDONLY, NULL);
	size_t done = 0;
	uint64_t pos = 0;

	if (IS_ERR(f))
		return PTR_ERR(f);
	while (done < n) {
		struct iobuf b;
		ssize_t got;

		iob_init_kernel(&b, to + done, n - done);
		got = f->ops->read(f, &b, &pos);
		if (got < 0) {
			ovl_real_close(f);
			return got;
		}
		if (got == 0)
			break;
		done += (size_t)got;
	}
	ovl_real_close(f);
	return (ssize_t)done;
}

/* Is there room for contents of this size, and for what follows them? */
static bool content_fits(const struct sink *s, uint64_t size)
{
	return size <= s->limit && s->len + size + 64 <= s->limit;
}

/* The file may shrink while it is read. */
static void put_content(struct sink *s, struct inode *inode, uint64_t size)
{
	uint8_t *to;
	ssize_t n;

	put_head(s, CBOR_UINT, OVL_KEY_CONTENT);
	to = sink_room(s, (size_t)size + 5);
	if (!to)
		return;
	n = read_into(inode, to + 5, (size_t)size);
	if (n < 0) {
		s->err = (int)n;
		return;
	}
	to[0] = CBOR_BYTES32;
	store32(to + 1, (uint32_t)n);
	s->len += (size_t)n + 5;
}

static void put_target(struct sink *s, struct inode *inode)
{
	char *target = kmalloc(PATH_MAX);
	ssize_t n;

	if (!target) {
		s->err = s->err ? s->err : -ENOMEM;
		return;
	}
	n = inode->ops->readlink(inode, target, PATH_MAX - 1);
	if (n >= 0)
		put_string(s, OVL_KEY_TARGET, target, (size_t)n);
	else
		s->err = s->err ? s->err : (int)n;
	kfree(target);
}

static uint32_t type_of(struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return OVL_ENTRY_FILE;
	case S_IFDIR:
		return ovl_is_opaque(inode) ? OVL_ENTRY_OPAQUE : OVL_ENTRY_DIRECTORY;
	case S_IFLNK:
		return OVL_ENTRY_SYMLINK;
	case S_IFIFO:
		return OVL_ENTRY_FIFO;
	case S_IFSOCK:
		return OVL_ENTRY_SOCKET;
	default:
		return ovl_is_whiteout(inode) ? OVL_ENTRY_DELETED : OVL_ENTRY_DEVICE;
	}
}

/* A merged directory whose mode and owner are those that it was copied up with says nothing. */
static bool is_unchanged(struct inode *inode, const struct kstat *st)
{
	struct ovl_copied was;
	ssize_t n = -ENODATA;

	if (inode->ops->getxattr) {
		lock_acquire(&inode->lock);
		n = inode->ops->getxattr(inode, OVL_COPIED, &was, sizeof(was));
		lock_release(&inode->lock);
	}
	return n == sizeof(was) && was.mode == (st->mode & 07777) && was.uid == st->uid &&
	       was.gid == st->gid;
}

/* The path under which this file is in the list already; NULL: it is not, and now will be. */
static const struct first_link *find_link(
	struct diff *d, struct inode *inode, const char *path, size_t len)
{
	struct first_link **bucket = &d->links[((uintptr_t)inode >> 6) % LINK_BUCKETS];
	struct first_link *l = *bucket;

	while (l && l->inode != inode)
		l = l->next;
	if (l)
		return l;
	l = kmalloc(sizeof(*l) + len);
	if (!l) {
		d->sink.err = -ENOMEM;
		return NULL;
	}
	inode_get(inode);
	l->inode = inode;
	l->len = len;
	memcpy(l->path, path, len);
	l->next = *bucket;
	*bucket = l;
	return NULL;
}

static void put_entry(struct diff *d, struct inode *inode, const char *path, size_t len)
{
	struct sink *s = &d->sink;
	uint32_t type = type_of(inode);
	const struct first_link *first = NULL;
	struct kstat st;
	bool plain = type == OVL_ENTRY_FILE || type == OVL_ENTRY_SYMLINK, fits;

	inode_stat(inode, &st);
	if (type == OVL_ENTRY_DIRECTORY && is_unchanged(inode, &st))
		return;
	if (type == OVL_ENTRY_FILE && st.nlink > 1)
		first = find_link(d, inode, path, len);
	if (first) {
		put_head(s, CBOR_MAP, 3);
		put_string(s, OVL_KEY_PATH, path, len);
		put_number(s, OVL_KEY_TYPE, OVL_ENTRY_HARDLINK);
		put_string(s, OVL_KEY_TARGET, first->path, first->len);
	} else if (type == OVL_ENTRY_DELETED) {
		put_head(s, CBOR_MAP, 2);
		put_string(s, OVL_KEY_PATH, path, len);
		put_number(s, OVL_KEY_TYPE, type);
	} else {
		put_head(s, CBOR_MAP, plain ? 7 : 6);
		put_string(s, OVL_KEY_PATH, path, len);
		put_number(s, OVL_KEY_TYPE, type);
		put_number(s, OVL_KEY_MODE, st.mode & 07777);
		put_number(s, OVL_KEY_UID, st.uid);
		put_number(s, OVL_KEY_GID, st.gid);
		fits = type != OVL_ENTRY_FILE || content_fits(s, st.size);
		if (type == OVL_ENTRY_FILE && fits)
			put_content(s, inode, st.size);
		else if (type == OVL_ENTRY_SYMLINK)
			put_target(s, inode);
		put_number(s, OVL_KEY_MTIME, st.mtime.sec > 0 ? (uint64_t)st.mtime.sec : 0);
		if (!fits)
			put_number(s, OVL_KEY_SIZE, st.size);
	}
	s->count++;
}

/* ---- the walk ---- */

struct lister {
	struct dir_emit emit;	    /* must be first */
	struct name *names, **last; /* in the directory's order */
	int err;
};

static bool list_entry(struct dir_emit *emit, const char *text, size_t len, uint64_t ino,
	uint8_t type, uint64_t next_pos)
{
	struct lister *l = (struct lister *)(void *)emit;
	struct name *n;

	(void)ino, (void)type, (void)next_pos;
	if (text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.')))
		return true;
	n = kmalloc(sizeof(*n) + len);
	if (!n) {
		l->err = -ENOMEM;
		return false;
	}
	n->len = len;
	memcpy(n->text, text, len);
	n->next = NULL;
	*l->last = n;
	l->last = &n->next;
	return true;
}

/* The names of a real directory, at one moment. */
static int list_names(struct inode *dir, struct name **out)
{
	struct lister l = {.emit.entry = list_entry};
	struct file *f = ovl_real_open(dir, O_RDONLY | O_DIRECTORY, NULL);
	uint64_t pos = 0, before;
	int err = 0;

	l.last = &l.names;
	if (IS_ERR(f))
		return PTR_ERR(f);
	lock_acquire(&dir->lock);
	do {
		before = pos;
		err = f->ops->readdir(f, &pos, &l.emit);
	} while (!err && !l.err && pos != before);
	lock_release(&dir->lock);
	ovl_real_close(f);
	*out = l.names;
	return err ? err : l.err;
}

/* One name of a directory: its entry, and the directory that it may be for later. */
static int visit(struct diff *d, const struct todo *dir, const struct name *name)
{
	size_t slash = dir->len ? 1 : 0, len = dir->len + slash + name->len;
	struct todo *next;
	struct inode *inode;
	int err = ovl_real_lookup(dir->inode, name->text, name->len, &inode);

	if (err)
		return err == -ENOENT ? 0 : err; /* gone meanwhile */
	next = kmalloc(sizeof(*next) + len);
	if (!next) {
		inode_put(inode);
		return -ENOMEM;
	}
	memcpy(next->path, dir->path, dir->len);
	if (slash)
		next->path[dir->len] = '/';
	memcpy(next->path + dir->len + slash, name->text, name->len);
	next->len = len;
	put_entry(d, inode, next->path, len);
	if (S_ISDIR(inode->mode)) {
		next->inode = inode;
		next->next = d->todo;
		d->todo = next;
	} else {
		inode_put(inode);
		kfree(next);
	}
	return d->sink.err;
}

static int visit_all(struct diff *d, const struct todo *dir)
{
	struct name *names = NULL;
	int err = list_names(dir->inode, &names);

	while (names) {
		struct name *n = names;

		names = n->next;
		if (!err)
			err = visit(d, dir, n);
		kfree(n);
	}
	return err;
}

static void free_links(struct diff *d)
{
	for (uint32_t i = 0; i < LINK_BUCKETS; i++) {
		while (d->links[i]) {
			struct first_link *l = d->links[i];

			d->links[i] = l->next;
			inode_put(l->inode);
			kfree(l);
		}
	}
}

static int walk_upper(struct diff *d, struct inode *top)
{
	int err = 0;

	d->todo = kmalloc(sizeof(*d->todo));
	if (!d->todo)
		return -ENOMEM;
	inode_get(top);
	*d->todo = (struct todo){.inode = top};
	while (d->todo) {
		struct todo *dir = d->todo;

		d->todo = dir->next;
		if (!err)
			err = visit_all(d, dir);
		inode_put(dir->inode);
		kfree(dir);
	}
	return err;
}

int overlay_diff(struct super *root, size_t limit, uint8_t **out, size_t *len)
{
	struct diff *d;
	int err;

	if (root->type != &overlay_type || !((struct ovl_super *)root->priv)->upper.super)
		return -EINVAL;
	d = kzalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->sink.limit = limit;
	put_bytes(&d->sink, "\x9a\0\0\0\0", ARRAY_HEAD);
	err = d->sink.err ? d->sink.err
			  : walk_upper(d, ((struct ovl_super *)root->priv)->upper.root);
	free_links(d);
	if (!err) {
		d->sink.bytes[0] = CBOR_ARRAY32;
		store32(d->sink.bytes + 1, d->sink.count);
		*out = d->sink.bytes;
		*len = d->sink.len;
	} else {
		kfree(d->sink.bytes);
	}
	kfree(d);
	return err;
}

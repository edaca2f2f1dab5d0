/*
 * overlayfs.c - overlay file system: mounting, inodes, merged lookup, attributes.
 * Spec: overlayfs of Linux (filesystems/overlayfs): whiteouts are character devices 0:0, opaque
 * directories have trusted.overlay.opaque=y; no redirect_dir (renaming a lower directory is
 * -EXDEV).
 * Ours: inode numbers are stable over copy-up (trusted.overlay.origin), a descriptor
 * opened for reading sees later writes, hard links of a lower file stay one file while the machine
 * runs.
 * Locks: see overlay.h.
 */
#include "fs/overlay.h"
#include "fs/fs.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"

/* ---- real inodes ---- */

int ovl_real_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err;

	lock_acquire(&dir->lock);
	err = dir->ops->lookup(dir, name, len, out);
	lock_release(&dir->lock);
	return err;
}

int ovl_set_xattr(struct inode *real, const char *name, const void *value, size_t len)
{
	int err;

	if (!real->ops->setxattr)
		return -EOPNOTSUPP;
	lock_acquire(&real->lock);
	err = real->ops->setxattr(real, name, value, len, 0);
	lock_release(&real->lock);
	return err;
}

static ssize_t real_getxattr(struct inode *real, const char *name, void *value, size_t size)
{
	ssize_t n;

	if (!real->ops->getxattr)
		return -ENODATA;
	lock_acquire(&real->lock);
	n = real->ops->getxattr(real, name, value, size);
	lock_release(&real->lock);
	return n;
}

bool ovl_is_opaque(struct inode *real)
{
	char value[4];

	return real_getxattr(real, OVL_OPAQUE, value, sizeof(value)) == 1 && value[0] == 'y';
}

uint64_t ovl_lower_ino(uint32_t layer, uint64_t ino)
{
	return (uint64_t)(layer + 1) << 40 | (ino & ((1ull << 40) - 1));
}

uint64_t ovl_upper_ino(struct inode *upper)
{
	uint64_t origin;

	if (real_getxattr(upper, OVL_ORIGIN, &origin, sizeof(origin)) == sizeof(origin))
		return origin;
	return upper->ino;
}

/* ---- the tables ---- */

static uint32_t bucket_of(const struct inode *real)
{
	return (uint32_t)((uintptr_t)real >> 6) % OVL_BUCKETS;
}

static struct inode *find_upper_locked(struct ovl_super *ofs, const struct inode *upper)
{
	struct ovl_inode *oi;

	LIST_FOR_EACH(oi, &ofs->by_upper[bucket_of(upper)], upper_link) {
		if (oi->upper_key == upper && ref_get_unless_zero(&oi->vfs.refs))
			return &oi->vfs;
	}
	return NULL;
}

static struct inode *find_lower_locked(struct ovl_super *ofs, const struct inode *lower)
{
	struct inode *inode;

	LIST_FOR_EACH(inode, &ofs->by_lower[bucket_of(lower)], cache_link) {
		if (ovl_of(inode)->lower[0].inode == lower && ref_get_unless_zero(&inode->refs))
			return inode;
	}
	return NULL;
}

static void enter_upper_locked(struct ovl_super *ofs, struct ovl_inode *oi, struct inode *upper)
{
	oi->upper_key = upper;
	list_add_head(&ofs->by_upper[bucket_of(upper)], &oi->upper_link);
}

void ovl_key_upper(struct inode *inode, struct inode *upper)
{
	struct ovl_inode *oi = ovl_of(inode);

	lock_acquire(&inode->super->icache_lock);
	list_del(&oi->upper_link);
	oi->upper_key = NULL;
	if (upper)
		enter_upper_locked(ovl_super(inode), oi, upper);
	lock_release(&inode->super->icache_lock);
}

void ovl_pin(struct inode *inode)
{
	struct ovl_super *ofs = ovl_super(inode);
	bool pin;

	lock_acquire(&ofs->state_lock);
	pin = !ovl_of(inode)->pinned;
	ovl_of(inode)->pinned = true;
	lock_release(&ofs->state_lock);
	if (pin)
		inode_get(inode);
}

/* ---- inodes ---- */

static void ovl_free(struct ovl_inode *oi)
{
	inode_put(atomic_load(&oi->upper));
	for (uint32_t i = 0; i < oi->nlower; i++)
		inode_put(oi->lower[i].inode);
	kfree(oi->name);
	kfree(oi);
}

static void ovl_evict(struct inode *inode)
{
	/* A child holds its parent: a loop, since trees are as deep as users like. */
	while (inode) {
		struct ovl_inode *oi = ovl_of(inode);
		struct inode *parent = oi->parent;

		lock_acquire(&inode->super->icache_lock);
		list_del(&inode->cache_link);
		list_del(&oi->upper_link);
		lock_release(&inode->super->icache_lock);
		ovl_free(oi);
		inode = parent && ref_put(&parent->refs) ? parent : NULL;
	}
}

static void copy_attributes(struct inode *inode, const struct kstat *st)
{
	uint32_t mode = (inode->mode & S_IFMT) | (st->mode & 07777);

	/* Written only when they change: others read them without the lock all the time. */
	if (inode->mode != mode)
		atomic_store(&inode->mode, mode);
	if (inode->uid != st->uid)
		atomic_store(&inode->uid, st->uid);
	if (inode->gid != st->gid)
		atomic_store(&inode->gid, st->gid);
	inode->size = st->size;
	inode->atime = st->atime;
	inode->mtime = st->mtime;
	inode->ctime = st->ctime;
	/* The sum of a merged directory's parents is not known; 1 means that, as on Linux. */
	if (S_ISDIR(inode->mode))
		inode->nlink = ovl_of(inode)->nlower ? 1 : st->nlink;
}

void ovl_refresh_locked(struct inode *inode)
{
	struct kstat st;

	inode_stat(ovl_upper(inode), &st);
	copy_attributes(inode, &st);
}

static void set_ops(struct inode *inode)
{
	if (S_ISDIR(inode->mode)) {
		inode->ops = &ovl_dir_ops;
		inode->fops = &ovl_dir_fops;
	} else if (S_ISREG(inode->mode)) {
		inode->fops = &ovl_file_fops;
	}
}

static struct ovl_inode *ovl_new(
	struct super *super, struct inode *upper, const struct ovl_lower *lower, uint32_t nlower)
{
	struct ovl_inode *oi = kzalloc(sizeof(*oi) + nlower * sizeof(*lower));
	struct inode *real = upper ? upper : lower[0].inode;
	struct kstat st;
	uint64_t ino;

	if (!oi)
		return NULL;
	if (upper)
		ino = ovl_upper_ino(upper);
	else
		ino = ovl_lower_ino(lower[0].layer, lower[0].inode->ino);
	inode_stat(real, &st);
	inode_init(&oi->vfs, super, &ovl_inode_ops, NULL, ino, real->mode);
	set_ops(&oi->vfs);
	list_init(&oi->upper_link);
	oi->vfs.rdev = real->rdev;
	oi->vfs.nlink = st.nlink;
	oi->vfs.btime = st.btime;
	oi->upper = upper;
	oi->nlower = nlower;
	for (uint32_t i = 0; i < nlower; i++)
		oi->lower[i] = lower[i];
	copy_attributes(&oi->vfs, &st);
	return oi;
}

static struct inode *find_either_locked(
	struct ovl_super *ofs, const struct inode *upper, const struct ovl_lower *lower)
{
	return upper ? find_upper_locked(ofs, upper) : find_lower_locked(ofs, lower[0].inode);
}

/* Remember where a lower object is to be copied to. A hard link may have lost its first name. */
static int note_place(struct inode *inode, struct inode *parent, const char *name, size_t len)
{
	struct ovl_super *ofs = ovl_super(inode);
	struct ovl_inode *oi = ovl_of(inode);
	char *copy;

	if (atomic_load(&oi->upper) || atomic_load(&oi->name))
		return 0;
	copy = kstrdup(name, len);
	if (!copy)
		return -ENOMEM;
	lock_acquire(&ofs->state_lock);
	if (!oi->name && !oi->upper && !oi->copying) {
		oi->parent = parent;
		atomic_store(&oi->name, copy);
		inode_get(parent);
		copy = NULL;
	}
	lock_release(&ofs->state_lock);
	kfree(copy);
	return 0;
}

int ovl_iget(struct super *super, struct inode *upper, struct ovl_lower *lower, uint32_t nlower,
	struct inode *parent, const char *name, size_t len, struct inode **out)
{
	struct ovl_super *ofs = super->priv;
	struct ovl_inode *oi = NULL;
	struct inode *found;
	int err;

	lock_acquire(&super->icache_lock);
	found = find_either_locked(ofs, upper, lower);
	lock_release(&super->icache_lock);
	if (!found) {
		oi = ovl_new(super, upper, lower, nlower);
		if (!oi) {
			err = -ENOMEM;
			goto put_real;
		}
		lock_acquire(&super->icache_lock);
		found = find_either_locked(ofs, upper, lower);
		if (!found) {
			if (upper)
				enter_upper_locked(ofs, oi, upper);
			else
				list_add_head(&ofs->by_lower[bucket_of(lower[0].inode)],
					&oi->vfs.cache_link);
			found = &oi->vfs;
			upper = NULL; /* the references are its own now */
			nlower = 0;
			oi = NULL;
		}
		lock_release(&super->icache_lock);
	}
	kfree(oi); /* the real inodes are put below */
	err = parent ? note_place(found, parent, name, len) : 0;
	if (err) {
		inode_put(found);
		found = NULL;
	}
	*out = found;
put_real:
	inode_put(upper);
	for (uint32_t i = 0; i < nlower; i++)
		inode_put(lower[i].inode);
	return err;
}

/* ---- lookup ---- */

/* What the layers have under one name, topmost first. */
struct found {
	struct inode *upper;
	struct ovl_lower *lower; /* room for as many as the directory has */
	uint32_t nlower;
	bool stop; /* nothing below is to be seen */
};

/* One layer's answer. Takes over the reference of real. */
static void found_add(struct found *f, struct inode *real, bool is_upper, uint32_t layer)
{
	bool any = f->upper || f->nlower > 0;

	if (ovl_is_whiteout(real) || (any && !S_ISDIR(real->mode))) {
		f->stop = true;
		inode_put(real);
		return;
	}
	if (is_upper)
		f->upper = real;
	else
		f->lower[f->nlower++] = (struct ovl_lower){real, layer};
	f->stop = !S_ISDIR(real->mode) || ovl_is_opaque(real);
}

static int find_in_layers(struct inode *dir, const char *name, size_t len, struct found *f)
{
	struct ovl_inode *di = ovl_of(dir);
	struct inode *upper = ovl_upper(dir), *real;
	int err;

	if (upper) {
		err = ovl_real_lookup(upper, name, len, &real);
		if (err && err != -ENOENT)
			return err;
		if (!err)
			found_add(f, real, true, 0);
	}
	for (uint32_t i = 0; i < di->nlower && !f->stop; i++) {
		err = ovl_real_lookup(di->lower[i].inode, name, len, &real);
		if (err && err != -ENOENT)
			return err;
		if (!err)
			found_add(f, real, false, di->lower[i].layer);
	}
	return 0;
}

static void found_put(struct found *f)
{
	inode_put(f->upper);
	for (uint32_t i = 0; i < f->nlower; i++)
		inode_put(f->lower[i].inode);
}

int ovl_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct ovl_lower few[8];
	struct found f = {.lower = few};
	uint32_t room = ovl_of(dir)->nlower;
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (room > ARRAY_LEN(few)) {
		f.lower = kmalloc(room * sizeof(*f.lower));
		if (!f.lower)
			return -ENOMEM;
	}
	err = find_in_layers(dir, name, len, &f);
	if (!err && !f.upper && f.nlower == 0)
		err = -ENOENT;
	if (err)
		found_put(&f);
	else
		err = ovl_iget(dir->super, f.upper, f.lower, f.nlower, f.upper ? NULL : dir, name,
			len, out);
	if (f.lower != few)
		kfree(f.lower);
	return err;
}

int ovl_lower_has(struct inode *dir, const char *name, size_t len)
{
	struct ovl_inode *di = ovl_of(dir);

	for (uint32_t i = 0; i < di->nlower; i++) {
		struct inode *real;
		bool whiteout;
		int err = ovl_real_lookup(di->lower[i].inode, name, len, &real);

		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		whiteout = ovl_is_whiteout(real);
		inode_put(real);
		return !whiteout;
	}
	return 0;
}

/* ---- attributes ---- */

static void ovl_getattr(struct inode *inode, struct kstat *out)
{
	struct kstat st;

	inode_stat(ovl_real(inode), &st);
	out->size = st.size;
	out->blocks = st.blocks;
	out->blksize = st.blksize;
	out->mode = (out->mode & S_IFMT) | (st.mode & 07777);
	out->atime = st.atime;
	out->mtime = st.mtime;
	out->ctime = st.ctime;
}

static int ovl_setattr(struct inode *inode, const struct iattr *attr)
{
	struct inode *upper;
	int err = ovl_copy_up(inode, attr->valid & ATTR_SIZE ? attr->size : UINT64_MAX);

	if (err)
		return err;
	upper = ovl_upper(inode);
	err = inode_setattr(upper, attr);
	if (!err && attr->valid & ATTR_SIZE)
		atomic_add(&upper->write_gen, 1u);
	ovl_refresh_locked(inode);
	return err;
}

static ssize_t ovl_readlink(struct inode *inode, char *buf, size_t size)
{
	struct inode *real = ovl_real(inode);

	return real->ops->readlink ? real->ops->readlink(real, buf, size) : -EINVAL;
}

/* The overlay's own attributes are nobody's business. */
static bool xattr_hidden(const char *name)
{
	return strncmp(name, OVL_XATTR_PREFIX, sizeof(OVL_XATTR_PREFIX) - 1) == 0;
}

static ssize_t ovl_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
	return xattr_hidden(name) ? -ENODATA : real_getxattr(ovl_real(inode), name, value, size);
}

static ssize_t ovl_listxattr(struct inode *inode, char *list, size_t size)
{
	struct inode *real = ovl_real(inode);
	ssize_t n, kept = 0;
	char *all;

	if (!real->ops->listxattr)
		return 0;
	all = kmalloc(65536);
	if (!all)
		return -ENOMEM;
	lock_acquire(&real->lock);
	n = real->ops->listxattr(real, all, 65536);
	lock_release(&real->lock);
	for (ssize_t at = 0; at < n;) {
		size_t len = strlen(all + at) + 1;

		if (!xattr_hidden(all + at)) {
			if (size && (size_t)kept + len > size) {
				n = -ERANGE;
				break;
			}
			if (size)
				memcpy(list + kept, all + at, len);
			kept += (ssize_t)len;
		}
		at += (ssize_t)len;
	}
	kfree(all);
	return n < 0 ? n : kept;
}

static int ovl_setxattr(
	struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	struct inode *upper;
	int err = xattr_hidden(name) ? -EPERM : ovl_copy_up(inode, UINT64_MAX);

	if (err)
		return err;
	upper = ovl_upper(inode);
	if (!upper->ops->setxattr)
		return -EOPNOTSUPP;
	lock_acquire(&upper->lock);
	err = upper->ops->setxattr(upper, name, value, size, flags);
	lock_release(&upper->lock);
	return err;
}

static int ovl_removexattr(struct inode *inode, const char *name)
{
	struct inode *upper;
	int err = xattr_hidden(name) ? -EPERM : ovl_copy_up(inode, UINT64_MAX);

	if (err)
		return err;
	upper = ovl_upper(inode);
	if (!upper->ops->removexattr)
		return -EOPNOTSUPP;
	lock_acquire(&upper->lock);
	err = upper->ops->removexattr(upper, name);
	lock_release(&upper->lock);
	return err;
}

#define OVL_COMMON_OPS                                                                             \
	.getattr = ovl_getattr, .setattr = ovl_setattr, .getxattr = ovl_getxattr,                  \
	.setxattr = ovl_setxattr, .listxattr = ovl_listxattr, .removexattr = ovl_removexattr

const struct inode_ops ovl_dir_ops = {
	.lookup = ovl_lookup,
	.create = ovl_create,
	.symlink = ovl_symlink,
	.link = ovl_link,
	.unlink = ovl_unlink,
	.rmdir = ovl_rmdir,
	.rename = ovl_rename,
	.tmpfile = ovl_tmpfile,
	OVL_COMMON_OPS,
};
const struct inode_ops ovl_inode_ops = {
	.readlink = ovl_readlink,
	OVL_COMMON_OPS,
};

bool overlay_real_inode(struct inode *inode, struct inode **real)
{
	if (inode->super->type != &overlay_type)
		return false;
	*real = ovl_real(inode);
	return true;
}

/* ---- the file system ---- */

static void layer_put(struct ovl_layer *layer)
{
	if (!layer->super)
		return;
	inode_put(layer->root);
	super_put(layer->super);
}

static void ofs_free(struct ovl_super *ofs)
{
	layer_put(&ofs->upper);
	for (uint32_t i = 0; i < ofs->nlower; i++)
		layer_put(&ofs->lower[i]);
	kfree(ofs);
}

/* Drop the references that ovl_pin() took: nobody else is left. */
static void unpin_all(struct ovl_super *ofs)
{
	for (uint32_t i = 0; i < OVL_BUCKETS; i++) {
		struct ovl_inode *oi, *next;

		LIST_FOR_EACH_SAFE(oi, next, &ofs->by_upper[i], upper_link) {
			if (oi->pinned)
				inode_put(&oi->vfs);
		}
	}
	for (uint32_t i = 0; i < OVL_BUCKETS; i++) {
		while (!list_empty(&ofs->by_lower[i])) {
			struct inode *inode =
				LIST_FIRST(&ofs->by_lower[i], struct inode, cache_link);

			KASSERT(ovl_of(inode)->pinned);
			inode_put(inode);
		}
	}
}

static void ovl_destroy(struct super *super)
{
	unpin_all(super->priv);
	ofs_free(super->priv);
}

static void ovl_statfs(struct super *super, struct abi_statfs *out)
{
	struct ovl_super *ofs = super->priv;
	struct super *of = ofs->upper.super ? ofs->upper.super : ofs->lower[0].super;

	if (of->ops->statfs)
		of->ops->statfs(of, out);
	out->type = OVERLAYFS_MAGIC;
}

static int ovl_sync(struct super *super)
{
	struct super *upper = ((struct ovl_super *)super->priv)->upper.super;

	return upper && upper->ops->sync ? upper->ops->sync(upper) : 0;
}

static const struct super_ops ovl_super_ops = {
	.evict = ovl_evict,
	.statfs = ovl_statfs,
	.destroy = ovl_destroy,
	.sync = ovl_sync,
};

static struct ovl_super *ofs_new(uint32_t nlower)
{
	struct ovl_super *ofs = kzalloc(sizeof(*ofs) + nlower * sizeof(ofs->lower[0]));

	if (!ofs)
		return NULL;
	lock_init(&ofs->state_lock, RANK_WAITQ);
	waitq_init(&ofs->copied);
	for (uint32_t i = 0; i < OVL_BUCKETS; i++) {
		list_init(&ofs->by_upper[i]);
		list_init(&ofs->by_lower[i]);
	}
	return ofs;
}

static void layer_set(struct ovl_layer *layer, struct super *super, struct inode *root)
{
	super_get(super);
	inode_get(root);
	*layer = (struct ovl_layer){super, root};
}

/* The merged root: every layer's, down to an opaque one. */
static int make_root(struct super *super, struct ovl_super *ofs, struct inode **out)
{
	struct ovl_lower *lower = kmalloc(ofs->nlower * sizeof(*lower) + 1);
	struct inode *upper = ofs->upper.root;
	uint32_t n = 0;
	int err;

	if (!lower)
		return -ENOMEM;
	if (upper)
		inode_get(upper);
	while (n < ofs->nlower && !(n == 0 && upper && ovl_is_opaque(upper))) {
		inode_get(ofs->lower[n].root);
		lower[n] = (struct ovl_lower){ofs->lower[n].root, n};
		if (ovl_is_opaque(lower[n++].inode))
			break;
	}
	err = ovl_iget(super, upper, lower, n, NULL, NULL, 0, out);
	kfree(lower);
	return err;
}

/* Takes over ofs, also on failure. */
static int ovl_make_super(struct ovl_super *ofs, struct super **out)
{
	struct super *super = super_alloc(&overlay_type, &ovl_super_ops);
	struct inode *root;
	int err;

	if (!super) {
		ofs_free(ofs);
		return -ENOMEM;
	}
	super->stacked = true;
	super->magic = OVERLAYFS_MAGIC;
	super->priv = ofs;
	if (!ofs->upper.super || ofs->upper.super->flags & MS_RDONLY)
		super->flags = MS_RDONLY;
	str_copy(super->source, "overlay", sizeof(super->source));
	err = make_root(super, ofs, &root);
	if (!err)
		err = super_set_root(super, root);
	if (err) {
		super_put(super);
		return err;
	}
	*out = super;
	return 0;
}

int overlay_mount_root(struct super **lowers, unsigned n, struct super *upper, struct super **out)
{
	struct ovl_super *ofs;

	if (n > OVL_LAYERS_MAX || (n == 0 && !upper))
		return -EINVAL;
	ofs = ofs_new(n);
	if (!ofs)
		return -ENOMEM;
	if (upper)
		layer_set(&ofs->upper, upper, upper->root_inode);
	for (; ofs->nlower < n; ofs->nlower++)
		layer_set(&ofs->lower[ofs->nlower], lowers[ofs->nlower],
			lowers[ofs->nlower]->root_inode);
	return ovl_make_super(ofs, out);
}

/* ---- mount options ---- */

/* The value of key= in a comma-separated list. NULL: not there. */
static const char *option(const char *options, const char *key, size_t *len)
{
	size_t n = strlen(key);

	while (*options) {
		const char *end = strchr(options, ',');
		size_t all = end ? (size_t)(end - options) : strlen(options);

		if (all > n && memcmp(options, key, n) == 0 && options[n] == '=') {
			*len = all - n - 1;
			return options + n + 1;
		}
		options += all + (end ? 1 : 0);
	}
	return NULL;
}

static int layer_from_path(struct ovl_layer *layer, const char *text, size_t len)
{
	char *name = kstrdup(text, len);
	struct path path;
	int err;

	if (!name)
		return -ENOMEM;
	err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	kfree(name);
	if (err)
		return err;
	if (path.dentry->super->stacked)
		err = -EINVAL; /* an overlay's locks do not nest in another's */
	else
		layer_set(layer, path.dentry->super, path.dentry->inode);
	path_put(&path);
	return err;
}

static uint32_t count_parts(const char *s, size_t len)
{
	uint32_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += s[i] == ':';
	return n;
}

static int ovl_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	size_t lower_len = 0, upper_len = 0;
	const char *lower = option(options, "lowerdir", &lower_len);
	const char *upper = option(options, "upperdir", &upper_len);
	struct ovl_super *ofs;
	uint32_t n;
	int err = 0;

	(void)source, (void)flags; /* workdir: copy-up needs none here */
	if (!lower || lower_len == 0)
		return -EINVAL;
	n = count_parts(lower, lower_len);
	if (n > OVL_LAYERS_MAX)
		return -EINVAL;
	ofs = ofs_new(n);
	if (!ofs)
		return -ENOMEM;
	if (upper)
		err = layer_from_path(&ofs->upper, upper, upper_len);
	if (!err && upper)
		ofs->upper.super->no_dcache = true; /* its names change behind the cache */
	while (!err && ofs->nlower < n) {
		const char *end = memchr(lower, ':', lower_len);
		size_t part = end ? (size_t)(end - lower) : lower_len;

		err = layer_from_path(&ofs->lower[ofs->nlower], lower, part);
		if (err)
			break;
		ofs->nlower++;
		lower += part + 1;
		lower_len -= MIN(lower_len, part + 1);
	}
	if (err) {
		ofs_free(ofs);
		return err;
	}
	return ovl_make_super(ofs, out);
}

const struct fs_type overlay_type = {.name = "overlay", .mount = ovl_mount, .nodev = true};

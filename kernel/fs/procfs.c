/*
 * procfs.c - /proc: the tree, its inodes, reading generated text.
 * Spec: proc(5) of Linux, as far as ps, top, free, lsof, mount and the like read it.
 * Locks: a file's inode lock while its text is made and copied; what the text is about has its own.
 */
#include "fs/procfs.h"
#include "fs/fs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

/* ---- text ---- */

bool text_reserve(struct proc_text *t, size_t n)
{
	size_t room = t->room ? t->room : 512;
	char *buf;

	if (t->err)
		return false;
	if (t->len + n <= t->room)
		return true;
	while (room < t->len + n)
		room *= 2;
	buf = kmalloc(room);
	if (!buf) {
		t->err = -ENOMEM;
		return false;
	}
	if (t->len)
		memcpy(buf, t->buf, t->len);
	kfree(t->buf);
	t->buf = buf;
	t->room = room;
	return true;
}

void text_bytes(struct proc_text *t, const char *s, size_t n)
{
	if (!text_reserve(t, n))
		return;
	memcpy(t->buf + t->len, s, n);
	t->len += n;
}

void text_add(struct proc_text *t, const char *format, ...)
{
	__builtin_va_list ap;
	int n;

	/* Most lines fit what is free; the first try also measures. */
	if (!text_reserve(t, 128))
		return;
	__builtin_va_start(ap, format);
	n = kvformat(t->buf + t->len, t->room - t->len, format, ap);
	__builtin_va_end(ap);
	if ((size_t)n >= t->room - t->len) {
		if (!text_reserve(t, (size_t)n + 1))
			return;
		__builtin_va_start(ap, format);
		kvformat(t->buf + t->len, t->room - t->len, format, ap);
		__builtin_va_end(ap);
	}
	t->len += (size_t)n;
}

/* ---- files ---- */

/* Under the inode's lock: the descriptor's text, made anew at position 0. */
static int text_refresh(struct file *file, uint64_t pos)
{
	struct proc_node *n = proc_node(file->inode);
	struct proc_text *t = file->priv;
	int err;

	if (!t) {
		t = kzalloc(sizeof(*t));
		if (!t)
			return -ENOMEM;
		file->priv = t;
	} else if (pos != 0) {
		return 0;
	}
	t->len = 0;
	t->err = 0;
	err = n->entry->text(t, n);
	return err ? err : t->err;
}

static ssize_t proc_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	struct proc_text *t;
	ssize_t n;

	if (!proc_node(inode)->entry->text)
		return -EINVAL;
	lock_acquire(&inode->lock);
	n = text_refresh(file, *pos);
	t = file->priv;
	if (!n && *pos < t->len) {
		n = (ssize_t)iob_put(b, t->buf + *pos, t->len - (size_t)*pos);
		*pos += (uint64_t)n;
	}
	lock_release(&inode->lock);
	return n;
}

static ssize_t proc_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct proc_node *n = proc_node(file->inode);
	size_t want = b->left, len;
	char text[128];
	int err;

	if (!n->entry->store)
		return -EINVAL;
	if (want >= sizeof(text))
		return -EINVAL;
	len = iob_get(b, text, want);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	err = n->entry->store(n, text, len);
	if (err)
		return err;
	*pos += want;
	return (ssize_t)want;
}

static void proc_release(struct file *file)
{
	struct proc_text *t = file->priv;

	if (t)
		kfree(t->buf);
	kfree(t);
}

const struct file_ops proc_file_fops = {
	.read = proc_read, .write = proc_write, .release = proc_release};

/* ---- permission ---- */

int proc_private_check(struct proc *p)
{
	const struct cred *self = cred_self();
	uint32_t uid = ~0u;

	if (self->fsuid == 0)
		return 0;
	lock_acquire(&p->lock);
	if (p->cred)
		uid = p->cred->euid;
	lock_release(&p->lock);
	return uid == self->fsuid ? 0 : -EACCES;
}

static int proc_permission(struct inode *inode, uint32_t mask)
{
	struct proc_node *n = proc_node(inode);

	(void)mask;
	return n->entry->private && n->proc ? proc_private_check(n->proc) : 0;
}

/* Attributes are the kernel's. */
static int proc_setattr(struct inode *inode, const struct iattr *attr)
{
	(void)inode;
	/* O_TRUNC of a file to be written means nothing here, but is no error. */
	return attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

/* ---- inodes ---- */

static void set_owner(struct inode *inode, struct proc *p)
{
	lock_acquire(&p->lock);
	if (p->cred) {
		inode->uid = p->cred->euid;
		inode->gid = p->cred->egid;
	}
	lock_release(&p->lock);
}

struct inode *proc_inode(struct super *super, const struct proc_entry *entry, uint64_t ino,
	struct proc *p, uint32_t tid, uint32_t fd)
{
	const struct inode_ops *ops = entry->ops;
	const struct file_ops *fops = entry->fops;
	struct proc_node *n = kzalloc(sizeof(*n));

	if (!n)
		return ERR_PTR(-ENOMEM);
	if (!ops)
		ops = S_ISDIR(entry->mode) ? &proc_dir_ops : &proc_file_ops;
	if (!fops && S_ISDIR(entry->mode))
		fops = &proc_dir_fops;
	else if (!fops && S_ISREG(entry->mode))
		fops = &proc_file_fops;
	inode_init(&n->vfs, super, ops, fops, ino, entry->mode);
	if (S_ISDIR(entry->mode))
		n->vfs.nlink = 2;
	n->entry = entry;
	n->tid = tid;
	n->fd = fd;
	if (p) {
		ref_get(&p->refs);
		n->proc = p;
		set_owner(&n->vfs, p);
	}
	return &n->vfs;
}

static void proc_evict(struct inode *inode)
{
	struct proc_node *n = proc_node(inode);

	if (n->proc)
		proc_put(n->proc);
	kfree(n);
}

/* ---- directories of fixed rows ---- */

bool proc_number(const char *s, size_t len, uint32_t *out)
{
	return len > 0 && (s[0] != '0' || len == 1) && str_to_u32(s, s + len, out);
}

int proc_table_lookup(struct inode *dir, const struct proc_entry *entries, uint32_t count,
	const char *name, size_t len, struct inode **out)
{
	struct proc_node *n = proc_node(dir);

	for (uint32_t i = 0; i < count; i++) {
		if (strlen(entries[i].name) != len || memcmp(entries[i].name, name, len) != 0)
			continue;
		*out = proc_inode(
			dir->super, &entries[i], (dir->ino << 6) + i + 1, n->proc, n->tid, 0);
		return IS_ERR(*out) ? PTR_ERR(*out) : 0;
	}
	return -ENOENT;
}

bool proc_table_emit(const struct proc_node *dir, const struct proc_entry *entries, uint32_t count,
	uint64_t *pos, struct dir_emit *emit)
{
	for (; *pos >= PROC_DOTS && *pos - PROC_DOTS < count; ++*pos) {
		uint32_t i = (uint32_t)(*pos - PROC_DOTS);

		if (!emit->entry(emit, entries[i].name, strlen(entries[i].name),
			    (dir->vfs.ino << 6) + i + 1,
			    (uint8_t)((entries[i].mode & S_IFMT) >> 12), *pos + 1))
			return false;
	}
	return true;
}

static int dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	const struct proc_entry *e = proc_node(dir)->entry;

	return proc_table_lookup(dir, e->entries, e->count, name, len, out);
}

static int dir_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	const struct proc_node *n = proc_node(file->inode);

	if (dir_emit_dots(file, pos, emit))
		(void)proc_table_emit(n, n->entry->entries, n->entry->count, pos, emit);
	return 0;
}

const struct inode_ops proc_dir_ops = {
	.lookup = dir_lookup, .permission = proc_permission, .setattr = proc_setattr};
const struct inode_ops proc_file_ops = {.permission = proc_permission, .setattr = proc_setattr};
const struct file_ops proc_dir_fops = {.readdir = dir_readdir};

/* ---- the root ---- */

static int root_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct proc *p;
	uint32_t pid;

	if (!proc_number(name, len, &pid))
		return proc_table_lookup(dir, proc_root_entries, proc_root_count, name, len, out);
	p = proc_find(pid);
	if (!p)
		return -ENOENT;
	*out = proc_inode(dir->super, &proc_pid_entry, PROC_INO(pid, 0), p, 0, 0);
	proc_put(p);
	return IS_ERR(*out) ? PTR_ERR(*out) : 0;
}

static int root_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct proc *p;

	if (!dir_emit_dots(file, pos, emit) ||
		!proc_table_emit(
			proc_node(file->inode), proc_root_entries, proc_root_count, pos, emit))
		return 0;
	if (*pos < PROC_DYNAMIC)
		*pos = PROC_DYNAMIC; /* + the last pid told */
	while ((p = proc_next((uint32_t)(*pos - PROC_DYNAMIC))) != NULL) {
		uint32_t pid = p->pid;
		char name[12];
		int len = kformat(name, sizeof(name), "%u", pid);

		proc_put(p);
		if (!emit->entry(emit, name, (size_t)len, PROC_INO(pid, 0), DT_DIR,
			    (uint64_t)PROC_DYNAMIC + pid))
			break;
		*pos = (uint64_t)PROC_DYNAMIC + pid;
	}
	return 0;
}

static const struct inode_ops root_ops = {
	.lookup = root_lookup, .permission = proc_permission, .setattr = proc_setattr};
static const struct file_ops root_fops = {.readdir = root_readdir};
static const struct proc_entry root_entry = {
	.name = "", .mode = S_IFDIR | 0555, .ops = &root_ops, .fops = &root_fops};

/* ---- the file system ---- */

static void proc_statfs(struct super *super, struct abi_statfs *out)
{
	out->type = super->magic;
}

static const struct super_ops proc_super_ops = {.evict = proc_evict, .statfs = proc_statfs};

int proc_table_mount(const struct fs_type *type, uint32_t magic, const char *source,
	const struct proc_entry *entry, struct super **out)
{
	struct super *super = super_alloc(type, &proc_super_ops);
	struct inode *root;
	int err;

	if (!super)
		return -ENOMEM;
	super->magic = magic;
	super->no_dcache = true;
	str_copy(super->source, source, sizeof(super->source));
	root = proc_inode(super, entry, 1, NULL, 0, 0);
	err = IS_ERR(root) ? PTR_ERR(root) : super_set_root(super, root);
	if (err) {
		super_put(super);
		return err;
	}
	*out = super;
	return 0;
}

static int proc_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	(void)source, (void)flags, (void)options;
	return proc_table_mount(&procfs_type, PROC_MAGIC, "proc", &root_entry, out);
}

const struct fs_type procfs_type = {.name = "proc", .mount = proc_mount, .nodev = true};

/*
 * path.c - from text to place and back.
 * Spec: POSIX.1-2024 4.16 Pathname Resolution; limits NAME_MAX, PATH_MAX, 40 symbolic links.
 *
 * A walk holds a reference to where it stands. Symbolic links do not recurse: what is left of the
 * text is stacked on the heap, and dropped at once when nothing is left of it.
 * Locks: none of its own; those of dentry.c and mount.c.
 */
#include "vfs/internal.h"
#include "lib/alloc.h"
#include "lib/str.h"

struct walk_text {
	struct walk_text *outer;
	const char *rest; /* where the outer text goes on */
	char text[];
};

int upath_get(struct upath *u, uaddr_t addr)
{
	ssize_t n = copyin_str(u->small, addr, sizeof(u->small));

	u->s = u->small;
	if (n != -ENAMETOOLONG)
		return n < 0 ? (int)n : 0;
	u->s = kmalloc(PATH_MAX);
	if (!u->s)
		return -ENOMEM;
	n = copyin_str(u->s, addr, PATH_MAX);
	if (n < 0) {
		kfree(u->s);
		u->s = u->small;
		return (int)n;
	}
	return 0;
}

void upath_put(struct upath *u)
{
	if (u->s != u->small)
		kfree(u->s);
}

void path_get(const struct path *p)
{
	if (p->mount)
		mount_get(p->mount);
	if (p->dentry)
		dentry_get(p->dentry);
}

void path_put(const struct path *p)
{
	/* The mount last: it keeps the file system that the dentry belongs to. */
	if (p->dentry)
		dentry_put(p->dentry);
	if (p->mount)
		mount_put(p->mount);
}

/* ---- the walk ---- */

static const struct path *walk_root(struct walk *w)
{
	if (!w->has_root) {
		fsctx_root(&w->root);
		w->has_root = true;
	}
	return &w->root;
}

static void walk_set(struct walk *w, const struct path *to)
{
	path_put(&w->at);
	w->at = *to;
}

static void walk_to_root(struct walk *w)
{
	struct path root = *walk_root(w);

	path_get(&root);
	walk_set(w, &root);
}

static int walk_from(struct walk *w, int dirfd)
{
	struct file *f;

	if (dirfd == AT_FDCWD) {
		fsctx_cwd(&w->at);
		return 0;
	}
	f = fd_get_path(dirfd);
	if (!f)
		return -EBADF;
	w->at = f->path;
	path_get(&w->at);
	file_put(f);
	return w->at.dentry ? 0 : -ENOTDIR;
}

static int walk_base(struct walk *w, int dirfd, const char *name)
{
	int err;

	if (UNLIKELY(w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))) {
		if (*name == '/' && (w->resolve & RESOLVE_BENEATH))
			return -EXDEV;
		err = walk_from(w, dirfd);
		if (err)
			return err;
		w->root = w->at;
		path_get(&w->root);
		w->has_root = true;
		return 0;
	}
	if (*name == '/') {
		walk_to_root(w);
		return 0;
	}
	return walk_from(w, dirfd);
}

int walk_start_resolve(struct walk *w, int dirfd, const char *name, uint32_t resolve)
{
	*w = (struct walk){.cred = cred_self(), .p = name, .resolve = resolve};
	if (!*name)
		return -ENOENT;
	return walk_base(w, dirfd, name);
}

int walk_start(struct walk *w, int dirfd, const char *name)
{
	return walk_start_resolve(w, dirfd, name, 0);
}

static void walk_pop(struct walk *w)
{
	struct walk_text *t = w->texts;

	w->p = t->rest;
	w->texts = t->outer;
	kfree(t);
}

void walk_end(struct walk *w)
{
	while (w->texts)
		walk_pop(w);
	path_put(&w->at);
	if (w->has_root)
		path_put(&w->root);
}

static const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

static bool walk_has_more(const struct walk *w)
{
	return *w->p || (w->texts && w->texts->rest);
}

/* The next component, or WALK_HERE when the text is used up; w->last, len and type say which. */
static int walk_next(struct walk *w)
{
	const char *p = skip_slashes(w->p), *end;

	if (!*p && w->texts && w->texts->rest) {
		walk_pop(w); /* the outer text has a component left: see walk_push() */
		p = skip_slashes(w->p);
	}
	end = p;
	while (*end && *end != '/')
		end++;
	if (end - p > NAME_MAX)
		return -ENAMETOOLONG;
	w->last = p;
	w->len = (uint16_t)(end - p);
	w->p = skip_slashes(end);
	if (w->len == 0)
		w->type = WALK_HERE;
	else if (w->len == 1 && p[0] == '.')
		w->type = WALK_DOT;
	else if (w->len == 2 && p[0] == '.' && p[1] == '.')
		w->type = WALK_DOTDOT;
	else
		w->type = WALK_NAME;
	/* A slash at the very end counts even if the component turns out to be a link. */
	if (end != w->p && !walk_has_more(w))
		w->slash = true;
	return 0;
}

/* Standing at a directory that may be searched? */
static int walk_may_search(struct walk *w)
{
	struct inode *dir = w->at.dentry->inode;

	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	return inode_permission_cred(w->cred, dir, X_OK);
}

/* Onto what is mounted at the present place. */
static int walk_cross(struct walk *w)
{
	struct mount *before = w->at.mount;

	mount_cross(&w->at);
	return (w->resolve & RESOLVE_NO_XDEV) && w->at.mount != before ? -EXDEV : 0;
}

static int walk_dotdot(struct walk *w)
{
	const struct path *root = walk_root(w);
	struct path up;

	for (;;) {
		if (w->at.dentry == root->dentry && w->at.mount == root->mount)
			return w->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
		if (w->at.dentry != w->at.mount->root)
			break;
		if (!mount_climb(&w->at))
			return 0;
		if (w->resolve & RESOLVE_NO_XDEV)
			return -EXDEV;
	}
	up.mount = w->at.mount;
	mount_get(up.mount);
	up.dentry = dentry_parent_get(w->at.dentry);
	walk_set(w, &up);
	return walk_cross(w);
}

/* Move to child d (referenced, consumed) of the present place, and onto what is mounted there. */
static int walk_into(struct walk *w, struct dentry *d)
{
	dentry_put(w->at.dentry);
	w->at.dentry = d;
	return walk_cross(w);
}

/* Stack the rest of the text and go on with t, the target of a link. */
static void walk_push(struct walk *w, struct walk_text *t)
{
	if (*w->p) {
		t->outer = w->texts;
		t->rest = w->p;
	} else if (w->texts) {
		/* Nothing left of the innermost text: t takes its place. */
		struct walk_text *done = w->texts;

		t->outer = done->outer;
		t->rest = done->rest;
		kfree(done);
	} else {
		t->outer = NULL;
		t->rest = NULL;
	}
	w->texts = t;
	w->p = t->text;
}

/* A link that leads to an object, not to a name: /proc/<pid>/fd/N and its kin. */
static int walk_jump(struct walk *w, struct inode *link)
{
	struct path to;
	int err;

	if (w->resolve & RESOLVE_NO_MAGICLINKS)
		return -ELOOP;
	if (w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EXDEV;
	err = link->ops->jump(link, &to);
	if (err)
		return err;
	if ((w->resolve & RESOLVE_NO_XDEV) && to.mount != w->at.mount)
		err = -EXDEV;
	walk_set(w, &to);
	return err;
}

int walk_follow(struct walk *w, struct dentry *d)
{
	struct inode *link = d->inode;
	struct walk_text *t;
	ssize_t n;

	if (++w->links > SYMLOOP_MAX || (w->resolve & RESOLVE_NO_SYMLINKS))
		return -ELOOP;
	if (link->ops->jump)
		return walk_jump(w, link);
	t = kmalloc(sizeof(*t) + PATH_MAX + 1);
	if (!t)
		return -ENOMEM;
	n = link->ops->readlink ? link->ops->readlink(link, t->text, PATH_MAX) : -EINVAL;
	if (n <= 0 || n >= PATH_MAX) {
		kfree(t);
		return n == 0 ? -ENOENT : n < 0 ? (int)n : -ENAMETOOLONG;
	}
	t->text[n] = 0;
	if (t->text[0] == '/') {
		struct mount *before = w->at.mount;

		if (w->resolve & RESOLVE_BENEATH) {
			kfree(t);
			return -EXDEV;
		}
		walk_to_root(w);
		if ((w->resolve & RESOLVE_NO_XDEV) && w->at.mount != before) {
			kfree(t);
			return -EXDEV;
		}
	}
	walk_push(w, t);
	return 0;
}

/* One component that is not the last. */
static int walk_step(struct walk *w)
{
	struct dentry *d;
	int err;

	if (w->type == WALK_DOT)
		return 0;
	if (w->type == WALK_DOTDOT)
		return walk_dotdot(w);
	d = dentry_find(w->at.dentry, w->last, w->len);
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (!d->inode) {
		dentry_put(d);
		return -ENOENT;
	}
	if (S_ISLNK(d->inode->mode) && !atomic_load(&d->mounts)) {
		err = walk_follow(w, d);
		dentry_put(d);
		return err;
	}
	return walk_into(w, d);
}

int walk_parent(struct walk *w)
{
	int err;

	for (;;) {
		err = walk_next(w);
		if (err || w->type == WALK_HERE)
			return err;
		err = walk_may_search(w);
		if (err || !walk_has_more(w))
			return err;
		err = walk_step(w);
		if (err)
			return err;
	}
}

/* After walk_parent(): the place itself. Links are followed if `follow` or a slash came after. */
static int walk_last(struct walk *w, bool follow)
{
	struct dentry *d;
	int err;

	for (;;) {
		if (w->type == WALK_HERE || w->type == WALK_DOT)
			return 0;
		if (w->type == WALK_DOTDOT)
			return walk_dotdot(w);
		d = dentry_find(w->at.dentry, w->last, w->len);
		if (IS_ERR(d))
			return PTR_ERR(d);
		if (!d->inode) {
			dentry_put(d);
			return -ENOENT;
		}
		if (!S_ISLNK(d->inode->mode) || atomic_load(&d->mounts) || !(follow || w->slash)) {
			return walk_into(w, d);
		}
		err = walk_follow(w, d);
		dentry_put(d);
		if (!err)
			err = walk_parent(w);
		if (err)
			return err;
	}
}

int walk_dir(struct walk *w, int dirfd, const char *name)
{
	int err = walk_start(w, dirfd, name);

	return err ? err : walk_parent(w);
}

/* ---- lookups ---- */

/* From where the walk stands to the end of its text. */
static int walk_all(struct walk *w, uint32_t flags, struct path *out)
{
	int err = walk_parent(w);

	if (!err && !(flags & LOOKUP_PARENT))
		err = walk_last(w, flags & LOOKUP_FOLLOW);
	if (!err && ((flags & LOOKUP_DIRECTORY) || w->slash) && !(flags & LOOKUP_PARENT) &&
		!S_ISDIR(w->at.dentry->inode->mode))
		err = -ENOTDIR;
	if (!err) {
		*out = w->at;
		path_get(out);
	}
	return err;
}

int path_lookup_cred(
	const struct cred *cred, int dirfd, const char *name, uint32_t flags, struct path *out)
{
	struct walk w = {.cred = cred, .p = name, .resolve = flags >> LOOKUP_RESOLVE_SHIFT};
	int err;

	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	err = walk_base(&w, dirfd, name);
	if (!err)
		err = walk_all(&w, flags, out);
	walk_end(&w);
	return err;
}

int path_lookup(int dirfd, const char *name, uint32_t flags, struct path *out)
{
	return path_lookup_cred(cred_self(), dirfd, name, flags, out);
}

int path_lookup_user(int dirfd, uaddr_t name, uint32_t flags, struct path *out)
{
	struct upath u;
	int err = upath_get(&u, name);

	if (err)
		return err;
	err = path_lookup(dirfd, u.s, flags, out);
	upath_put(&u);
	return err;
}

/* ---- text of a place ---- */

/* Text that is built from its end. */
struct back_text {
	char *start, *p;
	bool full;
};

static void text_prepend(struct back_text *t, const char *s, size_t len)
{
	if (t->full || (size_t)(t->p - t->start) < len) {
		t->full = true;
		return;
	}
	t->p -= len;
	memcpy(t->p, s, len);
}

/* RANK_MOUNT and RANK_DTREE are held. Returns false if it ended outside root. */
static bool text_climb_locked(struct back_text *t, const struct path *root, struct path at)
{
	for (;;) {
		if (root && at.dentry == root->dentry && at.mount == root->mount)
			return true;
		if (at.mount && at.dentry == at.mount->root) {
			if (!at.mount->parent)
				return !at.mount->detached && !root;
			at.dentry = at.mount->mountpoint;
			at.mount = at.mount->parent;
			continue;
		}
		if (at.dentry->parent == at.dentry)
			return false;
		text_prepend(t, at.dentry->name, at.dentry->name_len);
		text_prepend(t, "/", 1);
		at.dentry = at.dentry->parent;
	}
}

static int text_of_locked(const struct path *p, const struct path *root, char *buf, size_t size)
{
	struct back_text t = {.start = buf, .p = buf + size};
	size_t len;
	bool inside, deleted;

	text_prepend(&t, "", 1);
	lock_acquire(&dentry_tree_lock);
	deleted = p->dentry->unhashed;
	if (deleted)
		text_prepend(&t, " (deleted)", 10);
	inside = text_climb_locked(&t, root, *p);
	lock_release(&dentry_tree_lock);
	if (t.p == buf + size - 1 || *t.p != '/')
		text_prepend(&t, "/", 1);
	if (!inside && !(p->mount && p->mount->hidden))
		text_prepend(&t, "(unreachable)", 13);
	if (t.full)
		return -ERANGE;
	len = (size_t)(buf + size - t.p);
	memmove(buf, t.p, len);
	return (int)len - 1;
}

int path_text(const struct path *p, char *buf, size_t size)
{
	struct path root;
	int n;

	if (!p->dentry || size == 0)
		return -ERANGE;
	fsctx_root(&root);
	lock_acquire(&mount_lock);
	n = text_of_locked(p, &root, buf, size);
	lock_release(&mount_lock);
	path_put(&root);
	return n;
}

/*
 * The process's root is not looked up here: its lock ranks before the mount lock, which is held.
 * So the text starts at the root of all.
 */
int mount_text_locked(struct mount *m, char *buf, size_t size)
{
	struct path at = {m, m->root};

	KASSERT(lock_held(&mount_lock));
	return text_of_locked(&at, NULL, buf, size);
}

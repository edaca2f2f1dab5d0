/*
 * dentry.c - the cache of names: hash, bounded size, rename and delete.
 *
 * A dentry's inode never changes, and while it is hashed the hash holds one reference, so "count
 * is one, under its stripe's lock" means that nobody uses it and nobody can start to.
 * Entering a name needs its directory's inode lock, so that a name is cached once.
 *
 * Locks: dentry_tree_lock (RANK_DTREE) for parents, names and lists of children; a stripe of the
 * hash (RANK_DENTRY) for its chains. A name or parent changes under the tree lock and the stripes
 * of both places, so a lookup needs its stripe alone: many processes look up at once.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define BUCKETS 4096u
#define STRIPES 64u
#define CACHE_MAX 8192u /* names kept; beyond it a sweep drops some that nobody used lately */
#define SWEEP 256u	/* buckets of one sweep */

struct stripe {
	struct lock lock;
} __attribute__((aligned(CACHE_LINE)));

static struct stripe stripes[STRIPES] = {[0 ... STRIPES - 1] = {LOCK_INIT(RANK_DENTRY)}};
static struct dentry *buckets[BUCKETS]; /* [stripe] */
static uint32_t cached;			/* [a] hashed dentries */
static uint32_t sweep_hand;		/* [a] bucket where the next sweep starts */
struct lock dentry_tree_lock = LOCK_INIT(RANK_DTREE);

static uint32_t hash_of(const struct dentry *parent, const char *name, size_t len)
{
	uint32_t h = str_hash(name, len) ^ (uint32_t)((uintptr_t)parent >> 4) * 0x9e3779b1u;

	return h ^ h >> 15;
}

static struct lock *stripe_of(uint32_t hash)
{
	return &stripes[hash % STRIPES].lock;
}

static bool is_name(const struct dentry *d, const char *name, size_t len)
{
	return d->name_len == len && memcmp(d->name, name, len) == 0;
}

static void dentry_free(struct dentry *d)
{
	if (d->name != d->short_name)
		kfree(d->name);
	kfree(d);
}

void dentry_get(struct dentry *d)
{
	ref_get(&d->refs);
}

/* A loop, not recursion: the last name in a deep directory lets go of the whole way up. */
void dentry_put(struct dentry *d)
{
	while (d && ref_put(&d->refs)) {
		struct dentry *parent = d->parent == d ? NULL : d->parent;

		KASSERT(!d->hashed);
		notify_name_gone(d->inode);
		inode_put(d->inode);
		dentry_free(d);
		d = parent;
	}
}

/* ---- hash ---- */

static void chain_add(struct dentry *d)
{
	struct dentry **bucket = &buckets[d->hash % BUCKETS];

	d->hash_next = *bucket;
	*bucket = d;
}

static void chain_del(struct dentry *d)
{
	struct dentry **at = &buckets[d->hash % BUCKETS];

	while (*at != d)
		at = &(*at)->hash_next;
	*at = d->hash_next;
	d->hash_next = NULL;
}

static void enter_locked(struct dentry *d)
{
	struct lock *stripe = stripe_of(d->hash);

	lock_acquire(stripe);
	chain_add(d);
	d->hashed = true;
	lock_release(stripe);
	list_add_head(&d->parent->children, &d->child_link);
	atomic_add(&cached, 1u);
}

/*
 * Out of the hash, if it is in and has at most max references; the hash's is then the caller's to
 * put. Nobody finds it from here on.
 */
static bool leave_if_locked(struct dentry *d, uint32_t max)
{
	struct lock *stripe = stripe_of(d->hash);
	bool out;

	lock_acquire(stripe);
	out = d->hashed && atomic_load(&d->refs.count) <= max;
	if (out) {
		chain_del(d);
		d->hashed = false;
	}
	lock_release(stripe);
	if (out) {
		list_del(&d->child_link);
		atomic_sub(&cached, 1u);
	}
	return out;
}

static bool leave_locked(struct dentry *d)
{
	return leave_if_locked(d, UINT32_MAX);
}

struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t len)
{
	uint32_t hash = hash_of(parent, name, len);
	struct lock *stripe = stripe_of(hash);
	struct dentry *d;

	lock_acquire(stripe);
	for (d = buckets[hash % BUCKETS]; d; d = d->hash_next)
		if (d->hash == hash && d->parent == parent && is_name(d, name, len))
			break;
	if (d) {
		ref_get(&d->refs);
		if (!atomic_load(&d->used))
			atomic_store(&d->used, 1);
	}
	lock_release(stripe);
	return d;
}

/* ---- bounded size ---- */

/* Take unused names of one bucket out: all of super's if given, else those not used lately. */
static struct dentry *sweep_bucket_locked(uint32_t i, const struct super *super)
{
	struct lock *stripe = &stripes[i % STRIPES].lock;
	struct dentry **at = &buckets[i], *out = NULL, *d;

	lock_acquire(stripe);
	while ((d = *at)) {
		bool take = super ? d->super == super : !atomic_xchg(&d->used, 0);

		if (!take || atomic_load(&d->refs.count) != 1) {
			at = &d->hash_next;
			continue;
		}
		*at = d->hash_next;
		d->hashed = false;
		list_del(&d->child_link);
		atomic_sub(&cached, 1u);
		d->hash_next = out;
		out = d;
	}
	lock_release(stripe);
	return out;
}

/* d is out of the hash: put it, and the directories above that it alone kept. */
static void put_upward(struct dentry *d)
{
	struct dentry *parent;
	bool unused;

	for (;;) {
		parent = d->parent;
		dentry_get(parent);
		dentry_put(d);
		lock_acquire(&dentry_tree_lock);
		unused = leave_if_locked(parent, 2); /* the hash's and ours */
		lock_release(&dentry_tree_lock);
		if (!unused)
			break;
		dentry_put(parent); /* the hash's */
		d = parent;
	}
	dentry_put(parent);
}

/* Returns how many names went. */
static uint32_t sweep(uint32_t first, uint32_t n, const struct super *super)
{
	uint32_t gone = 0;

	while (n-- > 0) {
		struct dentry *d, *next;

		lock_acquire(&dentry_tree_lock);
		d = sweep_bucket_locked(first++ % BUCKETS, super);
		lock_release(&dentry_tree_lock);
		for (; d; d = next, gone++) {
			next = d->hash_next;
			if (super)
				put_upward(d);
			else
				dentry_put(d);
		}
	}
	return gone;
}

void dentry_prune_super(struct super *super)
{
	/* Again until nothing goes: a directory may have been passed before its last name went. */
	while (sweep(0, BUCKETS, super) > 0)
		;
}

/* ---- making and finding ---- */

struct dentry *dentry_new(struct dentry *parent, const char *name, size_t len, struct super *super,
	struct inode *inode)
{
	struct dentry *d = kmalloc(sizeof(*d));

	if (!d)
		goto no_memory;
	memset(d, 0, offsetof(struct dentry, short_name));
	d->name = d->short_name;
	if (len >= sizeof(d->short_name)) {
		d->name = kmalloc(len + 1);
		if (!d->name)
			goto free_dentry;
	}
	memcpy(d->name, name, len);
	d->name[len] = 0;
	d->name_len = (uint16_t)len;
	ref_init(&d->refs, 1);
	list_init(&d->children);
	list_init(&d->child_link);
	d->inode = inode;
	d->super = super;
	d->parent = parent ? parent : d;
	if (parent) {
		dentry_get(parent);
		d->hash = hash_of(parent, name, len);
	}
	return d;
free_dentry:
	kfree(d);
no_memory:
	inode_put(inode);
	return NULL;
}

struct dentry *dentry_insert(
	struct dentry *parent, const char *name, size_t len, struct inode *inode)
{
	struct dentry *d = dentry_new(parent, name, len, parent->super, inode);

	if (!d || parent->super->no_dcache)
		return d;
	ref_get(&d->refs); /* the hash's */
	lock_acquire(&dentry_tree_lock);
	enter_locked(d);
	lock_release(&dentry_tree_lock);
	if (atomic_load(&cached) > CACHE_MAX)
		sweep(atomic_add(&sweep_hand, SWEEP), SWEEP, NULL);
	return d;
}

struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len)
{
	struct inode *dir = parent->inode, *inode = NULL;
	struct dentry *d;
	int err;

	d = dentry_lookup(parent, name, len);
	if (d)
		return d;
	if (dir->dead)
		return ERR_PTR(-ENOENT);
	err = dir->ops->lookup ? dir->ops->lookup(dir, name, len, &inode) : -ENOENT;
	if (err && err != -ENOENT)
		return ERR_PTR(err);
	d = dentry_insert(parent, name, len, err ? NULL : inode);
	return d ? d : ERR_PTR(-ENOMEM);
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = dentry_lookup(parent, name, len);

	if (d)
		return d;
	lock_acquire(&parent->inode->lock);
	d = dentry_find_locked(parent, name, len);
	lock_release(&parent->inode->lock);
	return d;
}

/* ---- going ---- */

void dentry_drop(struct dentry *d, bool deleted)
{
	bool was_hashed;

	lock_acquire(&dentry_tree_lock);
	was_hashed = leave_locked(d);
	if (deleted)
		atomic_store(&d->unhashed, true);
	lock_release(&dentry_tree_lock);
	if (was_hashed)
		dentry_put(d);
}

void dentry_drop_children(struct dentry *d)
{
	struct dentry *child;

	for (;;) {
		lock_acquire(&dentry_tree_lock);
		child = LIST_FIRST(&d->children, struct dentry, child_link);
		if (child)
			(void)leave_locked(child);
		lock_release(&dentry_tree_lock);
		if (!child)
			return;
		dentry_put(child);
	}
}

void dentry_pin(struct dentry *d)
{
	lock_acquire(&dentry_tree_lock);
	if (!d->hashed && d->parent != d) {
		ref_get(&d->refs);
		enter_locked(d);
	}
	lock_release(&dentry_tree_lock);
}

void dentry_unpin(struct dentry *d)
{
	if (d->super->no_dcache)
		dentry_drop(d, false);
}

/* ---- moving ---- */

char *dentry_name_alloc(const char *name, size_t len)
{
	return kstrdup(name, len);
}

/* Change hash key under the tree lock. The old name is returned, for the caller to free. */
static char *rekey_locked(struct dentry *d, struct dentry *parent, char *name, size_t len)
{
	uint32_t hash = hash_of(parent, name, len);
	struct lock *from = stripe_of(d->hash), *to = stripe_of(hash);
	char *old = d->name == d->short_name ? NULL : d->name;

	lock_acquire2(from, to);
	if (d->hashed)
		chain_del(d);
	d->parent = parent;
	d->name = name;
	d->name_len = (uint16_t)len;
	d->hash = hash;
	if (d->hashed)
		chain_add(d);
	lock_release2(from, to);
	list_del(&d->child_link);
	if (d->hashed)
		list_add_head(&parent->children, &d->child_link);
	return old;
}

void dentry_rename(struct dentry *d, struct dentry *parent, char *name, size_t len)
{
	struct dentry *old_parent = d->parent;
	char *old_name;

	dentry_get(parent);
	lock_acquire(&dentry_tree_lock);
	old_name = rekey_locked(d, parent, name, len);
	lock_release(&dentry_tree_lock);
	kfree(old_name);
	dentry_put(old_parent);
}

void dentry_exchange(struct dentry *a, struct dentry *b, char *a_name, char *b_name)
{
	struct dentry *a_parent = a->parent, *b_parent = b->parent;
	size_t a_len = a->name_len, b_len = b->name_len;
	char *old_a, *old_b;

	/* The counts of the parents stay right: each gains one child and loses one. */
	lock_acquire(&dentry_tree_lock);
	old_a = rekey_locked(a, b_parent, b_name, b_len);
	old_b = rekey_locked(b, a_parent, a_name, a_len);
	lock_release(&dentry_tree_lock);
	kfree(old_a);
	kfree(old_b);
}

/* ---- the tree ---- */

struct dentry *dentry_parent_get(struct dentry *d)
{
	struct dentry *parent;

	lock_acquire(&dentry_tree_lock);
	parent = d->parent;
	ref_get(&parent->refs);
	lock_release(&dentry_tree_lock);
	return parent;
}

bool dentry_is_ancestor(struct dentry *a, struct dentry *d)
{
	bool found;

	/* By inode: without a cache (super.no_dcache) a directory has more than one dentry. */
	lock_acquire(&dentry_tree_lock);
	while (d->inode != a->inode && d->parent != d)
		d = d->parent;
	found = d->inode == a->inode;
	lock_release(&dentry_tree_lock);
	return found;
}

/*
 * sysv.c - keys, ids and permissions of SysV IPC objects.
 * Locks: see sysv.h.
 */
#include "ipc/sysv.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "proc/proc.h"

int64_t ipc_now(void)
{
	return ktime_now().sec;
}

struct abi_time_words ipc_time(int64_t seconds)
{
	return (struct abi_time_words){(uint32_t)seconds, (uint32_t)((uint64_t)seconds >> 32)};
}

void ipc_get_ref(struct ipc_obj *o)
{
	ref_get(&o->refs);
}

void ipc_put(struct ipc_table *t, struct ipc_obj *o)
{
	if (ref_put(&o->refs))
		t->free(o);
}

void ipc_unlock_put(struct ipc_table *t, struct ipc_obj *o)
{
	lock_release(&o->lock);
	ipc_put(t, o);
}

/* ---- permissions ---- */

int ipc_permission_locked(const struct ipc_obj *o, uint32_t bits)
{
	const struct cred *c = cred_self();
	uint32_t want = (bits >> 6 | bits >> 3 | bits) & 7, granted = o->mode;

	if (c->euid == o->cuid || c->euid == o->uid)
		granted >>= 6;
	else if (cred_in_group(c, o->cgid) || cred_in_group(c, o->gid))
		granted >>= 3;
	return (want & ~granted & 7) && !cred_is_root(c) ? -EACCES : 0;
}

int ipc_owner_locked(const struct ipc_obj *o)
{
	const struct cred *c = cred_self();

	return c->euid == o->cuid || c->euid == o->uid || cred_is_root(c) ? 0 : -EPERM;
}

void ipc_perm_out_locked(const struct ipc_obj *o, struct abi_ipc_perm *out)
{
	*out = (struct abi_ipc_perm){.key = o->key,
		.uid = o->uid,
		.gid = o->gid,
		.cuid = o->cuid,
		.cgid = o->cgid,
		.mode = o->mode,
		.seq = o->id / IPC_SLOTS};
}

void ipc_perm_in_locked(struct ipc_obj *o, const struct abi_ipc_perm *in)
{
	o->uid = in->uid;
	o->gid = in->gid;
	o->mode = (o->mode & ~0777u) | (in->mode & 0777);
	o->ctime = ipc_now();
}

/* ---- the table ---- */

static struct ipc_obj *find_key_locked(struct ipc_table *t, uint32_t key)
{
	for (uint32_t i = 0; i < t->room; i++) {
		if (t->slots[i] && t->slots[i]->key == key)
			return t->slots[i];
	}
	return NULL;
}

static bool grow_locked(struct ipc_table *t)
{
	uint32_t room = MAX(16u, t->room * 2);
	struct ipc_obj **slots;

	if (t->count < t->room)
		return true;
	if (room > IPC_SLOTS)
		return false;
	slots = kzalloc(room * sizeof(struct ipc_obj *));
	if (!slots)
		return false;
	if (t->slots)
		memcpy(slots, t->slots, t->room * sizeof(struct ipc_obj *));
	kfree(t->slots);
	t->slots = slots;
	t->room = room;
	return true;
}

/* Give o a slot and an id; the table takes over its reference. */
static int insert_locked(struct ipc_table *t, struct ipc_obj *o)
{
	uint32_t slot = 0;

	if (!grow_locked(t))
		return -ENOSPC;
	while (t->slots[slot])
		slot++;
	o->id = (t->seq++ & 0xffffu) * IPC_SLOTS + slot;
	t->slots[slot] = o;
	t->count++;
	return (int)o->id;
}

static struct ipc_obj *make(
	const struct ipc_kind *kind, uint32_t key, uint32_t mode, const void *arg)
{
	struct ipc_obj *o = kind->make(arg);
	const struct cred *c = cred_self();

	if (IS_ERR(o))
		return o;
	ref_init(&o->refs, 1);
	lock_init(&o->lock, RANK_IPC);
	o->key = key;
	o->uid = o->cuid = c->euid;
	o->gid = o->cgid = c->egid;
	o->mode = mode & 0777;
	o->ctime = ipc_now();
	return o;
}

/* What the key names exists. -EAGAIN: no more, by now. */
static int use_found(
	const struct ipc_kind *kind, struct ipc_obj *o, uint32_t flags, const void *arg)
{
	int result;

	lock_acquire(&o->lock);
	if (o->gone)
		result = -EAGAIN;
	else if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		result = -EEXIST;
	else
		result = kind->check(o, arg);
	if (!result)
		result = ipc_permission_locked(o, flags & 0777);
	if (!result)
		result = (int)o->id;
	ipc_unlock_put(kind->table, o);
	return result;
}

int ipc_get(const struct ipc_kind *kind, uint32_t key, uint32_t flags, const void *arg)
{
	struct ipc_table *t = kind->table;
	struct ipc_obj *found, *fresh = NULL;
	int result;

	for (;;) {
		lock_acquire(&t->lock);
		found = key == IPC_PRIVATE ? NULL : find_key_locked(t, key);
		if (found)
			ipc_get_ref(found);
		else if (fresh)
			result = insert_locked(t, fresh);
		lock_release(&t->lock);
		if (found) {
			result = use_found(kind, found, flags, arg);
			if (result == -EAGAIN)
				continue;
			break;
		}
		if (fresh) {
			if (result >= 0)
				fresh = NULL;
			break;
		}
		if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
			return -ENOENT;
		fresh = make(kind, key, flags, arg);
		if (IS_ERR(fresh))
			return PTR_ERR(fresh);
	}
	if (fresh)
		ipc_put(t, fresh);
	return result;
}

int ipc_lock(struct ipc_table *t, int32_t id, bool by_slot, struct ipc_obj **out)
{
	uint32_t slot = by_slot ? (uint32_t)id : (uint32_t)id % IPC_SLOTS;
	struct ipc_obj *o = NULL;

	if (id < 0)
		return -EINVAL;
	lock_acquire(&t->lock);
	if (slot < t->room && t->slots[slot] && (by_slot || t->slots[slot]->id == (uint32_t)id)) {
		o = t->slots[slot];
		ipc_get_ref(o);
	}
	lock_release(&t->lock);
	if (!o)
		return -EINVAL;
	lock_acquire(&o->lock);
	if (o->gone) {
		ipc_unlock_put(t, o);
		return -EIDRM;
	}
	*out = o;
	return 0;
}

void ipc_hide_locked(struct ipc_table *t, struct ipc_obj *o)
{
	lock_acquire(&t->lock);
	o->key = IPC_PRIVATE;
	lock_release(&t->lock);
}

void ipc_remove_locked(struct ipc_table *t, struct ipc_obj *o)
{
	bool empty;
	struct ipc_obj **slots = NULL;

	o->gone = true;
	lock_acquire(&t->lock);
	KASSERT(t->slots[o->id % IPC_SLOTS] == o);
	t->slots[o->id % IPC_SLOTS] = NULL;
	empty = --t->count == 0;
	if (empty) {
		slots = t->slots;
		t->slots = NULL;
		t->room = 0;
	}
	lock_release(&t->lock);
	kfree(slots);
	ipc_put(t, o); /* not the last one: the caller's */
}

void ipc_count(struct ipc_table *t, uint32_t *count, uint32_t *highest)
{
	*highest = 0;
	lock_acquire(&t->lock);
	*count = t->count;
	for (uint32_t i = 0; i < t->room; i++) {
		if (t->slots[i])
			*highest = i;
	}
	lock_release(&t->lock);
}

void ipc_for_each(struct ipc_table *t, void (*f)(struct ipc_obj *o, void *arg), void *arg)
{
	uint32_t count, highest;

	ipc_count(t, &count, &highest);
	for (uint32_t i = 0; i <= highest; i++) {
		struct ipc_obj *o;

		if (ipc_lock(t, (int32_t)i, true, &o))
			continue;
		f(o, arg);
		ipc_unlock_put(t, o);
	}
}

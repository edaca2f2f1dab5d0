/*
 * sysv.h - what SysV's semaphores, message queues and shared memory have in common: objects with
 * keys, ids, owners and permissions. Spec: POSIX.1-2024 XSI IPC; sysvipc(7).
 *
 * struct ipc_obj     first member of a set, queue or segment. Referenced by its table until it is
 *                    removed, and by the calls that work on it.
 * struct ipc_table   all of one kind.
 *
 * An id is seq * IPC_SLOTS + slot, so that the id of a removed object is not soon another's.
 * Locks: obj.lock (RANK_IPC) for the object, table.lock (RANK_IPC_TABLE), inside it, for who is
 * there.
 */
#ifndef IPC_SYSV_H
#define IPC_SYSV_H

#include "lib/types.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "abi/ipc.h"
#include "fs/procfs.h"

#define IPC_SLOTS 32768u /* and of each kind no more */

struct ipc_obj {
	struct ref refs;
	struct lock lock;	 /* RANK_IPC */
	uint32_t id;		 /* [i] once in the table */
	uint32_t key;		 /* [table.lock] IPC_PRIVATE: not to be found by key */
	uint32_t uid, gid, mode; /* [l] */
	uint32_t cuid, cgid;	 /* [i] who made it */
	int64_t ctime;		 /* [l] seconds */
	bool gone;		 /* [l] removed: who waits leaves with -EIDRM */
};

struct ipc_table {
	struct lock lock;		 /* RANK_IPC_TABLE */
	struct ipc_obj **slots;		 /* [l] */
	uint32_t room, count;		 /* [l] of slots; in use */
	uint32_t seq;			 /* [l] of the next object */
	void (*free)(struct ipc_obj *o); /* [i] the last reference is gone */
};
#define IPC_TABLE_INIT(free_fn) {.lock = LOCK_INIT(RANK_IPC_TABLE), .free = (free_fn)}

/* How one kind makes and checks objects for ipc_get(). */
struct ipc_kind {
	struct ipc_table *table;
	/* A new object; arg as given. ERR_PTR(-ENOMEM, -EINVAL, -ENOSPC). */
	struct ipc_obj *(*make)(const void *arg);
	/* Is what the key names large enough? 0 or -EINVAL. obj.lock is held. */
	int (*check)(const struct ipc_obj *o, const void *arg);
};

/* The get calls: the id of what key names, or of a new one. flags: IPC_CREAT, IPC_EXCL, mode bits.
 */
int ipc_get(const struct ipc_kind *kind, uint32_t key, uint32_t flags, const void *arg) MUST_CHECK;
/* The object, referenced and locked. by_slot: the number is an index (…_STAT). -EINVAL, -EIDRM. */
int ipc_lock(struct ipc_table *t, int32_t id, bool by_slot, struct ipc_obj **out) MUST_CHECK;
void ipc_unlock_put(struct ipc_table *t, struct ipc_obj *o);
void ipc_get_ref(struct ipc_obj *o);
void ipc_put(struct ipc_table *t, struct ipc_obj *o);
/* bits: of 0444 and 0222, as shmget's flags have them. 0 or -EACCES. obj.lock is held. */
int ipc_permission_locked(const struct ipc_obj *o, uint32_t bits) MUST_CHECK;
/* 0 or -EPERM: neither owner nor maker nor root. */
int ipc_owner_locked(const struct ipc_obj *o) MUST_CHECK;
/* Take it out of the table, whose reference goes; the caller holds one of its own. */
void ipc_remove_locked(struct ipc_table *t, struct ipc_obj *o);
/* Only its key: nobody finds it any more. */
void ipc_hide_locked(struct ipc_table *t, struct ipc_obj *o);
void ipc_perm_out_locked(const struct ipc_obj *o, struct abi_ipc_perm *out);
/* IPC_SET: owner, group and mode, and the time of it. */
void ipc_perm_in_locked(struct ipc_obj *o, const struct abi_ipc_perm *in);
/* Objects, and the highest slot in use (0 if none), as the …_INFO commands tell. */
void ipc_count(struct ipc_table *t, uint32_t *count, uint32_t *highest);
int64_t ipc_now(void);
struct abi_time_words ipc_time(int64_t seconds);
/* Calls f for each object, referenced and locked; for /proc/sysvipc. */
void ipc_for_each(struct ipc_table *t, void (*f)(struct ipc_obj *o, void *arg), void *arg);

/* Text of /proc/sysvipc/{sem,msg,shm}. */
int sysv_sem_text(struct proc_text *t, struct proc_node *n);
int sysv_msg_text(struct proc_text *t, struct proc_node *n);
int sysv_shm_text(struct proc_text *t, struct proc_node *n);
/* A process ends: what SEM_UNDO promised. */
void sysv_sem_exit(struct proc *p);

#endif

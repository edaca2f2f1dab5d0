/*
 * sysv_shm.c - SysV shared memory: shmget, shmat, shmdt, shmctl.
 * Spec: POSIX.1-2024 shmat(); Linux shmop(2).
 *
 * The memory is a segment of S (mm/shared.h), at one address in every process, and only programs
 * linked with -mshm reach it: others get ENODEV from shmat(). A segment that was removed goes with
 * its last attachment, also when that ends with its process.
 *
 * Locks: obj.lock. mm tells of ranges that come and go with mm.lock held, which is outside.
 */
#include "ipc/sysv.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "mm/mm.h"
#include "mm/shared.h"
#include "proc/proc.h"
#include "syscalls.h"

#define BYTES_MAX (S_END - S_FIRST)

struct shm {
	struct ipc_obj obj;   /* first */
	struct shseg *seg;    /* [i] referenced; its owner is this */
	uint32_t size;	      /* [i] bytes asked for */
	uint32_t cpid;	      /* [i] */
	uint32_t lpid;	      /* [obj.lock] */
	int64_t atime, dtime; /* [obj.lock] seconds */
};

static struct shm *shm_of(struct ipc_obj *o)
{
	return (struct shm *)o;
}

static void shm_free(struct ipc_obj *o)
{
	struct shm *s = shm_of(o);

	shseg_put(s->seg);
	kfree(s);
}

static struct ipc_table segments = IPC_TABLE_INIT(shm_free);

static uint32_t attached(const struct shm *s)
{
	uint32_t len = s->seg->end - s->seg->start;

	return (uint32_t)((atomic_load(&s->seg->mapped) + len - 1) / len);
}

/* mm: so many bytes less are mapped. While any are, s is there: only this takes the last ones away.
 */
static void unmapped(struct shseg *seg, uint64_t bytes)
{
	struct shm *s = seg->owner;

	ipc_get_ref(&s->obj);
	lock_acquire(&s->obj.lock);
	atomic_sub(&seg->mapped, bytes);
	s->dtime = ipc_now();
	s->lpid = proc_self()->pid;
	if (!s->obj.gone && (s->obj.mode & SHM_DEST) && attached(s) == 0)
		ipc_remove_locked(&segments, &s->obj);
	ipc_unlock_put(&segments, &s->obj);
}

/* ---- shmget ---- */

static struct ipc_obj *make_segment(const void *arg)
{
	uint32_t size = *(const uint32_t *)arg;
	struct shm *s;

	if (size == 0)
		return ERR_PTR(-EINVAL);
	if (!shared_available() || size > BYTES_MAX)
		return ERR_PTR(size > BYTES_MAX ? -EINVAL : -ENOMEM);
	s = kzalloc(sizeof(*s));
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->seg = shseg_new(size);
	if (!s->seg) {
		kfree(s);
		return ERR_PTR(-ENOMEM);
	}
	s->seg->owner = s;
	s->seg->unmapped = unmapped;
	s->size = size;
	s->cpid = proc_self()->pid;
	return &s->obj;
}

static int check_segment(const struct ipc_obj *o, const void *arg)
{
	return *(const uint32_t *)arg > ((const struct shm *)o)->size ? -EINVAL : 0;
}

static const struct ipc_kind kind = {&segments, make_segment, check_segment};

/* -EINVAL, -ENOENT, -EEXIST, -EACCES, -ENOMEM: S is full, or this engine has none. */
int sys_shmget(uint32_t key, uint32_t size, uint32_t flags)
{
	return ipc_get(&kind, key, flags, &size);
}

/* ---- shmat, shmdt ---- */

static int place_ok(uaddr_t want, uint32_t flags, const struct shseg *seg)
{
	if (want == 0)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (flags & SHM_RND)
		want &= ~(PAGE_SIZE - 1);
	if (want == seg->start)
		return 0;
	klog(KLOG_WARN, "shm: pid %u: shmat at %08x of a segment that lies at %08x",
		proc_self()->pid, want, seg->start);
	return -EINVAL;
}

/* The address. -ENODEV: the program was not linked with -mshm. */
int sys_shmat(int id, uaddr_t want, uint32_t flags)
{
	struct ipc_obj *o;
	struct shm *s;
	bool gone;
	int result;

	if (!proc_self()->mm->shares) {
		klog(KLOG_WARN, "shm: pid %u: shmat needs a program linked with -mshm",
			proc_self()->pid);
		return -ENODEV;
	}
	result = ipc_lock(&segments, id, false, &o);
	if (result)
		return result;
	s = shm_of(o);
	result = ipc_permission_locked(o, flags & SHM_RDONLY ? 0444 : 0666);
	if (!result)
		result = place_ok(want, flags, s->seg);
	lock_release(&o->lock); /* mm.lock is outside of it; the reference stays */
	if (!result)
		result = mmap_segment(
			s->seg, flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE);
	lock_acquire(&o->lock);
	if (!IS_ERR((void *)(uintptr_t)(uint32_t)result)) {
		s->atime = ipc_now();
		s->lpid = proc_self()->pid;
	}
	gone = o->gone;
	lock_release(&o->lock);
	if (gone && !IS_ERR((void *)(uintptr_t)(uint32_t)result)) {
		(void)!munmap_segment(s->seg->start, unmapped);
		result = -EIDRM;
	}
	ipc_put(&segments, o);
	return result;
}

/* One attachment less. -EINVAL: no segment is attached there. */
int sys_shmdt(uaddr_t at)
{
	return munmap_segment(at, unmapped);
}

/* ---- shmctl ---- */

static int stat_segment(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_shmid_ds ds = {0};
	struct ipc_obj *o;
	int result = ipc_lock(&segments, id, cmd != IPC_STAT, &o);

	if (result)
		return result;
	if (cmd != SHM_STAT_ANY)
		result = ipc_permission_locked(o, 0444);
	ipc_perm_out_locked(o, &ds.perm);
	ds.segsz = shm_of(o)->size;
	ds.atime = ipc_time(shm_of(o)->atime);
	ds.dtime = ipc_time(shm_of(o)->dtime);
	ds.ctime = ipc_time(o->ctime);
	ds.cpid = (int32_t)shm_of(o)->cpid;
	ds.lpid = (int32_t)shm_of(o)->lpid;
	ds.nattch = attached(shm_of(o));
	if (!result && cmd != IPC_STAT)
		result = (int)o->id;
	ipc_unlock_put(&segments, o);
	if (result >= 0 && copyout(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return result;
}

static void remove_locked(struct shm *s)
{
	if (attached(s) == 0) {
		ipc_remove_locked(&segments, &s->obj);
		return;
	}
	s->obj.mode |= SHM_DEST;
	ipc_hide_locked(&segments, &s->obj);
}

static int change_segment(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_shmid_ds ds;
	struct ipc_obj *o;
	int err = cmd == IPC_SET ? copyin(&ds, buf, sizeof(ds)) : 0;

	if (!err)
		err = ipc_lock(&segments, id, false, &o);
	if (err)
		return err;
	err = ipc_owner_locked(o);
	if (!err && cmd == IPC_SET)
		ipc_perm_in_locked(o, &ds.perm);
	else if (!err && cmd == IPC_RMID)
		remove_locked(shm_of(o));
	/* SHM_LOCK, SHM_UNLOCK: engines do not page. */
	ipc_unlock_put(&segments, o);
	return err;
}

static void add_pages(struct ipc_obj *o, void *arg)
{
	*(uint32_t *)arg += PAGE_ALIGN(shm_of(o)->size) >> PAGE_SHIFT;
}

static int info(uint32_t cmd, uaddr_t buf)
{
	struct abi_shminfo limits = {.max = BYTES_MAX,
		.min = 1,
		.mni = IPC_SLOTS,
		.seg = IPC_SLOTS,
		.all = BYTES_MAX >> PAGE_SHIFT};
	struct abi_shm_info use = {0};
	uint32_t count, highest;
	int err;

	ipc_count(&segments, &count, &highest);
	if (cmd == IPC_INFO) {
		err = copyout(buf, &limits, sizeof(limits));
	} else {
		use.used_ids = (int32_t)count;
		ipc_for_each(&segments, add_pages, &use.tot);
		use.rss = use.tot;
		err = copyout(buf, &use, sizeof(use));
	}
	return err ? err : (int)highest;
}

int sys_shmctl(int id, uint32_t cmd, uaddr_t buf)
{
	cmd &= ~IPC_64;
	switch (cmd) {
	case IPC_INFO:
	case SHM_INFO:
		return info(cmd, buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat_segment(id, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return change_segment(id, cmd, buf);
	}
	return -EINVAL;
}

/* ---- /proc/sysvipc/shm ---- */

static void text_line(struct ipc_obj *o, void *arg)
{
	const struct shm *s = shm_of(o);

	text_add(arg,
		"%10d %10d  %4o %10u %5u %5u  %5u %5u %5u %5u %5u %10lld %10lld %10lld %10u %10u\n",
		(int)o->key, (int)o->id, o->mode, s->size, s->cpid, s->lpid, attached(s), o->uid,
		o->gid, o->cuid, o->cgid, (long long)s->atime, (long long)s->dtime,
		(long long)o->ctime, PAGE_ALIGN(s->size), 0);
}

int sysv_shm_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  "
		    "cgid      atime      dtime      ctime        rss       swap\n");
	ipc_for_each(&segments, text_line, t);
	return 0;
}

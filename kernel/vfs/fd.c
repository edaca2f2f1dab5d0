/*
 * fd.c - descriptors: the table, dup, fcntl, ioctl, close.
 * Spec: POSIX.1-2024 dup(), fcntl(), close(); close_range(2), F_DUPFD_CLOEXEC as in Linux.
 * Locks: fdtable.lock (RANK_FDTABLE). A slot whose bit is set but whose file is NULL is reserved
 * for an open under way; only fd_install() and fd_unreserve() touch it.
 */
#include "vfs/internal.h"
#include "vfs/sigio.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "fs/fs.h"
#include "ipc/pipe.h"

#define FD_FIRST 64u	    /* slots of a new table, as in Linux (select can tell) */
#define FD_LIMIT (1u << 20) /* no table grows beyond, whatever RLIMIT_NOFILE says */
#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u
/* What fcntl(F_SETFL) can change. */
#define SETFL_FLAGS (O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT | O_ASYNC)
#define FIONREAD 0x541bu
#define FIONBIO 0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u

struct fdtable {
	struct ref refs;
	struct lock lock;
	uint32_t size;	     /* [l] slots; a multiple of 32 */
	uint32_t first_free; /* [l] no free slot is below it */
	struct file **files; /* [l] */
	uint32_t *open;	     /* [l] bits: taken or reserved */
	uint32_t *cloexec;   /* [l] bits */
};

static bool bit_get(const uint32_t *bits, uint32_t n)
{
	return bits[n / 32] >> n % 32 & 1;
}
static void bit_set(uint32_t *bits, uint32_t n, bool on)
{
	if (on)
		bits[n / 32] |= 1u << n % 32;
	else
		bits[n / 32] &= ~(1u << n % 32);
}

static struct fdtable *self_table(void)
{
	return proc_self()->files;
}

/* ---- life ---- */

/* Slots and both bit maps in one allocation, which starts with the slots. */
static int table_alloc(struct fdtable *t, uint32_t size)
{
	void *mem = kzalloc(size * sizeof(struct file *) + size / 4);

	if (!mem)
		return -ENOMEM;
	t->files = mem;
	t->open = (uint32_t *)(t->files + size);
	t->cloexec = t->open + size / 32;
	t->size = size;
	return 0;
}

struct fdtable *fdtable_new(void)
{
	struct fdtable *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	ref_init(&t->refs, 1);
	lock_init(&t->lock, RANK_FDTABLE);
	if (table_alloc(t, FD_FIRST)) {
		kfree(t);
		return NULL;
	}
	return t;
}

/* Grow to hold at least want slots. Locked; allocating ranks after FDTABLE. */
static int table_grow_locked(struct fdtable *t, uint32_t want)
{
	struct fdtable old = *t;
	uint32_t size = t->size;

	while (size < want)
		size *= 2;
	if (table_alloc(t, size)) {
		t->size = old.size;
		return -ENOMEM;
	}
	memcpy(t->files, old.files, old.size * sizeof(struct file *));
	memcpy(t->open, old.open, old.size / 8);
	memcpy(t->cloexec, old.cloexec, old.size / 8);
	kfree(old.files);
	return 0;
}

static void copy_slots_locked(struct fdtable *t, const struct fdtable *from)
{
	uint32_t i, n = MIN(t->size, from->size);

	for (i = 0; i < n; i++) {
		if (!from->files[i])
			continue;
		t->files[i] = from->files[i];
		file_get(t->files[i]);
		bit_set(t->open, i, true);
		bit_set(t->cloexec, i, bit_get(from->cloexec, i));
	}
}

uint32_t fdtable_size(struct fdtable *t)
{
	lock_acquire(&t->lock);
	uint32_t size = t->size;
	lock_release(&t->lock);
	return size;
}

struct fdtable *fdtable_copy(struct fdtable *from)
{
	struct fdtable *t = fdtable_new();
	int err = 0;

	if (!t)
		return NULL;
	lock_acquire(&from->lock);
	if (from->size > t->size)
		err = table_grow_locked(t, from->size);
	if (!err)
		copy_slots_locked(t, from);
	lock_release(&from->lock);
	if (err) {
		fdtable_put(t);
		return NULL;
	}
	return t;
}

void fdtable_get(struct fdtable *t)
{
	ref_get(&t->refs);
}

/* POSIX: closing any descriptor of a file drops all record locks the process has on it. */
static void close_file(struct fdtable *t, struct file *f)
{
	if (f->inode)
		flock_release_owner(f->inode, t);
	file_put(f);
}

void fdtable_put(struct fdtable *t)
{
	uint32_t i;

	if (!t || !ref_put(&t->refs))
		return;
	for (i = 0; i < t->size; i++)
		if (t->files[i])
			close_file(t, t->files[i]);
	kfree(t->files);
	kfree(t);
}

/* ---- getting ---- */

/* True while no other thread can change the table: then reading it needs no lock. */
static bool table_is_private(const struct fdtable *t, const struct proc *p)
{
	return atomic_load(&t->refs.count) == 1 && atomic_load(&p->nthreads) <= 1;
}

bool fdref_get(struct fdref *r, int fd)
{
	struct proc *p = proc_self();
	struct fdtable *t = p->files;

	if (LIKELY(table_is_private(t, p))) {
		r->counted = false;
		r->file = (uint32_t)fd < t->size ? t->files[fd] : NULL;
		return r->file && !(r->file->flags & O_PATH);
	}
	r->file = fd_get(fd);
	r->counted = true;
	return r->file;
}

struct file *fd_get_path(int fd)
{
	struct fdtable *t = self_table();
	struct file *f = NULL;

	lock_acquire(&t->lock);
	if (fd >= 0 && (uint32_t)fd < t->size)
		f = t->files[fd];
	if (f)
		file_get(f);
	lock_release(&t->lock);
	return f;
}

struct file *fd_get(int fd)
{
	struct file *f = fd_get_path(fd);

	if (f && (f->flags & O_PATH)) {
		file_put(f);
		f = NULL;
	}
	return f;
}

int fdtable_next(struct fdtable *t, int fd, struct file **out, uint32_t *fd_flags)
{
	uint32_t i;
	int found = -1;

	lock_acquire(&t->lock);
	for (i = fd < 0 ? 0 : (uint32_t)fd; i < t->size && found < 0; i++) {
		if (!t->files[i])
			continue;
		found = (int)i;
		*out = t->files[i];
		*fd_flags = bit_get(t->cloexec, i) ? FD_CLOEXEC : 0;
		file_get(*out);
	}
	lock_release(&t->lock);
	return found;
}

/* ---- reserving and installing ---- */

static uint32_t fd_limit(void)
{
	uint64_t limit = proc_limit_self(RLIMIT_NOFILE);

	return limit < FD_LIMIT ? (uint32_t)limit : FD_LIMIT;
}

static uint32_t lowest_free_locked(const struct fdtable *t, uint32_t from)
{
	uint32_t i = MAX(from, t->first_free);

	while (i < t->size) {
		uint32_t word = ~t->open[i / 32] >> i % 32;

		if (word)
			return i + (uint32_t)__builtin_ctz(word);
		i = (i / 32 + 1) * 32;
	}
	return MAX(from, t->size);
}

static int reserve_locked(struct fdtable *t, uint32_t min, uint32_t limit, uint32_t flags)
{
	uint32_t fd = lowest_free_locked(t, min);

	if (fd >= limit)
		return -EMFILE;
	if (fd >= t->size && table_grow_locked(t, fd + 1))
		return -ENOMEM;
	bit_set(t->open, fd, true);
	bit_set(t->cloexec, fd, flags & O_CLOEXEC);
	if (min <= t->first_free)
		t->first_free = fd + 1;
	return (int)fd;
}

int fd_reserve(int min, uint32_t flags)
{
	struct fdtable *t = self_table();
	uint32_t limit = fd_limit(); /* its lock ranks before ours */
	int fd;

	lock_acquire(&t->lock);
	fd = reserve_locked(t, (uint32_t)min, limit, flags);
	lock_release(&t->lock);
	return fd;
}

void fd_install(int fd, struct file *f)
{
	struct fdtable *t = self_table();

	lock_acquire(&t->lock);
	KASSERT(bit_get(t->open, (uint32_t)fd) && !t->files[fd]);
	t->files[fd] = f;
	lock_release(&t->lock);
}

static void release_slot_locked(struct fdtable *t, uint32_t fd)
{
	t->files[fd] = NULL;
	bit_set(t->open, fd, false);
	bit_set(t->cloexec, fd, false);
	t->first_free = MIN(t->first_free, fd);
}

void fd_unreserve(int fd)
{
	struct fdtable *t = self_table();

	lock_acquire(&t->lock);
	release_slot_locked(t, (uint32_t)fd);
	lock_release(&t->lock);
}

/* ---- closing ---- */

static struct file *take_locked(struct fdtable *t, uint32_t fd)
{
	struct file *f = fd < t->size ? t->files[fd] : NULL;

	if (f)
		release_slot_locked(t, fd);
	return f;
}

int fd_give(struct file *f, uint32_t flags)
{
	int fd = fd_reserve(0, flags);

	if (fd < 0)
		file_put(f);
	else
		fd_install(fd, f);
	return fd;
}

int fd_give_pair(struct file *const ends[2], uint32_t flags, uaddr_t fds)
{
	int fd[2], err;

	fd[0] = fd_reserve(0, flags);
	if (fd[0] < 0) {
		err = fd[0];
		goto put_ends;
	}
	fd[1] = fd_reserve(0, flags);
	if (fd[1] < 0) {
		err = fd[1];
		goto unreserve_first;
	}
	err = copyout(fds, fd, sizeof(fd));
	if (err)
		goto unreserve_both;
	fd_install(fd[0], ends[0]);
	fd_install(fd[1], ends[1]);
	return 0;
unreserve_both:
	fd_unreserve(fd[1]);
unreserve_first:
	fd_unreserve(fd[0]);
put_ends:
	file_put(ends[0]);
	file_put(ends[1]);
	return err;
}

int fd_close(int fd)
{
	struct fdtable *t = self_table();
	struct file *f;

	lock_acquire(&t->lock);
	f = take_locked(t, (uint32_t)fd);
	lock_release(&t->lock);
	if (!f)
		return -EBADF;
	close_file(t, f);
	return 0;
}

void fdtable_close_on_exec(struct fdtable *t)
{
	struct file *f;
	uint32_t i;

	for (i = 0; i < t->size; i++) {
		lock_acquire(&t->lock);
		f = bit_get(t->cloexec, i) ? take_locked(t, i) : NULL;
		lock_release(&t->lock);
		if (f)
			close_file(t, f);
	}
}

int sys_close(int32_t fd)
{
	return fd_close(fd);
}

int sys_close_range(uint32_t first, uint32_t last, uint32_t flags)
{
	struct fdtable *t = self_table();
	struct file *f;
	uint32_t i;

	if (first > last || (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	/* UNSHARE: no two processes share a table here, so it is already our own. */
	for (i = first; i < t->size && i <= last; i++) {
		f = NULL;
		lock_acquire(&t->lock);
		if (!(flags & CLOSE_RANGE_CLOEXEC))
			f = take_locked(t, i);
		else if (t->files[i])
			bit_set(t->cloexec, i, true);
		lock_release(&t->lock);
		if (f)
			close_file(t, f);
	}
	return 0;
}

/* ---- dup ---- */

static int dup_from(struct file *f, uint32_t min, uint32_t flags)
{
	int fd = fd_reserve((int)min, flags);

	if (fd < 0)
		return fd;
	file_get(f);
	fd_install(fd, f);
	return fd;
}

int sys_dup(int32_t fd)
{
	struct file *f = fd_get_path(fd);
	int err;

	if (!f)
		return -EBADF;
	err = dup_from(f, 0, 0);
	file_put(f);
	return err;
}

/* Put f (reference taken over) at newfd; *old is what was there, for the caller to close. */
static int replace_locked(
	struct fdtable *t, uint32_t newfd, struct file *f, uint32_t flags, struct file **old)
{
	if (newfd >= t->size && table_grow_locked(t, newfd + 1))
		return -ENOMEM;
	if (bit_get(t->open, newfd) && !t->files[newfd])
		return -EBUSY; /* an open() of another thread is about to land there */
	*old = t->files[newfd];
	t->files[newfd] = f;
	bit_set(t->open, newfd, true);
	bit_set(t->cloexec, newfd, flags & O_CLOEXEC);
	return 0;
}

/* oldfd == newfd: for posix_spawn, sets close-on-exec to what flags say. */
int fd_dup_to(int oldfd, int newfd, uint32_t flags)
{
	struct fdtable *t = self_table();
	uint32_t limit = fd_limit();
	struct file *f, *old = NULL;
	int err;

	if (newfd < 0 || (uint32_t)newfd >= limit)
		return -EBADF;
	f = fd_get_path(oldfd);
	if (!f)
		return -EBADF;
	lock_acquire(&t->lock);
	err = replace_locked(t, (uint32_t)newfd, f, flags, &old);
	lock_release(&t->lock);
	if (err)
		file_put(f);
	else if (old && oldfd == newfd)
		file_put(old); /* the same file: its record locks stay */
	else if (old)
		close_file(t, old);
	return err ? err : newfd;
}

int sys_dup3(int32_t old, int32_t new_fd, uint32_t flags)
{
	if (flags & ~(uint32_t)O_CLOEXEC)
		return -EINVAL;
	if (old == new_fd)
		return -EINVAL;
	return fd_dup_to(old, new_fd, flags);
}

/* ---- fcntl ---- */

static int get_fd_flags(int fd)
{
	struct fdtable *t = self_table();
	int flags;

	lock_acquire(&t->lock);
	flags = bit_get(t->cloexec, (uint32_t)fd) ? FD_CLOEXEC : 0;
	lock_release(&t->lock);
	return flags;
}

static void set_cloexec(int fd, bool on)
{
	struct fdtable *t = self_table();

	lock_acquire(&t->lock);
	bit_set(t->cloexec, (uint32_t)fd, on);
	lock_release(&t->lock);
}

static void change_flags(struct file *f, uint32_t mask, uint32_t to)
{
	uint32_t old;

	do
		old = atomic_load(&f->flags);
	while (!atomic_cas(&f->flags, old, (old & ~mask) | (to & mask)));
}

static int set_flags(struct file *f, int fd, uint32_t flags)
{
	int err = 0;

	if ((flags & O_NOATIME) && !(f->flags & O_NOATIME) && f->inode &&
		!inode_owner_or_root(f->inode))
		return -EPERM;
	if ((atomic_load(&f->flags) ^ flags) & O_ASYNC)
		err = sigio_set(f, fd, flags & O_ASYNC);
	if (!err)
		change_flags(f, SETFL_FLAGS, flags);
	return err;
}

/* Commands that also O_PATH descriptors take. True: *result is the answer. */
static bool fcntl_descriptor(struct file *f, int fd, uint32_t cmd, uint32_t arg, int *result)
{
	*result = 0;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= fd_limit())
			*result = -EINVAL;
		else
			*result = dup_from(f, arg, cmd == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0);
		return true;
	case F_GETFD:
		*result = get_fd_flags(fd);
		return true;
	case F_SETFD:
		set_cloexec(fd, arg & FD_CLOEXEC);
		return true;
	case F_GETFL:
		*result = (int)(atomic_load(&f->flags) & ~(uint32_t)O_CLOEXEC);
		return true;
	default:
		return false;
	}
}

static int fcntl_file(struct file *f, int fd, uint32_t cmd, uint32_t arg)
{
	switch (cmd) {
	case F_SETFL:
		return set_flags(f, fd, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK64:
	case F_SETLK64:
	case F_SETLKW64:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return flock_fcntl(f, cmd, arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
		return sigio_fcntl(f, cmd, arg);
	case F_SETPIPE_SZ:
		return pipe_set_size(f, arg);
	case F_GETPIPE_SZ:
		return pipe_get_size(f);
	case F_ADD_SEALS:
		return memfd_add_seals(f, arg);
	case F_GET_SEALS:
		return memfd_get_seals(f);
	default:
		return -EINVAL;
	}
}

int sys_fcntl64(int32_t fd, uint32_t cmd, uint32_t arg)
{
	struct file *f = fd_get_path(fd);
	int result;

	if (!f)
		return -EBADF;
	if (!fcntl_descriptor(f, fd, cmd, arg, &result))
		result = f->flags & O_PATH ? -EBADF : fcntl_file(f, fd, cmd, arg);
	file_put(f);
	return result;
}

/* ---- ioctl ---- */

static int ioctl_fionbio(struct file *f, uaddr_t arg)
{
	uint32_t on;

	if (copyin(&on, arg, sizeof(on)))
		return -EFAULT;
	change_flags(f, O_NONBLOCK, on ? O_NONBLOCK : 0);
	return 0;
}

/* Bytes from the position to the end. */
static int ioctl_fionread(struct file *f, uaddr_t arg)
{
	int64_t left;
	int32_t n;

	lock_acquire(&f->pos_lock);
	lock_acquire(&f->inode->lock);
	left = (int64_t)(f->inode->size - f->pos);
	lock_release(&f->inode->lock);
	lock_release(&f->pos_lock);
	n = (int32_t)MIN(MAX(left, 0), INT32_MAX);
	return copyout(arg, &n, sizeof(n));
}

static int do_ioctl(struct file *f, int fd, uint32_t cmd, uint32_t arg)
{
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		set_cloexec(fd, cmd == FIOCLEX);
		return 0;
	case FIONBIO:
		return ioctl_fionbio(f, arg);
	case FIONREAD:
		if (f->inode && S_ISREG(f->inode->mode))
			return ioctl_fionread(f, arg);
		break;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

int sys_ioctl(int32_t fd, uint32_t cmd, uint32_t arg)
{
	struct file *f = fd_get(fd);
	int err;

	if (!f)
		return -EBADF;
	err = do_ioctl(f, fd, cmd, arg);
	file_put(f);
	return err;
}

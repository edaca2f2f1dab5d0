/*
 * poll.c - waiting for any of many files: ppoll(2), pselect(2), and what poll ops call.
 * Spec: POSIX.1-2024 poll(), pselect(); the raw calls' write-back of the time left as in Linux.
 * Locks: none of its own. Each file's poll op joins its queues under its own lock; a file is
 * referenced for as long as this thread is in its queues.
 *
 * One look joins every queue and asks every file; after a wake-up the files are asked again but
 * the queues stay joined. A change between a look and the sleep moves the wake word, so that the
 * sleep returns at once (lib/waitq.h).
 */
#include "vfs/vfs.h"
#include "proc/proc.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "syscalls.h"

#define JOINS_PER_FILE 2 /* at most: poll ops keep to it */
#define FEW 4		 /* descriptors that need no heap */

/* ---- for poll ops ---- */

void poll_join(struct poll_table *pt, struct waitq *q, struct lock *l)
{
	struct poll_entry *e;
	uint32_t n;

	if (!pt)
		return;
	KASSERT(lock_held(l));
	if (pt->join) {
		pt->join(pt, q, l);
		return;
	}
	n = pt->count;
	if (n < ARRAY_LEN(pt->inline_entries)) {
		e = &pt->inline_entries[n];
	} else if (n - ARRAY_LEN(pt->inline_entries) < pt->capacity) {
		e = &pt->more[n - ARRAY_LEN(pt->inline_entries)];
	} else {
		pt->error = -ENOMEM;
		return;
	}
	pt->count = n + 1;
	e->waiter = (struct waiter){.waker = pt->waker};
	e->lock = l;
	waitq_join(q, &e->waiter);
}

uint32_t file_poll(struct file *f, struct poll_table *pt)
{
	if (!f->ops || !f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, pt);
}

static int table_init(struct poll_table *pt, uint32_t files)
{
	uint32_t entries = files * JOINS_PER_FILE;

	pt->waker = waker_self();
	pt->more = NULL;
	pt->count = pt->capacity = 0;
	pt->error = 0;
	pt->join = NULL;
	if (entries <= ARRAY_LEN(pt->inline_entries))
		return 0;
	pt->capacity = entries - ARRAY_LEN(pt->inline_entries);
	pt->more = kmalloc(pt->capacity * sizeof(*pt->more));
	return pt->more ? 0 : -ENOMEM;
}

static void table_end(struct poll_table *pt)
{
	for (uint32_t i = 0; i < pt->count; i++) {
		struct poll_entry *e = i < ARRAY_LEN(pt->inline_entries)
					       ? &pt->inline_entries[i]
					       : &pt->more[i - ARRAY_LEN(pt->inline_entries)];

		lock_acquire(e->lock);
		waitq_leave(&e->waiter);
		lock_release(e->lock);
	}
	pt->count = 0;
	kfree(pt->more);
}

/* ---- the wait ---- */

struct slot {
	struct file *file; /* referenced; NULL: nothing to ask */
	uint32_t want;	   /* POLL* asked for, with ERR and HUP */
	uint32_t got;	   /* of them, ready */
};

/* Ask every file. Returns how many have something; joins queues until the first one that has. */
static int look(struct slot *slots, uint32_t n, struct poll_table *pt)
{
	int ready = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct slot *s = &slots[i];

		if (s->file)
			s->got = file_poll(s->file, pt) & s->want;
		if (s->got) {
			ready++;
			pt = NULL;
		}
	}
	return ready;
}

/*
 * Wait until a slot is ready or the deadline is over. now: only look.
 * Returns how many are ready, 0 at the deadline, -EINTR, -ENOMEM.
 */
static int wait_slots(struct slot *slots, uint32_t n, bool now, uint64_t deadline_ns)
{
	struct poll_table pt;
	struct waker *self = waker_self();
	uint32_t seen;
	int ready, err;

	if (now)
		return look(slots, n, NULL);
	err = table_init(&pt, n);
	if (err)
		return err;
	seen = waitq_prepare(self);
	ready = look(slots, n, &pt);
	while (ready == 0) {
		err = pt.error;
		if (!err)
			err = waitq_commit(self, seen, deadline_ns, WAIT_INTR, "poll");
		/* What became ready counts, whatever ended the sleep. */
		seen = waitq_prepare(self);
		ready = look(slots, n, NULL);
		if (err)
			break;
	}
	table_end(&pt);
	if (ready > 0)
		return ready;
	return err == -ETIMEDOUT ? 0 : err;
}

/* ---- timeouts and masks, shared by both calls ---- */

struct call {
	uaddr_t timeout; /* struct timespec, 0: none */
	bool now;	 /* the timeout is zero */
	bool masked;
	uint64_t deadline_ns;
};

static int call_begin(struct call *c, uaddr_t timeout, uaddr_t mask, uint32_t size)
{
	struct abi_timespec ts;
	sigset_k set;
	int err;

	*c = (struct call){.timeout = timeout, .deadline_ns = WAIT_FOREVER};
	if (timeout) {
		err = copyin(&ts, timeout, sizeof(ts));
		if (err)
			return err;
		if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1000000000)
			return -EINVAL;
		c->now = ts.sec == 0 && ts.nsec == 0;
		/* 292 years are for ever. */
		if (ts.sec < INT64_MAX / 1000000000 - 1)
			c->deadline_ns = arch_clock_ns() + (uint64_t)ts.sec * 1000000000u +
					 (uint64_t)ts.nsec;
	}
	if (mask) {
		err = copyin_sigset(&set, mask, size);
		if (err)
			return err;
		signal_set_temp_mask(set);
		c->masked = true;
	}
	return 0;
}

/* Time left, as a timespec. */
static struct abi_timespec left_until(uint64_t deadline_ns)
{
	uint64_t now = arch_clock_ns();
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;

	return (struct abi_timespec){
		.sec = (int64_t)(left / 1000000000u), .nsec = (int32_t)(left % 1000000000u)};
}

static int call_end(struct call *c, int result)
{
	bool interrupted = result == -EINTR;

	if (interrupted)
		result = -PLEAT_ERESTARTNOHAND;
	else if (c->masked)
		signal_restore_mask();
	if (c->timeout && !c->now && c->deadline_ns != WAIT_FOREVER) {
		struct abi_timespec left = left_until(c->deadline_ns);

		/* A timeout in read-only memory is no error, but a restart would wait anew. */
		if (copyout(c->timeout, &left, sizeof(left)) && interrupted)
			result = -EINTR;
	}
	return result;
}

/* ---- ppoll ---- */

/* The room for n descriptors: on the stack if they are few. */
struct poll_room {
	struct slot few_slots[FEW];
	struct abi_pollfd few_fds[FEW];
	struct slot *slots;
	struct abi_pollfd *fds;
};

static int room_get(struct poll_room *r, uint32_t n)
{
	r->slots = r->few_slots;
	r->fds = r->few_fds;
	if (n <= FEW)
		return 0;
	r->slots = kmalloc(n * (sizeof(*r->slots) + sizeof(*r->fds)));
	if (!r->slots)
		return -ENOMEM;
	r->fds = (struct abi_pollfd *)(r->slots + n);
	return 0;
}

static void room_put(struct poll_room *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (r->slots[i].file)
			file_put(r->slots[i].file);
	}
	if (r->slots != r->few_slots)
		kfree(r->slots);
}

static void slot_open(struct slot *s, const struct abi_pollfd *fd)
{
	*s = (struct slot){.want = (uint16_t)fd->events | POLLERR | POLLHUP};
	if (fd->fd < 0)
		return;
	s->file = fd_get(fd->fd);
	if (!s->file)
		s->got = POLLNVAL;
}

static int poll_fds(uaddr_t fds, uint32_t n, struct call *c)
{
	struct poll_room r;
	uint32_t bytes = n * (uint32_t)sizeof(struct abi_pollfd);
	int result = room_get(&r, n);

	if (result)
		return result;
	result = copyin(r.fds, fds, bytes);
	if (result) {
		room_put(&r, 0);
		return result;
	}
	for (uint32_t i = 0; i < n; i++)
		slot_open(&r.slots[i], &r.fds[i]);
	result = wait_slots(r.slots, n, c->now, c->deadline_ns);
	if (result >= 0) {
		for (uint32_t i = 0; i < n; i++)
			r.fds[i].revents = (int16_t)r.slots[i].got;
		if (copyout(fds, r.fds, bytes))
			result = -EFAULT;
	}
	room_put(&r, n);
	return result;
}

/*
 * Returns how many descriptors have revents. -EINVAL: n above RLIMIT_NOFILE, or the timeout or
 * mask size is none; -EFAULT; -ENOMEM; -PLEAT_ERESTARTNOHAND: a signal came first.
 */
int sys_ppoll_time64(uaddr_t fds, uint32_t n, uaddr_t timeout, uaddr_t mask, uint32_t size)
{
	struct call c;
	int err;

	if (n > proc_limit_self(RLIMIT_NOFILE) || n > 1u << 20)
		return -EINVAL;
	err = call_begin(&c, timeout, mask, size);
	if (err)
		return err;
	return call_end(&c, poll_fds(fds, n, &c));
}

/* ---- pselect ---- */

#define SET_IN (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SET_OUT (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SET_EX POLLPRI
#define SMALL_WORDS 8 /* 256 descriptors on the stack */

struct fdsets {
	uint32_t words;	 /* of each set */
	uaddr_t user[3]; /* read, write, except; 0: not asked */
	uint32_t *set[3];
	uint32_t small[3 * SMALL_WORDS];
};

static const uint32_t set_bits[3] = {SET_IN, SET_OUT, SET_EX};

static int sets_get(struct fdsets *s, uint32_t n)
{
	uint32_t *mem = s->small;

	s->words = (n + 31) / 32;
	if (s->words > SMALL_WORDS) {
		mem = kmalloc(3 * s->words * sizeof(uint32_t));
		if (!mem)
			return -ENOMEM;
	}
	for (int k = 0; k < 3; k++) {
		s->set[k] = mem + (uint32_t)k * s->words;
		memset(s->set[k], 0, s->words * sizeof(uint32_t));
	}
	for (int k = 0; k < 3; k++) {
		if (s->user[k] && copyin(s->set[k], s->user[k], s->words * sizeof(uint32_t)))
			return -EFAULT;
	}
	/* Bits above n are not asked for. */
	for (int k = 0; k < 3 && (n & 31); k++)
		s->set[k][s->words - 1] &= (1u << (n & 31)) - 1;
	return 0;
}

static void sets_put(struct fdsets *s)
{
	if (s->set[0] && s->set[0] != s->small)
		kfree(s->set[0]);
}

static uint32_t sets_want(const struct fdsets *s, uint32_t fd)
{
	uint32_t want = 0;

	for (int k = 0; k < 3; k++) {
		if (s->set[k][fd / 32] >> (fd & 31) & 1)
			want |= set_bits[k];
	}
	return want;
}

static uint32_t sets_count(const struct fdsets *s)
{
	uint32_t count = 0;

	for (uint32_t w = 0; w < s->words; w++)
		count += (uint32_t)__builtin_popcount(s->set[0][w] | s->set[1][w] | s->set[2][w]);
	return count;
}

/* Fill a slot for each descriptor asked for. -EBADF: one is not open. */
static int sets_open(const struct fdsets *s, uint32_t n, struct poll_room *r, uint32_t *used)
{
	*used = 0;
	for (uint32_t fd = 0; fd < n; fd++) {
		uint32_t want = sets_want(s, fd);
		struct slot *slot = &r->slots[*used];

		if (!want)
			continue;
		slot->file = fd_get_path((int)fd);
		if (!slot->file)
			return -EBADF;
		slot->want = want;
		slot->got = 0;
		/* Linux: POLLNVAL, which select shows as ready for everything. */
		if (slot->file->flags & O_PATH) {
			file_put(slot->file);
			slot->file = NULL;
			slot->got = want;
		}
		r->fds[(*used)++].fd = (int32_t)fd;
	}
	return 0;
}

/* Turn the sets asked for into the sets that are ready. Returns the number of bits in them. */
static int sets_result(struct fdsets *s, const struct poll_room *r, uint32_t used)
{
	int bits = 0;

	for (uint32_t i = 0; i < used; i++) {
		uint32_t fd = (uint32_t)r->fds[i].fd;

		for (int k = 0; k < 3; k++) {
			uint32_t *word = &s->set[k][fd / 32], bit = 1u << (fd & 31);

			if (!(*word & bit))
				continue;
			if (r->slots[i].got & set_bits[k])
				bits++;
			else
				*word &= ~bit;
		}
	}
	return bits;
}

static int select_sets(struct fdsets *s, uint32_t n, struct call *c)
{
	struct poll_room r;
	uint32_t used, room;
	int result = sets_get(s, n);

	if (result)
		return result;
	room = sets_count(s);
	result = room_get(&r, room);
	if (result)
		return result;
	result = sets_open(s, n, &r, &used);
	if (result == 0)
		result = wait_slots(r.slots, used, c->now, c->deadline_ns);
	if (result >= 0) {
		result = sets_result(s, &r, used);
		for (int k = 0; k < 3; k++) {
			if (s->user[k] &&
				copyout(s->user[k], s->set[k], s->words * sizeof(uint32_t)))
				result = -EFAULT;
		}
	}
	room_put(&r, used);
	return result;
}

/*
 * sigmask: address of {address of the set, its size}, 0: none. Returns the number of bits set in
 * the three sets. -EBADF: one descriptor is not open; -EINVAL, -EFAULT, -ENOMEM,
 * -PLEAT_ERESTARTNOHAND as for ppoll.
 */
int sys_pselect6_time64(
	uint32_t n, uaddr_t read, uaddr_t write, uaddr_t except, uaddr_t timeout, uaddr_t sigmask)
{
	struct fdsets s = {.user = {read, write, except}};
	uint32_t mask[2] = {0, 0};
	/* Bits past the table's end are not looked at, as in Linux. */
	uint32_t size = fdtable_size(proc_self()->files);
	struct call c;
	int err;

	if ((int32_t)n < 0)
		return -EINVAL;
	n = MIN(n, size);
	if (sigmask && copyin(mask, sigmask, sizeof(mask)))
		return -EFAULT;
	err = call_begin(&c, timeout, mask[0], mask[1]);
	if (err)
		return err;
	err = select_sets(&s, n, &c);
	sets_put(&s);
	return call_end(&c, err);
}

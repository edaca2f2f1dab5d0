/*
 * futex.c - waiting on words of user memory.
 * Spec: Linux futex(2), get_robust_list(2) and the robust list's format of linux/futex.h.
 * Locks: bucket.lock (RANK_FUTEX); two buckets: lock_acquire2(). A waiter is in the bucket of its
 * key until it is woken or gives up; a requeue moves it to another.
 *
 * The word is read under the bucket's lock. A waker changes the word before it takes that lock, so
 * either the waiter reads the new value or the waker finds the waiter.
 */
#include "proc/internal.h"
#include "init/init.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "syscalls.h"

#define FUTEX_WAIT 0u
#define FUTEX_WAKE 1u
#define FUTEX_REQUEUE 3u
#define FUTEX_CMP_REQUEUE 4u
#define FUTEX_WAKE_OP 5u
#define FUTEX_WAIT_BITSET 9u
#define FUTEX_WAKE_BITSET 10u
#define FUTEX_PRIVATE 128u
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_ANY UINT32_MAX /* bit set of those who ask for none */

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_MAX 2048 /* entries looked at: the list may be a ring, or nonsense */

struct futex_key {
	const void *space; /* the mm whose word it is; NULL: memory that all share */
	uint32_t at;
};

struct bucket {
	struct lock lock;
	struct list waiters; /* [l] of futex_waiter.link, longest waiting first */
} __attribute__((aligned(CACHE_LINE)));

struct futex_waiter {
	struct list link;      /* [bucket] empty: woken */
	struct futex_key key;  /* [bucket] */
	struct bucket *bucket; /* [bucket] where it is; [a] to find out */
	struct waker *waker;
	uint32_t bitset;
};

#define BUCKETS 64u
static struct bucket buckets[BUCKETS] = {
	[0 ... BUCKETS - 1] = {.lock = LOCK_INIT(RANK_FUTEX)},
};

#define SHARED_START 0x80000000u /* memory that processes share has one address in all of them */

/*
 * What a word is known by. Private and shared operations are not told apart: the memory of one
 * process is nobody else's.
 */
static struct futex_key key_of(uaddr_t word)
{
	return (struct futex_key){
		.space = word < SHARED_START ? proc_self()->mm : NULL, .at = word};
}

static struct bucket *bucket_of(const struct futex_key *k)
{
	uint32_t hash = (k->at >> 2) * 2654435761u ^ (uint32_t)((uintptr_t)k->space >> 4);

	return &buckets[(hash ^ hash >> 16) % BUCKETS];
}

static void lock_bucket(struct bucket *b)
{
	lock_acquire(&b->lock);
	if (!b->waiters.next)
		list_init(&b->waiters);
}

static void lock_buckets(struct bucket *a, struct bucket *b)
{
	lock_acquire2(&a->lock, &b->lock);
	if (!a->waiters.next)
		list_init(&a->waiters);
	if (!b->waiters.next)
		list_init(&b->waiters);
}

static bool same(const struct futex_key *a, const struct futex_key *b)
{
	return a->at == b->at && a->space == b->space;
}

/* -EINVAL, -EFAULT; 0: the word may be read (write: changed) without a fault. */
static int check_word(uaddr_t word, bool write)
{
	if (word & 3)
		return -EINVAL;
	return uaccess_ok(word, 4, write) ? 0 : -EFAULT;
}

/* A word that is waited at or woken, not read: a private one need not even be mapped. */
static int check_place(uaddr_t word, bool private)
{
	if (word & 3)
		return -EINVAL;
	return private ? 0 : check_word(word, false);
}

/* ---- waiting ---- */

/* The bucket that w is in now, locked: a requeue may move it while its lock is awaited. */
static struct bucket *lock_own(struct futex_waiter *w)
{
	for (;;) {
		struct bucket *b = atomic_load(&w->bucket);

		lock_acquire(&b->lock);
		if (b == atomic_load(&w->bucket))
			return b;
		lock_release(&b->lock);
	}
}

/* 0: woken. -EAGAIN: the word is not val. -EFAULT, -EINVAL, -ETIMEDOUT, -EINTR. */
static int wait_on(uaddr_t word, uint32_t val, uint32_t bitset, uint64_t deadline)
{
	struct futex_waiter w = {.waker = waker_self(), .bitset = bitset};
	struct bucket *b;
	uint32_t seen;
	int err = check_word(word, false);

	if (!err && !bitset)
		err = -EINVAL;
	if (err)
		return err;
	w.key = key_of(word);
	w.bucket = b = bucket_of(&w.key);
	lock_bucket(b);
	seen = waitq_prepare(w.waker);
	if (arch_uload32(word) != val) {
		lock_release(&b->lock);
		return -EAGAIN;
	}
	list_add_tail(&b->waiters, &w.link);
	lock_release(&b->lock);
	for (;;) {
		bool woken;

		err = waitq_commit(w.waker, seen, deadline, WAIT_INTR, "futex");
		b = lock_own(&w);
		woken = list_empty(&w.link);
		if (!woken && err)
			list_del(&w.link);
		seen = waitq_prepare(w.waker);
		lock_release(&b->lock);
		if (woken)
			return 0;
		if (err)
			return err;
	}
}

/* A wait with a timeout goes on where it was, unless a handler ran: then it is EINTR. */
static int restart_wait(struct thread *t)
{
	int err = wait_on(
		t->restart_args[0], t->restart_args[1], t->restart_args[2], t->restart_deadline);

	return err == -EINTR ? -PLEAT_ERESTARTBLOCK : err;
}

static int wait_or_restart(uaddr_t word, uint32_t val, uint32_t bitset, uint64_t deadline)
{
	struct thread *t = thread_self();
	int err = wait_on(word, val, bitset, deadline);

	if (err != -EINTR)
		return err;
	if (deadline == WAIT_FOREVER)
		return -PLEAT_ERESTARTSYS;
	t->restart = restart_wait;
	t->restart_args[0] = word;
	t->restart_args[1] = val;
	t->restart_args[2] = bitset;
	t->restart_deadline = deadline;
	return -PLEAT_ERESTARTBLOCK;
}

/* ---- waking ---- */

/* w's thread may be gone as soon as the bucket's lock is released. */
static void wake_waiter(struct futex_waiter *w)
{
	list_del(&w->link);
	waker_wake(w->waker);
}

/* Up to n of those that wait for key with a bit of bitset; at least one, as Linux has it. */
static int wake_locked(struct bucket *b, const struct futex_key *key, int n, uint32_t bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	LIST_FOR_EACH_SAFE(w, next, &b->waiters, link) {
		if (!same(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_waiter(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

static int wake_key(const struct futex_key *key, int n, uint32_t bitset)
{
	struct bucket *b = bucket_of(key);
	int woken;

	lock_bucket(b);
	woken = wake_locked(b, key, n, bitset);
	lock_release(&b->lock);
	return woken;
}

static int do_wake(uaddr_t word, int n, uint32_t bitset, bool private)
{
	struct futex_key key = key_of(word);
	int err = check_place(word, private);

	if (!err && !bitset)
		err = -EINVAL;
	return err ? err : wake_key(&key, n, bitset);
}

/* Wake some, move some on to the second word. cmp: unless the first is not *cmp. */
static int requeue(
	uaddr_t word, uaddr_t word2, int wakes, int moves, const uint32_t *cmp, bool private)
{
	struct futex_key from = key_of(word), to = key_of(word2);
	struct bucket *b = bucket_of(&from), *b2 = bucket_of(&to);
	struct futex_waiter *w, *next;
	int n = 0, err = cmp ? check_word(word, false) : check_place(word, private);

	if (!err)
		err = check_place(word2, private);
	if (!err && (wakes < 0 || moves < 0))
		err = -EINVAL;
	if (err)
		return err;
	lock_buckets(b, b2);
	if (cmp && arch_uload32(word) != *cmp) {
		lock_release2(&b->lock, &b2->lock);
		return -EAGAIN;
	}
	LIST_FOR_EACH_SAFE(w, next, &b->waiters, link) {
		if (n - wakes >= moves)
			break;
		if (!same(&w->key, &from))
			continue;
		if (++n <= wakes) {
			wake_waiter(w);
			continue;
		}
		w->key = to;
		if (b2 != b) {
			list_del(&w->link);
			list_add_tail(&b2->waiters, &w->link);
			atomic_store(&w->bucket, b2);
		}
	}
	lock_release2(&b->lock, &b2->lock);
	return n;
}

/* ---- FUTEX_WAKE_OP ---- */

struct wake_op {
	uint32_t op, cmp;
	int32_t arg, cmparg;
};

static int32_t sign12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

static struct wake_op decode(uint32_t v)
{
	struct wake_op o = {.op = v >> 28 & 7,
		.cmp = v >> 24 & 15,
		.arg = sign12(v >> 12),
		.cmparg = sign12(v)};

	if (v >> 31)
		o.arg = (int32_t)(1u << (o.arg & 31));
	return o;
}

static uint32_t apply(const struct wake_op *o, uint32_t v)
{
	uint32_t arg = (uint32_t)o->arg;

	switch (o->op) {
	case 0:
		return arg;
	case 1:
		return v + arg;
	case 2:
		return v | arg;
	case 3:
		return v & ~arg;
	default:
		return v ^ arg;
	}
}

static int compare(const struct wake_op *o, int32_t v)
{
	switch (o->cmp) {
	case 0:
		return v == o->cmparg;
	case 1:
		return v != o->cmparg;
	case 2:
		return v < o->cmparg;
	case 3:
		return v <= o->cmparg;
	case 4:
		return v > o->cmparg;
	case 5:
		return v >= o->cmparg;
	default:
		return -ENOSYS;
	}
}

static int wake_op(uaddr_t word, uaddr_t word2, int n, int n2, uint32_t encoded, bool private)
{
	struct futex_key key = key_of(word), key2 = key_of(word2);
	struct bucket *b = bucket_of(&key), *b2 = bucket_of(&key2);
	struct wake_op o = decode(encoded);
	uint32_t old;
	int woken, also, err = check_place(word, private);

	if (!err)
		err = check_word(word2, true);
	if (!err && o.op > 4)
		err = -ENOSYS;
	if (err)
		return err;
	lock_buckets(b, b2);
	do
		old = arch_uload32(word2);
	while (!arch_ucas32(word2, old, apply(&o, old)));
	also = compare(&o, (int32_t)old);
	if (also < 0) {
		lock_release2(&b->lock, &b2->lock);
		return also;
	}
	woken = wake_locked(b, &key, n, FUTEX_ANY);
	if (also)
		woken += wake_locked(b2, &key2, n2, FUTEX_ANY);
	lock_release2(&b->lock, &b2->lock);
	return woken;
}

/* ---- the call ---- */

/* WAIT's timeout is a length of time, WAIT_BITSET's a point of the clock that op names. */
static int deadline_of(uint32_t op, uaddr_t timeout, uint64_t *deadline)
{
	uint64_t now = arch_clock_ns(), real = arch_realtime_ns(), ns;
	int err;

	if (!timeout)
		return 0;
	err = copyin_time(timeout, &ns);
	if (err)
		return err;
	if ((op & ~FUTEX_PRIVATE) == FUTEX_WAIT)
		*deadline = now + ns;
	else if (op & FUTEX_CLOCK_REALTIME)
		*deadline = ns > real ? now + (ns - real) : now;
	else
		*deadline = ns;
	return 0;
}

int sys_futex_time64(
	uaddr_t word, uint32_t op, uint32_t val, uint32_t timeout, uaddr_t word2, uint32_t val3)
{
	uint32_t cmd = op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
	bool private = op & FUTEX_PRIVATE;
	uint64_t deadline = WAIT_FOREVER;
	int err;

	if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	if (cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET) {
		err = deadline_of(op, timeout, &deadline);
		if (err)
			return err;
	}
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_or_restart(word, val, FUTEX_ANY, deadline);
	case FUTEX_WAIT_BITSET:
		return wait_or_restart(word, val, val3, deadline);
	case FUTEX_WAKE:
		return do_wake(word, (int)val, FUTEX_ANY, private);
	case FUTEX_WAKE_BITSET:
		return do_wake(word, (int)val, val3, private);
	case FUTEX_REQUEUE:
		return requeue(word, word2, (int)val, (int)timeout, NULL, private);
	case FUTEX_CMP_REQUEUE:
		return requeue(word, word2, (int)val, (int)timeout, &val3, private);
	case FUTEX_WAKE_OP:
		return wake_op(word, word2, (int)val, (int)timeout, val3, private);
	default:
		return -ENOSYS; /* locks with priority inheritance: see syscalls.tbl */
	}
}

/* ---- the end of a thread ---- */

struct robust_head {
	uint32_t list;	  /* first entry; bit 0 of each says a lock with priority inheritance */
	int32_t offset;	  /* from an entry to its word */
	uint32_t pending; /* entry of the lock being taken or released now */
};

/* The owner of that lock is no more: say so in its word, and wake one who waits for it. */
static void owner_died(uaddr_t word, uint32_t tid, bool pi, bool pending)
{
	struct futex_key key = key_of(word);
	uint32_t old;

	if (check_word(word, true))
		return;
	do {
		old = arch_uload32(word);
		/* It died between freeing the word and waking the next one. */
		if (pending && !pi && !old)
			break;
		if ((old & FUTEX_TID_MASK) != tid)
			return;
	} while (!arch_ucas32(word, old, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
	if (!pi && (!old || (old & FUTEX_WAITERS)))
		wake_key(&key, 1, FUTEX_ANY);
}

static void robust_end(struct thread *t)
{
	uint32_t head_at = t->robust_list, entry, tid = t->tid;
	struct robust_head head;

	t->robust_list = 0;
	if (!head_at || copyin(&head, head_at, sizeof(head)))
		return;
	entry = head.list;
	for (int i = 0; i < ROBUST_MAX && (entry & ~1u) != head_at; i++) {
		uint32_t next;
		bool more = !copyin(&next, entry & ~1u, sizeof(next));

		/* The one being changed is looked at last, and once. */
		if ((entry & ~1u) != (head.pending & ~1u))
			owner_died((entry & ~1u) + (uint32_t)head.offset, tid, entry & 1, false);
		if (!more)
			break;
		entry = next;
	}
	if (head.pending & ~1u)
		owner_died(
			(head.pending & ~1u) + (uint32_t)head.offset, tid, head.pending & 1, true);
}

void futex_thread_end(struct thread *t)
{
	uaddr_t word = t->clear_tid;

	robust_end(t);
	t->clear_tid = 0;
	if (!word || check_word(word, true))
		return;
	arch_ustore32(word, 0);
	(void)do_wake(word, 1, FUTEX_ANY, true);
}

int sys_set_robust_list(uaddr_t head, uint32_t len)
{
	if (len != sizeof(struct robust_head))
		return -EINVAL;
	thread_self()->robust_list = head;
	return 0;
}

int sys_get_robust_list(int32_t tid, uaddr_t uhead, uaddr_t ulen)
{
	uint32_t head = thread_self()->robust_list, len = sizeof(struct robust_head);
	struct thread *t;
	int err = 0;

	if (tid) {
		lock_acquire(&proc_tree_lock);
		t = tid > 0 ? thread_find_locked((uint32_t)tid) : NULL;
		if (!t) {
			err = -ESRCH;
		} else {
			err = signal_permission_locked(thread_home(t), 0);
			head = t->robust_list;
		}
		lock_release(&proc_tree_lock);
	}
	if (err)
		return err;
	return copyout(ulen, &len, 4) || copyout(uhead, &head, 4) ? -EFAULT : 0;
}

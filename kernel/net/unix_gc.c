/*
 * unix_gc.c - AF_UNIX sockets in flight: a socket may be in a queue of its own, or two in each
 * other's; nobody can reach them, and counting references does not free them.
 * Spec: what Linux does: nothing stays behind.
 * Locks: unix_gc_lock (RANK_SOCK_TABLE), around the whole search; sock.lock of one socket at a time
 * inside it.
 *
 * A socket whose file has no references but those of messages is a candidate. Of each candidate's
 * references take off those from the queues of candidates: where something is left, a queue that
 * somebody can read has it, and so has it all that it leads to. The rest is garbage.
 *
 * Nothing can change under the search: a descriptor for a socket in flight comes from a receive,
 * which must pass unix_inflight_sub() or unix_gc_barrier() first, and a new message from a
 * sender that holds a descriptor, so its socket is no candidate.
 */
#include "net/unix.h"
#include "lib/alloc.h"
#include "lib/kassert.h"

static struct lock unix_gc_lock = LOCK_INIT(RANK_SOCK_TABLE);
static struct list in_flight = LIST_INIT(in_flight); /* [GC] of unix_sock.gc_link */
static uint32_t files_in_flight;		     /* [a] of any kind */
/* [a] somebody sent a socket to one that was in flight itself: without that there is no cycle, and
 * closing sockets costs no search. Until none is in flight. */
static bool maybe_cyclic;

static struct unix_sock *unix_of_file(const struct file *f)
{
	struct sock *sk = sock_of_file(f);

	return sk && sk->family == AF_UNIX ? unix_of(sk) : NULL;
}

/* Linux: no more of a user's descriptors than a process may have, unless it is privileged. */
static bool too_many(uint32_t n)
{
	return !cred_is_root(cred_self()) &&
	       atomic_load(&files_in_flight) + n > proc_limit_self(RLIMIT_NOFILE);
}

static bool has_socks(const struct scm *scm)
{
	for (uint32_t i = 0; i < scm->nfiles; i++) {
		if (unix_of_file(scm->files[i]))
			return true;
	}
	return false;
}

int unix_inflight_add(struct scm *scm, const struct unix_sock *to)
{
	if (scm->nfiles == 0)
		return 0;
	if (too_many(scm->nfiles))
		return -ETOOMANYREFS;
	atomic_add(&files_in_flight, scm->nfiles);
	if (!has_socks(scm))
		return 0;
	lock_acquire(&unix_gc_lock);
	for (uint32_t i = 0; i < scm->nfiles; i++) {
		struct unix_sock *u = unix_of_file(scm->files[i]);

		if (u && u->inflight++ == 0)
			list_add_tail(&in_flight, &u->gc_link);
	}
	/* One that was not accepted is where its listener is, which may be in flight. */
	if (to->inflight || !atomic_load(&to->sk.file))
		atomic_store(&maybe_cyclic, true);
	lock_release(&unix_gc_lock);
	return 0;
}

static void sub_locked(const struct scm *scm)
{
	for (uint32_t i = 0; i < scm->nfiles; i++) {
		struct unix_sock *u = unix_of_file(scm->files[i]);

		if (!u)
			continue;
		KASSERT(u->inflight > 0);
		if (--u->inflight == 0)
			list_del(&u->gc_link);
	}
	if (list_empty(&in_flight))
		atomic_store(&maybe_cyclic, false);
}

void unix_inflight_sub(const struct scm *scm)
{
	if (scm->nfiles == 0)
		return;
	atomic_sub(&files_in_flight, scm->nfiles);
	if (!has_socks(scm))
		return;
	lock_acquire(&unix_gc_lock);
	sub_locked(scm);
	lock_release(&unix_gc_lock);
}

void unix_gc_barrier(void)
{
	lock_acquire(&unix_gc_lock);
	lock_release(&unix_gc_lock);
}

/* ---- the search ---- */

struct search {
	struct list candidates, work; /* of unix_sock.gc_link */
	void (*found)(struct search *s, struct unix_sock *child);
	struct scm *garbage;
};

static void scan_scm(struct search *s, const struct scm *scm)
{
	for (uint32_t i = 0; scm && i < scm->nfiles; i++) {
		struct unix_sock *child = unix_of_file(scm->files[i]);

		if (child && child->gc_candidate)
			s->found(s, child);
	}
}

/* What u's own queue holds. */
static void scan_queue(struct search *s, struct unix_sock *u)
{
	struct unix_mark *mark;
	struct unix_msg *msg;

	sock_lock(&u->sk);
	LIST_FOR_EACH(mark, &u->marks, link)
		scan_scm(s, mark->scm);
	LIST_FOR_EACH(msg, &u->messages, link)
		scan_scm(s, msg->scm);
	lock_release(&u->sk.lock);
}

/* The next of a listener's unaccepted ends; none leaves the queue of a candidate. */
static struct unix_sock *next_end(struct unix_sock *u, struct unix_sock *end)
{
	struct list *at;

	sock_lock(&u->sk);
	at = end ? end->accept_link.next : u->accept_queue.next;
	lock_release(&u->sk.lock);
	return at == &u->accept_queue ? NULL : LIST_ENTRY(at, struct unix_sock, accept_link);
}

static void scan(struct search *s, struct unix_sock *u)
{
	struct unix_sock *end = NULL;

	scan_queue(s, u);
	while ((end = next_end(u, end)))
		scan_queue(s, end);
}

static void take_off(struct search *s, struct unix_sock *child)
{
	(void)s;
	KASSERT(child->gc_count > 0);
	child->gc_count--;
}

static void reached(struct search *s, struct unix_sock *child)
{
	child->gc_candidate = false;
	list_del(&child->gc_link);
	list_add_tail(&s->work, &child->gc_link);
}

static void find_candidates_locked(struct search *s)
{
	struct unix_sock *u, *next;

	LIST_FOR_EACH_SAFE(u, next, &in_flight, gc_link) {
		struct file *f;
		uint32_t refs;

		/* In flight: a message refers to the file, so that it is there. */
		sock_lock(&u->sk);
		f = u->sk.file;
		refs = f ? atomic_load(&f->refs.count) : 0;
		lock_release(&u->sk.lock);
		if (refs != u->inflight)
			continue;
		u->gc_candidate = true;
		u->gc_count = u->inflight;
		list_del(&u->gc_link);
		list_add_tail(&s->candidates, &u->gc_link);
	}
}

/* Candidates that a queue outside refers to, and what they lead to, are none. */
static void keep_reachable_locked(struct search *s)
{
	struct unix_sock *u, *next;

	s->found = take_off;
	LIST_FOR_EACH(u, &s->candidates, gc_link)
		scan(s, u);
	s->found = reached;
	LIST_FOR_EACH_SAFE(u, next, &s->candidates, gc_link) {
		if (u->gc_count > 0)
			reached(s, u);
	}
	while ((u = LIST_FIRST(&s->work, struct unix_sock, gc_link))) {
		list_del(&u->gc_link);
		list_add_tail(&in_flight, &u->gc_link);
		scan(s, u);
	}
}

static void collect(struct search *s, struct scm **scm)
{
	if (!*scm || !(*scm)->nfiles)
		return;
	(*scm)->next = s->garbage;
	s->garbage = *scm;
	*scm = NULL;
}

static void empty_queue(struct search *s, struct unix_sock *u)
{
	struct unix_mark *mark;
	struct unix_msg *msg;

	sock_lock(&u->sk);
	LIST_FOR_EACH(mark, &u->marks, link)
		collect(s, &mark->scm);
	LIST_FOR_EACH(msg, &u->messages, link)
		collect(s, &msg->scm);
	lock_release(&u->sk.lock);
}

/* Take what garbage refers to out of its queues. */
static void empty_garbage_locked(struct search *s)
{
	struct unix_sock *u, *end;
	struct scm *scm;

	while ((u = LIST_FIRST(&s->candidates, struct unix_sock, gc_link))) {
		u->gc_candidate = false;
		list_del(&u->gc_link);
		list_add_tail(&in_flight, &u->gc_link);
		empty_queue(s, u);
		end = NULL;
		while ((end = next_end(u, end)))
			empty_queue(s, end);
	}
	for (scm = s->garbage; scm; scm = scm->next) {
		atomic_sub(&files_in_flight, scm->nfiles);
		sub_locked(scm);
	}
}

void unix_gc(void)
{
	struct search s = {.garbage = NULL};
	struct scm *scm;

	if (LIKELY(!atomic_load(&maybe_cyclic)))
		return;
	list_init(&s.candidates);
	list_init(&s.work);
	lock_acquire(&unix_gc_lock);
	find_candidates_locked(&s);
	keep_reachable_locked(&s);
	empty_garbage_locked(&s);
	lock_release(&unix_gc_lock);
	while ((scm = s.garbage)) {
		s.garbage = scm->next;
		scm_free(scm);
	}
}

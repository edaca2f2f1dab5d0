/*
 * unix_stream.c - AF_UNIX streams: bytes, and what is attached to them.
 * Spec: unix(7) of Linux; POSIX.1-2024 send(), recv() for SOCK_STREAM.
 * Locks: the receiving end's sock.lock, for its ring and marks.
 *
 * A ring grows with what waits in it, up to the sender's SO_SNDBUF. A writer that found it full is
 * woken when three quarters are free, as Linux does: waking it for each byte that a slow reader
 * takes would cost two switches a byte. Descriptors and credentials are marks beside the ring, for
 * a range of bytes; streams that carry none have no marks and pay one comparison for them.
 */
#include "net/unix.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define RING_MIN 4096u
#define RING_MAX (1u << 27)

/* ---- the ring ---- */

static uint32_t limit_of(const struct unix_sock *from)
{
	uint32_t size = __atomic_load_n(&from->sk.sndbuf, __ATOMIC_RELAXED);

	return MIN(size, RING_MAX);
}

/* A quarter may be in use: Linux's rule for POLLOUT. */
bool unix_ring_writable(const struct unix_sock *to, const struct unix_sock *from)
{
	return unix_ring_used(to) <= limit_of(from) / 4;
}

/* Make room for n more bytes, which the limit allows. The ring starts over at position 0. */
static int ring_grow_locked(struct unix_sock *u, uint32_t n)
{
	uint32_t used = unix_ring_used(u), size = MAX(u->size, RING_MIN), at, first;
	struct unix_mark *mark;
	uint8_t *buf;

	while (size < used + n)
		size *= 2;
	buf = kmalloc(size);
	if (!buf)
		return -ENOBUFS;
	if (used) {
		at = u->tail & (u->size - 1);
		first = MIN(used, u->size - at);
		memcpy(buf, u->buf + at, first);
		memcpy(buf + first, u->buf, used - first);
	}
	LIST_FOR_EACH(mark, &u->marks, link) {
		mark->start -= u->tail;
		mark->end -= u->tail;
	}
	kfree(u->buf);
	u->buf = buf;
	u->size = size;
	u->tail = 0;
	u->head = used;
	return 0;
}

static void ring_put_locked(struct unix_sock *u, struct iobuf *b, uint32_t n)
{
	uint32_t at = u->head & (u->size - 1), first = MIN(n, u->size - at);

	iob_get(b, u->buf + at, first);
	if (n > first)
		iob_get(b, u->buf, n - first);
	u->head += n;
}

/* Copy n bytes from position pos on; they stay in the ring. */
static void ring_copy_locked(struct unix_sock *u, uint32_t pos, struct iobuf *b, uint32_t n)
{
	uint32_t at = pos & (u->size - 1), first = MIN(n, u->size - at);

	iob_put(b, u->buf + at, first);
	if (n > first)
		iob_put(b, u->buf, n - first);
}

/* ---- marks ---- */

static bool same_cred(const struct sock_cred *a, const struct sock_cred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* The last mark, if the bytes that come now are one with its own. */
static struct unix_mark *mark_to_extend(struct unix_sock *u, const struct sock_cred *cred)
{
	struct unix_mark *last;

	if (list_empty(&u->marks))
		return NULL;
	last = LIST_ENTRY(u->marks.prev, struct unix_mark, link);
	if (last->end != u->head || last->files || !last->has_cred || !same_cred(&last->cred, cred))
		return NULL;
	return last;
}

struct outgoing {
	struct unix_sock *u, *to;
	struct scm *scm; /* descriptors, until the first bytes took them */
	struct sock_cred cred;
	bool has_cred;
};

/* Mark the next n bytes, if they need it. The caller then puts them. */
static int mark_next_locked(struct outgoing *o, uint32_t n)
{
	struct unix_sock *to = o->to;
	struct unix_mark *mark = NULL;
	bool files = o->scm && o->scm->nfiles;

	if (!files && !o->has_cred)
		return 0;
	if (!files)
		mark = mark_to_extend(to, &o->cred);
	if (mark) {
		mark->end += n;
		return 0;
	}
	mark = kmalloc(sizeof(*mark));
	if (!mark)
		return -ENOBUFS;
	*mark = (struct unix_mark){.start = to->head,
		.end = to->head + n,
		.has_cred = o->has_cred,
		.cred = o->cred,
		.files = files,
		.scm = files ? o->scm : NULL};
	if (files)
		o->scm = NULL;
	list_add_tail(&to->marks, &mark->link);
	return 0;
}

static void mark_free(struct unix_mark *mark)
{
	list_del(&mark->link);
	kfree(mark);
}

void unix_ring_free_locked(struct unix_sock *u, struct scm **doomed)
{
	struct unix_mark *mark, *next;

	LIST_FOR_EACH_SAFE(mark, next, &u->marks, link) {
		if (mark->scm) {
			mark->scm->next = *doomed;
			*doomed = mark->scm;
		}
		mark_free(mark);
	}
	kfree(u->buf);
	u->buf = NULL;
	u->size = u->head = u->tail = 0;
}

/* ---- sending ---- */

/* Put what fits. Returns 0 to go on, 1 when all is sent, or -errno. The receiver is locked. */
static int send_turn_locked(struct outgoing *o, struct sock_msg *m, uint64_t deadline)
{
	struct unix_sock *to = o->to;
	uint32_t limit = limit_of(o->u), used = unix_ring_used(to), n;
	int err;

	if (to->sk.shut & SOCK_SHUT_RD)
		return -EPIPE;
	n = used < limit ? (uint32_t)MIN(m->data->left, (size_t)(limit - used)) : 0;
	if (n > 0) {
		/* An empty ring starts over: one copy instead of two, and a small one stays in
		 * cache. */
		if (used == 0)
			to->head = to->tail = 0;
		err = n > to->size - used ? ring_grow_locked(to, n) : 0;
		if (!err)
			err = mark_next_locked(o, n);
		if (err)
			return err;
		ring_put_locked(to, m->data, n);
		sock_wake(&to->sk, POLLIN | POLLRDNORM);
		if (m->data->left == 0)
			return 1;
	}
	if (m->flags & MSG_DONTWAIT) {
		to->want_poll = true; /* edge-triggered pollers do not look again by themselves */
		return -EAGAIN;
	}
	err = sock_wait_on(&to->sk, &to->space, deadline);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static ssize_t send_all(struct outgoing *o, struct sock_msg *m)
{
	uint64_t deadline = sock_deadline(o->u->sk.sndtimeo_ns);
	size_t before = m->data->done;
	int turn = 0;

	o->has_cred = unix_send_cred(o->u, o->to, o->scm, &o->cred);
	sock_lock(&o->to->sk);
	while (turn == 0)
		turn = send_turn_locked(o, m, deadline);
	sock_unlock(&o->to->sk);
	return m->data->done > before ? (ssize_t)(m->data->done - before) : turn;
}

static int may_send(const struct unix_sock *u, const struct sock_msg *m)
{
	const struct unix_sock *peer = atomic_load(&u->peer);

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name && m->name->len)
		return peer ? -EISCONN : -EOPNOTSUPP;
	if (!peer)
		return -ENOTCONN;
	return 0;
}

ssize_t unix_stream_sendmsg(struct sock *sk, struct sock_msg *m)
{
	struct outgoing o = {.u = unix_of(sk)};
	ssize_t n = may_send(o.u, m);

	if (n)
		return n;
	/* Ours until the release of sk, which a call under way holds off. */
	o.to = atomic_load(&o.u->peer);
	n = scm_from_control(m, &o.scm);
	if (n)
		return n;
	if (m->data->left == 0) {
		n = atomic_load(&o.to->sk.shut) & SOCK_SHUT_RD ? -EPIPE : 0;
		scm_free(o.scm);
		return n;
	}
	if (LIKELY(!o.scm))
		return send_all(&o, m);
	n = unix_inflight_add(o.scm, o.to);
	if (!n) {
		n = send_all(&o, m);
		if (o.scm)
			unix_inflight_sub(o.scm);
	}
	scm_free(o.scm);
	return n;
}

/* ---- receiving ---- */

struct incoming {
	struct unix_sock *u;
	struct sock_msg *m;
	bool peek, stop, cred_known, has_cred;
	struct sock_cred cred;
};

/* May bytes of this mark (NULL: unmarked) go on after those that were taken? */
static bool cred_fits(struct incoming *in, const struct unix_mark *mark)
{
	bool has = mark && mark->has_cred;

	if (!in->u->sk.passcred)
		return true;
	if (in->cred_known)
		return in->has_cred == has && (!has || same_cred(&in->cred, &mark->cred));
	in->cred_known = true;
	in->has_cred = has;
	if (has)
		in->cred = mark->cred;
	return true;
}

/* Descriptors go with the first byte of their range, and end the receive after it. */
static int take_files(struct incoming *in, struct unix_mark *mark)
{
	if (!mark->scm)
		return 0;
	in->stop = true;
	if (!in->peek) {
		in->m->scm = mark->scm;
		mark->scm = NULL;
		return 0;
	}
	in->m->scm = scm_copy(mark->scm);
	return in->m->scm ? 0 : -ENOMEM;
}

/* Take from position *pos what is of one piece. Returns 0 to go on, 1: enough, or -errno. */
static int take_piece_locked(struct incoming *in, uint32_t *pos)
{
	struct unix_sock *u = in->u;
	struct unix_mark *mark = NULL, *it;
	uint32_t n = u->head - *pos;
	int err;

	LIST_FOR_EACH(it, &u->marks, link) {
		if ((int32_t)(it->end - *pos) <= 0)
			continue; /* a peek went past it */
		if ((int32_t)(it->start - *pos) > 0)
			n = MIN(n, it->start - *pos);
		else
			mark = it;
		break;
	}
	if (!cred_fits(in, mark))
		return 1;
	if (mark) {
		err = take_files(in, mark);
		if (err)
			return err;
		n = MIN(n, mark->end - *pos);
	}
	n = (uint32_t)MIN((size_t)n, in->m->data->left);
	ring_copy_locked(u, *pos, in->m->data, n);
	*pos += n;
	if (mark && !in->peek && *pos == mark->end)
		mark_free(mark);
	return in->stop || in->m->data->left == 0 ? 1 : 0;
}

/* Take what is there. Returns 1: enough, 0: the ring is empty now, or -errno. */
static int take_locked(struct incoming *in)
{
	struct unix_sock *u = in->u, *from = u->peer;
	uint32_t pos = u->tail;
	int turn = 0;

	if (LIKELY(list_empty(&u->marks) && !u->sk.passcred)) {
		uint32_t n = (uint32_t)MIN((size_t)unix_ring_used(u), in->m->data->left);

		ring_copy_locked(u, pos, in->m->data, n);
		pos += n;
		turn = in->m->data->left == 0;
	} else {
		while (turn == 0 && pos != u->head)
			turn = take_piece_locked(in, &pos);
	}
	if (in->peek)
		return turn < 0 ? turn : 1;
	u->tail = pos;
	if (from && unix_ring_writable(u, from) && !list_empty(&u->space.waiters))
		waitq_wake_all(&u->space);
	return turn;
}

/* The ring is empty: what else there is to say. 0: look again; 1: end of file. */
static int wait_data_locked(struct unix_sock *u, const struct sock_msg *m, uint64_t deadline)
{
	int err = sock_take_error(&u->sk);

	if (err)
		return err;
	if (u->sk.shut & SOCK_SHUT_RD)
		return 1;
	if (u->state != UNIX_CONNECTED)
		return -EINVAL;
	if (m->flags & MSG_DONTWAIT)
		return -EAGAIN;
	err = sock_wait(&u->sk, deadline);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static size_t least(const struct sock *sk, const struct sock_msg *m)
{
	size_t want =
		m->flags & MSG_WAITALL ? m->data->left : MIN((size_t)sk->rcvlowat, m->data->left);

	return MAX(want, 1);
}

/* Tell pollers at the other end of the room that came. No lock is held. */
static void tell_sender(struct unix_sock *u)
{
	struct unix_sock *from = atomic_load(&u->peer);

	if (!from)
		return;
	sock_lock(&from->sk);
	sock_wake(&from->sk, POLLOUT | POLLWRNORM);
	sock_unlock(&from->sk);
}

/* Ends with the socket unlocked. */
static ssize_t recv_loop(struct incoming *in)
{
	struct unix_sock *u = in->u;
	struct sock_msg *m = in->m;
	uint64_t deadline = sock_deadline(u->sk.rcvtimeo_ns);
	size_t before = m->data->done, want = least(&u->sk, m);
	bool tell = false;
	int turn = 0;

	sock_lock(&u->sk);
	while (turn == 0) {
		if (u->head != u->tail) {
			turn = take_locked(in);
			if (u->want_poll && u->peer && unix_ring_writable(u, u->peer)) {
				u->want_poll = false;
				tell = true;
			}
		} else if (m->data->done - before >= want) {
			break;
		}
		if (turn == 0 && u->head == u->tail && m->data->done - before < want)
			turn = wait_data_locked(u, m, deadline);
	}
	sock_unlock(&u->sk);
	if (UNLIKELY(tell))
		tell_sender(u);
	if (m->data->done > before || turn >= 0)
		return (ssize_t)(m->data->done - before);
	return turn;
}

ssize_t unix_stream_recvmsg(struct sock *sk, struct sock_msg *m)
{
	struct incoming in = {.u = unix_of(sk), .m = m, .peek = m->flags & MSG_PEEK};
	struct unix_sock *peer;
	ssize_t n;

	if (m->flags & MSG_OOB)
		return -EINVAL;
	if (atomic_load(&in.u->state) != UNIX_CONNECTED)
		return -EINVAL;
	n = recv_loop(&in);
	if (m->scm) {
		if (in.peek)
			unix_gc_barrier();
		else
			unix_inflight_sub(m->scm);
	}
	if (n < 0)
		return n;
	if (in.has_cred && sk->passcred) {
		m->has_cred = true;
		m->cred = in.cred;
	}
	if (m->name && (peer = atomic_load(&in.u->peer)))
		unix_addr_show(atomic_load(&peer->addr), m->name);
	/* An unnamed sender of a stream is none at all. */
	if (m->name && m->name->len <= sizeof(m->name->family))
		m->name->len = 0;
	return n;
}

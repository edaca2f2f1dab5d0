/*
 * tcp_data.c - bytes through a TCP connection: send, receive, out-of-band, poll.
 * Spec: POSIX.1-2024 send(), recv(); RFC 9293; RFC 6093 (urgent data: one byte is kept, as in
 * Linux); poll's bits as Linux has them.
 * Locks: sock.lock of the end that receives, and for a moment that of the end that sleeps. See
 * tcp.h for who is woken when.
 */
#include "net/tcp.h"
#include "abi/program.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define PIECE 65536u /* moved in one hold of the lock */
#define IN_KEYS (POLLIN | POLLRDNORM)
#define OUT_KEYS (POLLOUT | POLLWRNORM)

/* ---- the ring ---- */

uint32_t tcp_receive_part(const struct tcp_sock *t)
{
	uint32_t size = atomic_load(&t->inet.sk.rcvbuf);

	return size == TCP_RCVBUF ? TCP_PART : size / 2;
}

uint32_t tcp_send_part(const struct tcp_sock *t)
{
	uint32_t size = atomic_load(&t->inet.sk.sndbuf);

	return size == TCP_SNDBUF ? TCP_PART : size / 2;
}

static uint32_t limit(const struct tcp_sock *t)
{
	return tcp_receive_part(t) + t->send_part;
}

static uint32_t room(const struct tcp_sock *t)
{
	uint32_t max = limit(t), used = tcp_used(t);

	return max > used ? max - used : 0;
}

/* Linux calls a socket writable when a third of its buffer is free: sk_stream_is_writeable(). */
static uint32_t enough_room(const struct tcp_sock *t)
{
	return MAX(limit(t) / 3, 1u);
}

void tcp_ring_free(struct tcp_sock *t)
{
	if (t->buf)
		pages_free(t->buf, t->size / PAGE_SIZE);
	t->buf = NULL;
	t->size = 0;
	t->head = t->tail = 0;
}

/* Room in the ring itself for n more bytes, at least for one. -ENOMEM. */
static int need_ring_locked(struct tcp_sock *t, uint32_t n)
{
	uint32_t used = tcp_used(t), size = MAX(t->size, TCP_RING_MIN), at, first;
	uint8_t *buf;

	if (LIKELY(used + n <= t->size))
		return 0;
	while (size < used + n)
		size *= 2;
	buf = pages_alloc(size / PAGE_SIZE);
	if (!buf)
		return used < t->size ? 0 : -ENOMEM;
	if (used) {
		at = t->tail & (t->size - 1);
		first = MIN(used, t->size - at);
		memcpy(buf, t->buf + at, first);
		memcpy(buf + first, t->buf, used - first);
	}
	if (t->urgent)
		t->urgent_at -= t->tail;
	if (t->buf)
		pages_free(t->buf, t->size / PAGE_SIZE);
	t->buf = buf;
	t->size = size;
	t->tail = 0;
	t->head = used;
	return 0;
}

static void fill_locked(struct tcp_sock *t, struct iobuf *b, uint32_t n)
{
	uint32_t at, first;

	/* An empty ring starts over: one copy instead of two, and a small one stays in cache. */
	if (t->head == t->tail)
		t->head = t->tail = 0;
	at = t->head & (t->size - 1);
	first = MIN(n, t->size - at);
	iob_get(b, t->buf + at, first);
	if (n > first)
		iob_get(b, t->buf, n - first);
	t->head += n;
	t->bytes_in += n;
}

static void drain_locked(const struct tcp_sock *t, uint32_t from, struct iobuf *b, uint32_t n)
{
	uint32_t at = from & (t->size - 1);
	uint32_t first = MIN(n, t->size - at);

	iob_put(b, t->buf + at, first);
	if (n > first)
		iob_put(b, t->buf, n - first);
}

uint32_t tcp_unacked(struct tcp_sock *t)
{
	struct tcp_sock *peer = atomic_load(&t->peer);
	uint32_t used, part;

	if (!peer)
		return 0;
	lock_acquire(&peer->inet.sk.lock);
	used = peer->deaf ? 0 : tcp_used(peer);
	part = tcp_receive_part(peer);
	lock_release(&peer->inet.sk.lock);
	return used > part ? used - part : 0;
}

/* ---- sending ---- */

enum turn { TURN_DONE, TURN_MOVED, TURN_FULL, TURN_CLOSED, TURN_NOMEM };

/* The last byte that came is out-of-band. One that waits already is data like others now. */
static void mark_urgent_locked(struct tcp_sock *t)
{
	if (t->urgent && t->urgent_at == t->tail && !t->inet.sk.oobinline)
		t->tail++; /* but a reader that stands at it is past it, as in Linux */
	t->urgent = TCP_URGENT_THERE;
	t->urgent_at = t->head - 1;
}

/* Put what fits into the peer's ring. want: if it is full, the peer is to say when there is room.
 */
static enum turn send_turn(
	struct tcp_sock *t, struct tcp_sock *peer, struct iobuf *b, bool urgent, bool want)
{
	struct sock *to = &peer->inet.sk;
	enum turn turn;
	bool hold = false;
	uint32_t n;

	sock_lock(to);
	/* Of another connection by now, if this one was given up. */
	if (peer->deaf || peer->fin || atomic_load(&peer->peer) != t) {
		sock_unlock(to);
		return TURN_CLOSED;
	}
	peer->send_part = tcp_send_part(t);
	n = (uint32_t)MIN(b->left, (size_t)MIN(room(peer), PIECE));
	if (n == 0) {
		if (want)
			peer->wanted = MIN(peer->wanted, enough_room(peer));
		sock_unlock(to);
		return b->left ? TURN_FULL : TURN_DONE;
	}
	if (UNLIKELY(need_ring_locked(peer, n))) {
		sock_unlock(to);
		return TURN_NOMEM;
	}
	n = MIN(n, peer->size - tcp_used(peer));
	fill_locked(peer, b, n);
	peer->segments_in++;
	turn = b->left ? TURN_MOVED : TURN_DONE;
	if (UNLIKELY(urgent && turn == TURN_DONE)) {
		mark_urgent_locked(peer);
		sock_wake_urgent(to);
	}
	sock_wake(to, IN_KEYS);
	hold = peer->hold;
	sock_unlock(to);
	if (UNLIKELY(hold))
		tcp_unhold(peer);
	return turn;
}

/* Why nothing can be sent. 0: it is the peer that takes no more. */
static int send_error(struct tcp_sock *t)
{
	struct sock *sk = &t->inet.sk;
	int err;

	sock_lock(sk);
	err = sock_take_error(sk);
	if (!err && ((sk->shut & SOCK_SHUT_WR) ||
			    (t->inet.state != TCP_ESTABLISHED && t->inet.state != TCP_CLOSE_WAIT)))
		err = -EPIPE;
	sock_unlock(sk);
	return err;
}

/* RFC 1122 4.2.2.13: data for an end that is closed are answered by a reset. The call that sends
 * them has succeeded; the next one hears of it. */
static void send_to_closed(struct tcp_sock *t, struct tcp_sock *peer)
{
	tcp_take_reset(peer, t);
	tcp_take_reset(t, peer);
}

/* Sleep until there may be room in the peer's ring, or the connection changes. */
static int wait_for_room(struct tcp_sock *t, struct tcp_sock *peer, struct iobuf *b, bool urgent,
	uint64_t deadline, enum turn *turn)
{
	struct sock *sk = &t->inet.sk;
	struct waiter w = {.waker = waker_self()};
	uint32_t seen = waitq_prepare(w.waker);
	int err = 0;

	sock_lock(sk);
	waitq_join(&sk->wait, &w);
	sock_unlock(sk);
	/* Who makes room from here on wakes this thread: it is in the queue. */
	*turn = send_turn(t, peer, b, urgent, true);
	if (*turn == TURN_FULL)
		err = waitq_commit(w.waker, seen, deadline, WAIT_INTR, "tcp_send");
	sock_lock(sk);
	waitq_leave(&w);
	sock_unlock(sk);
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	if (err == -EINTR && deadline == WAIT_FOREVER)
		return -PLEAT_ERESTARTSYS;
	return err;
}

/* connect() may still be under way: wait for it as if it were room. */
static int wait_for_connection(struct tcp_sock *t, bool nonblock, uint64_t deadline)
{
	struct sock *sk = &t->inet.sk;
	int err = 0;

	sock_lock(sk);
	while (t->inet.state == TCP_SYN_SENT && !err)
		err = nonblock ? -EAGAIN : sock_wait(sk, deadline);
	sock_unlock(sk);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/*
 * Sends all unless it cannot wait. Returns bytes taken, or if none: -EAGAIN (MSG_DONTWAIT or
 * SO_SNDTIMEO), -EPIPE, the pending error (-ECONNRESET, -ETIMEDOUT, ...), -ENOMEM, a signal's.
 */
ssize_t tcp_sendmsg(struct sock *sk, struct sock_msg *m)
{
	struct tcp_sock *t = tcp_sock(sk), *peer;
	struct iobuf *b = m->data;
	size_t before = b->done;
	bool nonblock = m->flags & MSG_DONTWAIT, urgent = m->flags & MSG_OOB;
	uint64_t deadline = WAIT_FOREVER;
	int err = 0;

	if (UNLIKELY(m->flags & MSG_FASTOPEN))
		return -EOPNOTSUPP;
	if (sk->sndtimeo_ns && !nonblock)
		deadline = sock_deadline(sk->sndtimeo_ns);
	for (;;) {
		enum turn turn = TURN_CLOSED;

		peer = atomic_load(&t->peer);
		/* Closed before it was connected: the peer knows nothing of it. */
		if (LIKELY(peer && !(atomic_load(&sk->shut) & SOCK_SHUT_WR)))
			turn = send_turn(t, peer, b, urgent, nonblock);
		if (LIKELY(turn == TURN_DONE))
			break;
		if (turn == TURN_FULL && nonblock)
			err = -EAGAIN;
		else if (turn == TURN_FULL)
			err = wait_for_room(t, peer, b, urgent, deadline, &turn);
		if (turn == TURN_DONE)
			break;
		if (turn == TURN_NOMEM)
			err = -ENOMEM;
		if (turn == TURN_CLOSED) {
			if (!peer)
				err = wait_for_connection(t, nonblock, deadline);
			if (peer || (!err && !atomic_load(&t->peer)))
				err = send_error(t);
			if (!err && peer) {
				send_to_closed(t, peer);
				return (ssize_t)(b->done > before ? b->done - before : b->left);
			}
		}
		if (err)
			break;
	}
	return b->done > before ? (ssize_t)(b->done - before) : err;
}

/* ---- receiving ---- */

/* RFC 6093: the one out-of-band byte. -EINVAL: none is on its way, or it is in the stream. */
static ssize_t receive_urgent(struct tcp_sock *t, struct sock_msg *m)
{
	struct sock *sk = &t->inet.sk;
	ssize_t n = -EAGAIN;

	sock_lock(sk);
	if (sk->oobinline || t->urgent == TCP_URGENT_NONE || t->urgent == TCP_URGENT_READ) {
		n = -EINVAL;
	} else if (t->inet.state == TCP_CLOSE && !t->fin) {
		n = -ENOTCONN;
	} else {
		m->out_flags |= MSG_OOB;
		n = MIN(m->data->left, (size_t)1);
		if (n == 0)
			m->out_flags |= MSG_TRUNC;
		else if (!(m->flags & MSG_TRUNC))
			drain_locked(t, t->urgent_at, m->data, 1);
		if (!(m->flags & MSG_PEEK))
			t->urgent = TCP_URGENT_READ;
	}
	sock_unlock(sk);
	return n;
}

/* One receive on its way. */
struct receive {
	struct sock_msg *m;
	uint32_t at; /* where it reads: the ring's tail, or ahead of it with MSG_PEEK */
	size_t left; /* room in the caller's buffer */
	size_t copied;
	bool peek;
};

/* Bytes that can be moved in one go now; steps over an out-of-band byte. *stop: the mark ends it.
 */
static uint32_t readable_locked(struct tcp_sock *t, struct receive *r, bool *stop)
{
	uint32_t n;

	if (!r->peek)
		r->at = t->tail;
	n = t->head - r->at;
	if (t->urgent == TCP_URGENT_NONE || n == 0)
		return n;
	if (r->at == t->urgent_at) {
		if (r->copied) {
			*stop = true;
			return 0;
		}
		if (t->inet.sk.oobinline)
			return n;
		r->at++;
		if (!r->peek) {
			t->tail++;
			t->urgent = TCP_URGENT_NONE;
		}
		return n - 1;
	}
	return (int32_t)(t->urgent_at - r->at) > 0 ? MIN(n, t->urgent_at - r->at) : n;
}

/* Move n bytes. Returns true if the peer waits for the room that this made. */
static bool move_locked(struct tcp_sock *t, struct receive *r, uint32_t n)
{
	if (!(r->m->flags & MSG_TRUNC))
		drain_locked(t, r->at, r->m->data, n);
	r->at += n;
	r->left -= n;
	r->copied += n;
	if (r->peek)
		return false;
	t->tail += n;
	if (t->urgent && (int32_t)(t->tail - t->urgent_at) > 0)
		t->urgent = TCP_URGENT_NONE;
	if (room(t) < t->wanted)
		return false;
	t->wanted = TCP_NOBODY;
	return true;
}

/* Nothing is there. 0: wait; 1: what was moved is all; else -errno. */
static int nothing_locked(struct tcp_sock *t, const struct receive *r)
{
	struct sock *sk = &t->inet.sk;
	bool over = (sk->shut & SOCK_SHUT_RD) || t->inet.state == TCP_CLOSE;

	if (r->copied)
		return over || sk->error ? 1 : 0;
	if (t->fin)
		return 1;
	if (sk->error)
		return sock_take_error(sk);
	if (sk->shut & SOCK_SHUT_RD)
		return 1;
	return t->inet.state == TCP_CLOSE ? -ENOTCONN : 0;
}

static void wake_sender(struct tcp_sock *t)
{
	struct tcp_sock *peer = atomic_load(&t->peer);

	if (!peer)
		return;
	sock_lock(&peer->inet.sk);
	sock_wake(&peer->inet.sk, OUT_KEYS);
	sock_unlock(&peer->inet.sk);
}

static size_t receive_target(const struct sock *sk, const struct sock_msg *m, size_t len)
{
	size_t least = MIN(
		(size_t)sk->rcvlowat, (size_t)limit(tcp_sock((struct sock *)(uintptr_t)sk)) / 2);

	if (m->flags & MSG_WAITALL)
		return len;
	return MAX(MIN(least, len), (size_t)1);
}

/*
 * Returns bytes received, 0 at the end of the stream, or if there are none: -EAGAIN (MSG_DONTWAIT
 * or SO_RCVTIMEO), -ENOTCONN, the pending error, a signal's.
 */
ssize_t tcp_recvmsg(struct sock *sk, struct sock_msg *m)
{
	struct tcp_sock *t = tcp_sock(sk);
	struct receive r = {.m = m, .left = m->data->left, .peek = m->flags & MSG_PEEK};
	uint64_t deadline = WAIT_FOREVER;
	bool stop = false, room_made = false;
	size_t target;
	int err = 0;

	if (UNLIKELY(m->flags & (MSG_OOB | MSG_ERRQUEUE)))
		return m->flags & MSG_OOB ? receive_urgent(t, m) : -EAGAIN;
	if (sk->rcvtimeo_ns && !(m->flags & MSG_DONTWAIT))
		deadline = sock_deadline(sk->rcvtimeo_ns);
	sock_lock(sk);
	target = receive_target(sk, m, r.left);
	r.at = t->tail;
	if (t->inet.state == TCP_LISTEN)
		err = -ENOTCONN;
	while (!err && (r.left || !r.copied)) {
		uint32_t n = readable_locked(t, &r, &stop);

		if (stop)
			break;
		if (n > 0 && r.left > 0) {
			room_made |=
				move_locked(t, &r, (uint32_t)MIN(r.left, (size_t)MIN(n, PIECE)));
			if (room_made && r.left) {
				room_made = false;
				sock_unlock(sk);
				wake_sender(t);
				sock_lock(sk);
			}
			continue;
		}
		if (n > 0 || r.copied >= target)
			break;
		err = nothing_locked(t, &r);
		if (err)
			break;
		err = m->flags & MSG_DONTWAIT ? -EAGAIN : sock_wait(sk, deadline);
	}
	sock_unlock(sk);
	if (room_made)
		wake_sender(t);
	if (err == -ETIMEDOUT)
		err = -EAGAIN;
	return r.copied || err > 0 ? (ssize_t)r.copied : err;
}

/* ---- poll ---- */

static uint32_t poll_in_locked(const struct tcp_sock *t)
{
	const struct sock *sk = &t->inet.sk;
	uint32_t target = MAX(MIN(sk->rcvlowat, limit(t) / 2), 1u);

	if (t->urgent && t->urgent_at == t->tail && !sk->oobinline)
		target++;
	return tcp_used(t) >= target ? IN_KEYS : 0;
}

static uint32_t poll_locked(const struct tcp_sock *t)
{
	const struct sock *sk = &t->inet.sk;
	uint32_t state = t->inet.state, bits = 0;

	if (state == TCP_LISTEN)
		return list_empty(&t->queue) ? 0 : IN_KEYS;
	if (sk->shut == (SOCK_SHUT_RD | SOCK_SHUT_WR) || state == TCP_CLOSE)
		bits |= POLLHUP;
	if (sk->shut & SOCK_SHUT_RD)
		bits |= IN_KEYS | POLLRDHUP;
	if (state != TCP_SYN_SENT) {
		bits |= poll_in_locked(t);
		if ((sk->shut & SOCK_SHUT_WR) || !t->peer)
			bits |= OUT_KEYS;
		if (t->urgent == TCP_URGENT_THERE)
			bits |= POLLPRI;
	}
	if (sk->error)
		bits |= POLLERR;
	return bits;
}

uint32_t tcp_poll(struct sock *sk, struct poll_table *pt)
{
	struct tcp_sock *t = tcp_sock(sk), *peer = NULL;
	uint32_t bits;

	sock_lock(sk);
	poll_join(pt, &sk->wait, &sk->lock);
	bits = poll_locked(t);
	if (t->inet.state != TCP_SYN_SENT && t->inet.state != TCP_LISTEN && !(bits & POLLOUT))
		peer = t->peer;
	sock_unlock(sk);
	if (!peer)
		return bits;
	/* Joined before this look: room that comes after it wakes the poller. */
	sock_lock(&peer->inet.sk);
	if (peer->deaf || room(peer) >= enough_room(peer))
		bits |= OUT_KEYS;
	else
		peer->wanted = MIN(peer->wanted, enough_room(peer));
	sock_unlock(&peer->inet.sk);
	return bits;
}

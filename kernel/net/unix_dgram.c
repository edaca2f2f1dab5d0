/*
 * unix_dgram.c - AF_UNIX messages: datagrams and sequenced packets.
 * Spec: unix(7) of Linux; POSIX.1-2024 send(), recv() for SOCK_DGRAM and SOCK_SEQPACKET.
 * Locks: the receiver's sock.lock for its queue, the sender's for what it has sent; one at a time.
 *
 * Two things hold a sender back: its own SO_SNDBUF, which is charged until a message is received,
 * and a receiver with more than DGRAM_BACKLOG messages, unless that one is connected to the sender
 * (both as in Linux). Sleepers of the second kind wait in the receiver; pollers cannot, since the
 * receiver may be gone before they leave: the receiver tells its `senders`.
 */
#include "net/unix.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define DGRAM_BACKLOG 10u /* net.unix.max_dgram_qlen of Linux */
#define MSG_COST 512u	  /* what a message is charged beside its bytes */
#define LEN_SPARE 32u	  /* Linux: a message must be so much smaller than SO_SNDBUF */

/* ---- messages ---- */

static bool sent_low(const struct unix_sock *u)
{
	return atomic_load(&u->sent) <= __atomic_load_n(&u->sk.sndbuf, __ATOMIC_RELAXED) / 4;
}

/* Received or dropped: its sender may send more. No lock is held. */
static void msg_free(struct unix_msg *msg)
{
	struct unix_sock *from = msg->from;

	sock_lock(&from->sk);
	atomic_sub(&from->sent, msg->charge);
	/* Asked for only: a sender that sleeps in a receive would wake for nothing. */
	if (from->want_sent && sent_low(from)) {
		from->want_sent = false;
		sock_wake(&from->sk, POLLOUT | POLLWRNORM);
	}
	sock_unlock(&from->sk);
	unix_addr_put(msg->from_addr);
	if (msg->scm) {
		unix_inflight_sub(msg->scm);
		scm_free(msg->scm);
	}
	kfree(msg);
	sock_put(&from->sk);
}

void unix_msgs_free(struct list *messages)
{
	struct unix_msg *msg, *next;

	LIST_FOR_EACH_SAFE(msg, next, messages, link) {
		list_del(&msg->link);
		msg_free(msg);
	}
}

/* Wait until u may have len more bytes on their way, and charge it. */
static int charge(struct unix_sock *u, uint32_t len, uint32_t flags, uint64_t deadline)
{
	int err = 0;

	sock_lock(&u->sk);
	for (;;) {
		err = sock_take_error(&u->sk);
		if (!err && (u->sk.shut & SOCK_SHUT_WR))
			err = -EPIPE;
		if (err || u->sent < u->sk.sndbuf)
			break;
		u->want_sent = true;
		err = flags & MSG_DONTWAIT ? -EAGAIN : sock_wait(&u->sk, deadline);
		if (err)
			break;
	}
	if (!err)
		atomic_add(&u->sent, len + MSG_COST);
	sock_unlock(&u->sk);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/* A charged message with the caller's bytes. On failure the charge is given back. */
static struct unix_msg *msg_new(struct unix_sock *u, struct iobuf *b, uint32_t len)
{
	struct unix_msg *msg = kmalloc(sizeof(*msg) + len);

	if (!msg) {
		atomic_sub(&u->sent, len + MSG_COST);
		return NULL;
	}
	*msg = (struct unix_msg){.from = u, .len = len, .charge = len + MSG_COST};
	list_init(&msg->link);
	sock_get(&u->sk);
	msg->from_addr = atomic_load(&u->addr);
	if (msg->from_addr)
		ref_get(&msg->from_addr->refs);
	iob_get(b, msg->data, len);
	return msg;
}

/* ---- who is connected to whom ---- */

void unix_sender_forget_locked(struct unix_sock *u)
{
	list_del(&u->sender_link);
}

/* Somebody's queue has room, or the socket is gone: tell those connected to it. */
static void tell_senders(struct unix_sock *u)
{
	struct unix_sock *s;

	lock_acquire(&unix_table_lock);
	LIST_FOR_EACH(s, &u->senders, sender_link) {
		sock_lock(&s->sk);
		sock_wake(&s->sk, POLLOUT | POLLWRNORM);
		lock_release(&s->sk.lock);
	}
	lock_release(&unix_table_lock);
}

void unix_senders_orphan(struct unix_sock *u)
{
	tell_senders(u);
	lock_acquire(&unix_table_lock);
	while (!list_empty(&u->senders))
		list_del(u->senders.next);
	lock_release(&unix_table_lock);
}

/* Linux: what the old partner sent is dropped, and it is told if it was connected, too. */
static void disconnected(struct unix_sock *u, struct unix_sock *old)
{
	struct list gone;
	bool any;

	sock_lock(&u->sk);
	any = !list_empty(&u->messages);
	list_init(&gone);
	if (any) {
		list_insert_between(&gone, u->messages.prev, u->messages.next);
		list_init(&u->messages);
		u->nmessages = 0;
		waitq_wake_all(&u->space);
	}
	sock_unlock(&u->sk);
	unix_msgs_free(&gone);
	if (!any)
		return;
	sock_lock(&old->sk);
	if (!old->dead && old->peer == u) {
		old->sk.error = ECONNRESET;
		sock_wake(&old->sk, POLLERR);
	}
	sock_unlock(&old->sk);
}

/* Make `to` (referenced: taken over; NULL: nobody) the peer of u. */
static void set_peer(struct unix_sock *u, struct unix_sock *to)
{
	struct unix_sock *old;

	lock_acquire(&unix_table_lock);
	list_del(&u->sender_link);
	if (to)
		list_add_tail(&to->senders, &u->sender_link);
	sock_lock(&u->sk);
	old = u->peer;
	atomic_store(&u->peer, to);
	u->state = to ? UNIX_CONNECTED : UNIX_CLOSED;
	sock_wake(&u->sk, POLLOUT | POLLWRNORM);
	lock_release(&u->sk.lock);
	lock_release(&unix_table_lock);
	if (!old)
		return;
	if (old != to)
		disconnected(u, old);
	sock_put(&old->sk);
}

/* unix(7): one that is connected hears its partner alone. */
static bool may_hear(const struct unix_sock *to, const struct unix_sock *u)
{
	const struct unix_sock *peer = atomic_load(&to->peer);

	return !peer || peer == u;
}

int unix_dgram_connect(struct unix_sock *u, const struct sock_addr *addr)
{
	struct unix_sock *to;
	int err;

	if (addr->family == AF_UNSPEC) {
		set_peer(u, NULL);
		return 0;
	}
	err = unix_check_addr(addr);
	if (!err)
		err = unix_autobind_for_cred(u);
	if (!err)
		err = unix_find(addr, u->sk.type, &to);
	if (err)
		return err;
	if (!may_hear(to, u)) {
		sock_put(&to->sk);
		return -EPERM;
	}
	set_peer(u, to);
	return 0;
}

/* ---- sending ---- */

/* The receiver is full for this sender: connected partners have no limit but SO_SNDBUF. */
static bool full_locked(const struct unix_sock *to, const struct unix_sock *u)
{
	return to != u && to->peer != u && to->nmessages > DGRAM_BACKLOG;
}

bool unix_dgram_writable(struct unix_sock *u)
{
	struct unix_sock *to;
	bool ok;

	sock_lock(&u->sk);
	ok = sent_low(u);
	if (!ok)
		u->want_sent = true;
	to = u->peer;
	if (to)
		sock_get(&to->sk);
	sock_unlock(&u->sk);
	if (!to)
		return ok;
	sock_lock(&to->sk);
	if (!to->dead && full_locked(to, u)) {
		ok = false;
		to->want_poll = true;
	}
	sock_unlock(&to->sk);
	sock_put(&to->sk);
	return ok;
}

/* The partner is gone: unless it was replaced meanwhile, u has none any more. */
static void forget_dead(struct unix_sock *u, struct unix_sock *to)
{
	bool was;

	lock_acquire(&unix_table_lock);
	sock_lock(&u->sk);
	was = u->peer == to;
	if (was) {
		list_del(&u->sender_link);
		atomic_store(&u->peer, (struct unix_sock *)NULL);
		u->state = UNIX_CLOSED;
	}
	lock_release(&u->sk.lock);
	lock_release(&unix_table_lock);
	if (was) {
		disconnected(u, to);
		sock_put(&to->sk);
	}
}

static int deliver_turn_locked(
	struct unix_sock *u, struct unix_sock *to, uint32_t flags, uint64_t deadline)
{
	int err;

	if (to->peer && to->peer != u && to->sk.type == SOCK_DGRAM)
		return -EPERM;
	if (to->dead)
		return u->sk.type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	if (to->sk.shut & SOCK_SHUT_RD)
		return -EPIPE;
	if (!full_locked(to, u))
		return 0;
	if (flags & MSG_DONTWAIT) {
		to->want_poll = true;
		return -EAGAIN;
	}
	err = sock_wait_on(&to->sk, &to->space, deadline);
	return err ? (err == -ETIMEDOUT ? -EAGAIN : err) : 1;
}

/* Put msg into the queue of `to`, waiting for room. */
static int deliver(struct unix_sock *u, struct unix_sock *to, struct unix_msg *msg, uint32_t flags,
	uint64_t deadline)
{
	int turn = 1;

	sock_lock(&to->sk);
	while (turn == 1)
		turn = deliver_turn_locked(u, to, flags, deadline);
	if (turn == 0) {
		msg->has_cred = unix_send_cred(u, to, msg->scm, &msg->cred);
		if (to->sk.timestamp || to->sk.timestampns)
			msg->time = ktime_now();
		list_add_tail(&to->messages, &msg->link);
		to->nmessages++;
		sock_wake(&to->sk, POLLIN | POLLRDNORM);
	}
	sock_unlock(&to->sk);
	return turn;
}

/* Where a message goes, referenced. */
static int destination(struct unix_sock *u, const struct sock_msg *m, struct unix_sock **out)
{
	int err;

	if (u->sk.type == SOCK_DGRAM && m->name && m->name->len) {
		err = unix_check_addr(m->name);
		return err ? err : unix_find(m->name, u->sk.type, out);
	}
	*out = unix_peer_get(u);
	return *out ? 0 : -ENOTCONN;
}

static ssize_t send_msg(
	struct unix_sock *u, struct unix_sock *to, struct sock_msg *m, struct scm **scm)
{
	uint32_t len = (uint32_t)m->data->left, room = u->sk.sndbuf;
	uint64_t deadline = sock_deadline(u->sk.sndtimeo_ns);
	struct unix_msg *msg;
	int err;

	if (m->data->left > room - LEN_SPARE)
		return -EMSGSIZE;
	err = charge(u, len, m->flags, deadline);
	if (err)
		return err;
	msg = msg_new(u, m->data, len);
	if (!msg)
		return -ENOBUFS;
	msg->scm = *scm;
	*scm = NULL;
	err = deliver(u, to, msg, m->flags, deadline);
	if (!err)
		return (ssize_t)len;
	msg_free(msg);
	if (err == -ECONNREFUSED && u->sk.type == SOCK_DGRAM)
		forget_dead(u, to);
	return err;
}

ssize_t unix_dgram_sendmsg(struct sock *sk, struct sock_msg *m)
{
	struct unix_sock *u = unix_of(sk), *to;
	struct scm *scm;
	ssize_t n;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	n = scm_from_control(m, &scm);
	if (n)
		return n;
	n = destination(u, m, &to);
	if (n) {
		scm_free(scm);
		return n;
	}
	n = unix_autobind_for_cred(u);
	if (!n && scm)
		n = unix_inflight_add(scm, to);
	if (!n) {
		n = send_msg(u, to, m, &scm);
		if (scm)
			unix_inflight_sub(scm);
	}
	scm_free(scm);
	sock_put(&to->sk);
	return n;
}

/* ---- receiving ---- */

/* The oldest message, still in the queue; NULL and *err: there is none. *err 0: end of file. */
static struct unix_msg *first_locked(struct unix_sock *u, const struct sock_msg *m, int *err)
{
	uint64_t deadline = sock_deadline(u->sk.rcvtimeo_ns);

	for (;;) {
		*err = sock_take_error(&u->sk);
		if (*err)
			return NULL;
		if (!list_empty(&u->messages))
			return LIST_FIRST(&u->messages, struct unix_msg, link);
		/* A datagram socket that is shut down is empty, not at its end, if nobody waits. */
		if ((u->sk.shut & SOCK_SHUT_RD) &&
			(u->sk.type != SOCK_DGRAM || !(m->flags & MSG_DONTWAIT)))
			return NULL;
		*err = -EAGAIN;
		if (m->flags & MSG_DONTWAIT)
			return NULL;
		*err = sock_wait(&u->sk, deadline);
		if (*err && list_empty(&u->messages)) {
			*err = *err == -ETIMEDOUT ? -EAGAIN : *err;
			return NULL;
		}
	}
}

/* Out of the queue. Returns whether pollers of senders must be told. */
static bool take_locked(struct unix_sock *u, struct unix_msg *msg)
{
	bool tell;

	list_del(&msg->link);
	u->nmessages--;
	if (u->nmessages > DGRAM_BACKLOG)
		return false;
	if (!list_empty(&u->space.waiters))
		waitq_wake_all(&u->space);
	tell = u->want_poll;
	u->want_poll = false;
	return tell;
}

/* Copy what the caller can hold of msg. Returns the bytes copied; with MSG_TRUNC, its length. */
static ssize_t copy_msg(struct sock *sk, struct sock_msg *m, const struct unix_msg *msg)
{
	size_t n = MIN(m->data->left, (size_t)msg->len);

	iob_put(m->data, msg->data, n);
	if (n < msg->len)
		m->out_flags |= MSG_TRUNC;
	if (m->name && msg->from_addr)
		unix_addr_show(msg->from_addr, m->name);
	if (msg->has_cred && sk->passcred) {
		m->has_cred = true;
		m->cred = msg->cred;
	}
	if (msg->time.sec)
		sock_msg_put_time(sk, m, msg->time);
	return m->flags & MSG_TRUNC ? (ssize_t)msg->len : (ssize_t)n;
}

static ssize_t peek_locked(struct sock *sk, struct sock_msg *m, const struct unix_msg *msg)
{
	if (msg->scm && msg->scm->nfiles) {
		m->scm = scm_copy(msg->scm);
		if (!m->scm)
			return -ENOMEM;
	}
	return copy_msg(sk, m, msg);
}

/* The message is the caller's: its descriptors go on, the rest is freed. */
static ssize_t keep_msg(struct sock *sk, struct sock_msg *m, struct unix_msg *msg)
{
	ssize_t n = copy_msg(sk, m, msg);

	if (msg->scm && msg->scm->nfiles) {
		unix_inflight_sub(msg->scm);
		m->scm = msg->scm;
		msg->scm = NULL;
	}
	msg_free(msg);
	return n;
}

ssize_t unix_dgram_recvmsg(struct sock *sk, struct sock_msg *m)
{
	struct unix_sock *u = unix_of(sk);
	struct unix_msg *msg;
	bool tell = false, peek = m->flags & MSG_PEEK;
	ssize_t n = 0;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (sk->type == SOCK_SEQPACKET && atomic_load(&u->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	sock_lock(sk);
	msg = first_locked(u, m, &err);
	if (msg && peek)
		n = peek_locked(sk, m, msg);
	else if (msg)
		tell = take_locked(u, msg);
	sock_unlock(sk);
	if (UNLIKELY(tell))
		tell_senders(u);
	if (!msg)
		return err;
	if (!peek)
		return keep_msg(sk, m, msg);
	if (m->scm)
		unix_gc_barrier();
	return n;
}

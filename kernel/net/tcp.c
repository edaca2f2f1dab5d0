/*
 * tcp.c - TCP sockets: their life, and how connections end. How they begin: tcp_conn.c.
 * Spec: RFC 9293 as far as a program sees it; Linux tcp(7), connect(2), accept(2), shutdown(2).
 * Locks: tcp_ports.lock, sock.lock inside it; see tcp.h. A state changes under both.
 */
#include "net/tcp.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define SECOND_NS 1000000000ull

struct tcp_sock *tcp_new(int family)
{
	struct tcp_sock *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	inet_init_sock(&t->inet, &tcp_ops, family, SOCK_STREAM, IPPROTO_TCP, &tcp_ports);
	t->inet.sk.sndbuf = TCP_SNDBUF;
	t->inet.sk.rcvbuf = TCP_RCVBUF;
	t->wanted = TCP_NOBODY;
	t->quickack = true;
	t->keepidle = 7200;
	t->keepintvl = 75;
	t->keepcnt = 9;
	t->linger2 = 60;
	list_init(&t->queue);
	list_init(&t->held);
	list_init(&t->pending);
	list_init(&t->queue_link);
	t->syn_timer.fire = tcp_syn_timer_fire;
	list_init(&t->syn_timer.link);
	return t;
}

int tcp_create(int family, struct sock **out)
{
	struct tcp_sock *t = tcp_new(family);

	if (!t)
		return -ENOBUFS;
	*out = &t->inet.sk;
	return 0;
}

static void tcp_free(struct sock *sk)
{
	struct tcp_sock *t = tcp_sock(sk);

	KASSERT(list_empty(&t->inet.link) && list_empty(&t->queue) && list_empty(&t->pending));
	tcp_ring_free(t);
	kfree(t);
}

void tcp_lock_both(struct tcp_sock *t)
{
	inet_ports_lock(&tcp_ports);
	lock_acquire(&t->inet.sk.lock);
}

void tcp_unlock_both(struct tcp_sock *t)
{
	lock_release(&t->inet.sk.lock);
	inet_ports_unlock(&tcp_ports);
}

void tcp_notify(struct tcp_sock *t, uint32_t key)
{
	sock_lock(&t->inet.sk);
	sock_wake(&t->inet.sk, key);
	sock_unlock(&t->inet.sk);
}

void tcp_put(struct tcp_sock *t)
{
	if (t)
		sock_put(&t->inet.sk);
}

/* The connection is over: nothing comes or goes any more. What came can be read. */
void tcp_done_locked(struct tcp_sock *t)
{
	t->inet.state = TCP_CLOSE;
	atomic_store(&t->inet.sk.shut, SOCK_SHUT_RD | SOCK_SHUT_WR);
	t->deaf = true;
	if (!t->inet.port_bound || t->closed)
		inet_unlink_locked(&t->inet);
}

bool tcp_connected_state(uint32_t state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT || state == TCP_FIN_WAIT2;
}

/* ---- what the peer's end tells ---- */

/* Is t still an end of a connection to `from`? What was given up may have got another peer. */
static bool connected_to_locked(const struct tcp_sock *t, const struct tcp_sock *from)
{
	return tcp_connected_state(t->inet.state) && (t->closed || t->peer == from);
}

void tcp_take_fin(struct tcp_sock *t, struct tcp_sock *from)
{
	bool hold;

	tcp_lock_both(t);
	if (!connected_to_locked(t, from)) {
		tcp_unlock_both(t);
		return;
	}
	t->fin = true;
	atomic_or(&t->inet.sk.shut, SOCK_SHUT_RD);
	if (t->inet.state == TCP_ESTABLISHED) {
		t->inet.state = TCP_CLOSE_WAIT;
	} else if (t->inet.state == TCP_FIN_WAIT2) {
		inet_time_wait_locked(&t->inet);
		tcp_done_locked(t);
	}
	hold = t->hold;
	tcp_unlock_both(t);
	tcp_notify(t, TCP_ALL_KEYS);
	if (hold)
		tcp_unhold(t);
}

void tcp_take_reset(struct tcp_sock *t, struct tcp_sock *from)
{
	bool hold;

	tcp_lock_both(t);
	if (!connected_to_locked(t, from)) {
		tcp_unlock_both(t);
		return;
	}
	t->inet.sk.error = t->inet.state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
	tcp_done_locked(t);
	hold = t->hold;
	tcp_unlock_both(t);
	tcp_notify(t, TCP_ALL_KEYS);
	if (hold)
		tcp_unhold(t);
}

/* End the connection at this end and the other. */
static void reset(struct tcp_sock *t, int error)
{
	struct tcp_sock *peer = NULL;

	tcp_lock_both(t);
	if (tcp_connected_state(t->inet.state)) {
		peer = t->peer;
		t->inet.sk.error = error;
	}
	tcp_done_locked(t);
	tcp_unlock_both(t);
	if (peer)
		tcp_take_reset(peer, t);
	tcp_notify(t, TCP_ALL_KEYS);
}

static void send_fin(struct tcp_sock *t)
{
	struct tcp_sock *peer = t->peer;
	bool sent = true;

	tcp_lock_both(t);
	switch (t->inet.state) {
	case TCP_ESTABLISHED:
		t->inet.state = TCP_FIN_WAIT2;
		break;
	case TCP_CLOSE_WAIT:
		tcp_done_locked(t); /* LAST_ACK, and the ACK is there at once */
		break;
	default:
		sent = false;
	}
	tcp_unlock_both(t);
	if (sent)
		tcp_take_fin(peer, t);
}

/* ---- a socket is as new again ---- */

/* Leave whatever connection or state it is in: connect(AF_UNSPEC), and after a failed connect(). */
void tcp_disconnect(struct tcp_sock *t)
{
	struct tcp_sock *peer = NULL;
	uint32_t state;

	if (t->syn_timer_used)
		timer_cancel(&t->syn_timer);
	tcp_leave_pending(t);
	tcp_lock_both(t);
	state = t->inet.state;
	if (tcp_connected_state(state))
		peer = t->peer;
	atomic_store(&t->peer, (struct tcp_sock *)NULL);
	if (peer || state == TCP_SYN_SENT)
		t->inet.sk.error = ECONNRESET;
	tcp_done_locked(t);
	t->inet.sk.listening = false;
	atomic_store(&t->inet.sk.shut, 0);
	t->phase = TCP_UNCONNECTED;
	t->fin = false;
	t->urgent = TCP_URGENT_NONE;
	t->head = t->tail = 0;
	if (!t->inet.addr_bound)
		t->inet.local = *inet_wildcard(t->inet.sk.family);
	t->inet.rport = 0; /* getsockname() still shows the port, as in Linux */
	tcp_unlock_both(t);
	if (state == TCP_LISTEN)
		tcp_stop_listening(t);
	if (peer)
		tcp_take_reset(peer, t);
	tcp_notify(t, TCP_ALL_KEYS);
}

/* ---- the end ---- */

/* -ENOTCONN: not connected, and yet the direction is closed. */
static int tcp_shutdown(struct sock *sk, int how)
{
	struct tcp_sock *t = tcp_sock(sk);
	uint32_t bits = (uint32_t)how + 1; /* SHUT_RD 1, SHUT_WR 2, SHUT_RDWR 3 */
	uint32_t state;
	int err = 0;

	tcp_lock_both(t);
	state = t->inet.state;
	if (t->phase == TCP_CONNECTING && state != TCP_SYN_SENT && state != TCP_CLOSE)
		t->phase = TCP_CONNECTED;
	if (state == TCP_CLOSE)
		err = -ENOTCONN;
	if (state != TCP_LISTEN && state != TCP_SYN_SENT)
		atomic_or(&sk->shut, (uint16_t)bits);
	tcp_unlock_both(t);
	if (state == TCP_SYN_SENT || (state == TCP_LISTEN && (bits & SOCK_SHUT_RD))) {
		tcp_disconnect(t);
		return 0;
	}
	if (bits & SOCK_SHUT_WR)
		send_fin(t);
	tcp_lock_both(t);
	/* RFC 1122 4.2.2.13: what comes after both directions are closed is answered by a reset. */
	if (t->inet.state == TCP_FIN_WAIT2 && (sk->shut & SOCK_SHUT_RD))
		t->deaf = true;
	tcp_unlock_both(t);
	tcp_notify(t, TCP_ALL_KEYS);
	return err;
}

/* SO_LINGER: until the peer has room for all that was sent. */
static void linger(struct tcp_sock *t, uint64_t deadline)
{
	struct sock *sk = &t->inet.sk;
	struct tcp_sock *peer = t->peer;
	int err = 0;

	sock_lock(sk);
	while (!err && peer) {
		struct waiter w = {.waker = waker_self()};
		uint32_t seen = waitq_prepare(w.waker);
		bool wait;

		waitq_join(&sk->wait, &w);
		sock_unlock(sk);
		sock_lock(&peer->inet.sk);
		wait = !peer->deaf && tcp_used(peer) > tcp_receive_part(peer);
		if (wait)
			peer->wanted = MIN(peer->wanted, peer->send_part);
		sock_unlock(&peer->inet.sk);
		if (wait)
			err = waitq_commit(w.waker, seen, deadline, WAIT_INTR, "tcp_linger");
		sock_lock(sk);
		waitq_leave(&w);
		if (!wait)
			break;
	}
	sock_unlock(sk);
}

/* Nobody can reach it any more: the last descriptor is gone, or its listener. */
void tcp_end(struct tcp_sock *t, bool abort)
{
	struct sock *sk = &t->inet.sk;
	struct tcp_tie *ties;
	uint64_t deadline;
	uint32_t state;

	if (t->syn_timer_used)
		timer_cancel(&t->syn_timer);
	tcp_leave_pending(t);
	tcp_lock_both(t);
	t->closed = true;
	state = t->inet.state;
	/* RFC 1122 4.2.2.13: unread data are lost, and the peer must know. */
	abort = abort || tcp_used(t) > 0 || sk->linger == 0;
	/* From this look on: a writer that filled the ring after it would sleep for ever. */
	t->deaf = true;
	if (!tcp_connected_state(state))
		tcp_done_locked(t); /* CLOSE, LISTEN, SYN_SENT */
	tcp_unlock_both(t);
	if (state == TCP_LISTEN) {
		tcp_stop_listening(t);
	} else if (tcp_connected_state(state) && abort) {
		reset(t, 0);
	} else if (tcp_connected_state(state)) {
		deadline = arch_clock_ns() + (uint64_t)MAX(sk->linger, 0) * SECOND_NS;
		send_fin(t);
		if (sk->linger > 0)
			linger(t, deadline);
		tcp_lock_both(t);
		if (t->inet.state == TCP_FIN_WAIT2)
			t->inet.orphan_until = arch_clock_ns() + INET_TIME_WAIT_NS;
		else
			inet_unlink_locked(&t->inet);
		tcp_unlock_both(t);
	}
	sock_lock(sk);
	tcp_ring_free(t);
	atomic_store(&t->peer, (struct tcp_sock *)NULL);
	ties = t->ties;
	t->ties = NULL;
	sock_unlock(sk);
	while (ties) {
		struct tcp_sock *peer = ties->sock;

		ties = ties->next; /* the tie may be in the peer */
		tcp_put(peer);
	}
}

static void tcp_release(struct sock *sk)
{
	tcp_end(tcp_sock(sk), false);
}

const struct sock_ops tcp_ops = {
	.bind = inet_bind,
	.connect = tcp_connect,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.getname = inet_getname,
	.sendmsg = tcp_sendmsg,
	.recvmsg = tcp_recvmsg,
	.shutdown = tcp_shutdown,
	.poll = tcp_poll,
	.setsockopt = tcp_setsockopt,
	.getsockopt = tcp_getsockopt,
	.ioctl = tcp_ioctl,
	.release = tcp_release,
	.free = tcp_free,
	.proc_line = tcp_proc_line,
};

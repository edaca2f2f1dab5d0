/*
 * tcp_conn.c - connect, listen and accept of TCP sockets.
 * Spec: RFC 9293 3.5, 3.10; Linux connect(2), listen(2), accept(2), tcp(7).
 * Locks: tcp_ports.lock, sock.lock inside it; see tcp.h. A client and a listener are locked
 * together to give the client its other end or a place in the list of those that wait.
 */
#include "net/tcp.h"
#include "arch/arch.h"
#include "lib/str.h"

#define SECOND_NS 1000000000ull
#define SYN_RETRIES 6 /* net.ipv4.tcp_syn_retries: gives up after 127 s */

/* ---- a connection comes to be ---- */

/* The options that an accepted socket has from its listener. */
static void inherit_locked(struct tcp_sock *child, const struct tcp_sock *l)
{
	struct sock *to = &child->inet.sk;
	const struct sock *from = &l->inet.sk;

	to->cred = from->cred;
	to->rcvtimeo_ns = from->rcvtimeo_ns;
	to->sndtimeo_ns = from->sndtimeo_ns;
	to->sndbuf = from->sndbuf;
	to->rcvbuf = from->rcvbuf;
	to->rcvlowat = from->rcvlowat;
	to->priority = from->priority;
	to->mark = from->mark;
	to->linger = from->linger;
	to->reuseaddr = from->reuseaddr;
	to->reuseport = from->reuseport;
	to->keepalive = from->keepalive;
	to->oobinline = from->oobinline;
	to->dontroute = from->dontroute;
	to->timestamp = from->timestamp;
	to->timestampns = from->timestampns;
	child->inet.v6only = l->inet.v6only;
	child->inet.ttl = l->inet.ttl;
	child->inet.hops = l->inet.hops;
	child->inet.tos = l->inet.tos;
	child->inet.tclass = l->inet.tclass;
	child->nodelay = l->nodelay;
	child->cork = l->cork;
	child->quickack = l->quickack;
	child->maxseg = l->maxseg;
	child->keepidle = l->keepidle;
	child->keepintvl = l->keepintvl;
	child->keepcnt = l->keepcnt;
	child->user_timeout = l->user_timeout;
	child->linger2 = l->linger2;
	child->window_clamp = l->window_clamp;
	child->notsent_lowat = l->notsent_lowat;
}

static void become_established_locked(
	struct tcp_sock *t, struct tcp_sock *peer, struct tcp_tie *tie)
{
	t->inet.state = TCP_ESTABLISHED;
	if (tie) {
		sock_get(&peer->inet.sk);
		tie->sock = peer;
		tie->next = t->ties;
		t->ties = tie;
	}
	atomic_store(&t->peer, peer);
	t->send_part = tcp_send_part(peer);
	t->deaf = false;
}

/* Client t of listener l gets its other end. PORTS and the locks of t and l are held. */
static void establish_locked(struct tcp_sock *t, struct tcp_sock *l, struct tcp_sock *child)
{
	struct inet_sock *is = &child->inet;

	inherit_locked(child, l);
	is->local = t->inet.remote;
	is->remote = t->inet.local;
	is->rport = t->inet.lport;
	child->phase = TCP_CONNECTED;
	inet_link_locked(is, t->inet.rport);
	become_established_locked(child, t, &child->its_tie);
	become_established_locked(t, child, &child->clients_tie);
	l->queued++;
	if (l->defer_accept) {
		child->hold = true;
		child->listener = l;
		sock_get(&l->inet.sk);
		list_add_tail(&l->held, &child->queue_link);
		child->syn_timer_used = true;
		timer_set(&child->syn_timer, arch_clock_ns() + l->defer_accept * SECOND_NS);
	} else {
		list_add_tail(&l->queue, &child->queue_link);
	}
}

void tcp_unhold(struct tcp_sock *t)
{
	struct tcp_sock *l = NULL;
	bool mine;

	sock_lock(&t->inet.sk);
	if (t->hold) {
		l = t->listener;
		sock_get(&l->inet.sk);
	}
	sock_unlock(&t->inet.sk);
	if (!l)
		return;
	sock_lock2(&t->inet.sk, &l->inet.sk);
	mine = t->hold;
	if (mine) {
		t->hold = false;
		t->listener = NULL;
		list_del(&t->queue_link);
		list_add_tail(&l->queue, &t->queue_link);
	}
	sock_unlock2(&t->inet.sk, &l->inet.sk);
	if (mine) {
		tcp_notify(l, POLLIN | POLLRDNORM);
		tcp_put(l); /* that of t->listener while it was held */
	}
	tcp_put(l);
}

enum join { JOIN_STOPPED, JOIN_AGAIN, JOIN_PENDING, JOIN_DONE };

/* Connect t, in SYN_SENT, to l, or let it wait for room in l's backlog. */
static enum join join(struct tcp_sock *t, struct tcp_sock *l, struct tcp_sock *child)
{
	enum join result = JOIN_DONE;

	inet_ports_lock(&tcp_ports);
	lock_acquire2(&t->inet.sk.lock, &l->inet.sk.lock);
	if (t->inet.state != TCP_SYN_SENT || t->listener) {
		result = JOIN_STOPPED;
	} else if (l->inet.state != TCP_LISTEN) {
		result = JOIN_AGAIN;
	} else if (l->queued > l->backlog) {
		result = JOIN_PENDING;
		sock_get(&t->inet.sk);
		sock_get(&l->inet.sk);
		t->listener = l;
		list_add_tail(&l->pending, &t->queue_link);
	} else {
		establish_locked(t, l, child);
	}
	lock_release2(&t->inet.sk.lock, &l->inet.sk.lock);
	inet_ports_unlock(&tcp_ports);
	if (result == JOIN_DONE)
		tcp_notify(l, POLLIN | POLLRDNORM);
	return result;
}

/* t waits in a listener's pending list: take it out. */
void tcp_leave_pending(struct tcp_sock *t)
{
	struct tcp_sock *l;
	bool was;

	sock_lock(&t->inet.sk);
	l = t->inet.state == TCP_SYN_SENT ? t->listener : NULL;
	if (l)
		sock_get(&l->inet.sk);
	sock_unlock(&t->inet.sk);
	if (!l)
		return;
	sock_lock2(&t->inet.sk, &l->inet.sk);
	was = t->inet.state == TCP_SYN_SENT && t->listener == l;
	if (was) {
		list_del(&t->queue_link);
		t->listener = NULL;
	}
	sock_unlock2(&t->inet.sk, &l->inet.sk);
	tcp_put(l);
	if (was) {
		tcp_put(l);
		tcp_put(t);
	}
}

/* A connect() that has not come to an end ends with an error. */
static void fail_connect(struct tcp_sock *t, int error)
{
	bool was;

	tcp_leave_pending(t);
	tcp_lock_both(t);
	was = t->inet.state == TCP_SYN_SENT;
	if (was) {
		t->inet.sk.error = error;
		tcp_done_locked(t);
	}
	tcp_unlock_both(t);
	if (was)
		tcp_notify(t, TCP_ALL_KEYS);
}

/* Room in l's backlog: connect those that wait longest. */
static void serve_pending(struct tcp_sock *l)
{
	struct tcp_sock *t, *child;
	bool served;

	do {
		sock_lock(&l->inet.sk);
		t = LIST_FIRST(&l->pending, struct tcp_sock, queue_link);
		if (t && l->queued <= l->backlog)
			sock_get(&t->inet.sk);
		else
			t = NULL;
		sock_unlock(&l->inet.sk);
		child = t ? tcp_new(l->inet.sk.family) : NULL;
		if (!child) {
			tcp_put(t); /* no memory: the next accept() tries again */
			return;
		}
		inet_ports_lock(&tcp_ports);
		lock_acquire2(&t->inet.sk.lock, &l->inet.sk.lock);
		served = t->inet.state == TCP_SYN_SENT && t->listener == l &&
			 l->inet.state == TCP_LISTEN && l->queued <= l->backlog;
		if (served) {
			list_del(&t->queue_link);
			t->listener = NULL;
			establish_locked(t, l, child);
		}
		lock_release2(&t->inet.sk.lock, &l->inet.sk.lock);
		inet_ports_unlock(&tcp_ports);
		if (served) {
			tcp_notify(t, TCP_ALL_KEYS);
			tcp_notify(l, POLLIN | POLLRDNORM);
			tcp_put(l); /* that of t->listener */
			tcp_put(t); /* that of the list */
		} else {
			tcp_put(child);
		}
		tcp_put(t);
	} while (served);
}

void tcp_syn_timer_fire(struct timer *timer)
{
	struct tcp_sock *t = CONTAINER_OF(timer, struct tcp_sock, syn_timer);

	fail_connect(t, ETIMEDOUT);
	tcp_unhold(t);
}

static uint64_t syn_deadline(const struct tcp_sock *t)
{
	uint32_t tries = t->syncnt ? t->syncnt : SYN_RETRIES;
	uint64_t ns = ((2ull << MIN(tries, 30)) - 1) * SECOND_NS;

	if (t->user_timeout)
		ns = MIN(ns, t->user_timeout * (SECOND_NS / 1000));
	return arch_clock_ns() + ns;
}

/* RFC 9293 3.5: a socket that connects to its own address and port is its own peer. */
static bool connect_to_self(struct tcp_sock *t)
{
	bool self = false;

	tcp_lock_both(t);
	if (t->inet.state == TCP_SYN_SENT && t->inet.rport == t->inet.lport &&
		inet_addr_eq(&t->inet.local, &t->inet.remote)) {
		become_established_locked(t, t, NULL);
		self = true;
	}
	tcp_unlock_both(t);
	return self;
}

/* A reference to the listener that t's SYN reaches, or NULL. */
static struct tcp_sock *find_listener(struct tcp_sock *t)
{
	struct inet_sock *is = &t->inet, *l;

	inet_ports_lock(&tcp_ports);
	l = inet_listener_locked(&tcp_ports, &is->remote, is->rport,
		inet_spread(&is->local, is->lport, &is->remote, is->rport));
	if (l && !ref_get_unless_zero(&l->sk.refs))
		l = NULL;
	inet_ports_unlock(&tcp_ports);
	return l ? tcp_sock(&l->sk) : NULL;
}

/* Send the SYN: t is in SYN_SENT. Afterwards it may be connected, refused or waiting. -ENOMEM. */
static int send_syn(struct tcp_sock *t)
{
	enum join result = JOIN_AGAIN;

	while (result == JOIN_AGAIN) {
		struct tcp_sock *l = find_listener(t), *child;

		if (!l) {
			if (!connect_to_self(t))
				fail_connect(t, ECONNREFUSED);
			return 0;
		}
		child = tcp_new(l->inet.sk.family);
		if (!child) {
			tcp_put(l);
			return -ENOMEM;
		}
		result = join(t, l, child);
		if (result != JOIN_DONE)
			tcp_put(child);
		if (result == JOIN_PENDING) {
			t->syn_timer_used = true;
			timer_set(&t->syn_timer, syn_deadline(t));
		}
		tcp_put(l);
	}
	return 0;
}

/* Take the addresses of a connection. sock.lock and PORTS held. */
static int choose_ends_locked(struct tcp_sock *t, struct inet_addr to, uint16_t port)
{
	struct inet_sock *is = &t->inet;
	struct inet_addr from;
	int err = inet_route(is, &to, &from, true);

	if (err)
		return err;
	if (list_empty(&is->link)) {
		err = inet_autobind_locked(is);
		if (err)
			return -EADDRNOTAVAIL;
	} else if (inet_connection_locked(&tcp_ports, &from, is->lport, &to, port, is)) {
		return -EADDRNOTAVAIL;
	}
	is->local = from;
	is->remote = to;
	is->rport = port;
	return 0;
}

/* From UNCONNECTED to SYN_SENT. */
static int start_connect(struct tcp_sock *t, const struct inet_addr *to, uint16_t port)
{
	int err;

	tcp_lock_both(t);
	if (t->phase != TCP_UNCONNECTED || t->inet.state != TCP_CLOSE) {
		tcp_unlock_both(t);
		return -EISCONN;
	}
	err = choose_ends_locked(t, *to, port);
	if (!err) {
		t->inet.state = TCP_SYN_SENT;
		t->phase = TCP_CONNECTING;
		t->inet.sk.error = 0;
		t->fin = false;
		t->urgent = TCP_URGENT_NONE;
		t->head = t->tail = 0;
		t->wanted = TCP_NOBODY;
	}
	tcp_unlock_both(t);
	return err;
}

/* Wait until SYN_SENT is over. err: what a non-blocking call says while it is not. */
static int wait_connected(struct tcp_sock *t, bool nonblock, int err)
{
	struct sock *sk = &t->inet.sk;
	uint64_t deadline = sock_deadline(sk->sndtimeo_ns);
	int slept = 0;

	sock_lock(sk);
	while (t->inet.state == TCP_SYN_SENT && !slept && !nonblock)
		slept = sock_wait(sk, deadline);
	if (t->inet.state == TCP_SYN_SENT) {
		sock_unlock(sk);
		return slept && slept != -ETIMEDOUT ? slept : err;
	}
	if (t->inet.state != TCP_CLOSE) {
		t->phase = TCP_CONNECTED;
		sock_unlock(sk);
		return 0;
	}
	err = sock_take_error(sk);
	sock_unlock(sk);
	tcp_disconnect(t);
	return err ? err : -ECONNABORTED;
}

/*
 * -EINPROGRESS: goes on by itself (nonblock, or SO_SNDTIMEO is over); -EALREADY: the same for
 * one that was begun before; -EISCONN; -ECONNREFUSED; -ETIMEDOUT: the backlog stayed full;
 * -ENETUNREACH; -EADDRNOTAVAIL: no port left, or these two ends are connected already; -EINVAL and
 * -EAFNOSUPPORT of the address; -ENOMEM.
 */
int tcp_connect(struct sock *sk, const struct sock_addr *name, bool nonblock)
{
	struct tcp_sock *t = tcp_sock(sk);
	struct inet_addr to;
	uint32_t phase;
	uint16_t port;
	int err;

	if (name->len < sizeof(name->family))
		return -EINVAL;
	if (name->family == AF_UNSPEC) {
		tcp_disconnect(t);
		return 0;
	}
	sock_lock(sk);
	phase = t->phase;
	sock_unlock(sk);
	if (phase == TCP_CONNECTED)
		return -EISCONN;
	if (phase == TCP_CONNECTING)
		return wait_connected(t, nonblock, -EALREADY);
	sock_lock(sk);
	err = t->inet.state != TCP_CLOSE ? -EISCONN : 0;
	sock_unlock(sk);
	if (!err)
		err = inet_parse(sk, name, &to, &port);
	if (!err)
		err = start_connect(t, &to, port);
	if (err)
		return err;
	err = send_syn(t);
	if (err) {
		tcp_disconnect(t);
		return err;
	}
	/* What came of it is the next call's to tell, as if the answer were on its way. */
	if (nonblock)
		return -EINPROGRESS;
	return wait_connected(t, false, -EINPROGRESS);
}

/* ---- listeners ---- */

/* -EINVAL: connected or connecting; -EADDRINUSE: somebody listens there. */
int tcp_listen(struct sock *sk, int backlog)
{
	struct tcp_sock *t = tcp_sock(sk);
	struct inet_sock *is = &t->inet;
	int err = 0;

	tcp_lock_both(t);
	if (t->phase != TCP_UNCONNECTED || (is->state != TCP_CLOSE && is->state != TCP_LISTEN)) {
		err = -EINVAL;
	} else if (is->state == TCP_CLOSE) {
		is->rport = 0;
		if (list_empty(&is->link))
			err = inet_autobind_locked(is);
		else if (inet_conflict_locked(is, &is->local, is->lport))
			err = -EADDRINUSE;
		if (!err) {
			is->state = TCP_LISTEN;
			sk->listening = true;
			list_add_head(&tcp_ports.bucket[is->lport % INET_BUCKETS].listeners,
				&is->listen_link);
		}
	}
	if (!err)
		t->backlog = MIN((uint32_t)backlog, SOMAXCONN);
	tcp_unlock_both(t);
	return err;
}

/* -EINVAL: does not listen; -EAGAIN: nonblock or SO_RCVTIMEO. */
int tcp_accept(struct sock *sk, bool nonblock, struct sock **out)
{
	struct tcp_sock *l = tcp_sock(sk), *child = NULL;
	uint64_t deadline = sock_deadline(sk->rcvtimeo_ns);
	bool others;
	int err = 0;

	sock_lock(sk);
	for (;;) {
		if (l->inet.state != TCP_LISTEN) {
			err = -EINVAL;
			break;
		}
		child = LIST_FIRST(&l->queue, struct tcp_sock, queue_link);
		if (child)
			break;
		err = nonblock ? -EAGAIN : sock_wait(sk, deadline);
		if (err)
			break;
	}
	if (child) {
		list_del(&child->queue_link);
		l->queued--;
	}
	others = !list_empty(&l->pending);
	sock_unlock(sk);
	if (!child)
		return err == -ETIMEDOUT ? -EAGAIN : err;
	if (others)
		serve_pending(l);
	*out = &child->inet.sk;
	return 0;
}

/* l listens no more: nobody joins its lists from now on. Those in them are reset or refused. */
void tcp_stop_listening(struct tcp_sock *l)
{
	struct tcp_sock *t;

	for (;;) {
		sock_lock(&l->inet.sk);
		t = LIST_FIRST(&l->held, struct tcp_sock, queue_link);
		if (t)
			sock_get(&t->inet.sk);
		sock_unlock(&l->inet.sk);
		if (!t)
			break;
		tcp_unhold(t);
		tcp_put(t);
	}
	for (;;) {
		sock_lock(&l->inet.sk);
		t = LIST_FIRST(&l->queue, struct tcp_sock, queue_link);
		if (t) {
			list_del(&t->queue_link);
			l->queued--;
		}
		sock_unlock(&l->inet.sk);
		if (!t)
			break;
		tcp_end(t, true);
		tcp_put(t);
	}
	for (;;) {
		sock_lock(&l->inet.sk);
		t = LIST_FIRST(&l->pending, struct tcp_sock, queue_link);
		if (t)
			sock_get(&t->inet.sk);
		sock_unlock(&l->inet.sk);
		if (!t)
			break;
		fail_connect(t, ECONNREFUSED);
		tcp_put(t);
	}
}

int tcp_connect_kernel(uint16_t port, bool nonblock, struct sock **out)
{
	struct abi_sockaddr_in in = {
		.family = AF_INET, .port = net16(port), .addr = net32(INADDR_LOOPBACK)};
	struct sock_addr name = {.len = sizeof(in)};
	struct sock *sk;
	int err = tcp_create(AF_INET, &sk);

	if (err)
		return err;
	memcpy(name.bytes, &in, sizeof(in));
	err = tcp_connect(sk, &name, nonblock);
	if (err == -EINPROGRESS) {
		err = wait_connected(tcp_sock(sk), true, -EAGAIN);
	}
	if (err) {
		tcp_end(tcp_sock(sk), false);
		sock_put(sk);
		return err;
	}
	*out = sk;
	return 0;
}

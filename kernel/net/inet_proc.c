/*
 * inet_proc.c - the lines of /proc/net/tcp, tcp6, udp and udp6.
 * Spec: proc_pid_net(5) of Linux; columns as its ss, netstat and lsof read them.
 * Locks: tcp_ports.lock or udp_ports.lock and sock.lock for the numbers of one line.
 */
#include "net/tcp.h"
#include "net/udp.h"
#include "arch/arch.h"
#include "lib/klog.h"
#include "lib/str.h"

struct line {
	const struct inet_addr *local, *remote;
	uint16_t lport, rport;
	bool v6;
	uint32_t state, tx, rx, timer, timer_ticks, uid, drops;
	uint64_t ino;
	uint32_t refs;
};

static void upper(char *s, int n)
{
	for (int i = 0; i < n; i++) {
		if (s[i] >= 'a' && s[i] <= 'f')
			s[i] = (char)(s[i] - 'a' + 'A');
	}
}

/* Address and port as Linux has them: each word of the address as a number of this machine. */
static int put_end(char *buf, size_t size, const struct inet_addr *a, uint16_t port, bool v6)
{
	if (v6)
		return kformat(buf, size, "%08x%08x%08x%08x:%04x", a->w[0], a->w[1], a->w[2],
			a->w[3], port);
	return kformat(buf, size, "%08x:%04x", a->w[3], port);
}

/* The part that both protocols have, up to the inode. size is enough for it: 200 bytes. */
static int put_line(const struct line *l, char *buf, size_t size)
{
	int n = 0;

	n += put_end(buf + n, size - (size_t)n, l->local, l->lport, l->v6);
	buf[n++] = ' ';
	n += put_end(buf + n, size - (size_t)n, l->remote, l->rport, l->v6);
	n += kformat(buf + n, size - (size_t)n, " %02x %08x:%08x %02x:%08x %08x", l->state, l->tx,
		l->rx, l->timer, l->timer_ticks, 0u);
	upper(buf, n);
	n += kformat(buf + n, size - (size_t)n, " %5u %8d %llu %u 0000000000000000", l->uid, 0,
		(unsigned long long)l->ino, l->refs);
	return n;
}

/* Fill a line up to a width that Linux keeps, and end it. */
static int pad(char *buf, int n, int width)
{
	while (n < width)
		buf[n++] = ' ';
	buf[n++] = '\n';
	buf[n] = 0;
	return n;
}

#define ROOM 230u /* of a line without its end */

static int put_tcp_line(const struct line *l, uint32_t index, char *buf)
{
	int n = kformat(buf, ROOM, "%4u: ", index);

	n += put_line(l, buf + n, ROOM - (size_t)n);
	if (l->state == TCP_TIME_WAIT)
		return pad(buf, n, 149);
	n += kformat(buf + n, ROOM - (size_t)n, " 100 0 0 10 %d", l->state == TCP_LISTEN ? 0 : -1);
	return pad(buf, n, 149);
}

int tcp_proc_line(struct sock *sk, uint32_t index, char *buf, size_t size)
{
	struct tcp_sock *t = tcp_sock(sk);
	struct inet_addr ends[2];
	struct line l = {.local = &ends[0], .remote = &ends[1], .v6 = sk->family == AF_INET6};
	bool shown;

	if (size < ROOM + 2)
		return 0;
	l.tx = tcp_unacked(t);
	tcp_lock_both(t);
	shown = t->inet.state != TCP_CLOSE; /* bound alone, or over: in no table of Linux */
	ends[0] = t->inet.local;
	ends[1] = t->inet.rport ? t->inet.remote : *inet_wildcard(sk->family);
	l.lport = t->inet.lport;
	l.rport = t->inet.rport;
	l.state = t->inet.state;
	l.rx = l.state == TCP_LISTEN ? t->queued : tcp_used(t);
	l.uid = sk->cred.uid;
	l.ino = sk->file ? sk->ino : 0;
	l.refs = sk->refs.count;
	tcp_unlock_both(t);
	if (l.state == TCP_LISTEN)
		l.tx = 0;
	if (l.state == TCP_FIN_WAIT2 && l.tx)
		l.state = TCP_FIN_WAIT1;
	return shown ? put_tcp_line(&l, index, buf) : 0;
}

int inet_time_wait_line(uint32_t *at, bool v6, uint32_t index, char *buf, size_t size)
{
	struct inet_time_wait w;
	uint64_t now = arch_clock_ns();

	if (size < ROOM + 2)
		return 0;
	while (inet_time_wait_next(at, &w)) {
		struct line l = {.local = &w.local,
			.remote = &w.remote,
			.lport = w.lport,
			.rport = w.rport,
			.v6 = v6,
			.state = TCP_TIME_WAIT,
			.timer = 3,
			.refs = 3};

		if (w.v6 != v6)
			continue;
		/* Hundredths of a second that are left. */
		l.timer_ticks = w.until_ns > now ? (uint32_t)((w.until_ns - now) / 10000000u) : 0;
		return put_tcp_line(&l, index, buf);
	}
	return 0;
}

int udp_proc_line(struct sock *sk, uint32_t index, char *buf, size_t size)
{
	struct udp_sock *u = udp_sock(sk);
	struct inet_addr ends[2];
	struct line l = {.local = &ends[0], .remote = &ends[1], .v6 = sk->family == AF_INET6};
	bool shown;
	int n;

	(void)index;
	if (size < ROOM + 2)
		return 0;
	inet_ports_lock(&udp_ports);
	lock_acquire(&sk->lock);
	shown = !list_empty(&u->inet.link);
	ends[0] = u->inet.local;
	ends[1] = u->inet.rport ? u->inet.remote : *inet_wildcard(sk->family);
	l.lport = u->inet.lport;
	l.rport = u->inet.rport;
	l.state = u->inet.state;
	l.rx = u->queued;
	l.uid = sk->cred.uid;
	l.ino = sk->file ? sk->ino : 0;
	l.refs = sk->refs.count;
	l.drops = u->drops;
	lock_release(&sk->lock);
	inet_ports_unlock(&udp_ports);
	if (!shown)
		return 0;
	n = kformat(buf, ROOM, "%5u: ", (uint32_t)l.lport);
	n += put_line(&l, buf + n, ROOM - (size_t)n);
	n += kformat(buf + n, ROOM - (size_t)n, " %u", l.drops);
	return pad(buf, n, 127);
}

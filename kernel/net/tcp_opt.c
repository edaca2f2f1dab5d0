/*
 * tcp_opt.c - options of SOL_TCP, and ioctl.
 * Spec: Linux tcp(7). There is no wire: options about segments, probes and windows are kept and
 * shown, and what they would change on a wire does not exist here.
 * Locks: sock.lock.
 */
#include "net/tcp.h"
#include "arch/arch.h"
#include "lib/str.h"

#define MSS 65483 /* lo's mtu of 65536 without the headers of IP and TCP */
#define MAX_KEEP 32767
#define MAX_KEEPCNT 127

static int in_range(int n, int least, int most, uint32_t *out)
{
	if (n < least || n > most)
		return -EINVAL;
	*out = (uint32_t)n;
	return 0;
}

/* Linux counts retransmissions: what it shows is the time after which the last one comes. */
static uint32_t defer_seconds(int seconds)
{
	uint32_t shown = 0, timeout = 1;

	while ((int)shown < seconds && timeout < 120) {
		shown += timeout;
		timeout *= 2;
	}
	return shown;
}

static int set_locked(struct tcp_sock *t, int name, int n)
{
	switch (name) {
	case TCP_NODELAY:
		t->nodelay = n != 0;
		return 0;
	case TCP_CORK:
		t->cork = n != 0;
		return 0;
	case TCP_QUICKACK:
		t->quickack = n & 1;
		return 0;
	case TCP_MAXSEG:
		if (n && (n < 88 || n > 32767))
			return -EINVAL;
		t->maxseg = (uint16_t)n;
		return 0;
	case TCP_KEEPIDLE:
		return in_range(n, 1, MAX_KEEP, &t->keepidle);
	case TCP_KEEPINTVL:
		return in_range(n, 1, MAX_KEEP, &t->keepintvl);
	case TCP_KEEPCNT:
		return in_range(n, 1, MAX_KEEPCNT, &t->keepcnt);
	case TCP_SYNCNT:
		return in_range(n, 1, 127, &t->syncnt);
	case TCP_LINGER2:
		t->linger2 = n < 0 ? -1 : n > 120 ? 120 : n;
		return 0;
	case TCP_DEFER_ACCEPT:
		t->defer_accept = defer_seconds(n);
		return 0;
	case TCP_WINDOW_CLAMP:
		if (n < 0)
			return -EINVAL;
		t->window_clamp = n ? MAX((uint32_t)n, 1152u) : 0;
		return 0;
	case TCP_USER_TIMEOUT:
		if (n < 0)
			return -EINVAL;
		t->user_timeout = (uint32_t)n;
		return 0;
	case TCP_NOTSENT_LOWAT:
		t->notsent_lowat = (uint32_t)n;
		return 0;
	case TCP_FASTOPEN: /* data in the SYN: there is none */
	default:
		return -ENOPROTOOPT;
	}
}

/* "cubic" and "reno" are names that programs ask for; no window is ever congested here. */
static int set_congestion(const void *value, uint32_t len)
{
	char name[16];

	if (len < 1)
		return -EINVAL;
	len = MIN(len, sizeof(name) - 1);
	memcpy(name, value, len);
	name[len] = 0;
	return strcmp(name, "reno") == 0 ? 0 : -ENOENT;
}

int tcp_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len)
{
	struct tcp_sock *t = tcp_sock(sk);
	int n, err;

	if (level == SOL_IP || level == SOL_IPV6)
		return inet_setsockopt(sk, level, name, value, len);
	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (name == TCP_CONGESTION)
		return set_congestion(value, len);
	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	lock_acquire(&sk->lock);
	err = set_locked(t, name, n);
	lock_release(&sk->lock);
	return err;
}

/* ---- asking ---- */

static void info_locked(const struct tcp_sock *t, struct abi_tcp_info *i)
{
	i->state = (uint8_t)t->inet.state;
	i->rto = 201000;
	i->ato = 40000;
	i->snd_mss = t->maxseg ? t->maxseg : MSS;
	i->rcv_mss = i->advmss = i->snd_mss;
	i->pmtu = 65536;
	i->rcv_ssthresh = tcp_receive_part(t);
	i->rcv_space = tcp_receive_part(t);
	i->snd_ssthresh = 0x7fffffff;
	i->snd_cwnd = 10;
	i->reordering = 3;
	i->pacing_rate = i->max_pacing_rate = UINT64_MAX;
	i->bytes_received = t->bytes_in;
	i->segs_in = i->data_segs_in = t->segments_in;
	if (t->inet.state == TCP_LISTEN) { /* Linux puts the queue's numbers here */
		i->unacked = t->queued;
		i->sacked = t->backlog;
	}
}

/* What went the other way is counted at the peer's end. */
static void info_of_peer(struct tcp_sock *t, struct abi_tcp_info *i)
{
	struct tcp_sock *peer = atomic_load(&t->peer);
	uint32_t used, part;

	if (!peer)
		return;
	lock_acquire(&peer->inet.sk.lock);
	i->bytes_sent = peer->bytes_in;
	i->segs_out = i->data_segs_out = i->delivered = peer->segments_in;
	used = peer->deaf ? 0 : tcp_used(peer);
	part = tcp_receive_part(peer);
	lock_release(&peer->inet.sk.lock);
	i->snd_wnd = used < part ? part - used : 0;
	i->notsent_bytes = used > part ? used - part : 0;
	i->bytes_acked = i->bytes_sent - i->notsent_bytes;
	if (i->state == TCP_FIN_WAIT2 && i->notsent_bytes)
		i->state = TCP_FIN_WAIT1;
}

static int get_info(struct tcp_sock *t, void *value, uint32_t *len)
{
	struct abi_tcp_info i;

	memset(&i, 0, sizeof(i));
	lock_acquire(&t->inet.sk.lock);
	info_locked(t, &i);
	lock_release(&t->inet.sk.lock);
	info_of_peer(t, &i);
	*len = MIN(*len, sizeof(i));
	memcpy(value, &i, *len);
	return 0;
}

static int get_number_locked(const struct tcp_sock *t, int name, uint32_t *n)
{
	switch (name) {
	case TCP_NODELAY:
		*n = t->nodelay;
		return 0;
	case TCP_CORK:
		*n = t->cork;
		return 0;
	case TCP_QUICKACK:
		*n = t->quickack;
		return 0;
	case TCP_MAXSEG:
		*n = t->maxseg ? t->maxseg : t->inet.state == TCP_ESTABLISHED ? MSS : 536;
		return 0;
	case TCP_KEEPIDLE:
		*n = t->keepidle;
		return 0;
	case TCP_KEEPINTVL:
		*n = t->keepintvl;
		return 0;
	case TCP_KEEPCNT:
		*n = t->keepcnt;
		return 0;
	case TCP_SYNCNT:
		*n = t->syncnt ? t->syncnt : 6;
		return 0;
	case TCP_LINGER2:
		*n = (uint32_t)t->linger2;
		return 0;
	case TCP_DEFER_ACCEPT:
		*n = t->defer_accept;
		return 0;
	case TCP_WINDOW_CLAMP:
		*n = t->window_clamp;
		return 0;
	case TCP_USER_TIMEOUT:
		*n = t->user_timeout;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*n = t->notsent_lowat;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int tcp_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len)
{
	static const char congestion[16] = "reno";
	struct tcp_sock *t = tcp_sock(sk);
	uint32_t n;
	int err;

	if (level == SOL_IP || level == SOL_IPV6)
		return inet_getsockopt(sk, level, name, value, len);
	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (name == TCP_INFO)
		return get_info(t, value, len);
	if (name == TCP_CONGESTION) {
		*len = MIN(*len, sizeof(congestion));
		memcpy(value, congestion, *len);
		return 0;
	}
	lock_acquire(&sk->lock);
	err = get_number_locked(t, name, &n);
	lock_release(&sk->lock);
	if (err)
		return err;
	*len = MIN(*len, sizeof(n));
	memcpy(value, &n, *len);
	return 0;
}

/* ---- ioctl ---- */

/* Bytes up to the out-of-band mark, if there is one ahead. */
static uint32_t inq_locked(const struct tcp_sock *t)
{
	uint32_t n = tcp_used(t);

	if (t->inet.sk.oobinline || t->urgent == TCP_URGENT_NONE ||
		(int32_t)(t->urgent_at - t->tail) < 0)
		return n;
	return MIN(n, t->urgent_at - t->tail);
}

/* -EINVAL: a listener has neither; -ENOTTY. */
int tcp_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg)
{
	struct tcp_sock *t = tcp_sock(sk);
	bool listens;
	uint32_t n = 0;

	lock_acquire(&sk->lock);
	listens = t->inet.state == TCP_LISTEN;
	if (cmd == SIOCINQ)
		n = inq_locked(t);
	else if (cmd == SIOCATMARK)
		n = t->urgent && t->urgent_at == t->tail;
	lock_release(&sk->lock);
	switch (cmd) {
	case SIOCOUTQ:
		n = tcp_unacked(t);
		break;
	case SIOCINQ:
		break;
	case SIOCATMARK:
		return copyout(arg, &n, sizeof(n));
	default:
		return -ENOTTY;
	}
	return listens ? -EINVAL : copyout(arg, &n, sizeof(n));
}

/*
 * inet_port.c - who has which port, and who is asked for it.
 * Spec: Linux ip(7) on SO_REUSEADDR and SO_REUSEPORT, socket(7); RFC 6056 for the choice of
 * ephemeral ports.
 * Locks: inet_ports.lock (RANK_SOCK_TABLE).
 */
#include "net/inet.h"
#include "arch/arch.h"
#include "lib/kassert.h"
#include "lib/str.h"

/* net.ipv4.ip_local_port_range */
#define EPHEMERAL_FIRST 32768u
#define EPHEMERAL_COUNT (60999u - 32768u + 1)

struct inet_ports tcp_ports = {.lock = LOCK_INIT(RANK_SOCK_TABLE), .tcp = true};
struct inet_ports udp_ports = {.lock = LOCK_INIT(RANK_SOCK_TABLE)};

/* Connections that are over, a ring that overwrites its oldest: [tcp_ports.lock] */
static struct inet_time_wait time_waits[INET_TIME_WAITS];
static uint32_t time_wait_head, time_wait_tail; /* ever put in, ever forgotten */

static struct inet_bucket *bucket(struct inet_ports *p, uint32_t port)
{
	return &p->bucket[port % INET_BUCKETS];
}

void inet_ports_lock(struct inet_ports *p)
{
	lock_acquire(&p->lock);
	if (LIKELY(p->ready))
		return;
	for (uint32_t i = 0; i < INET_BUCKETS; i++) {
		list_init(&p->bucket[i].socks);
		list_init(&p->bucket[i].listeners);
	}
	arch_random(&p->random, sizeof(p->random));
	p->ready = true;
}

void inet_ports_unlock(struct inet_ports *p)
{
	lock_release(&p->lock);
}

static uint32_t next_random(struct inet_ports *p)
{
	p->random = p->random * 1664525u + 1013904223u;
	return p->random >> 8;
}

/* ---- time wait ---- */

static struct inet_time_wait *time_wait_at(uint32_t i)
{
	return &time_waits[i % INET_TIME_WAITS];
}

/* The oldest are over first: all wait equally long. */
static void time_wait_expire_locked(void)
{
	uint64_t now;

	if (time_wait_tail == time_wait_head)
		return;
	now = arch_clock_ns();
	while (time_wait_tail != time_wait_head && time_wait_at(time_wait_tail)->until_ns <= now)
		time_wait_tail++;
}

void inet_time_wait_locked(const struct inet_sock *is)
{
	if (time_wait_head - time_wait_tail == INET_TIME_WAITS)
		time_wait_tail++;
	*time_wait_at(time_wait_head++) = (struct inet_time_wait){
		.local = is->local,
		.remote = is->remote,
		.lport = is->lport,
		.rport = is->rport,
		.reuseaddr = is->sk.reuseaddr,
		.reuseport = is->sk.reuseport,
		.v6 = is->sk.family == AF_INET6,
		.uid = is->sk.cred.uid,
		.until_ns = arch_clock_ns() + INET_TIME_WAIT_NS,
	};
}

bool inet_time_wait_next(uint32_t *i, struct inet_time_wait *out)
{
	bool found = false;

	inet_ports_lock(&tcp_ports);
	time_wait_expire_locked();
	if ((int32_t)(*i - time_wait_tail) < 0 || *i - time_wait_tail > INET_TIME_WAITS)
		*i = time_wait_tail;
	if (*i != time_wait_head) {
		*out = *time_wait_at((*i)++);
		found = true;
	}
	inet_ports_unlock(&tcp_ports);
	return found;
}

void inet_time_wait_clear(void)
{
	inet_ports_lock(&tcp_ports);
	time_wait_tail = time_wait_head;
	inet_ports_unlock(&tcp_ports);
}

/* ---- conflicts ---- */

/* Would both receive what is sent to some address? */
static bool overlap(
	const struct inet_addr *a, bool a_v6only, const struct inet_addr *b, bool b_v6only)
{
	bool a4 = inet_addr_is4(a), b4 = inet_addr_is4(b);

	if (a4 && b4)
		return inet_addr_eq(a, b) || inet_addr_any(a) || inet_addr_any(b);
	if (!a4 && !b4)
		return inet_addr_eq(a, b) || inet_addr_any(a) || inet_addr_any(b);
	if (a4)
		return inet_addr_any(b) && !b_v6only;
	return inet_addr_any(a) && !a_v6only;
}

static bool v6only(const struct inet_sock *is)
{
	return is->sk.family == AF_INET6 && is->v6only;
}

/* The end of a connection whose program is gone and whose peer does not end: after a minute its
 * port is free, as with net.ipv4.tcp_fin_timeout. */
static bool orphan_is_over(const struct inet_sock *is, uint64_t *now)
{
	if (!is->orphan_until)
		return false;
	if (!*now)
		*now = arch_clock_ns();
	return is->orphan_until <= *now;
}

/* May the two be bound to the same place? */
static bool may_share(const struct inet_sock *is, const struct inet_sock *other)
{
	const struct sock *a = &is->sk, *b = &other->sk;

	if (a->reuseaddr && b->reuseaddr && other->state != TCP_LISTEN)
		return true;
	return a->reuseport && b->reuseport && a->cred.uid == b->cred.uid;
}

static bool time_wait_conflict(
	const struct inet_sock *is, const struct inet_addr *addr, uint16_t port)
{
	time_wait_expire_locked();
	for (uint32_t i = time_wait_tail; i != time_wait_head; i++) {
		const struct inet_time_wait *w = time_wait_at(i);

		if (w->lport != port || (is->sk.reuseaddr && w->reuseaddr) ||
			(is->sk.reuseport && w->reuseport))
			continue;
		if (overlap(addr, v6only(is), &w->local, false))
			return true;
	}
	return false;
}

bool inet_conflict_locked(const struct inet_sock *is, const struct inet_addr *addr, uint16_t port)
{
	struct inet_bucket *b = bucket(is->ports, port);
	const struct inet_sock *other;
	uint64_t now = 0;

	LIST_FOR_EACH(other, &b->socks, link) {
		if (other == is || other->lport != port || may_share(is, other))
			continue;
		if (orphan_is_over(other, &now))
			continue;
		if (overlap(addr, v6only(is), &other->local, v6only(other)))
			return true;
	}
	return is->ports->tcp && time_wait_conflict(is, addr, port);
}

static bool port_used_locked(struct inet_ports *p, uint16_t port)
{
	const struct inet_sock *other;

	LIST_FOR_EACH(other, &bucket(p, port)->socks, link) {
		if (other->lport == port)
			return true;
	}
	return false;
}

/* Two rounds: a port that nobody has, then one that another address has. */
int inet_autobind_locked(struct inet_sock *is)
{
	struct inet_ports *p = is->ports;
	uint32_t start = next_random(p) % EPHEMERAL_COUNT;

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < EPHEMERAL_COUNT; i++) {
			uint16_t port = (uint16_t)(EPHEMERAL_FIRST + (start + i) % EPHEMERAL_COUNT);

			if (round == 0 && port_used_locked(p, port))
				continue;
			if (inet_conflict_locked(is, &is->local, port))
				continue;
			inet_link_locked(is, port);
			return 0;
		}
	}
	return -EADDRINUSE;
}

void inet_link_locked(struct inet_sock *is, uint16_t port)
{
	KASSERT(list_empty(&is->link));
	is->lport = port;
	list_add_head(&bucket(is->ports, port)->socks, &is->link);
}

void inet_unlink_locked(struct inet_sock *is)
{
	list_del(&is->link);
	list_del(&is->listen_link);
}

/* ---- lookup ---- */

bool inet_connection_locked(struct inet_ports *p, const struct inet_addr *local, uint16_t lport,
	const struct inet_addr *remote, uint16_t rport, const struct inet_sock *but)
{
	const struct inet_sock *is;

	LIST_FOR_EACH(is, &bucket(p, lport)->socks, link) {
		if (is != but && is->lport == lport && is->rport == rport &&
			is->state != TCP_CLOSE && is->state != TCP_LISTEN &&
			inet_addr_eq(&is->local, local) && inet_addr_eq(&is->remote, remote))
			return true;
	}
	return false;
}

int inet_match_locked(const struct inet_sock *is, const struct inet_addr *local, uint16_t lport,
	const struct inet_addr *remote, uint16_t rport)
{
	int score = 1;

	if (is->lport != lport)
		return 0;
	if (is->sk.family == AF_INET6) {
		if (is->v6only && inet_addr_is4(local))
			return 0;
	} else if (!inet_addr_is4(local)) {
		return 0;
	} else {
		score++; /* an AF_INET socket before one that takes both */
	}
	if (!inet_addr_any(&is->local)) {
		if (!inet_addr_eq(&is->local, local))
			return 0;
		score += 4;
	} else if (inet_addr_is4(&is->local) && !inet_addr_is4(local)) {
		return 0;
	}
	if (is->rport) {
		if (is->rport != rport || !inet_addr_eq(&is->remote, remote))
			return 0;
		score += 8;
	}
	return score;
}

uint32_t inet_spread(
	const struct inet_addr *a, uint16_t aport, const struct inet_addr *b, uint16_t bport)
{
	uint32_t words[4] = {a->w[3], b->w[3], aport, bport};

	return str_hash((const char *)words, sizeof(words));
}

struct inet_sock *inet_listener_locked(
	struct inet_ports *p, const struct inet_addr *addr, uint16_t port, uint32_t spread)
{
	struct inet_sock *is, *best = NULL;
	int best_score = 0;
	uint32_t equal = 0;

	LIST_FOR_EACH(is, &bucket(p, port)->listeners, listen_link) {
		int score = inet_match_locked(is, addr, port, &inet_any6, 0);

		if (score > best_score) {
			best = is;
			best_score = score;
			equal = 1;
		} else if (score == best_score && best && is->sk.reuseport) {
			/* Each of n with the same chance, and the same for the same ends. */
			equal++;
			if ((spread / 7919 + equal * 40503u) * 2654435761u % equal == 0)
				best = is;
		}
	}
	return best;
}

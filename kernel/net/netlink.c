/*
 * netlink.c - AF_NETLINK, NETLINK_ROUTE: what getifaddrs() and if_nameindex() ask.
 * Spec: netlink(7), rtnetlink(7) of Linux; RFC 3549.
 * Locks: sock.lock for the queue of answers.
 *
 * There is one interface, lo, and nothing can be changed. A dump of links or addresses is answered
 * in the send itself, so that an answer waits when send returns; any other request gets an error
 * message, as the protocol has it.
 */
#include "net/internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

struct nl_header {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};
#define NLM_F_REQUEST 1u
#define NLM_F_MULTI 2u
#define NLM_F_DUMP 0x300u
#define NLMSG_ERROR 2
#define NLMSG_DONE 3
#define NLMSG_MIN_TYPE 16
#define RTM_NEWLINK 16
#define RTM_GETLINK 18
#define RTM_NEWADDR 20
#define RTM_GETADDR 22
#define RTM_GETROUTE 26
#define NETLINK_ROUTE 0
#define NL_MAX 1024u /* bytes of one answer: all of ours are smaller */

struct nl_answer {
	struct list link;
	uint32_t len;
	uint8_t data[NL_MAX];
};

struct nl_sock {
	struct sock sk; /* must be first */
	uint32_t pid;	/* [l] its address; 0: none yet */
	struct list answers;
};

static struct nl_sock *nl_of(struct sock *sk)
{
	return CONTAINER_OF(sk, struct nl_sock, sk);
}

/* ---- building answers ---- */

static void *put(struct nl_answer *a, const void *data, uint32_t len)
{
	uint8_t *at = a->data + a->len;

	KASSERT(a->len + CMSG_ALIGN(len) <= NL_MAX);
	memset(at, 0, CMSG_ALIGN(len));
	if (data)
		memcpy(at, data, len);
	a->len += CMSG_ALIGN(len);
	return at;
}

static struct nl_header *begin(
	struct nl_answer *a, const struct nl_header *to, int type, uint32_t pid)
{
	struct nl_header h = {
		.type = (uint16_t)type, .flags = NLM_F_MULTI, .seq = to->seq, .pid = pid};

	return put(a, &h, sizeof(h));
}

static void end(struct nl_answer *a, struct nl_header *h)
{
	h->len = (uint32_t)(a->data + a->len - (uint8_t *)h);
}

static void attr(struct nl_answer *a, int type, const void *data, uint32_t len)
{
	struct {
		uint16_t len, type;
	} h = {.len = (uint16_t)(sizeof(h) + len), .type = (uint16_t)type};

	put(a, &h, sizeof(h));
	put(a, data, len);
}

static void attr_u32(struct nl_answer *a, int type, uint32_t value)
{
	attr(a, type, &value, sizeof(value));
}

static void put_link(struct nl_answer *a, const struct nl_header *to, uint32_t pid)
{
	struct {
		uint8_t family, pad;
		uint16_t type;
		int32_t index;
		uint32_t flags, change;
	} info = {.type = 772, /* ARPHRD_LOOPBACK */
		.index = 1,
		.flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP};
	static const uint8_t zeros[6];
	struct nl_header *h = begin(a, to, RTM_NEWLINK, pid);

	put(a, &info, sizeof(info));
	attr(a, 3, "lo", 3);		  /* IFLA_IFNAME */
	attr_u32(a, 13, 1000);		  /* IFLA_TXQLEN */
	attr(a, 16, &(uint8_t){0}, 1);	  /* IFLA_OPERSTATE: unknown */
	attr_u32(a, 4, 65536);		  /* IFLA_MTU */
	attr(a, 6, "noqueue", 8);	  /* IFLA_QDISC */
	attr(a, 1, zeros, sizeof(zeros)); /* IFLA_ADDRESS */
	attr(a, 2, zeros, sizeof(zeros)); /* IFLA_BROADCAST */
	end(a, h);
}

static void put_addr(struct nl_answer *a, const struct nl_header *to, uint32_t pid, int family)
{
	static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	bool six = family == AF_INET6;
	struct {
		uint8_t family, prefix, flags, scope;
		uint32_t index;
	} info = {.family = (uint8_t)family,
		.prefix = six ? 128 : 8,
		.flags = 0x80, /* IFA_F_PERMANENT */
		.scope = 254,  /* RT_SCOPE_HOST */
		.index = 1};
	struct nl_header *h = begin(a, to, RTM_NEWADDR, pid);

	put(a, &info, sizeof(info));
	attr(a, 1, six ? v6 : v4, six ? sizeof(v6) : sizeof(v4)); /* IFA_ADDRESS */
	if (!six) {
		attr(a, 2, v4, sizeof(v4)); /* IFA_LOCAL */
		attr(a, 3, "lo", 3);	    /* IFA_LABEL */
	}
	attr_u32(a, 8, 0x80); /* IFA_FLAGS */
	end(a, h);
}

static void put_error(struct nl_answer *a, const struct nl_header *to, uint32_t pid, int err)
{
	struct nl_header *h = begin(a, to, NLMSG_ERROR, pid);

	h->flags = 0;
	put(a, &err, sizeof(err));
	put(a, to, sizeof(*to));
	end(a, h);
}

/* ---- requests ---- */

static int queue_locked(struct nl_sock *n, struct nl_answer *a)
{
	list_add_tail(&n->answers, &a->link);
	sock_wake(&n->sk, POLLIN | POLLRDNORM);
	return 0;
}

static struct nl_answer *answer_new(void)
{
	struct nl_answer *a = kmalloc(sizeof(*a));

	if (a)
		a->len = 0;
	return a;
}

/* The parts of a dump, and the message that ends it in a datagram of its own, as in Linux. */
static int dump(struct nl_sock *n, const struct nl_header *h, int family, uint32_t pid)
{
	struct nl_answer *a = answer_new(), *done = answer_new();
	struct nl_header *last;
	int32_t zero = 0;

	if (!a || !done) {
		kfree(a);
		kfree(done);
		return -ENOBUFS;
	}
	if (h->type == RTM_GETLINK) {
		put_link(a, h, pid);
	} else if (h->type == RTM_GETADDR) {
		if (family == AF_UNSPEC || family == AF_INET)
			put_addr(a, h, pid, AF_INET);
		if (family == AF_UNSPEC || family == AF_INET6)
			put_addr(a, h, pid, AF_INET6);
	}
	last = begin(done, h, NLMSG_DONE, pid);
	put(done, &zero, sizeof(zero));
	end(done, last);
	sock_lock(&n->sk);
	if (a->len)
		queue_locked(n, a);
	else
		kfree(a);
	queue_locked(n, done);
	sock_unlock(&n->sk);
	return 0;
}

/* -EOPNOTSUPP: asks for what is not there to be asked. */
static int request(struct nl_sock *n, const struct nl_header *h, int family, uint32_t pid)
{
	struct nl_answer *a;
	int err = -EOPNOTSUPP;

	if (!(h->flags & NLM_F_REQUEST) || h->type < NLMSG_MIN_TYPE)
		return 0; /* no request: nobody waits for an answer */
	if ((h->flags & NLM_F_DUMP) == NLM_F_DUMP &&
		(h->type == RTM_GETLINK || h->type == RTM_GETADDR || h->type == RTM_GETROUTE))
		return dump(n, h, family, pid);
	/* To add and to remove is root's; and there is nothing to add to. */
	if ((h->type & 3) != 2 && !cred_is_root(cred_self()))
		err = -EPERM;
	a = answer_new();
	if (!a)
		return -ENOBUFS;
	put_error(a, h, pid, err);
	sock_lock(&n->sk);
	queue_locked(n, a);
	sock_unlock(&n->sk);
	return 0;
}

/* Linux takes the process id if it is free; two of a process differ here, too. */
static uint32_t nl_autobind(struct nl_sock *n)
{
	static uint32_t next;
	uint32_t pid;

	sock_lock(&n->sk);
	if (!n->pid)
		n->pid = n->sk.cred.pid | atomic_add(&next, 1u) << 22;
	pid = n->pid;
	sock_unlock(&n->sk);
	return pid;
}

static ssize_t nl_sendmsg(struct sock *sk, struct sock_msg *m)
{
	struct nl_sock *n = nl_of(sk);
	uint32_t pid = nl_autobind(n), total = (uint32_t)m->data->left, at = 0;
	const struct abi_sockaddr_nl *to = m->name ? (const void *)m->name->bytes : NULL;
	struct nl_header h;
	uint8_t *buf;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (to && m->name->len) {
		if (m->name->len < sizeof(*to) || to->family != AF_NETLINK)
			return -EINVAL;
		if (to->pid || to->groups)
			return -EPERM; /* the kernel alone listens */
	}
	if (total > sk->sndbuf - 32)
		return -EMSGSIZE;
	buf = kmalloc(MAX(total, 1));
	if (!buf)
		return -ENOBUFS;
	iob_get(m->data, buf, total);
	while (!err && total - at >= sizeof(h)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > total - at)
			break;
		err = request(n, &h, h.len > sizeof(h) ? buf[at + sizeof(h)] : AF_UNSPEC, pid);
		at += MIN(CMSG_ALIGN(h.len), total - at);
	}
	kfree(buf);
	return err ? err : (ssize_t)total;
}

static ssize_t nl_recvmsg(struct sock *sk, struct sock_msg *m)
{
	struct nl_sock *n = nl_of(sk);
	uint64_t deadline = sock_deadline(sk->rcvtimeo_ns);
	struct abi_sockaddr_nl from = {.family = AF_NETLINK};
	struct nl_answer *a;
	ssize_t len;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	sock_lock(sk);
	while (list_empty(&n->answers) && !err) {
		err = m->flags & MSG_DONTWAIT ? -EAGAIN : sock_wait(sk, deadline);
		if (err && list_empty(&n->answers)) {
			sock_unlock(sk);
			return err == -ETIMEDOUT ? -EAGAIN : err;
		}
	}
	a = LIST_FIRST(&n->answers, struct nl_answer, link);
	len = (ssize_t)iob_put(m->data, a->data, a->len);
	if ((uint32_t)len < a->len) {
		m->out_flags |= MSG_TRUNC;
		if (m->flags & MSG_TRUNC)
			len = (ssize_t)a->len;
	}
	if (m->flags & MSG_PEEK)
		a = NULL;
	else
		list_del(&a->link);
	sock_unlock(sk);
	kfree(a);
	if (m->name) {
		m->name->len = sizeof(from);
		memcpy(m->name->bytes, &from, sizeof(from));
	}
	return len;
}

/* ---- the rest ---- */

static int nl_bind(struct sock *sk, const struct sock_addr *addr)
{
	struct nl_sock *n = nl_of(sk);
	struct abi_sockaddr_nl a;
	int err = 0;

	if (addr->len < sizeof(a))
		return -EINVAL;
	memcpy(&a, addr->bytes, sizeof(a));
	if (a.family != AF_NETLINK)
		return -EINVAL;
	sock_lock(sk);
	if (n->pid && a.pid != n->pid)
		err = -EINVAL;
	else if (a.pid)
		n->pid = a.pid;
	sock_unlock(sk);
	/* Groups: nothing ever changes, so a listener hears all that there is to hear. */
	if (!err && !a.pid)
		nl_autobind(n);
	return err;
}

static int nl_connect(struct sock *sk, const struct sock_addr *addr, bool nonblock)
{
	struct abi_sockaddr_nl a;

	(void)nonblock;
	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC)
		return 0;
	if (addr->len < sizeof(a) || addr->family != AF_NETLINK)
		return -EINVAL;
	memcpy(&a, addr->bytes, sizeof(a));
	if (a.pid || a.groups)
		return -EPERM;
	nl_autobind(nl_of(sk));
	return 0;
}

static int nl_getname(struct sock *sk, bool peer, struct sock_addr *out)
{
	struct nl_sock *n = nl_of(sk);
	struct abi_sockaddr_nl a = {.family = AF_NETLINK};

	sock_lock(sk);
	if (!peer)
		a.pid = n->pid;
	sock_unlock(sk);
	out->len = sizeof(a);
	memcpy(out->bytes, &a, sizeof(a));
	return 0;
}

static int nl_listen(struct sock *sk, int backlog)
{
	(void)sk;
	(void)backlog;
	return -EOPNOTSUPP;
}

static int nl_accept(struct sock *sk, bool nonblock, struct sock **out)
{
	(void)sk;
	(void)nonblock;
	(void)out;
	return -EOPNOTSUPP;
}

static int nl_shutdown(struct sock *sk, int how)
{
	(void)sk;
	(void)how;
	return -EOPNOTSUPP;
}

static uint32_t nl_poll(struct sock *sk, struct poll_table *pt)
{
	uint32_t bits = POLLOUT | POLLWRNORM | POLLWRBAND;

	sock_lock(sk);
	poll_join(pt, &sk->wait, &sk->lock);
	if (!list_empty(&nl_of(sk)->answers))
		bits |= POLLIN | POLLRDNORM;
	sock_unlock(sk);
	return bits;
}

static int nl_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len)
{
	(void)sk;
	(void)value;
	(void)len;
	/* NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK: hints that change no answer of ours. */
	return level == SOL_NETLINK && (name == 11 || name == 12) ? 0 : -ENOPROTOOPT;
}

static int nl_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len)
{
	(void)sk;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return -ENOPROTOOPT;
}

static int nl_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg)
{
	(void)sk;
	(void)cmd;
	(void)arg;
	return -ENOTTY;
}

static void nl_release(struct sock *sk)
{
	struct nl_sock *n = nl_of(sk);
	struct nl_answer *a, *next;

	LIST_FOR_EACH_SAFE(a, next, &n->answers, link) {
		list_del(&a->link);
		kfree(a);
	}
}

static void nl_free(struct sock *sk)
{
	kfree(nl_of(sk));
}

static const struct sock_ops nl_ops = {
	.bind = nl_bind,
	.connect = nl_connect,
	.listen = nl_listen,
	.accept = nl_accept,
	.getname = nl_getname,
	.sendmsg = nl_sendmsg,
	.recvmsg = nl_recvmsg,
	.shutdown = nl_shutdown,
	.poll = nl_poll,
	.setsockopt = nl_setsockopt,
	.getsockopt = nl_getsockopt,
	.ioctl = nl_ioctl,
	.release = nl_release,
	.free = nl_free,
};

static int nl_create(int type, int protocol, struct sock **out)
{
	struct nl_sock *n;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	n = kzalloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	sock_init(&n->sk, &nl_ops, AF_NETLINK, type, protocol);
	list_init(&n->answers);
	*out = &n->sk;
	return 0;
}

const struct sock_family netlink_family = {.family = AF_NETLINK, .create = nl_create};

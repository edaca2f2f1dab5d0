/*
 * sockopt.c - options of SOL_SOCKET, and ioctl.
 * Spec: POSIX.1-2024 setsockopt(), getsockopt(); socket(7), netdevice(7) of Linux.
 * Locks: sock.lock for each change.
 */
#include "net/internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "vfs/sigio.h"

#define BUF_MAX 212992u /* net.core.wmem_max and rmem_max */
#define BUF_FORCE_MAX (1u << 26)
#define SNDBUF_MIN 4608u /* as Linux shows them on a 64-bit machine */
#define RCVBUF_MIN 2304u
#define OPTION_MAX 256u /* bytes of any option's value */

/* ---- setting ---- */

static bool privileged(void)
{
	return cred_is_root(cred_self());
}

/* Linux doubles what is asked: half is for bookkeeping, and getsockopt() shows the double. */
static uint32_t buf_size(int32_t n, uint32_t max, uint32_t min)
{
	uint32_t size = n < 0 ? max : MIN((uint32_t)n, max);

	return MAX(size * 2, min);
}

static int set_timeout(uint64_t *out, const void *value, uint32_t len)
{
	struct abi_timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.usec < 0 || tv.usec >= 1000000)
		return -EDOM;
	if (tv.sec < 0)
		*out = 1; /* negative: at once, as in Linux */
	else if (tv.sec >= INT64_MAX / 1000000000 - 1)
		*out = 0;
	else
		*out = (uint64_t)tv.sec * 1000000000u + (uint64_t)tv.usec * 1000u;
	return 0;
}

static int set_linger(struct sock *sk, const void *value, uint32_t len)
{
	struct abi_linger l;

	if (len < sizeof(l))
		return -EINVAL;
	memcpy(&l, value, sizeof(l));
	sk->linger = l.onoff ? MAX(l.linger, 0) : -1;
	return 0;
}

static bool *flag_option(struct sock *sk, int name)
{
	switch (name) {
	case SO_REUSEADDR:
		return &sk->reuseaddr;
	case SO_REUSEPORT:
		return &sk->reuseport;
	case SO_KEEPALIVE:
		return &sk->keepalive;
	case SO_BROADCAST:
		return &sk->broadcast;
	case SO_OOBINLINE:
		return &sk->oobinline;
	case SO_PASSCRED:
		return &sk->passcred;
	case SO_DONTROUTE:
		return &sk->dontroute;
	case SO_DEBUG:
		return &sk->debug;
	case SO_NO_CHECK:
		return &sk->no_check;
	default:
		return NULL;
	}
}

static int set_flag(struct sock *sk, int name, bool on)
{
	if (name == SO_DEBUG && on && !privileged())
		return -EACCES;
	if (name == SO_PASSCRED && sk->family != AF_UNIX && sk->family != AF_NETLINK)
		return -EOPNOTSUPP;
	/* Linux: both kinds of socket of the internet families, no others. */
	if (name == SO_REUSEPORT && on && sk->family != AF_INET && sk->family != AF_INET6)
		return -EOPNOTSUPP;
	*flag_option(sk, name) = on;
	return 0;
}

static int set_number_locked(struct sock *sk, int name, int32_t n)
{
	switch (name) {
	case SO_SNDBUF:
		sk->sndbuf = buf_size(n, BUF_MAX, SNDBUF_MIN);
		sock_wake(sk, POLLOUT | POLLWRNORM);
		return 0;
	case SO_RCVBUF:
		sk->rcvbuf = buf_size(n, BUF_MAX, RCVBUF_MIN);
		return 0;
	case SO_SNDBUFFORCE:
		if (!privileged())
			return -EPERM;
		sk->sndbuf = buf_size(MAX(n, 0), BUF_FORCE_MAX, SNDBUF_MIN);
		sock_wake(sk, POLLOUT | POLLWRNORM);
		return 0;
	case SO_RCVBUFFORCE:
		if (!privileged())
			return -EPERM;
		sk->rcvbuf = buf_size(MAX(n, 0), BUF_FORCE_MAX, RCVBUF_MIN);
		return 0;
	case SO_RCVLOWAT:
		sk->rcvlowat = n < 0 ? INT32_MAX : n ? (uint32_t)n : 1;
		sock_wake(sk, POLLIN | POLLRDNORM);
		return 0;
	case SO_PRIORITY:
		if ((n < 0 || n > 6) && !privileged())
			return -EPERM;
		sk->priority = (uint32_t)n;
		return 0;
	case SO_MARK:
		if (!privileged())
			return -EPERM;
		sk->mark = (uint32_t)n;
		return 0;
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		sk->timestamp = n && name == SO_TIMESTAMP;
		sk->timestampns = n && name == SO_TIMESTAMPNS;
		return 0;
	case SO_TYPE:
	case SO_ERROR:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ACCEPTCONN:
	case SO_PEERCRED:
	case SO_SNDLOWAT:
	case SO_COOKIE:
		return -ENOPROTOOPT;
	default:
		return flag_option(sk, name) ? set_flag(sk, name, n) : 1;
	}
}

/* 1: not an option of every socket. */
static int set_common(struct sock *sk, int name, const void *value, uint32_t len)
{
	int32_t n;
	int err;

	if (name == SO_BSDCOMPAT)
		return 0; /* socket(7): without effect since Linux 2.4 */
	if (name == SO_BINDTODEVICE)
		return 1; /* text */
	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	sock_lock(sk);
	switch (name) {
	case SO_RCVTIMEO:
		err = set_timeout(&sk->rcvtimeo_ns, value, len);
		break;
	case SO_SNDTIMEO:
		err = set_timeout(&sk->sndtimeo_ns, value, len);
		break;
	case SO_LINGER:
		err = set_linger(sk, value, len);
		break;
	default:
		err = set_number_locked(sk, name, n);
	}
	sock_unlock(sk);
	return err;
}

/* value is a user address. -ENOPROTOOPT: no such option; -EINVAL: too short; -EFAULT, -EPERM. */
int sock_setsockopt(struct sock *sk, int level, int name, uaddr_t value, uint32_t len)
{
	uint8_t buf[OPTION_MAX] __attribute__((aligned(8)));
	int err;

	/* Longer values are allowed: what is behind the option's own bytes is not looked at. */
	len = MIN(len, sizeof(buf));
	if (copyin(buf, value, len))
		return -EFAULT;
	if (level == SOL_SOCKET) {
		err = set_common(sk, name, buf, len);
		if (err <= 0)
			return err;
	}
	return sk->ops->setsockopt(sk, level, name, buf, len);
}

/* ---- asking ---- */

union option_value {
	int32_t n;
	uint64_t cookie;
	struct abi_timeval tv;
	struct abi_linger linger;
	struct sock_cred cred;
	struct sock_addr addr;
	uint8_t bytes[OPTION_MAX];
};

static void get_timeout(uint64_t ns, union option_value *v, uint32_t *len)
{
	v->tv.sec = (int64_t)(ns / 1000000000u);
	v->tv.usec = (int64_t)(ns / 1000u % 1000000u);
	*len = sizeof(v->tv);
}

static int get_number_locked(struct sock *sk, int name, int32_t *n)
{
	switch (name) {
	case SO_TYPE:
		*n = sk->type;
		return 0;
	case SO_ERROR:
		*n = -sock_take_error(sk);
		return 0;
	case SO_PROTOCOL:
		*n = sk->protocol;
		return 0;
	case SO_DOMAIN:
		*n = sk->family;
		return 0;
	case SO_ACCEPTCONN:
		*n = sk->listening;
		return 0;
	case SO_SNDBUF:
		*n = (int32_t)sk->sndbuf;
		return 0;
	case SO_RCVBUF:
		*n = (int32_t)sk->rcvbuf;
		return 0;
	case SO_RCVLOWAT:
		*n = (int32_t)sk->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*n = 1;
		return 0;
	case SO_PRIORITY:
		*n = (int32_t)sk->priority;
		return 0;
	case SO_MARK:
		*n = (int32_t)sk->mark;
		return 0;
	case SO_TIMESTAMP:
		*n = sk->timestamp;
		return 0;
	case SO_TIMESTAMPNS:
		*n = sk->timestampns;
		return 0;
	case SO_BSDCOMPAT:
		*n = 0;
		return 0;
	default:
		if (!flag_option(sk, name))
			return 1;
		*n = *flag_option(sk, name);
		return 0;
	}
}

/* 1: not an option of every socket. *len: bytes of the value. */
static int get_common(struct sock *sk, int name, union option_value *v, uint32_t *len)
{
	int err = 0;

	*len = sizeof(v->n);
	if (name == SO_PEERNAME) {
		v->addr.len = 0;
		err = sk->ops->getname(sk, true, &v->addr);
		if (err)
			return -ENOTCONN;
		*len = v->addr.len;
		memmove(v->bytes, v->addr.bytes, *len);
		return 0;
	}
	sock_lock(sk);
	switch (name) {
	case SO_RCVTIMEO:
		get_timeout(sk->rcvtimeo_ns, v, len);
		break;
	case SO_SNDTIMEO:
		get_timeout(sk->sndtimeo_ns, v, len);
		break;
	case SO_LINGER:
		v->linger =
			(struct abi_linger){.onoff = sk->linger >= 0, .linger = MAX(sk->linger, 0)};
		*len = sizeof(v->linger);
		break;
	case SO_PEERCRED:
		v->cred = sk->peercred;
		*len = sizeof(v->cred);
		break;
	case SO_COOKIE:
		v->cookie = sk->ino;
		*len = sizeof(v->cookie);
		break;
	default:
		err = get_number_locked(sk, name, &v->n);
	}
	sock_unlock(sk);
	return err;
}

int sock_getsockopt(struct sock *sk, int level, int name, uaddr_t value, uaddr_t ulen)
{
	union option_value v;
	uint32_t len = 0;
	int32_t room;
	int err = 1;

	if (copyin(&room, ulen, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (level == SOL_SOCKET) {
		err = get_common(sk, name, &v, &len);
		if (name == SO_COOKIE && room < (int32_t)sizeof(v.cookie))
			return -EINVAL;
		if (name == SO_PEERNAME && !err && len > (uint32_t)room)
			return -EINVAL;
	}
	if (err > 0) {
		len = MIN((uint32_t)room, sizeof(v));
		err = sk->ops->getsockopt(sk, level, name, &v, &len);
	}
	if (err)
		return err;
	len = MIN(len, (uint32_t)room);
	if (copyout(value, &v, len))
		return -EFAULT;
	return copyout(ulen, &len, sizeof(len));
}

/* ---- ioctl ---- */

/* The one interface: lo, 127.0.0.1/8. */
static const char lo_name[] = "lo";

static struct abi_sockaddr_in inet_addr(uint32_t host)
{
	return (struct abi_sockaddr_in){.family = AF_INET, .addr = __builtin_bswap32(host)};
}

static int if_list(uaddr_t arg)
{
	struct abi_ifreq r = {.addr = inet_addr(0x7f000001)};
	struct abi_ifconf c;

	if (copyin(&c, arg, sizeof(c)))
		return -EFAULT;
	str_copy(r.name, lo_name, sizeof(r.name));
	if (c.buf == 0) {
		c.len = sizeof(r);
	} else if (c.len >= (int32_t)sizeof(r)) {
		if (copyout(c.buf, &r, sizeof(r)))
			return -EFAULT;
		c.len = sizeof(r);
	} else {
		c.len = 0;
	}
	return copyout(arg, &c, sizeof(c));
}

static int if_ask(uint32_t cmd, struct abi_ifreq *r)
{
	uint8_t *rest = (uint8_t *)r + IFNAMSIZ;

	if (cmd == SIOCGIFNAME) {
		if (r->value != 1)
			return -ENODEV;
		memset(r->name, 0, sizeof(r->name));
		str_copy(r->name, lo_name, sizeof(r->name));
		return 0;
	}
	r->name[IFNAMSIZ - 1] = 0;
	if (strcmp(r->name, lo_name) != 0)
		return -ENODEV;
	memset(rest, 0, sizeof(*r) - IFNAMSIZ);
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
		return 0;
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
		r->addr = inet_addr(0x7f000001);
		return 0;
	case SIOCGIFBRDADDR:
		r->addr = inet_addr(0);
		return 0;
	case SIOCGIFNETMASK:
		r->addr = inet_addr(0xff000000);
		return 0;
	case SIOCGIFMETRIC:
		r->value = 0;
		return 0;
	case SIOCGIFMTU:
		r->value = 65536;
		return 0;
	case SIOCGIFINDEX:
		r->value = 1;
		return 0;
	case SIOCGIFTXQLEN:
		r->value = 1000;
		return 0;
	case SIOCGIFHWADDR:
		r->addr.family = 772; /* ARPHRD_LOOPBACK; the address is all zeros */
		return 0;
	default:
		return -ENOTTY;
	}
}

static int if_ioctl(uint32_t cmd, uaddr_t arg)
{
	struct abi_ifreq r;
	int err;

	if (cmd == SIOCGIFCONF)
		return if_list(arg);
	if (copyin(&r, arg, sizeof(r)))
		return -EFAULT;
	err = if_ask(cmd, &r);
	return err ? err : copyout(arg, &r, sizeof(r));
}

/* As fcntl's F_SETOWN and F_GETOWN. */
static int owner_ioctl(struct file *file, uint32_t cmd, uaddr_t arg)
{
	int32_t owner = 0;

	if (cmd != FIOSETOWN && cmd != SIOCSPGRP) {
		owner = sigio_fcntl(file, F_GETOWN, 0);
		return copyout(arg, &owner, sizeof(owner));
	}
	if (copyin(&owner, arg, sizeof(owner)))
		return -EFAULT;
	return sigio_fcntl(file, F_SETOWN, (uint32_t)owner);
}

static int async_ioctl(struct sock *sk, uaddr_t arg)
{
	int32_t on;

	if (copyin(&on, arg, sizeof(on)))
		return -EFAULT;
	sock_lock(sk);
	if (on)
		atomic_or(&sk->file->flags, (uint32_t)O_ASYNC);
	else
		atomic_and(&sk->file->flags, ~(uint32_t)O_ASYNC);
	sock_unlock(sk);
	return 0;
}

/* -ENOTTY: no such command for this socket. -ENODEV: no such interface. -EFAULT. */
int sock_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg)
{
	switch (cmd) {
	case FIOASYNC:
		return async_ioctl(sk, arg);
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
		return owner_ioctl(sk->file, cmd, arg); /* the caller's descriptor keeps it */
	case SIOCGIFNAME:
	case SIOCGIFCONF:
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
		return if_ioctl(cmd, arg);
	default:
		return sk->ops->ioctl(sk, cmd, arg);
	}
}

/*
 * msg.c - sending and receiving: send, recv, sendmsg, recvmsg and their many-message forms, and the
 * control messages that go along.
 * Spec: POSIX.1-2024 send(), recv(), sendmsg(), recvmsg(); sendmmsg(2), recvmmsg(2), cmsg(3).
 * Locks: none of its own; a family's op takes its socket's.
 */
#include "net/internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define CONTROL_MAX 20480u /* Linux's net.core.optmem_max */
#define FEW_VECS 8u
#define SMALL_CONTROL 64u
#define REPLY_MAX 4096u /* more than all control messages of one receive */
#define MMSG_MAX 1024u
#define NOBODY_ID 65534u

/* ---- control messages ---- */

const struct abi_cmsghdr *cmsg_next(const struct sock_msg *m, uint32_t *pos)
{
	const struct abi_cmsghdr *c;
	uint32_t left = m->control_len - MIN(*pos, m->control_len);

	if (left < sizeof(*c)) {
		*pos = m->control_len; /* a rest too short for a header is no message, as in Linux
					*/
		return NULL;
	}
	c = (const struct abi_cmsghdr *)(const void *)(m->control + *pos);
	if (c->len < sizeof(*c) || c->len > left)
		return NULL;
	*pos += MIN(CMSG_ALIGN(c->len), left);
	return c;
}

void sock_msg_put(struct sock_msg *m, int level, int type, const void *data, uint32_t len)
{
	uint32_t room = m->reply_size - m->reply_len;
	struct abi_cmsghdr h = {.len = (uint32_t)sizeof(h) + len, .level = level, .type = type};

	if (room < sizeof(h)) {
		m->out_flags |= MSG_CTRUNC;
		return;
	}
	if (h.len > room) {
		m->out_flags |= MSG_CTRUNC;
		h.len = room;
		len = room - (uint32_t)sizeof(h);
	}
	memcpy(m->reply + m->reply_len, &h, sizeof(h));
	memcpy(m->reply + m->reply_len + sizeof(h), data, len);
	m->reply_len += MIN(CMSG_ALIGN(h.len), room);
}

void sock_msg_put_time(struct sock *sk, struct sock_msg *m, struct ktime t)
{
	int64_t v[2] = {t.sec, t.nsec};

	if (sk->timestampns) {
		sock_msg_put(m, SOL_SOCKET, SO_TIMESTAMPNS, v, sizeof(v));
	} else if (sk->timestamp) {
		v[1] /= 1000;
		sock_msg_put(m, SOL_SOCKET, SO_TIMESTAMP, v, sizeof(v));
	}
}

/* ---- one message ---- */

ssize_t sock_send(struct sock *sk, struct sock_msg *m)
{
	ssize_t n = sk->ops->sendmsg(sk, m);

	if (n == -EPIPE && sk->type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL))
		(void)signal_send_thread(thread_self(), SIGPIPE, NULL);
	return n;
}

ssize_t sock_recv(struct sock *sk, struct sock_msg *m)
{
	ssize_t n = sk->ops->recvmsg(sk, m);

	if (UNLIKELY(m->scm)) {
		scm_free(m->scm);
		m->scm = NULL;
	}
	return n;
}

static uint32_t call_flags(const struct fdref *r, uint32_t flags)
{
	return flags | (atomic_load(&r->file->flags) & O_NONBLOCK ? MSG_DONTWAIT : 0);
}

/*
 * Returns bytes sent. -EPIPE (and SIGPIPE for streams), -ENOTCONN, -EISCONN, -EDESTADDRREQ,
 * -EMSGSIZE, -EAGAIN, -ENOBUFS, -EFAULT, -PLEAT_ERESTARTSYS.
 */
int sys_sendto(
	int32_t fd, uaddr_t buf, uint32_t len, uint32_t flags, uaddr_t addr, uint32_t addr_len)
{
	struct sock_addr a;
	struct iobuf b;
	struct sock_msg m = {.data = &b};
	struct fdref r;
	struct sock *sk;
	ssize_t n = sock_from_fd(&r, fd, &sk);

	if (n)
		return (int)n;
	m.flags = call_flags(&r, flags);
	n = iob_init_user(&b, buf, MIN(len, RW_MAX), false);
	if (!n && addr) {
		n = sock_addr_in(&a, addr, addr_len);
		m.name = &a;
	}
	if (!n)
		n = sock_send(sk, &m);
	fdref_put(&r);
	return (int)n;
}

int sys_recvfrom(
	int32_t fd, uaddr_t buf, uint32_t len, uint32_t flags, uaddr_t addr, uaddr_t addr_len)
{
	struct sock_addr a;
	struct iobuf b;
	struct sock_msg m = {.data = &b};
	struct fdref r;
	struct sock *sk;
	ssize_t n = sock_from_fd(&r, fd, &sk);

	if (n)
		return (int)n;
	m.flags = call_flags(&r, flags);
	/* tcp(7): MSG_TRUNC throws the bytes away, and looks at no buffer. */
	if ((flags & MSG_TRUNC) && sk->type == SOCK_STREAM && sk->family != AF_UNIX)
		b = (struct iobuf){
			.ubase = buf, .useg = MIN(len, RW_MAX), .left = MIN(len, RW_MAX)};
	else
		n = iob_init_user(&b, buf, MIN(len, RW_MAX), true);
	if (addr) {
		a.len = 0;
		m.name = &a;
	}
	if (!n)
		n = sock_recv(sk, &m);
	if (n >= 0 && addr) {
		int err = sock_addr_out(&a, addr, addr_len);

		if (err)
			n = err;
	}
	fdref_put(&r);
	return (int)n;
}

/* ---- sendmsg ---- */

/* One sendmsg or recvmsg: the user's header and what it leads to. */
struct msg_call {
	struct abi_msghdr h;
	struct sock_addr name;
	struct iobuf b;
	struct sock_msg m;
	struct abi_iovec *vec;
	uint8_t *control; /* NULL, or small, or from the heap */
	struct abi_iovec few[FEW_VECS];
	uint8_t small[SMALL_CONTROL] __attribute__((aligned(8)));
};

static void msg_end(struct msg_call *c)
{
	if (c->vec != c->few)
		kfree(c->vec);
	if (c->control != c->small)
		kfree(c->control);
}

/* Header and vector. After success or failure, msg_end() must follow. */
static int msg_begin(struct msg_call *c, uaddr_t msg, bool receive)
{
	c->vec = c->few;
	c->control = NULL;
	if (copyin(&c->h, msg, sizeof(c->h)))
		return -EFAULT;
	if ((int32_t)c->h.namelen < 0)
		return -EINVAL;
	if ((uint32_t)c->h.iovlen > IOV_MAX)
		return -EMSGSIZE;
	if ((uint32_t)c->h.iovlen > FEW_VECS) {
		c->vec = kmalloc((uint32_t)c->h.iovlen * sizeof(*c->vec));
		if (!c->vec)
			return -ENOMEM;
	}
	return iob_init_iovec(&c->b, c->vec, c->h.iov, (uint32_t)c->h.iovlen, receive);
}

/* Room for n bytes of control messages. */
static int control_room(struct msg_call *c, uint32_t n)
{
	c->control = n <= sizeof(c->small) ? c->small : kmalloc(n);
	return c->control ? 0 : -ENOBUFS;
}

static int send_control(struct msg_call *c)
{
	int err;

	if (c->h.controllen > CONTROL_MAX)
		return -ENOBUFS;
	err = control_room(c, c->h.controllen);
	if (!err)
		err = copyin(c->control, c->h.control, c->h.controllen);
	c->m.control = c->control;
	c->m.control_len = c->h.controllen;
	return err;
}

static ssize_t send_one(struct sock *sk, uint32_t flags, uaddr_t msg)
{
	struct msg_call c;
	ssize_t n = msg_begin(&c, msg, false);

	c.m = (struct sock_msg){.data = &c.b, .flags = flags};
	if (!n && c.h.name && c.h.namelen) {
		n = sock_addr_in(&c.name, c.h.name, MIN(c.h.namelen, sizeof(c.name.bytes)));
		c.m.name = &c.name;
	}
	if (!n && c.h.control && c.h.controllen)
		n = send_control(&c);
	if (!n)
		n = sock_send(sk, &c.m);
	msg_end(&c);
	return n;
}

int sys_sendmsg(int32_t fd, uaddr_t msg, uint32_t flags)
{
	struct fdref r;
	struct sock *sk;
	ssize_t n = sock_from_fd(&r, fd, &sk);

	if (n)
		return (int)n;
	n = send_one(sk, call_flags(&r, flags), msg);
	fdref_put(&r);
	return (int)n;
}

/* Returns how many were sent; an error counts only if it was the first. */
int sys_sendmmsg(int32_t fd, uaddr_t msgs, uint32_t count, uint32_t flags)
{
	struct fdref r;
	struct sock *sk;
	uint32_t sent = 0, len;
	ssize_t n = sock_from_fd(&r, fd, &sk);

	if (n)
		return (int)n;
	count = MIN(count, MMSG_MAX);
	while (sent < count) {
		uaddr_t at = msgs + sent * (uint32_t)sizeof(struct abi_mmsghdr);

		n = send_one(sk, call_flags(&r, flags), at);
		if (n < 0)
			break;
		len = (uint32_t)n;
		n = copyout(at + (uint32_t)offsetof(struct abi_mmsghdr, len), &len, sizeof(len));
		if (n)
			break;
		sent++;
		if (signal_pending_self())
			break;
	}
	fdref_put(&r);
	return sent > 0 ? (int)sent : (int)n;
}

/* ---- recvmsg ---- */

static int recv_control(struct msg_call *c)
{
	uint32_t n = c->h.control ? MIN(c->h.controllen, REPLY_MAX) : 0;

	if (n == 0)
		return 0;
	if (!uaccess_ok(c->h.control, n, true))
		return -EFAULT;
	c->m.reply_size = n;
	if (control_room(c, n))
		return -ENOMEM;
	c->m.reply = c->control;
	return 0;
}

/* Give the descriptors that came along numbers here; those that find no room are closed. */
static void install_files(struct sock_msg *m, struct scm *scm)
{
	uint32_t room = m->reply_size - m->reply_len, n = 0, cloexec;
	int32_t fd;
	struct abi_cmsghdr h = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
	uint8_t *out = m->reply + m->reply_len + sizeof(h);

	cloexec = m->flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	room = room > sizeof(h) ? (room - (uint32_t)sizeof(h)) / 4 : 0;
	for (; n < MIN(room, scm->nfiles); n++) {
		fd = fd_reserve(0, cloexec);
		if (fd < 0)
			break;
		memcpy(out + n * 4, &fd, 4);
		fd_install(fd, scm->files[n]);
		scm->files[n] = NULL; /* the descriptor's now */
	}
	if (n < scm->nfiles)
		m->out_flags |= MSG_CTRUNC;
	if (n == 0)
		return;
	h.len = (uint32_t)sizeof(h) + n * 4;
	memcpy(out - sizeof(h), &h, sizeof(h));
	m->reply_len += h.len; /* whole words: aligned */
}

/* Turn what came along into control messages, in Linux's order. */
static void recv_scm(struct sock *sk, struct sock_msg *m)
{
	/* A sender that was not asked for its credentials in time is nobody, as in Linux. */
	struct sock_cred cred = {.uid = NOBODY_ID, .gid = NOBODY_ID};
	struct scm *scm = m->scm;

	m->scm = NULL;
	if (!m->reply_size) {
		if (sk->passcred || scm)
			m->out_flags |= MSG_CTRUNC;
		scm_free(scm);
		return;
	}
	if (sk->passcred) {
		if (m->has_cred)
			cred = m->cred;
		sock_msg_put(m, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred));
	}
	if (scm)
		install_files(m, scm);
	scm_free(scm);
}

/* The parts of the user's header that say what came. */
static int recv_reply(struct msg_call *c, uaddr_t msg, uint32_t flags)
{
	c->h.flags = (int32_t)(c->m.out_flags | (flags & MSG_CMSG_CLOEXEC));
	if (c->h.name) {
		if (copyout(c->h.name, c->name.bytes, MIN(c->h.namelen, c->name.len)))
			return -EFAULT;
		c->h.namelen = c->name.len;
	}
	if (c->m.reply_len && copyout(c->h.control, c->m.reply, c->m.reply_len))
		return -EFAULT;
	c->h.controllen = c->m.reply_len;
	return copyout(msg, &c->h, sizeof(c->h));
}

static ssize_t recv_one(struct sock *sk, uint32_t flags, uaddr_t msg)
{
	struct msg_call c;
	ssize_t n = msg_begin(&c, msg, true);
	int err;

	c.m = (struct sock_msg){.data = &c.b, .flags = flags};
	c.name.len = 0;
	if (!n)
		n = recv_control(&c);
	if (!n) {
		if (c.h.name)
			c.m.name = &c.name;
		n = sk->ops->recvmsg(sk, &c.m);
		if (n < 0)
			scm_free(c.m.scm);
	}
	if (n >= 0) {
		if (sk->family == AF_UNIX)
			recv_scm(sk, &c.m);
		err = recv_reply(&c, msg, flags);
		if (err)
			n = err;
	}
	msg_end(&c);
	return n;
}

int sys_recvmsg(int32_t fd, uaddr_t msg, uint32_t flags)
{
	struct fdref r;
	struct sock *sk;
	ssize_t n = sock_from_fd(&r, fd, &sk);

	if (n)
		return (int)n;
	n = recv_one(sk, call_flags(&r, flags), msg);
	fdref_put(&r);
	return (int)n;
}

/* Receive until count, an error, the end of the time, or nothing more after the first. */
static int recv_many(struct sock *sk, const struct fdref *r, uaddr_t msgs, uint32_t count,
	uint32_t flags, uint64_t deadline_ns)
{
	uint32_t got = 0, len;
	ssize_t n = 0;

	flags = call_flags(r, flags);
	while (got < count) {
		uaddr_t at = msgs + got * (uint32_t)sizeof(struct abi_mmsghdr);

		n = recv_one(sk, flags & ~(uint32_t)MSG_WAITFORONE, at);
		if (n < 0)
			break;
		len = (uint32_t)n;
		n = copyout(at + (uint32_t)offsetof(struct abi_mmsghdr, len), &len, sizeof(len));
		if (n)
			break;
		got++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		/* recvmmsg(2): the time-out is looked at after each message only. */
		if (deadline_ns != WAIT_FOREVER && arch_clock_ns() >= deadline_ns)
			break;
	}
	if (got == 0)
		return (int)n;
	/* The next call tells of an error that came after some messages. */
	if (n < 0 && n != -EAGAIN && n != -EINTR && n != -PLEAT_ERESTARTSYS) {
		sock_lock(sk);
		sk->error = (int32_t)-n;
		sock_unlock(sk);
	}
	return (int)got;
}

int sys_recvmmsg_time64(int32_t fd, uaddr_t msgs, uint32_t count, uint32_t flags, uaddr_t timeout)
{
	/* Two 64-bit words, both significant. */
	struct {
		int64_t sec, nsec;
	} ts;
	uint64_t deadline = WAIT_FOREVER;
	struct fdref r;
	struct sock *sk;
	int err;

	if (timeout) {
		if (copyin(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1000000000)
			return -EINVAL;
		if (ts.sec < INT64_MAX / 1000000000 - 1)
			deadline = arch_clock_ns() + (uint64_t)ts.sec * 1000000000u +
				   (uint64_t)ts.nsec;
	}
	err = sock_from_fd(&r, fd, &sk);
	if (err)
		return err;
	sock_lock(sk);
	err = sock_take_error(sk);
	sock_unlock(sk);
	if (!err)
		err = recv_many(sk, &r, msgs, MIN(count, MMSG_MAX), flags, deadline);
	fdref_put(&r);
	return err;
}

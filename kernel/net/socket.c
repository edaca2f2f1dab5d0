/*
 * socket.c - sockets as descriptors: the calls that make, name and connect them, and what every
 * family shares. Sending and receiving: msg.c; options: sockopt.c.
 * Spec: POSIX.1-2024 socket(), bind(), listen(), accept(), connect(), shutdown(); accept4(2),
 * socketpair(2), socket(7) of Linux.
 * Locks: sock.lock; all_lock (RANK_WAITQ) for the list of all sockets.
 */
#include "net/internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define BUF_DEFAULT 212992u /* net.core.wmem_default, rmem_default of Linux */

static struct lock all_lock = LOCK_INIT(RANK_WAITQ);
static struct list all_socks = LIST_INIT(all_socks);

static const struct sock_family *const families[] = {
	&unix_family,
	&inet_family,
	&inet6_family,
	&netlink_family,
};

/* ---- life ---- */

struct sock_cred sock_cred_self(bool real)
{
	const struct cred *c = cred_self();

	return (struct sock_cred){.pid = proc_self()->pid,
		.uid = real ? c->ruid : c->euid,
		.gid = real ? c->rgid : c->egid};
}

void sock_init(struct sock *sk, const struct sock_ops *ops, int family, int type, int protocol)
{
	static uint64_t last_ino;

	ref_init(&sk->refs, 1);
	lock_init(&sk->lock, RANK_SOCK);
	waitq_init(&sk->wait);
	sk->ops = ops;
	sk->family = (uint16_t)family;
	sk->type = (uint16_t)type;
	sk->protocol = (uint16_t)protocol;
	sk->cred = sock_cred_self(false);
	sk->peercred = (struct sock_cred){.uid = UINT32_MAX, .gid = UINT32_MAX};
	sk->sndbuf = sk->rcvbuf = BUF_DEFAULT;
	sk->rcvlowat = 1;
	sk->linger = -1;
	sk->ino = atomic_add(&last_ino, (uint64_t)1) + 1;
	lock_acquire(&all_lock);
	list_add_tail(&all_socks, &sk->all_link);
	lock_release(&all_lock);
}

void sock_get(struct sock *sk)
{
	ref_get(&sk->refs);
}

void sock_put(struct sock *sk)
{
	if (!sk || !ref_put(&sk->refs))
		return;
	lock_acquire(&all_lock);
	list_del(&sk->all_link);
	lock_release(&all_lock);
	sk->ops->free(sk);
}

/* The next socket after sk in the list, referenced: one that is being freed is passed over. */
static struct sock *next_sock(struct sock *sk)
{
	struct list *at;
	struct sock *next = NULL;

	lock_acquire(&all_lock);
	for (at = sk ? sk->all_link.next : all_socks.next; at != &all_socks; at = at->next) {
		next = LIST_ENTRY(at, struct sock, all_link);
		if (ref_get_unless_zero(&next->refs))
			break;
		next = NULL;
	}
	lock_release(&all_lock);
	return next;
}

void sock_for_each(int family, void (*f)(struct sock *sk, void *arg), void *arg)
{
	struct sock *sk = next_sock(NULL), *next;

	while (sk) {
		if (sk->family == family)
			f(sk, arg);
		next = next_sock(sk);
		sock_put(sk);
		sk = next;
	}
}

/* ---- waiting and waking ---- */

uint64_t sock_deadline(uint64_t timeo_ns)
{
	return timeo_ns ? arch_clock_ns() + timeo_ns : WAIT_FOREVER;
}

int sock_wait_on(struct sock *sk, struct waitq *q, uint64_t deadline_ns)
{
	int err = waitq_sleep_at(q, &sk->lock, deadline_ns, WAIT_INTR, "sock_wait");

	if (err != -EINTR)
		return err;
	return deadline_ns == WAIT_FOREVER ? -PLEAT_ERESTARTSYS : -EINTR;
}

int sock_wait(struct sock *sk, uint64_t deadline_ns)
{
	return sock_wait_on(sk, &sk->wait, deadline_ns);
}

static int32_t async_owner(const struct sock *sk)
{
	const struct file *f = sk->file;

	return f && (atomic_load(&f->flags) & O_ASYNC) ? f->owner : 0;
}

void sock_wake(struct sock *sk, uint32_t key)
{
	if (UNLIKELY(sk->file && (sk->file->flags & O_ASYNC)))
		sk->sigio_owner = async_owner(sk);
	if (!list_empty(&sk->wait.waiters))
		waitq_wake_key(&sk->wait, key);
}

void sock_wake_urgent(struct sock *sk)
{
	if (sk->file)
		sk->sigurg_owner = sk->file->owner;
	sock_wake(sk, POLLPRI);
}

/* F_SETOWN's meaning of a number: a process, or less than 0 a group. */
static void signal_owner(int32_t owner, int signo)
{
	struct proc *p;

	if (owner < 0) {
		(void)signal_send_pgrp((uint32_t)-owner, signo, NULL);
		return;
	}
	p = proc_find((uint32_t)owner);
	if (!p)
		return;
	(void)signal_send_proc(p, signo, NULL); /* nobody to tell of a queue that is full */
	proc_put(p);
}

void sock_unlock(struct sock *sk)
{
	int32_t io = sk->sigio_owner, urg = sk->sigurg_owner;

	if (LIKELY(!io && !urg)) {
		lock_release(&sk->lock);
		return;
	}
	sk->sigio_owner = sk->sigurg_owner = 0;
	lock_release(&sk->lock);
	if (urg)
		signal_owner(urg, SIGURG);
	if (io)
		signal_owner(io, SIGIO);
}

void sock_unlock2(struct sock *a, struct sock *b)
{
	int32_t io[2] = {a->sigio_owner, b->sigio_owner};
	int32_t urg[2] = {a->sigurg_owner, b->sigurg_owner};

	a->sigio_owner = b->sigio_owner = a->sigurg_owner = b->sigurg_owner = 0;
	lock_release2(&a->lock, &b->lock);
	for (int i = 0; i < (a == b ? 1 : 2); i++) {
		if (urg[i])
			signal_owner(urg[i], SIGURG);
		if (io[i])
			signal_owner(io[i], SIGIO);
	}
}

int sock_take_error(struct sock *sk)
{
	int err = sk->error;

	sk->error = 0;
	return -err;
}

/* ---- open files ---- */

static ssize_t sock_file_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct sock *sk = file->priv;
	struct sock_msg m = {.data = b};

	(void)pos;
	if (b->left == 0)
		return 0; /* unlike recv(), it does not wait either */
	if (atomic_load(&file->flags) & O_NONBLOCK)
		m.flags = MSG_DONTWAIT;
	return sock_recv(sk, &m);
}

static ssize_t sock_file_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct sock *sk = file->priv;
	struct sock_msg m = {.data = b};

	(void)pos;
	if (atomic_load(&file->flags) & O_NONBLOCK)
		m.flags = MSG_DONTWAIT;
	return sock_send(sk, &m);
}

static uint32_t sock_file_poll(struct file *file, struct poll_table *pt)
{
	struct sock *sk = file->priv;

	return sk->ops->poll(sk, pt);
}

static int sock_file_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	return sock_ioctl(file->priv, cmd, arg);
}

static void sock_file_release(struct file *file)
{
	struct sock *sk = file->priv;

	sock_lock(sk);
	atomic_store(&sk->file, NULL);
	sk->sigio_owner = sk->sigurg_owner = 0;
	sock_unlock(sk);
	sk->ops->release(sk);
	sock_put(sk);
}

const struct file_ops sock_file_ops = {
	.release = sock_file_release,
	.read = sock_file_read,
	.write = sock_file_write,
	.ioctl = sock_file_ioctl,
	.poll = sock_file_poll,
	.stream = true,
};

struct sock *sock_of_file(const struct file *file)
{
	return file->ops == &sock_file_ops ? file->priv : NULL;
}

int sock_from_fd(struct fdref *r, int fd, struct sock **out)
{
	if (!fdref_get(r, fd))
		return -EBADF;
	*out = sock_of_file(r->file);
	if (*out)
		return 0;
	fdref_put(r);
	return -ENOTSOCK;
}

/* An open file for sk, whose reference it takes over (also on failure: then sk is released). */
static struct file *sock_open(struct sock *sk, uint32_t flags)
{
	struct file *f = file_new_anon(
		&sock_file_ops, O_RDWR | (flags & SOCK_NONBLOCK ? O_NONBLOCK : 0), "socket:", sk);

	if (!f) {
		sk->ops->release(sk);
		sock_put(sk);
		return NULL;
	}
	f->anon_ino = sk->ino;
	sock_lock(sk);
	atomic_store(&sk->file, f);
	sock_unlock(sk);
	return f;
}

/* The same with a descriptor. Returns it, -EMFILE, -ENOMEM. */
static int sock_open_fd(struct sock *sk, uint32_t flags)
{
	struct file *f = sock_open(sk, flags);

	if (!f)
		return -ENOMEM;
	return fd_give(f, flags & SOCK_CLOEXEC ? O_CLOEXEC : 0);
}

/* ---- socket, socketpair ---- */

static int sock_create(uint32_t family, uint32_t type, int protocol, struct sock **out,
	const struct sock_family **which)
{
	if (family >= AF_MAX)
		return -EAFNOSUPPORT;
	if ((type & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC)) > SOCK_TYPE_MASK)
		return -EINVAL;
	type &= SOCK_TYPE_MASK;
	if (type > 10)
		return -EINVAL;
	for (uint32_t i = 0; i < ARRAY_LEN(families); i++) {
		if (families[i]->family != family)
			continue;
		*which = families[i];
		return families[i]->create((int)type, protocol, out);
	}
	return -EAFNOSUPPORT;
}

/* -EINVAL: type or its flags; -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EMFILE,
 * -ENOMEM. */
int sys_socket(uint32_t family, uint32_t type, int32_t protocol)
{
	const struct sock_family *f;
	struct sock *sk;
	int err = sock_create(family, type, protocol, &sk, &f);

	return err ? err : sock_open_fd(sk, type);
}

static int pair_files(uint32_t family, uint32_t type, int protocol, struct file *ends[2])
{
	const struct sock_family *f;
	struct sock *sk[2];
	int err = sock_create(family, type, protocol, &sk[0], &f);

	if (err)
		return err;
	err = sock_create(family, type, protocol, &sk[1], &f);
	if (err) {
		sk[0]->ops->release(sk[0]);
		sock_put(sk[0]);
		return err;
	}
	err = f->pair ? f->pair(sk[0], sk[1]) : -EOPNOTSUPP;
	if (err) {
		for (int i = 0; i < 2; i++) {
			sk[i]->ops->release(sk[i]);
			sock_put(sk[i]);
		}
		return err;
	}
	ends[0] = sock_open(sk[0], type);
	ends[1] = sock_open(sk[1], type);
	if (ends[0] && ends[1])
		return 0;
	file_put(ends[0]);
	file_put(ends[1]);
	return -ENOMEM;
}

int sys_socketpair(uint32_t family, uint32_t type, int32_t protocol, uaddr_t fds)
{
	uint32_t cloexec = type & SOCK_CLOEXEC ? O_CLOEXEC : 0;
	struct file *ends[2];
	int err = pair_files(family, type, protocol, ends);

	if (err)
		return err;
	return fd_give_pair(ends, cloexec, fds);
}

/* ---- addresses of programs ---- */

int sock_addr_in(struct sock_addr *a, uaddr_t from, uint32_t len)
{
	a->len = 0;
	if (len > sizeof(a->bytes))
		return -EINVAL;
	if (len > 0 && copyin(a->bytes, from, len))
		return -EFAULT;
	a->len = len;
	return 0;
}

/* As much of it as fits; *ulen becomes its whole length. -EINVAL: *ulen is negative. */
int sock_addr_out(const struct sock_addr *a, uaddr_t to, uaddr_t ulen)
{
	int32_t room;

	if (copyin(&room, ulen, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copyout(to, a->bytes, MIN((uint32_t)room, a->len)))
		return -EFAULT;
	return copyout(ulen, &a->len, sizeof(a->len));
}

/* ---- names and connections ---- */

int sys_bind(int32_t fd, uaddr_t addr, uint32_t len)
{
	struct sock_addr a;
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = sock_addr_in(&a, addr, len);
	if (!err)
		err = sk->ops->bind(sk, &a);
	fdref_put(&r);
	return err;
}

int sys_listen(int32_t fd, int32_t backlog)
{
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	/* As in Linux, a negative number is a large one. */
	if ((uint32_t)backlog > SOMAXCONN)
		backlog = SOMAXCONN;
	err = sk->ops->listen(sk, backlog);
	fdref_put(&r);
	return err;
}

static bool nonblocking(const struct fdref *r)
{
	return atomic_load(&r->file->flags) & O_NONBLOCK;
}

static int do_accept(struct sock *sk, bool nonblock, uaddr_t addr, uaddr_t len, uint32_t flags)
{
	struct sock_addr a = {.len = 0};
	struct sock *conn;
	struct file *f;
	int fd = fd_reserve(0, flags & SOCK_CLOEXEC ? O_CLOEXEC : 0), err;

	if (fd < 0)
		return fd;
	err = sk->ops->accept(sk, nonblock, &conn);
	if (err)
		goto unreserve;
	f = sock_open(conn, flags);
	err = f ? 0 : -ENOMEM;
	if (err)
		goto unreserve;
	if (addr) {
		err = conn->ops->getname(conn, true, &a);
		/* Connected once, and gone again by now. */
		if (err)
			err = -ECONNABORTED;
		else
			err = sock_addr_out(&a, addr, len);
	}
	if (err) {
		file_put(f);
		goto unreserve;
	}
	fd_install(fd, f);
	return fd;
unreserve:
	fd_unreserve(fd);
	return err;
}

/* -EINVAL: flags, or it does not listen; -EOPNOTSUPP: its type has no connections; -EAGAIN,
 * -EMFILE, -EFAULT, -PLEAT_ERESTARTSYS. */
int sys_accept4(int32_t fd, uaddr_t addr, uaddr_t len, uint32_t flags)
{
	struct fdref r;
	struct sock *sk;
	int err;

	if (flags & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	err = sock_from_fd(&r, fd, &sk);
	if (err)
		return err;
	err = do_accept(sk, nonblocking(&r), addr, len, flags);
	fdref_put(&r);
	return err;
}

int sys_accept(int32_t fd, uaddr_t addr, uaddr_t len)
{
	return sys_accept4(fd, addr, len, 0);
}

int sys_connect(int32_t fd, uaddr_t addr, uint32_t len)
{
	struct sock_addr a;
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = sock_addr_in(&a, addr, len);
	if (!err)
		err = sk->ops->connect(sk, &a, nonblocking(&r));
	fdref_put(&r);
	return err;
}

static int do_getname(int32_t fd, uaddr_t addr, uaddr_t len, bool peer)
{
	struct sock_addr a = {.len = 0};
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = sk->ops->getname(sk, peer, &a);
	if (!err)
		err = sock_addr_out(&a, addr, len);
	fdref_put(&r);
	return err;
}

int sys_getsockname(int32_t fd, uaddr_t addr, uaddr_t len)
{
	return do_getname(fd, addr, len, false);
}

int sys_getpeername(int32_t fd, uaddr_t addr, uaddr_t len)
{
	return do_getname(fd, addr, len, true);
}

int sys_shutdown(int32_t fd, uint32_t how)
{
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = how > SHUT_RDWR ? -EINVAL : sk->ops->shutdown(sk, (int)how);
	fdref_put(&r);
	return err;
}

int sys_setsockopt(int32_t fd, int32_t level, int32_t name, uaddr_t value, int32_t len)
{
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = len < 0 ? -EINVAL : sock_setsockopt(sk, level, name, value, (uint32_t)len);
	fdref_put(&r);
	return err;
}

int sys_getsockopt(int32_t fd, int32_t level, int32_t name, uaddr_t value, uaddr_t len)
{
	struct fdref r;
	struct sock *sk;
	int err = sock_from_fd(&r, fd, &sk);

	if (err)
		return err;
	err = sock_getsockopt(sk, level, name, value, len);
	fdref_put(&r);
	return err;
}

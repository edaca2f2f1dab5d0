/*
 * unix.c - AF_UNIX: names, connections, shutdown and close. Bytes: unix_stream.c; messages:
 * unix_dgram.c; sockets in flight: unix_gc.c.
 * Spec: unix(7) of Linux; POSIX.1-2024 for what it says.
 * Locks: unix_table_lock (RANK_SOCK_TABLE) for the hash of names and lists of senders.
 */
#include "net/unix.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "abi/termios.h"

#define HASH_SIZE 64u
#define PATH_OFFSET 2u /* of sockaddr_un.path */

struct lock unix_table_lock = LOCK_INIT(RANK_SOCK_TABLE);
static struct list table[HASH_SIZE]; /* [TABLE] of unix_sock.hash_link; next NULL: never used */

static const struct sock_ops unix_stream_ops, unix_dgram_ops, unix_seqpacket_ops;

/* ---- addresses ---- */

void unix_addr_put(struct unix_addr *a)
{
	if (!a || !ref_put(&a->refs))
		return;
	if (a->path.dentry)
		path_put(&a->path);
	kfree(a);
}

void unix_addr_show(const struct unix_addr *a, struct sock_addr *out)
{
	if (a) {
		out->len = a->len;
		memcpy(out->bytes, a->bytes, a->len);
	} else {
		out->len = PATH_OFFSET;
		out->family = AF_UNIX;
	}
}

static struct unix_addr *addr_new(const struct sock_addr *from)
{
	struct unix_addr *a = kzalloc(sizeof(*a));

	if (!a)
		return NULL;
	ref_init(&a->refs, 1);
	a->len = from->len;
	memcpy(a->bytes, from->bytes, from->len);
	return a;
}

int unix_check_addr(const struct sock_addr *addr)
{
	if (addr->len <= PATH_OFFSET || addr->len > sizeof(struct abi_sockaddr_un))
		return -EINVAL;
	return addr->family == AF_UNIX ? 0 : -EINVAL;
}

/* The path in addr as a terminated string, which may fill all of its room. */
static void path_of(const struct sock_addr *addr, char out[sizeof(struct abi_sockaddr_un)])
{
	uint32_t n = addr->len - PATH_OFFSET;

	memcpy(out, addr->bytes + PATH_OFFSET, n);
	out[n] = 0;
}

static bool is_abstract(const struct sock_addr *addr)
{
	return addr->bytes[PATH_OFFSET] == 0;
}

/* ---- the table ---- */

static uint32_t hash_name(const struct abi_sockaddr_un *name, uint32_t len, int type)
{
	return (str_hash(name->path, len - PATH_OFFSET) ^ (uint32_t)type) % HASH_SIZE;
}

static uint32_t hash_inode(const struct inode *inode)
{
	return (uint32_t)((uintptr_t)inode >> 5) * 2654435761u >> 26;
}

static struct list *bucket_locked(uint32_t hash)
{
	if (!table[hash].next)
		list_init(&table[hash]);
	return &table[hash];
}

/* An abstract name's socket: names of different types do not meet, as in Linux. */
static struct unix_sock *by_name_locked(
	const struct abi_sockaddr_un *name, uint32_t len, int type, uint32_t hash)
{
	struct unix_sock *u;

	LIST_FOR_EACH(u, bucket_locked(hash), hash_link) {
		if (!u->addr->path.dentry && u->sk.type == type && u->addr->len == len &&
			memcmp(&u->addr->name, name, len) == 0)
			return u;
	}
	return NULL;
}

static struct unix_sock *by_inode_locked(const struct inode *inode)
{
	struct unix_sock *u;

	LIST_FOR_EACH(u, bucket_locked(hash_inode(inode)), hash_link) {
		if (u->addr->path.dentry && u->addr->path.dentry->inode == inode)
			return u;
	}
	return NULL;
}

/* A reference, unless it is on its way out. */
static struct unix_sock *get_locked(struct unix_sock *u)
{
	return u && ref_get_unless_zero(&u->sk.refs) ? u : NULL;
}

static int find_abstract(const struct sock_addr *addr, int type, struct unix_sock **out)
{
	const struct abi_sockaddr_un *name = (const void *)addr->bytes;

	lock_acquire(&unix_table_lock);
	*out = get_locked(by_name_locked(name, addr->len, type, hash_name(name, addr->len, type)));
	lock_release(&unix_table_lock);
	return *out ? 0 : -ECONNREFUSED;
}

static int find_path(const struct sock_addr *addr, int type, struct unix_sock **out)
{
	char name[sizeof(struct abi_sockaddr_un)];
	struct path path;
	struct inode *inode;
	int err;

	path_of(addr, name);
	err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	inode = path.dentry->inode;
	err = inode_permission(inode, W_OK);
	if (!err && !S_ISSOCK(inode->mode))
		err = -ECONNREFUSED;
	if (!err) {
		lock_acquire(&unix_table_lock);
		*out = get_locked(by_inode_locked(inode));
		lock_release(&unix_table_lock);
		err = *out ? 0 : -ECONNREFUSED;
	}
	path_put(&path);
	if (!err && (*out)->sk.type != type) {
		sock_put(&(*out)->sk);
		err = -EPROTOTYPE;
	}
	return err;
}

int unix_find(const struct sock_addr *addr, int type, struct unix_sock **out)
{
	int err = unix_check_addr(addr);

	if (err)
		return err;
	return is_abstract(addr) ? find_abstract(addr, type, out) : find_path(addr, type, out);
}

/* ---- bind ---- */

/* Enter u under a; the reference to a becomes u's. -EINVAL: it has a name; -EADDRINUSE. */
static int publish(struct unix_sock *u, struct unix_addr *a, uint32_t hash)
{
	int err = 0;

	lock_acquire(&unix_table_lock);
	if (!a->path.dentry && by_name_locked(&a->name, a->len, u->sk.type, hash))
		err = -EADDRINUSE;
	sock_lock(&u->sk);
	if (u->addr)
		err = -EINVAL;
	if (!err) {
		a->hash = hash;
		atomic_store(&u->addr, a);
		list_add_tail(bucket_locked(hash), &u->hash_link);
	}
	lock_release(&u->sk.lock);
	lock_release(&unix_table_lock);
	return err;
}

/* unix(7): five hexadecimal digits that nobody has. */
static int autobind(struct unix_sock *u)
{
	static uint32_t next;
	struct sock_addr s = {.len = PATH_OFFSET + 6};
	struct unix_addr *a;
	int err = -EADDRINUSE;

	if (atomic_load(&u->addr))
		return 0;
	s.family = AF_UNIX;
	s.bytes[PATH_OFFSET] = 0;
	a = addr_new(&s);
	if (!a)
		return -ENOMEM;
	for (uint32_t tries = 0; err == -EADDRINUSE && tries <= 0xfffff; tries++) {
		kformat(a->name.path + 1, 7, "%05x", (atomic_add(&next, 1u) + 1) & 0xfffff);
		err = publish(u, a, hash_name(&a->name, a->len, u->sk.type));
	}
	if (err)
		unix_addr_put(a);
	if (err == -EADDRINUSE)
		return -ENOSPC;
	return err == -EINVAL ? 0 : err; /* another thread gave it a name */
}

int unix_autobind_for_cred(struct unix_sock *u)
{
	return u->sk.passcred && !atomic_load(&u->addr) ? autobind(u) : 0;
}

static int bind_path(struct unix_sock *u, const struct sock_addr *addr)
{
	char name[sizeof(struct abi_sockaddr_un)];
	struct unix_addr *a = addr_new(addr);
	int err;

	if (!a)
		return -ENOMEM;
	path_of(addr, name);
	a->len = PATH_OFFSET + (uint32_t)strlen(name) + 1;
	a->bytes[a->len - 1] = 0;
	/* The node would be made in vain. */
	err = atomic_load(&u->addr) ? -EINVAL
				    : path_mknod(AT_FDCWD, name, S_IFSOCK | 0777, 0, &a->path);
	if (err == -EEXIST)
		err = -EADDRINUSE;
	if (!err)
		err = publish(u, a, hash_inode(a->path.dentry->inode));
	if (err)
		unix_addr_put(a);
	return err;
}

static int bind_abstract(struct unix_sock *u, const struct sock_addr *addr)
{
	struct unix_addr *a = addr_new(addr);
	int err;

	if (!a)
		return -ENOMEM;
	err = publish(u, a, hash_name(&a->name, a->len, u->sk.type));
	if (err)
		unix_addr_put(a);
	return err;
}

static int unix_bind(struct sock *sk, const struct sock_addr *addr)
{
	struct unix_sock *u = unix_of(sk);
	int err;

	if (addr->len == PATH_OFFSET && addr->family == AF_UNIX)
		return autobind(u); /* no error if it has a name, as in Linux */
	err = unix_check_addr(addr);
	if (err)
		return err;
	return is_abstract(addr) ? bind_abstract(u, addr) : bind_path(u, addr);
}

static void unpublish(struct unix_sock *u)
{
	lock_acquire(&unix_table_lock);
	list_del(&u->hash_link);
	lock_release(&unix_table_lock);
}

/* ---- life ---- */

static const struct sock_ops *ops_of(int type)
{
	return type == SOCK_STREAM  ? &unix_stream_ops
	       : type == SOCK_DGRAM ? &unix_dgram_ops
				    : &unix_seqpacket_ops;
}

static struct unix_sock *unix_new(int type)
{
	struct unix_sock *u = kzalloc(sizeof(*u));

	if (!u)
		return NULL;
	sock_init(&u->sk, ops_of(type), AF_UNIX, type, 0);
	waitq_init(&u->space);
	list_init(&u->hash_link);
	list_init(&u->accept_queue);
	list_init(&u->accept_link);
	list_init(&u->marks);
	list_init(&u->messages);
	list_init(&u->senders);
	list_init(&u->sender_link);
	list_init(&u->gc_link);
	return u;
}

static int unix_create(int type, int protocol, struct sock **out)
{
	struct unix_sock *u;

	if (protocol != 0 && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	/* SOCK_RAW is SOCK_DGRAM here, as in Linux. */
	if (type == SOCK_RAW)
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	u = unix_new(type);
	*out = u ? &u->sk : NULL;
	return u ? 0 : -ENOMEM;
}

static void unix_free(struct sock *sk)
{
	struct unix_sock *u = unix_of(sk);

	unix_addr_put(u->addr);
	kfree(u);
}

static int unix_pair(struct sock *a, struct sock *b)
{
	struct unix_sock *ua = unix_of(a), *ub = unix_of(b);

	sock_get(a);
	sock_get(b);
	ua->peer = ub;
	ub->peer = ua;
	ua->state = ub->state = UNIX_CONNECTED;
	a->peercred = b->peercred = sock_cred_self(false);
	return 0;
}

/* ---- listen, connect, accept ---- */

static int unix_listen(struct sock *sk, int backlog)
{
	struct unix_sock *u = unix_of(sk);
	int err = 0;

	if (sk->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (!atomic_load(&u->addr))
		return -EINVAL;
	sock_lock(sk);
	if (u->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		if ((uint32_t)backlog > u->backlog)
			waitq_wake_all(&u->space);
		u->backlog = (uint32_t)backlog;
		u->state = UNIX_LISTEN;
		sk->listening = true;
		sk->peercred = sock_cred_self(false);
	}
	sock_unlock(sk);
	return err;
}

/* What stands between u and a connection to the listener, both locked, in the order in which Linux
 * looks. -EAGAIN: it is full. */
static int may_connect_locked(const struct unix_sock *u, const struct unix_sock *to)
{
	if (to->state != UNIX_LISTEN || to->dead || (to->sk.shut & SOCK_SHUT_RD))
		return -ECONNREFUSED;
	if (to->waiting > to->backlog)
		return -EAGAIN;
	if (u->state != UNIX_CLOSED)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	return 0;
}

/* u and a new end in the listener's queue become each other's peers. */
static void connect_locked(struct unix_sock *u, struct unix_sock *to, struct unix_sock *end)
{
	sock_get(&u->sk);
	sock_get(&end->sk);
	end->peer = u;
	end->state = UNIX_CONNECTED;
	end->sk.peercred = sock_cred_self(false);
	end->addr = to->addr;
	ref_get(&to->addr->refs);
	u->sk.peercred = to->sk.peercred;
	u->state = UNIX_CONNECTED;
	atomic_store(&u->peer, end);
	list_add_tail(&to->accept_queue, &end->accept_link);
	to->waiting++;
	sock_wake(&to->sk, POLLIN | POLLRDNORM);
	/* It was POLLHUP while it was not connected. */
	sock_wake(&u->sk, POLLOUT | POLLWRNORM);
}

/* One try. The queue of `to` gives end its reference back, or the caller frees it. */
static int connect_once(struct unix_sock *u, struct unix_sock *to, struct unix_sock *end,
	bool nonblock, uint64_t deadline)
{
	int err;

	sock_lock2(&u->sk, &to->sk);
	err = may_connect_locked(u, to);
	if (!err)
		connect_locked(u, to, end);
	if (err != -EAGAIN || nonblock) {
		sock_unlock2(&u->sk, &to->sk);
		return err;
	}
	/* Full: sleep with the listener's lock alone, then look it up again. */
	if (to != u)
		lock_release(&u->sk.lock);
	err = sock_wait_on(&to->sk, &to->space, deadline);
	sock_unlock(&to->sk);
	if (err)
		return err == -ETIMEDOUT ? -EAGAIN : err;
	return 1;
}

static int stream_connect(struct unix_sock *u, const struct sock_addr *addr, bool nonblock)
{
	uint64_t deadline = sock_deadline(u->sk.sndtimeo_ns);
	struct unix_sock *end, *to;
	int err = unix_check_addr(addr);

	if (!err)
		err = unix_autobind_for_cred(u);
	if (err)
		return err;
	end = unix_new(u->sk.type);
	if (!end)
		return -ENOMEM;
	do {
		err = unix_find(addr, u->sk.type, &to);
		if (err)
			break;
		err = connect_once(u, to, end, nonblock, deadline);
		sock_put(&to->sk);
	} while (err == 1);
	if (err)
		sock_put(&end->sk);
	return err;
}

static int unix_connect(struct sock *sk, const struct sock_addr *addr, bool nonblock)
{
	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (sk->type == SOCK_DGRAM)
		return unix_dgram_connect(unix_of(sk), addr);
	return stream_connect(unix_of(sk), addr, nonblock);
}

/* Wait for an end in the queue. The listener is locked. */
static int wait_accept_locked(struct unix_sock *u, bool nonblock)
{
	uint64_t deadline = sock_deadline(u->sk.rcvtimeo_ns);
	int err;

	while (list_empty(&u->accept_queue)) {
		err = sock_take_error(&u->sk);
		if (err)
			return err;
		if (nonblock) /* first, as in Linux */
			return -EAGAIN;
		if (u->sk.shut & SOCK_SHUT_RD)
			return -EINVAL;
		err = sock_wait(&u->sk, deadline);
		if (err && list_empty(&u->accept_queue))
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
	return 0;
}

static int unix_accept(struct sock *sk, bool nonblock, struct sock **out)
{
	struct unix_sock *u = unix_of(sk), *end;
	int err;

	if (sk->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	sock_lock(sk);
	err = u->state == UNIX_LISTEN ? wait_accept_locked(u, nonblock) : -EINVAL;
	if (!err) {
		end = LIST_FIRST(&u->accept_queue, struct unix_sock, accept_link);
		list_del(&end->accept_link);
		u->waiting--;
		waitq_wake_all(&u->space);
		end->sk.passcred = sk->passcred;
		*out = &end->sk;
	}
	sock_unlock(sk);
	return err;
}

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
	struct unix_sock *peer;

	sock_lock(&u->sk);
	peer = u->peer;
	if (peer)
		sock_get(&peer->sk);
	sock_unlock(&u->sk);
	return peer;
}

static int unix_getname(struct sock *sk, bool peer, struct sock_addr *out)
{
	struct unix_sock *u = unix_of(sk);

	if (peer) {
		u = unix_peer_get(u);
		if (!u)
			return -ENOTCONN;
	}
	unix_addr_show(atomic_load(&u->addr), out);
	if (peer)
		sock_put(&u->sk);
	return 0;
}

bool unix_send_cred(const struct unix_sock *u, const struct unix_sock *to, const struct scm *scm,
	struct sock_cred *out)
{
	if (scm && scm->has_cred) {
		*out = scm->cred;
		return true;
	}
	/* An end that was not accepted yet may want them later: Linux adds them, too. */
	if (!atomic_load(&u->sk.passcred) && !atomic_load(&to->sk.passcred) &&
		atomic_load(&to->sk.file))
		return false;
	*out = sock_cred_self(true);
	return true;
}

/* ---- shutdown, close ---- */

#define KEY_ALL (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP | POLLERR)

static void changed_locked(struct unix_sock *u)
{
	sock_wake(&u->sk, KEY_ALL);
	waitq_wake_all(&u->space);
}

static int unix_shutdown(struct sock *sk, int how)
{
	struct unix_sock *u = unix_of(sk), *peer = unix_peer_get(u);
	bool rd = how != SHUT_WR, wr = how != SHUT_RD;

	/* A datagram socket's peer is another's business. */
	if (peer && sk->type == SOCK_DGRAM) {
		sock_put(&peer->sk);
		peer = NULL;
	}
	sock_lock2(sk, peer ? &peer->sk : sk);
	sk->shut |= (rd ? SOCK_SHUT_RD : 0) | (wr ? SOCK_SHUT_WR : 0);
	changed_locked(u);
	if (peer) {
		peer->sk.shut |= (rd ? SOCK_SHUT_WR : 0) | (wr ? SOCK_SHUT_RD : 0);
		changed_locked(peer);
	}
	sock_unlock2(sk, peer ? &peer->sk : sk);
	if (peer)
		sock_put(&peer->sk);
	return 0;
}

/* What a released socket held, to be dropped without its lock. */
struct remains {
	struct list accept_queue, messages;
	struct scm *scms;
	struct unix_sock *peer;
};

static void move_list(struct list *to, struct list *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	list_insert_between(to, from->prev, from->next);
	list_init(from);
}

/* u is locked, and its peer if that is a connection's other end. */
static void bury_locked(struct unix_sock *u, struct unix_sock *end, bool reset, struct remains *r)
{
	bool unread = unix_ring_used(u) > 0 || !list_empty(&u->messages);

	u->dead = true;
	u->state = UNIX_CLOSED;
	u->sk.shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	u->sk.listening = false;
	changed_locked(u);
	move_list(&r->accept_queue, &u->accept_queue);
	move_list(&r->messages, &u->messages);
	u->nmessages = u->waiting = 0;
	unix_ring_free_locked(u, &r->scms);
	r->peer = u->peer;
	atomic_store(&u->peer, (struct unix_sock *)NULL);
	if (!end)
		return;
	end->sk.shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	if (unread || reset)
		end->sk.error = ECONNRESET;
	changed_locked(end);
}

static void bury(struct unix_sock *u, bool reset, struct remains *r)
{
	struct unix_sock *end = u->sk.type == SOCK_DGRAM ? NULL : unix_peer_get(u);

	r->scms = NULL;
	sock_lock2(&u->sk, end ? &end->sk : &u->sk);
	bury_locked(u, end, reset, r);
	sock_unlock2(&u->sk, end ? &end->sk : &u->sk);
	if (end)
		sock_put(&end->sk);
}

static void drop_scms(struct scm *scm)
{
	struct scm *next;

	for (; scm; scm = next) {
		next = scm->next;
		unix_inflight_sub(scm);
		scm_free(scm);
	}
}

/* Ends that nobody accepted: their partners are told. They hold no queue of ends themselves. */
static void drop_unaccepted(struct list *queue)
{
	struct unix_sock *end, *next;
	struct remains r;

	LIST_FOR_EACH_SAFE(end, next, queue, accept_link) {
		list_del(&end->accept_link);
		bury(end, true, &r);
		unix_msgs_free(&r.messages);
		drop_scms(r.scms);
		if (r.peer)
			sock_put(&r.peer->sk);
		sock_put(&end->sk);
	}
}

static void unix_release(struct sock *sk)
{
	struct unix_sock *u = unix_of(sk);
	struct remains r;

	unpublish(u);
	if (sk->type == SOCK_DGRAM) {
		lock_acquire(&unix_table_lock);
		unix_sender_forget_locked(u);
		lock_release(&unix_table_lock);
	}
	bury(u, false, &r);
	if (sk->type == SOCK_DGRAM)
		unix_senders_orphan(u);
	drop_unaccepted(&r.accept_queue);
	unix_msgs_free(&r.messages);
	drop_scms(r.scms);
	if (r.peer)
		sock_put(&r.peer->sk);
	unix_gc();
}

/* ---- poll, ioctl, options, /proc ---- */

static uint32_t readable_bits_locked(const struct unix_sock *u)
{
	uint32_t bits = 0;

	if (u->sk.error)
		bits |= POLLERR;
	if (u->sk.shut & SOCK_SHUT_RD)
		bits |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (u->sk.shut == (SOCK_SHUT_RD | SOCK_SHUT_WR))
		bits |= POLLHUP;
	if (unix_ring_used(u) || !list_empty(&u->messages) || !list_empty(&u->accept_queue))
		bits |= POLLIN | POLLRDNORM;
	/* Linux: a connection that is not begun yet has hung up. */
	if (u->sk.type != SOCK_DGRAM && u->state == UNIX_CLOSED)
		bits |= POLLHUP;
	return bits;
}

/* Is there room at the other end? Sets its want_poll if not. */
static bool stream_writable(struct unix_sock *u, struct unix_sock *peer)
{
	bool ok;

	sock_lock(&peer->sk);
	ok = (peer->sk.shut & SOCK_SHUT_RD) || unix_ring_writable(peer, u);
	if (!ok)
		peer->want_poll = true;
	sock_unlock(&peer->sk);
	return ok;
}

static uint32_t unix_poll(struct sock *sk, struct poll_table *pt)
{
	struct unix_sock *u = unix_of(sk), *peer;
	bool listening, writable = true;
	uint32_t bits;

	sock_lock(sk);
	poll_join(pt, &sk->wait, &sk->lock);
	bits = readable_bits_locked(u);
	listening = u->state == UNIX_LISTEN;
	peer = u->peer;
	sock_unlock(sk);
	if (sk->type != SOCK_STREAM)
		writable = unix_dgram_writable(u);
	else if (peer) /* a stream's stays as long as the file does */
		writable = stream_writable(u, peer);
	if (writable && !listening)
		bits |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return bits;
}

static int inq(struct unix_sock *u, int32_t *n)
{
	struct unix_msg *msg;
	int err = 0;

	*n = 0;
	sock_lock(&u->sk);
	if (u->state == UNIX_LISTEN)
		err = -EINVAL;
	else if (u->sk.type == SOCK_STREAM)
		*n = (int32_t)unix_ring_used(u);
	else
		LIST_FOR_EACH(msg, &u->messages, link) {
			*n += (int32_t)msg->len;
			if (u->sk.type == SOCK_DGRAM)
				break;
		}
	sock_unlock(&u->sk);
	return err;
}

static int outq(struct unix_sock *u, int32_t *n)
{
	struct unix_sock *peer;

	if (u->sk.type != SOCK_STREAM) {
		*n = (int32_t)atomic_load(&u->sent);
		return 0;
	}
	*n = 0;
	peer = unix_peer_get(u);
	if (!peer)
		return 0;
	sock_lock(&peer->sk);
	*n = (int32_t)unix_ring_used(peer);
	sock_unlock(&peer->sk);
	sock_put(&peer->sk);
	return 0;
}

static int unix_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg)
{
	int32_t n;
	int err;

	if (cmd == SIOCINQ)
		err = inq(unix_of(sk), &n);
	else if (cmd == SIOCOUTQ)
		err = outq(unix_of(sk), &n);
	else
		return -ENOTTY;
	return err ? err : copyout(arg, &n, sizeof(n));
}

static int unix_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len)
{
	(void)sk;
	(void)name;
	(void)value;
	(void)len;
	return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

static int unix_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len)
{
	(void)sk;
	(void)name;
	(void)value;
	(void)len;
	return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

/* As Linux's /proc/net/unix, address first (always zero here). Abstract names begin with '@'. */
static int unix_proc_line(struct sock *sk, uint32_t index, char *buf, size_t size)
{
	struct unix_sock *u = unix_of(sk);
	const struct unix_addr *a = atomic_load(&u->addr);
	uint32_t state = atomic_load(&u->peer) ? 3 : 1;
	size_t n;

	(void)index;
	n = (size_t)kformat(buf, size, "0000000000000000: %08X 00000000 %08X %04X %02X %5llu",
		atomic_load(&sk->refs.count), sk->listening ? 0x10000u : 0u, (uint32_t)sk->type,
		state, (unsigned long long)sk->ino);
	if (a && n + 1 < size) {
		buf[n++] = ' ';
		for (uint32_t i = 0; i < a->len - PATH_OFFSET && n + 1 < size; i++) {
			char c = (char)a->bytes[PATH_OFFSET + i];

			if (c == 0 && a->path.dentry)
				break;
			buf[n++] = c ? c : '@';
		}
	}
	if (n + 1 < size)
		buf[n++] = '\n';
	return (int)n;
}

#define UNIX_OPS(send, recv)                                                                       \
	{.bind = unix_bind,                                                                        \
		.connect = unix_connect,                                                           \
		.listen = unix_listen,                                                             \
		.accept = unix_accept,                                                             \
		.getname = unix_getname,                                                           \
		.sendmsg = (send),                                                                 \
		.recvmsg = (recv),                                                                 \
		.shutdown = unix_shutdown,                                                         \
		.poll = unix_poll,                                                                 \
		.setsockopt = unix_setsockopt,                                                     \
		.getsockopt = unix_getsockopt,                                                     \
		.ioctl = unix_ioctl,                                                               \
		.release = unix_release,                                                           \
		.free = unix_free,                                                                 \
		.proc_line = unix_proc_line}
static const struct sock_ops unix_stream_ops = UNIX_OPS(unix_stream_sendmsg, unix_stream_recvmsg);
static const struct sock_ops unix_dgram_ops = UNIX_OPS(unix_dgram_sendmsg, unix_dgram_recvmsg);
static const struct sock_ops unix_seqpacket_ops = UNIX_OPS(unix_dgram_sendmsg, unix_dgram_recvmsg);

const struct sock_family unix_family = {
	.family = AF_UNIX, .create = unix_create, .pair = unix_pair};

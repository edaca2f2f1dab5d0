/*
 * mqueue.c - POSIX message queues: mq_open and its kin.
 * Spec: POSIX.1-2024 mq_open(); Linux mq_overview(7). A queue is reached by its name, which begins
 * without the slash here (libc cuts it off), and by descriptors, which can be polled.
 *
 * Locks: names_lock (RANK_IPC_TABLE) for the names, outside no other; queue.lock (RANK_IPC).
 */
#include "abi/ipc.h"
#include "fs/procfs.h"
#include "arch/arch.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "vfs/vfs.h"
#include "syscalls.h"

#define QUEUES_MAX 256u
#define NAME_SIZE 256u
#define PRIORITIES 32768u
#define DEFAULT_MESSAGES 10
#define DEFAULT_SIZE 8192
#define USER_MESSAGES 10 /* more is root's */
#define USER_SIZE 8192
#define ROOT_MESSAGES 65536
#define ROOT_SIZE (16 << 20)

struct message {
	struct list link;
	uint32_t priority, len;
	uint8_t data[];
};

struct mqueue {
	struct ref refs;  /* the name, and each open description */
	struct list link; /* [names_lock] */
	struct lock lock;
	struct list messages;		 /* [l] highest priority first, oldest first among equals */
	struct waitq senders, receivers; /* [l] pollers are in both */
	uint32_t count, bytes;		 /* [l] */
	uint32_t messages_max, size_max; /* [i] */
	uint32_t receiving;		 /* [l] callers that wait for a message */
	uint32_t mode, uid, gid;	 /* [i] */
	struct proc *notify;   /* [l] referenced: who is told of a message; NULL: nobody */
	uint32_t notify_how;   /* [l] SIGEV_* */
	int32_t notify_signo;  /* [l] */
	uint32_t notify_value; /* [l] */
	char name[NAME_SIZE];  /* [i] */
};

static struct lock names_lock = LOCK_INIT(RANK_IPC_TABLE);
static struct list names = LIST_INIT(names); /* [names_lock] */
static uint32_t name_count;		     /* [names_lock] */

static void queue_put(struct mqueue *q)
{
	struct message *m;

	if (!ref_put(&q->refs))
		return;
	while ((m = LIST_FIRST(&q->messages, struct message, link))) {
		list_del(&m->link);
		kfree(m);
	}
	if (q->notify)
		proc_put(q->notify);
	kfree(q);
}

/* ---- names ---- */

static struct mqueue *find_locked(const char *name)
{
	struct mqueue *q;

	LIST_FOR_EACH(q, &names, link) {
		if (strcmp(q->name, name) == 0)
			return q;
	}
	return NULL;
}

static int copyin_name(char *name, uaddr_t at)
{
	ssize_t n = copyin_str(name, at, NAME_SIZE);

	if (n < 0)
		return (int)n;
	if (n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return n == 0 ? -ENOENT : -EACCES;
	for (ssize_t i = 0; i < n; i++) {
		if (name[i] == '/')
			return -EACCES;
	}
	return 0;
}

static int may_open(const struct mqueue *q, uint32_t flags)
{
	const struct cred *c = cred_self();
	uint32_t mode = q->mode;
	bool r = (flags & O_ACCMODE) != O_WRONLY, w = (flags & O_ACCMODE) != O_RDONLY;

	if (c->fsuid == q->uid)
		mode >>= 6;
	else if (cred_in_group(c, q->gid))
		mode >>= 3;
	if (cred_is_root(c) || ((!r || (mode & 4)) && (!w || (mode & 2))))
		return 0;
	return -EACCES;
}

static struct mqueue *queue_new(const char *name, uint32_t mode, uaddr_t attr)
{
	struct abi_mq_attr a = {.maxmsg = DEFAULT_MESSAGES, .msgsize = DEFAULT_SIZE};
	bool root = cred_is_root(cred_self());
	struct mqueue *q;

	if (attr && copyin(&a, attr, sizeof(a)))
		return ERR_PTR(-EFAULT);
	if (a.maxmsg <= 0 || a.msgsize <= 0 || a.maxmsg > (root ? ROOT_MESSAGES : USER_MESSAGES) ||
		a.msgsize > (root ? ROOT_SIZE : USER_SIZE))
		return ERR_PTR(-EINVAL);
	q = kzalloc(sizeof(*q));
	if (!q)
		return ERR_PTR(-ENOMEM);
	ref_init(&q->refs, 2); /* the name's, and the caller's */
	lock_init(&q->lock, RANK_IPC);
	list_init(&q->messages);
	waitq_init(&q->senders);
	waitq_init(&q->receivers);
	q->messages_max = (uint32_t)a.maxmsg;
	q->size_max = (uint32_t)a.msgsize;
	q->mode = mode & 0777 & ~atomic_load(&proc_self()->fs->umask);
	q->uid = cred_self()->fsuid;
	q->gid = cred_self()->fsgid;
	str_copy(q->name, name, sizeof(q->name));
	return q;
}

static int insert_locked(struct mqueue *q)
{
	if (name_count >= QUEUES_MAX)
		return -ENOSPC;
	list_add_tail(&names, &q->link);
	name_count++;
	return 0;
}

/* The queue of that name, or a new one. Referenced. */
static struct mqueue *queue_open(const char *name, uint32_t flags, uint32_t mode, uaddr_t attr)
{
	struct mqueue *fresh = NULL, *q;
	int err = 0;

	if (flags & O_CREAT) {
		fresh = queue_new(name, mode, attr);
		if (IS_ERR(fresh) && PTR_ERR(fresh) != -EINVAL)
			return fresh;
	}
	lock_acquire(&names_lock);
	q = find_locked(name);
	if (q && (flags & O_CREAT) && (flags & O_EXCL))
		err = -EEXIST;
	else if (!q && !(flags & O_CREAT))
		err = -ENOENT;
	else if (!q && IS_ERR(fresh))
		err = PTR_ERR(fresh); /* attributes only matter to a new one */
	else if (!q)
		err = insert_locked(fresh);
	else
		err = may_open(q, flags);
	if (!err && q)
		ref_get(&q->refs);
	lock_release(&names_lock);
	if (!err && !q)
		return fresh;
	if (fresh && !IS_ERR(fresh)) {
		queue_put(fresh);
		queue_put(fresh);
	}
	return err ? ERR_PTR(err) : q;
}

/* ---- the descriptor ---- */

static uint32_t mq_poll(struct file *file, struct poll_table *pt)
{
	struct mqueue *q = file->priv;
	uint32_t bits = 0;

	lock_acquire(&q->lock);
	poll_join(pt, &q->receivers, &q->lock);
	poll_join(pt, &q->senders, &q->lock);
	if (q->count > 0)
		bits |= POLLIN | POLLRDNORM;
	if (q->count < q->messages_max)
		bits |= POLLOUT | POLLWRNORM;
	lock_release(&q->lock);
	return bits;
}

/* What Linux shows to who reads the descriptor. */
static ssize_t mq_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct mqueue *q = file->priv;
	char line[80];
	size_t n;

	lock_acquire(&q->lock);
	n = (size_t)kformat(line, sizeof(line),
		"QSIZE:%-10u NOTIFY:%-5u SIGNO:%-5d NOTIFY_PID:%-6u\n", q->bytes,
		q->notify ? q->notify_how : 0, q->notify ? q->notify_signo : 0,
		q->notify ? q->notify->pid : 0);
	lock_release(&q->lock);
	if (*pos >= n)
		return 0;
	n = iob_put(b, line + *pos, n - (size_t)*pos);
	*pos += n;
	return (ssize_t)n;
}

/* A process that closes the queue is told of nothing any more. */
static void forget_notify_locked(struct mqueue *q, struct proc **gone)
{
	*gone = q->notify;
	q->notify = NULL;
}

static void mq_release(struct file *file)
{
	struct mqueue *q = file->priv;
	struct proc *gone = NULL;

	lock_acquire(&q->lock);
	if (q->notify == proc_self())
		forget_notify_locked(q, &gone);
	lock_release(&q->lock);
	if (gone)
		proc_put(gone);
	queue_put(q);
}

static const struct file_ops mq_ops = {
	.release = mq_release,
	.read = mq_read,
	.poll = mq_poll,
};

/* A descriptor. -ENOENT, -EEXIST, -EACCES, -EINVAL, -ENOSPC, -ENAMETOOLONG, -EMFILE, -ENOMEM. */
int sys_mq_open(uaddr_t uname, uint32_t flags, uint32_t mode, uaddr_t attr)
{
	char *name = kmalloc(NAME_SIZE);
	struct mqueue *q;
	struct file *f;
	int fd;

	if (!name)
		return -ENOMEM;
	fd = copyin_name(name, uname);
	q = fd ? ERR_PTR(fd) : queue_open(name, flags, mode, attr);
	kfree(name);
	if (IS_ERR(q))
		return PTR_ERR(q);
	f = file_new_anon(&mq_ops, flags & (O_ACCMODE | O_NONBLOCK), "mqueue", q);
	if (!f) {
		queue_put(q);
		return -ENOMEM;
	}
	return fd_give(f, O_CLOEXEC); /* as Linux: always */
}

int sys_mq_unlink(uaddr_t uname)
{
	char *name = kmalloc(NAME_SIZE);
	struct mqueue *q = NULL;
	int err;

	if (!name)
		return -ENOMEM;
	err = copyin_name(name, uname);
	lock_acquire(&names_lock);
	if (!err) {
		q = find_locked(name);
		if (!q)
			err = -ENOENT;
		else if (cred_self()->fsuid != q->uid && !cred_is_root(cred_self()))
			err = -EACCES;
		if (!err) {
			list_del(&q->link);
			name_count--;
		}
	}
	lock_release(&names_lock);
	kfree(name);
	if (!err)
		queue_put(q);
	return err;
}

/* The queue behind fd; *file is referenced. access: O_RDONLY or O_WRONLY. */
static struct mqueue *queue_from(int32_t fd, uint32_t access, struct file **file)
{
	struct file *f = fd_get(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops != &mq_ops || (access == O_RDONLY ? !file_readable(f) : !file_writable(f))) {
		file_put(f);
		return ERR_PTR(-EBADF);
	}
	*file = f;
	return f->priv;
}

/* ---- sending ---- */

static void insert_message_locked(struct mqueue *q, struct message *m)
{
	struct message *at;

	LIST_FOR_EACH(at, &q->messages, link) {
		if (at->priority < m->priority)
			break;
	}
	list_add_tail(&at->link, &m->link); /* before `at`, which may be the head */
	q->count++;
	q->bytes += m->len;
}

/* Sleep once on one of the queues. -EAGAIN, -ETIMEDOUT, -PLEAT_ERESTARTSYS. */
static int wait_locked(struct mqueue *q, struct file *f, struct waitq *on, uint64_t deadline_ns)
{
	int err;

	if (atomic_load(&f->flags) & O_NONBLOCK)
		return -EAGAIN;
	err = waitq_sleep(on, &q->lock, deadline_ns, WAIT_INTR);
	return err == -EINTR ? -PLEAT_ERESTARTSYS : err;
}

/* The first message of an empty queue that nobody waits for: tell who asked, once. */
static struct proc *take_notify_locked(struct mqueue *q, struct abi_siginfo *info)
{
	struct proc *p = q->notify;

	if (!p || q->count > 1 || q->receiving > 0)
		return NULL;
	*info = (struct abi_siginfo){.signo = q->notify_signo, .code = SI_MESGQ};
	info->u.kill.pid = (int32_t)proc_self()->pid;
	info->u.kill.uid = cred_self()->ruid;
	info->u.kill.value = (int32_t)q->notify_value;
	if (q->notify_how != SIGEV_SIGNAL)
		info->signo = 0;
	q->notify = NULL;
	return p;
}

static int send_locked(struct mqueue *q, struct file *f, struct message *m, uint64_t deadline_ns)
{
	int err = 0;

	while (!err && q->count >= q->messages_max)
		err = wait_locked(q, f, &q->senders, deadline_ns);
	if (err)
		return err;
	insert_message_locked(q, m);
	waitq_wake_key(&q->receivers, POLLIN | POLLRDNORM);
	return 0;
}

/* An absolute CLOCK_REALTIME time. */
static int copyin_deadline(uaddr_t at, uint64_t *deadline_ns)
{
	uint64_t ns;
	int64_t when;
	int err;

	*deadline_ns = WAIT_FOREVER;
	if (!at)
		return 0;
	err = copyin_time(at, &ns);
	if (err)
		return err;
	when = clock_deadline(CLOCK_REALTIME, ns, true, arch_clock_ns());
	*deadline_ns = (uint64_t)MAX(when, 0);
	return 0;
}

/* -EMSGSIZE, -EINVAL, -EAGAIN, -ETIMEDOUT, -EBADF, -EFAULT. */
int sys_mq_timedsend_time64(
	int32_t fd, uaddr_t buf, uint32_t len, uint32_t priority, uaddr_t timeout)
{
	struct abi_siginfo info;
	struct message *m = NULL;
	struct proc *told = NULL;
	struct mqueue *q;
	struct file *f;
	uint64_t deadline_ns;
	int err;

	if (priority >= PRIORITIES)
		return -EINVAL;
	err = copyin_deadline(timeout, &deadline_ns);
	if (err)
		return err;
	q = queue_from(fd, O_WRONLY, &f);
	if (IS_ERR(q))
		return PTR_ERR(q);
	err = len > q->size_max ? -EMSGSIZE : 0;
	if (!err) {
		m = kmalloc(sizeof(*m) + len);
		err = m ? copyin(m->data, buf, len) : -ENOMEM;
	}
	if (!err) {
		m->priority = priority;
		m->len = len;
		lock_acquire(&q->lock);
		err = send_locked(q, f, m, deadline_ns);
		if (!err)
			told = take_notify_locked(q, &info);
		lock_release(&q->lock);
	}
	if (told && info.signo)
		(void)!signal_send_proc(told, info.signo, &info);
	if (told)
		proc_put(told);
	if (err)
		kfree(m);
	file_put(f);
	return err;
}

/* ---- receiving ---- */

/* Bytes of the message. -EMSGSIZE: buf is shorter than the queue's message size; the rest as above.
 */
int sys_mq_timedreceive_time64(
	int32_t fd, uaddr_t buf, uint32_t len, uaddr_t priority, uaddr_t timeout)
{
	struct message *m = NULL;
	struct mqueue *q;
	struct file *f;
	uint64_t deadline_ns;
	int err = copyin_deadline(timeout, &deadline_ns);

	if (err)
		return err;
	q = queue_from(fd, O_RDONLY, &f);
	if (IS_ERR(q))
		return PTR_ERR(q);
	if (len < q->size_max) {
		file_put(f);
		return -EMSGSIZE;
	}
	lock_acquire(&q->lock);
	q->receiving++;
	while (!err && !(m = LIST_FIRST(&q->messages, struct message, link)))
		err = wait_locked(q, f, &q->receivers, deadline_ns);
	q->receiving--;
	if (m) {
		list_del(&m->link);
		q->count--;
		q->bytes -= m->len;
		waitq_wake_key(&q->senders, POLLOUT | POLLWRNORM);
	}
	lock_release(&q->lock);
	file_put(f);
	if (!m)
		return err;
	err = copyout(buf, m->data, m->len);
	if (!err && priority)
		err = copyout(priority, &m->priority, sizeof(m->priority));
	if (!err)
		err = (int)m->len;
	kfree(m);
	return err;
}

/* ---- attributes and notification ---- */

/* struct sigevent as libc has it, as far as it is looked at. */
struct event {
	uint32_t value;
	int32_t signo;
	uint32_t notify;
};

/* event NULL: no more. -EBUSY: another process asked; -ENOSYS: SIGEV_THREAD; -EINVAL. */
int sys_mq_notify(int32_t fd, uaddr_t event)
{
	struct event e = {0};
	struct proc *self = proc_self(), *gone = NULL;
	struct mqueue *q;
	struct file *f = fd_get(fd);
	int err = 0;

	if (!f)
		return -EBADF;
	q = f->ops == &mq_ops ? f->priv : NULL;
	if (!q)
		err = -EBADF;
	else if (event && copyin(&e, event, sizeof(e)))
		err = -EFAULT;
	else if (event && e.notify == SIGEV_THREAD)
		err = -ENOSYS; /* libc would wait on a netlink socket for it */
	else if (event && (e.notify > SIGEV_NONE || (e.notify == SIGEV_SIGNAL &&
							    (e.signo < 1 || e.signo >= SIG_COUNT))))
		err = -EINVAL;
	if (!err) {
		lock_acquire(&q->lock);
		if (!event && q->notify == self)
			forget_notify_locked(q, &gone);
		else if (event && q->notify)
			err = -EBUSY;
		else if (event) {
			ref_get(&self->refs);
			q->notify = self;
			q->notify_how = e.notify;
			q->notify_signo = e.signo;
			q->notify_value = e.value;
		}
		lock_release(&q->lock);
	}
	if (gone)
		proc_put(gone);
	file_put(f);
	return err;
}

/* -EINVAL: other flags than O_NONBLOCK. */
int sys_mq_getsetattr(int32_t fd, uaddr_t set, uaddr_t get)
{
	struct abi_mq_attr in, out = {0};
	struct file *f = fd_get(fd);
	struct mqueue *q;
	int err = 0;

	if (!f)
		return -EBADF;
	if (f->ops != &mq_ops)
		err = -EBADF;
	else if (set && copyin(&in, set, sizeof(in)))
		err = -EFAULT;
	else if (set && ((uint32_t)in.flags & ~O_NONBLOCK))
		err = -EINVAL;
	if (err) {
		file_put(f);
		return err;
	}
	q = f->priv;
	lock_acquire(&q->lock);
	out.flags = (int32_t)(atomic_load(&f->flags) & O_NONBLOCK);
	out.maxmsg = (int32_t)q->messages_max;
	out.msgsize = (int32_t)q->size_max;
	out.curmsgs = (int32_t)q->count;
	if (set && (in.flags & (int32_t)O_NONBLOCK))
		atomic_or(&f->flags, (uint32_t)O_NONBLOCK);
	else if (set)
		atomic_and(&f->flags, ~(uint32_t)O_NONBLOCK);
	lock_release(&q->lock);
	file_put(f);
	return get ? copyout(get, &out, sizeof(out)) : 0;
}

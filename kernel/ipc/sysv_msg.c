/*
 * sysv_msg.c - SysV message queues: msgget, msgsnd, msgrcv, msgctl.
 * Spec: POSIX.1-2024 msgrcv(); Linux msgop(2).
 * Locks: obj.lock. Senders wait for room, receivers for messages, each in a queue of their own.
 */
#include "ipc/sysv.h"
#include "lib/alloc.h"
#include "proc/proc.h"
#include "syscalls.h"

#define MESSAGE_MAX 8192u
#define QUEUE_BYTES_DEFAULT 16384u

struct message {
	struct list link;
	int32_t type;
	uint32_t len;
	uint8_t data[];
};

struct msg_queue {
	struct ipc_obj obj;		  /* first */
	struct list messages;		  /* [obj.lock] oldest first */
	struct waitq senders, receivers;  /* [obj.lock] */
	uint32_t bytes, count, bytes_max; /* [obj.lock] */
	uint32_t send_pid, receive_pid;	  /* [obj.lock] */
	int64_t stime, rtime;		  /* [obj.lock] seconds */
};

static struct msg_queue *queue_of(struct ipc_obj *o)
{
	return (struct msg_queue *)o;
}

static void queue_free(struct ipc_obj *o)
{
	struct message *m;

	while ((m = LIST_FIRST(&queue_of(o)->messages, struct message, link))) {
		list_del(&m->link);
		kfree(m);
	}
	kfree(o);
}

static struct ipc_table queues = IPC_TABLE_INIT(queue_free);

static struct ipc_obj *make_queue(const void *arg)
{
	struct msg_queue *q = kzalloc(sizeof(*q));

	(void)arg;
	if (!q)
		return ERR_PTR(-ENOMEM);
	list_init(&q->messages);
	waitq_init(&q->senders);
	waitq_init(&q->receivers);
	q->bytes_max = QUEUE_BYTES_DEFAULT;
	return &q->obj;
}

static int check_queue(const struct ipc_obj *o, const void *arg)
{
	(void)o;
	(void)arg;
	return 0;
}

static const struct ipc_kind kind = {&queues, make_queue, check_queue};

int sys_msgget(uint32_t key, uint32_t flags)
{
	return ipc_get(&kind, key, flags, NULL);
}

/* ---- sending ---- */

/* Sleep once; the queue may be gone then. */
static int sleep_locked(struct msg_queue *q, struct waitq *on)
{
	int err = waitq_sleep(on, &q->obj.lock, WAIT_FOREVER, WAIT_INTR);

	return q->obj.gone ? -EIDRM : err; /* msgsnd and msgrcv are never restarted: signal(7) */
}

static bool has_room(const struct msg_queue *q, uint32_t len)
{
	return q->bytes + len <= q->bytes_max && q->count + 1 <= q->bytes_max;
}

static int send(int32_t id, struct message *m, uint32_t flags)
{
	struct ipc_obj *o;
	struct msg_queue *q;
	int err = ipc_lock(&queues, id, false, &o);

	if (err)
		return err;
	q = queue_of(o);
	err = ipc_permission_locked(o, 0222);
	while (!err && !has_room(q, m->len))
		err = flags & IPC_NOWAIT ? -EAGAIN : sleep_locked(q, &q->senders);
	if (!err) {
		list_add_tail(&q->messages, &m->link);
		q->bytes += m->len;
		q->count++;
		q->send_pid = proc_self()->pid;
		q->stime = ipc_now();
		waitq_wake_all(&q->receivers); /* each looks for a type of its own */
	}
	ipc_unlock_put(&queues, o);
	return err;
}

/* buf: a long, the type, and the bytes. -EINVAL, -EAGAIN, -EACCES, -EINTR, -EIDRM, -EFAULT. */
int sys_msgsnd(int id, uaddr_t buf, uint32_t len, uint32_t flags)
{
	struct message *m;
	int err;

	if (len > MESSAGE_MAX || id < 0)
		return -EINVAL;
	m = kmalloc(sizeof(*m) + len);
	if (!m)
		return -ENOMEM;
	m->len = len;
	err = copyin(&m->type, buf, sizeof(m->type));
	if (!err && m->type < 1)
		err = -EINVAL;
	if (!err)
		err = copyin(m->data, buf + sizeof(m->type), len);
	if (!err)
		err = send(id, m, flags);
	if (err)
		kfree(m);
	return err;
}

/* ---- receiving ---- */

/* type > 0: the first of it (MSG_EXCEPT: of another); 0: the first; < 0: the least up to -type. */
static struct message *pick_locked(struct msg_queue *q, int32_t type, uint32_t flags)
{
	struct message *m, *best = NULL;
	int32_t n = 0;

	LIST_FOR_EACH(m, &q->messages, link) {
		if (flags & MSG_COPY) {
			if (n++ == type)
				return m;
		} else if (type == 0) {
			return m;
		} else if (type > 0) {
			if ((m->type == type) != !!(flags & MSG_EXCEPT))
				return m;
		} else if (m->type <= -(int64_t)type && (!best || m->type < best->type)) {
			best = m;
		}
	}
	return best;
}

static struct message *copy_of(const struct message *m)
{
	struct message *c = kmalloc(sizeof(*c) + m->len);

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->type = m->type;
	c->len = m->len;
	for (uint32_t i = 0; i < m->len; i++)
		c->data[i] = m->data[i];
	return c;
}

static struct message *take_locked(
	struct msg_queue *q, struct message *m, uint32_t len, uint32_t flags)
{
	if (m->len > len && !(flags & MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	if (flags & MSG_COPY)
		return copy_of(m);
	list_del(&m->link);
	q->bytes -= m->len;
	q->count--;
	q->receive_pid = proc_self()->pid;
	q->rtime = ipc_now();
	waitq_wake_all(&q->senders);
	return m;
}

static struct message *receive(int32_t id, uint32_t len, int32_t type, uint32_t flags)
{
	struct ipc_obj *o;
	struct msg_queue *q;
	struct message *m = NULL;
	int err = ipc_lock(&queues, id, false, &o);

	if (err)
		return ERR_PTR(err);
	q = queue_of(o);
	err = ipc_permission_locked(o, 0444);
	while (!err && !(m = pick_locked(q, type, flags)))
		err = flags & IPC_NOWAIT ? -ENOMSG : sleep_locked(q, &q->receivers);
	if (!err)
		m = take_locked(q, m, len, flags);
	ipc_unlock_put(&queues, o);
	return err ? ERR_PTR(err) : m;
}

/* Bytes of the message. -E2BIG, -ENOMSG, -EACCES, -EINTR, -EIDRM, -EINVAL, -EFAULT. */
int sys_msgrcv(int id, uaddr_t buf, uint32_t len, int type, uint32_t flags)
{
	struct message *m;
	int result;

	if (id < 0 || len > INT32_MAX)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	m = receive(id, len, type, flags);
	if (IS_ERR(m))
		return PTR_ERR(m);
	len = MIN(len, m->len);
	result = copyout(buf, &m->type, sizeof(m->type));
	if (!result)
		result = copyout(buf + sizeof(m->type), m->data, len);
	kfree(m);
	return result ? result : (int)len;
}

/* ---- msgctl ---- */

static int stat_queue(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_msqid_ds ds = {0};
	struct ipc_obj *o;
	int result = ipc_lock(&queues, id, cmd != IPC_STAT, &o);

	if (result)
		return result;
	if (cmd != MSG_STAT_ANY)
		result = ipc_permission_locked(o, 0444);
	ipc_perm_out_locked(o, &ds.perm);
	ds.stime = ipc_time(queue_of(o)->stime);
	ds.rtime = ipc_time(queue_of(o)->rtime);
	ds.ctime = ipc_time(o->ctime);
	ds.cbytes = queue_of(o)->bytes;
	ds.qnum = queue_of(o)->count;
	ds.qbytes = queue_of(o)->bytes_max;
	ds.lspid = (int32_t)queue_of(o)->send_pid;
	ds.lrpid = (int32_t)queue_of(o)->receive_pid;
	if (!result && cmd != IPC_STAT)
		result = (int)o->id;
	ipc_unlock_put(&queues, o);
	if (result >= 0 && copyout(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return result;
}

static int set_locked(struct ipc_obj *o, const struct abi_msqid_ds *ds)
{
	if (ds->qbytes > QUEUE_BYTES_DEFAULT && !cred_is_root(cred_self()))
		return -EPERM;
	queue_of(o)->bytes_max = ds->qbytes;
	ipc_perm_in_locked(o, &ds->perm);
	waitq_wake_all(&queue_of(o)->senders);
	return 0;
}

static int change_queue(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_msqid_ds ds;
	struct ipc_obj *o;
	int err = cmd == IPC_SET ? copyin(&ds, buf, sizeof(ds)) : 0;

	if (!err)
		err = ipc_lock(&queues, id, false, &o);
	if (err)
		return err;
	err = ipc_owner_locked(o);
	if (!err && cmd == IPC_SET) {
		err = set_locked(o, &ds);
	} else if (!err) {
		ipc_remove_locked(&queues, o);
		waitq_wake_all(&queue_of(o)->senders);
		waitq_wake_all(&queue_of(o)->receivers);
	}
	ipc_unlock_put(&queues, o);
	return err;
}

struct totals {
	uint32_t messages, bytes;
};

static void add_queue(struct ipc_obj *o, void *arg)
{
	struct totals *t = arg;

	t->messages += queue_of(o)->count;
	t->bytes += queue_of(o)->bytes;
}

static int info(uint32_t cmd, uaddr_t buf)
{
	struct abi_msginfo i = {.mni = IPC_SLOTS,
		.max = MESSAGE_MAX,
		.mnb = QUEUE_BYTES_DEFAULT,
		.pool = IPC_SLOTS * (QUEUE_BYTES_DEFAULT / 1024),
		.map = QUEUE_BYTES_DEFAULT,
		.ssz = 16,
		.tql = QUEUE_BYTES_DEFAULT,
		.seg = 0xffff};
	struct totals t = {0};
	uint32_t count, highest;

	ipc_count(&queues, &count, &highest);
	if (cmd == MSG_INFO) {
		ipc_for_each(&queues, add_queue, &t);
		i.pool = (int32_t)count;
		i.map = (int32_t)t.messages;
		i.tql = (int32_t)t.bytes;
	}
	return copyout(buf, &i, sizeof(i)) ? -EFAULT : (int)highest;
}

int sys_msgctl(int id, uint32_t cmd, uaddr_t buf)
{
	cmd &= ~IPC_64;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return info(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return stat_queue(id, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
		return change_queue(id, cmd, buf);
	}
	return -EINVAL;
}

/* ---- /proc/sysvipc/msg ---- */

static void text_line(struct ipc_obj *o, void *arg)
{
	const struct msg_queue *q = queue_of(o);

	text_add(arg, "%10d %10d  %4o  %10u %10u %5u %5u %5u %5u %5u %5u %10lld %10lld %10lld\n",
		(int)o->key, (int)o->id, o->mode, q->bytes, q->count, q->send_pid, q->receive_pid,
		o->uid, o->gid, o->cuid, o->cgid, (long long)q->stime, (long long)q->rtime,
		(long long)o->ctime);
}

int sysv_msg_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t,
		"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid"
		"  cgid      stime      rtime      ctime\n");
	ipc_for_each(&queues, text_line, t);
	return 0;
}

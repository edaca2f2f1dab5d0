/*
 * sysv_sem.c - SysV semaphore sets: semget, semop, semctl, and what is undone at exit.
 * Spec: POSIX.1-2024 semop(); Linux semctl(2).
 *
 * All operations of one semop() happen at once or none does. A caller that cannot go on sleeps on
 * the set's queue and tries again after each change.
 *
 * Locks: obj.lock for values, waiters and undo values; proc.lock for a process's list of undos.
 */
#include "ipc/sysv.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "syscalls.h"

#define SEM_VALUE_MAX 32767
#define SEM_OPS_MAX 500u
#define SEM_PER_SET_MAX 32000u

struct sem {
	uint16_t value;	   /* [obj.lock] */
	uint16_t for_more; /* [obj.lock] callers that wait for it to rise */
	uint16_t for_zero; /* [obj.lock] callers that wait for it to be 0 */
	uint32_t pid;	   /* [obj.lock] of the last operation */
};

struct sem_set {
	struct ipc_obj obj; /* first */
	struct waitq changed;
	struct list undos; /* [obj.lock] of sem_undo.set_link */
	int64_t otime;	   /* [obj.lock] */
	uint32_t count;	   /* [i] */
	struct sem sems[];
};

/* What one process's end will add to the semaphores of one set. Goes with the process. */
struct sem_undo {
	struct list proc_link; /* [proc.lock] */
	struct list set_link;  /* [set.obj.lock] */
	struct sem_set *set;   /* [i] referenced */
	int32_t adjust[];      /* [set.obj.lock] */
};

static void set_free(struct ipc_obj *o)
{
	kfree(o);
}

static struct ipc_table sets = IPC_TABLE_INIT(set_free);

static struct sem_set *set_of(struct ipc_obj *o)
{
	return (struct sem_set *)o;
}

/* ---- semget ---- */

static struct ipc_obj *make_set(const void *arg)
{
	uint32_t n = *(const uint32_t *)arg;
	struct sem_set *s;

	if (n == 0)
		return ERR_PTR(-EINVAL);
	s = kzalloc(sizeof(*s) + n * sizeof(s->sems[0]));
	if (!s)
		return ERR_PTR(-ENOMEM);
	waitq_init(&s->changed);
	list_init(&s->undos);
	s->count = n;
	return &s->obj;
}

static int check_set(const struct ipc_obj *o, const void *arg)
{
	return *(const uint32_t *)arg > ((const struct sem_set *)o)->count ? -EINVAL : 0;
}

static const struct ipc_kind kind = {&sets, make_set, check_set};

/* A set of n semaphores. -EINVAL, -ENOENT, -EEXIST, -EACCES, -ENOMEM, -ENOSPC. */
int sys_semget(uint32_t key, int n, uint32_t flags)
{
	uint32_t count = (uint32_t)n;

	if (n < 0 || count > SEM_PER_SET_MAX)
		return -EINVAL;
	return ipc_get(&kind, key, flags, &count);
}

/* ---- undo ---- */

/* The undo values of p for s; if there are none yet, `fresh` unless NULL. p->lock is held. */
static struct sem_undo *find_undo_locked(struct proc *p, struct sem_set *s, struct sem_undo *fresh)
{
	struct sem_undo *u;

	LIST_FOR_EACH(u, &p->sem_undos, proc_link) {
		if (u->set == s)
			return u;
	}
	if (fresh) {
		fresh->set = s;
		ipc_get_ref(&s->obj);
		list_add_tail(&p->sem_undos, &fresh->proc_link);
		lock_acquire(&s->obj.lock);
		list_add_tail(&s->undos, &fresh->set_link);
		lock_release(&s->obj.lock);
	}
	return fresh;
}

/* The calling process's undo values for s, made if need be. NULL: no memory. */
static struct sem_undo *undo_of(struct sem_set *s)
{
	struct proc *p = proc_self();
	struct sem_undo *fresh = kzalloc(sizeof(*fresh) + s->count * sizeof(fresh->adjust[0]));
	struct sem_undo *u;

	lock_acquire(&p->lock);
	u = find_undo_locked(p, s, fresh);
	lock_release(&p->lock);
	if (u != fresh)
		kfree(fresh);
	return u;
}

void sysv_sem_exit(struct proc *p)
{
	struct sem_undo *u;

	for (;;) {
		lock_acquire(&p->lock);
		u = LIST_FIRST(&p->sem_undos, struct sem_undo, proc_link);
		if (u)
			list_del(&u->proc_link);
		lock_release(&p->lock);
		if (!u)
			return;
		struct sem_set *s = u->set;

		lock_acquire(&s->obj.lock);
		list_del(&u->set_link);
		for (uint32_t i = 0; i < s->count && !s->obj.gone; i++) {
			int32_t value = s->sems[i].value + u->adjust[i];

			if (!u->adjust[i])
				continue;
			s->sems[i].value = (uint16_t)MIN(MAX(value, 0), SEM_VALUE_MAX);
			s->sems[i].pid = p->pid;
		}
		waitq_wake_all(&s->changed);
		ipc_unlock_put(&sets, &s->obj);
		kfree(u);
	}
}

/* ---- semop ---- */

struct operation {
	struct sem_set *set;
	struct sem_undo *undo; /* NULL: no operation has SEM_UNDO */
	struct abi_sembuf *ops;
	uint32_t n;
	uint32_t blocked; /* the operation that could not be done */
};

static int undo_ok(const struct operation *o, const struct abi_sembuf *op)
{
	int32_t adjust;

	if (!(op->flags & SEM_UNDO))
		return 0;
	adjust = o->undo->adjust[op->num] - op->op;
	return adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX ? -ERANGE : 0;
}

/* Do the first n operations backwards: they were done a moment ago. */
static void take_back_locked(struct operation *o, uint32_t n)
{
	while (n-- > 0) {
		const struct abi_sembuf *op = &o->ops[n];

		o->set->sems[op->num].value = (uint16_t)(o->set->sems[op->num].value - op->op);
		if (op->flags & SEM_UNDO)
			o->undo->adjust[op->num] += op->op;
	}
}

/* All or nothing. 0; -EAGAIN: o->blocked says which must wait; -ERANGE. */
static int try_locked(struct operation *o)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < o->n; i++) {
		const struct abi_sembuf *op = &o->ops[i];
		struct sem *sem = &o->set->sems[op->num];
		int32_t value = sem->value + op->op;

		if (op->op == 0 ? sem->value != 0 : value < 0)
			err = -EAGAIN;
		else if (value > SEM_VALUE_MAX)
			err = -ERANGE;
		else
			err = undo_ok(o, op);
		if (err)
			break;
		sem->value = (uint16_t)value;
		if (op->flags & SEM_UNDO)
			o->undo->adjust[op->num] -= op->op;
	}
	if (err) {
		o->blocked = i;
		take_back_locked(o, i);
		return err;
	}
	for (i = 0; i < o->n; i++)
		o->set->sems[o->ops[i].num].pid = proc_self()->pid;
	o->set->otime = ipc_now();
	waitq_wake_all(&o->set->changed);
	return 0;
}

/* Sleep until the set changes. 0: try again. -EAGAIN (late, or IPC_NOWAIT), -EINTR, -EIDRM. */
static int wait_locked(struct operation *o, uint64_t deadline_ns)
{
	const struct abi_sembuf *op = &o->ops[o->blocked];
	struct sem *sem = &o->set->sems[op->num];
	uint16_t *waiters = op->op == 0 ? &sem->for_zero : &sem->for_more;
	int err;

	if (op->flags & (int16_t)IPC_NOWAIT)
		return -EAGAIN;
	(*waiters)++;
	err = waitq_sleep(&o->set->changed, &o->set->obj.lock, deadline_ns, WAIT_INTR);
	(*waiters)--;
	if (o->set->obj.gone)
		return -EIDRM;
	return err == -ETIMEDOUT ? -EAGAIN : err; /* semop is never restarted: signal(7) */
}

static int check_ops(const struct operation *o, bool *alters, bool *undoes)
{
	*alters = *undoes = false;
	for (uint32_t i = 0; i < o->n; i++) {
		if (o->ops[i].num >= o->set->count)
			return -EFBIG;
		*alters |= o->ops[i].op != 0;
		*undoes |= o->ops[i].flags & SEM_UNDO;
	}
	return 0;
}

static int operate(int32_t id, struct abi_sembuf *ops, uint32_t n, uint64_t deadline_ns)
{
	struct operation o = {.ops = ops, .n = n};
	struct ipc_obj *obj;
	bool alters, undoes;
	int err = ipc_lock(&sets, id, false, &obj);

	if (err)
		return err;
	o.set = set_of(obj);
	err = check_ops(&o, &alters, &undoes);
	if (!err)
		err = ipc_permission_locked(obj, alters ? 0222 : 0444);
	if (!err && undoes) {
		lock_release(&obj->lock); /* the reference stays */
		o.undo = undo_of(o.set);
		lock_acquire(&obj->lock);
		err = obj->gone ? -EIDRM : o.undo ? 0 : -ENOMEM;
	}
	while (!err) {
		err = try_locked(&o);
		if (err != -EAGAIN)
			break;
		err = wait_locked(&o, deadline_ns);
	}
	ipc_unlock_put(&sets, obj);
	return err;
}

/* timeout NULL: for ever. -E2BIG, -EFBIG, -EACCES, -EAGAIN, -EINTR, -EIDRM, -ERANGE, -EFAULT. */
int sys_semtimedop_time64(int id, uaddr_t uops, uint32_t n, uaddr_t timeout)
{
	struct abi_sembuf few[8], *ops = few;
	uint64_t deadline_ns;
	int err;

	if (n < 1 || id < 0)
		return -EINVAL;
	if (n > SEM_OPS_MAX)
		return -E2BIG;
	err = copyin_timeout(timeout, &deadline_ns);
	if (err)
		return err;
	if (n > ARRAY_LEN(few)) {
		ops = kmalloc(n * sizeof(*ops));
		if (!ops)
			return -ENOMEM;
	}
	err = copyin(ops, uops, n * sizeof(*ops));
	if (!err)
		err = operate(id, ops, n, deadline_ns);
	if (ops != few)
		kfree(ops);
	return err;
}

int sys_semop(int id, uaddr_t ops, uint32_t n)
{
	return sys_semtimedop_time64(id, ops, n, 0);
}

/* ---- semctl ---- */

/* A value that is set takes the place of what anybody promised to undo. */
static void forget_undo_locked(struct sem_set *s, uint32_t num)
{
	struct sem_undo *u;

	LIST_FOR_EACH(u, &s->undos, set_link)
		u->adjust[num] = 0;
}

static void set_value_locked(struct sem_set *s, uint32_t num, uint16_t value)
{
	forget_undo_locked(s, num);
	s->sems[num].value = value;
	s->sems[num].pid = proc_self()->pid;
	s->obj.ctime = ipc_now();
}

static int get_all(struct sem_set *s, uint16_t *values)
{
	int err = ipc_permission_locked(&s->obj, 0444);

	for (uint32_t i = 0; i < s->count && !err; i++)
		values[i] = s->sems[i].value;
	return err;
}

static int set_all(struct sem_set *s, const uint16_t *values)
{
	int err = ipc_permission_locked(&s->obj, 0222);

	for (uint32_t i = 0; i < s->count && !err; i++) {
		if (values[i] > SEM_VALUE_MAX)
			err = -ERANGE;
	}
	for (uint32_t i = 0; i < s->count && !err; i++)
		set_value_locked(s, i, values[i]);
	if (!err)
		waitq_wake_all(&s->changed);
	return err;
}

/* GETALL and SETALL: the values are copied without the lock; the number of them is fixed. */
static int all_values(int32_t id, uint32_t cmd, uaddr_t array)
{
	struct ipc_obj *o;
	uint16_t *values;
	uint32_t bytes;
	int err = ipc_lock(&sets, id, false, &o);

	if (err)
		return err;
	bytes = set_of(o)->count * (uint32_t)sizeof(*values);
	lock_release(&o->lock);
	values = kmalloc(bytes);
	err = values ? 0 : -ENOMEM;
	if (!err && cmd == SETALL)
		err = copyin(values, array, bytes);
	lock_acquire(&o->lock);
	if (!err && o->gone)
		err = -EIDRM;
	if (!err)
		err = cmd == SETALL ? set_all(set_of(o), values) : get_all(set_of(o), values);
	ipc_unlock_put(&sets, o);
	if (!err && cmd == GETALL)
		err = copyout(array, values, bytes);
	kfree(values);
	return err;
}

static int one_value_locked(struct sem_set *s, uint32_t num, uint32_t cmd, uint32_t arg)
{
	const struct sem *sem;
	int err;

	if (num >= s->count)
		return -EINVAL;
	sem = &s->sems[num];
	err = ipc_permission_locked(&s->obj, cmd == SETVAL ? 0222 : 0444);
	if (err)
		return err;
	switch (cmd) {
	case GETVAL:
		return sem->value;
	case GETPID:
		return (int)sem->pid;
	case GETNCNT:
		return sem->for_more;
	case GETZCNT:
		return sem->for_zero;
	}
	if (arg > SEM_VALUE_MAX)
		return -ERANGE;
	set_value_locked(s, num, (uint16_t)arg);
	waitq_wake_all(&s->changed);
	return 0;
}

static int one_value(int32_t id, uint32_t num, uint32_t cmd, uint32_t arg)
{
	struct ipc_obj *o;
	int result = ipc_lock(&sets, id, false, &o);

	if (result)
		return result;
	result = one_value_locked(set_of(o), num, cmd, arg);
	ipc_unlock_put(&sets, o);
	return result;
}

static int stat_set(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_semid_ds ds = {0};
	struct ipc_obj *o;
	int result = ipc_lock(&sets, id, cmd != IPC_STAT, &o);

	if (result)
		return result;
	if (cmd != SEM_STAT_ANY)
		result = ipc_permission_locked(o, 0444);
	ipc_perm_out_locked(o, &ds.perm);
	ds.otime = ipc_time(set_of(o)->otime);
	ds.ctime = ipc_time(o->ctime);
	ds.nsems = set_of(o)->count;
	if (!result && cmd != IPC_STAT)
		result = (int)o->id;
	ipc_unlock_put(&sets, o);
	if (result >= 0 && copyout(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return result;
}

static int change_set(int32_t id, uint32_t cmd, uaddr_t buf)
{
	struct abi_semid_ds ds;
	struct ipc_obj *o;
	int err = cmd == IPC_SET ? copyin(&ds, buf, sizeof(ds)) : 0;

	if (!err)
		err = ipc_lock(&sets, id, false, &o);
	if (err)
		return err;
	err = ipc_owner_locked(o);
	if (!err && cmd == IPC_SET) {
		ipc_perm_in_locked(o, &ds.perm);
	} else if (!err) {
		ipc_remove_locked(&sets, o);
		waitq_wake_all(&set_of(o)->changed);
	}
	ipc_unlock_put(&sets, o);
	return err;
}

static void add_sems(struct ipc_obj *o, void *arg)
{
	*(uint32_t *)arg += set_of(o)->count;
}

static int info(uint32_t cmd, uaddr_t buf)
{
	struct abi_seminfo i = {.mni = IPC_SLOTS,
		.msl = SEM_PER_SET_MAX,
		.mns = (int32_t)(IPC_SLOTS * SEM_PER_SET_MAX),
		.opm = SEM_OPS_MAX,
		.vmx = SEM_VALUE_MAX,
		.aem = SEM_VALUE_MAX,
		.mnu = (int32_t)(IPC_SLOTS * SEM_PER_SET_MAX),
		.map = (int32_t)(IPC_SLOTS * SEM_PER_SET_MAX),
		.ume = SEM_OPS_MAX,
		.usz = 20};
	uint32_t count, highest, total = 0;

	ipc_count(&sets, &count, &highest);
	if (cmd == SEM_INFO) {
		ipc_for_each(&sets, add_sems, &total);
		i.usz = (int32_t)count;
		i.aem = (int32_t)total;
	}
	return copyout(buf, &i, sizeof(i)) ? -EFAULT : (int)highest;
}

/* arg: a value, or the address of what the command fills or reads. */
int sys_semctl(int id, int num, uint32_t cmd, uint32_t arg)
{
	cmd &= ~IPC_64;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return info(cmd, arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return stat_set(id, cmd, arg);
	case IPC_SET:
	case IPC_RMID:
		return change_set(id, cmd, arg);
	case GETALL:
	case SETALL:
		return all_values(id, cmd, arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
	case SETVAL:
		return one_value(id, (uint32_t)num, cmd, arg);
	}
	return -EINVAL;
}

/* ---- /proc/sysvipc/sem ---- */

static void text_line(struct ipc_obj *o, void *arg)
{
	text_add(arg, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lld %10lld\n", (int)o->key,
		(int)o->id, o->mode, set_of(o)->count, o->uid, o->gid, o->cuid, o->cgid,
		(long long)set_of(o)->otime, (long long)o->ctime);
}

int sysv_sem_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t,
		"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      "
		"ctime\n");
	ipc_for_each(&sets, text_line, t);
	return 0;
}

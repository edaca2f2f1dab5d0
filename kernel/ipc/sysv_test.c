/*
 * Tests of SysV IPC and POSIX message queues: waiters against removal, kills and each other, undo
 * at the end of a process, and the life of shared segments.
 */
#include "tests/ktest_proc.h"
#include "arch/arch.h"
#include "ipc/sysv.h"
#include "mm/shared.h"

static int set_new(uint32_t n, uint32_t first)
{
	int id = sys_semget(IPC_PRIVATE, (int)n, IPC_CREAT | 0600);

	CHECK(id >= 0);
	CHECK_EQ(sys_semctl(id, 0, SETVAL, first), 0);
	return id;
}

static int op(int id, uint16_t num, int by, int flags)
{
	struct abi_sembuf b = {num, (int16_t)by, (int16_t)flags};

	return sys_semop(id, u_bytes(&b, sizeof(b)), 1);
}

struct task {
	int id;
	int by;
	uaddr_t ops; /* of one operation */
	int result;
};

static void operates(void *arg)
{
	struct task *t = arg;

	t->result = sys_semop(t->id, t->ops, 1);
}

static struct thread *operate(struct task *t, int id, int by, int flags)
{
	struct abi_sembuf b = {0, (int16_t)by, (int16_t)flags};

	t->id = id;
	t->ops = u_bytes(&b, sizeof(b));
	return ktest_thread(operates, t);
}

PROC_DET_TEST(semop_loses_no_wake_up, 1000)
{
	int id = set_new(1, 0);
	struct task a, b, c;
	struct thread *ta = operate(&a, id, -1, 0), *tb = operate(&b, id, -1, 0),
		      *tc = operate(&c, id, 2, 0);

	ktest_join(ta);
	ktest_join(tb);
	ktest_join(tc);
	CHECK(a.result == 0 && b.result == 0 && c.result == 0);
	CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), 0);
	CHECK_EQ(sys_semctl(id, 0, GETNCNT, 0), 0);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
}

PROC_DET_TEST(semop_that_waits_is_ended_by_removal, 1000)
{
	int id = set_new(1, 0);
	struct task a;
	struct thread *t = operate(&a, id, -1, 0);

	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
	ktest_join(t);
	CHECK(a.result == -EIDRM || a.result == -EINVAL);
}

PROC_DET_TEST(semop_that_waits_is_ended_by_a_kill, 1000)
{
	int id = set_new(1, 0);
	struct task a, b;
	struct thread *t = operate(&a, id, -1, 0), *post = operate(&b, id, 1, 0);

	waker_interrupt(&t->waker, INTR_KILL);
	ktest_join(t);
	ktest_join(post);
	/* It took the unit or left it; it is never half done. */
	CHECK(a.result == 0 || a.result == -EINTR);
	CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), a.result == 0 ? 0 : 1);
	CHECK_EQ(sys_semctl(id, 0, GETNCNT, 0), 0);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
}

static void promises(void *arg)
{
	struct abi_sembuf b = {0, 5, SEM_UNDO};
	struct task *t = arg;

	arch_copyout(U_ARENA, &b, sizeof(b)); /* in this process's own memory */
	t->result = sys_semop(t->id, U_ARENA, 1);
	CHECK(t->result == 0 || t->result == -EINVAL || t->result == -EIDRM);
	sysv_sem_exit(proc_self());
}

PROC_DET_TEST(sem_undo_meets_removal, 1000)
{
	struct proc *other = ktest_proc_new();
	int id = set_new(1, 1);
	struct task a = {.id = id};
	struct thread *t;

	t = ktest_thread_in(other, promises, &a);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
	ktest_join(t);
	ktest_proc_free(other);
}

PROC_TEST(sem_undo_gives_back_what_was_taken)
{
	int id = set_new(2, 3);

	CHECK_EQ(op(id, 0, -2, SEM_UNDO), 0);
	CHECK_EQ(op(id, 1, 4, SEM_UNDO), 0);
	CHECK_EQ(op(id, 1, -1, 0), 0);
	sysv_sem_exit(proc_self());
	CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), 3);
	CHECK_EQ(sys_semctl(id, 1, GETVAL, 0), 0); /* not below */
	CHECK_EQ(op(id, 0, -1, SEM_UNDO), 0);
	CHECK_EQ(sys_semctl(id, 0, SETVAL, 9), 0); /* forgets it */
	sysv_sem_exit(proc_self());
	CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), 9);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
}

PROC_TEST(ipc_ids_of_the_gone_are_not_another_s)
{
	int a = set_new(1, 0), b;

	CHECK_EQ(sys_semctl(a, 0, IPC_RMID, 0), 0);
	b = set_new(1, 0);
	CHECK(a != b);
	CHECK_EQ(sys_semctl(a, 0, GETVAL, 0), -EINVAL);
	CHECK_EQ(sys_semctl(b, 0, IPC_RMID, 0), 0);
	CHECK_EQ(sys_semctl(-1, 0, GETVAL, 0), -EINVAL);
	CHECK_EQ(sys_semget(IPC_PRIVATE, 40000, IPC_CREAT), -EINVAL);
	CHECK_EQ(sys_semtimedop_time64(0, 8, 1, 8), -EFAULT);
}

PROC_TEST(ipc_permissions_are_checked)
{
	int id = set_new(1, 0);

	ktest_become(1000, 1000);
	CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), -EACCES);
	CHECK_EQ(op(id, 0, 1, 0), -EACCES);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), -EPERM);
	ktest_become(0, 0);
	CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
}

struct makes {
	uint32_t key;
	int id;
};

static void makes_one(void *arg)
{
	struct makes *m = arg;

	m->id = sys_msgget(m->key, IPC_CREAT | IPC_EXCL | 0600);
}

PROC_DET_TEST(ipc_get_of_two_at_once_makes_one, 1000)
{
	struct makes a = {77, 0}, b = {77, 0};
	struct thread *ta = ktest_thread(makes_one, &a), *tb = ktest_thread(makes_one, &b);

	ktest_join(ta);
	ktest_join(tb);
	CHECK((a.id == -EEXIST) != (b.id == -EEXIST));
	CHECK_EQ(sys_msgctl(MAX(a.id, b.id), IPC_RMID, 0), 0);
}

/* ---- message queues ---- */

struct receiver {
	int id, type, result;
	uaddr_t buf;
};

static void receives(void *arg)
{
	struct receiver *r = arg;

	r->result = sys_msgrcv(r->id, r->buf, 8, r->type, 0);
}

PROC_DET_TEST(msgrcv_of_two_types_gets_each_its_own, 1000)
{
	int id = sys_msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	int32_t message[2] = {1, 0x41};
	struct receiver a = {id, 1, 0, u_alloc(16)}, b = {id, 2, 0, u_alloc(16)};
	struct thread *ta = ktest_thread(receives, &a), *tb = ktest_thread(receives, &b);

	message[0] = 2;
	CHECK_EQ(sys_msgsnd(id, u_bytes(message, 8), 4, 0), 0);
	message[0] = 1;
	CHECK_EQ(sys_msgsnd(id, u_bytes(message, 8), 3, 0), 0);
	ktest_join(ta);
	ktest_join(tb);
	CHECK_EQ(a.result, 3);
	CHECK_EQ(b.result, 4);
	CHECK_EQ(sys_msgctl(id, IPC_RMID, 0), 0);
}

PROC_DET_TEST(msgrcv_that_waits_is_ended_by_removal, 1000)
{
	int id = sys_msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	struct receiver a = {id, 1, 0, u_alloc(16)};
	struct thread *t = ktest_thread(receives, &a);

	CHECK_EQ(sys_msgctl(id, IPC_RMID, 0), 0);
	ktest_join(t);
	CHECK(a.result == -EIDRM || a.result == -EINVAL);
}

static void mq_receives(void *arg)
{
	struct receiver *r = arg;

	r->result = sys_mq_timedreceive_time64(r->id, r->buf, 8192, 0, 0);
}

PROC_DET_TEST(mq_send_wakes_who_receives, 1000)
{
	int fd = sys_mq_open(u_str("q"), O_RDWR | O_CREAT, 0600, 0);
	uaddr_t text = u_str("x");
	struct receiver a = {fd, 0, 0, u_alloc(8192)}, b = {fd, 0, 0, u_alloc(8192)};
	struct thread *ta, *tb;

	CHECK(fd >= 0);
	ta = ktest_thread(mq_receives, &a);
	tb = ktest_thread(mq_receives, &b);
	CHECK_EQ(sys_mq_timedsend_time64(fd, text, 1, 1, 0), 0);
	CHECK_EQ(sys_mq_timedsend_time64(fd, text, 1, 1, 0), 0);
	ktest_join(ta);
	ktest_join(tb);
	CHECK_EQ(a.result, 1);
	CHECK_EQ(b.result, 1);
	CHECK_EQ(sys_mq_unlink(u_str("q")), 0);
}

PROC_TEST(mq_open_checks_its_arguments)
{
	struct abi_mq_attr bad = {.maxmsg = 0, .msgsize = 8};

	CHECK_EQ(sys_mq_open(u_str("a/b"), O_RDWR | O_CREAT, 0600, 0), -EACCES);
	CHECK_EQ(sys_mq_open(u_str(""), O_RDWR | O_CREAT, 0600, 0), -ENOENT);
	CHECK_EQ(sys_mq_open(u_str("q"), O_RDWR, 0, 0), -ENOENT);
	CHECK_EQ(sys_mq_open(u_str("q"), O_RDWR | O_CREAT, 0600, u_bytes(&bad, sizeof(bad))),
		-EINVAL);
	CHECK_EQ(sys_mq_open(8, O_RDWR, 0, 0), -EFAULT);
	CHECK_EQ(sys_mq_notify(0, 0), -EBADF);
}

/* ---- shared segments ---- */

static void attaches(void *arg)
{
	int *id = arg, at;

	proc_self()->mm->shares = true;
	at = sys_shmat(*id, 0, 0);
	if ((uint32_t)at < (uint32_t)-4095)
		CHECK_EQ(sys_shmdt((uaddr_t)at), 0);
	else
		CHECK(at == -EIDRM || at == -EINVAL);
}

PROC_DET_TEST(shmat_meets_removal, 1000)
{
	uint64_t used, size;
	int id = sys_shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
	struct proc *other = ktest_proc_new();
	struct thread *a, *b;

	CHECK(id >= 0);
	a = ktest_thread(attaches, &id);
	b = ktest_thread_in(other, attaches, &id);
	CHECK_EQ(sys_shmctl(id, IPC_RMID, 0), 0);
	ktest_join(a);
	ktest_join(b);
	ktest_proc_free(other);
	shared_usage(&used, &size);
	CHECK_EQ(used, 0);
}

PROC_TEST(shmat_is_refused_to_plain_programs)
{
	int id = sys_shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);

	CHECK_EQ(sys_shmat(id, 0, 0), -ENODEV);
	proc_self()->mm->shares = true;
	CHECK_EQ(sys_shmat(id, S_FIRST + 0x100000, 0), -EINVAL);
	CHECK_EQ(sys_shmdt(S_FIRST), -EINVAL);
	CHECK_EQ(sys_shmctl(id, IPC_RMID, 0), 0);
}

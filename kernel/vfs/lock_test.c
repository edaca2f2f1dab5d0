/* lock_test.c - flock, record locks, open file description locks. */
#include "vfs/vfs_test.h"
#include "abi/program.h"

PROC_TEST(flock_belongs_to_the_open_file)
{
	int a = t_create("/f"), b = t_open("/f", O_RDWR, 0), a2 = sys_dup(a);

	CHECK_EQ(sys_flock(a, LOCK_EX), 0);
	CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), -EAGAIN);
	CHECK_EQ(sys_flock(a2, LOCK_SH), 0);
	CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), -EAGAIN);
	CHECK_EQ(sys_close(a), 0);
	CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), -EAGAIN);
	CHECK_EQ(sys_close(a2), 0);
	CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(sys_flock(b, LOCK_UN), 0);
	CHECK_EQ(sys_flock(b, 3), -EINVAL);
	CHECK_EQ(sys_flock(99, LOCK_SH), -EBADF);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(record_locks_merge_split_and_go_at_close)
{
	int fd = t_create("/f"), other = t_open("/f", O_RDWR, 0);
	struct abi_flock q = {.l_type = F_WRLCK, .l_start = 0, .l_len = 0};

	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, 0, 100), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, 100, 100), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_UNLCK, 50, 10), 0);
	/* Seen by another owner: an open file description lock. */
	uaddr_t u = u_bytes(&q, sizeof(q));
	CHECK_EQ(sys_fcntl64(other, F_OFD_GETLK, u), 0);
	CHECK_EQ(U_PTR(struct abi_flock, u)->l_type, F_WRLCK);
	CHECK_EQ(U_PTR(struct abi_flock, u)->l_pid, proc_self()->pid);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_WRLCK, 50, 10), 0);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_RDLCK, 49, 1), -EAGAIN);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_RDLCK, 199, 1), -EAGAIN);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_RDLCK, 200, 0), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_RDLCK, 0, 200), -EAGAIN);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_RDLCK, 0, 200), 0);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_RDLCK, 0, 200), 0);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_UNLCK, 0, 200), 0);
	/* POSIX: closing any descriptor of the file gives them all up. */
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_WRLCK, 0, 0), -EAGAIN);
	CHECK_EQ(sys_close(t_open("/f", O_RDONLY, 0)), 0);
	CHECK_EQ(t_lock(other, F_OFD_SETLK, F_WRLCK, 0, 0), 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(record_lock_arguments)
{
	int fd = t_create("/f"), ro = t_open("/f", O_RDONLY, 0);
	struct abi_flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -2, .l_len = 2};

	CHECK_EQ(t_lock(ro, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	CHECK_EQ(t_lock(fd, F_SETLK, 7, 0, 1), -EINVAL);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, -1, 1), -EINVAL);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, 5, -5), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, 5, -6), -EINVAL);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 2), -EOVERFLOW);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 1), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	CHECK_EQ(t_lock(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EQ(sys_fcntl64(fd, F_SETLK, 0), -EFAULT);
	CHECK_EQ(sys_fcntl64(fd, F_SETLK, u_bytes(&l, sizeof(l))), -EINVAL);
	CHECK_EQ(t_write(fd, "abcd"), 4);
	CHECK_EQ(sys_fcntl64(fd, F_SETLK, u_bytes(&l, sizeof(l))), 0);
	CHECK_EQ(t_lock(t_open("/f", O_RDWR, 0), F_OFD_SETLK, F_WRLCK, 0, 2), 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

/* ---- waiting ---- */

static int file_fd;
static uint32_t stage;
static int result;

static void lock_and_hold(void *arg)
{
	(void)arg;
	result = t_lock(file_fd, F_SETLKW, F_WRLCK, 0, 10);
	CHECK_EQ(atomic_load(&stage), 1);
	atomic_store(&stage, 2);
	CHECK_EQ(t_lock(file_fd, F_SETLKW, F_UNLCK, 0, 10), 0);
}

PROC_DET_TEST(record_lock_waits_until_given_up, 1000)
{
	file_fd = t_create("/f");
	atomic_store(&stage, 0);
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_WRLCK, 0, 10), 0);
	struct proc *p = ktest_proc_new();
	struct thread *t = ktest_thread_in(p, lock_and_hold, NULL);
	if (ktest_seed() & 1)
		CHECK(ktest_wait_asleep(t));
	atomic_store(&stage, 1);
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_UNLCK, 0, 10), 0);
	ktest_join(t);
	CHECK_EQ(result, 0);
	CHECK_EQ(atomic_load(&stage), 2);
	ktest_proc_free(p);
	CHECK_EQ(t_unlink("/f"), 0);
}

static void lock_only(void *arg)
{
	(void)arg;
	result = t_lock(file_fd, F_SETLKW, F_WRLCK, 0, 10);
}

PROC_DET_TEST(record_lock_wait_ends_by_a_signal, 300)
{
	file_fd = t_create("/f");
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_WRLCK, 0, 10), 0);
	struct proc *p = ktest_proc_new();
	struct thread *t = ktest_thread_in(p, lock_only, NULL);
	waker_interrupt(&t->waker, INTR_SIGNAL);
	ktest_join(t);
	CHECK_EQ(result, -PLEAT_ERESTARTSYS);
	ktest_proc_free(p);
	CHECK_EQ(t_unlink("/f"), 0);
}

static void cross(void *arg)
{
	(void)arg;
	CHECK_EQ(t_lock(file_fd, F_SETLKW, F_WRLCK, 1, 1), 0);
	atomic_store(&stage, 1);
	result = t_lock(file_fd, F_SETLKW, F_WRLCK, 0, 1);
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_UNLCK, 0, 0), 0);
}

PROC_DET_TEST(record_locks_crosswise_are_edeadlk_for_one, 1000)
{
	file_fd = t_create("/f");
	atomic_store(&stage, 0);
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_WRLCK, 0, 1), 0);
	struct proc *p = ktest_proc_new();
	struct thread *t = ktest_thread_in(p, cross, NULL);
	while (!atomic_load(&stage))
		ktest_yield();
	int mine = t_lock(file_fd, F_SETLKW, F_WRLCK, 1, 1);
	CHECK_EQ(t_lock(file_fd, F_SETLK, F_UNLCK, 0, 0), 0);
	ktest_join(t);
	CHECK((mine == -EDEADLK) != (result == -EDEADLK));
	CHECK(mine == 0 || result == 0);
	ktest_proc_free(p);
	CHECK_EQ(t_unlink("/f"), 0);
}

static void flock_other(void *arg)
{
	int fd = t_open("/f", O_RDWR, 0);

	(void)arg;
	CHECK_EQ(sys_flock(fd, LOCK_EX), 0);
	CHECK_EQ(atomic_add(&stage, 1u), 0);
	CHECK_EQ(atomic_sub(&stage, 1u), 1);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_DET_TEST(flock_lets_one_in_at_a_time, 1000)
{
	int fd = t_create("/f");

	atomic_store(&stage, 0);
	struct thread *a = ktest_thread(flock_other, NULL), *b = ktest_thread(flock_other, NULL);
	CHECK_EQ(sys_flock(fd, LOCK_EX), 0);
	CHECK_EQ(atomic_add(&stage, 1u), 0);
	CHECK_EQ(atomic_sub(&stage, 1u), 1);
	CHECK_EQ(sys_flock(fd, LOCK_UN), 0);
	ktest_join(a);
	ktest_join(b);
	CHECK_EQ(t_unlink("/f"), 0);
}

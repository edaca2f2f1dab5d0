/* SysV semaphores: values, blocking, all-or-nothing, undo at exit, removal, permissions. */
#include "conformance.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static int id;

static int op(int num, int by, int flags)
{
	struct sembuf s = {(unsigned short)num, (short)by, (short)flags};

	return semop(id, &s, 1);
}

static int value(int num)
{
	return semctl(id, num, GETVAL);
}

static void takes_two(void)
{
	struct sembuf s[2] = {{0, -1, 0}, {1, -1, 0}};

	CHECK(semop(id, s, 2) == 0);
	_exit(value(0) * 10 + value(1));
}

static void waits_for_zero(void)
{
	CHECK(op(2, 0, 0) == 0);
	_exit(7);
}

static void undoes(void)
{
	CHECK(op(0, 3, SEM_UNDO) == 0);
	CHECK(op(1, -1, SEM_UNDO) == 0);
	CHECK(value(0) == 5 && value(1) == 3);
	_exit(0);
}

static void dies_waiting(void)
{
	int r = op(3, -1, 0);

	_exit(r == -1 && errno == EIDRM ? 9 : 1);
}

static void handler(int s)
{
	(void)s;
}

static void interrupted(void)
{
	struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};

	CHECK(sigaction(SIGUSR1, &a, NULL) == 0);
	CHECK(op(4, 1, 0) == 0);
	_exit(op(3, -1, 0) == -1 && errno == EINTR ? 4 : 1);
}

static void wait_for(int num, int cmd, int n)
{
	while (semctl(id, num, cmd) != n)
		usleep(1000);
}

static void turns(void)
{
	/* Two semaphores hand a turn back and forth. */
	for (int i = 0; i < 500; i++) {
		CHECK(op(0, -1, 0) == 0);
		CHECK(op(1, 1, 0) == 0);
	}
}

int main(void)
{
	unsigned short all[5] = {1, 2, 3, 0, 0}, got[5];
	struct timespec soon = {0, 20000000};
	struct semid_ds ds;
	struct sembuf many[2] = {{0, 1, 0}, {9, 1, 0}};
	union semun arg;
	pid_t pid;

	id = semget(IPC_PRIVATE, 5, IPC_CREAT | 0600);
	CHECK(id >= 0);
	arg.array = all;
	SHOW(semctl(id, 0, SETALL, arg));
	arg.array = got;
	SHOW(semctl(id, 0, GETALL, arg));
	printf("%d %d %d %d\n", got[0], got[1], got[2], got[3]);
	SHOW(op(0, -1, 0));
	SHOW(op(0, -1, IPC_NOWAIT));
	SHOW(op(0, 32767, 0));
	SHOW(op(0, 1, 0));
	SHOW(semop(id, many, 2));
	SHOW(semop(id, many, 0));
	TRUTH(value(0) == 32767);
	arg.val = -1;
	SHOW(semctl(id, 0, SETVAL, arg));
	arg.val = 0;
	SHOW(semctl(id, 0, SETVAL, arg));
	SHOW(semctl(id, 9, GETVAL));
	TRUTH(semctl(id, 0, GETPID) == getpid());
	struct sembuf late = {3, -1, 0};
	SHOW(semtimedop(id, &late, 1, &soon));

	/* Both or neither: the child waits though one of the two is there. */
	pid = child(takes_two);
	wait_for(0, GETNCNT, 1);
	printf("%d %d\n", value(0), value(1));
	SHOW(op(0, 1, 0));
	reap("two", pid);
	pid = child(waits_for_zero);
	wait_for(2, GETZCNT, 1);
	SHOW(op(2, -2, 0));
	SHOW(op(2, -1, 0));
	reap("zero", pid);

	arg.array = (unsigned short[]){2, 4, 0, 0, 0};
	SHOW(semctl(id, 0, SETALL, arg));
	reap("undo", child(undoes));
	printf("%d %d\n", value(0), value(1));

	pid = child(interrupted);
	CHECK(op(4, -1, 0) == 0);
	wait_for(3, GETNCNT, 1);
	CHECK(kill(pid, SIGUSR1) == 0);
	reap("interrupted", pid);

	arg.array = (unsigned short[]){0, 0, 0, 0, 0};
	SHOW(semctl(id, 0, SETALL, arg));
	pid = child(turns);
	for (int i = 0; i < 500; i++) {
		CHECK(op(0, 1, 0) == 0);
		CHECK(op(1, -1, 0) == 0);
	}
	reap("turns", pid);

	arg.buf = &ds;
	SHOW(semctl(id, 0, IPC_STAT, arg));
	TRUTH(ds.sem_nsems == 5 && ds.sem_perm.mode == 0600 && ds.sem_otime > 0 &&
		ds.sem_perm.uid == geteuid());
	ds.sem_perm.mode = 0640;
	SHOW(semctl(id, 0, IPC_SET, arg));
	SHOW(semctl(id, 0, IPC_STAT, arg));
	printf("%o\n", ds.sem_perm.mode);
	pid = child(dies_waiting);
	wait_for(3, GETNCNT, 1);
	SHOW(semctl(id, 0, IPC_RMID));
	reap("removed", pid);
	TRUTH(op(0, 1, 0) == -1 && (errno == EINVAL || errno == EIDRM));

	/* Keys. */
	key_t key = ftok(".", 'x');
	id = semget(key, 2, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	TRUTH(semget(key, 2, 0) == id);
	TRUTH(semget(key, 0, 0) == id);
	SHOW(semget(key, 3, 0));
	SHOW(semget(key, 2, IPC_CREAT | IPC_EXCL | 0600));
	SHOW(semget(key + 1, 0, 0));
	SHOW(semget(IPC_PRIVATE, 0, IPC_CREAT));
	SHOW(semctl(id, 0, IPC_RMID));
	SHOW(semget(key, 2, 0));
	SHOW(semctl(-1, 0, GETVAL));
	return 0;
}

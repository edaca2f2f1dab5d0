/* SysV shared memory: attach, detach, counts, removal while attached. link: -mshm */
#include "conformance.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static int id;
static _Atomic int *words;

static unsigned long attached(void)
{
	struct shmid_ds ds;

	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	return ds.shm_nattch;
}

static void adds(void)
{
	_Atomic int *mine = shmat(id, NULL, 0);

	CHECK(mine != (void *)-1);
	for (int i = 0; i < 100000; i++)
		mine[0]++;
	CHECK(shmdt((void *)mine) == 0);
}

static void inherits(void)
{
	words[1] = 42;
	_exit((int)attached());
}

static void reads_only(void)
{
	const int *mine = shmat(id, NULL, SHM_RDONLY);

	CHECK(mine != (void *)-1);
	_exit(mine[1]);
}

int main(void)
{
	struct shmid_ds ds;
	pid_t pid[3];
	key_t key = ftok(".", 's');

	id = shmget(key, 10000, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	SHOW(shmget(key, 10000, IPC_CREAT | IPC_EXCL | 0600));
	SHOW(shmget(key, 20000, 0));
	TRUTH(shmget(key, 0, 0) == id);
	SHOW(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
	for (int i = 0; i < 3; i++)
		pid[i] = child(adds);
	for (int i = 0; i < 3; i++)
		reap("adds", pid[i]);
	words = shmat(id, NULL, 0);
	CHECK(words != (void *)-1);
	printf("%d, zero %d, attached %lu\n", words[0], words[2499], attached());
	reap("inherits", child(inherits));
	printf("%d, attached %lu\n", words[1], attached());
	reap("reads", child(reads_only));
	SHOW(shmctl(id, IPC_STAT, &ds));
	TRUTH(ds.shm_segsz == 10000 && ds.shm_cpid == getpid() && ds.shm_atime > 0);
	printf("%o\n", ds.shm_perm.mode & 0777);
	ds.shm_perm.mode = 0640;
	SHOW(shmctl(id, IPC_SET, &ds));
	SHOW(shmctl(id, IPC_RMID, NULL));
	SHOW(shmget(key, 0, 0));
	/* It is there until nobody has it any more. */
	words[2] = 7;
	reap("inherits", child(inherits));
	SHOW(shmctl(id, IPC_STAT, &ds));
	printf("%o %d\n", ds.shm_perm.mode & 01777, words[2]);
	SHOW(shmdt((void *)words));
	SHOW(shmdt((void *)words));
	TRUTH(shmctl(id, IPC_STAT, &ds) == -1 && (errno == EINVAL || errno == EIDRM));
	SHOW((long)shmat(id, NULL, 0));
	SHOW(shmdt((char *)0x1000));
	return 0;
}

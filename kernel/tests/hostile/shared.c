/*
 * shared.c - attacks on the memory that processes share, by a program that reaches it (-mshm): S
 * full, ranges that are none, buffers unmapped beside the call that uses them, kills in between.
 */
#include "hostile.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PAGE 4096u
#define RW (PROT_READ | PROT_WRITE)

static void in_child(const char *name, void (*f)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	status = reap_by(pid, now_ms() + 8000);
	if (status != 0) {
		printf("%s: status %x\n", name, status);
		exit(1);
	}
}

static void *map_shared(size_t len)
{
	return mmap(NULL, len, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Until nothing is left; then all comes back, also what a killed process had. */
static void exhaust(void)
{
	void *blocks[64];
	int n = 0, ids = 0, made = 0;

	for (size_t len = 512u << 20; len >= PAGE && n < 64; len /= 2)
		while (n < 64 && (blocks[n] = map_shared(len)) != MAP_FAILED)
			n++;
	CHECK(n > 0 && (n == 64 || errno == ENOMEM));
	for (int i = 0; i < 200; i++) {
		int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);

		if (id < 0) {
			CHECK(errno == ENOMEM || errno == ENOSPC);
			break;
		}
		made++;
		ids += shmctl(id, IPC_RMID, NULL) == 0;
	}
	CHECK(ids == made);
	for (int i = 0; i < n; i++)
		if (i & 1)
			munmap(blocks[i], PAGE); /* holes */
}

static void bad_ranges(void)
{
	char *p = map_shared(4 * PAGE);
	unsigned at = (unsigned)(uintptr_t)p;
	static const unsigned starts[] = {0x7ffff000, 0x80000000, 0x8000f000, 0x80010000,
		0xfffef000, 0xffff0000, 0xfffff000, 0x40000000, 0x90000000};
	static const unsigned lens[] = {0, 1, PAGE, 2 * PAGE, 0x10000, 0x20000, 0x7fff0000,
		0x80000000, 0xfffff000, 0xffffffff};

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < COUNT(starts); i++) {
		for (int k = 0; k < COUNT(lens); k++) {
			unsigned s = starts[i], n = lens[k];

			if (s <= at && n > at - s)
				continue; /* it would be ours */
			raw_syscall(226, s, n, RW, 0, 0, 0);
			raw_syscall(215, s, n, 0, 0, 0, 0);
			raw_syscall(227, s, n, MS_SYNC, 0, 0, 0);
			raw_syscall(233, s, n, MADV_DONTNEED, 0, 0, 0);
			raw_syscall(216, s, n, PAGE, MREMAP_MAYMOVE, 0, 0);
			raw_syscall(216, s, 0, n, MREMAP_MAYMOVE, 0, 0);
			raw_syscall(228, s, n, 0, 0, 0, 0);
			raw_syscall(64, 1, s, n ? 0 : n, 0, 0, 0);
			raw_syscall(422, s, 0, 1, 0, 0, 0);
			raw_syscall(422, s | 2, 129, 1, 0, 0, 0);
			raw_syscall(416, s, n, 0, 0, 0, 0);
		}
	}
	/* Private memory over S, shared memory over U, and what straddles both. */
	CHECK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	CHECK(mmap((void *)0x7ffff000, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		      0) == MAP_FAILED);
	CHECK(mmap((void *)0x7ffff000, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
		      0) == MAP_FAILED);
	CHECK(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x10000000) ==
		MAP_FAILED);
	CHECK(mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	strcpy(p, "still here");
	CHECK(strcmp(p, "still here") == 0);
	CHECK(write(1, p + 4 * PAGE - 1, 2) < 0);
	CHECK(munmap(p + PAGE, PAGE) == 0 && munmap(p + PAGE, PAGE) == 0);
	CHECK(munmap(p, 4 * PAGE) == 0);
}

/* An iovec with pieces in U, in S, in both and in neither. */
static void mixed_iovec(void)
{
	char *s = map_shared(2 * PAGE), u[64] = "from U ", back[64] = "";
	int fds[2];
	struct iovec good[3] = {{u, 7}, {s, 7}, {u, 7}}, in[2] = {{s + PAGE, 10}, {back, 50}};
	struct iovec bad[3] = {{u, 7}, {s + 2 * PAGE - 1, 2}, {u, 7}};

	CHECK(s != MAP_FAILED && pipe(fds) == 0);
	strcpy(s, "from S ");
	CHECK(writev(fds[1], good, 3) == 21);
	CHECK(readv(fds[0], in, 2) == 21);
	CHECK(memcmp(s + PAGE, "from U fro", 10) == 0 && memcmp(back, "m S from U ", 11) == 0);
	CHECK(writev(fds[1], bad, 3) == -1 && errno == EFAULT);
	bad[1].iov_base = (void *)0x7fffffff;
	CHECK(writev(fds[1], bad, 3) == -1 && errno == EFAULT);
	bad[1].iov_base = (void *)0xffffffff;
	CHECK(writev(fds[1], bad, 3) == -1 && errno == EFAULT);
}

static atomic_bool stop;
static char *volatile moving;
static int pipe_fds[2];

static void *reader(void *arg)
{
	(void)arg;
	while (!stop) {
		char *p = moving;
		struct iovec v = {p, 3000};

		if (read(pipe_fds[0], p, 3000) < 0)
			CHECK(errno == EFAULT);
		if (readv(pipe_fds[0], &v, 1) < 0)
			CHECK(errno == EFAULT);
	}
	return NULL;
}

/* A reader that sleeps with a buffer in S that another thread unmaps. */
static void unmap_beside(void)
{
	pthread_t t;
	static char data[6000];

	moving = map_shared(PAGE);
	CHECK(moving != MAP_FAILED && pipe(pipe_fds) == 0);
	CHECK(pthread_create(&t, NULL, reader, NULL) == 0);
	for (int i = 0; i < 500; i++) {
		char *old = moving;

		moving = map_shared(PAGE);
		CHECK(moving != MAP_FAILED);
		CHECK(munmap(old, PAGE) == 0);
		CHECK(write(pipe_fds[1], data, sizeof(data)) > 0);
	}
	stop = true;
	close(pipe_fds[1]);
	pthread_join(t, NULL);
}

/* A file shrinks, grows, is written and unlinked beside its mapping. */
static void file_games(void)
{
	for (int i = 0; i < 30; i++) {
		int fd = open("/tmp/shared-file", O_RDWR | O_CREAT, 0600);
		char *p, *q;

		CHECK(fd >= 0 && ftruncate(fd, 5 * PAGE + 3) == 0);
		p = mmap(NULL, 6 * PAGE, RW, MAP_SHARED, fd, 0);
		CHECK(p != MAP_FAILED);
		p[5 * PAGE] = 'x';
		if (fork() == 0) {
			for (int k = 0; k < 2000; k++)
				p[k % (6 * PAGE)]++;
			_exit(0);
		}
		CHECK(ftruncate(fd, i % 6 * PAGE + 1) == 0);
		CHECK(pwrite(fd, p, 2 * PAGE, PAGE - 7) == 2 * PAGE); /* from its own pages */
		CHECK(pread(fd, p + 100, 2 * PAGE, 0) > 0);
		q = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0x7ffff000);
		CHECK(q == MAP_FAILED);
		q = mmap(NULL, 6 * PAGE, RW, MAP_SHARED, fd, 0);
		CHECK(q == p || q == MAP_FAILED);
		unlink("/tmp/shared-file");
		close(fd);
		p[0] = 'y';
		if (q == p)
			CHECK(munmap(q, 3 * PAGE) == 0);
		wait(NULL);
	}
}

static void sysv_games(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600), ids[300], n = 0;
	char *p = shmat(id, NULL, 0);

	CHECK(p != (void *)-1);
	CHECK(shmat(id, p + PAGE, 0) == (void *)-1 &&
		shmat(id, (void *)PAGE, SHM_RND) == (void *)-1);
	for (int i = 0; i < 20; i++)
		CHECK(shmat(id, NULL, i & 1 ? SHM_RDONLY : 0) == p);
	CHECK(munmap(p + PAGE, PAGE) == 0 && mprotect(p, PAGE, PROT_NONE) == 0);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			for (int k = 0; k < 30; k++)
				if (k % 3)
					shmdt(p);
				else
					shmat(id, NULL, 0);
			if (i & 1)
				raise(SIGKILL);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	while (shmdt(p) == 0)
		;
	CHECK(shmctl(id, IPC_STAT, NULL) == -1);
	for (; n < 300; n++) {
		ids[n] = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
		if (ids[n] < 0)
			break;
	}
	while (n-- > 0)
		CHECK(shmctl(ids[n], IPC_RMID, NULL) == 0);
}

/* Members that wait in semop, msgrcv and a futex in S while they are killed and the objects go. */
static void ipc_storm(void)
{
	for (int round = 0; round < 12; round++) {
		int sem = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
		int q = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		int *word = map_shared(PAGE);
		pid_t pids[6];

		CHECK(sem >= 0 && q >= 0 && word != MAP_FAILED);
		for (int i = 0; i < 6; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			if (pids[i] == 0) {
				struct sembuf up = {0, 1, SEM_UNDO}, down = {1, -1, SEM_UNDO};
				struct {
					long type;
					char text[4000];
				} m = {1, "x"};

				semop(sem, &up, 1);
				if (i % 3 == 0)
					while (semop(sem, &down, 1) < 0 && errno == EINTR)
						;
				else if (i % 3 == 1)
					while (msgsnd(q, &m, sizeof(m.text), 0) == 0)
						;
				else
					raw_syscall(422, (unsigned)(uintptr_t)word, 0, 0, 0, 0, 0);
				_exit(0);
			}
		}
		usleep(5000);
		if (round & 1)
			for (int i = 0; i < 6; i++)
				kill(pids[i], SIGKILL);
		munmap(word, PAGE);
		CHECK(semctl(sem, 0, IPC_RMID) == 0 && msgctl(q, IPC_RMID, NULL) == 0);
		for (int i = 0; i < 6; i++) {
			kill(pids[i], SIGKILL);
			reap(pids[i]);
		}
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*f)(void);
	} all[] = {{"bad ranges", bad_ranges}, {"iovecs of both", mixed_iovec},
		{"unmapped beside a read", unmap_beside}, {"files", file_games},
		{"SysV", sysv_games}, {"kills in IPC", ipc_storm}, {"exhausted", exhaust}};
	int zombies, before = processes(&zombies, false);
	long objects[3];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT(all); i++)
			in_child(all[i].name, all[i].f);
		if (!settle(before))
			return 1;
		objects[round] = kernel_objects();
	}
	printf("objects: %ld %ld %ld\n", objects[0], objects[1], objects[2]);
	if (objects[2] > objects[1] + 10) {
		puts("objects are lost");
		return 1;
	}
	puts("survived");
	return 0;
}

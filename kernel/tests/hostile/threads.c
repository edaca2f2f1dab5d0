/*
 * threads.c - attacks with threads: as many as there can be, killed at the worst moment, exec, exit
 * and fork beside each other, ends that nobody waits for, futexes with wild words.
 */
#include "hostile.h"
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>

extern char **environ;

static int in_child(const char *name, void (*f)(void), int kill_after_ms)
{
	pid_t pid = fork();
	int64_t start = now_ms();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	status = reap_by(pid, start + (kill_after_ms ? kill_after_ms : 8000));
	if (!kill_after_ms && status != 0) {
		printf("%s: status %x\n", name, status);
		exit(1);
	}
	if (now_ms() - start > 9000) {
		printf("%s: its end took %d ms\n", name, (int)(now_ms() - start));
		exit(1);
	}
	return status;
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}
static void *spinner(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}
static void *quick(void *arg)
{
	return arg;
}
static void *caller(void *arg)
{
	(void)arg;
	for (;;)
		getppid();
	return NULL;
}

static int storm_of(void *(*f)(void *), int most)
{
	pthread_attr_t at;
	pthread_t t;
	int n = 0, err = 0;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 32768);
	while (n < most && (err = pthread_create(&t, &at, f, NULL)) == 0)
		n++;
	CHECK(n == most || err == EAGAIN);
	return n;
}

static void until_full(void)
{
	storm_of(sleeper, 100000);
	pause();
}
static void until_full_spinning(void)
{
	storm_of(spinner, 6);
	pause();
}
static void create_and_join(void)
{
	for (int i = 0; i < 40; i++) {
		pthread_t t[8];
		int n = 0;

		while (n < 8 && pthread_create(&t[n], NULL, quick, &t[n]) == 0)
			n++;
		while (n-- > 0) {
			void *r;

			CHECK(pthread_join(t[n], &r) == 0 && r == &t[n]);
		}
	}
}
static void killed_while_creating(void)
{
	for (;;) {
		pthread_t t;

		if (pthread_create(&t, NULL, quick, NULL) == 0)
			pthread_detach(t);
	}
}

static void *execer(void *arg)
{
	static char *const argv[] = {"/bin/true", NULL};

	usleep((unsigned)(uintptr_t)arg);
	execv(argv[0], argv);
	return NULL;
}
static void exec_race(void)
{
	pthread_t t;

	storm_of(caller, 2);
	for (int i = 0; i < 4; i++)
		pthread_create(&t, NULL, execer, (void *)(uintptr_t)(i * 10));
	sleeper(NULL);
}

static void *exiter(void *arg)
{
	raw_syscall(94, 0, 0, 0, 0, 0, 0);
	return arg;
}
static void exit_race(void)
{
	storm_of(caller, 2);
	storm_of(exiter, 5);
	sleeper(NULL);
}

static void *forker(void *arg)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(3);
		if (pid > 0)
			CHECK(reap(pid) == 3 << 8);
		else
			CHECK(errno == EAGAIN || errno == ENOMEM || errno == EDEADLK);
	}
	return arg;
}
static void fork_race(void)
{
	pthread_t t[4];

	storm_of(caller, 2);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, forker, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
static void fork_killed(void)
{
	storm_of(forker, 3);
	for (;;)
		forker(NULL);
}

static void *spawner(void *arg)
{
	static char *const argv[] = {"/bin/true", NULL};

	for (int i = 0; i < 6; i++) {
		pid_t pid;

		if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0)
			CHECK(reap(pid) == 0);
	}
	return arg;
}
static void spawn_race(void)
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, spawner, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* The first thread ends; the process is the other's, then a zombie's that somebody waits for. */
static void *late(void *arg)
{
	usleep(30000);
	exit(0);
	return arg;
}
static void leader_leaves(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, late, NULL) == 0);
	raw_syscall(93, 9, 0, 0, 0, 0, 0);
}

/* clone by hand: stacks, thread pointers and words that lead nowhere. */
static void wild_clones(void)
{
	for (int i = 0; i < 300; i++) {
		unsigned args[8];

		for (int k = 0; k < 8; k++)
			args[k] = below(3) ? rnd() : below(4) * 0x1000;
		args[0] = below(2) ? 0x7d0f00 : rnd();
		args[0] &= below(4) ? ~0u : ~0x10000u;
		if (raw_syscall(220, (unsigned)(uintptr_t)args, 0, 0, 0, 0, 0) > 0)
			usleep(2000); /* it ends this process */
		raw_syscall(99, rnd(), 12, 0, 0, 0, 0);
		raw_syscall(96, rnd(), 0, 0, 0, 0, 0);
	}
}

/* A robust list without an end, and one through all memory, that exit walks. */
static void endless_robust(void)
{
	static unsigned head[3], node[2];

	head[0] = (unsigned)(uintptr_t)node;
	head[1] = 4;
	node[0] = (unsigned)(uintptr_t)node;
	CHECK(raw_syscall(99, (unsigned)(uintptr_t)head, 12, 0, 0, 0, 0) == 0);
	raw_syscall(93, 0, 0, 0, 0, 0, 0);
}
static void wild_robust(void)
{
	static unsigned head[3] = {0xfffffff0, 0x7fffffff, 0x80000000};

	raw_syscall(99, (unsigned)(uintptr_t)head, 12, 0, 0, 0, 0);
	raw_syscall(96, 0xfffffffc, 0, 0, 0, 0, 0);
	raw_syscall(93, 0, 0, 0, 0, 0, 0);
}

static unsigned words[8];
static void *futexer(void *arg)
{
	struct timespec soon = {.tv_nsec = 50000};
	static const unsigned ops[] = {
		0, 1, 3, 4, 5, 9, 10, 128, 129, 131, 132, 133, 137, 138, 265};

	for (int i = 0; i < 4000; i++) {
		unsigned *w = &words[below(8)], *w2 = &words[below(8)];
		unsigned op = ops[below(COUNT(ops))], kind = op & 127;
		unsigned fourth = kind == 0 || kind == 9 ? (unsigned)(uintptr_t)&soon : below(5);

		raw_syscall(422, (unsigned)(uintptr_t)w, op, below(3), fourth,
			(unsigned)(uintptr_t)w2, below(4) ? rnd() | 1 : 0);
		if (below(8) == 0)
			(*w)++;
	}
	return arg;
}
static void futex_storm(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, futexer, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

/* One thread unmaps and maps what the others pass to the kernel. */
static void *mapper(void *arg)
{
	for (int i = 0; i < 1500; i++) {
		munmap(arg, 65536);
		CHECK(mmap(arg, 65536, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == arg);
	}
	return NULL;
}
static void map_race(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/maps", O_RDONLY);
	pthread_t t;

	CHECK(p != MAP_FAILED && fd >= 0);
	CHECK(pthread_create(&t, NULL, mapper, p) == 0);
	for (int i = 0; i < 1500; i++) {
		if (pread(fd, p, 65536, 0) < 0)
			CHECK(errno == EFAULT);
		if (stat(p, (void *)(p + 32768)) < 0)
			CHECK(errno == EFAULT || errno == ENOENT);
	}
	pthread_join(t, NULL);
}

int main(void)
{
	int zombies, before = processes(&zombies, false);
	long objects[3];

	for (int round = 0; round < 3; round++) {
		seed_with((unsigned)round + 1);
		in_child("threads without end", until_full, 1000);
		in_child("threads that spin", until_full_spinning, 150);
		in_child("create and join", create_and_join, 0);
		in_child("killed while creating", killed_while_creating, 40 + 30 * round);
		in_child("exec beside exec", exec_race, 0);
		in_child("exit beside exit", exit_race, 0);
		in_child("fork beside fork", fork_race, 0);
		in_child("killed while forking", fork_killed, 40 + 30 * round);
		in_child("spawn beside spawn", spawn_race, 0);
		in_child("the first thread leaves", leader_leaves, 0);
		in_child("wild clones", wild_clones, 3000);
		in_child("a robust list without end", endless_robust, 0);
		in_child("a robust list to nowhere", wild_robust, 0);
		in_child("futexes", futex_storm, 0);
		in_child("maps beside calls", map_race, 0);
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

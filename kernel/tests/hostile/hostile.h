/*
 * hostile.h - for the programs of this folder: each attacks the machine it runs in and then looks
 * whether that still works. They are for our machine alone: some would hurt a Linux they ran on.
 * A program prints what went wrong and ends with 1, or prints "survived" and ends with 0.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

/* The program's import itself: what libc never passes, a hostile program does. */
__attribute__((import_module("kernel"), import_name("syscall"))) int raw_syscall(
	unsigned nr, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e, unsigned f);

#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __LINE__))
UNUSED static void check_failed(const char *what, int line)
{
	printf("line %d: not true: %s (errno %d)\n", line, what, errno);
	exit(1);
}

/* xorshift32: the same numbers for the same seed. */
static uint32_t random_state = 1;
UNUSED static uint32_t rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}
UNUSED static uint32_t below(uint32_t n)
{
	return rnd() % n;
}
UNUSED static void seed_with(uint32_t seed)
{
	random_state = seed * 2654435761u + 1;
	if (!random_state)
		random_state = 1;
	for (int i = 0; i < 8; i++)
		rnd();
}

UNUSED static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

UNUSED static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		CHECK(errno == EINTR);
	return status;
}

/* Wait for pid until the deadline, then kill it and wait: a process must die of SIGKILL. */
UNUSED static int reap_by(pid_t pid, int64_t deadline)
{
	struct timespec nap = {.tv_nsec = 2000000};
	int status;

	while (now_ms() < deadline) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			return status;
		CHECK(r == 0 || errno == EINTR);
		nanosleep(&nap, NULL);
	}
	kill(pid, SIGKILL);
	return reap(pid);
}

/* How many processes /proc shows, zombies among them, and the line of each to out. */
UNUSED static int processes(int *zombies, bool print)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	CHECK(d);
	*zombies = 0;
	while ((e = readdir(d))) {
		char path[64], text[512] = "";
		int fd;

		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", e->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue; /* it ended meanwhile */
		if (read(fd, text, sizeof(text) - 1) > 0) {
			const char *state = strrchr(text, ')');

			n++;
			*zombies += state && state[2] == 'Z';
			if (print)
				printf("  %.80s\n", text);
		}
		close(fd);
	}
	closedir(d);
	return n;
}

/* Until only `wanted` processes are left, orphans being PID 1's to reap; false after 5 s. */
UNUSED static bool settle(int wanted)
{
	int64_t end = now_ms() + 5000;
	int zombies;

	while (now_ms() < end) {
		struct timespec nap = {.tv_nsec = 10000000};

		if (processes(&zombies, false) <= wanted && zombies == 0)
			return true;
		nanosleep(&nap, NULL);
	}
	printf("%d processes are left, %d wanted:\n", processes(&zombies, true), wanted);
	return false;
}

/* Objects in the kernel's heap. */
UNUSED static long kernel_objects(void)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char line[128];
	long n = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "kernel_objects %ld", &n);
	fclose(f);
	CHECK(n >= 0);
	return n;
}

__attribute__((constructor)) static void plain_output(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	umask(022);
}

#endif

/*
 * parallel.c - processes that call the kernel at the same time: how the calls of all together go
 * up with their number. The others are this program again, spawned with the word "calls".
 */
#define _GNU_SOURCE
#include "meter.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 16
#define PEER_IN 3
#define PEER_OUT 4

extern char **environ;
static const char *self;

struct crowd {
	unsigned count;
	pid_t pids[MOST];
	int to[MOST], from;
};

static int peer_calls(void)
{
	unsigned n;

	while (read(PEER_IN, &n, sizeof(n)) == sizeof(n)) {
		for (unsigned i = 0; i < n; i++)
			getppid();
		if (write(PEER_OUT, "", 1) != 1)
			return 1;
	}
	return 0;
}

static void peer_start(struct crowd *c, unsigned i, int out)
{
	char *argv[] = {(char *)self, "calls", NULL};
	posix_spawn_file_actions_t actions;
	int there[2];

	/* Its own end above the numbers it gets, ours closed by exec. */
	if (pipe2(there, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0)
		meter_fail("pipe");
	posix_spawn_file_actions_adddup2(&actions, there[0], 100);
	posix_spawn_file_actions_adddup2(&actions, out, 101);
	posix_spawn_file_actions_adddup2(&actions, 100, PEER_IN);
	posix_spawn_file_actions_adddup2(&actions, 101, PEER_OUT);
	posix_spawn_file_actions_addclose(&actions, 100);
	posix_spawn_file_actions_addclose(&actions, 101);
	if (posix_spawn(&c->pids[i], self, &actions, NULL, argv, environ) != 0)
		meter_fail("posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	close(there[0]);
	c->to[i] = there[1];
}

static void calls(void *context, unsigned n)
{
	struct crowd *c = context;
	unsigned each = n / c->count + 1;
	char byte;

	for (unsigned i = 0; i < c->count; i++)
		if (write(c->to[i], &each, sizeof(each)) != sizeof(each))
			meter_fail("write");
	for (unsigned i = 0; i < c->count; i++)
		if (read(c->from, &byte, 1) != 1)
			meter_fail("read");
}

static void parallel(const char *name, unsigned count)
{
	struct crowd c = {.count = count};
	int back[2];

	if (!meter_wants(name))
		return;
	if (pipe2(back, O_CLOEXEC) != 0)
		meter_fail("pipe");
	for (unsigned i = 0; i < count; i++)
		peer_start(&c, i, back[1]);
	c.from = back[0];
	meter_run(&(struct row){name, 200000, 1000000}, calls, &c);
	for (unsigned i = 0; i < count; i++) {
		close(c.to[i]);
		if (waitpid(c.pids[i], NULL, 0) != c.pids[i])
			meter_fail("waitpid");
	}
	close(back[0]);
	close(back[1]);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 2 && strcmp(argv[1], "calls") == 0)
		return peer_calls();
	meter_begin(argc, argv);
	parallel("parallel_1", 1);
	parallel("parallel_2", 2);
	parallel("parallel_4", 4);
	parallel("parallel_8", 8);
	parallel("parallel_16", 16);
	return 0;
}

/*
 * pipes.c - two processes and pipes between them: ping-pong of one byte, bulk in blocks.
 * The other process is this program again, spawned with the word "echo" or "drain".
 */
#define _GNU_SOURCE
#include "meter.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_IN 3
#define PEER_OUT 4

extern char **environ;

static char buffer[65536];
static const char *self;

struct peer {
	pid_t pid;
	int to, from;
	size_t size;
};

static int peer_echo(void)
{
	char byte;

	while (read(PEER_IN, &byte, 1) == 1)
		if (write(PEER_OUT, &byte, 1) != 1)
			return 1;
	return 0;
}

/* Read all there is, in calls as large as the writer's; a byte back where it marks an end. */
static int peer_drain(size_t size)
{
	ssize_t n;

	while ((n = read(PEER_IN, buffer, size)) > 0)
		if (buffer[n - 1] == 'e' && write(PEER_OUT, "e", 1) != 1)
			return 1;
	return n < 0;
}

static void peer_start(struct peer *p, const char *what, size_t size)
{
	posix_spawn_file_actions_t actions;
	int there[2], back[2], error;
	char size_text[16];

	snprintf(size_text, sizeof(size_text), "%zu", size);
	char *argv[] = {(char *)self, (char *)what, size_text, NULL};
	/* Above the numbers that the peer's ends get, so that no dup2 closes one. */
	if (pipe(there) != 0 || pipe(back) != 0)
		meter_fail("pipe");
	for (int i = 0; i < 2; i++) {
		there[i] = fcntl(there[i], F_DUPFD_CLOEXEC, 10);
		back[i] = fcntl(back[i], F_DUPFD_CLOEXEC, 10);
	}
	for (int fd = 3; fd < 10; fd++)
		close(fd);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, there[0], PEER_IN);
	posix_spawn_file_actions_adddup2(&actions, back[1], PEER_OUT);
	error = posix_spawn(&p->pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0) {
		errno = error;
		meter_fail("posix_spawn");
	}
	close(there[0]);
	close(back[1]);
	p->to = there[1];
	p->from = back[0];
	p->size = size;
}

static void peer_end(struct peer *p)
{
	int status;

	close(p->to);
	close(p->from);
	if (waitpid(p->pid, &status, 0) != p->pid || status != 0)
		meter_fail("the other process");
}

static void ping_pong(void *context, unsigned n)
{
	const struct peer *p = context;
	char byte = 'x';

	for (unsigned i = 0; i < n; i++)
		if (write(p->to, &byte, 1) != 1 || read(p->from, &byte, 1) != 1)
			meter_fail("ping-pong");
}

/* The last block of a batch asks for an answer: what is measured has arrived. */
static void bulk(void *context, unsigned n)
{
	const struct peer *p = context;
	char byte;

	for (unsigned i = 0; i < n; i++) {
		buffer[p->size - 1] = i + 1 == n ? 'e' : 'x';
		for (size_t done = 0; done < p->size;) {
			ssize_t k = write(p->to, buffer + done, p->size - done);
			if (k <= 0)
				meter_fail("write to the pipe");
			done += (size_t)k;
		}
	}
	if (read(p->from, &byte, 1) != 1)
		meter_fail("answer");
}

static void run_row(const struct row *row, const char *what, size_t size, batch_fn *batch)
{
	struct peer p;

	if (!meter_wants(row->name))
		return;
	peer_start(&p, what, size);
	meter_run(row, batch, &p);
	peer_end(&p);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return peer_echo();
	if (argc == 3 && strcmp(argv[1], "drain") == 0)
		return peer_drain(strcmp(argv[2], "4096") == 0 ? 4096 : sizeof(buffer));
	meter_begin(argc, argv);
	run_row(&(struct row){"pipe_pingpong", 5000, 256}, "echo", 1, ping_pong);
	run_row(&(struct row){"pipe_bulk_4k", 50000, 4096}, "drain", 4096, bulk);
	run_row(&(struct row){"pipe_bulk_64k", 5000, 256}, "drain", sizeof(buffer), bulk);
	return 0;
}

/* peer.c - both sides of peer.h. */
#define _GNU_SOURCE
#include "peer.h"
#include "meter.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_IN 3
#define PEER_OUT 4

extern char **environ;

static char buffer[PEER_BLOCK];
static const char *self;

/* ---- the other process ---- */

/* 'q' ends it: a datagram socket has no end of file. */
static int echo(void)
{
	char byte;

	while (read(PEER_IN, &byte, 1) == 1)
		if (byte == 'q' || write(PEER_OUT, &byte, 1) != 1)
			return byte != 'q';
	return 0;
}

/* Read all there is, in calls as large as the writer's; a byte back where it marks an end. */
static int drain(size_t size)
{
	ssize_t n;

	while ((n = read(PEER_IN, buffer, size)) > 0)
		if (buffer[n - 1] == 'e' && write(PEER_OUT, "e", 1) != 1)
			return 1;
	return n < 0;
}

void peer_main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		exit(echo());
	if (argc == 3 && strcmp(argv[1], "drain") == 0)
		exit(drain(strcmp(argv[2], "4096") == 0 ? 4096 : sizeof(buffer)));
}

/* ---- this one ---- */

void peer_make_room(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
	for (int fd = 3; fd < 10; fd++)
		close(fd);
}

void peer_start(struct peer *p, const char *what, size_t size, int in, int out)
{
	posix_spawn_file_actions_t actions;
	char size_text[16];
	int error;

	snprintf(size_text, sizeof(size_text), "%zu", size);
	char *argv[] = {(char *)self, (char *)what, size_text, NULL};
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, PEER_IN);
	posix_spawn_file_actions_adddup2(&actions, out, PEER_OUT);
	error = posix_spawn(&p->pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0) {
		errno = error;
		meter_fail("posix_spawn");
	}
	close(in);
	if (out != in)
		close(out);
	p->size = size;
}

void peer_end(struct peer *p)
{
	int status;

	close(p->to);
	if (p->from != p->to)
		close(p->from);
	if (waitpid(p->pid, &status, 0) != p->pid || status != 0)
		meter_fail("the other process");
}

void peer_ping_pong(void *context, unsigned n)
{
	const struct peer *p = context;
	char byte = 'x';

	for (unsigned i = 0; i < n; i++)
		if (write(p->to, &byte, 1) != 1 || read(p->from, &byte, 1) != 1)
			meter_fail("ping-pong");
}

void peer_bulk(void *context, unsigned n)
{
	const struct peer *p = context;
	char byte;

	for (unsigned i = 0; i < n; i++) {
		buffer[p->size - 1] = i + 1 == n ? 'e' : 'x';
		for (size_t done = 0; done < p->size;) {
			ssize_t k = write(p->to, buffer + done, p->size - done);
			if (k <= 0)
				meter_fail("write to the peer");
			done += (size_t)k;
		}
	}
	if (read(p->from, &byte, 1) != 1)
		meter_fail("answer");
}

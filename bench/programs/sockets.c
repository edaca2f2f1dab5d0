/*
 * sockets.c - AF_UNIX and TCP over loopback: ping-pong of one byte and bulk in blocks between two
 * processes, by stream and by datagram; making and closing a pair; a whole connection. The other
 * process is this program again, spawned with the word "echo" or "drain".
 */
#define _GNU_SOURCE
#include "meter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER 3

extern char **environ;

static char buffer[65536];
static const char *self;

struct peer {
	pid_t pid;
	int fd;
	size_t size;
};

static int peer_echo(void)
{
	char byte;

	while (read(PEER, &byte, 1) == 1)
		if (byte == 'q' || write(PEER, &byte, 1) != 1)
			return byte != 'q';
	return 0;
}

/* Read all there is; a byte back where it marks an end. */
static int peer_drain(size_t size)
{
	ssize_t n;

	while ((n = read(PEER, buffer, size)) > 0)
		if (buffer[n - 1] == 'e' && write(PEER, "e", 1) != 1)
			return 1;
	return n < 0;
}

/* A listener on a port of loopback that the system chose. */
static int tcp_listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)address, length) != 0 || listen(listener, 8) != 0 ||
		getsockname(listener, (struct sockaddr *)address, &length) != 0)
		meter_fail("listen");
	return listener;
}

/* A TCP connection as servers have them: TCP_NODELAY. */
static void tcp_pair(int ends[2])
{
	struct sockaddr_in address;
	int listener = tcp_listener(&address), on = 1;

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(ends[0], (struct sockaddr *)&address, sizeof(address)) != 0)
		meter_fail("connect");
	ends[1] = accept(listener, NULL, NULL);
	if (ends[1] < 0)
		meter_fail("accept");
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

/* Two UDP sockets connected to each other. */
static void udp_pair(int ends[2])
{
	struct sockaddr_in address[2];
	socklen_t length = sizeof(address[0]);

	for (int i = 0; i < 2; i++) {
		ends[i] = socket(AF_INET, SOCK_DGRAM, 0);
		address[i] = (struct sockaddr_in){.sin_family = AF_INET};
		address[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (bind(ends[i], (struct sockaddr *)&address[i], length) != 0 ||
			getsockname(ends[i], (struct sockaddr *)&address[i], &length) != 0)
			meter_fail("bind");
	}
	for (int i = 0; i < 2; i++)
		if (connect(ends[i], (struct sockaddr *)&address[1 - i], length) != 0)
			meter_fail("connect");
}

static void peer_start(struct peer *p, const char *what, int family, int type, size_t size)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;
	char size_text[16];

	snprintf(size_text, sizeof(size_text), "%zu", size);
	char *argv[] = {(char *)self, (char *)what, size_text, NULL};
	if (family == AF_UNIX && socketpair(AF_UNIX, type, 0, ends) != 0)
		meter_fail("socketpair");
	if (family == AF_INET && type == SOCK_STREAM)
		tcp_pair(ends);
	if (family == AF_INET && type == SOCK_DGRAM)
		udp_pair(ends);
	/* Above the number that the peer's end gets. */
	for (int i = 0; i < 2; i++)
		ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, 10);
	for (int fd = 3; fd < 10; fd++)
		close(fd);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], PEER);
	error = posix_spawn(&p->pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0) {
		errno = error;
		meter_fail("posix_spawn");
	}
	close(ends[1]);
	p->fd = ends[0];
	p->size = size;
}

static void peer_end(struct peer *p, int type)
{
	int status;

	/* A datagram socket has no end of file. */
	if (type == SOCK_DGRAM && write(p->fd, "q", 1) != 1)
		meter_fail("end");
	close(p->fd);
	if (waitpid(p->pid, &status, 0) != p->pid || status != 0)
		meter_fail("the other process");
}

static void ping_pong(void *context, unsigned n)
{
	const struct peer *p = context;
	char byte = 'x';

	for (unsigned i = 0; i < n; i++)
		if (write(p->fd, &byte, 1) != 1 || read(p->fd, &byte, 1) != 1)
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
			ssize_t k = write(p->fd, buffer + done, p->size - done);
			if (k <= 0)
				meter_fail("write to the socket");
			done += (size_t)k;
		}
	}
	if (read(p->fd, &byte, 1) != 1)
		meter_fail("answer");
}

static void pairs(void *context, unsigned n)
{
	int ends[2];

	(void)context;
	for (unsigned i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
			meter_fail("socketpair");
		close(ends[0]);
		close(ends[1]);
	}
}

static void connections(void *context, unsigned n)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = (socklen_t)(sizeof(sa_family_t) + 1 +
				       (size_t)snprintf(address.sun_path + 1, 64, "bench-%d", (int)getpid()));
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)context;
	if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 8) != 0)
		meter_fail("listen");
	for (unsigned i = 0; i < n; i++) {
		int there = socket(AF_UNIX, SOCK_STREAM, 0), here;

		if (connect(there, (struct sockaddr *)&address, length) != 0)
			meter_fail("connect");
		here = accept(listener, NULL, NULL);
		if (here < 0)
			meter_fail("accept");
		close(here);
		close(there);
	}
	close(listener);
}

static void tcp_connections(void *context, unsigned n)
{
	struct linger reset = {1, 0}; /* or the ports would run out in TIME_WAIT */
	struct sockaddr_in address;
	int listener = tcp_listener(&address);

	(void)context;
	for (unsigned i = 0; i < n; i++) {
		int there = socket(AF_INET, SOCK_STREAM, 0), here;

		if (connect(there, (struct sockaddr *)&address, sizeof(address)) != 0)
			meter_fail("connect");
		here = accept(listener, NULL, NULL);
		if (here < 0)
			meter_fail("accept");
		setsockopt(there, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(there);
		close(here);
	}
	close(listener);
}

static void run_row(const struct row *row, const char *what, int family, int type, size_t size,
	batch_fn *batch)
{
	struct peer p;

	if (!meter_wants(row->name))
		return;
	peer_start(&p, what, family, type, size);
	meter_run(row, batch, &p);
	peer_end(&p, type);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return peer_echo();
	if (argc == 3 && strcmp(argv[1], "drain") == 0)
		return peer_drain(strcmp(argv[2], "4096") == 0 ? 4096 : sizeof(buffer));
	meter_begin(argc, argv);
	run_row(&(struct row){"unix_pingpong", 5000, 256}, "echo", AF_UNIX, SOCK_STREAM, 1, ping_pong);
	run_row(&(struct row){"unix_dgram_pingpong", 5000, 256}, "echo", AF_UNIX, SOCK_DGRAM, 1, ping_pong);
	run_row(&(struct row){"unix_bulk_4k", 50000, 4096}, "drain", AF_UNIX, SOCK_STREAM, 4096, bulk);
	run_row(&(struct row){"unix_bulk_64k", 5000, 256}, "drain", AF_UNIX, SOCK_STREAM, sizeof(buffer), bulk);
	run_row(&(struct row){"tcp_pingpong", 5000, 256}, "echo", AF_INET, SOCK_STREAM, 1, ping_pong);
	run_row(&(struct row){"udp_pingpong", 5000, 256}, "echo", AF_INET, SOCK_DGRAM, 1, ping_pong);
	run_row(&(struct row){"tcp_bulk_4k", 50000, 4096}, "drain", AF_INET, SOCK_STREAM, 4096, bulk);
	run_row(&(struct row){"tcp_bulk_64k", 5000, 256}, "drain", AF_INET, SOCK_STREAM, sizeof(buffer), bulk);
	if (meter_wants("tcp_connect"))
		meter_run(&(struct row){"tcp_connect", 20000, 1000}, tcp_connections, NULL);
	if (meter_wants("socketpair"))
		meter_run(&(struct row){"socketpair", 20000, 1000}, pairs, NULL);
	if (meter_wants("unix_connect"))
		meter_run(&(struct row){"unix_connect", 20000, 1000}, connections, NULL);
	return 0;
}

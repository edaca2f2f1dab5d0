/*
 * sockets.c - AF_UNIX and TCP over loopback: ping-pong of one byte and bulk in blocks between two
 * processes, by stream and by datagram; making and closing a pair; a whole connection.
 */
#define _GNU_SOURCE
#include "meter.h"
#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
	int ends[2];

	if (!meter_wants(row->name))
		return;
	if (family == AF_UNIX && socketpair(AF_UNIX, type, 0, ends) != 0)
		meter_fail("socketpair");
	if (family == AF_INET && type == SOCK_STREAM)
		tcp_pair(ends);
	if (family == AF_INET && type == SOCK_DGRAM)
		udp_pair(ends);
	peer_make_room(ends, 2);
	p.to = p.from = ends[0];
	peer_start(&p, what, size, ends[1], ends[1]);
	meter_run(row, batch, &p);
	/* A datagram socket has no end of file. */
	if (type == SOCK_DGRAM && write(p.to, "q", 1) != 1)
		meter_fail("end");
	peer_end(&p);
}

int main(int argc, char **argv)
{
	peer_main(argc, argv);
	meter_begin(argc, argv);
	run_row(&(struct row){"unix_pingpong", 5000, 256}, "echo", AF_UNIX, SOCK_STREAM, 1, peer_ping_pong);
	run_row(&(struct row){"unix_dgram_pingpong", 5000, 256}, "echo", AF_UNIX, SOCK_DGRAM, 1, peer_ping_pong);
	run_row(&(struct row){"unix_bulk_4k", 50000, 4096}, "drain", AF_UNIX, SOCK_STREAM, 4096, peer_bulk);
	run_row(&(struct row){"unix_bulk_64k", 5000, 256}, "drain", AF_UNIX, SOCK_STREAM, PEER_BLOCK, peer_bulk);
	run_row(&(struct row){"tcp_pingpong", 5000, 256}, "echo", AF_INET, SOCK_STREAM, 1, peer_ping_pong);
	run_row(&(struct row){"udp_pingpong", 5000, 256}, "echo", AF_INET, SOCK_DGRAM, 1, peer_ping_pong);
	run_row(&(struct row){"tcp_bulk_4k", 50000, 4096}, "drain", AF_INET, SOCK_STREAM, 4096, peer_bulk);
	run_row(&(struct row){"tcp_bulk_64k", 5000, 256}, "drain", AF_INET, SOCK_STREAM, PEER_BLOCK, peer_bulk);
	if (meter_wants("tcp_connect"))
		meter_run(&(struct row){"tcp_connect", 20000, 1000}, tcp_connections, NULL);
	if (meter_wants("socketpair"))
		meter_run(&(struct row){"socketpair", 20000, 1000}, pairs, NULL);
	if (meter_wants("unix_connect"))
		meter_run(&(struct row){"unix_connect", 20000, 1000}, connections, NULL);
	return 0;
}

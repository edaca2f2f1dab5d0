/*
 * peer.h - a second process at the other end of a pipe or socket, for ping-pong and bulk rows. It is
 * the program itself again, spawned with the word "echo" or "drain".
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>
#include <sys/types.h>

#define PEER_BLOCK 65536 /* bytes of the largest block */

struct peer {
	pid_t pid;
	int to, from; /* the same descriptor for a socket */
	size_t size;  /* bytes of a block, at most PEER_BLOCK */
};

/* First thing in main(): plays the other process if this is it, and does not return then. */
void peer_main(int argc, char **argv);

/* Like fcntl's F_DUPFD, above the numbers that the peer's ends get; fds 3 to 9 are closed after all
 * ends were moved so. */
void peer_make_room(int *fds, int count);

/* Spawn it with what ("echo", "drain"); it reads from `in` and writes to `out`, which are closed here. */
void peer_start(struct peer *p, const char *what, size_t size, int in, int out);

/* Close the ends and wait; it must end well. */
void peer_end(struct peer *p);

/* Batches of meter_run(); context: the struct peer. One byte there and back. */
void peer_ping_pong(void *context, unsigned n);
/* Blocks; the last one of a batch asks for an answer, so that what is measured has arrived. */
void peer_bulk(void *context, unsigned n);

#endif

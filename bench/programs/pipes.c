/* pipes.c - two processes and pipes between them: ping-pong of one byte, bulk in blocks. */
#define _GNU_SOURCE
#include "meter.h"
#include "peer.h"

#include <unistd.h>

static void run_row(const struct row *row, const char *what, size_t size, batch_fn *batch)
{
	struct peer p;
	int ends[4]; /* there: read, write; back: read, write */

	if (!meter_wants(row->name))
		return;
	if (pipe(ends) != 0 || pipe(ends + 2) != 0)
		meter_fail("pipe");
	peer_make_room(ends, 4);
	p.to = ends[1];
	p.from = ends[2];
	peer_start(&p, what, size, ends[0], ends[3]);
	meter_run(row, batch, &p);
	peer_end(&p);
}

int main(int argc, char **argv)
{
	peer_main(argc, argv);
	meter_begin(argc, argv);
	run_row(&(struct row){"pipe_pingpong", 5000, 256}, "echo", 1, peer_ping_pong);
	run_row(&(struct row){"pipe_bulk_4k", 50000, 4096}, "drain", 4096, peer_bulk);
	run_row(&(struct row){"pipe_bulk_64k", 5000, 256}, "drain", PEER_BLOCK, peer_bulk);
	return 0;
}

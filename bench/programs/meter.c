/*
 * meter.c - windows of time around batches of operations.
 */
#include "meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WINDOW_NS 4000000ULL /* a browser's clock steps by 5 us: a thousandth of this */
#define WARM_NS 150000000ULL /* the optimizing compiler works beside us; give it the time */
#define WARM_MAX_NS 600000000ULL
#define WINDOWS 9

static char **wanted;

uint64_t meter_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void meter_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

const char *meter_begin(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "use: %s FOLDER [ROW...]\n", argv[0]);
		exit(2);
	}
	wanted = argv + 2;
	return argv[1];
}

int meter_wants(const char *name)
{
	if (wanted == NULL || wanted[0] == NULL)
		return 1;
	for (char **at = wanted; *at != NULL; at++)
		if (strcmp(*at, name) == 0)
			return 1;
	return 0;
}

void meter_print(const char *name, const double *ns, unsigned count)
{
	printf("%s", name);
	for (unsigned i = 0; i < count; i++)
		printf(" %.3f", ns[i]);
	printf("\n");
	fflush(stdout);
}

/* At least n operations, in batches. Returns nanoseconds for one. */
static double window(const struct row *row, batch_fn *batch, void *context, unsigned n)
{
	unsigned done = 0;
	uint64_t start = meter_now_ns();

	while (done < n) {
		unsigned now = n - done < row->batch ? n - done : row->batch;
		batch(context, now);
		done += now;
	}
	return (double)(meter_now_ns() - start) / done;
}

/* Returns how many operations fill a window. */
static unsigned warm_up(const struct row *row, batch_fn *batch, void *context)
{
	uint64_t start = meter_now_ns(), spent = 0;
	unsigned done = 0, step = row->warm < row->batch ? row->warm : row->batch;
	double ns = 0;

	while ((done < row->warm || spent < WARM_NS) && spent < WARM_MAX_NS) {
		ns = window(row, batch, context, step);
		done += step;
		spent = meter_now_ns() - start;
	}
	return ns > WINDOW_NS ? 1 : (unsigned)(WINDOW_NS / ns) + 1;
}

void meter_run(const struct row *row, batch_fn *batch, void *context)
{
	double ns[WINDOWS];
	unsigned n;

	if (!meter_wants(row->name))
		return;
	n = warm_up(row, batch, context);
	for (unsigned i = 0; i < WINDOWS; i++)
		ns[i] = window(row, batch, context, n);
	meter_print(row->name, ns, WINDOWS);
}

/*
 * meter.h - how every program here measures: windows of many operations after a warm-up.
 *
 * A program prints one line a row, "name ns ns ns ...": nanoseconds for one operation, a figure
 * for each window. bench/src/rows.ts turns them into units, medians and ratios.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

/* What a batch of n operations needs is in the context. */
typedef void batch_fn(void *context, unsigned n);

struct row {
	const char *name;
	unsigned warm;	/* operations before anything is measured: engines compile in tiers */
	unsigned batch; /* most operations in one call: a loop that never returns stays untiered */
};

/* Measure and print one row. The figures of each window are of at least WINDOW_NS of work. */
void meter_run(const struct row *row, batch_fn *batch, void *context);

/* Print a row that the caller measured itself. */
void meter_print(const char *name, const double *ns, unsigned count);

uint64_t meter_now_ns(void);

/* End with a message and status 1: a figure of something that failed is worth nothing. */
_Noreturn void meter_fail(const char *what);

/* Was this row asked for? All are when the command line names none. */
int meter_wants(const char *name);

/* Take the command line: argv[1] is the folder for files, the rest are names of rows. */
const char *meter_begin(int argc, char **argv);

#endif

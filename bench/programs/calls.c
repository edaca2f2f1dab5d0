/*
 * calls.c - system calls of one process that never sleep: null call, read, write, open, stat,
 * files on tmpfs, a signal to itself.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE (4U << 20) /* more than a core keeps close; fits any tmpfs */

struct transfer {
	int fd;
	size_t size;
};

static char buffer[65536];
static char path[256];
static volatile sig_atomic_t signals;

static void null_call(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++)
		getpid();
}

static void read_some(void *context, unsigned n)
{
	const struct transfer *t = context;

	for (unsigned i = 0; i < n; i++)
		if (read(t->fd, buffer, t->size) != (ssize_t)t->size)
			meter_fail("read");
}

static void write_some(void *context, unsigned n)
{
	const struct transfer *t = context;

	for (unsigned i = 0; i < n; i++)
		if (write(t->fd, buffer, t->size) != (ssize_t)t->size)
			meter_fail("write");
}

/* A batch of these passes over the file once; its length in operations is the row's batch. */
static void file_read(void *context, unsigned n)
{
	const struct transfer *t = context;

	lseek(t->fd, 0, SEEK_SET);
	read_some(context, n);
}

static void file_write(void *context, unsigned n)
{
	const struct transfer *t = context;

	lseek(t->fd, 0, SEEK_SET);
	write_some(context, n);
}

static void open_close(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		int fd = open(path, O_RDONLY);
		if (fd < 0 || close(fd) != 0)
			meter_fail("open and close");
	}
}

static void stat_path(void *context, unsigned n)
{
	struct stat st;

	(void)context;
	for (unsigned i = 0; i < n; i++)
		if (stat(path, &st) != 0)
			meter_fail("stat");
}

static void caught(int signo)
{
	(void)signo;
	signals++;
}

static void signal_self(void *context, unsigned n)
{
	sig_atomic_t before = signals;

	(void)context;
	for (unsigned i = 0; i < n; i++)
		kill(getpid(), SIGUSR1);
	if ((unsigned)(signals - before) != n)
		meter_fail("signals were lost");
}

/* Reads of /dev/zero and writes to /dev/null: the way of a call and, for reads, one copy. */
static void devices(void)
{
	static const struct {
		const char *read, *write;
		size_t size;
	} sizes[] = {
		{"read_1b", "write_1b", 1},
		{"read_4k", "write_4k", 4096},
		{"read_64k", "write_64k", 65536},
	};
	int zero = open("/dev/zero", O_RDONLY);
	int null = open("/dev/null", O_WRONLY);

	if (zero < 0 || null < 0)
		meter_fail("/dev/zero, /dev/null");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct transfer in = {zero, sizes[i].size}, out = {null, sizes[i].size};
		unsigned warm = sizes[i].size > 4096 ? 10000 : 200000;
		meter_run(&(struct row){sizes[i].read, warm, 1024}, read_some, &in);
		meter_run(&(struct row){sizes[i].write, 200000, 1024}, write_some, &out);
	}
	close(zero);
	close(null);
}

static void files(void)
{
	static const struct {
		const char *read, *write;
		unsigned size;
	} sizes[] = {
		{"tmpfs_read_4k", "tmpfs_write_4k", 4096},
		{"tmpfs_read_64k", "tmpfs_write_64k", 65536},
	};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		meter_fail(path);
	memset(buffer, 7, sizeof(buffer));
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct transfer t = {fd, sizes[i].size};
		unsigned batch = FILE_SIZE / sizes[i].size;
		meter_run(&(struct row){sizes[i].write, 8 * batch, batch}, file_write, &t);
		meter_run(&(struct row){sizes[i].read, 8 * batch, batch}, file_read, &t);
	}
	meter_run(&(struct row){"open_close", 50000, 1024}, open_close, NULL);
	meter_run(&(struct row){"stat", 50000, 1024}, stat_path, NULL);
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof(path), "%s/pleat-bench", meter_begin(argc, argv));
	signal(SIGUSR1, caught);
	meter_run(&(struct row){"null_call", 500000, 4096}, null_call, NULL);
	devices();
	files();
	meter_run(&(struct row){"signal", 50000, 1024}, signal_self, NULL);
	return 0;
}

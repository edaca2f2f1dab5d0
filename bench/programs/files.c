/*
 * files.c - names and contents: a directory of 10,000 (open, list, rename, make and remove), and
 * 4 KiB and 1 MiB at a time on tmpfs, on what lies under /var/tmp (the overlay's upper layer in a
 * machine), and of this program's own file (EROFS there, read before, so warm).
 */
#define _GNU_SOURCE
#include "meter.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES 10000
#define BIG (1U << 20)
#define FILE_SIZE (4U << 20)

static char buffer[BIG];
static int dir;
static unsigned turn;

static void name_of(char name[32], unsigned n)
{
	snprintf(name, 32, "file-%05u", n % NAMES);
}

static void open_names(void *context, unsigned n)
{
	char name[32];

	(void)context;
	for (unsigned i = 0; i < n; i++) {
		name_of(name, turn++ * 7919);
		int fd = openat(dir, name, O_RDONLY);
		if (fd < 0 || close(fd) != 0)
			meter_fail("openat");
	}
}

/* One operation is one name. */
static void list_names(void *context, unsigned n)
{
	unsigned seen = 0;

	(void)context;
	while (seen < n) {
		DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY));

		if (!d)
			meter_fail("opendir");
		while (seen < n && readdir(d))
			seen++;
		closedir(d);
	}
}

static void rename_names(void *context, unsigned n)
{
	char from[32];

	(void)context;
	for (unsigned i = 0; i < n; i++) {
		name_of(from, turn++ * 7919);
		if (renameat(dir, from, dir, "renamed") != 0 ||
			renameat(dir, "renamed", dir, from) != 0)
			meter_fail("rename");
	}
}

/* n files come, then go. */
static void make_and_remove(void *context, unsigned n)
{
	char name[32];

	(void)context;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "new-%05u", i);
		int fd = openat(dir, name, O_CREAT | O_WRONLY, 0644);
		if (fd < 0 || close(fd) != 0)
			meter_fail("create");
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "new-%05u", i);
		if (unlinkat(dir, name, 0) != 0)
			meter_fail("unlink");
	}
}

static void names(const char *folder)
{
	char path[300], name[32];

	snprintf(path, sizeof(path), "%s/pleat-bench-names", folder);
	mkdir(path, 0755);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		meter_fail(path);
	for (unsigned i = 0; i < NAMES; i++) {
		name_of(name, i);
		close(openat(dir, name, O_CREAT | O_WRONLY, 0644));
	}
	meter_run(&(struct row){"open_10000", 20000, 1024}, open_names, NULL);
	meter_run(&(struct row){"readdir_10000", 100000, NAMES}, list_names, NULL);
	meter_run(&(struct row){"rename_10000", 10000, 512}, rename_names, NULL);
	meter_run(&(struct row){"create_unlink_10000", 10000, NAMES}, make_and_remove, NULL);
	for (unsigned i = 0; i < NAMES; i++) {
		name_of(name, i);
		unlinkat(dir, name, 0);
	}
	close(dir);
	rmdir(path);
}

struct transfer {
	int fd;
	size_t size, file;
};

static void read_file(void *context, unsigned n)
{
	const struct transfer *t = context;

	for (unsigned i = 0; i < n; i++) {
		size_t at = (size_t)(turn++ % (unsigned)(t->file / t->size)) * t->size;

		if (pread(t->fd, buffer, t->size, (off_t)at) != (ssize_t)t->size)
			meter_fail("pread");
	}
}

static void write_file(void *context, unsigned n)
{
	const struct transfer *t = context;

	for (unsigned i = 0; i < n; i++) {
		size_t at = (size_t)(turn++ % (unsigned)(t->file / t->size)) * t->size;

		if (pwrite(t->fd, buffer, t->size, (off_t)at) != (ssize_t)t->size)
			meter_fail("pwrite");
	}
}

static void contents(const char *folder, const char *kind)
{
	static const struct {
		const char *name;
		unsigned size, batch;
	} sizes[] = {{"4k", 4096, 1024}, {"1m", BIG, 16}};
	char path[300], name[64];

	snprintf(path, sizeof(path), "%s/pleat-bench-contents", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		meter_fail(path);
	for (unsigned i = 0; i < FILE_SIZE; i += BIG)
		if (write(fd, buffer, BIG) != BIG)
			meter_fail("write");
	for (unsigned i = 0; i < 2; i++) {
		struct transfer t = {fd, sizes[i].size, FILE_SIZE};

		snprintf(name, sizeof(name), "%s_pwrite_%s", kind, sizes[i].name);
		meter_run(&(struct row){name, 4 * sizes[i].batch, sizes[i].batch}, write_file, &t);
		snprintf(name, sizeof(name), "%s_pread_%s", kind, sizes[i].name);
		meter_run(&(struct row){name, 4 * sizes[i].batch, sizes[i].batch}, read_file, &t);
	}
	close(fd);
	unlink(path);
}

/* This program's own file: whole pieces of 4 KiB of it, over and over. */
static void image(const char *program)
{
	struct stat st;
	int fd = open(program, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 4096)
		meter_fail(program);
	struct transfer t = {fd, 4096, (size_t)st.st_size / 4096 * 4096};
	meter_run(&(struct row){"image_pread_4k", 4096, 1024}, read_file, &t);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *folder = meter_begin(argc, argv);

	memset(buffer, 7, sizeof(buffer));
	if (meter_wants("open_10000") || meter_wants("readdir_10000") ||
		meter_wants("rename_10000") || meter_wants("create_unlink_10000"))
		names(folder);
	contents(folder, "tmpfs");
	contents("/var/tmp", "overlay");
	image(argv[0]);
	return 0;
}

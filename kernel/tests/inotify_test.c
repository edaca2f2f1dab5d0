/* inotify(7): what is told of a directory and of a file, and in which order. */
#include "conformance.h"
#include <sys/inotify.h>
#include <sys/ioctl.h>

static int in;

static void show_mask(uint32_t mask)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"},
		{IN_CLOSE_WRITE, "CLOSE_WRITE"}, {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
		{IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"},
		{IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"},
		{IN_MOVE_SELF, "MOVE_SELF"}, {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"},
		{IN_IGNORED, "IGNORED"}, {IN_ISDIR, "ISDIR"}};

	for (int i = 0; i < COUNT(names); i++) {
		if (mask & names[i].bit)
			printf(" %s", names[i].name);
	}
}

/* All that is queued. */
static void events(const char *what)
{
	char buf[4096] __attribute__((aligned(8)));
	uint32_t cookie = 0;
	ssize_t n;

	printf("%s:\n", what);
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)(void *)p;

			printf("  wd %d", e->wd);
			show_mask(e->mask);
			if (e->len)
				printf(" %s (%u)", e->name, e->len);
			if (e->cookie)
				printf(e->cookie == cookie ? " same cookie" : " cookie");
			cookie = e->cookie;
			printf("\n");
			p += sizeof(*e) + e->len;
		}
	}
}

int main(void)
{
	int wd, fd, n;
	char c, many[256];

	enter_tmp();
	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	TRUTH(fcntl(in, F_GETFD) == FD_CLOEXEC);
	CHECK(mkdir("d", 0755) == 0);
	CHECK(mkdir("other", 0755) == 0);
	SHOW(wd = inotify_add_watch(in, "d", IN_ALL_EVENTS));
	events("nothing");
	fd = open("d/file", O_CREAT | O_RDWR, 0644);
	events("created");
	CHECK(write(fd, "hello", 5) == 5);
	CHECK(write(fd, "hello", 5) == 5);
	events("two writes");
	CHECK(pread(fd, &c, 1, 0) == 1);
	events("a read");
	CHECK(pread(fd, &c, 1, 100) == 0);
	events("a read at the end");
	CHECK(fchmod(fd, 0600) == 0);
	events("chmod");
	CHECK(ftruncate(fd, 2) == 0);
	events("truncate");
	CHECK(close(fd) == 0);
	events("closed");
	fd = open("d/file", O_RDONLY);
	close(fd);
	events("opened for reading");
	fd = open("d/file", O_PATH);
	close(fd);
	events("O_PATH says nothing");
	fd = open("d/file", O_WRONLY | O_TRUNC);
	CHECK(ioctl(in, FIONREAD, &n) == 0);
	printf("O_TRUNC: %d bytes of events\n", n); /* which is first depends on Linux's version */
	while (read(in, &many, sizeof(many)) > 0)
		;
	close(fd);
	events("O_TRUNC, closed");
	CHECK(link("d/file", "d/a name that is longer") == 0);
	events("link");
	CHECK(symlink("file", "d/sym") == 0);
	CHECK(mkfifo("d/fifo", 0600) == 0);
	CHECK(mkdir("d/sub", 0755) == 0);
	events("symlink, fifo, mkdir");
	CHECK(rename("d/file", "d/moved") == 0);
	events("rename in the directory");
	CHECK(rename("d/moved", "other/moved") == 0);
	events("out of it");
	CHECK(rename("other/moved", "d/back") == 0);
	events("into it");
	put_file("d/victim", "x");
	events("another file");
	CHECK(rename("d/back", "d/victim") == 0);
	events("rename over it");
	CHECK(rename("d/sub", "d/sub2") == 0);
	events("a directory moves");
	put_file("d/sub2/below", "x");
	events("below is not watched");
	struct timespec t[2] = {{1, 0}, {1, 0}}, t1[2] = {{0, UTIME_OMIT}, {1, 0}},
			t2[2] = {{1, 0}, {0, UTIME_OMIT}};
	CHECK(utimensat(AT_FDCWD, "d/victim", t, 0) == 0);
	CHECK(utimensat(AT_FDCWD, "d/victim", t1, 0) == 0);
	CHECK(utimensat(AT_FDCWD, "d/victim", t2, 0) == 0);
	events("times");
	DIR *dir = opendir("d");
	n = 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	events("read as a directory");
	SHOW(n);
	CHECK(unlink("d/victim") == 0);
	CHECK(unlink("d/sym") == 0);
	events("unlinked");
	CHECK(ioctl(in, FIONREAD, &n) == 0);
	SHOW(n);
	CHECK(unlink("d/fifo") == 0);
	CHECK(ioctl(in, FIONREAD, &n) == 0);
	SHOW(n);
	events("fifo");
	CHECK(unlink("d/sub2/below") == 0);
	CHECK(rmdir("d/sub2") == 0);
	events("rmdir");
	CHECK(unlink("d/a name that is longer") == 0);
	CHECK(rename("d", "e") == 0);
	events("the directory itself moves");
	CHECK(rmdir("e") == 0);
	events("and goes");
	SHOW(inotify_rm_watch(in, wd));
	return 0;
}

/* inotify_add_watch(2), inotify_rm_watch(2): masks, errors, watches that end. */
#include "conformance.h"
#include <poll.h>
#include <sys/inotify.h>

static int in;

static void events(const char *what)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	printf("%s:", what);
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)(void *)p;

			printf(" [%d %x%s%s]", e->wd, e->mask, e->len ? " " : "",
				e->len ? e->name : "");
			p += sizeof(*e) + e->len;
		}
	}
	printf("\n");
}
static void touch(const char *name)
{
	close(open(name, O_CREAT | O_WRONLY, 0644));
}

int main(void)
{
	struct pollfd f;
	char buf[64];
	int fd, pair[2];

	enter_tmp();
	SHOW(inotify_init1(1));
	in = inotify_init1(IN_NONBLOCK);
	touch("f");
	CHECK(mkdir("d", 0755) == 0);
	CHECK(symlink("f", "link") == 0);
	SHOW(inotify_add_watch(in, "none", IN_OPEN));
	SHOW(inotify_add_watch(in, "f", 0));
	SHOW(inotify_add_watch(in, "f", 0x1000));
	SHOW(inotify_add_watch(in, "f/x", IN_OPEN));
	SHOW(inotify_add_watch(in, "f", IN_OPEN | IN_ONLYDIR));
	SHOW(inotify_add_watch(99, "f", IN_OPEN));
	CHECK(pipe(pair) == 0);
	SHOW(inotify_add_watch(pair[0], "f", IN_OPEN));
	SHOW(inotify_add_watch(in, bad_address, IN_OPEN));
	SHOW(inotify_rm_watch(in, 1));
	SHOW(inotify_rm_watch(99, 1));
	SHOW(inotify_rm_watch(pair[0], 1));

	SHOW(inotify_add_watch(in, "f", IN_OPEN));
	SHOW(inotify_add_watch(in, "link", IN_CLOSE));
	touch("f");
	events("the second mask took the place of the first");
	SHOW(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_ADD));
	touch("f");
	events("both");
	SHOW(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_CREATE));
	SHOW(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
	SHOW(inotify_add_watch(in, "link", IN_DELETE_SELF | IN_DONT_FOLLOW));
	CHECK(unlink("link") == 0);
	events("the link, not what it leads to");
	SHOW(inotify_rm_watch(in, 1));
	events("removed");
	touch("f");
	events("silent");
	SHOW(inotify_rm_watch(in, 1));

	SHOW(inotify_add_watch(in, "d", IN_CREATE | IN_ONESHOT));
	touch("d/a");
	touch("d/b");
	events("one-shot");

	/* The last name goes while it is open: the end comes with the last close. */
	SHOW(inotify_add_watch(in, "f", IN_ATTRIB | IN_DELETE_SELF | IN_MODIFY));
	fd = open("f", O_WRONLY);
	CHECK(unlink("f") == 0);
	events("unlinked, open");
	CHECK(write(fd, "x", 1) == 1);
	events("written without a name");
	close(fd);
	events("closed");

	/* Events of a file that is in its directory no more, with and without IN_EXCL_UNLINK. */
	SHOW(inotify_add_watch(in, "d", IN_MODIFY | IN_EXCL_UNLINK));
	fd = open("d/a", O_WRONLY);
	CHECK(write(fd, "x", 1) == 1);
	CHECK(unlink("d/a") == 0);
	CHECK(write(fd, "x", 1) == 1);
	events("excluded");
	SHOW(inotify_add_watch(in, "d", IN_MODIFY));
	CHECK(write(fd, "x", 1) == 1);
	events("included");
	close(fd);

	/* poll, and reads that are too short. */
	f = (struct pollfd){in, POLLIN | POLLOUT, 0};
	SHOW(poll(&f, 1, 0));
	SHOW(inotify_add_watch(in, "d", IN_CREATE));
	touch("d/c");
	SHOW(poll(&f, 1, 0));
	SHOW(f.revents);
	SHOW(read(in, buf, 16));
	SHOW(read(in, buf, 31));
	SHOW(read(in, buf, 32));
	SHOW(read(in, buf, 32));
	SHOW(write(in, buf, 1));
	SHOW(lseek(in, 0, SEEK_SET));
	/* Two instances: each has its own events. */
	int second = inotify_init1(IN_NONBLOCK), first = in;
	SHOW(inotify_add_watch(second, "d", IN_CREATE));
	touch("d/e");
	events("first");
	in = second;
	events("second");
	close(first);
	touch("d/g");
	events("second, the first is closed");
	return 0;
}

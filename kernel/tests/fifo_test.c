/* FIFOs: open(2) waits for the other end; O_NONBLOCK and O_RDWR do not. */
#include "conformance.h"

static void write_it(void)
{
	int fd = open("fifo", O_WRONLY);

	CHECK(fd >= 0);
	CHECK(write(fd, "through", 7) == 7);
}

static void read_it(void)
{
	char buf[20];
	int fd = open("fifo", O_RDONLY);
	ssize_t n, total = 0;

	while ((n = read(fd, buf + total, sizeof(buf) - (size_t)total)) > 0)
		total += n;
	printf("child read %.*s, then %zd\n", (int)total, buf, n);
}

int main(void)
{
	char buf[20];
	struct stat st;
	pid_t pid;
	int fd, rd;

	enter_tmp();
	SHOW(mkfifo("fifo", 0640));
	SHOW(mkfifo("fifo", 0640));
	SHOW(stat("fifo", &st));
	printf("mode %o\n", (unsigned)st.st_mode);
	SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	rd = (int)SHOW_OK(open("fifo", O_RDONLY | O_NONBLOCK));
	SHOW(read(rd, buf, 5));
	fd = (int)SHOW_OK(open("fifo", O_WRONLY | O_NONBLOCK));
	SHOW(read(rd, buf, 5));
	SHOW(write(fd, "abc", 3));
	SHOW(read(rd, buf, 5));
	close(fd);
	SHOW(read(rd, buf, 5));
	close(rd);

	fd = (int)SHOW_OK(open("fifo", O_RDWR));
	SHOW(write(fd, "self", 4));
	SHOW(read(fd, buf, 4));
	close(fd);

	for (int i = 0; i < 20; i++) {
		int status;

		pid = child(write_it);
		fd = open("fifo", O_RDONLY);
		CHECK(fd >= 0);
		memset(buf, 0, sizeof(buf));
		for (ssize_t n, got = 0; (n = read(fd, buf + got, sizeof(buf) - (size_t)got)) > 0;)
			got += n;
		CHECK(strcmp(buf, "through") == 0);
		close(fd);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	pid = child(read_it);
	fd = (int)SHOW_OK(open("fifo", O_WRONLY));
	SHOW(write(fd, "down", 4));
	close(fd);
	reap("reader", pid);

	/* The name goes, the pipe stays for those who have it. */
	fd = open("fifo", O_RDWR);
	SHOW(unlink("fifo"));
	SHOW(write(fd, "kept", 4));
	SHOW(read(fd, buf, 4));
	SHOW(open("fifo", O_RDONLY | O_NONBLOCK));
	return 0;
}

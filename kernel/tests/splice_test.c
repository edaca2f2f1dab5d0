/* splice(2), tee(2), vmsplice(2), sendfile(2). */
#include "conformance.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static int p[2], q[2];

static void show_pipe(const char *what, int fd)
{
	char buf[100];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = 0;
	printf("%s: %s\n", what, n < 0 ? errno_name(errno) : buf);
}
static struct gate go;
static void feed(void)
{
	close(p[0]);
	gate_wait(&go);
	CHECK(write(p[1], "late", 4) == 4);
}
static void drain_one(void)
{
	char buf[70000];

	close(p[1]);
	gate_wait(&go);
	CHECK(read(p[0], buf, sizeof(buf)) > 0);
}

int main(void)
{
	static char big[100000];
	struct iovec iov[2] = {{"vec", 3}, {"tor", 3}};
	char buf[100];
	loff_t off;
	off_t soff;
	int file, out, appending, sum;
	pid_t pid;
	ssize_t n;

	enter_tmp();
	go = gate_new();
	put_file("in", "0123456789");
	file = open("in", O_RDONLY);
	out = open("out", O_CREAT | O_RDWR, 0644);
	appending = open("out", O_WRONLY | O_APPEND);
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	CHECK(pipe2(q, O_NONBLOCK) == 0);
	/* File to pipe. */
	SHOW(splice(file, NULL, p[1], NULL, 4, 0));
	show_pipe("pipe", p[0]);
	SHOW(lseek(file, 0, SEEK_CUR));
	off = 7;
	SHOW(splice(file, &off, p[1], NULL, 100, 0));
	SHOW(off);
	show_pipe("pipe", p[0]);
	SHOW(lseek(file, 0, SEEK_CUR));
	off = 100;
	SHOW(splice(file, &off, p[1], NULL, 100, 0));
	/* Pipe to file. */
	CHECK(write(p[1], "abcdefgh", 8) == 8);
	SHOW(splice(p[0], NULL, out, NULL, 3, 0));
	off = 10;
	SHOW(splice(p[0], NULL, out, &off, 100, 0));
	SHOW(off);
	SHOW(lseek(out, 0, SEEK_CUR));
	n = pread(out, buf, sizeof(buf), 0);
	SHOW(n);
	TRUTH(memcmp(buf, "abc\0\0\0\0\0\0\0defgh", 15) == 0);
	SHOW(splice(p[0], NULL, out, NULL, 100, 0));
	SHOW(splice(p[0], NULL, out, NULL, 100, SPLICE_F_NONBLOCK));
	/* Pipe to pipe. */
	CHECK(write(p[1], "pipe to pipe", 12) == 12);
	SHOW(splice(p[0], NULL, q[1], NULL, 4, SPLICE_F_MOVE));
	show_pipe("q", q[0]);
	show_pipe("p", p[0]);
	/* tee leaves what it copies. */
	CHECK(write(p[1], "tee tee", 7) == 7);
	SHOW(tee(p[0], q[1], 3, 0));
	SHOW(tee(p[0], q[1], 100, 0));
	show_pipe("q", q[0]);
	show_pipe("p", p[0]);
	SHOW(tee(p[0], q[1], 100, 0));
	/* vmsplice. */
	SHOW(vmsplice(p[1], iov, 2, 0));
	show_pipe("p", p[0]);
	SHOW(vmsplice(p[1], iov, 0, 0));
	SHOW(vmsplice(file, iov, 2, 0));
	/* Errors. */
	off = 0;
	SHOW(splice(file, NULL, out, NULL, 1, 0));
	SHOW(splice(p[0], &off, out, NULL, 1, 0));
	SHOW(splice(file, NULL, p[1], &off, 1, 0));
	SHOW(splice(p[0], NULL, p[1], NULL, 1, 0));
	SHOW(splice(p[1], NULL, out, NULL, 1, 0));
	SHOW(splice(file, NULL, p[0], NULL, 1, 0));
	SHOW(splice(99, NULL, p[1], NULL, 1, 0));
	SHOW(splice(file, NULL, 99, NULL, 1, 0));
	SHOW(splice(file, NULL, p[1], NULL, 0, 0));
	SHOW(splice(file, NULL, p[1], NULL, 1, 0x100));
	CHECK(write(p[1], "x", 1) == 1);
	SHOW(splice(p[0], NULL, appending, NULL, 1, 0));
	show_pipe("kept", p[0]);
	SHOW(tee(file, p[1], 1, 0));
	SHOW(tee(p[0], p[1], 1, 0));
	/* A full pipe, and an end. */
	while (write(p[1], big, sizeof(big)) > 0)
		;
	lseek(file, 0, SEEK_SET);
	SHOW(splice(file, NULL, p[1], NULL, 5, 0));
	SHOW(lseek(file, 0, SEEK_CUR));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	SHOW(splice(file, NULL, p[1], NULL, 5, 0));
	close(p[1]);
	CHECK(write(q[1], "end", 3) == 3);
	close(q[1]);
	SHOW(splice(q[0], NULL, out, NULL, 100, 0));
	SHOW(splice(q[0], NULL, out, NULL, 100, 0));
	close(q[0]);
	/* Asleep for bytes, and for room. */
	for (int i = 0; i < 10; i++) {
		CHECK(pipe(p) == 0);
		pid = child(feed);
		close(p[1]);
		gate_open(&go);
		CHECK(splice(p[0], NULL, out, NULL, 100, 0) == 4);
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(p[0]);
	}
	for (int i = 0; i < 10; i++) {
		CHECK(pipe(p) == 0);
		CHECK(write(p[1], big, 65536) == 65536);
		pid = child(drain_one);
		lseek(file, 0, SEEK_SET);
		gate_open(&go);
		CHECK(splice(file, NULL, p[1], NULL, 5, 0) == 5);
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(p[0]);
		close(p[1]);
	}
	printf("slept and woke\n");

	/* sendfile. */
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	lseek(file, 0, SEEK_SET);
	SHOW(sendfile(p[1], file, NULL, 4));
	show_pipe("pipe", p[0]);
	soff = 5;
	SHOW(sendfile(p[1], file, &soff, 100));
	SHOW(soff);
	show_pipe("pipe", p[0]);
	SHOW(lseek(file, 0, SEEK_CUR));
	CHECK(ftruncate(out, 0) == 0);
	lseek(out, 0, SEEK_SET);
	SHOW(sendfile(out, file, NULL, 3));
	printf("%s\n", get_file("out"));
	SHOW(sendfile(appending, file, NULL, 3));
	SHOW(sendfile(file, out, NULL, 3));
	SHOW(sendfile(out, 99, NULL, 3));
	soff = -1;
	SHOW(sendfile(out, file, &soff, 3));
	SHOW(sendfile(out, file, bad_address, 3));
	sum = open("/dev/null", O_WRONLY);
	lseek(file, 0, SEEK_SET);
	SHOW(sendfile(sum, file, NULL, 100));
	return 0;
}

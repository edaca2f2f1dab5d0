/* POSIX and OFD record locks: ranges, splitting, owners, EDEADLK, close, waiting. */
#include "conformance.h"

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

static int fd;
static struct gate a_gate, b_gate;

static int lock(int f, int cmd, int type, off_t start, off_t len)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return fcntl(f, cmd, &l);
}

/* What a new process would meet in [start, start + len), for a write lock. */
static void who(off_t start, off_t len)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct flock l = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

		CHECK(fcntl(fd, F_GETLK, &l) == 0);
		if (l.l_type == F_UNLCK)
			printf("  %ld+%ld: free\n", (long)start, (long)len);
		else
			printf("  %ld+%ld: %s at %ld+%ld by %s\n", (long)start, (long)len,
				l.l_type == F_RDLCK ? "read" : "write", (long)l.l_start,
				(long)l.l_len,
				l.l_pid == getppid() ? "parent"
				: l.l_pid == -1	     ? "an open file"
						     : "other");
		_exit(0);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void deadlock_child(void)
{
	CHECK(lock(fd, F_SETLK, F_WRLCK, 10, 1) == 0);
	gate_open(&a_gate);
	/* One of the two is told; the other gets its lock when that one has let go. */
	if (lock(fd, F_SETLKW, F_WRLCK, 0, 1) < 0) {
		CHECK(errno == EDEADLK);
		_exit(1);
	}
}
static void waits(void)
{
	gate_open(&a_gate);
	CHECK(lock(fd, F_SETLKW, F_WRLCK, 0, 0) == 0);
}
static volatile sig_atomic_t alarms;
static void on_alarm(int s)
{
	(void)s;
	alarms++;
}
static void holds(void)
{
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 0) == 0);
	gate_open(&a_gate);
	gate_wait(&b_gate);
}

int main(void)
{
	struct flock l;
	int other, again;
	pid_t pid;

	enter_tmp();
	a_gate = gate_new();
	b_gate = gate_new();
	put_file("f", "0123456789012345678901234567890123456789");
	fd = open("f", O_RDWR);
	other = open("f", O_RDWR);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 30));
	who(0, 100);
	SHOW(lock(fd, F_SETLK, F_UNLCK, 10, 10));
	who(0, 5);
	who(10, 10);
	who(15, 10);
	SHOW(lock(fd, F_SETLK, F_RDLCK, 10, 10));
	who(10, 10);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 5, 20));
	who(0, 0);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 100, 0));
	who(1000000, 1);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 60, -10));
	who(49, 1);
	who(50, 10);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 5, -10));
	SHOW(lock(fd, F_SETLK, F_WRLCK, -1, 1));
	SHOW(lock(fd, F_SETLK, 77, 0, 1));
	SHOW(lock(99, F_SETLK, F_WRLCK, 0, 1));
	SHOW(fcntl(fd, F_SETLK, bad_address));
	again = open("f", O_RDONLY);
	SHOW(lock(again, F_SETLK, F_WRLCK, 0, 1));
	SHOW(lock(again, F_SETLK, F_RDLCK, 200, 1));
	/* The process's own locks are no obstacle, and any close of the file drops them all. */
	SHOW(lock(other, F_SETLK, F_WRLCK, 0, 100));
	close(again);
	who(0, 0);

	/* Whence. */
	SHOW(lseek(fd, 20, SEEK_SET));
	l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -5, .l_len = 5};
	SHOW(fcntl(fd, F_SETLK, &l));
	who(0, 0);
	l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_END, .l_start = -1, .l_len = 0};
	SHOW(fcntl(fd, F_SETLK, &l));
	who(30, 0);
	SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));

	/* Open file description locks. */
	SHOW(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(other, F_OFD_SETLK, F_WRLCK, 5, 1));
	SHOW(lock(other, F_OFD_SETLK, F_RDLCK, 10, 1));
	SHOW(lock(fd, F_SETLK, F_WRLCK, 5, 1));
	who(0, 5);
	again = dup(fd);
	close(again);
	who(0, 5);
	l = (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 1};
	SHOW(fcntl(fd, F_OFD_SETLK, &l));
	l.l_pid = 0;
	SHOW(fcntl(other, F_OFD_GETLK, &l));
	printf("type %s pid %d\n", l.l_type == F_WRLCK ? "write" : "other", l.l_pid);
	close(other);
	who(10, 1);
	SHOW(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));

	/* Deadlock: each holds what the other wants. */
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 1) == 0);
	pid = child(deadlock_child);
	gate_wait(&a_gate);
	int told = lock(fd, F_SETLKW, F_WRLCK, 10, 1) < 0;

	CHECK(!told || errno == EDEADLK);
	CHECK(lock(fd, F_SETLK, F_UNLCK, 0, 1) == 0);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	TRUTH(told + WEXITSTATUS(status) == 1);

	/* A waiter gets it when the holder exits, in each of many rounds. */
	for (int i = 0; i < 20; i++) {
		CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 0) == 0);
		pid = child(waits);
		gate_wait(&a_gate);
		CHECK(lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 rounds\n");
	/* A signal ends the wait. */
	pid = child(holds);
	gate_wait(&a_gate);
	on_signal(SIGALRM, on_alarm, 0);
	ualarm(5000, 5000);
	SHOW(lock(fd, F_SETLKW, F_RDLCK, 0, 1));
	ualarm(0, 0);
	SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 1));
	gate_open(&b_gate);
	reap("holder", pid);
	SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 1));
	/* They are not inherited. */
	SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	who(0, 0);
	return 0;
}

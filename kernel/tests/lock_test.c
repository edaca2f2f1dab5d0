/* Record locks: fcntl(2) F_SETLK, F_SETLKW, F_GETLK. */
#include "conformance.h"

static int fd;
static struct gate go, done;

static int lock(int type, off_t start, off_t len, int cmd)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return fcntl(fd, cmd, &l);
}
static void query(int type, off_t start, off_t len)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	CHECK(fcntl(fd, F_GETLK, &l) == 0);
	if (l.l_type == F_UNLCK)
		printf("free\n");
	else
		printf("%s lock of %s at %lld, %lld bytes\n",
			l.l_type == F_WRLCK ? "write" : "read",
			l.l_pid == getppid() ? "my parent" : "another", (long long)l.l_start,
			(long long)l.l_len);
}
static void look(void)
{
	query(F_WRLCK, 0, 0);
	query(F_RDLCK, 0, 10);
	query(F_WRLCK, 15, 1);
	query(F_RDLCK, 20, 5);
	SHOW(lock(F_WRLCK, 5, 1, F_SETLK));
	SHOW(lock(F_RDLCK, 25, 1, F_SETLK));
	SHOW(lock(F_WRLCK, 25, 1, F_SETLK));
	SHOW(lock(F_WRLCK, 100, 1, F_SETLK));
}
static void all_free(void)
{
	query(F_WRLCK, 0, 0);
}
static void wait_for_it(void)
{
	gate_open(&go);
	CHECK(lock(F_WRLCK, 0, 1, F_SETLKW) == 0);
	_exit(12);
}
static void deadlock(void)
{
	CHECK(lock(F_WRLCK, 1, 1, F_SETLK) == 0);
	gate_open(&go);
	/* The parent holds 0 and will ask for 1. */
	int r = lock(F_WRLCK, 0, 1, F_SETLKW);
	_exit(r == 0 ? 1 : errno == EDEADLK ? 2 : 3);
}

int main(void)
{
	int again;

	enter_tmp();
	put_file("f", "");
	fd = open("f", O_RDWR);
	go = gate_new();
	done = gate_new();
	SHOW(lock(F_WRLCK, 0, 10, F_SETLK));
	SHOW(lock(F_RDLCK, 20, 10, F_SETLK));
	SHOW(lock(F_WRLCK, 0, 30, F_SETLK));  /* one's own never conflict */
	SHOW(lock(F_UNLCK, 10, 10, F_SETLK)); /* splits */
	SHOW(lock(F_RDLCK, 20, 10, F_SETLK)); /* becomes weaker */
	reap("child", child(look));
	SHOW(lock(F_WRLCK, -1, 1, F_SETLK));
	SHOW(lock(7, 0, 1, F_SETLK));
	again = open("f", O_RDONLY);
	close(again); /* closes all locks of this process on the file */
	reap("child", child(all_free));

	int ro = open("f", O_RDONLY), keep = fd;
	fd = ro;
	SHOW(lock(F_WRLCK, 0, 1, F_SETLK));
	SHOW(lock(F_RDLCK, 0, 1, F_SETLK));
	fd = keep;
	SHOW(lock(F_UNLCK, 0, 0, F_SETLK));

	CHECK(lock(F_WRLCK, 0, 1, F_SETLK) == 0);
	pid_t pid = child(wait_for_it);
	gate_wait(&go);
	SHOW(lock(F_UNLCK, 0, 1, F_SETLK));
	reap("waiter", pid);
	SHOW(lock(F_WRLCK, 0, 1, F_SETLK)); /* its end freed it */

	pid = child(deadlock);
	gate_wait(&go);
	int r = lock(F_WRLCK, 1, 1, F_SETLKW);
	int e = errno, status;
	lock(F_UNLCK, 0, 0, F_SETLK);
	CHECK(waitpid(pid, &status, 0) == pid);
	/* One of the two is refused, and the other gets its lock. */
	TRUTH((r == -1 && e == EDEADLK && WEXITSTATUS(status) == 1) ||
		(r == 0 && WEXITSTATUS(status) == 2));
	return 0;
}

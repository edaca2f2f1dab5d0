/*
 * conformance.h - for the programs *_test.c of this folder. Each is plain POSIX (and Linux) C, runs
 * on Linux and in our machine, and prints the same lines on both: run-conformance.ts compares them.
 *
 * So: print nothing that may differ (pids, addresses, times), depend on no timing (wait for an
 * event; repeat what is a race), and leave nothing behind outside of the folder of enter_tmp().
 * A program whose head says "needs: root" is left out where the tests do not run as root; "link:
 * -mshm" is an option for the machine's compiler.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

UNUSED static const char *errno_name(int e)
{
	static const struct {
		int e;
		const char *name;
	} names[] = {{EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"}, {EINTR, "EINTR"},
		{EIO, "EIO"}, {ENXIO, "ENXIO"}, {E2BIG, "E2BIG"}, {ENOEXEC, "ENOEXEC"},
		{EBADF, "EBADF"}, {ECHILD, "ECHILD"}, {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},
		{EACCES, "EACCES"}, {EFAULT, "EFAULT"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"},
		{EXDEV, "EXDEV"}, {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"},
		{EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENOTTY, "ENOTTY"}, {ETXTBSY, "ETXTBSY"},
		{EFBIG, "EFBIG"}, {ENOSPC, "ENOSPC"}, {ESPIPE, "ESPIPE"}, {EROFS, "EROFS"},
		{EMLINK, "EMLINK"}, {EPIPE, "EPIPE"}, {EDOM, "EDOM"}, {ERANGE, "ERANGE"},
		{EDEADLK, "EDEADLK"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {ENOLCK, "ENOLCK"},
		{ENOSYS, "ENOSYS"}, {ENOTEMPTY, "ENOTEMPTY"}, {ELOOP, "ELOOP"},
		{EOVERFLOW, "EOVERFLOW"}, {ETIMEDOUT, "ETIMEDOUT"}, {EOPNOTSUPP, "EOPNOTSUPP"},
		{ENOTSOCK, "ENOTSOCK"}, {EDESTADDRREQ, "EDESTADDRREQ"}, {EMSGSIZE, "EMSGSIZE"},
		{EPROTOTYPE, "EPROTOTYPE"}, {ENOPROTOOPT, "ENOPROTOOPT"},
		{EPROTONOSUPPORT, "EPROTONOSUPPORT"}, {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"},
		{EAFNOSUPPORT, "EAFNOSUPPORT"}, {EADDRINUSE, "EADDRINUSE"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"}, {ENETUNREACH, "ENETUNREACH"},
		{ECONNABORTED, "ECONNABORTED"}, {ECONNRESET, "ECONNRESET"}, {ENOBUFS, "ENOBUFS"},
		{EISCONN, "EISCONN"}, {ENOTCONN, "ENOTCONN"}, {ETOOMANYREFS, "ETOOMANYREFS"},
		{ECONNREFUSED, "ECONNREFUSED"}, {EHOSTUNREACH, "EHOSTUNREACH"},
		{EALREADY, "EALREADY"}, {EINPROGRESS, "EINPROGRESS"}};
	static char other[32];

	for (int i = 0; i < COUNT(names); i++) {
		if (names[i].e == e)
			return names[i].name;
	}
	snprintf(other, sizeof(other), "errno %d", e);
	return other;
}

UNUSED static const char *signal_name(int s)
{
	static const char *const names[] = {"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
		"FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
		"CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
		"WINCH", "IO", "PWR", "SYS"};
	static char other[32];

	if (s >= 0 && s < COUNT(names))
		return names[s];
	snprintf(other, sizeof(other), "RTMIN+%d", s - SIGRTMIN);
	return other;
}

/* SHOW(close(3)) prints "close(3): 0" or "close(3): EBADF". */
UNUSED static long show(const char *what, long result)
{
	int e = errno;

	if (result == -1)
		printf("%s: %s\n", what, errno_name(e));
	else
		printf("%s: %ld\n", what, result);
	errno = e;
	return result;
}
#define SHOW(call) (errno = 0, show(#call, (long)(call)))
/* The same, but any result that is not -1 shows as "ok": descriptors, pids, pointers. */
#define SHOW_OK(call) (errno = 0, show_ok(#call, (intptr_t)(call)))
UNUSED static intptr_t show_ok(const char *what, intptr_t result)
{
	printf("%s: %s\n", what, result == -1 ? errno_name(errno) : "ok");
	return result;
}
/* CHECK(x) prints nothing when true: for what must hold in each of many rounds. */
#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __LINE__))
UNUSED static void check_failed(const char *what, int line)
{
	printf("line %d: not true: %s (%s)\n", line, what, errno_name(errno));
	exit(99);
}
#define TRUTH(x) printf("%s: %s\n", #x, (x) ? "yes" : "no")

/* Wait for a child and print how it ended or stopped. */
UNUSED static void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: signal %s\n", what, signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		printf("%s: stopped %s\n", what, signal_name(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", what);
	else
		printf("%s: status 0x%x\n", what, status);
}
UNUSED static void reap(const char *what, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			printf("%s: waitpid %s\n", what, errno_name(errno));
			return;
		}
	}
	show_status(what, status);
}

/* An address in page 0; not a constant that compilers complain about. */
static void *volatile bad_address UNUSED = (void *)8;

/* Run f in a child; the parent gets its pid. */
UNUSED static pid_t child(void (*f)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

/* A gate that one process opens and others wait at. */
struct gate {
	int fd[2];
};
UNUSED static struct gate gate_new(void)
{
	struct gate g;

	CHECK(pipe(g.fd) == 0);
	return g;
}
UNUSED static void gate_open(struct gate *g)
{
	CHECK(write(g->fd[1], "x", 1) == 1);
}
UNUSED static void gate_wait(struct gate *g)
{
	char c;
	ssize_t n;

	while ((n = read(g->fd[0], &c, 1)) < 0 && errno == EINTR)
		;
	CHECK(n == 1);
}
UNUSED static void gate_close(struct gate *g)
{
	close(g->fd[0]);
	close(g->fd[1]);
}

UNUSED static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

UNUSED static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(close(fd) == 0);
}
/* The file's text, at most 4095 bytes; "<ENOENT>" and the like if it cannot be read. */
UNUSED static const char *get_file(const char *path)
{
	static char bufs[4][4096]; /* up to four at a time, for one printf */
	static int turn;
	char *buf = bufs[turn++ % 4];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		snprintf(buf, sizeof(bufs[0]), "<%s>", errno_name(errno));
		return buf;
	}
	n = read(fd, buf, sizeof(bufs[0]) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return buf;
}

static char tmp_folder[64];
static pid_t tmp_owner;
static int tmp_root_fd = -1;

static void remove_below(int dir);
UNUSED static void leave_tmp(void)
{
	if (getpid() != tmp_owner)
		return;
	if (fchdir(tmp_root_fd) == 0) {
		remove_below(tmp_root_fd);
		rmdir(tmp_folder);
	}
}
#include <dirent.h>
static void remove_below(int dir)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dir, e->d_name, 0) < 0) {
			int sub = openat(
				dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0) {
				remove_below(sub);
				close(sub);
			}
			unlinkat(dir, e->d_name, AT_REMOVEDIR);
		}
	}
	closedir(d);
}
/* Make a fresh folder in /tmp, go there, and remove it at exit. */
UNUSED static void enter_tmp(void)
{
	strcpy(tmp_folder, "/tmp/conformance.XXXXXX");
	CHECK(mkdtemp(tmp_folder));
	CHECK(chmod(tmp_folder, 0755) == 0);
	CHECK(chdir(tmp_folder) == 0);
	tmp_root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Out of the way of tests that count descriptors. */
	tmp_root_fd = fcntl(tmp_root_fd, F_DUPFD_CLOEXEC, 60);
	close(3);
	tmp_owner = getpid();
	atexit(leave_tmp);
}

/* Output must not be copied by fork or lost by a signal. */
__attribute__((constructor)) static void plain_output(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	umask(022);
}

UNUSED static void on_signal(int signo, void (*handler)(int), int flags)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = flags;
	CHECK(sigaction(signo, &a, NULL) == 0);
}

#endif

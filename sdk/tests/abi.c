/*
 * abi.c - structures and 64-bit arguments, as libc and a kernel must agree on them: what is asked
 * for comes back. For a real kernel; prints "ok", or each disagreement.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int failed;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("line %d: %s (%s)\n", __LINE__, #cond, strerror(errno));            \
			failed = 1;                                                                \
		}                                                                                  \
	} while (0)

static void ignore(int sig)
{
}

static void times_and_timers(void)
{
	struct {
		struct itimerval v;
		long guard;
	} old = {.guard = 0x5aa5}, now = {.guard = 0x5aa5};
	struct itimerval set = {.it_interval = {7, 250000}, .it_value = {1000, 500000}}, off = {0};
	struct timespec ts, left = {9, 9}, before, after;
	struct {
		struct rusage r;
		long guard;
	} ru = {.guard = 0x5aa5};
	struct timeval tv = {0, 20000};
	struct tms tms;
	sigset_t usr1;
	siginfo_t si;
	int status;
	pid_t pid;

	CHECK(!setitimer(ITIMER_REAL, &set, &old.v) && old.guard == 0x5aa5);
	CHECK(!getitimer(ITIMER_REAL, &now.v) && now.guard == 0x5aa5);
	CHECK(now.v.it_interval.tv_sec == 7 && now.v.it_interval.tv_usec == 250000);
	CHECK(now.v.it_value.tv_sec == 1000 || now.v.it_value.tv_sec == 999);
	CHECK(!setitimer(ITIMER_REAL, &off, &old.v) && old.v.it_interval.tv_sec == 7);
	CHECK(alarm(100) == 0 && alarm(0) >= 99);
	CHECK(!clock_gettime(CLOCK_REALTIME, &ts) && ts.tv_sec > 1600000000 &&
		ts.tv_nsec < 1000000000);
	CHECK(!clock_getres(CLOCK_MONOTONIC, &ts) && ts.tv_sec == 0 && ts.tv_nsec > 0);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 20000000}, &left) == 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK(select(0, 0, 0, 0, &tv) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec >
		15000000);
	CHECK(!getrusage(RUSAGE_SELF, &ru.r) && ru.guard == 0x5aa5);
	CHECK(ru.r.ru_utime.tv_sec >= 0 && ru.r.ru_utime.tv_sec < 1000 &&
		ru.r.ru_stime.tv_sec < 1000);
	CHECK(ru.r.ru_utime.tv_usec < 1000000 && ru.r.ru_maxrss > 0);
	pid = vfork();
	if (!pid)
		_exit(3);
	CHECK(wait4(pid, &status, 0, &ru.r) == pid && status == 0x300 && ru.guard == 0x5aa5);
	CHECK(ru.r.ru_utime.tv_sec < 1000 && ru.r.ru_stime.tv_sec < 1000);
	CHECK(times(&tms) != (clock_t)-1 && tms.tms_utime < 100000);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, 0);
	CHECK(sigtimedwait(&usr1, &si, &(struct timespec){0, 10000000}) < 0 && errno == EAGAIN);
	kill(getpid(), SIGUSR1);
	CHECK(sigtimedwait(&usr1, &si, &(struct timespec){1, 0}) == SIGUSR1);
	CHECK(si.si_signo == SIGUSR1 && si.si_pid == getpid() && si.si_code == SI_USER);
	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 10000}}, 0);
	CHECK(nanosleep(&(struct timespec){5, 0}, &left) < 0);
	CHECK(left.tv_sec == 4 && left.tv_nsec > 0 && left.tv_nsec < 1000000000);
}

static void files(void)
{
	struct timespec when[2] = {{1000000001, 123456789}, {5000000000, 987654321}};
	struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
	struct flock fl = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1LL << 33};
	off_t far = (3LL << 31) + 12345;
	char buf[8] = "";
	struct statfs fs;
	struct stat st;
	struct dirent *d;
	int fd, n = 0;
	DIR *dir;

	CHECK((fd = open("/tmp/abi", O_RDWR | O_CREAT | O_TRUNC, 0640)) >= 0);
	CHECK(pwrite(fd, "x", 1, far) == 1 && lseek(fd, 0, SEEK_END) == far + 1);
	CHECK(pread(fd, buf, 4, far) == 1 && *buf == 'x');
	CHECK(!fstat(fd, &st) && st.st_size == far + 1 && (st.st_mode & 07777) == 0640);
	CHECK(!ftruncate(fd, far + 100) && lseek(fd, -50, SEEK_END) == far + 50);
	CHECK(!ftruncate(fd, 10) && !fstat(fd, &st) && st.st_size == 10);
	CHECK(!futimens(fd, when) && !fstat(fd, &st) && st.st_mtim.tv_sec == 5000000000 &&
		st.st_mtim.tv_nsec == 987654321 && st.st_atim.tv_sec == 1000000001);
	CHECK(pwritev(fd, iov, 2, 3) == 5 && preadv(fd, &(struct iovec){buf, 5}, 1, 3) == 5 &&
		!memcmp(buf, "abcde", 5));
	CHECK(!fcntl(fd, F_SETLK, &fl));
	CHECK(!fcntl(fd, F_GETLK, &fl) && fl.l_type == F_UNLCK && fl.l_start == 100 &&
		fl.l_len == 1LL << 33);
	CHECK(!statfs("/tmp", &fs) && fs.f_bsize == 4096 && fs.f_blocks > fs.f_bavail / 2 &&
		fs.f_namelen == 255);
	CHECK(!posix_fallocate(fd, 0, 20) && !fstat(fd, &st) && st.st_size == 20);
	CHECK((dir = opendir("/tmp")) != 0);
	while (dir && (d = readdir(dir)))
		if (!strcmp(d->d_name, "abi"))
			n += d->d_ino == st.st_ino && d->d_type == DT_REG;
	CHECK(n == 1);
	unlink("/tmp/abi");
}

static void system_and_limits(void)
{
	struct rlimit rl, stack = {1 << 20, 1ULL << 40};
	struct utsname u;
	struct sysinfo si;
	struct termios t;
	struct winsize ws;
	stack_t ss = {.ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ}, old;
	struct pollfd p = {.fd = 0, .events = POLLIN};
	cpu_set_t cpus;
	gid_t groups[64];
	int fds[2];

	CHECK(!uname(&u) && *u.sysname && *u.machine && strlen(u.release) < 65);
	CHECK(!sysinfo(&si) && si.mem_unit >= 1 && si.totalram > 0 && si.procs >= 1 &&
		si.uptime < 1000000);
	CHECK(!getrlimit(RLIMIT_NOFILE, &rl) && rl.rlim_cur >= 16 && rl.rlim_cur <= rl.rlim_max);
	CHECK(!setrlimit(RLIMIT_CORE, &stack) && !getrlimit(RLIMIT_CORE, &rl) &&
		rl.rlim_cur == 1 << 20);
	CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) >= 1);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_PAGESIZE) == 4096);
	CHECK(getgroups(64, groups) >= 0);
	CHECK(!sigaltstack(&ss, 0) && !sigaltstack(0, &old) && old.ss_sp == ss.ss_sp &&
		old.ss_size == SIGSTKSZ && !old.ss_flags);
	CHECK(!pipe(fds));
	p.fd = fds[0];
	CHECK(poll(&p, 1, 0) == 0 && write(fds[1], "x", 1) == 1 && poll(&p, 1, -1) == 1 &&
		p.revents == POLLIN);
	CHECK(tcgetattr(fds[0], &t) < 0 && errno == ENOTTY);
	CHECK(ioctl(fds[0], TIOCGWINSZ, &ws) < 0 && errno == ENOTTY);
}

int main(void)
{
	times_and_timers();
	files();
	system_and_limits();
	if (!failed)
		puts("ok");
	return failed;
}

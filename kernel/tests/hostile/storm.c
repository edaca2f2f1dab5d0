/*
 * storm.c - kill storms: processes that fork, exec, vfork, spawn, open terminals and talk through
 * pipes while another one kills them at random. Afterwards nobody is left and nothing is lost.
 * storm [ROUNDS [SEED]]
 */
#include "hostile.h"
#include <spawn.h>
#include <sys/ioctl.h>
#include <termios.h>

extern char **environ;

static void spin(void)
{
	for (volatile int i = 0; i < 2000000; i++)
		;
}

static void use_pty(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY), n, zero = 0, slave;
	char name[32];

	if (fd < 0 || ioctl(fd, TIOCGPTN, &n) < 0 || ioctl(fd, TIOCSPTLCK, &zero) < 0)
		return;
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	slave = open(name, O_RDWR | O_NOCTTY);
	if (slave >= 0) {
		char buf[64];

		write(fd, "hello\n", 6);
		read(slave, buf, sizeof(buf));
		write(slave, "answer\n", 7);
	}
}

static void use_pipe(void)
{
	int fds[2];
	char buf[4096] = "x";

	if (pipe(fds) < 0)
		return;
	if (fork() == 0) {
		close(fds[0]);
		while (write(fds[1], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	close(fds[1]);
	for (int i = 0; i < 50; i++) {
		if (read(fds[0], buf, sizeof(buf)) <= 0)
			break;
	}
	close(fds[0]);
}

static void use_spawn(char *const argv[])
{
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0 && below(2))
		waitpid(pid, NULL, 0);
}

/* One member of the crowd, until it is killed. */
static void member(uint32_t seed, int depth)
{
	static char *const yes[] = {"/bin/sleep", "10", NULL}, *const quick[] = {"/bin/true", NULL};
	static char *const sh[] = {"/bin/sh", "-c", "/bin/true | cat; (sleep 9 & ) ; :", NULL};
	int64_t end = now_ms() + 4000;

	seed_with(seed);
	while (now_ms() < end) {
		switch (below(9)) {
		case 0:
			if (depth < 2 && fork() == 0)
				member(rnd(), depth + 1);
			break;
		case 1:
			use_spawn(quick);
			break;
		case 2:
			use_spawn(sh);
			break;
		case 3:
			use_pty();
			break;
		case 4:
			use_pipe();
			break;
		case 5:
			spin();
			break;
		case 6:
			if (below(4) == 0)
				execv(yes[0], yes);
			break;
		case 7:
			if (below(2))
				setsid();
			else
				setpgid(0, 0);
			break;
		default:
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			kill(getpid(), SIGCHLD);
		}
	}
	_exit(0);
}

static int pids_of_others(pid_t *list, int max)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d)) && n < max) {
		pid_t pid = atoi(e->d_name);

		if (pid > 1 && pid != getpid() && pid != getppid())
			list[n++] = pid;
	}
	closedir(d);
	return n;
}

static void round_of(uint32_t seed, pid_t keep)
{
	int64_t end = now_ms() + 1200;
	pid_t list[256];
	int n;

	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0 || errno == EAGAIN || errno == ENOMEM);
		if (pid == 0)
			member(seed * 8 + (uint32_t)i, 0);
	}
	seed_with(seed);
	while (now_ms() < end) {
		struct timespec nap = {.tv_nsec = 3000000};

		n = pids_of_others(list, COUNT(list));
		if (n > 0) {
			pid_t victim = list[below((uint32_t)n)];

			if (victim != keep)
				kill(victim, below(4) ? SIGKILL : below(2) ? SIGSTOP : SIGTERM);
		}
		nanosleep(&nap, NULL);
	}
	/* The last stroke: whatever is there, until nothing is. */
	for (int tries = 0; tries < 500; tries++) {
		struct timespec nap = {.tv_nsec = 5000000};
		int others = 0;

		n = pids_of_others(list, COUNT(list));
		for (int i = 0; i < n; i++) {
			if (list[i] != keep) {
				kill(list[i], SIGKILL);
				others++;
			}
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (others == 0)
			return;
		nanosleep(&nap, NULL);
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 4, zombies, before;
	uint32_t seed = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
	long objects[64] = {0};

	/*
	 * A member that leaves our group while a child of its stays in it ties the group to the
	 * session; when it dies and others of us are stopped, POSIX has SIGHUP for all of us.
	 */
	signal(SIGHUP, SIG_IGN);
	before = processes(&zombies, false);
	for (int i = 0; i < rounds && i < COUNT(objects); i++) {
		round_of(seed + (uint32_t)i, getppid());
		if (!settle(before))
			return 1;
		objects[i] = kernel_objects();
	}
	printf("objects:");
	for (int i = 0; i < rounds && i < COUNT(objects); i++)
		printf(" %ld", objects[i]);
	puts("");
	/* The first round fills caches; after that it must not climb. */
	if (rounds > 2 && objects[rounds - 1] > objects[1] + 40) {
		puts("objects are lost");
		return 1;
	}
	puts("survived");
	return 0;
}

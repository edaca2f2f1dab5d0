/* A signalfd gives each process its own signals; waiting readers and pollers, many rounds. */
#include "conformance.h"
#include <poll.h>
#include <sys/signalfd.h>

static int fd;
static struct gate started;

static void reads(void)
{
	struct signalfd_siginfo s;

	gate_open(&started);
	CHECK(read(fd, &s, sizeof(s)) == sizeof(s));
	CHECK(s.ssi_pid == (uint32_t)getppid());
	_exit((int)s.ssi_signo);
}
static void polls(void)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	gate_open(&started);
	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	reads();
}

int main(void)
{
	struct signalfd_siginfo s;
	sigset_t m;
	int status;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigaddset(&m, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &m, NULL);
	fd = signalfd(-1, &m, 0);
	started = gate_new();
	for (int i = 0; i < 100; i++) {
		pid_t pid = child(i & 1 ? polls : reads);
		int signo = i & 2 ? SIGUSR1 : SIGRTMIN + 3;

		gate_wait(&started);
		kill(getpid(), SIGUSR1); /* the parent's own: no business of the child's */
		kill(pid, signo);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == signo);
		if (i & 1)
			gate_wait(&started);
		CHECK(read(fd, &s, sizeof(s)) == sizeof(s) && s.ssi_signo == SIGUSR1);
	}
	printf("100 rounds\n");
	return 0;
}

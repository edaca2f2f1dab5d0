/* A signal when a pipe, a FIFO or a terminal becomes ready: F_SETOWN, F_SETSIG, O_ASYNC. */
#include "conformance.h"

static volatile sig_atomic_t got, code, fd_of, band;

static void handler(int s, siginfo_t *i, void *context)
{
	(void)s;
	(void)context;
	got++;
	code = i->si_code;
	fd_of = i->si_fd;
	band = (sig_atomic_t)i->si_band;
}
static void wait_for_one(const char *what)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	while (!got)
		sigsuspend(&old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("%s\n", what);
	got = 0;
}

int main(void)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	struct f_owner_ex ex = {F_OWNER_PID, getpid()};
	int p[2], pty, tty;
	char buf[64];

	sigaction(SIGIO, &a, NULL);
	sigaction(SIGRTMIN + 1, &a, NULL);
	CHECK(pipe(p) == 0);
	SHOW(fcntl(p[0], F_GETOWN));
	SHOW(fcntl(p[0], F_GETSIG));
	SHOW(fcntl(p[0], F_SETSIG, 65));
	SHOW(fcntl(p[0], F_SETOWN, getpid()));
	TRUTH(fcntl(p[0], F_GETOWN) == getpid());
	memset(&ex, 0, sizeof(ex));
	SHOW(fcntl(p[0], F_GETOWN_EX, &ex));
	TRUTH(ex.type == F_OWNER_PID && ex.pid == getpid());
	ex.type = 7;
	SHOW(fcntl(p[0], F_SETOWN_EX, &ex));
	CHECK(write(p[1], "a", 1) == 1); /* not asked for yet */
	CHECK(read(p[0], buf, 1) == 1);
	SHOW(fcntl(p[0], F_SETFL, O_ASYNC));
	TRUTH(fcntl(p[0], F_GETFL) & O_ASYNC);
	CHECK(write(p[1], "a", 1) == 1);
	wait_for_one("SIGIO");
	CHECK(read(p[0], buf, 1) == 1);

	SHOW(fcntl(p[0], F_SETSIG, SIGRTMIN + 1));
	TRUTH(fcntl(p[0], F_GETSIG) == SIGRTMIN + 1);
	CHECK(write(p[1], "b", 1) == 1);
	wait_for_one("real-time");
	TRUTH(code == POLL_IN && fd_of == p[0] && (band & 1));
	CHECK(read(p[0], buf, 1) == 1);
	for (int i = 0; i < 100; i++) {
		CHECK(write(p[1], "c", 1) == 1);
		while (!got)
			usleep(100);
		CHECK(read(p[0], buf, 1) == 1);
		got = 0;
	}
	printf("100 rounds\n");
	ex = (struct f_owner_ex){F_OWNER_PGRP, getpgrp()};
	SHOW(fcntl(p[0], F_SETOWN_EX, &ex));
	TRUTH(fcntl(p[0], F_GETOWN) == -getpgrp());
	SHOW(fcntl(p[0], F_SETOWN, 0));
	SHOW(fcntl(p[0], F_SETFL, 0));
	CHECK(write(p[1], "d", 1) == 1);
	usleep(20000);
	TRUTH(got == 0);

	pty = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(grantpt(pty) == 0 && unlockpt(pty) == 0);
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY);
	SHOW(fcntl(tty, F_SETOWN, getpid()));
	SHOW(fcntl(tty, F_SETFL, O_ASYNC));
	CHECK(write(pty, "line\n", 5) == 5);
	wait_for_one("terminal");
	return 0;
}

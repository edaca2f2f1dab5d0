/* Sleeping calls and handlers: EINTR without SA_RESTART, going on with it, sigsuspend. */
#include "conformance.h"
#include <sys/time.h>

static int p[2];
static volatile sig_atomic_t ticks, write_at;

static void tick(int s)
{
	(void)s;
	if (++ticks == write_at)
		CHECK(write(p[1], "w", 1) == 1);
}
static void timer(long us)
{
	struct itimerval t = {{0, us}, {0, us}};

	CHECK(setitimer(ITIMER_REAL, &t, NULL) == 0);
}
static void usr1(int s)
{
	(void)s;
	ticks++;
}
static void send_usr1(void)
{
	kill(getppid(), SIGUSR1);
}
static void end_late(void)
{
	char c;

	close(p[1]);
	CHECK(read(p[0], &c, 1) == 0);
	_exit(6);
}

int main(void)
{
	char c = 0;
	sigset_t block, none, m;
	struct timespec t = {1000, 0}, rem = {0, 0};
	pid_t pid;
	int status;

	CHECK(pipe(p) == 0);
	on_signal(SIGALRM, tick, 0);
	timer(5000); /* again and again: it cannot come too early for good */
	SHOW(read(p[0], &c, 1));
	ticks = 0;
	SHOW(nanosleep(&t, &rem));
	TRUTH(rem.tv_sec >= 990 && rem.tv_sec <= 1000);
	SHOW(pause());

	/* With SA_RESTART the read goes on; the third tick brings it a byte. */
	ticks = 0;
	write_at = 3;
	on_signal(SIGALRM, tick, SA_RESTART);
	SHOW(read(p[0], &c, 1));
	printf("got %c after %d ticks or more\n", c, ticks >= 3 ? 3 : ticks);
	SHOW(nanosleep(&t, NULL)); /* never restarted */
	timer(0);

	write_at = 0;
	on_signal(SIGALRM, tick, 0);
	timer(5000);
	pid = child(end_late);
	SHOW(waitpid(pid, &status, 0));
	on_signal(SIGALRM, tick, SA_RESTART);
	ticks = 0;
	while (ticks < 2)
		;
	close(p[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	show_status("restarted wait", status);
	timer(0);

	/* sigsuspend: the mask is swapped and the sleep begun in one step. */
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	on_signal(SIGUSR1, usr1, 0);
	sigprocmask(SIG_BLOCK, &block, NULL);
	for (int i = 0; i < 30; i++) {
		ticks = 0;
		pid = child(send_usr1);
		while (!ticks)
			CHECK(sigsuspend(&none) == -1 && errno == EINTR);
		CHECK(ticks == 1);
		sigprocmask(SIG_BLOCK, NULL, &m);
		CHECK(sigismember(&m, SIGUSR1));
		CHECK(waitpid(pid, &status, 0) == pid);
	}
	printf("30 rounds of sigsuspend\n");
	return 0;
}

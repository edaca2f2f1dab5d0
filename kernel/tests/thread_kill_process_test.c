/* Signals that end or stop a process end or stop all of its threads, whatever these do. */
#include "thread.h"

static struct {
	atomic_int ready;
	atomic_uint count[3];
} *volatile shown;
static int fds[2];

static void *spins(void *arg)
{
	(void)arg;
	atomic_fetch_add(&shown->ready, 1);
	for (;;)
		;
	return NULL;
}
static void *calls(void *arg)
{
	char c = 0;
	int p[2];

	(void)arg;
	CHECK(pipe(p) == 0);
	atomic_fetch_add(&shown->ready, 1);
	for (;;) {
		CHECK(write(p[1], &c, 1) == 1);
		CHECK(read(p[0], &c, 1) == 1);
	}
	return NULL;
}
static void *sleeps(void *arg)
{
	(void)arg;
	atomic_fetch_add(&shown->ready, 1);
	for (;;)
		pause();
	return NULL;
}
static void *reports(void *arg)
{
	(void)arg;
	for (;;) {
		usleep(1000);
		CHECK(write(fds[1], "x", 1) == 1);
	}
	return NULL;
}
static void busy(void)
{
	shown = calloc(1, sizeof(*shown));
	start(spins, 0);
	start(calls, 0);
	start(sleeps, 0);
	await(&shown->ready, 3);
	CHECK(write(fds[1], "!", 1) == 1);
	for (;;)
		pause();
}
static void reporting(void)
{
	shown = calloc(1, sizeof(*shown));
	start(spins, 0);
	start(reports, 0);
	start(reports, 0);
	await(&shown->ready, 1);
	for (;;)
		pause();
}

int main(void)
{
	static const int signals[] = {SIGTERM, SIGKILL, SIGABRT, SIGUSR1, SIGKILL};
	char c, many[4096];
	int status;
	pid_t pid;

	CHECK(pipe(fds) == 0);
	for (int i = 0; i < COUNT(signals); i++) {
		pid = child(busy);
		CHECK(read(fds[0], &c, 1) == 1);
		CHECK(kill(pid, signals[i]) == 0);
		CHECK(waitpid(pid, &status, 0) == pid);
		printf("%s: %s\n", signal_name(signals[i]), signal_name(WTERMSIG(status)));
	}
	pid = child(reporting);
	for (int i = 0; i < 5; i++) {
		CHECK(read(fds[0], &c, 1) == 1);
		CHECK(kill(pid, SIGSTOP) == 0);
		CHECK(waitpid(pid, &status, WUNTRACED) == pid);
		CHECK(WIFSTOPPED(status));
		/* What was on its way when it stopped may still come. Then nothing does. */
		usleep(20000);
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		while (read(fds[0], many, sizeof(many)) > 0)
			;
		usleep(20000);
		CHECK(read(fds[0], many, sizeof(many)) == -1 && errno == EAGAIN);
		fcntl(fds[0], F_SETFL, 0);
		CHECK(kill(pid, SIGCONT) == 0);
		CHECK(waitpid(pid, &status, WCONTINUED) == pid);
		CHECK(WIFCONTINUED(status));
	}
	puts("stopped and continued");
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(kill(pid, SIGKILL) == 0);
	reap("killed while stopped", pid);
	return 0;
}

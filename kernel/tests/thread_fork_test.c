/* fork(2) of a thread: it alone lives in the child, with its stack, its data and its locks. */
#include "thread.h"

static _Thread_local int own;
static atomic_int stop, forks;
static int order[6], steps;

static void before(void)
{
	order[steps++] = 1;
}
static void in_parent(void)
{
	order[steps++] = 2;
}
static void in_child(void)
{
	order[steps++] = 3;
}
static void *computes(void *arg)
{
	(void)arg;
	while (!stop)
		;
	return NULL;
}
static int count_threads(void)
{
	const char *at = strstr(get_file("/proc/self/status"), "Threads:");

	return at ? atoi(at + 8) : -1;
}
static void *returns(void *arg)
{
	return (char *)arg + own;
}
static void *forks_here(void *arg)
{
	volatile int local = (int)(long)arg * 3;
	char text[32];
	pid_t pid;
	int status;

	own = (int)(long)arg;
	snprintf(text, sizeof(text), "on the stack %d", local);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(own == (int)(long)arg && local == own * 3);
		CHECK(atoi(text + 13) == local);
		CHECK(thread_id() == getpid());
		CHECK(count_threads() == 1);
		CHECK(join(start(returns, 5)) == 5); /* a new thread's own is fresh */
		_exit(own);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	atomic_fetch_add(&forks, 1);
	return (void *)(long)(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}
static void *forks_deep(void *arg)
{
	volatile char room[256];

	memset((char *)room, 1, sizeof(room));
	return (long)arg % 100 == 0 ? forks_here(arg) : forks_deep((char *)arg - 1);
}
static void *returns_in_child(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0)
		return NULL; /* the only thread returns: the process ends with 0 */
	reap("a child whose thread returns", pid);
	return NULL;
}

int main(void)
{
	pthread_t t[4], loop = start(computes, 0);

	printf("from a thread: %ld\n", join(start(forks_here, 21)));
	printf("from deep in it: %ld\n", join(start(forks_deep, 105)));
	CHECK(pthread_atfork(before, in_parent, in_child) == 0);
	printf("with handlers: %ld\n", join(start(forks_here, 3)));
	printf("handlers: %d %d\n", order[0], order[1]);
	steps = 0;
	join(start(returns_in_child, 0));
	for (int round = 0; round < 10; round++) {
		steps = 0;
		for (long i = 0; i < 2; i++)
			t[i] = start(forks_here, i + 1);
		for (long i = 0; i < 2; i++)
			CHECK(join(t[i]) == i + 1);
	}
	printf("two at once, ten times: %d\n", (int)forks);
	stop = 1;
	join(loop);
	return 0;
}

/* Ends of all kinds that meet: exit, exec, kill, clone and fork of several threads, many rounds. */
#include "thread.h"

static char self[PATH_MAX];
static atomic_int ready;

static void *creates(void *arg)
{
	pthread_attr_t a;
	pthread_t t;

	atomic_fetch_add(&ready, 1);
	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 3; i++)
		pthread_create(&t, &a, creates, arg);
	return NULL;
}
static void *exits(void *arg)
{
	atomic_fetch_add(&ready, 1);
	_exit((int)(long)arg);
}
static void *execs(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	execl(self, self, "again", (char *)NULL);
	_exit(98);
}
static void *forks(void *arg)
{
	pid_t pid;

	atomic_fetch_add(&ready, 1);
	pid = fork();
	if (pid == 0)
		_exit(3);
	return arg;
}
static void *kills(void *arg)
{
	atomic_fetch_add(&ready, 1);
	kill(getpid(), (int)(long)arg);
	return NULL;
}
/* As exits and kills, once some threads were made: these must be there before the flood is. */
static void *exits_later(void *arg)
{
	while (ready < 5)
		sched_yield();
	return exits(arg);
}
static void *kills_later(void *arg)
{
	while (ready < 5)
		sched_yield();
	return kills(arg);
}
static void meet(void *(*a)(void *), long x, void *(*b)(void *), long y)
{
	start(a, x);
	start(b, y);
	for (;;)
		pause();
}
static void exit_and_exec(void)
{
	meet(exits, 3, execs, 0);
}
static void kill_and_exec(void)
{
	meet(kills, SIGKILL, execs, 0);
}
static void clone_and_exit(void)
{
	meet(exits_later, 3, creates, 0);
}
static void clone_and_kill(void)
{
	meet(kills_later, SIGTERM, creates, 0);
}
static void fork_and_exec(void)
{
	signal(SIGCHLD, SIG_IGN);
	meet(forks, 0, execs, 0);
}
static void exec_and_exec(void)
{
	meet(execs, 0, execs, 0);
}
static void kill_and_exit(void)
{
	meet(kills, SIGKILL, exits, 3);
}

/* Each way ends by exit 3 or by its signal, and nothing else. */
static void rounds(const char *what, void (*f)(void), int signo)
{
	int status;

	for (int i = 0; i < 8; i++) {
		CHECK(waitpid(child(f), &status, 0) > 0);
		if (WIFSIGNALED(status))
			CHECK(WTERMSIG(status) == signo);
		else
			CHECK(WEXITSTATUS(status) == 3);
	}
	printf("%s: done\n", what);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc == 2)
		return 3;
	CHECK(realpath("/proc/self/exe", self));
	rounds("exit and exec", exit_and_exec, 0);
	rounds("kill and exec", kill_and_exec, SIGKILL);
	rounds("clone and exit", clone_and_exit, 0);
	rounds("clone and kill", clone_and_kill, SIGTERM);
	rounds("fork and exec", fork_and_exec, 0);
	rounds("exec and exec", exec_and_exec, 0);
	rounds("kill and exit", kill_and_exit, SIGKILL);
	return 0;
}

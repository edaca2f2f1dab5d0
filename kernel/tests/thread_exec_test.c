/* execve(2) in a process with threads: the others end, the program goes on with the same pid. */
#include "thread.h"

static char self[PATH_MAX];
static atomic_int ready;

static void *spins(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	for (;;)
		;
	return NULL;
}
static void *sleeps(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	for (;;)
		pause();
	return NULL;
}
static void *calls(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	for (;;)
		getppid();
	return NULL;
}
static void now(const char *what)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	execl(self, self, what, pid, (char *)NULL);
	_exit(98);
}
static void *execs(void *arg)
{
	await(&ready, 3);
	now(arg ? "from several" : "from a thread");
	return NULL;
}
static void others(void)
{
	start(spins, 0);
	start(sleeps, 0);
	start(calls, 0);
}
static void from_main(void)
{
	others();
	await(&ready, 3);
	now("from main");
}
static void from_thread(void)
{
	start(execs, 0);
	others();
	pause();
}
static void from_several(void)
{
	for (int i = 0; i < 4; i++)
		start(execs, 1);
	ready = 3;
	now("from several");
}
static void *fails(void *arg)
{
	(void)arg;
	CHECK(execl("/nonexistent", "x", (char *)NULL) == -1);
	return (void *)(long)errno;
}
static void failing(void)
{
	others();
	await(&ready, 3);
	printf("exec of nothing in a thread: %s\n", errno_name((int)join(start(fails, 0))));
	printf("the others are there: %c\n", thread_state(getpid()) ? 'y' : 'n');
	_exit(0);
}

static int after(char **argv)
{
	int count = 0;
	struct dirent *e;
	DIR *d = opendir("/proc/self/task");

	while ((e = readdir(d)))
		count += e->d_name[0] != '.';
	closedir(d);
	if (strcmp(argv[1], "from several") != 0)
		printf("%s: same pid %d, first thread %d, threads %d\n", argv[1],
			getpid() == atoi(argv[2]), thread_id() == getpid(), count);
	CHECK(getpid() == atoi(argv[2]) && thread_id() == getpid() && count == 1);
	CHECK(join(start(fails, 0)) == ENOENT); /* and it can have threads again */
	return 44;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 3)
		return after(argv);
	CHECK(realpath("/proc/self/exe", self));
	reap("main", child(from_main));
	reap("thread", child(from_thread));
	reap("failing", child(failing));
	for (int i = 0; i < 10; i++) {
		CHECK(waitpid(child(from_several), &status, 0) > 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 44);
	}
	puts("several at once: done");
	return 0;
}

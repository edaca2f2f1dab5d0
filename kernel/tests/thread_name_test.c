/* Names of threads, and what /proc says of them. */
#include "thread.h"
#include <sys/prctl.h>

static atomic_int tid, done;

static const char *comm(pid_t t)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)t);
	return get_file(path);
}
static int count_tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}
static int threads_line(void)
{
	const char *at = strstr(get_file("/proc/self/status"), "Threads:");

	return at ? atoi(at + 8) : -1;
}
static void *named(void *arg)
{
	char name[16];

	(void)arg;
	CHECK(prctl(PR_GET_NAME, name) == 0);
	printf("inherits %s\n", name);
	CHECK(prctl(PR_SET_NAME, "worker") == 0);
	tid = thread_id();
	while (!done)
		pause();
	CHECK(prctl(PR_GET_NAME, name) == 0);
	printf("was renamed %s\n", name);
	return NULL;
}
static void nothing(int signo)
{
	(void)signo;
}

int main(void)
{
	char path[64], name[16];
	struct stat st;
	pthread_t t;

	on_signal(SIGUSR1, nothing, 0);
	CHECK(prctl(PR_SET_NAME, "the first one of all") == 0);
	printf("main: %s", comm(getpid()));
	t = start(named, 0);
	while (!tid)
		sched_yield();
	printf("its own: %s", comm(tid));
	printf("main still: %s", comm(getpid()));
	printf("the process: %s", get_file("/proc/self/comm"));
	printf("tasks %d, Threads: %d\n", count_tasks(), threads_line());
	SHOW_E(pthread_setname_np(t, "a name"));
	SHOW_E(pthread_setname_np(t, "a name that is too long"));
	SHOW_E(pthread_getname_np(t, name, sizeof(name)));
	printf("it is %s\n", name);
	await_asleep(tid);
	printf("state %c\n", thread_state(tid));
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	TRUTH(strncmp(get_file(path), "Name:\ta name\n", 13) == 0);
	TRUTH(strstr(get_file(path), "Threads:\t2\n") != NULL);
	snprintf(name, sizeof(name), "Pid:\t%d\n", (int)tid);
	TRUTH(strstr(get_file(path), name) != NULL);
	snprintf(name, sizeof(name), "Tgid:\t%d\n", (int)getpid());
	TRUTH(strstr(get_file(path), name) != NULL);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)getpid(), (int)tid);
	SHOW(stat(path, &st));
	done = 1;
	pthread_kill(t, SIGUSR1);
	join(t);
	while (count_tasks() != 1) /* join() is over before the kernel has let go of the thread */
		sched_yield();
	SHOW(stat(path, &st));
	SHOW(stat("/proc/self/task/1x", &st));
	printf("tasks %d, Threads: %d\n", count_tasks(), threads_line());
	return 0;
}

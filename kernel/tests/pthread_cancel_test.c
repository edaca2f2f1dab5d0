/* pthread_cancel(3): deferred at calls that wait, disabled, asynchronous in loops; what cleans up.
 */
#include "thread.h"
#include <poll.h>
#include <semaphore.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int fds[2];
static atomic_int tid, cleaned, spinning, went_on;

static void clean(void *arg)
{
	atomic_fetch_add(&cleaned, (int)(long)arg);
}
static void unlock(void *arg)
{
	pthread_mutex_unlock(arg);
}
static void *waits(void *arg)
{
	char byte;

	pthread_cleanup_push(clean, (void *)1L);
	tid = thread_id();
	switch ((long)arg) {
	case 0:
		(void)!read(fds[0], &byte, 1);
		break;
	case 1:
		pause();
		break;
	case 2:
		sem_wait(&sem);
		break;
	case 3:
		pthread_mutex_lock(&m);
		pthread_cleanup_push(unlock, &m);
		for (;;)
			pthread_cond_wait(&c, &m);
		pthread_cleanup_pop(1);
		break;
	case 4:
		poll(NULL, 0, -1);
		break;
	case 5:
		sleep(1000);
		break;
	case 6:
		waitpid(-1, NULL, 0);
		pause();
		break;
	default:
		pause();
	}
	pthread_cleanup_pop(0);
	return NULL;
}
static void *tests(void *arg)
{
	int old;

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	CHECK(old == PTHREAD_CANCEL_ENABLE);
	spinning = 1;
	await(&went_on, 1);
	(void)!write(fds[1], "x", 1); /* a cancellation point, but disabled */
	usleep(1000);
	went_on = 2;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	went_on = 3;
	return NULL;
}
static void *computes(void *arg)
{
	volatile unsigned n = 0;
	int old;

	(void)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	CHECK(old == PTHREAD_CANCEL_DEFERRED);
	pthread_cleanup_push(clean, (void *)100L);
	spinning = 1;
	for (;;)
		n++;
	pthread_cleanup_pop(0);
	return NULL;
}
static void *deferred(void *arg)
{
	(void)arg;
	spinning = 1;
	await(&went_on, 9); /* no cancellation point in there */
	went_on = 10;
	pthread_testcancel();
	went_on = 11;
	return NULL;
}
static const char *ending(pthread_t t)
{
	void *r;

	CHECK(pthread_join(t, &r) == 0);
	return r == PTHREAD_CANCELED ? "cancelled" : "returned";
}

int main(void)
{
	static const char *const what[] = {
		"read", "pause", "sem_wait", "cond_wait", "poll", "sleep", "wait"};
	char byte;
	pthread_t t;
	pid_t pid;

	CHECK(pipe(fds) == 0);
	CHECK(sem_init(&sem, 0, 0) == 0);
	pid = fork(); /* for waitpid to wait for */
	if (pid == 0) {
		pause();
		_exit(0);
	}
	for (long i = 0; i < COUNT(what); i++) {
		tid = 0;
		t = start(waits, i);
		while (!tid)
			sched_yield();
		await_asleep(tid);
		CHECK(pthread_cancel(t) == 0);
		printf("in %s: %s\n", what[i], ending(t));
	}
	printf("cleaned %d, mutex %d\n", (int)cleaned, pthread_mutex_trylock(&m));
	kill(pid, SIGKILL);
	reap("child", pid);

	t = start(tests, 0);
	await(&spinning, 1);
	CHECK(pthread_cancel(t) == 0);
	went_on = 1;
	printf("disabled: %s", ending(t));
	printf(" after step %d, wrote %zd\n", (int)went_on, read(fds[0], &byte, 1));

	spinning = cleaned = 0;
	t = start(computes, 0);
	await(&spinning, 1);
	CHECK(pthread_cancel(t) == 0);
	printf("asynchronous: %s", ending(t));
	printf(", cleaned %d\n", (int)cleaned);

	spinning = 0;
	t = start(deferred, 0);
	await(&spinning, 1);
	CHECK(pthread_cancel(t) == 0);
	went_on = 9;
	printf("deferred: %s", ending(t));
	printf(" after step %d\n", (int)went_on);
	for (int i = 0; i < 50; i++) {
		t = start(waits, i % 6 == 3 ? 0 : i % 6); /* at any point of its way there */
		CHECK(pthread_cancel(t) == 0);
		CHECK(strcmp(ending(t), "cancelled") == 0);
	}
	puts("50 times on the way: done");
	return 0;
}

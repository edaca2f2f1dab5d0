/* pthread_kill(3), tgkill(2), masks of one thread: a signal reaches the thread it is for. */
#include "thread.h"

static _Thread_local int me;
static atomic_int got[5], ready, done, tids[5];

static void handler(int signo)
{
	if (signo == SIGUSR1)
		atomic_fetch_add(&got[me], 1);
}
static void *spins(void *arg)
{
	me = (int)(long)arg;
	tids[me] = thread_id();
	atomic_fetch_add(&ready, 1);
	while (!done)
		;
	return NULL;
}
static void *sleeps(void *arg)
{
	me = (int)(long)arg;
	tids[me] = thread_id();
	atomic_fetch_add(&ready, 1);
	while (!done)
		pause();
	return NULL;
}
static void *only_this(void *arg)
{
	sigset_t none;

	me = (int)(long)arg;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	atomic_fetch_add(&ready, 1);
	while (!done)
		;
	return NULL;
}
static void *shows_mask(void *arg)
{
	sigset_t set;

	(void)arg;
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	return (void *)(long)(sigismember(&set, SIGUSR1) * 2 + sigismember(&set, SIGUSR2));
}

int main(void)
{
	sigset_t usr1, old;
	pthread_t t[5];

	on_signal(SIGUSR1, handler, 0);
	on_signal(SIGUSR2, handler, 0);
	for (long i = 1; i <= 4; i++)
		t[i] = start(i % 2 ? spins : sleeps, i);
	await(&ready, 4);
	for (int n = 1; n <= 20; n++) {
		for (int i = 1; i <= 4; i++)
			CHECK(pthread_kill(t[i], SIGUSR1) == 0);
		for (int i = 1; i <= 4; i++)
			await(&got[i], n);
	}
	printf("by pthread_kill: %d %d %d %d %d\n", got[0], got[1], got[2], got[3], got[4]);
	for (int i = 1; i <= 4; i++) {
		CHECK(syscall(SYS_tgkill, getpid(), tids[i], SIGUSR1) == 0);
		await(&got[i], 21);
	}
	SHOW(syscall(SYS_tgkill, getpid(), tids[1], 0));
	SHOW(syscall(SYS_tgkill, getpid(), tids[1], 65));
	SHOW(syscall(SYS_tgkill, getpid(), -1, SIGUSR1));
	SHOW(syscall(SYS_tgkill, 0, tids[1], SIGUSR1));
	SHOW(syscall(SYS_tgkill, getppid(), tids[1], SIGUSR1));
	SHOW(syscall(SYS_tkill, tids[1], 0));
	done = 1;
	for (int i = 1; i <= 4; i++)
		pthread_kill(t[i], SIGUSR2);
	for (int i = 1; i <= 4; i++)
		join(t[i]);
	SHOW(syscall(SYS_tgkill, getpid(), tids[1], 0));
	CHECK(raise(SIGUSR1) == 0);
	printf("raise in main: %d\n", got[0]);

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(pthread_sigmask(SIG_BLOCK, &usr1, &old) == 0);
	printf("inherited mask: %ld\n", join(start(shows_mask, 0)));
	done = ready = 0;
	t[1] = start(spins, 1);
	t[2] = start(only_this, 2);
	await(&ready, 2);
	for (int n = 22; n < 42; n++) {
		CHECK(kill(getpid(), SIGUSR1) == 0);
		await(&got[2], n);
	}
	printf("for the process: %d %d %d\n", got[0], got[1], got[2]);
	CHECK(pthread_kill(t[1], SIGUSR1) == 0); /* stays pending there, and dies with it */
	done = 1;
	join(t[1]);
	join(t[2]);
	sigpending(&usr1);
	printf("pending in main: %d\n", sigismember(&usr1, SIGUSR1));
	CHECK(kill(getpid(), SIGUSR1) == 0);
	sigpending(&usr1);
	printf("pending in main: %d, %d\n", sigismember(&usr1, SIGUSR1), got[0]);
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	printf("then: %d\n", got[0]);
	return 0;
}

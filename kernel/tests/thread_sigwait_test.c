/* A thread for the signals, and signals that move on when their thread blocks them or ends. */
#include "thread.h"

#define ROUNDS 200

static atomic_int taken, ready, stop, handled;
static sigset_t both;

static void *takes(void *arg)
{
	int signo, sum = 0;

	(void)arg;
	while (CHECK(sigwait(&both, &signo) == 0), signo != SIGUSR2) {
		sum++;
		atomic_fetch_add(&taken, 1);
	}
	return (void *)(long)sum;
}
static void *computes(void *arg)
{
	(void)arg;
	while (!stop)
		;
	return NULL;
}
static void handler(int signo)
{
	(void)signo;
	atomic_fetch_add(&handled, 1);
}
static void *opens_and_ends(void *arg)
{
	pthread_sigmask(SIG_UNBLOCK, &both, NULL);
	atomic_fetch_add(&ready, 1);
	for (volatile long i = 0; i < (long)arg; i++)
		;
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	return NULL;
}

int main(void)
{
	pthread_t t, others[3];
	sigset_t set;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	CHECK(pthread_sigmask(SIG_BLOCK, &both, NULL) == 0);
	t = start(takes, 0);
	for (int i = 0; i < 3; i++)
		others[i] = start(computes, 0);
	for (int i = 1; i <= ROUNDS; i++) {
		CHECK(kill(getpid(), SIGUSR1) == 0);
		await(&taken, i);
	}
	CHECK(kill(getpid(), SIGUSR2) == 0);
	printf("sigwait took %ld\n", join(t));
	stop = 1;
	for (int i = 0; i < 3; i++)
		join(others[i]);

	/* Sent while a thread that would take it is about to block it: it is handled or pending. */
	on_signal(SIGUSR1, handler, 0);
	for (int i = 0; i < ROUNDS; i++) {
		int before = handled;

		ready = 0;
		t = start(opens_and_ends, i % 50 * 20);
		await(&ready, 1);
		CHECK(kill(getpid(), SIGUSR1) == 0);
		join(t);
		sigpending(&set);
		if (sigismember(&set, SIGUSR1)) {
			sigset_t one;
			int signo;

			sigemptyset(&one);
			sigaddset(&one, SIGUSR1);
			CHECK(handled == before);
			CHECK(sigwait(&one, &signo) == 0);
		} else {
			CHECK(handled == before + 1);
		}
	}
	puts("no signal was lost");
	/* One thread blocks it just as it is sent: another one that does not must take it. */
	for (int i = 0; i < ROUNDS; i++) {
		int before = handled;

		ready = stop = 0;
		CHECK(pthread_sigmask(SIG_UNBLOCK, &both, NULL) == 0);
		t = start(computes, 0);
		others[0] = start(opens_and_ends, 100);
		CHECK(pthread_sigmask(SIG_BLOCK, &both, NULL) == 0);
		await(&ready, 1);
		CHECK(kill(getpid(), SIGUSR1) == 0);
		await(&handled, before + 1);
		stop = 1;
		join(t);
		join(others[0]);
	}
	puts("the other one took it");
	return 0;
}

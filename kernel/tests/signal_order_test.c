/* Which of many pending signals comes first, whose handler runs first, and how handlers nest. */
#include "conformance.h"

static char trail[256];
static volatile int depth;

static void note(int s)
{
	char *p = trail + strlen(trail);

	depth++;
	sprintf(p, "(%s", signal_name(s));
	if (s == SIGUSR1 && depth < 3)
		raise(SIGUSR2);
	strcat(trail, ")");
	depth--;
}
static void show_trail(const char *what)
{
	printf("%s: %s\n", what, trail);
	trail[0] = 0;
}
static void send_all(void)
{
	kill(getpid(), SIGRTMIN + 2);
	kill(getpid(), SIGRTMIN + 2);
	kill(getpid(), SIGRTMIN + 1);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGHUP);
	raise(SIGINT); /* to the thread */
}

int main(void)
{
	const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGRTMIN + 1, SIGRTMIN + 2};
	struct sigaction a = {.sa_handler = note};
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	for (int i = 0; i < COUNT(signals); i++)
		CHECK(sigaction(signals[i], &a, NULL) == 0);
	sigprocmask(SIG_BLOCK, &all, NULL);
	send_all();
	sigprocmask(SIG_SETMASK, &none, NULL);
	show_trail("each may interrupt the one before");

	sigfillset(&a.sa_mask);
	for (int i = 0; i < COUNT(signals); i++)
		CHECK(sigaction(signals[i], &a, NULL) == 0);
	sigprocmask(SIG_BLOCK, &all, NULL);
	send_all();
	sigprocmask(SIG_SETMASK, &none, NULL);
	show_trail("one after the other");

	/* sigsuspend returns when the first handler has: it blocks the others until then. */
	sigprocmask(SIG_BLOCK, &all, NULL);
	send_all();
	sigsuspend(&none);
	show_trail("in sigsuspend");
	sigprocmask(SIG_SETMASK, &none, NULL);

	a = (struct sigaction){.sa_handler = note};
	sigaction(SIGUSR2, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	show_trail("raised in a handler");
	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	show_trail("raised in a handler that blocks it");
	return 0;
}

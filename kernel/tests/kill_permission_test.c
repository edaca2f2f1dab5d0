/* kill(2) between users. needs: root */
#include "conformance.h"

static struct gate ready;
static pid_t target;

static void as_1000(void)
{
	CHECK(setresuid(1000, 1000, 1000) == 0);
	gate_open(&ready);
	for (;;)
		pause();
}
static void as_1001(void)
{
	CHECK(setresuid(1001, 1001, 1001) == 0);
	SHOW(kill(target, SIGTERM));
	SHOW(kill(target, 0));
	SHOW(kill(1, 0));
}
static void as_real_1000(void)
{
	CHECK(setresuid(1000, 1001, 1001) == 0);
	SHOW(kill(target, SIGTERM)); /* the sender's real id counts */
}

int main(void)
{
	ready = gate_new();
	target = child(as_1000);
	gate_wait(&ready);
	reap("other user", child(as_1001));
	reap("same real user", child(as_real_1000));
	reap("target", target);
	return 0;
}

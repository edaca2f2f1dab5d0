/* kill(2): groups, permissions, and processes that compute without a call. */
#include "conformance.h"

static struct gate gate;
static volatile sig_atomic_t got;

static void at_gate(void)
{
	gate_wait(&gate);
}
static void spin(void)
{
	gate_open(&gate);
	for (;;)
		;
}
static void note(int s)
{
	got = s;
}
static void spin_until_handler(void)
{
	on_signal(SIGUSR1, note, 0);
	gate_open(&gate);
	while (!got)
		;
	_exit(got == SIGUSR1 ? 31 : 32);
}
static void ignore_and_wait(void)
{
	signal(SIGTERM, SIG_IGN);
	gate_open(&gate);
	for (;;)
		pause();
}

int main(void)
{
	pid_t a, b;
	int status;

	gate = gate_new();
	for (int i = 0; i < 5; i++) {
		a = child(spin);
		gate_wait(&gate);
		CHECK(kill(a, i & 1 ? SIGKILL : SIGTERM) == 0);
		CHECK(waitpid(a, &status, 0) == a);
		show_status("spinning", status);
	}
	for (int i = 0; i < 5; i++) {
		a = child(spin_until_handler);
		gate_wait(&gate);
		CHECK(kill(a, SIGUSR1) == 0);
		reap("spinning with a handler", a);
	}

	a = child(ignore_and_wait);
	gate_wait(&gate);
	SHOW(kill(a, SIGTERM));
	SHOW(waitpid(a, &status, WNOHANG));
	SHOW(kill(a, SIGKILL));
	reap("ignores TERM", a);
	SHOW(kill(a, 0));

	/* A group of two. */
	gate_close(&gate);
	gate = gate_new();
	a = child(at_gate);
	setpgid(a, a);
	b = child(at_gate);
	setpgid(b, a);
	SHOW(kill(-a, 0));
	SHOW(killpg(a, SIGINT));
	reap("first of the group", a);
	reap("second of the group", b);
	SHOW(killpg(a, SIGINT));

	/* A zombie can be signalled, to no effect. */
	a = child(at_gate);
	gate_open(&gate);
	CHECK(waitid(P_PID, (id_t)a, &(siginfo_t){0}, WEXITED | WNOWAIT) == 0);
	SHOW(kill(a, SIGKILL));
	reap("zombie", a);
	return 0;
}

/* Process groups and sessions: setpgid(2), setsid(2). */
#include "conformance.h"

static struct gate go, ready;
static char self[PATH_MAX];

static void wait_at_gate(void)
{
	gate_open(&ready);
	gate_wait(&go);
}
static void exec_then_wait(void)
{
	char in[12], out[12];
	char *args[] = {self, (char *)"wait", in, out, NULL};

	snprintf(in, sizeof(in), "%d", go.fd[0]);
	snprintf(out, sizeof(out), "%d", ready.fd[1]);
	execv(self, args);
	_exit(1);
}
static void new_session(void)
{
	pid_t me = getpid();

	TRUTH(setsid() == me);
	TRUTH(getsid(0) == me && getpgrp() == me && getpgid(0) == me);
	SHOW(setsid());	     /* a group leader already */
	SHOW(setpgid(0, 0)); /* session leaders stay where they are */
	SHOW(open("/dev/tty", O_RDWR));
	/* A group of another session cannot be joined. */
	SHOW(setpgid(0, getpgid(getppid())));
	pid_t pid = child(wait_at_gate);
	gate_wait(&ready);
	TRUTH(getsid(pid) == me && getpgid(pid) == me);
	SHOW(setpgid(pid, 0));
	TRUTH(getpgid(pid) == pid);
	SHOW(setpgid(pid, me));
	SHOW(setpgid(pid, 0x7ffffff0));
	gate_open(&go);
	reap("in the session", pid);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		char c;

		CHECK(write(atoi(argv[3]), "x", 1) == 1);
		CHECK(read(atoi(argv[2]), &c, 1) == 1);
		return 3;
	}
	CHECK(realpath(argv[0], self));
	go = gate_new();
	ready = gate_new();
	TRUTH(getpgrp() == getpgid(0) && getpgrp() == getpgid(getpid()));
	SHOW(getpgid(0x7ffffff0));
	SHOW(getsid(0x7ffffff0));
	SHOW(setpgid(0x7ffffff0, 0));
	SHOW(setpgid(0, -1));
	SHOW(setpgid(getppid(), 0)); /* not a child */
	reap("session", child(new_session));

	pid_t a = child(wait_at_gate), b = child(wait_at_gate);
	gate_wait(&ready);
	gate_wait(&ready);
	SHOW(setpgid(a, a));
	SHOW(setpgid(b, a));
	TRUTH(getpgid(b) == a && getpgid(a) == a);
	gate_open(&go);
	gate_open(&go);
	reap("a", a);
	reap("b", b);

	/* Once the child has executed a program its parent is too late. */
	a = child(exec_then_wait);
	gate_wait(&ready);
	SHOW(setpgid(a, a));
	gate_open(&go);
	reap("executed", a);
	return 0;
}

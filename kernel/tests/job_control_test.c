/* Job control on a pseudoterminal: foreground, background, keys that signal. */
#include "conformance.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int m, s;
static const char *name;
static struct gate ready;

static void type(const char *text)
{
	CHECK(write(m, text, strlen(text)) == (ssize_t)strlen(text));
}
static volatile sig_atomic_t winch;
static void on_winch(int sig)
{
	(void)sig;
	winch = 1;
}
static void wait_for_signal(void)
{
	gate_open(&ready);
	for (;;)
		pause();
}
static void read_tty(void)
{
	char c;

	_exit(read(s, &c, 1) == 1 ? 1 : 2);
}
static void read_tty_ignoring(void)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	_exit(read(s, &c, 1) < 0 && errno == EIO ? 3 : 4);
}
static void write_tty(void)
{
	_exit(write(s, "bg", 2) == 2 ? 5 : 6);
}
static void become_foreground(void)
{
	signal(SIGTTOU, SIG_IGN);
	_exit(tcsetpgrp(s, getpgrp()) == 0 && tcgetpgrp(s) == getpgrp() ? 7 : 8);
}
static void set_attributes(void)
{
	struct termios t;

	CHECK(tcgetattr(s, &t) == 0);
	_exit(tcsetattr(s, TCSANOW, &t) == 0 ? 9 : 10);
}
/* A job in a group of its own, in the foreground or not. */
static pid_t job(void (*f)(void), int foreground)
{
	pid_t pid = child(f);

	setpgid(pid, pid);
	if (foreground)
		CHECK(tcsetpgrp(s, pid) == 0);
	return pid;
}
/* Children wait until they are in their group: what they are for runs behind this gate. */
static struct gate placed;
static void (*behind)(void);
static void placed_first(void)
{
	gate_wait(&placed);
	behind();
}
static pid_t placed_job(void (*f)(void), int foreground)
{
	behind = f;
	pid_t pid = job(placed_first, foreground);

	gate_open(&placed);
	return pid;
}
static void show_change(const char *what, pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	show_status(what, status);
}

static void leader(void)
{
	struct termios t;
	struct winsize ws = {30, 90, 0, 0};
	sigset_t block, none;
	pid_t pid;

	CHECK(setsid() == getpid());
	s = open(name, O_RDWR); /* becomes the controlling terminal */
	CHECK(s >= 0);
	signal(SIGTTOU, SIG_IGN);
	TRUTH(tcgetpgrp(s) == getpgrp());
	TRUTH(tcgetsid(s) == getpid());
	SHOW(open("/dev/tty", O_RDWR) >= 0);

	static const struct {
		const char *key, *what;
	} keys[] = {{"\003", "INTR"}, {"\034", "QUIT"}, {"\032", "SUSP"}};
	for (int i = 0; i < COUNT(keys); i++) {
		pid = placed_job(wait_for_signal, 1);
		gate_wait(&ready);
		type(keys[i].key);
		show_change(keys[i].what, pid);
		if (i == 2) {
			kill(-pid, SIGKILL);
			reap("killed", pid);
		}
	}
	CHECK(tcsetpgrp(s, getpgrp()) == 0);
	CHECK(tcflush(s, TCIOFLUSH) == 0);

	pid = placed_job(read_tty, 0);
	show_change("background read", pid);
	CHECK(tcsetpgrp(s, pid) == 0);
	type("a\n");
	kill(-pid, SIGCONT);
	show_change("in the foreground", pid);
	CHECK(tcsetpgrp(s, getpgrp()) == 0);
	tcflush(s, TCIFLUSH);
	show_change("background read, ignored", placed_job(read_tty_ignoring, 0));

	show_change("background write", placed_job(write_tty, 0));
	CHECK(tcgetattr(s, &t) == 0);
	t.c_lflag |= TOSTOP;
	CHECK(tcsetattr(s, TCSANOW, &t) == 0);
	/* The child has the default action again. */
	signal(SIGTTOU, SIG_DFL);
	pid = placed_job(write_tty, 0);
	show_change("background write, TOSTOP", pid);
	kill(-pid, SIGKILL);
	reap("killed", pid);
	pid = placed_job(set_attributes, 0);
	show_change("background tcsetattr", pid);
	kill(-pid, SIGKILL);
	reap("killed", pid);
	signal(SIGTTOU, SIG_IGN);
	show_change("takes the foreground", placed_job(become_foreground, 0));
	CHECK(tcsetpgrp(s, getpgrp()) == 0);
	SHOW(tcsetpgrp(s, 0x7ffffff0));
	SHOW(tcsetpgrp(s, getppid())); /* a group of another session, or none */

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGWINCH);
	sigprocmask(SIG_BLOCK, &block, NULL);
	on_signal(SIGWINCH, on_winch, 0);
	CHECK(ioctl(m, TIOCSWINSZ, &ws) == 0);
	while (!winch)
		sigsuspend(&none);
	printf("SIGWINCH came\n");

	/* The leader ends: the foreground group is hung up. */
	signal(SIGTTOU, SIG_IGN);
	placed_job(wait_for_signal, 1);
	gate_wait(&ready);
	_exit(0);
}

int main(void)
{
	char buf[100];
	pid_t pid;

	ready = gate_new();
	placed = gate_new();
	m = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0);
	name = ptsname(m);
	pid = child(leader);
	reap("leader", pid);
	/* When everybody who had the slave is gone, the master reads what is left, then EIO. */
	for (;;) {
		struct pollfd f = {m, POLLIN, 0};
		ssize_t n;

		CHECK(poll(&f, 1, 20000) == 1);
		n = read(m, buf, sizeof(buf));
		if (n > 0)
			continue;
		TRUTH(n == -1 && errno == EIO);
		break;
	}
	return 0;
}

/* Pseudoterminals: line discipline, modes, window size, hang-up. */
#include "conformance.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int m, s;

/*
 * What the master sees up to and with `until`, control characters made visible. Linux hands output
 * and echo over in its own time, hence the wait. "": nothing should be there.
 */
static void show_output(const char *what, const char *until)
{
	char buf[500];
	size_t n = 0, end = strlen(until);

	printf("%s: ", what);
	while (n < end || memcmp(buf + n - end, until, end) != 0) {
		struct pollfd f = {m, POLLIN, 0};

		if (poll(&f, 1, 5000) != 1 || !(f.revents & POLLIN) || read(m, buf + n, 1) != 1) {
			printf("(not the end) ");
			break;
		}
		n++;
	}
	if (end == 0) {
		fcntl(m, F_SETFL, O_NONBLOCK);
		printf("%s", read(m, buf, 1) < 0 ? errno_name(errno) : "something");
		fcntl(m, F_SETFL, 0);
	}
	for (size_t i = 0; i < n; i++) {
		if (buf[i] == '\\')
			printf("\\\\");
		else if ((unsigned char)buf[i] < 32 || buf[i] == 127)
			printf("\\%03o", (unsigned char)buf[i]);
		else
			putchar(buf[i]);
	}
	printf("\n");
}
/* Wait until the slave has something to read. */
static void wait_readable(void)
{
	struct pollfd f = {s, POLLIN, 0};

	CHECK(poll(&f, 1, 5000) == 1);
}
static void type(const char *text)
{
	CHECK(write(m, text, strlen(text)) == (ssize_t)strlen(text));
}
static void show_line(void)
{
	char buf[500];
	ssize_t n = read(s, buf, sizeof(buf));

	if (n < 0)
		printf("read %s\n", errno_name(errno));
	else
		printf("read %zd: %.*s%s\n", n, (int)n, buf,
			n > 0 && buf[n - 1] == '\n' ? "" : "|\n");
}

int main(void)
{
	struct termios t, raw;
	struct winsize ws = {24, 80, 0, 0}, got;
	const char *name;
	int n;

	m = (int)SHOW_OK(posix_openpt(O_RDWR | O_NOCTTY));
	SHOW(grantpt(m));
	SHOW(unlockpt(m));
	name = ptsname(m);
	TRUTH(name && strncmp(name, "/dev/pts/", 9) == 0);
	s = (int)SHOW_OK(open(name, O_RDWR | O_NOCTTY));
	TRUTH(isatty(s) && isatty(m));
	SHOW(tcgetattr(s, &t));
	TRUTH((t.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
	TRUTH((t.c_iflag & ICRNL) && (t.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR));
	printf("VINTR %d VEOF %d VERASE %d VKILL %d\n", t.c_cc[VINTR], t.c_cc[VEOF], t.c_cc[VERASE],
		t.c_cc[VKILL]);

	type("hello\r");
	show_output("echo", "hello\r\n");
	show_line();
	CHECK(write(s, "a\nb\n", 4) == 4);
	show_output("output", "b\r\n");
	type("abc\177\177X\n");
	show_output("erase", "X\r\n");
	show_line();
	type("gone\025kept\n");
	show_output("kill", "kept\r\n");
	show_line();
	type("one two\027three\n");
	show_output("word erase", "three\r\n");
	show_line();
	type("\004");
	show_line(); /* end of file */
	type("part\004");
	show_line(); /* without a newline */
	type("\026\003lit\n");
	show_output("literal", "lit\r\n");
	show_line();
	type("two\nlines\n");
	show_line();
	show_line();
	show_output("two lines", "lines\r\n");
	type("waiting");
	SHOW(ioctl(s, FIONREAD, &n));
	printf("readable %d\n", n);
	type("\n");
	wait_readable();
	SHOW(ioctl(s, FIONREAD, &n));
	printf("readable %d\n", n);
	SHOW(tcflush(s, TCIFLUSH));
	SHOW(ioctl(s, FIONREAD, &n));
	printf("readable %d\n", n);
	show_output("flushed", "waiting\r\n");

	raw = t;
	cfmakeraw(&raw);
	SHOW(tcsetattr(s, TCSANOW, &raw));
	type("xyz");
	show_line();
	type("\r");
	show_line();
	show_output("raw echo", "");
	CHECK(write(s, "a\nb\n", 4) == 4);
	show_output("raw output", "b\n");
	raw.c_cc[VMIN] = 3;
	raw.c_cc[VTIME] = 0;
	tcsetattr(s, TCSANOW, &raw);
	type("abc");
	show_line();
	raw.c_cc[VMIN] = 0;
	tcsetattr(s, TCSANOW, &raw);
	show_line(); /* nothing: 0 at once */
	raw.c_cc[VTIME] = 1;
	tcsetattr(s, TCSANOW, &raw);
	int64_t start = now_ms();
	show_line();
	TRUTH(now_ms() - start >= 90);
	SHOW(tcsetattr(s, TCSANOW, &t));
	fcntl(s, F_SETFL, O_NONBLOCK);
	show_line();
	fcntl(s, F_SETFL, 0);

	SHOW(ioctl(m, TIOCSWINSZ, &ws));
	SHOW(ioctl(s, TIOCGWINSZ, &got));
	printf("%d x %d\n", got.ws_row, got.ws_col);
	SHOW(tcgetpgrp(s)); /* not our controlling terminal */
	SHOW(tcsendbreak(s, 0));
	SHOW(tcdrain(s));

	int s2 = open(name, O_RDWR | O_NOCTTY);
	close(s);
	type("still\n");
	s = s2;
	show_line();
	show_output("echo", "still\r\n");
	close(s);
	show_output("no slave", "");
	s = open(name, O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	close(m);
	show_line(); /* the master is gone: end of file */
	SHOW(write(s, "x", 1));
	SHOW(open(name, O_RDWR | O_NOCTTY));
	return 0;
}

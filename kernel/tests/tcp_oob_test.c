/* TCP's out-of-band byte: MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI, SIGURG. */
#include "inet.h"

static char buf[100];
static volatile int urgs;

static void on_urg(int s)
{
	(void)s;
	urgs++;
}

static void at_mark(const char *what, int fd)
{
	int mark = -1, n = -1;

	CHECK(ioctl(fd, SIOCATMARK, &mark) == 0 && ioctl(fd, FIONREAD, &n) == 0);
	printf("%s: mark %d, FIONREAD %d\n", what, mark, n);
}
static void take(int fd, int n, int flags)
{
	ssize_t got = recv(fd, buf, (size_t)n, flags | MSG_DONTWAIT);

	if (got < 0)
		printf("recv %d: %s\n", n, errno_name(errno));
	else
		printf("recv %d: %zd '%.*s'\n", n, got, (int)got, buf);
}
static void put(int fd, const char *s, int flags)
{
	CHECK(send(fd, s, strlen(s), flags) == (ssize_t)strlen(s));
}

int main(void)
{
	int p[2];

	new_pair(p);
	on_signal(SIGURG, on_urg, 0);
	CHECK(fcntl(p[1], F_SETOWN, getpid()) == 0);
	take(p[1], 10, MSG_OOB);
	put(p[0], "abcX", MSG_OOB);
	put(p[0], "def", 0);
	wait_for(p[1], POLLPRI);
	for (int i = 0; i < 1000 && urgs == 0; i++)
		usleep(1000);
	printf("SIGURG %d\n", urgs);
	poll_bits("one on its way", p[1]);
	at_mark("before", p[1]);
	take(p[1], 10, MSG_OOB | MSG_PEEK);
	take(p[1], 2, 0);
	at_mark("within", p[1]);
	take(p[1], 10, 0);
	at_mark("at it", p[1]);
	poll_bits("at it", p[1]);
	take(p[1], 10, MSG_OOB);
	poll_bits("taken", p[1]);
	at_mark("taken", p[1]);
	take(p[1], 10, MSG_OOB);
	take(p[1], 10, 0);
	at_mark("past it", p[1]);
	take(p[1], 10, MSG_OOB);

	/* The byte is lost to who reads past the mark. */
	put(p[0], "gY", MSG_OOB);
	wait_for(p[1], POLLPRI);
	take(p[1], 10, 0);
	poll_bits("alone", p[1]);
	take(p[1], 10, 0);
	take(p[1], 10, MSG_OOB);
	poll_bits("lost", p[1]);

	/* A second one makes the first a byte like others. */
	put(p[0], "1A", MSG_OOB);
	put(p[0], "2B", MSG_OOB);
	usleep(20000);
	wait_for(p[1], POLLPRI);
	take(p[1], 10, 0);
	take(p[1], 10, MSG_OOB);
	take(p[1], 10, 0);

	/* In the stream. */
	set_opt(p[1], SOL_SOCKET, SO_OOBINLINE, 1);
	put(p[0], "hiZ", MSG_OOB);
	put(p[0], "jk", 0);
	usleep(20000);
	wait_for(p[1], POLLPRI);
	take(p[1], 10, MSG_OOB);
	at_mark("inline", p[1]);
	take(p[1], 10, 0);
	at_mark("inline", p[1]);
	take(p[1], 10, 0);
	at_mark("inline", p[1]);
	take(p[1], 10, 0);
	close_pair(p);
	return 0;
}

/* recv(2) and send(2) on TCP: MSG_PEEK, MSG_WAITALL, MSG_TRUNC, MSG_DONTWAIT, MSG_MORE,
 * SO_RCVLOWAT, time-outs, vectors, SIOCINQ, SIOCOUTQ. */
#include "inet.h"
#include <sys/time.h>
#include <sys/uio.h>

static char buf[100];
static int p[2];

static void say(const char *s)
{
	CHECK(send(p[0], s, strlen(s), 0) == (ssize_t)strlen(s));
	wait_for(p[1], POLLIN);
}
static void queued(void)
{
	int in = -1, out = -1;

	CHECK(ioctl(p[1], FIONREAD, &in) == 0 && ioctl(p[0], TIOCOUTQ, &out) == 0);
	printf("FIONREAD %d, OUTQ %d\n", in, out);
}
static void send_in_parts(void)
{
	for (int i = 0; i < 10; i++) {
		usleep(2000);
		CHECK(send(p[0], "0123456789", 10, 0) == 10);
	}
}
static void timeouts(void)
{
	struct timeval ms100 = {0, 100000}, tv;
	socklen_t len = sizeof(tv);
	static char big[1 << 16];
	int64_t start = now_ms();
	ssize_t n;
	int port, l;

	CHECK(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &ms100, sizeof(ms100)) == 0);
	CHECK(getsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, &len) == 0);
	printf("SO_RCVTIMEO %d.%06d\n", (int)tv.tv_sec, (int)tv.tv_usec);
	SHOW(recv(p[1], buf, 10, 0));
	TRUTH(now_ms() - start >= 99);
	CHECK(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &ms100, sizeof(ms100)) == 0);
	start = now_ms();
	while ((n = send(p[0], big, sizeof(big), 0)) == (ssize_t)sizeof(big))
		;
	if (n > 0) /* what was left of the room, then nothing for 50 ms */
		n = send(p[0], big, sizeof(big), 0);
	printf("full: %s\n", n == -1 ? errno_name(errno) : "sent");
	TRUTH(now_ms() - start >= 99);
	l = new_listener(1, &port);
	CHECK(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &ms100, sizeof(ms100)) == 0);
	SHOW(accept(l, NULL, NULL));
	close(l);
}

int main(void)
{
	struct iovec v[3] = {{buf, 2}, {buf + 10, 0}, {buf + 20, 50}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 3};
	struct pollfd f;
	pid_t pid;

	new_pair(p);
	SHOW(recv(p[1], buf, 10, MSG_DONTWAIT));
	say("0123456789");
	queued();
	SHOW(recv(p[1], buf, 4, MSG_PEEK));
	SHOW(recv(p[1], buf, 100, MSG_PEEK));
	SHOW(recv(p[1], buf, 3, 0));
	SHOW(recv(p[1], buf, 100, MSG_PEEK));
	TRUTH(memcmp(buf, "3456789", 7) == 0);
	SHOW(recv(p[1], buf, 2, MSG_TRUNC));
	SHOW(recv(p[1], buf, 0, 0));
	SHOW(recv(p[1], buf, 100, 0));
	TRUTH(memcmp(buf, "56789", 5) == 0);
	queued();
	pid = child(send_in_parts);
	SHOW(recv(p[1], buf, 100, MSG_WAITALL));
	TRUTH(memcmp(buf + 90, "0123456789", 10) == 0);
	reap("child", pid);
	say("abc");
	SHOW(recv(p[1], buf, 100, MSG_WAITALL | MSG_DONTWAIT));
	/* The end of the stream ends a WAITALL. */
	say("abc");
	CHECK(shutdown(p[0], SHUT_WR) == 0);
	SHOW(recv(p[1], buf, 100, MSG_WAITALL));
	SHOW(recv(p[1], buf, 100, MSG_WAITALL));
	close_pair(p);

	new_pair(p);
	set_opt(p[1], SOL_SOCKET, SO_RCVLOWAT, 5);
	CHECK(send(p[0], "1234", 4, 0) == 4);
	f = (struct pollfd){p[1], POLLIN, 0};
	SHOW(poll(&f, 1, 50));
	pid = child(send_in_parts);
	SHOW(poll(&f, 1, -1));
	reap("child", pid);
	TRUTH(recv(p[1], buf, 100, 0) >= 5);
	while (recv(p[1], buf, 100, MSG_DONTWAIT) > 0)
		;
	set_opt(p[1], SOL_SOCKET, SO_RCVLOWAT, 1);

	SHOW(send(p[0], "one ", 4, MSG_MORE));
	SHOW(send(p[0], "two", 3, 0));
	SHOW(recv(p[1], buf, 7, MSG_WAITALL));
	TRUTH(memcmp(buf, "one two", 7) == 0);
	SHOW(writev(p[0], v, 3));
	SHOW(recvmsg(p[1], &m, MSG_WAITALL));
	printf("flags %d\n", m.msg_flags);
	SHOW(send(p[0], bad_address, 10, 0));
	timeouts();
	close_pair(p);
	return 0;
}

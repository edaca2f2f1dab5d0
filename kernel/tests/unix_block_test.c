/* AF_UNIX senders and receivers that sleep: back-pressure, signals with and without SA_RESTART,
 * SO_RCVTIMEO and SO_SNDTIMEO, closing the other end. */
#include "conformance.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

static int p[2];
static char big[100000];
static volatile int hits;

static void on_usr1(int s)
{
	(void)s;
	hits++;
}

static void fresh(int type)
{
	close(p[0]);
	close(p[1]);
	CHECK(socketpair(AF_UNIX, type, 0, p) == 0);
}

/* Fill p[0] until it would block. Returns bytes or messages. */
static long fill(size_t size)
{
	long n = 0;

	while (send(p[0], big, size, MSG_DONTWAIT) > 0)
		n++;
	CHECK(errno == EAGAIN);
	return n;
}

static void room(int type)
{
	struct pollfd f;
	long n;

	fresh(type);
	f = (struct pollfd){.fd = p[0], .events = POLLOUT};
	SHOW(poll(&f, 1, 0));
	n = fill(1000);
	TRUTH(n > 20);
	SHOW(poll(&f, 1, 0));
	while (recv(p[1], big, 1000, MSG_DONTWAIT) > 0)
		;
	SHOW(poll(&f, 1, 0));
	TRUTH(f.revents == POLLOUT);
}

static pid_t poker(int signo)
{
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	/* Until the parent sleeps in its call and a little longer: many, so one hits. */
	for (int i = 0; i < 400; i++) {
		struct timespec t = {0, 1000000};

		if (kill(parent, signo) < 0)
			break;
		nanosleep(&t, NULL);
	}
	_exit(0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void interrupted(void)
{
	pid_t pid;

	on_signal(SIGUSR1, on_usr1, 0);
	fresh(SOCK_STREAM);
	pid = poker(SIGUSR1);
	SHOW(read(p[1], big, 10));
	end(pid);
	fill(1000);
	pid = poker(SIGUSR1);
	while (write(p[0], big, 10000) > 0)
		;
	printf("full writer: %s\n", errno_name(errno));
	end(pid);
	TRUTH(hits > 0);
	/* With a time-out there is no restart, whatever sigaction says. */
	struct timeval tv = {100, 0};

	on_signal(SIGUSR1, on_usr1, SA_RESTART);
	fresh(SOCK_STREAM);
	CHECK(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	pid = poker(SIGUSR1);
	SHOW(read(p[1], big, 10));
	end(pid);
}

static void writer(void)
{
	struct timespec t = {0, 1000000};
	pid_t parent = getppid();

	for (int i = 0; i < 20; i++) {
		kill(parent, SIGUSR1);
		nanosleep(&t, NULL);
	}
	CHECK(write(p[0], "late", 4) == 4);
}

static void restarted(void)
{
	pid_t pid;

	on_signal(SIGUSR1, on_usr1, SA_RESTART);
	fresh(SOCK_STREAM);
	hits = 0;
	pid = child(writer);
	SHOW(read(p[1], big, 10));
	reap("writer", pid);
	TRUTH(hits > 0);
}

static void timeouts(void)
{
	struct timeval tv = {0, 30000}, zero = {0, 0}, bad = {0, 1000000};
	int64_t start;
	socklen_t len = sizeof(tv);

	fresh(SOCK_STREAM);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SHOW(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	SHOW(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &bad, sizeof(bad)));
	SHOW(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, 4));
	tv.tv_usec = 0;
	SHOW(getsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	printf("%d s %s\n", (int)tv.tv_sec,
		tv.tv_usec >= 30000 && tv.tv_usec < 40000 ? "30 ms" : "?");
	start = now_ms();
	SHOW(read(p[1], big, 10));
	TRUTH(now_ms() - start >= 25);
	fill(1000);
	start = now_ms();
	while (write(p[0], big, 1000) > 0)
		;
	printf("send: %s\n", errno_name(errno));
	TRUTH(now_ms() - start >= 25);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &zero, sizeof(zero)));
	SHOW(recv(p[1], big, 10, MSG_DONTWAIT));
}

static void closer(void)
{
	close(p[0]);
	while (recv(p[1], big, sizeof(big), MSG_DONTWAIT) > 0)
		;
	_exit(0);
}

/* The reading process ends while a writer sleeps. */
static void partner_ends(int type)
{
	int errors = 0;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 30; i++) {
		pid_t pid;

		fresh(type);
		pid = child(closer);
		close(p[1]);
		p[1] = -1;
		while (write(p[0], big, 5000) > 0)
			;
		errors += errno == EPIPE || errno == ECONNRESET;
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("ended %d\n", errors);
}

int main(void)
{
	p[0] = p[1] = -1;
	room(SOCK_STREAM);
	room(SOCK_DGRAM);
	room(SOCK_SEQPACKET);
	interrupted();
	restarted();
	timeouts();
	partner_ends(SOCK_STREAM);
	partner_ends(SOCK_SEQPACKET);
	return 0;
}

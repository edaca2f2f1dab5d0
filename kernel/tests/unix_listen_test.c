/* AF_UNIX connections: backlog, blocking and non-blocking connect and accept, data before accept,
 * closing a listener, flags of what accept gives, wake-ups in many rounds. */
#include "conformance.h"
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un addr;
static socklen_t addr_len;
static char buf[64];

static int stream(int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);

	CHECK(fd >= 0);
	return fd;
}

static int listener(int backlog)
{
	int fd = stream(0);

	CHECK(bind(fd, (void *)&addr, addr_len) == 0);
	CHECK(listen(fd, backlog) == 0);
	return fd;
}

static int dial(int fd)
{
	return connect(fd, (void *)&addr, addr_len);
}

static void backlog(void)
{
	int l = listener(1), a = stream(SOCK_NONBLOCK), b = stream(SOCK_NONBLOCK),
	    c = stream(SOCK_NONBLOCK), d;
	struct pollfd f = {.fd = l, .events = POLLIN | POLLOUT};

	SHOW(poll(&f, 1, 0));
	SHOW(dial(a));
	SHOW(dial(b));
	SHOW(dial(c));
	SHOW(dial(a));
	SHOW(poll(&f, 1, 0));
	TRUTH(f.revents == POLLIN);
	SHOW(write(a, "early", 5));
	SHOW_OK(d = accept(l, NULL, NULL));
	SHOW(dial(c));
	SHOW(read(d, buf, 64));
	TRUTH(fcntl(d, F_GETFL) == O_RDWR && fcntl(d, F_GETFD) == 0);
	close(d);
	SHOW_OK(d = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	TRUTH(fcntl(d, F_GETFL) == (O_RDWR | O_NONBLOCK) && fcntl(d, F_GETFD) == FD_CLOEXEC);
	SHOW(read(d, buf, 64));
	/* c is in the queue when the listener goes. */
	close(l);
	SHOW(read(c, buf, 64));
	SHOW(read(c, buf, 64));
	SHOW(send(c, "x", 1, MSG_NOSIGNAL));
	SHOW(read(b, buf, 64));
	SHOW(read(a, buf, 64));
	close(a);
	close(b);
	close(c);
	close(d);
}

static void names(void)
{
	int l = listener(5), a = stream(0), b;
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);

	SHOW(dial(a));
	memset(&sa, 0, sizeof(sa));
	SHOW_OK(b = accept(l, (void *)&sa, &len));
	printf("unnamed %d\n", (int)len);
	len = sizeof(sa);
	SHOW(getpeername(a, (void *)&sa, &len));
	TRUTH(len == addr_len);
	len = sizeof(sa);
	SHOW(getsockname(b, (void *)&sa, &len));
	TRUTH(len == addr_len && memcmp(&sa, &addr, len) == 0);
	close(a);
	len = sizeof(sa);
	SHOW(getpeername(b, (void *)&sa, &len));
	close(b);
	fcntl(l, F_SETFL, O_NONBLOCK);
	SHOW(accept(l, NULL, NULL));
	SHOW(shutdown(l, SHUT_RD));
	SHOW(accept(l, NULL, NULL));
	SHOW(dial(stream(0)));
	close(l);
	SHOW(dial(stream(0)));
}

static void dialler(void)
{
	int fd = stream(0);
	char c;

	CHECK(dial(fd) == 0);
	CHECK(write(fd, "x", 1) == 1);
	CHECK(read(fd, &c, 1) == 1);
	_exit(c);
}

/* Four clients at a time against a queue of one; each is served. */
static void rounds(void)
{
	int l = listener(0), sum = 0, status;

	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 4; k++)
			child(dialler);
		for (int k = 0; k < 4; k++) {
			int fd = accept(l, NULL, NULL);

			CHECK(fd >= 0);
			CHECK(read(fd, buf, 1) == 1);
			CHECK(write(fd, "\1", 1) == 1);
			close(fd);
		}
		for (int k = 0; k < 4; k++) {
			CHECK(wait(&status) > 0);
			sum += WIFEXITED(status) ? WEXITSTATUS(status) : 100;
		}
	}
	printf("served %d\n", sum);
	close(l);
}

static int waiting;

static void blocked_dialler(void)
{
	int fd = stream(0);

	close(waiting);
	_exit(dial(fd) == 0 ? 0 : errno);
}

/* A connect that waits for a place ends when the listener goes. */
static void listener_goes(void)
{
	int refused = 0, status;

	for (int i = 0; i < 30; i++) {
		int a = stream(0);
		pid_t pid;

		waiting = listener(0);
		CHECK(dial(a) == 0);
		pid = child(blocked_dialler);
		if (i % 2)
			sched_yield();
		close(waiting);
		CHECK(waitpid(pid, &status, 0) == pid);
		refused += WIFEXITED(status) && WEXITSTATUS(status) == ECONNREFUSED;
		close(a);
	}
	printf("refused %d\n", refused);
}

int main(void)
{
	addr.sun_family = AF_UNIX;
	addr_len = 2 + 1 + snprintf(addr.sun_path + 1, 60, "pleat-listen-%d", (int)getpid());
	signal(SIGPIPE, SIG_IGN);
	backlog();
	names();
	rounds();
	listener_goes();
	return 0;
}

/* epoll_create1(2), epoll_ctl(2), epoll_wait(2): who may be in a set, what is reported, errors. */
#include "conformance.h"
#include <sys/epoll.h>

static int set;

static void show_wait(const char *what, int timeout)
{
	struct epoll_event ev[8];
	int n;

	memset(ev, 0, sizeof(ev));
	n = epoll_wait(set, ev, 8, timeout);
	printf("%s: %d", what, n);
	for (int i = 0; i < n; i++)
		printf(" [%s%s%s%s%s data %llx]", ev[i].events & EPOLLIN ? "IN " : "",
			ev[i].events & EPOLLOUT ? "OUT " : "",
			ev[i].events & EPOLLERR ? "ERR " : "",
			ev[i].events & EPOLLHUP ? "HUP " : "",
			ev[i].events & ~(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP) ? "other" : "",
			(unsigned long long)ev[i].data.u64);
	printf("\n");
}

static int ctl(int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(set, op, fd, &ev);
}

int main(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int p[2], file, dir, null;
	char c;

	enter_tmp();
	SHOW(epoll_create1(-1));
	SHOW(epoll_create1(O_NONBLOCK));
	SHOW(epoll_create(0));
	set = epoll_create1(EPOLL_CLOEXEC);
	TRUTH(fcntl(set, F_GETFD) == FD_CLOEXEC);
	TRUTH((fcntl(set, F_GETFL) & O_ACCMODE) == O_RDWR);
	CHECK(pipe(p) == 0);

	show_wait("nothing in it", 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 0x123456789abcdefull));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
	show_wait("empty pipe", 0);
	CHECK(write(p[1], "ab", 2) == 2);
	show_wait("two bytes", -1);
	show_wait("again", -1);
	CHECK(read(p[0], &c, 1) == 1);
	show_wait("one byte", -1);
	CHECK(read(p[0], &c, 1) == 1);
	show_wait("none", 0);
	SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLOUT, 2));
	show_wait("a reader is never ready for OUT", 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLIN, 3));
	show_wait("the writer", 0);
	SHOW(ctl(EPOLL_CTL_MOD, p[1], 0, 4));
	show_wait("asked for nothing", 0);
	close(p[0]);
	show_wait("reader closed: it left the set; ERR is not asked for", 0);
	SHOW(ctl(EPOLL_CTL_DEL, p[1], 0, 0));
	SHOW(ctl(EPOLL_CTL_DEL, p[1], 0, 0));
	SHOW(ctl(EPOLL_CTL_MOD, p[1], EPOLLIN, 0));
	close(p[1]);

	CHECK(pipe(p) == 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 5));
	CHECK(write(p[1], "a", 1) == 1);
	close(p[1]);
	show_wait("a byte and the end", 0);
	CHECK(read(p[0], &c, 1) == 1);
	show_wait("the end", 0);
	show_wait("the end again", 0);

	file = open("f", O_CREAT | O_RDWR, 0644);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	null = open("/dev/null", O_RDWR);
	SHOW(ctl(EPOLL_CTL_ADD, file, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, dir, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, null, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_DEL, file, 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, set, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, 77, EPOLLIN, 0));
	SHOW(ctl(77, p[0], EPOLLIN, 0));
	SHOW(epoll_ctl(77, EPOLL_CTL_ADD, p[0], &ev));
	SHOW(epoll_ctl(p[0], EPOLL_CTL_ADD, p[0], &ev));
	SHOW(epoll_ctl(file, EPOLL_CTL_ADD, p[0], &ev));
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, p[0], bad_address));
	SHOW(epoll_ctl(set, EPOLL_CTL_DEL, p[0], bad_address));
	SHOW(epoll_wait(set, &ev, 0, 0));
	volatile int negative = -1; /* compilers know better */
	SHOW(epoll_wait(set, &ev, negative, 0));
	SHOW(epoll_wait(p[0], &ev, 1, 0));
	SHOW(epoll_wait(77, &ev, 1, 0));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 6));
	SHOW(epoll_wait(set, bad_address, 1, 0));
	show_wait("nothing was lost", 0);
	SHOW(read(set, &c, 1));
	SHOW(write(set, &c, 1));
	SHOW(ftruncate(set, 1));
	return 0;
}

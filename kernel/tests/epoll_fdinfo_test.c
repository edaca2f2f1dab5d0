/* /proc/self/fd and fdinfo of epoll sets; sets and exec. */
#include "conformance.h"
#include <sys/epoll.h>

int main(int argc, char **argv)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x1122334455667788ull};
	char path[64], text[256], fd_text[16];
	const char *info;
	int set, kept, p[2];
	ssize_t n;

	if (argc > 1) {
		/* After exec: one is gone, the other still has its member. */
		set = atoi(argv[1]);
		SHOW(epoll_wait(set, &ev, 1, 0));
		TRUTH(ev.data.u64 == 9);
		SHOW(epoll_wait(atoi(argv[2]), &ev, 1, 0));
		return 0;
	}
	set = epoll_create1(EPOLL_CLOEXEC);
	CHECK(pipe(p) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", set);
	n = readlink(path, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = 0;
	printf("%s\n", text);
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", set);
	info = strstr(get_file(path), "tfd:");
	CHECK(info);
	int tfd = -1;
	unsigned events = 0;
	unsigned long long data = 0;
	CHECK(sscanf(info, "tfd: %d events: %x data: %llx", &tfd, &events, &data) == 3);
	TRUTH(tfd == p[0]);
	printf("events %x data %llx\n", events, data);
	TRUTH(strstr(info + 4, "tfd:") == NULL);
	SHOW(epoll_ctl(set, EPOLL_CTL_DEL, p[0], NULL));
	TRUTH(strstr(get_file(path), "tfd:") == NULL);

	kept = epoll_create1(0);
	ev.events = EPOLLIN;
	ev.data.u64 = 9;
	CHECK(epoll_ctl(kept, EPOLL_CTL_ADD, p[0], &ev) == 0);
	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev) == 0);
	CHECK(write(p[1], "x", 1) == 1);
	snprintf(fd_text, sizeof(fd_text), "%d", kept);
	snprintf(text, sizeof(text), "%d", set);
	execl("/proc/self/exe", argv[0], fd_text, text, NULL);
	return 1;
}

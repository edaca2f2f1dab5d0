/* inotify: readers and pollers asleep, other processes' changes, signals, the queue's end. */
#include "conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/time.h>

static int in;
static struct gate go;

static void make_file(void)
{
	gate_wait(&go);
	close(open("d/x", O_CREAT | O_WRONLY, 0644));
	unlink("d/x");
}
static volatile sig_atomic_t alarms;
static void on_alarm(int s)
{
	(void)s;
	if (++alarms == 3)
		close(open("d/late", O_CREAT | O_WRONLY, 0644));
}

int main(void)
{
	struct itimerval often = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *e = (struct inotify_event *)(void *)buf;
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd f;
	pid_t pid;
	int set, seen;

	enter_tmp();
	go = gate_new();
	CHECK(mkdir("d", 0755) == 0);
	in = inotify_init1(0);
	CHECK(inotify_add_watch(in, "d", IN_CREATE | IN_DELETE) == 1);
	set = epoll_create1(0);
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, in, &ev));
	for (int i = 0; i < 60; i++) {
		pid = child(make_file);
		gate_open(&go);
		if (i % 3 == 1) {
			f = (struct pollfd){in, POLLIN, 0};
			CHECK(poll(&f, 1, -1) == 1 && f.revents == POLLIN);
		} else if (i % 3 == 2) {
			CHECK(epoll_wait(set, &ev, 1, -1) == 1);
		}
		seen = 0;
		while (seen < 2) {
			ssize_t n = read(in, buf, sizeof(buf));

			for (char *p = buf; p < buf + n; p += sizeof(*e) + 16, seen++) {
				e = (struct inotify_event *)(void *)p;
				CHECK(strcmp(e->name, "x") == 0 && e->len == 16);
				CHECK(e->mask == (seen ? IN_DELETE : IN_CREATE));
			}
		}
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("60 rounds\n");
	/* read is restarted, or not, as the handler was set. */
	on_signal(SIGALRM, on_alarm, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	SHOW(read(in, buf, sizeof(buf)));
	setitimer(ITIMER_REAL, &off, NULL);
	alarms = 0;
	on_signal(SIGALRM, on_alarm, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	SHOW(read(in, buf, sizeof(buf)));
	TRUTH(alarms >= 3);
	setitimer(ITIMER_REAL, &off, NULL);
	/* A queue nobody reads overflows, once. */
	close(in);
	in = inotify_init1(IN_NONBLOCK);
	CHECK(inotify_add_watch(in, "d", IN_OPEN | IN_CLOSE_WRITE) == 1);
	for (int i = 0; i < 200000 && i >= 0; i++) {
		int fd = open("d/late", O_WRONLY);

		close(fd);
		if (i % 1000 == 999) {
			FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
			int max = 0;

			CHECK(limit && fscanf(limit, "%d", &max) == 1);
			fclose(limit);
			if (2 * i > max)
				break;
		}
	}
	uint32_t last = 0;
	int overflows = 0;
	ssize_t n;
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n; p += sizeof(*e) + e->len) {
			e = (struct inotify_event *)(void *)p;
			last = e->mask;
			if (last == IN_Q_OVERFLOW) {
				overflows++;
				CHECK(e->wd == -1);
			}
		}
	}
	SHOW(overflows);
	TRUTH(last == IN_Q_OVERFLOW);
	return 0;
}

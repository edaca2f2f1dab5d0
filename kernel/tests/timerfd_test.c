/* timerfd: arguments, settings given back, expirations, poll, absolute times. */
#include "conformance.h"
#include <poll.h>
#include <sys/timerfd.h>

#define MS 1000000

static struct itimerspec spec(long long value_ns, long long interval_ns)
{
	return (struct itimerspec){.it_value = {value_ns / 1000000000, value_ns % 1000000000},
		.it_interval = {interval_ns / 1000000000, interval_ns % 1000000000}};
}
static uint64_t take(int fd)
{
	uint64_t n = 0;

	CHECK(read(fd, &n, 8) == 8);
	return n;
}
static int ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

int main(void)
{
	struct itimerspec s, old;
	struct pollfd p;
	int fd, nb, i;
	uint64_t n, sum = 0;
	char bytes[8], name[64];
	struct stat st;

	SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, 1));
	SHOW(timerfd_create(77, 0));
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	nb = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	TRUTH(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	SHOW_OK(timerfd_create(CLOCK_BOOTTIME, 0));

	s = spec(5, 1000000000);
	s.it_value.tv_nsec = 1000000000;
	SHOW(timerfd_settime(fd, 0, &s, NULL));
	s = spec(5, 0);
	s.it_interval.tv_sec = -1;
	SHOW(timerfd_settime(fd, 0, &s, NULL));
	s = spec(5, 0);
	SHOW(timerfd_settime(fd, 4, &s, NULL));
	SHOW(timerfd_settime(0, 0, &s, NULL));
	SHOW(timerfd_settime(99, 0, &s, NULL));
	SHOW(timerfd_gettime(99, &s));
	SHOW(timerfd_gettime(fd, bad_address));

	CHECK(timerfd_gettime(fd, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0);
	SHOW(read(nb, &n, 8));
	SHOW(read(nb, bytes, 7));
	SHOW(write(nb, "12345678", 8));
	SHOW(lseek(fd, 5, SEEK_SET));
	TRUTH(ready(fd) == 0);

	s = spec(100 * 1000LL * MS, 7 * MS);
	SHOW(timerfd_settime(fd, 0, &s, &old));
	TRUTH(old.it_value.tv_sec == 0 && old.it_interval.tv_nsec == 0);
	CHECK(timerfd_gettime(fd, &s) == 0);
	TRUTH(s.it_value.tv_sec == 99 && s.it_interval.tv_nsec == 7 * MS);
	s = spec(0, 5 * MS);
	SHOW(timerfd_settime(fd, 0, &s, &old));
	TRUTH(old.it_value.tv_sec == 99 && old.it_interval.tv_nsec == 7 * MS);
	CHECK(timerfd_gettime(fd, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0);

	/* Once. */
	s = spec(3 * MS, 0);
	SHOW(timerfd_settime(fd, 0, &s, NULL));
	TRUTH(take(fd) == 1);
	CHECK(timerfd_gettime(fd, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0);

	/* Again and again: no expiration is lost, however late they are read. */
	s = spec(2 * MS, 2 * MS);
	CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
	for (i = 0; i < 20; i++) {
		n = take(fd);
		CHECK(n >= 1);
		sum += n;
	}
	TRUTH(sum >= 20);
	usleep(20000);
	TRUTH(take(fd) >= 9);
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	TRUTH(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
	/* Setting it forgets what nobody has read. */
	s = spec(100 * 1000LL * MS, 0);
	CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
	TRUTH(ready(fd) == 0);

	/* Times of the clock: one that is over counts all that went by. */
	s = spec(1, 0);
	SHOW(timerfd_settime(nb, TFD_TIMER_ABSTIME, &s, NULL));
	TRUTH(ready(nb) == POLLIN);
	TRUTH(take(nb) == 1);
	SHOW(read(nb, &n, 8));
	clock_gettime(CLOCK_MONOTONIC, &s.it_value);
	s.it_value.tv_nsec += 3 * MS;
	if (s.it_value.tv_nsec >= 1000 * MS) {
		s.it_value.tv_nsec -= 1000 * MS;
		s.it_value.tv_sec++;
	}
	s.it_interval = (struct timespec){0};
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL) == 0);
	TRUTH(take(fd) == 1);
	clock_gettime(CLOCK_REALTIME, &s.it_value);
	s.it_value.tv_sec -= 10;
	s.it_interval.tv_sec = 1;
	SHOW(timerfd_settime(nb, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	n = take(nb);
	TRUTH(n == 11 || n == 12);
	CHECK(timerfd_gettime(nb, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_interval.tv_sec == 1);

	n = (uint64_t)readlink("/proc/self/fd/3", name, sizeof(name) - 1);
	name[n > 60 ? 0 : n] = 0;
	printf("%s\n", name);
	CHECK(fstat(fd, &st) == 0);
	printf("mode %o size %d\n", st.st_mode, (int)st.st_size);
	TRUTH(strstr(get_file("/proc/self/fdinfo/3"),
		      "clockid: 1\nticks: 0\nsettime flags: 01\n") != NULL);
	return 0;
}

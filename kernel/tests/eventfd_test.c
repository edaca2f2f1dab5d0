/* eventfd: counting, semaphores, what does not fit, poll, and what it looks like. */
#include "conformance.h"
#include <poll.h>
#include <sys/eventfd.h>

static int events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}
static void show_read(const char *what, int fd)
{
	uint64_t v = 0;
	ssize_t n = read(fd, &v, sizeof(v));

	if (n < 0)
		printf("%s: %s\n", what, errno_name(errno));
	else
		printf("%s: %zd bytes, %llu\n", what, n, (unsigned long long)v);
}
static void show_write(const char *what, int fd, uint64_t v)
{
	ssize_t n = write(fd, &v, sizeof(v));

	printf("%s: %s\n", what, n < 0 ? errno_name(errno) : "ok");
}

int main(void)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC), sem, big;
	char name[64], bytes[16] = {0};
	struct stat st;
	ssize_t n;

	TRUTH(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	TRUTH((fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK));
	SHOW(eventfd(0, 8));
	TRUTH(events(fd) == (POLLIN | POLLOUT));
	show_read("initial", fd);
	TRUTH(events(fd) == POLLOUT);
	show_read("empty", fd);
	show_write("add 0", fd, 0);
	show_read("still empty", fd);
	show_write("add 5", fd, 5);
	show_write("add 7", fd, 7);
	show_read("sum", fd);
	SHOW(read(fd, bytes, 7));
	SHOW(write(fd, bytes, 7));
	show_write("add 1", fd, 1);
	n = read(fd, bytes, 16);
	printf("of 16: %zd\n", n);
	show_write("add ~0", fd, UINT64_MAX);
	show_write("fill", fd, UINT64_MAX - 1);
	TRUTH(events(fd) == POLLIN);
	show_write("one more", fd, 1);
	show_read("full", fd);
	SHOW(write(fd, bad_address, 8));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(pread(fd, bytes, 8, 0));
	SHOW(ftruncate(fd, 0));

	sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	show_read("semaphore", sem);
	show_read("semaphore", sem);
	show_read("semaphore", sem);
	show_write("post", sem, 2);
	show_read("semaphore", sem);
	TRUTH(events(sem) == (POLLIN | POLLOUT));

	big = eventfd(UINT_MAX, 0);
	show_read("32 bits", big);
	n = readlink("/proc/self/fd/5", name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = 0;
	printf("%s\n", big == 5 ? name : "not 5");
	CHECK(fstat(big, &st) == 0);
	printf("mode %o nlink %u size %d\n", st.st_mode, (unsigned)st.st_nlink, (int)st.st_size);
	show_write("add", big, 254);
	TRUTH(strstr(get_file("/proc/self/fdinfo/5"), "eventfd-count:               fe\n") != NULL);
	return 0;
}

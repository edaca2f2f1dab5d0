/* getrlimit(2), setrlimit(2), and what RLIMIT_FSIZE does. */
#include "conformance.h"
#include <sys/resource.h>

static void grow(void)
{
	char buf[3000];
	int fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	memset(buf, 'x', sizeof(buf));
	SHOW(write(fd, buf, 3000));
	SHOW(write(fd, buf, 3000)); /* up to the limit */
	SHOW(write(fd, buf, 3000)); /* SIGXFSZ */
}
static void grow_ignoring(void)
{
	signal(SIGXFSZ, SIG_IGN);
	int fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	SHOW(pwrite(fd, "x", 1, 5000));
	SHOW(ftruncate(fd, 5001));
	SHOW(ftruncate(fd, 5000));
}

int main(void)
{
	struct rlimit l, old;

	enter_tmp();
	SHOW(getrlimit(RLIMIT_FSIZE, &old));
	l = (struct rlimit){5000, old.rlim_max};
	SHOW(setrlimit(RLIMIT_FSIZE, &l));
	SHOW(getrlimit(RLIMIT_FSIZE, &l));
	printf("%llu\n", (unsigned long long)l.rlim_cur);
	reap("growing", child(grow));
	reap("growing, ignored", child(grow_ignoring));
	l = (struct rlimit){6000, 5000};
	SHOW(setrlimit(RLIMIT_FSIZE, &l));
	l = (struct rlimit){100, 200};
	SHOW(setrlimit(RLIMIT_NOFILE, &l));
	SHOW(getrlimit(RLIMIT_NOFILE, &l));
	printf("%llu %llu\n", (unsigned long long)l.rlim_cur, (unsigned long long)l.rlim_max);
	l.rlim_cur = 200;
	SHOW(setrlimit(RLIMIT_NOFILE, &l));
	SHOW(getrlimit(99, &l));
	SHOW(getrlimit(RLIMIT_STACK, &l));
	SHOW(prlimit(0, RLIMIT_NOFILE, NULL, &l));
	printf("%llu\n", (unsigned long long)l.rlim_cur);
	return 0;
}

/* umask(2). */
#include "conformance.h"

static void in_child(void)
{
	printf("child has %o\n", (unsigned)umask(0));
}
static unsigned mode(const char *path)
{
	struct stat st;

	CHECK(stat(path, &st) == 0);
	return st.st_mode & 07777;
}

int main(void)
{
	enter_tmp();
	printf("%o\n", (unsigned)umask(027));
	printf("%o\n", (unsigned)umask(07027));
	printf("%o\n", (unsigned)umask(027));
	close(open("f", O_CREAT | O_WRONLY, 0666));
	printf("f %o\n", mode("f"));
	close(open("f", O_CREAT | O_WRONLY, 0777)); /* it exists: no change */
	printf("f %o\n", mode("f"));
	mkdir("d", 0777);
	printf("d %o\n", mode("d"));
	mkfifo("p", 0666);
	printf("p %o\n", mode("p"));
	chmod("f", 0666); /* not subject to it */
	printf("f %o\n", mode("f"));
	umask(0777);
	int fd = (int)SHOW_OK(
		open("none", O_CREAT | O_RDWR, 0777)); /* the mode counts from the next open */
	SHOW(write(fd, "x", 1));
	printf("none %o\n", mode("none"));
	umask(022);
	mkdir("e", 01777);
	printf("e %o\n", mode("e"));
	umask(033);
	reap("child", child(in_child));
	printf("parent has %o\n", (unsigned)umask(0));
	return 0;
}

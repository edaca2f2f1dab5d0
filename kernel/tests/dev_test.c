/* /dev/null, /dev/zero, /dev/full, /dev/urandom. */
#include "conformance.h"

int main(void)
{
	char buf[100];
	struct stat st;
	int fd, zeros = 0;

	fd = (int)SHOW_OK(open("/dev/null", O_RDWR));
	SHOW(write(fd, "gone", 4));
	SHOW(read(fd, buf, 10));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(fstat(fd, &st));
	TRUTH(S_ISCHR(st.st_mode));
	TRUTH(st.st_rdev == 0x103);
	close(fd);
	fd = (int)SHOW_OK(open("/dev/zero", O_RDWR));
	memset(buf, 'x', sizeof(buf));
	SHOW(read(fd, buf, 50));
	TRUTH(buf[0] == 0 && buf[49] == 0 && buf[50] == 'x');
	SHOW(write(fd, "gone", 4));
	close(fd);
	fd = (int)SHOW_OK(open("/dev/full", O_RDWR));
	SHOW(write(fd, "x", 1));
	SHOW(read(fd, buf, 10));
	close(fd);
	fd = (int)SHOW_OK(open("/dev/urandom", O_RDONLY));
	memset(buf, 0, sizeof(buf));
	SHOW(read(fd, buf, 100));
	for (int i = 0; i < 100; i++)
		zeros += buf[i] == 0;
	TRUTH(zeros < 20);
	close(fd);
	SHOW_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644));
	SHOW(open("/dev/null", O_RDONLY | O_DIRECTORY));
	SHOW(open("/dev/null/x", O_RDONLY));
	put_file("/dev/null", "text");
	printf("<%s>\n", get_file("/dev/null"));
	return 0;
}

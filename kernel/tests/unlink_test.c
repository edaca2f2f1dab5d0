/* unlink(2), rmdir(2): names go, open files stay. */
#include "conformance.h"

int main(void)
{
	char buf[20] = "";
	struct stat st;
	int fd;

	enter_tmp();
	put_file("f", "contents");
	fd = open("f", O_RDWR);
	SHOW(unlink("f"));
	SHOW(unlink("f"));
	SHOW(open("f", O_RDONLY));
	SHOW(fstat(fd, &st));
	printf("nlink %d size %d\n", (int)st.st_nlink, (int)st.st_size);
	SHOW(read(fd, buf, 20));
	printf("%s\n", buf);
	SHOW(write(fd, "more", 4));
	SHOW(ftruncate(fd, 100000));
	SHOW(lseek(fd, 0, SEEK_END));
	put_file("f", "another");
	SHOW(pread(fd, buf, 8, 0));
	printf("%.8s, %s\n", buf, get_file("f"));
	close(fd);

	mkdir("d", 0755);
	SHOW(unlink("d"));
	SHOW(rmdir("f"));
	put_file("d/x", "");
	SHOW(rmdir("d"));
	SHOW(unlink("d/x"));
	SHOW(rmdir("d/."));
	SHOW(rmdir("d/.."));
	SHOW(rmdir("none"));
	SHOW(rmdir("d"));
	SHOW(unlink("f/"));
	SHOW(unlink("f/x"));
	SHOW(unlink(""));
	SHOW(unlink("."));

	/* A directory that is gone but in use. */
	mkdir("d", 0755);
	CHECK(chdir("d") == 0);
	SHOW(rmdir("../d"));
	SHOW(open("new", O_RDWR | O_CREAT, 0644));
	SHOW(mkdir("sub", 0755));
	SHOW(open(".", O_RDONLY | O_DIRECTORY) >= 0);
	TRUTH(getcwd(buf, sizeof(buf)) == NULL && errno == ENOENT);
	SHOW(chdir(".."));
	SHOW(access("f", F_OK));

	/* A program that is unlinked while it is a symbolic link's target. */
	symlink("f", "link");
	SHOW(unlink("link"));
	SHOW(access("f", F_OK));
	SHOW(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	SHOW(unlinkat(AT_FDCWD, "f", 0x10));
	SHOW(unlinkat(AT_FDCWD, "f", 0));
	return 0;
}

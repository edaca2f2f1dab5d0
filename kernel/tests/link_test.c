/* link(2): several names of one file. */
#include "conformance.h"

static int nlink(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (int)st.st_nlink : -1;
}

int main(void)
{
	struct stat a, b;

	enter_tmp();
	put_file("a", "text");
	SHOW(link("a", "b"));
	printf("nlink %d\n", nlink("a"));
	stat("a", &a);
	stat("b", &b);
	TRUTH(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	put_file("b", "changed");
	printf("%s\n", get_file("a"));
	SHOW(chmod("b", 0600));
	stat("a", &a);
	printf("%o\n", (unsigned)a.st_mode & 07777);
	SHOW(unlink("a"));
	printf("nlink %d, %s\n", nlink("b"), get_file("b"));
	SHOW(link("b", "b"));
	SHOW(link("none", "c"));
	SHOW(link("b", "none/c"));
	mkdir("d", 0755);
	SHOW(link("d", "e"));
	SHOW(link("b", "d/"));
	SHOW(link("b", "d/in"));
	printf("nlink %d\n", nlink("d/in"));
	symlink("b", "s");
	SHOW(link("s", "s2")); /* Linux: the link itself */
	TRUTH(lstat("s2", &a) == 0 && S_ISLNK(a.st_mode) && nlink("s") == 2);
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	TRUTH(lstat("f", &a) == 0 && S_ISREG(a.st_mode) && a.st_nlink == 3);
	SHOW(linkat(AT_FDCWD, "b", AT_FDCWD, "g", 0x10));
	symlink("nowhere", "dangling");
	SHOW(linkat(AT_FDCWD, "dangling", AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
	return 0;
}

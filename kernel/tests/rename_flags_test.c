/* renameat2(2) with flags, and what rename leaves of links, times and directories. */
#include "conformance.h"
#include <sys/syscall.h>

static int ren(const char *a, const char *b, unsigned flags)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}
static ino_t ino(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}
static int links(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (int)st.st_nlink : -1;
}

int main(void)
{
	struct stat before, after;
	ino_t a, b;
	int fd;

	enter_tmp();
	put_file("a", "A");
	put_file("b", "B");
	CHECK(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0 && mkdir("d/sub", 0755) == 0);
	SHOW(ren("a", "b", RENAME_NOREPLACE));
	SHOW(ren("a", "c", RENAME_NOREPLACE));
	SHOW(ren("c", "a", 0));
	SHOW(ren("none", "b", RENAME_NOREPLACE));
	SHOW(ren("none", "x", RENAME_NOREPLACE));
	SHOW(ren("a", "d", RENAME_NOREPLACE));
	SHOW(ren("a", "b", RENAME_NOREPLACE | RENAME_EXCHANGE));
	SHOW(ren("a", "b", RENAME_EXCHANGE | RENAME_WHITEOUT));
	SHOW(ren("a", "b", 0x100));
	a = ino("a");
	b = ino("b");
	SHOW(ren("a", "b", RENAME_EXCHANGE));
	TRUTH(ino("a") == b && ino("b") == a);
	printf("%s %s\n", get_file("a"), get_file("b"));
	SHOW(ren("a", "none", RENAME_EXCHANGE));
	SHOW(ren("a", "d", RENAME_EXCHANGE));
	printf("%s\n", get_file("d"));
	TRUTH(access("a/sub", F_OK) == 0);
	SHOW(ren("a", "d", RENAME_EXCHANGE));
	SHOW(ren("d", "d/sub", RENAME_EXCHANGE));
	SHOW(ren("d/sub", "d", RENAME_EXCHANGE));
	SHOW(ren("d/sub", "e", RENAME_EXCHANGE));
	SHOW(links("d"));
	SHOW(links("e"));
	SHOW(ren("a", "e", RENAME_EXCHANGE));
	SHOW(ren("d", "e/x", 0));
	SHOW(ren("d", "a/x", 0));
	SHOW(links("a"));
	SHOW(ren("a", "a/x/y", 0));
	/* Times: the directories change, the file's change time does, its contents' does not. */
	put_file("t", "T");
	CHECK(mkdir("t1", 0755) == 0 && mkdir("t2", 0755) == 0);
	struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
	CHECK(utimensat(AT_FDCWD, "t", old, 0) == 0);
	CHECK(rename("t", "t1/t") == 0);
	CHECK(utimensat(AT_FDCWD, "t1", old, 0) == 0 && utimensat(AT_FDCWD, "t2", old, 0) == 0);
	CHECK(stat("t1/t", &before) == 0);
	CHECK(rename("t1/t", "t2/t") == 0);
	CHECK(stat("t2/t", &after) == 0);
	TRUTH(after.st_mtime == 1000000000);
	TRUTH(after.st_ctime >= before.st_ctime);
	CHECK(stat("t1", &after) == 0);
	TRUTH(after.st_mtime > 1000000000);
	CHECK(stat("t2", &after) == 0);
	TRUTH(after.st_mtime > 1000000000);
	/* Two names of one file: nothing happens. */
	CHECK(link("t2/t", "t2/u") == 0);
	SHOW(rename("t2/t", "t2/u"));
	SHOW(links("t2/t"));
	SHOW(ren("t2/t", "t2/u", RENAME_NOREPLACE));
	SHOW(ren("t2/t", "t2/u", RENAME_EXCHANGE));
	/* An open file that is replaced lives on. */
	put_file("old", "old");
	put_file("new", "new");
	fd = open("old", O_RDONLY);
	CHECK(rename("new", "old") == 0);
	char text[8] = "";
	CHECK(read(fd, text, 3) == 3);
	printf("%s %s\n", text, get_file("old"));
	CHECK(fstat(fd, &after) == 0);
	SHOW(after.st_nlink);
	/* Slashes, dots. */
	SHOW(rename("old/", "x"));
	SHOW(rename("old", "x/"));
	SHOW(rename("t1", "t9/"));
	SHOW(rename("t9/.", "t8"));
	SHOW(rename("t9", "t2/.."));
	SHOW(rename(".", "t8"));
	SHOW(rename("", "t8"));
	SHOW(rename("t9", ""));
	return 0;
}

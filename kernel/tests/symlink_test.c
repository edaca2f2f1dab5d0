/* Symbolic links: following, not following, loops, readlink. */
#include "conformance.h"

int main(void)
{
	char buf[100], name[200];
	struct stat st;
	ssize_t n;

	enter_tmp();
	put_file("f", "file");
	mkdir("d", 0755);
	put_file("d/g", "in d");
	SHOW(symlink("f", "s"));
	SHOW(symlink("f", "s"));
	SHOW(symlink("", "empty"));
	printf("%s\n", get_file("s"));
	n = SHOW(readlink("s", buf, sizeof(buf)));
	printf("%.*s\n", (int)n, buf);
	symlink("0123456789", "long");
	SHOW(readlink("long", buf, 4));
	SHOW(readlink("f", buf, 10));
	SHOW(readlink("none", buf, 10));
	SHOW(lstat("long", &st));
	printf("size %d mode %o\n", (int)st.st_size, (unsigned)st.st_mode);
	SHOW(stat("long", &st));
	SHOW(open("s", O_RDONLY | O_NOFOLLOW));
	SHOW(open("long", O_RDONLY));
	SHOW(open("long", O_RDWR | O_CREAT | O_EXCL, 0644));
	SHOW_OK(open("long", O_RDWR | O_CREAT, 0644)); /* makes the target */
	SHOW(access("0123456789", F_OK));

	SHOW(symlink("d", "dl"));
	printf("%s\n", get_file("dl/g"));
	SHOW_OK(open("dl/", O_RDONLY | O_DIRECTORY));
	SHOW(open("dl", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
	SHOW(unlink("dl/"));
	SHOW(rmdir("dl"));
	SHOW(lstat("dl/", &st));
	TRUTH(S_ISDIR(st.st_mode));
	SHOW(symlink("../f", "d/up"));
	printf("%s\n", get_file("d/up"));
	printf("%s\n", get_file("dl/up"));
	printf("%s\n", get_file("dl/../f"));

	SHOW(symlink("loop2", "loop1"));
	SHOW(symlink("loop1", "loop2"));
	SHOW(open("loop1", O_RDONLY));
	SHOW(stat("loop1/x", &st));
	SHOW(lstat("loop1", &st));

	/* A chain of 40 is followed, one of 41 is not. */
	put_file("c0", "end of the chain");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(buf, sizeof(buf), "c%d", i - 1);
		CHECK(symlink(buf, name) == 0);
	}
	printf("%s\n", get_file("c40"));
	printf("%s\n", get_file("c41"));
	CHECK(getcwd(buf, sizeof(buf)));
	snprintf(name, sizeof(name), "%s/d/g", buf);
	SHOW(symlink(name, "abs"));
	printf("%s\n", get_file("abs"));
	SHOW(symlink("f/", "fslash"));
	printf("%s\n", get_file("fslash"));
	return 0;
}

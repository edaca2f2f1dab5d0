/* rename(2): every combination of what is there. */
#include "conformance.h"
#include <sys/syscall.h>

#define NOREPLACE 1
#define EXCHANGE 2

static int renameat2_(const char *a, const char *b, unsigned flags)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}
static ino_t ino(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

int main(void)
{
	ino_t was;
	int fd;
	char c;

	enter_tmp();
	put_file("a", "A");
	put_file("b", "B");
	was = ino("a");
	SHOW(rename("a", "c"));
	TRUTH(ino("c") == was);
	printf("%s %s\n", get_file("a"), get_file("c"));
	fd = open("b", O_RDONLY);
	SHOW(rename("c", "b"));
	printf("%s\n", get_file("b"));
	SHOW(read(fd, &c, 1)); /* the replaced file lives on */
	printf("%c\n", c);
	SHOW(rename("b", "b"));
	SHOW(rename("none", "x"));
	SHOW(rename("b", "none/x"));
	SHOW(rename("b", ""));

	mkdir("d", 0755);
	mkdir("e", 0755);
	put_file("d/in", "in");
	SHOW(rename("d", "e"));
	printf("%s %s\n", get_file("e/in"), get_file("d/in"));
	mkdir("d", 0755);
	SHOW(rename("d", "e"));
	SHOW(rename("e", "d"));
	SHOW(rename("d", "d/sub"));
	SHOW(rename("d", "d"));
	mkdir("d/sub", 0755);
	SHOW(rename("d", "d/sub/deep"));
	SHOW(rename("d/sub", "d"));
	SHOW(rename("b", "d"));
	SHOW(rename("d", "b"));
	SHOW(rename("b/", "x"));
	SHOW(rename("b", "x/"));
	SHOW(rename("d/sub/", "moved/"));
	TRUTH(access("moved", F_OK) == 0);
	SHOW(rename("d/.", "x"));
	SHOW(rename("d/..", "x"));

	/* Two names of one file: nothing happens, both stay. */
	link("b", "b2");
	SHOW(rename("b", "b2"));
	TRUTH(access("b", F_OK) == 0 && access("b2", F_OK) == 0);

	/* A link is renamed itself. */
	symlink("b", "sym");
	SHOW(rename("sym", "sym2"));
	TRUTH(ino("sym2") != ino("b") && access("sym", F_OK) < 0);
	put_file("target", "T");
	SHOW(rename("target", "sym2"));
	printf("%s %s\n", get_file("sym2"), get_file("b"));

	put_file("p", "P");
	put_file("q", "Q");
	SHOW(renameat2_("p", "q", NOREPLACE));
	SHOW(renameat2_("p", "r", NOREPLACE));
	SHOW(renameat2_("r", "q", EXCHANGE));
	printf("r=%s ", get_file("r"));
	printf("q=%s\n", get_file("q"));
	SHOW(renameat2_("r", "gone", EXCHANGE));
	SHOW(renameat2_("r", "q", NOREPLACE | EXCHANGE));
	SHOW(renameat2_("r", "q", 0x100));

	/* ".." of a directory follows it. */
	mkdir("x1", 0755);
	mkdir("x2", 0755);
	mkdir("x1/child", 0755);
	put_file("x2/mark", "here");
	CHECK(chdir("x1/child") == 0);
	SHOW(rename("../../x1/child", "../../x2/child"));
	printf("%s\n", get_file("../mark"));
	return 0;
}

/* getcwd(3), chdir(2), fchdir(2): the working directory is a directory, not a name. */
#include "conformance.h"

static char base[PATH_MAX];

static void show_cwd(void)
{
	char buf[PATH_MAX];

	if (!getcwd(buf, sizeof(buf)))
		printf("cwd %s\n", errno_name(errno));
	else if (strncmp(buf, base, strlen(base)) == 0)
		printf("cwd BASE%s\n", buf + strlen(base));
	else
		printf("cwd %s\n", buf);
}
static void in_child(void)
{
	show_cwd();
	CHECK(chdir("/") == 0);
	show_cwd();
}

int main(void)
{
	char small[3];
	int fd;

	enter_tmp();
	CHECK(getcwd(base, sizeof(base)));
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	symlink("a/b", "link");
	put_file("f", "");
	SHOW(chdir("a/b"));
	show_cwd();
	SHOW(chdir(".."));
	show_cwd();
	SHOW(chdir("../link"));
	show_cwd(); /* the place, not the link */
	SHOW(chdir(".."));
	show_cwd();
	SHOW(rename("../a", "../renamed"));
	show_cwd();
	SHOW(access("b", F_OK));
	fd = open(".", O_RDONLY | O_DIRECTORY);
	SHOW(chdir("/"));
	show_cwd();
	SHOW(chdir(".."));
	show_cwd();
	SHOW(fchdir(fd));
	show_cwd();
	reap("child", child(in_child));
	show_cwd();
	TRUTH(getcwd(small, sizeof(small)) == NULL && errno == ERANGE);
	TRUTH(getcwd(small, 0) == NULL && errno == EINVAL);
	SHOW(chdir("none"));
	SHOW(chdir("../f"));
	SHOW(chdir(""));
	SHOW(chdir("../f/.."));
	SHOW(fchdir(-1));
	int file = open("../f", O_RDONLY);
	SHOW(fchdir(file));
	CHECK(chdir("b") == 0);
	SHOW(rmdir("../b"));
	show_cwd();
	SHOW(access("..", F_OK));
	SHOW(chdir("."));
	SHOW(fchdir(fd));
	show_cwd();
	return 0;
}

/* openat(2) and its kin: paths from a directory descriptor; O_PATH, O_TMPFILE. */
#include "conformance.h"

int main(void)
{
	struct stat st;
	char buf[20];
	int d, f, path;

	enter_tmp();
	mkdir("d", 0755);
	put_file("d/f", "inside");
	put_file("f", "outside");
	d = open("d", O_RDONLY | O_DIRECTORY);
	f = (int)SHOW_OK(openat(d, "f", O_RDONLY));
	SHOW(read(f, buf, 20));
	SHOW_OK(openat(d, "../f", O_RDONLY));
	SHOW_OK(openat(-1, "/dev/null", O_RDONLY)); /* absolute: the descriptor does not matter */
	SHOW(openat(-1, "f", O_RDONLY));
	SHOW(openat(f, "f", O_RDONLY));
	SHOW(mkdirat(d, "sub", 0755));
	SHOW(fstatat(d, "sub", &st, 0));
	SHOW(symlinkat("f", d, "link"));
	SHOW(readlinkat(d, "link", buf, 20));
	SHOW(linkat(d, "f", d, "hard", 0));
	SHOW(renameat(d, "hard", AT_FDCWD, "hard"));
	printf("%s\n", get_file("hard"));
	SHOW(fchmodat(d, "f", 0600, 0));
	SHOW(faccessat(d, "f", R_OK, 0));
	SHOW(mkfifoat(d, "fifo", 0644));
	SHOW(unlinkat(d, "fifo", 0));
	SHOW(unlinkat(d, "sub", 0));
	SHOW(unlinkat(d, "sub", AT_REMOVEDIR));
	/* It stays the same directory when its name changes. */
	SHOW(rename("d", "e"));
	SHOW_OK(openat(d, "f", O_RDONLY));

	path = (int)SHOW_OK(open("e/f", O_PATH));
	SHOW(read(path, buf, 1));
	SHOW(fstat(path, &st));
	SHOW(dup2(path, 40));
	SHOW(read(40, buf, 1));
	path = (int)SHOW_OK(open("e/link", O_PATH | O_NOFOLLOW));
	SHOW(fstat(path, &st));
	TRUTH(S_ISLNK(st.st_mode));
	SHOW(readlinkat(path, "", buf, 20));
	path = (int)SHOW_OK(open("e", O_PATH));
	SHOW_OK(openat(path, "f", O_RDONLY));
	SHOW(fchdir(path));
	printf("%s\n", get_file("f"));
	SHOW(chdir(".."));
	SHOW(openat(d, "", O_RDONLY));
	SHOW(openat(d, "f", O_RDONLY | O_DIRECTORY));
	SHOW(openat(d, "none", O_RDONLY));
	return 0;
}

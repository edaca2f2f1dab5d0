/* Permission bits, as somebody who is not root. */
#include "conformance.h"
#include <grp.h>

static void not_root(void)
{
	if (geteuid() == 0) {
		CHECK(setgroups(0, NULL) == 0);
		CHECK(setresgid(1000, 1000, 1000) == 0);
		CHECK(setresuid(1000, 1000, 1000) == 0);
	}
	mkdir("mine", 0755);
	CHECK(chdir("mine") == 0);
	put_file("f", "text");
	for (int mode = 0; mode <= 0700; mode += 0100) {
		CHECK(chmod("f", (mode_t)mode) == 0);
		printf("mode %03o: read %s", (unsigned)mode,
			open("f", O_RDONLY) < 0 ? errno_name(errno) : "ok");
		printf(" write %s", open("f", O_WRONLY) < 0 ? errno_name(errno) : "ok");
		printf(" exec %s", access("f", X_OK) < 0 ? errno_name(errno) : "ok");
		printf(" both %s\n", access("f", R_OK | W_OK) < 0 ? errno_name(errno) : "ok");
	}
	/* The owner is judged by the owner's bits alone. */
	CHECK(chmod("f", 0077) == 0);
	SHOW(open("f", O_RDONLY));
	CHECK(chmod("f", 0644) == 0);

	mkdir("d", 0755);
	put_file("d/x", "in");
	CHECK(chmod("d", 0600) == 0);
	SHOW(access("d/x", F_OK));
	SHOW(open("d/x", O_RDONLY));
	DIR *dir = opendir("d");
	TRUTH(dir != NULL);
	if (dir)
		closedir(dir);
	CHECK(chmod("d", 0300) == 0);
	TRUTH(opendir("d") == NULL && errno == EACCES);
	printf("%s\n", get_file("d/x"));
	SHOW(unlink("d/x"));
	put_file("d/x", "in");
	CHECK(chmod("d", 0500) == 0);
	SHOW(unlink("d/x"));
	SHOW(rename("d/x", "x"));
	SHOW(rename("f", "d/f"));
	SHOW(link("f", "d/f"));
	SHOW(symlink("f", "d/s"));
	SHOW(mkdir("d/sub", 0755));
	SHOW(open("d/new", O_CREAT | O_WRONLY, 0644));
	SHOW_OK(open("d/x", O_WRONLY));
	SHOW(faccessat(AT_FDCWD, "d", W_OK, 0));
	SHOW(access("d", R_OK | X_OK));
	SHOW(chmod("d", 0755));

	SHOW(chmod("/", 0700));
	SHOW(chown("f", 0, (gid_t)-1));
	SHOW(chown("f", (uid_t)-1, 0));
	SHOW(chown("f", (uid_t)-1, getegid()));
	SHOW(mkdir("/new-folder", 0755));
	SHOW(open("/new-file", O_CREAT | O_WRONLY, 0644));
	SHOW(unlink("/etc"));
	SHOW(setuid(0));
	SHOW(setgid(0));
	SHOW(mknod("node", S_IFCHR | 0600, 0x103));
	SHOW(chroot("."));
	/* Set-id bits go when the file is written by its owner. */
	SHOW(chmod("f", 06755));
	int fd = open("f", O_WRONLY);
	CHECK(write(fd, "x", 1) == 1);
	struct stat st;
	fstat(fd, &st);
	printf("mode %o\n", (unsigned)st.st_mode & 07777);
}

int main(void)
{
	enter_tmp();
	CHECK(chmod(".", 0777) == 0);
	reap("not root", child(not_root));
	return 0;
}

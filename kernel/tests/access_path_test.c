/* Search permission at each step of a path, for owner, group and others. needs: root */
#include "conformance.h"

#include <grp.h>

static void steps(const char *who)
{
	printf("-- %s\n", who);
	SHOW(access("a/b/c/file", R_OK));
	SHOW(access("a/b/c/file", W_OK));
	SHOW(access("a/b/c/none", F_OK));
	SHOW(access("a/b/none/file", F_OK));
	SHOW(open("a/b/c/file", O_RDONLY) >= 0);
	SHOW(chdir("a/b/c") == 0 ? chdir("../../..") : -1);
	SHOW(access("a/b/c/..", F_OK));
	SHOW(access("a/link", R_OK));
	SHOW(mkdir("a/b/c/new", 0755) == 0 ? rmdir("a/b/c/new") : -1);
}

static void as(uid_t uid, gid_t gid, gid_t group, const char *who)
{
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(setgroups(1, &group) == 0 && setgid(gid) == 0 && setuid(uid) == 0);
		steps(who);
		_exit(0);
	}
	reap(who, pid);
}

static void all(const char *what)
{
	printf("== %s\n", what);
	as(1000, 1000, 1000, "owner");
	as(1001, 1001, 3000, "by a supplementary group");
	as(1002, 1002, 1002, "others");
	steps("root");
}

int main(void)
{
	enter_tmp();
	CHECK(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0 && mkdir("a/b/c", 0755) == 0);
	put_file("a/b/c/file", "x");
	CHECK(symlink("b/c/file", "a/link") == 0);
	CHECK(chown("a", 1000, 3000) == 0 && chown("a/b", 1000, 3000) == 0);
	CHECK(chown("a/b/c", 1000, 3000) == 0 && chown("a/b/c/file", 1000, 3000) == 0);
	all("all 755");
	CHECK(chmod("a/b", 0750) == 0);
	all("b 750");
	CHECK(chmod("a/b", 0700) == 0);
	all("b 700");
	CHECK(chmod("a/b", 0077) == 0); /* the owner's class decides, not the widest */
	all("b 077");
	CHECK(chmod("a/b", 0666) == 0); /* names can be read, but not searched */
	all("b 666");
	CHECK(chmod("a/b", 0711) == 0 && chmod("a/b/c/file", 0640) == 0);
	all("b 711, file 640");
	CHECK(chmod("a/b/c/file", 0) == 0 && chmod("a/b/c", 0) == 0);
	all("c and file 000");
	/* Root may run a file only if somebody may. */
	CHECK(chmod("a/b/c", 0755) == 0);
	SHOW(access("a/b/c/file", X_OK));
	CHECK(chmod("a/b/c/file", 0001) == 0);
	SHOW(access("a/b/c/file", X_OK));
	return 0;
}

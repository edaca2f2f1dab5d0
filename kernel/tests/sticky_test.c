/* Owners, groups, the sticky bit, set-group-id directories. needs: root */
#include "conformance.h"
#include <grp.h>

static void become(uid_t uid, gid_t gid)
{
	gid_t groups[1] = {2000};

	CHECK(setgroups(1, groups) == 0);
	CHECK(setresgid(gid, gid, gid) == 0);
	CHECK(setresuid(uid, uid, uid) == 0);
}
static void other(void)
{
	become(1001, 1001);
	SHOW(unlink("shared/of-1000"));
	SHOW(rename("shared/of-1000", "shared/mine"));
	SHOW(open("group", O_RDONLY));
	SHOW_OK(open("group2", O_RDONLY)); /* through the supplementary group */
	SHOW(open("group2", O_WRONLY));
	SHOW(chmod("group2", 0777));
	SHOW(access("root-only", R_OK));
	CHECK(mkdir("setgid/sub", 0755) == 0);
	put_file("setgid/file", "");
}
static void owner(void)
{
	become(1000, 1000);
	SHOW(unlink("shared/of-1000"));
	put_file("own", "");
	SHOW(chown("own", 1000, 2000)); /* a group of mine */
	SHOW(chown("own", 1000, 3000));
	SHOW(chown("own", 1001, 1000));
}
static void effective(void)
{
	CHECK(setresuid(1000, 0, 0) == 0);
	SHOW(access("root-only", R_OK)); /* asks for the real user */
	SHOW(faccessat(AT_FDCWD, "root-only", R_OK, AT_EACCESS));
	SHOW(seteuid(1000));
	SHOW(seteuid(0));
	SHOW(setreuid(0, 1000));
	printf("%d %d\n", getuid(), geteuid());
}

int main(void)
{
	struct stat st;

	enter_tmp();
	CHECK(chmod(".", 0777) == 0);
	mkdir("shared", 0777);
	CHECK(chmod("shared", 01777) == 0);
	put_file("shared/of-1000", "");
	SHOW(chown("shared/of-1000", 1000, 1000));
	put_file("group", "");
	CHECK(chown("group", 0, 1000) == 0 && chmod("group", 0640) == 0);
	put_file("group2", "");
	CHECK(chown("group2", 0, 2000) == 0 && chmod("group2", 0640) == 0);
	put_file("root-only", "");
	CHECK(chmod("root-only", 0600) == 0);
	mkdir("setgid", 0777);
	CHECK(chown("setgid", 0, 3000) == 0 && chmod("setgid", 02777) == 0);
	reap("other", child(other));
	stat("setgid/sub", &st);
	printf("%d %o\n", (int)st.st_gid, (unsigned)st.st_mode & 07777);
	stat("setgid/file", &st);
	printf("%d %o\n", (int)st.st_gid, (unsigned)st.st_mode & 07777);
	reap("owner", child(owner));
	reap("effective", child(effective));
	put_file("s", "");
	CHECK(chmod("s", 06755) == 0);
	SHOW(chown("s", 5, 6));
	stat("s", &st);
	printf("%d %d %o\n", (int)st.st_uid, (int)st.st_gid, (unsigned)st.st_mode & 07777);
	symlink("s", "l");
	SHOW(lchown("l", 7, 8));
	stat("s", &st);
	printf("%d %d\n", (int)st.st_uid, (int)st.st_gid);
	lstat("l", &st);
	printf("%d %d\n", (int)st.st_uid, (int)st.st_gid);
	return 0;
}

/* Supplementary groups, and which changes of ids are allowed; capget and capset. needs: root */
#include "conformance.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

struct cap_header {
	uint32_t version;
	int pid;
};
struct cap_sets {
	uint32_t effective, permitted, inheritable;
};

static void groups(void)
{
	gid_t list[70];
	int n = getgroups(70, list);

	printf("groups:");
	for (int i = 0; i < n; i++)
		printf(" %d", (int)list[i]);
	printf("\n");
}

static void ids(const char *what)
{
	uid_t r, e, s;

	CHECK(getresuid(&r, &e, &s) == 0);
	printf("%s: %d %d %d\n", what, (int)r, (int)e, (int)s);
}

static void caps(const char *what, int pid)
{
	struct cap_header h = {0x20080522, pid};
	struct cap_sets s[2] = {{0}};

	SHOW(syscall(SYS_capget, &h, s));
	printf("%s: may change owners: effective %d, permitted %d\n", what,
		(int)(s[0].effective & 1), (int)(s[0].permitted & 1));
}

static void user_part(void)
{
	gid_t g = 1;

	groups();
	SHOW(setgroups(1, &g));
	SHOW(setgroups(0, NULL));
	SHOW(getgroups(1, &g));
	SHOW(getgroups(0, NULL));
	SHOW(open("f", O_RDONLY) >= 0);
	SHOW(setuid(0));
	SHOW(setgid(0));
	SHOW(setgid(300)); /* a supplementary group is no right to it */
	SHOW(seteuid(0));
	SHOW(setreuid(1000, -1));
	SHOW(setresuid(-1, -1, 0));
	SHOW(setfsuid(0));
	SHOW(setfsuid((uid_t)-1));
	SHOW(chown("mine", 1000, 300));
	SHOW(chown("mine", 1000, 7));
	SHOW(chown("mine", 1001, (gid_t)-1));
	SHOW(chmod("mine", 02755));
	caps("user", 0);
}

int main(void)
{
	gid_t list[] = {300, 200, 100};
	struct cap_header h = {0, 0};
	struct cap_sets s[2];
	struct stat st;
	pid_t pid;

	enter_tmp();
	put_file("f", "x");
	CHECK(chown("f", 0, 200) == 0 && chmod("f", 0640) == 0);
	put_file("mine", "x");
	CHECK(chown("mine", 1000, 1000) == 0);
	CHECK(setgroups(3, list) == 0);
	SHOW(syscall(SYS_capget, &h, NULL));
	printf("version %x\n", h.version);
	h.version = 5;
	SHOW(syscall(SYS_capget, &h, s));
	h.version = 0x20080522, h.pid = -1;
	SHOW(syscall(SYS_capget, &h, s));
	h.pid = 0;
	CHECK(syscall(SYS_capget, &h, s) == 0);
	SHOW(syscall(SYS_capset, &h, s)); /* what it has already */
	h.pid = 1 << 21;
	SHOW(syscall(SYS_capget, &h, s));
	caps("root", 0);
	pid = fork();
	if (pid == 0) {
		CHECK(setresuid(0, 1000, 0) == 0);
		caps("root for a while not", 0);
		ids("away");
		CHECK(seteuid(0) == 0);
		caps("root again", 0);
		CHECK(setreuid(1000, 0) == 0);
		ids("real one changed");
		CHECK(setreuid(-1, 1000) == 0);
		ids("both");
		SHOW(seteuid(0)); /* the saved one was kept: effective became the real one */
		ids("then");
		_exit(0);
	}
	reap("root", pid);
	pid = fork();
	if (pid == 0) {
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
		user_part();
		_exit(0);
	}
	reap("user", pid);
	CHECK(stat("mine", &st) == 0);
	printf("mine: %d %d %o\n", (int)st.st_uid, (int)st.st_gid, (unsigned)st.st_mode & 07777);
	SHOW(setgroups(65537, list));
	CHECK(setgroups(0, NULL) == 0);
	groups();
	return 0;
}

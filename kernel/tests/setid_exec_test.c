/* Set-ID programs: effective and saved ids after exec, and when the bits do not count. needs: root
 */
#include "conformance.h"

#include <grp.h>
#include <sys/mount.h>

static void ids(const char *what)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	CHECK(getresuid(&r, &e, &s) == 0);
	CHECK(getresgid(&rg, &eg, &sg) == 0);
	printf("%s: uid %d %d %d gid %d %d %d\n", what, (int)r, (int)e, (int)s, (int)rg, (int)eg,
		(int)sg);
}

static void copy_self(const char *to)
{
	char buf[65536];
	int in = open("/proc/self/exe", O_RDONLY),
	    out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	ssize_t n;

	CHECK(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK(write(out, buf, (size_t)n) == n);
	close(in);
	CHECK(close(out) == 0);
}

/* As user 1000:1000 of group 2000. */
static void run_as(const char *program, const char *label)
{
	pid_t pid = fork();

	if (pid == 0) {
		gid_t group = 2000;

		CHECK(setgroups(1, &group) == 0 && setgid(1000) == 0 && setuid(1000) == 0);
		execl(program, program, label, (char *)NULL);
		printf("%s: exec: %s\n", label, errno_name(errno));
		_exit(0);
	}
	reap(label, pid);
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		ids(argv[1]);
		if (geteuid() == 0 && getuid() != 0) {
			CHECK(seteuid(getuid()) == 0);
			ids("given up");
			CHECK(seteuid(0) == 0);
			ids("taken back");
			CHECK(setuid(getuid()) == 0); /* root's setuid: all three */
			ids("for good");
			SHOW(seteuid(0));
		}
		return 0;
	}
	enter_tmp();
	CHECK(mkdir("m", 0755) == 0 && mount("tmpfs", "m", "tmpfs", 0, "mode=755") == 0);
	copy_self("m/p");
	run_as("m/p", "plain");
	CHECK(chmod("m/p", 04755) == 0);
	run_as("m/p", "set-user-id root");
	CHECK(chown("m/p", 1234, 4321) == 0);
	struct stat st;
	CHECK(stat("m/p", &st) == 0);
	printf("mode after chown %o\n", (unsigned)st.st_mode & 07777);
	CHECK(chmod("m/p", 04755) == 0);
	run_as("m/p", "set-user-id 1234");
	CHECK(chmod("m/p", 02755) == 0);
	run_as("m/p", "set-group-id 4321");
	CHECK(chmod("m/p", 02745) == 0);
	run_as("m/p", "set-group-id without x of the group");
	CHECK(chmod("m/p", 06755) == 0);
	run_as("m/p", "both");
	CHECK(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOSUID, "mode=755") == 0);
	run_as("m/p", "both, nosuid");
	CHECK(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOEXEC, "mode=755") == 0);
	run_as("m/p", "noexec");
	CHECK(mount(NULL, "m", NULL, MS_REMOUNT, "mode=755") == 0);
	/* Writing takes the bits away, but not from root. */
	CHECK(chmod("m/p", 06777) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
		int fd = open("m/p", O_WRONLY | O_APPEND);
		CHECK(fd >= 0 && write(fd, "", 1) == 1);
		_exit(0);
	}
	reap("writer", pid);
	CHECK(stat("m/p", &st) == 0);
	printf("mode after a write %o\n", (unsigned)st.st_mode & 07777);
	CHECK(umount("m") == 0);
	return 0;
}

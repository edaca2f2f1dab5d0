/* stat(2) and path errors. */
#include "conformance.h"
#include <sys/statvfs.h>

int main(void)
{
	static char path[PATH_MAX + 100], name[300];
	struct stat a, b;
	struct statvfs vfs;
	int fd;

	enter_tmp();
	put_file("f", "12345");
	SHOW(stat("f", &a));
	printf("mode %o nlink %d size %lld\n", (unsigned)a.st_mode, (int)a.st_nlink,
		(long long)a.st_size);
	TRUTH(a.st_uid == geteuid() && a.st_gid == getegid());
	TRUTH(a.st_blksize > 0);
	fd = open("f", O_RDWR);
	SHOW(fstat(fd, &b));
	TRUTH(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	SHOW(fstatat(AT_FDCWD, "f", &b, 0));
	SHOW(fstatat(fd, "", &b, AT_EMPTY_PATH));
	SHOW(fstatat(fd, "", &b, 0));
	SHOW(fstatat(fd, "x", &b, 0));
	SHOW(fstatat(AT_FDCWD, "f", &b, 0x4));
	SHOW(fstatat(-1, "f", &b, 0));
	SHOW(stat("", &b));
	SHOW(stat("none", &b));
	SHOW(stat("none/x", &b));
	SHOW(stat("f/x", &b));
	SHOW(stat("f/", &b));
	SHOW(stat("f/.", &b));
	SHOW(stat("./././f", &b));
	SHOW(stat("//", &b));
	TRUTH(S_ISDIR(b.st_mode));
	SHOW(fstat(-1, &b));

	memset(name, 'x', 255);
	SHOW(stat(name, &b));
	name[255] = 'x';
	SHOW(stat(name, &b));
	for (int i = 0; i + 2 < PATH_MAX; i += 2)
		memcpy(path + i, "./", 3);
	strcpy(path + PATH_MAX - 2, "f");
	printf("length %zu: ", strlen(path));
	SHOW(stat(path, &b));
	strcpy(path + PATH_MAX - 2, "./f");
	printf("length %zu: ", strlen(path));
	SHOW(stat(path, &b));

	/* Times move with what happens to the file. */
	CHECK(futimens(fd, (struct timespec[]){{1000, 0}, {1000, 0}}) == 0);
	fstat(fd, &a);
	TRUTH(a.st_mtime == 1000 && a.st_atime == 1000 && a.st_ctime > 1000);
	CHECK(write(fd, "x", 1) == 1);
	fstat(fd, &b);
	TRUTH(b.st_mtime > 1000);
	CHECK(futimens(fd, (struct timespec[]){{0, UTIME_OMIT}, {1000, 0}}) == 0);
	SHOW(chmod("f", 0600));
	fstat(fd, &b);
	TRUTH(b.st_mtime == 1000 && b.st_ctime > 1000);
	CHECK(ftruncate(fd, 1) == 0);
	fstat(fd, &b);
	TRUTH(b.st_mtime > 1000);
	TRUTH(isatty(fd) == 0 && errno == ENOTTY);

	SHOW(statvfs(".", &vfs));
	TRUTH(vfs.f_bsize > 0 && vfs.f_namemax == 255);
	SHOW(statvfs("none", &vfs));
	SHOW(stat("/dev/null", &b));
	TRUTH(S_ISCHR(b.st_mode));
	printf("mode %o\n", (unsigned)b.st_mode & 07777);
	return 0;
}

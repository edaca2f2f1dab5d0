/* utimensat(2), futimens(3), utimes(3). */
#include "conformance.h"
#include <sys/time.h>

static void show_times(const char *path)
{
	struct stat st;

	CHECK(lstat(path, &st) == 0);
	printf("%s: %lld.%09ld %lld.%09ld\n", path, (long long)st.st_atim.tv_sec,
		st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int main(void)
{
	struct timespec t[2] = {{1000, 123456789}, {2000, 5}};
	struct timeval v[2] = {{3000, 7}, {4000, 999999}};
	struct stat st;
	time_t before;

	enter_tmp();
	put_file("f", "");
	symlink("f", "l");
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	show_times("f");
	t[0].tv_nsec = UTIME_OMIT;
	t[1] = (struct timespec){5000, 0};
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	show_times("f");
	t[0] = t[1] = (struct timespec){7000, 0};
	SHOW(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	show_times("l");
	show_times("f");
	SHOW(utimes("f", v));
	show_times("f");
	before = time(NULL);
	t[0].tv_nsec = UTIME_NOW;
	t[1].tv_nsec = UTIME_OMIT;
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	stat("f", &st);
	TRUTH(st.st_atime >= before - 1 && st.st_mtime == 4000);
	SHOW(utimensat(AT_FDCWD, "f", NULL, 0));
	stat("f", &st);
	TRUTH(st.st_mtime >= before - 1);
	t[0] = (struct timespec){0, 1000000000};
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	t[0] = (struct timespec){0, 0};
	SHOW(utimensat(AT_FDCWD, "f", t, 0x1));
	SHOW(utimensat(AT_FDCWD, "none", t, 0));
	SHOW(utimensat(-1, "f", t, 0));
	SHOW(futimens(-1, t));
	return 0;
}

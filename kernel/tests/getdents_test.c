/* getdents64(2): cookies that hold while names come and go, lseek, small buffers, telldir. */
#include "conformance.h"
#include <sys/syscall.h>

struct dirent_k {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};
#define N 500
static int seen[N];

/* One call with `size` bytes; counts file-NNN in seen. Returns entries, or -1. */
static int some(int fd, size_t size, int64_t *last)
{
	char buf[32768] __attribute__((aligned(8)));
	long n = syscall(SYS_getdents64, fd, buf, size);
	int count = 0;

	if (n < 0)
		return -1;
	for (char *p = buf; p < buf + n;) {
		struct dirent_k *d = (struct dirent_k *)(void *)p;
		int i;

		CHECK(d->reclen % 8 == 0 && d->ino != 0);
		if (sscanf(d->name, "file-%d", &i) == 1 && i < N) {
			CHECK(d->type == DT_REG);
			seen[i]++;
		}
		*last = d->off;
		count++;
		p += d->reclen;
	}
	return count;
}
static void name(char s[32], int i)
{
	snprintf(s, 32, "d/file-%d", i);
}

int main(void)
{
	char s[32], small[16];
	int64_t off = 0, mark = 0;
	int fd, n, total;
	struct stat st;
	DIR *d;

	enter_tmp();
	CHECK(mkdir("d", 0755) == 0);
	for (int i = 0; i < N; i++) {
		name(s, i);
		put_file(s, "");
	}
	fd = open("d", O_RDONLY | O_DIRECTORY);
	/* What is removed while others are being read is never an obstacle: rm -r. */
	total = 0;
	while ((n = some(fd, 1000, &off)) > 0) {
		total += n;
		for (int i = 0; i < N; i++) {
			if (seen[i] == 1) {
				name(s, i);
				CHECK(unlink(s) == 0);
				seen[i] = 2;
			}
		}
	}
	SHOW(total);
	for (int i = 0; i < N; i++)
		CHECK(seen[i] == 2);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(some(fd, 32768, &off));
	SHOW(some(fd, 32768, &off));
	/* Names that were there all the time show exactly once, whatever comes and goes beside. */
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < N; i++) {
		name(s, i);
		put_file(s, "");
	}
	lseek(fd, 0, SEEK_SET);
	for (int round = 0; some(fd, 800, &off) > 0; round++) {
		for (int i = round % 2; i < N; i += 2) {
			if (i % 5 == 0 || i >= 400)
				continue;
		}
		name(s, 5 * (round % 80));
		unlink(s);
		snprintf(s, sizeof(s), "d/extra-%d", round);
		put_file(s, "");
		if (round > 2000)
			break;
	}
	for (int i = 0; i < N; i++) {
		if (i % 5 != 0 || i >= 400)
			CHECK(seen[i] == 1);
	}
	printf("each once\n");
	/* A cookie takes one back to its place. */
	lseek(fd, 0, SEEK_SET);
	CHECK(some(fd, 500, &mark) > 0);
	memset(seen, 0, sizeof(seen));
	while (some(fd, 32768, &off) > 0)
		;
	int first[N];
	memcpy(first, seen, sizeof(seen));
	memset(seen, 0, sizeof(seen));
	CHECK(lseek(fd, mark, SEEK_SET) == mark);
	while (some(fd, 3000, &off) > 0)
		;
	TRUTH(memcmp(first, seen, sizeof(seen)) == 0);
	/* Errors. */
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(syscall(SYS_getdents64, fd, small, sizeof(small)));
	SHOW(syscall(SYS_getdents64, fd, bad_address, 1000));
	SHOW(syscall(SYS_getdents64, 99, small, sizeof(small)));
	int file = open("d/file-1", O_RDWR | O_CREAT, 0644);
	SHOW(syscall(SYS_getdents64, file, small, sizeof(small)));
	SHOW(read(fd, small, 1));
	/* A directory that is gone. */
	CHECK(mkdir("gone", 0755) == 0);
	int gone = open("gone", O_RDONLY | O_DIRECTORY);
	CHECK(rmdir("gone") == 0);
	SHOW(some(gone, 1000, &off));
	SHOW(fstat(gone, &st));
	SHOW(st.st_nlink);
	SHOW(openat(gone, "x", O_CREAT | O_WRONLY, 0600));
	SHOW(mkdirat(gone, "x", 0700));
	SHOW(openat(gone, ".", O_RDONLY) >= 0);
	/* opendir, telldir, seekdir. */
	d = opendir("d");
	CHECK(readdir(d) && readdir(d));
	long at = telldir(d);
	struct dirent *e = readdir(d);
	char third[256];
	CHECK(e);
	strcpy(third, e->d_name);
	CHECK(readdir(d));
	seekdir(d, at);
	e = readdir(d);
	TRUTH(e && strcmp(e->d_name, third) == 0);
	rewinddir(d);
	TRUTH(readdir(d) != NULL);
	closedir(d);
	return 0;
}

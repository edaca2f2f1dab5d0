/* openat2(2): what it refuses, and RESOLVE_*. Also O_PATH and O_TMPFILE. */
#include "conformance.h"
#include <sys/ioctl.h>
#include <sys/syscall.h>

struct how {
	uint64_t flags, mode, resolve, more;
};
#define NO_XDEV 1
#define NO_MAGIC 2
#define NO_SYM 4
#define BENEATH 8
#define IN_ROOT 16

static int o2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct how h = {flags, mode, resolve, 0};
	int fd = (int)syscall(437, dir, path, &h, 24);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return -1;
}

int main(void)
{
	struct how h = {O_RDONLY, 0, 0, 0};
	char text[128], proc_path[64];
	struct stat st;
	int d, fd, path_fd;

	enter_tmp();
	CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
	put_file("f", "outside");
	put_file("d/f", "inside");
	put_file("d/e/g", "deep");
	CHECK(symlink("../f", "d/up") == 0);
	CHECK(symlink("e/g", "d/down") == 0);
	CHECK(symlink("/f", "d/absolute") == 0);
	CHECK(symlink("e", "d/dir") == 0);
	d = open("d", O_RDONLY | O_DIRECTORY);
	SHOW(o2(d, "f", O_RDONLY, 0, 0));
	SHOW(o2(d, "up", O_RDONLY, 0, 0));
	SHOW(o2(d, "f", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "up", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "down", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "absolute", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "../f", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "e/../f", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "e/../../f", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "/etc/passwd", O_RDONLY, 0, BENEATH));
	SHOW(o2(d, "../f", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "/f", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "absolute", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "up", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "../../../../e/g", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "/etc/passwd", O_RDONLY, 0, IN_ROOT));
	SHOW(o2(d, "f", O_RDONLY, 0, NO_SYM));
	SHOW(o2(d, "down", O_RDONLY, 0, NO_SYM));
	SHOW(o2(d, "dir/g", O_RDONLY, 0, NO_SYM));
	SHOW(o2(d, "down", O_PATH | O_NOFOLLOW, 0, NO_SYM));
	snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d/f", d);
	SHOW(o2(d, proc_path, O_RDONLY, 0, 0));
	SHOW(o2(d, proc_path, O_RDONLY, 0, NO_MAGIC));
	SHOW(o2(d, "down", O_RDONLY, 0, NO_MAGIC));
	SHOW(o2(d, "/proc/self/status", O_RDONLY, 0, NO_XDEV));
	SHOW(o2(d, "e/../f", O_RDONLY, 0, NO_XDEV));
	SHOW(o2(d, "new", O_CREAT | O_WRONLY, 0600, BENEATH));
	SHOW(o2(d, "../new", O_CREAT | O_WRONLY, 0600, BENEATH));
	SHOW(o2(d, "/rooted", O_CREAT | O_WRONLY, 0600, IN_ROOT));
	TRUTH(access("d/rooted", F_OK) == 0);
	SHOW(o2(d, "up", O_CREAT | O_WRONLY, 0600, BENEATH));
	/* What it refuses. */
	SHOW(o2(d, "f", O_RDONLY, 0644, 0));
	SHOW(o2(d, "f", O_RDONLY | 0x40000000, 0, 0));
	SHOW(o2(d, "f", 1ull << 40, 0, 0));
	SHOW(o2(d, "f", O_RDONLY, 0, 0x100));
	SHOW(o2(d, "f", O_RDONLY, 0, BENEATH | IN_ROOT));
	SHOW(o2(d, "n", O_CREAT | O_WRONLY, 010000, 0));
	SHOW(o2(d, "f", O_PATH | O_RDWR, 0, 0));
	SHOW(syscall(437, d, "f", &h, 8));
	SHOW_OK(syscall(437, d, "f", &h, 32));
	h.more = 1;
	SHOW(syscall(437, d, "f", &h, 32));
	SHOW(syscall(437, d, "f", bad_address, 24));
	SHOW(syscall(437, 99, "f", &h, 24));

	/* O_PATH. */
	path_fd = open("d/f", O_PATH);
	SHOW(read(path_fd, text, 1));
	SHOW(write(path_fd, text, 1));
	SHOW(syscall(SYS_fchmod, path_fd, 0600)); /* libc may find another way */
	SHOW(ftruncate(path_fd, 0));
	SHOW(ioctl(path_fd, 0x541b, text));
	SHOW(fcntl(path_fd, F_GETFL) & O_PATH ? 1 : 0);
	SHOW(fstat(path_fd, &st));
	SHOW(st.st_size);
	SHOW(fchownat(path_fd, "", -1, -1, AT_EMPTY_PATH));
	snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", path_fd);
	fd = open(proc_path, O_RDONLY);
	SHOW(read(fd, text, 6));
	close(fd);
	SHOW(linkat(AT_FDCWD, proc_path, AT_FDCWD, "d/linked", AT_SYMLINK_FOLLOW));
	printf("%s\n", get_file("d/linked"));
	close(path_fd);
	path_fd = open("d/up", O_PATH | O_NOFOLLOW);
	SHOW(fstat(path_fd, &st));
	TRUTH(S_ISLNK(st.st_mode));
	SHOW(readlinkat(path_fd, "", text, sizeof(text)));
	SHOW(faccessat(path_fd, "x", F_OK, 0));
	close(path_fd);
	path_fd = open("d", O_PATH);
	SHOW(fchdir(path_fd));
	SHOW_OK(openat(path_fd, "f", O_RDONLY));
	SHOW(chdir(".."));

	/* O_TMPFILE. */
	fd = open("d", O_TMPFILE | O_RDWR, 0640);
	CHECK(fd >= 0);
	SHOW(write(fd, "unnamed", 7));
	CHECK(fstat(fd, &st) == 0);
	printf("mode %o links %d\n", st.st_mode, (int)st.st_nlink);
	snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, proc_path, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW));
	printf("%s\n", get_file("d/named"));
	CHECK(fstat(fd, &st) == 0);
	SHOW(st.st_nlink);
	close(fd);
	fd = open("d", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, proc_path, AT_FDCWD, "d/named2", AT_SYMLINK_FOLLOW));
	SHOW(open("d", O_TMPFILE | O_RDONLY, 0600));
	SHOW(open("d/f", O_TMPFILE | O_RDWR, 0600));
	SHOW(open("none", O_TMPFILE | O_RDWR, 0600));
	return 0;
}

/* Files mapped shared by several processes, and read and written beside; shm_open. link: -mshm */
#include "conformance.h"
#include <sys/mman.h>

static char *map;
static int fd;
static struct gate to_child, to_parent;

static void other(void)
{
	char buf[16] = "";
	char *mine;

	gate_wait(&to_child);
	CHECK(map[0] == 'P' && map[4096] == 'Q');
	map[1] = 'C';
	CHECK(pwrite(fd, "written", 7, 100) == 7);
	mine = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mine != MAP_FAILED && mine[0] == 'P' && mine[1] == 'C');
	mine[2] = 'M';
	CHECK(pread(fd, buf, 3, 0) == 3 && !strcmp(buf, "PCM"));
	gate_open(&to_parent);
}

static void check_file(const char *what)
{
	char buf[64] = "";
	pid_t pid;

	SHOW(ftruncate(fd, 8192));
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	to_child = gate_new();
	to_parent = gate_new();
	pid = child(other);
	map[0] = 'P';
	map[4096] = 'Q';
	gate_open(&to_child);
	gate_wait(&to_parent);
	printf("%s: %.3s %.7s\n", what, map, map + 100);
	SHOW(waitpid(pid, NULL, 0) == pid);
	SHOW(pread(fd, buf, 10, 0));
	printf("%.3s\n", buf);
	SHOW(msync(map, 8192, MS_SYNC));
	SHOW(munmap(map, 8192));
	SHOW(pread(fd, buf, 10, 98));
	printf("%s\n", buf + 2);
	SHOW(close(fd));
}

int main(void)
{
	char name[64];

	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	check_file("file");
	SHOW(unlink("file"));
	snprintf(name, sizeof(name), "/pleat-test-%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	TRUTH(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600) < 0 && errno == EEXIST);
	check_file("shm");
	SHOW(shm_unlink(name));
	TRUTH(shm_open(name, O_RDWR, 0) < 0 && errno == ENOENT);
	/* A read-only map of what another wrote later. */
	fd = open("ro", O_RDWR | O_CREAT, 0600);
	SHOW(write(fd, "abc", 3));
	int ro = open("ro", O_RDONLY);
	char *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *r = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(w != MAP_FAILED && r != MAP_FAILED);
	w[1] = 'X';
	printf("%.3s\n", r);
	TRUTH(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED &&
		errno == EACCES);
	SHOW(unlink("ro"));
	return 0;
}

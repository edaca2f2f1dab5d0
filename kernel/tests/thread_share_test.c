/* What threads share: descriptors, the working directory, the mask, ids, memory maps, limits. */
#include "thread.h"
#include <sys/mman.h>
#include <sys/resource.h>

static int fds[2], fd;
static char *map;
static atomic_int step;

static void *other(void *arg)
{
	(void)arg;
	fd = open("made", O_RDWR | O_CREAT, 0666);
	CHECK(write(fd, "abc", 3) == 3);
	CHECK(mkdir("below", 0777) == 0 && chdir("below") == 0);
	umask(077);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(map, "mapped");
	return NULL;
}
static void *reads(void *arg)
{
	char c[4];

	(void)arg;
	step = thread_id();
	return (void *)(long)read(fds[0], c, 4);
}
static void *opens_and_closes(void *arg)
{
	for (int i = 0; i < 300; i++) {
		int f = open(arg ? "/dev/null" : "/dev/zero", O_RDONLY), g = dup(f);
		char c = 9;

		CHECK(f >= 0 && g >= 0);
		CHECK(read(g, &c, 1) == !arg);
		CHECK(close(f) == 0 && close(g) == 0);
	}
	return NULL;
}
static void *maps(void *arg)
{
	for (int i = 0; i < 200; i++) {
		char *p = mmap(
			NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *q = malloc((size_t)(i % 7) * 5000 + 10);

		CHECK(p != MAP_FAILED && q);
		for (int k = 0; k < 16384; k += 4096)
			CHECK(p[k] == 0);
		memset(p, (int)(long)arg, 16384);
		memset(q, (int)(long)arg, 10);
		sched_yield();
		for (int k = 0; k < 16384; k++)
			CHECK(p[k] == (char)(long)arg);
		CHECK(q[3] == (char)(long)arg);
		CHECK(munmap(p, 16384) == 0);
		free(q);
	}
	return NULL;
}
static void *limits(void *arg)
{
	struct rlimit l;

	(void)arg;
	CHECK(getrlimit(RLIMIT_NOFILE, &l) == 0);
	return (void *)(long)l.rlim_cur;
}

int main(void)
{
	struct rlimit l;
	pthread_t t[4];
	char text[8] = "";
	struct stat st;

	enter_tmp();
	join(start(other, 0));
	printf("position %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	CHECK(pread(fd, text, 3, 0) == 3);
	printf("read %s, map %s\n", text, map);
	SHOW(stat("../made", &st));
	printf("umask %03o\n", umask(022));
	SHOW(munmap(map, 8192));

	CHECK(pipe(fds) == 0);
	t[0] = start(reads, 0);
	while (!step)
		sched_yield();
	await_asleep(step);
	SHOW(close(fds[0])); /* the reader has it still */
	SHOW(fcntl(fds[0], F_GETFD));
	SHOW(write(fds[1], "xy", 2));
	printf("read %ld after close\n", join(t[0]));
	for (long i = 0; i < 4; i++)
		t[i] = start(opens_and_closes, i % 2);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	puts("descriptors done");
	for (long i = 0; i < 4; i++)
		t[i] = start(maps, i + 1);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	puts("memory done");
	CHECK(getrlimit(RLIMIT_NOFILE, &l) == 0);
	l.rlim_cur = 77;
	CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
	printf("limit %ld\n", join(start(limits, 0)));
	CHECK(chdir("..") == 0);
	return 0;
}

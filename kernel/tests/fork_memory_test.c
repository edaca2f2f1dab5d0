/* fork(2) copies all of memory: heap, mappings, stack; both sides go on alone. */
#include "conformance.h"
#include <sys/mman.h>

static char *map, *heap;
static int fill;

static int is(const char *p, size_t n, int c)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != (char)c)
			return 0;
	}
	return 1;
}
static void change(void)
{
	CHECK(is(map, 1 << 20, 'm') && is(heap, 3 << 20, 'h'));
	memset(map, fill, 1 << 20);
	memset(heap, fill, 3 << 20);
	char *more = malloc(1 << 20);
	CHECK(more);
	memset(more, fill, 1 << 20);
	CHECK(is(map, 1 << 20, fill) && is(heap, 3 << 20, fill) && is(more, 1 << 20, fill));
	_exit(fill);
}
static int deep(int n)
{
	volatile char local[200];

	memset((char *)(uintptr_t)local, n, sizeof(local));
	if (n == 0) {
		fflush(stdout);
		return fork();
	}
	int r = deep(n - 1);
	for (int i = 0; i < COUNT(local); i++)
		CHECK(local[i] == (char)n);
	return r;
}

int main(void)
{
	pid_t pids[4];

	map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	heap = malloc(3 << 20);
	memset(map, 'm', 1 << 20);
	memset(heap, 'h', 3 << 20);
	for (fill = 1; fill <= 4; fill++)
		pids[fill - 1] = child(change);
	TRUTH(is(map, 1 << 20, 'm') && is(heap, 3 << 20, 'h'));
	for (int i = 0; i < 4; i++)
		reap("child", pids[i]);
	TRUTH(is(map, 1 << 20, 'm') && is(heap, 3 << 20, 'h'));
	munmap(map, 1 << 20);
	pid_t pid = deep(100);
	if (pid == 0)
		_exit(55);
	reap("deep", pid);
	/* The child's child sees what the child did. */
	heap[0] = 'A';
	pid = fork();
	if (pid == 0) {
		heap[0] = 'B';
		pid = fork();
		if (pid == 0)
			_exit(heap[0] == 'B' && heap[1] == 'h' ? 66 : 67);
		int status;
		CHECK(waitpid(pid, &status, 0) == pid);
		_exit(WEXITSTATUS(status));
	}
	reap("grandchild", pid);
	printf("%c\n", heap[0]);
	return 0;
}

/* Anonymous memory shared over fork(): counters and bulk operations of several processes. link:
 * -mshm */
#include "conformance.h"
#include <stdatomic.h>
#include <sys/mman.h>

struct area {
	_Atomic int total;
	int plain[8];
	char text[4096];
	_Atomic unsigned long long wide;
	_Atomic unsigned char small;
};
static struct area *a;
static int me;

static void add(void)
{
	for (int i = 0; i < 100000; i++) {
		atomic_fetch_add(&a->total, 1);
		atomic_fetch_add(&a->wide, 3);
		atomic_fetch_xor(&a->small, 1);
		a->plain[me]++;
	}
	memset(a->text + me * 512, 'a' + me, 512);
	memcpy(a->text + me * 512 + 256, a->text + me * 512, 3);
}

int main(void)
{
	pid_t pid[4];
	void *b;

	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(a != MAP_FAILED);
	for (size_t i = 0; i < sizeof(*a); i++)
		CHECK(((char *)a)[i] == 0);
	strcpy(a->text + 4000, "from the parent");
	for (me = 0; me < 4; me++)
		pid[me] = child(add);
	for (int i = 0; i < 4; i++)
		CHECK(waitpid(pid[i], NULL, 0) == pid[i]);
	printf("%d %llu %d\n", a->total, a->wide, a->small);
	for (int i = 0; i < 4; i++)
		printf("%d %d %c%c\n", i, a->plain[i], a->text[i * 512], a->text[i * 512 + 511]);
	printf("%s\n", a->text + 4000);
	/* A system call reads and writes it as any memory. */
	int p[2];
	CHECK(pipe(p) == 0);
	SHOW(write(p[1], a->text + 4000, 8));
	SHOW(read(p[0], a->text + 3000, 100));
	printf("%s\n", a->text + 3000);
	SHOW(munmap(a, sizeof(*a)));
	SHOW(write(p[1], a, 1));
	b = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(b != MAP_FAILED);
	for (int i = 0; i < 3 * 4096; i++)
		CHECK(((char *)b)[i] == 0);
	SHOW(munmap(b, 4096));
	SHOW(write(p[1], b, 1));
	SHOW(write(p[1], (char *)b + 4096, 1));
	SHOW(munmap((char *)b + 4096, 8192));
	return 0;
}

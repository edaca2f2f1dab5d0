/* select(2), pselect(2). */
#include "conformance.h"
#include <sys/select.h>
#include <sys/time.h>

static int p[2];
static struct gate go;

static void write_it(void)
{
	gate_wait(&go);
	CHECK(write(p[1], "x", 1) == 1);
}

int main(void)
{
	struct timeval zero = {0, 0}, ten_ms = {0, 10000}, bad = {-1, 0};
	struct timespec ts = {0, 5000000};
	fd_set r, w, e;
	int64_t start;
	char c;

	go = gate_new();
	CHECK(pipe(p) == 0);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	SHOW(select(p[1] + 1, &r, &w, NULL, &zero));
	TRUTH(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
	CHECK(write(p[1], "a", 1) == 1);
	FD_SET(p[0], &r);
	FD_ZERO(&e);
	FD_SET(p[0], &e);
	SHOW(select(p[1] + 1, &r, &w, &e, NULL));
	TRUTH(FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w) && !FD_ISSET(p[0], &e));
	CHECK(read(p[0], &c, 1) == 1);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	start = now_ms();
	SHOW(select(p[0] + 1, &r, NULL, NULL, &ten_ms));
	TRUTH(now_ms() - start >= 9);
	TRUTH(!FD_ISSET(p[0], &r));
	SHOW(select(0, NULL, NULL, NULL, &zero));
	start = now_ms();
	SHOW(pselect(0, NULL, NULL, NULL, &ts, NULL));
	TRUTH(now_ms() - start >= 4 && ts.tv_nsec == 5000000);
	SHOW(select(0, NULL, NULL, NULL, &bad));
	SHOW(select(-1, NULL, NULL, NULL, &zero));
	/* A closed descriptor is EBADF, if the table has a place for it: 64 at least. Bits past the
	 * table's end are not looked at; how long it is depends on what the parent had open. */
	close(40);
	FD_ZERO(&r);
	FD_SET(40, &r);
	SHOW(select(41, &r, NULL, NULL, &zero));
	for (int i = 0; i < 20; i++) {
		pid_t pid = child(write_it);

		FD_ZERO(&r);
		FD_SET(p[0], &r);
		gate_open(&go);
		CHECK(select(p[0] + 1, &r, NULL, NULL, NULL) == 1 && FD_ISSET(p[0], &r));
		CHECK(read(p[0], &c, 1) == 1);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 rounds\n");
	close(p[1]);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	SHOW(select(p[0] + 1, &r, NULL, NULL, NULL)); /* end of file is readable */
	return 0;
}

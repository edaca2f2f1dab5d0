/*
 * setuid(2) and its kin of one thread are those of all, as POSIX has it: libc asks every thread.
 * needs: root
 */
#include "thread.h"
#include <grp.h>

static atomic_int ready, go, uids[3];

static void *waits(void *arg)
{
	atomic_fetch_add(&ready, 1);
	while (!go) {
		if (arg)
			usleep(1000);
	}
	uids[(long)arg] = (int)getuid() * 1000 + (int)getegid();
	return NULL;
}
static void *opens(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	while (!go)
		CHECK(open("/nonexistent/file", O_RDONLY) == -1);
	return NULL;
}
static void changes(void)
{
	pthread_t t[3];

	for (long i = 0; i < 2; i++)
		t[i] = start(waits, i);
	t[2] = start(opens, 0); /* uses its ids all the time */
	await(&ready, 3);
	SHOW(setgroups(0, NULL));
	SHOW(setresgid(500, 501, 502));
	SHOW(setresuid(600, 600, 600));
	go = 1;
	for (int i = 0; i < 3; i++)
		join(t[i]);
	printf("%d %d\n", (int)uids[0], (int)uids[1]);
	SHOW(setuid(0));
}

int main(void)
{
	reap("child", child(changes));
	TRUTH(getuid() == 0);
	return 0;
}

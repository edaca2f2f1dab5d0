/* flock(2): locks of open files. */
#include "conformance.h"
#include <sys/file.h>

static int a;
static struct gate go;

static void unlock_inherited(void)
{
	SHOW(flock(a, LOCK_UN)); /* the same open file: the parent's lock goes */
}
static void own_open(void)
{
	int fd = open("f", O_RDONLY);

	SHOW(flock(fd, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, LOCK_EX | LOCK_NB));
	gate_open(&go);
	CHECK(flock(fd, LOCK_EX) == 0);
	_exit(4);
}

int main(void)
{
	int b;
	pid_t pid;

	enter_tmp();
	put_file("f", "");
	go = gate_new();
	a = open("f", O_RDONLY);
	b = open("f", O_RDWR);
	SHOW(flock(a, LOCK_EX));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(b, LOCK_SH | LOCK_NB));
	SHOW(flock(a, LOCK_SH));
	SHOW(flock(b, LOCK_SH | LOCK_NB));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(b, LOCK_UN));
	SHOW(flock(a, LOCK_EX));
	pid = child(own_open);
	gate_wait(&go);
	SHOW(flock(a, LOCK_UN));
	reap("child", pid);
	SHOW(flock(a, LOCK_EX | LOCK_NB));
	reap("inherited", child(unlock_inherited));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	close(b); /* the last descriptor of that open file */
	SHOW(flock(a, LOCK_EX | LOCK_NB));
	int c = dup(a);
	close(a);
	b = open("f", O_RDONLY);
	SHOW(flock(b, LOCK_EX | LOCK_NB)); /* the duplicate holds it */
	close(c);
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(b, 0));
	SHOW(flock(-1, LOCK_EX));
	return 0;
}

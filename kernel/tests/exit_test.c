/* exit(3), _exit(2), atexit, setjmp. */
#include "conformance.h"
#include <setjmp.h>

static jmp_buf back;
static sigjmp_buf sigback;

static void first(void)
{
	printf("first registered\n");
}
static void second(void)
{
	printf("second registered\n");
}
static void with_atexit(void)
{
	atexit(first);
	atexit(second);
	exit(300);
}
static void without_atexit(void)
{
	atexit(first);
	_exit(4);
}
static void buffered(void)
{
	static char buf[100];
	FILE *f = fopen("out", "w");

	setvbuf(f, buf, _IOFBF, sizeof(buf));
	fputs("flushed at exit", f);
	exit(0);
}
__attribute__((noinline)) static void jump(int n)
{
	if (n <= 0)
		longjmp(back, 5);
	if (n < 1000) /* always; compilers need not know */
		jump(n - 1);
}
static void from_handler(int s)
{
	(void)s;
	siglongjmp(sigback, 6);
}

int main(void)
{
	volatile int count = 0;
	sigset_t m;
	int v;

	enter_tmp();
	tmp_owner = 0; /* children call exit(): the folder is removed below */
	reap("exit(300)", child(with_atexit));
	reap("_exit", child(without_atexit));
	reap("buffered", child(buffered));
	printf("<%s>\n", get_file("out"));

	v = setjmp(back);
	printf("setjmp %d count %d\n", v, count);
	if (count++ < 3)
		jump(count * 10);
	on_signal(SIGUSR1, from_handler, 0);
	count = 0;
	v = sigsetjmp(sigback, 1);
	printf("sigsetjmp %d\n", v);
	if (count++ < 2)
		raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &m);
	TRUTH(!sigismember(&m, SIGUSR1)); /* the mask came back with the jump */
	tmp_owner = getpid();
	return 0;
}

/* Computes until a handler of SIGINT tells it to end. */
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t caught;

static void on_int(int sig)
{
	caught = sig;
}

int main(void)
{
	volatile unsigned n = 0;

	signal(SIGINT, on_int);
	puts("spinning");
	fflush(stdout);
	while (!caught)
		n++;
	printf("caught %d\n", (int)caught);
	return 3;
}

/* Recurses without end; "calls" makes a system call at each depth. */
#include <string.h>
#include <unistd.h>

static int deeper(int depth, int calls)
{
	volatile char frame[64];

	frame[depth & 63] = (char)depth;
	if (calls)
		getpid();
	return deeper(depth + 1, calls) + frame[depth & 63];
}

int main(int argc, char **argv)
{
	return deeper(0, argc > 1 && !strcmp(argv[1], "calls"));
}

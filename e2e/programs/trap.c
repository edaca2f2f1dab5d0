/* Dies of what its argument says: fpe or ill. */
#include <string.h>

int main(int argc, char **argv)
{
	volatile int zero = 0;

	if (argc > 1 && !strcmp(argv[1], "fpe"))
		return 100 / zero;
	__builtin_trap();
}

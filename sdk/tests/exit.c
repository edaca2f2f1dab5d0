/* exit.c - ends with the status that its argument says. */
#include <stdlib.h>

int main(int argc, char **argv)
{
	return atoi(argv[1]);
}

/* Computes without end and makes no system call. Built with and without the poll at loop heads. */
#include <unistd.h>

int main(void)
{
	volatile unsigned n = 0;

	write(1, "spinning\n", 9);
	for (;;)
		n++;
}

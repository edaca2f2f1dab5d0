/* vfork.c - vfork as a function, for calls that do not see the macro of <unistd.h>: a fork(). */
#include <unistd.h>
#undef vfork

pid_t vfork(void)
{
	return fork();
}

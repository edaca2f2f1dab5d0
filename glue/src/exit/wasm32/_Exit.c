/* _Exit.c - the end of the process; of a vfork child: back to the parent with its pid. */
#include <stdlib.h>
#include "pleat.h"
#include "syscall.h"

extern __typeof(__pleat_vfork_return) __pleat_vfork_return __attribute__((__weak__));

_Noreturn void _Exit(int status)
{
	long r = __syscall(SYS_exit_group, status);

	if (r > 0)
		__pleat_vfork_return(r);
	__builtin_trap();
}

/* execve.c - execve(); a vfork child's success comes back as its pid, to the parent. */
#include <unistd.h>
#include "pleat.h"
#include "syscall.h"

extern __typeof(__pleat_vfork_return) __pleat_vfork_return __attribute__((__weak__));

int execve(const char *path, char *const argv[], char *const envp[])
{
	long r = __syscall(SYS_execve, path, argv, envp);

	if (r > 0)
		__pleat_vfork_return(r);
	return __syscall_ret(r);
}

/* fexecve.c - execve() of an open file; a vfork child's success as in execve.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include "pleat.h"
#include "syscall.h"

extern __typeof(__pleat_vfork_return) __pleat_vfork_return __attribute__((__weak__));

int fexecve(int fd, char *const argv[], char *const envp[])
{
	long r = __syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);

	if (r > 0)
		__pleat_vfork_return(r);
	return __syscall_ret(r);
}

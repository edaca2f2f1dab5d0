/*
 * __unmapself.c - a detached thread frees its own stack and ends. Both calls are the kernel's
 * import itself: they use no shadow stack, which is gone after the first.
 */
#include "pthread_impl.h"
#include "pleat.h"
#include "syscall.h"

hidden void __unmapself(void *base, size_t size)
{
	__pleat_kernel(SYS_munmap, (long)base, (long)size, 0, 0, 0, 0);
	__pleat_kernel(SYS_exit, 0, 0, 0, 0, 0, 0);
	__builtin_trap();
}

/*
 * pleat_vfork.c - run time of the vfork macro (bits/vfork.h).
 * Spec: kernel/abi/program.h, "vfork".
 *
 * Each vfork that has a child running in the thread holds a frame: what setjmp noted in the
 * function that called it. The innermost is the one to return to.
 */
#include <errno.h>
#include <setjmp.h>
#include <unistd.h>
#include "pleat.h"
#include "syscall.h"

#define NESTED_MAX 15

_Noreturn void __wasm_longjmp(void *, int);

static _Thread_local __jmp_buf frames[NESTED_MAX + 1]; /* the last one: for the call that fails */
static _Thread_local int depth, result;

void *__pleat_vfork_frame(void)
{
	return frames[depth];
}

/* Become the child: 0. Or fail as the parent: -1, EAGAIN if too many are nested. */
int __pleat_vfork_enter(void)
{
	int r = depth == NESTED_MAX ? -EAGAIN : __syscall(SYS_pleat_vfork);

	if (r < 0)
		return __syscall_ret(r);
	depth++;
	return 0;
}

int __pleat_vfork_pid(void)
{
	return result;
}

_Noreturn void __pleat_vfork_return(int pid)
{
	result = pid;
	depth--;
	__wasm_longjmp(frames[depth], 1);
}

/* longjmp.c - longjmp under its own names, for calls that the compiler has not rewritten. */
#include <setjmp.h>

_Noreturn void __wasm_longjmp(void *, int);
_Noreturn void __pleat_longjmp(void *, int) __asm__("longjmp");

_Noreturn void __pleat_longjmp(void *env, int val)
{
	__wasm_longjmp(env, val);
}

_Noreturn void _longjmp(jmp_buf env, int val)
{
	__wasm_longjmp(env, val);
}

/* siglongjmp.c - the mask is put back by __wasm_longjmp, which knows whether there is one. */
#include <setjmp.h>

_Noreturn void __wasm_longjmp(void *, int);

_Noreturn void siglongjmp(sigjmp_buf env, int val)
{
	__wasm_longjmp(env, val);
}

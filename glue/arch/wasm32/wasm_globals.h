/* wasm_globals.h - reading and setting the linker's mutable globals from C. */
#ifndef WASM_GLOBALS_H
#define WASM_GLOBALS_H

#include <stdint.h>

__asm__(".globaltype __stack_pointer, i32\n"
	".globaltype __tls_base, i32\n");

static inline uintptr_t wasm_stack_pointer(void)
{
	uintptr_t sp;

	__asm__ __volatile__("global.get __stack_pointer\n\tlocal.set %0" : "=r"(sp));
	return sp;
}

static inline void wasm_set_stack_pointer(uintptr_t sp)
{
	__asm__ __volatile__("local.get %0\n\tglobal.set __stack_pointer" : : "r"(sp) : "memory");
}

static inline uintptr_t wasm_tls_base(void)
{
	uintptr_t base;

	__asm__ __volatile__("global.get __tls_base\n\tlocal.set %0" : "=r"(base));
	return base;
}

static inline void wasm_set_tls_base(uintptr_t base)
{
	__asm__ __volatile__("local.get %0\n\tglobal.set __tls_base" : : "r"(base) : "memory");
}

#endif

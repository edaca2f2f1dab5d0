/*
 * pthread_arch.h - the thread pointer is a mutable global of ours, __wasm_tp: one per instance,
 * so one per thread. It holds the address of struct pthread; C's own _Thread_local objects are
 * found through the linker's __tls_base instead.
 */
__asm__(".globaltype __wasm_tp, i32\n");

static inline uintptr_t __get_tp(void)
{
	uintptr_t tp;

	__asm__ __volatile__("global.get __wasm_tp\n\tlocal.set %0" : "=r"(tp));
	return tp;
}

#define MC_PC __pc

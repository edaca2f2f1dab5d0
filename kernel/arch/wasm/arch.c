/*
 * arch.c - the WebAssembly side of arch.h: atomics instructions, and imports for what Wasm
 * itself cannot do. Imports "uaccess" are uaccess.wat, folded in by wasm-merge (or JavaScript
 * where the engine has no multi-memory); imports "host" are web/src/worker's.
 */
#include "arch/arch.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("uaccess", "copyin") void u_copyin(void *dst, uint32_t src, uint32_t n);
IMPORT("uaccess", "copyout") void u_copyout(uint32_t dst, const void *src, uint32_t n);
IMPORT("uaccess", "fill") void u_fill(uint32_t dst, int c, uint32_t n);
IMPORT("uaccess", "move") void u_move(uint32_t dst, uint32_t src, uint32_t n);
IMPORT("uaccess", "load32") uint32_t u_load32(uint32_t a);
IMPORT("uaccess", "store32") void u_store32(uint32_t a, uint32_t v);
IMPORT("uaccess", "cas32") uint32_t u_cas32(uint32_t a, uint32_t old, uint32_t new_value);
IMPORT("uaccess", "size") uint32_t u_size(void);
IMPORT("uaccess", "grow") int32_t u_grow(uint32_t pages);
IMPORT("uaccess", "ssize") uint32_t s_size(void);
IMPORT("uaccess", "sgrow") int32_t s_grow(uint32_t pages);
IMPORT("probe", "probe") void p_probe(void);

IMPORT("host", "clock") double h_clock(void);	    /* ms since machine start */
IMPORT("host", "realtime") double h_realtime(void); /* ms, Unix time */
IMPORT("host", "random") void h_random(void *buf, uint32_t n);
IMPORT("host", "panic") void h_panic(const char *text, uint32_t n);

static _Thread_local struct waker *self; /* per instance */

struct waker *arch_self(void)
{
	return self;
}

void arch_set_self(struct waker *w)
{
	self = w;
}

void arch_wait(uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
	__builtin_wasm_memory_atomic_wait32((int *)word, (int)seen, timeout_ns);
}

void arch_notify(uint32_t *word, uint32_t n)
{
	__builtin_wasm_memory_atomic_notify((int *)word, n);
}

void arch_doorbell(uint32_t *word)
{
	__builtin_wasm_memory_atomic_notify((int *)word, 1);
}

void arch_preempt(void)
{
}

uint64_t arch_clock_ns(void)
{
	double ms = h_clock();

	return ms > 0 ? (uint64_t)(ms * 1e6) : 0;
}

uint64_t arch_realtime_ns(void)
{
	return (uint64_t)(h_realtime() * 1e3) * 1000; /* f64 holds microseconds, not ns */
}

void arch_random(void *buf, size_t n)
{
	h_random(buf, n);
}

void arch_copyin(void *dst, uaddr_t src, size_t n)
{
	u_copyin(dst, src, n);
}

void arch_copyout(uaddr_t dst, const void *src, size_t n)
{
	u_copyout(dst, src, n);
}

void arch_uset(uaddr_t dst, int c, size_t n)
{
	u_fill(dst, c, n);
}

void arch_umove(uaddr_t dst, uaddr_t src, size_t n)
{
	u_move(dst, src, n);
}

uint32_t arch_uload32(uaddr_t a)
{
	return u_load32(a);
}

void arch_ustore32(uaddr_t a, uint32_t v)
{
	u_store32(a, v);
}

bool arch_ucas32(uaddr_t a, uint32_t old, uint32_t new_value)
{
	return u_cas32(a, old, new_value) == old;
}

uint64_t arch_usize(void)
{
	return (uint64_t)u_size() << 16;
}

bool arch_ugrow(uint64_t bytes)
{
	uint64_t now = arch_usize();

	return bytes <= now || u_grow((uint32_t)((bytes - now + 0xffff) >> 16)) >= 0;
}

uint64_t arch_ssize(void)
{
	return (uint64_t)s_size() << 16;
}

bool arch_sgrow(uint64_t bytes)
{
	uint64_t now = arch_ssize();

	return bytes <= now || s_grow((uint32_t)((bytes - now + 0xffff) >> 16)) >= 0;
}

/* The linker put static data below __heap_base; the first growth starts at the memory's end. */
void *arch_kgrow(size_t pages, size_t *got)
{
	size_t wasm_pages = (pages + 15) / 16;
	size_t before = __builtin_wasm_memory_grow(0, wasm_pages);

	if (before == (size_t)-1)
		return NULL;
	*got = wasm_pages * 16;
	return (void *)(before << 16);
}

uint64_t arch_klimit(void)
{
	return 2ull << 30;
}

void arch_probe_stack(void)
{
	p_probe();
}

NORETURN void arch_leave(void)
{
	__builtin_trap();
}

NORETURN void arch_halt(const char *message)
{
	h_panic(message, strlen(message));
	__builtin_trap();
}

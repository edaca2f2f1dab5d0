/*
 * native.h - what only the test rigs know of the native and deterministic machine.
 */
#ifndef ARCH_NATIVE_NATIVE_H
#define ARCH_NATIVE_NATIVE_H

#include "lib/types.h"

/* One process's user memory. */
struct native_u {
	uint8_t *base; /* [i] 4 GiB of address space */
	uint64_t size; /* bytes that count as U, as memory.size would say */
};

struct native_u *native_u_new(uint64_t size);
void native_u_free(struct native_u *u);
/* The calling thread's U from here on; NULL: none. */
void native_u_use(struct native_u *u);
struct native_u *native_u_current(void);

/* The rig's end of arch_halt() and arch_leave(); tests/ktest.c. */
NORETURN void ktest_halted(const char *message);
NORETURN void ktest_left(void);

#endif

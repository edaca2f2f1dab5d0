/*
 * kassert.h - what callers guarantee. Never for user input, never with side effects.
 * A failed assertion is a panic: the whole machine stops and the page shows log and stack.
 */
#ifndef LIB_KASSERT_H
#define LIB_KASSERT_H

#include "lib/types.h"

/* Stop the machine. Format as kprintf. Does not return. */
NORETURN void panic(const char *format, ...) PRINTF(1, 2);
NORETURN void kassert_fail(const char *what, const char *file, int line);

#define KASSERT(x) (LIKELY(x) ? (void)0 : kassert_fail(#x, __FILE__, __LINE__))

#endif

/* ktest_internal.h - between ktest.c and ktest_proc.c. */
#ifndef TESTS_KTEST_INTERNAL_H
#define TESTS_KTEST_INTERNAL_H

#include "tests/ktest.h"
#include "proc/proc.h"
#include "arch/native/native.h"

/* Set by ktest_proc.c: a thread begins or ends acting for its process; a round is about to be
 * checked for leaks. */
extern void (*ktest_thread_hook)(struct thread *t, bool begin);
extern void (*ktest_check_hook)(void);
/* The calling thread leaves its program: does not return if it is not one of the rig's own. */
extern void (*ktest_left_hook)(void);

struct thread *ktest_thread_with(
	void (*body)(void *), void *arg, struct proc *p, struct native_u *u);

#endif

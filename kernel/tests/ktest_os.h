/*
 * ktest_os.h - what the unit test rig needs from Linux. Apart from ktest.h, because the kernel's
 * headers and libc's define the same names.
 */
#ifndef TESTS_KTEST_OS_H
#define TESTS_KTEST_OS_H

#include <stddef.h>
#include <stdint.h>

/* How a child ended. */
enum os_end { OS_PASSED, OS_FAILED, OS_PANICKED, OS_TIMED_OUT, OS_CRASHED };

/*
 * Run body(arg) in a forked child that has timeout_s seconds. *message: what it left behind with
 * os_end_child(), "" otherwise; valid until the next call.
 */
enum os_end os_run_child(void (*body)(void *), void *arg, unsigned timeout_s, const char **message);
/* End the child, from any of its threads. */
__attribute__((noreturn)) void os_end_child(enum os_end end, const char *message);
/* Text for the message of a child that runs out of time; f fills buf. */
void os_on_timeout(size_t (*f)(char *buf, size_t size));

void *os_thread_start(void (*body)(void *), void *arg);
void os_thread_join(void *thread);
__attribute__((noreturn)) void os_thread_exit(void);
void os_yield(void);
void *os_alloc(size_t n, size_t align); /* zeroed */
void os_free(void *p);
/* Between user memories, whose races are the programs' own. */
void os_copy(void *to, const void *from, size_t n);
void os_zero(void *p, size_t n);
void os_print(const char *text);
const char *os_env(const char *name); /* NULL: not set */
uint64_t os_ms(void);

#endif

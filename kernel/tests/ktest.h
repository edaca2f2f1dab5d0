/*
 * ktest.h - unit tests of the kernel's rooms, written in x_test.c beside x.c.
 *
 *   TEST(pipe_new_is_empty) { CHECK_EQ(...); }
 *       runs once in every build.
 *   DET_TEST(pipe_write_asleep_when_reader_closes, 1000) { ... }
 *       uses threads. The det build runs it with 1,000 seeds and prints the first that fails
 *       (DET_SEED=n runs just that one); the native builds run it some rounds on real threads.
 *   DET_TEST_FAILS(broken_queue_loses_wake, 1000, "deadlock") { ... }
 *       det only: passes when some seed fails with that text. Shows that the rig finds the fault.
 *   TEST_PANICS(lock_twice, "takes a lock it holds") { ... }
 *       passes when the body panics with that text.
 *
 * Each runs in a forked child of its own, with a time limit. When the body has returned, every
 * thread must have been joined, no lock be held and as many heap objects and bytes be live as at
 * its start. The calling thread is a full struct thread; see ktest_proc.h for one with a process,
 * files and user memory.
 *
 * The program's arguments are parts of test names to run; the last line is "N passed, N failed".
 */
#ifndef TESTS_KTEST_H
#define TESTS_KTEST_H

#include "lib/types.h"

struct thread;

enum ktest_kind { KTEST_PLAIN, KTEST_DET, KTEST_DET_FAILS, KTEST_PANICS };

struct ktest {
	const char *name, *file;
	int line;
	enum ktest_kind kind;
	uint32_t seeds;
	const char *expect;
	void (*body)(void);
	void (*around)(void (*body)(void)); /* NULL, or what makes the process around it */
	struct ktest *next;
};
void ktest_register(struct ktest *t);

#define KTEST_DEFINE(test, test_kind, test_seeds, test_expect, test_around)                        \
	static void test(void);                                                                    \
	static struct ktest ktest_of_##test = {.name = #test,                                      \
		.file = __FILE__,                                                                  \
		.line = __LINE__,                                                                  \
		.kind = (test_kind),                                                               \
		.seeds = (test_seeds),                                                             \
		.expect = (test_expect),                                                           \
		.body = test,                                                                      \
		.around = (test_around)};                                                          \
	__attribute__((constructor)) static void ktest_register_##test(void)                       \
	{                                                                                          \
		ktest_register(&ktest_of_##test);                                                  \
	}                                                                                          \
	static void test(void)

#define TEST(name) KTEST_DEFINE(name, KTEST_PLAIN, 1, NULL, NULL)
#define DET_TEST(name, seeds) KTEST_DEFINE(name, KTEST_DET, seeds, NULL, NULL)
#define DET_TEST_FAILS(name, seeds, text) KTEST_DEFINE(name, KTEST_DET_FAILS, seeds, text, NULL)
#define TEST_PANICS(name, text) KTEST_DEFINE(name, KTEST_PANICS, 1, text, NULL)

/* End the test as failed, from any of its threads. Format as kformat. */
NORETURN void ktest_fail(const char *file, int line, const char *format, ...) PRINTF(3, 4);

#define CHECK(x) ((x) ? (void)0 : ktest_fail(__FILE__, __LINE__, "%s", #x))
#define CHECK_OP(a, a_text, op, b, b_text)                                                         \
	do {                                                                                       \
		long long check_a_ = (long long)(a), check_b_ = (long long)(b);                    \
		if (!(check_a_ op check_b_))                                                       \
			ktest_fail(__FILE__, __LINE__, "%s " #op " %s: %lld, %lld", a_text,        \
				b_text, check_a_, check_b_);                                       \
	} while (0)
/* #a here, not through another macro: the text as written, not as expanded. */
#define CHECK_EQ(a, b) CHECK_OP(a, #a, ==, b, #b)
#define CHECK_NE(a, b) CHECK_OP(a, #a, !=, b, #b)
#define CHECK_STR(a, b) ktest_check_str(__FILE__, __LINE__, #a, (a), (b))
void ktest_check_str(const char *file, int line, const char *what, const char *a, const char *b);
#define CHECK_MEM(a, b, n) ktest_check_mem(__FILE__, __LINE__, #a, (a), (b), (n))
void ktest_check_mem(
	const char *file, int line, const char *what, const void *a, const void *b, size_t n);

/* Start a thread in the caller's process. At most 16 at a time. */
struct thread *ktest_thread(void (*body)(void *), void *arg);
/* Wait for its end, and check that it let go of every lock. */
void ktest_join(struct thread *t);
/* Return once t waits on its own word (or has ended: then false). For "when somebody sleeps". */
bool ktest_wait_asleep(struct thread *t);
/* Let others run while looking for something that another thread does. */
void ktest_yield(void);
/* A number to vary a test by: the seed in the det build, the round in the native ones. */
uint32_t ktest_seed(void);
/* Heap objects live now. */
uint32_t ktest_objects(void);
/* From a test that made caches on purpose: what is live now is no leak. */
void ktest_forget_leaks(void);

#endif

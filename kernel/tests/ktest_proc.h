/*
 * ktest_proc.h - unit tests inside a process: system calls (sys_*) can be called as a program
 * would, with addresses in user memory.
 *
 *   PROC_TEST(pipe2_gives_the_two_lowest_descriptors)
 *   PROC_DET_TEST(pipe_reader_sees_end_of_file, 1000)
 *
 * The caller is thread 1 of pid 1: root's credentials, a root directory and cwd on a tmpfs, an
 * empty descriptor table, 8 MiB of user memory from U_ARENA up, a heap after it. What a test makes
 * in the tmpfs it removes again, or it counts as a leak. Descriptors are closed by the rig.
 */
#ifndef TESTS_KTEST_PROC_H
#define TESTS_KTEST_PROC_H

#include "tests/ktest.h"
#include "proc/proc.h"
#include "syscalls.h"

#define U_ARENA 0x10000u
#define U_ARENA_END 0x800000u

void ktest_in_proc(void (*body)(void));
#define PROC_TEST(name) KTEST_DEFINE(name, KTEST_PLAIN, 1, NULL, ktest_in_proc)
#define PROC_DET_TEST(name, seeds) KTEST_DEFINE(name, KTEST_DET, seeds, NULL, ktest_in_proc)
#define PROC_DET_TEST_FAILS(name, seeds, text)                                                     \
	KTEST_DEFINE(name, KTEST_DET_FAILS, seeds, text, ktest_in_proc)
#define PROC_TEST_PANICS(name, text) KTEST_DEFINE(name, KTEST_PANICS, 1, text, ktest_in_proc)

/* Room in the calling process's user memory, 16-byte aligned, zeroed; all of it is free again when
 * the test ends. */
uaddr_t u_alloc(size_t n);
/* The same, filled. */
uaddr_t u_bytes(const void *data, size_t n);
uaddr_t u_str(const char *s);
/* User memory as the program itself sees it. */
void *u_ptr(uaddr_t a, size_t n);
#define U_PTR(type, a) ((type *)u_ptr((a), sizeof(type)))

/* Another process: a child of the caller's, of its group, with user memory, descriptors (copies),
 * cwd and root of its own. */
struct proc *ktest_proc_new(void);
/* Start a thread in it. */
struct thread *ktest_thread_in(struct proc *p, void (*body)(void *), void *arg);
/* Its threads are joined: it is gone without a trace. */
void ktest_proc_free(struct proc *p);
/* Change the ids of the calling process, and back with 0, 0. */
void ktest_become(uint32_t uid, uint32_t gid);

#endif

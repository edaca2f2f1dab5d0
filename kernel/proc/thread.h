/* thread.h - how arch/<machine>/entry.c brings a thread into the kernel and out again. */
#ifndef PROC_THREAD_H
#define PROC_THREAD_H

#include "proc/proc.h"

/* A system call from user code: enter, dispatch, act on signals, leave. */
int thread_syscall(
	uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5);
/* A Worker has it: before anything else of its run. */
void thread_attached(void);
/* USER -> KERNEL; does not return if the thread is DEAD. */
void thread_enter_kernel(struct thread *t);
/*
 * KERNEL -> START and back, around the program's start function: it is the program's code, so that
 * a kill must be able to end it, but the process has no memory map yet that a call could work on.
 * Both do not return if the thread was killed.
 */
void thread_start_begin(struct thread *t);
void thread_start_end(struct thread *t);
/* KERNEL -> USER with signals acted on; returns result (or does not return). */
int thread_exit_kernel(struct thread *t, int result);

/* Event thread: the run of t on that stack is over, nothing touches either any more. */
void thread_run_over(struct thread *t, void *kstack);

/* exec in a Worker: bytes of the module being started, read into buf. 0 at the end, -errno. */
ssize_t exec_read(void *buf, size_t n, uint64_t pos);
uint64_t exec_size(void);
/* The instance exists: lay out memory and put argv on the stack. Returns _start's argument, the new
 * stack pointer too; 0: the process is dying (out of memory). */
uint32_t exec_start(uint32_t heap_base, uint32_t stack_top);
/* The engine refused the module or memory: the process ends with a message in the log (NULL: none,
 * it was killed). */
NORETURN void exec_failed(const char *why);
/* The program trapped in user code. signo; text: for the log. */
NORETURN void program_trapped(int signo, const char *text);

/* fork, in the parent, after its stack was unwound to regs: returns the child's pid or -errno. */
int fork_unwound(const struct prog_regs *regs);
/* In the child's Worker: range number i to copy from the parent's memory; false: no more. */
bool fork_range(uint32_t i, uint32_t *start, uint32_t *end);
/* In the child's Worker: the copy is complete; the parent may go on. */
void fork_copied(void);
/* A new thread's instance exists: its creator goes on. Its registers: thread_self()->regs. */
void thread_started(void);
/* Event thread: the engine ended the Worker of t's run, wherever it was. */
void thread_broke(struct thread *t);
/* Event thread: no Worker or memory could be had for t. */
void spawn_failed(struct thread *t, int err);

#endif

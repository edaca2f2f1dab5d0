/*
 * ktest_host.h - unit tests with whole processes: a host on the far side of the rings that plays
 * Workers as threads, and programs that are C functions.
 *
 *   PROC_DET_TEST(wait4_sees_the_exit_of_a_child, 1000)
 *   {
 *           host_start();
 *           pid = host_fork(child, 7);   the child runs child(7) as user code
 *           ...
 *           host_stop();                 everything has come to rest
 *   }
 *
 * A program's function runs in state THREAD_USER and makes its calls by prog_call(): through
 * thread_syscall(), with signal handlers and restarts as glue's stub has them. It ends by
 * returning its exit status. The test itself is thread 1 of pid 1, always in the kernel.
 */
#ifndef TESTS_KTEST_HOST_H
#define TESTS_KTEST_HOST_H

#include "tests/ktest_proc.h"

typedef int prog_fn(uint32_t arg);

/* Numbers of abi/syscalls.tbl, which is generated for libc only. */
enum {
	NR_close = 57,
	NR_pipe2 = 59,
	NR_exit = 93,
	NR_futex_time64 = 422,
	NR_set_robust_list = 99,
	NR_clone = 220,
	NR_exit_group = 94,
	NR_waitid = 95,
	NR_setitimer = 103,
	NR_restart_syscall = 128,
	NR_kill = 129,
	NR_tkill = 130,
	NR_tgkill = 131,
	NR_sigaltstack = 132,
	NR_rt_sigsuspend = 133,
	NR_rt_sigaction = 134,
	NR_rt_sigprocmask = 135,
	NR_rt_sigpending = 136,
	NR_rt_sigqueueinfo = 138,
	NR_rt_sigreturn = 139,
	NR_setpgid = 154,
	NR_setsid = 157,
	NR_getpid = 172,
	NR_getppid = 173,
	NR_gettid = 178,
	NR_setresuid = 147,
	NR_setuid = 146,
	NR_brk = 214,
	NR_munmap = 215,
	NR_execve = 221,
	NR_mmap2 = 222,
	NR_wait4 = 260,
	NR_clock_nanosleep_time64 = 407,
	NR_rt_sigtimedwait_time64 = 421,
	NR_pleat_sigtake = 1024,
	NR_pleat_spawn = 1025,
	NR_pleat_vfork = 1026,
	NR_read = 63,
	NR_write = 64,
	NR_ppoll_time64 = 414,
	NR_fcntl64 = 25,
};

/* ---- the test's side ---- */
void host_start(void);
/* Return when nothing moves any more: no run, no request, no event. Processes may sleep. */
void host_settle(void);
/* All processes have ended and are reaped: end the host's threads. */
void host_stop(void);
/* fork from the test itself. Returns the pid or -errno. */
int host_fork(prog_fn *body, uint32_t arg);
/* The next n spawns fail with EAGAIN. */
void host_fail_spawns(uint32_t n);
/* How many memories there may be at once. */
void host_limit_memories(uint32_t n);
/* Wait for that child; its wait status. */
uint32_t host_wait(int pid);
/* Runs of threads in Workers going on now, and memories taken. */
uint32_t host_runs(void);
/* Let others run until a word that a program sets has a value. Programs may call it, too. */
void host_await(const uint32_t *word, uint32_t value);

/* ---- a program's side ---- */
#define PROG_DATA 0x10000u /* 64 KiB of its own */
int prog_call_n(uint32_t nr, const uint32_t *args, uint32_t n);
#define prog_call(nr, ...)                                                                         \
	prog_call_n((nr), (const uint32_t[]){__VA_ARGS__},                                         \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
int prog_fork(prog_fn *body, uint32_t arg);
/* A thread that runs body and ends; word: set to 0 and woken then, 0: none. Its id or -errno. */
int prog_thread(prog_fn *body, uint32_t arg, uaddr_t word);
/* Wait until a word of the program's memory that other threads set and wake has a value. */
void prog_await(uaddr_t word, uint32_t value);
/* vfork: body runs as the child and returns what its exit or exec returned: the child's pid. */
int prog_vfork(prog_fn *body, uint32_t arg);
/* execve of a program file whose main function is body. */
int prog_exec(prog_fn *body, uint32_t arg);
/* pleat_spawn of one. */
int prog_spawn(prog_fn *body, uint32_t arg);
/* Words for it, in its memory at PROG_DATA + 0x8000: argv and names. */
uaddr_t prog_exec_words(prog_fn *body, uint32_t arg);
NORETURN void prog_exit(int status);
/* A trap of the program. */
NORETURN void prog_trap(int signo);
/* Compute for ever: without polls only a kill ends it; with polls handlers run, too. */
NORETURN void prog_spin(bool polls);
/* What a poll at a loop head does. */
void prog_poll(void);
/* In a handler: its frame. */
const struct pleat_sigframe *prog_frame(void);
/* rt_sigaction with a C function (or 0, 1) as the handler. */
int prog_handle(int signo, void (*handler)(int), uint32_t flags);
/* Write to and read from the program's memory as it does itself. */
void *prog_u(uaddr_t a);

#define WSTATUS_EXIT(n) ((uint32_t)(n) << 8)
#define PROG_FILE "/prog"

#endif

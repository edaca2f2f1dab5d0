/*
 * program.h - what a program (a WebAssembly module) and the kernel promise each other.
 * Included by the kernel, by glue/ and by sdk/post (which reads the numbers from here).
 *
 * A program imports
 *   env.memory       its user memory U: shared, maximum PLEAT_U_MAX_PAGES Wasm pages
 *   kernel.syscall   (nr, a0..a5) -> result; all i32; result >= -4095 and < 0 is -errno
 *   kernel.fork      () -> pid, 0 in the child, -errno; only in programs that fork (see sdk/post)
 * and exports
 *   _start(block)                     block: address of argc, argv.., 0, envp.., 0, auxv pairs
 *   __pleat_thread_start(arg)         entry of a new thread (threaded programs)
 *   __pleat_poll()                    called at loop heads when the poll word is not zero
 *   __stack_pointer, __tls_base, __wasm_tp   mutable globals, one set per instance
 *   __heap_base                       first byte after static data: where brk starts
 *   __wasm_init_tls                   LLVM's; copies the TLS image to its argument
 *   asyncify_*                        Binaryen's, in programs that fork
 * 64-bit arguments take two i32, low word first, at the next free position (no even-register
 * rule). System call numbers are Linux's generic ones as riscv32 has them; ours start at 1024.
 *
 * User memory starts with the stack (wasm-ld --stack-first), so that an overflow of the shadow
 * stack wraps below zero and traps. Page 0 is its last page and counts as unmapped: the kernel
 * answers EFAULT for addresses in it.
 */
#ifndef ABI_PROGRAM_H
#define ABI_PROGRAM_H

#define PLEAT_ABI_VERSION 1

/* Wasm pages (64 KiB) that every module declares as the maximum of env.memory: 2 GiB. */
#define PLEAT_U_MAX_PAGES 32768

/*
 * Address in U of the poll word, a u32, one for all threads of the process. 0: nobody has anything
 * to do; a thread's id: that thread has (a signal handler to run, or its end); PLEAT_POLL_ANY: each
 * thread is to look. Set by the kernel in its own U, and by the kernel Worker for a thread of
 * another process that computes; both only ever add to it. Read by the system call stub after each
 * call and by the poll at loop heads (atomic load). pleat_sigtake takes the caller's part out and
 * leaves the others'. A thread that keeps finding another's id there may call pleat_sigtake now and
 * then: an id that is out of date goes away by it.
 */
#define PLEAT_POLL_WORD 16
#define PLEAT_POLL_ANY 1

/*
 * Custom section "pleat": the first section of the module, PLEAT_SECTION_WORDS little-endian u32.
 * The kernel refuses (ENOEXEC, with a reason in the kernel log) a module without it or with
 * another ABI version.
 */
#define PLEAT_SECTION_WORDS 3  /* abi version, PLEAT_PROG_* flags, stack size in bytes */
#define PLEAT_PROG_FORK 1      /* imports kernel.fork and was run through Asyncify */
#define PLEAT_PROG_SHM 2       /* linked with -mshm */
#define PLEAT_PROG_SAFEPOINT 4 /* has polls at loop heads */

/* Our own system calls; see syscalls.tbl for their arguments. */
#define PLEAT_SYS_BASE 1024

/*
 * Results that never reach a caller of libc: the stub in glue/ acts on them. The kernel returns
 * them only together with a set poll word. Same numbers as Linux keeps for the same purpose.
 *   ERESTARTSYS     run handlers; call again unless one without SA_RESTART ran: then EINTR
 *   ERESTARTNOHAND  run handlers; EINTR if one ran, else call again
 *   ERESTARTBLOCK   as NOHAND, but "again" is restart_syscall(2), which knows the deadline
 */
#define PLEAT_ERESTARTSYS 512
#define PLEAT_ERESTARTNOHAND 514
#define PLEAT_ERESTARTBLOCK 516

/*
 * What pleat_sigtake(frame) fills in; it returns 1 if it did and 0 if nothing is left to run.
 * The stub then calls handler(signo) or handler(signo, &info, 0), on altstack_top if that is not
 * 0, and ends with rt_sigreturn(&oldmask), which puts the signal mask back. Another
 * pleat_sigtake before the handler's first instruction finds what interrupts it there.
 * It returns PLEAT_VFORK_ENDED if the vfork child that the thread acted for was ended by a signal:
 * signo is the child's pid, which the parent's vfork returns.
 */
#define PLEAT_VFORK_ENDED 2
struct pleat_sigframe {
	unsigned handler;      /* table index */
	unsigned signo;	       /* 1..64 */
	unsigned flags;	       /* the action's SA_* flags */
	unsigned altstack_top; /* new value of __stack_pointer, 0: stay on this stack */
	unsigned long long oldmask;
	unsigned char info[128]; /* siginfo_t as libc has it */
};

/*
 * posix_spawn in one call: pleat_spawn(struct pleat_spawn *) returns the child's pid or -errno
 * (of the file action, or of exec, that failed). Addresses are user addresses; 0 means none.
 */
struct pleat_spawn {
	unsigned path; /* NUL-terminated file name; no PATH search */
	unsigned argv; /* NULL-terminated vectors of strings */
	unsigned envp;
	unsigned actions; /* array of struct pleat_spawn_action, carried out in order */
	unsigned nactions;
	unsigned flags; /* POSIX_SPAWN_* as in <spawn.h> */
	int pgroup;
	unsigned reserved; /* 0 */
	unsigned long long sigmask;
	unsigned long long sigdefault;
};

struct pleat_spawn_action {
	unsigned op;	/* PLEAT_SPAWN_* */
	int fd;		/* target; for fchdir the directory */
	int srcfd;	/* dup2 */
	unsigned flags; /* open */
	unsigned mode;
	unsigned path; /* open, chdir */
};
#define PLEAT_SPAWN_CLOSE 1
#define PLEAT_SPAWN_DUP2 2 /* fd == srcfd clears FD_CLOEXEC */
#define PLEAT_SPAWN_OPEN 3
#define PLEAT_SPAWN_CHDIR 4
#define PLEAT_SPAWN_FCHDIR 5

/*
 * clone(struct pleat_clone *) starts a thread: a new instance of the program on the same memory,
 * its globals __stack_pointer, __tls_base and __wasm_tp set from here, entered at
 * __pleat_thread_start(arg). Returns the thread's id or -errno. flags are Linux's CLONE_*: always
 * VM|FS|FILES|SIGHAND|THREAD|SYSVSEM|SETTLS; with PARENT_SETTID the id is also stored at ptid,
 * with CHILD_CLEARTID the word at ctid is cleared and woken (futex) when the thread ends.
 */
struct pleat_clone {
	unsigned flags;
	unsigned stack; /* 16-byte aligned */
	unsigned tls_base;
	unsigned tp;
	unsigned arg;
	unsigned ptid;
	unsigned ctid;
	unsigned stack_low; /* lowest usable byte of the stack, 0: not known; fork() needs it */
};

/*
 * vfork: pleat_vfork() makes the child's process record and turns the calling thread into it,
 * in the same memory; it returns 0. From then on calls act for the child. A successful execve
 * starts the child in a Worker of its own, exit_group ends it; both then return the child's pid
 * (> 0) to the parent, in whose name the thread goes on, and glue jumps back to the vfork macro.
 * A failed execve returns -errno and the thread is still the child. Nesting is allowed.
 */

#endif

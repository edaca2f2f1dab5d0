/* signal.h - signal numbers, action flags and structures as libc has them (Linux generic). */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include <stdint.h>

enum {
	SIGHUP = 1,
	SIGINT,
	SIGQUIT,
	SIGILL,
	SIGTRAP,
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGKILL,
	SIGUSR1,
	SIGSEGV,
	SIGUSR2,
	SIGPIPE,
	SIGALRM,
	SIGTERM,
	SIGSTKFLT,
	SIGCHLD,
	SIGCONT,
	SIGSTOP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGXCPU,
	SIGXFSZ,
	SIGVTALRM,
	SIGPROF,
	SIGWINCH,
	SIGIO,
	SIGPWR,
	SIGSYS,
	SIG_COUNT = 65,
	SIGRTMIN_K = 32
};

#define SIG_DFL_K 0u
#define SIG_IGN_K 1u
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 1u
#define SA_NOCLDWAIT 2u
#define SA_SIGINFO 4u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SI_USER 0
#define SI_KERNEL 128
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_TKILL (-6)
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

/* struct sigevent: how to tell. */
#define SIGEV_SIGNAL 0u
#define SIGEV_NONE 1u
#define SIGEV_THREAD 2u
#define SIGEV_THREAD_ID 4u

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define MINSIGSTKSZ 2048

/* struct k_sigaction of musl for a port without sa_restorer. */
struct abi_sigaction {
	uint32_t handler, flags;
	uint32_t mask[2];
	uint32_t unused; /* restorer in generic musl; ignored */
};

/* siginfo_t: 128 bytes; the union starts at byte 12. */
struct abi_siginfo {
	int32_t signo, errnum, code;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t value; /* sigqueue's; SIGCHLD: status */
			uint32_t utime, stime;
		} kill;
		struct {
			uint32_t addr;
		} fault;
		struct {
			int32_t timerid, overrun;
			int32_t value;
		} timer;
		struct {
			int32_t band, fd;
		} poll;
		uint8_t bytes[116];
	} u;
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

struct abi_stack {
	uint32_t sp;
	int32_t flags;
	uint32_t size;
};

#define WNOHANG 1
#define WUNTRACED 2
#define WSTOPPED 2
#define WEXITED 4
#define WCONTINUED 8
#define WNOWAIT 0x01000000
#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3

#endif

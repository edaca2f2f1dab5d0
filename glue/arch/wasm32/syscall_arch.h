/*
 * syscall_arch.h - every system call goes through one function of ours, __pleat_syscall: it calls
 * the kernel's import, runs signal handlers on the way out and repeats interrupted calls.
 * 64-bit arguments are two words, low first, at the next free position.
 */
hidden long __pleat_syscall(long n, long a, long b, long c, long d, long e, long f);

#define __SYSCALL_LL_E(x)                                                                          \
	((union {                                                                                  \
		long long ll;                                                                      \
		long l[2];                                                                         \
	}){.ll = x})                                                                               \
		.l[0],                                                                             \
		((union {                                                                          \
			long long ll;                                                              \
			long l[2];                                                                 \
		}){.ll = x})                                                                       \
			.l[1]
#define __SYSCALL_LL_O(x) __SYSCALL_LL_E((x))

static inline long __syscall0(long n)
{
	return __pleat_syscall(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a)
{
	return __pleat_syscall(n, a, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a, long b)
{
	return __pleat_syscall(n, a, b, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a, long b, long c)
{
	return __pleat_syscall(n, a, b, c, 0, 0, 0);
}

static inline long __syscall4(long n, long a, long b, long c, long d)
{
	return __pleat_syscall(n, a, b, c, d, 0, 0);
}

static inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return __pleat_syscall(n, a, b, c, d, e, 0);
}

static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return __pleat_syscall(n, a, b, c, d, e, f);
}

#define IPC_64 0

/* hello.c - libc without processes: stdio, argv, environment, jumps, TLS, numbers, memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static jmp_buf jb;
static sigjmp_buf sj;
static _Thread_local int tl = 7;
static _Thread_local char zeros[100];
static int constructed;

__attribute__((constructor)) static void construct(void)
{
	constructed = 1;
}

__attribute__((destructor)) static void destruct(void)
{
	write(1, "destructor\n", 11);
}

__attribute__((noinline)) static void deep(int n)
{
	if (!n)
		longjmp(jb, 5);
	deep(n - 1);
}

static int cmp(const void *a, const void *b)
{
	return *(int *)a - *(int *)b;
}

int main(int argc, char **argv, char **envp)
{
	int a[] = {3, 1, 2}, r, save;
	sigset_t set, old;
	long double third = 1.0L / 3;
	char text[64], copy[300], big[300];

	printf("argc %d argv1 %s env %s %s\n", argc, argv[1], envp[0], getenv("HOME"));
	for (int i = 1; i < 2000; i++) {
		char *p = malloc(i * 37);

		memset(p, i, i * 37);
		if (i % 3)
			free(p);
	}
	r = setjmp(jb);
	if (!r)
		deep(10);
	printf("setjmp %d\n", r);
	r = setjmp(jb);
	if (!r)
		longjmp(jb, 0);
	printf("longjmp 0 gives %d\n", r);
	for (save = 0; save < 2; save++) {
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, 0);
		r = sigsetjmp(sj, save);
		if (!r) {
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, 0);
			siglongjmp(sj, 3);
		}
		sigprocmask(SIG_BLOCK, 0, &old);
		printf("sigsetjmp(%d) %d mask %d\n", save, r, sigismember(&old, SIGUSR1));
	}
	printf("%s\n", fopen("/nonexistent", "r") ? "opened" : strerror(errno));
	printf("%.30Lf %.15g tls %d %d constructor %d\n", third, pow(2, 0.5), tl, zeros[99],
		constructed);
	snprintf(text, sizeof text, "%.3f %e %a %lld %x", 1.5, 12345.678, 1.0, -1234567890123LL,
		255);
	printf("%s | %.2f\n", text, strtod("2.75e1", 0));
	qsort(a, 3, sizeof *a, cmp);
	printf("%d%d%d\n", a[0], a[1], a[2]);
	for (int n = 0; n < 300; n++) { /* each size class of memcpy, memmove and memset */
		for (int i = 0; i < 300; i++)
			big[i] = i;
		memset(copy, 99, sizeof copy);
		memcpy(copy, big + 1, n < 299 ? n : 299);
		for (int i = 0; i < n && i < 299; i++)
			if (copy[i] != (char)(i + 1))
				printf("memcpy %d: byte %d\n", n, i);
		if (n < 290 && copy[n] != 99)
			printf("memcpy %d: past the end\n", n);
		memmove(big + 3, big, n < 290 ? n : 290);
		for (int i = 0; i < n && i < 290; i++)
			if (big[i + 3] != (char)i)
				printf("memmove %d: byte %d\n", n, i);
		memset(copy, n, n);
		for (int i = 0; i < n; i++)
			if (copy[i] != (char)n)
				printf("memset %d: byte %d\n", n, i);
	}
	printf("%g %g %g %g %g\n", floor(-1.5), rint(2.5), trunc(-1.9), copysign(3, -0.0),
		sqrt(2.25));
	return 3;
}

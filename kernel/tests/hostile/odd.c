/*
 * odd.c - what no libc does: the poll word written by the program, garbage passed to the import,
 * fork in odd states, vfork without an end, leftovers in memory. Each in a child of its own.
 */
#include "hostile.h"
#include <spawn.h>
#include <sys/mman.h>
#include <sys/time.h>

__attribute__((import_module("kernel"), import_name("fork"))) int raw_fork(void);

#define POLL_WORD (*(volatile unsigned *)16)
extern char **environ;

/* ENDS: by itself, within 5 s. HANGS: only by SIGKILL. EITHER: what the program deserves. */
enum how { ENDS, HANGS, EITHER };
static int attack(const char *name, void (*f)(void), enum how how)
{
	pid_t pid = fork();
	int64_t start = now_ms();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	status = reap_by(pid, start + (how == ENDS ? 5000 : 300));
	if (how == ENDS && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		printf("%s: had to be killed\n", name);
	else if (how == HANGS && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		printf("%s: status %x, not SIGKILL\n", name, status);
	else if (now_ms() - start > 8000)
		printf("%s: SIGKILL took %d ms\n", name, (int)(now_ms() - start));
	else
		return status;
	exit(1);
}

static void poll_word_set(void)
{
	for (int i = 0; i < 100000; i++) {
		POLL_WORD = rnd();
		getppid();
	}
}

static void garbage_calls(void)
{
	for (int i = 0; i < 200000; i++) {
		unsigned nr = rnd() | 2048; /* none that exists */

		CHECK(raw_syscall(nr, rnd(), rnd(), rnd(), rnd(), rnd(), rnd()) == -ENOSYS);
	}
}

static void fork_and_reap(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(7);
	CHECK(reap(pid) == 7 << 8);
}

static volatile int handled;
static void fork_handler(int signo)
{
	(void)signo;
	CHECK(fork() == -1 && errno == EDEADLK); /* as sdk/README.md says */
	handled++;
}
static void fork_in_handler(void)
{
	signal(SIGUSR1, fork_handler);
	for (int i = 0; i < 5; i++)
		kill(getpid(), SIGUSR1);
	CHECK(handled == 5);
}

/* Past libc's check, through frames that cannot be unwound: what comes of it is the program's. */
static void raw_fork_handler(int signo)
{
	(void)signo;
	if (raw_fork() == 0)
		_exit(0);
}
static void raw_fork_in_handler(void)
{
	signal(SIGUSR1, raw_fork_handler);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
}

static int deep(int n)
{
	volatile char here[512];

	here[0] = (char)n;
	if (n == 0) {
		fork_and_reap();
		return 0;
	}
	return deep(n - 1) + here[0] - (char)n;
}
static void fork_deep(void)
{
	/* More than the unwound stack has room for may fail, but only by ending this process. */
	deep(100);
	deep(1000);
}
static void fork_too_deep(void)
{
	deep(14000);
}

__attribute__((noinline)) static int forever(int n)
{
	volatile char here[64];

	here[0] = (char)getppid();
	if (n == -1)
		return 0;
	return forever(n + 1) + here[0];
}
static void recursion_with_calls(void)
{
	forever(0);
}

static void raw_forks(void)
{
	/* Unwinding is the tool's work; a second one in the child of the first must do as well. */
	for (int i = 0; i < 3; i++) {
		int pid = raw_fork();

		if (pid == 0) {
			int again = raw_fork();

			if (again == 0)
				_exit(0);
			if (again > 0)
				reap(again);
			_exit(0);
		}
		CHECK(pid > 0);
		CHECK(reap(pid) == 0);
	}
}

static void vfork_spin(void)
{
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	for (;;)
		;
}
static void vfork_sleep(void)
{
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	pause();
}
static void vfork_stop(void)
{
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	raw_syscall(129, (unsigned)raw_syscall(172, 0, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0, 0);
	for (;;)
		raw_syscall(173, 0, 0, 0, 0, 0, 0);
}
static void vfork_trap(void)
{
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	raw_syscall(1026, 0, 0, 0, 0, 0, 0);
	__builtin_trap();
}
static void vfork_fork(void)
{
	int pid;

	CHECK(raw_syscall(1026, 0, 0, 0, 0, 0, 0) == 0);
	pid = raw_fork();
	if (pid == 0)
		_exit(3);
	CHECK(pid > 0 && reap(pid) == 3 << 8);
	pid = raw_syscall(94, 5, 0, 0, 0, 0, 0);
	CHECK(pid > 0 && reap(pid) == 5 << 8);
}
static void vfork_many(void)
{
	int n = 0;

	while (n < 300 && raw_syscall(1026, 0, 0, 0, 0, 0, 0) == 0)
		n++;
	CHECK(n == 300);
	while (n-- > 0)
		CHECK(raw_syscall(94, 0, 0, 0, 0, 0, 0) > 0);
}

static void spawn_with_terminal(void)
{
	static char *const argv[] = {"/none", NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	char name[32];
	int m = posix_openpt(O_RDWR | O_NOCTTY);
	pid_t pid;

	CHECK(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0 &&
		ptsname_r(m, name, sizeof(name)) == 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, name, O_RDWR, 0);
	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSID);
	for (int i = 0; i < 10; i++)
		CHECK(posix_spawn(&pid, "/none", &fa, &at, argv, environ) == ENOENT);
}

static void mremap_over_itself(void)
{
	for (int i = 0; i < 200; i++) {
		char *p = mmap(
			NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(p != MAP_FAILED);
		p[8192] = 'x';
		CHECK(mremap(p + 8192, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
		CHECK(p[0] == 'x');
		munmap(p, 4 * 4096);
	}
}

/* Every byte of the memory that may be written, of what is mapped and what is not. */
static void soil(void)
{
	unsigned long end;

	__builtin_wasm_memory_grow(0, 64);
	end = __builtin_wasm_memory_size(0) << 16;
	for (unsigned long at = (unsigned long)(uintptr_t)sbrk(0); at < end; at += 64)
		*(volatile uint32_t *)at = 0xdeadbeef;
}
static void look_for_soil(void)
{
	unsigned long end = __builtin_wasm_memory_size(0) << 16;

	for (unsigned long at = (unsigned long)(uintptr_t)sbrk(0); at < end; at += 64) {
		if (*(volatile uint32_t *)at == 0xdeadbeef) {
			printf("another process's bytes at %lx\n", at);
			_exit(1);
		}
	}
}

static void storm_of_signals(void)
{
	struct itimerval fast = {.it_interval.tv_usec = 100, .it_value.tv_usec = 100};

	signal(SIGALRM, fork_handler);
	setitimer(ITIMER_REAL, &fast, NULL);
	for (int64_t end = now_ms() + 500; now_ms() < end;)
		fork_and_reap();
}

int main(int argc, char **argv)
{
	int zombies, before = processes(&zombies, false);

	if (argc > 1 && strcmp(argv[1], "look") == 0) {
		look_for_soil();
		return 0;
	}
	CHECK(attack("poll word", poll_word_set, ENDS) == 0);
	CHECK(attack("garbage", garbage_calls, ENDS) == 0);
	CHECK(attack("fork in a handler", fork_in_handler, ENDS) == 0);
	attack("raw fork in a handler", raw_fork_in_handler, EITHER);
	CHECK(attack("fork in a recursion", fork_deep, ENDS) == 0);
	attack("fork too deep", fork_too_deep, ENDS);
	CHECK(WTERMSIG(attack("recursion with calls", recursion_with_calls, ENDS)) == SIGSEGV);
	CHECK(attack("forks of forks", raw_forks, ENDS) == 0);
	attack("vfork that spins", vfork_spin, HANGS);
	attack("vfork that sleeps", vfork_sleep, HANGS);
	attack("vfork that stops", vfork_stop, HANGS);
	CHECK(WIFSIGNALED(attack("vfork that traps", vfork_trap, ENDS)));
	CHECK(attack("fork in a vfork", vfork_fork, ENDS) == 0);
	CHECK(attack("300 vforks", vfork_many, ENDS) == 0);
	CHECK(attack("failing spawn with a terminal", spawn_with_terminal, ENDS) == 0);
	CHECK(attack("mremap over itself", mremap_over_itself, ENDS) == 0);
	CHECK(attack("fork in handlers in forks", storm_of_signals, ENDS) == 0);
	for (int i = 0; i < 6; i++)
		CHECK(attack("soiling memory", soil, ENDS) == 0);
	for (int i = 0; i < 12; i++) {
		char *const look[] = {argv[0], "look", NULL};
		pid_t pid;

		CHECK(posix_spawn(&pid, argv[0], NULL, NULL, look, environ) == 0);
		CHECK(reap(pid) == 0);
	}
	if (!settle(before))
		return 1;
	puts("survived");
	return 0;
}

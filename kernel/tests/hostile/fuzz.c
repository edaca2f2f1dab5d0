/*
 * fuzz.c - random system calls with good and evil arguments, in children that may die of them.
 * fuzz FIRST_SEED CHILDREN CALLS [UID]: each child has the next seed, which is told when it hurts.
 */
#include "hostile.h"
#include <sys/mman.h>
#include <sys/time.h>

static unsigned pool[160];
static int npool;
static bool slow;
static char buffer[16384] __attribute__((aligned(4096)));

static void add(unsigned v)
{
	if (npool < COUNT(pool))
		pool[npool++] = v;
}

static void add_ptr(const void *p)
{
	add((unsigned)(uintptr_t)p);
}

static void fill_pool(void)
{
	static const unsigned plain[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 64, 127, 128, 255, 256, 511,
		512, 1024, 4095, 4096, 4097, 8192, 65535, 65536, 0x7ffffffe, 0x7fffffff, 0x80000000,
		0x80000001, 0xfffff000, 0xfffff001, 0xfffffffe, 0xffffffff, -100u, 0x40000000,
		0x5413, 0x5401, 0x5402, 0x540e, 0x5410, 0x540f, 0x541b, 0x5421, 0x80045430,
		0x40045431, 0x241, 0x80000, 0x800, 0x100, 0x200, 0x1000, 0x10000, 022, 0644, 0755};
	static const char *const strings[] = {"/tmp", "/tmp/x", "x", "y", "/dev/null", "/dev/zero",
		"/dev/tty", "/dev/ptmx", "/proc/self/stat", "/proc/self/fd", "/proc/self/fd/0", "",
		".", "..", "/", "/etc/passwd", "/proc", "tmpfs", "proc", "/tmp/none/none",
		"/proc/self/exe", "/bin/true", "fifo"};
	static unsigned vectors[16];
	unsigned end = (unsigned)__builtin_wasm_memory_size(0) << 16;
	char *hole =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(hole != MAP_FAILED);
	CHECK(munmap(hole + 4096, 4096) == 0);
	CHECK(mprotect(hole + 8192, 4096, PROT_NONE) == 0);
	for (int i = 0; i < COUNT(plain); i++)
		add(plain[i]);
	for (unsigned i = 0; i <= 20; i++)
		add(i);
	for (int i = 0; i < COUNT(strings); i++)
		add_ptr(strings[i]);
	for (int i = 0; i < 14; i++)
		vectors[i] = i & 1 ? 64 : (unsigned)(uintptr_t)buffer + 256u * (unsigned)i;
	add_ptr(vectors);
	add_ptr(hole);
	add_ptr(hole + 4095);
	add_ptr(hole + 4096);
	add_ptr(hole + 8192);
	add_ptr(hole + 12288 - 4);
	add(end - 4);
	add(end - 1);
	add(end);
	add(end + 1);
	for (int i = 0; i < 12; i++)
		add_ptr(buffer + i * 1024);
	add_ptr(buffer + 1);
	add_ptr(buffer + sizeof(buffer) - 8);
}

static bool skipped(unsigned nr, const unsigned *a)
{
	unsigned me = (unsigned)getpid();

	switch (nr) {
	case 93:
	case 94: /* exit: the end of this child's use */
		return below(200) != 0;
	case 142:
	case 1027: /* reboot, pleat_halt */
		return true;
	case 129:
	case 130:
	case 131:
	case 138: /* signals go to oneself alone; see storm.c */
		return geteuid() == 0 || a[0] == 0 ? a[0] != me : a[0] == (unsigned)getppid();
	case 260 + 1: /* prlimit64 of somebody else */
		return a[0] != 0 && a[0] != me && geteuid() == 0;
	case 40:
	case 39:
	case 51:
	case 161:
	case 112:
	case 404: /* they change everybody's machine */
		return geteuid() == 0 && below(4) != 0;
	default:
		return false;
	}
}

static void on_alarm(int signo)
{
	(void)signo;
}

static void child_main(unsigned seed, unsigned calls, unsigned uid)
{
	struct itimerval tick = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
	struct sigaction act = {.sa_handler = on_alarm};
	char folder[64];

	seed_with(seed);
	setpgid(0, 0);
	snprintf(folder, sizeof(folder), "/tmp/fuzz%u", seed);
	mkdir(folder, 0777);
	chmod(folder, 0777);
	CHECK(chdir(folder) == 0);
	mkfifo("fifo", 0666);
	fill_pool();
	for (unsigned i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)rnd();
	if (uid) {
		CHECK(setgid(uid) == 0);
		CHECK(setuid(uid) == 0);
	}
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (unsigned i = 0; i < calls; i++) {
		unsigned a[6], nr = below(20) ? below(440) : 1024 + below(7);
		int result;

		for (int k = 0; k < 6; k++)
			a[k] = below(16) ? pool[below((unsigned)npool)] : rnd();
		if (skipped(nr, a))
			continue;
		if (below(64) == 0)
			for (int k = 0; k < 64; k++)
				((unsigned *)(void *)buffer)[below(sizeof(buffer) / 4)] =
					pool[below((unsigned)npool)];
		if (slow) {
			struct timespec nap = {.tv_nsec = 3000000};

			printf("%u: %u(%x, %x, %x, %x, %x, %x)\n", seed, nr, a[0], a[1], a[2], a[3],
				a[4], a[5]);
			nanosleep(&nap, NULL); /* until it is shown */
		}
		result = raw_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (nr != 151 && nr != 152 && (nr < 174 || nr > 177) && /* user ids */
			result < 0 && result >= -4095 && -result > 133 && -result != 512 &&
			-result != 514 && -result != 516) {
			printf("seed %u: call %u gave errno %d\n", seed, nr, -result);
			_exit(99);
		}
	}
	for (;;) /* once for each pleat_vfork that it is in */
		raw_syscall(94, 0, 0, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	unsigned first = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	unsigned children = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	unsigned calls = argc > 3 ? (unsigned)atoi(argv[3]) : 2000;
	unsigned uid = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
	int zombies, before = processes(&zombies, false);
	bool bad = false;

	slow = getenv("VERBOSE"); /* the call that hurts is the last one shown */
	signal(SIGHUP, SIG_IGN);  /* a child may hang up the terminal */
	for (unsigned seed = first; seed < first + children; seed++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child_main(seed, calls, uid);
		if (pid < 0) {
			printf("seed %u: fork: errno %d\n", seed, errno);
			return 1;
		}
		status = reap_by(pid, now_ms() + (slow ? 20000 : 700));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
			bad = true;
		kill(-pid, SIGKILL);
		/* what it left behind in groups of its own; not our shell */
		if (uid && !fork()) {
			CHECK(setuid(uid) == 0);
			kill(-1, SIGKILL);
			_exit(0);
		}
		while (uid && wait(NULL) > 0)
			;
	}
	if (bad)
		return 1;
	if (uid && !settle(before))
		return 1;
	puts("survived");
	return 0;
}

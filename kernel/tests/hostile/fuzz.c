/*
 * fuzz.c - random system calls with good and evil arguments, in children that may die of them.
 * fuzz FIRST_SEED CHILDREN CALLS [UID]: each child has the next seed, which is told when it hurts.
 * Most calls are made by the grammar that comes from syscalls.tbl, on descriptors of every kind, by
 * two threads; the rest is noise. Linked with -mshm: addresses lead to U and to S.
 */
#include "hostile.h"
#include "syscalls_fuzz.h"
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static unsigned pool[192];
static int npool;
static bool slow;
#define BUFFER 16384
static char *buffer; /* nothing of ours lies behind it for 2 MiB */

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
		"/proc/self/exe", "/bin/true", "fifo", "/dev/fb0", "/dev/dsp", "/dev/strace",
		"/dev/input/event0", "/dev/input/mice", "/proc/pleat", "/proc/self/fdinfo/5",
		"/queue", "all\n", "attach 1\nfollow 1\ntrace all\n", "/proc/net/tcp",
		"/dev/shm/fuzz"};
	static unsigned vectors[16];
	char *shared =
		mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned end = (unsigned)__builtin_wasm_memory_size(0) << 16;
	char *hole =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	buffer = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(buffer != MAP_FAILED);
	CHECK(hole != MAP_FAILED && shared != MAP_FAILED);
	add_ptr(shared);
	add_ptr(shared + 4096);
	add_ptr(shared + 8191);
	add_ptr(shared + 4 * 4096 - 4);
	add_ptr(shared + 4 * 4096);
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
	add_ptr(buffer + BUFFER - 8);
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
	case 424: /* by a descriptor it may be anybody */
		return geteuid() == 0;
	case 134: /* a handler that is none ends the child */
		return below(16) != 0;
	case 240:
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

/* A descriptor of every kind there is, from 3 up; what cannot be had is left out. */
static void open_all(void)
{
	static const char *const devices[] = {"/dev/fb0", "/dev/dsp", "/dev/strace", "/dev/ptmx",
		"/dev/input/event0", "/dev/input/mice", "/proc/self/stat", "/proc/self/fd", "/tmp",
		"/dev/shm/fuzz"};
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(here);
	struct itimerspec soon = {.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000};
	struct epoll_event ev = {.events = EPOLLIN};
	sigset_t set;
	int fds[2], ep = epoll_create1(0), tcp = socket(AF_INET, SOCK_STREAM, 0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	bind(tcp, (void *)&here, sizeof(here));
	listen(tcp, 2);
	getsockname(tcp, (void *)&here, &len);
	connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&here, len);
	socket(AF_INET, SOCK_DGRAM, 0);
	socket(AF_INET6, SOCK_STREAM, 0);
	socket(AF_NETLINK, SOCK_RAW, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds);
	socket(AF_UNIX, SOCK_DGRAM, 0);
	(void)!pipe(fds);
	eventfd(3, 0);
	signalfd(-1, &set, 0);
	timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &soon, NULL);
	inotify_add_watch(inotify_init(), ".", IN_ALL_EVENTS);
	(void)!ftruncate((int)syscall(SYS_memfd_create, "fuzz", 2), 65536);
	mq_open("/queue", O_RDWR | O_CREAT, 0666, NULL);
	syscall(SYS_pidfd_open, getpid(), 0);
	for (int i = 0; i < COUNT(devices); i++)
		open(devices[i], O_RDWR | O_NONBLOCK | O_CREAT, 0666) < 0 &&
			open(devices[i], O_RDONLY | O_NONBLOCK);
	for (int fd = 3; fd < 40; fd++) {
		ev.data.fd = fd;
		if (fd != ep)
			epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
}

static unsigned any(void)
{
	return pool[below((unsigned)npool)];
}

/* A word that may make sense for a letter of the grammar; 1 of 16 times anything. */
static unsigned word_for(char kind)
{
	if (below(16) == 0)
		return below(2) ? any() : rnd();
	switch (kind) {
	case 'f':
		return below(48);
	case 'd':
		return below(2) ? -100u : below(48);
	case 'i':
	case 'u':
		return below(4) ? below(24) : any();
	case 'n':
		return below(2) ? below(130) : 1u << below(17);
	case 'm':
		return rnd() & 07777;
	case 'p':
		return below(4) ? (unsigned)getpid() : below(3) - 1;
	case 'g':
		return below(3) * 1000;
	case 's':
		return below(4) ? SIGUSR1 : below(66);
	case 'b':
		return below(3) == 0 ? 0
		       : below(2)    ? 1u << below(32)
				     : 1u << below(20) | 1u << below(20);
	case 'l':
		return below(2) ? below(70000) : any();
	case 'h':
		return below(4) ? 0 : rnd();
	default:
		return any();
	}
}

static void on_alarm(int signo)
{
	(void)signo;
}

static unsigned the_seed;

static void *make_calls(void *arg)
{
	unsigned calls = *(unsigned *)arg;

	for (unsigned i = 0; i < calls; i++) {
		unsigned a[6], nr = below(20) ? below(480) : 1024 + below(7);
		const struct grammar *g = &grammar[below(COUNT(grammar))];
		int result;

		for (int k = 0; k < 6; k++)
			a[k] = below(16) ? any() : rnd();
		if (below(8)) {
			nr = g->nr;
			for (int k = 0; g->words[k + 1]; k++)
				a[k] = word_for(g->words[k + 1]);
		}
		if (skipped(nr, a))
			continue;
		if (below(64) == 0)
			for (int k = 0; k < 64; k++)
				((unsigned *)(void *)buffer)[below(BUFFER / 4)] =
					below(3) ? any() : below(64);
		if (slow) {
			struct timespec nap = {.tv_nsec = 3000000};

			printf("%u: %u(%x, %x, %x, %x, %x, %x)\n", the_seed, nr, a[0], a[1], a[2],
				a[3], a[4], a[5]);
			nanosleep(&nap, NULL); /* until it is shown */
		}
		result = raw_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (nr != 151 && nr != 152 && (nr < 174 || nr > 177) && /* user ids */
			result < 0 && result >= -4095 && -result > 133 && -result != 512 &&
			-result != 514 && -result != 516) {
			printf("seed %u: call %u gave errno %d\n", the_seed, nr, -result);
			_exit(99);
		}
		if (g->words[0] == 'f' && result >= 48)
			close(result);
	}
	return NULL;
}

static void child_main(unsigned seed, unsigned calls, unsigned uid)
{
	struct itimerval tick = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
	struct sigaction act = {.sa_handler = on_alarm};
	char folder[64];
	pthread_t thread;

	the_seed = seed;
	seed_with(seed);
	setpgid(0, 0);
	snprintf(folder, sizeof(folder), "/tmp/fuzz%u", seed);
	mkdir(folder, 0777);
	chmod(folder, 0777);
	CHECK(chdir(folder) == 0);
	mkfifo("fifo", 0666);
	if (!slow && seed % 4) { /* else the terminal has its share */
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
	}
	fill_pool();
	for (unsigned i = 0; i < BUFFER; i++)
		buffer[i] = (char)rnd();
	if (uid) {
		CHECK(setgid(uid) == 0);
		CHECK(setuid(uid) == 0);
	}
	for (int signo = 1; signo < 65; signo++) /* few are to die of them */
		if (signo != SIGSEGV && signo != SIGILL && signo != SIGBUS && signo != SIGFPE &&
			below(8))
			sigaction(signo, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	open_all();
	pthread_create(&thread, NULL, make_calls, &calls); /* random_state is for both: noise */
	make_calls(&calls);
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
	for (int signo = 1; signo < 65;
		signo++) /* a child has many ways to send one, as to a terminal's group */
		if (signo != SIGCHLD && signo != SIGSEGV)
			signal(signo, SIG_IGN);
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
			bad = printf("seed %u: an errno that is none\n", seed) > 0;
		if (slow || getenv("STATUS"))
			printf("seed %u: status %x\n", seed, status);
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

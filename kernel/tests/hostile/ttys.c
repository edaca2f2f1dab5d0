/*
 * ttys.c - random bytes and ioctls to pseudoterminals and the console. ttys [FIRST_SEED [SEEDS]]
 */
#include "hostile.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static const unsigned requests[] = {0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408,
	0x5409, 0x540a, 0x540b, 0x540c, 0x540d, 0x540e, 0x540f, 0x5410, 0x5411, 0x5412, 0x5413,
	0x5414, 0x541b, 0x5420, 0x5421, 0x5422, 0x5423, 0x5424, 0x5429, 0x5450, 0x5451, 0x80045430,
	0x40045431, 0x80045432, 0x40045436, 0x5441, 0x80045438, 0x80045439, 0x80045440};

static void on_signal(int signo)
{
	(void)signo;
}

static void attack(uint32_t seed)
{
	static char bytes[4096], in[4096];
	int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
	struct sigaction act = {.sa_handler = on_signal};

	seed_with(seed);
	for (int s = 1; s < 32; s++) {
		if (s != SIGKILL && s != SIGSTOP && s != SIGSEGV && s != SIGILL)
			sigaction(s, &act, NULL);
	}
	if (below(2))
		setsid();
	for (int i = 0; i < 2500; i++) {
		int slot = (int)below(8), fd = fds[slot];
		uint32_t n = 1 + below(below(8) ? 40 : sizeof(bytes));
		char name[32];

		switch (below(12)) {
		case 0:
			if (fd >= 0)
				close(fd);
			fds[slot] =
				open("/dev/ptmx", O_RDWR | O_NONBLOCK | (below(2) ? O_NOCTTY : 0));
			break;
		case 1:
			if (fd >= 0)
				close(fd);
			snprintf(name, sizeof(name), "/dev/pts/%u", below(8));
			fds[slot] = open(below(8) ? name : "/dev/tty",
				O_RDWR | O_NONBLOCK | (below(2) ? O_NOCTTY : 0));
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			for (uint32_t k = 0; k < n; k++)
				bytes[k] = (char)(below(3) ? below(33) : rnd());
			write(fd, bytes, n);
			break;
		case 6:
		case 7:
			read(fd, in, n);
			break;
		case 8: {
			struct termios t;

			if (tcgetattr(fd, &t) < 0)
				break;
			t.c_iflag ^= 1u << below(16);
			t.c_oflag ^= 1u << below(16);
			t.c_lflag ^= 1u << below(17);
			t.c_cc[below(20)] = (cc_t)(below(2) ? below(33) : rnd());
			tcsetattr(fd, (int)below(3), &t);
			break;
		}
		case 9: {
			int zero = 0;

			ioctl(fd, TIOCSPTLCK, &zero);
			break;
		}
		case 10: {
			struct pollfd p = {.fd = fd, .events = (short)rnd()};

			poll(&p, 1, 0);
			break;
		}
		default:
			for (int k = 0; k < 64; k++)
				bytes[k] = (char)(below(2) ? 0 : rnd());
			ioctl(fd, (int)requests[below(COUNT(requests))],
				below(3)   ? (unsigned)(uintptr_t)bytes
				: below(2) ? below(4)
					   : rnd());
		}
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	uint32_t first = argc > 1 ? (uint32_t)atoi(argv[1]) : 1,
		 seeds = argc > 2 ? (uint32_t)atoi(argv[2]) : 20;
	int zombies, before = processes(&zombies, false);
	long objects = 0;

	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (uint32_t seed = first; seed < first + seeds; seed++) {
		pid_t a = fork(), b;
		int status;

		CHECK(a >= 0);
		if (a == 0)
			attack(seed * 2);
		b = fork(); /* two at the same terminals */
		CHECK(b >= 0);
		if (b == 0)
			attack(seed * 2 + 1);
		status = reap_by(a, now_ms() + 1500);
		reap_by(b, now_ms() + 500);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) {
			printf("seed %u: SIGSEGV\n", seed);
			return 1;
		}
		if (seed == first + 2)
			objects = kernel_objects();
	}
	if (!settle(before))
		return 1;
	if (objects && kernel_objects() > objects + 40) {
		printf("objects are lost: %ld, then %ld\n", objects, kernel_objects());
		return 1;
	}
	puts("survived");
	return 0;
}

/* POSIX message queues: priorities, limits, waiting, notification, poll. */
#include "conformance.h"
#include <mqueue.h>
#include <poll.h>

static char name[64];
static mqd_t q;
static volatile sig_atomic_t told, code, number;

static void got_signal(int s, siginfo_t *i, void *c)
{
	(void)s;
	(void)c;
	told++;
	code = i->si_code;
	number = i->si_value.sival_int;
}

static void get(void)
{
	char buf[64] = "";
	unsigned prio = 0;
	ssize_t n = mq_receive(q, buf, sizeof(buf), &prio);

	if (n < 0)
		printf("get: %s\n", errno_name(errno));
	else
		printf("get: %zd %s at %u\n", n, buf, prio);
}

static void receives(void)
{
	char buf[64];

	for (int i = 0; i < 300; i++)
		CHECK(mq_receive(q, buf, sizeof(buf), NULL) == 2 && buf[0] == (char)i);
}

static void polls(struct pollfd *p)
{
	int n = poll(p, 1, 0);

	printf("poll %d: %s%s\n", n, p->revents & POLLIN ? "in" : "",
		p->revents & POLLOUT ? "out" : "");
}

int main(void)
{
	struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 64}, b;
	struct sigaction act = {.sa_sigaction = got_signal, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct timespec past = {1, 0}, soon;
	sigset_t block, old;
	pid_t pid;

	snprintf(name, sizeof(name), "/pleat-test-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	CHECK(q >= 0);
	TRUTH(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a) == -1 && errno == EEXIST);
	SHOW(mq_getattr(q, &b));
	printf("%ld %ld %ld %ld\n", (long)b.mq_flags, (long)b.mq_maxmsg, (long)b.mq_msgsize,
		(long)b.mq_curmsgs);
	struct pollfd p = {.fd = (int)q, .events = POLLIN | POLLOUT};
	polls(&p);
	SHOW(mq_send(q, "low", 4, 1));
	SHOW(mq_send(q, "high", 5, 9));
	SHOW(mq_send(q, "low two", 8, 1));
	polls(&p);
	SHOW(mq_send(q, "middle", 7, 5));
	polls(&p);
	SHOW(mq_timedsend(q, "x", 1, 0, &past));
	b.mq_flags = O_NONBLOCK;
	SHOW(mq_setattr(q, &b, NULL));
	SHOW(mq_send(q, "x", 1, 0));
	get();
	get();
	get();
	get();
	get();
	b.mq_flags = 0;
	SHOW(mq_setattr(q, &b, NULL));
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += soon.tv_nsec > 970000000;
	soon.tv_nsec = (soon.tv_nsec + 20000000) % 1000000000;
	char buf[64];
	SHOW(mq_timedreceive(q, buf, sizeof(buf), NULL, &soon));
	SHOW(mq_receive(q, buf, 63, NULL));
	SHOW(mq_send(q, buf, 65, 0));
	SHOW(mq_send(q, buf, 1, 32768));
	SHOW(mq_send(q, "", 0, 0));
	get();

	pid = child(receives);
	for (int i = 0; i < 300; i++) {
		char two[2] = {(char)i, 0};

		CHECK(mq_send(q, two, 2, 0) == 0);
	}
	reap("receives", pid);

	/* One signal for the first message that comes to an empty queue. */
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &block, &old) == 0);
	ev.sigev_value.sival_int = 77;
	SHOW(mq_notify(q, &ev));
	SHOW(mq_notify(q, &ev));
	SHOW(mq_send(q, "a", 1, 0));
	SHOW(mq_send(q, "b", 1, 0));
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	printf("told %d, code %s, value %d\n", (int)told, code == SI_MESGQ ? "SI_MESGQ" : "other",
		(int)number);
	SHOW(mq_notify(q, NULL));
	get();
	get();
	SHOW(mq_unlink(name));
	TRUTH(mq_open(name, O_RDWR) == -1 && errno == ENOENT);
	SHOW(mq_unlink(name));
	SHOW(mq_send(q, "still there", 12, 0));
	get();
	SHOW(mq_close(q));
	SHOW(mq_send(q, "x", 1, 0));
	TRUTH(mq_open("/a/b", O_RDWR) == -1 && (errno == EACCES || errno == ENOENT));
	return 0;
}

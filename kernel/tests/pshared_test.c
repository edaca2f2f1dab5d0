/* Mutexes, condition variables, semaphores, barriers and robust locks between processes. link:
 * -mshm */
#include "conformance.h"
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

struct area {
	pthread_mutex_t lock, robust;
	pthread_cond_t changed;
	pthread_rwlock_t rw;
	pthread_barrier_t barrier;
	sem_t sem;
	int counter, turn, sum;
	_Atomic int at_barrier;
};
static struct area *a;
static int me;

#define PROCS 4
#define ROUNDS 2000

static void setup(void)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;
	pthread_rwlockattr_t r;
	pthread_barrierattr_t b;

	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(a != MAP_FAILED);
	CHECK(!pthread_mutexattr_init(&m));
	CHECK(!pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_mutex_init(&a->lock, &m));
	CHECK(!pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST));
	CHECK(!pthread_mutex_init(&a->robust, &m));
	CHECK(!pthread_condattr_init(&c) &&
		!pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_cond_init(&a->changed, &c));
	CHECK(!pthread_rwlockattr_init(&r) &&
		!pthread_rwlockattr_setpshared(&r, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_rwlock_init(&a->rw, &r));
	CHECK(!pthread_barrierattr_init(&b) &&
		!pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_barrier_init(&a->barrier, &b, PROCS));
	CHECK(!sem_init(&a->sem, 1, 0));
}

static void counts(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(!pthread_mutex_lock(&a->lock));
		a->counter++;
		CHECK(!pthread_mutex_unlock(&a->lock));
	}
}

/* Each waits for its turn; a wake-up that is lost hangs here. */
static void takes_turns(void)
{
	for (int i = 0; i < 100; i++) {
		CHECK(!pthread_mutex_lock(&a->lock));
		while (a->turn % PROCS != me)
			CHECK(!pthread_cond_wait(&a->changed, &a->lock));
		a->turn++;
		CHECK(!pthread_cond_broadcast(&a->changed));
		CHECK(!pthread_mutex_unlock(&a->lock));
	}
}

static void meets(void)
{
	for (int i = 1; i <= 50; i++) {
		a->at_barrier++;
		pthread_barrier_wait(&a->barrier);
		CHECK(a->at_barrier == i * PROCS);
		pthread_barrier_wait(&a->barrier);
	}
}

static void waits_sem(void)
{
	for (int i = 0; i < 100; i++) {
		while (sem_wait(&a->sem))
			CHECK(errno == EINTR);
		__atomic_fetch_add(&a->sum, 1, __ATOMIC_SEQ_CST);
	}
}

static void reads_and_writes(void)
{
	for (int i = 0; i < 300; i++) {
		if (i % 4 == me) {
			CHECK(!pthread_rwlock_wrlock(&a->rw));
			a->counter++;
			CHECK(!pthread_rwlock_unlock(&a->rw));
		} else {
			CHECK(!pthread_rwlock_rdlock(&a->rw));
			CHECK(a->counter >= 0);
			CHECK(!pthread_rwlock_unlock(&a->rw));
		}
	}
}

static void dies_with_it(void)
{
	CHECK(!pthread_mutex_lock(&a->robust));
	a->counter = -1; /* left half done */
	_exit(3);
}

static void killed_with_it(void)
{
	CHECK(!pthread_mutex_lock(&a->robust));
	sem_post(&a->sem);
	for (;;)
		pause();
}

static void run(const char *what, void (*body)(void))
{
	pid_t pid[PROCS];

	for (me = 0; me < PROCS; me++)
		pid[me] = child(body);
	if (body == waits_sem) {
		for (int i = 0; i < 100 * PROCS; i++)
			CHECK(sem_post(&a->sem) == 0);
	}
	for (int i = 0; i < PROCS; i++)
		reap(what, pid[i]);
}

int main(void)
{
	struct timespec soon;
	pid_t pid;
	int result;

	setup();
	run("counts", counts);
	printf("%d\n", a->counter);
	run("takes turns", takes_turns);
	printf("%d\n", a->turn);
	run("meets", meets);
	run("waits", waits_sem);
	printf("%d\n", a->sum);
	a->counter = 0;
	run("reads and writes", reads_and_writes);
	printf("%d\n", a->counter);

	/* A robust mutex tells the next one that its owner died, exited or killed, and can be
	 * mended. */
	reap("dies", child(dies_with_it));
	result = pthread_mutex_lock(&a->robust);
	printf("lock: %s\n", result == EOWNERDEAD ? "EOWNERDEAD" : errno_name(result));
	a->counter = 0;
	printf("consistent: %d\n", pthread_mutex_consistent(&a->robust));
	printf("unlock: %d\n", pthread_mutex_unlock(&a->robust));
	for (int i = 0; i < 10; i++) {
		pid = child(killed_with_it);
		CHECK(sem_wait(&a->sem) == 0);
		CHECK(pthread_mutex_trylock(&a->robust) == EBUSY);
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(pthread_mutex_lock(&a->robust) == EOWNERDEAD);
		CHECK(waitpid(pid, NULL, 0) == pid);
		CHECK(!pthread_mutex_consistent(&a->robust) && !pthread_mutex_unlock(&a->robust));
	}
	reap("dies", child(dies_with_it));
	result = pthread_mutex_lock(&a->robust);
	CHECK(result == EOWNERDEAD && !pthread_mutex_unlock(&a->robust)); /* not mended */
	result = pthread_mutex_lock(&a->robust);
	printf("lock: %s\n", result == ENOTRECOVERABLE ? "ENOTRECOVERABLE" : errno_name(result));
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	SHOW(sem_timedwait(&a->sem, &soon));
	return 0;
}

/* pthread_rwlock_*(3), barriers and spin locks. */
#include "thread.h"

#define ROUNDS 2000

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static int a, b, spun;
static atomic_int serial, wrong, passed;

static void *reads(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_rwlock_rdlock(&rw);
		if (a != b)
			atomic_fetch_add(&wrong, 1);
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}
static void *writes(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_rwlock_wrlock(&rw);
		a++;
		b++;
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}
static void *tries(void *arg)
{
	int err = arg ? pthread_rwlock_trywrlock(&rw) : pthread_rwlock_tryrdlock(&rw);

	if (!err)
		pthread_rwlock_unlock(&rw);
	return (void *)(long)err;
}
static void *meets(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 200; i++) {
		int r = pthread_barrier_wait(&barrier);

		if (r == PTHREAD_BARRIER_SERIAL_THREAD)
			atomic_fetch_add(&serial, 1);
		else if (r)
			atomic_fetch_add(&wrong, 1);
		atomic_fetch_add(&passed, 1);
		pthread_barrier_wait(&barrier);
		if (passed != i * 4)
			atomic_fetch_add(&wrong, 1);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}
static void *spins(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_spin_lock(&spin);
		spun++;
		pthread_spin_unlock(&spin);
	}
	return NULL;
}

int main(void)
{
	struct timespec past = {1, 0};
	pthread_t t[4];

	SHOW_E(pthread_rwlock_rdlock(&rw));
	SHOW_E((int)join(start(tries, 0)));
	SHOW_E((int)join(start(tries, 1)));
	SHOW_E(pthread_rwlock_timedwrlock(&rw, &past));
	SHOW_E(pthread_rwlock_unlock(&rw));
	SHOW_E(pthread_rwlock_wrlock(&rw));
	SHOW_E((int)join(start(tries, 0)));
	SHOW_E((int)join(start(tries, 1)));
	SHOW_E(pthread_rwlock_unlock(&rw));
	SHOW_E((int)join(start(tries, 1)));
	for (int i = 0; i < 4; i++)
		t[i] = start(i % 2 ? reads : writes, 0);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	printf("rwlock: %d %d, wrong %d\n", a, b, (int)wrong);

	SHOW_E(pthread_barrier_init(&barrier, NULL, 0));
	SHOW_E(pthread_barrier_init(&barrier, NULL, 4));
	for (int i = 0; i < 4; i++)
		t[i] = start(meets, 0);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	SHOW_E(pthread_barrier_destroy(&barrier));
	printf("barrier: %d passed, %d serial, wrong %d\n", (int)passed, (int)serial, (int)wrong);

	SHOW_E(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
	SHOW_E(pthread_spin_trylock(&spin));
	SHOW_E(pthread_spin_trylock(&spin));
	SHOW_E(pthread_spin_unlock(&spin));
	for (int i = 0; i < 3; i++)
		t[i] = start(spins, 0);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	printf("spin: %d\n", spun);
	return 0;
}

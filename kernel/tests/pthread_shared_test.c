/* Attributes that ask for more: what is there, and what says that it is not. */
#include "thread.h"
#include <semaphore.h>

int main(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_rwlockattr_t ra;
	pthread_barrierattr_t ba;
	pthread_barrier_t b;
	pthread_rwlock_t rw;
	pthread_mutex_t m;
	pthread_cond_t c;
	int v = 7;

	CHECK(pthread_mutexattr_init(&ma) == 0 && pthread_condattr_init(&ca) == 0);
	CHECK(pthread_rwlockattr_init(&ra) == 0 && pthread_barrierattr_init(&ba) == 0);
	SHOW_E(pthread_mutexattr_settype(&ma, 99));
	SHOW_E(pthread_mutexattr_gettype(&ma, &v));
	TRUTH(v == PTHREAD_MUTEX_DEFAULT);
	SHOW_E(pthread_mutexattr_setpshared(&ma, 99));
	SHOW_E(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED));
	SHOW_E(pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_NONE));
	SHOW_E(pthread_mutexattr_setprotocol(&ma, 99));
	SHOW_E(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED));
	SHOW_E(pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED));
	SHOW_E(pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED));
	/* Shared kinds work within one process, too. */
	SHOW_E(pthread_mutex_init(&m, &ma));
	SHOW_E(pthread_mutex_lock(&m));
	SHOW_E(pthread_mutex_trylock(&m));
	SHOW_E(pthread_mutex_unlock(&m));
	SHOW_E(pthread_cond_init(&c, &ca));
	SHOW_E(pthread_cond_broadcast(&c));
	SHOW_E(pthread_rwlock_init(&rw, &ra));
	SHOW_E(pthread_rwlock_wrlock(&rw));
	SHOW_E(pthread_rwlock_tryrdlock(&rw));
	SHOW_E(pthread_rwlock_unlock(&rw));
	SHOW_E(pthread_barrier_init(&b, &ba, 1));
	TRUTH(pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD);
	SHOW_E(pthread_barrier_destroy(&b));
	SHOW_E(pthread_setcanceltype(99, &v));
	SHOW_E(pthread_setcancelstate(99, &v));
	SHOW_E(pthread_mutexattr_destroy(&ma));
	return 0;
}

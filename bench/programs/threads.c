/*
 * threads.c - threads of one process: making and joining one, waking one, and locks that several
 * want at once.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

#define WORKERS_MAX 8

static void *nothing(void *arg)
{
	return arg;
}

static void create_join(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		pthread_t t;
		if (pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0)
			meter_fail("pthread_create");
	}
}

/* ---- futex ---- */

static atomic_int turn, over;

static long futex(int op, int value)
{
	return syscall(SYS_futex, &turn, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void wake_nobody(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++)
		if (futex(FUTEX_WAKE, 1) != 0)
			meter_fail("futex");
}

static void take_turn(int mine)
{
	while (turn != mine)
		futex(FUTEX_WAIT, !mine);
}

static void give_turn(int mine)
{
	turn = !mine;
	futex(FUTEX_WAKE, 1);
}

static void *answers(void *arg)
{
	for (;;) {
		take_turn(1);
		if (over)
			return arg;
		give_turn(1);
	}
}

static void futex_pingpong(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		give_turn(0);
		take_turn(0);
	}
}

/* ---- a mutex, wanted by some ---- */

struct crowd {
	pthread_t threads[WORKERS_MAX];
	unsigned count;
	pthread_mutex_t gate, wanted;
	pthread_cond_t changed;
	unsigned round, each, ready; /* gate */
	unsigned long long total;    /* wanted */
};

static void *wants(void *arg)
{
	struct crowd *c = arg;
	unsigned round = 0;

	for (;;) {
		pthread_mutex_lock(&c->gate);
		c->ready++;
		pthread_cond_broadcast(&c->changed);
		while (c->round == round)
			pthread_cond_wait(&c->changed, &c->gate);
		round = c->round;
		unsigned n = c->each;
		pthread_mutex_unlock(&c->gate);
		if (n == 0)
			return NULL;
		for (unsigned i = 0; i < n; i++) {
			pthread_mutex_lock(&c->wanted);
			c->total++;
			pthread_mutex_unlock(&c->wanted);
		}
	}
}

static void crowd_round(struct crowd *c, unsigned each)
{
	pthread_mutex_lock(&c->gate);
	c->ready = 0;
	c->each = each;
	c->round++;
	pthread_cond_broadcast(&c->changed);
	while (each > 0 && c->ready < c->count)
		pthread_cond_wait(&c->changed, &c->gate);
	pthread_mutex_unlock(&c->gate);
}

static void contend(void *context, unsigned n)
{
	struct crowd *c = context;

	crowd_round(c, n / c->count + 1);
}

static void contended(const char *name, unsigned count)
{
	struct crowd c = {.count = count};

	if (!meter_wants(name))
		return;
	pthread_mutex_init(&c.gate, NULL);
	pthread_mutex_init(&c.wanted, NULL);
	pthread_cond_init(&c.changed, NULL);
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&c.threads[i], NULL, wants, &c) != 0)
			meter_fail("pthread_create");
	pthread_mutex_lock(&c.gate);
	while (c.ready < count)
		pthread_cond_wait(&c.changed, &c.gate);
	pthread_mutex_unlock(&c.gate);
	meter_run(&(struct row){name, 20000, 20000}, contend, &c);
	crowd_round(&c, 0);
	for (unsigned i = 0; i < count; i++)
		pthread_join(c.threads[i], NULL);
}

static void lock_alone(void *context, unsigned n)
{
	pthread_mutex_t *m = context;

	for (unsigned i = 0; i < n; i++) {
		pthread_mutex_lock(m);
		pthread_mutex_unlock(m);
	}
}

int main(int argc, char **argv)
{
	pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;

	meter_begin(argc, argv);
	meter_run(&(struct row){"thread_create_join", 20, 4}, create_join, NULL);
	meter_run(&(struct row){"futex_wake", 20000, 5000}, wake_nobody, NULL);
	if (meter_wants("futex_pingpong")) {
		if (pthread_create(&t, NULL, answers, NULL) != 0)
			meter_fail("pthread_create");
		meter_run(&(struct row){"futex_pingpong", 500, 200}, futex_pingpong, NULL);
		over = 1;
		give_turn(0);
		pthread_join(t, NULL);
	}
	meter_run(&(struct row){"mutex_alone", 100000, 50000}, lock_alone, &alone);
	contended("mutex_2", 2);
	contended("mutex_4", 4);
	contended("mutex_8", 8);
	return 0;
}

/* ptimer.h - what itimer.c and timer_posix.c share: the timers of a process. */
#ifndef INIT_PTIMER_H
#define INIT_PTIMER_H

#include "init/init.h"
#include "proc/internal.h"

enum cpu_kind { CPU_NONE, CPU_PROCESS, CPU_THREAD };

struct ptimer {
	struct timer timer;
	struct proc *proc;    /* [i] outlives it */
	uint32_t clock;	      /* [i] CLOCK_*; CPU_NONE only */
	enum cpu_kind cpu;    /* [i] which running time it measures, if any */
	uint32_t cpu_tid;     /* [i] CPU_THREAD: of proc */
	struct period period; /* [sig_lock] on arch_clock_ns(), or on the running time */
	bool silent;	      /* [i] only to be read: never in the queue */
	bool resting;	      /* [sig_lock] on running time, and nothing runs */
	/* It went off n times. sig_lock is held. */
	void (*expired)(struct ptimer *t, uint64_t n);
};

struct itimers {
	struct proc *proc;	 /* [i] */
	struct ptimer itimer[3]; /* ITIMER_* */
	struct list posix;	 /* [sig_lock] of timer_create(), oldest first */
	uint32_t nposix;	 /* [sig_lock] */
	int32_t last_id;	 /* [sig_lock] */
};

/* The calling process's, made if there are none. NULL: no memory. */
struct itimers *itimers_get(void);
void ptimer_init(struct ptimer *t, struct proc *p, uint32_t clock, enum cpu_kind cpu);
/* Now on the clock that its period is on. Takes the process tree's lock. */
uint64_t ptimer_now(const struct ptimer *t);
/* Count what has gone by, and give what is set: time left and interval. sig_lock held. */
void ptimer_read_locked(struct ptimer *t, uint64_t now, uint64_t *left_ns, uint64_t *interval_ns);
/* Set it anew. next: on its clock. sig_lock held. */
void ptimer_set_locked(struct ptimer *t, int64_t next_ns, uint64_t interval_ns, bool armed);
/* After a set: let it go off. now: on its clock. sig_lock held. */
void ptimer_start_locked(struct ptimer *t, uint64_t now);
/* A thread runs again. now: arch_clock_ns(). sig_lock held. */
void ptimer_resume_locked(struct ptimer *t, uint64_t now);
void timers_resume_locked(struct itimers *it, uint64_t now);
/* It does not go off any more, nor is it going off. */
void ptimer_stop(struct ptimer *t);
/* All timers of timer_create(). */
void timers_delete_all(struct itimers *it);

#endif

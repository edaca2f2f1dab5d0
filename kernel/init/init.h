/*
 * init.h - boot, time and what the machine says about itself.
 *
 * The boot plan is text in K, one "key=value" per line (bytes below 0x20 in values as %XX):
 *   layer=<name>:<size>   in order, lowest first; number n is layer n
 *   hostdir=<path>        host folder number n is mounted there
 *   arg=<text>            argv of the boot command, one line each
 *   rootlayers=, overlay=, mount=   see init/mounts.h
 *   env=<NAME=value>  user=<name>  cwd=<dir>  tty=0|1  option=<text>
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "lib/types.h"
#include "lib/list.h"
#include "vfs/vfs.h"

struct proc;

struct layer_info {
	char name[64];
	uint64_t size; /* bytes of the image */
};
/* NULL: no such layer. */
const struct layer_info *layer_get(uint32_t index);
const char *boot_cmdline(void); /* the plan's options, for /proc/cmdline */

/* kernel Worker: parse the plan, make PID 1, ask for its Worker. Does not sleep. */
void boot_start(const char *plan, size_t len);
/* PID 1's Worker: mount everything, then prepare its exec; panics with a clear message. */
void boot_main(void);

/* ---- time (init/time.c) ---- */

struct timer {
	struct list link; /* [timer_lock] in the queue, by deadline */
	uint64_t deadline_ns;
	uint64_t interval_ns;
	void (*fire)(struct timer *t); /* event thread, no lock held */
};
void timer_set(struct timer *t, uint64_t deadline_ns);
/* Out of the queue; fire may be running still. */
void timer_unset(struct timer *t);
/* After it returned, fire is not running and will not run. */
void timer_cancel(struct timer *t);
/* Event thread: run what is due; returns the next deadline. */
uint64_t timers_run(uint64_t now_ns);

/*
 * When something goes off: once, or again and again. Counts from the clock, however late somebody
 * looks. Times are of one clock, in ns; guarded by its owner's lock.
 */
struct period {
	int64_t next_ns;      /* armed: the next expiration */
	uint64_t interval_ns; /* 0: once */
	bool armed;
};
/* Expirations up to now; one that goes off once is disarmed by it. */
uint64_t period_advance(struct period *p, uint64_t now_ns);
/* Time to the next one: 0 if not armed, at least 1 if armed. */
uint64_t period_left(const struct period *p, uint64_t now_ns);
/*
 * Let timer fire at the next one, or take it out of the queue. again: it fires time after time: not
 * more often than each 50 us, as what was missed is counted and need not be waited for.
 */
void period_arm(const struct period *p, struct timer *timer, bool again);

#define CLOCK_REALTIME 0u
#define CLOCK_MONOTONIC 1u
#define CLOCK_PROCESS_CPUTIME_ID 2u
#define CLOCK_THREAD_CPUTIME_ID 3u
#define CLOCK_MONOTONIC_RAW 4u
#define CLOCK_REALTIME_COARSE 5u
#define CLOCK_MONOTONIC_COARSE 6u
#define CLOCK_BOOTTIME 7u
#define CLOCK_REALTIME_ALARM 8u
#define CLOCK_BOOTTIME_ALARM 9u
#define CLOCK_TAI 11u
/* The moment of arch_clock_ns() that a timer's value means: from now on, or a time of that clock
 * (all but the CPU clocks). It may lie before the start. */
int64_t clock_deadline(uint32_t clock, uint64_t value_ns, bool absolute, uint64_t now_ns);
/* struct itimerspec. -EFAULT, -EINVAL. */
int copyin_itimerspec(uaddr_t at, uint64_t *value_ns, uint64_t *interval_ns) MUST_CHECK;
int copyout_itimerspec(uaddr_t at, uint64_t value_ns, uint64_t interval_ns) MUST_CHECK;

/* The timers of a process (itimer.c, timer_posix.c): made at first use, gone at exit; exec deletes
 * those of timer_create(). */
void itimers_exit(struct proc *p);
void itimers_exec(struct proc *p);
/* A thread of p runs: its CPU timers go on. */
void itimers_resume(struct proc *p);
/* Seconds since boot, load averages as 16.16 fixed point, for /proc. */
void load_average(uint32_t out[3]);

/* Read a timeout: absolute deadline out. 0 (NULL pointer: WAIT_FOREVER), -EFAULT, -EINVAL. */
int copyin_timeout(uaddr_t timespec, uint64_t *deadline_ns) MUST_CHECK;
/* The time itself. -EFAULT, -EINVAL: negative, or more than a second of ns. */
int copyin_time(uaddr_t at, uint64_t *ns) MUST_CHECK;

/* ---- the machine (init/sysinfo.c) ---- */
extern const char kernel_release[], kernel_version[];
const char *host_name(char *buf, size_t size);
const char *domain_name(char *buf, size_t size);
int host_name_set(const char *s, size_t len); /* -EINVAL: longer than 64 bytes */
int domain_name_set(const char *s, size_t len);
void machine_halt(int status);

#endif

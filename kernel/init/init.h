/*
 * init.h - boot, time and what the machine says about itself.
 *
 * The boot plan is text in K, one "key=value" per line (bytes below 0x20 in values as %XX):
 *   layer=<name>:<size>   in order, lowest first; number n is layer n
 *   hostdir=<path>        host folder number n is mounted there
 *   arg=<text>            argv of the boot command, one line each
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
/* After it returned, fire is not running and will not run. */
void timer_cancel(struct timer *t);
/* Event thread: run what is due; returns the next deadline. */
uint64_t timers_run(uint64_t now_ns);

/* itimers of a process: made at first use, gone at exit. */
void itimers_exit(struct proc *p);
/* Seconds since boot, load averages as 16.16 fixed point, for /proc. */
void load_average(uint32_t out[3]);

/* Read a timeout: absolute deadline out. 0 (NULL pointer: WAIT_FOREVER), -EFAULT, -EINVAL. */
int copyin_timeout(uaddr_t timespec, uint64_t *deadline_ns) MUST_CHECK;

/* ---- the machine (init/sysinfo.c) ---- */
extern const char kernel_release[], kernel_version[];
const char *host_name(char *buf, size_t size);
void machine_halt(int status);

#endif

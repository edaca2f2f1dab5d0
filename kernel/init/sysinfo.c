/*
 * sysinfo.c - what the machine says about itself, limits, randomness, and how it is halted.
 * Locks: name_lock (RANK_WAITQ) for the names that can be set; proc.lock for limits.
 */
#include "init/init.h"
#include "abi/program.h"
#include "abi/ring.h"
#include "host/host.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/lock.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "proc/internal.h"
#include "syscalls.h"

const char kernel_release[] = "6.12.0-pleat";
const char kernel_version[] = "#1 SMP Pleat 0.1.0";

static struct lock name_lock = LOCK_INIT(RANK_WAITQ);
static char hostname[65] = "pleat";    /* [name_lock] */
static char domainname[65] = "(none)"; /* [name_lock] of NIS, as Linux's uname shows it */

static const char *get_name(const char name[65], char *buf, size_t size)
{
	lock_acquire(&name_lock);
	str_copy(buf, name, size);
	lock_release(&name_lock);
	return buf;
}

const char *host_name(char *buf, size_t size)
{
	return get_name(hostname, buf, size);
}

const char *domain_name(char *buf, size_t size)
{
	return get_name(domainname, buf, size);
}

static int put_name(char out[65], const char *s, size_t len)
{
	if (len > 64)
		return -EINVAL;
	lock_acquire(&name_lock);
	memset(out, 0, 65);
	memcpy(out, s, len);
	lock_release(&name_lock);
	return 0;
}

int host_name_set(const char *s, size_t len)
{
	return put_name(hostname, s, len);
}

int domain_name_set(const char *s, size_t len)
{
	return put_name(domainname, s, len);
}

int sys_uname(uaddr_t buf)
{
	struct {
		char sysname[65], nodename[65], release[65], version[65], machine[65], domain[65];
	} u = {.sysname = "Linux", .machine = "wasm32"};

	host_name(u.nodename, sizeof(u.nodename));
	domain_name(u.domain, sizeof(u.domain));
	str_copy(u.release, kernel_release, sizeof(u.release));
	str_copy(u.version, kernel_version, sizeof(u.version));
	return copyout(buf, &u, sizeof(u));
}

static int set_name(char out[65], uaddr_t name, uint32_t len)
{
	char text[65] = {0};

	if (!cred_is_root(cred_self()))
		return -EPERM;
	if (len > 64)
		return -EINVAL;
	if (copyin(text, name, len))
		return -EFAULT;
	return put_name(out, text, len);
}

/* Both: -EPERM: not root; -EINVAL: longer than 64 bytes; -EFAULT. */
int sys_sethostname(uaddr_t name, uint32_t len)
{
	return set_name(hostname, name, len);
}

int sys_setdomainname(uaddr_t name, uint32_t len)
{
	return set_name(domainname, name, len);
}

int sys_sysinfo(uaddr_t info)
{
	struct {
		uint32_t uptime, loads[3], totalram, freeram, sharedram, bufferram, totalswap,
			freeswap;
		uint16_t procs, pad;
		uint32_t totalhigh, freehigh, unit;
		uint8_t reserved[256];
	} s = {.unit = 1024};
	struct machine_memory m;

	proc_machine_memory(&m);
	load_average(s.loads);
	s.uptime = (uint32_t)(arch_clock_ns() / 1000000000);
	s.totalram = (uint32_t)(m.total >> 10);
	s.freeram = (uint32_t)((m.total - m.used) >> 10);
	s.sharedram = (uint32_t)(m.shared >> 10);
	s.procs = (uint16_t)proc_count(NULL);
	return copyout(info, &s, sizeof(s));
}

/* ---- limits ---- */

int sys_prlimit64(int32_t pid, uint32_t which, uaddr_t unew, uaddr_t uold)
{
	struct proc *p = pid ? proc_find((uint32_t)pid) : proc_self();
	struct rlimit_k fresh = {0}, old;
	int err = 0;

	if (!p)
		return -ESRCH;
	if (which >= RLIMIT_COUNT)
		err = -EINVAL;
	else if (pid && p != proc_self())
		err = cred_is_root(cred_self()) ? 0 : signal_permission(p, 0);
	if (!err && unew && copyin(&fresh, unew, sizeof(fresh)))
		err = -EFAULT;
	if (!err && unew && fresh.cur > fresh.max)
		err = -EINVAL;
	if (!err) {
		lock_acquire(&p->lock);
		old = p->limits[which];
		if (unew && fresh.max > old.max && !cred_is_root(cred_self())) {
			err = -EPERM;
		} else if (unew) {
			/* Senders of signals read RLIMIT_SIGPENDING without this lock. */
			atomic_store(&p->limits[which].cur, fresh.cur);
			p->limits[which].max = fresh.max;
		}
		lock_release(&p->lock);
	}
	if (pid)
		proc_put(p);
	if (!err && uold)
		err = copyout(uold, &old, sizeof(old));
	return err;
}

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

int sys_getrusage(int32_t who, uaddr_t usage)
{
	struct thread *t = thread_self();
	struct {
		int32_t utime_sec, utime_usec, stime_sec, stime_usec;
		int32_t maxrss, rest[13];
	} u = {0};
	uint64_t ns, mapped, resident;

	if (who == RUSAGE_SELF)
		ns = proc_cpu_ns(t->proc);
	else if (who == RUSAGE_CHILDREN)
		ns = t->proc->child_cpu_ns;
	else if (who == RUSAGE_THREAD)
		ns = thread_cpu_ns(t);
	else
		return -EINVAL;
	mm_usage(t->proc->mm, &mapped, &resident);
	u.utime_sec = (int32_t)(ns / 1000000000);
	u.utime_usec = (int32_t)(ns / 1000 % 1000000);
	if (who != RUSAGE_CHILDREN)
		u.maxrss = (int32_t)(resident >> 10);
	return copyout(usage, &u, sizeof(u));
}

/* ---- randomness ---- */

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u

int sys_getrandom(uaddr_t buf, uint32_t len, uint32_t flags)
{
	uint8_t part[256];
	uint32_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (len > 0x7fffffff)
		len = 0x7fffffff;
	while (done < len) {
		uint32_t n = MIN(len - done, (uint32_t)sizeof(part));

		arch_random(part, n);
		if (copyout(buf + done, part, n))
			return done ? (int)done : -EFAULT;
		done += n;
	}
	return (int)done;
}

/* ---- prctl ---- */

#define PR_SET_PDEATHSIG 1u
#define PR_GET_PDEATHSIG 2u
#define PR_GET_DUMPABLE 3u
#define PR_SET_DUMPABLE 4u
#define PR_SET_NAME 15u
#define PR_GET_NAME 16u
#define PR_SET_NO_NEW_PRIVS 38u
#define PR_GET_NO_NEW_PRIVS 39u

int sys_prctl(uint32_t option, uaddr_t a, uaddr_t b, uaddr_t c, uaddr_t d)
{
	struct proc *p = proc_self();
	char name[16];

	(void)b, (void)c, (void)d;
	switch (option) {
	case PR_SET_NAME: {
		char text[16] = {0};
		ssize_t n = copyin_str(text, a, sizeof(text));

		if (n == -EFAULT)
			return -EFAULT;
		text[15] = 0;
		thread_set_name(p, thread_self(), text);
		return 0;
	}
	case PR_GET_NAME:
		thread_name(p, thread_self(), name);
		return copyout(a, name, sizeof(name));
	case PR_GET_DUMPABLE:
		return 0; /* there are no core files */
	default:
		return -EINVAL;
	}
}

/* ---- the end ---- */

void machine_halt(int status)
{
	klog(KLOG_INFO, "init: the machine stops with status %d", status);
	HOST_REQUEST(OP_HALT, (uint32_t)status);
}

/* PID 1 has nothing to return to: it waits for the host to end its Worker. */
NORETURN static int halt_wait(void)
{
	struct waker *self = waker_self();

	for (;;) {
		uint32_t seen = waitq_prepare(self);

		(void)!waitq_commit(self, seen, WAIT_FOREVER, WAIT_UNINTR, "halted");
	}
}

int sys_pleat_halt(int32_t status)
{
	if (!cred_is_root(cred_self()))
		return -EPERM;
	machine_halt(status & 0xff);
	return proc_self()->pid == 1 ? halt_wait() : 0;
}

#define LINUX_REBOOT_MAGIC1 0xfee1deadu
#define LINUX_REBOOT_MAGIC2 672274793u
#define LINUX_REBOOT_CMD_RESTART 0x01234567u
#define LINUX_REBOOT_CMD_HALT 0xcdef0123u
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedcu

int sys_reboot(uint32_t magic1, uint32_t magic2, uint32_t cmd, uaddr_t arg)
{
	(void)arg; /* only for RESTART2 */
	if (!cred_is_root(cred_self()))
		return -EPERM;
	if (magic1 != LINUX_REBOOT_MAGIC1 || magic2 != LINUX_REBOOT_MAGIC2)
		return -EINVAL;
	if (cmd != LINUX_REBOOT_CMD_HALT && cmd != LINUX_REBOOT_CMD_POWER_OFF)
		return -EINVAL; /* a restart is the page's button */
	return sys_pleat_halt(0);
}

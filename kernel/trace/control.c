/*
 * control.c - what a session is told, one setting a line:
 *
 *   attach PID, detach PID, all         which processes
 *   follow 0|1                          and children that they make from now on
 *   trace SET                           names, %classes, all, none; ! in front: all others
 *   signals 0|1, quiet 0|1              lines about signals; none about ends
 *   strsize N, paths 0|1, plain 0|1     how arguments look (struct trace_style)
 *   pids several|always|bare|never      the thread at a line's begin: [pid 5], or 5 (bare)
 *   times none|seconds|micro|epoch|relative
 *   zone SECONDS                        of these times, east of UTC
 *   spent 0|1, column N                 time in the call; where results begin
 *   format text|records                 see line.c
 *
 * Locks: trace_lock to change a session; proc.lock for the permission to attach.
 */
#include "trace/internal.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

/* ---- sets of calls ---- */

struct call_class {
	const char *name;
	const char *calls; /* blanks between; NULL: by the kinds of arguments */
};
static const struct call_class classes[] = {
	{"file", NULL},
	{"desc", NULL},
	{"process", "exit exit_group waitid wait4 clone execve execveat kill tkill tgkill "
		    "pleat_spawn pleat_vfork rt_sigqueueinfo pidfd_open pidfd_send_signal"},
	{"network", "socket socketpair bind listen accept accept4 connect getsockname getpeername "
		    "sendto recvfrom setsockopt getsockopt shutdown sendmsg recvmsg sendmmsg "
		    "recvmmsg recvmmsg_time64"},
	{"signal", "kill tkill tgkill sigaltstack rt_sigsuspend rt_sigaction rt_sigprocmask "
		   "rt_sigpending rt_sigtimedwait_time64 rt_sigqueueinfo rt_tgsigqueueinfo "
		   "rt_sigreturn signalfd4"},
	{"memory", "brk munmap mremap mmap2 mprotect msync mlock mlock2 munlock mlockall "
		   "munlockall madvise mincore memfd_create shmat shmdt"},
	{"ipc", "msgget msgctl msgrcv msgsnd semget semctl semop semtimedop_time64 shmget shmctl "
		"shmat shmdt mq_open mq_unlink mq_timedsend_time64 mq_timedreceive_time64 "
		"mq_notify mq_getsetattr"},
	{"creds", "getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid "
		  "getresuid setresgid getresgid setfsuid setfsgid getgroups setgroups capget "
		  "capset prctl"},
	{"clock", "clock_gettime64 clock_settime64 clock_getres_time64 clock_adjtime64"},
};

/* What people call them: names that other machines have a call for. */
static const struct {
	const char *name, *call;
} aliases[] = {{"open", "openat"}, {"creat", "openat"}, {"stat", "statx"}, {"lstat", "statx"},
	{"fstat", "statx"}, {"newfstatat", "statx"}, {"mmap", "mmap2"}, {"mkdir", "mkdirat"},
	{"rmdir", "unlinkat"}, {"unlink", "unlinkat"}, {"rename", "renameat2"}, {"link", "linkat"},
	{"symlink", "symlinkat"}, {"readlink", "readlinkat"}, {"chmod", "fchmodat"},
	{"chown", "fchownat"}, {"access", "faccessat"}, {"mknod", "mknodat"}, {"dup2", "dup3"},
	{"poll", "ppoll_time64"}, {"select", "pselect6_time64"}, {"lseek", "_llseek"},
	{"vfork", "pleat_vfork"}, {"fork", "pleat_vfork"}, {"posix_spawn", "pleat_spawn"},
	{"nanosleep", "clock_nanosleep_time64"}, {"gettimeofday", "clock_gettime64"},
	{"epoll_wait", "epoll_pwait"}, {"getdents", "getdents64"}};

struct word {
	const char *s;
	size_t len;
};

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.s, text, w.len) == 0;
}

/* The next word of *s, without what divides it. */
static struct word next(const char **s, const char *end, char divider)
{
	struct word w;

	while (*s < end && **s == divider)
		++*s;
	w.s = *s;
	while (*s < end && **s != divider)
		++*s;
	w.len = (size_t)(*s - w.s);
	return w;
}

static void set_bit(uint32_t *set, uint32_t row)
{
	set[row / 32] |= 1u << (row % 32);
}

/* openat; also fcntl for fcntl64, futex for futex_time64, pipe for pipe2. */
static bool row_is_called(uint32_t row, struct word name)
{
	static const char *const endings[] = {"", "64", "_time64", "2", "4", "6_time64"};
	const char *full = syscall_infos[row].name;

	if (strncmp(full, name.s, name.len) != 0)
		return false;
	for (uint32_t i = 0; i < ARRAY_LEN(endings); i++) {
		if (strcmp(full + name.len, endings[i]) == 0)
			return true;
	}
	return false;
}

static bool add_name(uint32_t *set, struct word name)
{
	bool found = false;

	for (uint32_t i = 0; i < ARRAY_LEN(syscall_infos); i++) {
		if (row_is_called(i, name)) {
			set_bit(set, i);
			found = true;
		}
	}
	for (uint32_t i = 0; i < ARRAY_LEN(aliases); i++) {
		struct word call = {aliases[i].call, strlen(aliases[i].call)};

		if (word_is(name, aliases[i].name))
			found |= add_name(set, call); /* a call's own name: no further alias */
	}
	return found;
}

static bool takes_kind(const struct syscall_info *info, uint8_t a, uint8_t b)
{
	for (uint32_t i = 0; i < info->nargs; i++) {
		if (info->args[i].kind == a || info->args[i].kind == b)
			return true;
	}
	return false;
}

static bool add_class(uint32_t *set, struct word name)
{
	for (uint32_t i = 0; i < ARRAY_LEN(classes); i++) {
		const char *s = classes[i].calls;
		bool file = i == 0;

		if (!word_is(name, classes[i].name))
			continue;
		for (uint32_t row = 0; !s && row < ARRAY_LEN(syscall_infos); row++) {
			const struct syscall_info *info = &syscall_infos[row];

			if (file ? takes_kind(info, SC_PATH, SC_PATH)
				 : takes_kind(info, SC_FD, SC_DIRFD) ||
						info->result == SC_RESULT_FD)
				set_bit(set, row);
		}
		while (s && *s) {
			struct word call = next(&s, s + strlen(s), ' ');

			(void)add_name(set, call); /* one that is not in the table is not made */
		}
		if (file)
			(void)add_name(set, (struct word){"pleat_spawn", 11});
		return true;
	}
	return false;
}

/* -EINVAL: a name that no call and no class has. */
static int parse_set(uint32_t set[TRACE_CALLS_MAX / 32], const char *s, const char *end)
{
	bool rest = s < end && *s == '!';

	memset(set, 0, TRACE_CALLS_MAX / 8);
	s += rest;
	while (s < end) {
		struct word w = next(&s, end, ',');

		if (w.len == 0 || word_is(w, "none"))
			continue;
		if (word_is(w, "all") || word_is(w, "1"))
			memset(set, 0xff, TRACE_CALLS_MAX / 8);
		else if (*w.s == '%' ? !add_class(set, (struct word){w.s + 1, w.len - 1})
				     : !add_name(set, w) && !add_class(set, w))
			return -EINVAL;
	}
	for (uint32_t i = 0; rest && i < TRACE_CALLS_MAX / 32; i++)
		set[i] = ~set[i];
	return 0;
}

/* ---- settings ---- */

static int choice(struct word w, const char *const *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (word_is(w, names[i]))
			return (int)i;
	}
	return -EINVAL;
}

static int attach(struct trace_session *s, uint32_t pid, bool on)
{
	struct proc *p = proc_find(pid);
	int err;

	if (!p)
		return -ESRCH;
	err = proc_private_check(p) ? -EPERM : 0;
	if (!err && on)
		err = trace_attach(s, p);
	else if (!err)
		trace_detach(s, p);
	proc_put(p);
	return err;
}

static int set_trace(struct trace_session *s, const char *from, const char *end)
{
	uint32_t set[TRACE_CALLS_MAX / 32];
	int err = parse_set(set, from, end);

	if (err)
		return err;
	lock_acquire(&trace_lock);
	memcpy(s->filter, set, sizeof(s->filter));
	lock_release(&trace_lock);
	return 0;
}

/* Settings that are a number; false: no such. trace_lock held. */
static bool set_number_locked(struct trace_session *s, struct word key, uint32_t n)
{
	if (word_is(key, "follow"))
		s->follow = n;
	else if (word_is(key, "signals"))
		s->signals = n;
	else if (word_is(key, "quiet"))
		s->style.quiet = n;
	else if (word_is(key, "strsize"))
		s->style.strsize = MIN(n, REC_TEXT_MAX / 4);
	else if (word_is(key, "paths"))
		s->style.paths = n;
	else if (word_is(key, "plain"))
		s->style.plain = n;
	else if (word_is(key, "spent"))
		s->layout.spent = n;
	else if (word_is(key, "column"))
		s->layout.column = MIN(n, 1000u);
	else
		return false;
	trace_settings_changed_locked();
	return true;
}

static int set_choice_locked(struct trace_session *s, struct word key, struct word value)
{
	static const char *const pids[] = {"several", "always", "bare", "never"};
	static const char *const times[] = {"none", "seconds", "micro", "epoch", "relative"};
	static const char *const formats[] = {"text", "records"};
	int n;

	if (word_is(key, "pids")) {
		n = choice(value, pids, ARRAY_LEN(pids));
		if (n >= 0)
			s->layout.pids = (enum trace_pids)n;
	} else if (word_is(key, "times")) {
		n = choice(value, times, ARRAY_LEN(times));
		if (n >= 0)
			s->layout.times = (enum trace_times)n;
	} else if (word_is(key, "format")) {
		n = choice(value, formats, ARRAY_LEN(formats));
		if (n >= 0)
			s->layout.records = n == 1;
	} else {
		return -EINVAL;
	}
	return n < 0 ? n : 0;
}

static int set_all(struct trace_session *s)
{
	if (!cred_is_root(cred_self()))
		return -EPERM;
	lock_acquire(&trace_lock);
	s->all = true;
	trace_settings_changed_locked();
	lock_release(&trace_lock);
	return 0;
}

static int set_zone(struct trace_session *s, struct word value)
{
	bool west = value.len > 0 && *value.s == '-';
	uint32_t n;

	if (!str_to_u32(value.s + west, value.s + value.len, &n) || n > 86400)
		return -EINVAL;
	lock_acquire(&trace_lock);
	s->layout.zone = west ? -(int32_t)n : (int32_t)n;
	lock_release(&trace_lock);
	return 0;
}

int trace_control(struct trace_session *s, const char *text, size_t len)
{
	const char *end = text + len, *at = text;
	struct word key = next(&at, end, ' '), value = next(&at, end, ' ');
	uint32_t n = 0;
	bool number = str_to_u32(value.s, value.s + value.len, &n);
	int err;

	if (word_is(key, "attach") || word_is(key, "detach"))
		return number ? attach(s, n, *key.s == 'a') : -EINVAL;
	if (word_is(key, "all"))
		return set_all(s);
	if (word_is(key, "trace"))
		return set_trace(s, value.s, value.s + value.len);
	if (word_is(key, "zone"))
		return set_zone(s, value);
	lock_acquire(&trace_lock);
	err = number && set_number_locked(s, key, n) ? 0 : set_choice_locked(s, key, value);
	lock_release(&trace_lock);
	return err;
}

/* ---- the host's session ---- */

#define HOST_RING (4u << 20)
static struct trace_session *host_session; /* [i] from boot on */

void trace_host_start(const char *spec)
{
	struct trace_session *s;
	int err = trace_open(&s, 0, HOST_RING);

	if (err) {
		klog(KLOG_ERROR, "strace: cannot begin (error %d)", -err);
		return;
	}
	s->host = true;
	if (*spec && set_trace(s, spec, spec + strlen(spec)))
		klog(KLOG_ERROR, "strace: what is %s? All calls are shown", spec);
	lock_acquire(&trace_lock);
	s->all = true;
	s->layout.pids = PIDS_ALWAYS;
	trace_settings_changed_locked();
	lock_release(&trace_lock);
	host_session = s;
}

size_t trace_host_read(char *buf, size_t n)
{
	bool ended;

	return host_session ? trace_read(host_session, buf, n, &ended) : 0;
}

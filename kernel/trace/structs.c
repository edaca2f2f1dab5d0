/*
 * structs.c - what pointers of the table lead to, by the type's name in syscalls.tbl.
 * A type without a row here is shown as its address. Layouts are abi/'s.
 */
#include "trace/internal.h"
#include "abi/termios.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/uaccess.h"

typedef struct decode_context ctx; /* for the table's sake: each row is one function */

static bool fetch(ctx *c, void *dst, uint32_t at, size_t n)
{
	if (at && !c->style->plain && !copyin(dst, at, n))
		return true;
	text_add(c->o, at ? "0x%x" : "NULL", at);
	return false;
}

/* ---- time ---- */

static void show_timespec(struct proc_text *o, const struct abi_timespec *t)
{
	if (t->nsec == UTIME_NOW || t->nsec == UTIME_OMIT)
		text_add(o, t->nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
	else
		text_add(o, "{tv_sec=%lld, tv_nsec=%d}", (long long)t->sec, t->nsec);
}

static void d_timespec(ctx *c, uint32_t at)
{
	struct abi_timespec t;

	if (fetch(c, &t, at, sizeof(t)))
		show_timespec(c->o, &t);
}

static void d_timespecs(ctx *c, uint32_t at)
{
	struct abi_timespec t[2];

	if (!fetch(c, t, at, sizeof(t)))
		return;
	text_add(c->o, "[");
	show_timespec(c->o, &t[0]);
	text_add(c->o, ", ");
	show_timespec(c->o, &t[1]);
	text_add(c->o, "]");
}

static void d_itimerspec(ctx *c, uint32_t at)
{
	struct abi_timespec t[2];

	if (!fetch(c, t, at, sizeof(t)))
		return;
	text_add(c->o, "{it_interval=");
	show_timespec(c->o, &t[0]);
	text_add(c->o, ", it_value=");
	show_timespec(c->o, &t[1]);
	text_add(c->o, "}");
}

static void d_itimerval(ctx *c, uint32_t at)
{
	int32_t t[4]; /* the call has no time64 variant */

	if (fetch(c, t, at, sizeof(t)))
		text_add(c->o,
			"{it_interval={tv_sec=%d, tv_usec=%d}, it_value={tv_sec=%d, tv_usec=%d}}",
			t[0], t[1], t[2], t[3]);
}

static void d_tms(ctx *c, uint32_t at)
{
	uint32_t t[4];

	if (fetch(c, t, at, sizeof(t)))
		text_add(c->o, "{tms_utime=%u, tms_stime=%u, tms_cutime=%u, tms_cstime=%u}", t[0],
			t[1], t[2], t[3]);
}

/* ---- signals ---- */

static void d_sigset(ctx *c, uint32_t at)
{
	uint64_t set;

	if (fetch(c, &set, at, sizeof(set)))
		sigset_text(c->o, set);
}

static void d_sigaction(ctx *c, uint32_t at)
{
	struct abi_sigaction a;

	if (!fetch(c, &a, at, sizeof(a)))
		return;
	if (a.handler == SIG_DFL_K || a.handler == SIG_IGN_K)
		text_add(c->o, "{sa_handler=%s", a.handler ? "SIG_IGN" : "SIG_DFL");
	else
		text_add(c->o, "{%s=0x%x", a.flags & SA_SIGINFO ? "sa_sigaction" : "sa_handler",
			a.handler);
	text_add(c->o, ", sa_mask=");
	sigset_text(c->o, (uint64_t)a.mask[1] << 32 | a.mask[0]);
	text_add(c->o, ", sa_flags=");
	set_text_named(c->o, "SA", a.flags);
	text_add(c->o, "}");
}

void decode_siginfo(struct proc_text *o, const struct abi_siginfo *i)
{
	bool fault = i->signo == SIGSEGV || i->signo == SIGBUS || i->signo == SIGILL ||
		     i->signo == SIGFPE;

	text_add(o, "{si_signo=");
	signal_text(o, i->signo);
	text_add(o, ", si_code=");
	set_text_named(o, i->signo == SIGCHLD && i->code > 0 && i->code != SI_KERNEL ? "CLD" : "SI",
		(uint32_t)i->code);
	if (i->signo == SIGCHLD && i->code > 0 && i->code != SI_KERNEL) {
		text_add(o, ", si_pid=%d, si_uid=%u, si_status=", i->u.kill.pid, i->u.kill.uid);
		if (i->code == CLD_EXITED)
			text_add(o, "%d", i->u.kill.value);
		else
			signal_text(o, i->u.kill.value);
		text_add(o, ", si_utime=%u, si_stime=%u", i->u.kill.utime, i->u.kill.stime);
	} else if (i->code == SI_TIMER) {
		text_add(o, ", si_timerid=%d, si_overrun=%d", i->u.timer.timerid,
			i->u.timer.overrun);
	} else if (i->code == SI_QUEUE) {
		text_add(o, ", si_pid=%d, si_uid=%u, si_int=%d", i->u.kill.pid, i->u.kill.uid,
			i->u.kill.value);
	} else if (i->code == SI_USER || i->code == SI_TKILL) {
		text_add(o, ", si_pid=%d, si_uid=%u", i->u.kill.pid, i->u.kill.uid);
	} else if (fault && i->code != SI_KERNEL) {
		text_add(o, ", si_addr=0x%x", i->u.fault.addr);
	}
	text_add(o, "}");
}

static void d_siginfo(ctx *c, uint32_t at)
{
	struct abi_siginfo info;

	if (!fetch(c, &info, at, sizeof(info)))
		return;
	if (info.signo)
		decode_siginfo(c->o, &info);
	else
		text_add(c->o, "{}");
}

static void d_stack(ctx *c, uint32_t at)
{
	struct abi_stack s;

	if (!fetch(c, &s, at, sizeof(s)))
		return;
	text_add(c->o, s.sp ? "{ss_sp=0x%x, ss_flags=" : "{ss_sp=NULL, ss_flags=", s.sp);
	set_text_named(c->o, "SS", (uint32_t)s.flags);
	text_add(c->o, ", ss_size=%u}", s.size);
}

static void d_wstatus(ctx *c, uint32_t at)
{
	uint32_t s;

	if (!c->result) { /* WNOHANG, and nothing to tell */
		text_add(c->o, at ? "0x%x" : "NULL", at);
		return;
	}
	if (!fetch(c, &s, at, sizeof(s)))
		return;
	if ((s & 0x7f) == 0) {
		text_add(c->o, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", s >> 8 & 0xff);
	} else if ((s & 0xff) == 0x7f) {
		text_add(c->o, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		signal_text(c->o, (int)(s >> 8 & 0xff));
		text_add(c->o, "}]");
	} else if (s == 0xffff) {
		text_add(c->o, "[{WIFCONTINUED(s)}]");
	} else {
		text_add(c->o, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		signal_text(c->o, (int)(s & 0x7f));
		text_add(c->o, "%s}]", s & 0x80 ? " && WCOREDUMP(s)" : "");
	}
}

/* ---- resources ---- */

static void limit(struct proc_text *o, uint64_t v)
{
	if (v == UINT64_MAX)
		text_add(o, "RLIM64_INFINITY");
	else if (v > 1024 && v % 1024 == 0)
		text_add(o, "%llu*1024", (unsigned long long)(v / 1024));
	else
		text_add(o, "%llu", (unsigned long long)v);
}

static void d_rlimit(ctx *c, uint32_t at)
{
	uint64_t v[2];

	if (!fetch(c, v, at, sizeof(v)))
		return;
	text_add(c->o, "{rlim_cur=");
	limit(c->o, v[0]);
	text_add(c->o, ", rlim_max=");
	limit(c->o, v[1]);
	text_add(c->o, "}");
}

static void d_rusage(ctx *c, uint32_t at)
{
	int32_t t[4];

	if (fetch(c, t, at, sizeof(t)))
		text_add(c->o,
			"{ru_utime={tv_sec=%d, tv_usec=%d}, ru_stime={tv_sec=%d, tv_usec=%d}, ...}",
			t[0], t[1], t[2], t[3]);
}

static void d_sysinfo(ctx *c, uint32_t at)
{
	uint32_t v[6];

	if (fetch(c, v, at, sizeof(v)))
		text_add(c->o, "{uptime=%u, loads=[%u, %u, %u], totalram=%u, freeram=%u, ...}",
			v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void d_utsname(ctx *c, uint32_t at)
{
	char names[2][65];

	if (!fetch(c, names, at, sizeof(names)))
		return;
	text_add(c->o, "{sysname=");
	quote(c->o, names[0], strnlen(names[0], 65), false);
	text_add(c->o, ", nodename=");
	quote(c->o, names[1], strnlen(names[1], 65), false);
	text_add(c->o, ", ...}");
}

/* ---- files ---- */

static void mode(struct proc_text *o, uint32_t m)
{
	if (m & S_IFMT) {
		set_text_named(o, "IFMT", m & S_IFMT);
		text_add(o, "|");
	}
	text_add(o, "0%03o", m & 07777);
}

static void d_statx(ctx *c, uint32_t at)
{
	struct abi_statx s;

	if (!fetch(c, &s, at, sizeof(s)))
		return;
	text_add(c->o, "{stx_mask=");
	set_text_named(c->o, "STATX", s.mask);
	text_add(c->o, ", stx_mode=");
	mode(c->o, s.mode);
	if (S_ISCHR(s.mode) || S_ISBLK(s.mode))
		text_add(c->o, ", stx_rdev_major=0x%x, stx_rdev_minor=0x%x, ...}", s.rdev_major,
			s.rdev_minor);
	else
		text_add(c->o, ", stx_size=%llu, ...}", (unsigned long long)s.size);
}

static void d_statfs(ctx *c, uint32_t at)
{
	struct abi_statfs s;

	if (fetch(c, &s, at, sizeof(s)))
		text_add(c->o,
			"{f_type=0x%x, f_bsize=%u, f_blocks=%llu, f_bfree=%llu, f_bavail=%llu, "
			"...}",
			s.type, s.bsize, (unsigned long long)s.blocks, (unsigned long long)s.bfree,
			(unsigned long long)s.bavail);
}

static void d_flock(ctx *c, uint32_t at)
{
	struct abi_flock f;

	if (!fetch(c, &f, at, sizeof(f)))
		return;
	text_add(c->o, "{l_type=");
	set_text_named(c->o, "FLCK", (uint32_t)f.l_type);
	text_add(c->o, ", l_whence=");
	set_text_named(c->o, "SEEK", (uint32_t)f.l_whence);
	text_add(c->o, ", l_start=%lld, l_len=%lld}", (long long)f.l_start, (long long)f.l_len);
}

static void d_dirents(ctx *c, uint32_t at)
{
	uint32_t n = 0, done = 0;
	struct abi_dirent64 d;

	while (done < (uint32_t)c->result && !copyin(&d, at + done, sizeof(d)) && d.reclen) {
		done += d.reclen;
		n++;
	}
	text_add(c->o, "0x%x /* %u entries */", at, n);
}

static void d_winsize(ctx *c, uint32_t at)
{
	struct abi_winsize w;

	if (fetch(c, &w, at, sizeof(w)))
		text_add(c->o, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", w.row, w.col,
			w.xpixel, w.ypixel);
}

static void d_termios(ctx *c, uint32_t at)
{
	struct abi_termios t;

	if (fetch(c, &t, at, sizeof(t)))
		text_add(c->o, "{c_iflag=0x%x, c_oflag=0x%x, c_cflag=0x%x, c_lflag=0x%x, ...}",
			t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
}

/* ---- numbers and pairs ---- */

static void d_u32(ctx *c, uint32_t at)
{
	uint32_t v;

	if (fetch(c, &v, at, sizeof(v)))
		text_add(c->o, "[%u]", v);
}

static void d_s32(ctx *c, uint32_t at)
{
	int32_t v;

	if (fetch(c, &v, at, sizeof(v)))
		text_add(c->o, "[%d]", v);
}

static void d_off(ctx *c, uint32_t at)
{
	int64_t v;

	if (fetch(c, &v, at, sizeof(v)))
		text_add(c->o, "[%lld]", (long long)v);
}

static void d_fds(ctx *c, uint32_t at)
{
	int32_t fd[2];

	if (!fetch(c, fd, at, sizeof(fd)))
		return;
	text_add(c->o, "[");
	decode_fd(c, fd[0]);
	text_add(c->o, ", ");
	decode_fd(c, fd[1]);
	text_add(c->o, "]");
}

/* ---- strings of exec ---- */

static void strings(ctx *c, uint32_t at, bool only_count)
{
	uint32_t n = 0, s;

	if (!at) {
		text_add(c->o, "NULL");
		return;
	}
	text_add(c->o, only_count ? "0x%x" : "[", at);
	while (n < 1024 && !copyin(&s, at + 4 * n, sizeof(s)) && s) {
		if (!only_count && n < 32) {
			text_add(c->o, n ? ", " : "");
			decode_string(c, s, false);
		}
		n++;
	}
	if (only_count)
		text_add(c->o, " /* %u var%s */", n, n == 1 ? "" : "s");
	else
		text_add(c->o, n > 32 ? ", ...]" : "]");
}

static void d_strings(ctx *c, uint32_t at)
{
	strings(c, at, c->info && strcmp(c->info->args[c->arg].name, "envp") == 0);
}

static void d_spawn(ctx *c, uint32_t at)
{
	struct pleat_spawn s;

	if (!fetch(c, &s, at, sizeof(s)))
		return;
	text_add(c->o, "{path=");
	decode_string(c, s.path, true);
	text_add(c->o, ", argv=");
	strings(c, s.argv, false);
	text_add(c->o, ", envp=");
	strings(c, s.envp, true);
	if (s.nactions)
		text_add(c->o, ", actions=%u", s.nactions);
	if (s.flags) {
		text_add(c->o, ", flags=");
		set_text_named(c->o, "SPAWN", s.flags);
	}
	text_add(c->o, "}");
}

/* ---- iovec ---- */

static void d_iovec(ctx *c, uint32_t at)
{
	uint32_t count = c->call->args[c->info->args[c->arg].word + 1];

	decode_iovec(c, at, count, c->leaving ? (size_t)MAX(c->result, 0) : SIZE_MAX);
}

static const struct {
	const char *type;
	void (*show)(ctx *c, uint32_t at);
} rows[] = {
	{"dirents", d_dirents},
	{"fd[2]", d_fds},
	{"flock", d_flock},
	{"iovec", d_iovec},
	{"itimerspec", d_itimerspec},
	{"itimerval", d_itimerval},
	{"int", d_s32},
	{"off", d_off},
	{"rlimit", d_rlimit},
	{"rusage", d_rusage},
	{"s32", d_s32},
	{"sigaction", d_sigaction},
	{"siginfo", d_siginfo},
	{"sigset", d_sigset},
	{"spawn", d_spawn},
	{"stack", d_stack},
	{"statfs", d_statfs},
	{"statx", d_statx},
	{"str*", d_strings},
	{"sysinfo", d_sysinfo},
	{"termios", d_termios},
	{"timespec", d_timespec},
	{"timespec[2]", d_timespecs},
	{"tms", d_tms},
	{"u32", d_u32},
	{"utsname", d_utsname},
	{"winsize", d_winsize},
	{"wstatus", d_wstatus},
};

void decode_pointer(struct decode_context *c, const char *type, uint32_t at)
{
	/* What the call was to fill in and did not is no use. */
	if (c->leaving && c->result < 0 && (c->info->args[c->arg].flags & SC_WRITTEN)) {
		text_add(c->o, at ? "0x%x" : "NULL", at);
		return;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].type, type) == 0) {
			rows[i].show(c, at);
			return;
		}
	}
	if (!decode_net_pointer(c, type, at))
		text_add(c->o, at ? "0x%x" : "NULL", at);
}

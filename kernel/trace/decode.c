/*
 * decode.c - a call as text: its name, its arguments by kind, its result.
 * Spec: the output of strace(1) 6 where both know a call.
 * Locks: none. Reads the calling thread's memory, so no lock above RANK_MM may be held.
 */
#include "trace/internal.h"
#include "lib/str.h"
#include "proc/proc.h"

int syscall_row(uint32_t nr)
{
	uint32_t low = 0, high = ARRAY_LEN(syscall_infos);

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (syscall_infos[mid].nr == nr)
			return (int)mid;
		if (syscall_infos[mid].nr < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

const char *syscall_shown_name(uint32_t nr)
{
	int row = syscall_row(nr);

	if (row < 0)
		return "?";
	return strcmp(syscall_infos[row].name, "pleat_vfork") == 0 ? "vfork"
								   : syscall_infos[row].name;
}

static uint32_t word(const struct decode_context *c)
{
	return c->call->args[c->info->args[c->arg].word];
}

/* The value of the argument called `name`, 0 if there is none. */
static uint32_t argument(const struct decode_context *c, const char *name)
{
	for (uint32_t i = 0; i < c->info->nargs; i++) {
		if (strcmp(c->info->args[i].name, name) == 0)
			return c->call->args[c->info->args[i].word];
	}
	return 0;
}

static bool call_is(const struct decode_context *c, const char *name)
{
	return strcmp(c->info->name, name) == 0;
}

/* ---- arguments whose meaning another one decides ---- */

#define FUTEX_COMMAND 0x7fu
enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10
};

/* How many arguments the call really has. */
static uint32_t shown_args(const struct decode_context *c)
{
	uint32_t n = c->info->nargs, cmd;

	if (call_is(c, "openat"))
		return argument(c, "flags") & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? n : n - 1;
	if (call_is(c, "fcntl64")) {
		cmd = argument(c, "cmd");
		return cmd == F_GETFD || cmd == F_GETFL || cmd == F_GETOWN || cmd == F_GETPIPE_SZ ||
				       cmd == F_GET_SEALS
			       ? n - 1
			       : n;
	}
	if (call_is(c, "futex_time64")) {
		switch (argument(c, "op") & FUTEX_COMMAND) {
		case FUTEX_WAIT:
			return MIN(n, 4u);
		case FUTEX_WAKE:
			return MIN(n, 3u);
		case FUTEX_REQUEUE:
			return MIN(n, 5u);
		}
	}
	return n;
}

static void fcntl_argument(struct decode_context *c)
{
	switch (argument(c, "cmd")) {
	case F_SETFD:
		set_text_named(c->o, "FD", word(c));
		break;
	case F_SETFL:
		set_text_named(c->o, "O", word(c));
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK64:
	case F_SETLK64:
	case F_SETLKW64:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		decode_pointer(c, "flock", word(c));
		break;
	default:
		text_add(c->o, "%d", (int)word(c));
	}
}

/* What did not happen has filled in nothing. */
static bool failed(const struct decode_context *c)
{
	if (!c->leaving || c->result >= 0)
		return false;
	text_add(c->o, word(c) ? "0x%x" : "NULL", word(c));
	return true;
}

static void ioctl_argument(struct decode_context *c)
{
	if (failed(c))
		return;
	switch (argument(c, "cmd")) {
	case 0x5401: /* TCGETS … TCSETSF */
	case 0x5402:
	case 0x5403:
	case 0x5404:
		decode_pointer(c, "termios", word(c));
		break;
	case 0x5413:
	case 0x5414:
		decode_pointer(c, "winsize", word(c));
		break;
	case 0x540f: /* TIOCGPGRP, TIOCSPGRP, FIONREAD, FIONBIO, TIOCGSID, TIOCOUTQ, TIOCGPTN */
	case 0x5410:
	case 0x541b:
	case 0x5421:
	case 0x5429:
	case 0x5411:
	case 0x80045430:
	case 0x40045431:
		decode_pointer(c, "s32", word(c));
		break;
	default:
		text_add(c->o, word(c) ? "0x%x" : "%x", word(c));
	}
}

static bool is_option_call(const struct decode_context *c)
{
	return call_is(c, "setsockopt") || call_is(c, "getsockopt");
}

/* Most options are a number. */
static bool option_argument(struct decode_context *c, const struct syscall_arg_info *a)
{
	uint32_t level = argument(c, "level"), len = argument(c, "len");

	if (strcmp(a->name, "level") == 0)
		set_text_named(c->o, "SOL", word(c));
	else if (strcmp(a->name, "name") == 0 && (level == 1 || level == 6))
		set_text_named(c->o, level == 6 ? "TCP" : "SO", word(c));
	else if (strcmp(a->name, "value") == 0 && len == 4 && call_is(c, "setsockopt"))
		decode_pointer(c, "s32", word(c));
	else
		return false;
	return true;
}

/* True: it was one of these and is written. */
static bool special_argument(struct decode_context *c, const struct syscall_arg_info *a)
{
	bool is_futex = call_is(c, "futex_time64");
	uint32_t op = argument(c, "op") & FUTEX_COMMAND;

	if (call_is(c, "fcntl64") && strcmp(a->name, "arg") == 0)
		fcntl_argument(c);
	else if (call_is(c, "ioctl") && strcmp(a->name, "arg") == 0)
		ioctl_argument(c);
	else if (is_futex && strcmp(a->name, "timeout") == 0 &&
		 (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET))
		decode_pointer(c, "timespec", word(c));
	else if (is_futex && strcmp(a->name, "timeout") == 0 && op != FUTEX_WAKE_BITSET)
		text_add(c->o, "%u", word(c)); /* a second count */
	else if (strcmp(a->name, "status") == 0 && a->kind == SC_PTR)
		decode_pointer(c, "wstatus", word(c));
	else if (is_option_call(c))
		return option_argument(c, a);
	else
		return false;
	return true;
}

/* ---- arguments by kind ---- */

static size_t buffer_length(const struct decode_context *c, const struct syscall_arg_info *a)
{
	if (a->length == SC_LENGTH_RESULT)
		return c->result > 0 ? (size_t)c->result : 0;
	if (a->length == SC_LENGTH_NONE)
		return 0;
	return c->call->args[c->info->args[a->length].word];
}

static void buffer_argument(struct decode_context *c, const struct syscall_arg_info *a)
{
	size_t n = buffer_length(c, a);

	if (a->length == SC_LENGTH_NONE)
		text_add(c->o, word(c) ? "0x%x" : "NULL", word(c));
	else if (c->leaving && c->result >= 0 && call_is(c, "getdents64"))
		decode_pointer(c, "dirents", word(c));
	else
		decode_buffer(c, word(c), n);
}

static void number_argument(struct decode_context *c, const struct syscall_arg_info *a)
{
	const struct name_set *set = a->type[0] ? set_find(a->type) : NULL;

	if (set)
		set_text(c->o, set, word(c));
	else if (a->kind == SC_FLAGS)
		text_add(c->o, word(c) ? "0x%x" : "%x", word(c));
	else if (a->kind == SC_U32 || a->kind == SC_SIZE)
		text_add(c->o, word(c) > 0xfffff000u ? "-%u" : "%u",
			word(c) > 0xfffff000u ? -word(c) : word(c));
	else
		text_add(c->o, "%d", (int)word(c));
}

static void one_argument(struct decode_context *c)
{
	const struct syscall_arg_info *a = &c->info->args[c->arg];

	if (special_argument(c, a))
		return;
	switch (a->kind) {
	case SC_FD:
	case SC_DIRFD:
		decode_fd(c, (int)word(c));
		break;
	case SC_MODE:
		text_add(c->o, word(c) ? "0%o" : "%o", word(c));
		break;
	case SC_UID:
		text_add(c->o, word(c) == ~0u ? "%d" : "%u", word(c));
		break;
	case SC_SIG:
		signal_text(c->o, (int)word(c));
		break;
	case SC_STR:
	case SC_PATH:
		decode_string(c, word(c), a->kind == SC_PATH);
		break;
	case SC_BUF:
	case SC_OUT:
		buffer_argument(c, a);
		break;
	case SC_PTR:
		decode_pointer(c, a->type, word(c));
		break;
	case SC_ADDR:
		text_add(c->o, word(c) ? "0x%x" : "NULL", word(c));
		break;
	case SC_OFF:
		text_add(c->o, "%lld",
			(long long)((uint64_t)c->call->args[a->word + 1] << 32 | word(c)));
		break;
	default:
		number_argument(c, a);
	}
}

/* Filled in by the call: shown when it has returned. */
static bool waits_for_result(const struct decode_context *c)
{
	const struct syscall_arg_info *a = &c->info->args[c->arg];

	if ((a->flags & SC_WRITTEN) || a->kind == SC_OUT)
		return true;
	if (a->kind == SC_PTR && strcmp(a->type, "iovec") == 0)
		return call_is(c, "readv") || call_is(c, "preadv") || call_is(c, "preadv2");
	if (call_is(c, "recvmsg"))
		return a->kind == SC_PTR;
	return (call_is(c, "ioctl") || call_is(c, "fcntl64")) && strcmp(a->name, "arg") == 0;
}

/* Arguments from c->arg on; while !leaving, up to the first that waits. */
static void arguments(struct decode_context *c)
{
	uint32_t n = shown_args(c);

	for (; c->arg < n; c->arg++) {
		if (!c->leaving && waits_for_result(c))
			return;
		one_argument(c);
		if (c->arg + 1 < n)
			text_add(c->o, ", ");
	}
}

void decode_enter(
	struct proc_text *o, const struct trace_call *call, const struct trace_style *style)
{
	struct decode_context c = {.o = o,
		.call = call,
		.style = style,
		.info = &syscall_infos[syscall_row(call->nr)]};

	text_add(o, "%s(", syscall_shown_name(call->nr));
	arguments(&c);
}

void decode_leave(struct proc_text *o, const struct trace_call *call,
	const struct trace_style *style, int result)
{
	struct decode_context c = {.o = o,
		.call = call,
		.style = style,
		.info = &syscall_infos[syscall_row(call->nr)],
		.result = result,
		.leaving = true};
	uint32_t n = shown_args(&c);

	while (c.arg < n && !waits_for_result(&c))
		c.arg++;
	arguments(&c);
	text_add(o, ")%c", COLUMN_MARK);
	if (call_is(&c, "fcntl64") && result >= 0 && argument(&c, "cmd") == F_GETFL) {
		text_add(o, "= 0x%x (flags ", (uint32_t)result);
		set_text_named(o, "O", (uint32_t)result);
		text_add(o, ")");
	} else if (call_is(&c, "fcntl64") && result > 0 && argument(&c, "cmd") == F_GETFD) {
		text_add(o, "= 0x%x (flags ", (uint32_t)result);
		set_text_named(o, "FD", (uint32_t)result);
		text_add(o, ")");
	} else if (call_is(&c, "fcntl64") && result >= 0 &&
		   (argument(&c, "cmd") == F_DUPFD || argument(&c, "cmd") == F_DUPFD_CLOEXEC)) {
		decode_result(o, SC_RESULT_FD, style, result);
	} else {
		decode_result(o, c.info->result, style, result);
	}
}

/* ---- results ---- */

static const struct {
	int code;
	const char *text;
} restarts[] = {{PLEAT_ERESTARTSYS, "ERESTARTSYS (To be restarted if SA_RESTART is set)"},
	{PLEAT_ERESTARTNOHAND, "ERESTARTNOHAND (To be restarted if no handler)"},
	{PLEAT_ERESTARTBLOCK, "ERESTART_RESTARTBLOCK (Interrupted by signal)"}};

void decode_result(struct proc_text *o, uint32_t kind, const struct trace_style *style, int result)
{
	struct decode_context c = {.o = o, .style = style, .leaving = true};

	for (uint32_t i = 0; i < ARRAY_LEN(restarts); i++) {
		if (result == -restarts[i].code && kind != SC_RESULT_ADDR) {
			text_add(o, "= ? %s", restarts[i].text);
			return;
		}
	}
	if (result < 0 && result >= -4095 && errno_name(-result)) {
		text_add(o, "= -1 %s (%s)", errno_name(-result), errno_text(-result));
		return;
	}
	text_add(o, "= ");
	if (kind == SC_RESULT_FD)
		decode_fd(&c, result);
	else if (kind == SC_RESULT_ADDR)
		text_add(o, result ? "0x%x" : "NULL", (uint32_t)result);
	else
		text_add(o, "%d", result);
}

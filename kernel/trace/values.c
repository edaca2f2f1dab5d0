/*
 * values.c - numbers as strace(1) names them: sets of flags, signals, text in quotes.
 * Spec: Linux's generic values (abi/ has those that the kernel itself uses).
 * Locks: none; the tables are fixed.
 */
#include "trace/values.h"
#include "lib/str.h"

/* ---- sets ---- */

const struct name_set *set_find(const char *name)
{
	for (uint32_t i = 0; i < name_sets_count; i++) {
		if (strcmp(name_sets[i].name, name) == 0)
			return &name_sets[i];
	}
	return NULL;
}

static const char *value_name(const struct name_set *set, uint32_t value)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->values[i].value == value)
			return set->values[i].name;
	}
	return NULL;
}

/* The part of the value that is a number, then single bits, then what is left in hex. */
static void bits_text(struct proc_text *o, const struct name_set *set, uint32_t value)
{
	uint32_t number = value & set->mask, left = value & ~set->mask;
	const char *name = set->mask || !value ? value_name(set, number) : NULL;
	bool any = false;

	if (name) {
		text_add(o, "%s", name);
		any = true;
	} else if (number) {
		left |= number;
	}
	for (uint32_t i = 0; i < set->count && left; i++) {
		uint32_t bits = set->values[i].value;

		if (!bits || !(bits & ~set->mask) || (left & bits) != bits)
			continue;
		text_add(o, "%s%s", any ? "|" : "", set->values[i].name);
		left &= ~bits;
		any = true;
	}
	if (left)
		text_add(o, "%s0x%x", any ? "|" : "", left);
	else if (!any)
		text_add(o, "0");
}

void set_text(struct proc_text *o, const struct name_set *set, uint32_t value)
{
	const char *name;

	if (set->bits) {
		bits_text(o, set, value);
		return;
	}
	name = value_name(set, value);
	if (name)
		text_add(o, "%s", name);
	else
		text_add(o, "0x%x /* %s_??? */", value, set->prefix);
}

void set_text_named(struct proc_text *o, const char *name, uint32_t value)
{
	const struct name_set *set = set_find(name);

	if (set)
		set_text(o, set, value);
	else
		text_add(o, value ? "0x%x" : "%x", value);
}

/* ---- signals ---- */

static const char *const signals[] = {"0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP",
	"SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE",
	"SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN",
	"SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",
	"SIGPWR", "SIGSYS"};

void signal_text(struct proc_text *o, int signo)
{
	if (signo >= 0 && signo < (int)ARRAY_LEN(signals))
		text_add(o, "%s", signals[signo]);
	else if (signo >= SIGRTMIN_K && signo < SIG_COUNT)
		text_add(o, signo == SIGRTMIN_K ? "SIGRTMIN" : "SIGRT_%d", signo - SIGRTMIN_K);
	else
		text_add(o, "%d", signo);
}

static void sigset_name(struct proc_text *o, int signo)
{
	if (signo < (int)ARRAY_LEN(signals))
		text_add(o, "%s", signals[signo] + 3);
	else
		text_add(o, signo == SIGRTMIN_K ? "RTMIN" : "RT_%d", signo - SIGRTMIN_K);
}

/* [INT CHLD]; more than half of all: ~[KILL STOP]. */
void sigset_text(struct proc_text *o, uint64_t set)
{
	bool inverted = __builtin_popcountll(set) > 32, any = false;

	if (inverted) {
		text_add(o, "~");
		set = ~set;
	}
	text_add(o, "[");
	for (int i = 1; i < SIG_COUNT; i++) {
		if (!(set & SIGBIT(i)))
			continue;
		text_add(o, any ? " " : "");
		sigset_name(o, i);
		any = true;
	}
	text_add(o, "]");
}

/* ---- text in quotes ---- */

static const char *escape(char c)
{
	switch (c) {
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	case '\v':
		return "\\v";
	case '\f':
		return "\\f";
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	}
	return NULL;
}

/* C's escapes, as few digits as the next character allows. */
void quote(struct proc_text *o, const char *s, size_t n, bool more)
{
	text_bytes(o, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];
		const char *e = escape(s[i]);
		bool digit = i + 1 < n && s[i + 1] >= '0' && s[i + 1] <= '7';

		if (e)
			text_bytes(o, e, 2);
		else if (c >= 0x20 && c < 0x7f)
			text_bytes(o, s + i, 1);
		else
			text_add(o, digit ? "\\%03o" : "\\%o", c);
	}
	text_bytes(o, "\"...", more ? 4 : 1);
}

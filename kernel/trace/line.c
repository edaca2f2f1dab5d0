/*
 * line.c - records as lines. Two forms:
 *
 * text     as strace(1) prints them. A call that has not returned when another thread's record
 *          comes ends with "<unfinished ...>" and goes on with "<... name resumed>".
 * records  for programs, tabs between the fields and a newline after the text:
 *          kind  ns since boot  pid  tid  call  result  ns spent  of them asleep  text
 *          kind is > (entry) < (return) = (a whole line) . (end) ! (lost; result: how many)
 *
 * Locks: the session's read_lock is held. Times: UTC, or the zone that the reader has set.
 */
#include "trace/internal.h"
#include "arch/arch.h"
#include "lib/klog.h"
#include "lib/str.h"

static void add(struct trace_session *s, const char *text, size_t n)
{
	text_bytes(&s->out, text, n);
	for (size_t i = 0; i < n; i++)
		s->line.column = text[i] == '\n' ? 0 : s->line.column + 1;
}

static void add_str(struct trace_session *s, const char *text)
{
	add(s, text, strlen(text));
}

/* COLUMN_MARK: up to the column of results, at least one blank. */
static void add_marked(struct trace_session *s, const char *text, size_t n)
{
	const char *mark = n ? memchr(text, COLUMN_MARK, n) : NULL;

	if (!mark) {
		add(s, text, n);
		return;
	}
	add(s, text, (size_t)(mark - text));
	do
		add(s, " ", 1);
	while (s->line.column < s->layout.column);
	add(s, mark + 1, n - (size_t)(mark - text) - 1);
}

/* ---- what a line begins with ---- */

static void add_time(struct trace_session *s, uint64_t time_ns)
{
	uint64_t boot_us = (arch_realtime_ns() - arch_clock_ns()) / 1000;
	uint64_t us = boot_us + time_ns / 1000, seconds = us / 1000000, passed, day;
	char text[40];

	passed = s->line.last_ns && time_ns > s->line.last_ns ? time_ns - s->line.last_ns : 0;
	s->line.last_ns = time_ns;
	day = (uint64_t)((int64_t)seconds + s->layout.zone) % 86400;
	switch (s->layout.times) {
	case TIMES_NONE:
		return;
	case TIMES_SECONDS:
		kformat(text, sizeof(text), "%02llu:%02llu:%02llu ", (unsigned long long)day / 3600,
			(unsigned long long)day / 60 % 60, (unsigned long long)day % 60);
		break;
	case TIMES_MICRO:
		kformat(text, sizeof(text), "%02llu:%02llu:%02llu.%06llu ",
			(unsigned long long)day / 3600, (unsigned long long)day / 60 % 60,
			(unsigned long long)day % 60, (unsigned long long)us % 1000000);
		break;
	case TIMES_EPOCH:
		kformat(text, sizeof(text), "%llu.%06llu ", (unsigned long long)seconds,
			(unsigned long long)us % 1000000);
		break;
	case TIMES_RELATIVE:
		kformat(text, sizeof(text), "%6llu.%06llu ",
			(unsigned long long)(passed / 1000000000),
			(unsigned long long)(passed / 1000 % 1000000));
		break;
	}
	add_str(s, text);
}

static void add_prefix(struct trace_session *s, const struct trace_record *r)
{
	char text[24];

	if (r->tid && !s->line.first_tid)
		s->line.first_tid = r->tid;
	if (r->tid && r->tid != s->line.first_tid)
		s->line.several = true;
	if (s->layout.pids == PIDS_BARE) {
		kformat(text, sizeof(text), "%-5u ", r->tid);
		add_str(s, text);
	} else if (s->layout.pids == PIDS_ALWAYS ||
		   (s->layout.pids == PIDS_SEVERAL && s->line.several)) {
		kformat(text, sizeof(text), "[pid %5u] ", r->tid);
		add_str(s, text);
	}
	add_time(s, r->time_ns);
}

/* ---- text ---- */

static void end_open_line(struct trace_session *s)
{
	if (!s->line.open_tid)
		return;
	add_str(s, " <unfinished ...>\n");
	s->line.open_tid = 0;
}

static void add_leave(struct trace_session *s, const struct trace_record *r, const char *text)
{
	char spent[32];

	if (s->line.open_tid != r->tid) {
		end_open_line(s);
		add_prefix(s, r);
		add_str(s, "<... ");
		add_str(s, syscall_shown_name(r->nr));
		add_str(s, " resumed>");
	}
	s->line.open_tid = 0;
	add_marked(s, text, r->text);
	if (s->layout.spent) {
		uint64_t us = r->spent_ns / 1000;

		kformat(spent, sizeof(spent), " <%llu.%06llu>", (unsigned long long)us / 1000000,
			(unsigned long long)us % 1000000);
		add_str(s, spent);
	}
	add_str(s, "\n");
}

static void add_text(struct trace_session *s, const struct trace_record *r, const char *text)
{
	char lost[64];

	switch (r->kind) {
	case REC_ENTER:
		end_open_line(s);
		add_prefix(s, r);
		add(s, text, r->text);
		s->line.open_tid = r->tid;
		break;
	case REC_LEAVE:
		add_leave(s, r, text);
		break;
	case REC_LOST:
		end_open_line(s);
		kformat(lost, sizeof(lost), "strace: %d records lost: the reader was too slow\n",
			r->result);
		add_str(s, lost);
		break;
	default:
		end_open_line(s);
		add_prefix(s, r);
		add_marked(s, text, r->text);
		add_str(s, "\n");
	}
}

/* ---- records ---- */

static void add_record(struct trace_session *s, const struct trace_record *r, const char *text)
{
	static const char kinds[] = {'>', '<', '=', '.', '!'};
	const char *mark = r->text ? memchr(text, COLUMN_MARK, r->text) : NULL;

	text_add(&s->out, "%c\t%llu\t%u\t%u\t%s\t%d\t%llu\t%llu\t", kinds[r->kind],
		(unsigned long long)r->time_ns, r->pid, r->tid,
		r->nr == ~0u ? "-" : syscall_shown_name(r->nr), r->result,
		(unsigned long long)r->spent_ns, (unsigned long long)r->slept_ns);
	if (mark) {
		text_bytes(&s->out, text, (size_t)(mark - text));
		text_add(&s->out, " ");
		text_bytes(&s->out, mark + 1, r->text - (size_t)(mark - text) - 1);
	} else {
		text_bytes(&s->out, text, r->text);
	}
	text_add(&s->out, "\n");
}

void line_add(struct trace_session *s, const struct trace_record *r, const char *text)
{
	if (s->layout.records)
		add_record(s, r, text);
	else
		add_text(s, r, text);
}

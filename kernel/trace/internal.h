/* internal.h - what the files of trace/ share. trace.h is the front door. */
#ifndef TRACE_INTERNAL_H
#define TRACE_INTERNAL_H

#include "fs/procfs.h"
#include "lib/lock.h"
#include "lib/waitq.h"
#include "trace/trace.h"
#include "syscalls_trace.h"

#define TRACE_CALLS_MAX 512u /* rows of the table that a filter has bits for */
_Static_assert(ARRAY_LEN(syscall_infos) <= TRACE_CALLS_MAX, "filters are too small");

/* How a session wants its calls decoded. */
struct trace_style {
	uint32_t strsize; /* bytes of a buffer that are shown */
	bool paths;	  /* descriptors with what they are open on */
	bool plain;	  /* addresses and structures as numbers */
	bool quiet;	  /* no "+++ exited with 0 +++" */
};

/* How lines begin and end: read by trace/line.c. */
enum trace_pids { PIDS_SEVERAL, PIDS_ALWAYS, PIDS_BARE, PIDS_NEVER };
enum trace_times { TIMES_NONE, TIMES_SECONDS, TIMES_MICRO, TIMES_EPOCH, TIMES_RELATIVE };
struct trace_layout {
	enum trace_pids pids;
	enum trace_times times;
	bool spent;   /* <0.000123> behind each call */
	bool records; /* one record a line, its numbers first, tabs between */
	uint32_t column;
	int32_t zone; /* seconds east of UTC */
};

enum trace_kind { REC_ENTER, REC_LEAVE, REC_LINE, REC_END, REC_LOST };
#define REC_FAILED 1u /* flags: the call gave an error */

struct trace_record {
	uint32_t size; /* with the text behind it, rounded up to 8 */
	uint32_t text; /* bytes of text */
	uint32_t kind, flags;
	uint32_t pid, tid, nr;
	int32_t result;
	uint64_t time_ns, spent_ns, slept_ns;
};
#define REC_TEXT_MAX 65536u

/* The line that is being written. */
struct trace_line {
	uint32_t open_tid; /* its call has not returned; 0 none */
	uint32_t column;
	uint32_t first_tid;
	bool several; /* more than one thread was seen */
	uint64_t last_ns;
};

struct trace_session {
	uint32_t slot;	     /* [i] */
	uint32_t owner;	     /* [i] */
	bool host;	     /* [i] */
	bool all;	     /* [trace_lock] every process */
	bool follow;	     /* [trace_lock] children of traced ones too */
	uint32_t generation; /* [i] calls that began before it are not its own */
	bool signals;	     /* [trace_lock] lines about signals */
	uint32_t live;	     /* [trace_lock] traced processes that have not ended */
	bool attached;	     /* [trace_lock] there has been one */
	uint32_t filter[TRACE_CALLS_MAX / 32]; /* [trace_lock] bit: row of the table */
	struct trace_style style;	       /* [trace_lock] */
	struct trace_layout layout;	       /* [trace_lock] */
	struct waitq readable;		       /* [trace_lock] */
	uint8_t *ring;			       /* [trace_lock] */
	uint32_t ring_size, head, tail;	       /* [trace_lock] free running; power of two */
	uint32_t dropped;		       /* [trace_lock] records since the last that fitted */
	uint32_t told;	       /* [trace_lock] the host knows that there is something */
	struct lock read_lock; /* RANK_FILE: one reader at a time; guards these: */
	struct trace_line line;
	struct proc_text out; /* text not yet taken */
	size_t out_at;
	struct proc_text taken; /* the record at hand */
};

extern struct lock trace_lock;

/* Copies the next record into t (header, then text). False: none. trace_lock held. */
bool ring_take_locked(struct trace_session *s, struct trace_record *r, struct proc_text *t);

/* What the sessions' settings come to. trace_lock held. */
void trace_settings_changed_locked(void);

/* ---- line.c ---- */
/* Appends what the record adds to the session's text. read_lock held. */
void line_add(struct trace_session *s, const struct trace_record *r, const char *text);

/* ---- decode.c ---- */
/* Row of the table, or -1. */
int syscall_row(uint32_t nr);
const char *syscall_shown_name(uint32_t nr);
/* "name(" and the arguments as far as they are known before the call. */
void decode_enter(struct proc_text *o, const struct trace_call *c, const struct trace_style *style);
/* The rest, ")", COLUMN_MARK and "= result". */
void decode_leave(struct proc_text *o, const struct trace_call *c, const struct trace_style *style,
	int result);
void decode_result(
	struct proc_text *o, uint32_t result_kind, const struct trace_style *style, int result);
#define COLUMN_MARK '\1' /* here the line is filled up to the column of results */

/* ---- values.c ---- */
struct name_set;
const struct name_set *set_find(const char *name);
void set_text(struct proc_text *o, const struct name_set *set, uint32_t value);
void set_text_named(struct proc_text *o, const char *set, uint32_t value);
const char *errno_name(int err);
const char *errno_text(int err);
void signal_text(struct proc_text *o, int signo);
void sigset_text(struct proc_text *o, uint64_t set);
/* n bytes in quotes; more: there are more than these. */
void quote(struct proc_text *o, const char *s, size_t n, bool more);

/* ---- arguments.c, structs.c ---- */
struct decode_context {
	struct proc_text *o;
	const struct trace_call *call;
	const struct trace_style *style;
	const struct syscall_info *info;
	uint32_t arg; /* index of the argument at hand */
	int result;
	bool leaving; /* the result is known */
};
void decode_fd(struct decode_context *c, int fd);
void decode_buffer(struct decode_context *c, uint32_t at, size_t n);
void decode_string(struct decode_context *c, uint32_t at, bool path);
/* What a pointer leads to; an address where the type is not known or cannot be read. */
void decode_pointer(struct decode_context *c, const char *type, uint32_t at);
/* structs_net.c: false: no such type. */
bool decode_net_pointer(struct decode_context *c, const char *type, uint32_t at);
void decode_iovec(struct decode_context *c, uint32_t at, uint32_t count, size_t limit);
void decode_siginfo(struct proc_text *o, const struct abi_siginfo *info);

#endif

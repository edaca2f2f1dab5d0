/*
 * trace.c - the hooks: who wants this call, decode it, put it into rings; counts per call.
 * Locks: trace_lock (RANK_WAITQ), never held while user memory is read or the host is told.
 */
#include "trace/internal.h"
#include "abi/ring.h"
#include "arch/arch.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/internal.h"

uint32_t trace_on;
struct lock trace_lock = LOCK_INIT(RANK_WAITQ);

static struct trace_session *sessions[TRACE_SESSIONS_MAX]; /* [trace_lock] */
static uint32_t generation;				   /* [a] sessions opened so far */
static uint32_t all_slots, follow_slots, used_slots;	   /* [trace_lock] bit: slot */

#define NR_PLEAT_SIGTAKE 1024u /* what the stub asks for by itself, not the program */
#define NR_PLEAT_VFORK 1026u
#define NR_EXECVE 221u
#define PROC_ENDED 0x80000000u /* in proc.traced: trace_exit() was here */

/* ---- rings ---- */

static void ring_copy_in(struct trace_session *s, uint32_t at, const void *from, uint32_t n)
{
	uint32_t i = at & (s->ring_size - 1), first = MIN(n, s->ring_size - i);

	memcpy(s->ring + i, from, first);
	memcpy(s->ring, (const uint8_t *)from + first, n - first);
}

static void ring_copy_out(struct trace_session *s, uint32_t at, void *to, uint32_t n)
{
	uint32_t i = at & (s->ring_size - 1), first = MIN(n, s->ring_size - i);

	memcpy(to, s->ring + i, first);
	memcpy((uint8_t *)to + first, s->ring, n - first);
}

static bool ring_put_locked(struct trace_session *s, struct trace_record *r, const char *text)
{
	uint32_t size = (uint32_t)sizeof(*r) + ((r->text + 7) & ~7u);

	if (s->ring_size - (s->head - s->tail) < size)
		return false;
	r->size = size;
	ring_copy_in(s, s->head, r, sizeof(*r));
	ring_copy_in(s, s->head + (uint32_t)sizeof(*r), text, r->text);
	s->head += size;
	return true;
}

/* What does not fit is counted; the count goes in as soon as a record does. */
static void put_or_count_locked(struct trace_session *s, struct trace_record *r, const char *text)
{
	if (s->dropped) {
		struct trace_record lost = {
			.kind = REC_LOST, .result = (int32_t)s->dropped, .time_ns = r->time_ns};

		if (s->ring_size - (s->head - s->tail) < 2 * sizeof(lost) + ((r->text + 7) & ~7u) ||
			!ring_put_locked(s, &lost, "")) {
			s->dropped++;
			return;
		}
		s->dropped = 0;
	}
	if (!ring_put_locked(s, r, text))
		s->dropped++;
}

bool ring_take_locked(struct trace_session *s, struct trace_record *r, struct proc_text *t)
{
	t->len = 0;
	if (s->head == s->tail) {
		uint32_t lost = s->dropped;

		s->dropped = 0;
		*r = (struct trace_record){.kind = REC_LOST, .result = (int32_t)lost};
		return lost > 0;
	}
	ring_copy_out(s, s->tail, r, sizeof(*r));
	if (text_reserve(t, r->text + 1)) {
		ring_copy_out(s, s->tail + (uint32_t)sizeof(*r), t->buf, r->text);
		t->len = r->text;
	} else {
		t->err = 0; /* no memory now: the line lacks its text */
		r->text = 0;
	}
	s->tail += r->size;
	return true;
}

/* ---- who wants it ---- */

struct wanted {
	uint32_t count;
	uint32_t slot[TRACE_SESSIONS_MAX];
	struct trace_style style[TRACE_SESSIONS_MAX];
};

static bool filter_has(const struct trace_session *s, int row)
{
	return s->filter[row / 32] & 1u << (row % 32);
}

/* Sessions among `slots` that trace the process; row -1: no call but an event. */
static void find_wanted(struct wanted *w, uint32_t slots, uint32_t pid, int row, bool signal)
{
	w->count = 0;
	lock_acquire(&trace_lock);
	for (uint32_t i = 0; i < TRACE_SESSIONS_MAX; i++) {
		struct trace_session *s = sessions[i];

		if (!s || !(slots & 1u << i) || s->owner == pid ||
			(row >= 0 && !filter_has(s, row)) || (signal && !s->signals))
			continue;
		w->slot[w->count] = i;
		w->style[w->count++] = s->style;
	}
	lock_release(&trace_lock);
}

static uint32_t slots_of(const struct proc *p)
{
	return (atomic_load(&p->traced) | atomic_load(&all_slots)) & ~PROC_ENDED;
}

/* One record to one session. True: the host is to be told, without the lock. */
static bool deliver(uint32_t slot, uint32_t since, struct trace_record *r, struct proc_text *t)
{
	struct trace_session *s;
	bool tell = false;

	r->text = t->err ? 0 : (uint32_t)MIN(t->len, (size_t)REC_TEXT_MAX);
	lock_acquire(&trace_lock);
	s = sessions[slot];
	if (s && s->generation <= since) {
		put_or_count_locked(s, r, t->buf);
		waitq_wake_key(&s->readable, POLLIN | POLLRDNORM);
		tell = s->host && !s->told;
		s->told |= tell;
	}
	lock_release(&trace_lock);
	return tell;
}

static void send(const struct wanted *w, uint32_t i, uint32_t since, struct trace_record *r,
	struct proc_text *t)
{
	if (deliver(w->slot[i], since, r, t))
		HOST_REQUEST(OP_TRACE, 0);
	t->len = 0;
	t->err = 0;
}

static uint32_t shown_tid(const struct thread *t)
{
	return t->vfork ? t->proc->pid : t->tid;
}

/* A line of its own: signals, ends (row -1), calls that are seen only when they are over. */
static void send_line(
	struct proc *p, uint32_t tid, uint32_t kind, int row, bool signal, struct proc_text *text)
{
	struct trace_record r = {.kind = kind,
		.pid = p->pid,
		.tid = tid,
		.nr = row < 0 ? ~0u : syscall_infos[row].nr,
		.time_ns = arch_clock_ns()};
	uint32_t since = atomic_load(&generation);
	struct wanted w;
	size_t len = text->len;

	find_wanted(&w, slots_of(p), p->pid, row, signal);
	for (uint32_t i = 0; i < w.count; i++) {
		if (kind == REC_END && w.style[i].quiet)
			continue;
		text->len = len;
		send(&w, i, since, &r, text);
	}
}

/* ---- counts ---- */

static struct {
	uint64_t calls, errors, ns, slept_ns; /* [a] */
} counts[TRACE_CALLS_MAX];

static void count(const struct trace_call *c, int result, uint64_t now, uint64_t slept)
{
	int row = syscall_row(c->nr);

	if (row < 0)
		return;
	atomic_add(&counts[row].calls, 1u);
	if (result < 0 && result >= -4095 && syscall_infos[row].result != SC_RESULT_INT)
		atomic_add(&counts[row].errors, 1u);
	atomic_add(&counts[row].ns, now - c->start_ns);
	atomic_add(&counts[row].slept_ns, slept - c->slept_ns);
}

bool trace_counts_on(void)
{
	return atomic_load(&trace_on) & TRACE_COUNTS;
}

void trace_counts_set(bool on)
{
	if (on)
		atomic_or(&trace_on, TRACE_COUNTS);
	else
		atomic_and(&trace_on, ~TRACE_COUNTS);
}

int trace_counts_text(struct proc_text *t)
{
	text_add(t, "# %s: write 1, 0 or reset; microseconds: in the call, of them asleep\n",
		trace_counts_on() ? "on" : "off");
	text_add(t, "%-24s %12s %10s %14s %14s\n", "call", "calls", "errors", "usecs", "asleep");
	for (uint32_t i = 0; i < ARRAY_LEN(syscall_infos); i++) {
		uint64_t calls = atomic_load(&counts[i].calls);

		if (!calls)
			continue;
		text_add(t, "%-24s %12llu %10llu %14llu %14llu\n", syscall_infos[i].name,
			(unsigned long long)calls,
			(unsigned long long)atomic_load(&counts[i].errors),
			(unsigned long long)atomic_load(&counts[i].ns) / 1000,
			(unsigned long long)atomic_load(&counts[i].slept_ns) / 1000);
	}
	return 0;
}

int trace_counts_store(const char *s, size_t len)
{
	if (len == 1 && (s[0] == '0' || s[0] == '1')) {
		trace_counts_set(s[0] == '1');
		return 0;
	}
	if (len != 5 || memcmp(s, "reset", 5) != 0)
		return -EINVAL;
	for (uint32_t i = 0; i < ARRAY_LEN(counts); i++) {
		atomic_store(&counts[i].calls, 0u);
		atomic_store(&counts[i].errors, 0u);
		atomic_store(&counts[i].ns, 0u);
		atomic_store(&counts[i].slept_ns, 0u);
	}
	return 0;
}

/* ---- calls ---- */

static void begin_call(struct thread *t, uint32_t nr)
{
	struct trace_call *c = &t->trace;

	c->nr = nr;
	c->pid = t->proc->pid;
	c->tid = shown_tid(t);
	c->sessions = 0;
	c->counted = atomic_load(&trace_on) & TRACE_COUNTS;
	c->slept_ns = atomic_load(&t->waker.slept_ns);
	c->generation = atomic_load(&generation);
}

static struct trace_record call_record(const struct trace_call *c, uint32_t kind)
{
	return (struct trace_record){
		.kind = kind, .pid = c->pid, .tid = c->tid, .nr = c->nr, .time_ns = c->start_ns};
}

void trace_enter(struct thread *t, uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
	uint32_t a4, uint32_t a5)
{
	struct trace_call *c = &t->trace;
	struct proc_text text = {0};
	int row = syscall_row(nr);
	struct wanted w;

	begin_call(t, nr);
	memcpy(c->args, (const uint32_t[6]){a0, a1, a2, a3, a4, a5}, sizeof(c->args));
	w.count = 0;
	if (row >= 0 && nr != NR_PLEAT_SIGTAKE)
		find_wanted(&w, slots_of(t->proc), c->pid, row, false);
	c->start_ns = arch_clock_ns();
	for (uint32_t i = 0; i < w.count; i++) {
		struct trace_record r = call_record(c, REC_ENTER);

		c->sessions |= 1u << w.slot[i];
		decode_enter(&text, c, &w.style[i]);
		/* What never returns is complete now. */
		if (syscall_infos[row].result == SC_RESULT_NONE) {
			text_add(&text, ")%c= ?", COLUMN_MARK);
			r.kind = REC_LINE;
		}
		send(&w, i, c->generation, &r, &text);
	}
	kfree(text.buf);
	if (w.count) /* decoding is no part of the call */
		c->start_ns = arch_clock_ns();
}

/* The entry's other half, to each session that has it. */
static void finish_call(struct thread *t, struct trace_call *c, int result)
{
	struct proc_text text = {0};
	uint64_t now = arch_clock_ns();
	struct trace_record r = call_record(c, REC_LEAVE);
	int row = syscall_row(c->nr);
	struct wanted w;

	if (c->counted)
		count(c, result, now, atomic_load(&t->waker.slept_ns));
	if (!c->sessions || syscall_infos[row].result == SC_RESULT_NONE)
		return;
	r.time_ns = now;
	r.spent_ns = now - c->start_ns;
	r.slept_ns = atomic_load(&t->waker.slept_ns) - c->slept_ns;
	r.result = result;
	r.flags = result < 0 && result >= -4095 ? REC_FAILED : 0;
	find_wanted(&w, c->sessions, c->pid, row, false);
	for (uint32_t i = 0; i < w.count; i++) {
		decode_leave(&text, c, &w.style[i], result);
		send(&w, i, c->generation, &r, &text);
	}
	kfree(text.buf);
	c->sessions = 0;
}

/* "fork() = 7": calls that the table does not have, or that return in another process's name. */
static void send_fork(struct thread *t, const char *name, uint32_t pid, int result)
{
	struct proc_text text = {0};
	struct proc *p = t->proc;
	static const struct trace_style style = {0};

	if (p->pid == pid && slots_of(p)) {
		text_add(&text, "%s()%c", name, COLUMN_MARK);
		decode_result(&text, SC_RESULT_PID, &style, result);
		send_line(p, pid, REC_LINE, syscall_row(NR_PLEAT_VFORK), false, &text);
	}
	kfree(text.buf);
}

void trace_leave(struct thread *t, int result)
{
	struct trace_call *c = &t->trace;

	if (t->proc->pid == c->pid) {
		finish_call(t, c, result);
		return;
	}
	/* The thread acts for another process now: a vfork child that began, or one that left. */
	if (c->nr == NR_PLEAT_VFORK && result == 0) {
		c->counted = 0;
		return;
	}
	finish_call(t, c, c->nr == NR_EXECVE ? 0 : result);
	send_fork(t, "vfork", shown_tid(t), result);
}

void trace_exec_done(struct thread *t)
{
	struct trace_call *c = &t->trace;

	if (trace_wanted() && (c->sessions || c->counted) && c->nr == t->current_nr)
		finish_call(t, c, 0);
}

void trace_forked(struct thread *t, int result)
{
	send_fork(t, "fork", t->proc->pid, result);
}

/* ---- signals and ends ---- */

static void signal_line(struct proc *p, uint32_t tid, int signo, const struct abi_siginfo *info)
{
	struct proc_text text = {0};

	if (!slots_of(p))
		return;
	text_add(&text, "--- ");
	signal_text(&text, signo);
	text_add(&text, " ");
	decode_siginfo(&text, info);
	text_add(&text, " ---");
	send_line(p, tid, REC_LINE, -1, true, &text);
	kfree(text.buf);
}

void trace_signal(struct thread *t, int signo, const struct abi_siginfo *info)
{
	signal_line(t->proc, shown_tid(t), signo, info);
}

static const struct abi_siginfo *queued_info(const struct sigpending *s, int signo)
{
	const struct sigqueued *q;

	LIST_FOR_EACH(q, &s->queue, link) {
		if (q->info.signo == signo)
			return &q->info;
	}
	return NULL;
}

void trace_fatal_locked(struct proc *p, struct thread *target, int signo)
{
	static const struct abi_siginfo none = {.code = SI_KERNEL};
	const struct abi_siginfo *info = queued_info(&p->pending, signo);

	if (signo == SIGKILL) /* nobody sees it, its end says so */
		return;
	if (!info && target)
		info = queued_info(&target->pending, signo);
	signal_line(p, target ? target->tid : p->pid, signo, info ? info : &none);
}

void trace_stopped(struct thread *t, int signo)
{
	struct proc_text text = {0};

	if (!slots_of(t->proc))
		return;
	text_add(&text, "--- stopped by ");
	signal_text(&text, signo);
	text_add(&text, " ---");
	send_line(t->proc, shown_tid(t), REC_LINE, -1, true, &text);
	kfree(text.buf);
}

static void count_out_locked(uint32_t slots)
{
	for (uint32_t i = 0; i < TRACE_SESSIONS_MAX; i++) {
		struct trace_session *s = sessions[i];

		if (!s || !(slots & 1u << i))
			continue;
		s->live--;
		waitq_wake_key(&s->readable, POLLIN | POLLRDNORM);
	}
}

void trace_exit(struct proc *p, uint32_t code)
{
	struct proc_text text = {0};

	if (slots_of(p)) {
		if (code & 0x7f) {
			text_add(&text, "+++ killed by ");
			signal_text(&text, (int)(code & 0x7f));
			text_add(&text, "%s +++", code & 0x80 ? " (core dumped)" : "");
		} else {
			text_add(&text, "+++ exited with %u +++", code >> 8 & 0xff);
		}
		send_line(p, p->pid, REC_END, -1, false, &text);
		kfree(text.buf);
	}
	lock_acquire(&trace_lock);
	count_out_locked(p->traced);
	atomic_store(&p->traced, PROC_ENDED);
	lock_release(&trace_lock);
}

void trace_publish(struct proc *p, const struct proc *parent)
{
	if (!atomic_load(&parent->traced))
		return;
	lock_acquire(&trace_lock);
	atomic_store(&p->traced, parent->traced & follow_slots);
	for (uint32_t i = 0; i < TRACE_SESSIONS_MAX; i++) {
		if (sessions[i] && (p->traced & 1u << i))
			sessions[i]->live++;
	}
	lock_release(&trace_lock);
}

/* ---- sessions ---- */

/* What the settings of all of them come to. trace_lock held. */
void trace_settings_changed_locked(void)
{
	uint32_t all = 0, follow = 0;

	for (uint32_t i = 0; i < TRACE_SESSIONS_MAX; i++) {
		if (!sessions[i])
			continue;
		all |= sessions[i]->all ? 1u << i : 0;
		follow |= sessions[i]->follow ? 1u << i : 0;
	}
	atomic_store(&all_slots, all);
	follow_slots = follow;
}

int trace_open(struct trace_session **out, uint32_t owner, uint32_t ring_bytes)
{
	struct trace_session *s = kzalloc(sizeof(*s));
	uint32_t slot;

	if (!s)
		return -ENOMEM;
	s->ring_size = ring_bytes;
	s->ring = pages_alloc(ring_bytes / PAGE_SIZE);
	if (!s->ring) {
		kfree(s);
		return -ENOMEM;
	}
	s->owner = owner;
	s->signals = true;
	s->style.strsize = 32;
	s->layout.column = 40;
	waitq_init(&s->readable);
	lock_init(&s->read_lock, RANK_INODE);
	memset(s->filter, 0xff, sizeof(s->filter));
	lock_acquire(&trace_lock);
	slot = (uint32_t)__builtin_ctz(~used_slots);
	if (slot < TRACE_SESSIONS_MAX) {
		used_slots |= 1u << slot;
		s->generation = atomic_add(&generation, 1u) + 1;
		s->slot = slot;
		sessions[slot] = s;
		atomic_or(&trace_on, TRACE_CALLS);
	}
	lock_release(&trace_lock);
	if (slot >= TRACE_SESSIONS_MAX) {
		pages_free(s->ring, ring_bytes / PAGE_SIZE);
		kfree(s);
		return -EBUSY;
	}
	*out = s;
	return 0;
}

void trace_close(struct trace_session *s)
{
	uint32_t bit = 1u << s->slot;
	struct proc *p;

	lock_acquire(&trace_lock);
	sessions[s->slot] = NULL;
	trace_settings_changed_locked();
	lock_release(&trace_lock);
	/* From here no process gets the bit any more; when none has it the slot may be used again.
	 */
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link)
		atomic_and(&p->traced, ~bit);
	lock_acquire(&trace_lock);
	used_slots &= ~bit;
	if (!used_slots)
		atomic_and(&trace_on, ~TRACE_CALLS);
	lock_release(&trace_lock);
	lock_release(&proc_tree_lock);
	pages_free(s->ring, s->ring_size / PAGE_SIZE);
	kfree(s->out.buf);
	kfree(s->taken.buf);
	kfree(s);
}

int trace_attach(struct trace_session *s, struct proc *p)
{
	uint32_t bit = 1u << s->slot;
	int err = 0;

	lock_acquire(&trace_lock);
	if (p->traced & PROC_ENDED) {
		err = -ESRCH;
	} else if (!(p->traced & bit)) {
		atomic_or(&p->traced, bit);
		s->live++;
		s->attached = true;
	}
	lock_release(&trace_lock);
	return err;
}

void trace_detach(struct trace_session *s, struct proc *p)
{
	uint32_t bit = 1u << s->slot;

	lock_acquire(&trace_lock);
	if (p->traced & bit) {
		atomic_and(&p->traced, ~bit);
		count_out_locked(bit);
	}
	lock_release(&trace_lock);
}

size_t trace_read(struct trace_session *s, char *buf, size_t n, bool *ended)
{
	struct trace_record r;
	bool more = true;

	*ended = false;
	lock_acquire(&s->read_lock);
	if (s->out_at == s->out.len) {
		s->out_at = s->out.len = 0;
		s->out.err = 0;
	}
	while (more && s->out.len - s->out_at < n) {
		lock_acquire(&trace_lock);
		more = ring_take_locked(s, &r, &s->taken);
		if (!more) {
			*ended = s->attached && !s->all && s->live == 0;
			s->told = 0;
		}
		lock_release(&trace_lock);
		if (more)
			line_add(s, &r, s->taken.buf);
	}
	n = MIN(n, s->out.len - s->out_at);
	if (n)
		memcpy(buf, s->out.buf + s->out_at, n);
	s->out_at += n;
	lock_release(&s->read_lock);
	return n;
}

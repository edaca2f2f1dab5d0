/*
 * ktest.c - the rig of ktest.h: registers, runs and counts tests; threads for the native and the
 * det build (KTEST_DET_BUILD). Linux is behind ktest_os.h.
 */
#include "tests/ktest.h"
#include "tests/ktest_internal.h"
#include "tests/ktest_os.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/proc.h"
#if KTEST_DET_BUILD
#include "arch/det/det.h"
#endif

#define THREADS 17 /* the test's own and 16 more */
#define NATIVE_ROUNDS 20u
#define TIMEOUT_S 60

enum { SLOT_FREE, SLOT_RUNNING, SLOT_ENDED };
struct slot {
	struct thread thread;
	uint32_t state; /* [a] */
	void *handle;	/* fiber or Linux thread */
	void (*body)(void *);
	void *arg;
	struct native_u *u;
};

void (*ktest_thread_hook)(struct thread *t, bool begin);
void (*ktest_check_hook)(void);
void (*ktest_left_hook)(void);
static struct ktest *tests, **tests_end = &tests;
static struct slot *slots[THREADS];
static const struct ktest *running;
static uint32_t round_now;
static struct alloc_stats stats_before;
static bool forgot_leaks; /* stats_before is from the middle: less may be live at the end */

void ktest_register(struct ktest *t)
{
	*tests_end = t;
	tests_end = &t->next;
}

/* ---- failing ---- */

static const char *short_file(const char *file)
{
	return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

void ktest_fail(const char *file, int line, const char *format, ...)
{
	char what[512], text[800];
	__builtin_va_list ap;

	__builtin_va_start(ap, format);
	kvformat(what, sizeof(what), format, ap);
	__builtin_va_end(ap);
	kformat(text, sizeof(text), "%s:%d: %s", short_file(file), line, what);
#if KTEST_DET_BUILD
	size_t n = strlen(text);
	kformat(text + n, sizeof(text) - n, " (seed %llu)", (unsigned long long)det_seed());
#endif
	os_end_child(OS_FAILED, text);
}

NORETURN void ktest_halted(const char *message)
{
	char text[4200];

#if KTEST_DET_BUILD
	if (strncmp(message, "det:", 4) != 0)
		kformat(text, sizeof(text), "panic: %s (seed %llu)", message,
			(unsigned long long)det_seed());
	else
		str_copy(text, message, sizeof(text));
#else
	kformat(text, sizeof(text), "panic: %s", message);
#endif
	os_end_child(OS_PANICKED, text);
}

/* On the thread itself: it acts for its process no more. */
static void slot_ended(struct slot *s)
{
	if (ktest_thread_hook)
		ktest_thread_hook(&s->thread, false);
	atomic_store(&s->state, (uint32_t)SLOT_ENDED);
}

NORETURN void ktest_left(void)
{
	struct slot *s;

	if (ktest_left_hook)
		ktest_left_hook();
	s = CONTAINER_OF(thread_self(), struct slot, thread);
	slot_ended(s);
#if KTEST_DET_BUILD
	det_exit();
#else
	os_thread_exit();
#endif
}

void ktest_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		ktest_fail(file, line, "%s is \"%.*s\", not \"%.*s\"", what, 100, a, 100, b);
}

void ktest_check_mem(
	const char *file, int line, const char *what, const void *a, const void *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i])
			ktest_fail(file, line, "%s differs at byte %u: 0x%x, not 0x%x", what,
				(unsigned)i, ((const uint8_t *)a)[i], ((const uint8_t *)b)[i]);
	}
}

static size_t describe(char *buf, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < THREADS; i++) {
		const struct waker *w = slots[i] ? &slots[i]->thread.waker : NULL;

		if (!w || slots[i]->state != SLOT_RUNNING || n >= size)
			continue;
		n += (size_t)kformat(buf + n, size - n, "\n  thread %u in %s", w->id,
			w->wchan ? w->wchan : "no sleep of its own");
		for (uint32_t h = 0; h < w->held_count && n < size; h++)
			n += (size_t)kformat(buf + n, size - n, "%s%s", h ? ", " : ", holds ",
				w->held[h]->where ? w->held[h]->where : "?");
	}
	return n;
}

/* ---- threads ---- */

static struct slot *slot_take(void)
{
	for (uint32_t i = 0; i < THREADS; i++) {
		struct thread *t;

		if (slots[i] && atomic_load(&slots[i]->state) != SLOT_FREE)
			continue;
		if (!slots[i])
			slots[i] = os_alloc(sizeof(struct slot), CACHE_LINE);
		memset(slots[i], 0, sizeof(struct slot));
		t = &slots[i]->thread;
		t->waker.id = t->tid = i + 1;
		t->state = THREAD_KERNEL;
		t->start_ns = arch_clock_ns();
		t->altstack.flags = SS_DISABLE;
		ref_init(&t->refs, 1); /* never given up: the rig owns the memory */
		list_init(&t->link);
		list_init(&t->dead_link);
		list_init(&t->pending.queue);
		t->current_nr = ~0u;
		atomic_store(&slots[i]->state, (uint32_t)SLOT_RUNNING);
		return slots[i];
	}
	ktest_fail(__FILE__, __LINE__, "more than %d threads", THREADS - 1);
}

static void thread_main(void *arg)
{
	struct slot *s = arg;

#if !KTEST_DET_BUILD
	arch_set_self(&s->thread.waker);
#endif
	native_u_use(s->u);
	s->body(s->arg);
	slot_ended(s);
}

struct thread *ktest_thread(void (*body)(void *), void *arg)
{
	return ktest_thread_with(body, arg, thread_self()->proc, native_u_current());
}

struct thread *ktest_thread_with(
	void (*body)(void *), void *arg, struct proc *p, struct native_u *u)
{
	struct slot *s = slot_take();

	s->body = body;
	s->arg = arg;
	s->thread.proc = p;
	s->u = u;
	if (ktest_thread_hook)
		ktest_thread_hook(&s->thread, true);
#if KTEST_DET_BUILD
	s->handle = det_start(thread_main, s, &s->thread.waker);
#else
	s->handle = os_thread_start(thread_main, s);
#endif
	return &s->thread;
}

void ktest_join(struct thread *t)
{
	struct slot *s = CONTAINER_OF(t, struct slot, thread);

#if KTEST_DET_BUILD
	det_join(s->handle);
#else
	os_thread_join(s->handle);
#endif
	if (t->waker.held_count > 0)
		ktest_fail(running->file, running->line, "a thread ended with the lock taken at %s",
			t->waker.held[0]->where);
	atomic_store(&s->state, (uint32_t)SLOT_FREE);
}

bool ktest_wait_asleep(struct thread *t)
{
	struct slot *s = CONTAINER_OF(t, struct slot, thread);

	while (!atomic_load(&t->waker.sleeping)) {
		if (atomic_load(&s->state) != SLOT_RUNNING)
			return false;
		ktest_yield();
	}
	return true;
}

void ktest_yield(void)
{
#if KTEST_DET_BUILD
	det_yield();
#else
	os_yield();
#endif
}

uint32_t ktest_seed(void)
{
	return round_now;
}

/* ---- running ---- */

uint32_t ktest_objects(void)
{
	struct alloc_stats now;

	alloc_stats(&now);
	return now.objects;
}

void ktest_forget_leaks(void)
{
	alloc_stats(&stats_before);
	forgot_leaks = true;
}

static void check_clean(void)
{
	struct alloc_stats now;
	struct waker *self = waker_self();

	if (self->held_count > 0)
		ktest_fail(running->file, running->line, "ended with the lock taken at %s",
			self->held[0]->where);
	for (int i = 1; i < THREADS; i++) {
		if (slots[i] && atomic_load(&slots[i]->state) != SLOT_FREE)
			ktest_fail(running->file, running->line, "ended with a thread not joined");
	}
	if (ktest_check_hook)
		ktest_check_hook();
	alloc_stats(&now);
	if (forgot_leaks && now.objects <= stats_before.objects &&
		now.used_bytes <= stats_before.used_bytes)
		return;
	if (now.objects != stats_before.objects || now.used_bytes != stats_before.used_bytes)
		ktest_fail(running->file, running->line, "leaks %d heap objects, %lld bytes",
			(int)(now.objects - stats_before.objects),
			(long long)(now.used_bytes - stats_before.used_bytes));
}

static void checked_body(void)
{
	alloc_stats(&stats_before);
	forgot_leaks = false;
	running->body();
	check_clean();
}

static void one_round(void *unused)
{
	(void)unused;
	if (running->around)
		running->around(checked_body);
	else
		checked_body();
}

static void run_round(uint32_t round)
{
	struct slot *own;

	round_now = round;
	for (int i = 0; i < THREADS; i++) {
		if (slots[i])
			slots[i]->state = SLOT_FREE;
	}
	own = slot_take();
#if KTEST_DET_BUILD
	det_run(round, one_round, NULL, &own->thread.waker);
#else
	arch_set_self(&own->thread.waker);
	one_round(NULL);
#endif
}

static uint32_t number(const char *s)
{
	uint32_t n = 0;

	if (s && !str_to_u32(s, s + strlen(s), &n))
		os_print("DET_SEED and DET_SEEDS want a number\n");
	return n;
}

static void child(void *arg)
{
	uint32_t rounds = running->seeds, only = number(os_env("DET_SEED"));

	(void)arg;
	os_on_timeout(describe);
#if KTEST_DET_BUILD
	if (running->kind != KTEST_DET && running->kind != KTEST_DET_FAILS)
		rounds = 1;
	else if (number(os_env("DET_SEEDS")) > 0)
		rounds = number(os_env("DET_SEEDS"));
	if (only > 0) {
		run_round(only);
		return;
	}
#else
	(void)only;
	rounds = MIN(rounds, NATIVE_ROUNDS);
#endif
	for (uint32_t i = 1; i <= rounds; i++)
		run_round(i);
}

static bool run_test(const struct ktest *t)
{
	char line[9000];
	const char *message;
	uint64_t start = os_ms();
	enum os_end end;
	bool ok;

	running = t;
	end = os_run_child(child, NULL, TIMEOUT_S, &message);
	if (t->expect) {
		bool found = false;

		for (const char *p = message; *p && !found; p++)
			found = strncmp(p, t->expect, strlen(t->expect)) == 0;
		ok = found && (end == OS_PANICKED || end == OS_FAILED);
	} else {
		ok = end == OS_PASSED;
	}
	if (ok) {
		kformat(line, sizeof(line), "ok %s (%llu ms)\n", t->name,
			(unsigned long long)(os_ms() - start));
	} else {
		static const char *const ends[] = {
			"ended well", "", "", "timed out", "was ended by a sanitizer or a signal"};

		kformat(line, sizeof(line), "FAIL %s %s:%d: %s%s%s%s\n", t->name,
			short_file(t->file), t->line, ends[end],
			ends[end][0] && message[0] ? ": " : "", message,
			t->expect ? " (meant to fail)" : "");
	}
	os_print(line);
	return ok;
}

static bool wanted(const struct ktest *t, int argc, char **argv)
{
#if !KTEST_DET_BUILD
	if (t->kind == KTEST_DET_FAILS)
		return false;
#endif
	for (int i = 1; i < argc; i++) {
		for (const char *p = t->name; *p; p++) {
			if (strncmp(p, argv[i], strlen(argv[i])) == 0)
				return true;
		}
	}
	return argc <= 1;
}

int ktest_main(int argc, char **argv);
int ktest_main(int argc, char **argv)
{
	uint32_t passed = 0, failed = 0;
	char line[80];

	for (const struct ktest *t = tests; t; t = t->next) {
		if (!wanted(t, argc, argv))
			continue;
		if (run_test(t))
			passed++;
		else
			failed++;
	}
	kformat(line, sizeof(line), "%u passed, %u failed\n", passed, failed);
	os_print(line);
	return failed > 0 || passed == 0;
}

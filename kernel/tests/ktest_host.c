/*
 * ktest_host.c - the host of ktest_host.h. One thread takes requests and plays the kernel Worker,
 * one is the event thread, and each OP_SPAWN starts one more.
 */
#include "tests/ktest_host.h"
#include "tests/ktest_internal.h"
#include "tests/ktest_os.h"
#include "abi/program.h"
#include "arch/arch.h"
#include "host/host.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/pool.h"
#include "proc/internal.h"
#include "proc/thread.h"
#if KTEST_DET_BUILD
#include "arch/det/det.h"
#endif

#define RUNS 28
#define MEMORIES 40
#define STACK_BYTES 0x10000u
#define HEAP_BASE 0x20000u
#define FRAMES 0x8000u /* signal frames, in the lower half of the program's stack */
#define THREAD_STACKS                                                                              \
	(PROG_DATA + 0xc000u) /* eight of 2 KiB, the next one's number before them                 \
			       */
#define THREAD_STACK 0x800u

enum { RUN_FREE, RUN_GOING, RUN_ENDED };
struct run {
	uint32_t state;	       /* [a] */
	uint32_t ended;	       /* [a] the host has ended its Worker */
	struct thread *thread; /* [a] */
	void *kstack, *handle;
	struct native_u *u;
	const struct native_u *parent;
	uint32_t memory, flags;
	uint32_t sp, frame; /* its stack pointer; the innermost handler's frame */
};

struct memory {
	struct native_u *u;
	uint32_t users;
	uint32_t dirty; /* bytes + 1 to clean once nobody runs in it; 0: not given back */
	bool exists;
};

/* Memories outlive a round, as the kernel's pool does. [host thread] unless atomic. */
static struct memory memories[MEMORIES + 1];
static struct run runs[RUNS];
static struct native_u *first_u;
static uint32_t memory_limit = MEMORIES;	  /* [a] */
static uint32_t fail_spawns;			  /* [a] */
static uint32_t stopping, host_idle, events_idle; /* [a] */
static struct thread *host_thread, *event_thread;
static bool pool_started;

static void thread_ended(void);

/* ---- events to the kernel ---- */

static void send_event(uint32_t op, uint32_t a, uint32_t b)
{
	struct host_area *area = host_area_ptr();
	uint32_t head = area->event_head;

	while (head - atomic_load(&area->event_tail) == EVENT_SLOTS)
		ktest_yield();
	area->events[head % EVENT_SLOTS] = (struct host_slot){op, {a, b}};
	atomic_store(&area->event_head, head + 1);
	waker_wake(&event_thread->waker);
}

/*
 * Events with addresses. The ASan build's heap lies above 4 GiB, where they do not fit into the
 * ring: they take this list there.
 */
#if __has_feature(address_sanitizer)
static struct host_pointer_event {
	struct thread *thread;
	void *kstack;
	int err;
} pointer_events[256];
static uint32_t pointer_head, pointer_tail; /* [a] */

static void send_pointers(struct thread *t, void *kstack, int err)
{
	pointer_events[pointer_head % 256] = (struct host_pointer_event){t, kstack, err};
	atomic_store(&pointer_head, pointer_head + 1);
	waker_wake(&event_thread->waker);
}

static void take_pointers(void)
{
	while (pointer_tail != atomic_load(&pointer_head)) {
		struct host_pointer_event e = pointer_events[pointer_tail % 256];

		atomic_store(&pointer_tail, pointer_tail + 1);
		if (e.err)
			spawn_failed(e.thread, -e.err);
		else
			thread_run_over(e.thread, e.kstack);
	}
}

static bool pointers_taken(void)
{
	return atomic_load(&pointer_tail) == atomic_load(&pointer_head);
}
#else
static void send_pointers(struct thread *t, void *kstack, int err)
{
	if (err)
		send_event(EV_SPAWN_FAILED, (uint32_t)(uintptr_t)t, (uint32_t)err);
	else
		send_event(EV_WORKER_GONE, (uint32_t)(uintptr_t)t, (uint32_t)(uintptr_t)kstack);
}

static void take_pointers(void)
{
}

static bool pointers_taken(void)
{
	return true;
}
#endif

/* ---- memories ---- */

static void memory_make(void)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= MEMORIES; i++)
		n += memories[i].exists;
	if (n >= atomic_load(&memory_limit)) {
		send_event(EV_MEMORY_REFUSED, 0, 0);
		return;
	}
	for (uint32_t i = 1; i <= MEMORIES; i++) {
		if (memories[i].exists)
			continue;
		if (!memories[i].u)
			memories[i].u = native_u_new(HEAP_BASE);
		memories[i].exists = true;
		send_event(EV_MEMORY, i, 0);
		return;
	}
}

static void memory_clean(uint32_t id)
{
	struct memory *m = &memories[id];
	uint32_t n = m->dirty - 1;

	/* A child of the test's own process has only the arena's start: see copy_parent(). */
	os_zero(m->u->base, n == U_ARENA_END ? U_ARENA + 0x20000 : n);
	m->u->size = HEAP_BASE;
	m->dirty = 0;
	send_event(EV_MEMORY, id, 0);
}

/* ---- runs ---- */

static struct run *run_self(void)
{
	for (int i = 0; i < RUNS; i++) {
		if (atomic_load(&runs[i].state) == RUN_GOING &&
			atomic_load(&runs[i].thread) == thread_self())
			return &runs[i];
	}
	return NULL;
}

/* The Worker's turn is over: the host reports it once the thread has gone. */
NORETURN static void run_end(struct run *r)
{
	atomic_store(&r->state, (uint32_t)RUN_ENDED);
	atomic_add(&host_area_ptr()->doorbell, 1u);
	arch_notify(&host_area_ptr()->doorbell, 1);
#if KTEST_DET_BUILD
	det_exit();
#else
	os_thread_exit();
#endif
}

static void thread_ended(void)
{
	struct run *r = run_self();

	if (r)
		run_end(r);
}

static void copy_parent(struct run *r)
{
	uint32_t start, end;

	r->u->size = MAX(r->u->size, r->parent->size);
	for (uint32_t i = 0; fork_range(i, &start, &end); i++) {
		/* The test's own process has 8 MiB for everybody's buffers: its children get 64
		 * KiB. */
		if (r->parent == first_u) {
			start = MAX(start, U_ARENA);
			end = MIN(end, U_ARENA + 0x10000);
		}
		if (start < end)
			os_copy(r->u->base + start, r->parent->base + start, end - start);
	}
}

static uint32_t hex(const char *s)
{
	uint32_t n = 0;

	for (; *s; s++)
		n = n << 4 | (uint32_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	return n;
}

static void run_main(void *arg)
{
	struct run *r = arg;
	struct thread *t = r->thread;
	prog_fn *body;
	uint32_t number;

#if !KTEST_DET_BUILD
	arch_set_self(&t->waker);
#endif
	native_u_use(r->u);
	if (r->flags & SPAWN_FORK) {
		copy_parent(r);
		body = (prog_fn *)(uintptr_t)t->regs.entry;
		number = t->regs.arg;
		fork_copied();
	} else if (r->flags & SPAWN_THREAD) {
		const uint32_t *words = (const uint32_t *)(const void *)(r->u->base + t->regs.arg);

		body = (prog_fn *)(uintptr_t)words[0];
		number = words[1];
		r->sp = t->regs.sp;
		thread_started();
	} else {
		uint8_t head[8];
		uint32_t block, *words;

		CHECK_EQ(exec_read(head, sizeof(head), 0), 8);
		CHECK(exec_size() > 8 && head[1] == 'a');
		block = exec_start(HEAP_BASE, STACK_BYTES);
		CHECK(block > PAGE_SIZE && block % 16 == 0);
		words = (uint32_t *)(void *)(r->u->base + block);
		CHECK_EQ(words[0], 3);
		body = (prog_fn *)(uintptr_t)hex((char *)r->u->base + words[2]);
		number = hex((char *)r->u->base + words[3]);
	}
	thread_exit_kernel(t, 0);
	prog_poll();
	if (r->flags & SPAWN_THREAD) {
		prog_call(NR_exit, (uint32_t)body(number));
		ktest_fail(__FILE__, __LINE__, "exit returned");
	}
	prog_exit(body(number));
}

/* A thread by the low half of its address. */
static struct thread *thread_at(uint32_t low)
{
	struct thread *t, *found = NULL;
	struct proc *p;

	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link) {
		LIST_FOR_EACH(t, &p->threads, link) {
			if ((uint32_t)(uintptr_t)t == low)
				found = t;
		}
	}
	lock_release(&proc_tree_lock);
	CHECK(found);
	return found;
}

static void spawn(const struct host_slot *q)
{
	struct thread *t = thread_at(q->arg[0]);
	struct run *r = NULL;

	CHECK_EQ((uint32_t)(uintptr_t)t->kstack, q->arg[1]);
	if (atomic_load(&fail_spawns)) {
		atomic_sub(&fail_spawns, 1u);
		send_pointers(t, NULL, EAGAIN);
		return;
	}
	for (int i = 0; i < RUNS && !r; i++) {
		if (atomic_load(&runs[i].state) == RUN_FREE)
			r = &runs[i];
	}
	CHECK(r);
	CHECK(memories[q->arg[2]].exists && !memories[q->arg[2]].dirty);
	/* Not in one step: other runs look for themselves among all meanwhile. */
	atomic_store(&r->ended, 0u);
	atomic_store(&r->thread, t);
	r->kstack = t->kstack;
	r->memory = q->arg[2];
	r->u = memories[q->arg[2]].u;
	r->flags = q->arg[6];
	r->sp = FRAMES;
	r->frame = 0;
	r->parent = q->arg[3] ? memories[q->arg[3]].u : first_u;
	memories[r->memory].users++;
	atomic_store(&r->state, (uint32_t)RUN_GOING);
#if KTEST_DET_BUILD
	r->handle = det_start(run_main, r, &t->waker);
#else
	r->handle = os_thread_start(run_main, r);
#endif
}

static void end_run(uint32_t thread)
{
	for (int i = 0; i < RUNS; i++) {
		if (atomic_load(&runs[i].state) == RUN_GOING &&
			(uint32_t)(uintptr_t)runs[i].thread == thread)
			atomic_store(&runs[i].ended, 1u);
	}
}

static bool reap_runs(void)
{
	bool any = false;

	for (int i = 0; i < RUNS; i++) {
		struct run *r = &runs[i];
		struct memory *m = &memories[r->memory];

		if (atomic_load(&r->state) != RUN_ENDED)
			continue;
#if KTEST_DET_BUILD
		det_join(r->handle);
#else
		os_thread_join(r->handle);
#endif
		if (r->thread->waker.held_count)
			ktest_fail(__FILE__, __LINE__,
				"a thread of pid %u ended with the lock of %s", r->thread->tid,
				r->thread->waker.held[0]->where);
		m->users--;
		if (m->dirty && !m->users)
			memory_clean(r->memory);
		send_pointers(r->thread, r->kstack, 0);
		atomic_store(&r->state, (uint32_t)RUN_FREE);
		any = true;
	}
	return any;
}

/* ---- the host's thread ---- */

static void poke(uint32_t *word, uint32_t id)
{
	uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	while (seen != id && seen != PLEAT_POLL_ANY &&
		!__atomic_compare_exchange_n(word, &seen, seen ? PLEAT_POLL_ANY : id, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void serve(const struct host_slot *q)
{
	switch (q->op) {
	case OP_SPAWN:
		spawn(q);
		break;
	case OP_END:
		end_run(q->arg[0]);
		break;
	case OP_MEMORY_NEED:
		for (uint32_t i = 0; i < q->arg[0]; i++)
			memory_make();
		break;
	case OP_MEMORY_FREE:
		CHECK(memories[q->arg[0]].exists && !memories[q->arg[0]].dirty);
		memories[q->arg[0]].dirty = q->arg[1] + 1;
		if (!memories[q->arg[0]].users)
			memory_clean(q->arg[0]);
		break;
	case OP_FB_COPY:
#if !__has_feature(address_sanitizer) /* whose heap lies above 4 GiB */
		os_copy((uint8_t *)(uintptr_t)q->arg[3], memories[q->arg[1]].u->base + q->arg[2],
			q->arg[4]);
#endif
		send_event(EV_FB_COPIED, q->arg[0], 0);
		break;
	case OP_POKE:
		poke((uint32_t *)(void *)(memories[q->arg[0]].u->base + PLEAT_POLL_WORD),
			q->arg[1]);
		break;
	default:
		break;
	}
}

static void host_main(void *unused)
{
	struct host_area *area = host_area_ptr();

	(void)unused;
	thread_self()->waker.id = 0x7ffffff1;
	for (;;) {
		uint32_t seen = atomic_load(&area->doorbell);
		bool worked = reap_runs();

		while (area->request_tail != atomic_load(&area->request_head)) {
			struct host_slot q = area->requests[area->request_tail % REQUEST_SLOTS];

			serve(&q);
			/* Taken when it is done: host_settle() looks at this. */
			atomic_store(&area->request_tail, area->request_tail + 1);
			worked = true;
		}
		if (worked)
			continue;
		if (atomic_load(&stopping))
			return;
		atomic_store(&host_idle, 1u);
		arch_wait(&area->doorbell, seen, -1);
		atomic_store(&host_idle, 0u);
	}
}

static void events_main(void *unused)
{
	struct thread *self = thread_self();

	(void)unused;
	self->waker.id = 0x7ffffff2;
	self->kernel_thread = true;
	self->proc = proc_init();
	host_event_begin();
	for (;;) {
		uint32_t seen = waitq_prepare(&self->waker);
		uint64_t next;

		if (atomic_load(&stopping))
			break;
		take_pointers();
		next = host_event_round();
		lock_assert_none_held();
		atomic_store(&events_idle, 1u);
		(void)!waitq_commit(&self->waker, seen, next, WAIT_UNINTR, "events");
		atomic_store(&events_idle, 0u);
	}
	self->proc = NULL;
}

/* ---- the test's side ---- */

static void make_program(void)
{
	static const uint8_t head[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 0, 18, 5, 'p', 'l', 'e', 'a',
		't', PLEAT_ABI_VERSION, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0};
	int fd = sys_openat(AT_FDCWD, u_str(PROG_FILE), O_WRONLY | O_CREAT, 0755);

	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, u_bytes(head, sizeof(head)), sizeof(head)), sizeof(head));
	CHECK_EQ(sys_close(fd), 0);
}

void host_start(void)
{
	struct host_area *area = host_area_ptr();

	first_u = native_u_current();
	u_alloc(0x10000); /* what children have as PROG_DATA */
	make_program();
	area->request_tail = area->request_head;
	stopping = host_idle = events_idle = fail_spawns = 0;
	memory_limit = MEMORIES;
	ktest_left_hook = thread_ended;
	event_thread = ktest_thread_with(events_main, NULL, NULL, NULL);
	host_thread = ktest_thread_with(host_main, NULL, NULL, NULL);
	if (!pool_started)
		pool_init();
	pool_started = true;
}

static bool quiet(bool ended)
{
	struct host_area *area = host_area_ptr();
	uint32_t requests = atomic_load(&area->request_head),
		 events = atomic_load(&area->event_head);

	if (!atomic_load(&host_idle) || !atomic_load(&events_idle) || !pointers_taken() ||
		atomic_load(&area->request_tail) != requests ||
		atomic_load(&area->event_tail) != events)
		return false;
	for (int i = 0; i < RUNS; i++) {
		uint32_t state = atomic_load(&runs[i].state);

		if (state == RUN_ENDED || (ended && state != RUN_FREE))
			return false;
		if (state == RUN_GOING && !atomic_load(&runs[i].thread->waker.sleeping))
			return false;
	}
	return atomic_load(&host_idle) && atomic_load(&events_idle) && pointers_taken() &&
	       atomic_load(&area->request_head) == requests &&
	       atomic_load(&area->event_head) == events;
}

void host_settle(void)
{
	while (!quiet(false))
		ktest_yield();
}

void host_stop(void)
{
	CHECK_EQ(sys_wait4(-1, 0, WNOHANG, 0), -ECHILD);
	while (!quiet(true))
		ktest_yield();
	atomic_store(&stopping, 1u);
	waker_wake(&event_thread->waker);
	atomic_add(&host_area_ptr()->doorbell, 1u);
	arch_notify(&host_area_ptr()->doorbell, 1);
	ktest_join(event_thread);
	ktest_join(host_thread);
	ktest_left_hook = NULL;
	CHECK_EQ(memory_in_use(), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str(PROG_FILE), 0), 0);
}

int host_fork(prog_fn *body, uint32_t arg)
{
	struct prog_regs regs = {.sp = U_ARENA - 64,
		.unwound = U_ARENA - 256,
		.unwound_end = U_ARENA - 128,
		.entry = (uint32_t)(uintptr_t)body,
		.arg = arg};

	return fork_unwound(&regs);
}

uint32_t host_wait(int pid)
{
	uaddr_t status = u_alloc(4);

	CHECK_EQ(sys_wait4(pid, status, 0, 0), pid);
	return *U_PTR(uint32_t, status);
}

void host_fail_spawns(uint32_t n)
{
	atomic_store(&fail_spawns, n);
}

void host_limit_memories(uint32_t n)
{
	atomic_store(&memory_limit, n);
}

uint32_t host_runs(void)
{
	uint32_t n = 0;

	for (int i = 0; i < RUNS; i++)
		n += atomic_load(&runs[i].state) != RUN_FREE;
	return n;
}

void host_await(const uint32_t *word, uint32_t value)
{
	struct run *r = run_self();

	while (atomic_load(word) != value) {
		if (r && atomic_load(&r->ended))
			run_end(r);
		ktest_yield();
	}
}

/* ---- a program's side ---- */

void *prog_u(uaddr_t a)
{
	return native_u_current()->base + a;
}

static uint32_t *poll_word(void)
{
	return prog_u(PLEAT_POLL_WORD);
}

/* Does the poll word name the calling thread? */
static bool polled(void)
{
	uint32_t who = __atomic_load_n(poll_word(), __ATOMIC_SEQ_CST);

	return who == PLEAT_POLL_ANY || who == thread_self()->tid;
}

static bool restarts(int result)
{
	return result == -PLEAT_ERESTARTSYS || result == -PLEAT_ERESTARTNOHAND ||
	       result == -PLEAT_ERESTARTBLOCK;
}

#define RAN 1
#define RAN_EINTR 2
#define ENDED 4 /* | pid << 3: the vfork child it acted for */

/* Run the handlers that wait, as glue's stub does. */
static int deliver(void)
{
	struct run *r = run_self();
	int ran = 0;

	for (;;) {
		uaddr_t at = r->sp - 0x100, sp = r->sp, frame = r->frame;
		struct pleat_sigframe *f = prog_u(at);
		unsigned flags;

		int took = thread_syscall(NR_pleat_sigtake, at, 0, 0, 0, 0, 0);

		if (took <= 0)
			return ran;
		if (took == PLEAT_VFORK_ENDED)
			return ENDED | (int)f->signo << 3;
		flags = f->flags;
		r->frame = at;
		r->sp = f->altstack_top ? f->altstack_top : at;
		prog_poll();
		((void (*)(int))(uintptr_t)f->handler)((int)f->signo);
		r->sp = sp;
		r->frame = frame;
		if (!ran)
			ran = flags & SA_RESTART ? RAN : RAN | RAN_EINTR;
		thread_syscall(NR_rt_sigreturn, at + 16, 0, 0, 0, 0, 0);
	}
}

int prog_call_n(uint32_t nr, const uint32_t *args, uint32_t n)
{
	uint32_t a[6] = {0};

	for (uint32_t i = 0; i < n; i++)
		a[i] = args[i];
	for (;;) {
		int ran, result = thread_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

		if (!polled() && !restarts(result))
			return result;
		ran = deliver();
		if (ran & ENDED)
			return ran >> 3;
		if (!restarts(result))
			return result;
		if (result == -PLEAT_ERESTARTSYS ? ran & RAN_EINTR : ran)
			return -EINTR;
		if (result == -PLEAT_ERESTARTBLOCK)
			nr = NR_restart_syscall;
	}
}

const struct pleat_sigframe *prog_frame(void)
{
	return prog_u(run_self()->frame);
}

void prog_poll(void)
{
	if (polled())
		deliver();
}

NORETURN void prog_spin(bool polls)
{
	struct run *r = run_self();

	for (;;) {
		if (atomic_load(&r->ended))
			run_end(r);
		ktest_yield();
		if (polls)
			prog_poll();
	}
}

NORETURN void prog_exit(int status)
{
	prog_call(NR_exit_group, (uint32_t)status);
	ktest_fail(__FILE__, __LINE__, "exit_group returned");
}

NORETURN void prog_trap(int signo)
{
	thread_enter_kernel(thread_self());
	program_trapped(signo, "a test's");
}

int prog_fork(prog_fn *body, uint32_t arg)
{
	struct thread *t = thread_self();
	struct prog_regs regs = {.sp = STACK_BYTES - 64,
		.unwound = STACK_BYTES - 256,
		.unwound_end = STACK_BYTES - 128,
		.entry = (uint32_t)(uintptr_t)body,
		.arg = arg};
	int result;

	thread_enter_kernel(t);
	result = thread_exit_kernel(t, fork_unwound(&regs));
	prog_poll();
	return result;
}

int prog_thread(prog_fn *body, uint32_t arg, uaddr_t word)
{
	uint32_t slot =
		__atomic_fetch_add((uint32_t *)prog_u(THREAD_STACKS - 16), 1u, __ATOMIC_SEQ_CST);
	uaddr_t top = THREAD_STACKS + (slot % 8 + 1) * THREAD_STACK;
	uint32_t *words = prog_u(top - 16);
	struct pleat_clone *c = prog_u(top - 128);

	words[0] = (uint32_t)(uintptr_t)body;
	words[1] = arg;
	*c = (struct pleat_clone){.flags = 0xd0f00u | (word ? 0x200000u : 0),
		.stack = top - 128,
		.arg = top - 16,
		.ctid = word};
	return prog_call(NR_clone, top - 128);
}

void prog_await(uaddr_t word, uint32_t value)
{
	uint32_t seen;

	while ((seen = __atomic_load_n((uint32_t *)prog_u(word), __ATOMIC_SEQ_CST)) != value)
		prog_call(NR_futex_time64, word, 0, seen, 0, 0, 0);
}

int prog_vfork(prog_fn *body, uint32_t arg)
{
	int result = prog_call(NR_pleat_vfork);

	return result == 0 ? body(arg) : result;
}

uaddr_t prog_exec_words(prog_fn *body, uint32_t arg)
{
	uaddr_t at = PROG_DATA + 0x8000;
	uint32_t *argv = prog_u(at);
	char *text = prog_u(at + 64);

	kformat(text, 64, "%s", PROG_FILE);
	kformat(text + 16, 16, "%x", (uint32_t)(uintptr_t)body);
	kformat(text + 32, 16, "%x", arg);
	argv[0] = at + 64;
	argv[1] = at + 64 + 16;
	argv[2] = at + 64 + 32;
	argv[3] = 0;
	return at;
}

int prog_exec(prog_fn *body, uint32_t arg)
{
	uaddr_t argv = prog_exec_words(body, arg);

	return prog_call(NR_execve, argv + 64, argv, 0);
}

int prog_spawn(prog_fn *body, uint32_t arg)
{
	uaddr_t argv = prog_exec_words(body, arg);
	struct pleat_spawn *s = prog_u(argv + 128);

	*s = (struct pleat_spawn){.path = argv + 64, .argv = argv};
	return prog_call(NR_pleat_spawn, argv + 128);
}

int prog_handle(int signo, void (*handler)(int), uint32_t flags)
{
	struct abi_sigaction *a = prog_u(PROG_DATA + 0x9000);

	*a = (struct abi_sigaction){.handler = (uint32_t)(uintptr_t)handler, .flags = flags};
	return prog_call(NR_rt_sigaction, (uint32_t)signo, PROG_DATA + 0x9000, 0, 8);
}

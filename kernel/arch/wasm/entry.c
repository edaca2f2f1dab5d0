/*
 * entry.c - what kernel.wasm exports to the Workers (web/src/worker) and to programs.
 *
 * Each Worker instantiates the module anew for each run of a thread. All instances share K; each
 * has its own stack pointer and TLS base, which the Worker sets first:
 *   __stack_pointer = tls = (kstack + KSTACK_SIZE - __tls_size) aligned down; __wasm_init_tls(tls)
 * then attach(thread). Only then may it call anything else.
 */
#include "lib/types.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "host/host.h"
#include "init/init.h"
#include "proc/internal.h"
#include "proc/thread.h"

#define EXPORT(name) __attribute__((export_name(#name)))

/* The kernel Worker and the timer Worker run kernel code without a process. */
static struct thread boot_thread = {.waker = {.id = 0x7ffffffe}, .kernel_thread = true};
static struct thread event_thread = {.waker = {.id = 0x7fffffff}, .kernel_thread = true};
static uint8_t event_stack[KSTACK_SIZE] __attribute__((aligned(16)));

/* Text from JavaScript: exec failures and trap messages. One buffer per instance. */
static _Thread_local char text[512];
static _Thread_local struct prog_regs regs;
static _Thread_local uint32_t range_start, range_end;

EXPORT(kstack_size) uint32_t kstack_size(void)
{
	return KSTACK_SIZE; /* touches no memory: callable before attach() */
}

EXPORT(event_kstack) uint32_t event_kstack(void)
{
	return (uint32_t)(uintptr_t)event_stack;
}

EXPORT(host_area) uint32_t host_area(void)
{
	return (uint32_t)(uintptr_t)host_area_ptr();
}

/* ---- kernel Worker ---- */

EXPORT(boot_alloc) void *boot_alloc(uint32_t n)
{
	arch_set_self(&boot_thread.waker);
	return kmalloc(n);
}

EXPORT(boot) void boot(const char *plan, uint32_t len)
{
	arch_set_self(&boot_thread.waker);
	boot_start(plan, len);
}

/* Copies log records from *pos on to buf; returns their bytes. For the host's log view. */
EXPORT(log_read) uint32_t log_read(uint64_t *pos, char *buf, uint32_t len)
{
	arch_set_self(&boot_thread.waker);
	return (uint32_t)klog_read(pos, buf, len);
}

/* The host's strace session (boot option strace=): text that nobody has read yet. */
EXPORT(trace_read_host) uint32_t trace_read_host(char *buf, uint32_t len)
{
	arch_set_self(&boot_thread.waker);
	return (uint32_t)trace_host_read(buf, len);
}

/* For tests and the benchmark: heap bytes and objects in use, memories and processes. */
EXPORT(stats) void stats(uint32_t *out)
{
	struct alloc_stats a;

	arch_set_self(&boot_thread.waker);
	alloc_stats(&a);
	out[0] = (uint32_t)a.used_bytes;
	out[1] = a.objects;
	out[2] = (uint32_t)a.heap_bytes;
	out[3] = proc_count(NULL);
}

/* ---- timer Worker ---- */

EXPORT(event_main) void event_main(void)
{
	arch_set_self(&event_thread.waker);
	event_thread.proc = proc_init();
	host_event_loop();
}

/* ---- process Workers ---- */

EXPORT(attach) void attach(struct thread *t)
{
	arch_set_self(&t->waker);
	thread_attached();
}

EXPORT(syscall)
int32_t syscall(
	uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5)
{
	arch_probe_stack();
	return thread_syscall(nr, a0, a1, a2, a3, a4, a5);
}

EXPORT(run_init) void run_init(void)
{
	boot_main();
}

EXPORT(text_buffer) char *text_buffer(void)
{
	return text;
}

EXPORT(text_size) uint32_t text_size(void)
{
	return sizeof(text);
}

EXPORT(exec_size_lo) uint32_t exec_size_lo(void)
{
	uint64_t n = exec_size();

	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

EXPORT(exec_buffer) void *exec_buffer(void)
{
	return pages_alloc(16);
}

EXPORT(exec_buffer_free) void exec_buffer_free(void *p)
{
	pages_free(p, 16);
}

EXPORT(exec_read_at) int32_t exec_read_at(void *buf, uint32_t n, uint32_t pos)
{
	return (int32_t)exec_read(buf, n, pos);
}

EXPORT(exec_start_at) uint32_t exec_start_at(uint32_t heap_base, uint32_t stack_top)
{
	return exec_start(heap_base, stack_top);
}

EXPORT(exec_fail) void exec_fail(uint32_t len)
{
	text[MIN(len, (uint32_t)sizeof(text) - 1)] = 0;
	exec_failed(text);
}

/* Around the instantiation of the program, which runs its start function. */
EXPORT(start_begin) void start_begin(void)
{
	thread_start_begin(thread_self());
}

EXPORT(start_end) void start_end(void)
{
	thread_start_end(thread_self());
}

/* A further thread has its instance: its creator goes on. */
EXPORT(thread_ready) void thread_ready(void)
{
	thread_started();
}

/* KERNEL -> USER before the program's first instruction. */
EXPORT(enter_user) void enter_user(void)
{
	thread_exit_kernel(thread_self(), 0);
}

/* The program returned from _start without exit: cannot happen with libc. Trap otherwise. */
EXPORT(trapped) void trapped(int32_t signo, uint32_t len)
{
	struct thread *t = thread_self();

	text[MIN(len, (uint32_t)sizeof(text) - 1)] = 0;
	thread_enter_kernel(t);
	program_trapped(signo, text);
}

/* 0 user, 1 kernel (+4 pending), 2 dead, 3 start: tells a program's trap from a kernel's. */
EXPORT(thread_state) uint32_t thread_state(void)
{
	return atomic_load(&thread_self()->state);
}

/* Not 0: the last trap was the kernel leaving on purpose. */
EXPORT(leave_reason) uint32_t leave_reason(void)
{
	return thread_self()->leave;
}

/* ---- fork and clone ---- */

/* Where JavaScript puts and finds a program's registers. */
EXPORT(regs_buffer) struct prog_regs *regs_buffer(void)
{
	return &regs;
}

EXPORT(fork_parent) int32_t fork_parent(void)
{
	struct thread *t = thread_self();
	int result;

	thread_enter_kernel(t);
	result = fork_unwound(&regs);
	return thread_exit_kernel(t, result);
}

EXPORT(fork_regs) struct prog_regs *fork_regs(void)
{
	return &thread_self()->regs;
}

EXPORT(fork_next_range) uint32_t *fork_next_range(uint32_t i)
{
	static _Thread_local uint32_t pair[2];

	if (!fork_range(i, &range_start, &range_end))
		return NULL;
	pair[0] = range_start;
	pair[1] = range_end;
	return pair;
}

EXPORT(fork_child_ready) void fork_child_ready(void)
{
	fork_copied();
}

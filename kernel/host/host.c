/*
 * host.c - the event thread: what the host tells the kernel, due timers, dead threads.
 * It runs in the timer Worker. It waits for locks like anybody, but never for the host.
 * Locks: none of its own; `event_waker` is atomic.
 */
#include "host/host.h"
#include "host/hostdiff.h"
#include "arch/arch.h"
#include "dev/fb.h"
#include "dev/input.h"
#include "dev/sound.h"
#include "init/init.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/waitq.h"
#include "mm/pool.h"
#include "proc/internal.h"
#include "proc/thread.h"
#include "tty/tty.h"
#include "vfs/sigio.h"

static struct waker *event_waker; /* [a] NULL until the thread runs */

void host_kick_event_thread(void)
{
	struct waker *w = atomic_load(&event_waker);

	if (w)
		waker_wake(w);
}

static struct thread *thread_at(uint32_t address)
{
	return (struct thread *)(uintptr_t)address;
}

static void handle(const struct host_slot *e)
{
	switch (e->op) {
	case EV_CONSOLE_INPUT:
		console_input_ready(e->arg[0]);
		break;
	case EV_CONSOLE_DRAINED:
		console_output_drained(e->arg[0]);
		break;
	case EV_CONSOLE_RESIZE:
		console_resized(e->arg[0], e->arg[1], e->arg[2]);
		break;
	case EV_CONSOLE_OPEN:
		console_opened(e->arg[0]);
		break;
	case EV_CONSOLE_CLOSE:
		console_closed(e->arg[0]);
		break;
	case EV_CONSOLE_EOF:
		console_input_eof(e->arg[0]);
		break;
	case EV_WORKER_GONE:
		thread_run_over(thread_at(e->arg[0]), (void *)(uintptr_t)e->arg[1]);
		break;
	case EV_WORKER_BROKE:
		thread_broke(thread_at(e->arg[0]));
		break;
	case EV_SPAWN_FAILED:
		spawn_failed(thread_at(e->arg[0]), -(int)e->arg[1]);
		break;
	case EV_MEMORY:
		memory_arrived(e->arg[0]);
		break;
	case EV_MEMORY_REFUSED:
		memory_refused();
		break;
	case EV_FB_COPIED:
		fb_copied(e->arg[0]);
		break;
	case EV_INPUT:
		input_from_host(e);
		break;
	case EV_KEY_TEXT:
		input_text_from_host(e);
		break;
	case EV_INPUT_LOST:
		input_lost(e->arg[0]);
		break;
	case EV_STOP:
		machine_halt(128 + SIGTERM);
		break;
	case EV_DIFF:
		host_diff(e->arg[0]);
		break;
	case EV_DIFF_DONE:
		host_diff_done(e->arg[0]);
		break;
	default:
		klog(KLOG_ERROR, "host: unknown event %u", e->op);
	}
}

static void handle_events(void)
{
	struct host_area *a = host_area_ptr();

	while (a->event_tail != atomic_load(&a->event_head)) {
		struct host_slot e = a->events[a->event_tail % EVENT_SLOTS];

		atomic_store(&a->event_tail, a->event_tail + 1);
		if (atomic_xchg(&a->event_drain_wanted, 0u))
			HOST_REQUEST(OP_EVENTS_DRAINED, 0);
		handle(&e);
	}
}

uint64_t host_event_round(void)
{
	handle_events();
	fb_event_round();
	sound_event_round();
	threads_bury_dead();
	sigio_event_round();
	return timers_run(arch_clock_ns());
}

void host_event_begin(void)
{
	struct waker *self = waker_self();

	atomic_store(&host_area_ptr()->event_wake, (uint32_t)(uintptr_t)&self->wake);
	atomic_store(&event_waker, self);
}

void host_event_loop(void)
{
	struct waker *self = waker_self();

	host_event_begin();
	for (;;) {
		uint32_t seen = waitq_prepare(self);
		uint64_t next = host_event_round();

		lock_assert_none_held();
		(void)!waitq_commit(self, seen, next, WAIT_UNINTR, "events");
	}
}

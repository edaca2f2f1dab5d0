/*
 * __init_tls.c - thread-local storage: the main thread's and each new thread's.
 *
 * The linker lays out all _Thread_local objects in one block found through the global
 * __tls_base; the module's start function has set up the main thread's before _start. A new
 * thread's block is filled by its creator with the linker's __wasm_init_tls, which also moves
 * the calling instance's own __tls_base: it is put back at once.
 */
#define SYSCALL_NO_TLS 1
#include <stddef.h>
#include <string.h>
#include "pthread_impl.h"
#include "libc.h"
#include "atomic.h"
#include "syscall.h"
#include "wasm_globals.h"

void __wasm_init_tls(void *);

volatile int __thread_list_lock;

/* One thread's control block with the two dtv words that libc's generic code may look at. */
struct block {
	struct pthread pt;
	uintptr_t dtv[2]; /* 1, __tls_base */
};

static struct block main_block;

int __init_tp(void *p)
{
	pthread_t td = p;

	td->self = td;
	__set_thread_area(td);
	libc.can_do_threads = 1;
	td->detach_state = DT_JOINABLE;
	td->tid = __syscall(SYS_set_tid_address, &__thread_list_lock);
	td->locale = &libc.global_locale;
	td->robust_list.head = &td->robust_list.head;
	td->next = td->prev = td;
	return 0;
}

/* Lay out a new thread's block and TLS in mem (libc.tls_size bytes, zeroed). */
void *__copy_tls(unsigned char *mem)
{
	size_t align = __builtin_wasm_tls_align();
	uintptr_t own = wasm_tls_base();
	struct block *b = (void *)(((uintptr_t)mem + 15) & -16UL);
	uintptr_t tls = (uintptr_t)(b + 1);

	b->dtv[0] = 1;
	b->pt.dtv = b->dtv;
	if (__builtin_wasm_tls_size()) {
		tls = (tls + align - 1) & -align;
		__wasm_init_tls((void *)tls);
		wasm_set_tls_base(own);
	}
	b->dtv[1] = tls;
	return &b->pt;
}

void __init_tls(size_t *aux)
{
	size_t align = __builtin_wasm_tls_align();

	libc.tls_align = align > 16 ? align : 16;
	libc.tls_size =
		(sizeof(struct block) + __builtin_wasm_tls_size() + libc.tls_align + 15 + 15) &
		-16UL;
	main_block.dtv[0] = 1;
	main_block.dtv[1] = wasm_tls_base();
	main_block.pt.dtv = main_block.dtv;
	__init_tp(&main_block.pt);
}

/*
 * pool.h - the user memories of the machine. An engine gives a limited number (Chromium: 125 a
 * tab), so the host keeps and cleans them; the kernel holds a few clean ones ready.
 */
#ifndef MM_POOL_H
#define MM_POOL_H

#include "lib/types.h"

void pool_init(void);
/* Take a clean memory. Sleeps until the host has one; ended by a kill.
 * 0, -EAGAIN: the engine has no more; -EINTR. */
int memory_get(uint32_t *memory) MUST_CHECK;
/* Nobody uses it any more. touched: bytes from 0 that may not be zero. Never sleeps. */
void memory_put(uint32_t memory, uint32_t touched);

/* From the event thread. */
void memory_arrived(uint32_t memory);
void memory_refused(void);

uint32_t memory_in_use(void);

#endif

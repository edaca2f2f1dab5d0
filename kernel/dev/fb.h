/*
 * fb.h - frame buffers /dev/fb0 to fb3. Each shows one of: the memory of a process that has it
 * mapped, read there by the page without a copy, or the kernel's own store, for write(2) and for
 * what a mapping that went away last held.
 */
#ifndef DEV_FB_H
#define DEV_FB_H

#include "lib/types.h"

/* Event thread: the host copied what OP_FB_COPY asked for. */
void fb_copied(uint32_t n);
/* Event thread, each round: wake those that wait for a frame which the page has shown. */
void fb_event_round(void);

#endif

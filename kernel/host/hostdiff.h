/* hostdiff.h - the machine's changed files for a person who shares it (EV_DIFF, OP_DIFF). */
#ifndef HOST_HOSTDIFF_H
#define HOST_HOSTDIFF_H

#include "lib/types.h"

/* Event thread: gather the root's upper layer in at most limit bytes and hand it to the host. */
void host_diff(uint32_t limit);
/* Event thread: the host has copied the list at `address`. */
void host_diff_done(uint32_t address);

#endif

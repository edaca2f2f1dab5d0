/*
 * mounts.h - what the boot plan mounts, and the files that it lays over the root.
 */
#ifndef INIT_MOUNTS_H
#define INIT_MOUNTS_H

#include "lib/types.h"

struct fs_type;
struct super;

/*
 * Take a line of the boot plan if it is one of these; panics if it is a wrong one:
 *   rootlayers=<n>                 layers of the root; absent: all. The others belong to mounts.
 *   overlay=<address>:<length>     entries in K (fs/overlay_diff.h), laid over the root in this
 *                                  order; the memory becomes ours
 *   mount=tmpfs:<bytes, 0: half of memory>:0:<path>
 *   mount=layer:<number>:1:<path>  mount=overlay:<number of the lowest>:<count>:<path>
 */
bool mounts_plan_line(const char *key, char *value);
/* How many of n layers are the root's. */
uint32_t mounts_root_layers(uint32_t n);
/* Lay the overlays over the root file system, which nobody uses yet. Panics with the refused path.
 */
void mounts_apply_overlays(struct super *root);
/* The mounts of the plan, in its order. PID 1's Worker, with a root. Panics if one is not possible.
 */
void mounts_plan_all(void);

/* Mount one file system; a failure is only logged. */
void mounts_one(const struct fs_type *type, const char *source, const char *at, uint32_t flags,
	const char *options);
/* Make each directory of an absolute path that is missing. */
void mounts_make_dirs(const char *path);

#endif

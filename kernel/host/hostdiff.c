/*
 * hostdiff.c - gather what changed under the root for the host.
 * The root's upper layer is in memory, so that the event thread waits for locks alone, never for
 * the host. Programs run on meanwhile; the list says what each directory and file was when it was
 * read.
 * Locks: none here; see fs/overlay_diff.c.
 */
#include "host/hostdiff.h"
#include "fs/overlay_diff.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "vfs/vfs.h"

void host_diff(uint32_t limit)
{
	struct path root;
	uint8_t *list = NULL;
	size_t len = 0;
	int err;

	mount_root_path(&root);
	err = overlay_diff(root.dentry->super, limit, &list, &len);
	path_put(&root);
	if (err)
		klog(KLOG_WARN, "host: what changed cannot be listed (error %d)", -err);
	HOST_REQUEST(OP_DIFF, (uint32_t)-err, (uint32_t)(uintptr_t)list, (uint32_t)len);
}

void host_diff_done(uint32_t address)
{
	kfree((void *)(uintptr_t)address);
}

/*
 * hostfetch.c - the kernel's end of OP_CHUNK: one request, one plain chunk, checked by the host
 * against the signed hash before a byte of it is written here.
 * Locks: none.
 */
#include "host/hostfetch.h"
#include "host/host.h"
#include "abi/ring.h"
#include "lib/klog.h"

static int hostfetch_chunk(uint32_t layer, uint64_t index, uint8_t *data, uint32_t len)
{
	const struct layer_info *info = layer_get(layer);
	struct host_call call = {
		.layer = layer,
		.index_lo = (uint32_t)index,
		.index_hi = (uint32_t)(index >> 32),
		.data = (uint32_t)(uintptr_t)data,
		.size = CHUNK_SIZE,
	};
	int err = host_call(OP_CHUNK, &call);

	if (!err && call.result == len)
		return 0;
	klog(KLOG_ERROR, "image: layer %s chunk %llu: %s (error %d, %u of %u bytes)",
		info ? info->name : "?", (unsigned long long)index,
		err ? "not read" : "wrong length", -err, err ? 0 : call.result, len);
	return err == -ENOMEM ? err : -EIO;
}

const struct chunk_source hostfetch_source = {
	.layer = layer_get,
	.fetch = hostfetch_chunk,
};

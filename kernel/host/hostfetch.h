/* hostfetch.h - image chunks from the host, which fetches, inflates and checks them (OP_CHUNK). */
#ifndef HOST_HOSTFETCH_H
#define HOST_HOSTFETCH_H

#include "fs/chunkcache.h"

extern const struct chunk_source hostfetch_source;

#endif

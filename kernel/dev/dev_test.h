/* dev_test.h - what the tests of devices share: descriptors without a file system, the host. */
#ifndef DEV_DEV_TEST_H
#define DEV_DEV_TEST_H

#include "tests/ktest_proc.h"
#include "abi/ring.h"
#include "dev/dev.h"
#include "host/host.h"
#include "lib/str.h"

/* A descriptor of a device, or -errno. */
static inline int open_dev(uint32_t major, uint32_t minor, uint32_t flags)
{
	const struct file_ops *fops = dev_fops(S_IFCHR, MKDEV(major, minor));
	struct file *f = file_new_anon(fops, flags, "dev:", NULL);
	struct inode inode = {.rdev = MKDEV(major, minor), .mode = S_IFCHR};
	int fd, err;

	CHECK(f);
	err = fops->open(&inode, f);
	if (err) {
		file_put(f);
		return err;
	}
	fd = fd_reserve(0, 0);
	CHECK(fd >= 0);
	fd_install(fd, f);
	return fd;
}

/* Requests of one kind since the last look; all others are thrown away. */
static inline uint32_t requests_of(uint32_t op, struct host_slot *last)
{
	struct host_area *area = host_area_ptr();
	uint32_t count = 0;

	while (area->request_tail != atomic_load(&area->request_head)) {
		struct host_slot *slot = &area->requests[area->request_tail % REQUEST_SLOTS];

		if (slot->op == op) {
			count++;
			if (last)
				*last = *slot;
		}
		atomic_store(&area->request_tail, area->request_tail + 1);
	}
	return count;
}

#endif

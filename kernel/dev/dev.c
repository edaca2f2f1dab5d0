/*
 * dev.c - the device table. Numbers are Linux's (admin-guide/devices) where it has the device.
 * Locks: none, the table is fixed.
 */
#include "dev/dev.h"
#include "tty/tty.h"
#include "vfs/vfs.h"

const struct dev_entry dev_table[] = {
	{"null", DEV_MAJOR_MEM, 3, 1, 0666, &null_fops},
	{"zero", DEV_MAJOR_MEM, 5, 1, 0666, &zero_fops},
	{"full", DEV_MAJOR_MEM, 7, 1, 0666, &full_fops},
	{"random", DEV_MAJOR_MEM, 8, 1, 0666, &random_fops},
	{"urandom", DEV_MAJOR_MEM, 9, 1, 0666, &random_fops},
	{"kmsg", DEV_MAJOR_MEM, 11, 1, 0644, &kmsg_fops},
	{"tty", TTY_MAJOR, 1, CONSOLE_COUNT, 0620, &tty_dev_ops},
	{"tty", TTYAUX_MAJOR, 0, 1, 0666, &tty_dev_ops},
	{"console", TTYAUX_MAJOR, 1, 1, 0600, &tty_dev_ops},
	{"ptmx", TTYAUX_MAJOR, 2, 1, 0666, &tty_dev_ops},
	{NULL, PTS_MAJOR, 0, 4096, 0620, &tty_dev_ops},
	{"hostin", HOST_MAJOR, 0, 1, 0600, &tty_dev_ops},
	{"hostout", HOST_MAJOR, 1, 1, 0600, &tty_dev_ops},
	{"hosterr", HOST_MAJOR, 2, 1, 0600, &tty_dev_ops},
	{"conctl", HOST_MAJOR, 3, 1, 0600, &tty_dev_ops},
};
const uint32_t dev_table_len = ARRAY_LEN(dev_table);

const struct file_ops *dev_fops(uint32_t mode, uint32_t rdev)
{
	if (!S_ISCHR(mode))
		return NULL; /* no block devices: images are layers, not disks */
	for (uint32_t i = 0; i < dev_table_len; i++) {
		const struct dev_entry *d = &dev_table[i];

		if (d->major == MAJOR(rdev) && MINOR(rdev) - d->minor < d->count)
			return d->fops;
	}
	return NULL;
}

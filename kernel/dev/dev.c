/*
 * dev.c - the device table. Numbers are Linux's (admin-guide/devices) where it has the device.
 * Locks: none, the table is fixed.
 */
#include "dev/dev.h"
#include "abi/ring.h"
#include "tty/tty.h"
#include "vfs/vfs.h"

const struct dev_entry dev_table[] = {
	{"null", DEV_MAJOR_MEM, 3, 1, 0666, &null_fops},
	{"zero", DEV_MAJOR_MEM, 5, 1, 0666, &zero_fops},
	{"full", DEV_MAJOR_MEM, 7, 1, 0666, &full_fops},
	{"random", DEV_MAJOR_MEM, 8, 1, 0666, &random_fops},
	{"urandom", DEV_MAJOR_MEM, 9, 1, 0666, &random_fops},
	{"kmsg", DEV_MAJOR_MEM, 11, 1, 0644, &kmsg_fops},
	{"tty", DEV_MAJOR_TTY, 1, CONSOLE_COUNT, 0620, &tty_file_ops},
	{"tty", DEV_MAJOR_TTYAUX, 0, 1, 0666, &tty_file_ops},
	{"console", DEV_MAJOR_TTYAUX, 1, 1, 0600, &tty_file_ops},
	{"ptmx", DEV_MAJOR_TTYAUX, 2, 1, 0666, &ptmx_file_ops},
	{"conctl", DEV_MAJOR_MISC, DEV_MINOR_CONCTL, 1, 0600, &conctl_file_ops},
	{"hostin", DEV_MAJOR_MISC, DEV_MINOR_HOSTIN, 1, 0666, &host_stream_file_ops},
	{"hostout", DEV_MAJOR_MISC, DEV_MINOR_HOSTOUT, 1, 0666, &host_stream_file_ops},
	{"hosterr", DEV_MAJOR_MISC, DEV_MINOR_HOSTERR, 1, 0666, &host_stream_file_ops},
	{"input/event0", DEV_MAJOR_INPUT, DEV_MINOR_EVENT + 0, 1, 0666, &evdev_fops},
	{"input/event1", DEV_MAJOR_INPUT, DEV_MINOR_EVENT + 1, 1, 0666, &evdev_fops},
	{"input/event2", DEV_MAJOR_INPUT, DEV_MINOR_EVENT + 2, 1, 0666, &evdev_fops},
	{"input/event3", DEV_MAJOR_INPUT, DEV_MINOR_EVENT + 3, 1, 0666, &evdev_fops},
	{"input/event4", DEV_MAJOR_INPUT, DEV_MINOR_EVENT + 4, 1, 0666, &evdev_fops},
	{"dsp", DEV_MAJOR_SOUND, 3, 1, 0666, &dsp_fops},
	{"input/mice", DEV_MAJOR_INPUT, DEV_MINOR_MICE, 1, 0666, &mice_fops},
	{"fb", DEV_MAJOR_FB, 0, FB_COUNT, 0666, &fb_fops},
	{"strace", DEV_MAJOR_MISC, DEV_MINOR_STRACE, 1, 0666, &strace_fops},
	{NULL, DEV_MAJOR_PTS, 0, 4096, 0620, &tty_file_ops},
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

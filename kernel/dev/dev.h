/*
 * dev.h - the device table: which operations stand behind a device number, and the names that /dev
 * shows from the start. A device: its file here, one row in dev.c, a test.
 */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "lib/types.h"

struct file_ops;

#define DEV_MAJOR_MEM 1
#define DEV_MAJOR_TTY 4
#define DEV_MAJOR_TTYAUX 5
#define DEV_MAJOR_MISC 10
#define DEV_MAJOR_INPUT 13
#define DEV_MAJOR_SOUND 14
#define DEV_MAJOR_FB 29
#define DEV_MAJOR_PTS 136
#define DEV_MINOR_MICE 63    /* of INPUT */
#define DEV_MINOR_EVENT 64   /* of INPUT: event0 */
#define DEV_MINOR_CONCTL 240 /* of MISC: which terminals the page shows, for init */
#define DEV_MINOR_HOSTIN 241 /* of MISC: the host's standard streams, when it is no terminal */
#define DEV_MINOR_HOSTOUT 242
#define DEV_MINOR_HOSTERR 243
#define DEV_MINOR_STRACE 244

/* Operations of the device rdev; mode: S_IFCHR or S_IFBLK. NULL: no such device. */
const struct file_ops *dev_fops(uint32_t mode, uint32_t rdev);

/* A row of the table: `count` devices from minor on; with count > 1 /dev has name1, name2 and on.
 */
struct dev_entry {
	const char *name; /* in /dev; NULL: nodes come and go by devfs_add_node() */
	uint16_t major, minor, count;
	uint16_t mode; /* permission bits of the node */
	const struct file_ops *fops;
};
extern const struct dev_entry dev_table[];
extern const uint32_t dev_table_len;

/* mem.c */
extern const struct file_ops null_fops, zero_fops, full_fops, random_fops;
/* kmsg.c */
extern const struct file_ops kmsg_fops;
/* dsp.c */
extern const struct file_ops dsp_fops;
/* evdev.c, mice.c */
extern const struct file_ops evdev_fops, mice_fops;
/* fb.c */
extern const struct file_ops fb_fops;
/* trace/ */
extern const struct file_ops strace_fops; /* each open file is a session */
/* tty/ */
extern const struct file_ops tty_file_ops;  /* terminals, /dev/tty and /dev/console */
extern const struct file_ops ptmx_file_ops; /* opening it makes a pair */
extern const struct file_ops conctl_file_ops;
extern const struct file_ops host_stream_file_ops; /* hostin, hostout, hosterr */

/*
 * Show a device under /dev as long as it exists ("pts/3"). The node belongs to the calling thread's
 * user. Takes directory locks (RANK_INODE_DIR). 0 (also if that very device is there already),
 * -EEXIST, -ENOENT (its directory), -ENOMEM.
 */
int devfs_add_node(const char *name, uint32_t mode, uint32_t rdev);
void devfs_remove_node(const char *name);

#endif

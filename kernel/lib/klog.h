/*
 * klog.h - the kernel log: a byte ring in K that /dev/kmsg, dmesg and the page's boot log read.
 * Lines carry level and time. Safe in any context: takes only its own lock (RANK_KLOG, last).
 */
#ifndef LIB_KLOG_H
#define LIB_KLOG_H

#include "lib/types.h"

enum klog_level { KLOG_ERROR = 3, KLOG_WARN = 4, KLOG_INFO = 6 };

/* Append one line, "room: text", no newline. Longer than 200 bytes is cut. */
void klog(enum klog_level level, const char *format, ...) PRINTF(2, 3);

/*
 * Copy whole records from position *pos (0: the oldest kept) into buf, each
 * "<level>,<usec>;text\n". Returns bytes copied, 0 at the end; *pos moves on, also past records
 * that were overwritten.
 */
size_t klog_read(uint64_t *pos, char *buf, size_t len);

/* f is called after each line, with no lock of the log held (the host is told). */
void klog_listen(void (*f)(void));

/* Format into buf (always terminated). Knows %d %u %x %p %s %c %% %lld %llu %llx, width, 0, -,
 * %.*s. Returns the length that the whole text has, as snprintf does. */
int kformat(char *buf, size_t size, const char *format, ...) PRINTF(3, 4);
int kvformat(char *buf, size_t size, const char *format, __builtin_va_list ap);

#endif

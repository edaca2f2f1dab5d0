/*
 * kmsg.c - /dev/kmsg: the kernel log as records, and a way to add a line.
 * Spec: Linux's /dev/kmsg (ABI/testing/dev-kmsg): one record a read, "level,number,usec,-;text".
 * The record's number is its place in the log, so numbers ascend but are not dense. At the end a
 * read is end of file, -EAGAIN with O_NONBLOCK: it never waits for the next line.
 * syslog(2) shows the same log as text, as dmesg wants it.
 * Locks: none here; klog has its own.
 */
#include "dev/dev.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/uaccess.h"
#include "proc/proc.h"
#include "vfs/vfs.h"
#include "syscalls.h"

#define RECORD_MAX 256u

/* One record "<level>,<usec>;text\n" from *pos on. Returns its length, 0 at the end. */
static size_t next_record(uint64_t *pos, char *buf, uint64_t *start)
{
	size_t n = klog_read(pos, buf, RECORD_MAX);
	const char *end = n ? memchr(buf, '\n', n) : NULL;

	if (!end)
		return 0;
	*start = *pos - n; /* older ones may have been overwritten and skipped */
	n = (size_t)(end - buf) + 1;
	*pos = *start + n;
	return n;
}

static ssize_t kmsg_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	char record[RECORD_MAX], head[32];
	uint64_t at = *pos, start = 0;
	size_t n = next_record(&at, record, &start), level, body, len;
	const char *comma = n ? memchr(record, ',', n) : NULL;

	if (!comma)
		return atomic_load(&file->flags) & O_NONBLOCK ? -EAGAIN : 0;
	level = (size_t)(comma - record);
	kformat(head, sizeof(head), "%.*s,%llu,", (int)level, record, (unsigned long long)start);
	len = strlen(head);
	body = (size_t)((const char *)memchr(record, ';', n) - comma) - 1; /* the time */
	if (b->left < len + n - level + 1)
		return -EINVAL; /* as Linux: a record is never cut */
	iob_put(b, head, len);
	iob_put(b, comma + 1, body);
	iob_put(b, ",-", 2);
	iob_put(b, comma + 1 + body, n - level - 1 - body);
	*pos = at;
	return (ssize_t)(len + 2 + n - level - 1);
}

/* "<4>text" or "text". The record is a user's: it says so. */
static ssize_t kmsg_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	size_t n = b->left, len;
	enum klog_level level = KLOG_WARN;
	char line[200];
	const char *text = line;

	(void)file, (void)pos;
	len = iob_get(b, line, MIN(n, sizeof(line) - 1));
	line[len] = 0;
	b->done += b->left;
	b->left = 0;
	if (line[0] == '<' && line[1] >= '0' && line[1] <= '9' && line[2] == '>') {
		level = line[1] <= '3' ? KLOG_ERROR : line[1] <= '4' ? KLOG_WARN : KLOG_INFO;
		text = line + 3;
	}
	if (len > 0 && line[len - 1] == '\n')
		line[len - 1] = 0;
	klog(level, "%s", text);
	return (ssize_t)n;
}

static int64_t kmsg_seek(struct file *file, int64_t off, int whence)
{
	char record[RECORD_MAX];
	uint64_t pos = 0, start;

	(void)file;
	if (off != 0)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
	case SEEK_DATA:
		break;
	case SEEK_END:
		while (next_record(&pos, record, &start) > 0)
			;
		break;
	default:
		return -EINVAL;
	}
	return (int64_t)pos;
}

const struct file_ops kmsg_fops = {.read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek};

/* ---- syslog(2) ---- */

enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER
};
#define LOG_BYTES 65536
#define LINE_MAX (RECORD_MAX + 16)

static uint64_t cleared; /* [a] where the last SYSLOG_CLEAR was: what is before it is not shown */
static uint64_t told;	 /* [a] up to where SYSLOG_READ has read */

/* The record at *pos as "<6>[    0.249734] text\n". Returns its length, 0 at the end. */
static size_t next_line(uint64_t *pos, char *line)
{
	char record[RECORD_MAX];
	uint64_t start, usec = 0;
	size_t n = next_record(pos, record, &start);
	const char *p = n ? memchr(record, ',', n) : NULL,
		   *text = n ? memchr(record, ';', n) : NULL;

	if (!p || !text)
		return 0;
	for (const char *digit = p + 1; digit < text; digit++)
		usec = usec * 10 + (uint64_t)(*digit - '0');
	return (size_t)kformat(line, LINE_MAX, "<%.*s>[%5llu.%06llu] %.*s", (int)(p - record),
		record, (unsigned long long)(usec / 1000000), (unsigned long long)(usec % 1000000),
		(int)(record + n - text - 1), text + 1);
}

static size_t bytes_from(uint64_t pos)
{
	char line[LINE_MAX];
	size_t all = 0, n;

	while ((n = next_line(&pos, line)) > 0)
		all += n;
	return all;
}

/* Lines from *pos on that fit len; newest: rather leave out the oldest than the newest. */
static int copy_lines(uint64_t *pos, uaddr_t buf, size_t len, bool newest)
{
	size_t all = newest ? bytes_from(*pos) : 0, done = 0, n;
	char line[LINE_MAX];
	uint64_t at = *pos;

	while ((n = next_line(&at, line)) > 0) {
		bool skip = newest && all > len;

		all -= MIN(all, n);
		if (!skip && n > len - done)
			break;
		if (!skip && copyout(buf + (uaddr_t)done, line, n))
			return -EFAULT;
		done += skip ? 0 : n;
		*pos = at;
	}
	return (int)done;
}

/* What klogctl(3) does. -EPERM: all but reading and sizes is root's; -EINVAL, -EFAULT. */
int sys_syslog(int32_t type, uaddr_t buf, int32_t len)
{
	uint64_t pos = atomic_load(type == SYSLOG_READ ? &told : &cleared);
	int n = 0;

	if (type < SYSLOG_CLOSE || type > SYSLOG_SIZE_BUFFER)
		return -EINVAL;
	if (type == SYSLOG_SIZE_BUFFER)
		return LOG_BYTES;
	if (type != SYSLOG_READ_ALL && !cred_is_root(cred_self()))
		return -EPERM;
	switch (type) {
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		n = copy_lines(&pos, buf, (size_t)len, type != SYSLOG_READ);
		if (n >= 0 && type == SYSLOG_READ)
			atomic_store(&told, pos);
		break;
	case SYSLOG_SIZE_UNREAD:
		return (int)bytes_from(atomic_load(&told));
	}
	if (n >= 0 && (type == SYSLOG_READ_CLEAR || type == SYSLOG_CLEAR)) {
		while (next_line(&pos, (char[LINE_MAX]){0}) > 0)
			;
		atomic_store(&cleared, pos);
	}
	return n;
}

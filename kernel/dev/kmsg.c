/*
 * kmsg.c - /dev/kmsg: the kernel log as records, and a way to add a line.
 * Spec: Linux's /dev/kmsg (ABI/testing/dev-kmsg): one record a read, "level,number,usec,-;text".
 * The record's number is its place in the log, so numbers ascend but are not dense. At the end a
 * read is end of file, -EAGAIN with O_NONBLOCK: it never waits for the next line.
 * Locks: none here; klog has its own.
 */
#include "dev/dev.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "vfs/vfs.h"

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

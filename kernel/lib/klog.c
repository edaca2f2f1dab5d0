/*
 * klog.c - the kernel log ring and the kernel's formatter.
 * Locks: log_lock (RANK_KLOG), the innermost of all.
 */
#include "lib/klog.h"
#include "lib/lock.h"
#include "lib/str.h"
#include "arch/arch.h"

#define LOG_SIZE 65536u /* power of two */

static struct lock log_lock = LOCK_INIT(RANK_KLOG);
static char ring[LOG_SIZE]; /* [log_lock] */
static uint64_t head;	    /* [log_lock] bytes ever written */
static uint64_t oldest;	    /* [log_lock] position of the first whole record */
static void (*log_listener)(void);

void klog_listen(void (*f)(void))
{
	log_listener = f;
}

static void put_bytes(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring[(head + i) & (LOG_SIZE - 1)] = s[i];
	head += n;
	while (head - oldest > LOG_SIZE) {
		while (ring[oldest & (LOG_SIZE - 1)] != '\n')
			oldest++;
		oldest++;
	}
}

void klog(enum klog_level level, const char *format, ...)
{
	char line[256];
	__builtin_va_list ap;
	int n = kformat(line, sizeof(line), "%d,%llu;", (int)level,
		(unsigned long long)(arch_clock_ns() / 1000));

	__builtin_va_start(ap, format);
	kvformat(line + n, sizeof(line) - (size_t)n - 1, format, ap);
	__builtin_va_end(ap);
	n = (int)strlen(line);
	for (int i = 0; i < n; i++) {
		if (line[i] == '\n') /* one record, one line: guests can name files anything */
			line[i] = ' ';
	}
	line[n++] = '\n';
	lock_acquire(&log_lock);
	put_bytes(line, (size_t)n);
	lock_release(&log_lock);
	if (log_listener)
		log_listener();
}

size_t klog_read(uint64_t *pos, char *buf, size_t len)
{
	size_t done = 0;

	lock_acquire(&log_lock);
	if (*pos < oldest)
		*pos = oldest;
	while (*pos < head) {
		uint64_t end = *pos;

		while (ring[end & (LOG_SIZE - 1)] != '\n')
			end++;
		end++;
		if (end - *pos > len - done)
			break;
		while (*pos < end)
			buf[done++] = ring[(*pos)++ & (LOG_SIZE - 1)];
	}
	lock_release(&log_lock);
	return done;
}

/* ---- formatting ---- */

struct out {
	char *buf;
	size_t size, n;
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->buf[o->n] = c;
	o->n++;
}

struct spec {
	bool left, zero;
	int width, precision;
};

static void put_padded(struct out *o, const char *s, size_t n, const struct spec *sp)
{
	int pad = sp->width - (int)n;

	if (!sp->left)
		for (; pad > 0; pad--)
			put(o, ' ');
	for (size_t i = 0; i < n; i++)
		put(o, s[i]);
	for (; pad > 0; pad--)
		put(o, ' ');
}

static void put_number(
	struct out *o, uint64_t v, bool negative, uint32_t base, const struct spec *sp)
{
	char digits[24];
	size_t n = sizeof(digits);

	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (sp->zero && !sp->left) {
		while ((int)(sizeof(digits) - n) + negative < sp->width && n > 1)
			digits[--n] = '0';
	}
	if (negative)
		digits[--n] = '-';
	put_padded(o, digits + n, sizeof(digits) - n, sp);
}

static const char *parse_spec(const char *f, struct spec *sp, __builtin_va_list *ap)
{
	*sp = (struct spec){.precision = -1};
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '0')
			sp->zero = true;
		else
			break;
	}
	if (*f == '*') {
		sp->width = __builtin_va_arg(*ap, int);
		f++;
	}
	while (*f >= '0' && *f <= '9')
		sp->width = sp->width * 10 + (*f++ - '0');
	if (*f == '.') {
		f++;
		sp->precision = 0;
		if (*f == '*') {
			sp->precision = __builtin_va_arg(*ap, int);
			f++;
		}
		while (*f >= '0' && *f <= '9')
			sp->precision = sp->precision * 10 + (*f++ - '0');
	}
	return f;
}

int kvformat(char *buf, size_t size, const char *f, __builtin_va_list args)
{
	struct out o = {buf, size, 0};
	__builtin_va_list ap;

	__builtin_va_copy(ap, args);
	for (; *f; f++) {
		struct spec sp;
		int longs = 0;

		if (*f != '%') {
			put(&o, *f);
			continue;
		}
		f = parse_spec(f + 1, &sp, &ap);
		for (; *f == 'l'; f++)
			longs++;
		if (*f == 'z') {
			longs = sizeof(size_t) == 8 ? 2 : 0;
			f++;
		} else if (longs == 1) {
			longs = sizeof(long) == 8 ? 2 : 0;
		}
		switch (*f) {
		case 'd':
		case 'i': {
			int64_t v = longs == 2 ? __builtin_va_arg(ap, long long)
					       : __builtin_va_arg(ap, int);
			put_number(&o, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10, &sp);
			break;
		}
		case 'u':
		case 'x':
		case 'o': {
			uint64_t v = longs == 2 ? __builtin_va_arg(ap, unsigned long long)
						: __builtin_va_arg(ap, unsigned);
			put_number(&o, v, false, *f == 'u' ? 10 : *f == 'x' ? 16 : 8, &sp);
			break;
		}
		case 'p':
			put(&o, '0');
			put(&o, 'x');
			put_number(&o, (uintptr_t)__builtin_va_arg(ap, void *), false, 16, &sp);
			break;
		case 's': {
			const char *s = __builtin_va_arg(ap, const char *);
			if (!s)
				s = "(null)";
			put_padded(&o, s,
				sp.precision >= 0 ? strnlen(s, (size_t)sp.precision) : strlen(s),
				&sp);
			break;
		}
		case 'c': {
			char c = (char)__builtin_va_arg(ap, int);
			put_padded(&o, &c, 1, &sp);
			break;
		}
		case '%':
			put(&o, '%');
			break;
		default:
			put(&o, '%');
			if (!*f)
				goto end;
			put(&o, *f);
		}
	}
end:
	__builtin_va_end(ap);
	if (size > 0)
		buf[MIN(o.n, size - 1)] = 0;
	return (int)o.n;
}

int kformat(char *buf, size_t size, const char *format, ...)
{
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, format);
	n = kvformat(buf, size, format, ap);
	__builtin_va_end(ap);
	return n;
}

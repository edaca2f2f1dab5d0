/*
 * structs_net.c - socket addresses, messages, sets of descriptors to wait for.
 * Spec: struct sockaddr_*, msghdr, pollfd and epoll_event as musl has them on 32 bits.
 */
#include "trace/internal.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/uaccess.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

static bool fetch(struct decode_context *c, void *dst, uint32_t at, size_t n)
{
	if (at && !c->style->plain && !copyin(dst, at, n))
		return true;
	text_add(c->o, at ? "0x%x" : "NULL", at);
	return false;
}

static uint32_t next_word(const struct decode_context *c)
{
	uint32_t i = c->info->args[c->arg].word + 1u;

	return i < 6 ? c->call->args[i] : 0;
}

static uint32_t port(const uint8_t *b)
{
	return (uint32_t)b[2] << 8 | b[3];
}

static void inet6_text(struct proc_text *o, const uint8_t *a)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) { /* RFC 5952: the longest run of zeros is "::" */
		int n = 0;

		while (i + n < 8 && !a[2 * (i + n)] && !a[2 * (i + n) + 1])
			n++;
		if (n > best_len)
			best = i, best_len = n;
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			text_add(o, "::");
			i += best_len - 1;
			continue;
		}
		text_add(o, i && i != best + (best < 0 ? 0 : best_len) ? ":%x" : "%x",
			(uint32_t)a[2 * i] << 8 | a[2 * i + 1]);
	}
}

static void sockaddr_bytes(struct proc_text *o, const uint8_t *b, uint32_t n)
{
	uint32_t family = b[0] | (uint32_t)b[1] << 8, len = n - 2;

	text_add(o, "{sa_family=");
	set_text_named(o, "AF", family);
	if (family == AF_UNIX && n > 2) {
		const char *path = (const char *)b + 2;

		text_add(o, ", sun_path=%s", path[0] ? "" : "@");
		if (path[0])
			quote(o, path, strnlen(path, len), false);
		else
			quote(o, path + 1, len - 1, false);
	} else if (family == AF_INET && n >= 8) {
		text_add(o, ", sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")", port(b),
			b[4], b[5], b[6], b[7]);
	} else if (family == AF_INET6 && n >= 24) {
		text_add(o, ", sin6_port=htons(%u), sin6_addr=\"", port(b));
		inet6_text(o, b + 8);
		text_add(o, "\"");
	}
	text_add(o, "}");
}

static void show_sockaddr(struct decode_context *c, uint32_t at, uint32_t len)
{
	uint8_t b[128];

	len = MIN(len, (uint32_t)sizeof(b));
	if (len < 2)
		text_add(c->o, at ? "0x%x" : "NULL", at);
	else if (fetch(c, b, at, len))
		sockaddr_bytes(c->o, b, len);
}

/* Its length is the next argument, or what that points to. */
static void d_sockaddr(struct decode_context *c, uint32_t at)
{
	uint32_t len = next_word(c);

	if (c->arg + 1 < c->info->nargs && c->info->args[c->arg + 1].kind != SC_U32 &&
		c->info->args[c->arg + 1].kind != SC_SIZE) {
		if (!len || copyin(&len, len, sizeof(len)))
			len = 0;
	}
	show_sockaddr(c, at, len);
}

struct user_msghdr { /* musl's, 32-bit little-endian: iovlen and controllen are followed by nothing
		      */
	uint32_t name, namelen, iov, iovlen, control, controllen, flags;
};

static void msghdr_text(struct decode_context *c, uint32_t at, size_t limit)
{
	struct user_msghdr m;

	if (!fetch(c, &m, at, sizeof(m)))
		return;
	text_add(c->o, "{msg_name=");
	show_sockaddr(c, m.name, m.namelen);
	text_add(c->o, ", msg_namelen=%u, msg_iov=", m.namelen);
	decode_iovec(c, m.iov, m.iovlen, limit);
	text_add(c->o, ", msg_iovlen=%u, msg_controllen=%u, msg_flags=", m.iovlen, m.controllen);
	set_text_named(c->o, "MSG", m.flags);
	text_add(c->o, "}");
}

static void d_msghdr(struct decode_context *c, uint32_t at)
{
	msghdr_text(c, at, c->leaving ? (size_t)MAX(c->result, 0) : SIZE_MAX);
}

/* ---- waiting ---- */

static void d_pollfds(struct decode_context *c, uint32_t at)
{
	uint32_t count = next_word(c);
	struct abi_pollfd p;
	bool any = false;

	if (!at) {
		text_add(c->o, "NULL");
		return;
	}
	text_add(c->o, "[");
	for (uint32_t i = 0; i < count && i < 64; i++) {
		if (copyin(&p, at + i * (uint32_t)sizeof(p), sizeof(p)))
			break;
		if (c->leaving && !p.revents)
			continue;
		text_add(c->o, any ? ", {fd=" : "{fd=");
		decode_fd(c, p.fd);
		text_add(c->o, c->leaving ? ", revents=" : ", events=");
		set_text_named(c->o, "POLL", (uint16_t)(c->leaving ? p.revents : p.events));
		text_add(c->o, "}");
		any = true;
	}
	text_add(c->o, "]");
}

struct user_epoll_event { /* not packed on riscv32 */
	uint32_t events, pad;
	uint64_t data;
};

static void epoll_event_text(struct decode_context *c, const struct user_epoll_event *e)
{
	text_add(c->o, "{events=");
	set_text_named(c->o, "EPOLLEV", e->events);
	text_add(c->o, ", data=0x%llx}", (unsigned long long)e->data);
}

static void d_epoll_event(struct decode_context *c, uint32_t at)
{
	struct user_epoll_event e;

	if (fetch(c, &e, at, sizeof(e)))
		epoll_event_text(c, &e);
}

static void d_epoll_events(struct decode_context *c, uint32_t at)
{
	struct user_epoll_event e;

	text_add(c->o, "[");
	for (int i = 0; i < c->result && i < 64; i++) {
		if (copyin(&e, at + (uint32_t)i * (uint32_t)sizeof(e), sizeof(e)))
			break;
		text_add(c->o, i ? ", " : "");
		epoll_event_text(c, &e);
	}
	text_add(c->o, "]");
}

static const struct {
	const char *type;
	void (*show)(struct decode_context *c, uint32_t at);
} rows[] = {
	{"epoll_event", d_epoll_event},
	{"epoll_events", d_epoll_events},
	{"msghdr", d_msghdr},
	{"pollfd", d_pollfds},
	{"sockaddr", d_sockaddr},
};

bool decode_net_pointer(struct decode_context *c, const char *type, uint32_t at)
{
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].type, type) == 0) {
			rows[i].show(c, at);
			return true;
		}
	}
	return false;
}

/* TCP over IPv6: ::1, dual-stack listeners, IPV6_V6ONLY, mapped addresses, who conflicts with whom.
 */
#include "inet.h"

static char buf[100];

static int listener6(const char *at, int only)
{
	int fd = new_socket(AF_INET6, SOCK_STREAM);

	set_opt(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
	CHECK(bind_to(fd, at, 0) == 0 && listen(fd, 5) == 0);
	return fd;
}
static void try(const char *what, int l, int family, const char *to)
{
	union any_addr a;
	socklen_t len = sizeof(a);
	int fd = new_socket(family, SOCK_STREAM), s;

	printf("%s, %s: ", what, to);
	if (connect_to(fd, to, port_of(l)) < 0) {
		printf("%s\n", errno_name(errno));
		close(fd);
		return;
	}
	printf("connected\n");
	s = accept(l, &a.sa, &len);
	show_addr("  from", &a, len);
	show_name("  server", s);
	show_name("  client", fd);
	show_peer("  client", fd);
	CHECK(send(fd, "hello", 5, 0) == 5 && recv(s, buf, 5, MSG_WAITALL) == 5);
	close(fd);
	close(s);
}
static void binds(const char *a, int a_only, const char *b, int b_only)
{
	int fa = new_socket(strchr(a, ':') ? AF_INET6 : AF_INET, SOCK_STREAM);
	int fb = new_socket(strchr(b, ':') ? AF_INET6 : AF_INET, SOCK_STREAM);

	if (strchr(a, ':'))
		set_opt(fa, IPPROTO_IPV6, IPV6_V6ONLY, a_only);
	if (strchr(b, ':'))
		set_opt(fb, IPPROTO_IPV6, IPV6_V6ONLY, b_only);
	CHECK(bind_to(fa, a, 0) == 0);
	printf("%s%s, then %s%s: %s\n", a, a_only ? " only" : "", b, b_only ? " only" : "",
		bind_to(fb, b, port_of(fa)) == 0 ? "ok" : errno_name(errno));
	close(fa);
	close(fb);
}

static void test(void)
{
	static const struct {
		const char *a;
		int a_only;
		const char *b;
		int b_only;
	} pairs[] = {{"::", 0, "0.0.0.0", 0}, {"::", 1, "0.0.0.0", 0}, {"0.0.0.0", 0, "::", 0},
		{"0.0.0.0", 0, "::", 1}, {"::", 0, "127.0.0.1", 0}, {"::1", 0, "127.0.0.1", 0},
		{"::1", 0, "::", 0}, {"::", 1, "::1", 1}, {"::ffff:127.0.0.1", 0, "127.0.0.1", 0},
		{"::ffff:127.0.0.1", 0, "127.0.0.2", 0}, {"::ffff:127.0.0.1", 0, "::", 0},
		{"::ffff:127.0.0.1", 0, "::", 1}, {"::ffff:127.0.0.1", 0, "::1", 0}};
	struct sockaddr_in6 a = in6("::1", 0);
	int l, fd = new_socket(AF_INET6, SOCK_STREAM);

	show_name("new", fd);
	SHOW(get_opt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
	SHOW(bind(fd, (struct sockaddr *)&a, 23));
	SHOW(bind(fd, (struct sockaddr *)&a, 24));
	show_name("by 24 bytes", fd);
	SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)));
	close(fd);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	SHOW(bind_to(fd, "127.0.0.1", 0));
	SHOW(bind_to(fd, "2001:db8::1", 0));
	SHOW(bind_to(fd, "ff02::1", 0));
	SHOW(bind_to(fd, "::ffff:198.51.100.1", 0));
	set_opt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SHOW(bind_to(fd, "::ffff:127.0.0.1", 0));
	SHOW(connect_to(fd, "::ffff:127.0.0.1", 9));
	SHOW(connect_to(fd, "127.0.0.1", 9));
	SHOW(connect_to(fd, "ff02::1", 9));
	close(fd);

	l = listener6("::", 0);
	show_name("dual", l);
	try("dual", l, AF_INET6, "::1");
	try("dual", l, AF_INET, "127.0.0.1");
	try("dual", l, AF_INET6, "::ffff:127.0.0.1");
	try("dual", l, AF_INET6, "::");
	try("dual", l, AF_INET, "0.0.0.0");
	close(l);
	l = listener6("::", 1);
	try("only", l, AF_INET6, "::1");
	try("only", l, AF_INET, "127.0.0.1");
	try("only", l, AF_INET6, "::ffff:127.0.0.1");
	close(l);
	l = listener6("::1", 0);
	try("::1", l, AF_INET6, "::1");
	try("::1", l, AF_INET, "127.0.0.1");
	close(l);
	l = listener6("::ffff:127.0.0.1", 0);
	try("mapped", l, AF_INET, "127.0.0.1");
	try("mapped", l, AF_INET6, "::ffff:127.0.0.1");
	try("mapped", l, AF_INET6, "::1");
	close(l);
	for (int i = 0; i < COUNT(pairs); i++)
		binds(pairs[i].a, pairs[i].a_only, pairs[i].b, pairs[i].b_only);
}

/* What Linux answers. */
/* clang-format off */
static const char expected[] =
	"new: :: no port, 28 bytes\n"
	"get_opt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS): 64\n"
	"bind(fd, (struct sockaddr *)&a, 23): EINVAL\n"
	"bind(fd, (struct sockaddr *)&a, 24): 0\n"
	"by 24 bytes: ::1 port, 28 bytes\n"
	"setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)): EINVAL\n"
	"bind_to(fd, \"127.0.0.1\", 0): EINVAL\n"
	"bind_to(fd, \"2001:db8::1\", 0): EADDRNOTAVAIL\n"
	"bind_to(fd, \"ff02::1\", 0): EINVAL\n"
	"bind_to(fd, \"::ffff:198.51.100.1\", 0): EADDRNOTAVAIL\n"
	"bind_to(fd, \"::ffff:127.0.0.1\", 0): EINVAL\n"
	"connect_to(fd, \"::ffff:127.0.0.1\", 9): ENETUNREACH\n"
	"connect_to(fd, \"127.0.0.1\", 9): EINVAL\n"
	"connect_to(fd, \"ff02::1\", 9): ENETUNREACH\n"
	"dual: :: port, 28 bytes\n"
	"dual, ::1: connected\n"
	"  from: ::1 port, 28 bytes\n"
	"  server: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"dual, 127.0.0.1: connected\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  server: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"dual, ::ffff:127.0.0.1: connected\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  server: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: ::ffff:127.0.0.1 port, 28 bytes\n"
	"dual, ::: connected\n"
	"  from: ::1 port, 28 bytes\n"
	"  server: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"dual, 0.0.0.0: connected\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  server: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"only, ::1: connected\n"
	"  from: ::1 port, 28 bytes\n"
	"  server: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"only, 127.0.0.1: ECONNREFUSED\n"
	"only, ::ffff:127.0.0.1: ECONNREFUSED\n"
	"::1, ::1: connected\n"
	"  from: ::1 port, 28 bytes\n"
	"  server: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"  client: ::1 port, 28 bytes\n"
	"::1, 127.0.0.1: ECONNREFUSED\n"
	"mapped, 127.0.0.1: connected\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  server: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"  client: 127.0.0.1 port, 16 bytes\n"
	"mapped, ::ffff:127.0.0.1: connected\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  server: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  client: ::ffff:127.0.0.1 port, 28 bytes\n"
	"mapped, ::1: ECONNREFUSED\n"
	"::, then 0.0.0.0: EADDRINUSE\n"
	":: only, then 0.0.0.0: ok\n"
	"0.0.0.0, then ::: EADDRINUSE\n"
	"0.0.0.0, then :: only: ok\n"
	"::, then 127.0.0.1: EADDRINUSE\n"
	"::1, then 127.0.0.1: ok\n"
	"::1, then ::: EADDRINUSE\n"
	":: only, then ::1 only: EADDRINUSE\n"
	"::ffff:127.0.0.1, then 127.0.0.1: EADDRINUSE\n"
	"::ffff:127.0.0.1, then 127.0.0.2: ok\n"
	"::ffff:127.0.0.1, then ::: EADDRINUSE\n"
	"::ffff:127.0.0.1, then :: only: ok\n"
	"::ffff:127.0.0.1, then ::1: ok\n";
/* clang-format on */

int main(void)
{
	run_expecting(have_ipv6(), test, expected);
	return 0;
}

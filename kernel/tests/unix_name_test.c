/* AF_UNIX names: path, abstract, automatic; their lengths as getsockname tells them; permission,
 * links, renames; what bind and connect refuse. */
#include "conformance.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define OFFSET offsetof(struct sockaddr_un, sun_path)

static int stream(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	return fd;
}

static int bind_len(int fd, const char *name, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path, name, n);
	return bind(fd, (void *)&a, OFFSET + n);
}

static int connect_len(int fd, const char *name, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path, name, n);
	return connect(fd, (void *)&a, OFFSET + n);
}

static void tell(int fd)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);

	memset(&a, '.', sizeof(a));
	SHOW(getsockname(fd, (void *)&a, &len));
	printf("length %d family %d name ", (int)(len - OFFSET), a.sun_family);
	for (socklen_t i = 0; i < len - OFFSET; i++)
		putchar(a.sun_path[i] ? a.sun_path[i] : '@');
	putchar('\n');
}

static void paths(void)
{
	int a = stream(), b = stream(), c = stream(), n;
	struct stat st;
	char full[109];
	struct sockaddr_un sa;
	socklen_t len = 6;

	SHOW(bind_len(a, "sock", 5));
	tell(a);
	SHOW(bind_len(b, "sock", 4));
	SHOW(bind_len(a, "other", 6));
	SHOW(bind_len(b, "nofolder/x", 11));
	SHOW(bind_len(b, "without-nul", 11));
	tell(b);
	SHOW(lstat("sock", &st));
	printf("%s %o\n", S_ISSOCK(st.st_mode) ? "socket" : "?", st.st_mode & 07777);
	memset(full, 'f', sizeof(full));
	memcpy(full, "/tmp/", 5);
	full[5] = full[6] = '/';
	SHOW(bind_len(c, full, 108));
	tell(c);
	full[108] = 0;
	unlink(full);
	/* A short buffer gets the beginning and the whole length. */
	memset(&sa, 0, sizeof(sa));
	SHOW(getsockname(a, (void *)&sa, &len));
	printf("%s %d\n", sa.sun_path, (int)len);
	len = 0;
	SHOW(getsockname(a, (void *)&sa, &len));
	n = -1;
	SHOW(getsockname(a, (void *)&sa, (socklen_t *)&n));
	SHOW(getsockname(a, bad_address, &len));
	SHOW(open("sock", O_RDWR));
	close(a);
	close(b);
	close(c);
	SHOW(unlink("sock"));
}

static void abstract(void)
{
	int a = stream(), b = stream(), d = socket(AF_UNIX, SOCK_DGRAM, 0);
	char name[32];
	int n = snprintf(name, sizeof(name), "%cpleat-%d", 0, (int)getpid());
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sa);

	SHOW(bind_len(a, name, n));
	SHOW(bind_len(b, name, n));
	SHOW(bind_len(b, name, n + 1));
	SHOW(bind_len(d, name, n));
	SHOW(connect_len(stream(), name, n));
	SHOW(listen(a, 3));
	SHOW(connect_len(stream(), name, n));
	SHOW(connect_len(socket(AF_UNIX, SOCK_SEQPACKET, 0), name, n));
	SHOW(bind(d, (void *)&sa, 2));
	close(a);
	a = stream();
	SHOW(bind_len(a, name, n));
	close(a);
	close(b);
	close(d);
	/* An automatic name: five digits after the zero byte. */
	d = socket(AF_UNIX, SOCK_DGRAM, 0);
	memset(&sa, 0, sizeof(sa));
	sa.sun_family = AF_UNIX;
	SHOW(bind(d, (void *)&sa, 2));
	SHOW(getsockname(d, (void *)&sa, &len));
	TRUTH(len == 8 && sa.sun_path[0] == 0 && strspn(sa.sun_path + 1, "0123456789abcdef") >= 5);
	SHOW(bind(d, (void *)&sa, 2));
	close(d);
}

static void refusals(void)
{
	int a = stream(), l = stream(), d = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un sa = {.sun_family = AF_INET};

	SHOW(bind(a, (void *)&sa, sizeof(sa)));
	sa.sun_family = AF_UNIX;
	SHOW(bind(a, (void *)&sa, 1));
	SHOW(bind(a, (void *)&sa, sizeof(sa) + 1));
	SHOW(bind(a, (void *)&sa, 1000));
	SHOW(bind(a, bad_address, 10));
	SHOW(connect(a, (void *)&sa, 2));
	SHOW(connect(a, (void *)&sa, 1));
	SHOW(connect_len(a, "missing", 8));
	put_file("plain", "x");
	SHOW(connect_len(a, "plain", 6));
	SHOW(connect_len(a, ".", 2));
	SHOW(connect_len(a, "plain/x", 8));
	CHECK(bind_len(l, "l", 2) == 0);
	SHOW(connect_len(a, "l", 2));
	CHECK(listen(l, 5) == 0);
	SHOW(connect_len(d, "l", 2));
	SHOW(connect_len(a, "l", 2));
	SHOW(connect_len(a, "l", 2));
	SHOW(listen(a, 5));
	SHOW(connect_len(l, "l", 2));
	/* By another name of the same node. */
	CHECK(link("l", "hard") == 0 && symlink("l", "soft") == 0 && rename("l", "moved") == 0);
	SHOW(connect_len(stream(), "hard", 5));
	SHOW(connect_len(stream(), "soft", 5));
	SHOW(connect_len(stream(), "moved", 6));
	CHECK(unlink("hard") == 0 && unlink("moved") == 0);
	SHOW(connect_len(stream(), "moved", 6));
	tell(l);
	SHOW(listen(l, 1));
	close(l);
	SHOW(connect_len(stream(), "soft", 5));
	close(a);
	close(d);
}

static void stale(void)
{
	int l = stream();

	CHECK(bind_len(l, "stale", 6) == 0 && listen(l, 1) == 0);
	close(l);
	SHOW(connect_len(stream(), "stale", 6));
	l = stream();
	SHOW(bind_len(l, "stale", 6));
	CHECK(unlink("stale") == 0);
	SHOW(bind_len(l, "stale", 6));
}

int main(void)
{
	enter_tmp();
	paths();
	abstract();
	refusals();
	stale();
	return 0;
}

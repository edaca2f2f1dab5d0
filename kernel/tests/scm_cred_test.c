/* needs: root. SCM_CREDENTIALS, SO_PASSCRED, SO_PEERCRED: who sent, who made, what may be said. */
#include "conformance.h"
#include <sys/socket.h>
#include <sys/un.h>

static char data[32];

static const char *pid_text(pid_t pid)
{
	return pid == getpid() ? "me" : pid == getppid() ? "parent" : pid == 0 ? "0" : "other";
}

/* CMSG_NXTHDR without the comparison of signed and unsigned that some libraries have in it. */
static struct cmsghdr *next_header(struct msghdr *m, struct cmsghdr *h)
{
	char *next = (char *)h + CMSG_ALIGN(h->cmsg_len), *end = (char *)m->msg_control;

	end += m->msg_controllen;
	return end - next >= (long)sizeof(*h) ? (void *)next : NULL;
}

/* Receive; prints the credentials that came. */
static void take(int fd, int flags)
{
	union {
		struct cmsghdr h;
		char space[256];
	} c;
	struct iovec v = {data, sizeof(data)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};
	struct cmsghdr *h;
	struct ucred u;
	long n;

	m.msg_controllen = sizeof(c);
	n = recvmsg(fd, &m, flags);
	if (n < 0) {
		printf("take: %s\n", errno_name(errno));
		return;
	}
	printf("take %ld '%.*s':", n, (int)n, data);
	for (h = CMSG_FIRSTHDR(&m); h; h = next_header(&m, h)) {
		if (h->cmsg_type == SCM_RIGHTS) {
			printf(" rights");
			continue;
		}
		memcpy(&u, CMSG_DATA(h), sizeof(u));
		printf(" pid %s uid %d gid %d", pid_text(u.pid), (int)u.uid, (int)u.gid);
	}
	puts("");
}

static long say(int fd, pid_t pid, uid_t uid, gid_t gid, const char *text)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} c;
	struct iovec v = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};
	struct ucred u = {pid, uid, gid};

	memset(&c, 0, sizeof(c));
	m.msg_controllen = sizeof(c);
	c.h.cmsg_len = CMSG_LEN(sizeof(u));
	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_CREDENTIALS;
	memcpy(CMSG_DATA(&c.h), &u, sizeof(u));
	return sendmsg(fd, &m, 0);
}

static void pass(int fd, int on)
{
	CHECK(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
}

static void peer(int fd)
{
	struct ucred u;
	socklen_t len = sizeof(u);

	CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &len) == 0);
	printf("peer pid %s uid %d gid %d\n", pid_text(u.pid), (int)u.uid, (int)u.gid);
}

static int p[2];

static void as_user(void)
{
	CHECK(setresgid(1001, 1001, 1001) == 0 && setresuid(1000, 1000, 1000) == 0);
	peer(p[0]);
	SHOW(say(p[0], getpid(), 1000, 1001, "true"));
	SHOW(say(p[0], getpid(), 0, 1001, "root"));
	SHOW(say(p[0], getpid(), 1000, 0, "group"));
	SHOW(say(p[0], getppid(), 1000, 1001, "parent"));
	CHECK(write(p[0], "plain", 5) == 5);
}

static void kinds(int type)
{
	CHECK(socketpair(AF_UNIX, type, 0, p) == 0);
	peer(p[0]);
	CHECK(write(p[0], "early", 5) == 5);
	pass(p[1], 1);
	take(p[1], 0);
	CHECK(write(p[0], "later", 5) == 5);
	take(p[1], 0);
	SHOW(say(p[0], getppid(), 77, 88, "liar"));
	take(p[1], 0);
	SHOW(say(p[0], 4000000, 0, 0, "nobody"));
	reap("user", child(as_user));
	take(p[1], MSG_PEEK);
	take(p[1], 0);
	if (type == SOCK_DGRAM)
		take(p[1], 0);
	/* Different writers are not glued together, equal ones are. */
	CHECK(write(p[0], "a", 1) == 1 && write(p[0], "b", 1) == 1);
	CHECK(say(p[0], getppid(), 5, 5, "c") == 1 && say(p[0], getppid(), 5, 5, "d") == 1);
	CHECK(write(p[0], "e", 1) == 1);
	for (int i = 0; i < (type == SOCK_STREAM ? 3 : 5); i++)
		take(p[1], MSG_DONTWAIT);
	pass(p[1], 0);
	CHECK(write(p[0], "quiet", 5) == 5);
	take(p[1], 0);
	close(p[0]);
	close(p[1]);
}

static void client(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "cred"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(setresgid(1001, 1001, 1001) == 0 && setresuid(1000, 1000, 1000) == 0);
	CHECK(connect(fd, (void *)&a, sizeof(a)) == 0);
	peer(fd);
	CHECK(write(fd, "x", 1) == 1);
	CHECK(read(fd, data, 1) == 0);
}

static void connections(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "cred"};
	int l = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	pid_t pid;

	CHECK(bind(l, (void *)&a, sizeof(a)) == 0 && chmod("cred", 0777) == 0 && listen(l, 1) == 0);
	pass(l, 1);
	pid = child(client);
	fd = accept(l, NULL, NULL);
	take(fd, 0);
	peer(fd);
	close(fd);
	reap("client", pid);
	/* Without write permission there is no connection. */
	CHECK(chmod("cred", 0755) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		CHECK(setresuid(1000, 1000, 1000) == 0);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		SHOW(connect(fd, (void *)&a, sizeof(a)));
		_exit(0);
	}
	reap("stranger", pid);
}

int main(void)
{
	enter_tmp();
	kinds(SOCK_STREAM);
	kinds(SOCK_DGRAM);
	connections();
	return 0;
}

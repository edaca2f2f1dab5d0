/* /proc/net/tcp, tcp6, udp, udp6: each state of a connection shows with its ends and the socket's
 * inode, as ss and netstat read it. */
#include "inet.h"

static long inode_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return (long)st.st_ino;
}

/* The line with these ports, or with local port and state; its state, queues and inode. */
static void show_line(
	const char *what, const char *file, int lport, int rport, long inode, int state)
{
	char line[512], local[64], remote[64];
	FILE *f = fopen(file, "r");
	unsigned st, tx, rx, tr, when, retry, uid, timeout;
	int lp, rp, shown = 0;
	long ino;

	CHECK(f != NULL);
	CHECK(fgets(line, sizeof(line), f) != NULL);
	while (fgets(line, sizeof(line), f)) {
		CHECK(sscanf(line,
			      " %*d: %63[0-9A-F]:%x %63[0-9A-F]:%x %x %x:%x %x:%x %x %u %u %ld",
			      local, (unsigned *)&lp, remote, (unsigned *)&rp, &st, &tx, &rx, &tr,
			      &when, &retry, &uid, &timeout, &ino) == 13);
		if (lp != lport || rp != rport || (state && (int)st != state))
			continue;
		printf("%s: %s %s state %02X rx %u inode %s uid %s\n", what, local, remote, st, rx,
			ino == inode ? "its own"
			: ino == 0   ? "0"
				     : "another's",
			uid == geteuid() || st == 6 ? "mine" : "other");
		shown++;
	}
	fclose(f);
	if (!shown)
		printf("%s: no line\n", what);
}

#define TCP "/proc/net/tcp"

int main(void)
{
	int port, l, c, s, cp, u, v;

	l = new_socket(AF_INET, SOCK_STREAM);
	CHECK(bind_to(l, "127.0.0.1", 0) == 0);
	port = port_of(l);
	show_line("bound", TCP, port, 0, inode_of(l), 0);
	CHECK(listen(l, 5) == 0);
	show_line("listening", TCP, port, 0, inode_of(l), 0);
	c = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(c, "127.0.0.1", port) == 0);
	cp = port_of(c);
	wait_for(l, POLLIN);
	show_line("one in the queue", TCP, port, 0, inode_of(l), 0);
	show_line("not accepted", TCP, port, cp, 0, 0);
	s = accept(l, NULL, NULL);
	CHECK(write(c, "five!", 5) == 5);
	wait_for(s, POLLIN);
	show_line("client", TCP, cp, port, inode_of(c), 0);
	show_line("server", TCP, port, cp, inode_of(s), 0);
	CHECK(read(s, &v, 4) == 4);
	show_line("server", TCP, port, cp, inode_of(s), 0);
	CHECK(read(s, &v, 1) == 1);
	close(c);
	wait_for(s, POLLRDHUP);
	CHECK(read(s, &v, 1) == 0);
	show_line("client closed", TCP, port, cp, inode_of(s), 0);
	close(s);
	close(l);
	for (int i = 0; i < 2000; i++) { /* the last segment may be on its way */
		char want[64], line[512];
		FILE *f = fopen(TCP, "r");
		int found = 0;

		snprintf(want, sizeof(want), "0100007F:%04X 0100007F:%04X 06", cp, port);
		while (fgets(line, sizeof(line), f))
			found += strstr(line, want) != NULL;
		fclose(f);
		if (found)
			break;
		usleep(1000);
	}
	show_line("time wait", TCP, cp, port, 0, 0);
	show_line("nothing", TCP, port, cp, 0, 0);

	u = new_udp(&port);
	show_line("UDP", "/proc/net/udp", port, 0, inode_of(u), 0);
	v = new_socket(AF_INET, SOCK_DGRAM);
	CHECK(connect_to(v, "127.0.0.1", port) == 0);
	show_line("UDP connected", "/proc/net/udp", port_of(v), port, inode_of(v), 0);
	return 0;
}

/*
 * procfs_net.c - /proc/net: the sockets of each family, the one interface, its routes.
 * Spec: proc_pid_net(5) of Linux; columns as its netstat and ss read them.
 * Locks: none; sock_for_each() calls without any.
 */
#include "fs/procfs.h"
#include "lib/str.h"
#include "net/inet.h"

#define LINE_MAX 256u

struct lines {
	struct proc_text *t;
	uint32_t index;
	int protocol; /* of the internet families; 0: any */
};

static void add_line(struct sock *sk, void *arg)
{
	struct lines *l = arg;
	char line[LINE_MAX];
	int n;

	if (!sk->ops->proc_line || (l->protocol && sk->protocol != l->protocol))
		return;
	n = sk->ops->proc_line(sk, l->index, line, sizeof(line));
	if (n <= 0)
		return;
	l->index++;
	text_bytes(l->t, line, MIN((size_t)n, sizeof(line) - 1));
}

static int sockets(struct proc_text *t, const char *head, int family, int protocol)
{
	struct lines l = {.t = t, .protocol = protocol};

	text_bytes(t, head, strlen(head));
	sock_for_each(family, add_line, &l);
	return 0;
}

static int unix_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return sockets(t, "Num       RefCount Protocol Flags    Type St Inode Path\n", AF_UNIX, 0);
}

static const char inet_head[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	"timeout inode\n";
static const char inet6_head[] =
	"  sl  local_address                         remote_address                        st "
	"tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

static const char udp_head[] =
	"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	"timeout inode ref pointer drops            \n";
static const char udp6_head[] =
	"  sl  local_address                         remote_address                        st "
	"tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";

/* Sockets, then the connections that are over but for their TIME_WAIT. */
static int tcp_sockets(struct proc_text *t, const char *head, int family)
{
	struct lines l = {.t = t, .protocol = SOL_TCP};
	char line[LINE_MAX];
	uint32_t at = 0;
	int n;

	text_bytes(t, head, strlen(head));
	sock_for_each(family, add_line, &l);
	while ((n = inet_time_wait_line(&at, family == AF_INET6, l.index, line, sizeof(line))) >
		0) {
		text_bytes(t, line, (size_t)n);
		l.index++;
	}
	return 0;
}

static int tcp_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return tcp_sockets(t, inet_head, AF_INET);
}

static int tcp6_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return tcp_sockets(t, inet6_head, AF_INET6);
}

static int udp_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return sockets(t, udp_head, AF_INET, SOL_UDP);
}

static int udp6_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return sockets(t, udp6_head, AF_INET6, SOL_UDP);
}

/* There are no raw sockets; netstat wants the files. */
static int raw_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_bytes(t, inet_head, sizeof(inet_head) - 1);
	return 0;
}

static int raw6_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_bytes(t, inet6_head, sizeof(inet6_head) - 1);
	return 0;
}

/* Nothing is counted: bytes go from socket to socket, and no packet crosses the interface. */
static int dev_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "Inter-|   Receive                                                |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
		    "packets errs drop fifo colls carrier compressed\n");
	text_add(t,
		"    lo: %7d %7d    0    0    0     0          0         0 %8d %7d    0    0    0"
		"     0       0          0\n",
		0, 0, 0, 0);
	return 0;
}

static int if_inet6_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "00000000000000000000000000000001 01 80 10 80       lo\n");
	return 0;
}

/* Loopback needs no entry in the table that this file shows. */
static int route_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t,
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\t"
		"IRTT                                                       \n");
	return 0;
}

const struct proc_entry proc_net_entries[PROC_NET_COUNT] = {
	PROC_FILE("dev", 0444, dev_text),
	PROC_FILE("if_inet6", 0444, if_inet6_text),
	PROC_FILE("raw", 0444, raw_text),
	PROC_FILE("raw6", 0444, raw6_text),
	PROC_FILE("route", 0444, route_text),
	PROC_FILE("tcp", 0444, tcp_text),
	PROC_FILE("tcp6", 0444, tcp6_text),
	PROC_FILE("udp", 0444, udp_text),
	PROC_FILE("udp6", 0444, udp6_text),
	PROC_FILE("unix", 0444, unix_text),
};

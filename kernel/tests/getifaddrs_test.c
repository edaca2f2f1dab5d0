/* Interfaces: getifaddrs(3), if_nameindex(3) over netlink, and ioctls, as far as loopback goes:
 * what else a computer has is not told. */
#include "conformance.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int lines;
static char line[8][160];

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void addresses(void)
{
	struct ifaddrs *list, *i;
	char text[64], mask[64];

	CHECK(getifaddrs(&list) == 0);
	for (i = list; i && lines < 8; i = i->ifa_next) {
		if (strcmp(i->ifa_name, "lo") != 0 || !i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			struct sockaddr_in *a = (void *)i->ifa_addr, *m = (void *)i->ifa_netmask;

			inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
			inet_ntop(AF_INET, &m->sin_addr, mask, sizeof(mask));
			if (strcmp(text, "127.0.0.1") != 0)
				continue; /* others may have been added here */
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			continue; /* a computer may have it switched off */
		} else {
			strcpy(text, "link");
			strcpy(mask, "");
		}
		snprintf(line[lines++], sizeof(line[0]), "lo %s %s flags %x", text, mask,
			i->ifa_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_BROADCAST));
	}
	freeifaddrs(list);
	qsort(line, lines, sizeof(line[0]), by_text);
	for (int k = 0; k < lines; k++)
		puts(line[k]);
}

static void names(void)
{
	struct if_nameindex *all = if_nameindex(), *i;
	char name[IF_NAMESIZE];

	CHECK(all);
	for (i = all; i->if_index; i++) {
		if (strcmp(i->if_name, "lo") == 0)
			printf("%u %s\n", i->if_index, i->if_name);
	}
	if_freenameindex(all);
	SHOW(if_nametoindex("lo"));
	SHOW(if_nametoindex("nosuch0"));
	printf("%s\n", if_indextoname(1, name) ? name : errno_name(errno));
	printf("%s\n", if_indextoname(99999, name) ? name : errno_name(errno));
}

static void controls(void)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	SHOW(ioctl(s, SIOCGIFFLAGS, &r));
	printf("flags %x\n", r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
	SHOW(ioctl(s, SIOCGIFINDEX, &r));
	printf("index %d\n", r.ifr_ifindex);
	SHOW(ioctl(s, SIOCGIFMTU, &r));
	printf("mtu %d\n", r.ifr_mtu);
	SHOW(ioctl(s, SIOCGIFHWADDR, &r));
	printf("hardware %d\n", r.ifr_hwaddr.sa_family);
	strcpy(r.ifr_name, "nosuch0");
	SHOW(ioctl(s, SIOCGIFFLAGS, &r));
	SHOW(ioctl(s, SIOCGIFFLAGS, bad_address));
}

static void netlink(void)
{
	int s = socket(AF_NETLINK, SOCK_RAW, 0);
	struct {
		unsigned short family, pad;
		unsigned pid, groups;
	} a;
	socklen_t len = sizeof(a);
	char c;

	SHOW(socket(AF_NETLINK, SOCK_STREAM, 0));
	SHOW(recv(s, &c, 1, MSG_DONTWAIT));
	SHOW(getsockname(s, (void *)&a, &len));
	printf("%d %u %d\n", a.family, a.pid, (int)len);
	memset(&a, 0, sizeof(a));
	a.family = AF_NETLINK;
	SHOW(bind(s, (void *)&a, sizeof(a)));
	SHOW(getsockname(s, (void *)&a, &len));
	TRUTH(a.pid != 0);
	SHOW(listen(s, 1));
	SHOW(accept(s, NULL, NULL));
	SHOW(shutdown(s, SHUT_RD));
}

int main(void)
{
	addresses();
	names();
	controls();
	netlink();
	return 0;
}

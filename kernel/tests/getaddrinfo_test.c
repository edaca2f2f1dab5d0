/* Names without a network: numbers, localhost; an unknown name fails, and at once. Only what no
 * resolver's set-up can change is printed. */
#include "conformance.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void look(const char *node, const char *service, int family, int type, int flags)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = type, .ai_flags = flags},
			*list;
	char host[64], port[16];
	int err = getaddrinfo(node, service, &hints, &list);

	printf("%s %s:", node ? node : "-", service ? service : "-");
	if (err) {
		printf(" %s\n", err == EAI_NONAME || err == EAI_SERVICE ? "unknown" : "failed");
		return;
	}
	for (struct addrinfo *i = list; i; i = i->ai_next) {
		CHECK(getnameinfo(i->ai_addr, i->ai_addrlen, host, sizeof(host), port, sizeof(port),
			      NI_NUMERICHOST | NI_NUMERICSERV) == 0);
		printf(" %s/%s/%d", host, port, i->ai_socktype);
	}
	puts("");
	freeaddrinfo(list);
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
	char host[64], service[32];
	struct addrinfo *list;
	int64_t start;
	int err;

	look("127.0.0.1", "80", AF_INET, SOCK_STREAM, 0);
	look("::1", "80", AF_INET6, SOCK_DGRAM, AI_NUMERICHOST);
	look("1.2.3.4", NULL, AF_INET, SOCK_STREAM, AI_NUMERICHOST);
	look("localhost", "8080", AF_INET, SOCK_STREAM, 0);
	look(NULL, "8080", AF_INET, SOCK_STREAM, 0);
	look(NULL, "8080", AF_INET, SOCK_STREAM, AI_PASSIVE);
	look(NULL, "53", AF_INET, SOCK_DGRAM, 0);
	look("not a number", "80", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
	look("127.0.0.1", "no-such-service", AF_INET, SOCK_STREAM, 0);
	look("127.0.0.1", "x", AF_INET, SOCK_STREAM, AI_NUMERICSERV);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(getnameinfo((void *)&a, sizeof(a), host, sizeof(host), service, sizeof(service),
		      NI_NUMERICHOST | NI_NUMERICSERV) == 0);
	printf("%s %s\n", host, service);

	/* RFC 6761: "invalid" is nobody's. */
	start = now_ms();
	err = getaddrinfo("no-such-host.invalid", "80", NULL, &list);
	TRUTH(err != 0);
	TRUTH(now_ms() - start < 15000);
	return 0;
}

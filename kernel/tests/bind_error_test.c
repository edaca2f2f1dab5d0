/* bind(2) of internet sockets: addresses that are none of this machine's, lengths, families, twice,
 * privileged ports; the range of ephemeral ports. */
#include "inet.h"

static void unprivileged(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM), u = new_socket(AF_INET, SOCK_DGRAM), ok = 0;

	if (geteuid() == 0)
		CHECK(setresuid(65534, 65534, 65534) == 0);
	/* A system may let everybody have them. */
	if (bind_to(fd, "127.0.0.1", 1019) == -1)
		ok += errno == EACCES;
	else
		ok++;
	if (bind_to(u, "127.0.0.1", 1) == -1)
		ok += errno == EACCES;
	else
		ok++;
	printf("privileged ports: %d\n", ok);
	SHOW(bind_to(fd, "127.0.0.1", 0) == 0 || errno == EINVAL);
}

int main(void)
{
	struct sockaddr_in a = in4("127.0.0.1", 0);
	int low = 0, seen = 0, ports[50];

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int fd = new_socket(AF_INET, type);

		printf("type %d\n", type);
		SHOW(bind(fd, (struct sockaddr *)&a, 15));
		SHOW(bind(fd, (struct sockaddr *)&a, 2));
		SHOW(bind(fd, (struct sockaddr *)&a, 0));
		SHOW(bind(fd, bad_address, 16));
		a.sin_family = AF_INET6;
		SHOW(bind(fd, (struct sockaddr *)&a, sizeof(a)));
		a.sin_family = AF_UNSPEC;
		SHOW(bind(fd, (struct sockaddr *)&a, sizeof(a)));
		a.sin_family = AF_INET;
		SHOW(bind_to(fd, "198.51.100.7", 0));
		SHOW(bind_to(fd, "8.8.8.8", 0));
		SHOW(bind(fd, (struct sockaddr *)&a, 100));
		SHOW(bind_to(fd, "127.0.0.1", 0));
		show_name("bound", fd);
		close(fd);
		fd = new_socket(AF_INET, type);
		a = in4("0.0.0.0", 0);
		a.sin_family = AF_UNSPEC;
		SHOW(bind(fd, (struct sockaddr *)&a, sizeof(a)));
		show_name("by AF_UNSPEC", fd);
		close(fd);
		a = in4("127.0.0.1", 0);
	}
	SHOW(bind(0, (struct sockaddr *)&a, sizeof(a)));
	SHOW(bind(99, (struct sockaddr *)&a, sizeof(a)));
	for (int i = 0; i < 50; i++) {
		int fd = new_socket(AF_INET, SOCK_STREAM);

		CHECK(bind_to(fd, "127.0.0.1", 0) == 0);
		ports[i] = port_of(fd);
		low += ports[i] < 1024;
		for (int k = 0; k < i; k++)
			seen += ports[k] == ports[i];
	}
	printf("below 1024: %d, twice: %d\n", low, seen);
	reap("unprivileged", child(unprivileged));
	return 0;
}

/* Servers as they are: a process per connection, several processes in one accept(), a poll loop. */
#include "inet.h"

static int l, port;
static char buf[256];

static void echo(int fd)
{
	char b[64];
	ssize_t n;

	while ((n = recv(fd, b, sizeof(b), 0)) > 0)
		CHECK(send(fd, b, (size_t)n, 0) == n);
	close(fd);
}
static void ask(int rounds)
{
	int fd = new_socket(AF_INET, SOCK_STREAM);

	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	for (int i = 0; i < rounds; i++) {
		int n = snprintf(buf, sizeof(buf), "message %d of %d", i, rounds);

		CHECK(send(fd, buf, (size_t)n, 0) == n);
		memset(buf, 0, sizeof(buf));
		CHECK(recv(fd, buf, (size_t)n, MSG_WAITALL) == n);
		CHECK(atoi(buf + 8) == i);
	}
	close(fd);
}

static void process_each(void)
{
	for (int i = 0; i < 5; i++) {
		int s = accept(l, NULL, NULL);

		CHECK(s >= 0);
		if (fork() == 0) {
			close(l);
			echo(s);
			_exit(0);
		}
		close(s);
	}
	while (wait(NULL) > 0)
		;
}
static void worker(void)
{
	for (;;) {
		int s = accept(l, NULL, NULL);

		if (s < 0)
			break;
		echo(s);
	}
	CHECK(errno == EINVAL);
}
static void poll_loop(void)
{
	struct pollfd f[8] = {{l, POLLIN, 0}};
	int n = 1, served = 0;

	while (served < 10) {
		CHECK(poll(f, (nfds_t)n, -1) > 0);
		for (int i = n - 1; i > 0; i--) {
			ssize_t r;

			if (!f[i].revents)
				continue;
			r = recv(f[i].fd, buf, sizeof(buf), MSG_DONTWAIT);
			CHECK(r >= 0);
			if (r > 0) {
				CHECK(send(f[i].fd, buf, (size_t)r, 0) == r);
				continue;
			}
			close(f[i].fd);
			f[i] = f[--n];
			served++;
		}
		if (f[0].revents && n < 8) {
			int s = accept4(l, NULL, NULL, SOCK_NONBLOCK);

			if (s >= 0)
				f[n++] = (struct pollfd){s, POLLIN, 0};
		}
	}
}
static void client5(void)
{
	for (int i = 0; i < 5; i++)
		ask(10);
}

int main(void)
{
	pid_t server, workers[3], clients[2];

	l = new_listener(5, &port);
	server = child(process_each);
	for (int i = 0; i < 5; i++)
		ask(20);
	reap("a process each", server);

	for (int i = 0; i < 3; i++)
		workers[i] = child(worker);
	for (int i = 0; i < 2; i++)
		clients[i] = child(client5);
	for (int i = 0; i < 2; i++)
		reap("client", clients[i]);
	CHECK(shutdown(l, SHUT_RD) == 0);
	for (int i = 0; i < 3; i++)
		reap("worker", workers[i]);
	close(l);

	l = new_listener(5, &port);
	server = child(poll_loop);
	for (int i = 0; i < 2; i++)
		clients[i] = child(client5);
	for (int i = 0; i < 2; i++)
		reap("client", clients[i]);
	reap("poll loop", server);
	return 0;
}

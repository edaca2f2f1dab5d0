/* POSIX rename(): whoever opens the new name while it is replaced finds the old file or the new. */
#include "conformance.h"

static struct gate done;

static void replacer(void)
{
	for (int i = 0; i < 300; i++) {
		put_file("tmp", i & 1 ? "odd" : "even");
		CHECK(rename("tmp", "name") == 0);
	}
	gate_open(&done);
}

int main(void)
{
	int odd = 0, even = 0, other = 0;
	pid_t pid;
	char c;

	enter_tmp();
	done = gate_new();
	CHECK(fcntl(done.fd[0], F_SETFL, O_NONBLOCK) == 0);
	put_file("name", "even");
	pid = child(replacer);
	while (read(done.fd[0], &c, 1) != 1) {
		const char *text = get_file("name");

		if (strcmp(text, "odd") == 0)
			odd++;
		else if (strcmp(text, "even") == 0)
			even++;
		else
			other++;
	}
	reap("replacer", pid);
	printf("%d neither old nor new\n", other);
	TRUTH(odd + even > 0);
	return 0;
}

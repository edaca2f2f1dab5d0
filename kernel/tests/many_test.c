/* Many processes: at once, and one after another. */
#include "conformance.h"

#define AT_ONCE 40

static struct gate go;
static int p[2];

static void wait_at_gate(void)
{
	CHECK(write(p[1], "r", 1) == 1);
	gate_wait(&go);
	_exit(1);
}

int main(void)
{
	int status, sum = 0;
	char c;

	go = gate_new();
	CHECK(pipe(p) == 0);
	for (int i = 0; i < AT_ONCE; i++)
		child(wait_at_gate);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(read(p[0], &c, 1) == 1);
	printf("%d at once\n", AT_ONCE);
	for (int i = 0; i < AT_ONCE; i++)
		gate_open(&go);
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("%d ended\n", sum);
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i & 127);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == (i & 127));
	}
	printf("200 one after another\n");
	return 0;
}

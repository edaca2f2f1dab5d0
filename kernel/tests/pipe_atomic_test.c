/* POSIX.1-2024 write(): at most PIPE_BUF bytes are never mixed with another writer's. */
#include "conformance.h"

#define WRITERS 4
#define RECORDS 200

static int p[2], number;

static void writer(void)
{
	char record[PIPE_BUF];

	close(p[0]);
	for (int i = 0; i < RECORDS; i++) {
		memset(record, 'a' + number, sizeof(record));
		CHECK(write(p[1], record, sizeof(record)) == (ssize_t)sizeof(record));
	}
}

int main(void)
{
	char record[PIPE_BUF];
	pid_t pid[WRITERS];
	int seen[WRITERS] = {0}, mixed = 0;

	printf("PIPE_BUF %d\n", PIPE_BUF);
	CHECK(pipe(p) == 0);
	for (number = 0; number < WRITERS; number++)
		pid[number] = child(writer);
	close(p[1]);
	for (;;) {
		size_t have = 0;
		ssize_t n;

		while (have < sizeof(record) &&
			(n = read(p[0], record + have, sizeof(record) - have)) > 0)
			have += (size_t)n;
		if (have == 0)
			break;
		CHECK(have == sizeof(record));
		for (size_t i = 1; i < have; i++)
			mixed += record[i] != record[0];
		seen[record[0] - 'a']++;
	}
	for (int i = 0; i < WRITERS; i++) {
		printf("writer %d: %d records\n", i, seen[i]);
		reap("writer", pid[i]);
	}
	printf("%d bytes mixed\n", mixed);
	return 0;
}

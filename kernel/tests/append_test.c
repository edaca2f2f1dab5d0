/* O_APPEND: each write goes to the end as it is then, from several processes at once. */
#include "conformance.h"

#define WRITERS 4
#define LINES 100

static int number;

static void writer(void)
{
	char line[40];
	int fd = open("log", O_WRONLY | O_APPEND);

	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "writer %d line %03d\n", number, i);

		CHECK(write(fd, line, (size_t)n) == n);
	}
}

int main(void)
{
	char line[40];
	int fd, next[WRITERS] = {0}, bad = 0;
	pid_t pid[WRITERS];

	enter_tmp();
	put_file("f", "base-");
	fd = open("f", O_RDWR | O_APPEND);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "one", 3));
	SHOW(lseek(fd, 0, SEEK_CUR));
	printf("%s\n", get_file("f"));
	int other = open("f", O_WRONLY);
	SHOW(write(other, "OVER", 4));
	SHOW(write(fd, "-end", 4));
	printf("%s\n", get_file("f"));
	SHOW(fcntl(fd, F_SETFL, 0));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "!", 1));
	printf("%s\n", get_file("f"));
	SHOW(fcntl(fd, F_SETFL, O_APPEND));
	TRUTH(fcntl(fd, F_GETFL) & O_APPEND);

	put_file("log", "");
	for (number = 0; number < WRITERS; number++)
		pid[number] = child(writer);
	for (int i = 0; i < WRITERS; i++)
		reap("writer", pid[i]);
	FILE *f = fopen("log", "r");
	while (fgets(line, sizeof(line), f)) {
		int w, n;

		if (sscanf(line, "writer %d line %d", &w, &n) != 2 || w < 0 || w >= WRITERS ||
			next[w] != n)
			bad++;
		else
			next[w]++;
	}
	fclose(f);
	for (int i = 0; i < WRITERS; i++)
		printf("writer %d: %d lines in order\n", i, next[i]);
	printf("%d bad lines\n", bad);
	return 0;
}

/* libc's own locks: streams, malloc, and lines that threads write at once stay whole. */
#include "thread.h"

#define THREADS 4
#define LINES 300

static FILE *out;

static void *writes(void *arg)
{
	for (int i = 0; i < LINES; i++) {
		char *word = malloc((size_t)(i % 40) + 40);

		snprintf(word, 40, "thread %ld line %03d", (long)arg, i);
		fprintf(out, "%s of %d\n", word, LINES);
		free(word);
	}
	return NULL;
}
static void *holds(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		flockfile(out);
		fputs("begin ", out);
		sched_yield();
		fputs("end\n", out);
		funlockfile(out);
	}
	return NULL;
}

int main(void)
{
	int next[THREADS] = {0}, whole = 0, held = 0, wrong = 0, i, n, of;
	pthread_t t[THREADS + 1];
	char line[128];
	long who;

	enter_tmp();
	out = fopen("lines", "w");
	for (long k = 0; k < THREADS; k++)
		t[k] = start(writes, k);
	t[THREADS] = start(holds, 0);
	for (i = 0; i <= THREADS; i++)
		join(t[i]);
	CHECK(fclose(out) == 0);
	out = fopen("lines", "r");
	while (fgets(line, sizeof(line), out)) {
		if (strcmp(line, "begin end\n") == 0) {
			held++;
		} else if (sscanf(line, "thread %ld line %d of %d", &who, &n, &of) == 3 &&
			   of == LINES && who >= 0 && who < THREADS && next[who] == n) {
			next[who]++;
			whole++;
		} else {
			wrong++;
		}
	}
	fclose(out);
	printf("whole %d, held %d, wrong %d\n", whole, held, wrong);
	return 0;
}

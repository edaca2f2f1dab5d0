/* Directories: mkdir, readdir, seekdir, names. */
#include "conformance.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	char *names[600];
	int n = 0;
	DIR *d = opendir(path);
	struct dirent *e;

	CHECK(d);
	while ((e = readdir(d)) && n < 600) {
		char text[300];

		snprintf(text, sizeof(text), "%s%s", e->d_name,
			e->d_type == DT_DIR    ? "/"
			: e->d_type == DT_LNK  ? "@"
			: e->d_type == DT_FIFO ? "|"
					       : "");
		names[n++] = strdup(text);
	}
	closedir(d);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	printf("%s:", path);
	for (int i = 0; i < n && i < 12; i++)
		printf(" %s", names[i]);
	printf(" (%d)\n", n);
	for (int i = 0; i < n; i++)
		free(names[i]);
}

int main(void)
{
	char name[300];
	struct stat st;
	DIR *d;
	long where;
	int n = 0, fd;

	enter_tmp();
	SHOW(mkdir("d", 0755));
	SHOW(mkdir("d", 0755));
	SHOW(mkdir("none/d", 0755));
	SHOW(mkdir("e/", 0750));
	SHOW(stat("e", &st));
	printf("%o\n", (unsigned)st.st_mode);
	SHOW(mkdir("", 0755));
	SHOW(mkdir("/", 0755));
	SHOW(mkdir("d/.", 0755));
	list("d");
	put_file("d/b", "");
	put_file("d/a", "");
	mkdir("d/dir", 0755);
	symlink("x", "d/link");
	mkfifo("d/pipe", 0644);
	list("d");
	put_file("f", "");
	SHOW(mkdir("f/d", 0755));
	TRUTH(opendir("f") == NULL && errno == ENOTDIR);
	TRUTH(opendir("none") == NULL && errno == ENOENT);

	memset(name, 'n', 255);
	name[255] = 0;
	SHOW(mkdir(name, 0755));
	SHOW(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	SHOW(mkdir(name, 0755));
	SHOW(access(name, F_OK));

	mkdir("many", 0755);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "many/file-with-a-longer-name-%d", i);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		CHECK(fd >= 0);
		close(fd);
	}
	list("many");
	d = opendir("many");
	for (int i = 0; i < 100; i++)
		CHECK(readdir(d));
	where = telldir(d);
	struct dirent *e = readdir(d);
	CHECK(e);
	strcpy(name, e->d_name);
	for (int i = 0; i < 50; i++)
		CHECK(readdir(d));
	seekdir(d, where);
	e = readdir(d);
	TRUTH(e && strcmp(e->d_name, name) == 0);
	rewinddir(d);
	while (readdir(d))
		n++;
	printf("after rewind %d\n", n);
	closedir(d);

	/* Removing while reading: everything is met, once. */
	d = opendir("many");
	n = 0;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		CHECK(unlinkat(dirfd(d), e->d_name, 0) == 0);
	}
	closedir(d);
	printf("removed %d\n", n);
	SHOW(rmdir("many"));
	return 0;
}

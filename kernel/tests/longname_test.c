/* Names and paths at their limits, deep trees, loops of links. */
#include "conformance.h"

int main(void)
{
	static char name[300], path[5000], deep[9000];
	char cwd[64];
	struct stat st;
	int depth;

	enter_tmp();
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	SHOW(mkdir(name, 0755));
	SHOW(stat(name, &st));
	SHOW(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	SHOW(mkdir(name, 0755));
	SHOW(open(name, O_CREAT | O_WRONLY, 0644));
	SHOW(symlink("x", name));
	SHOW(link(".", name));
	SHOW(stat(name, &st));
	SHOW(unlink(name));
	/* PATH_MAX counts the zero. */
	memset(path, '/', sizeof(path));
	memcpy(path + 4094, ".", 2);
	SHOW(stat(path, &st));
	memset(path, '/', sizeof(path));
	memcpy(path + 4095, ".", 2);
	SHOW(stat(path, &st));
	SHOW(open(path, O_RDONLY));
	SHOW(mkdir(path, 0755));
	SHOW(symlink(path, "long"));
	path[4095] = 0;
	SHOW(symlink(path, "long"));
	/* Deeper than any path: by steps. */
	memset(name, 'd', 200);
	name[200] = 0;
	for (depth = 0; depth < 100; depth++) {
		CHECK(mkdir(name, 0755) == 0);
		CHECK(chdir(name) == 0);
	}
	errno = 0;
	TRUTH(getcwd(path, sizeof(path)) == NULL || strlen(path) > 20000);
	put_file("bottom", "here");
	printf("%s\n", get_file("bottom"));
	CHECK(unlink("bottom") == 0);
	for (; depth > 0; depth--) {
		CHECK(chdir("..") == 0);
		CHECK(rmdir(name) == 0);
	}
	TRUTH(getcwd(cwd, sizeof(cwd)) != NULL);
	SHOW(getcwd(cwd, 5) == NULL);
	/* A path of many components. */
	for (int i = 0; i < 1300; i++)
		memcpy(deep + 3 * i, "./.", 3);
	deep[3900] = 0;
	SHOW(stat(deep, &st));
	/* Links: 40 in a row, no more. */
	put_file("l0", "end");
	for (int i = 1; i <= 41; i++) {
		char from[16], to[16];

		snprintf(from, sizeof(from), "l%d", i - 1);
		snprintf(to, sizeof(to), "l%d", i);
		CHECK(symlink(from, to) == 0);
	}
	printf("%s %s\n", get_file("l40"), get_file("l41"));
	CHECK(symlink("self", "self") == 0);
	SHOW(open("self", O_RDONLY));
	SHOW(open("self", O_CREAT | O_WRONLY, 0644));
	SHOW(stat("self/x", &st));
	SHOW(lstat("self", &st));
	CHECK(symlink("nowhere", "dangling") == 0);
	SHOW(open("dangling", O_RDONLY));
	SHOW(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
	SHOW_OK(open("dangling", O_CREAT | O_WRONLY, 0644));
	SHOW(access("nowhere", F_OK));
	/* Bytes, not letters. */
	SHOW(mkdir("\xff\xfe \n", 0755));
	SHOW(access("\xff\xfe \n", F_OK));
	SHOW(access("", F_OK));
	SHOW(access("l0/", F_OK));
	SHOW(access("l0/.", F_OK));
	SHOW(access(".//././/l0", F_OK));
	SHOW(access("/../../../..", F_OK));
	return 0;
}

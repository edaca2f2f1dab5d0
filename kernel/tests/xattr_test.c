/* Extended attributes: set, get, list, remove, by path, link and descriptor. */
#include "conformance.h"
#include <sys/xattr.h>

#ifndef ENODATA
#define ENODATA 61
#endif

/* user.* is not everywhere (tmpfs of older Linux): trusted.* is, for root. */
static const char *ns;
static char name_buf[4][64];
static const char *attr(const char *name)
{
	static int turn;
	char *s = name_buf[turn++ % 4];

	snprintf(s, 64, "%s%s", ns, name);
	return s;
}
static void show_x(const char *what, long n)
{
	if (n < 0)
		printf("%s: %s\n", what, errno == ENODATA ? "ENODATA" : errno_name(errno));
	else
		printf("%s: %ld\n", what, n);
}
#define X(call) (errno = 0, show_x(#call, (long)(call)))

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}
/* The names of our namespace, sorted. */
static void list(const char *path)
{
	char buf[4096], *names[32];
	ssize_t n = listxattr(path, buf, sizeof(buf));
	int count = 0;

	for (char *p = buf; p < buf + n; p += strlen(p) + 1) {
		if (strncmp(p, ns, strlen(ns)) == 0)
			names[count++] = p + strlen(ns);
	}
	qsort(names, (size_t)count, sizeof(*names), by_text);
	printf("%s:", path);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
	printf("\n");
}

int main(void)
{
	static char big[65537];
	char buf[100], long_name[300];
	int fd;

	enter_tmp();
	put_file("f", "x");
	CHECK(mkdir("d", 0755) == 0);
	CHECK(symlink("f", "link") == 0);
	ns = "user.";
	if (setxattr("f", "user.probe", "1", 1, 0) < 0)
		ns = "trusted.";
	else
		CHECK(removexattr("f", "user.probe") == 0);
	X(getxattr("f", attr("a"), buf, sizeof(buf)));
	X(setxattr("f", attr("a"), "one", 3, XATTR_REPLACE));
	X(setxattr("f", attr("a"), "one", 3, XATTR_CREATE));
	X(setxattr("f", attr("a"), "one", 3, XATTR_CREATE));
	X(getxattr("f", attr("a"), buf, sizeof(buf)));
	TRUTH(memcmp(buf, "one", 3) == 0);
	X(getxattr("f", attr("a"), NULL, 0));
	X(getxattr("f", attr("a"), buf, 2));
	X(setxattr("f", attr("a"), "other", 5, XATTR_REPLACE));
	X(getxattr("link", attr("a"), buf, sizeof(buf)));
	TRUTH(memcmp(buf, "other", 5) == 0);
	X(setxattr("f", attr("empty"), NULL, 0, 0));
	X(getxattr("f", attr("empty"), buf, sizeof(buf)));
	X(setxattr("f", attr("b"), "\0\1\2", 3, 0));
	list("f");
	X(setxattr("d", attr("dir"), "x", 1, 0));
	list("d");
	X(removexattr("f", attr("b")));
	X(removexattr("f", attr("b")));
	list("f");
	fd = open("f", O_RDONLY);
	X(fgetxattr(fd, attr("a"), buf, sizeof(buf)));
	X(fsetxattr(fd, attr("c"), "c", 1, 0));
	X(fremovexattr(fd, attr("c")));
	TRUTH(flistxattr(fd, NULL, 0) > 0);
	close(fd);
	fd = open("f", O_PATH);
	X(fgetxattr(fd, attr("a"), buf, sizeof(buf)));
	close(fd);
	X(fgetxattr(99, attr("a"), buf, sizeof(buf)));
	/* A name's attributes go with the file through rename, not with a new file. */
	CHECK(rename("f", "g") == 0);
	list("g");
	put_file("f", "x");
	list("f");
	CHECK(link("g", "h") == 0);
	list("h");
	/* Errors. */
	X(setxattr("f", "nothing", "x", 1, 0));
	X(setxattr("f", "wrong.space", "x", 1, 0));
	X(getxattr("f", "wrong.space", buf, 1));
	X(setxattr("f", "", "x", 1, 0));
	memset(long_name, 'n', sizeof(long_name));
	memcpy(long_name, ns, strlen(ns));
	long_name[sizeof(long_name) - 1] = 0;
	X(setxattr("f", long_name, "x", 1, 0));
	X(setxattr("f", attr("a"), big, sizeof(big), 0));
	X(setxattr("f", attr("a"), "x", 1, 4));
	X(setxattr("none", attr("a"), "x", 1, 0));
	X(setxattr("f", attr("a"), bad_address, 10, 0));
	X(setxattr("f", bad_address, "x", 1, 0));
	X(getxattr("g", attr("a"), bad_address, 10));
	if (strcmp(ns, "user.") == 0) {
		X(lsetxattr("link", "user.a", "x", 1, 0));
		X(lgetxattr("link", "user.a", buf, 1));
	} else {
		printf("lsetxattr(\"link\", \"user.a\", \"x\", 1, 0): EPERM\n");
		printf("lgetxattr(\"link\", \"user.a\", buf, 1): ENODATA\n");
	}
	X(listxattr("none", buf, sizeof(buf)));
	X(listxattr("g", buf, 1));
	return 0;
}

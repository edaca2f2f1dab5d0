/*
 * hog.c - programs that take all there is: memory, descriptors, /tmp, processes. The machine says
 * no with the right errno and goes on.
 */
#include "hostile.h"
#include <sys/mman.h>
#include <sys/resource.h>

static void expect(const char *what, bool ok)
{
	if (ok)
		return;
	printf("%s: errno %d\n", what, errno);
	exit(1);
}

static void in_child(const char *what, void (*f)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	status = reap_by(pid, now_ms() + 20000);
	if (status) {
		printf("%s: status %x\n", what, status);
		exit(1);
	}
}

static void all_memory(void)
{
	static void *volatile last; /* or the compiler leaves malloc out */
	size_t sum = 0;

	/* Not touched: what the engine would not have must not take the machine along. */
	while ((last = malloc(16 << 20)))
		sum += 16 << 20;
	expect("malloc until NULL", errno == ENOMEM && sum > 1u << 30);
}
static void huge_maps(void)
{
	errno = 0;
	expect("mmap of 2 GiB", mmap(NULL, 0x7ffff000, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
					errno == ENOMEM);
	expect("mmap of 4 GiB", mmap(NULL, 0xfffff000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					0) == MAP_FAILED &&
					errno == ENOMEM);
	expect("mmap of nothing",
		mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
			errno == EINVAL);
	expect("sbrk", sbrk(0x7fff0000) == (void *)-1 && errno == ENOMEM);
	for (int i = 0; i < 3000; i++) /* very many maps, each apart from the next */
		expect("map", mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	in_child("fork with many maps", plain_output);
}
static void huge_argv(void)
{
	static char *argv[70000];
	char *big = malloc(3 << 20);

	CHECK(big);
	memset(big, 'x', (3 << 20) - 1);
	big[(3 << 20) - 1] = 0;
	argv[0] = big;
	expect("one long argument", execv("/bin/true", argv) == -1 && errno == E2BIG);
	for (int i = 0; i < 70000 - 1; i++)
		argv[i] = "an argument of thirty-odd characters";
	expect("many arguments", execv("/bin/true", argv) == -1 && errno == E2BIG);
	expect("many variables",
		execve("/bin/true", argv + 70000 - 2, argv) == -1 && errno == E2BIG);
}
static void all_descriptors(void)
{
	int n = 0, fd, fds[2];

	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		n = fd;
	expect("open until EMFILE", errno == EMFILE && n == 1023);
	expect("pipe", pipe(fds) == -1 && errno == EMFILE);
	expect("dup", dup(0) == -1 && errno == EMFILE);
	expect("ptmx", posix_openpt(O_RDWR) == -1 && errno == EMFILE);
	expect("dup2", dup2(0, 1024) == -1 && errno == EBADF);
	close(n);
	expect("pipe with one left", pipe(fds) == -1 && errno == EMFILE);
	expect("and it is still free", open("/dev/null", O_RDONLY) == n);
}
static void all_ptys(void)
{
	int n = 0;

	while (n < 1000 && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
		n++;
	expect("ptys", n > 8);
}
static void all_of_tmp(void)
{
	static char block[1 << 20];
	int fd = open("/tmp/hog", O_RDWR | O_CREAT | O_TRUNC, 0600);
	long mb = 0;
	ssize_t r;

	CHECK(fd >= 0);
	memset(block, 'x', sizeof(block));
	while (mb < 4096 && (r = write(fd, block, sizeof(block))) > 0)
		mb++;
	expect("write until ENOSPC", r < 0 && (errno == ENOSPC || errno == EFBIG));
	expect("a file too large",
		ftruncate(fd, 1ll << 62) == -1 && (errno == EFBIG || errno == EINVAL));
	expect("room again", ftruncate(fd, 0) == 0 && write(fd, block, 4096) == 4096);
	close(fd);
	unlink("/tmp/hog");
}
static void many_names(void)
{
	char name[64];
	int n;

	mkdir("/tmp/names", 0777);
	for (n = 0; n < 3000; n++) {
		snprintf(name, sizeof(name), "/tmp/names/%d", n);
		expect("mkdir", mkdir(name, 0777) == 0);
	}
	for (n = 0; n < 3000; n++) {
		snprintf(name, sizeof(name), "/tmp/names/%d", n);
		expect("rmdir", rmdir(name) == 0);
	}
	expect("rmdir of all", rmdir("/tmp/names") == 0);
}
static void deep_tree(void)
{
	int n = 0;

	mkdir("/tmp/deep", 0777);
	CHECK(chdir("/tmp/deep") == 0);
	while (n < 3000 && mkdir("d", 0777) == 0 && chdir("d") == 0)
		n++;
	expect("depth", n == 3000);
	{
		char cwd[8192];

		expect("getcwd",
			getcwd(cwd, sizeof(cwd)) == NULL &&
				(errno == ENAMETOOLONG || errno == ERANGE || errno == ENOENT));
	}
	while (chdir("..") == 0 && rmdir("d") == 0)
		;
	CHECK(chdir("/") == 0);
	rmdir("/tmp/deep");
}
static void fork_until_refused(void)
{
	static pid_t pids[1000];
	int n = 0, fds[2];
	char c;

	CHECK(pipe(fds) == 0);
	/* One machine's worth; the engine may give more memories than this test has patience. */
	while (n < 150) {
		pid_t pid = fork();

		if (pid < 0) {
			expect("fork", errno == EAGAIN || errno == ENOMEM);
			break;
		}
		if (pid == 0) {
			close(fds[1]);
			read(fds[0], &c, 1);
			_exit(0);
		}
		pids[n++] = pid;
	}
	expect("processes at once", n >= 100);
	close(fds[1]);
	for (int i = 0; i < n; i++)
		CHECK(reap(pids[i]) == 0);
	in_child("fork afterwards", plain_output);
}
static void fork_limit(void)
{
	struct rlimit l = {.rlim_cur = 4, .rlim_max = 4};

	CHECK(setrlimit(RLIMIT_NPROC, &l) == 0 && setgid(1000) == 0 && setuid(1000) == 0);
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0) {
			expect("fork", errno == EAGAIN && i == 3);
			kill(-1, SIGKILL);
			while (wait(NULL) > 0)
				;
			_exit(0);
		}
	}
	expect("a limit of processes", false);
}

int main(void)
{
	int zombies, before = processes(&zombies, false);

	in_child("huge maps", huge_maps);
	in_child("all memory", all_memory);
	in_child("huge argv", huge_argv);
	in_child("all descriptors", all_descriptors);
	in_child("all ptys", all_ptys);
	in_child("many names", many_names);
	in_child("deep tree", deep_tree);
	in_child("a limit of processes", fork_limit);
	in_child("fork until refused", fork_until_refused);
	in_child("all of /tmp", all_of_tmp);
	if (!settle(before))
		return 1;
	puts("survived");
	return 0;
}

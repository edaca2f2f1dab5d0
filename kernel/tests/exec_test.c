/* execve(2): arguments, environment, descriptors, signal dispositions, scripts, errors. */
#include "conformance.h"

extern char **environ;

static int executed(int argc, char **argv)
{
	if (strcmp(argv[1], "args") == 0) {
		for (int i = 0; i < argc; i++)
			printf("argv[%d] = <%s>\n", i, i ? argv[i] : "self");
		for (char **e = environ; *e; e++)
			printf("env <%s>\n", *e);
	} else if (strcmp(argv[1], "fds") == 0) {
		for (int fd = 3; fd < 8; fd++)
			printf("fd %d: %s\n", fd, fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
		SHOW(lseek(4, 0, SEEK_CUR));
	} else if (strcmp(argv[1], "signals") == 0) {
		struct sigaction a;
		sigset_t m;

		sigaction(SIGUSR1, NULL, &a);
		TRUTH(a.sa_handler == SIG_IGN);
		sigaction(SIGUSR2, NULL, &a);
		TRUTH(a.sa_handler == SIG_DFL);
		sigprocmask(SIG_SETMASK, NULL, &m);
		TRUTH(sigismember(&m, SIGTERM) && !sigismember(&m, SIGINT));
		sigpending(&m);
		TRUTH(sigismember(&m, SIGTERM));
	} else if (strcmp(argv[1], "script-arg") == 0) {
		for (int i = 1; i < argc; i++)
			printf("script argv[%d] = <%s>\n", i, argv[i]);
	} else if (strcmp(argv[1], "long") == 0) {
		size_t sum = 0;
		for (int i = 2; i < argc; i++)
			sum += strlen(argv[i]);
		printf("%d arguments, %zu bytes\n", argc - 2, sum);
	} else {
		printf("pid %s\n", atoi(argv[1]) == getpid() ? "kept" : "changed");
	}
	return 5;
}

static char self[PATH_MAX];
static char *args[2100];

static void go(void)
{
	execv(self, args);
	printf("execv: %s\n", errno_name(errno));
	_exit(1);
}
static void run_with(const char *a)
{
	args[0] = self;
	args[1] = (char *)(uintptr_t)a;
	args[2] = NULL;
	reap(a, child(go));
}
static void handler(int s)
{
	(void)s;
}
static void with_env(void)
{
	char *argv[] = {(char *)"zero", (char *)"args", (char *)"", (char *)"two words", NULL};
	char *env[] = {(char *)"A=1", (char *)"EMPTY=", (char *)"NOEQUALS", NULL};

	execve(self, argv, env);
	_exit(1);
}
static void with_signals(void)
{
	sigset_t m;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, handler);
	sigemptyset(&m);
	sigaddset(&m, SIGTERM);
	sigprocmask(SIG_SETMASK, &m, NULL);
	raise(SIGTERM);
	args[0] = self, args[1] = (char *)(uintptr_t)"signals", args[2] = NULL;
	go();
}
static void with_pid(void)
{
	static char pid[20];

	snprintf(pid, sizeof(pid), "%d", getpid());
	args[0] = self, args[1] = pid, args[2] = NULL;
	go();
}
static void try_exec(const char *path)
{
	char *argv[] = {(char *)(uintptr_t)path, (char *)"more", NULL};

	execv(path, argv);
	printf("exec %s: %s\n", path, errno_name(errno));
}
static void script(void)
{
	try_exec("./script");
}
static void make_exec(const char *name, const char *text, mode_t mode)
{
	put_file(name, text);
	CHECK(chmod(name, mode) == 0);
}

int main(int argc, char **argv)
{
	char text[PATH_MAX + 100];

	if (argc > 1)
		return executed(argc, argv);
	CHECK(realpath(argv[0], self));
	enter_tmp();
	reap("environment", child(with_env));

	put_file("f", "0123456789");
	CHECK(open("f", O_RDONLY | O_CLOEXEC) == 3);
	CHECK(open("f", O_RDONLY) == 4);
	CHECK(dup(4) == 5);
	CHECK(fcntl(5, F_SETFD, FD_CLOEXEC) == 0);
	CHECK(fcntl(3, F_DUPFD, 6) == 6);
	CHECK(lseek(4, 3, SEEK_SET) == 3);
	run_with("fds");
	for (int fd = 3; fd < 8; fd++)
		close(fd);
	reap("signals", child(with_signals));
	reap("pid", child(with_pid));

	args[0] = self, args[1] = (char *)"long";
	memset(text, 'z', 99);
	text[99] = 0;
	for (int i = 2; i < 2002; i++)
		args[i] = text;
	args[2002] = NULL;
	reap("long", child(go));

	try_exec("missing");
	try_exec("");
	try_exec("f/g");
	try_exec(".");
	make_exec("plain", "not a program\n", 0755);
	try_exec("./plain");
	make_exec("noexec", "#!/bin/sh\n", 0644);
	try_exec("./noexec");
	make_exec("noint", "#!/missing/interpreter\n", 0755);
	try_exec("./noint");
	make_exec("empty", "", 0755);
	try_exec("./empty");
	CHECK(symlink("loop", "loop") == 0);
	try_exec("loop");

	snprintf(text, sizeof(text), "#! %s script-arg \nrest\n", self);
	make_exec("script", text, 0755);
	reap("script", child(script));
	make_exec("script", "#!./inner one two\n", 0755);
	snprintf(text, sizeof(text), "#!%s script-arg\n", self);
	make_exec("inner", text, 0755);
	reap("script of a script", child(script));
	return 0;
}

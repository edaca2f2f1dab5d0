/*
 * init.c - PID 1: runs the boot command, gives each further terminal a login shell, reaps
 * orphans, and ends the machine with the boot command's status.
 *
 *   init [--user NAME] [--cwd DIR] [--tty | --pipe] [--] [COMMAND ARG...]
 *
 * The kernel has mounted /, /dev, /proc and /tmp. With --tty (the default) the command runs on
 * /dev/console as the controlling terminal of a session of its own; with --pipe on the
 * descriptors 0, 1 and 2 that init itself was given. Without a command it is the user's shell as a
 * login shell. The environment is init's own, with HOME, USER, LOGNAME, SHELL, PATH and TERM added
 * where they are missing.
 *
 * Each line (a console number N) read from /dev/conctl asks for a login shell on
 * /dev/ttyN; the last console is the page's Inspector's, and gets inspect as root. SIGTERM to init ends the machine as if the boot command had died of it.
 *
 * Children are started by vfork: no memory is copied. SIGCHLD is blocked but for the wait in
 * ppoll, so that none is missed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef SYS_pleat_halt
#define machine_halt(status) syscall(SYS_pleat_halt, status)
#else
#define machine_halt(status) _exit(status) /* native builds: the tests */
#endif

extern char **environ;

#define GROUPS_MAX_OF_USER 32
#define TERM_GRACE_MS 500 /* between the polite signals and SIGKILL */
#define KILL_GRACE_MS 1000

struct user {
	char name[64];
	char home[256];
	char shell[256];
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX_OF_USER];
	size_t ngroups;
};

/* What a child becomes; filled in by the parent, only read between vfork and exec. */
struct job {
	const char *tty; /* NULL: keep 0, 1 and 2 */
	const char *cwd; /* NULL: the user's home, or / if that does not exist */
	char **argv;
	const char *file; /* searched in PATH if it has no slash */
	int as_init;	  /* keeps init's own ids */
};

static struct user user = {.name = "root"};
static sigset_t wait_mask; /* what ppoll waits with: the mask init was given, SIGCHLD open */
static volatile sig_atomic_t asked_to_end;

static void on_child(int sig)
{
	(void)sig; /* only to end ppoll */
}

static void on_term(int sig)
{
	asked_to_end = sig;
}

static void say(const char *what, const char *why)
{
	dprintf(2, "init: %s%s%s\n", what, why ? ": " : "", why ? why : "");
}

static void die(const char *what, const char *why)
{
	say(what, why);
	machine_halt(126);
	_exit(126);
}

/* Cut the next field, up to sep, off *rest; "" at the end. */
static char *take_field(char **rest, char sep)
{
	char *field = *rest, *end = strchr(field, sep);

	if (end)
		*end++ = '\0';
	*rest = end ? end : field + strlen(field);
	return field;
}

/*
 * Fill in u by its name, from its line of /etc/passwd. libc's getpwnam would first ask a name
 * service daemon over a socket. Returns 0, or -1 with no such user.
 */
static int user_find(struct user *u)
{
	char line[1024];
	FILE *file = fopen("/etc/passwd", "re");
	int found = -1;

	while (file && found && fgets(line, sizeof(line), file)) {
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		if (strcmp(take_field(&rest, ':'), u->name))
			continue;
		take_field(&rest, ':');
		u->uid = strtoul(take_field(&rest, ':'), NULL, 10);
		u->gid = strtoul(take_field(&rest, ':'), NULL, 10);
		take_field(&rest, ':');
		snprintf(u->home, sizeof(u->home), "%s", take_field(&rest, ':'));
		snprintf(u->shell, sizeof(u->shell), "%s", take_field(&rest, ':'));
		found = 0;
	}
	if (file)
		fclose(file);
	if (!u->home[0])
		strcpy(u->home, "/");
	if (!u->shell[0])
		strcpy(u->shell, "/bin/sh");
	return found;
}

/* The groups of /etc/group that name the user, after the user's own. */
static void user_find_groups(struct user *u)
{
	char line[1024];
	FILE *file = fopen("/etc/group", "re");

	u->groups[0] = u->gid;
	u->ngroups = 1;
	while (file && fgets(line, sizeof(line), file)) {
		char *rest = line;
		gid_t gid;

		line[strcspn(line, "\n")] = '\0';
		take_field(&rest, ':');
		take_field(&rest, ':');
		gid = strtoul(take_field(&rest, ':'), NULL, 10);
		while (*rest && u->ngroups < GROUPS_MAX_OF_USER)
			if (!strcmp(take_field(&rest, ','), u->name) && gid != u->gid)
				u->groups[u->ngroups++] = gid;
	}
	if (file)
		fclose(file);
}

static void environ_fill(const struct user *u, int on_tty)
{
	setenv("HOME", u->home, 0);
	setenv("USER", u->name, 0);
	setenv("LOGNAME", u->name, 0);
	setenv("SHELL", u->shell, 0);
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 0);
	if (on_tty)
		setenv("TERM", "xterm-256color", 0);
}

/* Make tty the controlling terminal and descriptors 0, 1 and 2. In the child. */
static int child_take_tty(const char *tty)
{
	int fd = open(tty, O_RDWR);

	if (fd < 0)
		return -1;
	ioctl(fd, TIOCSCTTY, 0); /* a plain file in tests: then without job control */
	if (fchown(fd, user.uid, -1) < 0 && errno != EPERM && errno != EROFS)
		return -1;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	return 0;
}

static int child_take_identity(void)
{
	if (getuid() == user.uid && user.uid != 0)
		return 0;
	if (setgroups(user.ngroups, user.groups) < 0 && geteuid() == 0)
		return -1;
	if (setgid(user.gid) < 0)
		return -1;
	return setuid(user.uid);
}

/* From vfork to exec: nothing here may return to the caller's frames or change its data. */
static _Noreturn void child_run(const struct job *job)
{
	const char *failed;

	setsid();
	sigprocmask(SIG_SETMASK, &wait_mask, NULL);
	failed = job->tty;
	if (job->tty && child_take_tty(job->tty) < 0)
		goto fail;
	failed = user.name;
	if (!job->as_init && child_take_identity() < 0)
		goto fail;
	failed = job->cwd;
	if (job->cwd && chdir(job->cwd) < 0)
		goto fail;
	if (!job->cwd && chdir(user.home) < 0 && chdir("/") < 0)
		goto fail;
	failed = job->file;
	execvp(job->file, job->argv);
fail:
	say(failed, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Start a job. Returns its pid, or -1 with errno. */
static pid_t job_start(const struct job *job)
{
	pid_t pid = vfork();

	if (pid == 0)
		child_run(job);
	return pid;
}

static char login_name[sizeof(user.shell) + 1];
static char *login_argv[] = {login_name, NULL};

/* The user's shell as a login shell: argv[0] is its last component after a '-'. */
static struct job job_login(const char *tty, const char *cwd)
{
	const char *slash = strrchr(user.shell, '/');

	snprintf(login_name, sizeof(login_name), "-%s", slash ? slash + 1 : user.shell);
	return (struct job){.tty = tty, .cwd = cwd, .argv = login_argv, .file = user.shell};
}

/* Take every dead child; *status is set when boot was one of them. Returns 0 when none is left. */
static int reap(pid_t boot, int *status, int *boot_ended)
{
	for (;;) {
		int st;
		pid_t pid = waitpid(-1, &st, WNOHANG);

		if (pid == 0)
			return 1;
		if (pid < 0)
			return errno == ECHILD ? 0 : 1;
		if (pid == boot) {
			*status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
			*boot_ended = 1;
		}
	}
}

#define INSPECTOR_CONSOLE 16
static char inspect_name[] = "inspect";
static char *inspect_argv[] = {inspect_name, NULL};

static void open_terminals(int conctl)
{
	char line[16];
	ssize_t n;

	/* A read returns one line. */
	while ((n = read(conctl, line, sizeof(line) - 1)) > 0) {
		unsigned long number;
		char tty[32];
		struct job job;

		line[n] = '\0';
		number = strtoul(line, NULL, 10);
		snprintf(tty, sizeof(tty), "/dev/tty%lu", number);
		job = job_login(tty, NULL);
		if (number == INSPECTOR_CONSOLE)
			job = (struct job){.tty = tty,
				.cwd = "/",
				.argv = inspect_argv,
				.file = "/usr/lib/pleat/inspect",
				.as_init = 1};
		if (job_start(&job) < 0)
			say(tty, strerror(errno));
	}
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Wait until every child is gone, at most limit_ms. Returns 0 when none is left. */
static int wait_for_all(int limit_ms)
{
	int64_t end = now_ms() + limit_ms;
	int status, ended, left;

	while ((left = reap(-1, &status, &ended)) != 0) {
		int64_t rest = end - now_ms();
		struct timespec ts = {.tv_sec = rest / 1000, .tv_nsec = rest % 1000 * 1000000};

		if (rest <= 0)
			break;
		ppoll(NULL, 0, &ts, &wait_mask);
	}
	return left;
}

/* End what still runs, politely first, and stop the machine. */
static _Noreturn void machine_end(int status)
{
	/* A machine whose last process was the boot command stops at once. kill(-1) is PID 1's
	 * alone. */
	if (wait_for_all(0) && getpid() == 1) {
		kill(-1, SIGHUP);
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		if (wait_for_all(TERM_GRACE_MS)) {
			kill(-1, SIGKILL);
			wait_for_all(KILL_GRACE_MS);
		}
	}
	machine_halt(status);
	_exit(status);
}

static void signals_set_up(void)
{
	struct sigaction child = {.sa_handler = on_child};
	struct sigaction term = {.sa_handler = on_term};
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	sigemptyset(&wait_mask);
	sigaction(SIGCHLD, &child, NULL);
	sigaction(SIGTERM, &term, NULL);
}

/* Descriptors 0, 1 and 2 exist in any case: the kernel may start PID 1 without any. */
static void descriptors_set_up(void)
{
	int fd;

	if (fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0)
		return;
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *cwd = NULL;
	int i, tty = 1, conctl, status = 0, ended = 0;
	struct job job;
	pid_t boot;

	descriptors_set_up();
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--user") && argv[i + 1])
			snprintf(user.name, sizeof(user.name), "%s", argv[++i]);
		else if (!strcmp(argv[i], "--cwd") && argv[i + 1])
			cwd = argv[++i];
		else if (!strcmp(argv[i], "--tty"))
			tty = 1;
		else if (!strcmp(argv[i], "--pipe"))
			tty = 0;
		else
			break;
	}
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	else if (i < argc && argv[i][0] == '-')
		die("unknown option", argv[i]);

	if (user_find(&user) < 0)
		die("no such user in /etc/passwd", user.name);
	user_find_groups(&user);
	environ_fill(&user, tty);
	signals_set_up();

	job = job_login(tty ? "/dev/console" : NULL, cwd);
	if (i < argc) {
		job.argv = argv + i;
		job.file = argv[i];
	}
	boot = job_start(&job);
	if (boot < 0)
		die("cannot start the boot command", strerror(errno));

	conctl = open("/dev/conctl", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (;;) {
		struct pollfd pfd = {.fd = conctl, .events = POLLIN};

		reap(boot, &status, &ended);
		if (ended)
			machine_end(status);
		if (asked_to_end)
			machine_end(128 + asked_to_end);
		if (ppoll(&pfd, conctl >= 0, NULL, &wait_mask) <= 0)
			continue;
		if (pfd.revents & POLLIN)
			open_terminals(conctl);
		else if (pfd.revents)
			conctl = -1; /* the host end is gone: no further terminals */
	}
}

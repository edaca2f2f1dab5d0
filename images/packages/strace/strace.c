/*
 * strace.c - shows the system calls and signals of programs.
 *
 * The kernel does the work: each open file of /dev/strace is a session (kernel/trace/trace.h). This
 * tells it what is wanted, one setting a line (kernel/trace/control.c), starts or attaches to the
 * processes, and passes on what it reads. Only -c makes something of its own from the records.
 * Options and output are those of strace(1), as far as they are here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 512
#define PIDS_MAX 64

static const char HELP[] =
	"Use: strace [OPTIONS] COMMAND [ARG...]\n"
	"     strace [OPTIONS] -p PID [-p PID...]\n"
	"\n"
	"  -f, --follow-forks     trace children, too\n"
	"  -p, --attach=PID       trace a process that runs already\n"
	"  -e [trace=]SET         only these calls: names, %file %desc %process %network %signal\n"
	"                         %memory %ipc %creds %clock; ! in front: all others\n"
	"  -e signal=none         no lines about signals\n"
	"  -c, --summary-only     at the end count time, calls and errors of each call\n"
	"  -w, --summary-wall-clock  with -c: time that passed, not time at work\n"
	"  -S COLUMN              with -c: sort by time, calls, errors or name\n"
	"  -o, --output=FILE      write to FILE instead of standard error\n"
	"  -A                     append to it\n"
	"  -s, --string-limit=N   show N bytes of text (32)\n"
	"  -t -tt -ttt            the time of day; with microseconds; in seconds since 1970\n"
	"  -r, --relative-timestamps  time since the line before\n"
	"  -T, --syscall-times    time that each call took\n"
	"  -y, --decode-fds       what descriptors are open on\n"
	"  -a, --columns=N        column of the results (40)\n"
	"  -q, --quiet            no lines about ends\n"
	"  -E, --env=NAME[=VALUE] set or remove a variable for COMMAND\n"
	"  -h, --help   -V, --version\n";

struct counted {
	char name[40];
	uint64_t calls, errors, ns;
};

static struct {
	int follow, summary, wall, append, quiet, times, relative, spent, paths, no_signals;
	const char *output, *strsize, *column, *sort;
	const char *set[16];
	int nsets;
	pid_t pids[PIDS_MAX];
	int npids;
} opt;

static int session = -1;
static volatile sig_atomic_t asked_to_end;
static struct counted counts[CALLS_MAX];
static int ncounts;

static _Noreturn void die(int err, const char *format, ...)
{
	va_list ap;

	fputs("strace: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
	exit(1);
}

/* One setting. Returns 0 or errno. */
static int tell(const char *format, ...)
{
	char line[4096];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n >= (int)sizeof(line))
		return E2BIG;
	return write(session, line, (size_t)n) < 0 ? errno : 0;
}

static void must_tell(const char *key, const char *value)
{
	int err = tell("%s %s", key, value);

	if (err)
		die(err, "%s %s", key, value);
}

/* ---- options ---- */

static void add_pids(char *list)
{
	for (char *word = strtok(list, ", \t\n"); word; word = strtok(NULL, ", \t\n")) {
		char *end;
		long pid = strtol(word, &end, 10);

		if (*end || pid <= 0)
			die(0, "Invalid process id: '%s'", word);
		if (opt.npids == PIDS_MAX)
			die(0, "more than %d processes to attach to", PIDS_MAX);
		opt.pids[opt.npids++] = (pid_t)pid;
	}
}

/* -e trace=SET, -e SET, -e signal=…; sets of several -e are one. */
static void add_expression(const char *e)
{
	const char *value = strchr(e, '=');
	size_t n = value ? (size_t)(value - e) : 0;

	value = value ? value + 1 : e;
	if (!n || (n == 5 && !strncmp(e, "trace", n)) || (n == 1 && *e == 't')) {
		if (opt.nsets == 16)
			die(0, "more than 16 -e");
		opt.set[opt.nsets++] = value;
	} else if ((n == 6 && !strncmp(e, "signal", n)) || (n == 7 && !strncmp(e, "signals", n))) {
		if (!strcmp(value, "none") || !strcmp(value, "!all"))
			opt.no_signals = 1;
		else if (strcmp(value, "all"))
			die(0, "-e signal=%s: all or none", value);
	} else {
		die(0, "-e %s: only trace= and signal= are here", e);
	}
}

static void set_variable(char *text)
{
	char *equals = strchr(text, '=');

	if (!equals) {
		unsetenv(text);
		return;
	}
	*equals = 0;
	setenv(text, equals + 1, 1);
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {{"follow-forks", 0, NULL, 'f'},
		{"attach", 1, NULL, 'p'}, {"trace", 1, NULL, 1}, {"summary-only", 0, NULL, 'c'},
		{"summary-wall-clock", 0, NULL, 'w'}, {"output", 1, NULL, 'o'},
		{"output-append-mode", 0, NULL, 'A'}, {"string-limit", 1, NULL, 's'},
		{"relative-timestamps", 0, NULL, 'r'}, {"syscall-times", 0, NULL, 'T'},
		{"decode-fds", 0, NULL, 'y'}, {"columns", 1, NULL, 'a'}, {"quiet", 0, NULL, 'q'},
		{"env", 1, NULL, 'E'}, {"help", 0, NULL, 'h'}, {"version", 0, NULL, 'V'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "+fp:e:cwS:o:As:trTya:qE:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			opt.follow = 1;
			break;
		case 'p':
			add_pids(optarg);
			break;
		case 1:
			if (opt.nsets < 16)
				opt.set[opt.nsets++] = optarg;
			break;
		case 'e':
			add_expression(optarg);
			break;
		case 'c':
			opt.summary = 1;
			break;
		case 'w':
			opt.wall = 1;
			break;
		case 'S':
			opt.sort = optarg;
			break;
		case 'o':
			opt.output = optarg;
			break;
		case 'A':
			opt.append = 1;
			break;
		case 's':
			opt.strsize = optarg;
			break;
		case 't':
			opt.times++;
			break;
		case 'r':
			opt.relative = 1;
			break;
		case 'T':
			opt.spent = 1;
			break;
		case 'y':
			opt.paths = 1;
			break;
		case 'a':
			opt.column = optarg;
			break;
		case 'q':
			opt.quiet = 1;
			break;
		case 'E':
			set_variable(optarg);
			break;
		case 'h':
			fputs(HELP, stdout);
			exit(0);
		case 'V':
			puts("strace -- of Pleat");
			exit(0);
		default:
			fputs("Try 'strace -h' for more information.\n", stderr);
			exit(1);
		}
	}
}

static void tell_times(void)
{
	static const char *const names[] = {"none", "seconds", "micro", "epoch"};
	time_t now = time(NULL);
	struct tm local;
	char zone[16];

	localtime_r(&now, &local);
	snprintf(zone, sizeof(zone), "%ld", local.tm_gmtoff);
	must_tell("zone", zone);
	must_tell("times", opt.relative ? "relative" : names[opt.times > 3 ? 3 : opt.times]);
}

static void tell_sets(void)
{
	char all[4000] = "";

	for (int i = 0; i < opt.nsets; i++) {
		if (strlen(all) + strlen(opt.set[i]) + 2 > sizeof(all))
			die(0, "too long a set of calls");
		if (*all)
			strcat(all, ",");
		strcat(all, opt.set[i]);
	}
	if (opt.nsets && tell("trace %s", all))
		die(0, "invalid system call '%s'", all);
}

static void set_up(void)
{
	session = open("/dev/strace", O_RDWR | O_CLOEXEC);
	if (session < 0)
		die(errno, "/dev/strace");
	tell_sets();
	tell_times();
	if (opt.strsize && tell("strsize %s", opt.strsize))
		die(0, "invalid -s argument: '%s'", opt.strsize);
	if (opt.column && tell("column %s", opt.column))
		die(0, "invalid -a argument: '%s'", opt.column);
	must_tell("follow", opt.follow ? "1" : "0");
	must_tell("paths", opt.paths ? "1" : "0");
	must_tell("spent", opt.spent ? "1" : "0");
	must_tell("quiet", opt.quiet ? "1" : "0");
	must_tell("signals", opt.no_signals ? "0" : "1");
	must_tell("format", opt.summary ? "records" : "text");
	/* In a file each line has its process, as strace has it; on a terminal only if need be. */
	must_tell("pids", opt.output && opt.follow ? "bare" : "several");
}

/* ---- the command ---- */

/* As execvp would find it; so that there is one execve to be seen. */
static const char *find_command(const char *name)
{
	static char path[4096];
	const char *dirs = getenv("PATH");
	struct stat st;

	if (strchr(name, '/'))
		return name;
	for (const char *d = dirs ? dirs : "/usr/bin"; *d;) {
		size_t n = strcspn(d, ":");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)n, d, n ? "/" : "", name);
		if (!stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK))
			return path;
		d += n + (d[n] == ':');
	}
	die(0, "Can't stat '%s': %s", name, strerror(ENOENT));
}

static void on_signal(int sig)
{
	asked_to_end = sig;
}

/* The terminal's keys are for the command; but an attached strace ends by them, and lets go. */
static void signals_set_up(int attached)
{
	struct sigaction end = {.sa_handler = attached ? on_signal : SIG_IGN};

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGQUIT, &end, NULL);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static pid_t start(char **argv)
{
	const char *file = find_command(argv[0]);
	char line[32];
	pid_t pid = vfork();

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		snprintf(line, sizeof(line), "attach %d", (int)getpid());
		if (write(session, line, strlen(line)) > 0)
			execv(file, argv);
		_exit(127);
	}
	if (pid < 0)
		die(errno, "cannot start %s", argv[0]);
	return pid;
}

/* ---- the summary ---- */

static struct counted *count_of(const char *name)
{
	for (int i = 0; i < ncounts; i++) {
		if (!strcmp(counts[i].name, name))
			return &counts[i];
	}
	if (ncounts == CALLS_MAX)
		return NULL;
	snprintf(counts[ncounts].name, sizeof(counts[0].name), "%s", name);
	return &counts[ncounts++];
}

/* A line of records: kind, time, pid, tid, call, result, spent, asleep, text. */
static void count_line(char *line)
{
	char *field[9] = {0};
	struct counted *c;
	uint64_t spent, slept;
	long result;

	for (int i = 0; i < 9 && line; i++)
		field[i] = i < 8 ? strsep(&line, "\t") : line;
	if (!field[7] || *field[0] != '<' || !(c = count_of(field[4])))
		return;
	result = strtol(field[5], NULL, 10);
	spent = strtoull(field[6], NULL, 10);
	slept = strtoull(field[7], NULL, 10);
	c->calls++;
	c->errors += result < 0 && result >= -4095;
	c->ns += opt.wall || slept > spent ? spent : spent - slept;
}

static int by_column(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;
	const char *s = opt.sort ? opt.sort : "time";
	uint64_t p = x->ns, q = y->ns;

	if (!strcmp(s, "name"))
		return strcmp(x->name, y->name);
	if (!strcmp(s, "calls"))
		p = x->calls, q = y->calls;
	if (!strcmp(s, "errors"))
		p = x->errors, q = y->errors;
	return p == q ? strcmp(x->name, y->name) : p < q ? 1 : -1;
}

static void print_row(FILE *out, double percent, const struct counted *c, const char *name)
{
	char errors[24] = "";

	if (c->errors)
		snprintf(errors, sizeof(errors), "%llu", (unsigned long long)c->errors);
	fprintf(out, "%6.2f %11.6f %11llu %9llu %9s %s\n", percent, (double)c->ns / 1e9,
		(unsigned long long)(c->calls ? c->ns / 1000 / c->calls : 0),
		(unsigned long long)c->calls, errors, name);
}

static void print_summary(FILE *out)
{
	static const char dashes[] = "----------------";
	struct counted all = {0};

	qsort(counts, (size_t)ncounts, sizeof(counts[0]), by_column);
	for (int i = 0; i < ncounts; i++) {
		all.ns += counts[i].ns;
		all.calls += counts[i].calls;
		all.errors += counts[i].errors;
	}
	fprintf(out, "%% time     seconds  usecs/call     calls    errors syscall\n");
	fprintf(out, "------ %.11s %.11s %.9s %.9s %s\n", dashes, dashes, dashes, dashes, dashes);
	for (int i = 0; i < ncounts; i++)
		print_row(out, all.ns ? 100.0 * (double)counts[i].ns / (double)all.ns : 0,
			&counts[i], counts[i].name);
	fprintf(out, "------ %.11s %.11s %.9s %.9s %s\n", dashes, dashes, dashes, dashes, dashes);
	print_row(out, 100, &all, "total");
}

/* ---- passing on ---- */

static void pass_on(FILE *out)
{
	static char buf[65536];
	size_t kept = 0;
	ssize_t n;

	while (!asked_to_end) {
		n = read(session, buf + kept, sizeof(buf) - 1 - kept);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!opt.summary) {
			fwrite(buf, 1, (size_t)n, out);
			fflush(out);
			continue;
		}
		kept += (size_t)n;
		buf[kept] = 0;
		for (char *nl; (nl = memchr(buf, '\n', kept));) {
			*nl = 0;
			count_line(buf);
			kept -= (size_t)(nl + 1 - buf);
			memmove(buf, nl + 1, kept + 1);
		}
		if (kept == sizeof(buf) - 1)
			kept = 0; /* no such line is counted */
	}
}

/* End as the command did. */
static int end_as(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	FILE *out = stderr;
	pid_t pid = 0;

	read_options(argc, argv);
	if (optind == argc && !opt.npids)
		die(0, "must have PROG [ARGS] or -p PID\nTry 'strace -h' for more information.");
	if (opt.output) {
		out = fopen(opt.output, opt.append ? "ae" : "we");
		if (!out)
			die(errno, "Can't fopen '%s'", opt.output);
	}
	set_up();
	signals_set_up(optind == argc);
	for (int i = 0; i < opt.npids; i++) {
		int err = tell("attach %d", (int)opt.pids[i]);

		if (err)
			die(err, "attach: %d", (int)opt.pids[i]);
		if (!opt.quiet)
			fprintf(stderr, "strace: Process %d attached\n", (int)opt.pids[i]);
	}
	if (optind < argc)
		pid = start(argv + optind);
	pass_on(out);
	if (opt.summary)
		print_summary(out);
	if (asked_to_end && !opt.quiet) {
		for (int i = 0; i < opt.npids; i++)
			fprintf(stderr, "\nstrace: Process %d detached\n", (int)opt.pids[i]);
	}
	close(session);
	if (out != stderr && fclose(out))
		die(errno, "cannot write '%s'", opt.output);
	return pid ? end_as(pid) : 0;
}

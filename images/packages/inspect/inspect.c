/*
 * inspect.c - what the page's Inspector reads the machine with. init runs it as root on the last
 * console when the page opens that; it ends when the page closes it.
 *
 * The console is made raw. A request is a line, an answer "ID LENGTH\n" and so many bytes:
 *   ID read PATH           the file's text, at most 1 MiB; "" if it cannot be read
 *   ID procs               a line for each process, tabs between: pid ppid pgid tty state ticks
 *                          resident-bytes threads wchan uid command-line
 *   ID write PATH TEXT     "ok" or why not
 *   ID trace SETTING,…     begin a session of /dev/strace, one setting a ';' (format records is added);
 *                          "ok" or why not; then what comes is sent as answers with the ID 0
 *   ID untrace             end it
 * Spec: proc(5), kernel/trace/control.c.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)

static int session = -1;
static char answer[ANSWER_MAX];
static size_t answer_len;

static void send_all(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done = write(1, s, n);

		if (done < 0 && errno != EINTR)
			exit(0); /* the page has gone */
		if (done > 0)
			s += done, n -= (size_t)done;
	}
}

static void send_answer(const char *id)
{
	char head[64];
	int n = snprintf(head, sizeof(head), "%.32s %zu\n", id, answer_len);

	send_all(head, (size_t)n);
	send_all(answer, answer_len);
}

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(answer + answer_len, sizeof(answer) - answer_len, format, ap);
	va_end(ap);
	if (n > 0)
		answer_len += (size_t)n;
	if (answer_len >= sizeof(answer))
		answer_len = sizeof(answer) - 1;
}

/* Up to n bytes of a file; -1: it cannot be read. */
static ssize_t slurp(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t at = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while (at < n && (got = read(fd, buf + at, n - at)) > 0)
		at += (size_t)got;
	close(fd);
	return (ssize_t)at;
}

/* ---- processes ---- */

/* Arguments with blanks between; control characters would end our line. */
static void add_command(const char *pid, const char *name)
{
	char path[64], text[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	n = slurp(path, text, sizeof(text) - 1);
	if (n <= 0) {
		add("[%s]", name);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = 0;
	add("%s", text);
}

static void add_process(const char *pid)
{
	char path[64], stat_text[1024], wchan[64] = "";
	int ppid, pgid, session_id, tty, threads;
	unsigned long long user, sys;
	char state, *name, *rest;
	struct stat st;
	long resident;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	n = slurp(path, stat_text, sizeof(stat_text) - 1);
	if (n <= 0)
		return;
	stat_text[n] = 0;
	name = strchr(stat_text, '(');
	rest = strrchr(stat_text, ')');
	if (!name || !rest)
		return;
	*rest = 0;
	/* Fields 3 to 8, 14, 15, 20 and 24 of proc_pid_stat(5). */
	if (sscanf(rest + 1,
		    " %c %d %d %d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %d %*d %*u "
		    "%*u %ld",
		    &state, &ppid, &pgid, &session_id, &tty, &user, &sys, &threads, &resident) != 9)
		return;
	snprintf(path, sizeof(path), "/proc/%s/wchan", pid);
	n = slurp(path, wchan, sizeof(wchan) - 1);
	wchan[n > 0 ? n : 0] = 0;
	snprintf(path, sizeof(path), "/proc/%s", pid);
	if (stat(path, &st))
		return;
	add("%s\t%d\t%d\t%d\t%c\t%llu\t%ld\t%d\t%s\t%u\t", pid, ppid, pgid, tty, state, user + sys,
		resident * 4096, threads, strcmp(wchan, "0") ? wchan : "", (unsigned)st.st_uid);
	add_command(pid, name + 1);
	add("\n");
}

static void do_procs(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (isdigit((unsigned char)d->d_name[0]))
			add_process(d->d_name);
	}
	if (dir)
		closedir(dir);
}

/* ---- the rest ---- */

static void do_read(const char *path)
{
	ssize_t n = slurp(path, answer, sizeof(answer));

	answer_len = n > 0 ? (size_t)n : 0;
}

static void do_write(char *path)
{
	char *text = strchr(path, ' ');
	int fd;

	if (!text) {
		add("no text");
		return;
	}
	*text++ = 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		add("%s", strerror(errno));
	else
		add("ok");
	if (fd >= 0)
		close(fd);
}

static void end_trace(void)
{
	if (session >= 0)
		close(session);
	session = -1;
}

static void do_trace(char *settings)
{
	char *word;

	end_trace();
	session = open("/dev/strace", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (session < 0) {
		add("%s", strerror(errno));
		return;
	}
	(void)!write(session, "format records", 14);
	while ((word = strsep(&settings, ";"))) {
		if (*word && write(session, word, strlen(word)) < 0) {
			add("%s: %s", word, strerror(errno));
			end_trace();
			return;
		}
	}
	add("ok");
}

static void obey(char *line)
{
	char *id = strsep(&line, " "), *verb = line ? strsep(&line, " ") : NULL;

	if (!verb)
		return;
	answer_len = 0;
	if (!strcmp(verb, "procs"))
		do_procs();
	else if (!strcmp(verb, "untrace"))
		end_trace();
	else if (!line)
		return;
	else if (!strcmp(verb, "read"))
		do_read(line);
	else if (!strcmp(verb, "write"))
		do_write(line);
	else if (!strcmp(verb, "trace"))
		do_trace(line);
	send_answer(id);
}

/* Requests that came, as far as they are whole lines. False: the page has closed the console. */
static int requests(void)
{
	static char buf[8192];
	static size_t len;
	ssize_t n = read(0, buf + len, sizeof(buf) - len);
	char *nl;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	len += (size_t)n;
	while ((nl = memchr(buf, '\n', len))) {
		*nl = 0;
		obey(buf);
		len -= (size_t)(nl + 1 - buf);
		memmove(buf, nl + 1, len);
	}
	if (len == sizeof(buf))
		len = 0; /* no request is that long */
	return 1;
}

static void pass_trace_on(void)
{
	ssize_t n = read(session, answer, 65536);

	if (n > 0) {
		answer_len = (size_t)n;
		send_answer("0");
	} else if (n == 0 || errno != EAGAIN) {
		end_trace();
	}
}

int main(void)
{
	struct termios raw;

	if (!tcgetattr(0, &raw)) {
		cfmakeraw(&raw);
		tcsetattr(0, TCSANOW, &raw);
	}
	send_all("ready\n", 6);
	for (;;) {
		struct pollfd fds[2] = {{0, POLLIN, 0}, {session, POLLIN, 0}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (fds[1].revents)
			pass_trace_on();
		if (fds[0].revents && !requests())
			return 0;
	}
}

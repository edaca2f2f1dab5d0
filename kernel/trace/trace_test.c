/* trace_test.c - calls as text, rings that overflow, sessions that come and go beside the traced.
 */
#include "tests/ktest_proc.h"
#include "trace/internal.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/internal.h"

#define NR_OPENAT 56
#define NR_CLOSE 57
#define NR_PIPE2 59
#define NR_READ 63
#define NR_WRITE 64
#define NR_EXIT_GROUP 94
#define NR_WAIT4 260

static char lines[256 << 10];

/* Everything that the session has to say. */
static const char *all_of(struct trace_session *s)
{
	bool ended;
	size_t n, at = 0;

	while ((n = trace_read(s, lines + at, sizeof(lines) - 1 - at, &ended)) > 0)
		at += n;
	lines[at] = 0;
	return lines;
}

static size_t line_length(const char *s)
{
	const char *nl = strchr(s, '\n');

	return nl ? (size_t)(nl - s) : strlen(s);
}

/* The number in field n of a record. */
static uint32_t number_in(const char *record, int n)
{
	const char *end;
	uint32_t v;

	while (n-- > 0)
		record = strchr(record, '\t') + 1;
	end = strchr(record, '\t');
	CHECK(str_to_u32(record, end, &v));
	return v;
}

static struct trace_session *session(const char *settings)
{
	struct trace_session *s;

	CHECK_EQ(trace_open(&s, 0, 65536), 0);
	CHECK_EQ(trace_control(s, "column 0", 8), 0);
	while (*settings) {
		size_t n = line_length(settings);

		CHECK_EQ(trace_control(s, settings, n), 0);
		settings += n + (settings[n] == '\n');
	}
	return s;
}

/* One call as it is shown, with the result that it is said to have. */
static const char *shown(uint32_t nr, int result, uint32_t a0, uint32_t a1, uint32_t a2,
	uint32_t a3, uint32_t a4, uint32_t a5)
{
	struct trace_session *s = session("attach 1");
	struct thread *t = thread_self();
	const char *text;

	trace_enter(t, nr, a0, a1, a2, a3, a4, a5);
	trace_leave(t, result);
	text = all_of(s);
	trace_close(s);
	return text;
}
#define SHOWN(nr, result, ...) shown_with(nr, result, (const uint32_t[6]){__VA_ARGS__})
static const char *shown_with(uint32_t nr, int result, const uint32_t a[6])
{
	return shown(nr, result, a[0], a[1], a[2], a[3], a[4], a[5]);
}

PROC_TEST(trace_paths_flags_and_errors_have_names)
{
	uaddr_t path = u_str("/etc/pass\twd\1");

	CHECK_STR(SHOWN(NR_OPENAT, 3, (uint32_t)AT_FDCWD, path, O_RDONLY | O_CLOEXEC),
		"openat(AT_FDCWD, \"/etc/pass\\twd\\1\", O_RDONLY|O_CLOEXEC) = 3\n");
	CHECK_STR(SHOWN(NR_OPENAT, -ENOENT, 5, path, O_WRONLY | O_CREAT | O_EXCL, 0640),
		"openat(5, \"/etc/pass\\twd\\1\", O_WRONLY|O_CREAT|O_EXCL, 0640) = -1 ENOENT "
		"(No such file or directory)\n");
	CHECK_STR(SHOWN(NR_OPENAT, -EFAULT, (uint32_t)AT_FDCWD, 0xfffffff0u, 0x80000000u),
		"openat(AT_FDCWD, 0xfffffff0, O_RDONLY|0x80000000) = -1 EFAULT (Bad address)\n");
	CHECK_STR(SHOWN(NR_CLOSE, 0, 7), "close(7) = 0\n");
}

PROC_TEST(trace_buffers_are_cut_at_32_bytes)
{
	uaddr_t buf = u_str("0123456789abcdef0123456789ABCDEFxyz");

	CHECK_STR(SHOWN(NR_WRITE, 35, 1, buf, 35),
		"write(1, \"0123456789abcdef0123456789ABCDEF\"..., 35) = 35\n");
	CHECK_STR(SHOWN(NR_WRITE, 32, 1, buf, 32),
		"write(1, \"0123456789abcdef0123456789ABCDEF\", 32) = 32\n");
	CHECK_STR(SHOWN(NR_READ, 3, 0, buf, 100), "read(0, \"012\", 100) = 3\n");
	CHECK_STR(SHOWN(NR_READ, 0, 0, buf, 100), "read(0, \"\", 100) = 0\n");
	CHECK_STR(SHOWN(NR_READ, -PLEAT_ERESTARTSYS, 0, 0x20000, 4),
		"read(0, 0x20000, 4) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n");
	buf = u_bytes("\0\0017\0018\"\\\n", 9);
	CHECK_STR(SHOWN(NR_WRITE, 9, 1, buf, 9),
		"write(1, \"\\0\\0017\\18\\\"\\\\\\n\\0\", 9) = 9\n");
}

PROC_TEST(trace_structures_are_decoded)
{
	uaddr_t a = u_alloc(256), b = u_alloc(256);

	U_PTR(struct abi_timespec, a)->sec = 5;
	U_PTR(struct abi_timespec, a)->nsec = 7;
	CHECK_STR(SHOWN(407, 0, 1, 0, a, 0),
		"clock_nanosleep_time64(CLOCK_MONOTONIC, 0, {tv_sec=5, tv_nsec=7}, NULL) = 0\n");
	*U_PTR(uint64_t, a) = SIGBIT(SIGINT) | SIGBIT(SIGCHLD) | SIGBIT(34);
	*U_PTR(uint64_t, b) = ~SIGBIT(SIGKILL);
	CHECK_STR(SHOWN(135, 0, SIG_BLOCK, a, b, 8),
		"rt_sigprocmask(SIG_BLOCK, [INT CHLD RT_2], ~[KILL], 8) = 0\n");
	*U_PTR(struct abi_sigaction, a) =
		(struct abi_sigaction){.handler = 66, .flags = SA_RESTART | SA_SIGINFO};
	CHECK_STR(SHOWN(134, 0, SIGUSR1, a, 0, 8),
		"rt_sigaction(SIGUSR1, {sa_sigaction=0x42, sa_mask=[], "
		"sa_flags=SA_RESTART|SA_SIGINFO}, NULL, 8) = 0\n");
	U_PTR(int32_t, b)[0] = 3;
	U_PTR(int32_t, b + 4)[0] = 4;
	CHECK_STR(SHOWN(NR_PIPE2, 0, b, O_CLOEXEC), "pipe2([3, 4], O_CLOEXEC) = 0\n");
	*U_PTR(uint32_t, b) = 0x700;
	CHECK_STR(SHOWN(NR_WAIT4, 9, (uint32_t)-1, b, 0, 0),
		"wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 7}], 0, NULL) = 9\n");
	*U_PTR(uint32_t, b) = SIGSEGV | 0x80;
	CHECK_STR(SHOWN(NR_WAIT4, 9, 9, b, 1, 0),
		"wait4(9, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], WNOHANG, "
		"NULL) = 9\n");
	CHECK_STR(SHOWN(NR_EXIT_GROUP, 0, 3), "exit_group(3) = ?\n");
}

PROC_TEST(trace_addresses_of_sockets_are_decoded)
{
	static const uint8_t in[16] = {2, 0, 0x1f, 0x90, 127, 0, 0, 1};
	static const uint8_t in6[28] = {10, 0, 0, 80, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, [23] = 1};

	CHECK_STR(SHOWN(200, 0, 3, u_bytes(in, 16), 16),
		"bind(3, {sa_family=AF_INET, sin_port=htons(8080), "
		"sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0\n");
	CHECK_STR(SHOWN(203, -ECONNREFUSED, 3, u_bytes(in6, 28), 28),
		"connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_addr=\"2001:db8::1\"}, "
		"28) = -1 ECONNREFUSED (Connection refused)\n");
	CHECK_STR(SHOWN(200, 0, 3, u_bytes("\1\0/run/x", 9), 9),
		"bind(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 9) = 0\n");
}

PROC_TEST(trace_filters_by_name_class_and_their_rest)
{
	static const struct {
		const char *set;
		bool openat, read, close;
	} cases[] = {{"trace open", true, false, false}, {"trace %file", true, false, false},
		{"trace %desc", true, true, true}, {"trace !%desc,open", false, false, false},
		{"trace read,close", false, true, true}, {"trace none", false, false, false},
		{"trace !read", true, false, true}};
	struct trace_session *s = session("");

	for (uint32_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_EQ(trace_control(s, cases[i].set, strlen(cases[i].set)), 0);
#define HAS(nr) (s->filter[syscall_row(nr) / 32] >> (syscall_row(nr) % 32) & 1u)
		CHECK_EQ(HAS(NR_OPENAT), cases[i].openat);
		CHECK_EQ(HAS(NR_READ), cases[i].read);
		CHECK_EQ(HAS(NR_CLOSE), cases[i].close);
	}
	CHECK_EQ(trace_control(s, "trace nosuch", 12), -EINVAL);
	CHECK_EQ(trace_control(s, "attach 99", 9), -ESRCH);
	CHECK_EQ(trace_control(s, "pids often", 10), -EINVAL);
	CHECK_EQ(trace_control(s, "strsize many", 12), -EINVAL);
	trace_close(s);
}

PROC_TEST(trace_of_another_users_process_is_refused)
{
	struct trace_session *s = session("");

	ktest_become(1000, 1000);
	CHECK_EQ(trace_control(s, "all", 3), -EPERM);
	ktest_become(0, 0);
	CHECK_EQ(trace_control(s, "all", 3), 0);
	trace_close(s);
	CHECK_EQ(trace_on, 0);
}

PROC_TEST(trace_unfinished_calls_are_resumed)
{
	struct trace_session *s = session("attach 1\npids bare");
	struct thread *t = thread_self();
	struct trace_record other = {.kind = REC_LINE, .tid = 9, .pid = 9, .nr = ~0u};

	trace_enter(t, NR_READ, 0, 0x20000, 4, 0, 0, 0);
	CHECK_STR(all_of(s), "1     read(0, ");
	lock_acquire(&s->read_lock);
	other.text = 3;
	line_add(s, &other, "---");
	lock_release(&s->read_lock);
	trace_leave(t, -EINTR);
	CHECK_STR(all_of(s),
		" <unfinished ...>\n9     ---\n1     <... read resumed>0x20000, 4) = -1 "
		"EINTR (Interrupted system call)\n");
	trace_close(s);
}

PROC_TEST(trace_that_nobody_reads_is_counted_and_told)
{
	struct trace_session *s = session("attach 1\nformat records");
	struct thread *t = thread_self();
	uint32_t lost = 0, seen = 0, made = 2000;
	const char *text;

	for (uint32_t i = 0; i < made; i++) {
		trace_enter(t, NR_CLOSE, i, 0, 0, 0, 0, 0);
		trace_leave(t, 0);
	}
	for (bool more = true; more;) {
		text = all_of(s);
		more = *text;
		for (; *text; text = strchr(text, '\n') + 1) {
			if (*text == '!')
				lost += number_in(text, 5);
			else
				seen++;
		}
	}
	CHECK(lost > 0);
	CHECK_EQ(lost + seen, 2 * made);
	trace_close(s);
}

/* ---- sessions beside calls ---- */

static struct trace_session *shared;
static uint32_t done; /* [a] */

static void calls(void *arg)
{
	struct thread *t = thread_self();

	(void)arg;
	for (uint32_t i = 0; i < 3; i++) {
		bool traced = trace_wanted();

		if (traced)
			trace_enter(t, NR_CLOSE, i, 0, 0, 0, 0, 0);
		if (traced)
			trace_leave(t, 0);
	}
	atomic_add(&done, 1u);
}

/* Two callers, a reader, and a session that closes while calls are under way. */
PROC_DET_TEST(trace_session_closes_while_calls_are_made, 1000)
{
	struct thread *a, *b;
	int open = 0;

	atomic_store(&done, 0u);
	shared = session("attach 1");
	a = ktest_thread(calls, NULL);
	b = ktest_thread(calls, NULL);
	(void)all_of(shared);
	trace_close(shared);
	/* The same slot: what began before is not its own. */
	shared = session("attach 1\nformat records");
	ktest_join(a);
	ktest_join(b);
	CHECK_EQ(atomic_load(&done), 2);
	for (const char *s = all_of(shared); *s; s = strchr(s, '\n') + 1)
		open += *s == '>' ? 1 : -1;
	CHECK_EQ(open, 0);
	trace_close(shared);
	CHECK_EQ(trace_on, 0);
}

/* No entry is without its return, whoever reads when: a line for each call. */
PROC_DET_TEST(trace_reader_misses_no_call, 1000)
{
	static char text[4096];
	struct thread *a, *b;
	size_t at = 0;
	uint32_t n = 0;
	bool ended;

	atomic_store(&done, 0u);
	shared = session("attach 1\nformat records");
	a = ktest_thread(calls, NULL);
	b = ktest_thread(calls, NULL);
	while (atomic_load(&done) < 2) {
		at += trace_read(shared, text + at, sizeof(text) - 1 - at, &ended);
		ktest_yield();
	}
	ktest_join(a);
	ktest_join(b);
	at += trace_read(shared, text + at, sizeof(text) - 1 - at, &ended);
	text[at] = 0;
	for (const char *s = text; *s; s = strchr(s, '\n') + 1)
		n += *s == '<';
	CHECK_EQ(n, 6);
	trace_close(shared);
}

static void end_it(void *arg)
{
	trace_exit(arg, 0);
}

static void read_to_the_end(void *arg)
{
	int fd = *(int *)arg, n;
	uaddr_t buf = u_alloc(256);

	while ((n = sys_read(fd, buf, 256)) > 0)
		continue;
	CHECK_EQ(n, 0);
}

/* A child that is followed ends: the sleeping reader finds the end of the file. */
PROC_DET_TEST(trace_reader_sees_the_end_of_what_it_traces, 1000)
{
	struct proc *child;
	struct thread *reader, *ender;
	uaddr_t dev = u_str("/strace");
	int fd;

	CHECK_EQ(sys_mknodat(AT_FDCWD, dev, S_IFCHR | 0666, 10 << 8 | 244), 0);
	fd = sys_openat(AT_FDCWD, dev, O_RDWR, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, dev, 0), 0);
	child = ktest_proc_new();
	{
		char line[32];
		int n = kformat(line, sizeof(line), "attach %u", child->pid);

		CHECK_EQ(sys_write(fd, u_bytes(line, (size_t)n), (uint32_t)n), n);
	}
	reader = ktest_thread(read_to_the_end, &fd);
	ender = ktest_thread(end_it, child);
	ktest_join(ender);
	ktest_join(reader);
	ktest_proc_free(child);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(trace_on, 0);
}

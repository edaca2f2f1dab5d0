/*
 * malformed.c - files that are no programs, or hostile ones: exec answers an errno, or the new
 * process ends by a signal; never the machine.
 */
#include "hostile.h"
#include <spawn.h>

extern char **environ;

static uint8_t out[8192];
static int len;

static void byte(int b)
{
	CHECK(len < COUNT(out));
	out[len++] = (uint8_t)b;
}
static void bytes(const void *p, int n)
{
	for (int i = 0; i < n; i++)
		byte(((const uint8_t *)p)[i]);
}
static void leb(uint32_t v)
{
	for (; v > 127; v >>= 7)
		byte(128 | (v & 127));
	byte((int)v);
}
static void sleb(int32_t v)
{
	while (v < -64 || v > 63) {
		byte(128 | (v & 127));
		v >>= 7;
	}
	byte(v & 127);
}
static void name(const char *s)
{
	leb((uint32_t)strlen(s));
	bytes(s, (int)strlen(s));
}
/* Sections are written with a size of two bytes, filled in at their end. */
static int begin(int id)
{
	byte(id);
	len += 2;
	return len;
}
static void end(int at)
{
	int n = len - at;

	out[at - 2] = (uint8_t)(128 | (n & 127));
	out[at - 1] = (uint8_t)(n >> 7);
}

struct module {
	uint32_t version, flags, stack; /* of the section "pleat" */
	bool no_section, no_memory, no_start, start_is_global, no_stack_pointer, no_heap_base;
	bool fixed_stack_pointer, wide_stack_pointer, wide_heap_base, table_is_heap_base,
		two_tables;
	bool unknown_import, fork_as_global, wrong_syscall;
	uint32_t pages, heap_base, stack_top;
	enum { NO_START, START_TRAPS, START_CALLS, START_SPINS, START_RECURSES } start;
	enum { EXIT, RETURN, SPIN, TRAP, DIVIDE, RECURSE, GROW, TABLES } body;
	bool asyncify_lies;
	uint32_t data_at;
	int cut; /* bytes cut off the end */
};

#define CALL(f) byte(0x10), leb(f)
#define I32(v) byte(0x41), sleb(v)

static void body_of(int what, uint32_t self)
{
	switch (what) {
	case EXIT:
		I32(94);
		for (int i = 0; i < 6; i++)
			I32(0);
		CALL(0);
		byte(0x1a); /* drop */
		break;
	case SPIN:
		bytes("\x03\x40\x0c\x00\x0b", 5); /* loop br 0 end */
		break;
	case TRAP:
		byte(0);
		break;
	case DIVIDE:
		I32(1);
		I32(0);
		bytes("\x6d\x1a", 2);
		break;
	case RECURSE:
		if (self == 1)
			I32(0);
		CALL(self);
		break;
	case GROW:
		I32(32000);
		bytes("\x40\x00\x1a", 3);
		body_of(EXIT, self);
		break;
	case TABLES: /* table.grow until it is refused, then exit */
		bytes("\x03\x40\xd0\x70", 4);
		I32(100000);
		bytes("\xfc\x0f\x00", 3);
		I32(-1);
		bytes("\x47\x0d\x00\x0b", 4);
		body_of(EXIT, self);
		break;
	}
}

static void global(int type, bool mutable, int32_t value)
{
	byte(type);
	byte(mutable);
	byte(type == 0x7e ? 0x42 : 0x41);
	sleb(value);
	byte(0x0b);
}

static void build(const struct module *m)
{
	int at, nimports = 1 + !m->no_memory + m->unknown_import, in;

	len = 0;
	bytes("\0asm\1\0\0\0", 8);
	if (!m->no_section) {
		byte(0);
		byte(18);
		name("pleat");
		bytes(&m->version, 12);
	}
	at = begin(1);
	leb(4);
	bytes("\x60\x01\x7f\x00", 4);				   /* 0: i32 -> */
	bytes("\x60\x00\x00", 3);				   /* 1: -> */
	bytes("\x60\x07\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x01\x7f", 11); /* 2: the syscall */
	bytes("\x60\x00\x01\x7f", 4);				   /* 3: -> i32 */
	end(at);
	at = begin(2);
	leb((uint32_t)nimports);
	name("kernel"), name("syscall"), byte(0), leb(m->wrong_syscall ? 1 : 2);
	if (!m->no_memory) {
		name("env"), name("memory"), byte(2), byte(3);
		leb(m->pages ? m->pages : 2);
		leb(32768);
	}
	if (m->unknown_import) {
		name("kernel"), name("rule_the_world"), byte(0), leb(1);
	}
	end(at);
	at = begin(3);
	leb(3);
	leb(0), leb(1), leb(3); /* _start, the start function, asyncify_get_state */
	end(at);
	if (m->table_is_heap_base || m->two_tables || m->body == TABLES) {
		at = begin(4);
		leb(1 + m->two_tables);
		if (m->two_tables)
			bytes("\x70\x00\x01", 3);
		bytes("\x70\x00\x01", 3);
		end(at);
	}
	at = begin(6);
	leb(2);
	global(m->wide_stack_pointer ? 0x7e : 0x7f, !m->fixed_stack_pointer,
		(int32_t)(m->stack_top ? m->stack_top : 65536));
	global(m->wide_heap_base ? 0x7e : 0x7f, false,
		(int32_t)(m->heap_base ? m->heap_base : 66000));
	end(at);
	at = begin(7);
	leb(3u - m->no_start - m->no_stack_pointer - m->no_heap_base + (m->asyncify_lies ? 4 : 0));
	if (!m->no_start)
		name("_start"), byte(m->start_is_global ? 3 : 0), leb(m->start_is_global ? 0 : 1);
	if (!m->no_stack_pointer)
		name("__stack_pointer"), byte(3), leb(0);
	if (!m->no_heap_base)
		name("__heap_base"), byte(m->table_is_heap_base ? 1 : 3),
			leb(m->table_is_heap_base ? 0 : 1);
	if (m->asyncify_lies) {
		name("asyncify_get_state"), byte(0), leb(3);
		name("asyncify_stop_unwind"), byte(0), leb(2);
		name("asyncify_start_rewind"), byte(0), leb(1);
		name("asyncify_start_unwind"), byte(3), leb(0);
	}
	end(at);
	if (m->start) {
		at = begin(8);
		leb(2);
		end(at);
	}
	at = begin(10);
	leb(3);
	in = begin(0), len -= 3, out[len] = 0; /* bodies have a size, but no id */
	len += 2, in = len;
	leb(0);
	body_of(m->asyncify_lies ? RETURN : (int)m->body, 1);
	byte(0x0b);
	end(in);
	len += 2, in = len;
	leb(0);
	if (m->start)
		body_of(m->start == START_TRAPS	  ? TRAP
			: m->start == START_CALLS ? EXIT
			: m->start == START_SPINS ? SPIN
						  : RECURSE,
			2);
	byte(0x0b);
	end(in);
	len += 2, in = len;
	leb(0);
	I32(65600); /* "unwinding", once: a count above the stack, which a fork copies */
	I32(1);
	bytes("\xfe\x1e\x02\x00\x45", 5);
	byte(0x0b);
	end(in);
	end(at);
	if (m->data_at) {
		at = begin(11);
		leb(1);
		byte(0);
		I32((int32_t)m->data_at);
		byte(0x0b);
		leb(4);
		bytes("data", 4);
		end(at);
	}
	len -= m->cut;
}

static int failures;

/* Run the file: errno of the spawn, or 1000 + exit code, or 2000 + signal. */
static int run(const char *path)
{
	char *const argv[] = {(char *)(uintptr_t)path, NULL};
	pid_t pid;
	int status, err = posix_spawn(&pid, path, NULL, NULL, argv, environ);

	if (err)
		return err;
	status = reap_by(pid, now_ms() + 1500);
	return WIFSIGNALED(status) ? 2000 + WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}

static void want(const char *what, const char *path, int a, int b)
{
	int got = run(path);

	if (got != a && got != b) {
		printf("%s: %d, not %d\n", what, got, a);
		failures++;
	}
}

static void put(const char *path, const void *data, int n)
{
	int fd;

	unlink(path); /* a child of the last one may still run it */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	CHECK(fd >= 0 && write(fd, data, (size_t)n) == n && close(fd) == 0);
}

#pragma clang diagnostic ignored "-Winitializer-overrides" /* of what M() sets first */
#define KILLED (2000 + SIGKILL)
#define SEGV (2000 + SIGSEGV)
#define M(...) ((struct module){.version = 1, .stack = 65536, __VA_ARGS__})

static void modules(void)
{
	static const struct {
		const char *what;
		struct module m;
		int a, b;
	} list[] = {
		{"a plain program", M(.body = EXIT), 1000, 0},
		{"no section", M(.no_section = true), ENOEXEC, 0},
		{"ABI 2", M(.version = 2), ENOEXEC, 0},
		{"ABI 0", M(.version = 0), ENOEXEC, 0},
		{"stack of 0", M(.stack = 0), ENOEXEC, 0},
		{"stack of 4 GiB", M(.stack = 0xfffff000), ENOEXEC, 0},
		{"shared memory that it does not use", M(.flags = 2), 1000, 0},
		{"cut short", M(.cut = 9), KILLED, ENOEXEC},
		{"cut in the types", M(.cut = 110), KILLED, ENOEXEC},
		{"no memory", M(.no_memory = true), 1000, KILLED},
		{"no _start", M(.no_start = true), KILLED, 0},
		{"_start is a global", M(.start_is_global = true), KILLED, 0},
		{"no stack pointer", M(.no_stack_pointer = true), KILLED, 0},
		{"immutable stack pointer", M(.fixed_stack_pointer = true), KILLED, 0},
		{"64-bit stack pointer", M(.wide_stack_pointer = true), KILLED, 0},
		{"no heap base", M(.no_heap_base = true), KILLED, 0},
		{"64-bit heap base", M(.wide_heap_base = true), KILLED, 0},
		{"heap base is a table", M(.table_is_heap_base = true), KILLED, 0},
		{"heap base near 4 GiB", M(.heap_base = 0xfffff801), KILLED, 0},
		{"heap base of 2 GiB", M(.heap_base = 0x7ffff000), KILLED, 0},
		{"heap base in the stack", M(.heap_base = 4096), KILLED, 0},
		{"another stack", M(.stack_top = 4096), KILLED, 0},
		{"unknown import", M(.unknown_import = true), KILLED, 0},
		{"syscall of another type", M(.wrong_syscall = true), KILLED, 0},
		{"2 GiB of memory", M(.pages = 32768), 1000, KILLED},
		{"4 GiB of memory", M(.pages = 65536), KILLED, 0},
		{"data beyond the end", M(.data_at = 0x7ffffff0), KILLED, 0},
		{"start traps", M(.start = START_TRAPS), KILLED, 0},
		{"start calls", M(.start = START_CALLS), KILLED, 0},
		{"start spins", M(.start = START_SPINS), KILLED, 0},
		{"start recurses", M(.start = START_RECURSES), KILLED, 0},
		{"returns", M(.body = RETURN), SEGV, 0},
		{"spins", M(.body = SPIN), KILLED, 0},
		{"traps", M(.body = TRAP), 2000 + SIGILL, 0},
		{"divides by zero", M(.body = DIVIDE), 2000 + SIGFPE, 0},
		{"recurses", M(.body = RECURSE), SEGV, 0},
		{"grows", M(.body = GROW), 1000, 0},
		{"tables without end", M(.body = TABLES), 1000, KILLED},
		{"two tables", M(.two_tables = true), KILLED, 0},
		{"asyncify that lies", M(.asyncify_lies = true), SEGV, 0},
	};

	for (int i = 0; i < COUNT(list); i++) {
		build(&list[i].m);
		put("m", out, len);
		want(list[i].what, "./m", list[i].a, list[i].b);
	}
	/* Any of a good one's bytes spoiled: whatever comes, this process sees it end. */
	for (int i = 0; i < 60; i++) {
		struct module m = M(.body = EXIT);

		build(&m);
		for (uint32_t n = 1 + below(3); n > 0; n--)
			out[28 + below((uint32_t)len - 28)] = (uint8_t)rnd();
		put("m", out, len - (int)below(2) * (int)below(20));
		run("./m");
	}
}

static void scripts(void)
{
	static char many[300] = "#!/bin/sh ";

	put("loop", "#!./loop\n", 9);
	want("a loop", "./loop", ELOOP, 0);
	put("one", "#!./two\n", 8);
	put("two", "#!./one\n", 8);
	want("two in a loop", "./one", ELOOP, 0);
	put("none", "#!/none\n", 8);
	want("no interpreter", "./none", ENOENT, 0);
	put("empty", "#!\n", 3);
	want("empty", "./empty", ENOEXEC, ENOENT);
	put("blank", "#!   \t ", 7);
	want("blank", "./blank", ENOEXEC, ENOENT);
	put("mark", "#!", 2);
	want("only the mark", "./mark", ENOEXEC, ENOENT);
	put("zeros", "#!\0\0\0\0\n", 7);
	want("zeros", "./zeros", ENOEXEC, ENOENT);
	put("dir", "#!/bin\n", 7);
	want("a folder", "./dir", EACCES, 0);
	put("good", "#! /bin/true  \t x y\n", 20);
	want("spaces", "./good", 1000, 0);
	memset(many + 10, 'x', sizeof(many) - 10);
	put("long", many, sizeof(many));
	run("./long");
	put("nothing", "", 0);
	want("an empty file", "./nothing", ENOEXEC, 0);
	want("a folder itself", "/tmp", EACCES, 0);
	CHECK(mkfifo("fifo", 0777) == 0);
	want("a FIFO", "./fifo", EACCES, 0);
	want("a device", "/dev/null", EACCES, 0);
	CHECK(symlink("link", "link") == 0);
	want("a link to itself", "./link", ELOOP, 0);
	{
		int fd = open("huge", O_WRONLY | O_CREAT | O_TRUNC, 0755);
		struct module m = M(.body = EXIT);

		build(&m);
		CHECK(fd >= 0 && write(fd, out, (size_t)len) == len &&
			ftruncate(fd, 0x7f000000) == 0);
		close(fd);
		want("2 GiB", "./huge", ENOEXEC, 0);
	}
}

int main(void)
{
	int zombies, before = processes(&zombies, false);

	CHECK(mkdir("/tmp/malformed", 0777) == 0 && chdir("/tmp/malformed") == 0);
	modules();
	scripts();
	if (failures || !settle(before))
		return 1;
	puts("survived");
	return 0;
}

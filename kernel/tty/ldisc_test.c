/*
 * Tests of ldisc.c: one table of what is typed, what the screen shows and what reads give. The
 * expectations were read off Linux's n_tty through a pty, but for the cases under "better than
 * Linux".
 */
#include "tests/ktest.h"
#include "tty/ldisc.h"
#include "abi/signal.h"
#include "mm/uaccess.h"
#include "lib/str.h"

#define SCREEN_SIZE 16384u

/* A terminal whose screen is a buffer. */
struct screen {
	struct tty *tty;
	char text[SCREEN_SIZE];
	size_t len, room;
	uint32_t status; /* TIOCPKT_* seen */
};

static size_t screen_put(struct tty *tty, const uint8_t *s, size_t n)
{
	struct screen *screen = tty->priv;

	n = MIN(n, screen->room);
	CHECK(screen->len + n < SCREEN_SIZE);
	memcpy(screen->text + screen->len, s, n);
	screen->len += n;
	screen->room -= n;
	return n;
}

static void screen_flush(struct tty *tty)
{
	struct screen *screen = tty->priv;

	screen->len = 0;
}

static void screen_status(struct tty *tty, uint8_t bits)
{
	struct screen *screen = tty->priv;

	screen->status |= bits;
}

static const struct tty_driver screen_driver = {
	.name = "screen",
	.put = screen_put,
	.flush = screen_flush,
	.status = screen_status,
};

static struct screen the_screen;

static struct tty *screen_open(void)
{
	struct tty *tty = tty_new(&screen_driver, 0, 0);

	CHECK(tty);
	the_screen = (struct screen){.tty = tty, .room = SCREEN_SIZE};
	tty->priv = &the_screen;
	lock_acquire(&tty->lock);
	return tty;
}

static void screen_close(struct tty *tty)
{
	lock_release(&tty->lock);
	tty_put(tty);
}

static void type(struct tty *tty, const char *s, size_t n, struct tty_signals *signals)
{
	*signals = (struct tty_signals){0};
	CHECK_EQ(ldisc_receive(tty, (const uint8_t *)s, n, signals), n);
}

static void show(struct tty *tty, const char *s, size_t n)
{
	struct iobuf b;

	iob_init_kernel(&b, (void *)(uintptr_t)s, n);
	ldisc_write(tty, &b);
	CHECK_EQ(b.left, 0);
}

/* Everything that reads give now, "|" between two. */
static size_t read_all(struct tty *tty, size_t size, char *out)
{
	size_t len = 0;

	while (ldisc_readable(tty, false)) {
		struct iobuf b;
		bool eof;
		size_t n;

		if (len > 0)
			out[len++] = '|';
		iob_init_kernel(&b, out + len, size);
		n = ldisc_read(tty, &b, &eof);
		CHECK_EQ(n, b.done);
		CHECK_EQ(eof, n == 0);
		if (eof)
			n = str_copy(out + len, "<EOF>", 6);
		len += n;
	}
	return len;
}

static void set_modes(struct tty *tty, uint32_t i, uint32_t o, uint32_t l)
{
	struct abi_termios t = tty->termios;

	t.c_iflag = i;
	t.c_oflag = o;
	t.c_lflag = l;
	ldisc_set_termios(tty, &t);
}

struct text {
	const char *s;
	size_t len;
};
#define TEXT(literal) {(literal), sizeof(literal) - 1}

struct line_case {
	const char *name;
	struct text in;
	uint32_t i_on, i_off, o_on, o_off, l_on, l_off; /* besides the default modes */
	struct {
		uint8_t which, value;
	} cc[2];
	struct text out; /* written first */
	size_t size;	 /* of each read; 0: plenty */
	struct text echo, reads;
};

static const struct line_case line_cases[] = {
	{"a line is read when it ends", TEXT("ab\ncd"), .echo = TEXT("ab\r\ncd"),
		.reads = TEXT("ab\n")},
	{"two lines are two reads", TEXT("ab\ncd\n"), .echo = TEXT("ab\r\ncd\r\n"),
		.reads = TEXT("ab\n|cd\n")},
	{"a short buffer leaves the rest of the line", TEXT("abcdef\n"), .size = 4,
		.echo = TEXT("abcdef\r\n"), .reads = TEXT("abcd|ef\n")},
	{"carriage return is newline with ICRNL", TEXT("ab\r"), .echo = TEXT("ab\r\n"),
		.reads = TEXT("ab\n")},
	{"carriage return stays without ICRNL", TEXT("ab\r\n"), .i_off = ICRNL,
		.echo = TEXT("ab^M\r\n"), .reads = TEXT("ab\r\n")},
	{"IGNCR drops it", TEXT("a\rb\n"), .i_on = IGNCR, .echo = TEXT("ab\r\n"),
		.reads = TEXT("ab\n")},
	{"INLCR makes newline a carriage return that ends no line", TEXT("a\nb\r"), .i_on = INLCR,
		.i_off = ICRNL, .echo = TEXT("a^Mb^M"), .reads = {0}},
	{"EOF alone is end of file", TEXT("\004"), .echo = {0}, .reads = TEXT("<EOF>")},
	{"EOF after bytes pushes them", TEXT("ab\004"), .echo = TEXT("ab"), .reads = TEXT("ab")},
	{"EOF after a line is end of file", TEXT("ab\n\004"), .echo = TEXT("ab\r\n"),
		.reads = TEXT("ab\n|<EOF>")},
	{"EOF pushed twice", TEXT("ab\004\004cd\n"), .echo = TEXT("abcd\r\n"),
		.reads = TEXT("ab|<EOF>|cd\n")},
	{"EOF that just fills the buffer is no end of file", TEXT("abc\004de\n"), .size = 3,
		.echo = TEXT("abcde\r\n"), .reads = TEXT("abc|de\n")},
	{"VEOL ends a line and is part of it", TEXT("ab;cd\n"), .cc[0] = {VEOL, 59},
		.echo = TEXT("ab;cd\r\n"), .reads = TEXT("ab;|cd\n")},
	{"VEOL2 too", TEXT("ab:cd\n"), .cc[0] = {VEOL2, 58}, .echo = TEXT("ab:cd\r\n"),
		.reads = TEXT("ab:|cd\n")},
	{"VEOL2 needs IEXTEN", TEXT("ab:cd\n"), .l_off = IEXTEN, .cc[0] = {VEOL2, 58},
		.echo = TEXT("ab:cd\r\n"), .reads = TEXT("ab:cd\n")},
	{"a control character as VEOL is echoed as such", TEXT("ab\001"), .cc[0] = {VEOL, 1},
		.echo = TEXT("ab^A"), .reads = TEXT("ab\001")},
	{"erase wipes one character", TEXT("ab\177c\n"), .echo = TEXT("ab\b \bc\r\n"),
		.reads = TEXT("ac\n")},
	{"erase on an empty line does nothing", TEXT("\177a\n"), .echo = TEXT("a\r\n"),
		.reads = TEXT("a\n")},
	{"erase does not reach the line before", TEXT("ab\n\177c\n"), .echo = TEXT("ab\r\nc\r\n"),
		.reads = TEXT("ab\n|c\n")},
	{"erase without ECHOE echoes the key", TEXT("ab\177c\n"), .l_off = ECHOE,
		.echo = TEXT("ab^?c\r\n"), .reads = TEXT("ac\n")},
	{"erase without ECHO is silent", TEXT("ab\177c\n"), .l_off = ECHO, .echo = {0},
		.reads = TEXT("ac\n")},
	{"erase of a control character wipes two columns", TEXT("a\001\177b\n"),
		.echo = TEXT("a^A\b \b\b \bb\r\n"), .reads = TEXT("ab\n")},
	{"erase of a control character without ECHOCTL wipes nothing", TEXT("a\001\177b\n"),
		.l_off = ECHOCTL, .echo = TEXT("a\001b\r\n"), .reads = TEXT("ab\n")},
	{"erase of UTF-8 takes the whole character", TEXT("a\303\251\177b\n"),
		.echo = TEXT("a\303\251\b \bb\r\n"), .reads = TEXT("ab\n")},
	{"erase of UTF-8 without IUTF8 takes a byte", TEXT("a\303\251\177b\n"), .i_off = IUTF8,
		.echo = TEXT("a\303\251\b \bb\r\n"), .reads = TEXT("a\303b\n")},
	{"erase of a stray continuation byte alone", TEXT("\200\200\177a\n"),
		.echo = TEXT("\200\200a\r\n"), .reads = TEXT("\200\200a\n")},
	{"erase of a tab goes back to where it began", TEXT("ab\t\177c\n"),
		.echo = TEXT("ab\t\b\b\b\b\b\bc\r\n"), .reads = TEXT("abc\n")},
	{"erase of a tab after a prompt", TEXT("ab\t\177c\n"), .out = TEXT("$ "),
		.echo = TEXT("$ ab\t\b\b\b\bc\r\n"), .reads = TEXT("abc\n")},
	{"erase of a tab after a tab", TEXT("a\t\t\177c\n"),
		.echo = TEXT("a\t\t\b\b\b\b\b\b\b\bc\r\n"), .reads = TEXT("a\tc\n")},
	{"erase of a tab after a control character", TEXT("\001\t\177c\n"), .out = TEXT(">>> "),
		.echo = TEXT(">>> ^A\t\b\bc\r\n"), .reads = TEXT("\001c\n")},
	{"erase of a tab after UTF-8", TEXT("\303\251\t\177c\n"),
		.echo = TEXT("\303\251\t\b\b\b\b\b\b\bc\r\n"), .reads = TEXT("\303\251c\n")},
	{"ECHOPRT prints what is erased", TEXT("abc\177\177d\n"), .l_on = ECHOPRT,
		.echo = TEXT("abc\\cb/d\r\n"), .reads = TEXT("ad\n")},
	{"ECHOPRT ends when the line is empty", TEXT("ab\177\177\n"), .l_on = ECHOPRT,
		.echo = TEXT("ab\\ba/\r\n"), .reads = TEXT("\n")},
	{"ECHOPRT of UTF-8", TEXT("a\303\251\177b\n"), .l_on = ECHOPRT,
		.echo = TEXT("a\303\251\\\303\251/b\r\n"), .reads = TEXT("ab\n")},
	{"word erase takes blanks and a word", TEXT("foo bar  \027x\n"),
		.echo = TEXT("foo bar  \b \b\b \b\b \b\b \b\b \bx\r\n"), .reads = TEXT("foo x\n")},
	{"word erase stops before punctuation", TEXT("foo/bar\027x\n"),
		.echo = TEXT("foo/bar\b \b\b \b\b \bx\r\n"), .reads = TEXT("foo/x\n")},
	{"word erase takes punctuation with the word before", TEXT("foo/\027x\n"),
		.echo = TEXT("foo/\b \b\b \b\b \b\b \bx\r\n"), .reads = TEXT("x\n")},
	{"word erase knows underscores and digits", TEXT("a b_c9\027x\n"),
		.echo = TEXT("a b_c9\b \b\b \b\b \b\b \bx\r\n"), .reads = TEXT("a x\n")},
	{"word erase takes UTF-8 words", TEXT("a n\303\251\027x\n"),
		.echo = TEXT("a n\303\251\b \b\b \bx\r\n"), .reads = TEXT("a x\n")},
	{"word erase of everything", TEXT("   \027x\n"), .echo = TEXT("   \b \b\b \b\b \bx\r\n"),
		.reads = TEXT("x\n")},
	{"word erase needs IEXTEN", TEXT("foo bar\027x\n"), .l_off = IEXTEN,
		.echo = TEXT("foo bar^Wx\r\n"), .reads = TEXT("foo bar\027x\n")},
	{"word erase needs ECHOE no less", TEXT("foo bar\027x\n"), .l_off = ECHOE,
		.echo = TEXT("foo bar\b \b\b \b\b \bx\r\n"), .reads = TEXT("foo x\n")},
	{"kill wipes the line", TEXT("abc\025d\n"), .echo = TEXT("abc\b \b\b \b\b \bd\r\n"),
		.reads = TEXT("d\n")},
	{"kill wipes control characters and tabs", TEXT("a\001\tb\025d\n"), .out = TEXT("$ "),
		.echo = TEXT("$ a^A\tb\b \b\b\b\b\b \b\b \b\b \bd\r\n"), .reads = TEXT("d\n")},
	{"kill without ECHOKE echoes the key and a newline", TEXT("abc\025d\n"), .l_off = ECHOKE,
		.echo = TEXT("abc^U\r\nd\r\n"), .reads = TEXT("d\n")},
	{"kill without ECHOKE and ECHOK echoes the key", TEXT("abc\025d\n"),
		.l_off = ECHOKE | ECHOK, .echo = TEXT("abc^Ud\r\n"), .reads = TEXT("d\n")},
	{"kill without ECHOE", TEXT("abc\025d\n"), .l_off = ECHOE, .echo = TEXT("abc^U\r\nd\r\n"),
		.reads = TEXT("d\n")},
	{"kill without ECHO is silent", TEXT("abc\025d\n"), .l_off = ECHO, .echo = {0},
		.reads = TEXT("d\n")},
	{"kill on an empty line", TEXT("\025d\n"), .echo = TEXT("d\r\n"), .reads = TEXT("d\n")},
	{"reprint shows the line again", TEXT("ab\001\022c\n"), .echo = TEXT("ab^A^R\r\nab^Ac\r\n"),
		.reads = TEXT("ab\001c\n")},
	{"reprint needs ECHO", TEXT("ab\022c\n"), .l_off = ECHO, .echo = {0},
		.reads = TEXT("ab\022c\n")},
	{"reprint needs IEXTEN", TEXT("ab\022c\n"), .l_off = IEXTEN, .echo = TEXT("ab^Rc\r\n"),
		.reads = TEXT("ab\022c\n")},
	{"literal next quotes erase", TEXT("a\026\177b\n"), .echo = TEXT("a^\b^?b\r\n"),
		.reads = TEXT("a\177b\n")},
	{"literal next quotes newline", TEXT("a\026\nb\n"), .echo = TEXT("a^\b^Jb\r\n"),
		.reads = TEXT("a\nb\n")},
	{"literal next quotes EOF", TEXT("a\026\004b\n"), .echo = TEXT("a^\b^Db\r\n"),
		.reads = TEXT("a\004b\n")},
	{"literal next quotes interrupt", TEXT("a\026\003b\n"), .echo = TEXT("a^\b^Cb\r\n"),
		.reads = TEXT("a\003b\n")},
	{"literal next quotes carriage return as it is", TEXT("a\026\rb\n"),
		.echo = TEXT("a^\b^Mb\r\n"), .reads = TEXT("a\rb\n")},
	{"literal next quotes itself", TEXT("\026\026\n"), .echo = TEXT("^\b^V\r\n"),
		.reads = TEXT("\026\n")},
	{"literal next quotes stop", TEXT("\026\023\n"), .echo = TEXT("^\b^S\r\n"),
		.reads = TEXT("\023\n")},
	{"literal next without ECHOCTL", TEXT("a\026\001b\n"), .l_off = ECHOCTL,
		.echo = TEXT("a\001b\r\n"), .reads = TEXT("a\001b\n")},
	{"literal next needs IEXTEN", TEXT("a\026\001b\n"), .l_off = IEXTEN,
		.echo = TEXT("a^V^Ab\r\n"), .reads = TEXT("a\026\001b\n")},
	{"ECHOCTL shows control characters", TEXT("\001\033\177\n"), .cc[0] = {VERASE, 8},
		.echo = TEXT("^A^[^?\r\n"), .reads = TEXT("\001\033\177\n")},
	{"a tab is echoed as a tab", TEXT("a\tb\n"), .echo = TEXT("a\tb\r\n"),
		.reads = TEXT("a\tb\n")},
	{"ECHONL echoes only newline", TEXT("ab\n"), .l_on = ECHONL, .l_off = ECHO,
		.echo = TEXT("\r\n"), .reads = TEXT("ab\n")},
	{"echo without ONLCR", TEXT("ab\n"), .o_off = ONLCR, .echo = TEXT("ab\n"),
		.reads = TEXT("ab\n")},
	{"echo without OPOST", TEXT("ab\n"), .o_off = OPOST, .echo = TEXT("ab\n"),
		.reads = TEXT("ab\n")},
	{"delete as VERASE disabled is echoed", TEXT("a\177\n"), .cc[0] = {VERASE, 0},
		.echo = TEXT("a^?\r\n"), .reads = TEXT("a\177\n")},
	{"a zero byte matches no disabled key", TEXT("a\000b\n"), .cc[0] = {VINTR, 0},
		.cc[1] = {VERASE, 0}, .echo = TEXT("a^@b\r\n"), .reads = TEXT("a\000b\n")},
	{"ISTRIP clears the top bit", TEXT("\341\n"), .i_on = ISTRIP, .echo = TEXT("a\r\n"),
		.reads = TEXT("a\n")},
	{"IUCLC lowers letters", TEXT("ABc\n"), .i_on = IUCLC, .echo = TEXT("abc\r\n"),
		.reads = TEXT("abc\n")},
	{"IUCLC needs IEXTEN", TEXT("ABc\n"), .i_on = IUCLC, .l_off = IEXTEN,
		.echo = TEXT("ABc\r\n"), .reads = TEXT("ABc\n")},
	{"PARMRK doubles 255", TEXT("a\377b\n"), .i_on = PARMRK, .i_off = IUTF8,
		.echo = TEXT("a\377b\r\n"), .reads = TEXT("a\377\377b\n")},
	{"PARMRK with ISTRIP does not", TEXT("a\377b\n"), .i_on = PARMRK | ISTRIP, .i_off = IUTF8,
		.echo = TEXT("a\b \bb\r\n"), .reads = TEXT("b\n")},
	{"interrupt flushes the line", TEXT("abc\003d\n"), .echo = TEXT("^Cd\r\n"),
		.reads = TEXT("d\n")},
	{"interrupt with NOFLSH keeps it", TEXT("abc\003d\n"), .l_on = NOFLSH,
		.echo = TEXT("abc^Cd\r\n"), .reads = TEXT("abcd\n")},
	{"interrupt flushes complete lines too", TEXT("abc\nd\003e\n"), .echo = TEXT("^Ce\r\n"),
		.reads = TEXT("e\n")},
	{"quit flushes", TEXT("abc\034d\n"), .echo = TEXT("^\\d\r\n"), .reads = TEXT("d\n")},
	{"suspend flushes", TEXT("abc\032d\n"), .echo = TEXT("^Zd\r\n"), .reads = TEXT("d\n")},
	{"interrupt without ISIG is a byte", TEXT("abc\003d\n"), .l_off = ISIG,
		.echo = TEXT("abc^Cd\r\n"), .reads = TEXT("abc\003d\n")},
	{"interrupt without ECHO", TEXT("abc\003d\n"), .l_off = ECHO, .echo = {0},
		.reads = TEXT("d\n")},
	{"another interrupt key", TEXT("abcxd\n"), .cc[0] = {VINTR, 120}, .echo = TEXT("xd\r\n"),
		.reads = TEXT("d\n")},
	{"stop holds echo until start", TEXT("a\023b\021c\n"), .echo = TEXT("abc\r\n"),
		.reads = TEXT("abc\n")},
	{"stop holds echo", TEXT("a\023bc\n"), .echo = {0}, .reads = TEXT("abc\n")},
	{"any key restarts with IXANY", TEXT("a\023bc\n"), .i_on = IXANY, .echo = TEXT("abc\r\n"),
		.reads = TEXT("abc\n")},
	{"stop without IXON is a byte", TEXT("a\023b\n"), .i_off = IXON, .echo = TEXT("a^Sb\r\n"),
		.reads = TEXT("a\023b\n")},
	{"interrupt restarts output", TEXT("a\023b\003c\n"), .echo = TEXT("^Cc\r\n"),
		.reads = TEXT("c\n")},
	{"raw gives bytes as they come", TEXT("ab\n\r\003\004\177"), .i_off = IXON | ICRNL,
		.l_off = ICANON | ISIG | ECHO, .echo = {0}, .reads = TEXT("ab\n\r\003\004\177")},
	{"raw with echo", TEXT("ab\n\r\t\001\177"), .l_off = ICANON | ISIG,
		.echo = TEXT("ab^J\r\n\t^A^?"), .reads = TEXT("ab\n\n\t\001\177")},
	{"cbreak keeps signals", TEXT("ab\003c"), .l_off = ICANON, .echo = TEXT("^Cc"),
		.reads = TEXT("c")},
	{"raw EOF key is a byte", TEXT("a\004b"), .l_off = ICANON, .echo = TEXT("a^Db"),
		.reads = TEXT("a\004b")},
	{"raw with short reads", TEXT("abcdef"), .l_off = ICANON | ECHO, .size = 4, .echo = {0},
		.reads = TEXT("abcd|ef")},
	{"raw VMIN 0", TEXT("abc"), .l_off = ICANON, .cc[0] = {VMIN, 0}, .cc[1] = {VTIME, 0},
		.echo = TEXT("abc"), .reads = TEXT("abc")},
	{"ONLCR", {0}, .out = TEXT("a\nb\n"), .echo = TEXT("a\r\nb\r\n"), .reads = {0}},
	{"no OPOST", {0}, .o_off = OPOST, .out = TEXT("a\nb\r\t"), .echo = TEXT("a\nb\r\t"),
		.reads = {0}},
	{"OCRNL", {0}, .o_on = OCRNL, .out = TEXT("a\rb"), .echo = TEXT("a\nb"), .reads = {0}},
	{"ONOCR drops a carriage return in column 0", {0}, .o_on = ONOCR, .out = TEXT("\ra\r\rb"),
		.echo = TEXT("a\rb"), .reads = {0}},
	{"ONLRET resets the column", {0}, .o_on = ONLRET | ONOCR | XTABS, .o_off = ONLCR,
		.out = TEXT("ab\n\r\tc"), .echo = TEXT("ab\n        c"), .reads = {0}},
	{"XTABS to the next stop", {0}, .o_on = XTABS, .out = TEXT("\ta\tabcdefgh\tb\b\t|"),
		.echo = TEXT("        a       abcdefgh        b\b        |"), .reads = {0}},
	{"XTABS after newline without ONLCR keeps the column", {0}, .o_on = XTABS, .o_off = ONLCR,
		.out = TEXT("abc\n\tx"), .echo = TEXT("abc\n     x"), .reads = {0}},
	{"XTABS counts UTF-8 once", {0}, .o_on = XTABS, .out = TEXT("\303\251\303\251\tx"),
		.echo = TEXT("\303\251\303\251      x"), .reads = {0}},
	{"OLCUC raises letters", {0}, .o_on = OLCUC, .out = TEXT("aBc1\n"),
		.echo = TEXT("ABC1\r\n"), .reads = {0}},
	{"XTABS counts no control characters", {0}, .o_on = XTABS, .out = TEXT("\001\002a\tx"),
		.echo = TEXT("\001\002a       x"), .reads = {0}},
	/* better than Linux: characters two columns wide, or none */
	{"erase of a wide character wipes two columns", TEXT("\346\274\242\177a\n"),
		.echo = TEXT("\346\274\242\b \b\b \ba\r\n"), .reads = TEXT("a\n")},
	{"erase of a tab after a wide character", TEXT("\346\274\242\t\177a\n"),
		.echo = TEXT("\346\274\242\t\b\b\b\b\b\ba\r\n"), .reads = TEXT("\346\274\242a\n")},
	{"erase of a combining accent wipes nothing", TEXT("e\314\201\177\n"),
		.echo = TEXT("e\314\201\r\n"), .reads = TEXT("e\n")},
};

static void check_text(const char *name, const char *what, struct text got, struct text want)
{
	if (got.len != want.len || memcmp(got.s, want.s ? want.s : "", got.len) != 0)
		ktest_fail(__FILE__, __LINE__, "%s: %s: got \"%.*s\" (%u), want \"%.*s\" (%u)",
			name, what, (int)got.len, got.s, (unsigned)got.len, (int)want.len,
			want.s ? want.s : "", (unsigned)want.len);
}

static void run_case(const struct line_case *c)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;
	static char reads[4096];
	size_t len;

	set_modes(tty, (tty->termios.c_iflag & ~c->i_off) | c->i_on,
		(tty->termios.c_oflag & ~c->o_off) | c->o_on,
		(tty->termios.c_lflag & ~c->l_off) | c->l_on);
	for (size_t i = 0; i < ARRAY_LEN(c->cc); i++) {
		if (c->cc[i].which || c->cc[i].value)
			tty->termios.c_cc[c->cc[i].which] = c->cc[i].value;
	}
	if (c->out.len)
		show(tty, c->out.s, c->out.len);
	type(tty, c->in.s, c->in.len, &signals);
	len = read_all(tty, c->size ? c->size : 1024, reads);
	check_text(c->name, "echo", (struct text){the_screen.text, the_screen.len}, c->echo);
	check_text(c->name, "reads", (struct text){reads, len}, c->reads);
	screen_close(tty);
}

TEST(ldisc_edits_echoes_and_reads_as_the_table_says)
{
	for (size_t i = 0; i < ARRAY_LEN(line_cases); i++)
		run_case(&line_cases[i]);
}

/* Typed byte by byte or at once: the same. */
TEST(ldisc_does_not_care_how_input_is_cut)
{
	struct tty_signals signals;
	char reads[64];

	for (size_t i = 0; i < ARRAY_LEN(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		struct tty *tty;
		size_t len;

		if (c->i_on || c->i_off || c->o_on || c->o_off || c->l_on || c->l_off ||
			c->cc[0].which || c->cc[0].value || c->out.len ||
			memchr(c->in.s ? c->in.s : "", 023, c->in.len))
			continue;
		tty = screen_open();
		for (size_t k = 0; k < c->in.len; k++)
			type(tty, c->in.s + k, 1, &signals);
		len = read_all(tty, c->size ? c->size : 32, reads);
		check_text(c->name, "reads", (struct text){reads, len}, c->reads);
		check_text(
			c->name, "echo", (struct text){the_screen.text, the_screen.len}, c->echo);
		screen_close(tty);
	}
}

/* ---- signals ---- */

static uint32_t signals_of(const char *s, uint32_t l_off)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;

	tty->pgrp = 7;
	set_modes(tty, tty->termios.c_iflag, tty->termios.c_oflag, tty->termios.c_lflag & ~l_off);
	type(tty, s, strlen(s), &signals);
	CHECK_EQ(signals.pgrp, signals.set ? 7 : 0);
	screen_close(tty);
	return signals.set;
}

TEST(ldisc_keys_send_their_signals)
{
	CHECK_EQ(signals_of("\003", 0), 1u << SIGINT);
	CHECK_EQ(signals_of("\034", 0), 1u << SIGQUIT);
	CHECK_EQ(signals_of("\032", 0), 1u << SIGTSTP);
	CHECK_EQ(signals_of("ab", 0), 0);
	CHECK_EQ(signals_of("\003\034\032", ISIG), 0);
	CHECK_EQ(signals_of("\003", ICANON | ECHO), 1u << SIGINT);
	CHECK_EQ(signals_of("\026\003", 0), 0);
	CHECK_EQ(signals_of("a\003b\034", 0), 1u << SIGINT | 1u << SIGQUIT);
}

/* ---- limits ---- */

/* POSIX: input behind {MAX_CANON} bytes is lost, but the line can still be ended. */
TEST(ldisc_line_of_5000_bytes_is_cut_to_4095_and_its_newline)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;
	static char reads[8192];
	size_t len;

	set_modes(tty, tty->termios.c_iflag, 0, ICANON);
	for (int i = 0; i < 5000; i++)
		type(tty, "x", 1, &signals);
	CHECK(!ldisc_readable(tty, false));
	type(tty, "\n", 1, &signals);
	len = read_all(tty, sizeof(reads), reads);
	CHECK_EQ(len, 4096);
	CHECK_EQ(reads[4094], 'x');
	CHECK_EQ(reads[4095], '\n');
	screen_close(tty);
}

TEST(ldisc_full_line_can_be_erased_and_rings_the_bell)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;
	static char reads[8192];

	set_modes(tty, tty->termios.c_iflag | IMAXBEL, 0, ICANON);
	for (int i = 0; i < 4100; i++)
		type(tty, "x", 1, &signals);
	CHECK_EQ(the_screen.len, 5);
	CHECK_EQ(the_screen.text[0], '\a');
	type(tty, "\177y\n", 3, &signals);
	CHECK_EQ(read_all(tty, sizeof(reads), reads), 4096);
	CHECK_EQ(reads[4094], 'y');
	screen_close(tty);
}

TEST(ldisc_full_queue_refuses_input_and_asks_for_it_when_half_empty)
{
	struct tty *tty = screen_open();
	struct tty_signals signals = {0};
	static uint8_t bytes[5000];
	static char reads[5000];
	struct iobuf b;
	bool eof;

	memset(bytes, 'x', sizeof(bytes));
	set_modes(tty, 0, 0, 0);
	CHECK_EQ(ldisc_room(tty), 4095);
	CHECK_EQ(ldisc_receive(tty, bytes, sizeof(bytes), &signals), 4095);
	CHECK_EQ(ldisc_room(tty), 0);
	CHECK_EQ(ldisc_receive(tty, bytes, 1, &signals), 0);
	iob_init_kernel(&b, reads, 100);
	CHECK_EQ(ldisc_read(tty, &b, &eof), 100);
	CHECK(!ldisc_unthrottle(tty));
	iob_init_kernel(&b, reads, 3000);
	CHECK_EQ(ldisc_read(tty, &b, &eof), 3000);
	CHECK(ldisc_unthrottle(tty));
	CHECK(!ldisc_unthrottle(tty));
	screen_close(tty);
}

TEST(ldisc_typed_ahead_lines_refuse_input_until_they_are_read)
{
	struct tty *tty = screen_open();
	struct tty_signals signals = {0};
	static uint8_t bytes[5000];
	static char reads[5000];
	struct iobuf b;
	bool eof;

	memset(bytes, 'x', sizeof(bytes));
	bytes[10] = '\n';
	set_modes(tty, 0, 0, ICANON);
	CHECK_EQ(ldisc_receive(tty, bytes, sizeof(bytes), &signals), 4095);
	iob_init_kernel(&b, reads, sizeof(reads));
	CHECK_EQ(ldisc_read(tty, &b, &eof), 11);
	/* No line is left to read: what comes must be taken, or nobody would ever move. */
	CHECK(ldisc_unthrottle(tty));
	CHECK(ldisc_room(tty) > 0);
	screen_close(tty);
}

/* Linux holds a Ctrl-C back behind input that nobody reads; a person at a page would wait in vain.
 */
TEST(ldisc_interrupt_acts_behind_a_full_queue)
{
	struct tty *tty = screen_open();
	struct tty_signals signals = {0};
	static uint8_t bytes[5000];

	memset(bytes, 'x', sizeof(bytes));
	bytes[10] = '\n';
	bytes[4990] = 3;
	tty->pgrp = 7;
	CHECK_EQ(ldisc_receive(tty, bytes, sizeof(bytes), &signals), sizeof(bytes));
	CHECK_EQ(signals.set, 1u << SIGINT);
	CHECK_EQ(ldisc_available(tty), 0);
	screen_close(tty);
}

TEST(ldisc_ixoff_sends_stop_when_full_and_start_when_there_is_room)
{
	struct tty *tty = screen_open();
	struct tty_signals signals = {0};
	static uint8_t bytes[5000];
	static char reads[5000];

	set_modes(tty, IXOFF, 0, 0);
	ldisc_receive(tty, bytes, sizeof(bytes), &signals);
	CHECK_EQ(the_screen.len, 1);
	CHECK_EQ(the_screen.text[0], 023);
	read_all(tty, sizeof(reads), reads);
	CHECK(ldisc_unthrottle(tty));
	CHECK_EQ(the_screen.len, 2);
	CHECK_EQ(the_screen.text[1], 021);
	screen_close(tty);
}

/* ---- output ---- */

TEST(ldisc_output_waits_for_the_driver_and_loses_nothing)
{
	struct tty *tty = screen_open();
	static char bytes[12000];
	struct iobuf b;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 26);
	the_screen.room = 0;
	iob_init_kernel(&b, bytes, sizeof(bytes));
	ldisc_write(tty, &b);
	CHECK(b.left > 0);
	CHECK(!ldisc_writable(tty));
	while (b.left > 0) {
		the_screen.room = 1000;
		CHECK_EQ(ldisc_pump(tty), ldisc_writable(tty));
		ldisc_write(tty, &b);
	}
	while (!ldisc_drained(tty)) {
		the_screen.room = 1000;
		ldisc_pump(tty);
	}
	CHECK_EQ(the_screen.len, sizeof(bytes));
	CHECK_MEM(the_screen.text, bytes, sizeof(bytes));
	screen_close(tty);
}

TEST(ldisc_unprocessed_output_goes_through_unchanged)
{
	struct tty *tty = screen_open();
	static char bytes[10000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	set_modes(tty, 0, 0, 0);
	show(tty, bytes, sizeof(bytes));
	CHECK_EQ(the_screen.len, sizeof(bytes));
	CHECK_MEM(the_screen.text, bytes, sizeof(bytes));
	screen_close(tty);
}

TEST(ldisc_stop_by_call_is_not_ended_by_a_key)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;

	ldisc_stop(tty, true);
	show(tty, "a", 1);
	type(tty, "\021", 1, &signals);
	CHECK_EQ(the_screen.len, 0);
	ldisc_start(tty, true);
	ldisc_pump(tty);
	CHECK_EQ(the_screen.len, 1);
	screen_close(tty);
}

TEST(ldisc_turning_ixon_off_restarts_output)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;

	type(tty, "\023", 1, &signals);
	show(tty, "a", 1);
	CHECK_EQ(the_screen.len, 0);
	set_modes(tty, tty->termios.c_iflag & ~IXON, tty->termios.c_oflag, tty->termios.c_lflag);
	ldisc_pump(tty);
	CHECK_EQ(the_screen.len, 1);
	CHECK_EQ(the_screen.status, TIOCPKT_STOP | TIOCPKT_START | TIOCPKT_NOSTOP);
	screen_close(tty);
}

/* ---- changes of mode ---- */

TEST(ldisc_unfinished_line_can_be_read_once_the_mode_is_raw)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;
	char reads[64];

	type(tty, "abc", 3, &signals);
	CHECK(!ldisc_readable(tty, false));
	set_modes(tty, tty->termios.c_iflag, tty->termios.c_oflag, 0);
	CHECK_EQ(ldisc_available(tty), 3);
	CHECK_EQ(read_all(tty, 64, reads), 3);
	screen_close(tty);
}

TEST(ldisc_raw_input_becomes_one_line_when_the_mode_is_canonical)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;
	char reads[64];

	set_modes(tty, 0, 0, 0);
	type(tty, "a\nb", 3, &signals);
	set_modes(tty, 0, 0, ICANON);
	type(tty, "c\n", 2, &signals);
	CHECK_EQ(read_all(tty, 64, reads), 6);
	CHECK_MEM(reads, "a\nb|c\n", 6);
	screen_close(tty);
}

TEST(ldisc_available_counts_lines_but_no_marks)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;

	type(tty, "ab\n\004cd\004ef", 9, &signals);
	CHECK_EQ(ldisc_available(tty), 5);
	screen_close(tty);
}

TEST(ldisc_poll_waits_for_vmin_bytes)
{
	struct tty *tty = screen_open();
	struct tty_signals signals;

	set_modes(tty, 0, 0, 0);
	tty->termios.c_cc[VMIN] = 3;
	type(tty, "ab", 2, &signals);
	CHECK(!ldisc_readable(tty, true));
	CHECK(ldisc_readable(tty, false));
	type(tty, "c", 1, &signals);
	CHECK(ldisc_readable(tty, true));
	tty->termios.c_cc[VTIME] = 1;
	CHECK(ldisc_readable(tty, true));
	screen_close(tty);
}

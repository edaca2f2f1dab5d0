/*
 * ldisc.c - the line discipline: line editing, echo, signals, flow control, output processing.
 * Spec: POSIX.1-2024 11.1 and 11.2; order of tests, echo forms and limits as in Linux n_tty, with
 * two betterments: erasing knows wide characters, and a signal character acts even when the input
 * queue is full.
 * Locks: tty.lock, held by every caller.
 */
#include "tty/ldisc.h"
#include "abi/signal.h"
#include "mm/uaccess.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define MARK_LINE 1u /* last byte of a line */
#define MARK_EOF 2u  /* an end-of-file mark: ends a line, is no byte of it */
#define SLOT(i) ((i) & (TTY_INPUT_SIZE - 1))
#define OUT_SLOT(i) ((i) & (OUT_SIZE - 1))
#define INPUT_LIMIT (TTY_INPUT_SIZE - 1)

struct ldisc *ldisc_new(void)
{
	return kzalloc(sizeof(struct ldisc));
}

void ldisc_default_termios(struct abi_termios *t)
{
	static const uint8_t cc[ABI_NCCS] = {[VINTR] = 3,
		[VQUIT] = 28,
		[VERASE] = 127,
		[VKILL] = 21,
		[VEOF] = 4,
		[VTIME] = 0,
		[VMIN] = 1,
		[VSTART] = 17,
		[VSTOP] = 19,
		[VSUSP] = 26,
		[VREPRINT] = 18,
		[VDISCARD] = 15,
		[VWERASE] = 23,
		[VLNEXT] = 22};

	*t = (struct abi_termios){
		.c_iflag = ICRNL | IXON | IUTF8,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B38400 | CS8 | CREAD | HUPCL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	};
	memcpy(t->c_cc, cc, sizeof(cc));
}

static bool lflag(const struct tty *tty, uint32_t bits)
{
	return tty->termios.c_lflag & bits;
}

static bool iflag(const struct tty *tty, uint32_t bits)
{
	return tty->termios.c_iflag & bits;
}

/* Is c the control character `which`? Value 0 switches one off (_POSIX_VDISABLE). */
static bool is_cc(const struct tty *tty, uint8_t c, int which)
{
	return c != 0 && c == tty->termios.c_cc[which];
}

static bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_continuation(const struct tty *tty, uint8_t c)
{
	return iflag(tty, IUTF8) && (c & 0xc0) == 0x80;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0xc0;
}

/* Columns that a terminal gives to a character. */
static uint32_t code_width(uint32_t code)
{
	static const struct {
		uint32_t first, last, width;
	} ranges[] = {{0x300, 0x36f, 0}, {0x1100, 0x115f, 2}, {0x200b, 0x200f, 0},
		{0x20d0, 0x20ff, 0}, {0x2e80, 0xa4cf, 2}, {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},
		{0xfe00, 0xfe0f, 0}, {0xfe30, 0xfe6f, 2}, {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2},
		{0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2},
		{0x20000, 0x3fffd, 2}};

	for (size_t i = 0; i < ARRAY_LEN(ranges) && code >= ranges[i].first; i++) {
		if (code <= ranges[i].last)
			return ranges[i].width;
	}
	return 1;
}

/* Continuation bytes that follow a first byte of UTF-8; *code: the bits it carries. */
static uint32_t utf8_first(uint8_t c, uint32_t *code)
{
	if (c >= 0xf0) {
		*code = c & 7;
		return 3;
	}
	if (c >= 0xe0) {
		*code = c & 15;
		return 2;
	}
	*code = c & 31;
	return 1;
}

/* ---- output queue ---- */

static uint32_t out_free(const struct ldisc *l)
{
	return OUT_SIZE - (l->out_head - l->out_tail);
}

/* One byte for the driver. Echo that does not fit is lost, as on any terminal. */
static void out_byte(struct ldisc *l, uint8_t c)
{
	if (out_free(l) > 0)
		l->out[OUT_SLOT(l->out_head++)] = c;
}

/* Follow the cursor over a byte that is no control character. */
static void advance_column(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;

	if (c < 0x80 || !iflag(tty, IUTF8)) {
		l->utf8_left = 0;
		l->column++;
	} else if (!is_continuation(tty, c)) {
		l->utf8_left = utf8_first(c, &l->utf8_code);
	} else if (l->utf8_left > 0) {
		l->utf8_code = l->utf8_code << 6 | (c & 0x3f);
		if (--l->utf8_left == 0)
			l->column += code_width(l->utf8_code);
	}
}

static void out_tab(struct tty *tty, bool process)
{
	struct ldisc *l = tty->ldisc;
	uint32_t spaces = 8 - (l->column & 7);

	l->column += spaces;
	if (!process || (tty->termios.c_oflag & TABDLY) != XTABS) {
		out_byte(l, '\t');
		return;
	}
	while (spaces-- > 0)
		out_byte(l, ' ');
}

/* One byte through output processing: at most 8 bytes for the driver. */
static void out_char(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;
	uint32_t flags = tty->termios.c_oflag & OPOST ? tty->termios.c_oflag : 0;

	if (c == '\r' && (flags & ONOCR) && l->column == 0)
		return;
	if (c == '\r' && (flags & OCRNL)) {
		if (flags & ONLRET)
			l->column = l->canon_column = 0;
		out_byte(l, '\n');
		return;
	}
	switch (c) {
	case '\n':
		if (flags & (ONLRET | ONLCR))
			l->column = l->canon_column = 0;
		if (flags & ONLCR)
			out_byte(l, '\r');
		break;
	case '\r':
		l->column = l->canon_column = 0;
		break;
	case '\t':
		out_tab(tty, flags);
		return;
	case '\b':
		if (l->column > 0)
			l->column--;
		break;
	default:
		if (is_control(c))
			break;
		if ((flags & OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		advance_column(tty, c);
	}
	out_byte(l, c);
}

bool ldisc_pump(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	while (!l->stopped && l->out_head != l->out_tail) {
		uint32_t at = OUT_SLOT(l->out_tail);
		uint32_t run = MIN(l->out_head - l->out_tail, OUT_SIZE - at);
		uint32_t taken = (uint32_t)tty->driver->put(tty, l->out + at, run);

		l->out_tail += taken;
		if (taken < run)
			break;
	}
	return ldisc_writable(tty) || ldisc_drained(tty);
}

bool ldisc_writable(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	return !l->stopped && out_free(l) >= OUT_ECHO_RESERVE + OUT_SIZE / 4;
}

bool ldisc_drained(struct tty *tty)
{
	return tty->ldisc->out_head == tty->ldisc->out_tail;
}

/* Bytes without processing, straight into the queue. Returns false when there is no room. */
static bool write_raw(struct ldisc *l, struct iobuf *b)
{
	uint32_t at = OUT_SLOT(l->out_head), room = out_free(l);
	uint32_t n;

	if (room <= OUT_ECHO_RESERVE)
		return false;
	n = MIN(room - OUT_ECHO_RESERVE, OUT_SIZE - at);
	l->out_head += (uint32_t)iob_get(b, l->out + at, n);
	return true;
}

static bool write_processed(struct tty *tty, struct iobuf *b)
{
	struct ldisc *l = tty->ldisc;
	uint8_t text[128];
	uint32_t room = out_free(l), n, i;

	if (room < OUT_ECHO_RESERVE + sizeof(text) * 8)
		return false;
	n = (uint32_t)iob_get(b, text, sizeof(text));
	for (i = 0; i < n; i++) {
		uint8_t c = text[i];

		if (c >= 0x20 && c < 0x7f && !(tty->termios.c_oflag & OLCUC)) {
			l->column++;
			l->out[OUT_SLOT(l->out_head++)] = c;
		} else {
			out_char(tty, c);
		}
	}
	return true;
}

void ldisc_write(struct tty *tty, struct iobuf *b)
{
	while (b->left > 0) {
		bool moved = tty->termios.c_oflag & OPOST ? write_processed(tty, b)
							  : write_raw(tty->ldisc, b);

		if (moved)
			continue;
		ldisc_pump(tty);
		if (!ldisc_writable(tty))
			return;
	}
	ldisc_pump(tty);
}

/* ---- flow control ---- */

void ldisc_stop(struct tty *tty, bool by_call)
{
	struct ldisc *l = tty->ldisc;

	l->stop_by_call |= by_call;
	if (l->stopped)
		return;
	l->stopped = true;
	if (tty->driver->status)
		tty->driver->status(tty, TIOCPKT_STOP);
}

void ldisc_start(struct tty *tty, bool by_call)
{
	struct ldisc *l = tty->ldisc;

	if (!l->stopped || (l->stop_by_call && !by_call))
		return;
	l->stopped = l->stop_by_call = false;
	if (tty->driver->status)
		tty->driver->status(tty, TIOCPKT_START);
}

void ldisc_send(struct tty *tty, uint8_t c)
{
	if (c != 0)
		out_byte(tty->ldisc, c);
}

void ldisc_flush_output(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	l->out_tail = l->out_head;
	if (tty->driver->flush)
		tty->driver->flush(tty);
	if (tty->driver->status)
		tty->driver->status(tty, TIOCPKT_FLUSHWRITE);
}

void ldisc_flush_input(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	l->tail = l->canon_head = l->head;
	l->literal = l->erasing = false;
	if (tty->driver->status)
		tty->driver->status(tty, TIOCPKT_FLUSHREAD);
}

/* Input is refused from now on. */
static void throttle(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	l->throttled = true;
	if (iflag(tty, IXOFF) && !l->stop_sent) {
		l->stop_sent = true;
		ldisc_send(tty, tty->termios.c_cc[VSTOP]);
	}
}

bool ldisc_unthrottle(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;
	bool no_line = lflag(tty, ICANON) && l->canon_head == l->tail;

	/* Half empty, so that a slow reader does not wake the writer for each byte. A reader that
	 * would sleep always finds the way free: without a complete line more must come in. */
	if (!l->throttled || (!no_line && l->head - l->tail > TTY_INPUT_SIZE / 2))
		return false;
	l->throttled = false;
	if (l->stop_sent) {
		l->stop_sent = false;
		ldisc_send(tty, tty->termios.c_cc[VSTART]);
		ldisc_pump(tty);
	}
	return true;
}

/* ---- echo ---- */

/* Control characters are shown as ^X if ECHOCTL says so. */
static void echo_char(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;

	if (!lflag(tty, ECHOCTL) || !is_control(c) || c == '\t') {
		out_char(tty, c);
		return;
	}
	out_byte(l, '^');
	out_byte(l, c ^ 0100);
	l->column += 2;
}

static void finish_erasing(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	if (!l->erasing)
		return;
	l->erasing = false;
	out_char(tty, '/');
}

static void echo_input(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;

	if (!lflag(tty, ECHO))
		return;
	finish_erasing(tty);
	if (l->head == l->canon_head)
		l->canon_column = l->column;
	echo_char(tty, c);
}

/* Columns of the character at *i; moves *i behind it. */
static uint32_t char_width(struct tty *tty, uint32_t *i, uint32_t end, uint32_t column)
{
	struct ldisc *l = tty->ldisc;
	uint8_t c = l->in[SLOT((*i)++)];
	uint32_t code, left;

	if (c == '\t')
		return 8 - (column & 7);
	if (is_control(c))
		return lflag(tty, ECHOCTL) ? 2 : 0;
	if (c < 0x80 || !iflag(tty, IUTF8))
		return 1;
	left = utf8_first(c, &code);
	while (*i != end && is_continuation(tty, l->in[SLOT(*i)])) {
		code = code << 6 | (l->in[SLOT((*i)++)] & 0x3f);
		left--;
	}
	return left == 0 ? code_width(code) : 1;
}

/* The column where the echo of the line's bytes up to `end` stopped. */
static uint32_t column_at(struct tty *tty, uint32_t end)
{
	struct ldisc *l = tty->ldisc;
	uint32_t column = l->canon_column, i = l->canon_head;

	while (i != end)
		column += char_width(tty, &i, end, column);
	return column;
}

/* Take the character at [head, end) off the screen. */
static void echo_erase(struct tty *tty, uint32_t end)
{
	struct ldisc *l = tty->ldisc;
	uint32_t at = l->head, columns;
	bool tab = l->in[SLOT(at)] == '\t';

	if (tab) {
		uint32_t before = column_at(tty, at);
		columns = l->column > before ? l->column - before : 0;
	} else {
		columns = char_width(tty, &at, end, 0);
	}
	for (uint32_t i = 0; i < columns; i++) {
		out_byte(l, '\b');
		if (!tab) {
			out_byte(l, ' ');
			out_byte(l, '\b');
		}
	}
	l->column -= MIN(columns, l->column);
}

/* ECHOPRT: erased characters are printed backwards between \ and /. */
static void echo_erase_print(struct tty *tty, uint32_t end)
{
	struct ldisc *l = tty->ldisc;

	if (!l->erasing) {
		out_char(tty, '\\');
		l->erasing = true;
	}
	echo_char(tty, l->in[SLOT(l->head)]);
	for (uint32_t i = l->head + 1; i != end; i++)
		out_byte(l, l->in[SLOT(i)]);
}

/* ---- editing ---- */

enum erase { ERASE_CHAR, ERASE_WORD, ERASE_LINE };

/* The start of the character before `end`; `end` itself if it is a broken piece of one. */
static uint32_t char_before(struct tty *tty, uint32_t end)
{
	struct ldisc *l = tty->ldisc;
	uint32_t at = end;

	do {
		at--;
	} while (is_continuation(tty, l->in[SLOT(at)]) && at != l->canon_head);
	return is_continuation(tty, l->in[SLOT(at)]) ? end : at;
}

static void echo_one_erase(struct tty *tty, enum erase what, uint32_t end)
{
	if (!lflag(tty, ECHO))
		return;
	if (lflag(tty, ECHOPRT))
		echo_erase_print(tty, end);
	else if (what == ERASE_CHAR && !lflag(tty, ECHOE))
		echo_char(tty, tty->termios.c_cc[VERASE]);
	else
		echo_erase(tty, end);
}

/* VKILL where the screen is not wiped: the line is dropped and the cursor goes on below. */
static void kill_line_plain(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	l->head = l->canon_head;
	if (!lflag(tty, ECHO))
		return;
	finish_erasing(tty);
	echo_char(tty, tty->termios.c_cc[VKILL]);
	if (lflag(tty, ECHOK))
		out_char(tty, '\n');
}

static void edit_erase(struct tty *tty, enum erase what)
{
	struct ldisc *l = tty->ldisc;
	bool in_word = false;

	if (l->head == l->canon_head)
		return;
	if (what == ERASE_LINE && (!lflag(tty, ECHO) || !lflag(tty, ECHOK) || !lflag(tty, ECHOKE) ||
					  !lflag(tty, ECHOE))) {
		kill_line_plain(tty);
		return;
	}
	while (l->head != l->canon_head) {
		uint32_t end = l->head, at = char_before(tty, end);

		if (at == end)
			break;
		if (what == ERASE_WORD) {
			if (is_word(l->in[SLOT(at)]))
				in_word = true;
			else if (in_word)
				break;
		}
		l->head = at;
		echo_one_erase(tty, what, end);
		if (what == ERASE_CHAR)
			break;
	}
	if (l->head == l->canon_head && lflag(tty, ECHO))
		finish_erasing(tty);
}

static void edit_reprint(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;

	finish_erasing(tty);
	echo_char(tty, tty->termios.c_cc[VREPRINT]);
	out_char(tty, '\n');
	l->canon_column = l->column;
	for (uint32_t i = l->canon_head; i != l->head; i++)
		echo_char(tty, l->in[SLOT(i)]);
}

/* ---- input queue ---- */

static uint32_t queued(const struct ldisc *l)
{
	return l->head - l->tail;
}

static bool has_line(const struct ldisc *l)
{
	return l->canon_head != l->tail;
}

/* Room that a byte may need: PARMRK doubles \377. */
static uint32_t byte_needs(const struct tty *tty)
{
	return iflag(tty, PARMRK) ? 2 : 1;
}

static void store(struct ldisc *l, uint8_t c, uint8_t mark)
{
	l->in[SLOT(l->head)] = c;
	l->mark[SLOT(l->head)] = mark;
	l->head++;
}

/* POSIX: in the limit's last line ordinary bytes are lost, but it can still be ended or edited. */
static bool store_input(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;
	bool mark = c == 0xff && iflag(tty, PARMRK) && !iflag(tty, ISTRIP);

	if (queued(l) + byte_needs(tty) > INPUT_LIMIT) {
		if (iflag(tty, IMAXBEL))
			out_byte(l, '\a');
		return false;
	}
	if (mark)
		store(l, 0xff, 0);
	store(l, c, 0);
	return true;
}

/* The last slot of the queue is kept for this. */
static void store_line_end(struct tty *tty, uint8_t c, uint8_t mark)
{
	struct ldisc *l = tty->ldisc;

	store(l, c, MARK_LINE | mark);
	l->canon_head = l->head;
}

size_t ldisc_room(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;
	uint32_t n = queued(l), room = n < INPUT_LIMIT ? (INPUT_LIMIT - n) / byte_needs(tty) : 0;

	if (room == 0 && lflag(tty, ICANON) && !has_line(l))
		return 1;
	return room;
}

/* ---- receiving ---- */

static int signal_of(const struct tty *tty, uint8_t c)
{
	if (is_cc(tty, c, VINTR))
		return SIGINT;
	if (is_cc(tty, c, VQUIT))
		return SIGQUIT;
	if (is_cc(tty, c, VSUSP))
		return SIGTSTP;
	return 0;
}

static void receive_signal(struct tty *tty, uint8_t c, int signo, struct tty_signals *signals)
{
	struct ldisc *l = tty->ldisc;

	signals->pgrp = tty->pgrp;
	signals->set |= 1u << signo;
	if (!lflag(tty, NOFLSH)) {
		ldisc_flush_output(tty);
		ldisc_flush_input(tty);
		if (l->throttled)
			signals->room |= ldisc_unthrottle(tty);
	}
	if (iflag(tty, IXON))
		ldisc_start(tty, false);
	if (lflag(tty, ECHO)) {
		finish_erasing(tty);
		echo_char(tty, c);
	}
}

/* Canonical mode's own characters. Returns true if c was one. */
static bool receive_editing(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;
	bool extended = lflag(tty, IEXTEN);

	if (is_cc(tty, c, VERASE))
		edit_erase(tty, ERASE_CHAR);
	else if (is_cc(tty, c, VKILL))
		edit_erase(tty, ERASE_LINE);
	else if (extended && is_cc(tty, c, VWERASE))
		edit_erase(tty, ERASE_WORD);
	else if (extended && lflag(tty, ECHO) && is_cc(tty, c, VREPRINT))
		edit_reprint(tty);
	else if (extended && is_cc(tty, c, VLNEXT)) {
		l->literal = true;
		if (lflag(tty, ECHO)) {
			finish_erasing(tty);
			/* The ^ is overwritten by what comes. */
			if (lflag(tty, ECHOCTL)) {
				out_byte(l, '^');
				out_byte(l, '\b');
			}
		}
	} else
		return false;
	return true;
}

/* Characters that end a line. Returns true if c was one. */
static bool receive_line_end(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;

	if (c == '\n') {
		if (lflag(tty, ECHO | ECHONL)) {
			if (lflag(tty, ECHO))
				finish_erasing(tty);
			out_char(tty, '\n');
		}
		store_line_end(tty, c, 0);
		return true;
	}
	if (is_cc(tty, c, VEOF)) {
		store_line_end(tty, 0, MARK_EOF);
		return true;
	}
	if (!is_cc(tty, c, VEOL) && !(lflag(tty, IEXTEN) && is_cc(tty, c, VEOL2)))
		return false;
	echo_input(tty, c);
	if (c == 0xff && iflag(tty, PARMRK) && queued(l) < INPUT_LIMIT)
		store(l, c, 0);
	store_line_end(tty, c, 0);
	return true;
}

/* mapped: a newline that was typed as carriage return. */
static void receive_plain(struct tty *tty, uint8_t c, bool mapped)
{
	struct ldisc *l = tty->ldisc;
	bool first = l->head == l->canon_head;

	if (!store_input(tty, c))
		return;
	if (!lflag(tty, ECHO))
		return;
	finish_erasing(tty);
	if (first)
		l->canon_column = l->column;
	/* Here a newline is just a byte (non-canonical mode, or quoted), unless it is the Enter
	 * key. */
	if (c == '\n' && mapped)
		out_char(tty, c);
	else
		echo_char(tty, c);
}

/* START, STOP and IXANY. Returns true if c was consumed. */
static bool receive_flow(struct tty *tty, uint8_t c)
{
	struct ldisc *l = tty->ldisc;

	if (!iflag(tty, IXON))
		return false;
	if (is_cc(tty, c, VSTART)) {
		ldisc_start(tty, false);
		return true;
	}
	if (is_cc(tty, c, VSTOP)) {
		ldisc_stop(tty, false);
		return true;
	}
	if (l->stopped && iflag(tty, IXANY) && !(lflag(tty, ISIG) && signal_of(tty, c)))
		ldisc_start(tty, false);
	return false;
}

static void receive_byte(struct tty *tty, uint8_t c, struct tty_signals *signals)
{
	struct ldisc *l = tty->ldisc;
	bool mapped = false;
	int signo;

	if (iflag(tty, ISTRIP))
		c &= 0x7f;
	if (iflag(tty, IUCLC) && lflag(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (l->literal) {
		receive_plain(tty, c, false);
		l->literal = false;
		return;
	}
	if (receive_flow(tty, c))
		return;
	signo = lflag(tty, ISIG) ? signal_of(tty, c) : 0;
	if (signo) {
		receive_signal(tty, c, signo, signals);
		return;
	}
	if (c == '\r') {
		if (iflag(tty, IGNCR))
			return;
		if (iflag(tty, ICRNL)) {
			c = '\n';
			mapped = true;
		}
	} else if (c == '\n' && iflag(tty, INLCR)) {
		c = '\r';
	}
	if (lflag(tty, ICANON) && (receive_editing(tty, c) || receive_line_end(tty, c)))
		return;
	receive_plain(tty, c, mapped);
}

/*
 * The queue is full and nobody reads. A signal character further on still acts: it would flush
 * what is before it anyway. Returns its index in s, n if there is none.
 */
static size_t find_signal(struct tty *tty, const uint8_t *s, size_t n)
{
	size_t i = 0;

	if (!lflag(tty, ISIG) || lflag(tty, NOFLSH) || tty->ldisc->literal)
		return n;
	while (i < n && !signal_of(tty, iflag(tty, ISTRIP) ? s[i] & 0x7f : s[i]))
		i++;
	return i;
}

size_t ldisc_receive(struct tty *tty, const uint8_t *s, size_t n, struct tty_signals *signals)
{
	size_t i = 0;

	while (i < n) {
		if (ldisc_room(tty) == 0) {
			size_t skip = find_signal(tty, s + i, n - i);

			if (i + skip == n) {
				throttle(tty);
				break;
			}
			i += skip;
		}
		receive_byte(tty, s[i++], signals);
	}
	ldisc_pump(tty);
	return i;
}

/* ---- reading ---- */

bool ldisc_readable(struct tty *tty, bool poll)
{
	const uint8_t *cc = tty->termios.c_cc;
	uint32_t least = poll && cc[VTIME] == 0 && cc[VMIN] > 0 ? cc[VMIN] : 1;

	if (lflag(tty, ICANON))
		return has_line(tty->ldisc);
	return queued(tty->ldisc) >= least;
}

uint32_t ldisc_available(struct tty *tty)
{
	struct ldisc *l = tty->ldisc;
	uint32_t n = 0;

	if (!lflag(tty, ICANON))
		return queued(l);
	for (uint32_t i = l->tail; i != l->canon_head; i++)
		n += !(l->mark[SLOT(i)] & MARK_EOF);
	return n;
}

/* Move [tail, end) as far as it goes. */
static void read_run(struct ldisc *l, struct iobuf *b, uint32_t end)
{
	while (l->tail != end && b->left > 0) {
		uint32_t at = SLOT(l->tail);

		l->tail +=
			(uint32_t)iob_put(b, l->in + at, MIN(end - l->tail, TTY_INPUT_SIZE - at));
	}
}

static size_t read_line(struct ldisc *l, struct iobuf *b, bool *eof)
{
	uint32_t start = l->tail, end = start;
	bool mark;

	while (end != l->canon_head && !(l->mark[SLOT(end)] & MARK_LINE))
		end++;
	if (end == l->canon_head)
		return 0;
	mark = l->mark[SLOT(end)] & MARK_EOF;
	if (!mark)
		end++;
	read_run(l, b, end);
	/* An end-of-file mark behind bytes only pushes them; also when they just filled b, or the
	 * next read would report an end that was not meant. */
	if (mark && l->tail == end) {
		l->tail++;
		*eof = end == start;
	}
	return end == start ? 0 : l->tail - start - (mark && l->tail == end + 1);
}

size_t ldisc_read(struct tty *tty, struct iobuf *b, bool *eof)
{
	struct ldisc *l = tty->ldisc;
	uint32_t start = l->tail;

	*eof = false;
	if (lflag(tty, ICANON))
		return read_line(l, b, eof);
	read_run(l, b, l->head);
	return l->tail - start;
}

/* ---- modes ---- */

/* What packet mode tells the master about VSTOP and VSTART. */
static bool usual_flow(const struct abi_termios *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == 023 && t->c_cc[VSTART] == 021;
}

void ldisc_set_termios(struct tty *tty, const struct abi_termios *t)
{
	struct ldisc *l = tty->ldisc;
	struct abi_termios old = tty->termios;

	tty->termios = *t;
	if ((old.c_lflag ^ t->c_lflag) & ICANON) {
		for (uint32_t i = l->tail; i != l->head; i++)
			l->mark[SLOT(i)] = 0;
		/* What was typed before canonical mode is one line that needs no end. */
		l->canon_head = t->c_lflag & ICANON ? l->head : l->tail;
		if (l->head != l->tail)
			l->mark[SLOT(l->head - 1)] = MARK_LINE;
		l->literal = l->erasing = false;
	}
	if ((old.c_iflag & IXON) && !(t->c_iflag & IXON))
		ldisc_start(tty, false);
	if (tty->driver->status && usual_flow(&old) != usual_flow(t))
		tty->driver->status(tty, usual_flow(t) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
}

/*
 * ldisc.h - the line discipline: what happens to bytes between a terminal and its readers and
 * writers. Knows no process and no sleep: tty.c does both around it.
 * Locks: all of it under tty.lock.
 */
#ifndef TTY_LDISC_H
#define TTY_LDISC_H

#include "tty/tty.h"

#define OUT_SIZE 4096u	       /* processed bytes that the driver has not taken */
#define OUT_ECHO_RESERVE 1024u /* of them, kept for echo: writers stop earlier */

struct ldisc {
	/* Input, a ring: [tail, canon_head) complete lines, [canon_head, head) the line being
	 * edited. Non-canonical: canon_head is not used. Indices run free. */
	uint32_t head, canon_head, tail;
	uint32_t column;       /* of the cursor, as far as it can be known */
	uint32_t canon_column; /* where the echo of the line being edited began */
	uint32_t out_head, out_tail;
	uint32_t utf8_left, utf8_code; /* output: the character being put together */
	bool literal;		       /* VLNEXT was typed: the next byte is only a byte */
	bool erasing;		       /* ECHOPRT: between \ and / */
	bool stopped;		       /* output, by VSTOP or TCOOFF */
	bool stop_by_call;	       /* by TCOOFF: VSTART and IXANY do not end it */
	bool throttled;		       /* input was refused */
	bool stop_sent;		       /* IXOFF: VSTOP went out */
	uint8_t in[TTY_INPUT_SIZE];
	uint8_t mark[TTY_INPUT_SIZE]; /* MARK_* of each byte in `in` */
	uint8_t out[OUT_SIZE];
};

struct ldisc *ldisc_new(void) MUST_CHECK;
void ldisc_default_termios(struct abi_termios *t);

/* Bytes from the terminal. Returns how many were taken; the rest when there is room. */
size_t ldisc_receive(struct tty *tty, const uint8_t *s, size_t n, struct tty_signals *signals);
/* How many bytes ldisc_receive() is sure to take now. */
size_t ldisc_room(struct tty *tty);

/* Is there something for read(2)? poll: by the rule of poll(2), which looks at VMIN. */
bool ldisc_readable(struct tty *tty, bool poll);
/* Bytes for FIONREAD. */
uint32_t ldisc_available(struct tty *tty);
/* Move to b: canonical: one line or what b holds of it; else what is there. Canonical returns with
 * *eof true when the line was an end-of-file mark alone. */
size_t ldisc_read(struct tty *tty, struct iobuf *b, bool *eof);
/* Input may have got room: true if driver->input_room() is due. */
bool ldisc_unthrottle(struct tty *tty);

/* Take up to what is in b for output. Stops when there is no room; b->left tells. */
void ldisc_write(struct tty *tty, struct iobuf *b);
/* Room for a writer: what poll's POLLOUT says. */
bool ldisc_writable(struct tty *tty);
/* Hand queued output to the driver. Returns true if a sleeping writer may go on. */
bool ldisc_pump(struct tty *tty);
bool ldisc_drained(struct tty *tty);

void ldisc_stop(struct tty *tty, bool by_call);
void ldisc_start(struct tty *tty, bool by_call);
void ldisc_send(struct tty *tty, uint8_t c); /* TCIOFF, TCION */
void ldisc_flush_input(struct tty *tty);
void ldisc_flush_output(struct tty *tty);
/* termios becomes *t: queued input is seen in the new mode. */
void ldisc_set_termios(struct tty *tty, const struct abi_termios *t);

#endif

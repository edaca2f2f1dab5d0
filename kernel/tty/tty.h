/*
 * tty.h - terminals: the line discipline over a driver (console to the page, pty to its master).
 * Spec: POSIX.1-2024 General Terminal Interface; details as in Linux n_tty.
 * Locks: tty.lock (RANK_TTY). Signals are sent after it is dropped.
 */
#ifndef TTY_TTY_H
#define TTY_TTY_H

#include "lib/types.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "lib/waitq.h"
#include "abi/termios.h"

struct tty;
struct file;

struct tty_driver {
	const char *name; /* "tty", "pts" */
	/* Take up to n bytes that are to be shown; returns how many were taken (less: full; the
	 * driver calls tty_writable() later). tty.lock is held. */
	size_t (*put)(struct tty *tty, const uint8_t *s, size_t n);
	/* The window size changed from inside (TIOCSWINSZ); the page may follow. NULL: nothing. */
	void (*resized)(struct tty *tty);
	/* Last close. tty.lock is not held. NULL: nothing. */
	void (*closed)(struct tty *tty);
};

#define TTY_INPUT_SIZE 4096 /* as Linux: a canonical line holds 4095 bytes and its end */

struct tty {
	struct ref refs;
	struct lock lock;
	const struct tty_driver *driver; /* [i] */
	uint32_t number;                 /* [i] */
	uint32_t dev;                    /* [i] MKDEV(4, n) consoles, MKDEV(136, n) pts */
	struct abi_termios termios;      /* [l] */
	struct abi_winsize winsize;      /* [l] */
	uint32_t session, pgrp;          /* [l] 0: none */
	struct waitq readable, writable; /* [l] */
	uint32_t opens;                  /* [l] */
	bool hung_up, stopped, exclusive; /* [l] stopped: by VSTOP */
	struct ldisc *ldisc;             /* [l] line discipline state; tty/ldisc.c */
	void *priv;                      /* driver's */
};

/*
 * Bytes typed, from the driver (page or pty master). Runs the line discipline: echo, editing,
 * signals. Called by the kernel's own thread or a writer of the master; no lock held. Returns bytes
 * taken; fewer when the input queue is full.
 */
size_t tty_input(struct tty *tty, const uint8_t *s, size_t n);
/* The driver has room again. No lock held. */
void tty_writable(struct tty *tty);
/* New window size from the page: SIGWINCH to the foreground group. */
void tty_resize(struct tty *tty, const struct abi_winsize *ws);
/* The other side is gone. */
void tty_hangup(struct tty *tty);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);

/* Consoles, tty/console.c: fixed numbers 1..CONSOLE_COUNT with rings to the page. */
#define CONSOLE_COUNT 16
void console_init(void);
/* From the kernel thread, on a host message: input waits in ring n; output ring n has room. */
void console_input_ready(uint32_t n);
void console_output_drained(uint32_t n);
void console_resized(uint32_t n, uint32_t cols, uint32_t rows);
void console_opened(uint32_t n); /* the page shows a new terminal: /dev/conctl tells init */
void console_closed(uint32_t n);
/* Kernel panics and early boot write here without a lock. */
void console_emergency(const char *s, size_t n);

#endif

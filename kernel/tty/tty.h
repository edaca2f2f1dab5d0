/*
 * tty.h - terminals: the line discipline over a driver (console to the page, pty to its master).
 * Spec: POSIX.1-2024 General Terminal Interface; details as in Linux n_tty.
 * Locks: tty.lock (RANK_TTY) guards terminal, line discipline and the driver's buffers. The proc
 * tree lock is outside it. Signals are sent after it is dropped.
 *
 * Layers: tty.c (devices, jobs, ioctls) -> ldisc.c (editing, echo, output processing; knows no
 * process) -> driver (where bytes go).
 */
#ifndef TTY_TTY_H
#define TTY_TTY_H

#include "lib/types.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "lib/waitq.h"
#include "abi/ring.h"
#include "abi/termios.h"

struct tty;
struct file;
struct inode;
struct iobuf;
struct file_ops;
struct poll_table;

struct tty_driver {
	const char *name; /* "tty", "pts" */
	/* Take up to n bytes that are to be shown; returns how many were taken (less: full; the
	 * driver calls tty_writable_locked() later). tty.lock is held. */
	size_t (*put)(struct tty *tty, const uint8_t *s, size_t n);
	/* Throw away what was put and not taken by the other side. tty.lock is held. NULL: cannot.
	 */
	void (*flush)(struct tty *tty);
	/* Bytes put and not taken by the other side. tty.lock is held. NULL: 0. */
	size_t (*pending)(struct tty *tty);
	/* TIOCPKT_* bits for packet mode. tty.lock is held. NULL: no packet mode. */
	void (*status)(struct tty *tty, uint8_t bits);
	/* Input that was refused (tty_input() took less) may come now. No lock held. */
	void (*input_room)(struct tty *tty);
	/* What tty.c does not know. No lock held. NULL: nothing more. -ENOTTY: not known either. */
	int (*ioctl)(struct tty *tty, uint32_t cmd, uint32_t arg);
	/* Last close. tty.lock is not held. NULL: nothing. */
	void (*closed)(struct tty *tty);
	/* Last reference: free priv and whatever holds the tty. NULL: nothing. */
	void (*destroy)(struct tty *tty);
	/* When its session ends all open files of it go dead, as for a Linux virtual terminal. */
	bool revoke_at_session_end;
};

#define TTY_INPUT_SIZE 4096 /* as Linux: a canonical line holds 4095 bytes and its end */

struct tty {
	struct ref refs;
	struct lock lock;
	const struct tty_driver *driver; /* [i] */
	uint32_t number;		 /* [i] */
	uint32_t dev;			 /* [i] MKDEV(4, n) consoles, MKDEV(136, n) pts */
	struct abi_termios termios;	 /* [l] */
	struct abi_winsize winsize;	 /* [l] */
	uint32_t session, pgrp;		 /* [l] and PROC_TREE to write; 0: none */
	struct waitq readable, writable; /* [l] */
	uint32_t opens;			 /* [l] */
	uint32_t hangups;		 /* [l] files opened before the last one are dead */
	bool gone;			 /* [l] no other side: cannot be opened */
	bool exclusive;			 /* [l] TIOCEXCL */
	struct ldisc *ldisc;		 /* [i] line discipline state; tty/ldisc.h */
	void *priv;			 /* driver's */
};

/* ---- what drivers call ---- */

/* A terminal with usual modes, 80x24, one reference. NULL: no memory. */
struct tty *tty_new(const struct tty_driver *driver, uint32_t number, uint32_t dev) MUST_CHECK;
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);
/*
 * Bytes typed, from the driver (page or pty master). Runs the line discipline: echo, editing,
 * signals. Called by the kernel's own thread or a writer of the master; no lock held. Returns bytes
 * taken; fewer when the input queue is full: driver->input_room() is called when to go on.
 */
size_t tty_input(struct tty *tty, const uint8_t *s, size_t n);
/* The driver has room again. tty.lock held. */
void tty_writable_locked(struct tty *tty);
/* New window size from the page or the master: SIGWINCH to the foreground group. */
void tty_resize(struct tty *tty, const struct abi_winsize *ws);
/* The other side is gone. Open files: read 0, write EIO. gone: it cannot be opened again. */
void tty_hangup(struct tty *tty, bool gone);
/* The same without a word to the session, which lets go of it in the same hold of tty.lock: a file
 * that the next session opens must not die with the last one's. Then _finish, without locks. */
void tty_revoke_locked(struct tty *tty);
void tty_revoke_finish(struct tty *tty);

/* Signals that input asked for under tty.lock, to be sent without it. */
struct tty_signals {
	uint32_t pgrp;
	uint32_t set; /* bits 1 << signo */
	bool room;    /* driver->input_room() is due */
};
/* tty.lock held: n bytes into the line discipline; returns bytes taken. */
size_t tty_input_locked(struct tty *tty, const uint8_t *s, size_t n, struct tty_signals *signals);
/* After unlocking. */
void tty_signals_send(struct tty *tty, struct tty_signals *signals);

/* ---- open files ---- */

struct tty_file {
	struct tty *tty;  /* [i] referenced */
	uint32_t hangups; /* [i] tty.hangups at the open: another value now means dead */
	bool survives;	  /* [i] /dev/console: hang-ups do not end it */
};
/*
 * For open ops: make file an open file of tty. Takes over the reference, also on failure.
 * -EIO: it is gone; -EBUSY: TIOCEXCL; -ENOMEM.
 */
int tty_file_open(
	struct tty *tty, struct file *file, bool may_become_ctty, bool survives) MUST_CHECK;
/* ioctls of a pty master that act on its slave. */
int tty_ioctl_master(struct tty *tty, struct file *file, uint32_t cmd, uint32_t arg);

/* ---- opens, by kind of device; dev/dev.h has the numbers and the op tables ---- */

int pts_open(uint32_t number, struct file *file);
/* survives: hang-ups do not end this open file (/dev/console). */
int console_open(uint32_t number, struct file *file, bool survives);

/* ---- consoles, tty/console.c: fixed numbers 1..CONSOLE_COUNT with rings to the page ---- */

/* Console 1 exists afterwards. Panics without memory. */
void console_init(void);
/* Before the first open: console n is a plain stream of bytes, not a terminal (pipe mode).
 * /dev/hostin reads console 1, /dev/hostout writes it, /dev/hosterr writes console 2: set both. */
void console_set_raw_stream(uint32_t n);
/* From the kernel thread, on a host message: input waits in ring n; output ring n has room. */
void console_input_ready(uint32_t n);
void console_output_drained(uint32_t n);
void console_input_eof(uint32_t n); /* no more will come: raw stream reads 0; a tty gets VEOF */
void console_resized(uint32_t n, uint32_t cols, uint32_t rows);
void console_opened(uint32_t n); /* the page shows a new terminal: /dev/conctl tells init */
void console_closed(uint32_t n);
/* The terminal of console n, which never goes; NULL: nobody ever opened it. */
struct tty *console_tty(uint32_t n);
/* Bit n: console n has open files. */
uint32_t consoles_open(void);
/* The rings' bytes, for tests that play the host. */
uint8_t *console_ring_data(uint32_t n, bool output);

#endif

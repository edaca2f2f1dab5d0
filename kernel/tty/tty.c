/*
 * tty.c - terminals as files: open, read, write, poll, ioctl, job control, hang-up.
 * Spec: POSIX.1-2024 11.1 General Terminal Interface, tcsetattr() and kin; ioctls as in Linux
 * ioctl_tty(2).
 * Locks: tty.lock (RANK_TTY). Job control asks the proc tree (outside tty.lock) first, and signals
 * are sent when tty.lock is dropped.
 *
 * A hang-up makes the files open at that time dead: each remembers the hang-up count of its open.
 * So a console lives on for the next session while what is left of the last one gets EIO.
 */
#include "tty/ldisc.h"
#include "dev/dev.h"
#include "proc/proc.h"
#include "proc/session.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define TENTH_NS 100000000u /* VTIME counts tenths of a second */

/* ---- life ---- */

struct tty *tty_new(const struct tty_driver *driver, uint32_t number, uint32_t dev)
{
	struct tty *tty = kzalloc(sizeof(*tty));

	if (!tty)
		return NULL;
	tty->ldisc = ldisc_new();
	if (!tty->ldisc) {
		kfree(tty);
		return NULL;
	}
	ref_init(&tty->refs, 1);
	lock_init(&tty->lock, RANK_TTY);
	waitq_init(&tty->readable);
	waitq_init(&tty->writable);
	tty->driver = driver;
	tty->number = number;
	tty->dev = dev;
	ldisc_default_termios(&tty->termios);
	tty->winsize = (struct abi_winsize){.row = 24, .col = 80};
	return tty;
}

void tty_get(struct tty *tty)
{
	ref_get(&tty->refs);
}

void tty_put(struct tty *tty)
{
	if (!ref_put(&tty->refs))
		return;
	if (tty->driver->destroy)
		tty->driver->destroy(tty);
	kfree(tty->ldisc);
	kfree(tty);
}

/* ---- from the driver ---- */

size_t tty_input_locked(struct tty *tty, const uint8_t *s, size_t n, struct tty_signals *signals)
{
	size_t taken = ldisc_receive(tty, s, n, signals);

	if (ldisc_readable(tty, false))
		waitq_wake_key(&tty->readable, POLLIN | POLLRDNORM);
	if (ldisc_writable(tty))
		waitq_wake_key(&tty->writable, POLLOUT | POLLWRNORM);
	return taken;
}

void tty_signals_send(struct tty *tty, struct tty_signals *signals)
{
	while (signals->set) {
		int signo = __builtin_ctz(signals->set);

		signals->set &= signals->set - 1;
		if (signals->pgrp)
			signal_send_pgrp(signals->pgrp, signo, NULL);
	}
	if (signals->room && tty->driver->input_room) {
		signals->room = false;
		tty->driver->input_room(tty);
	}
}

size_t tty_input(struct tty *tty, const uint8_t *s, size_t n)
{
	struct tty_signals signals = {0};
	size_t taken;

	lock_acquire(&tty->lock);
	taken = tty_input_locked(tty, s, n, &signals);
	lock_release(&tty->lock);
	tty_signals_send(tty, &signals);
	return taken;
}

void tty_writable_locked(struct tty *tty)
{
	if (ldisc_pump(tty))
		waitq_wake_key(&tty->writable, POLLOUT | POLLWRNORM);
}

/* Returns true if the size changed. */
static bool resize(struct tty *tty, const struct abi_winsize *ws)
{
	uint32_t pgrp;
	bool same;

	lock_acquire(&tty->lock);
	same = memcmp(&tty->winsize, ws, sizeof(*ws)) == 0;
	tty->winsize = *ws;
	pgrp = tty->pgrp;
	lock_release(&tty->lock);
	if (!same && pgrp)
		signal_send_pgrp(pgrp, SIGWINCH, NULL);
	return !same;
}

void tty_resize(struct tty *tty, const struct abi_winsize *ws)
{
	resize(tty, ws);
}

/* Every file open now goes dead; the terminal is as new for the next opener. Returns true if
 * driver->input_room() is due. */
static bool cut_off_locked(struct tty *tty, bool gone)
{
	bool was_throttled = tty->ldisc->throttled;

	tty->hangups++;
	tty->gone |= gone;
	ldisc_flush_input(tty);
	if (gone)
		ldisc_flush_output(tty);
	ldisc_start(tty, true);
	ldisc_default_termios(&tty->termios);
	tty->ldisc->throttled = tty->ldisc->stop_sent = false;
	tty->exclusive = false;
	ldisc_pump(tty);
	waitq_wake_key(&tty->readable, POLLIN | POLLHUP);
	waitq_wake_key(&tty->writable, POLLOUT | POLLERR | POLLHUP);
	return was_throttled;
}

void tty_hangup(struct tty *tty, bool gone)
{
	bool room, unused;

	lock_acquire(&tty->lock);
	room = cut_off_locked(tty, gone);
	unused = tty->opens == 0;
	lock_release(&tty->lock);
	if (room && tty->driver->input_room)
		tty->driver->input_room(tty);
	session_tty_gone(tty);
	/* A process closes its files before its session ends: then no close comes after this. */
	if (unused && tty->driver->closed)
		tty->driver->closed(tty);
}

void tty_revoke_locked(struct tty *tty)
{
	KASSERT(lock_held(&tty->lock));
	(void)cut_off_locked(tty, false);
}

void tty_revoke_finish(struct tty *tty)
{
	bool unused;

	if (tty->driver->input_room)
		tty->driver->input_room(tty);
	lock_acquire(&tty->lock);
	unused = tty->opens == 0;
	lock_release(&tty->lock);
	if (unused && tty->driver->closed)
		tty->driver->closed(tty);
}

/* ---- job control ---- */

/*
 * May the caller do what raises signo (SIGTTIN, SIGTTOU) from the background? 0: it is in the
 * foreground, has another controlling terminal, or does not mind SIGTTOU. -EIO: its group is
 * orphaned or it does not mind SIGTTIN. -PLEAT_ERESTARTSYS: the signal was sent to its group.
 */
static int check_job(struct tty *tty, int signo)
{
	uint32_t sid, pgrp, own_sid, own_pgrp;

	lock_acquire(&tty->lock);
	sid = tty->session;
	pgrp = tty->pgrp;
	lock_release(&tty->lock);
	if (!sid || !pgrp)
		return 0;
	session_ids_self(&own_sid, &own_pgrp);
	if (own_sid != sid || own_pgrp == pgrp)
		return 0;
	if (signal_ignored_self(signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (pgrp_orphaned_self())
		return -EIO;
	signal_send_pgrp(own_pgrp, signo, NULL);
	return -PLEAT_ERESTARTSYS;
}

/* Is tty the controlling terminal of the caller's session? */
static bool is_own(struct tty *tty)
{
	uint32_t sid = session_self();
	bool own;

	lock_acquire(&tty->lock);
	own = tty->session == sid;
	lock_release(&tty->lock);
	return own;
}

/* ---- open files ---- */

static bool dead_locked(const struct tty_file *tf)
{
	return tf->tty->gone || (tf->hangups != tf->tty->hangups && !tf->survives);
}

static const struct file_ops open_tty_ops;

int tty_file_open(struct tty *tty, struct file *file, bool may_become_ctty, bool survives)
{
	struct tty_file *tf = kzalloc(sizeof(*tf));
	int err = 0;

	if (!tf) {
		tty_put(tty);
		return -ENOMEM;
	}
	lock_acquire(&tty->lock);
	if (tty->gone)
		err = -EIO;
	else if (tty->exclusive && tty->opens > 0 && !cred_is_root(cred_self()))
		err = -EBUSY;
	else {
		tty->opens++;
		*tf = (struct tty_file){.tty = tty, .hangups = tty->hangups, .survives = survives};
	}
	lock_release(&tty->lock);
	if (err) {
		kfree(tf);
		tty_put(tty);
		return err;
	}
	file->ops = &open_tty_ops;
	file->priv = tf;
	/* POSIX leaves it open; a session leader without one takes the terminal it opens first. */
	if (may_become_ctty && !(file->flags & O_NOCTTY) && file_readable(file) &&
		!thread_self()->kernel_thread && proc_self()->pgrp)
		(void)session_set_tty_self(tty, false);
	return 0;
}

static void tty_release(struct file *file)
{
	struct tty_file *tf = file->priv;
	struct tty *tty = tf->tty;
	bool last;

	lock_acquire(&tty->lock);
	last = --tty->opens == 0;
	if (last) {
		tty->exclusive = false;
		/* What was written before the close is still to be seen. */
		ldisc_start(tty, true);
		ldisc_pump(tty);
	}
	lock_release(&tty->lock);
	if (last && tty->driver->closed)
		tty->driver->closed(tty);
	kfree(tf);
	tty_put(tty);
}

/* ---- read ---- */

/* One read(2)'s timers for VMIN and VTIME. */
struct timing {
	uint64_t start_ns, last_ns; /* call, newest byte seen */
	uint32_t seen;		    /* bytes seen in the queue */
};

/*
 * Non-canonical mode, POSIX 11.1.7. Returns true if the read is over now, else sets *deadline_ns.
 * Case A MIN>0 TIME>0: timer between bytes; B MIN>0 TIME=0; C MIN=0 TIME>0: timer for the whole
 * read; D both 0: what is there.
 */
static bool raw_ready(struct tty *tty, struct timing *t, size_t wanted, uint64_t *deadline_ns)
{
	uint32_t min = tty->termios.c_cc[VMIN], time = tty->termios.c_cc[VTIME];
	uint32_t have = ldisc_available(tty);

	*deadline_ns = WAIT_FOREVER;
	if (have >= (min ? MIN((size_t)min, wanted) : 1) || (min == 0 && time == 0))
		return true;
	if (have != t->seen) {
		t->seen = have;
		t->last_ns = arch_clock_ns();
	}
	if (min == 0)
		*deadline_ns = t->start_ns + (uint64_t)time * TENTH_NS;
	else if (time > 0 && have > 0)
		*deadline_ns = t->last_ns + (uint64_t)time * TENTH_NS;
	return false;
}

/* Sleep until there is something to read. 0: read now; 1: report 0 bytes; or -errno. */
static int wait_input_locked(struct tty_file *tf, struct file *file, size_t wanted)
{
	struct tty *tty = tf->tty;
	uint64_t now = arch_clock_ns(), deadline_ns;
	struct timing t = {.start_ns = now, .last_ns = now};
	bool raw;
	int err = 0;

	for (;;) {
		if (dead_locked(tf))
			return 1;
		raw = !(tty->termios.c_lflag & ICANON);
		deadline_ns = WAIT_FOREVER;
		if (raw ? raw_ready(tty, &t, wanted, &deadline_ns) : ldisc_readable(tty, false))
			return 0;
		if (err == -ETIMEDOUT && arch_clock_ns() >= deadline_ns)
			return 0;
		if (err == -EINTR)
			break;
		if (atomic_load(&file->flags) & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		err = waitq_sleep(&tty->readable, &tty->lock, deadline_ns, WAIT_INTR);
	}
	/* Fewer than VMIN bytes are better than none. */
	if (raw && ldisc_available(tty) > 0)
		return 0;
	return err == -EINTR ? -PLEAT_ERESTARTSYS : err;
}

/*
 * Canonical: one line, or what b holds of it. Otherwise by VMIN and VTIME.
 * 0: end of file, time over, or hung up. -EIO: background of an orphaned group; -EAGAIN;
 * -PLEAT_ERESTARTSYS.
 */
static ssize_t tty_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct tty_file *tf = file->priv;
	struct tty *tty = tf->tty;
	bool room = false, eof;
	ssize_t result;

	(void)pos;
	result = check_job(tty, SIGTTIN);
	if (result || b->left == 0)
		return result;
	lock_acquire(&tty->lock);
	result = wait_input_locked(tf, file, b->left);
	if (result == 0) {
		result = (ssize_t)ldisc_read(tty, b, &eof);
		room = ldisc_unthrottle(tty);
	} else if (result == 1) {
		result = 0;
	}
	lock_release(&tty->lock);
	if (room && tty->driver->input_room)
		tty->driver->input_room(tty);
	return result;
}

/* ---- write ---- */

/* Sleeps while output is stopped or the other side is slow. -EIO: hung up, or background with
 * TOSTOP in an orphaned group; -EAGAIN; -PLEAT_ERESTARTSYS. */
static ssize_t tty_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct tty_file *tf = file->priv;
	struct tty *tty = tf->tty;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	lock_acquire(&tty->lock);
	if (tty->termios.c_lflag & TOSTOP) {
		lock_release(&tty->lock);
		err = check_job(tty, SIGTTOU);
		if (err)
			return err;
		lock_acquire(&tty->lock);
	}
	while (!err) {
		if (dead_locked(tf)) {
			err = -EIO;
			break;
		}
		ldisc_write(tty, b);
		if (b->left == 0)
			break;
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&tty->writable, &tty->lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	lock_release(&tty->lock);
	return b->done > before || !err ? (ssize_t)(b->done - before) : err;
}

static uint32_t tty_poll(struct file *file, struct poll_table *pt)
{
	struct tty_file *tf = file->priv;
	struct tty *tty = tf->tty;
	uint32_t bits = 0;

	lock_acquire(&tty->lock);
	poll_join(pt, &tty->readable, &tty->lock);
	poll_join(pt, &tty->writable, &tty->lock);
	if (dead_locked(tf))
		bits = POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	if (ldisc_readable(tty, true))
		bits |= POLLIN | POLLRDNORM;
	if (ldisc_writable(tty))
		bits |= POLLOUT | POLLWRNORM;
	lock_release(&tty->lock);
	return bits;
}

/* ---- ioctls ---- */

/* tcdrain(). */
static int drain(struct tty_file *tf, struct tty *tty)
{
	int err = 0;

	lock_acquire(&tty->lock);
	while (!err && !ldisc_drained(tty) && !(tf && dead_locked(tf)))
		err = waitq_sleep(&tty->writable, &tty->lock, WAIT_FOREVER, WAIT_INTR);
	lock_release(&tty->lock);
	return err ? -PLEAT_ERESTARTSYS : 0;
}

/* Input is flushed: the driver may bring what it held back. */
static void flush_input(struct tty *tty)
{
	bool room;

	lock_acquire(&tty->lock);
	ldisc_flush_input(tty);
	room = ldisc_unthrottle(tty);
	lock_release(&tty->lock);
	if (room && tty->driver->input_room)
		tty->driver->input_room(tty);
}

static int set_termios(struct tty_file *tf, struct tty *tty, uint32_t cmd, uaddr_t arg)
{
	struct abi_termios t;
	int err = copyin(&t, arg, sizeof(t));

	if (!err && cmd != TCSETS)
		err = drain(tf, tty);
	if (err)
		return err;
	if (cmd == TCSETSF)
		flush_input(tty);
	lock_acquire(&tty->lock);
	ldisc_set_termios(tty, &t);
	tty_writable_locked(tty);
	/* The same bytes may now be enough for a reader, or a line. */
	waitq_wake_key(&tty->readable, POLLIN | POLLRDNORM);
	lock_release(&tty->lock);
	return 0;
}

static int get_termios(struct tty *tty, uaddr_t arg)
{
	struct abi_termios t;

	lock_acquire(&tty->lock);
	t = tty->termios;
	lock_release(&tty->lock);
	return copyout(arg, &t, sizeof(t));
}

static int flow_ioctl(struct tty *tty, uint32_t how)
{
	int err = 0;

	lock_acquire(&tty->lock);
	switch (how) {
	case TCOOFF:
		ldisc_stop(tty, true);
		break;
	case TCOON:
		ldisc_start(tty, true);
		break;
	case TCIOFF:
		ldisc_send(tty, tty->termios.c_cc[VSTOP]);
		break;
	case TCION:
		ldisc_send(tty, tty->termios.c_cc[VSTART]);
		break;
	default:
		err = -EINVAL;
	}
	tty_writable_locked(tty);
	lock_release(&tty->lock);
	return err;
}

static int flush_ioctl(struct tty *tty, uint32_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH)
		flush_input(tty);
	if (which == TCIFLUSH)
		return 0;
	lock_acquire(&tty->lock);
	ldisc_flush_output(tty);
	tty_writable_locked(tty);
	lock_release(&tty->lock);
	return 0;
}

static int get_size(struct tty *tty, uaddr_t arg)
{
	struct abi_winsize ws;

	lock_acquire(&tty->lock);
	ws = tty->winsize;
	lock_release(&tty->lock);
	return copyout(arg, &ws, sizeof(ws));
}

static int set_size(struct tty *tty, uaddr_t arg)
{
	struct abi_winsize ws;
	int err = copyin(&ws, arg, sizeof(ws));

	if (err)
		return err;
	resize(tty, &ws); /* the page's terminal keeps the size of its panel */
	return 0;
}

/* TIOCGPGRP and TIOCGSID. A pty master may ask for its slave's. */
static int get_job(struct tty *tty, bool master, bool group, uaddr_t arg)
{
	uint32_t value;

	if (!master && !is_own(tty))
		return -ENOTTY;
	lock_acquire(&tty->lock);
	value = group ? tty->pgrp : tty->session;
	lock_release(&tty->lock);
	if (!group && value == 0)
		return -ENOTTY;
	return copyout(arg, &value, sizeof(value));
}

/* tcsetpgrp(). -ENOTTY: not the caller's terminal; -ESRCH, -EPERM: no such group, not of the
 * session; -EINVAL. */
static int set_group(struct tty *tty, bool master, uaddr_t arg)
{
	uint32_t sid, of;
	int32_t pgid;
	int err = master ? 0 : check_job(tty, SIGTTOU);

	if (err)
		return err == -EIO ? -ENOTTY : err;
	sid = session_self();
	if (!is_own(tty))
		return -ENOTTY;
	if (copyin(&pgid, arg, sizeof(pgid)))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	of = pgrp_session((uint32_t)pgid);
	if (of != sid)
		return of ? -EPERM : -ESRCH;
	lock_acquire(&tty->lock);
	if (tty->session == sid)
		tty->pgrp = (uint32_t)pgid;
	lock_release(&tty->lock);
	return 0;
}

static int become_ctty(struct tty *tty, struct file *file, uint32_t arg)
{
	bool root = cred_is_root(cred_self());

	if (!file_readable(file) && !root)
		return -EPERM;
	return session_set_tty_self(tty, arg == 1 && root);
}

/* TIOCSTI: as if typed. */
static int type_byte(struct tty *tty, uaddr_t arg)
{
	uint8_t c;

	if (!cred_is_root(cred_self()) && !is_own(tty))
		return -EPERM;
	if (copyin(&c, arg, 1))
		return -EFAULT;
	tty_input(tty, &c, 1);
	return 0;
}

static int count_ioctl(struct tty *tty, uint32_t cmd, uaddr_t arg)
{
	int32_t n;

	lock_acquire(&tty->lock);
	if (cmd == FIONREAD) {
		n = (int32_t)ldisc_available(tty);
	} else {
		n = (int32_t)(tty->ldisc->out_head - tty->ldisc->out_tail);
		if (tty->driver->pending)
			n += (int32_t)tty->driver->pending(tty);
	}
	lock_release(&tty->lock);
	return copyout(arg, &n, sizeof(n));
}

static int exclusive_ioctl(struct tty *tty, uint32_t cmd, uaddr_t arg)
{
	int32_t value;

	lock_acquire(&tty->lock);
	if (cmd != TIOCGEXCL)
		tty->exclusive = cmd == TIOCEXCL;
	value = tty->exclusive;
	lock_release(&tty->lock);
	return cmd == TIOCGEXCL ? copyout(arg, &value, sizeof(value)) : 0;
}

/* What changes the terminal, and so is for the foreground. */
static int change_ioctl(struct tty_file *tf, struct tty *tty, uint32_t cmd, uint32_t arg)
{
	int err = tf ? check_job(tty, SIGTTOU) : 0;

	if (err)
		return err;
	switch (cmd) {
	case TCXONC:
		return flow_ioctl(tty, arg);
	case TCFLSH:
		return flush_ioctl(tty, arg);
	case TCSBRK: /* a break condition means nothing to a page or a master */
	case TCSBRKP:
		return drain(tf, tty);
	default:
		return set_termios(tf, tty, cmd, arg);
	}
}

/* tf NULL: called for a pty master, which is in no background. */
static int common_ioctl(
	struct tty_file *tf, struct tty *tty, struct file *file, uint32_t cmd, uint32_t arg)
{
	switch (cmd) {
	case TCGETS:
		return get_termios(tty, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCXONC:
	case TCFLSH:
	case TCSBRK:
	case TCSBRKP:
		return change_ioctl(tf, tty, cmd, arg);
	case TIOCGWINSZ:
		return get_size(tty, arg);
	case TIOCSWINSZ:
		return set_size(tty, arg);
	case TIOCGPGRP:
	case TIOCGSID:
		return get_job(tty, !tf, cmd == TIOCGPGRP, arg);
	case TIOCSPGRP:
		return set_group(tty, !tf, arg);
	case TIOCSCTTY:
		return tf ? become_ctty(tty, file, arg) : -ENOTTY;
	case TIOCNOTTY:
		return tf ? session_drop_tty_self(tty) : -ENOTTY;
	case TIOCEXCL:
	case TIOCNXCL:
	case TIOCGEXCL:
		return exclusive_ioctl(tty, cmd, arg);
	case TIOCSTI:
		return type_byte(tty, arg);
	case FIONREAD:
	case TIOCOUTQ:
		return count_ioctl(tty, cmd, arg);
	default:
		return tty->driver->ioctl ? tty->driver->ioctl(tty, cmd, arg) : -ENOTTY;
	}
}

static int tty_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct tty_file *tf = file->priv;
	bool dead;

	lock_acquire(&tf->tty->lock);
	dead = dead_locked(tf);
	lock_release(&tf->tty->lock);
	return dead ? -EIO : common_ioctl(tf, tf->tty, file, cmd, arg);
}

int tty_ioctl_master(struct tty *tty, struct file *file, uint32_t cmd, uint32_t arg)
{
	return common_ioctl(NULL, tty, file, cmd, arg);
}

static const struct file_ops open_tty_ops = {
	.release = tty_release,
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
	.stream = true,
};

/* ---- /dev ---- */

static int open_by_number(struct inode *inode, struct file *file)
{
	uint32_t minor = MINOR(inode->rdev);
	struct tty *tty;

	switch (MAJOR(inode->rdev)) {
	case DEV_MAJOR_TTY:
		return console_open(minor, file, false);
	case DEV_MAJOR_PTS:
		return pts_open(minor, file);
	}
	if (minor == 1)
		return console_open(1, file, true);
	tty = session_tty_self();
	return tty ? tty_file_open(tty, file, false, false) : -ENXIO;
}

const struct file_ops tty_file_ops = {.open = open_by_number, .stream = true};

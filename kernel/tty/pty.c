/*
 * pty.c - pseudo terminals: /dev/ptmx makes a pair; its file is the master, /dev/pts/N the slave.
 * Spec: POSIX.1-2024 posix_openpt() and kin; ioctls, packet mode and hang-ups as in Linux.
 * Locks: the slave's tty.lock guards both directions: one lock, no order between two. table_lock
 * (RANK_TTY, never with a tty.lock) for numbers.
 *
 *   master write -> tty_input_locked() -> line discipline -> slave read
 *   slave write  -> line discipline -> put() -> ring -> master read
 */
#include "tty/ldisc.h"
#include "dev/dev.h"
#include "proc/proc.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define PTY_COUNT 256
#define RING_SIZE 8192u
#define RING_SLOT(i) ((i) & (RING_SIZE - 1))

struct pty {
	struct tty *tty;     /* [i] the slave; its priv is this */
	uint32_t head, tail; /* [tty.lock] output for the master; free to wrap */
	bool locked;	     /* [tty.lock] until unlockpt() */
	bool packet;	     /* [tty.lock] TIOCPKT */
	bool slave_opened;   /* [tty.lock] once: closing it is then the end for the master */
	uint8_t status;	     /* [tty.lock] TIOCPKT_* not yet told */
	struct waitq readable, writable; /* [tty.lock] the master's */
	uint8_t ring[RING_SIZE];
};

static struct lock table_lock = LOCK_INIT(RANK_TTY);
static struct pty *table[PTY_COUNT]; /* [table_lock] */

/* ---- driver of the slave ---- */

static struct pty *pty_of(struct tty *tty)
{
	return tty->priv;
}

static void wake_master(struct pty *p, uint32_t key)
{
	waitq_wake_key(&p->readable, key);
}

static size_t pts_put(struct tty *tty, const uint8_t *s, size_t n)
{
	struct pty *p = pty_of(tty);
	bool was_empty = p->head == p->tail;
	uint32_t at = RING_SLOT(p->head), first;

	if (tty->gone)
		return n;
	n = MIN(n, (size_t)(RING_SIZE - (p->head - p->tail)));
	first = MIN((uint32_t)n, RING_SIZE - at);
	memcpy(p->ring + at, s, first);
	memcpy(p->ring, s + first, n - first);
	p->head += (uint32_t)n;
	if (was_empty && n > 0)
		wake_master(p, POLLIN | POLLRDNORM);
	return n;
}

static void pts_flush(struct tty *tty)
{
	struct pty *p = pty_of(tty);

	p->tail = p->head;
}

static void pts_status(struct tty *tty, uint8_t bits)
{
	struct pty *p = pty_of(tty);

	if (!p->packet)
		return;
	/* The newer of two opposites is what counts. */
	if (bits & (TIOCPKT_STOP | TIOCPKT_START))
		p->status &= (uint8_t)~(TIOCPKT_STOP | TIOCPKT_START);
	if (bits & (TIOCPKT_DOSTOP | TIOCPKT_NOSTOP))
		p->status &= (uint8_t)~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	p->status |= bits;
	wake_master(p, POLLIN | POLLPRI | POLLRDNORM);
}

static void pts_input_room(struct tty *tty)
{
	struct pty *p = pty_of(tty);

	lock_acquire(&tty->lock);
	waitq_wake_key(&p->writable, POLLOUT | POLLWRNORM);
	lock_release(&tty->lock);
}

static void pts_closed(struct tty *tty)
{
	struct pty *p = pty_of(tty);

	lock_acquire(&tty->lock);
	wake_master(p, POLLHUP);
	lock_release(&tty->lock);
}

static void pts_destroy(struct tty *tty)
{
	struct pty *p = pty_of(tty);

	if (!p)
		return;
	lock_acquire(&table_lock);
	table[tty->number] = NULL;
	lock_release(&table_lock);
	kfree(p);
}

static const struct tty_driver pts_driver = {
	.name = "pts",
	.put = pts_put,
	.flush = pts_flush,
	.status = pts_status,
	.input_room = pts_input_room,
	.closed = pts_closed,
	.destroy = pts_destroy,
};

/* ---- slave ---- */

int pts_open(uint32_t number, struct file *file)
{
	struct pty *p = NULL;
	struct tty *tty;
	bool locked;
	int err;

	lock_acquire(&table_lock);
	if (number < PTY_COUNT)
		p = table[number];
	if (p && !ref_get_unless_zero(&p->tty->refs))
		p = NULL;
	lock_release(&table_lock);
	if (!p)
		return -ENXIO;
	tty = p->tty;
	lock_acquire(&tty->lock);
	locked = p->locked;
	lock_release(&tty->lock);
	if (locked) {
		tty_put(tty);
		return -EIO;
	}
	err = tty_file_open(tty, file, true, false);
	if (err)
		return err;
	lock_acquire(&tty->lock);
	p->slave_opened = true;
	lock_release(&tty->lock);
	return 0;
}

/* ---- master ---- */

static bool slave_closed(const struct pty *p)
{
	return p->slave_opened && p->tty->opens == 0;
}

/* What a packet-mode master is told first: a status byte alone, or 0 before data. */
static bool read_header(struct pty *p, struct iobuf *b)
{
	uint8_t header = p->status;

	if (!p->packet)
		return false;
	p->status = 0;
	iob_put(b, &header, 1);
	return header != 0;
}

static void read_ring(struct pty *p, struct iobuf *b)
{
	while (p->tail != p->head && b->left > 0) {
		uint32_t at = RING_SLOT(p->tail);

		p->tail +=
			(uint32_t)iob_put(b, p->ring + at, MIN(p->head - p->tail, RING_SIZE - at));
	}
}

/* What the slave wrote. Sleeps while that is nothing. -EIO: the slave was open and nobody has it
 * now; -EAGAIN; -PLEAT_ERESTARTSYS. */
static ssize_t master_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct pty *p = file->priv;
	struct lock *lock = &p->tty->lock;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	if (b->left == 0)
		return 0;
	lock_acquire(lock);
	while (!err && p->head == p->tail && !p->status) {
		if (slave_closed(p))
			err = -EIO;
		else if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&p->readable, lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	if (!err && !read_header(p, b)) {
		read_ring(p, b);
		tty_writable_locked(p->tty);
	}
	lock_release(lock);
	return err ? err : (ssize_t)(b->done - before);
}

/* One piece of what is typed. Returns 0 to go on, or -errno. */
static int master_write_turn(struct pty *p, struct file *file, struct iobuf *b)
{
	struct tty *tty = p->tty;
	struct tty_signals signals = {0};
	uint8_t text[256];
	size_t n;
	int err = 0;

	lock_acquire(&tty->lock);
	n = MIN(ldisc_room(tty), sizeof(text));
	if (n > 0) {
		n = iob_get(b, text, n);
		tty_input_locked(tty, text, n, &signals);
	} else {
		/* So that the reader of the slave says when there is room. */
		tty->ldisc->throttled = true;
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&p->writable, &tty->lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	lock_release(&tty->lock);
	tty_signals_send(tty, &signals);
	return err;
}

static ssize_t master_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct pty *p = file->priv;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	while (!err && b->left > 0)
		err = master_write_turn(p, file, b);
	return b->done > before || !err ? (ssize_t)(b->done - before) : err;
}

static uint32_t master_poll(struct file *file, struct poll_table *pt)
{
	struct pty *p = file->priv;
	uint32_t bits = 0;

	lock_acquire(&p->tty->lock);
	poll_join(pt, &p->readable, &p->tty->lock);
	poll_join(pt, &p->writable, &p->tty->lock);
	if (p->head != p->tail || p->status)
		bits |= POLLIN | POLLRDNORM;
	if (p->status)
		bits |= POLLPRI;
	if (slave_closed(p))
		bits |= POLLHUP;
	if (ldisc_room(p->tty) > 0)
		bits |= POLLOUT | POLLWRNORM;
	else
		p->tty->ldisc->throttled = true; /* as in master_write_turn() */
	lock_release(&p->tty->lock);
	return bits;
}

/* ---- master's ioctls ---- */

static int get_int(struct pty *p, uint32_t cmd, uaddr_t arg)
{
	int32_t value;

	lock_acquire(&p->tty->lock);
	switch (cmd) {
	case TIOCGPTN:
		value = (int32_t)p->tty->number;
		break;
	case TIOCGPTLCK:
		value = p->locked;
		break;
	case TIOCGPKT:
		value = p->packet;
		break;
	default: /* FIONREAD */
		value = (int32_t)(p->head - p->tail);
	}
	lock_release(&p->tty->lock);
	return copyout(arg, &value, sizeof(value));
}

static int set_int(struct pty *p, uint32_t cmd, uaddr_t arg)
{
	int32_t value;
	int err = copyin(&value, arg, sizeof(value));

	if (err)
		return err;
	lock_acquire(&p->tty->lock);
	if (cmd == TIOCSPTLCK)
		p->locked = value != 0;
	else {
		p->packet = value != 0;
		p->status = 0;
	}
	lock_release(&p->tty->lock);
	return 0;
}

/* TIOCSIG: a signal for the slave's foreground group, as if its key had been typed. */
static int send_signal(struct pty *p, uint32_t signo)
{
	uint32_t pgrp;

	if (signo < 1 || signo >= SIG_COUNT)
		return -EINVAL;
	lock_acquire(&p->tty->lock);
	pgrp = p->tty->pgrp;
	lock_release(&p->tty->lock);
	if (pgrp)
		signal_send_pgrp(pgrp, (int)signo, NULL);
	return 0;
}

static void node_name(uint32_t number, char *buf, size_t size, const char *dir)
{
	kformat(buf, size, "%spts/%u", dir, number);
}

/* TIOCGPTPEER: a descriptor of the slave. */
static int open_peer(struct pty *p, uint32_t flags)
{
	char name[24];
	struct file *file;
	int fd, err;

	if (flags & ~(uint32_t)(O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	fd = fd_reserve(0, flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	node_name(p->tty->number, name, sizeof(name), "/dev/");
	err = file_open(name, flags & ~(uint32_t)O_CLOEXEC, &file);
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

/* tcflush() on the master: input is what it would read, output what the slave would. */
static int flush_master(struct pty *p, uint32_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH) {
		lock_acquire(&p->tty->lock);
		p->tail = p->head;
		tty_writable_locked(p->tty);
		lock_release(&p->tty->lock);
	}
	if (which != TCIFLUSH) {
		lock_acquire(&p->tty->lock);
		ldisc_flush_input(p->tty);
		(void)ldisc_unthrottle(p->tty);
		waitq_wake_key(&p->writable, POLLOUT | POLLWRNORM);
		lock_release(&p->tty->lock);
	}
	return 0;
}

static int master_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct pty *p = file->priv;

	switch (cmd) {
	case TIOCGPTN:
	case TIOCGPTLCK:
	case TIOCGPKT:
	case FIONREAD:
		return get_int(p, cmd, arg);
	case TIOCSPTLCK:
	case TIOCPKT:
		return set_int(p, cmd, arg);
	case TIOCSIG:
		return send_signal(p, arg);
	case TIOCGPTPEER:
		return open_peer(p, arg);
	case TCFLSH:
		return flush_master(p, arg);
	default:
		return tty_ioctl_master(p->tty, file, cmd, arg);
	}
}

/* The master is closed: the slave hangs up and can be opened no more. */
static void master_release(struct file *file)
{
	struct pty *p = file->priv;
	struct tty *tty = p->tty;
	char name[24];

	node_name(tty->number, name, sizeof(name), "");
	devfs_remove_node(name);
	tty_hangup(tty, true);
	tty_put(tty);
}

static const struct file_ops master_ops = {
	.release = master_release,
	.read = master_read,
	.write = master_write,
	.ioctl = master_ioctl,
	.poll = master_poll,
	.stream = true,
};

/* ---- /dev/ptmx ---- */

/* Claim the lowest free number. -ENOSPC: none. */
static int take_number(struct pty *p)
{
	int number = -ENOSPC;

	lock_acquire(&table_lock);
	for (int i = 0; i < PTY_COUNT && number < 0; i++) {
		if (!table[i]) {
			p->tty->number = (uint32_t)i;
			p->tty->dev = MKDEV(DEV_MAJOR_PTS, i);
			table[i] = p;
			number = i;
		}
	}
	lock_release(&table_lock);
	return number;
}

/* -ENOSPC: all pairs are in use. -ENOMEM. */
static int ptmx_open(struct inode *inode, struct file *file)
{
	struct pty *p = kzalloc(sizeof(*p));
	char name[24];
	int number, err;

	(void)inode;
	if (!p)
		return -ENOMEM;
	p->tty = tty_new(&pts_driver, 0, 0);
	if (!p->tty) {
		kfree(p);
		return -ENOMEM;
	}
	/* The size is the master's to tell. */
	p->tty->winsize = (struct abi_winsize){0};
	waitq_init(&p->readable);
	waitq_init(&p->writable);
	p->locked = true;
	number = take_number(p);
	if (number < 0) {
		tty_put(p->tty); /* without priv: no number to give back */
		kfree(p);
		return number;
	}
	p->tty->priv = p;
	node_name((uint32_t)number, name, sizeof(name), "");
	err = devfs_add_node(name, 0620, p->tty->dev);
	if (err) {
		tty_put(p->tty);
		return err;
	}
	file->ops = &master_ops;
	file->priv = p;
	return 0;
}

const struct file_ops ptmx_file_ops = {.open = ptmx_open, .stream = true};

/*
 * console.c - consoles: terminals (or, in pipe mode, plain streams) whose other side is the page
 * or the host's standard streams, over a pair of byte rings in K.
 * Spec: abi/ring.h struct console_ring; EPIPE, end of file as for pipes.
 * Locks: the console's tty.lock guards the kernel's ends of both rings; table_lock (RANK_TTY,
 * never with a tty.lock) for making consoles; conctl_lock (RANK_WAITQ).
 *
 * The rings need no lock between kernel and host. Each side stores its index, then looks at the
 * other's, both sequentially consistent, so that one of them sees what the other did:
 *   kernel: store out_head; load out_tail      host: store out_tail; load out_head
 * If the kernel still sees the old tail at its old head, the host had taken everything and may
 * sleep: it is told. Else the host is on its way and finds the new head by itself, because it
 * looks again after each step. For the input ring the two sides swap roles.
 */
#include "tty/ldisc.h"
#include "tty/vt.h"
#include "dev/dev.h"
#include "host/host.h"
#include "proc/proc.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"

#define SIZE ((uint32_t)CONSOLE_RING_SIZE)
#define RING_SLOT(i) ((i) & (SIZE - 1))
#define RING_PAGES (SIZE / PAGE_SIZE)

struct console {
	uint32_t number;	   /* [i] */
	struct tty *tty;	   /* [i] its reference is never given back */
	struct console_ring *ring; /* [i] shared with the host */
	uint8_t *in, *out;	   /* [i] */
	bool raw;		   /* [tty.lock] a stream, no line discipline */
	bool ended;		   /* [tty.lock] no more input will come */
	bool reader_gone;	   /* [tty.lock] nobody takes the stream's output */
	uint32_t writers;	   /* [tty.lock] open files that may write to the stream */
	uint32_t told_hangups;	   /* [tty.lock] sessions' ends that the page knows of */
};

static struct lock table_lock = LOCK_INIT(RANK_TTY);
static struct console *consoles[CONSOLE_COUNT + 1]; /* [a] to read, [table_lock] to write */

static struct lock conctl_lock = LOCK_INIT(RANK_WAITQ);
static struct waitq conctl_changed = WAITQ_INIT(conctl_changed);
static uint32_t conctl_opened; /* [conctl_lock] bit n: console n waits for a session */

static struct console *console_find(uint32_t n)
{
	return n >= 1 && n <= CONSOLE_COUNT ? atomic_load(&consoles[n]) : NULL;
}

/* ---- rings ---- */

/* Bytes that the host has given and nobody has taken. A wrong head is the host's fault: at most a
 * ring full. */
static uint32_t in_waiting(const struct console *c)
{
	return MIN(atomic_load(&c->ring->in_head) - c->ring->in_tail, SIZE);
}

/* n bytes of input are done with. */
static void in_advance(struct console *c, uint32_t n)
{
	uint32_t tail = c->ring->in_tail;

	atomic_store(&c->ring->in_tail, tail + n);
	/* The ring was full: the host may hold more and waits to be told. */
	if (n > 0 && atomic_load(&c->ring->in_head) - tail == SIZE)
		HOST_REQUEST(OP_CONSOLE_ROOM, c->number);
}

static uint32_t out_room(const struct console *c)
{
	return SIZE - MIN(c->ring->out_head - atomic_load(&c->ring->out_tail), SIZE);
}

/* Room for output, or a promise of the host to say when there is some. */
static uint32_t out_room_or_ask(struct console *c)
{
	uint32_t room = out_room(c);

	if (room > 0)
		return room;
	atomic_store(&c->ring->out_full, 1u);
	room = out_room(c);
	if (room > 0)
		atomic_store(&c->ring->out_full, 0u);
	return room;
}

/* n bytes lie behind out_head: they are the host's now. */
static void out_advance(struct console *c, uint32_t n)
{
	uint32_t head = c->ring->out_head;

	atomic_store(&c->ring->out_head, head + n);
	if (atomic_load(&c->ring->out_tail) == head)
		HOST_REQUEST(OP_CONSOLE_OUTPUT, c->number);
}

/* ---- terminal driver ---- */

static size_t console_put(struct tty *tty, const uint8_t *s, size_t n)
{
	struct console *c = tty->priv;
	size_t done = 0;

	while (done < n) {
		uint32_t room = out_room_or_ask(c), at = RING_SLOT(c->ring->out_head);
		uint32_t run = (uint32_t)MIN((size_t)MIN(room, SIZE - at), n - done);

		if (room == 0)
			break;
		memcpy(c->out + at, s + done, run);
		done += run;
		out_advance(c, run);
	}
	return done;
}

static size_t console_pending(struct tty *tty)
{
	struct console *c = tty->priv;

	return SIZE - out_room(c);
}

/* Move what the host gave into the line discipline, as far as it has room. */
static void console_pull(struct tty *tty)
{
	struct console *c = tty->priv;
	struct tty_signals signals = {0};
	uint32_t waiting, taken = 1;

	lock_acquire(&tty->lock);
	if (c->raw && in_waiting(c) > 0)
		waitq_wake_key(&tty->readable, POLLIN | POLLRDNORM);
	while (!c->raw && taken > 0 && (waiting = in_waiting(c)) > 0) {
		uint32_t at = RING_SLOT(c->ring->in_tail);
		uint32_t run = MIN(waiting, SIZE - at);

		taken = (uint32_t)tty_input_locked(tty, c->in + at, run, &signals);
		in_advance(c, taken);
	}
	/* This loop has brought what was held back; signals.room would only call it again. */
	signals.room = false;
	lock_release(&tty->lock);
	tty_signals_send(tty, &signals);
}

/* The last open file is closed: if a session has ended on it, the page may close the terminal. */
static void console_last_close(struct tty *tty)
{
	struct console *c = tty->priv;
	bool ended;

	lock_acquire(&tty->lock);
	ended = c->told_hangups != tty->hangups;
	c->told_hangups = tty->hangups;
	lock_release(&tty->lock);
	vt_reset(c->number);
	if (ended)
		HOST_REQUEST(OP_CONSOLE_CLOSED, c->number);
}

static const struct tty_driver console_driver = {
	.name = "tty",
	.put = console_put,
	.pending = console_pending,
	.input_room = console_pull,
	.ioctl = vt_ioctl,
	.closed = console_last_close,
	.revoke_at_session_end = true,
};

/* ---- life ---- */

static void console_free(struct console *c)
{
	if (c->in)
		pages_free(c->in, RING_PAGES);
	if (c->out)
		pages_free(c->out, RING_PAGES);
	if (c->tty)
		tty_put(c->tty);
	kfree(c);
}

static struct console *console_new(uint32_t n)
{
	struct console *c = kzalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->number = n;
	c->ring = &host_area_ptr()->consoles[n];
	c->in = pages_alloc(RING_PAGES);
	c->out = pages_alloc(RING_PAGES);
	c->tty = tty_new(&console_driver, n, MKDEV(DEV_MAJOR_TTY, n));
	if (!c->in || !c->out || !c->tty) {
		console_free(c);
		return NULL;
	}
	c->tty->priv = c;
	return c;
}

/* Console n, made at first use. NULL: no memory, or no such number. */
static struct console *console_get(uint32_t n)
{
	struct console *c = console_find(n), *fresh;

	if (c || n < 1 || n > CONSOLE_COUNT)
		return c;
	fresh = console_new(n);
	if (!fresh)
		return NULL;
	lock_acquire(&table_lock);
	c = consoles[n];
	if (!c) {
		c = fresh;
		c->ring->in_data = (uint32_t)(uintptr_t)c->in;
		c->ring->out_data = (uint32_t)(uintptr_t)c->out;
		atomic_store(&c->ring->in_use, 1u);
		atomic_store(&consoles[n], c);
	}
	lock_release(&table_lock);
	if (c != fresh)
		console_free(fresh);
	return c;
}

void console_init(void)
{
	if (!console_get(1))
		panic("console: no memory for the first terminal");
}

struct tty *console_tty(uint32_t n)
{
	struct console *c = console_find(n);

	return c ? c->tty : NULL;
}

uint32_t consoles_open(void)
{
	uint32_t mask = 0;

	for (uint32_t n = 1; n <= CONSOLE_COUNT; n++) {
		struct console *c = console_find(n);

		if (!c)
			continue;
		lock_acquire(&c->tty->lock);
		if (c->tty->opens > 0)
			mask |= 1u << n;
		lock_release(&c->tty->lock);
	}
	return mask;
}

void console_set_raw_stream(uint32_t n)
{
	struct console *c = console_get(n);

	if (!c)
		panic("console: no memory for stream %u", n);
	lock_acquire(&c->tty->lock);
	c->raw = true;
	lock_release(&c->tty->lock);
}

uint8_t *console_ring_data(uint32_t n, bool output)
{
	struct console *c = console_find(n);

	KASSERT(c);
	return output ? c->out : c->in;
}

/* ---- what the host says ---- */

void console_input_ready(uint32_t n)
{
	struct console *c = console_find(n);

	if (c)
		console_pull(c->tty);
}

void console_output_drained(uint32_t n)
{
	struct console *c = console_find(n);

	if (!c)
		return;
	lock_acquire(&c->tty->lock);
	tty_writable_locked(c->tty);
	waitq_wake_key(&c->tty->writable, POLLOUT | POLLWRNORM);
	lock_release(&c->tty->lock);
}

void console_input_eof(uint32_t n)
{
	/* It may come before anybody opened the console: it must not be lost. */
	struct console *c = console_get(n);
	uint8_t eof;
	bool raw;

	if (!c)
		return;
	console_pull(c->tty);
	lock_acquire(&c->tty->lock);
	c->ended = true;
	raw = c->raw;
	eof = c->tty->termios.c_cc[VEOF];
	waitq_wake_key(&c->tty->readable, POLLIN | POLLHUP);
	lock_release(&c->tty->lock);
	/* For a terminal the key is what says so. */
	if (!raw)
		tty_input(c->tty, &eof, 1);
}

void console_resized(uint32_t n, uint32_t cols, uint32_t rows)
{
	struct console *c = console_find(n);
	struct abi_winsize ws = {
		.row = (uint16_t)MIN(rows, 0xffffu), .col = (uint16_t)MIN(cols, 0xffffu)};

	if (c)
		tty_resize(c->tty, &ws);
}

void console_opened(uint32_t n)
{
	if (!console_get(n)) {
		klog(KLOG_WARN, "console: terminal %u cannot be opened", n);
		HOST_REQUEST(OP_CONSOLE_CLOSED, n);
		return;
	}
	/* What was typed before the rings were there waits at the host. */
	HOST_REQUEST(OP_CONSOLE_ROOM, n);
	lock_acquire(&conctl_lock);
	conctl_opened |= 1u << n;
	waitq_wake_key(&conctl_changed, POLLIN | POLLRDNORM);
	lock_release(&conctl_lock);
}

void console_closed(uint32_t n)
{
	struct console *c = console_find(n);
	bool raw;

	if (!c)
		return;
	lock_acquire(&conctl_lock);
	conctl_opened &= ~(1u << n);
	lock_release(&conctl_lock);
	lock_acquire(&c->tty->lock);
	raw = c->raw;
	if (raw) {
		c->ended = c->reader_gone = true;
		waitq_wake_key(&c->tty->readable, POLLIN | POLLHUP);
		waitq_wake_key(&c->tty->writable, POLLOUT | POLLERR);
	}
	lock_release(&c->tty->lock);
	if (!raw)
		tty_hangup(c->tty, false);
}

/* ---- plain streams ---- */

/* Sleeps while there is no input. 0: the end; -EAGAIN, -PLEAT_ERESTARTSYS. */
static ssize_t stream_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct console *c = file->priv;
	struct lock *lock = &c->tty->lock;
	size_t before = b->done;
	uint32_t waiting;
	int err = 0;

	(void)pos;
	if (b->left == 0)
		return 0;
	lock_acquire(lock);
	while (!err && in_waiting(c) == 0 && !c->ended) {
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&c->tty->readable, lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	while (!err && b->left > 0 && (waiting = in_waiting(c)) > 0) {
		uint32_t at = RING_SLOT(c->ring->in_tail);

		in_advance(c, (uint32_t)iob_put(b, c->in + at, MIN(waiting, SIZE - at)));
	}
	lock_release(lock);
	return err ? err : (ssize_t)(b->done - before);
}

/* Move what fits. */
static void stream_fill(struct console *c, struct iobuf *b)
{
	uint32_t room;

	while (b->left > 0 && (room = out_room_or_ask(c)) > 0) {
		uint32_t at = RING_SLOT(c->ring->out_head);

		out_advance(c, (uint32_t)iob_get(b, c->out + at, MIN(room, SIZE - at)));
	}
}

/* Sleeps while the host is slow. -EPIPE and SIGPIPE: nobody reads; -EAGAIN, -PLEAT_ERESTARTSYS. */
static ssize_t stream_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct console *c = file->priv;
	struct lock *lock = &c->tty->lock;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	lock_acquire(lock);
	while (!err && b->left > 0) {
		if (c->reader_gone) {
			err = -EPIPE;
			break;
		}
		stream_fill(c, b);
		if (b->left == 0)
			break;
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&c->tty->writable, lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	lock_release(lock);
	if (err == -EPIPE)
		signal_send_thread(thread_self(), SIGPIPE, NULL);
	return b->done > before || !err ? (ssize_t)(b->done - before) : err;
}

static uint32_t stream_poll(struct file *file, struct poll_table *pt)
{
	struct console *c = file->priv;
	uint32_t bits = 0;

	lock_acquire(&c->tty->lock);
	if (file_readable(file)) {
		poll_join(pt, &c->tty->readable, &c->tty->lock);
		if (in_waiting(c) > 0)
			bits |= POLLIN | POLLRDNORM;
		if (c->ended)
			bits |= POLLHUP;
	}
	if (file_writable(file)) {
		poll_join(pt, &c->tty->writable, &c->tty->lock);
		if (c->reader_gone)
			bits |= POLLERR;
		else if (out_room_or_ask(c) > 0)
			bits |= POLLOUT | POLLWRNORM;
	}
	lock_release(&c->tty->lock);
	return bits;
}

static int stream_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct console *c = file->priv;
	uint32_t n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	lock_acquire(&c->tty->lock);
	n = in_waiting(c);
	lock_release(&c->tty->lock);
	return copyout(arg, &n, sizeof(n));
}

static void stream_release(struct file *file)
{
	struct console *c = file->priv;
	bool last;

	if (!file_writable(file))
		return;
	lock_acquire(&c->tty->lock);
	last = --c->writers == 0;
	lock_release(&c->tty->lock);
	/* Whoever reads the other end sees its end, while the machine may run on. */
	if (last)
		HOST_REQUEST(OP_CONSOLE_EOF, c->number);
}

static const struct file_ops stream_ops = {
	.release = stream_release,
	.read = stream_read,
	.write = stream_write,
	.ioctl = stream_ioctl,
	.poll = stream_poll,
	.stream = true,
};

static void stream_open(struct console *c, struct file *file)
{
	lock_acquire(&c->tty->lock);
	c->writers += file_writable(file);
	lock_release(&c->tty->lock);
	file->ops = &stream_ops;
	file->priv = c;
}

/* ---- opens ---- */

/* -ENXIO: no such console; -ENOMEM; else as tty_file_open(). */
int console_open(uint32_t number, struct file *file, bool survives)
{
	struct console *c;
	bool raw;

	if (number < 1 || number > CONSOLE_COUNT)
		return -ENXIO;
	c = console_get(number);
	if (!c)
		return -ENOMEM;
	lock_acquire(&c->tty->lock);
	raw = c->raw;
	lock_release(&c->tty->lock);
	if (raw) {
		stream_open(c, file);
		return 0;
	}
	tty_get(c->tty);
	return tty_file_open(c->tty, file, !survives, survives);
}

/* -EACCES: the wrong direction; -ENXIO: the boot console is a terminal. */
static int host_stream_open(struct inode *inode, struct file *file)
{
	uint32_t minor = MINOR(inode->rdev);
	struct console *c = console_find(minor == DEV_MINOR_HOSTERR ? 2 : 1);
	bool raw;

	if (!c)
		return -ENXIO;
	lock_acquire(&c->tty->lock);
	raw = c->raw;
	lock_release(&c->tty->lock);
	if (!raw)
		return -ENXIO;
	if (minor == DEV_MINOR_HOSTIN ? file_writable(file) : file_readable(file))
		return -EACCES;
	stream_open(c, file);
	return 0;
}

const struct file_ops host_stream_file_ops = {.open = host_stream_open, .stream = true};

/* ---- /dev/conctl ---- */

/*
 * One number of a terminal that was opened, as "3\n". Sleeps until there is one. -EINVAL: room for
 * fewer than 4 bytes; -EAGAIN, -PLEAT_ERESTARTSYS.
 */
static ssize_t conctl_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	char text[8];
	int len, err = 0;

	(void)pos;
	if (b->left < 4)
		return -EINVAL;
	lock_acquire(&conctl_lock);
	while (!err && !conctl_opened) {
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&conctl_changed, &conctl_lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	if (!err) {
		len = kformat(text, sizeof(text), "%d\n", __builtin_ctz(conctl_opened));
		conctl_opened &= conctl_opened - 1;
		iob_put(b, text, (size_t)len);
		err = len;
	}
	lock_release(&conctl_lock);
	return err;
}

static uint32_t conctl_poll(struct file *file, struct poll_table *pt)
{
	uint32_t bits;

	(void)file;
	lock_acquire(&conctl_lock);
	poll_join(pt, &conctl_changed, &conctl_lock);
	bits = conctl_opened ? POLLIN | POLLRDNORM : 0;
	lock_release(&conctl_lock);
	return bits;
}

const struct file_ops conctl_file_ops = {.read = conctl_read, .poll = conctl_poll, .stream = true};

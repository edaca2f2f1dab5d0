/*
 * vt.c - keyboard modes, graphics mode and the console in front.
 * Spec: ioctl_console(2), vt(4) of Linux.
 * Locks: vt_lock (RANK_DEVICE), inside tty.lock's rank: input goes to a terminal without it.
 * Sleepers queue on vt_changed.
 */
#include "tty/vt.h"
#include "dev/dev.h"
#include "lib/list.h"
#include "lib/waitq.h"
#include "proc/proc.h"
#include "tty/tty.h"

#define KDGETLED 0x4b31u
#define KDSETLED 0x4b32u
#define KDGKBTYPE 0x4b33u
#define KDSETMODE 0x4b3au
#define KDGETMODE 0x4b3bu
#define KDGKBMODE 0x4b44u
#define KDSKBMODE 0x4b45u
#define KDSKBMUTE 0x4b51u
#define KDGKBMETA 0x4b62u
#define KDSKBMETA 0x4b63u
#define KDGKBLED 0x4b64u
#define KDSKBLED 0x4b65u
#define VT_OPENQRY 0x5600u
#define VT_GETMODE 0x5601u
#define VT_SETMODE 0x5602u
#define VT_GETSTATE 0x5603u
#define VT_RELDISP 0x5605u
#define VT_ACTIVATE 0x5606u
#define VT_WAITACTIVE 0x5607u
#define VT_DISALLOCATE 0x5608u

#define KB_101 2
enum { KB_RAW, KB_XLATE, KB_MEDIUMRAW, KB_UNICODE, KB_OFF };
#define KD_GRAPHICS 1u
#define META_PREFIX 4u /* Alt sends Escape first */
#define VT_PROCESS 1

struct abi_vt_mode {
	int8_t mode, waitv;
	int16_t relsig, acqsig, frsig;
};
_Static_assert(sizeof(struct abi_vt_mode) == 8, "struct vt_mode");

struct abi_vt_stat {
	uint16_t active, signal, state;
};

struct vt {
	uint32_t keyboard; /* KB_* */
	uint32_t graphics; /* KD_* */
	uint32_t meta, leds;
	bool muted;
	struct abi_vt_mode mode;
};

static struct lock vt_lock = LOCK_INIT(RANK_DEVICE);
static struct waitq vt_changed = WAITQ_INIT(vt_changed); /* [vt_lock] */
static struct vt vts[CONSOLE_COUNT + 1] = {		 /* [vt_lock] */
	[0 ... CONSOLE_COUNT] = {.keyboard = KB_UNICODE, .meta = META_PREFIX}};
static uint32_t front = 1; /* [vt_lock] */

/* ---- the keyboard ---- */

/* Scan codes of set 1 that differ from the key code. 0xe0 goes before each. */
static uint8_t extended_scancode(uint32_t code)
{
	static const uint8_t from96[] = {0x1c, 0x1d, 0x35, 0x37, 0x38, 0, 0x47, 0x48, 0x49, 0x4b,
		0x4d, 0x4f, 0x50, 0x51, 0x52, 0x53, 0, 0x20, 0x2e, 0x30};

	if (code >= 96 && code < 96 + ARRAY_LEN(from96))
		return from96[code - 96];
	return code >= 125 && code <= 127 ? (uint8_t)(0x5b + code - 125) : 0;
}

/* Bytes of a key in raw mode: what an AT keyboard's controller sends. */
static size_t raw_bytes(uint8_t *out, uint32_t code, bool up)
{
	uint8_t release = up ? 0x80 : 0, extended = extended_scancode(code);

	if (code == 119) { /* Pause */
		out[0] = 0xe1;
		out[1] = 0x1d | release;
		out[2] = 0x45 | release;
		return 3;
	}
	if (extended) {
		out[0] = 0xe0;
		out[1] = extended | release;
		return 2;
	}
	if (code == 0 || code > 88)
		return 0;
	out[0] = (uint8_t)code | release;
	return 1;
}

static size_t medium_raw_bytes(uint8_t *out, uint32_t code, bool up)
{
	uint8_t release = up ? 0x80 : 0;

	if (code < 128) {
		out[0] = (uint8_t)code | release;
		return 1;
	}
	out[0] = release;
	out[1] = (uint8_t)(code >> 7) | 0x80;
	out[2] = (uint8_t)code | 0x80;
	return 3;
}

static void type_on(uint32_t n, const uint8_t *s, size_t len)
{
	struct tty *tty = len > 0 ? console_tty(n) : NULL;

	if (tty)
		tty_input(tty, s, len);
}

void vt_key(uint32_t code, int32_t value)
{
	uint8_t bytes[3];
	size_t n = 0;
	uint32_t at;

	lock_acquire(&vt_lock);
	at = front;
	if (!vts[at].muted && vts[at].keyboard == KB_RAW)
		n = raw_bytes(bytes, code, value == 0);
	else if (!vts[at].muted && vts[at].keyboard == KB_MEDIUMRAW)
		n = medium_raw_bytes(bytes, code, value == 0);
	lock_release(&vt_lock);
	type_on(at, bytes, n);
}

void vt_text(const uint8_t *s, size_t n)
{
	bool wanted;
	uint32_t at;

	lock_acquire(&vt_lock);
	at = front;
	wanted = !vts[at].muted && (vts[at].keyboard == KB_UNICODE || vts[at].keyboard == KB_XLATE);
	lock_release(&vt_lock);
	if (wanted)
		type_on(at, s, n);
}

/* ---- the console in front ---- */

static int activate(uint32_t n)
{
	if (n < 1 || n > CONSOLE_COUNT)
		return -ENXIO;
	lock_acquire(&vt_lock);
	front = n;
	waitq_wake_all(&vt_changed);
	lock_release(&vt_lock);
	return 0;
}

void vt_use_self(void)
{
	struct tty *tty = session_tty_self();

	if (!tty)
		return;
	if (MAJOR(tty->dev) == DEV_MAJOR_TTY)
		(void)!activate(tty->number);
	tty_put(tty);
}

static int wait_active(uint32_t n)
{
	int err = 0;

	if (n < 1 || n > CONSOLE_COUNT)
		return -ENXIO;
	lock_acquire(&vt_lock);
	while (!err && front != n)
		err = waitq_sleep(&vt_changed, &vt_lock, WAIT_FOREVER, WAIT_INTR);
	lock_release(&vt_lock);
	return err ? -PLEAT_ERESTARTSYS : 0;
}

void vt_reset(uint32_t n)
{
	lock_acquire(&vt_lock);
	vts[n] = (struct vt){.keyboard = KB_UNICODE, .meta = META_PREFIX};
	lock_release(&vt_lock);
}

static int get_state(uaddr_t arg)
{
	struct abi_vt_stat s = {.state = (uint16_t)consoles_open()};

	lock_acquire(&vt_lock);
	s.active = (uint16_t)front;
	lock_release(&vt_lock);
	return copyout(arg, &s, sizeof(s));
}

/* The first console that nobody has open; -1: none. */
static int open_query(uaddr_t arg)
{
	uint32_t open = consoles_open();
	int32_t n = 1;

	while (n <= CONSOLE_COUNT && (open >> n & 1))
		n++;
	if (n > CONSOLE_COUNT)
		n = -1;
	return copyout(arg, &n, sizeof(n));
}

/* ---- ioctls ---- */

static int put_int(uaddr_t arg, uint32_t value)
{
	return copyout(arg, &value, sizeof(value));
}

static int put_byte(uaddr_t arg, uint32_t value)
{
	uint8_t byte = (uint8_t)value;

	return copyout(arg, &byte, 1);
}

static int set_mode(struct vt *v, uaddr_t arg)
{
	struct abi_vt_mode m;

	if (copyin(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.mode != 0 && m.mode != VT_PROCESS)
		return -EINVAL;
	lock_acquire(&vt_lock);
	v->mode = m;
	lock_release(&vt_lock);
	return 0;
}

/* What asks, about one console; now: a copy of its state. */
static int query(const struct vt *now, uint32_t cmd, uaddr_t arg)
{
	switch (cmd) {
	case KDGKBTYPE:
		return put_byte(arg, KB_101);
	case KDGETMODE:
		return put_int(arg, now->graphics);
	case KDGKBMODE:
		return put_int(arg, now->keyboard);
	case KDGKBMETA:
		return put_int(arg, now->meta);
	case KDGKBLED:
	case KDGETLED:
		return put_byte(arg, now->leds);
	case VT_GETMODE:
		return copyout(arg, &now->mode, sizeof(now->mode));
	case VT_GETSTATE:
		return get_state(arg);
	case VT_OPENQRY:
		return open_query(arg);
	default:
		return -ENOTTY;
	}
}

/* Largest argument of what sets one number; -1: another kind of command. */
static int limit_of(uint32_t cmd)
{
	switch (cmd) {
	case KDSETMODE:
		return 3; /* two old names of text mode */
	case KDSKBMODE:
		return KB_OFF;
	case KDSKBMETA:
		return META_PREFIX;
	case KDSKBLED:
	case KDSETLED:
		return 0x77;
	case KDSKBMUTE:
		return 1;
	default:
		return -1;
	}
}

static int set_number(struct vt *v, uint32_t cmd, uint32_t arg)
{
	lock_acquire(&vt_lock);
	switch (cmd) {
	case KDSETMODE:
		v->graphics = arg == KD_GRAPHICS;
		break;
	case KDSKBMODE:
		v->keyboard = arg;
		break;
	case KDSKBMETA:
		v->meta = arg;
		break;
	case KDSKBMUTE:
		v->muted = arg != 0;
		break;
	default:
		v->leds = arg;
	}
	lock_release(&vt_lock);
	return 0;
}

static int change(struct vt *v, const struct vt *now, uint32_t number, uint32_t cmd, uint32_t arg)
{
	int limit = limit_of(cmd);

	if (limit >= 0) {
		if (arg > (uint32_t)limit)
			return -EINVAL;
		(void)!activate(number); /* who sets the keyboard's mode means to use it */
		return set_number(v, cmd, arg);
	}
	switch (cmd) {
	case VT_SETMODE:
		return set_mode(v, arg);
	case VT_RELDISP:
		return now->mode.mode == VT_PROCESS ? 0 : -EINVAL;
	case VT_ACTIVATE:
		return activate(arg);
	case VT_WAITACTIVE:
		return wait_active(arg);
	case VT_DISALLOCATE:
		return arg > CONSOLE_COUNT ? -ENXIO : 0;
	default:
		return -ENOTTY;
	}
}

static bool is_own(struct tty *tty)
{
	struct tty *own = session_tty_self();

	if (own)
		tty_put(own);
	return own == tty || cred_is_root(cred_self());
}

int vt_ioctl(struct tty *tty, uint32_t cmd, uint32_t arg)
{
	struct vt *v = &vts[tty->number], now;
	int err;

	lock_acquire(&vt_lock);
	now = *v;
	lock_release(&vt_lock);
	err = query(&now, cmd, arg);
	if (err != -ENOTTY)
		return err;
	if (limit_of(cmd) < 0 && (cmd < VT_SETMODE || cmd > VT_DISALLOCATE))
		return -ENOTTY;
	return is_own(tty) ? change(v, &now, tty->number, cmd, arg) : -EPERM;
}

/*
 * vt.h - virtual terminals as programs on a Linux console know them: the keyboard's modes, graphics
 * mode, which console is in front. The page shows all consoles side by side, so being in front only
 * says to whom the keyboard of a screen types.
 */
#ifndef TTY_VT_H
#define TTY_VT_H

#include "lib/types.h"

struct tty;

/* Event thread: a key of the keyboard device goes down (1), up (0) or repeats (2). */
void vt_key(uint32_t code, int32_t value);
/* Event thread: what that key types, unless the console wants codes. */
void vt_text(const uint8_t *s, size_t n);
/* ioctl of a console: KD* and VT_*. -ENOTTY: not one of them; -EPERM: neither the caller's terminal
 * nor root; -EINVAL, -EFAULT, -ENXIO, -PLEAT_ERESTARTSYS. */
int vt_ioctl(struct tty *tty, uint32_t cmd, uint32_t arg);
/* The last open file of console n is closed. */
void vt_reset(uint32_t n);
/* The caller opened a screen: its console comes to the front. */
void vt_use_self(void);

#endif

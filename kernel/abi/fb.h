/* fb.h - the frame buffer device: ioctls and structures of linux/fb.h for a 32-bit machine. */
#ifndef ABI_FB_H
#define ABI_FB_H

#include <stdint.h>

#define FBIOGET_VSCREENINFO 0x4600u
#define FBIOPUT_VSCREENINFO 0x4601u
#define FBIOGET_FSCREENINFO 0x4602u
#define FBIOGETCMAP 0x4604u
#define FBIOPUTCMAP 0x4605u
#define FBIOPAN_DISPLAY 0x4606u
#define FBIOBLANK 0x4611u
#define FBIOGET_VBLANK 0x80204612u
#define FBIO_WAITFORVSYNC 0x40044620u

struct abi_fb_bitfield {
	uint32_t offset, length, msb_right;
};

struct abi_fb_var {
	uint32_t xres, yres, xres_virtual, yres_virtual, xoffset, yoffset;
	uint32_t bits_per_pixel, grayscale;
	struct abi_fb_bitfield red, green, blue, transp;
	uint32_t nonstd, activate, height, width, accel_flags;
	uint32_t pixclock, left_margin, right_margin, upper_margin, lower_margin;
	uint32_t hsync_len, vsync_len, sync, vmode, rotate, colorspace, reserved[4];
};
_Static_assert(sizeof(struct abi_fb_var) == 160, "struct fb_var_screeninfo");

#define FB_ACTIVATE_MASK 15u
#define FB_ACTIVATE_TEST 2u

struct abi_fb_fix {
	char id[16];
	uint32_t smem_start, smem_len, type, type_aux, visual;
	uint16_t xpanstep, ypanstep, ywrapstep;
	uint32_t line_length, mmio_start, mmio_len, accel;
	uint16_t capabilities, reserved[2];
};
_Static_assert(sizeof(struct abi_fb_fix) == 68, "struct fb_fix_screeninfo");

#define FB_VISUAL_TRUECOLOR 2u

struct abi_fb_cmap {
	uint32_t start, len;
	uint32_t red, green, blue, transp; /* addresses of len uint16_t each; transp may be 0 */
};
_Static_assert(sizeof(struct abi_fb_cmap) == 24, "struct fb_cmap");

struct abi_fb_vblank {
	uint32_t flags, count, vcount, hcount, reserved[4];
};
_Static_assert(sizeof(struct abi_fb_vblank) == 32, "struct fb_vblank");

#define FB_VBLANK_HAVE_COUNT 0x40u
#define FB_BLANK_POWERDOWN 4u

#endif

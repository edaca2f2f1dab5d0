/*
 * SDL_fbcon.c - SDL's video driver for a Linux frame buffer, with input by SDL's own evdev code.
 *
 * One window, which is the whole screen: the frame buffer takes the window's size. SDL draws into
 * memory of its own (partial updates build on what was there); an update copies that to the page of
 * the frame buffer that is not shown, and shows it.
 *
 * SDL_FBDEV names the device; else it is /dev/fb0. SDL_EVDEV_DEVICES names input devices, as ever.
 */
#include "../SDL_internal.h"

#ifdef SDL_VIDEO_DRIVER_FBCON

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../core/linux/SDL_evdev.h"
#include "../events/SDL_keyboard_c.h"
#include "../events/SDL_mouse_c.h"
#include "SDL_sysvideo.h"

/* Keyboard, mouse, touch screen: device classes of SDL_EVDEV_DEVICES. */
#define INPUT_DEVICES "2:/dev/input/event0,1:/dev/input/event1,16:/dev/input/event2"
#define DRIVER_DATA ((struct fbcon *)_this->driverdata)

struct fbcon {
	int fd;
	struct fb_fix_screeninfo fix;
	struct fb_var_screeninfo var;
	Uint8 *memory; /* all of the frame buffer */
	SDL_Surface *surface;
	int page; /* the one that is drawn to next */
};

static const struct {
	int w, h;
} modes[] = {{320, 200}, {320, 240}, {640, 400}, {640, 480}, {800, 600}, {1024, 768}, {1280, 720},
	{1280, 800}, {1600, 900}, {1920, 1080}};

static int FBCON_Error(const char *what)
{
	return SDL_SetError("%s: %s", what, strerror(errno));
}

/* Make the screen w by h, with two pages below each other. */
static int FBCON_Resize(struct fbcon *fb, int w, int h)
{
	struct fb_var_screeninfo var = fb->var;

	if (var.xres == (Uint32)w && var.yres == (Uint32)h && var.bits_per_pixel == 32 &&
		var.yres_virtual >= 2 * var.yres)
		return 0;
	var.xres = var.xres_virtual = (Uint32)w;
	var.yres = (Uint32)h;
	var.yres_virtual = 2 * (Uint32)h;
	var.xoffset = var.yoffset = 0;
	var.bits_per_pixel = 32;
	if (ioctl(fb->fd, FBIOPUT_VSCREENINFO, &var) < 0)
		return FBCON_Error("the screen does not take this size");
	if (ioctl(fb->fd, FBIOGET_VSCREENINFO, &fb->var) < 0 ||
		ioctl(fb->fd, FBIOGET_FSCREENINFO, &fb->fix) < 0)
		return FBCON_Error("the frame buffer's mode");
	fb->page = 1;
	return 0;
}

static void FBCON_Close(struct fbcon *fb)
{
	if (fb->memory)
		munmap(fb->memory, fb->fix.smem_len);
	if (fb->fd >= 0)
		close(fb->fd);
	fb->memory = NULL;
	fb->fd = -1;
}

static int FBCON_Open(struct fbcon *fb)
{
	const char *name = SDL_getenv("SDL_FBDEV");

	fb->fd = open(name ? name : "/dev/fb0", O_RDWR | O_CLOEXEC);
	if (fb->fd < 0)
		return FBCON_Error(name ? name : "/dev/fb0");
	if (ioctl(fb->fd, FBIOGET_VSCREENINFO, &fb->var) < 0 ||
		ioctl(fb->fd, FBIOGET_FSCREENINFO, &fb->fix) < 0)
		return FBCON_Error("the frame buffer's mode");
	fb->memory = mmap(NULL, fb->fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fb->fd, 0);
	if (fb->memory == MAP_FAILED) {
		fb->memory = NULL;
		return FBCON_Error("the frame buffer's memory");
	}
	return 0;
}

/* ---- displays ---- */

static SDL_DisplayMode FBCON_Mode(int w, int h)
{
	SDL_DisplayMode mode;

	SDL_zero(mode);
	mode.format = SDL_PIXELFORMAT_RGB888;
	mode.w = w;
	mode.h = h;
	mode.refresh_rate = 60;
	return mode;
}

/*
 * The mouse reports movements and nothing else, so relative mode takes no work; but SDL wants to be
 * told, or it stops the pointer, and a player's turn, at the edges of the screen.
 */
static int FBCON_SetRelativeMouseMode(SDL_bool enabled)
{
	(void)enabled;
	return 0;
}

static int FBCON_VideoInit(_THIS)
{
	struct fbcon *fb = DRIVER_DATA;
	SDL_DisplayMode mode;

	if (FBCON_Open(fb) < 0) {
		FBCON_Close(fb);
		return -1;
	}
	mode = FBCON_Mode((int)fb->var.xres, (int)fb->var.yres);
	if (SDL_AddBasicVideoDisplay(&mode) < 0)
		return -1;
	SDL_AddDisplayMode(&_this->displays[0], &mode);
	for (size_t i = 0; i < SDL_arraysize(modes); i++) {
		mode = FBCON_Mode(modes[i].w, modes[i].h);
		SDL_AddDisplayMode(&_this->displays[0], &mode);
	}
	SDL_setenv("SDL_EVDEV_DEVICES", INPUT_DEVICES, 0);
	SDL_GetMouse()->SetRelativeMouseMode = FBCON_SetRelativeMouseMode;
	SDL_EVDEV_Init();
	return 0;
}

static void FBCON_VideoQuit(_THIS)
{
	SDL_EVDEV_Quit();
	FBCON_Close(DRIVER_DATA);
}

static int FBCON_SetDisplayMode(_THIS, SDL_VideoDisplay *display, SDL_DisplayMode *mode)
{
	(void)display;
	return FBCON_Resize(DRIVER_DATA, mode->w, mode->h);
}

static void FBCON_PumpEvents(_THIS)
{
	(void)_this;
	SDL_EVDEV_Poll();
}

/* ---- the window ---- */

static int FBCON_CreateWindow(_THIS, SDL_Window *window)
{
	(void)_this;
	window->x = window->y = 0;
	SDL_SetMouseFocus(window);
	SDL_SetKeyboardFocus(window);
	return 0;
}

static void FBCON_DestroyWindow(_THIS, SDL_Window *window)
{
	(void)_this;
	if (SDL_GetKeyboardFocus() == window)
		SDL_SetKeyboardFocus(NULL);
	if (SDL_GetMouseFocus() == window)
		SDL_SetMouseFocus(NULL);
}

static void FBCON_SetWindowPosition(_THIS, SDL_Window *window)
{
	(void)_this;
	window->x = window->y = 0;
}

static void FBCON_SetWindowSize(_THIS, SDL_Window *window)
{
	(void)_this;
	(void)window; /* the frame buffer follows when the next surface is made */
}

static void FBCON_DestroyWindowFramebuffer(_THIS, SDL_Window *window)
{
	struct fbcon *fb = DRIVER_DATA;

	(void)window;
	SDL_FreeSurface(fb->surface);
	fb->surface = NULL;
}

static int FBCON_CreateWindowFramebuffer(
	_THIS, SDL_Window *window, Uint32 *format, void **pixels, int *pitch)
{
	struct fbcon *fb = DRIVER_DATA;
	int w, h;

	FBCON_DestroyWindowFramebuffer(_this, window);
	SDL_GetWindowSizeInPixels(window, &w, &h);
	if (FBCON_Resize(fb, w, h) < 0)
		return -1;
	*format = fb->var.red.offset == 16 ? SDL_PIXELFORMAT_RGB888 : SDL_PIXELFORMAT_BGR888;
	fb->surface = SDL_CreateRGBSurfaceWithFormat(0, w, h, 32, *format);
	if (!fb->surface)
		return -1;
	*pixels = fb->surface->pixels;
	*pitch = fb->surface->pitch;
	return 0;
}

static int FBCON_UpdateWindowFramebuffer(
	_THIS, SDL_Window *window, const SDL_Rect *rects, int numrects)
{
	struct fbcon *fb = DRIVER_DATA;
	struct fb_var_screeninfo var = fb->var;
	const Uint8 *from;
	Uint8 *to;
	size_t bytes;

	(void)window;
	(void)rects; /* the other page is two frames old: all of it is copied */
	(void)numrects;
	if (!fb->surface)
		return SDL_SetError("the window has no surface");
	from = fb->surface->pixels;
	bytes = (size_t)fb->surface->w * 4;
	var.yoffset = (Uint32)fb->page * var.yres;
	to = fb->memory + var.yoffset * fb->fix.line_length;
	for (int y = 0; y < fb->surface->h; y++) {
		SDL_memcpy(to, from, bytes);
		to += fb->fix.line_length;
		from += fb->surface->pitch;
	}
	if (ioctl(fb->fd, FBIOPAN_DISPLAY, &var) < 0)
		return FBCON_Error("FBIOPAN_DISPLAY");
	fb->page = !fb->page;
	return 0;
}

/* ---- the driver ---- */

static void FBCON_DeleteDevice(SDL_VideoDevice *device)
{
	SDL_free(device->driverdata);
	SDL_free(device);
}

static SDL_VideoDevice *FBCON_CreateDevice(void)
{
	const char *name = SDL_getenv("SDL_FBDEV");
	SDL_VideoDevice *device;
	struct fbcon *fb;

	if (access(name ? name : "/dev/fb0", R_OK | W_OK) < 0)
		return NULL;
	device = SDL_calloc(1, sizeof(*device));
	fb = SDL_calloc(1, sizeof(*fb));
	if (!device || !fb) {
		SDL_free(device);
		SDL_free(fb);
		SDL_OutOfMemory();
		return NULL;
	}
	fb->fd = -1;
	device->driverdata = fb;
	device->VideoInit = FBCON_VideoInit;
	device->VideoQuit = FBCON_VideoQuit;
	device->SetDisplayMode = FBCON_SetDisplayMode;
	device->PumpEvents = FBCON_PumpEvents;
	device->CreateSDLWindow = FBCON_CreateWindow;
	device->DestroyWindow = FBCON_DestroyWindow;
	device->SetWindowPosition = FBCON_SetWindowPosition;
	device->SetWindowSize = FBCON_SetWindowSize;
	device->CreateWindowFramebuffer = FBCON_CreateWindowFramebuffer;
	device->UpdateWindowFramebuffer = FBCON_UpdateWindowFramebuffer;
	device->DestroyWindowFramebuffer = FBCON_DestroyWindowFramebuffer;
	device->free = FBCON_DeleteDevice;
	return device;
}

VideoBootStrap FBCON_bootstrap = {
	"fbcon", "Linux frame buffer", FBCON_CreateDevice, NULL /* no message boxes */
};

#endif

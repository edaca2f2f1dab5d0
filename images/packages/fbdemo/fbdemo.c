/*
 * fbdemo.c - shows what the frame buffer, the input devices and the sound card do: a moving picture
 * drawn through mmap with two pages, a cursor that follows the mouse, keys that are named on the
 * screen's edge and on standard output, a tone. Escape or q ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/input.h>
#include <math.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/soundcard.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"Use: fbdemo [-d DEVICE] [-m WIDTHxHEIGHT] [-b 16|32] [-f FRAMES] [-c] [-n] [-v]\n"
	"  -c  a still test card instead of the moving picture\n"
	"  -n  no input devices: it ends after -f frames\n"
	"  -v  say what comes from the input devices, and the frame rate at the end\n";

struct screen {
	int fd;
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	uint8_t *memory;
	unsigned page; /* the one drawn to */
};

static struct {
	int x, y, buttons, key, wheel;
	int space; /* the tone sounds */
	int over;
} state;
static int verbose;

static void fail(const char *what)
{
	fprintf(stderr, "fbdemo: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- screen ---- */

static void screen_open(
	struct screen *s, const char *device, unsigned width, unsigned height, unsigned bits)
{
	s->fd = open(device, O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		fail(device);
	if (ioctl(s->fd, FBIOGET_VSCREENINFO, &s->var))
		fail("FBIOGET_VSCREENINFO");
	if (width) {
		s->var.xres = s->var.xres_virtual = width;
		s->var.yres = height;
	}
	if (bits)
		s->var.bits_per_pixel = bits;
	s->var.yres_virtual = 2 * s->var.yres;
	s->var.xoffset = s->var.yoffset = 0;
	if (ioctl(s->fd, FBIOPUT_VSCREENINFO, &s->var))
		fail("FBIOPUT_VSCREENINFO");
	if (ioctl(s->fd, FBIOGET_FSCREENINFO, &s->fix))
		fail("FBIOGET_FSCREENINFO");
	s->memory = mmap(NULL, s->fix.line_length * s->var.yres_virtual, PROT_READ | PROT_WRITE,
		MAP_SHARED, s->fd, 0);
	if (s->memory == MAP_FAILED)
		fail("mmap");
	s->page = 1;
}

static uint32_t color(const struct screen *s, unsigned r, unsigned g, unsigned b)
{
	return s->var.bits_per_pixel == 16 ? (r >> 3) << 11 | (g >> 2) << 5 | b >> 3
					   : r << 16 | g << 8 | b;
}

static uint8_t *row(const struct screen *s, unsigned y)
{
	return s->memory + (size_t)s->fix.line_length * (s->page * s->var.yres + y);
}

static void fill(const struct screen *s, int x, int y, int w, int h, uint32_t c)
{
	int right = x + w < (int)s->var.xres ? x + w : (int)s->var.xres;
	int bottom = y + h < (int)s->var.yres ? y + h : (int)s->var.yres;

	for (int j = y < 0 ? 0 : y; j < bottom; j++) {
		for (int i = x < 0 ? 0 : x; i < right; i++) {
			if (s->var.bits_per_pixel == 16)
				((uint16_t *)row(s, (unsigned)j))[i] = (uint16_t)c;
			else
				((uint32_t *)row(s, (unsigned)j))[i] = c;
		}
	}
}

/* Show the page that was drawn, and wait until it is on the glass. */
static void flip(struct screen *s)
{
	uint32_t crtc = 0;

	s->var.yoffset = s->page * s->var.yres;
	if (ioctl(s->fd, FBIOPAN_DISPLAY, &s->var))
		fail("FBIOPAN_DISPLAY");
	if (ioctl(s->fd, FBIO_WAITFORVSYNC, &crtc))
		fail("FBIO_WAITFORVSYNC");
	s->page ^= 1;
}

/* ---- pictures ---- */

/* Eight bars over a ramp of grays. */
static void draw_card(const struct screen *s)
{
	int w = (int)s->var.xres, h = (int)s->var.yres;

	for (int i = 0; i < 8; i++)
		fill(s, i * w / 8, 0, (i + 1) * w / 8 - i * w / 8, h * 3 / 4,
			color(s, i & 4 ? 0 : 255, i & 2 ? 0 : 255, i & 1 ? 0 : 255));
	for (int i = 0; i < 16; i++) {
		unsigned gray = (unsigned)i * 17;

		fill(s, i * w / 16, h * 3 / 4, (i + 1) * w / 16 - i * w / 16, h - h * 3 / 4,
			color(s, gray, gray, gray));
	}
}

static void draw_scene(const struct screen *s, unsigned frame)
{
	int w = (int)s->var.xres, h = (int)s->var.yres, size = h / 8;
	int x = (int)((unsigned)abs((int)(frame * 3 % (2 * (unsigned)(w - size))) - (w - size)));
	int y = (int)((unsigned)abs((int)(frame * 2 % (2 * (unsigned)(h - size))) - (h - size)));

	for (int band = 0; band < 16; band++)
		fill(s, 0, band * h / 16, w, (band + 1) * h / 16 - band * h / 16,
			color(s, 16, 24 + (unsigned)band * 4, 48 + (unsigned)band * 8));
	fill(s, x, y, size, size, color(s, 255, 176, 32));
	if (state.key)
		fill(s, state.key * w / 256, h - size / 2, w / 64, size / 2, color(s, 64, 255, 96));
	fill(s, state.x - 8, state.y, 17, 1, color(s, 255, 255, 255));
	fill(s, state.x, state.y - 8, 1, 17, color(s, 255, 255, 255));
	if (state.buttons)
		fill(s, state.x - 3, state.y - 3, 7, 7, color(s, 255, 48, 48));
}

/* ---- input ---- */

static void take(const struct screen *s, const struct input_event *e)
{
	int limit_x = (int)s->var.xres - 1, limit_y = (int)s->var.yres - 1;

	if (verbose && e->type != EV_SYN)
		printf("event %u %u %d\n", e->type, e->code, e->value);
	if (e->type == EV_REL && e->code == REL_X)
		state.x += e->value;
	else if (e->type == EV_REL && e->code == REL_Y)
		state.y += e->value;
	else if (e->type == EV_REL && e->code == REL_WHEEL)
		state.wheel += e->value;
	else if (e->type == EV_ABS && e->code == ABS_X)
		state.x = e->value * limit_x / 32767;
	else if (e->type == EV_ABS && e->code == ABS_Y)
		state.y = e->value * limit_y / 32767;
	else if (e->type == EV_KEY && e->code >= BTN_MISC)
		state.buttons += e->value ? 1 : -1;
	else if (e->type == EV_KEY)
		state.key = e->value ? e->code : 0;
	state.x = state.x < 0 ? 0 : state.x > limit_x ? limit_x : state.x;
	state.y = state.y < 0 ? 0 : state.y > limit_y ? limit_y : state.y;
	if (e->type != EV_KEY)
		return;
	if (e->code == KEY_SPACE)
		state.space = e->value != 0;
	if (e->value && (e->code == KEY_ESC || e->code == KEY_Q))
		state.over = 1;
}

static int input_open(struct pollfd *fds)
{
	int n = 0;

	for (int i = 0; i < 3; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fds[n].fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		fds[n].events = POLLIN;
		/* Else each key would be typed on the console, too. */
		if (i == 0 && fds[n].fd >= 0)
			ioctl(fds[n].fd, EVIOCGRAB, 1);
		n += fds[n].fd >= 0;
	}
	return n;
}

static void input_read(const struct screen *s, struct pollfd *fds, int n)
{
	struct input_event events[64];

	if (poll(fds, (nfds_t)n, 0) <= 0)
		return;
	for (int i = 0; i < n; i++) {
		ssize_t got = fds[i].revents ? read(fds[i].fd, events, sizeof(events)) : 0;

		for (ssize_t k = 0; k < got / (ssize_t)sizeof(events[0]); k++)
			take(s, &events[k]);
	}
	fflush(stdout);
}

/* ---- sound ---- */

static int sound_open(void)
{
	int fd = open("/dev/dsp", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int format = AFMT_S16_LE, channels = 1, rate = 48000, fragments = 4 << 16 | 9;

	if (fd < 0)
		return -1;
	if (ioctl(fd, SNDCTL_DSP_SETFRAGMENT, &fragments) ||
		ioctl(fd, SNDCTL_DSP_SETFMT, &format) ||
		ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) || ioctl(fd, SNDCTL_DSP_SPEED, &rate))
		fail("/dev/dsp");
	return fd;
}

/* A note while the space bar is down, whatever room there is. */
static void sound_play(int fd)
{
	static unsigned phase;
	audio_buf_info room;
	int16_t part[1024];

	if (fd < 0 || !state.space || ioctl(fd, SNDCTL_DSP_GETOSPACE, &room))
		return;
	while (room.bytes >= (int)sizeof(part)) {
		for (unsigned i = 0; i < 1024; i++)
			part[i] = (int16_t)(8000 * sin(2 * M_PI * 440 * (phase++ % 48000) / 48000));
		if (write(fd, part, sizeof(part)) != sizeof(part))
			return;
		room.bytes -= (int)sizeof(part);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *device = "/dev/fb0";
	unsigned width = 0, height = 0, bits = 0, frames = 0, frame = 0;
	int card = 0, with_input = 1, inputs = 0, option, sound;
	struct pollfd fds[3];
	struct screen s;
	double start;

	while ((option = getopt(argc, argv, "d:m:b:f:cnv")) >= 0) {
		if (option == 'd')
			device = optarg;
		else if (option == 'm' && sscanf(optarg, "%ux%u", &width, &height) == 2)
			continue;
		else if (option == 'b')
			bits = (unsigned)atoi(optarg);
		else if (option == 'f')
			frames = (unsigned)atoi(optarg);
		else if (option == 'c')
			card = 1;
		else if (option == 'n')
			with_input = 0;
		else if (option == 'v')
			verbose = 1;
		else {
			fputs(usage, stderr);
			return 2;
		}
	}
	screen_open(&s, device, width, height, bits);
	state.x = (int)s.var.xres / 2;
	state.y = (int)s.var.yres / 2;
	if (with_input)
		inputs = input_open(fds);
	sound = with_input ? sound_open() : -1;
	if (card) {
		draw_card(&s);
		flip(&s);
		draw_card(&s);
	}
	if (verbose) {
		printf("ready %ux%u %u bits, %d input devices, sound %s\n", s.var.xres, s.var.yres,
			s.var.bits_per_pixel, inputs, sound < 0 ? "no" : "yes");
		fflush(stdout);
	}
	start = seconds();
	while (!state.over && (!frames || frame < frames)) {
		if (!card)
			draw_scene(&s, frame);
		flip(&s);
		frame++;
		input_read(&s, fds, inputs);
		sound_play(sound);
	}
	if (verbose)
		printf("%u frames, %.1f a second\n", frame, frame / (seconds() - start));
	return 0;
}

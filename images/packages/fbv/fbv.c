/*
 * fbv.c - shows PNG pictures on the frame buffer: one by file name, or from standard input with -.
 * A picture larger than the screen is made smaller; transparent parts show black. A key goes on to
 * the next one; Escape or q ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <png.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static const char usage[] = "Use: fbv [-d DEVICE] [-m] [-s SECONDS] FILE.png...\n"
			    "  -m  the screen takes the picture's size, where it can\n"
			    "  -s  go on by itself after so long; 0: at once\n";

#define PIXELS_MAX (64u << 20) /* of a picture that is decoded */

struct picture {
	png_image image;
	uint8_t *rgba;
};

static int decode(const char *name, struct picture *p)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	int ok = 0;

	memset(p, 0, sizeof(*p));
	p->image.version = PNG_IMAGE_VERSION;
	if (!f) {
		fprintf(stderr, "fbv: %s: %s\n", name, strerror(errno));
		return 0;
	}
	if (png_image_begin_read_from_stdio(&p->image, f)) {
		static const png_color black;
		size_t pixels = (size_t)p->image.width * p->image.height;

		p->image.format = PNG_FORMAT_RGB;
		if (pixels <= PIXELS_MAX)
			p->rgba = malloc(PNG_IMAGE_SIZE(p->image));
		if (!p->rgba)
			fprintf(stderr, "fbv: %s: too large: %ux%u\n", name, p->image.width,
				p->image.height);
		else
			ok = png_image_finish_read(&p->image, &black, p->rgba, 0, NULL);
	}
	if (!ok && p->image.message[0])
		fprintf(stderr, "fbv: %s: %s\n", name, p->image.message);
	png_image_free(&p->image);
	if (f != stdin)
		fclose(f);
	if (!ok) {
		free(p->rgba);
		p->rgba = NULL;
	}
	return ok;
}

/* The mean of the picture's pixels that fall on one of the screen; nearest where it is enlarged. */
static uint32_t pixel(
	const struct picture *p, unsigned x, unsigned y, unsigned width, unsigned height)
{
	unsigned x0 = (unsigned)((uint64_t)x * p->image.width / width);
	unsigned y0 = (unsigned)((uint64_t)y * p->image.height / height);
	unsigned x1 = (unsigned)((uint64_t)(x + 1) * p->image.width / width);
	unsigned y1 = (unsigned)((uint64_t)(y + 1) * p->image.height / height);
	uint64_t sum[3] = {0}, n;

	x1 = x1 > x0 ? x1 : x0 + 1;
	y1 = y1 > y0 ? y1 : y0 + 1;
	n = (uint64_t)(x1 - x0) * (y1 - y0);
	for (unsigned j = y0; j < y1; j++) {
		for (unsigned i = x0; i < x1; i++) {
			const uint8_t *s = p->rgba + ((size_t)j * p->image.width + i) * 3;

			for (int k = 0; k < 3; k++)
				sum[k] += s[k];
		}
	}
	return (uint32_t)(sum[0] / n) << 16 | (uint32_t)(sum[1] / n) << 8 | (uint32_t)(sum[2] / n);
}

static void show(uint8_t *memory, const struct fb_var_screeninfo *var, unsigned line,
	const struct picture *p)
{
	unsigned width = p->image.width, height = p->image.height, left, top;

	if (width > var->xres) {
		height = (unsigned)((uint64_t)height * var->xres / width);
		width = var->xres;
	}
	if (height > var->yres) {
		width = (unsigned)((uint64_t)width * var->yres / height);
		height = var->yres;
	}
	width = width ? width : 1;
	height = height ? height : 1;
	left = (var->xres - width) / 2;
	top = (var->yres - height) / 2;
	memset(memory, 0, (size_t)line * var->yres);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			uint32_t c = pixel(p, x, y, width, height);
			uint8_t *row = memory + (size_t)line * (top + y);

			if (var->bits_per_pixel == 16)
				((uint16_t *)row)[left + x] =
					(uint16_t)((c >> 8 & 0xf800) | (c >> 5 & 0x7e0) |
						   (c >> 3 & 0x1f));
			else
				((uint32_t *)row)[left + x] = c;
		}
	}
}

/* Until a key is pressed, or for so long. False: it was q or Escape. */
static int wait_key(double seconds)
{
	struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
	struct termios old, raw;
	char c = 0;
	int tty = tcgetattr(STDIN_FILENO, &old) == 0;

	if (tty) {
		raw = old;
		raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (poll(&fd, tty ? 1 : 0, seconds < 0 && tty ? -1 : (int)(seconds * 1000)) > 0 &&
		read(STDIN_FILENO, &c, 1) != 1)
		c = 'q';
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	return c != 'q' && c != 27;
}

int main(int argc, char **argv)
{
	const char *device = "/dev/fb0";
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	struct picture p;
	double seconds = -1;
	int option, own_mode = 0, failed = 0, fd, on = 1;

	while ((option = getopt(argc, argv, "d:ms:")) >= 0) {
		if (option == 'd') {
			device = optarg;
		} else if (option == 'm') {
			own_mode = 1;
		} else if (option == 's') {
			seconds = atof(optarg);
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	for (; on && optind < argc; optind++) {
		uint8_t *memory;
		size_t size;

		if (!decode(argv[optind], &p)) {
			failed = 1;
			continue;
		}
		fd = open(device, O_RDWR | O_CLOEXEC);
		if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var)) {
			fprintf(stderr, "fbv: %s: %s\n", device, strerror(errno));
			return 1;
		}
		if (own_mode) {
			struct fb_var_screeninfo wanted = var;

			wanted.xres = wanted.xres_virtual = p.image.width;
			wanted.yres = wanted.yres_virtual = p.image.height;
			wanted.bits_per_pixel = 32;
			if (ioctl(fd, FBIOPUT_VSCREENINFO, &wanted) == 0)
				var = wanted;
		}
		var.xoffset = var.yoffset = 0;
		size = ioctl(fd, FBIOGET_FSCREENINFO, &fix) ? 0
							    : (size_t)fix.line_length * var.yres;
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (memory == MAP_FAILED || ioctl(fd, FBIOPAN_DISPLAY, &var)) {
			fprintf(stderr, "fbv: %s: %s\n", device, strerror(errno));
			return 1;
		}
		show(memory, &var, fix.line_length, &p);
		free(p.rgba);
		on = wait_key(seconds);
		munmap(memory, size);
		close(fd);
	}
	return failed;
}

/* fb_test.c - frame buffers: modes, mappings, what is shown, frames. The test plays the host. */
#include "dev/dev_test.h"
#include "tests/ktest_host.h"
#include "abi/fb.h"
#include "arch/arch.h"
#include "dev/fb.h"

#define MEMORY 7u /* the host's number for the test's own U */

static struct fb_ring *ring(uint32_t n)
{
	return &host_area_ptr()->fbs[n];
}

static int open_fb(uint32_t n)
{
	int fd = open_dev(DEV_MAJOR_FB, n, O_RDWR);

	CHECK(fd >= 0);
	return fd;
}

static int put_mode(int fd, uint32_t xres, uint32_t yres, uint32_t bits, uint32_t pages)
{
	uaddr_t at = u_alloc(sizeof(struct abi_fb_var));
	struct abi_fb_var *v = U_PTR(struct abi_fb_var, at);

	CHECK_EQ(sys_ioctl(fd, FBIOGET_VSCREENINFO, at), 0);
	v->xres = v->xres_virtual = xres;
	v->yres = yres;
	v->yres_virtual = yres * pages;
	v->bits_per_pixel = bits;
	v->xoffset = v->yoffset = 0;
	return sys_ioctl(fd, FBIOPUT_VSCREENINFO, at);
}

static int pan_to(int fd, uint32_t y)
{
	uaddr_t at = u_alloc(sizeof(struct abi_fb_var));

	CHECK_EQ(sys_ioctl(fd, FBIOGET_VSCREENINFO, at), 0);
	U_PTR(struct abi_fb_var, at)->yoffset = y;
	return sys_ioctl(fd, FBIOPAN_DISPLAY, at);
}

static uaddr_t map_fb(int fd, uint32_t len)
{
	int at = sys_mmap2(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(at > 0);
	return (uaddr_t)at;
}

/* The screen goes black and gives its memory back, or it would count as a leak. */
static void clear(int fd)
{
	CHECK_EQ(put_mode(fd, 320, 200, 16, 1), 0);
	CHECK_EQ(put_mode(fd, 640, 480, 32, 1), 0);
	CHECK_EQ(sys_close(fd), 0);
	proc_self()->mm->memory = 0;
	requests_of(0, NULL);
}

PROC_TEST(fb_modes_are_fitted_or_refused)
{
	int fd = open_fb(0);
	uaddr_t at = u_alloc(sizeof(struct abi_fb_var)), fix = u_alloc(sizeof(struct abi_fb_fix));

	CHECK_EQ(put_mode(fd, 320, 200, 32, 1), 0);
	CHECK_EQ(put_mode(fd, 1920, 1080, 32, 2), 0);
	CHECK_EQ(ring(0)->xres, 1920);
	CHECK_EQ(sys_ioctl(fd, FBIOGET_FSCREENINFO, fix), 0);
	CHECK_EQ(U_PTR(struct abi_fb_fix, fix)->line_length, 1920 * 4);
	CHECK(U_PTR(struct abi_fb_fix, fix)->smem_len >= 1920u * 1080 * 8);
	CHECK_EQ(put_mode(fd, 1920, 1080, 32, 3), -EINVAL);
	CHECK_EQ(put_mode(fd, 1920, 1080, 16, 3), 0);
	CHECK_EQ(put_mode(fd, 319, 200, 32, 1), -EINVAL);
	CHECK_EQ(put_mode(fd, 320, 199, 32, 1), -EINVAL);
	CHECK_EQ(put_mode(fd, 1921, 1080, 32, 1), -EINVAL);
	CHECK_EQ(put_mode(fd, 0xffffffff, 0xffffffff, 32, 1), -EINVAL);
	CHECK_EQ(put_mode(fd, 640, 480, 64, 1), -EINVAL);
	CHECK_EQ(put_mode(fd, 640, 480, 32, 0x7fffffff), -EINVAL);
	CHECK_EQ(put_mode(fd, 640, 480, 24, 1), 0);
	CHECK_EQ(ring(0)->bits, 32);
	CHECK_EQ(sys_ioctl(fd, FBIOGET_VSCREENINFO, at), 0);
	U_PTR(struct abi_fb_var, at)->xres = 800;
	U_PTR(struct abi_fb_var, at)->activate = FB_ACTIVATE_TEST;
	CHECK_EQ(sys_ioctl(fd, FBIOPUT_VSCREENINFO, at), 0);
	CHECK_EQ(ring(0)->xres, 640);
	CHECK_EQ(sys_ioctl(fd, FBIOGET_VSCREENINFO, 0), -EFAULT);
	CHECK_EQ(sys_ioctl(fd, FBIOPUT_VSCREENINFO, 16), -EFAULT);
	CHECK_EQ(sys_ioctl(fd, 0x46ff, at), -ENOTTY);
	CHECK_EQ(pan_to(fd, 1), -EINVAL);
	clear(fd);
}

PROC_TEST(fb_shows_the_mapping_and_keeps_its_picture)
{
	int fd = open_fb(0);
	uint32_t len = 640 * 480 * 4 * 2;
	uaddr_t at, part = u_alloc(16);

	proc_self()->mm->memory = MEMORY;
	CHECK_EQ(put_mode(fd, 640, 480, 32, 2), 0);
	at = map_fb(fd, len);
	CHECK_EQ(ring(0)->memory, MEMORY);
	CHECK_EQ(ring(0)->address, at);
	CHECK_EQ(pan_to(fd, 480), 0);
	CHECK_EQ(ring(0)->address, at + len / 2);
	CHECK_EQ(ring(0)->seq & 1, 0);
	CHECK_EQ(pan_to(fd, 481), -EINVAL);
	U_PTR(uint32_t, at + len / 2)[0] = 0x123456;
	/* What is written goes to the writer's own mapping, and is read there. */
	CHECK_EQ(sys_pwrite64(fd, u_str("abcd"), 4, len / 2 + 4), 4);
	CHECK_EQ(U_PTR(uint32_t, at + len / 2 + 4)[0], 0x64636261);
	CHECK_EQ(sys_munmap(at, len), 0);
	CHECK_EQ(ring(0)->memory, 0);
	CHECK_NE(ring(0)->address, 0);
	CHECK_EQ(sys_pread64(fd, part, 16, len / 2), 16);
	CHECK_EQ(U_PTR(uint32_t, part)[0], 0x123456);
	CHECK_EQ(U_PTR(uint32_t, part + 4)[0], 0x64636261);
	/* A new mapping begins with it. */
	at = map_fb(fd, len);
	CHECK_EQ(U_PTR(uint32_t, at + len / 2)[0], 0x123456);
	CHECK_EQ(sys_munmap(at, len), 0);
	clear(fd);
}

PROC_TEST(fb_mappings_are_checked)
{
	int fd = open_fb(0), ro = open_dev(DEV_MAJOR_FB, 0, O_RDONLY);
	uint32_t smem = 1920 * 1080 * 8, page = PAGE_SIZE;
	uaddr_t at;

	proc_self()->mm->memory = MEMORY;
	CHECK_EQ(sys_mmap2(0, smem + page, 3, MAP_SHARED, fd, 0), -EINVAL);
	CHECK_EQ(sys_mmap2(0, page, 3, MAP_SHARED, fd, smem / page), -EINVAL);
	CHECK_EQ(sys_mmap2(0, page, 3, MAP_SHARED, fd, 0xfffff), -EINVAL);
	CHECK_EQ(sys_mmap2(0, page, 3, MAP_SHARED, ro, 0), -EACCES);
	at = map_fb(fd, 16 * page);
	CHECK_EQ(sys_mremap(at, 16 * page, 32 * page, MREMAP_MAYMOVE, 0), -EFAULT);
	CHECK_EQ(sys_mprotect(at, page, PROT_READ), 0);
	CHECK_EQ(sys_mprotect(at, page, PROT_READ | PROT_WRITE), 0);
	/* A hole in it, its end, then the rest: the ranges are given back once each. */
	CHECK_EQ(sys_munmap(at + 4 * page, page), 0);
	CHECK_EQ(sys_munmap(at + 8 * page, 8 * page), 0);
	CHECK_EQ(sys_munmap(at, 16 * page), 0);
	CHECK_EQ(sys_close(ro), 0);
	clear(fd);
}

PROC_TEST(fb_read_write_and_seek_end_with_the_screen)
{
	int fd = open_fb(1);
	uint32_t size = 640 * 480 * 4;
	uaddr_t at = u_alloc(64);

	CHECK_EQ(put_mode(fd, 640, 480, 32, 1), 0);
	CHECK_EQ(sys_pread64(fd, at, 64, size), 0);
	CHECK_EQ(sys_pread64(fd, at, 64, size - 8), 8);
	CHECK_EQ(sys_pwrite64(fd, at, 64, size - 8), 8);
	CHECK_EQ(sys_pwrite64(fd, at, 64, size), -ENOSPC);
	CHECK_EQ(sys_pwrite64(fd, at, 64, size + 1), -EFBIG);
	CHECK_EQ(ring(1)->memory, 0);
	CHECK_NE(ring(1)->address, 0);
	clear(fd);
}

PROC_TEST(fb_thousand_openers)
{
	int first = open_fb(2);

	for (int i = 1; i < 1000; i++)
		open_fb(2);
	CHECK_EQ(ring(2)->opens, 1000);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(sys_close(first + i), 0);
	CHECK_EQ(ring(2)->opens, 0);
	/* The host was told once, for it has not looked yet. */
	CHECK(requests_of(OP_FB_CHANGED, NULL) <= 1);
}

PROC_TEST(fb_color_maps_are_kept)
{
	int fd = open_fb(0);
	uaddr_t colors = u_alloc(512), at = u_alloc(sizeof(struct abi_fb_cmap));
	struct abi_fb_cmap *c = U_PTR(struct abi_fb_cmap, at);

	*c = (struct abi_fb_cmap){8, 2, colors, colors + 16, colors + 32, 0};
	U_PTR(uint16_t, colors + 16)[0] = 0x1234;
	CHECK_EQ(sys_ioctl(fd, FBIOPUTCMAP, at), 0);
	memset(u_ptr(colors, 64), 0, 64);
	CHECK_EQ(sys_ioctl(fd, FBIOGETCMAP, at), 0);
	CHECK_EQ(U_PTR(uint16_t, colors + 16)[0], 0x1234);
	c->start = 256;
	CHECK_EQ(sys_ioctl(fd, FBIOGETCMAP, at), -EINVAL);
	c->start = 255;
	c->len = 0xffffffff;
	CHECK_EQ(sys_ioctl(fd, FBIOGETCMAP, at), 0);
	c->red = 1;
	CHECK_EQ(sys_ioctl(fd, FBIOGETCMAP, at), -EFAULT);
	CHECK_EQ(sys_ioctl(fd, FBIOBLANK, 1), 0);
	CHECK_EQ(ring(0)->blank, 1);
	CHECK_EQ(sys_ioctl(fd, FBIOBLANK, 0), 0);
	CHECK_EQ(sys_close(fd), 0);
	requests_of(0, NULL);
}

/* ---- frames ---- */

static struct {
	int fd;
	uaddr_t crtc;
	uint32_t done;
	uint64_t slept_ns;
} waiting;

static void wait_frame(void *unused)
{
	uint64_t start = arch_clock_ns();

	(void)unused;
	CHECK_EQ(sys_ioctl(waiting.fd, FBIO_WAITFORVSYNC, waiting.crtc), 0);
	waiting.slept_ns = arch_clock_ns() - start;
	atomic_store(&waiting.done, 1u);
}

/* The page's side: a frame was shown. True if the kernel asked to hear of it. */
static bool show_frame(uint32_t n)
{
	atomic_add(&ring(n)->frame, 1u);
	return atomic_xchg(&ring(n)->vsync_wanted, 0u) != 0;
}

PROC_DET_TEST(fb_wait_for_a_frame_ends_with_the_next_one, 1000)
{
	struct thread *t;

	waiting.fd = open_fb(0);
	waiting.crtc = u_alloc(4);
	waiting.done = 0;
	atomic_store(&ring(0)->shown, 1u);
	atomic_store(&ring(0)->vsync_wanted, 0u);
	t = ktest_thread(wait_frame, NULL);
	/* Frames come until one of them is late enough; each that was asked for is told. */
	while (!atomic_load(&waiting.done)) {
		if (show_frame(0))
			fb_event_round();
		ktest_yield();
	}
	ktest_join(t);
#if KTEST_DET_BUILD
	CHECK(waiting.slept_ns < 100000000); /* a lost wake-up would end by the time limit */
#endif
	atomic_store(&ring(0)->shown, 0u);
	CHECK_EQ(sys_close(waiting.fd), 0);
	requests_of(0, NULL);
}

PROC_TEST(fb_wait_without_a_page_takes_a_tick)
{
	uint64_t start = arch_clock_ns();

	waiting.fd = open_fb(0);
	waiting.crtc = u_alloc(4);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sys_ioctl(waiting.fd, FBIO_WAITFORVSYNC, waiting.crtc), 0);
	CHECK(arch_clock_ns() - start >= 2 * 16666667ull);
	U_PTR(uint32_t, waiting.crtc)[0] = 1;
	CHECK_EQ(sys_ioctl(waiting.fd, FBIO_WAITFORVSYNC, waiting.crtc), -ENODEV);
	CHECK_EQ(sys_ioctl(waiting.fd, FBIO_WAITFORVSYNC, 0), -EFAULT);
	CHECK_EQ(sys_close(waiting.fd), 0);
	requests_of(0, NULL);
}

/* ---- several processes ---- */

#define SMALL (320 * 200 * 2)

static uint32_t painted;

/* Draws a pixel through a mapping of its own, and computes until it is killed. */
static int paint(uint32_t fd)
{
	int at = prog_call(
		NR_mmap2, 0, PAGE_ALIGN(SMALL), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(at > 0);
	arch_ustore32((uaddr_t)at + 4, 0xbeef0000);
	atomic_store(&painted, 1u);
	for (;;)
		prog_call(NR_getpid, 0);
}

PROC_DET_TEST(fb_killed_program_leaves_its_picture, 300)
{
	int fd = open_fb(3), pid;
	uaddr_t at = u_alloc(16);

	painted = 0;
	CHECK_EQ(put_mode(fd, 320, 200, 16, 1), 0);
	host_start();
	pid = host_fork(paint, (uint32_t)fd);
	CHECK(pid > 0);
	host_await(&painted, 1);
	CHECK_NE(ring(3)->memory, 0);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	host_wait(pid);
	host_stop();
	CHECK_EQ(ring(3)->memory, 0);
	CHECK_EQ(ring(3)->hold, 0);
	CHECK_EQ(sys_pread64(fd, at, 16, 0), 16);
#if !__has_feature(address_sanitizer)
	CHECK_EQ(U_PTR(uint16_t, at)[3], 0xbeef);
#endif
	clear(fd);
}

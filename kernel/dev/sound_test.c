/* sound_test.c - /dev/dsp: pacing by the clock and by the audio thread, mixing, bad input. */
#include "dev/dev_test.h"
#include "abi/sound.h"
#include "arch/arch.h"
#include "dev/sound.h"
#include "init/init.h"

static struct sound_ring *ring(void)
{
	return &host_area_ptr()->sound;
}

static int open_dsp(uint32_t flags, uint32_t format, uint32_t channels, uint32_t rate)
{
	int fd = open_dev(DEV_MAJOR_SOUND, 3, O_WRONLY | flags);
	uaddr_t at = u_alloc(4);

	CHECK(fd >= 0);
	*U_PTR(uint32_t, at) = format;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SETFMT, at), 0);
	CHECK_EQ(*U_PTR(uint32_t, at), format);
	*U_PTR(uint32_t, at) = channels;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_CHANNELS, at), 0);
	*U_PTR(uint32_t, at) = rate;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SPEED, at), 0);
	CHECK_EQ(*U_PTR(uint32_t, at), rate);
	return fd;
}

/* One round of the event thread, and its sleep. False: nothing is due any more. */
static bool event_round(void)
{
	struct waker *self = waker_self();
	uint64_t next = timers_run(arch_clock_ns());

	sound_event_round();
	if (next != WAIT_FOREVER)
		(void)!waitq_commit(self, waitq_prepare(self), next, WAIT_UNINTR, "test");
	return next != WAIT_FOREVER;
}

/* Let the clock consume until nobody plays. */
static void play_out(void)
{
	while (event_round())
		;
	requests_of(0, NULL);
}

PROC_TEST(dsp_parameters_are_what_can_be)
{
	int fd = open_dsp(0, AFMT_S16_LE, 2, 44100);
	uaddr_t at = u_alloc(16);

	*U_PTR(uint32_t, at) = 0x100; /* a format that nobody has */
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SETFMT, at), 0);
	CHECK_EQ(*U_PTR(uint32_t, at), AFMT_S16_LE);
	*U_PTR(uint32_t, at) = 6;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_CHANNELS, at), 0);
	CHECK_EQ(*U_PTR(uint32_t, at), 2);
	*U_PTR(uint32_t, at) = 1;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SPEED, at), 0);
	CHECK_EQ(*U_PTR(uint32_t, at), 4000);
	*U_PTR(uint32_t, at) = 0xffffffff;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SETFRAGMENT, at), 0);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_GETOSPACE, at), 0);
	CHECK_EQ(U_PTR(int32_t, at + 12)[0], 128 << 10);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_GETFMTS, at), 0);
	CHECK(*U_PTR(uint32_t, at) & AFMT_S16_LE);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SPEED, 4), -EFAULT);
	CHECK_EQ(sys_ioctl(fd, 0xc00450ff, at), -EINVAL);
	CHECK_EQ(open_dev(DEV_MAJOR_SOUND, 3, O_RDONLY), -ENODEV);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(dsp_full_buffer_says_so)
{
	int fd = open_dsp(O_NONBLOCK, AFMT_S16_LE, 1, 48000);
	uaddr_t at = u_alloc(16), data = u_alloc(8192);

	*U_PTR(uint32_t, at) = 2u << 16 | 10;
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SETFRAGMENT, at), 0);
	CHECK_EQ(sys_write(fd, data, 8192), 2048);
	CHECK_EQ(sys_write(fd, data, 1), -EAGAIN);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_SETFRAGMENT, at), -EINVAL);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_GETODELAY, at), 0);
	CHECK_EQ(*U_PTR(int32_t, at), 2048);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_RESET, 0), 0);
	CHECK_EQ(sys_ioctl(fd, SNDCTL_DSP_GETODELAY, at), 0);
	CHECK_EQ(*U_PTR(int32_t, at), 0);
	CHECK_EQ(sys_close(fd), 0);
	ktest_forget_leaks(); /* the ring stays */
	play_out();
}

static int writer_fd;

static void write_much(void *unused)
{
	uaddr_t data = u_alloc(4800);

	(void)unused;
	CHECK_EQ(sys_write(writer_fd, data, 4800), 4800);
	CHECK_EQ(sys_ioctl(writer_fd, SNDCTL_DSP_SYNC, 0), 0);
}

/* No page at all: the clock consumes, and a writer that waits for room gets it. */
PROC_DET_TEST(dsp_writer_is_paced_by_the_clock_without_a_page, 300)
{
	struct thread *t;
	uint64_t start = arch_clock_ns();

	writer_fd = open_dsp(0, AFMT_S16_LE, 1, 48000);
	t = ktest_thread(write_much, NULL);
	while (ktest_wait_asleep(t))
		event_round();
	ktest_join(t);
	CHECK(arch_clock_ns() - start >= 45000000); /* 2,400 frames are 50 ms */
	CHECK_EQ(sys_close(writer_fd), 0);
	play_out();
	ktest_forget_leaks();
}

/* Two clients, one of another rate: what the audio thread gets is their sum. */
PROC_TEST(dsp_clients_are_mixed_for_the_audio_thread)
{
	int a = open_dsp(0, AFMT_S16_LE, 2, 48000), b = open_dsp(0, AFMT_U8, 1, 8000);
	uaddr_t at = u_alloc(4096);
	uint32_t head = ring()->head;
	int16_t *samples;

	atomic_store(&ring()->pulling, 1u);
	for (int i = 0; i < 2048; i++)
		U_PTR(int16_t, at)[i] = 1000;
	CHECK_EQ(sys_write(a, at, 4096), 4096); /* 1,024 frames */
	memset(u_ptr(at, 512), 128 + 16, 512);
	CHECK_EQ(sys_write(b, at, 512), 512); /* 3,072 frames of ours */
	timers_run(arch_clock_ns());
	CHECK_EQ(ring()->playing, 1);
	CHECK_EQ(ring()->head - head, 1024);
	CHECK_EQ(atomic_load(&ring()->kick_wanted), 1);
#if !__has_feature(address_sanitizer)
	samples = (int16_t *)(uintptr_t)ring()->data;
	CHECK_EQ(samples[(head + 500) * 2 % (SOUND_FRAMES * 2)], 1000 + 16 * 256);
	CHECK_EQ(samples[(head + 500) * 2 % (SOUND_FRAMES * 2) + 1], 1000 + 16 * 256);
#else
	(void)samples;
#endif
	/* It takes half; the kernel makes that up, from the client that still has some. */
	atomic_add(&ring()->tail, 512u);
	sound_event_round();
	CHECK_EQ(ring()->head - ring()->tail, 1024);
	CHECK_EQ(sys_close(a), 0);
	CHECK_EQ(sys_close(b), 0); /* its rest is played */
	atomic_store(&ring()->pulling, 0u);
	play_out();
	CHECK_EQ(ring()->playing, 0);
	ktest_forget_leaks();
}

/* An audio thread that says that it takes sound, and never does. */
PROC_DET_TEST(dsp_audio_context_that_stands_still_stops_nobody, 50)
{
	struct thread *t;

	atomic_store(&ring()->pulling, 1u);
	writer_fd = open_dsp(0, AFMT_S16_LE, 1, 48000);
	t = ktest_thread(write_much, NULL);
	while (ktest_wait_asleep(t))
		event_round();
	ktest_join(t);
	CHECK_EQ(sys_close(writer_fd), 0);
	atomic_store(&ring()->pulling, 0u);
	play_out();
	ktest_forget_leaks();
}

/*
 * sound.c - the mixer: clients' streams, resampled and added up, into the ring to the page.
 * Locks: sound_lock (RANK_DEVICE). The mixing is done by the event thread: when the audio thread
 * has taken sound (it sets kick_wanted to 0 and wakes us), and every TICK_NS for the clock.
 */
#include "dev/sound.h"
#include "abi/sound.h"
#include "arch/arch.h"
#include "host/host.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/lock.h"
#include "lib/waitq.h"

#define TICK_NS 10000000ull
/* What lies ready for the audio thread: 21 ms. It takes 128 frames at a time, and is served again
 * when half is gone; with its own 128 frames and the device's buffer that is below 40 ms. */
#define TARGET 1024u
#define STALL_NS 100000000ull /* an audio thread that took nothing for so long is none */
#define BLOCK 128u	      /* frames mixed at once */
#define RING_PAGES (SOUND_FRAMES * 4 / PAGE_SIZE)
#define NO_SPEAKER_MAX (SOUND_RATE / 2) /* frames that the clock consumes in one go */

struct lock sound_lock = LOCK_INIT(RANK_DEVICE);
struct waitq sound_moved = WAITQ_INIT(sound_moved);

static struct list playing = LIST_INIT(playing); /* [sound_lock] */
static int16_t *ring_data;			 /* [sound_lock] */
static int32_t sum[BLOCK * 2];			 /* [sound_lock] */
static uint64_t clock_ns;  /* [sound_lock] up to when the clock has consumed */
static uint64_t moved_ns;  /* [sound_lock] when tail moved last */
static uint32_t tail_seen; /* [sound_lock] */
static bool ticking;	   /* [sound_lock] */
static struct timer tick;

static struct sound_ring *ring(void)
{
	return &host_area_ptr()->sound;
}

uint32_t sound_frame_bytes(const struct sound_client *c)
{
	return c->channels * (c->format == AFMT_S16_LE ? 2 : 1);
}

/* ---- one client ---- */

static int32_t sample(const struct sound_client *c, uint64_t at)
{
	uint32_t i = (uint32_t)(at % c->buf_size);

	if (c->format == AFMT_U8)
		return (c->buf[i] - 128) * 256;
	if (c->format == AFMT_S8)
		return (int8_t)c->buf[i] * 256;
	return (int16_t)(c->buf[i] | c->buf[(i + 1) % c->buf_size] << 8);
}

/* The next frame of the stream. False: there is none. */
static bool take_frame(struct sound_client *c)
{
	uint32_t bytes = sound_frame_bytes(c), width = bytes / c->channels;

	if (c->head - c->tail < bytes)
		return false;
	c->now[0] = c->next[0];
	c->now[1] = c->next[1];
	c->next[0] = sample(c, c->tail);
	c->next[1] = c->channels > 1 ? sample(c, c->tail + width) : c->next[0];
	c->tail += bytes;
	return true;
}

/* Add up to n frames at 48 kHz to sum. Returns how many there were. */
static uint32_t add_client(struct sound_client *c, uint32_t n)
{
	uint32_t step = (uint32_t)(((uint64_t)c->rate << 16) / SOUND_RATE);

	for (uint32_t i = 0; i < n; i++) {
		if (!c->primed) {
			if (!take_frame(c))
				return i;
			c->primed = true;
			c->phase = 0x10000;
		}
		while (c->phase >= 0x10000) {
			if (!take_frame(c)) {
				c->primed = false; /* it starts anew with what comes */
				return i;
			}
			c->phase -= 0x10000;
		}
		for (int k = 0; k < 2; k++)
			sum[i * 2 + (uint32_t)k] +=
				c->now[k] +
				(int32_t)(((int64_t)(c->next[k] - c->now[k]) * c->phase) >> 16);
		c->phase += step;
	}
	return n;
}

static void free_client(struct sound_client *c)
{
	list_del(&c->link);
	kfree(c->buf);
	kfree(c);
}

/* ---- all of them ---- */

/* Mix n <= BLOCK frames; to the ring if keep. Returns false when nobody had any. */
static bool mix_block(uint32_t n, bool keep)
{
	struct sound_client *c, *next;
	uint32_t head = ring()->head, most = 0;

	for (uint32_t i = 0; i < n * 2; i++)
		sum[i] = 0;
	LIST_FOR_EACH_SAFE(c, next, &playing, link) {
		uint32_t got = c->paused && !c->closed ? 0 : add_client(c, n);

		most = MAX(most, got);
		if (c->closed && got < n)
			free_client(c);
	}
	if (most == 0 || !keep || !ring_data)
		return most > 0;
	for (uint32_t i = 0; i < n * 2; i++) {
		int32_t s = sum[i] > 32767 ? 32767 : MAX(sum[i], -32768);

		ring_data[(head * 2 + i) % (SOUND_FRAMES * 2)] = (int16_t)s;
	}
	atomic_store(&ring()->head, head + n);
	return true;
}

/* Does an audio thread take what lies in the ring? */
static bool is_pulled(uint64_t now)
{
	uint32_t tail = atomic_load(&ring()->tail);

	if (!ring_data || !atomic_load(&ring()->pulling))
		return false;
	if (tail != tail_seen) {
		tail_seen = tail;
		moved_ns = now;
	}
	return now - moved_ns < STALL_NS;
}

uint32_t sound_waiting_locked(void)
{
	uint32_t n = ring()->head - atomic_load(&ring()->tail);

	return atomic_load(&ring()->pulling) ? MIN(n, SOUND_FRAMES) : 0;
}

/* Whoever waits for room finds some; the page learns when sound begins and ends. */
static void publish(bool any)
{
	uint32_t was = atomic_xchg(&ring()->playing, (uint32_t)any);

	if (was != (uint32_t)any && !atomic_xchg(&ring()->told, 1u))
		HOST_REQUEST(OP_SOUND_CHANGED, 0);
	waitq_wake_key(&sound_moved, POLLOUT | POLLWRNORM);
}

/* Serve the audio thread, or let the clock consume. */
static void mix(uint64_t now)
{
	bool any = true, pulled = is_pulled(now);

	if (pulled) {
		clock_ns = now;
		while (any && ring()->head - atomic_load(&ring()->tail) < TARGET)
			any = mix_block(BLOCK, true);
		atomic_store(&ring()->kick_wanted, 1u);
	} else {
		uint64_t due = (now - clock_ns) * SOUND_RATE / 1000000000;

		if (due > NO_SPEAKER_MAX) {
			due = NO_SPEAKER_MAX;
			clock_ns = now;
		} else {
			clock_ns += due * 1000000000 / SOUND_RATE;
		}
		/* A context that wakes up finds the newest sound. */
		for (; any && due > 0; due -= MIN(due, BLOCK))
			any = mix_block((uint32_t)MIN(due, BLOCK),
				ring()->head - atomic_load(&ring()->tail) < TARGET);
	}
	publish(!list_empty(&playing) && any);
}

static void tick_fire(struct timer *t)
{
	uint64_t now = arch_clock_ns();

	lock_acquire(&sound_lock);
	mix(now);
	ticking = !list_empty(&playing);
	if (ticking)
		timer_set(t, now + TICK_NS);
	else
		publish(false);
	lock_release(&sound_lock);
}

void sound_event_round(void)
{
	struct sound_ring *r = ring();

	/* The common case costs one look. */
	if (atomic_load(&r->tail) == atomic_load(&tail_seen))
		return;
	lock_acquire(&sound_lock);
	if (ticking)
		mix(arch_clock_ns());
	else
		tail_seen = atomic_load(&r->tail);
	lock_release(&sound_lock);
}

void sound_start_locked(struct sound_client *c)
{
	uint64_t now = arch_clock_ns();

	if (list_empty(&c->link))
		list_add_tail(&playing, &c->link);
	if (ticking)
		return;
	if (!ring_data) {
		ring_data = pages_alloc(RING_PAGES);
		if (ring_data)
			atomic_store(&ring()->data, (uint32_t)(uintptr_t)ring_data);
		else
			klog(KLOG_WARN, "sound: no memory for what the page is to play");
	}
	ticking = true;
	clock_ns = moved_ns = now;
	tail_seen = atomic_load(&ring()->tail);
	tick.fire = tick_fire;
	timer_set(&tick, now);
}

void sound_stop_locked(struct sound_client *c)
{
	list_del(&c->link);
}

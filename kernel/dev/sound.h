/*
 * sound.h - the sound card: /dev/dsp for any number of clients at once, whose sound the kernel
 * mixes to 48 kHz stereo for the page's audio thread (struct sound_ring).
 *
 * Who paces: the audio thread, as long as it takes sound out of the ring. Where there is none (no
 * browser, no gesture yet, a context that stands still) the kernel's clock consumes at the same
 * rate, and the sound is lost; programs never wait for a page.
 */
#ifndef DEV_SOUND_H
#define DEV_SOUND_H

#include "lib/list.h"
#include "lib/types.h"

struct iobuf;
struct waitq;
struct lock;

/* A client's stream. All fields: sound_lock. */
struct sound_client {
	struct list link;	      /* among those that have a buffer */
	uint32_t format;	      /* AFMT_* */
	uint32_t channels, rate;      /* rate: frames a second */
	uint32_t fragment, fragments; /* bytes, count; 0: not fixed yet */
	uint8_t *buf;		      /* fragment * fragments bytes; NULL: nothing written yet */
	uint32_t buf_size;
	uint64_t head, tail; /* bytes ever written, ever consumed */
	uint64_t told;	     /* tail at the last GETOPTR */
	uint32_t phase;	     /* 16.16, between the frame before tail and the one at it */
	int32_t now[2], next[2];
	bool primed; /* now and next hold frames */
	bool paused; /* SETTRIGGER */
	bool closed; /* plays what it has, then it is gone */
};

extern struct lock sound_lock;	 /* RANK_DEVICE */
extern struct waitq sound_moved; /* [sound_lock] room in some client's buffer */

/* c has something to play: it takes part from now on. */
void sound_start_locked(struct sound_client *c);
/* It takes part no more. */
void sound_stop_locked(struct sound_client *c);
/* Frames at 48 kHz that the page has not taken yet. */
uint32_t sound_waiting_locked(void);
uint32_t sound_frame_bytes(const struct sound_client *c);

/* Event thread, each round: the audio thread may have taken sound. */
void sound_event_round(void);

#endif

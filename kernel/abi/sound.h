/* sound.h - the Open Sound System's PCM device: ioctls and structures of linux/soundcard.h. */
#ifndef ABI_SOUND_H
#define ABI_SOUND_H

#include <stdint.h>

#define SNDCTL_DSP_RESET 0x5000u
#define SNDCTL_DSP_SYNC 0x5001u
#define SNDCTL_DSP_SPEED 0xc0045002u
#define SNDCTL_DSP_STEREO 0xc0045003u
#define SNDCTL_DSP_GETBLKSIZE 0xc0045004u
#define SNDCTL_DSP_SETFMT 0xc0045005u
#define SNDCTL_DSP_CHANNELS 0xc0045006u
#define SNDCTL_DSP_POST 0x5008u
#define SNDCTL_DSP_SUBDIVIDE 0xc0045009u
#define SNDCTL_DSP_SETFRAGMENT 0xc004500au
#define SNDCTL_DSP_GETFMTS 0x8004500bu
#define SNDCTL_DSP_GETOSPACE 0x8010500cu
#define SNDCTL_DSP_NONBLOCK 0x500eu
#define SNDCTL_DSP_GETCAPS 0x8004500fu
#define SNDCTL_DSP_SETTRIGGER 0x40045010u
#define SNDCTL_DSP_GETTRIGGER 0x80045010u
#define SNDCTL_DSP_GETOPTR 0x800c5012u
#define SNDCTL_DSP_GETODELAY 0x80045017u
#define SOUND_PCM_READ_RATE 0x80045002u
#define SOUND_PCM_READ_BITS 0x80045005u
#define SOUND_PCM_READ_CHANNELS 0x80045006u
#define OSS_GETVERSION 0x80044d76u

#define OSS_VERSION 0x030802u
#define AFMT_QUERY 0u
#define AFMT_U8 0x08u
#define AFMT_S16_LE 0x10u
#define AFMT_S8 0x40u
#define DSP_CAP_TRIGGER 0x1000u
#define DSP_CAP_BATCH 0x0400u
#define PCM_ENABLE_OUTPUT 2u

struct abi_audio_buf_info {
	int32_t fragments, fragstotal, fragsize, bytes;
};
struct abi_count_info {
	int32_t bytes, blocks, ptr;
};

#endif

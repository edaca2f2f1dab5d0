/*
 * ring.h - the queues in K between the kernel and the host (web/src/host), both sides' truth.
 * All words are little-endian u32 unless stated; indices run free and wrap; size is a power of 2.
 *
 * struct host_area lies at the address that the export host_area() returns.
 *
 * kernel -> host: `requests`, many producers under RANK_RING, one consumer (the kernel Worker).
 *   The producer writes the slot, then adds 1 to head, then to doorbell, then notifies doorbell.
 *   The host waits with Atomics.waitAsync(doorbell).
 * host -> kernel: `events`, one producer (the kernel Worker), one consumer (the kernel's event
 *   thread, in the timer Worker). The producer writes the slot, adds 1 to head, then adds 1 to
 *   *event_wake and notifies it. When the ring is full the host keeps events in a queue of its own
 *   and goes on when `tail` moved (it is told by OP_EVENTS_DRAINED).
 * A request with a completion (chunk reads): the host stores results into struct host_call, then
 *   stores `status`, adds 1 to *wake, notifies wake.
 */
#ifndef ABI_RING_H
#define ABI_RING_H

#include <stdint.h>

#define HOST_ABI_VERSION 1
#define REQUEST_SLOTS 1024
#define EVENT_SLOTS 1024
#define CONSOLE_RING_SIZE 65536
#define CONSOLE_COUNT 16       /* consoles are numbered 1..CONSOLE_COUNT */
#define HOST_MEMORIES_MAX 1024 /* user memories that a host may have at once */

struct host_slot {
	uint32_t op;
	uint32_t arg[7];
};

/* Requests (kernel -> host) */
enum {
	OP_SPAWN = 1,	/* thread, kstack, memory, parent_memory, key_lo, key_hi, flags */
	OP_END,		/* thread: it is DEAD; its Worker must not run on */
	OP_MEMORY_FREE, /* memory, touched bytes: no process uses it any more; once its Workers have
			 * parked or ended it is cleaned and comes back as EV_MEMORY. What lies
			 * beyond `touched` is zero: a host may rely on that, or look for itself */
	OP_POKE, /* memory, id: a thread there has a signal. The poll word: 0 becomes id, another
		  * value PLEAT_POLL_ANY (never less than what it says already) */
	OP_CONSOLE_OUTPUT,    /* console: its output ring has bytes */
	OP_CONSOLE_CLOSED,    /* console: its session ended */
	OP_CHUNK,	      /* struct host_call *: layer, chunk -> 64 KiB at data */
	OP_HOSTFS,	      /* struct host_call *: see hostfs */
	OP_HALT,	      /* status: the machine stops */
	OP_LOG = 11,	      /* the log grew */
	OP_BOOTED,	      /* the boot command runs: booting is over */
	OP_EVENTS_DRAINED,    /* room in the event ring again */
	OP_CONSOLE_EOF,	      /* console: end of its output (pipe mode) */
	OP_CONSOLE_ROOM = 16, /* console: its input ring was full and has room again */
	OP_MEMORY_NEED,	    /* count: make that many clean memories; each comes back as EV_MEMORY */
	OP_TRACE = 24,	    /* the host has a strace session: look for text in it */
	OP_FB_CHANGED = 32, /* fb: look at fbs[fb]; set its `told` to 0 first */
	OP_FB_COPY,	    /* fb, memory, address in it, address in K, bytes: copy, EV_FB_COPIED */
	OP_INPUT_CHANGED,   /* input.opened changed; set input.told to 0 first */
	OP_SOUND_CHANGED,   /* sound.playing changed; set sound.told to 0 first */
	OP_DIFF = 48,	    /* errno, address in K, bytes: answers EV_DIFF, freed by EV_DIFF_DONE */
};
/* OP_SPAWN flags */
#define SPAWN_FORK 1   /* copy parent_memory (ranges: exec_fork_ranges()), rewind */
#define SPAWN_EXEC 2   /* run thread->exec */
#define SPAWN_INIT 4   /* the first process: runs the kernel's boot function, then exec */
#define SPAWN_THREAD 8 /* a further thread of the process of the thread in key_lo */

/* Events (host -> kernel) */
enum {
	EV_CONSOLE_INPUT = 1, /* console: its input ring has bytes */
	EV_CONSOLE_DRAINED,   /* console: its output ring has room */
	EV_CONSOLE_RESIZE,    /* console, cols, rows */
	EV_CONSOLE_OPEN,      /* console: a person asked for a terminal */
	EV_CONSOLE_CLOSE,     /* console: hang up */
	EV_CONSOLE_EOF,	      /* console: no more input will come (pipe mode) */
	EV_WORKER_GONE,	 /* thread, kstack: that run of the thread is over; nothing touches them */
	EV_SPAWN_FAILED, /* thread address, errno: no Worker or memory to be had */
	EV_STOP,	 /* a person stops the machine */
	EV_MEMORY,	 /* memory: clean and free for use */
	EV_MEMORY_REFUSED, /* the engine has no more; one OP_MEMORY_NEED is not met */
	EV_WORKER_BROKE,   /* thread: the engine gave up its Worker; EV_WORKER_GONE follows */
	EV_FB_COPIED = 32, /* fb: an OP_FB_COPY is done */
	EV_INPUT,	   /* device, then up to three pairs of type << 16 | code, value */
	EV_KEY_TEXT,	   /* length, then up to 24 bytes of UTF-8 that a key types */
	EV_INPUT_LOST,	   /* device: events of it were thrown away */
	EV_DIFF = 48,	   /* limit: bytes of a list of what changed; OP_DIFF comes */
	EV_DIFF_DONE,	   /* address: the host has copied the list */
};

/* A request that somebody waits for. In K; owned by the waiting thread until status is set. */
struct host_call {
	uint32_t status; /* HOST_CALL_PENDING, then 0 or an errno */
	uint32_t wake;	 /* address of the waiter's wake word */
	uint32_t op;
	uint32_t layer; /* index in the boot plan */
	uint32_t index_lo, index_hi;
	uint32_t data;		 /* address in K */
	uint32_t size;		 /* room at data */
	uint32_t result;	 /* bytes written */
	uint32_t path, path_len; /* hostfs */
	uint32_t hostfs_op;	 /* HOSTFS_* */
};
#define HOST_CALL_PENDING 0xffffffffu

/* hostfs operations (read-only): path is relative to the folder number `layer`. */
enum { HOSTFS_STAT = 1, HOSTFS_READDIR, HOSTFS_READ, HOSTFS_READLINK };
struct hostfs_stat {
	uint32_t mode, nlink;
	uint64_t size, mtime_ns, ino;
};
/* HOSTFS_READDIR result: records of u8 type (DT_*), u8 name length, name bytes. index: nth entry
 * to start with; result 0 bytes at the end. */

/*
 * A console's two byte rings. After it stored its own index, each side must look again at the
 * other's, until the host sees its ring empty (output) or full (input): OP_CONSOLE_OUTPUT comes
 * only for bytes put into an empty ring, OP_CONSOLE_ROOM only when a full one was read from.
 */
struct console_ring {
	uint32_t in_head, in_tail;   /* host adds to head, kernel to tail */
	uint32_t out_head, out_tail; /* kernel adds to head, host to tail */
	uint32_t in_data, out_data;  /* addresses of CONSOLE_RING_SIZE bytes each; 0: not in use */
	uint32_t out_full;	     /* kernel wants EV_CONSOLE_DRAINED */
	uint32_t in_use;
};

/*
 * A frame buffer, written by the kernel. `seq` is odd while it writes and goes up with each change:
 * the host reads seq, the fields, the pixels, seq again, and shows them only if it is the same.
 * So it never shows a memory that its process has given back.
 * The host adds 1 to frame for each animation frame that it shows the screen in; if vsync_wanted
 * was set (swap it with 0), it adds 1 to *event_wake then and notifies it.
 */
struct fb_ring {
	uint32_t seq;
	uint32_t opens;	      /* open files */
	uint32_t xres, yres;  /* 0: nobody ever opened it */
	uint32_t line_length; /* bytes */
	uint32_t bits;	      /* 32: XRGB8888, 16: RGB565 */
	uint32_t memory;      /* number of the U that holds the pixels; 0: K */
	uint32_t address;     /* of the first shown pixel; 0: none yet, black */
	uint32_t hold;	      /* the pixels are on their way: what was shown last stays */
	uint32_t blank;	      /* the screen is dark */
	uint32_t told;	      /* kernel: 1 when it sends OP_FB_CHANGED; host: 0 before it looks */
	uint32_t frame;	      /* host */
	uint32_t shown;	      /* host: 1 while frames come */
	uint32_t vsync_wanted;
	uint32_t reserved[2];
};
#define FB_COUNT 4

/* Input devices by number, as in /dev/input/eventN. */
enum { INPUT_KEYBOARD, INPUT_MOUSE, INPUT_TOUCH, INPUT_GAMEPAD1, INPUT_GAMEPAD2, INPUT_COUNT };
struct input_ring {
	uint32_t opened; /* bit n: somebody has eventN open */
	uint32_t told;	 /* as in fb_ring */
	uint32_t typing; /* 1: keys type text on a console: EV_KEY_TEXT is wanted */
	uint32_t reserved;
};

/*
 * Sound: what the kernel mixed, 48 kHz s16 stereo frames. The kernel adds to head, the page's audio
 * thread to tail; it sets `pulling` while it runs. After moving tail it adds 1 to *event_wake and
 * notifies it, if kick_wanted was set (swap it with 0).
 */
#define SOUND_RATE 48000
#define SOUND_FRAMES 8192 /* a power of 2 */
struct sound_ring {
	uint32_t data; /* address of SOUND_FRAMES frames; 0: nobody ever played */
	uint32_t head, tail;
	uint32_t playing;   /* clients with sound to play */
	uint32_t told;	    /* as in fb_ring */
	uint32_t pulling;   /* host */
	uint32_t underruns; /* host: times that the ring was empty while playing */
	uint32_t kick_wanted;
};

struct host_area {
	uint32_t version; /* HOST_ABI_VERSION */
	uint32_t size;	  /* of this struct */
	uint32_t doorbell;
	uint32_t request_head, request_tail;
	uint32_t event_head, event_tail;
	uint32_t event_wake; /* address of the event thread's wake word */
	uint32_t event_drain_wanted;
	uint32_t unused[4];
	uint32_t cpus;	   /* host: processors that the engine says it has */
	uint32_t log_told; /* kernel: 1 when it sends OP_LOG; host: 0 before it reads the log */
	uint32_t reserved[15];
	struct host_slot requests[REQUEST_SLOTS];
	struct host_slot events[EVENT_SLOTS];
	struct console_ring consoles[CONSOLE_COUNT + 1]; /* by number; 0 unused */
	struct fb_ring fbs[FB_COUNT];
	struct input_ring input;
	struct sound_ring sound;
};

#endif

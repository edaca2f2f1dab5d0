/*
 * fb.c - frame buffers.
 * Spec: fbdev of Linux (Documentation/fb/api.rst), true color in 16 and 32 bits; every mode from
 * 320x200 to 1920x1080, set at run time.
 * Locks: fb.lock (RANK_DEVICE), inside mm.lock. Sleepers: fb.changed (a copy by the host is done),
 * fb.frames (the page showed a frame).
 *
 * Wasm cannot let two processes see the same pages, so each mapping is memory of its own, and the
 * one used last is what is shown: the newest, or the one whose process last set the mode, panned
 * or waited for a frame. A new mapping begins with a copy of what is shown, and what the last one
 * held when it went stays on the screen in the store. So programs that take turns find what they
 * find on Linux; two that draw at the same time without a call in between do not.
 */
#include "dev/fb.h"
#include "abi/fb.h"
#include "arch/arch.h"
#include "dev/dev.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "tty/vt.h"
#include "vfs/vfs.h"

#define XRES_MIN 320u
#define YRES_MIN 200u
#define XRES_MAX 1920u
#define YRES_MAX 1080u
/* Two pages of the largest mode, as a graphics card has a fixed amount: a mapping outlives modes.
 */
#define FB_BYTES (XRES_MAX * YRES_MAX * 4 * 2)
#define CMAP_LEN 256u
#define TICK_NS 16666667ull	  /* 60 a second, while no page shows frames */
#define FRAME_MAX_NS 100000000ull /* a page in the background shows none */

struct fb_map {
	struct list link;
	struct mm *mm; /* not referenced: unmap comes before its end */
	uint32_t start, end;
	uint32_t offset; /* in the frame buffer, of start */
};

struct fb {
	struct lock lock;
	uint32_t number;	    /* [i] */
	bool made;		    /* [l] */
	bool store_shown;	    /* [l] write(2) came after the last use of a mapping */
	bool copying;		    /* [l] the host copies from a mapping to the store */
	uint32_t blank;		    /* [l] */
	uint32_t opens;		    /* [l] */
	uint32_t line_length;	    /* [l] */
	struct abi_fb_var var;	    /* [l] */
	struct list maps;	    /* [l] of struct fb_map, last used first */
	uint8_t *store;		    /* [l] NULL: black; else store_pages pages */
	uint32_t store_pages;	    /* [l] */
	struct waitq changed;	    /* [l] */
	struct waitq frames;	    /* [l] */
	uint32_t frame_seen;	    /* event thread */
	uint16_t cmap[4][CMAP_LEN]; /* [l] kept for who asks; true color needs none */
};

#define FB_DEFAULT(n)                                                                              \
	{.lock = LOCK_INIT(RANK_DEVICE),                                                           \
		.number = (n),                                                                     \
		.maps = LIST_INIT(fbs[n].maps),                                                    \
		.changed = WAITQ_INIT(fbs[n].changed),                                             \
		.frames = WAITQ_INIT(fbs[n].frames)}
static struct fb fbs[FB_COUNT] = {FB_DEFAULT(0), FB_DEFAULT(1), FB_DEFAULT(2), FB_DEFAULT(3)};
_Static_assert(FB_COUNT == 4, "one line for each");

static struct fb_ring *ring_of(const struct fb *fb)
{
	return &host_area_ptr()->fbs[fb->number];
}

/* ---- what is shown ---- */

/* Bytes of the virtual screen: what read and write reach. */
static uint32_t screen_bytes(const struct fb *fb)
{
	return fb->line_length * fb->var.yres_virtual;
}

static uint32_t pixel_bytes(const struct fb *fb)
{
	return fb->var.bits_per_pixel / 8;
}

static uint32_t visible_start(const struct fb *fb)
{
	return fb->var.yoffset * fb->line_length + fb->var.xoffset * pixel_bytes(fb);
}

/* The mapping that is shown; NULL: the store is. */
static struct fb_map *shown_locked(struct fb *fb)
{
	struct fb_map *m = LIST_FIRST(&fb->maps, struct fb_map, link);
	uint32_t start = visible_start(fb), len;

	if (!m || fb->store_shown || !m->mm->memory)
		return NULL;
	len = fb->line_length * (fb->var.yres - 1) + fb->var.xres * pixel_bytes(fb);
	return start >= m->offset && start + len <= m->offset + (m->end - m->start) ? m : NULL;
}

static void tell_host(struct fb *fb)
{
	if (!atomic_xchg(&ring_of(fb)->told, 1u))
		HOST_REQUEST(OP_FB_CHANGED, fb->number);
}

/* Let the host see what is to be shown. */
static void publish_locked(struct fb *fb)
{
	struct fb_ring *r = ring_of(fb);
	struct fb_map *m = shown_locked(fb);
	uint32_t memory = m ? m->mm->memory : 0, address = 0;
	bool news = r->memory != memory || r->opens != fb->opens || r->xres != fb->var.xres ||
		    r->yres != fb->var.yres || r->bits != fb->var.bits_per_pixel;

	if (m)
		address = m->start + (visible_start(fb) - m->offset);
	else if (fb->store)
		address = (uint32_t)(uintptr_t)fb->store + visible_start(fb);
	atomic_add(&r->seq, 1u);
	atomic_store(&r->opens, fb->opens);
	atomic_store(&r->xres, fb->var.xres);
	atomic_store(&r->yres, fb->var.yres);
	atomic_store(&r->line_length, fb->line_length);
	atomic_store(&r->bits, fb->var.bits_per_pixel);
	atomic_store(&r->memory, memory);
	atomic_store(&r->address, address);
	atomic_store(&r->hold, (uint32_t)(!m && fb->copying));
	atomic_store(&r->blank, fb->blank);
	atomic_add(&r->seq, 1u);
	if (news)
		tell_host(fb);
}

/* ---- the store ---- */

static void store_drop_locked(struct fb *fb)
{
	if (fb->store)
		pages_free(fb->store, fb->store_pages);
	fb->store = NULL;
}

static bool store_make_locked(struct fb *fb)
{
	if (fb->store)
		return true;
	fb->store_pages = PAGE_ALIGN(screen_bytes(fb)) / PAGE_SIZE;
	fb->store = pages_alloc(fb->store_pages);
	if (fb->store)
		memset(fb->store, 0, fb->store_pages * PAGE_SIZE);
	return fb->store != NULL;
}

static bool is_own(const struct fb_map *m)
{
	return !thread_self()->kernel_thread && proc_self()->mm == m->mm;
}

/*
 * Begin to copy m into the store: at once where it is the caller's memory, else by the host, which
 * holds all memories and takes the request before the memory is given back.
 */
static void copy_begin_locked(struct fb *fb, const struct fb_map *m)
{
	uint32_t end = MIN(m->offset + (m->end - m->start), screen_bytes(fb));

	if (fb->copying || end <= m->offset)
		return;
	if (is_own(m)) {
		arch_copyin(fb->store + m->offset, m->start, end - m->offset);
		return;
	}
	fb->copying = true;
	HOST_REQUEST(OP_FB_COPY, fb->number, m->mm->memory, m->start,
		(uint32_t)(uintptr_t)fb->store + m->offset, end - m->offset);
}

static void copy_wait_locked(struct fb *fb)
{
	while (fb->copying)
		(void)!waitq_sleep(&fb->changed, &fb->lock, WAIT_FOREVER, WAIT_UNINTR);
}

/* The store holds what is shown; sleeps as long as the host copies. False: no memory in K. */
static bool store_sync_locked(struct fb *fb)
{
	struct fb_map *m;

	copy_wait_locked(fb);
	m = shown_locked(fb);
	if (!store_make_locked(fb))
		return false;
	if (m) {
		copy_begin_locked(fb, m);
		copy_wait_locked(fb);
	}
	return store_make_locked(fb); /* another mode, set meanwhile, dropped it */
}

void fb_copied(uint32_t n)
{
	struct fb *fb = &fbs[n % FB_COUNT];

	lock_acquire(&fb->lock);
	fb->copying = false;
	publish_locked(fb);
	waitq_wake_all(&fb->changed);
	lock_release(&fb->lock);
}

/* ---- mappings ---- */

static struct fb_map *own_map_locked(struct fb *fb)
{
	struct fb_map *m;

	LIST_FOR_EACH(m, &fb->maps, link) {
		if (is_own(m))
			return m;
	}
	return NULL;
}

/* The caller uses its mapping, if it has one: that is what is shown from now on. */
static void use_locked(struct fb *fb)
{
	struct fb_map *m = own_map_locked(fb);

	if (!m)
		return;
	list_del(&m->link);
	list_add_head(&fb->maps, &m->link);
	fb->store_shown = false;
}

/* -EINVAL: beyond the frame buffer; -ENOMEM. */
static int fb_map(struct file *file, struct mm *mm, const struct vma *v, bool forked)
{
	struct fb *fb = file->priv;
	struct fb_map *m;
	uint32_t offset = (uint32_t)v->offset;

	if (v->offset > FB_BYTES || v->end - v->start > PAGE_ALIGN(FB_BYTES) - offset)
		return -EINVAL;
	m = kzalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->mm = mm;
	m->start = v->start;
	m->end = v->end;
	m->offset = offset;
	lock_acquire(&fb->lock);
	if (forked) {
		list_add_tail(&fb->maps, &m->link);
	} else {
		if ((fb->store || shown_locked(fb)) && store_sync_locked(fb) &&
			offset < screen_bytes(fb))
			arch_copyout(m->start, fb->store + offset,
				MIN(m->end - m->start, screen_bytes(fb) - offset));
		list_add_head(&fb->maps, &m->link);
		fb->store_shown = false;
		publish_locked(fb);
	}
	lock_release(&fb->lock);
	return 0;
}

/* Take [start, end) out of m. True: nothing of it is left. A hole leaves the part before it. */
static bool cut(struct fb_map *m, uint32_t start, uint32_t end)
{
	if (start > m->start) {
		m->end = MIN(m->end, start);
	} else if (end < m->end) {
		m->offset += end - m->start;
		m->start = end;
	} else {
		return true;
	}
	return false;
}

static void fb_unmap(struct file *file, struct mm *mm, const struct vma *v)
{
	struct fb *fb = file->priv;
	struct fb_map *m, *next;

	lock_acquire(&fb->lock);
	LIST_FOR_EACH_SAFE(m, next, &fb->maps, link) {
		if (m->mm != mm || v->end <= m->start || v->start >= m->end)
			continue;
		/* The last one's picture stays. Without memory for it the screen goes black. */
		if (m == shown_locked(fb) && fb->maps.next->next == &fb->maps &&
			store_make_locked(fb))
			copy_begin_locked(fb, m);
		if (cut(m, v->start, v->end)) {
			list_del(&m->link);
			kfree(m);
		}
	}
	publish_locked(fb);
	lock_release(&fb->lock);
}

static const struct map_ops fb_map_ops = {.map = fb_map, .unmap = fb_unmap};

/* ---- modes ---- */

static void set_format(struct abi_fb_var *var)
{
	static const struct abi_fb_var f16 = {
		.red = {11, 5, 0}, .green = {5, 6, 0}, .blue = {0, 5, 0}};
	static const struct abi_fb_var f32 = {
		.red = {16, 8, 0}, .green = {8, 8, 0}, .blue = {0, 8, 0}};
	const struct abi_fb_var *f = var->bits_per_pixel == 16 ? &f16 : &f32;

	var->red = f->red;
	var->green = f->green;
	var->blue = f->blue;
	var->transp = f->transp;
}

static void set_mode_locked(struct fb *fb, const struct abi_fb_var *var)
{
	uint32_t line = var->xres_virtual * var->bits_per_pixel / 8;

	if (line != fb->line_length || var->yres_virtual != fb->var.yres_virtual ||
		var->bits_per_pixel != fb->var.bits_per_pixel) {
		store_drop_locked(fb);
		fb->store_shown = false;
	}
	fb->var = *var;
	fb->line_length = line;
}

static void make_locked(struct fb *fb)
{
	struct abi_fb_var var = {.xres = 1024,
		.yres = 768,
		.xres_virtual = 1024,
		.yres_virtual = 768,
		.bits_per_pixel = 32,
		.height = ~0u,
		.width = ~0u};

	set_format(&var);
	set_mode_locked(fb, &var);
	for (uint32_t i = 0; i < CMAP_LEN; i++)
		fb->cmap[0][i] = fb->cmap[1][i] = fb->cmap[2][i] = (uint16_t)(i * 257);
	fb->made = true;
}

/*
 * Round what was asked for to what there is, as drivers do. -EINVAL: a size or depth that no mode
 * has, or more than the memory.
 */
static int fit_mode(struct abi_fb_var *var)
{
	uint32_t line;

	if (var->bits_per_pixel > 32 || var->xres < XRES_MIN || var->xres > XRES_MAX ||
		var->yres < YRES_MIN || var->yres > YRES_MAX || var->nonstd || var->grayscale)
		return -EINVAL;
	var->bits_per_pixel = var->bits_per_pixel <= 16 ? 16 : 32;
	var->xres_virtual = MAX(var->xres_virtual, var->xres);
	var->yres_virtual = MAX(var->yres_virtual, var->yres);
	if (var->xres_virtual > FB_BYTES || var->yres_virtual > FB_BYTES)
		return -EINVAL;
	/* Lines begin at whole words. */
	var->xres_virtual = (var->xres_virtual + 1) & ~1u;
	line = var->xres_virtual * var->bits_per_pixel / 8;
	if ((uint64_t)line * var->yres_virtual > FB_BYTES)
		return -EINVAL;
	if (var->xoffset > var->xres_virtual - var->xres ||
		var->yoffset > var->yres_virtual - var->yres)
		return -EINVAL;
	set_format(var);
	var->rotate = 0;
	var->vmode = 0;
	var->sync = 0;
	return 0;
}

static int put_var(struct fb *fb, uaddr_t arg)
{
	struct abi_fb_var var;
	int err = copyin(&var, arg, sizeof(var));

	if (!err)
		err = fit_mode(&var);
	if (err)
		return err;
	if ((var.activate & FB_ACTIVATE_MASK) != FB_ACTIVATE_TEST) {
		var.activate = 0;
		lock_acquire(&fb->lock);
		copy_wait_locked(fb); /* into the store, whose size may change */
		set_mode_locked(fb, &var);
		use_locked(fb);
		publish_locked(fb);
		lock_release(&fb->lock);
	}
	return copyout(arg, &var, sizeof(var));
}

static int get_var(struct fb *fb, uaddr_t arg)
{
	struct abi_fb_var var;

	lock_acquire(&fb->lock);
	var = fb->var;
	lock_release(&fb->lock);
	return copyout(arg, &var, sizeof(var));
}

static int get_fix(struct fb *fb, uaddr_t arg)
{
	struct abi_fb_fix fix = {.id = "Pleat FB",
		.smem_len = FB_BYTES,
		.visual = FB_VISUAL_TRUECOLOR,
		.xpanstep = 1,
		.ypanstep = 1};

	lock_acquire(&fb->lock);
	fix.line_length = fb->line_length;
	lock_release(&fb->lock);
	return copyout(arg, &fix, sizeof(fix));
}

static int pan(struct fb *fb, uaddr_t arg)
{
	struct abi_fb_var var;
	int err = copyin(&var, arg, sizeof(var));

	if (err)
		return err;
	lock_acquire(&fb->lock);
	if (var.xoffset > fb->var.xres_virtual - fb->var.xres ||
		var.yoffset > fb->var.yres_virtual - fb->var.yres) {
		lock_release(&fb->lock);
		return -EINVAL;
	}
	fb->var.xoffset = var.xoffset;
	fb->var.yoffset = var.yoffset;
	use_locked(fb);
	publish_locked(fb);
	var = fb->var;
	lock_release(&fb->lock);
	return copyout(arg, &var, sizeof(var));
}

static int set_blank(struct fb *fb, uint32_t level)
{
	lock_acquire(&fb->lock);
	fb->blank = MIN(level, FB_BLANK_POWERDOWN);
	publish_locked(fb);
	lock_release(&fb->lock);
	return 0;
}

/* ---- frames ---- */

/* Until the page has shown one more frame. A page that shows none is no reason to hang. */
static int wait_frame(struct fb *fb, uaddr_t arg)
{
	struct fb_ring *r = ring_of(fb);
	uint64_t now = arch_clock_ns(), deadline;
	uint32_t crtc, seen;
	int err = copyin(&crtc, arg, sizeof(crtc));

	if (err)
		return err;
	if (crtc != 0)
		return -ENODEV;
	deadline = atomic_load(&r->shown) ? now + FRAME_MAX_NS : (now / TICK_NS + 1) * TICK_NS;
	lock_acquire(&fb->lock);
	if (own_map_locked(fb) != LIST_FIRST(&fb->maps, struct fb_map, link) || fb->store_shown) {
		use_locked(fb);
		publish_locked(fb);
	}
	seen = atomic_load(&r->frame);
	for (;;) {
		/* Set before the look: a frame after it finds the flag. */
		atomic_store(&r->vsync_wanted, 1u);
		if (atomic_load(&r->frame) != seen)
			break;
		err = waitq_sleep(&fb->frames, &fb->lock, deadline, WAIT_INTR);
		if (err)
			break;
	}
	lock_release(&fb->lock);
	return err == -EINTR ? -PLEAT_ERESTARTSYS : 0;
}

void fb_event_round(void)
{
	for (uint32_t i = 0; i < FB_COUNT; i++) {
		uint32_t frame = atomic_load(&host_area_ptr()->fbs[i].frame);

		if (frame == fbs[i].frame_seen)
			continue;
		fbs[i].frame_seen = frame;
		lock_acquire(&fbs[i].lock);
		waitq_wake_all(&fbs[i].frames);
		lock_release(&fbs[i].lock);
	}
}

static int get_vblank(struct fb *fb, uaddr_t arg)
{
	struct abi_fb_vblank v = {
		.flags = FB_VBLANK_HAVE_COUNT, .count = atomic_load(&ring_of(fb)->frame)};

	return copyout(arg, &v, sizeof(v));
}

/* ---- color maps ---- */

/* Copy one color's entries to or from user memory. */
static int cmap_color(struct fb *fb, const struct abi_fb_cmap *c, int color, uaddr_t at, bool put)
{
	uint16_t part[CMAP_LEN];
	uint32_t n = MIN(c->len, CMAP_LEN - c->start) * (uint32_t)sizeof(part[0]);
	int err = 0;

	if (put)
		err = copyin(part, at, n);
	if (err)
		return err;
	lock_acquire(&fb->lock);
	if (put)
		memcpy(&fb->cmap[color][c->start], part, n);
	else
		memcpy(part, &fb->cmap[color][c->start], n);
	lock_release(&fb->lock);
	return put ? 0 : copyout(at, part, n);
}

static int cmap_ioctl(struct fb *fb, uaddr_t arg, bool put)
{
	struct abi_fb_cmap c;
	int err = copyin(&c, arg, sizeof(c));

	if (!err && c.start >= CMAP_LEN)
		err = -EINVAL;
	if (!err)
		err = cmap_color(fb, &c, 0, c.red, put);
	if (!err)
		err = cmap_color(fb, &c, 1, c.green, put);
	if (!err)
		err = cmap_color(fb, &c, 2, c.blue, put);
	if (!err && c.transp)
		err = cmap_color(fb, &c, 3, c.transp, put);
	return err;
}

static int fb_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct fb *fb = file->priv;

	switch (cmd) {
	case FBIOGET_VSCREENINFO:
		return get_var(fb, arg);
	case FBIOPUT_VSCREENINFO:
		return put_var(fb, arg);
	case FBIOGET_FSCREENINFO:
		return get_fix(fb, arg);
	case FBIOPAN_DISPLAY:
		return pan(fb, arg);
	case FBIOBLANK:
		return set_blank(fb, arg);
	case FBIOGETCMAP:
	case FBIOPUTCMAP:
		return cmap_ioctl(fb, arg, cmd == FBIOPUTCMAP);
	case FBIO_WAITFORVSYNC:
		return wait_frame(fb, arg);
	case FBIOGET_VBLANK:
		return get_vblank(fb, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- read, write, seek ---- */

static ssize_t fb_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct fb *fb = file->priv;
	ssize_t done = 0;

	lock_acquire(&fb->lock);
	if (*pos >= screen_bytes(fb)) {
		lock_release(&fb->lock);
		return 0;
	}
	if (store_sync_locked(fb)) {
		uint32_t at = (uint32_t)*pos, end = screen_bytes(fb);

		done = at < end ? (ssize_t)iob_put(b, fb->store + at, end - at) : 0;
		*pos += (uint64_t)done;
	} else {
		done = -ENOMEM;
	}
	lock_release(&fb->lock);
	return done;
}

/* Into the caller's own mapping, so that it finds there what it wrote. */
static size_t write_own(struct fb_map *m, struct iobuf *b, uint32_t at, size_t n)
{
	uint8_t part[512];
	size_t done = 0;

	while (done < n) {
		size_t k = iob_get(b, part, MIN(n - done, sizeof(part)));
		uint32_t to = at + (uint32_t)done;

		if (to >= m->offset && to + k <= m->offset + (m->end - m->start))
			arch_copyout(m->start + (to - m->offset), part, k);
		done += k;
	}
	return done;
}

/* -EFBIG: it begins behind the screen; -ENOSPC: it would end there and nothing fits; -ENOMEM. */
static ssize_t fb_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct fb *fb = file->priv;
	struct fb_map *own;
	ssize_t done = 0;
	size_t n;

	if (b->left == 0)
		return 0;
	lock_acquire(&fb->lock);
	own = own_map_locked(fb);
	if (own)
		use_locked(fb);
	if (*pos > screen_bytes(fb))
		done = -EFBIG;
	else if (*pos == screen_bytes(fb))
		done = -ENOSPC;
	else if (!own && !store_sync_locked(fb))
		done = -ENOMEM;
	if (done == 0 && *pos < screen_bytes(fb)) { /* the mode may have changed meanwhile */
		n = MIN(b->left, screen_bytes(fb) - (uint32_t)*pos);
		if (own) {
			done = (ssize_t)write_own(own, b, (uint32_t)*pos, n);
		} else {
			done = (ssize_t)iob_get(b, fb->store + *pos, n);
			fb->store_shown = true;
		}
		*pos += (uint64_t)done;
		publish_locked(fb);
	}
	lock_release(&fb->lock);
	return done;
}

static int64_t fb_seek(struct file *file, int64_t off, int whence)
{
	struct fb *fb = file->priv;
	uint64_t end;

	lock_acquire(&fb->lock);
	end = screen_bytes(fb);
	lock_release(&fb->lock);
	if (whence == SEEK_CUR)
		off += (int64_t)file->pos;
	else if (whence == SEEK_END)
		off += (int64_t)end;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return off < 0 ? -EINVAL : off;
}

/* ---- life ---- */

static void fb_release(struct file *file)
{
	struct fb *fb = file->priv;

	lock_acquire(&fb->lock);
	fb->opens--;
	publish_locked(fb);
	lock_release(&fb->lock);
}

static const struct file_ops open_fb_ops = {
	.release = fb_release,
	.read = fb_read,
	.write = fb_write,
	.ioctl = fb_ioctl,
	.seek = fb_seek,
	.map = &fb_map_ops,
};

static int fb_open(struct inode *inode, struct file *file)
{
	struct fb *fb = &fbs[MINOR(inode->rdev) % FB_COUNT];

	lock_acquire(&fb->lock);
	if (!fb->made)
		make_locked(fb);
	fb->opens++;
	publish_locked(fb);
	lock_release(&fb->lock);
	vt_use_self();
	file->ops = &open_fb_ops;
	file->priv = fb;
	return 0;
}

const struct file_ops fb_fops = {.open = fb_open};

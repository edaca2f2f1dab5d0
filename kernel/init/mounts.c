/*
 * mounts.c - mounts and overlays of the boot plan. Runs in PID 1's Worker before its exec.
 * Spec: descriptor/SPEC.md 5.5 and 5.6. A machine that is not the one of its link must not start:
 * what cannot be mounted or unpacked is a panic that says what and why.
 * Locks: none here; no program runs yet.
 */
#include "init/mounts.h"
#include "fs/fs.h"
#include "fs/overlay_diff.h"
#include "fs/overlayfs.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "vfs/vfs.h"

#define OVERLAYS_MAX 8
#define MOUNTS_MAX 16
#define MOUNT_LAYERS_MAX 16

enum kind { TMPFS, LAYER, OVERLAY };

static struct {
	uint32_t root_layers; /* 0: all */
	struct {
		uint8_t *bytes;
		size_t len;
	} overlays[OVERLAYS_MAX];
	uint32_t noverlays;
	struct {
		enum kind kind;
		uint64_t number; /* size of a tmpfs, or its first layer */
		uint32_t count;	 /* layers */
		const char *path;
	} mounts[MOUNTS_MAX];
	uint32_t nmounts;
} plan; /* [i] once the plan is read */

/* A decimal number that ends with `end`, which is skipped. NULL: there is none. */
static const char *number(const char *s, char end, uint64_t *value)
{
	if (*s < '0' || *s > '9')
		return NULL;
	for (*value = 0; *s >= '0' && *s <= '9'; s++)
		*value = *value * 10 + (uint64_t)(*s - '0');
	if (*s != end)
		return NULL;
	return end ? s + 1 : s;
}

static bool plan_overlay(const char *value)
{
	uint64_t at, len;

	value = number(value, ':', &at);
	if (!value || !number(value, 0, &len) || plan.noverlays == OVERLAYS_MAX)
		return false;
	plan.overlays[plan.noverlays].bytes = (uint8_t *)(uintptr_t)at;
	plan.overlays[plan.noverlays].len = (size_t)len;
	plan.noverlays++;
	return true;
}

static bool plan_mount(const char *value)
{
	static const char *const kinds[] = {"tmpfs:", "layer:", "overlay:"};
	uint64_t first, count;
	uint32_t kind;

	for (kind = TMPFS; strncmp(value, kinds[kind], strlen(kinds[kind])) != 0;)
		if (++kind > OVERLAY)
			return false;
	value = number(value + strlen(kinds[kind]), ':', &first);
	if (value)
		value = number(value, ':', &count);
	if (!value || *value != '/' || count > MOUNT_LAYERS_MAX || plan.nmounts == MOUNTS_MAX)
		return false;
	plan.mounts[plan.nmounts].kind = (enum kind)kind;
	plan.mounts[plan.nmounts].number = first;
	plan.mounts[plan.nmounts].count = (uint32_t)count;
	plan.mounts[plan.nmounts].path = kstrdup(value, strlen(value));
	if (!plan.mounts[plan.nmounts].path)
		panic("init: out of memory for the boot plan");
	plan.nmounts++;
	return true;
}

bool mounts_plan_line(const char *key, char *value)
{
	uint64_t n;
	bool right;

	if (!strcmp(key, "overlay")) {
		right = plan_overlay(value);
	} else if (!strcmp(key, "mount")) {
		right = plan_mount(value);
	} else if (!strcmp(key, "rootlayers")) {
		right = number(value, 0, &n) != NULL;
		plan.root_layers = right ? (uint32_t)n : 0;
	} else {
		return false;
	}
	if (!right)
		panic("init: boot plan: bad %s \"%s\"", key, value);
	return true;
}

uint32_t mounts_root_layers(uint32_t n)
{
	return plan.root_layers ? MIN(plan.root_layers, n) : n;
}

void mounts_apply_overlays(struct super *root)
{
	char what[160];

	for (uint32_t i = 0; i < plan.noverlays; i++) {
		int err = overlay_apply(
			root, plan.overlays[i].bytes, plan.overlays[i].len, what, sizeof(what));

		if (err)
			panic("init: overlay %u does not fit the layers at \"%s\" (error %d)", i,
				what, -err);
		kfree(plan.overlays[i].bytes);
		klog(KLOG_INFO, "vfs: overlay %u, %u bytes", i, (uint32_t)plan.overlays[i].len);
	}
}

void mounts_one(const struct fs_type *type, const char *source, const char *at, uint32_t flags,
	const char *options)
{
	struct path path;
	int err = path_lookup(AT_FDCWD, at, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (!err) {
		err = path.dentry->inode ? mount_new(type, source, flags, options, &path) : -ENOENT;
		path_put(&path);
	}
	if (err)
		klog(KLOG_ERROR, "init: %s cannot be mounted on %s (error %d)", type->name, at,
			-err);
	else
		klog(KLOG_INFO, "vfs: %s on %s", type->name, at);
}

void mounts_make_dirs(const char *path)
{
	char part[256];

	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		if (i >= sizeof(part))
			return;
		memcpy(part, path, i);
		part[i] = 0;
		(void)!path_mkdir(AT_FDCWD, part, 0755); /* it may exist; mounting tells the rest */
	}
}

/* Layers first, first + 1, ... below a tmpfs. */
static int overlay_of(uint32_t first, uint32_t count, struct super **out)
{
	struct super *lowers[MOUNT_LAYERS_MAX], *upper;
	uint32_t have = 0;
	int err = 0;

	for (; have < count && !err; have += !err) {
		char source[32];

		kformat(source, sizeof(source), "layer:%u", first + count - 1 - have);
		err = erofs_type.mount(source, MS_RDONLY, "", &lowers[have]);
	}
	if (!err)
		err = tmpfs_type.mount("tmpfs", 0, "mode=755", &upper);
	if (!err) {
		err = overlay_mount_root(lowers, count, upper, out);
		super_put(upper);
	}
	while (have > 0)
		super_put(lowers[--have]);
	return err;
}

static int mount_planned(uint32_t i, const struct path *at)
{
	uint32_t first = (uint32_t)plan.mounts[i].number;
	char source[32], options[48];
	struct super *super;
	int err;

	switch (plan.mounts[i].kind) {
	case TMPFS:
		if (plan.mounts[i].number)
			kformat(options, sizeof(options), "mode=755,size=%llu",
				(unsigned long long)plan.mounts[i].number);
		else
			kformat(options, sizeof(options), "mode=755");
		return mount_new(&tmpfs_type, "tmpfs", MS_NODEV, options, at);
	case LAYER:
		kformat(source, sizeof(source), "layer:%u", first);
		return mount_new(&erofs_type, source, MS_RDONLY | MS_NODEV, "", at);
	case OVERLAY:
		err = overlay_of(first, plan.mounts[i].count, &super);
		if (err)
			return err;
		str_copy(super->source, "overlay", sizeof(super->source));
		return mount_super(super, MS_NODEV, at);
	}
	return -EINVAL;
}

void mounts_plan_all(void)
{
	for (uint32_t i = 0; i < plan.nmounts; i++) {
		const char *path = plan.mounts[i].path;
		struct path at;
		int err;

		mounts_make_dirs(path);
		err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &at);
		if (!err) {
			err = at.dentry->inode ? mount_planned(i, &at) : -ENOENT;
			path_put(&at);
		}
		if (err)
			panic("init: %s cannot be mounted (error %d)", path, -err);
		klog(KLOG_INFO, "vfs: mounted %s", path);
	}
}

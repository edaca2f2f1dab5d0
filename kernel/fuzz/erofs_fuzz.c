/*
 * erofs_fuzz.c - the EROFS reader against images from strangers (libFuzzer, native).
 *
 *   make -C kernel -f fuzz/erofs.mk run [SECONDS=60]
 *
 * The input is an image. It is mounted; every inode reachable in WALK_MAX steps is looked up,
 * listed, read at its ends and asked for its attributes. Any errno is right; a trap, a leak or a
 * hang is not.
 */
#include "arch/arch.h"
#include "arch/native/native.h"
#include "fs/chunkcache.h"
#include "fs/fs.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

#define WALK_MAX 64u
#define NAMES_MAX 32u

NORETURN void abort(void);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct layer_info layer = {.name = "fuzz"};
static const uint8_t *image;

static const struct layer_info *fuzz_layer(uint32_t index)
{
	return index == 0 ? &layer : NULL;
}

static int fuzz_fetch(uint32_t index, uint64_t chunk, uint8_t *to, uint32_t len)
{
	(void)index;
	memcpy(to, image + (chunk << CHUNK_SHIFT), len);
	return 0;
}

static const struct chunk_source fuzz_source = {fuzz_layer, fuzz_fetch};

NORETURN void ktest_halted(const char *message)
{
	(void)message; /* a panic is a finding */
	abort();
}

NORETURN void ktest_left(void)
{
	abort();
}

struct collect {
	struct dir_emit emit; /* must be first */
	uint32_t count;
	struct {
		char name[NAME_MAX];
		size_t len;
	} names[NAMES_MAX];
};

static bool collect_name(struct dir_emit *emit, const char *name, size_t len, uint64_t ino,
	uint8_t type, uint64_t next_pos)
{
	struct collect *c = (struct collect *)(void *)emit;

	(void)ino, (void)type, (void)next_pos;
	if (c->count == NAMES_MAX)
		return false;
	if (len == 0 || len > NAME_MAX || memchr(name, '/', len) || memchr(name, 0, len))
		abort(); /* a name that no caller may ever see */
	memcpy(c->names[c->count].name, name, len);
	c->names[c->count++].len = len;
	return true;
}

static void read_at(struct file *f, uint64_t pos)
{
	static uint8_t buf[8192];
	struct iobuf b;

	iob_init_kernel(&b, buf, sizeof(buf));
	(void)f->ops->read(f, &b, &pos);
}

static void ask_attributes(struct inode *inode)
{
	static char list[4096], value[4096];
	ssize_t n = inode->ops->listxattr(inode, list, sizeof(list));

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(list + at) + 1)
		(void)inode->ops->getxattr(inode, list + at, value, sizeof(value));
	(void)inode->ops->getxattr(inode, "trusted.overlay.opaque", value, sizeof(value));
}

/* Look at one inode; what is in it goes to the end of the list. */
static void visit(struct inode *inode, struct inode **todo, uint32_t *count)
{
	static char target[PATH_MAX];
	static struct collect c;
	struct file f = {.inode = inode, .ops = inode->fops};
	uint64_t pos = 0;

	ask_attributes(inode);
	if (S_ISLNK(inode->mode))
		(void)inode->ops->readlink(inode, target, sizeof(target));
	if (S_ISREG(inode->mode)) {
		read_at(&f, 0);
		read_at(&f, inode->size / 2);
		read_at(&f, inode->size - MIN(inode->size, (uint64_t)5));
	}
	if (!S_ISDIR(inode->mode))
		return;
	c.emit.entry = collect_name;
	c.count = 0;
	(void)f.ops->readdir(&f, &pos, &c.emit);
	for (uint32_t i = 0; i < c.count && *count < WALK_MAX; i++) {
		if (inode->ops->lookup(inode, c.names[i].name, c.names[i].len, &todo[*count]) == 0)
			++*count;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct thread self = {.waker = {.id = 1}};
	struct inode *todo[WALK_MAX];
	struct super *super;
	uint32_t count = 1;

	arch_set_self(&self.waker);
	image = data;
	layer.size = size;
	chunk_use_source(&fuzz_source, 8);
	if (erofs_type.mount("layer:0", 0, "", &super))
		return 0;
	inode_get(super->root_inode);
	todo[0] = super->root_inode;
	for (uint32_t i = 0; i < count; i++)
		visit(todo[i], todo, &count);
	while (count > 0)
		inode_put(todo[--count]);
	super_put(super);
	chunk_use_source(&fuzz_source, 8);
	return 0;
}

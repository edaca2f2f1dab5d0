/*
 * image_test.h - images for tests: trees made on the host, turned into EROFS by mkfs.erofs, shown
 * to the kernel as layers in memory. The C library is declared here, since the kernel's own headers
 * are all that tests see.
 */
#ifndef FS_IMAGE_TEST_H
#define FS_IMAGE_TEST_H

#include "fs/chunkcache.h"
#include "host/hostfetch.h"
#include "vfs/vfs_test.h"

int system(const char *command);
int getpid(void);
int creat(const char *path, unsigned mode);
int open(const char *path, int flags, ...);
long write(int fd, const void *buf, size_t n);
long lseek(int fd, long off, int whence);
int close(int fd);
void *mmap(void *addr, size_t len, int prot, int flags, int fd, long off);
int munmap(void *addr, size_t len);

#define TEST_LAYERS 8u

struct test_layer {
	struct layer_info info;
	uint8_t *base;
	uint32_t fail_chunk; /* 1 + the chunk that cannot be had; 0: none */
	uint32_t fetches;    /* [a] */
};
static struct test_layer test_layers[TEST_LAYERS];
static uint32_t test_layer_count;
static char test_dir[64];

static const struct layer_info *test_layer_info(uint32_t layer)
{
	return layer < test_layer_count ? &test_layers[layer].info : NULL;
}

static int test_fetch(uint32_t layer, uint64_t index, uint8_t *data, uint32_t len)
{
	struct test_layer *l = &test_layers[layer];

	atomic_add(&l->fetches, 1u);
	if (atomic_load(&l->fail_chunk) == index + 1)
		return -EIO;
	memcpy(data, l->base + (index << CHUNK_SHIFT), len);
	return 0;
}

static const struct chunk_source test_source = {test_layer_info, test_fetch};

/* Run a shell command on the host, in a fresh directory with an empty folder "tree". */
static inline void host_sh(const char *command)
{
	static char line[2048];

	if (!test_dir[0]) {
		kformat(test_dir, sizeof(test_dir), "/tmp/pleat-ktest-%d", getpid());
		kformat(line, sizeof(line), "rm -rf %s && mkdir -p %s/tree", test_dir, test_dir);
		CHECK_EQ(system(line), 0);
	}
	kformat(line, sizeof(line), "cd %s && { %s ; } >/dev/null 2>&1", test_dir, command);
	CHECK_EQ(system(line), 0);
}

/* The byte that pattern files have at i. */
static inline uint8_t pattern(uint64_t size, uint64_t i)
{
	return (uint8_t)(size * 31 + i * 7 + (i >> 8) * 13 + (i >> 16));
}

static inline void host_pattern_file(const char *name, uint32_t size)
{
	static uint8_t buf[1 << 20];
	char path[128];
	int fd;

	host_sh("true");
	kformat(path, sizeof(path), "%s/tree/%s", test_dir, name);
	fd = creat(path, 0644);
	CHECK(fd >= 0 && size <= sizeof(buf));
	for (uint32_t i = 0; i < size; i++)
		buf[i] = pattern(size, i);
	CHECK_EQ(write(fd, buf, size), size);
	close(fd);
}

/* Map a file of the host as the next layer. Private: tests may damage it. */
static inline uint32_t layer_from_file(const char *name)
{
	struct test_layer *l = &test_layers[test_layer_count];
	char path[128];
	long size;
	int fd;

	kformat(path, sizeof(path), "%s/%s", test_dir, name);
	fd = open(path, 0);
	CHECK(fd >= 0);
	size = lseek(fd, 0, 2);
	l->base = mmap(NULL, (size_t)size, 3, 2, fd, 0);
	CHECK(l->base != (void *)-1);
	close(fd);
	l->info.size = (uint64_t)size;
	l->fail_chunk = l->fetches = 0;
	kformat(l->info.name, sizeof(l->info.name), "test%u", test_layer_count);
	if (test_layer_count == 0)
		chunk_use_source(&test_source, 64);
	return test_layer_count++;
}

/* Make an image of the folder "tree", empty it, and show the image as the next layer. */
static inline uint32_t layer_from_tree(const char *mkfs_flags)
{
	char line[256];

	kformat(line, sizeof(line),
		"mkfs.erofs -T1700000000 --all-root %s image%u tree && rm -rf tree && mkdir tree",
		mkfs_flags, test_layer_count);
	host_sh(line);
	kformat(line, sizeof(line), "image%u", test_layer_count); /* each stays mapped */
	return layer_from_file(line);
}

/* Forget all layers and the host's directory. */
static inline void layers_end(void)
{
	chunk_use_source(&hostfetch_source, 0);
	while (test_layer_count > 0) {
		struct test_layer *l = &test_layers[--test_layer_count];

		munmap(l->base, (size_t)l->info.size);
	}
	if (test_dir[0])
		host_sh("cd / && rm -rf $OLDPWD");
	test_dir[0] = 0;
}

static inline int mount_layer(uint32_t layer, const char *path)
{
	char source[32];

	kformat(source, sizeof(source), "layer:%u", layer);
	return sys_mount(u_str(source), u_str(path), u_str("erofs"), 0, 0);
}

/* Read a whole file in pieces of `piece` bytes and compare it with the pattern. */
static inline void check_pattern(const char *path, uint32_t size, uint32_t piece)
{
	int fd = t_open(path, O_RDONLY, 0);
	static uaddr_t buf;
	uint32_t at = 0;
	int n;

	CHECK(fd >= 0);
	buf = u_alloc(piece);
	CHECK_EQ(t_fstat(fd).size, size);
	while ((n = sys_read(fd, buf, piece)) > 0) {
		const uint8_t *p = u_ptr(buf, (size_t)n);

		for (int i = 0; i < n; i++)
			CHECK_EQ(p[i], pattern(size, at + (uint32_t)i));
		at += (uint32_t)n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(at, size);
	sys_close(fd);
}

#endif

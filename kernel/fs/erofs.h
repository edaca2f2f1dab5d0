/*
 * erofs.h - the EROFS on-disk format, as much of it as plain (uncompressed) images use.
 * Spec: "EROFS - Enhanced Read-Only File System", on-disk layout, in Linux's documentation.
 * All numbers are little-endian, as is every build of this kernel.
 */
#ifndef FS_EROFS_H
#define FS_EROFS_H

#include "lib/types.h"

struct inode;

#define EROFS_MAGIC 0xe0f5e1e2u
#define EROFS_SUPER_OFFSET 1024

struct erofs_disk_super {
	uint32_t magic;
	uint32_t checksum;
	uint32_t feature_compat;
	uint8_t block_bits;
	uint8_t ext_slots;
	uint16_t root_nid;
	uint64_t inodes;
	uint64_t build_time;
	uint32_t build_time_nsec;
	uint32_t blocks;
	uint32_t meta_block;  /* where inode 0 would be */
	uint32_t xattr_block; /* shared attributes */
	uint8_t uuid[16];
	char volume[16];
	uint32_t feature_incompat;
	uint8_t unused[44];
};
_Static_assert(sizeof(struct erofs_disk_super) == 128, "EROFS super block");

/* Features that change how a plain image is read. What compression needs (bits 0 and 1) leaves
 * plain files alone; files that are compressed say so themselves. */
#define EROFS_INCOMPAT_CHUNKED 0x4u
#define EROFS_INCOMPAT_KNOWN (0x1u | 0x2u | EROFS_INCOMPAT_CHUNKED)

#define EROFS_INODE_UNIT 32u /* nid counts these */
#define EROFS_FORMAT_EXTENDED 1u
#define EROFS_FORMAT_LAYOUT(f) ((f) >> 1 & 7u)
#define EROFS_FORMAT_KNOWN 0xfu
enum { EROFS_FLAT_PLAIN = 0, EROFS_FLAT_INLINE = 2, EROFS_CHUNK_BASED = 4 };

struct erofs_disk_compact {
	uint16_t format, xattr_count, mode, nlink;
	uint32_t size, reserved;
	uint32_t data; /* start block, rdev or chunk format */
	uint32_t ino;
	uint16_t uid, gid;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct erofs_disk_compact) == 32, "EROFS compact inode");

struct erofs_disk_extended {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t data, ino, uid, gid;
	uint64_t mtime;
	uint32_t mtime_nsec, nlink;
	uint8_t reserved2[16];
};
_Static_assert(sizeof(struct erofs_disk_extended) == 64, "EROFS extended inode");

#define EROFS_CHUNK_BITS 0x1fu	  /* log2 of blocks in a chunk */
#define EROFS_CHUNK_INDEXES 0x20u /* 8-byte entries, not 4-byte block numbers */
#define EROFS_CHUNK_KNOWN 0x3fu
#define EROFS_HOLE 0xffffffffu

struct erofs_disk_chunk_index {
	uint16_t advise, device;
	uint32_t block;
};

struct erofs_disk_dirent {
	uint64_t nid;
	uint16_t name; /* offset in the block */
	uint8_t type, reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_disk_dirent) == 12, "EROFS directory entry");

struct erofs_disk_xattr_body {
	uint32_t filter;
	uint8_t shared_count;
	uint8_t reserved[7];
};
_Static_assert(sizeof(struct erofs_disk_xattr_body) == 12, "EROFS xattr body");

struct erofs_disk_xattr {
	uint8_t name_len, prefix;
	uint16_t value_len;
};

/*
 * What names the contents of an image file for ever: exec keys compiled modules by it.
 * Returns false if inode is no EROFS file.
 */
bool erofs_inode_key(const struct inode *inode, uint32_t *layer, uint64_t *nid);

#endif

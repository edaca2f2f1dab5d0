/*
 * erofs_image.h - what the files of the EROFS reader share: the mounted image, its inodes, and
 * bounds-checked access to its bytes. Every number read from an image is hostile.
 */
#ifndef FS_EROFS_IMAGE_H
#define FS_EROFS_IMAGE_H

#include "fs/chunkcache.h"
#include "fs/erofs.h"
#include "vfs/vfs.h"

#define EROFS_BUCKETS 256u

struct erofs_image {
	uint32_t layer;			  /* [i] */
	uint32_t block_bits;		  /* [i] 9..12 */
	uint64_t size;			  /* [i] bytes in the image */
	uint64_t meta, xattrs;		  /* [i] byte offsets */
	uint64_t build_sec;		  /* [i] */
	uint32_t build_nsec;		  /* [i] */
	uint32_t blocks;		  /* [i] */
	uint64_t inodes;		  /* [i] */
	uint32_t complaints;		  /* [a] lines about damage written so far */
	char name[64];			  /* [i] of the layer */
	struct list table[EROFS_BUCKETS]; /* [ICACHE] inodes in memory, by nid */
};

struct erofs_inode {
	struct inode vfs;   /* must be first */
	uint8_t layout;	    /* [i] EROFS_FLAT_PLAIN ... */
	uint8_t unit;	    /* [i] chunk-based: bytes of a map entry */
	uint8_t chunk_bits; /* [i] chunk-based: log2 of a chunk's bytes */
	uint64_t data;	    /* [i] flat: first byte; chunk-based: the map */
	uint64_t tail_pos;  /* [i] flat: file position where the inline tail begins, or size */
	uint64_t tail;	    /* [i] flat inline: the tail in the image */
	uint64_t xattr;	    /* [i] its attribute body */
	uint32_t xattr_len; /* [i] 0: none */
};

static inline struct erofs_image *erofs_image(const struct inode *inode)
{
	return inode->super->priv;
}
static inline const struct erofs_inode *erofs_of(const struct inode *inode)
{
	return CONTAINER_OF(inode, struct erofs_inode, vfs);
}

/* Note damage in the log, with image and inode. Returns -EUCLEAN. */
int erofs_damaged(struct erofs_image *im, uint64_t nid, const char *what);

/*
 * Pin the chunk that holds [off, off + n) and point *p at it. -EUCLEAN if the range leaves the
 * image or crosses chunks; errors of chunk_get(). Done with it: chunk_put(*c).
 */
int erofs_pin(struct erofs_image *im, uint64_t off, uint32_t n, struct chunk **c,
	const uint8_t **p) MUST_CHECK;
/* Copy n bytes out of the image, across chunks. The same errors. */
int erofs_copy(struct erofs_image *im, uint64_t off, void *buf, uint32_t n) MUST_CHECK;

/*
 * Where file position pos (below the size) lies: *off in the image, good for *run bytes; *hole: no
 * bytes stored, zeros. -EUCLEAN, -EIO, -ENOMEM.
 */
int erofs_map(
	struct inode *inode, uint64_t pos, uint64_t *off, uint64_t *run, bool *hole) MUST_CHECK;

/* The inode of a nid, referenced: from the table, or read. -EUCLEAN, -EIO, -ENOMEM, -EOPNOTSUPP. */
int erofs_iget(struct super *super, uint64_t nid, struct inode **out) MUST_CHECK;

/* erofs_dir.c */
int erofs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
extern const struct file_ops erofs_dir_fops;

/* erofs_xattr.c */
ssize_t erofs_getxattr(struct inode *inode, const char *name, void *value, size_t size);
ssize_t erofs_listxattr(struct inode *inode, char *list, size_t size);

#endif

/*
 * erofs_dir.c - directories of images: blocks of sorted entries, looked up by halving.
 * Spec: EROFS on-disk format, directories: a block holds an array of 12-byte entries, then their
 * names; the first entry's name offset tells how many there are; blocks and names in them ascend.
 * Locks: none; a block is read where it lies, in its pinned chunk.
 */
#include "fs/erofs_image.h"
#include "lib/str.h"

#define ENTRY sizeof(struct erofs_disk_dirent)

struct dir_block {
	struct chunk *chunk;
	const uint8_t *p;
	uint32_t len;	/* bytes */
	uint32_t count; /* entries */
};

static struct erofs_disk_dirent entry_at(const struct dir_block *b, uint32_t i)
{
	struct erofs_disk_dirent d;

	memcpy(&d, b->p + i * ENTRY, ENTRY); /* the block may lie unaligned */
	return d;
}

/* Pin block n of dir and look at its head. */
static int block_open(struct inode *dir, uint64_t n, struct dir_block *b)
{
	struct erofs_image *im = erofs_image(dir);
	uint64_t pos = n << im->block_bits, off, run;
	bool hole;
	int err = erofs_map(dir, pos, &off, &run, &hole);

	if (err)
		return err;
	b->len = (uint32_t)MIN(dir->size - pos, 1ull << im->block_bits);
	if (run < b->len)
		return erofs_damaged(im, dir->ino, "directory block in pieces");
	err = erofs_pin(im, off, b->len, &b->chunk, &b->p);
	if (err)
		return err;
	if (b->len >= ENTRY) {
		uint32_t names = entry_at(b, 0).name;

		b->count = names / ENTRY;
		if (names >= ENTRY && names % ENTRY == 0 && names < b->len)
			return 0;
	}
	chunk_put(b->chunk);
	return erofs_damaged(im, dir->ino, "directory block without entries");
}

/* Name and nid of entry i. A name ends where the next begins, the last at a zero or the end. */
static int block_entry(struct inode *dir, const struct dir_block *b, uint32_t i,
	struct erofs_disk_dirent *d, const char **name, uint32_t *len)
{
	uint32_t end = i + 1 < b->count ? entry_at(b, i + 1).name : b->len;

	*d = entry_at(b, i);
	if (d->name < b->count * ENTRY || end <= d->name || end > b->len)
		return erofs_damaged(erofs_image(dir), dir->ino, "directory entry without a name");
	*name = (const char *)b->p + d->name;
	*len = (uint32_t)strnlen(*name, end - d->name);
	if (*len == 0 || *len > NAME_MAX || memchr(*name, '/', *len))
		return erofs_damaged(erofs_image(dir), dir->ino, "impossible name");
	return 0;
}

static int name_compare(const char *a, size_t alen, const char *b, size_t blen)
{
	int d = memcmp(a, b, MIN(alen, blen));

	return d ? d : (alen > blen) - (alen < blen);
}

/* Compare name with entry i: *order < 0: name comes before it. */
static int compare_entry(struct inode *dir, const struct dir_block *b, uint32_t i, const char *name,
	size_t len, struct erofs_disk_dirent *d, int *order)
{
	const char *other;
	uint32_t other_len;
	int err = block_entry(dir, b, i, d, &other, &other_len);

	if (!err)
		*order = name_compare(name, len, other, other_len);
	return err;
}

static int block_find(
	struct inode *dir, const struct dir_block *b, const char *name, size_t len, uint64_t *nid)
{
	uint32_t low = 0, high = b->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct erofs_disk_dirent d;
		int order, err = compare_entry(dir, b, mid, name, len, &d, &order);

		if (err)
			return err;
		if (order == 0) {
			*nid = d.nid;
			return 0;
		}
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -ENOENT;
}

/* Halve over the blocks by their first names, then within the one that may have it. */
static int dir_find(struct inode *dir, const char *name, size_t len, uint64_t *nid)
{
	uint32_t bits = erofs_image(dir)->block_bits;
	uint64_t low = 0, high = (dir->size + (1ull << bits) - 1) >> bits;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		struct erofs_disk_dirent d;
		struct dir_block b;
		int order, err = block_open(dir, mid, &b);

		if (err)
			return err;
		err = compare_entry(dir, &b, 0, name, len, &d, &order);
		if (!err && order == 0)
			*nid = d.nid;
		if (!err && order > 0) {
			/* Here, or in a later block; a later one only if its last is smaller. */
			err = compare_entry(dir, &b, b.count - 1, name, len, &d, &order);
			if (!err && order <= 0) {
				err = block_find(dir, &b, name, len, nid);
				order = 0;
			}
		}
		chunk_put(b.chunk);
		if (err || order == 0)
			return err;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -ENOENT;
}

int erofs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	uint64_t nid;
	int err = dir_find(dir, name, len, &nid);

	return err ? err : erofs_iget(dir->super, nid, out);
}

static uint8_t dirent_type(uint8_t disk)
{
	static const uint8_t types[] = {
		0, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK};

	return disk < ARRAY_LEN(types) ? types[disk] : 0;
}

/* Emit block n from byte `from` on. Returns 1 when the reader has no more room. */
static int emit_block(
	struct inode *dir, uint64_t n, uint32_t from, uint64_t *pos, struct dir_emit *emit)
{
	uint32_t bits = erofs_image(dir)->block_bits;
	struct dir_block b;
	int err = block_open(dir, n, &b);

	if (err)
		return err;
	for (uint32_t i = (uint32_t)((from + ENTRY - 1) / ENTRY); i < b.count && !err; i++) {
		struct erofs_disk_dirent d;
		const char *name;
		uint32_t len;
		uint64_t next = i + 1 < b.count ? (n << bits) + (i + 1) * ENTRY : (n + 1) << bits;

		err = block_entry(dir, &b, i, &d, &name, &len);
		if (err)
			break;
		if (emit->entry(emit, name, len, d.nid, dirent_type(d.type), next))
			*pos = next;
		else
			err = 1;
	}
	chunk_put(b.chunk);
	return err;
}

static int erofs_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct inode *dir = file->inode;
	uint32_t bits = erofs_image(dir)->block_bits;

	while (*pos < dir->size) {
		uint64_t n = *pos >> bits;
		int err = emit_block(dir, n, (uint32_t)(*pos & ((1u << bits) - 1)), pos, emit);

		if (err)
			return MIN(err, 0);
		*pos = MAX(*pos, (n + 1) << bits); /* a cookie past the last entry */
	}
	return 0;
}

const struct file_ops erofs_dir_fops = {.readdir = erofs_readdir};

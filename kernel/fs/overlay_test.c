/* overlay_test.c - one tree of several: what POSIX says of files must hold through copy-up. */
#include "fs/fs.h"
#include "fs/image_test.h"
#include "fs/erofs.h"
#include "fs/overlay.h"
#include "lib/alloc.h"

/*
 * /m: an overlay of the layers made so far (the last one topmost) below a tmpfs. The layers are
 * mounted by number, as the machine's root is.
 */
static void overlay_up(void)
{
	struct super *lowers[TEST_LAYERS], *upper, *super;
	struct path at;

	for (uint32_t i = 0; i < test_layer_count; i++) {
		char source[16];

		kformat(source, sizeof(source), "layer:%u", test_layer_count - 1 - i);
		CHECK_EQ(erofs_type.mount(source, 0, "", &lowers[i]), 0);
	}
	CHECK_EQ(tmpfs_type.mount("t", 0, "mode=755", &upper), 0);
	CHECK_EQ(overlay_mount_root(lowers, test_layer_count, upper, &super), 0);
	for (uint32_t i = 0; i < test_layer_count; i++)
		super_put(lowers[i]);
	super_put(upper);
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(path_lookup(AT_FDCWD, "/m", 0, &at), 0);
	CHECK_EQ(mount_super(super, 0, &at), 0);
	path_put(&at);
}

static void overlay_down(void)
{
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

/* The base most tests use: one layer. */
static void base_up(void)
{
	host_sh("cd tree && mkdir -p d/e/f usr && printf lower > file && printf deep > d/e/f/deep "
		"&& "
		"chmod 640 file && ln file usr/hard && ln -s file link && mknod null c 1 3 && "
		"mkdir empty && printf a > d/a && printf b > d/b");
	layer_from_tree("");
	overlay_up();
}

static const char *text_of(const char *path)
{
	int fd = t_open(path, O_RDONLY, 0);
	const char *s;

	CHECK(fd >= 0);
	s = t_read(fd);
	CHECK_EQ(sys_close(fd), 0);
	return s;
}

static void put_text(const char *path, uint32_t flags, const char *text)
{
	int fd = t_open(path, O_WRONLY | flags, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(t_write(fd, text), (int)strlen(text));
	CHECK_EQ(sys_close(fd), 0);
}

/* Names of a directory, sorted as found, "a b c "; without dots. */
static const char *names_in(const char *path)
{
	static char text[512];
	uaddr_t buf = u_alloc(2048);
	size_t len = 0;
	int fd = t_open(path, O_RDONLY | O_DIRECTORY, 0), n;

	CHECK(fd >= 0);
	while ((n = sys_getdents64(fd, buf, 2048)) > 0) {
		for (uint32_t at = 0; at < (uint32_t)n;) {
			const struct abi_dirent64 *d = u_ptr(buf + at, sizeof(*d));
			struct abi_statx st;
			char below[128];

			if (strcmp(d->name, ".") != 0 && strcmp(d->name, "..") != 0) {
				len += (size_t)kformat(
					text + len, sizeof(text) - len, "%s ", d->name);
				/* What readdir says is what stat says. */
				kformat(below, sizeof(below), "%s/%s", path, d->name);
				st = t_stat(below);
				CHECK_EQ(st.ino, d->ino);
				CHECK_EQ(d->type, (st.mode & S_IFMT) >> 12);
			}
			at += d->reclen;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(sys_close(fd), 0);
	text[len] = 0;
	return text;
}

PROC_TEST(overlay_write_copies_up_and_keeps_attributes)
{
	struct abi_statx before, after;

	base_up();
	before = t_stat("/m/file");
	CHECK_EQ(before.mode, S_IFREG | 0640);
	put_text("/m/file", O_APPEND, " and upper");
	CHECK_STR(text_of("/m/file"), "lower and upper");
	after = t_stat("/m/file");
	CHECK_EQ(after.ino, before.ino);
	CHECK_EQ(after.dev_minor, before.dev_minor);
	CHECK_EQ(after.mode, before.mode);
	CHECK_EQ(after.uid, before.uid);
	CHECK_EQ(after.size, 15);
	overlay_down();
}

PROC_TEST(overlay_truncating_open_copies_nothing)
{
	base_up();
	uint32_t deep = test_layers[0].fetches;

	put_text("/m/d/e/f/deep", O_TRUNC, "new");
	CHECK_STR(text_of("/m/d/e/f/deep"), "new");
	CHECK_EQ(t_stat("/m/d/e/f/deep").size, 3);
	CHECK_EQ(test_layers[0].fetches, deep);
	overlay_down();
}

PROC_TEST(overlay_reader_follows_its_file_up)
{
	base_up();
	int fd = t_open("/m/file", O_RDONLY, 0);

	CHECK_STR(t_read(fd), "lower");
	put_text("/m/file", 0, "UPPER");
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_STR(t_read(fd), "UPPER");
	CHECK_EQ(t_fstat(fd).ino, t_stat("/m/file").ino);
	CHECK_EQ(sys_close(fd), 0);
	overlay_down();
}

PROC_TEST(overlay_hard_links_of_a_lower_file_stay_one_file)
{
	base_up();
	CHECK_EQ(t_stat("/m/file").nlink, 2);
	CHECK_EQ(t_stat("/m/file").ino, t_stat("/m/usr/hard").ino);
	put_text("/m/usr/hard", O_TRUNC, "both");
	CHECK_STR(text_of("/m/file"), "both");
	CHECK_EQ(t_stat("/m/file").ino, t_stat("/m/usr/hard").ino);
	CHECK_EQ(t_unlink("/m/usr/hard"), 0);
	CHECK_EQ(t_exists("/m/usr/hard"), -ENOENT);
	CHECK_EQ(t_stat("/m/file").nlink, 1);
	CHECK_STR(text_of("/m/file"), "both");
	overlay_down();
}

/* A name goes while the file is still below: the other name is what copy-up uses. */
PROC_TEST(overlay_unlinked_hard_link_does_not_come_back)
{
	base_up();
	CHECK_EQ(t_stat("/m/file").nlink, 2);
	CHECK_EQ(t_unlink("/m/file"), 0);
	put_text("/m/usr/hard", O_APPEND, "!");
	CHECK_EQ(t_exists("/m/file"), -ENOENT);
	CHECK_STR(text_of("/m/usr/hard"), "lower!");
	CHECK_EQ(t_stat("/m/usr/hard").nlink, 1);
	overlay_down();
}

PROC_TEST(overlay_unlinked_lower_file_stays_open_and_writable)
{
	base_up();
	int fd = t_open("/m/d/a", O_RDWR, 0);

	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_EQ(t_exists("/m/d/a"), -ENOENT);
	CHECK_STR(t_read(fd), "a");
	CHECK_EQ(t_write(fd, "bc"), 2);
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_STR(t_read(fd), "abc");
	CHECK_EQ(t_fstat(fd).nlink, 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_exists("/m/d/a"), -ENOENT);
	overlay_down();
}

PROC_TEST(overlay_names_removed_and_made_again)
{
	base_up();
	CHECK_STR(names_in("/m/d"), "a b e ");
	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_STR(names_in("/m/d"), "b e ");
	CHECK_EQ(t_unlink("/m/d/a"), -ENOENT);
	put_text("/m/d/a", O_CREAT | O_EXCL, "again");
	CHECK_STR(text_of("/m/d/a"), "again");
	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_EQ(t_mkdir("/m/d/a"), 0);
	CHECK_STR(names_in("/m/d/a"), "");
	CHECK_EQ(t_rmdir("/m/d/a"), 0);
	CHECK_EQ(t_symlink("to", "/m/d/a"), 0);
	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_EQ(t_link("/m/file", "/m/d/a"), 0);
	CHECK_STR(text_of("/m/d/a"), "lower");
	overlay_down();
}

PROC_TEST(overlay_directory_made_over_a_removed_one_is_empty)
{
	base_up();
	CHECK_EQ(t_rmdir("/m/d"), -ENOTEMPTY);
	CHECK_EQ(t_unlink("/m/d/e/f/deep"), 0);
	CHECK_EQ(t_rmdir("/m/d/e"), -ENOTEMPTY);
	CHECK_EQ(t_rmdir("/m/d/e/f"), 0);
	CHECK_EQ(t_rmdir("/m/d/e"), 0);
	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_EQ(t_unlink("/m/d/b"), 0);
	CHECK_STR(names_in("/m/d"), "");
	CHECK_EQ(t_rmdir("/m/d"), 0);
	CHECK_EQ(t_exists("/m/d"), -ENOENT);
	CHECK_EQ(t_mkdir("/m/d"), 0);
	CHECK_STR(names_in("/m/d"), "");
	CHECK_EQ(t_exists("/m/d/e"), -ENOENT);
	CHECK_EQ(t_rmdir("/m/d"), 0);
	CHECK_EQ(t_rmdir("/m/empty"), 0);
	overlay_down();
}

PROC_TEST(overlay_rename_of_files)
{
	base_up();
	uint64_t ino = t_stat("/m/d/a").ino;

	CHECK_EQ(t_rename("/m/d/a", "/m/usr/z", 0), 0);
	CHECK_EQ(t_exists("/m/d/a"), -ENOENT);
	CHECK_STR(names_in("/m/d"), "b e ");
	CHECK_STR(text_of("/m/usr/z"), "a");
	CHECK_EQ(t_stat("/m/usr/z").ino, ino);
	CHECK_EQ(t_rename("/m/usr/z", "/m/d/b", 0), 0);
	CHECK_STR(text_of("/m/d/b"), "a");
	CHECK_STR(names_in("/m/d"), "b e ");
	CHECK_EQ(t_rename("/m/d/b", "/m/d/a", 0), 0);
	CHECK_STR(names_in("/m/d"), "a e ");
	CHECK_EQ(t_rename("/m/d/a", "/m/file", RENAME_NOREPLACE), -EEXIST);
	CHECK_EQ(t_rename("/m/d/a", "/m/file", RENAME_EXCHANGE), 0);
	CHECK_STR(text_of("/m/file"), "a");
	CHECK_STR(text_of("/m/d/a"), "lower");
	overlay_down();
}

PROC_TEST(overlay_rename_of_directories)
{
	base_up();
	CHECK_EQ(t_rename("/m/d", "/m/d2", 0), -EXDEV); /* as overlayfs without redirect_dir */
	CHECK_EQ(t_mkdir("/m/new"), 0);
	put_text("/m/new/x", O_CREAT, "x");
	CHECK_EQ(t_rename("/m/new", "/m/usr/moved", 0), 0);
	CHECK_STR(text_of("/m/usr/moved/x"), "x");
	CHECK_EQ(t_exists("/m/new"), -ENOENT);
	/* Over an empty lower directory, and over a whiteout: nothing of below shows through. */
	CHECK_EQ(t_rename("/m/usr/moved", "/m/empty", 0), 0);
	CHECK_STR(names_in("/m/empty"), "x ");
	CHECK_EQ(t_unlink("/m/d/a"), 0);
	CHECK_EQ(t_rename("/m/empty", "/m/d/a", 0), 0);
	CHECK_STR(names_in("/m/d/a"), "x ");
	CHECK_EQ(t_exists("/m/empty"), -ENOENT);
	CHECK_EQ(t_rename("/m/d/a", "/m/d/e", 0), -ENOTEMPTY);
	overlay_down();
}

PROC_TEST(overlay_attributes_of_lower_objects_can_change)
{
	base_up();
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/file"), 0600), 0);
	CHECK_EQ(t_stat("/m/file").mode, S_IFREG | 0600);
	CHECK_STR(text_of("/m/file"), "lower");
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/m/link"), 5, 6, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(t_stat("/m/link").uid, 5);
	CHECK_STR(text_of("/m/link"), "lower");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/d/e"), 0711), 0);
	CHECK_EQ(t_stat("/m/d/e").mode, S_IFDIR | 0711);
	CHECK_STR(names_in("/m/d/e"), "f ");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/null"), 0622), 0);
	CHECK_EQ(t_stat("/m/null").mode, S_IFCHR | 0622);
	CHECK_EQ(t_stat("/m/null").rdev_minor, 3);
	CHECK_EQ(sys_truncate64(u_str("/m/d/b"), 0), 0);
	CHECK_EQ(t_stat("/m/d/b").size, 0);
	CHECK_EQ(sys_truncate64(u_str("/m/d/e/f/deep"), 2), 0);
	CHECK_STR(text_of("/m/d/e/f/deep"), "de");
	overlay_down();
}

PROC_TEST(overlay_directory_times_survive_copy_up_of_a_child)
{
	base_up();
	int64_t mtime = t_stat("/m/d").mtime.sec;

	put_text("/m/d/a", O_APPEND, "x");
	CHECK_EQ(t_stat("/m/d").mtime.sec, mtime);
	overlay_down();
}

PROC_TEST(overlay_layers_merge_hide_and_are_opaque)
{
	host_sh("cd tree && mkdir -p d/sub gone op && printf 1 > d/one && printf 1 > d/two && "
		"printf 1 > gone/x && printf 1 > op/x && printf 1 > was && mkdir kind && printf 1 "
		"> kind/x");
	layer_from_tree("");
	host_sh("cd tree && mkdir -p d op && printf 2 > d/two && printf 2 > d/three && mknod gone "
		"c 0 0 && "
		"printf 2 > op/y && mkdir was && printf 2 > was/z && printf 2 > kind");
	layer_from_tree("");
	overlay_up();
	CHECK_STR(text_of("/m/d/one"), "1");
	CHECK_STR(text_of("/m/d/two"), "2");
	CHECK_STR(names_in("/m/d"), "three two one sub ");
	CHECK_EQ(t_exists("/m/gone"), -ENOENT);
	CHECK_EQ(t_mkdir("/m/gone"), 0);
	CHECK_STR(names_in("/m/gone"), "");
	CHECK_STR(names_in("/m/was"), "z ");
	CHECK_STR(text_of("/m/kind"), "2");
	CHECK_EQ(t_unlink("/m/kind"), 0);
	CHECK_EQ(t_exists("/m/kind"), -ENOENT);
	CHECK_STR(names_in("/m"), "gone d op was ");
	put_text("/m/d/one", O_TRUNC, "3");
	CHECK_STR(names_in("/m/d"), "one three two sub ");
	overlay_down();
}

PROC_TEST(overlay_rewinddir_shows_changes_cookies_stay)
{
	base_up();
	int fd = t_open("/m/d", O_RDONLY | O_DIRECTORY, 0);
	uaddr_t buf = u_alloc(1024);
	int all = sys_getdents64(fd, buf, 1024);
	int64_t third = U_PTR(struct abi_dirent64, buf + 24)->off; /* after ".." */

	CHECK(all > 0);
	CHECK_EQ(sys_getdents64(fd, buf, 1024), 0);
	CHECK_EQ(t_unlink("/m/d/b"), 0);
	t_touch("/m/d/new");
	CHECK_EQ(t_seek(fd, third, SEEK_SET), third);
	CHECK_EQ(sys_getdents64(fd, buf, 1024), all - 48); /* the old list, from there */
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys_getdents64(fd, buf, 1024), all);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_STR(names_in("/m/d"), "new a e ");
	overlay_down();
}

PROC_TEST(overlay_lost_chunk_fails_the_write_not_the_file)
{
	host_pattern_file("big", 300000);
	uint32_t layer = layer_from_tree("-Enoinline_data");

	overlay_up();
	test_layers[layer].fail_chunk = 3;
	int fd = t_open("/m/big", O_WRONLY | O_APPEND, 0);
	CHECK(fd >= 0);
	CHECK_EQ(t_write(fd, "more"), -EIO);
	CHECK_EQ(t_stat("/m/big").size, 300000);
	test_layers[layer].fail_chunk = 0;
	CHECK_EQ(t_write(fd, "more"), 4);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_stat("/m/big").size, 300004);
	CHECK_EQ(sys_truncate64(u_str("/m/big"), 300000), 0);
	check_pattern("/m/big", 300000, 65536);
	overlay_down();
}

PROC_TEST(overlay_real_inode_is_the_lower_one_until_copied)
{
	struct inode *real, *upper;
	struct path p;
	uint32_t layer;
	uint64_t nid;

	base_up();
	CHECK_EQ(path_lookup(AT_FDCWD, "/m/file", 0, &p), 0);
	CHECK(overlay_real_inode(p.dentry->inode, &real));
	CHECK(erofs_inode_key(real, &layer, &nid));
	CHECK_EQ(layer, 0);
	put_text("/m/file", O_APPEND, "x");
	CHECK(overlay_real_inode(p.dentry->inode, &upper));
	CHECK(upper != real && !erofs_inode_key(upper, &layer, &nid));
	uint32_t gen = upper->write_gen;
	put_text("/m/file", O_APPEND, "x");
	CHECK_NE(upper->write_gen, gen);
	path_put(&p);
	overlay_down();
}

PROC_TEST(overlay_by_mount_options)
{
	CHECK_EQ(t_mkdir("/l"), 0);
	CHECK_EQ(t_mkdir("/u"), 0);
	CHECK_EQ(t_mkdir("/w"), 0);
	CHECK_EQ(t_mkdir("/m"), 0);
	put_text("/l/f", O_CREAT, "low");
	CHECK_EQ(t_mount("overlay", "/m", 0, "upperdir=/u"), -EINVAL);
	CHECK_EQ(t_mount("overlay", "/m", 0, "lowerdir=/none,upperdir=/u,workdir=/w"), -ENOENT);
	CHECK_EQ(t_mount("overlay", "/m", 0, "lowerdir=/l,upperdir=/u,workdir=/w"), 0);
	put_text("/m/f", O_APPEND, "er");
	CHECK_STR(text_of("/m/f"), "lower");
	CHECK_STR(text_of("/u/f"), "lower");
	CHECK_STR(text_of("/l/f"), "low");
	CHECK_EQ(t_unlink("/m/f"), 0);
	CHECK_EQ(t_stat("/u/f").mode & S_IFMT, S_IFCHR);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_mount("overlay", "/m", 0, "lowerdir=/u:/l"), 0);
	CHECK_EQ(t_exists("/m/f"), -ENOENT);
	CHECK_EQ(t_open("/m/x", O_CREAT | O_WRONLY, 0644), -EROFS);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_unlink("/u/f"), 0);
	CHECK_EQ(t_unlink("/l/f"), 0);
	CHECK_EQ(t_rmdir("/l"), 0);
	CHECK_EQ(t_rmdir("/u"), 0);
	CHECK_EQ(t_rmdir("/w"), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

/* ---- several at once ---- */

struct race {
	const char *path;
	uint32_t done; /* [a] */
};

static void append_one(void *arg)
{
	struct race *r = arg;
	struct file *f;

	CHECK_EQ(file_open_at(AT_FDCWD, r->path, O_WRONLY | O_APPEND, 0, &f), 0);
	CHECK_EQ(file_write_kernel(f, "x", 1, 0), 1);
	atomic_add(&r->done, 1u);
	file_put(f);
}

static void make_one(void *arg)
{
	struct race *r = arg;
	struct file *f;
	char name[64];

	kformat(name, sizeof(name), "/m/l/sub/n%u", atomic_add(&r->done, 1u));
	CHECK_EQ(file_open_at(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL, 0644, &f), 0);
	file_put(f);
}

/* The lower tree is a tmpfs here: images cost the seeded build too much. */
static void two_trees_up(void)
{
	CHECK_EQ(t_mkdir("/l"), 0);
	CHECK_EQ(t_mkdir("/l/l"), 0);
	CHECK_EQ(t_mkdir("/l/l/sub"), 0);
	CHECK_EQ(t_mkdir("/u"), 0);
	CHECK_EQ(t_mkdir("/m"), 0);
	put_text("/l/l/sub/f", O_CREAT, "low");
	CHECK_EQ(t_mount("overlay", "/m", 0, "lowerdir=/l,upperdir=/u"), 0);
}

static void two_trees_down(void)
{
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_unlink("/l/l/sub/f"), 0);
	CHECK_EQ(t_rmdir("/l/l/sub"), 0);
	CHECK_EQ(t_rmdir("/l/l"), 0);
	CHECK_EQ(t_rmdir("/l"), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

/* Three writers meet a file that is not up yet: one copy, no byte lost. */
PROC_DET_TEST(overlay_copy_up_by_many_happens_once, 1000)
{
	struct race r = {"/m/l/sub/f", 0};
	struct thread *t[3];

	two_trees_up();
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = ktest_thread(append_one, &r);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		ktest_join(t[i]);
	CHECK_STR(text_of("/m/l/sub/f"), "lowxxx");
	CHECK_EQ(t_unlink("/u/l/sub/f"), 0);
	CHECK_EQ(t_rmdir("/u/l/sub"), 0);
	CHECK_EQ(t_rmdir("/u/l"), 0);
	CHECK_EQ(t_rmdir("/u"), 0);
	two_trees_down();
}

/* Names are made in a directory whose parents must all come up first. */
PROC_DET_TEST(overlay_parents_come_up_once, 1000)
{
	struct race r = {NULL, 0};
	struct thread *t[3];

	two_trees_up();
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = ktest_thread(make_one, &r);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		ktest_join(t[i]);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++) {
		char name[64];

		kformat(name, sizeof(name), "/m/l/sub/n%u", i);
		CHECK_EQ(t_exists(name), 0);
		kformat(name, sizeof(name), "/u/l/sub/n%u", i);
		CHECK_EQ(t_unlink(name), 0);
	}
	CHECK_EQ(t_rmdir("/u/l/sub"), 0);
	CHECK_EQ(t_rmdir("/u/l"), 0);
	CHECK_EQ(t_rmdir("/u"), 0);
	two_trees_down();
}

/* ---- no memory ---- */

static int op_append(void)
{
	struct file *f;
	int err = file_open_at(AT_FDCWD, "/m/l/sub/f", O_WRONLY | O_APPEND, 0, &f);
	ssize_t n;

	if (err)
		return err;
	n = file_write_kernel(f, "er", 2, 0);
	file_put(f);
	return n == 2 ? 0 : (int)n;
}

static int op_unlink(void)
{
	return sys_unlinkat(AT_FDCWD, U_ARENA, 0);
}

static int op_rename(void)
{
	return sys_renameat2(AT_FDCWD, U_ARENA, AT_FDCWD, U_ARENA + 32, 0);
}

static int op_mkdir_over_whiteout(void)
{
	return sys_mkdirat(AT_FDCWD, U_ARENA, 0755);
}

static bool is_low(const char *path)
{
	return t_exists(path) == 0 && strcmp(text_of(path), "low") == 0;
}

/* Remove what is left in the upper tree and below it. */
static void upper_clean(void)
{
	static const char *const files[] = {"/u/l/sub/f", "/u/l/g", "/u/l/sub/g"};

	for (uint32_t i = 0; i < ARRAY_LEN(files); i++) {
		if (t_unlink(files[i]) == -EISDIR)
			CHECK_EQ(t_rmdir(files[i]), 0);
	}
	(void)t_rmdir("/u/l/sub");
	(void)t_rmdir("/u/l");
	CHECK_EQ(t_rmdir("/u"), 0);
}

/*
 * Let the n-th allocation fail, for each n, until the operation no longer meets it. A failure is a
 * clean errno and leaves the old state; trying again works.
 */
static void with_failing_memory(int (*op)(void), void (*prepare)(void), bool (*old_state)(void))
{
	for (uint32_t n = 1; n < 200; n++) {
		int err;

		two_trees_up();
		prepare();
		alloc_fail_after(n);
		err = op();
		alloc_fail_after(0);
		if (err) {
			CHECK(err == -ENOMEM || err == -ENOSPC);
			CHECK(old_state());
			CHECK_EQ(op(), 0);
		}
		upper_clean();
		two_trees_down();
		if (!err && n > 60)
			return;
	}
	CHECK(false); /* it never got through */
}

static void name_f(void)
{
	str_copy(u_ptr(U_ARENA, 64), "/m/l/sub/f", 32);
	str_copy(u_ptr(U_ARENA + 32, 32), "/m/l/g", 32);
}

static void name_f_gone(void)
{
	name_f();
	CHECK_EQ(op_unlink(), 0);
}

static bool f_is_low(void)
{
	return is_low("/m/l/sub/f");
}

static bool f_is_low_and_g_is_not(void)
{
	return is_low("/m/l/sub/f") && t_exists("/m/l/g") == -ENOENT;
}

static bool f_is_gone(void)
{
	return t_exists("/m/l/sub/f") == -ENOENT;
}

PROC_TEST(overlay_append_without_memory_keeps_the_file)
{
	(void)u_alloc(64);
	with_failing_memory(op_append, name_f, f_is_low);
}

PROC_TEST(overlay_unlink_without_memory_keeps_the_name)
{
	(void)u_alloc(64);
	with_failing_memory(op_unlink, name_f, f_is_low);
}

PROC_TEST(overlay_rename_without_memory_keeps_the_name)
{
	(void)u_alloc(64);
	with_failing_memory(op_rename, name_f, f_is_low_and_g_is_not);
}

PROC_TEST(overlay_mkdir_without_memory_keeps_the_whiteout)
{
	(void)u_alloc(64);
	with_failing_memory(op_mkdir_over_whiteout, name_f_gone, f_is_gone);
}

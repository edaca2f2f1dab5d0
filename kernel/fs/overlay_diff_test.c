/* overlay_diff_test.c - lists of files laid over an overlay, and gathered from one. */
#include "fs/fs.h"
#include "fs/image_test.h"
#include "fs/overlay.h"
#include "fs/overlay_diff.h"
#include "lib/alloc.h"

static struct super *overlay; /* at /m; the mount's reference */

/* /m: an overlay of the layers made so far below a tmpfs; list (may be NULL) is applied first. */
static int overlay_up(const void *list, size_t len, char *what, size_t size)
{
	struct super *lowers[TEST_LAYERS], *upper;
	struct path at;
	int err = 0;

	for (uint32_t i = 0; i < test_layer_count; i++) {
		char source[16];

		kformat(source, sizeof(source), "layer:%u", test_layer_count - 1 - i);
		CHECK_EQ(erofs_type.mount(source, 0, "", &lowers[i]), 0);
	}
	CHECK_EQ(tmpfs_type.mount("t", 0, "mode=755", &upper), 0);
	CHECK_EQ(overlay_mount_root(lowers, test_layer_count, upper, &overlay), 0);
	for (uint32_t i = 0; i < test_layer_count; i++)
		super_put(lowers[i]);
	super_put(upper);
	if (list)
		err = overlay_apply(overlay, list, len, what, size);
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(path_lookup(AT_FDCWD, "/m", 0, &at), 0);
	CHECK_EQ(mount_super(overlay, 0, &at), 0);
	path_put(&at);
	return err;
}

static void overlay_down(void)
{
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

static void base_layer(void)
{
	host_sh("cd tree && mkdir -p home/guest etc opt/old && printf lower > home/guest/notes && "
		"printf motd > etc/motd && chmod 750 home/guest && printf o > opt/old/file && "
		"ln -s etc link && printf gone > gone");
	layer_from_tree("");
}

static const char *text_of(const char *path)
{
	int fd = t_open(path, O_RDONLY, 0);
	const char *s;

	if (fd < 0)
		return "(none)";
	s = t_read(fd);
	CHECK_EQ(sys_close(fd), 0);
	return s;
}

static void put_text(const char *path, const char *text)
{
	int fd = t_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(t_write(fd, text), (int)strlen(text));
	CHECK_EQ(sys_close(fd), 0);
}

/* Apply a list given as CBOR to an overlay of the base layer. */
static int apply_alone(const void *list, size_t len)
{
	char what[64];
	int err;

	base_layer();
	err = overlay_up(list, len, what, sizeof(what));
	/* Whatever it said, the layers are as they were. */
	CHECK_STR(text_of("/m/etc/motd"), "motd");
	overlay_down();
	return err;
}
#define APPLY(text) apply_alone(text, sizeof(text) - 1)

PROC_TEST(overlay_apply_makes_files_links_and_deletions)
{
	static const char list[] =
		"\x86"
		"\xa2\x01\x64gone\x02\x04" /* deleted */
		"\xa5\x01\x6chome/guest/a\x03\x19\x01\xed\x04\x19\x03\xe8\x05\x01\x06\x42hi" /* 0755
											      */
		"\xa3\x01\x6chome/guest/b\x02\x03\x07\x6chome/guest/a" /* hard link */
		"\xa3\x01\x6chome/guest/c\x02\x02\x07\x63/..\x08\x01"  /* symbolic link */
		"\xa2\x01\x63opt\x02\x05"			       /* opaque */
		"\xa3\x01\x67opt/new\x06\x43new\x08\x1a\x3b\x9a\xca\x00";
	char what[64] = "";
	struct abi_statx st;
	char target[8] = "";
	uaddr_t buf = u_alloc(8);

	base_layer();
	/* The count of fields of the fourth entry is four: 1, 2, 7, 8. */
	uint8_t copy[sizeof(list)];
	memcpy(copy, list, sizeof(list));
	for (size_t i = 0; i + 14 < sizeof(list); i++)
		if (copy[i] == 0xa3 && memcmp(copy + i + 3, "home/guest/c", 12) == 0)
			copy[i] = 0xa4;
	CHECK_EQ(overlay_up(copy, sizeof(list) - 1, what, sizeof(what)), 0);
	CHECK_STR(what, "");
	CHECK_EQ(t_open("/m/gone", O_RDONLY, 0), -ENOENT);
	CHECK_STR(text_of("/m/home/guest/notes"), "lower");
	CHECK_EQ(t_stat("/m/home/guest").mode, S_IFDIR | 0750);
	st = t_stat("/m/home/guest/a");
	CHECK_EQ(st.mode, S_IFREG | 0755);
	CHECK_EQ(st.uid, 1000);
	CHECK_EQ(st.gid, 1);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(st.ino, t_stat("/m/home/guest/b").ino);
	CHECK_STR(text_of("/m/home/guest/b"), "hi");
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/m/home/guest/c"), buf, 8), 3);
	memcpy(target, u_ptr(buf, 3), 3);
	CHECK_STR(target, "/..");
	CHECK_EQ(t_open("/m/opt/old", O_RDONLY, 0), -ENOENT);
	CHECK_STR(text_of("/m/opt/new"), "new");
	CHECK_EQ(t_stat("/m/opt/new").mtime.sec, 1000000000);
	overlay_down();
}

PROC_TEST(overlay_apply_refuses_path_tricks)
{
	CHECK_EQ(APPLY("\x81\xa2\x01\x67../evil\x06\x41x"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x6b"
		       "a/../../etc\x06\x41x"),
		-EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x69/etc/motd\x06\x41x"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x60\x06\x41x"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x62"
		       "a/\x06\x41x"),
		-EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61.\x06\x41x"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x43"
		       "a\0b\x06\x41x"),
		-EINVAL);
	/* Through a symbolic link of the layers, and through one of the list itself. */
	CHECK_EQ(APPLY("\x81\xa2\x01\x69link/motd\x06\x41x"), -ENOTDIR);
	CHECK_EQ(APPLY("\x82\xa3\x01\x61l\x02\x02\x07\x64/etc\xa2\x01\x66l/motd\x06\x41x"),
		-ENOTDIR);
	CHECK_EQ(APPLY("\x81\xa2\x01\x6d"
		       "etc/motd/file\x06\x41x"),
		-ENOTDIR);
}

PROC_TEST(overlay_apply_refuses_what_no_link_may_have)
{
	/* A device, a mode with a type in it, hard links to a layer's file and to nothing. */
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x02\x06"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x03\x19\x21\xa4"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa3\x01\x61x\x02\x03\x07\x68"
		       "etc/motd"),
		-ENOENT);
	CHECK_EQ(APPLY("\x81\xa3\x01\x61x\x02\x03\x07\x64nope"), -ENOENT);
	CHECK_EQ(APPLY("\x81\xa3\x01\x61x\x02\x03\x07\x67../motd"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x02\x02"), -EINVAL); /* no target */
	/* Damaged lists: cut, too long, counts and lengths beyond the bytes. */
	CHECK_EQ(APPLY(""), -EINVAL);
	CHECK_EQ(APPLY("\x80"), 0);
	CHECK_EQ(APPLY("\x80x"), -EINVAL);
	CHECK_EQ(APPLY("\x81"), -EINVAL);
	CHECK_EQ(APPLY("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x06\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x01\x61y"), -EINVAL);
	CHECK_EQ(APPLY("\x81\xa2\x01\x61x\x09\x01"), -EINVAL);
}

PROC_TEST(overlay_apply_refuses_depth_and_long_names)
{
	static uint8_t list[16 + 2 * 65];
	size_t n = 0;

	memcpy(list, "\x81\xa1\x01\x78", 4);
	list[4] = 129; /* 65 one-letter parts */
	for (n = 0; n < 129; n++)
		list[5 + n] = n % 2 ? '/' : 'd';
	CHECK_EQ(apply_alone(list, 5 + 129), -EINVAL);
	list[4] = 127; /* 64 of them */
	CHECK_EQ(apply_alone(list, 5 + 127), 0);
}

/* The list of one overlay, laid over another with the same layers, gives the same list again. */
PROC_TEST(overlay_diff_and_apply_are_inverse)
{
	uint8_t *first, *second;
	size_t nfirst, nsecond;
	char what[64];

	base_layer();
	CHECK_EQ(overlay_up(NULL, 0, NULL, 0), 0);
	put_text("/m/home/guest/notes", "edited");
	put_text("/m/home/guest/new", "new");
	CHECK_EQ(t_link("/m/home/guest/new", "/m/home/guest/same"), 0);
	CHECK_EQ(t_symlink("nowhere", "/m/home/dangling"), 0);
	CHECK_EQ(t_unlink("/m/gone"), 0);
	CHECK_EQ(t_unlink("/m/opt/old/file"), 0);
	CHECK_EQ(t_rmdir("/m/opt/old"), 0);
	CHECK_EQ(t_mkdir("/m/opt/old"), 0); /* opaque: it hides the lower one */
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/etc"), 0700), 0);
	CHECK_EQ(overlay_diff(overlay, 1 << 20, &first, &nfirst), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);

	CHECK_EQ(overlay_up(first, nfirst, what, sizeof(what)), 0);
	CHECK_STR(text_of("/m/home/guest/notes"), "edited");
	CHECK_STR(text_of("/m/home/guest/same"), "new");
	CHECK_EQ(t_stat("/m/home/guest/same").nlink, 2);
	CHECK_EQ(t_open("/m/gone", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(t_open("/m/opt/old/file", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(t_stat("/m/etc").mode, S_IFDIR | 0700);
	CHECK_EQ(t_stat("/m/home/guest").mode, S_IFDIR | 0750);
	CHECK_EQ(overlay_diff(overlay, 1 << 20, &second, &nsecond), 0);
	/* The walk's order may differ, what it found may not. */
	CHECK_EQ(nsecond, nfirst);
	kfree(first);
	kfree(second);
	overlay_down();
}

PROC_TEST(overlay_diff_leaves_out_directories_that_did_not_change)
{
	uint8_t *list;
	size_t n;

	base_layer();
	CHECK_EQ(overlay_up(NULL, 0, NULL, 0), 0);
	put_text("/m/home/guest/notes", "x");
	CHECK_EQ(overlay_diff(overlay, 1 << 20, &list, &n), 0);
	CHECK_EQ(list[4], 1); /* notes alone: /home and /home/guest were only on the way */
	kfree(list);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/home"), 0711), 0);
	CHECK_EQ(overlay_diff(overlay, 1 << 20, &list, &n), 0);
	CHECK_EQ(list[4], 2);
	kfree(list);
	overlay_down();
}

PROC_TEST(overlay_diff_names_what_is_too_large)
{
	static const char big[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	uint8_t *list;
	size_t n, whole;

	base_layer();
	CHECK_EQ(overlay_up(NULL, 0, NULL, 0), 0);
	for (char c = 'a'; c < 'e'; c++) {
		char path[] = "/m/x";

		path[3] = c;
		put_text(path, big);
	}
	CHECK_EQ(overlay_diff(overlay, 1 << 20, &list, &whole), 0);
	kfree(list);
	CHECK_EQ(overlay_diff(overlay, whole - 32, &list, &n), 0);
	CHECK_EQ(list[4], 4);
	CHECK(n < whole);
	kfree(list);
	CHECK_EQ(overlay_diff(overlay, 16, &list, &n), -EFBIG);
	overlay_down();
}

/* Every allocation of both directions fails once: a clean errno, nothing kept. */
PROC_TEST(overlay_apply_and_diff_survive_failing_allocations)
{
	static const char list[] = "\x83"
				   "\xa2\x01\x66"
				   "etc/xy\x06\x41x"
				   "\xa3\x01\x61l\x02\x02\x07\x61t"
				   "\xa2\x01\x63n/f\x06\x41x";
	char what[64];
	uint8_t *out;
	size_t n;

	for (uint32_t fail = 1; fail < 40; fail++) {
		int err;

		base_layer();
		CHECK_EQ(overlay_up(NULL, 0, NULL, 0), 0);
		alloc_fail_after(fail);
		err = overlay_apply(
			overlay, (const uint8_t *)list, sizeof(list) - 1, what, sizeof(what));
		alloc_fail_after(0);
		CHECK(err == 0 || err == -ENOMEM || err == -ENOSPC);
		alloc_fail_after(fail);
		err = overlay_diff(overlay, 1 << 20, &out, &n);
		alloc_fail_after(0);
		CHECK(err == 0 || err == -ENOMEM);
		if (!err)
			kfree(out);
		overlay_down();
	}
}

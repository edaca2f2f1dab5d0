/* dir_test.c - making, removing, linking and renaming names; reading directories. */
#include "vfs/vfs_test.h"

PROC_TEST(mkdir_counts_links_and_applies_umask)
{
	CHECK_EQ(sys_umask(027), 022);
	CHECK_EQ(sys_mkdirat(AT_FDCWD, u_str("/d"), 0777), 0);
	CHECK_EQ(t_stat("/d").mode, S_IFDIR | 0750);
	CHECK_EQ(t_stat("/d").nlink, 2);
	CHECK_EQ(t_mkdir("/d/e/"), 0);
	CHECK_EQ(t_stat("/d").nlink, 3);
	CHECK_EQ(t_mkdir("/d"), -EEXIST);
	CHECK_EQ(t_mkdir("/"), -EEXIST);
	CHECK_EQ(t_mkdir("/d/."), -EEXIST);
	CHECK_EQ(t_rmdir("/d"), -ENOTEMPTY);
	CHECK_EQ(t_rmdir("/d/e"), 0);
	CHECK_EQ(t_stat("/d").nlink, 2);
	CHECK_EQ(t_rmdir("/d"), 0);
	CHECK_EQ(sys_umask(022), 027);
}

PROC_TEST(unlink_and_rmdir_refuse_what_is_not_theirs)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	t_touch("/f");
	CHECK_EQ(t_unlink("/d"), -EISDIR);
	CHECK_EQ(t_rmdir("/f"), -ENOTDIR);
	CHECK_EQ(t_rmdir("/d/."), -EINVAL);
	CHECK_EQ(t_rmdir("/d/.."), -ENOTEMPTY);
	CHECK_EQ(t_rmdir("/"), -EBUSY);
	CHECK_EQ(t_unlink("/none"), -ENOENT);
	CHECK_EQ(t_rmdir("/none"), -ENOENT);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/f"), 0x4000), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_rmdir("/d/"), 0);
}

PROC_TEST(unlink_while_open_keeps_the_file)
{
	int fd = t_create("/f");

	CHECK_EQ(t_write(fd, "still here"), 10);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_exists("/f"), -ENOENT);
	CHECK_EQ(t_fstat(fd).nlink, 0);
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_STR(t_read(fd), "still here");
	int other = t_create("/f");
	CHECK_NE(t_fstat(other).ino, t_fstat(fd).ino);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(link_shares_one_inode)
{
	struct abi_statx st;

	t_touch("/f");
	CHECK_EQ(t_link("/f", "/g"), 0);
	st = t_stat("/g");
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(st.ino, t_stat("/f").ino);
	CHECK_EQ(t_link("/f", "/g"), -EEXIST);
	CHECK_EQ(t_link("/", "/h"), -EPERM);
	CHECK_EQ(t_link("/none", "/h"), -ENOENT);
	CHECK_EQ(t_rename("/f", "/g", 0), 0); /* two names of one file: nothing happens */
	CHECK_EQ(t_stat("/f").nlink, 2);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_stat("/g").nlink, 1);
	CHECK_EQ(t_unlink("/g"), 0);
}

PROC_TEST(symlink_keeps_its_text)
{
	uaddr_t buf = u_alloc(64);

	CHECK_EQ(t_symlink("some/where else", "/l"), 0);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/l"), buf, 64), 15);
	CHECK_MEM(u_ptr(buf, 15), "some/where else", 15);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/l"), buf, 4), 4);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/l"), buf, 0), -EINVAL);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/"), buf, 64), -EINVAL);
	CHECK_EQ(t_stat("/l").size, 15);
	CHECK_EQ(t_symlink("", "/m"), -ENOENT);
	CHECK_EQ(t_open("/l", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(t_open("/l", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
	CHECK(t_open("/l", O_PATH | O_NOFOLLOW, 0) >= 0);
	CHECK_EQ(t_unlink("/l"), 0);
}

PROC_TEST(mknod_makes_what_it_may)
{
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/c"), S_IFCHR | 0600, 0x103), 0);
	CHECK_EQ(t_stat("/c").rdev_major, 1);
	CHECK_EQ(t_stat("/c").rdev_minor, 3);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/d"), S_IFDIR | 0600, 0), -EPERM);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/d"), S_IFLNK | 0600, 0), -EINVAL);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/"), 0777), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/b"), S_IFBLK | 0600, 1), -EPERM);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/p"), S_IFIFO | 0600, 0), 0);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/r"), 0644, 0), 0);
	ktest_become(0, 0);
	CHECK(S_ISFIFO(t_stat("/p").mode));
	CHECK(S_ISREG(t_stat("/r").mode));
	CHECK_EQ(t_unlink("/c"), 0);
	CHECK_EQ(t_unlink("/p"), 0);
	CHECK_EQ(t_unlink("/r"), 0);
}

PROC_TEST(sticky_directory_protects_other_peoples_names)
{
	CHECK_EQ(t_mkdir("/t"), 0);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/t"), 01777), 0);
	ktest_become(1000, 1000);
	t_touch("/t/mine");
	ktest_become(1001, 1001);
	t_touch("/t/other");
	CHECK_EQ(t_unlink("/t/mine"), -EPERM);
	CHECK_EQ(t_rename("/t/mine", "/t/x", 0), -EPERM);
	CHECK_EQ(t_rename("/t/other", "/t/mine", 0), -EPERM);
	CHECK_EQ(t_unlink("/t/other"), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(t_unlink("/t/mine"), 0);
	ktest_become(0, 0);
	CHECK_EQ(t_rmdir("/t"), 0);
}

PROC_TEST(setgid_directory_hands_its_group_down)
{
	CHECK_EQ(t_mkdir("/g"), 0);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/g"), 1000, 50, 0), 0);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/g"), 02777), 0);
	ktest_become(1000, 1000);
	t_touch("/g/f");
	CHECK_EQ(t_mkdir("/g/d"), 0);
	ktest_become(0, 0);
	CHECK_EQ(t_stat("/g/f").gid, 50);
	CHECK_EQ(t_stat("/g/d").gid, 50);
	CHECK(t_stat("/g/d").mode & S_ISGID);
	CHECK_EQ(t_unlink("/g/f"), 0);
	CHECK_EQ(t_rmdir("/g/d"), 0);
	CHECK_EQ(t_rmdir("/g"), 0);
}

/* ---- rename ---- */

PROC_TEST(rename_moves_and_replaces)
{
	int fd = t_create("/a");

	CHECK_EQ(t_write(fd, "A"), 1);
	t_touch("/b");
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_rename("/a", "/b", RENAME_NOREPLACE), -EEXIST);
	CHECK_EQ(t_rename("/a", "/b", 0), 0);
	CHECK_EQ(t_exists("/a"), -ENOENT);
	CHECK_EQ(t_stat("/b").size, 1);
	CHECK_EQ(t_rename("/b", "/d/c", RENAME_NOREPLACE), 0);
	CHECK_EQ(t_stat("/d/c").ino, t_fstat(fd).ino);
	CHECK_EQ(t_rename("/d/c", "/d", 0), -ENOTEMPTY);
	CHECK_EQ(t_rename("/none", "/d/c", 0), -ENOENT);
	CHECK_EQ(t_rename("/d/.", "/e", 0), -EBUSY);
	CHECK_EQ(t_rename("/d/c", "/x/", 0), -ENOTDIR);
	CHECK_EQ(t_rename("/d/c", "/x", 8), -EINVAL);
	CHECK_EQ(t_unlink("/d/c"), 0);
	t_touch("/f");
	CHECK_EQ(t_rename("/f", "/d", 0), -EISDIR);
	CHECK_EQ(t_rename("/d", "/f", 0), -ENOTDIR);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(rename_directory_replaces_only_an_empty_one)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	t_touch("/a/f");
	CHECK_EQ(t_mkdir("/b"), 0);
	t_touch("/b/g");
	CHECK_EQ(t_rename("/a", "/b", 0), -ENOTEMPTY);
	CHECK_EQ(t_unlink("/b/g"), 0);
	CHECK_EQ(t_exists("/b/none"), -ENOENT);
	CHECK_EQ(t_rename("/a", "/b/", 0), 0);
	CHECK_EQ(t_exists("/b/f"), 0);
	CHECK_EQ(t_exists("/a"), -ENOENT);
	CHECK_EQ(t_stat("/").nlink, 3);
	CHECK_EQ(t_unlink("/b/f"), 0);
	CHECK_EQ(t_rmdir("/b"), 0);
}

PROC_TEST(rename_into_itself_is_einval)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/a/b"), 0);
	CHECK_EQ(t_mkdir("/a/b/c"), 0);
	CHECK_EQ(t_rename("/a", "/a/b/c/d", 0), -EINVAL);
	CHECK_EQ(t_rename("/a", "/a/x", 0), -EINVAL);
	CHECK_EQ(t_rename("/a/b/c", "/a", 0), -ENOTEMPTY);
	CHECK_EQ(t_rename("/a/b/c", "/a", RENAME_EXCHANGE), -EINVAL);
	CHECK_EQ(t_rename("/a/b", "/b", 0), 0);
	CHECK_EQ(t_rename("/a", "/b/c/a", 0), 0);
	CHECK_EQ(t_stat("/b/c").nlink, 3);
	CHECK_EQ(t_rmdir("/b/c/a"), 0);
	CHECK_EQ(t_rmdir("/b/c"), 0);
	CHECK_EQ(t_rmdir("/b"), 0);
}

PROC_TEST(rename_exchange_swaps_two_places)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_mkdir("/d/e"), 0);
	t_touch("/f");
	uint64_t file = t_stat("/f").ino, dir = t_stat("/d/e").ino;
	CHECK_EQ(t_rename("/f", "/none", RENAME_EXCHANGE), -ENOENT);
	CHECK_EQ(t_rename("/f", "/d/e", RENAME_EXCHANGE), 0);
	CHECK_EQ(t_stat("/f").ino, dir);
	CHECK_EQ(t_stat("/d/e").ino, file);
	CHECK_EQ(t_stat("/d").nlink, 2);
	CHECK_EQ(t_chdir("/f"), 0);
	CHECK_STR(t_getcwd(), "/f");
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_unlink("/d/e"), 0);
	CHECK_EQ(t_rmdir("/f"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(rename_keeps_cwd_in_the_moved_directory)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/b"), 0);
	CHECK_EQ(t_chdir("/a"), 0);
	CHECK_EQ(t_rename("/a", "/b/c", 0), 0);
	CHECK_STR(t_getcwd(), "/b/c");
	CHECK_EQ(t_chdir(".."), 0);
	CHECK_STR(t_getcwd(), "/b");
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_rmdir("/b/c"), 0);
	CHECK_EQ(t_rmdir("/b"), 0);
}

/* Two threads move directories into each other's: one of them must lose, or a loop is cut off. */
static int crossing[2];

static void move_a(void *arg)
{
	(void)arg;
	crossing[0] = t_rename("/a", "/b/x", 0);
}

PROC_DET_TEST(rename_crossing_moves_make_no_loop, 1000)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/b"), 0);
	struct thread *t = ktest_thread(move_a, NULL);
	crossing[1] = t_rename("/b", "/a/y", 0);
	ktest_join(t);
	CHECK((crossing[0] == 0) != (crossing[1] == 0));
	/* Its path is gone, or was walked before and is now inside what it moves. */
	int lost = crossing[0] ? crossing[0] : crossing[1];
	CHECK(lost == -ENOENT || lost == -EINVAL);
	CHECK_EQ(t_rmdir(crossing[0] ? "/a/y" : "/b/x"), 0);
	CHECK_EQ(t_rmdir(crossing[0] ? "/a" : "/b"), 0);
}

/* One replaces a directory while another makes a file in it: never both. */
static int filled;

static void fill(void *arg)
{
	(void)arg;
	filled = sys_mknodat(AT_FDCWD, u_str("/v/f"), 0644, 0);
}

PROC_DET_TEST(rename_over_a_directory_beside_create_loses_nothing, 1000)
{
	CHECK_EQ(t_mkdir("/n"), 0);
	CHECK_EQ(t_mkdir("/v"), 0);
	struct thread *t = ktest_thread(fill, NULL);
	int err = t_rename("/n", "/v", 0);
	ktest_join(t);
	/* The file went into the old /v (the rename fails) or, later, into the new one. */
	CHECK(err == 0 || err == -ENOTEMPTY);
	CHECK(filled == 0 || (filled == -ENOENT && err == 0));
	if (filled == 0)
		CHECK_EQ(t_unlink("/v/f"), 0);
	CHECK_EQ(t_rmdir("/v"), 0);
	if (err)
		CHECK_EQ(t_rmdir("/n"), 0);
}

PROC_DET_TEST(rmdir_beside_create_loses_nothing, 1000)
{
	CHECK_EQ(t_mkdir("/v"), 0);
	struct thread *t = ktest_thread(fill, NULL);
	int err = t_rmdir("/v");
	ktest_join(t);
	CHECK((err == 0 && filled == -ENOENT) || (err == -ENOTEMPTY && filled == 0));
	if (err) {
		CHECK_EQ(t_unlink("/v/f"), 0);
		CHECK_EQ(t_rmdir("/v"), 0);
	}
}

static int made[2];

static void make_exclusively(void *arg)
{
	made[(uintptr_t)arg] = t_open("/once", O_CREAT | O_EXCL | O_WRONLY, 0644);
}

PROC_DET_TEST(open_excl_by_two_succeeds_once, 1000)
{
	struct thread *t = ktest_thread(make_exclusively, (void *)1);

	make_exclusively((void *)0);
	ktest_join(t);
	CHECK((made[0] >= 0) != (made[1] >= 0));
	CHECK_EQ(MIN(made[0], made[1]), -EEXIST);
	CHECK_EQ(t_unlink("/once"), 0);
}

/* ---- getdents64 ---- */

/* Names of the entries in one call's answer, each followed by a comma. */
static int list_names(int fd, uint32_t size, char *names, size_t room)
{
	uaddr_t buf = u_alloc(size);
	int n = sys_getdents64(fd, buf, size), at = 0;

	names[0] = 0;
	while (at < n) {
		struct abi_dirent64 *d = u_ptr(buf + (uint32_t)at, 1);
		size_t used = strlen(names);

		CHECK_EQ(d->reclen % 8, 0);
		kformat(names + used, room - used, "%s,", d->name);
		at += d->reclen;
	}
	return n;
}

PROC_TEST(getdents_lists_dots_and_names)
{
	char names[64];

	CHECK_EQ(t_mkdir("/d"), 0);
	t_touch("/d/one");
	CHECK_EQ(t_mkdir("/d/two"), 0);
	int fd = t_open("/d", O_RDONLY | O_DIRECTORY, 0);
	CHECK_EQ(sys_getdents64(fd, u_alloc(16), 16), -EINVAL);
	CHECK_EQ(list_names(fd, 1024, names, sizeof(names)), 4 * 24);
	CHECK_STR(names, ".,..,one,two,");
	CHECK_EQ(list_names(fd, 1024, names, sizeof(names)), 0);
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(list_names(fd, 48, names, sizeof(names)), 48);
	CHECK_STR(names, ".,..,");
	CHECK_EQ(sys_read(fd, u_alloc(16), 16), -EISDIR);
	int file = t_open("/d/one", O_RDONLY, 0);
	CHECK_EQ(sys_getdents64(file, u_alloc(64), 64), -ENOTDIR);
	CHECK_EQ(t_unlink("/d/one"), 0);
	CHECK_EQ(t_rmdir("/d/two"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
	CHECK_EQ(list_names(fd, 1024, names, sizeof(names)), -ENOENT);
}

/* What stays is listed once, whatever is removed and added between two calls. */
PROC_TEST(getdents_beside_changes_loses_and_repeats_nothing)
{
	char name[24], names[128];
	uint32_t seen = 0;

	CHECK_EQ(t_mkdir("/d"), 0);
	for (int i = 0; i < 30; i++) {
		kformat(name, sizeof(name), "/d/%d", i);
		t_touch(name);
	}
	int fd = t_open("/d", O_RDONLY | O_DIRECTORY, 0);
	for (int round = 0; list_names(fd, 96, names, sizeof(names)) > 0; round++) {
		for (char *p = names; *p; p = strchr(p, ',') + 1) {
			uint32_t n;

			if (!str_to_u32(p, strchr(p, ','), &n) || n >= 30)
				continue;
			CHECK(!(seen >> n & 1));
			seen |= 1u << n;
		}
		if (round < 10) {
			/* Odd ones go, one by one, wherever the reader is; new ones come. */
			kformat(name, sizeof(name), "/d/%d", round * 2 + 1);
			CHECK_EQ(t_unlink(name), 0);
			kformat(name, sizeof(name), "/d/%d", 100 + round);
			t_touch(name);
		}
	}
	CHECK_EQ(seen & 0x15555555u, 0x15555555u);
	for (int i = 0; i < 110; i++) {
		kformat(name, sizeof(name), "/d/%d", i);
		(void)t_unlink(name);
	}
	CHECK_EQ(t_rmdir("/d"), 0);
}

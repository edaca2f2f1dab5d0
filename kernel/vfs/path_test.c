/* path_test.c - lookups: components, links, limits, roots. */
#include "vfs/vfs_test.h"

PROC_TEST(path_dots_and_slashes_name_the_same_file)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/a/b"), 0);
	t_touch("/a/b/f");
	uint64_t ino = t_stat("/a/b/f").ino;
	CHECK_EQ(t_stat("//a///b//f").ino, ino);
	CHECK_EQ(t_stat("/a/./b/../b/f").ino, ino);
	CHECK_EQ(t_stat("/../../a/b/f").ino, ino);
	CHECK_EQ(t_chdir("/a/b"), 0);
	CHECK_EQ(t_stat("../b/f").ino, ino);
	CHECK_EQ(t_stat("f").ino, ino);
	CHECK_STR(t_getcwd(), "/a/b");
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_STR(t_getcwd(), "/");
	CHECK_EQ(t_unlink("/a/b/f"), 0);
	CHECK_EQ(t_rmdir("/a/b"), 0);
	CHECK_EQ(t_rmdir("/a"), 0);
}

PROC_TEST(path_slash_after_a_file_is_enotdir)
{
	t_touch("/f");
	CHECK_EQ(t_exists("/f/"), -ENOTDIR);
	CHECK_EQ(t_exists("/f/."), -ENOTDIR);
	CHECK_EQ(t_exists("/f/x"), -ENOTDIR);
	CHECK_EQ(t_exists("/none/"), -ENOENT);
	CHECK_EQ(t_exists(""), -ENOENT);
	CHECK_EQ(t_unlink("/f/"), -ENOTDIR);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(path_slash_after_a_link_follows_it)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_symlink("d", "/l"), 0);
	CHECK_EQ(t_symlink("d/", "/m"), 0);
	t_touch("/f");
	CHECK_EQ(t_symlink("f/", "/n"), 0);
	CHECK(S_ISLNK(t_stat("/l").mode));
	CHECK(S_ISDIR(t_stat("/l/").mode));
	CHECK(S_ISDIR(t_stat("/m/.").mode));
	struct abi_statx st;
	CHECK_EQ(t_statx("/n", 0, &st), -ENOTDIR);
	CHECK_EQ(t_unlink("/n"), 0);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_unlink("/m"), 0);
	CHECK_EQ(t_unlink("/l"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(path_links_in_the_middle_and_at_the_end_are_followed)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_mkdir("/d/e"), 0);
	t_touch("/d/e/f");
	CHECK_EQ(t_symlink("d/e", "/rel"), 0);
	CHECK_EQ(t_symlink("/rel/../e/f", "/d/abs"), 0);
	uint64_t ino = t_stat("/d/e/f").ino;
	struct abi_statx st;
	CHECK_EQ(t_stat("/rel/f").ino, ino);
	CHECK_EQ(t_statx("/d/abs", 0, &st), 0);
	CHECK_EQ(st.ino, ino);
	CHECK_EQ(t_statx("/rel/../abs", 0, &st), 0);
	CHECK_EQ(st.ino, ino);
	CHECK_EQ(t_unlink("/d/abs"), 0);
	CHECK_EQ(t_unlink("/rel"), 0);
	CHECK_EQ(t_unlink("/d/e/f"), 0);
	CHECK_EQ(t_rmdir("/d/e"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(path_forty_links_pass_and_a_circle_is_eloop)
{
	char name[32], target[32];
	struct abi_statx st;

	t_touch("/l0");
	for (int i = 1; i <= 41; i++) {
		kformat(name, sizeof(name), "/l%d", i);
		kformat(target, sizeof(target), "l%d", i - 1);
		CHECK_EQ(t_symlink(target, name), 0);
	}
	CHECK_EQ(t_statx("/l40", 0, &st), 0);
	CHECK_EQ(t_statx("/l41", 0, &st), -ELOOP);
	CHECK_EQ(t_symlink("self", "/self"), 0);
	CHECK_EQ(t_statx("/self", 0, &st), -ELOOP);
	CHECK_EQ(t_statx("/self/x", 0, &st), -ELOOP);
	CHECK_EQ(t_unlink("/self"), 0);
	for (int i = 0; i <= 41; i++) {
		kformat(name, sizeof(name), "/l%d", i);
		CHECK_EQ(t_unlink(name), 0);
	}
}

PROC_TEST(path_names_and_paths_have_limits)
{
	char name[NAME_MAX + 3];

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[NAME_MAX + 1] = 0;
	t_touch(name);
	CHECK_EQ(t_unlink(name), 0);
	name[NAME_MAX + 1] = 'n';
	name[NAME_MAX + 2] = 0;
	CHECK_EQ(t_open(name, O_RDONLY, 0), -ENAMETOOLONG);
	uaddr_t path = u_alloc(PATH_MAX + 2);
	memset(u_ptr(path, PATH_MAX), '/', PATH_MAX);
	CHECK_EQ(sys_openat(AT_FDCWD, path, O_RDONLY, 0), -ENAMETOOLONG);
	*U_PTR(char, path + PATH_MAX - 1) = 0;
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys_openat(AT_FDCWD, 0, O_RDONLY, 0), -EFAULT);
}

PROC_TEST(path_relative_to_a_descriptor)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	t_touch("/d/f");
	int dir = t_open("/d", O_RDONLY | O_DIRECTORY, 0);
	int file = t_open("/d/f", O_RDONLY, 0);
	CHECK(dir >= 0 && file >= 0);
	int fd = sys_openat(dir, u_str("f"), O_RDONLY, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys_openat(file, u_str("f"), O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(sys_openat(99, u_str("f"), O_RDONLY, 0), -EBADF);
	CHECK(sys_openat(99, u_str("/d/f"), O_RDONLY, 0) >= 0);
	CHECK_EQ(t_unlink("/d/f"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
	CHECK_EQ(sys_openat(dir, u_str("f"), O_RDWR | O_CREAT, 0644), -ENOENT);
}

PROC_TEST(path_search_permission_is_asked_at_each_step)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_mkdir("/d/e"), 0);
	t_touch("/d/e/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/d"), 0700), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(t_exists("/d/e/f"), -EACCES);
	CHECK_EQ(t_exists("/d/e/.."), -EACCES);
	CHECK_EQ(t_exists("/d"), 0);
	CHECK_EQ(t_chdir("/d"), -EACCES);
	ktest_become(0, 0);
	CHECK_EQ(t_exists("/d/e/f"), 0);
	CHECK_EQ(t_unlink("/d/e/f"), 0);
	CHECK_EQ(t_rmdir("/d/e"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(path_chroot_keeps_dotdot_inside)
{
	struct path real;

	CHECK_EQ(t_mkdir("/jail"), 0);
	t_touch("/outside");
	t_touch("/jail/inside");
	mount_root_path(&real);
	CHECK_EQ(sys_chroot(u_str("/jail")), 0);
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_exists("/inside"), 0);
	CHECK_EQ(t_exists("/../outside"), -ENOENT);
	CHECK_EQ(t_exists("../../outside"), -ENOENT);
	CHECK_STR(t_getcwd(), "/");
	struct fsctx *fs = proc_self()->fs;
	fsctx_set_cwd(fs, &real);
	char text[64];
	CHECK(path_text(&real, text, sizeof(text)) > 0);
	CHECK_STR(text, "(unreachable)/");
	struct path jail = fs->root;
	fs->root = real; /* out again: the reference goes over */
	path_put(&jail);
	CHECK_EQ(t_unlink("/jail/inside"), 0);
	CHECK_EQ(t_unlink("/outside"), 0);
	CHECK_EQ(t_rmdir("/jail"), 0);
}

PROC_TEST(path_of_a_removed_cwd)
{
	CHECK_EQ(t_mkdir("/gone"), 0);
	CHECK_EQ(t_chdir("/gone"), 0);
	CHECK_EQ(t_rmdir("/gone"), 0);
	CHECK_EQ(sys_getcwd(u_alloc(64), 64), -ENOENT);
	CHECK_EQ(t_create("x"), -ENOENT);
	CHECK_EQ(t_mkdir("x"), -ENOENT);
	CHECK_EQ(t_exists("."), 0);
	CHECK_EQ(t_exists(".."), 0);
	CHECK_EQ(t_chdir("/"), 0);
}

PROC_TEST(path_text_says_deleted)
{
	char text[64];
	int fd = t_create("/f");
	struct file *f = fd_get(fd);

	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(path_text(&f->path, text, sizeof(text)), 12);
	CHECK_STR(text, "/f (deleted)");
	CHECK_EQ(path_text(&f->path, text, 12), -ERANGE);
	file_put(f);
}

PROC_TEST(getcwd_too_small_is_erange)
{
	CHECK_EQ(t_mkdir("/dir"), 0);
	CHECK_EQ(t_chdir("/dir"), 0);
	uaddr_t buf = u_alloc(8);
	CHECK_EQ(sys_getcwd(buf, 4), -ERANGE);
	CHECK_EQ(sys_getcwd(buf, 5), 5);
	CHECK_EQ(sys_getcwd(0, 64), -EFAULT);
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_rmdir("/dir"), 0);
}

/* Walks race with a directory that moves back and forth: each either finds the file or does not. */
static uint32_t walk_stop;

static void rename_loop(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(t_rename("/w/a", "/w/b", 0), 0);
		CHECK_EQ(t_rename("/w/b", "/w/a", 0), 0);
	}
	atomic_store(&walk_stop, 1);
}

PROC_DET_TEST(path_walk_beside_rename_finds_or_not, 300)
{
	atomic_store(&walk_stop, 0);
	CHECK_EQ(t_mkdir("/w"), 0);
	CHECK_EQ(t_mkdir("/w/a"), 0);
	t_touch("/w/a/f");
	struct thread *t = ktest_thread(rename_loop, NULL);
	for (int i = 0; i < 200 && !atomic_load(&walk_stop); i++) {
		struct path p;
		int err = path_lookup(AT_FDCWD, "/w/a/f", 0, &p);

		CHECK(err == 0 || err == -ENOENT);
		if (!err)
			path_put(&p);
		ktest_yield();
	}
	ktest_join(t);
	CHECK_EQ(t_unlink("/w/a/f"), 0);
	CHECK_EQ(t_rmdir("/w/a"), 0);
	CHECK_EQ(t_rmdir("/w"), 0);
}

/*
 * Tests of inotify.c: what is told and in which order, the queue's limits, watches that end by
 * themselves, and events, removals and closes that race.
 */
#include "vfs/notify.h"
#include "vfs/vfs_test.h"
#include "lib/alloc.h"
#include "proc/internal.h"

static int32_t make(void)
{
	int fd = sys_inotify_init1(O_NONBLOCK);

	CHECK(fd >= 0);
	return fd;
}

static int32_t watch(int32_t in, const char *path, uint32_t mask)
{
	return sys_inotify_add_watch(in, u_str(path), mask);
}

/* Read one event; its name is checked against want ("" none). 0: there is none. */
static struct abi_inotify_event next(int32_t in, const char *want)
{
	static uaddr_t buf;
	struct abi_inotify_event ev;
	uint32_t n = sizeof(ev);
	int got;

	if (!buf)
		buf = u_alloc(512);
	do {
		got = sys_read(in, buf, n);
		n += 16;
	} while (got == -EINVAL);
	if (got == -EAGAIN)
		return (struct abi_inotify_event){0, 0, 0, 0};
	memcpy(&ev, u_ptr(buf, sizeof(ev)), sizeof(ev));
	CHECK_EQ(got, (int)(sizeof(ev) + ev.len));
	CHECK_STR(ev.len ? (const char *)u_ptr(buf + sizeof(ev), ev.len) : "", want);
	return ev;
}

#define EXPECT(in, want_wd, want_mask, name)                                                       \
	do {                                                                                       \
		struct abi_inotify_event ev_ = next(in, name);                                     \
		CHECK_EQ(ev_.mask, want_mask);                                                     \
		CHECK_EQ(ev_.wd, want_wd);                                                         \
	} while (0)
#define EXPECT_NONE(in) CHECK_EQ(next(in, "").mask, 0)

PROC_TEST(inotify_tells_a_directory_of_its_names)
{
	int32_t in, d, fd;
	struct abi_inotify_event from, to;

	CHECK_EQ(t_mkdir("/d"), 0);
	in = make();
	d = watch(in, "/d", IN_ALL_EVENTS);
	fd = t_create("/d/a");
	EXPECT(in, d, IN_CREATE, "a");
	EXPECT(in, d, IN_OPEN, "a");
	CHECK_EQ(t_write(fd, "xy"), 2);
	CHECK_EQ(t_write(fd, "xy"), 2);
	EXPECT(in, d, IN_MODIFY, "a"); /* two that are the same are one */
	EXPECT_NONE(in);
	CHECK_EQ(sys_ftruncate64(fd, 1), 0);
	EXPECT(in, d, IN_MODIFY, "a");
	CHECK_EQ(sys_fchmod(fd, 0600), 0);
	EXPECT(in, d, IN_ATTRIB, "a");
	CHECK_EQ(sys_close(fd), 0);
	EXPECT(in, d, IN_CLOSE_WRITE, "a");
	CHECK_EQ(t_mkdir("/d/sub"), 0);
	EXPECT(in, d, IN_CREATE | IN_ISDIR, "sub");
	CHECK_EQ(t_rename("/d/a", "/d/sub/b", 0), 0);
	EXPECT(in, d, IN_MOVED_FROM, "a");
	CHECK_EQ(t_rename("/d/sub/b", "/d/c", 0), 0);
	EXPECT(in, d, IN_MOVED_TO, "c");
	CHECK_EQ(t_rename("/d/c", "/d/e", 0), 0);
	from = next(in, "c");
	to = next(in, "e");
	CHECK_EQ(from.mask, IN_MOVED_FROM);
	CHECK_EQ(to.mask, IN_MOVED_TO);
	CHECK(from.cookie != 0 && from.cookie == to.cookie);
	CHECK_EQ(t_unlink("/d/e"), 0);
	EXPECT(in, d, IN_DELETE, "e");
	CHECK_EQ(t_rmdir("/d/sub"), 0);
	EXPECT(in, d, IN_DELETE | IN_ISDIR, "sub");
	CHECK_EQ(t_rmdir("/d"), 0);
	EXPECT(in, d, IN_DELETE_SELF, "");
	EXPECT(in, d, IN_IGNORED, "");
	EXPECT_NONE(in);
	CHECK_EQ(sys_inotify_rm_watch(in, d), -EINVAL);
	CHECK_EQ(sys_close(in), 0);
	CHECK_EQ(atomic_load(&notify_watches), 0);
}

PROC_TEST(inotify_of_a_file_outlives_its_names_until_the_last_is_closed)
{
	int32_t in = make(), wd, fd = t_create("/f");

	wd = watch(in, "/f", IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
	CHECK_EQ(t_link("/f", "/g"), 0);
	EXPECT(in, wd, IN_ATTRIB, "");
	CHECK_EQ(t_rename("/g", "/h", 0), 0);
	EXPECT(in, wd, IN_MOVE_SELF, "");
	CHECK_EQ(t_unlink("/f"), 0);
	EXPECT(in, wd, IN_ATTRIB, "");
	CHECK_EQ(t_unlink("/h"), 0);
	EXPECT(in, wd, IN_ATTRIB, "");
	(void)fd; /* the name that it was opened by keeps nothing: the other was the last one */
	CHECK_EQ(sys_close(fd), 0);
	EXPECT(in, wd, IN_DELETE_SELF, "");
	EXPECT(in, wd, IN_IGNORED, "");
	EXPECT_NONE(in);
	CHECK_EQ(sys_close(in), 0);
}

PROC_TEST(inotify_masks_are_replaced_added_and_spent)
{
	int32_t in = make(), wd;

	t_touch("/f");
	CHECK_EQ(watch(in, "/f", 0), -EINVAL);
	CHECK_EQ(watch(in, "/none", IN_OPEN), -ENOENT);
	CHECK_EQ(watch(in, "/f", IN_OPEN | IN_ONLYDIR), -ENOTDIR);
	wd = watch(in, "/f", IN_OPEN);
	CHECK_EQ(watch(in, "/f", IN_ATTRIB), wd);
	CHECK_EQ(watch(in, "/f", IN_OPEN | IN_MASK_CREATE), -EEXIST);
	CHECK_EQ(watch(in, "/f", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD), -EINVAL);
	t_touch("/f");
	EXPECT_NONE(in);
	CHECK_EQ(watch(in, "/f", IN_OPEN | IN_MASK_ADD), wd);
	t_touch("/f");
	EXPECT(in, wd, IN_OPEN, "");
	EXPECT_NONE(in);
	CHECK_EQ(sys_inotify_rm_watch(in, wd), 0);
	EXPECT(in, wd, IN_IGNORED, "");
	wd = watch(in, "/f", IN_OPEN | IN_ONESHOT);
	CHECK_EQ(wd, 2);
	t_touch("/f");
	EXPECT(in, wd, IN_OPEN, "");
	EXPECT(in, wd, IN_IGNORED, "");
	EXPECT_NONE(in);
	CHECK_EQ(sys_inotify_rm_watch(in, wd), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(sys_close(in), 0);
}

PROC_TEST(inotify_queue_that_is_full_says_so_once)
{
	int32_t in = make(), wd;
	uaddr_t n = u_alloc(4);
	uint32_t seen = 0;

	t_touch("/f");
	wd = watch(in, "/f", IN_OPEN | IN_CLOSE_WRITE);
	for (int i = 0; i < 16384 / 2 + 3; i++)
		t_touch("/f");
	CHECK_EQ(sys_ioctl(in, 0x541b, n), 0);
	CHECK_EQ(*U_PTR(uint32_t, n), 16385 * 16);
	for (;;) {
		struct abi_inotify_event ev = next(in, "");

		if (ev.mask == IN_Q_OVERFLOW)
			break;
		CHECK_EQ(ev.wd, wd);
		seen++;
	}
	CHECK_EQ(seen, 16384);
	EXPECT_NONE(in);
	t_touch("/f");
	EXPECT(in, wd, IN_OPEN, "");
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(sys_close(in), 0);
}

PROC_TEST(inotify_watches_end_with_their_file_system)
{
	int32_t in = make(), wd;

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	wd = watch(in, "/m", IN_CREATE);
	t_touch("/m/x");
	EXPECT(in, wd, IN_CREATE, "x");
	CHECK_EQ(t_umount("/m", 0), 0);
	EXPECT(in, wd, IN_UNMOUNT, "");
	EXPECT(in, wd, IN_IGNORED, "");
	CHECK_EQ(t_rmdir("/m"), 0);
	CHECK_EQ(sys_close(in), 0);
}

PROC_TEST(inotify_out_of_memory_is_an_overflow_or_enomem)
{
	int32_t in, wd, err = -ENOMEM;

	t_touch("/f");
	for (uint32_t n = 1; err == -ENOMEM; n++) {
		alloc_fail_after(n);
		err = sys_inotify_init1(O_NONBLOCK);
		alloc_fail_after(0);
	}
	in = err;
	err = -ENOMEM;
	for (uint32_t n = 1; err == -ENOMEM; n++) {
		alloc_fail_after(n);
		err = watch(in, "/f", IN_ATTRIB);
		alloc_fail_after(0);
	}
	wd = err;
	CHECK(wd > 0);
	alloc_fail_after(1);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0600), 0);
	alloc_fail_after(0);
	CHECK_EQ(next(in, "").mask, IN_Q_OVERFLOW);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(sys_close(in), 0);
}

/* ---- races ---- */

struct reading {
	int32_t in;
	uint32_t mask;
};

static void read_blocking(void *arg)
{
	struct reading *r = arg;
	uaddr_t buf = u_alloc(256);

	CHECK(sys_read(r->in, buf, 256) >= (int)sizeof(struct abi_inotify_event));
	r->mask = U_PTR(struct abi_inotify_event, buf)->mask;
}

PROC_DET_TEST(inotify_reader_asleep_wakes_for_an_event, 1000)
{
	struct reading r = {.in = sys_inotify_init1(0)};
	struct thread *t;

	t_touch("/f");
	CHECK(watch(r.in, "/f", IN_DELETE_SELF) > 0);
	t = ktest_thread(read_blocking, &r);
	CHECK_EQ(t_unlink("/f"), 0);
	ktest_join(t);
	CHECK_EQ(r.mask, IN_DELETE_SELF);
	CHECK_EQ(sys_close(r.in), 0);
}

static void touch_and_unlink(void *arg)
{
	(void)arg;
	t_touch("/d/f");
	CHECK_EQ(t_unlink("/d/f"), 0);
}

PROC_DET_TEST(inotify_instance_closed_beside_events, 1000)
{
	int32_t in = make(), other = make();
	struct thread *t;

	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK(watch(in, "/d", IN_ALL_EVENTS) > 0);
	CHECK(watch(other, "/d", IN_ALL_EVENTS | IN_ONESHOT) > 0);
	t = ktest_thread(touch_and_unlink, NULL);
	if (ktest_seed() & 1)
		CHECK_EQ(sys_inotify_rm_watch(in, 1), 0);
	CHECK_EQ(sys_close(in), 0);
	ktest_join(t);
	CHECK_EQ(sys_close(other), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
	CHECK_EQ(atomic_load(&notify_watches), 0);
}

static void watch_f(void *arg)
{
	int wd = watch(*(int32_t *)arg, "/f", IN_DELETE_SELF);

	CHECK(wd == 1 || wd == -ENOENT);
}

PROC_DET_TEST(inotify_watch_added_beside_the_unlink_of_its_file, 1000)
{
	int32_t in = make();
	struct thread *t;

	t_touch("/f");
	t = ktest_thread(watch_f, &in);
	CHECK_EQ(t_unlink("/f"), 0);
	ktest_join(t);
	CHECK_EQ(sys_close(in), 0);
	CHECK_EQ(atomic_load(&notify_watches), 0);
}

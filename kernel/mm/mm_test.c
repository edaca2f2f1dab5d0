/*
 * Tests of mm/: brk, mmap and friends against tables, what uaccess lets through, and the pool of
 * user memories. The calling process has a stack below U_ARENA, data up to U_ARENA_END, then heap.
 */
#include "tests/ktest_proc.h"
#include "abi/ring.h"
#include "host/host.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/internal.h"
#include "mm/pool.h"
#include "proc/internal.h"

#define PAGE 4096u
#define ANON 0x22u /* private, anonymous */
#define RW 3u
#define NOFD (-1)

static struct mm *mm(void)
{
	return proc_self()->mm;
}

/* The maps from `from` on, as "start+pages prot", relative to it. */
static const char *maps(uint32_t from)
{
	static char text[512];
	struct vma *v;
	size_t n = 0;

	text[0] = 0;
	lock_acquire(&mm()->lock);
	LIST_FOR_EACH(v, &mm()->vmas, link) {
		if (v->start >= from)
			n += (size_t)kformat(text + n, sizeof(text) - n, "%s%u+%u:%u", n ? " " : "",
				(v->start - from) / PAGE, (v->end - v->start) / PAGE, v->prot);
	}
	lock_release(&mm()->lock);
	return text;
}

static uint32_t map(uint32_t pages)
{
	int at = sys_mmap2(0, pages * PAGE, RW, ANON, NOFD, 0);

	CHECK(at > 0 && at % PAGE == 0);
	return (uint32_t)at;
}

PROC_TEST(brk_grows_zeroed_and_shrinks)
{
	uint32_t base = (uint32_t)sys_brk(0);

	CHECK_EQ(base, U_ARENA_END);
	CHECK_EQ(sys_brk(base + 100), base + 100);
	CHECK(uaccess_ok(base, PAGE, true));
	CHECK(!uaccess_ok(base, PAGE + 1, true));
	*U_PTR(uint32_t, base + 200) = 7;
	CHECK_EQ(sys_brk(base + 3 * PAGE), base + 3 * PAGE);
	*U_PTR(uint32_t, base + 2 * PAGE) = 7;
	CHECK_EQ(sys_brk(base), base);
	CHECK(!uaccess_ok(base, 1, false));
	CHECK_EQ(sys_brk(base + 3 * PAGE), base + 3 * PAGE);
	CHECK_EQ(*U_PTR(uint32_t, base + 200), 0);
	CHECK_EQ(*U_PTR(uint32_t, base + 2 * PAGE), 0);
	CHECK_EQ(sys_brk(base - 1), base + 3 * PAGE);	/* below the start: unchanged */
	CHECK_EQ(sys_brk(0x7fffffff), base + 3 * PAGE); /* too far */
	proc_self()->limits[RLIMIT_DATA].cur = 5 * PAGE;
	CHECK_EQ(sys_brk(base + 5 * PAGE), base + 5 * PAGE);
	CHECK_EQ(sys_brk(base + 6 * PAGE), base + 5 * PAGE);
	proc_self()->limits[RLIMIT_DATA].cur = RLIM_INFINITY_K;
	CHECK_EQ(sys_brk(base), base);
}

PROC_TEST(brk_stops_at_the_next_map)
{
	uint32_t base = (uint32_t)sys_brk(0), at = mm()->mmap_base;

	CHECK_EQ(sys_mmap2(at, PAGE, RW, ANON | MAP_FIXED, NOFD, 0), at);
	CHECK_EQ(sys_brk(at + PAGE), base);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
}

PROC_TEST(mmap_checks_its_arguments)
{
	const struct {
		uint32_t start, len, flags;
		int fd, want;
	} table[] = {
		{0, 0, ANON, NOFD, -EINVAL},
		{0, PAGE, 0x20, NOFD, -EINVAL},
		{0, PAGE, 0x2f, NOFD, -EINVAL},
		{0, 0x7fff0001, ANON, NOFD, -ENOMEM},
		{0, 0xfffff001, ANON, NOFD, -ENOMEM},
		{0, PAGE, MAP_PRIVATE, 99, -EBADF},
		{100, PAGE, ANON | MAP_FIXED, NOFD, -EINVAL},
		{0, PAGE, ANON | MAP_FIXED, NOFD, -EPERM},
		{0x7fff0000, PAGE, ANON | MAP_FIXED, NOFD, -ENOMEM},
		{U_ARENA, PAGE, ANON | MAP_FIXED_NOREPLACE, NOFD, -EEXIST},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		int r = sys_mmap2(table[i].start, table[i].len, RW, table[i].flags, table[i].fd, 0);

		if (r != table[i].want)
			ktest_fail(__FILE__, __LINE__, "row %u: %d", (unsigned)i, r);
	}
}

PROC_TEST(munmap_splits_and_mmap_fills_the_hole)
{
	uint32_t at = map(6);

	CHECK_STR(maps(at), "0+6:3");
	*U_PTR(uint32_t, at + 2 * PAGE) = 5;
	CHECK_EQ(sys_munmap(at + 2 * PAGE, 2 * PAGE), 0);
	CHECK_STR(maps(at), "0+2:3 4+2:3");
	CHECK(uaccess_ok(at, 2 * PAGE, true));
	CHECK(!uaccess_ok(at, 2 * PAGE + 1, true));
	CHECK(!uaccess_ok(at + 2 * PAGE, 1, false));
	CHECK(uaccess_ok(at + 4 * PAGE, 2 * PAGE, true));
	CHECK_EQ(map(1), at + 2 * PAGE); /* first fit; joins its neighbour below */
	CHECK_EQ(*U_PTR(uint32_t, at + 2 * PAGE), 0);
	CHECK_STR(maps(at), "0+3:3 4+2:3");
	CHECK_EQ(sys_munmap(at + 3 * PAGE, PAGE), 0); /* nothing there: no error */
	CHECK_EQ(sys_munmap(at + 1, PAGE), -EINVAL);
	CHECK_EQ(sys_munmap(at, 0), -EINVAL);
	CHECK_EQ(sys_munmap(at, 6 * PAGE), 0);
	CHECK_STR(maps(at), "");
}

PROC_TEST(mmap_fixed_replaces_what_is_there)
{
	uint32_t at = map(4);

	*U_PTR(uint32_t, at + PAGE) = 9;
	CHECK_EQ(sys_mmap2(at + PAGE, PAGE, 1, ANON | MAP_FIXED, NOFD, 0), at + PAGE);
	CHECK_EQ(*U_PTR(uint32_t, at + PAGE), 0);
	CHECK_STR(maps(at), "0+1:3 1+1:1 2+2:3");
	CHECK_EQ(sys_munmap(at, 4 * PAGE), 0);
}

PROC_TEST(mprotect_decides_what_the_kernel_may_touch)
{
	uint32_t at = map(4), hole;

	CHECK_EQ(sys_mprotect(at + PAGE, PAGE, 1), 0);
	CHECK_STR(maps(at), "0+1:3 1+1:1 2+2:3");
	CHECK(uaccess_ok(at, 4 * PAGE, false));
	CHECK(!uaccess_ok(at, 4 * PAGE, true));
	CHECK(uaccess_ok(at, PAGE, true));
	CHECK(!uaccess_ok(at + PAGE, 1, true));
	CHECK_EQ(sys_mprotect(at + PAGE, PAGE, 0), 0);
	CHECK(!uaccess_ok(at + PAGE, 1, false));
	CHECK_EQ(sys_mprotect(at, 4 * PAGE, RW), 0);
	CHECK(uaccess_ok(at, 4 * PAGE, true));
	CHECK_EQ(sys_mprotect(at + 1, PAGE, RW), -EINVAL);
	CHECK_EQ(sys_mprotect(at, PAGE, 8), -EINVAL);
	CHECK_EQ(sys_mprotect(at, 0, RW), 0);
	hole = at + 4 * PAGE;
	CHECK_EQ(sys_mprotect(at, hole + PAGE - at, 1), -ENOMEM);
	CHECK(uaccess_ok(at, PAGE, true));
	CHECK_EQ(sys_munmap(at, 4 * PAGE), 0);
}

PROC_TEST(mremap_grows_shrinks_and_moves)
{
	uint32_t at = map(2), wall, to;

	*U_PTR(uint32_t, at + PAGE) = 77;
	CHECK_EQ(sys_mremap(at, 2 * PAGE, 3 * PAGE, 0, 0), at);
	CHECK_EQ(sys_mremap(at, 3 * PAGE, 2 * PAGE, 0, 0), at);
	wall = (uint32_t)sys_mmap2(at + 2 * PAGE, PAGE, 1, ANON | MAP_FIXED, NOFD, 0);
	CHECK_EQ(sys_mremap(at, 2 * PAGE, 4 * PAGE, 0, 0), -ENOMEM);
	to = (uint32_t)sys_mremap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0);
	CHECK_EQ(to, at + 3 * PAGE);
	CHECK_EQ(*U_PTR(uint32_t, to + PAGE), 77);
	CHECK_EQ(*U_PTR(uint32_t, to + 2 * PAGE), 0);
	CHECK(!uaccess_ok(at, 1, false));
	CHECK_EQ(sys_mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), -EFAULT);
	CHECK_EQ(sys_mremap(to + 1, PAGE, 2 * PAGE, 0, 0), -EINVAL);
	CHECK_EQ(sys_mremap(to, PAGE, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys_mremap(to, PAGE, PAGE, 8, 0), -EINVAL);
	CHECK_EQ(sys_mremap(to, PAGE, PAGE, MREMAP_FIXED, at), -EINVAL);
	CHECK_EQ(sys_mremap(to, 2 * PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, to + PAGE), -EINVAL);
	CHECK_EQ(sys_munmap(wall, PAGE), 0);
	CHECK_EQ(sys_munmap(to, 4 * PAGE), 0);
}

/* The target is the front of the very map that the source is in. */
PROC_TEST(mremap_onto_another_part_of_the_same_map)
{
	uint32_t at = map(4);

	*U_PTR(uint32_t, at + 2 * PAGE) = 5;
	CHECK_EQ(sys_mremap(at + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at), at);
	CHECK_EQ(*U_PTR(uint32_t, at), 5);
	CHECK_STR(maps(at), "0+1:3 1+1:3 3+1:3");
	CHECK_EQ(sys_munmap(at, 4 * PAGE), 0);
}

PROC_TEST(uaccess_knows_page_0_and_the_end)
{
	const struct {
		uint32_t at;
		size_t n;
		bool ok;
	} table[] = {
		{0, 0, true},
		{0xfffffff0, 0, true},
		{0, 1, false},
		{PAGE - 1, 1, false},
		{PAGE - 1, 2, false},
		{PAGE, 1, true},
		{PAGE, U_ARENA_END - PAGE, true},
		{PAGE, U_ARENA_END - PAGE + 1, false},
		{U_ARENA_END - 1, 1, true},
		{U_ARENA_END, 1, false},
		{0x7fff0000, 1, false},
		{0xfffffff0, 0x20, false},
		{PAGE, 0xffffffff, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (uaccess_ok(table[i].at, table[i].n, true) != table[i].ok ||
			uaccess_ok(table[i].at, table[i].n, false) != table[i].ok)
			ktest_fail(__FILE__, __LINE__, "row %u", (unsigned)i);
	}
}

PROC_TEST(copyin_str_stops_at_the_nul_before_the_end_of_a_map)
{
	uint32_t at = map(1);
	char buf[300];

	memcpy(u_ptr(at + PAGE - 4, 4), "abc", 4);
	CHECK_EQ(copyin_str(buf, at + PAGE - 4, sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	*U_PTR(uint8_t, at + PAGE - 1) = 'd';
	CHECK_EQ(copyin_str(buf, at + PAGE - 4, sizeof(buf)), -EFAULT);
	CHECK_EQ(copyin_str(buf, at + PAGE - 4, 4), -ENAMETOOLONG);
	CHECK_EQ(copyin_str(buf, 0, 4), -EFAULT);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
}

/* ---- maps of files ---- */

static int file_with(const char *name, uaddr_t data, uint32_t n)
{
	int fd = sys_openat(AT_FDCWD, u_str(name), O_RDWR | O_CREAT, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, data, n), n);
	return fd;
}

PROC_TEST(mmap_of_a_file_is_a_copy_with_zeros_after_its_end)
{
	int fd = file_with("/m", u_str("hello"), 5);
	int at = sys_mmap2(0, 100, 1, MAP_PRIVATE, fd, 0);

	CHECK(at > 0);
	CHECK_STR(u_ptr((uaddr_t)at, 6), "hello");
	CHECK(!uaccess_ok((uaddr_t)at, 1, true));
	CHECK_EQ(sys_munmap((uaddr_t)at, 100), 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/m"), 0), 0);
}

/* The last reference to the file's inode goes with the map. */
PROC_TEST(munmap_of_a_file_that_is_closed_and_unlinked)
{
	int fd = file_with("/m", u_str("hello"), 5);
	int at = sys_mmap2(0, 2 * PAGE, 1, MAP_PRIVATE, fd, 0);

	CHECK(at > 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/m"), 0), 0);
	CHECK_EQ(sys_munmap((uaddr_t)at, PAGE), 0);
	CHECK_EQ(sys_munmap((uaddr_t)at + PAGE, PAGE), 0);
}

PROC_TEST(mprotect_makes_no_shared_map_of_a_file_writable)
{
	int fd = file_with("/m", u_str("hello"), 5);
	int at = sys_mmap2(0, PAGE, 1, MAP_SHARED, fd, 0);

	CHECK(at > 0);
	CHECK_EQ(sys_mprotect((uaddr_t)at, PAGE, RW), -EACCES);
	CHECK_EQ(sys_munmap((uaddr_t)at, PAGE), 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/m"), 0), 0);
}

/* ---- the pool ---- */

struct getter {
	uint32_t memory;
	int err;
};

static void gets(void *arg)
{
	struct getter *g = arg;

	g->err = memory_get(&g->memory);
}

/* Take what the kernel asked the host for. */
static uint32_t needed(void)
{
	struct host_area *a = host_area_ptr();
	uint32_t n = 0;

	for (; a->request_tail != atomic_load(&a->request_head); a->request_tail++) {
		struct host_slot *q = &a->requests[a->request_tail % REQUEST_SLOTS];

		n += q->op == OP_MEMORY_NEED ? q->arg[0] : q->op == OP_MEMORY_FREE;
	}
	return n;
}

/* One of two waiters is killed as a memory arrives: the other one must not sleep on. */
PROC_DET_TEST(memory_that_a_killed_waiter_leaves_goes_to_the_next, 1000)
{
	struct getter a = {0}, b = {0};
	struct thread *ta, *tb;
	uint32_t asked, left = 1;

	needed();
	ta = ktest_thread(gets, &a);
	tb = ktest_thread(gets, &b);
	ktest_wait_asleep(ta);
	ktest_wait_asleep(tb);
	CHECK_EQ(needed(), 1);
	waker_interrupt(&ta->waker, INTR_KILL);
	memory_arrived(1);
	ktest_join(ta);
	/* If it was quicker than the kill, the next one is b's. */
	for (asked = needed(); asked > 0; asked--, left++)
		memory_arrived(2);
	ktest_join(tb);
	CHECK_EQ(b.err, 0);
	/* As before: nothing ready, nothing coming. */
	for (left -= !a.err + !b.err; left > 0; left--)
		CHECK_EQ(memory_get(&b.memory), 0);
	while (memory_in_use())
		memory_put(1, 0);
	for (asked = needed(); asked > 0; asked--)
		memory_refused();
}

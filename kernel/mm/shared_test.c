/*
 * Tests of S: its allocator, shared mappings of programs linked with -mshm, and the shared file
 * mappings of plain programs, which are written back.
 */
#include "tests/ktest_proc.h"
#include "arch/arch.h"
#include "lib/str.h"
#include "mm/internal.h"
#include "mm/plainmap.h"
#include "mm/shared.h"

#define PAGE 4096u
#define RW 3u
#define SHARED_ANON 0x21u
#define MS_SYNC 4u

static uint64_t in_use(void)
{
	uint64_t used, size;

	shared_usage(&used, &size);
	CHECK(used <= size);
	return used;
}

static uint32_t word(uaddr_t a)
{
	uint32_t w;

	arch_copyin(&w, a, sizeof(w));
	return w;
}

static void set_word(uaddr_t a, uint32_t w)
{
	arch_copyout(a, &w, sizeof(w));
}

/* ---- the allocator ---- */

TEST(shseg_runs_are_first_fit_join_again_and_read_as_zeros)
{
	struct shseg *a = shseg_new(PAGE), *b = shseg_new(2 * PAGE), *c = shseg_new(1), *d;

	CHECK(a && b && c);
	CHECK_EQ(a->start, S_FIRST);
	CHECK_EQ(b->start, a->end);
	CHECK_EQ(c->end - c->start, PAGE);
	CHECK_EQ(in_use(), 4 * PAGE);
	set_word(b->start + PAGE, 0x12345678);
	shseg_put(b);
	d = shseg_new(PAGE);
	CHECK_EQ(d->start, S_FIRST + PAGE);
	b = shseg_new(PAGE); /* the rest of the hole, which was written to */
	CHECK_EQ(b->start, S_FIRST + 2 * PAGE);
	CHECK_EQ(word(b->start), 0);
	shseg_put(a);
	shseg_put(d);
	a = shseg_new(2 * PAGE); /* two holes that became one */
	CHECK_EQ(a->start, S_FIRST);
	shseg_put(b);
	shseg_put(c);
	shseg_put(a);
	CHECK_EQ(in_use(), 0);
}

TEST(shseg_new_at_takes_exactly_what_is_free)
{
	struct shseg *a = shseg_new_at(S_FIRST + 4 * PAGE, 2 * PAGE), *b, *c;

	CHECK(a);
	CHECK(!shseg_new_at(S_FIRST + 5 * PAGE, PAGE));
	CHECK(!shseg_new_at(S_FIRST + 3 * PAGE, 2 * PAGE));
	CHECK(!shseg_new_at(S_FIRST + 1, PAGE));
	CHECK(!shseg_new_at(S_FIRST - PAGE, PAGE));
	CHECK(!shseg_new_at(S_END - PAGE, 2 * PAGE));
	b = shseg_new_at(S_FIRST + PAGE, PAGE); /* in the middle of the hole below a */
	CHECK(b);
	c = shseg_new(2 * PAGE);
	CHECK_EQ(c->start, S_FIRST + 2 * PAGE);
	shseg_put(a);
	shseg_put(b);
	shseg_put(c);
	CHECK_EQ(in_use(), 0);
}

TEST(shseg_new_says_no_when_s_is_full)
{
	CHECK(!shseg_new(0));
	CHECK(!shseg_new(0x7fff0000u));
	CHECK(!shseg_new(0xffffffffu));
}

struct churn {
	uint32_t id;
};

/* Take and give back; what a thread holds is nobody else's. */
static void churns(void *arg)
{
	struct churn *c = arg;

	for (uint32_t i = 0; i < 4; i++) {
		struct shseg *s = shseg_new((1 + (c->id + i) % 3) * PAGE);

		CHECK(s);
		CHECK_EQ(word(s->start), 0);
		set_word(s->start, c->id);
		ktest_yield();
		CHECK_EQ(word(s->start), c->id);
		set_word(s->start, 0xffffffff);
		shseg_put(s);
	}
}

DET_TEST(shseg_is_one_thread_s_alone, 1000)
{
	struct churn a = {1}, b = {2}, c = {3};
	struct thread *t[] = {
		ktest_thread(churns, &a), ktest_thread(churns, &b), ktest_thread(churns, &c)};

	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		ktest_join(t[i]);
	CHECK_EQ(in_use(), 0);
}

/* ---- mappings of S ---- */

static void share(bool on)
{
	proc_self()->mm->shares = on;
}

PROC_TEST(mmap_shared_anonymous_lies_in_s)
{
	uaddr_t at, again;

	share(true);
	at = (uaddr_t)sys_mmap2(0, PAGE, RW, SHARED_ANON, -1, 0);
	CHECK_EQ(at, S_FIRST);
	CHECK(uaccess_ok(at, PAGE, true));
	CHECK(!uaccess_ok(at, PAGE + 1, false));
	CHECK(!uaccess_ok(at - 1, 2, false));
	CHECK_EQ(sys_mprotect(at, PAGE, PROT_READ), 0);
	CHECK(!uaccess_ok(at, 1, true));
	CHECK_EQ(sys_mmap2(U_ARENA, PAGE, RW, SHARED_ANON | MAP_FIXED, -1, 0), -EINVAL);
	again = (uaddr_t)sys_mmap2(at + 8 * PAGE, PAGE, RW, SHARED_ANON | MAP_FIXED, -1, 0);
	CHECK_EQ(again, at + 8 * PAGE);
	CHECK_EQ(sys_munmap(again, PAGE), 0);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
	CHECK(!uaccess_ok(at, 1, false));
	CHECK_EQ(in_use(), 0);
}

PROC_TEST(mremap_of_shared_memory_shrinks_and_does_not_move)
{
	uaddr_t at;

	share(true);
	at = (uaddr_t)sys_mmap2(0, 3 * PAGE, RW, SHARED_ANON, -1, 0);
	CHECK_EQ(sys_mremap(at, 3 * PAGE, 2 * PAGE, 0, 0), (int)at);
	CHECK_EQ(sys_mremap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0), -ENOMEM);
	CHECK_EQ(sys_munmap(at, 2 * PAGE), 0);
	CHECK_EQ(in_use(), 0);
}

static int file_of(const char *text)
{
	int fd = sys_openat(AT_FDCWD, u_str("/m"), O_RDWR | O_CREAT, 0644);
	uint32_t n = (uint32_t)strlen(text);

	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, u_str(text), n), n);
	return fd;
}

static void file_gone(int fd)
{
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/m"), 0), 0);
}

PROC_TEST(shared_file_pages_are_read_s_and_write_s)
{
	int fd;
	uaddr_t at, buf = u_alloc(16);

	share(true);
	fd = file_of("hello");
	at = (uaddr_t)sys_mmap2(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(is_shared_address(at));
	CHECK_EQ(word(at), 0x6c6c6568); /* "hell" */
	set_word(at, 0x4c4c4548);
	CHECK_EQ(sys_pread64(fd, buf, 16, 0), 5);
	CHECK_STR(u_ptr(buf, 6), "HELLo");
	CHECK_EQ(sys_pwrite64(fd, u_str("xyz"), 3, PAGE), 3);
	CHECK_EQ(word(at + PAGE), 0x7a7978);
	/* The same pages once more: one range that counts. */
	CHECK_EQ(sys_mmap2(0, PAGE, PROT_READ, MAP_SHARED, fd, 1), (int)(at + PAGE));
	CHECK_EQ(sys_munmap(at, 2 * PAGE), 0);
	CHECK(!uaccess_ok(at, 1, false));
	CHECK(uaccess_ok(at + PAGE, PAGE, false));
	CHECK_EQ(sys_munmap(at + PAGE, PAGE), 0);
	/* Nobody maps it any more: it may grow, and keeps what it holds. */
	CHECK_EQ(sys_pwrite64(fd, u_str("end"), 3, 5 * PAGE), 3);
	CHECK_EQ(sys_pread64(fd, buf, 5, 0), 5);
	CHECK_STR(u_ptr(buf, 6), "HELLo");
	file_gone(fd);
	CHECK_EQ(in_use(), 0);
}

PROC_TEST(shared_file_that_is_mapped_cannot_outgrow_its_pages)
{
	int fd;
	uaddr_t at;

	share(true);
	fd = file_of("hello");
	at = (uaddr_t)sys_mmap2(0, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(sys_ftruncate64(fd, PAGE), 0);
	CHECK_EQ(sys_pwrite64(fd, u_str("x"), 1, PAGE), -ENOSPC);
	CHECK_EQ(sys_mmap2(0, 4 * PAGE, RW, MAP_SHARED, fd, 0), -ENOMEM);
	CHECK_EQ(sys_ftruncate64(fd, 2), 0); /* what is cut off reads as zeros */
	CHECK_EQ(word(at), 0x6568);
	CHECK_EQ(sys_ftruncate64(fd, 0), 0);
	CHECK_EQ(word(at), 0);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
	file_gone(fd);
	CHECK_EQ(in_use(), 0);
}

/* ---- plain programs ---- */

PROC_TEST(plain_map_is_written_back_where_it_changed)
{
	int fd = file_of("hello, world");
	uaddr_t at = (uaddr_t)sys_mmap2(0, PAGE, RW, MAP_SHARED, fd, 0), buf = u_alloc(16);

	CHECK(at > 0 && !is_shared_address(at));
	CHECK_EQ(sys_pwrite64(fd, u_str("J"), 1, 0), 1); /* not ours: no page of ours changed */
	CHECK_EQ(sys_msync(at, PAGE, MS_SYNC), 0);
	CHECK_EQ(sys_pread64(fd, buf, 16, 0), 12);
	CHECK_STR(u_ptr(buf, 13), "Jello, world");
	set_word(at + 8, 0x21212121);
	CHECK_EQ(sys_msync(at, PAGE, MS_SYNC), 0);
	CHECK_EQ(sys_pread64(fd, buf, 16, 0), 12); /* bytes past the end are not the file's */
	CHECK_STR(u_ptr(buf, 13), "hello, w!!!!");
	set_word(at, 0x79797979);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
	CHECK_EQ(sys_pread64(fd, buf, 16, 0), 12);
	CHECK_STR(u_ptr(buf, 13), "yyyyo, w!!!!");
	file_gone(fd);
}

PROC_TEST(plain_map_of_an_appending_descriptor_writes_in_place)
{
	int fd = file_of("0123456789"), fa;
	uaddr_t at, buf = u_alloc(16);

	fa = sys_openat(AT_FDCWD, u_str("/m"), O_RDWR | O_APPEND, 0);
	at = (uaddr_t)sys_mmap2(0, PAGE, RW, MAP_SHARED, fa, 0);
	set_word(at, 0x61616161);
	CHECK_EQ(sys_munmap(at, PAGE), 0);
	CHECK_EQ(sys_pread64(fd, buf, 16, 0), 10);
	CHECK_STR(u_ptr(buf, 11), "aaaa456789");
	CHECK_EQ(sys_close(fa), 0);
	file_gone(fd);
}

static void wants_it_too(void *arg)
{
	int fd = *(int *)arg;
	int at = sys_mmap2(0, PAGE, RW, MAP_SHARED, fd, 0);

	CHECK_EQ(at, -ENODEV);
	at = sys_mmap2(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(at > 0);
	CHECK_EQ(sys_munmap((uaddr_t)at, PAGE), 0);
}

PROC_TEST(plain_map_is_one_process_s_alone)
{
	int fd = file_of("hello");
	uaddr_t at = (uaddr_t)sys_mmap2(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	uaddr_t second = (uaddr_t)sys_mmap2(0, PAGE, RW, MAP_SHARED, fd, 0);
	struct proc *other;

	CHECK(at > 0 && second > 0);
	other = ktest_proc_new();
	ktest_join(ktest_thread_in(other, wants_it_too, &fd));
	ktest_proc_free(other);
	CHECK_EQ(sys_munmap(at, PAGE), 0); /* a part of it */
	CHECK_EQ(sys_munmap(at + PAGE, PAGE), 0);
	CHECK_EQ(sys_munmap(second, PAGE), 0);
	file_gone(fd);
}

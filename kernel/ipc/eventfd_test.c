/*
 * Tests of eventfd.c: counting, then readers, writers and pollers that race.
 */
#include "tests/ktest_proc.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define EFD_SEMAPHORE 1u

static int fd, other;	 /* descriptors */
static uint64_t sums[3]; /* [a] what each reader has taken */

static int give(int to, uint64_t v)
{
	return sys_write(to, u_bytes(&v, 8), 8);
}

static uint64_t take(int from)
{
	uaddr_t at = u_alloc(8);

	CHECK_EQ(sys_read(from, at, 8), 8);
	return *U_PTR(uint64_t, at);
}

PROC_TEST(eventfd_counts_and_says_when_it_is_full)
{
	uaddr_t at = u_alloc(16);

	CHECK_EQ(sys_eventfd2(0, 4), -EINVAL);
	fd = sys_eventfd2(7, O_NONBLOCK);
	CHECK_EQ(take(fd), 7);
	CHECK_EQ(sys_read(fd, at, 8), -EAGAIN);
	CHECK_EQ(sys_read(fd, at, 7), -EINVAL);
	CHECK_EQ(give(fd, UINT64_MAX), -EINVAL);
	CHECK_EQ(give(fd, UINT64_MAX - 1), 8);
	CHECK_EQ(give(fd, 1), -EAGAIN);
	CHECK_EQ(give(fd, 0), 8);
	CHECK_EQ(take(fd), UINT64_MAX - 1);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(eventfd_without_memory_leaves_nothing)
{
	uint32_t n = 1;
	int err;

	do {
		uint32_t before = ktest_objects();

		alloc_fail_after(n++);
		err = sys_eventfd2(0, 0);
		alloc_fail_after(0);
		if (err < 0)
			CHECK_EQ(ktest_objects(), before);
	} while (err < 0 && n < 20);
	CHECK_EQ(sys_close(err), 0);
}

static void reader(void *arg)
{
	uint64_t *sum = arg, v;

	/* 99 says: no more. */
	while ((v = take(fd)) % 100 != 99)
		atomic_add(sum, v);
}

static void one_by_one(void *arg)
{
	uint64_t *sum = arg;

	for (int i = 0; i < 3; i++)
		*sum += take(fd);
}

PROC_DET_TEST(eventfd_semaphore_gives_each_unit_to_one_reader, 1000)
{
	struct thread *t[3];

	memset(sums, 0, sizeof(sums));
	fd = sys_eventfd2(0, EFD_SEMAPHORE);
	for (int i = 0; i < 3; i++)
		t[i] = ktest_thread(one_by_one, &sums[i]);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(give(fd, 3), 8);
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sums[i], 3);
	CHECK_EQ(sys_close(fd), 0);
}

static void writer(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(give(fd, (UINT64_MAX - 1) / 2), 8);
}

/* Each write waits until the one before has been read: nothing is lost, nobody sleeps for ever. */
PROC_DET_TEST(eventfd_writers_wait_for_room, 1000)
{
	struct thread *t[2];
	uint64_t halves = 0;

	fd = sys_eventfd2(0, 0);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(writer, NULL);
	while (halves < 6)
		halves += take(fd) / ((UINT64_MAX - 1) / 2);
	CHECK_EQ(halves, 6);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(sys_close(fd), 0);
}

static void poller(void *arg)
{
	struct abi_pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
	uaddr_t at = u_bytes(p, sizeof(p));

	(void)arg;
	CHECK(sys_ppoll_time64(at, 2, 0, 0, 0) >= 1);
	memcpy(p, u_ptr(at, sizeof(p)), sizeof(p));
	CHECK(p[0].revents == POLLIN || p[1].revents == POLLIN);
}

PROC_DET_TEST(eventfd_wakes_every_poller, 1000)
{
	struct thread *t[3];

	fd = sys_eventfd2(0, 0);
	other = sys_eventfd2(0, 0);
	for (int i = 0; i < 3; i++)
		t[i] = ktest_thread(poller, NULL);
	CHECK_EQ(give(ktest_seed() & 1 ? fd : other, 1), 8);
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_close(other), 0);
}

/* The descriptor is closed under a reader: the open file lives until it has its answer. */
PROC_DET_TEST(eventfd_close_beside_a_reader_ends_nothing, 1000)
{
	struct thread *t;
	int copy;

	sums[0] = 0;
	fd = sys_eventfd2(5, 0);
	copy = sys_dup(fd);
	t = ktest_thread(reader, &sums[0]);
	CHECK_EQ(give(copy, 100), 8);
	while (ktest_wait_asleep(t) && atomic_load(&sums[0]) < 105)
		ktest_yield();
	CHECK_EQ(give(copy, 99), 8);
	ktest_join(t);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_close(copy), 0);
}

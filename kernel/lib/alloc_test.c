/* Tests of alloc.c. */
#include "tests/ktest.h"
#include "lib/alloc.h"
#include "lib/str.h"

static const size_t sizes[] = {1, 15, 16, 17, 32, 33, 48, 64, 100, 128, 200, 256, 384, 500, 512,
	513, 768, 1000, 1024, 1500, 1536, 2000, 2048, 2049, 4096, 4097, 8192, 20000, 65536, 100000};

static void fill(uint8_t *p, size_t n, uint32_t tag)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(tag * 31 + i * 7);
}

static void check_filled(const uint8_t *p, size_t n, uint32_t tag)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != (uint8_t)(tag * 31 + i * 7))
			ktest_fail(__FILE__, __LINE__, "byte %u of %u overwritten", (unsigned)i,
				(unsigned)n);
	}
}

TEST(kmalloc_of_every_size_is_aligned_and_apart_from_the_others)
{
	uint8_t *p[ARRAY_LEN(sizes)][4];

	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (uint32_t j = 0; j < 4; j++) {
			p[i][j] = kmalloc(sizes[i]);
			CHECK(p[i][j]);
			CHECK_EQ((uintptr_t)p[i][j] % 16, 0);
			if (sizes[i] > 2048)
				CHECK_EQ((uintptr_t)p[i][j] % PAGE_SIZE, 0);
			fill(p[i][j], sizes[i], i * 4 + j);
		}
	}
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (uint32_t j = 0; j < 4; j++) {
			check_filled(p[i][j], sizes[i], i * 4 + j);
			kfree(p[i][j]);
		}
	}
}

TEST(kzalloc_is_zero_even_after_reuse)
{
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint8_t *p = kmalloc(sizes[i]);

		CHECK(p);
		memset(p, 0xff, sizes[i]);
		kfree(p);
		p = kzalloc(sizes[i]);
		CHECK(p);
		for (size_t k = 0; k < sizes[i]; k++)
			CHECK_EQ(p[k], 0);
		kfree(p);
	}
}

TEST(kfree_of_null_does_nothing)
{
	kfree(NULL);
}

TEST(kstrdup_copies_n_bytes_and_terminates)
{
	char *s = kstrdup("abcdef", 3);

	CHECK(s);
	CHECK_STR(s, "abc");
	kfree(s);
}

TEST(alloc_many_and_free_in_another_order_gives_everything_back)
{
	enum { N = 3000 };
	static uint8_t *p[N];
	struct alloc_stats before, after;
	uint32_t x = 1;

	alloc_stats(&before);
	for (uint32_t i = 0; i < N; i++) {
		p[i] = kmalloc(sizes[i % 22]);
		CHECK(p[i]);
		fill(p[i], sizes[i % 22], i);
	}
	for (uint32_t i = 0; i < N; i++) { /* 1 + 7 i mod N visits each once */
		uint32_t k = (x += 7) % N;

		check_filled(p[k], sizes[k % 22], k);
		kfree(p[k]);
	}
	alloc_stats(&after);
	CHECK_EQ(after.objects, before.objects);
	CHECK_EQ(after.used_bytes, before.used_bytes);
}

/* Growth stops once what was freed can be used again: the heap does not creep. */
TEST(alloc_same_load_again_and_again_does_not_grow_the_heap)
{
	struct alloc_stats after_first = {0}, now;

	for (int round = 0; round < 20; round++) {
		void *p[200];

		for (uint32_t i = 0; i < 200; i++) {
			p[i] = i & 1 ? kmalloc(sizes[i % ARRAY_LEN(sizes)])
				     : pages_alloc(1 + i % 9);
			CHECK(p[i]);
		}
		for (uint32_t i = 200; i-- > 0;) {
			if (i & 1)
				kfree(p[i]);
			else
				pages_free(p[i], 1 + i % 9);
		}
		alloc_stats(&now);
		if (round == 0)
			after_first = now;
	}
	CHECK_EQ(now.heap_bytes, after_first.heap_bytes);
}

TEST(pages_alloc_of_any_count_is_aligned_and_apart)
{
	uint8_t *p[40];

	for (uint32_t n = 1; n < 40; n++) {
		p[n] = pages_alloc(n);
		CHECK(p[n]);
		CHECK_EQ((uintptr_t)p[n] % PAGE_SIZE, 0);
		fill(p[n], n * PAGE_SIZE, n);
	}
	for (uint32_t n = 1; n < 40; n++) {
		check_filled(p[n], n * PAGE_SIZE, n);
		pages_free(p[n], n);
	}
}

TEST(alloc_more_than_the_limit_is_null_and_does_no_harm)
{
	void *p;

	CHECK(!pages_alloc(1u << 20)); /* 4 GiB */
	CHECK(!kmalloc((size_t)1 << 32));
	p = kmalloc(100);
	CHECK(p);
	kfree(p);
}

TEST(alloc_until_full_gives_null_and_recovers)
{
	struct chunk {
		struct chunk *next;
	} *chunks = NULL, *c;
	uint32_t n = 0;

	while ((c = pages_alloc(8192))) { /* 32 MiB each */
		c->next = chunks;
		chunks = c;
		n++;
	}
	CHECK(n >= 16);
	while ((c = chunks)) {
		chunks = c->next;
		pages_free(c, 8192);
	}
	c = pages_alloc(8192);
	CHECK(c);
	pages_free(c, 8192);
}

TEST(alloc_fail_after_fails_the_nth_and_only_that)
{
	void *a, *b, *c;

	kfree(kmalloc(64)); /* the slab is there */
	alloc_fail_after(2);
	a = kmalloc(64);
	b = kmalloc(64);
	c = kmalloc(64);
	alloc_fail_after(0);
	CHECK(a);
	CHECK(!b);
	CHECK(c);
	kfree(a);
	kfree(c);
}

TEST_PANICS(kfree_of_a_wild_pointer_panics, "not an allocation")
{
	uint8_t *p = kmalloc(5000);

	CHECK(p);
	kfree(p + 4096);
}

/* The rig itself: an object left behind is a failed test. */
TEST_PANICS(rig_reports_a_leak, "leaks 1 heap objects, 128 bytes")
{
	CHECK(kmalloc(100)); /* lives in the class of 128 */
}

static void churn(void *arg)
{
	uint32_t tag = (uint32_t)(uintptr_t)arg;
	uint8_t *p[8];

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 8; i++) {
			p[i] = kmalloc(sizes[(i * 3 + round) % 20]);
			CHECK(p[i]);
			fill(p[i], sizes[(i * 3 + round) % 20], tag + i);
		}
		for (uint32_t i = 0; i < 8; i++) {
			check_filled(p[i], sizes[(i * 3 + round) % 20], tag + i);
			kfree(p[i]);
		}
	}
}

DET_TEST(alloc_from_several_threads_at_once_gives_each_its_own, 200)
{
	struct thread *t[3];

	for (uintptr_t i = 0; i < 3; i++)
		t[i] = ktest_thread(churn, (void *)(i * 100));
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
}

static void *handed;

static void free_handed(void *arg)
{
	(void)arg;
	check_filled(handed, 700, 9);
	kfree(handed);
}

DET_TEST(kfree_on_another_thread_than_kmalloc, 200)
{
	handed = kmalloc(700);
	CHECK(handed);
	fill(handed, 700, 9);
	ktest_join(ktest_thread(free_handed, NULL));
}

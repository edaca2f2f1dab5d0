/* chunkcache_test.c - one fetch for all who wait, failures forgotten, the bound kept. */
#include "fs/chunkcache.h"
#include "host/hostfetch.h"
#include "lib/lock.h"
#include "tests/ktest.h"

static uint32_t fetches, in_flight; /* [a] */
static uint32_t failures_to_come;   /* [a] */

static const struct layer_info *test_layer(uint32_t layer)
{
	static const struct layer_info info = {"test", 40 * CHUNK_SIZE + 100};

	return layer == 0 ? &info : NULL;
}

static int test_fetch(uint32_t layer, uint64_t index, uint8_t *data, uint32_t len)
{
	uint32_t left;

	(void)layer;
	atomic_add(&fetches, 1u);
	CHECK_EQ(atomic_add(&in_flight, 1u), 0); /* the tests fetch one chunk at a time */
	for (int i = 0; i < 3; i++)
		ktest_yield();
	data[0] = (uint8_t)index;
	data[len - 1] = (uint8_t)(index + 1);
	atomic_sub(&in_flight, 1u);
	left = atomic_load(&failures_to_come);
	if (left > 0) {
		atomic_sub(&failures_to_come, 1u);
		return -EIO;
	}
	return 0;
}

static const struct chunk_source test_source = {test_layer, test_fetch};

static void check_chunk(uint64_t index)
{
	struct chunk *c;

	CHECK_EQ(chunk_get(0, index, &c), 0);
	CHECK_EQ(c->data[0], (uint8_t)index);
	CHECK_EQ(c->data[c->len - 1], (uint8_t)(index + 1));
	chunk_put(c);
}

static void start(uint32_t limit)
{
	fetches = in_flight = failures_to_come = 0;
	chunk_use_source(&test_source, limit);
}

static void stop(void)
{
	chunk_use_source(&hostfetch_source, 0);
}

TEST(chunk_past_the_end_or_layer_is_refused)
{
	struct chunk *c;

	start(16);
	check_chunk(0);
	CHECK_EQ(chunk_get(0, 40, &c), 0);
	CHECK_EQ(c->len, 100);
	chunk_put(c);
	CHECK_EQ(chunk_get(0, 41, &c), -EUCLEAN);
	CHECK_EQ(chunk_get(0, UINT64_MAX, &c), -EUCLEAN);
	CHECK_EQ(chunk_get(1, 0, &c), -EUCLEAN);
	stop();
}

TEST(chunk_cache_keeps_its_bound_and_what_is_used)
{
	struct chunk_stats s;
	struct chunk *pinned;

	start(4);
	CHECK_EQ(chunk_get(0, 0, &pinned), 0);
	for (uint32_t i = 1; i < 40; i++) {
		check_chunk(i);
		check_chunk(1); /* in use all the time: it stays */
	}
	chunk_stats(&s);
	CHECK_EQ(s.chunks, 4);
	CHECK_EQ(s.misses, 40);
	CHECK_EQ(pinned->data[0], 0);
	chunk_put(pinned);
	stop();
}

/* More pinned than the bound allows: the cache grows, and shrinks never below what is pinned. */
TEST(chunk_cache_grows_over_its_bound_for_pins)
{
	struct chunk *c[10];

	start(4);
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++)
		CHECK_EQ(chunk_get(0, i, &c[i]), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++) {
		CHECK_EQ(c[i]->data[0], i);
		chunk_put(c[i]);
	}
	stop();
}

static void get_same(void *arg)
{
	uint32_t *errors = arg;
	struct chunk *c;
	int err = chunk_get(0, 7, &c);

	if (err) {
		CHECK_EQ(err, -EIO);
		atomic_add(errors, 1u);
		return;
	}
	CHECK_EQ(c->data[0], 7);
	CHECK_EQ(c->data[CHUNK_SIZE - 1], 8);
	chunk_put(c);
}

/* Four ask at once: one fetch, all see its bytes. */
DET_TEST(chunk_asked_for_by_many_is_fetched_once, 1000)
{
	struct thread *t[4];
	uint32_t errors = 0;

	start(16);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = ktest_thread(get_same, &errors);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		ktest_join(t[i]);
	CHECK_EQ(errors, 0);
	CHECK_EQ(fetches, 1);
	stop();
}

/* The first fetch fails: those who waited for it get EIO, whoever comes later a fresh fetch. */
DET_TEST(chunk_that_failed_is_fetched_again, 1000)
{
	struct thread *t[4];
	uint32_t errors = 0;
	struct chunk_stats s;

	start(16);
	failures_to_come = 1;
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = ktest_thread(get_same, &errors);
	for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
		ktest_join(t[i]);
	CHECK(errors >= 1 && errors <= 4);
	CHECK_EQ(fetches, errors == 4 ? 1 : 2);
	check_chunk(7);
	chunk_stats(&s);
	CHECK_EQ(s.chunks, 1);
	CHECK_EQ(s.failures, 1);
	stop();
}

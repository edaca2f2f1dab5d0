/* Tests of list.h and ref.h. */
#include "tests/ktest.h"
#include "lib/list.h"
#include "lib/ref.h"

struct item {
	int n;
	struct list link;
};

static int digits(struct list *head)
{
	struct item *it;
	int v = 0;

	LIST_FOR_EACH(it, head, link)
		v = v * 10 + it->n;
	return v;
}

TEST(list_keeps_the_order_of_heads_and_tails)
{
	struct list head = LIST_INIT(head);
	struct item a = {.n = 1}, b = {.n = 2}, c = {.n = 3};

	CHECK(list_empty(&head));
	CHECK(!LIST_FIRST(&head, struct item, link));
	list_add_tail(&head, &b.link);
	list_add_tail(&head, &c.link);
	list_add_head(&head, &a.link);
	CHECK_EQ(digits(&head), 123);
	CHECK_EQ(LIST_FIRST(&head, struct item, link)->n, 1);
	list_del(&b.link);
	CHECK_EQ(digits(&head), 13);
}

TEST(list_del_twice_does_nothing_more)
{
	struct list head = LIST_INIT(head);
	struct item a = {.n = 1}, b = {.n = 2};

	list_add_tail(&head, &a.link);
	list_add_tail(&head, &b.link);
	list_del(&a.link);
	list_del(&a.link);
	CHECK(list_empty(&a.link));
	CHECK_EQ(digits(&head), 2);
}

TEST(list_for_each_safe_may_take_out_every_item)
{
	struct list head = LIST_INIT(head);
	struct item items[4], *it, *next;
	int seen = 0;

	for (int i = 0; i < 4; i++) {
		items[i].n = i;
		list_add_tail(&head, &items[i].link);
	}
	LIST_FOR_EACH_SAFE(it, next, &head, link) {
		CHECK_EQ(it->n, seen++);
		list_del(&it->link);
	}
	CHECK_EQ(seen, 4);
	CHECK(list_empty(&head));
}

TEST(ref_put_is_true_for_the_last_only)
{
	struct ref r;

	ref_init(&r, 1);
	ref_get(&r);
	CHECK(!ref_put(&r));
	CHECK(ref_put(&r));
	CHECK(!ref_get_unless_zero(&r));
}

TEST_PANICS(ref_get_of_a_dead_object_panics, "assertion failed")
{
	struct ref r;

	ref_init(&r, 0);
	ref_get(&r);
}

TEST_PANICS(ref_put_below_zero_panics, "assertion failed")
{
	struct ref r;

	ref_init(&r, 0);
	ref_put(&r);
}

struct shared {
	struct ref refs;
	uint32_t freed; /* [a] */
};

static void get_and_put(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < 3; i++) {
		if (!ref_get_unless_zero(&s->refs)) {
			CHECK_EQ(atomic_load(&s->refs.count), 0);
			return;
		}
		CHECK_EQ(atomic_load(&s->freed), 0);
		if (ref_put(&s->refs))
			atomic_add(&s->freed, 1u);
	}
}

DET_TEST(ref_that_reached_zero_is_freed_once_and_never_rises, 1000)
{
	struct shared s = {.freed = 0};
	struct thread *t[2];

	ref_init(&s.refs, 1);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(get_and_put, &s);
	if (ref_put(&s.refs))
		atomic_add(&s.freed, 1u);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(s.freed, 1);
	CHECK_EQ(s.refs.count, 0);
}

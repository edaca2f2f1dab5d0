/* Tests of klog.c: the log ring and the formatter. */
#include "tests/ktest.h"
#include "lib/klog.h"
#include "lib/str.h"

#define CHECK_FORMAT(want, ...)                                                                    \
	do {                                                                                       \
		char buf_[128];                                                                    \
		CHECK_EQ(kformat(buf_, sizeof(buf_), __VA_ARGS__), strlen(want));                  \
		CHECK_STR(buf_, want);                                                             \
	} while (0)

TEST(kformat_plain_text_and_percent)
{
	CHECK_FORMAT("", "%s", "");
	CHECK_FORMAT("100%", "100%%");
	CHECK_FORMAT("a(null)b", "a%sb", (const char *)NULL);
	CHECK_FORMAT("x=y", "%c=%c", 'x', 'y');
}

TEST(kformat_numbers_at_their_limits)
{
	CHECK_FORMAT("0 -1 2147483647 -2147483648", "%d %d %d %d", 0, -1, INT32_MAX, INT32_MIN);
	CHECK_FORMAT("4294967295 ffffffff", "%u %x", UINT32_MAX, UINT32_MAX);
	CHECK_FORMAT("9223372036854775807 -9223372036854775808", "%lld %lld", (long long)INT64_MAX,
		(long long)INT64_MIN);
	CHECK_FORMAT("18446744073709551615 ffffffffffffffff", "%llu %llx",
		(unsigned long long)UINT64_MAX, (unsigned long long)UINT64_MAX);
	CHECK_FORMAT("0x1234", "%p", (void *)0x1234);
	CHECK_FORMAT("777", "%o", 0777);
	CHECK_FORMAT("12", "%zu", (size_t)12);
}

TEST(kformat_width_zero_left_and_precision)
{
	CHECK_FORMAT("[   42]", "[%5d]", 42);
	CHECK_FORMAT("[42   ]", "[%-5d]", 42);
	CHECK_FORMAT("[00042]", "[%05d]", 42);
	CHECK_FORMAT("[-0042]", "[%05d]", -42);
	CHECK_FORMAT("[  abc]", "[%5s]", "abc");
	CHECK_FORMAT("[abc  ]", "[%-5s]", "abc");
	CHECK_FORMAT("[ab]", "[%.2s]", "abc");
	CHECK_FORMAT("[ab]", "[%.*s]", 2, "abc");
	CHECK_FORMAT("[    ab]", "[%*.*s]", 6, 2, "abc");
	CHECK_FORMAT("[0012345678]", "[%010x]", 0x12345678);
}

TEST(kformat_that_does_not_fit_is_cut_terminated_and_says_the_whole_length)
{
	char buf[5] = "zzzz";

	CHECK_EQ(kformat(buf, sizeof(buf), "%s", "abcdefgh"), 8);
	CHECK_STR(buf, "abcd");
	CHECK_EQ(kformat(buf, 1, "%d", 123), 3);
	CHECK_STR(buf, "");
	CHECK_EQ(kformat(NULL, 0, "%d", 12345), 5);
}

/* Reads the whole log; returns how many records, the last one's text in *last. */
static uint32_t read_all(char *last, size_t size)
{
	static char buf[70000];
	uint64_t pos = 0;
	uint32_t records = 0;
	size_t n = klog_read(&pos, buf, sizeof(buf)), start = 0;

	for (size_t i = 0; i < n; i++) {
		if (buf[i] != '\n')
			continue;
		buf[i] = 0;
		if (strchr(buf + start, ';'))
			str_copy(last, strchr(buf + start, ';') + 1, size);
		start = i + 1;
		records++;
	}
	CHECK_EQ(start, n); /* whole records only */
	CHECK_EQ(klog_read(&pos, buf, sizeof(buf)), 0);
	return records;
}

TEST(klog_record_has_level_time_and_text)
{
	char buf[100];
	uint64_t pos = 0;
	size_t n;

	klog(KLOG_WARN, "room: %s %d", "text", 7);
	n = klog_read(&pos, buf, sizeof(buf) - 1);
	buf[n] = 0;
	CHECK(strncmp(buf, "4,", 2) == 0);
	CHECK_STR(strchr(buf, ';'), ";room: text 7\n");
}

TEST(klog_newline_inside_a_record_is_a_blank)
{
	char last[100];

	klog(KLOG_INFO, "a\nb");
	CHECK_EQ(read_all(last, sizeof(last)), 1);
	CHECK_STR(last, "a b");
}

TEST(klog_read_into_a_small_buffer_gives_whole_records_one_after_another)
{
	char buf[40];
	uint64_t pos = 0;
	uint32_t n = 0;

	for (int i = 0; i < 10; i++)
		klog(KLOG_INFO, "record %d", i);
	for (;;) {
		size_t got = klog_read(&pos, buf, sizeof(buf));

		if (!got)
			break;
		CHECK_EQ(buf[got - 1], '\n');
		for (size_t i = 0; i < got; i++)
			n += buf[i] == '\n';
	}
	CHECK_EQ(n, 10);
}

TEST(klog_overwritten_records_are_skipped_whole)
{
	char last[100];
	uint32_t kept;

	for (int i = 0; i < 10000; i++)
		klog(KLOG_INFO, "record number %d", i);
	kept = read_all(last, sizeof(last));
	CHECK(kept > 1000 && kept < 10000);
	CHECK_STR(last, "record number 9999");
}

TEST(klog_long_line_is_cut)
{
	static char text[1000];
	char last[600];

	memset(text, 'x', sizeof(text) - 1);
	klog(KLOG_INFO, "%s", text);
	CHECK_EQ(read_all(last, sizeof(last)), 1);
	CHECK(strlen(last) >= 200 && strlen(last) < 300);
}

static void log_some(void *arg)
{
	for (int i = 0; i < 5; i++)
		klog(KLOG_INFO, "%c%c%c%c", *(char *)arg, *(char *)arg, *(char *)arg, *(char *)arg);
}

DET_TEST(klog_from_two_threads_keeps_records_whole, 200)
{
	static char buf[70000];
	char a = 'a', b = 'b';
	static uint64_t pos; /* the log outlives each seed */
	struct thread *t = ktest_thread(log_some, &a);
	uint32_t records = 0;
	size_t n;

	log_some(&b);
	ktest_join(t);
	n = klog_read(&pos, buf, sizeof(buf));
	for (size_t i = 0; i < n; i++) {
		if (buf[i] != ';')
			continue;
		records++;
		CHECK(buf[i + 1] == buf[i + 2] && buf[i + 2] == buf[i + 3] &&
			buf[i + 3] == buf[i + 4]);
		CHECK_EQ(buf[i + 5], '\n');
	}
	CHECK_EQ(records, 10);
}

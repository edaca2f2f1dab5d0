/* Tests of str.c: what is ours natively too (the mem functions are libc's there). */
#include "tests/ktest.h"
#include "lib/str.h"

TEST(str_copy_that_fits_is_whole_and_terminated)
{
	char buf[6] = "xxxxx";

	CHECK_EQ(str_copy(buf, "abc", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
}

TEST(str_copy_too_long_is_cut_and_says_how_long_it_was)
{
	char buf[4];

	CHECK_EQ(str_copy(buf, "abcdef", sizeof(buf)), 6);
	CHECK_STR(buf, "abc");
}

TEST(str_copy_of_size_zero_writes_nothing)
{
	char c = 'x';

	CHECK_EQ(str_copy(&c, "abc", 0), 3);
	CHECK_EQ(c, 'x');
}

TEST(str_to_u32_takes_digits_only_and_no_overflow)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t value;
	} cases[] = {
		{"0", true, 0},
		{"007", true, 7},
		{"4294967295", true, UINT32_MAX},
		{"4294967296", false, 0},
		{"99999999999999999999999", false, 0},
		{"", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1x", false, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t v = 12345;
		bool ok = str_to_u32(cases[i].text, cases[i].text + strlen(cases[i].text), &v);

		CHECK_EQ(ok, cases[i].ok);
		CHECK_EQ(v, cases[i].ok ? cases[i].value : 12345);
	}
}

TEST(str_hash_is_fnv1a)
{
	CHECK_EQ(str_hash("", 0), 0x811c9dc5);
	CHECK_EQ(str_hash("a", 1), 0xe40c292c);
	CHECK_EQ(str_hash("foobar", 6), 0xbf9cf968);
}

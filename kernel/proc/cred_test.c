/*
 * Tests of cred.c: each set*id call against a table of what Linux does, for root and for a user
 * whose real, effective and saved ids differ (1, 2, 3).
 */
#include "tests/ktest_proc.h"
#include "proc/internal.h"

#define K UINT32_MAX /* keep */

struct ids {
	uint32_t r, e, s, fs;
};

static void set_ids(struct ids u)
{
	struct cred *c = cred_copy(cred_self());

	CHECK(c);
	c->ruid = u.r;
	c->euid = u.e;
	c->suid = u.s;
	c->fsuid = u.fs;
	cred_install(proc_self(), c);
}

static void check_ids(struct ids want, int line)
{
	const struct cred *c = cred_self();

	if (c->ruid != want.r || c->euid != want.e || c->suid != want.s || c->fsuid != want.fs)
		ktest_fail(
			__FILE__, line, "ids are %u %u %u %u", c->ruid, c->euid, c->suid, c->fsuid);
}

static const struct ids root = {0, 0, 0, 0}, user = {1, 2, 3, 2};

struct row {
	int line;
	bool is_root;
	uint32_t a, b, c;
	int result;
	struct ids after;
};

static void run(const struct row *rows, size_t n, int (*call)(const struct row *))
{
	for (size_t i = 0; i < n; i++) {
		struct ids before = rows[i].is_root ? root : user;

		set_ids(before);
		if (call(&rows[i]) != rows[i].result)
			ktest_fail(__FILE__, rows[i].line, "another result");
		check_ids(rows[i].result < 0 ? before : rows[i].after, rows[i].line);
	}
	ktest_become(0, 0);
}

static int do_setuid(const struct row *r)
{
	return sys_setuid(r->a);
}

PROC_TEST(setuid_as_linux_has_it)
{
	static const struct row rows[] = {
		{__LINE__, true, 5, 0, 0, 0, {5, 5, 5, 5}},
		{__LINE__, true, K, 0, 0, -EINVAL, {0}},
		{__LINE__, false, 1, 0, 0, 0, {1, 1, 3, 1}},
		{__LINE__, false, 3, 0, 0, 0, {1, 3, 3, 3}},
		{__LINE__, false, 2, 0, 0, -EPERM, {0}}, /* the effective id alone is not enough */
		{__LINE__, false, 0, 0, 0, -EPERM, {0}},
	};

	run(rows, ARRAY_LEN(rows), do_setuid);
}

static int do_setreuid(const struct row *r)
{
	return sys_setreuid(r->a, r->b);
}

PROC_TEST(setreuid_as_linux_has_it)
{
	static const struct row rows[] = {
		{__LINE__, true, 5, K, 0, 0, {5, 0, 0, 0}},
		{__LINE__, true, K, 6, 0, 0, {0, 6, 6, 6}},
		{__LINE__, true, 5, 6, 0, 0, {5, 6, 6, 6}},
		{__LINE__, true, K, K, 0, 0, {0, 0, 0, 0}},
		{__LINE__, false, 2, K, 0, 0, {2, 2, 2, 2}},
		{__LINE__, false, K, 1, 0, 0, {1, 1, 3, 1}}, /* the real one: saved stays */
		{__LINE__, false, K, 3, 0, 0, {1, 3, 3, 3}},
		{__LINE__, false, 3, K, 0, -EPERM, {0}},
		{__LINE__, false, K, 9, 0, -EPERM, {0}},
		{__LINE__, false, 2, 1, 0, 0, {2, 1, 1, 1}},
	};

	run(rows, ARRAY_LEN(rows), do_setreuid);
}

static int do_setresuid(const struct row *r)
{
	return sys_setresuid(r->a, r->b, r->c);
}

PROC_TEST(setresuid_as_linux_has_it)
{
	static const struct row rows[] = {
		{__LINE__, true, 5, 6, 7, 0, {5, 6, 7, 6}},
		{__LINE__, true, K, K, 7, 0, {0, 0, 7, 0}},
		{__LINE__, false, 3, 1, 2, 0, {3, 1, 2, 1}},
		{__LINE__, false, K, 3, K, 0, {1, 3, 3, 3}},
		{__LINE__, false, 4, K, K, -EPERM, {0}},
		{__LINE__, false, K, 4, K, -EPERM, {0}},
		{__LINE__, false, K, K, 4, -EPERM, {0}},
	};

	run(rows, ARRAY_LEN(rows), do_setresuid);
}

static int do_setfsuid(const struct row *r)
{
	return sys_setfsuid(r->a);
}

PROC_TEST(setfsuid_tells_the_id_before_whatever_it_does)
{
	static const struct row rows[] = {
		{__LINE__, true, 5, 0, 0, 0, {0, 0, 0, 5}},
		{__LINE__, true, K, 0, 0, 0, {0, 0, 0, 0}},
		{__LINE__, false, 1, 0, 0, 2, {1, 2, 3, 1}},
		{__LINE__, false, 3, 0, 0, 2, {1, 2, 3, 3}},
		{__LINE__, false, 9, 0, 0, 2, {1, 2, 3, 2}},
	};

	run(rows, ARRAY_LEN(rows), do_setfsuid);
}

PROC_TEST(setgid_follows_the_effective_user_and_groups_are_roots_to_set)
{
	uint32_t groups[3] = {7, 8, 9};
	uaddr_t at = u_bytes(groups, sizeof(groups)), out = u_alloc(64 * 4);

	CHECK_EQ(sys_setgroups(3, at), 0);
	CHECK_EQ(sys_setgroups(65, at), -EINVAL);
	CHECK_EQ(sys_setgroups(3, 8), -EFAULT);
	CHECK_EQ(sys_getgroups(0, 0), 3);
	CHECK_EQ(sys_getgroups(2, out), -EINVAL);
	CHECK_EQ(sys_getgroups(64, out), 3);
	CHECK_EQ(U_PTR(uint32_t, out + 8)[0], 9);
	CHECK(cred_in_group(cred_self(), 8));
	CHECK(!cred_in_group(cred_self(), 6));
	CHECK_EQ(sys_setgid(5), 0);
	CHECK_EQ(sys_getgid(), 5);
	CHECK_EQ(sys_getegid(), 5);
	CHECK_EQ(sys_setregid(6, 7), 0);
	CHECK_EQ(sys_getresgid(out, out + 4, out + 8), 0);
	CHECK_EQ(U_PTR(uint32_t, out)[0], 6);
	CHECK_EQ(U_PTR(uint32_t, out + 4)[0], 7);
	CHECK_EQ(U_PTR(uint32_t, out + 8)[0], 7);
	set_ids(user);
	CHECK_EQ(sys_setgid(9), -EPERM);
	CHECK_EQ(sys_setresgid(K, 6, K), 0);
	CHECK_EQ(sys_setgroups(0, 0), -EPERM);
	ktest_become(0, 0);
}

PROC_TEST(capget_tells_root_from_others)
{
	const uint32_t header[2] = {0x20080522, 0};
	uaddr_t h = u_bytes(header, sizeof(header)), data = u_alloc(24);

	CHECK_EQ(sys_capget(h, data), 0);
	CHECK_EQ(U_PTR(uint32_t, data)[0], UINT32_MAX);
	CHECK_EQ(U_PTR(uint32_t, data)[1], UINT32_MAX);
	CHECK_EQ(sys_capset(h, data), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(sys_capset(h, data), -EPERM);
	CHECK_EQ(sys_capget(h, data), 0);
	CHECK_EQ(U_PTR(uint32_t, data)[0], 0);
	CHECK_EQ(U_PTR(uint32_t, data)[1], 0);
	CHECK_EQ(sys_capget(8, data), -EFAULT);
	ktest_become(0, 0);
}

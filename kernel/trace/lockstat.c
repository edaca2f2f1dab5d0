/*
 * lockstat.c - which locks threads wait for: /proc/pleat/locks.
 * Only an acquisition that has to wait comes here (lib/lock.c), so an uncontended lock costs
 * nothing whether this is on or off. Locks: none; counters are atomic.
 */
#include "trace/internal.h"
#include "lib/lockstat.h"
#include "lib/str.h"

static const char *const names[RANK_COUNT] = {LOCK_RANK_NAMES};

int lockstat_text(struct proc_text *t)
{
	text_add(t, "# %s: write 1, 0 or reset; times in microseconds\n",
		atomic_load(&lockstat_on) ? "on" : "off");
	text_add(t, "%-16s %12s %14s %14s\n", "class", "contended", "waited", "longest");
	for (uint32_t i = 1; i < RANK_COUNT; i++) {
		uint64_t n = atomic_load(&lockstats[i].contended);

		if (n)
			text_add(t, "%-16s %12llu %14llu %14llu\n", names[i] ? names[i] : "?",
				(unsigned long long)n,
				(unsigned long long)atomic_load(&lockstats[i].waited_ns) / 1000,
				(unsigned long long)atomic_load(&lockstats[i].longest_ns) / 1000);
	}
	return 0;
}

int lockstat_store(const char *s, size_t len)
{
	if (len == 1 && (s[0] == '0' || s[0] == '1')) {
		atomic_store(&lockstat_on, s[0] == '1');
		return 0;
	}
	if (len != 5 || memcmp(s, "reset", 5) != 0)
		return -EINVAL;
	for (uint32_t i = 0; i < RANK_COUNT; i++) {
		atomic_store(&lockstats[i].contended, 0u);
		atomic_store(&lockstats[i].waited_ns, 0u);
		atomic_store(&lockstats[i].longest_ns, 0u);
	}
	return 0;
}

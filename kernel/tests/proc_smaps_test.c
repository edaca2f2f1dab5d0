/* /proc/self/smaps, smaps_rollup, maps, statm, status: names of fields, in their order. */
#include "conformance.h"

#include <sys/mman.h>

static int has_line(const char *file, const char *start)
{
	char line[400];
	FILE *f = fopen(file, "r");
	int found = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		found |= strncmp(line, start, strlen(start)) == 0;
	fclose(f);
	return found;
}

/* Each of the names once, one after the other, though others may stand between. */
static void in_order(const char *file, const char *const *names, int count)
{
	char line[400];
	FILE *f = fopen(file, "r");
	int at = 0;

	CHECK(f);
	while (at < count && fgets(line, sizeof(line), f)) {
		if (strncmp(line, names[at], strlen(names[at])) == 0)
			at++;
	}
	fclose(f);
	printf("%s: %d of %d in order%s%s\n", file, at, count, at < count ? ", no " : "",
		at < count ? names[at] : "");
}

int main(void)
{
	static const char *const smaps[] = {"Size:", "KernelPageSize:", "MMUPageSize:", "Rss:",
		"Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:",
		"Referenced:", "Anonymous:", "Swap:", "SwapPss:", "Locked:", "VmFlags:"};
	static const char *const rollup[] = {
		"Rss:", "Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:",
		"Private_Dirty:", "Referenced:", "Anonymous:", "Swap:", "SwapPss:", "Locked:"};
	static const char *const status[] = {"Name:\t", "Umask:\t", "State:\tR (running)",
		"Tgid:\t", "Ngid:\t", "Pid:\t", "PPid:\t", "TracerPid:\t", "Uid:\t", "Gid:\t",
		"FDSize:\t", "Groups:\t", "NStgid:\t", "NSpid:\t", "NSpgid:\t", "NSsid:\t",
		"VmPeak:\t", "VmSize:\t", "VmLck:\t", "VmPin:\t", "VmHWM:\t", "VmRSS:\t",
		"RssAnon:\t", "RssFile:\t", "RssShmem:\t", "VmData:\t", "VmStk:\t", "VmExe:\t",
		"VmLib:\t", "VmPTE:\t", "VmSwap:\t", "Threads:\t1\n", "SigQ:\t", "SigPnd:\t",
		"ShdPnd:\t", "SigBlk:\t", "SigIgn:\t", "SigCgt:\t", "CapInh:\t", "CapPrm:\t",
		"CapEff:\t", "CapBnd:\t", "CapAmb:\t", "NoNewPrivs:\t", "Seccomp:\t",
		"Cpus_allowed:\t", "Cpus_allowed_list:\t", "Mems_allowed_list:\t",
		"voluntary_ctxt_switches:\t", "nonvoluntary_ctxt_switches:\t"};
	unsigned long size = 0, resident = 0, shared = 0, text, lib = 1, data, dirty = 1;
	char line[400], name[200], start[40];
	unsigned from, to;
	FILE *f;

	in_order("/proc/self/smaps", smaps, COUNT(smaps));
	in_order("/proc/self/smaps_rollup", rollup, COUNT(rollup));
	in_order("/proc/self/status", status, COUNT(status));
	TRUTH(has_line("/proc/self/smaps_rollup", "Rss:"));

	/* A mapped file is named, with its place in the file. */
	enter_tmp();
	put_file("mapped file", "contents");
	int fd = open("mapped file", O_RDWR);
	CHECK(ftruncate(fd, 3 * 65536) == 0);
	void *at = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE, fd, 65536);
	CHECK(at != MAP_FAILED);
	snprintf(
		start, sizeof(start), "%08lx-%08lx ", (unsigned long)at, (unsigned long)at + 65536);
	f = fopen("/proc/self/maps", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		char perms[8];
		unsigned long offset;

		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		CHECK(sscanf(line, "%x-%x %7s %lx %*s %*s %199[^\n]", &from, &to, perms, &offset,
			      name) >= 4);
		printf("mapped %s at %lx: %s\n", perms, offset,
			strrchr(name, '/') ? strrchr(name, '/') : "(no name)");
	}
	fclose(f);
	unlink("mapped file");
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, start, strlen(start)) == 0)
			printf("gone: %s", strrchr(line, '/') ? strrchr(line, '/') : "(no name)\n");
	}
	fclose(f);
	CHECK(munmap(at, 65536) == 0);
	TRUTH(!has_line("/proc/self/maps", start));

	f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%lu %lu %lu %lu %lu %lu %lu", &size, &resident, &shared, &text, &lib,
			   &data, &dirty) == 7);
	fclose(f);
	TRUTH(size >= resident);
	TRUTH(resident >= shared);
	TRUTH(resident > 0);
	TRUTH(lib == 0 && dirty == 0);
	return 0;
}

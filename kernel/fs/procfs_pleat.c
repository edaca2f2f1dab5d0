/*
 * procfs_pleat.c - /proc/pleat: what no other Unix has a file for.
 *   layers  the images below the root, lowest first: name, bytes
 *   calls   system calls by name: how many, errors, time; 1, 0 and reset are written to it
 *   locks   lock classes that threads waited for; the same
 * Locks: none here.
 */
#include "fs/procfs.h"
#include "init/init.h"
#include "trace/trace.h"

static int layers_text(struct proc_text *t, struct proc_node *n)
{
	const struct layer_info *l;

	(void)n;
	for (uint32_t i = 0; (l = layer_get(i)) != NULL; i++)
		text_add(t, "%s %llu\n", l->name, (unsigned long long)l->size);
	return 0;
}

static int calls_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return trace_counts_text(t);
}

static int calls_store(struct proc_node *n, const char *s, size_t len)
{
	(void)n;
	return trace_counts_store(s, len);
}

static int locks_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return lockstat_text(t);
}

static int locks_store(struct proc_node *n, const char *s, size_t len)
{
	(void)n;
	return lockstat_store(s, len);
}

const struct proc_entry proc_pleat_entries[PROC_PLEAT_COUNT] = {
	PROC_FILE("layers", 0444, layers_text),
	{.name = "calls", .mode = S_IFREG | 0644, .text = calls_text, .store = calls_store},
	{.name = "locks", .mode = S_IFREG | 0644, .text = locks_text, .store = locks_store},
};

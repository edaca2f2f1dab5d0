/* fs.c - the table of file systems. */
#include "fs/fs.h"
#include "lib/str.h"

const struct fs_type *const fs_types[] = {
	&erofs_type,
	&overlay_type,
	&tmpfs_type,
	&procfs_type,
	&sysfs_type,
	&devfs_type,
	&hostfs_type,
	NULL,
};

/* The type that mount(2) names so, or NULL. */
const struct fs_type *fs_type_find(const char *name)
{
	const struct fs_type *const *t;

	for (t = fs_types; *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

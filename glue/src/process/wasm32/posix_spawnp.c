/*
 * posix_spawnp.c - posix_spawn() with a search along PATH, done here: the kernel has no PATH.
 *
 * Each attempt carries out the file actions again, so a candidate that does not exist is passed
 * over without one. A relative PATH element is tried always: a chdir action may give it meaning.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pleat.h"

static int missing(const char *candidate)
{
	int saved = errno, gone;

	if (*candidate != '/')
		return 0;
	gone = access(candidate, F_OK) && (errno == ENOENT || errno == ENOTDIR);
	errno = saved;
	return gone;
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
	const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *restrict attr,
	char *const argv[restrict], char *const envp[restrict])
{
	const char *path = getenv("PATH"), *end;
	size_t namelen = strnlen(file, NAME_MAX + 1);
	char candidate[PATH_MAX + NAME_MAX + 2];
	int err, denied = 0;

	if (!*file)
		return ENOENT;
	if (strchr(file, '/'))
		return __pleat_spawn(pid, file, fa, attr, argv, envp);
	if (namelen > NAME_MAX)
		return ENAMETOOLONG;
	if (!path)
		path = "/usr/local/bin:/bin:/usr/bin";
	for (;; path = end + 1) {
		end = strchrnul(path, ':');
		if (end - path < PATH_MAX) {
			size_t dirlen = end - path;

			memcpy(candidate, path, dirlen);
			if (dirlen)
				candidate[dirlen++] = '/';
			memcpy(candidate + dirlen, file, namelen + 1);
			if (!missing(candidate)) {
				err = __pleat_spawn(pid, candidate, fa, attr, argv, envp);
				if (err == EACCES)
					denied = 1;
				else if (err != ENOENT && err != ENOTDIR)
					return err;
			}
		}
		if (!*end)
			return denied ? EACCES : ENOENT;
	}
}

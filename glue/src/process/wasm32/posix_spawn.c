/*
 * posix_spawn.c - posix_spawn() as one system call: no fork, no second stack, no pipe.
 * Spec: POSIX.1-2024 posix_spawn(); struct pleat_spawn in kernel/abi/program.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pleat.h"
#include "syscall.h"
#include "../fdop.h"

#define ACTIONS_ON_STACK 16

static const unsigned char opcode[] = {
	[FDOP_CLOSE] = PLEAT_SPAWN_CLOSE,
	[FDOP_DUP2] = PLEAT_SPAWN_DUP2,
	[FDOP_OPEN] = PLEAT_SPAWN_OPEN,
	[FDOP_CHDIR] = PLEAT_SPAWN_CHDIR,
	[FDOP_FCHDIR] = PLEAT_SPAWN_FCHDIR,
};

/* libc keeps the actions as a list, last one first; the kernel wants them in order. */
static void translate(struct pleat_spawn_action *out, const struct fdop *op)
{
	while (op->next)
		op = op->next;
	for (; op; op = op->prev, out++) {
		*out = (struct pleat_spawn_action){.op = opcode[op->cmd], .fd = op->fd};
		if (op->cmd == FDOP_DUP2)
			out->srcfd = op->srcfd;
		if (op->cmd == FDOP_OPEN || op->cmd == FDOP_CHDIR)
			out->path = (unsigned)op->path;
		if (op->cmd == FDOP_OPEN) {
			out->flags = op->oflag;
			out->mode = op->mode;
		}
	}
}

int __pleat_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *fa,
	const posix_spawnattr_t *attr, char *const *argv, char *const *envp)
{
	struct pleat_spawn_action some[ACTIONS_ON_STACK], *actions = some;
	struct pleat_spawn s = {
		.path = (unsigned)path,
		.argv = (unsigned)argv,
		.envp = (unsigned)envp,
	};
	long r;

	if (fa)
		for (const struct fdop *op = fa->__actions; op; op = op->next)
			s.nactions++;
	if (s.nactions > ACTIONS_ON_STACK) {
		actions = malloc(s.nactions * sizeof *actions);
		if (!actions)
			return ENOMEM;
	}
	if (s.nactions) {
		translate(actions, fa->__actions);
		s.actions = (unsigned)actions;
	}
	if (attr) {
		s.flags = attr->__flags;
		s.pgroup = attr->__pgrp;
		memcpy(&s.sigmask, &attr->__mask, sizeof s.sigmask);
		memcpy(&s.sigdefault, &attr->__def, sizeof s.sigdefault);
	}
	r = __syscall(SYS_pleat_spawn, &s);
	if (actions != some)
		free(actions);
	if (r < 0)
		return -r;
	if (pid)
		*pid = r;
	return 0;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
	const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *restrict attr,
	char *const argv[restrict], char *const envp[restrict])
{
	return __pleat_spawn(pid, path, fa, attr, argv, envp);
}

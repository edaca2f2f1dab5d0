/* pidfd.h - descriptors that name a process: for waitid(P_PIDFD), and for who ends processes. */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "proc/proc.h"

/* The process that a pidfd names, referenced. -EBADF: fd is none. */
int pidfd_proc(int fd, struct proc **out, bool *nonblock) MUST_CHECK;
/* p has ended or was waited for: pollers look. RANK_PROC_TREE is held. */
void pidfd_wake_locked(struct proc *p);

#endif

/*
 * scm.c - descriptors and credentials on their way: made from control messages, and dropped.
 * Spec: unix(7) of Linux, SCM_RIGHTS and SCM_CREDENTIALS.
 * Locks: drain_lock (RANK_WAITQ).
 */
#include "net/internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

/* ---- making ---- */

static uint32_t cmsg_fds(const struct abi_cmsghdr *c)
{
	return cmsg_data_len(c) / 4;
}

/* Is it one of ours? Linux leaves other types of SOL_SOCKET to their families, or refuses them. */
static int count_control(const struct sock_msg *m, uint32_t *nfiles, bool *any)
{
	const struct abi_cmsghdr *c;
	uint32_t pos = 0;

	*nfiles = 0;
	*any = false;
	while ((c = cmsg_next(m, &pos))) {
		if (c->level != SOL_SOCKET)
			continue;
		if (c->type == SCM_RIGHTS)
			*nfiles += cmsg_fds(c);
		else if (c->type != SCM_CREDENTIALS || cmsg_data_len(c) != sizeof(struct abi_ucred))
			return -EINVAL;
		if (*nfiles > SCM_FILES_MAX)
			return -EINVAL;
		*any = true;
	}
	return pos < m->control_len ? -EINVAL : 0;
}

/* May the caller say that it is this? Root may say anything; others one of their own names. */
static int take_cred(struct scm *scm, const struct abi_ucred *u)
{
	const struct cred *c = cred_self();

	if (!cred_is_root(c)) {
		if (u->pid != (int32_t)proc_self()->pid)
			return -EPERM;
		if (u->uid != c->ruid && u->uid != c->euid && u->uid != c->suid)
			return -EPERM;
		if (u->gid != c->rgid && u->gid != c->egid && u->gid != c->sgid)
			return -EPERM;
	} else if (u->pid != (int32_t)proc_self()->pid) {
		struct proc *p = u->pid > 0 ? proc_find((uint32_t)u->pid) : NULL;

		if (!p)
			return -ESRCH;
		proc_put(p);
	}
	scm->has_cred = true;
	scm->cred = (struct sock_cred){.pid = (uint32_t)u->pid, .uid = u->uid, .gid = u->gid};
	return 0;
}

static int take_files(struct scm *scm, const struct abi_cmsghdr *c)
{
	const uint8_t *data = cmsg_data(c);
	int32_t fd;

	for (uint32_t i = 0; i < cmsg_fds(c); i++) {
		memcpy(&fd, data + i * 4, sizeof(fd));
		scm->files[scm->nfiles] = fd_get_path(fd);
		if (!scm->files[scm->nfiles])
			return -EBADF;
		scm->nfiles++;
	}
	return 0;
}

struct scm *scm_new(uint32_t nfiles)
{
	struct scm *scm = kmalloc(sizeof(*scm) + nfiles * sizeof(scm->files[0]));

	if (scm)
		*scm = (struct scm){.nfiles = 0};
	return scm;
}

int scm_from_control(const struct sock_msg *m, struct scm **out)
{
	const struct abi_cmsghdr *c;
	uint32_t nfiles, pos = 0;
	struct scm *scm;
	bool any;
	int err;

	*out = NULL;
	if (LIKELY(!m->control_len))
		return 0;
	err = count_control(m, &nfiles, &any);
	if (err || !any)
		return err;
	scm = scm_new(nfiles);
	if (!scm)
		return -ENOMEM;
	while (!err && (c = cmsg_next(m, &pos))) {
		if (c->level != SOL_SOCKET)
			continue;
		if (c->type == SCM_RIGHTS)
			err = take_files(scm, c);
		else
			err = take_cred(scm, cmsg_data(c));
	}
	if (err || (!scm->has_cred && scm->nfiles == 0)) {
		scm_free(scm);
		return err;
	}
	*out = scm;
	return 0;
}

/* For MSG_PEEK: the same once more. The original is on a queue whose lock is held. NULL: no
 * memory. */
struct scm *scm_copy(const struct scm *from)
{
	struct scm *scm = scm_new(from->nfiles);

	if (!scm)
		return NULL;
	scm->has_cred = from->has_cred;
	scm->cred = from->cred;
	scm->nfiles = from->nfiles;
	for (uint32_t i = 0; i < from->nfiles; i++) {
		scm->files[i] = from->files[i];
		file_get(scm->files[i]);
	}
	return scm;
}

/* ---- dropping ---- */

/*
 * Closing a socket drops what is in its queue, which may be a socket whose queue holds a socket...
 * as deep as a program likes, and a kernel stack has 16 KiB. So only the outermost scm_free() of a
 * thread drops files; those inside add to its list.
 */
struct drain {
	struct drain *next;
	const struct waker *who;
	struct scm *todo;
};
static struct lock drain_lock = LOCK_INIT(RANK_WAITQ);
static struct drain *drains; /* [drain_lock] one for each thread that is in scm_free() */

static struct drain *drain_of_locked(const struct waker *who)
{
	struct drain *d = drains;

	while (d && d->who != who)
		d = d->next;
	return d;
}

static void drop_files(struct scm *scm)
{
	for (uint32_t i = 0; i < scm->nfiles; i++)
		file_put(scm->files[i]);
	kfree(scm);
}

static void drain_run(struct drain *d)
{
	struct drain **at;
	struct scm *scm;

	lock_acquire(&drain_lock);
	while ((scm = d->todo)) {
		d->todo = scm->next;
		lock_release(&drain_lock);
		drop_files(scm);
		lock_acquire(&drain_lock);
	}
	for (at = &drains; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	lock_release(&drain_lock);
}

void scm_free(struct scm *scm)
{
	struct drain mine = {.who = waker_self(), .todo = scm}, *outer;

	if (!scm)
		return;
	if (scm->nfiles == 0) {
		kfree(scm);
		return;
	}
	scm->next = NULL;
	lock_acquire(&drain_lock);
	outer = drain_of_locked(mine.who);
	if (outer) {
		scm->next = outer->todo;
		outer->todo = scm;
	} else {
		mine.next = drains;
		drains = &mine;
	}
	lock_release(&drain_lock);
	if (!outer)
		drain_run(&mine);
}

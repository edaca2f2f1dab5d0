/*
 * cred.c - user and group ids.
 * Spec: POSIX.1-2024 setuid() and friends; fs ids as Linux has them. A struct cred never changes
 * once others can see it; a call replaces the process's. Locks: proc.lock.
 */
#include "proc/internal.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "syscalls.h"

static struct cred root_cred = {.refs = {1}};

/* With others in the process, who may replace its credentials at any time: this call's own. */
void cred_pin(struct thread *t)
{
	struct proc *p = t->proc;
	const struct cred *old = t->cred;

	if (old == atomic_load(&p->cred))
		return;
	lock_acquire(&p->lock);
	t->cred = cred_get(p->cred);
	lock_release(&p->lock);
	if (old)
		cred_put(old);
}

const struct cred *cred_self(void)
{
	struct thread *t = thread_self();

	if (!t || !t->proc || !t->proc->cred)
		return &root_cred;
	return t->cred && atomic_load(&t->proc->nthreads) > 1 ? t->cred : t->proc->cred;
}

const struct cred *cred_get(const struct cred *c)
{
	ref_get(&((struct cred *)(uintptr_t)c)->refs);
	return c;
}

void cred_put(const struct cred *c)
{
	struct cred *own = (struct cred *)(uintptr_t)c;

	if (ref_put(&own->refs))
		kfree(own);
}

bool cred_in_group(const struct cred *c, uint32_t gid)
{
	if (c->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < c->ngroups; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

struct proc_ids proc_ids(struct proc *p)
{
	struct proc_ids ids = {0};

	lock_acquire(&p->lock);
	if (p->cred)
		ids = (struct proc_ids){p->cred->ruid, p->cred->euid};
	lock_release(&p->lock);
	return ids;
}

struct cred *cred_copy(const struct cred *from)
{
	struct cred *c = kmalloc(sizeof(*c));

	if (c) {
		*c = *from;
		ref_init(&c->refs, 1);
	}
	return c;
}

void cred_install(struct proc *p, struct cred *fresh)
{
	const struct cred *old;

	lock_acquire(&p->lock);
	old = p->cred;
	atomic_store(&p->cred, (const struct cred *)fresh);
	lock_release(&p->lock);
	if (thread_self()->cred)
		cred_pin(thread_self()); /* its own change is seen at once */
	if (old)
		cred_put(old);
}

#define KEEP UINT32_MAX /* -1: leave as it is */

static bool may_take(uint32_t id, uint32_t real, uint32_t effective, uint32_t saved)
{
	return id == KEEP || id == real || id == effective || id == saved;
}

int sys_setresuid(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *old = cred_self();
	struct cred *c;

	if (!cred_is_root(old) && (!may_take(r, old->ruid, old->euid, old->suid) ||
					  !may_take(e, old->ruid, old->euid, old->suid) ||
					  !may_take(s, old->ruid, old->euid, old->suid)))
		return -EPERM;
	c = cred_copy(old);
	if (!c)
		return -ENOMEM;
	if (r != KEEP)
		c->ruid = r;
	if (e != KEEP)
		c->euid = e;
	if (s != KEEP)
		c->suid = s;
	c->fsuid = c->euid;
	cred_install(proc_self(), c);
	return 0;
}

int sys_setresgid(uint32_t r, uint32_t e, uint32_t s)
{
	const struct cred *old = cred_self();
	struct cred *c;

	if (!cred_is_root(old) && (!may_take(r, old->rgid, old->egid, old->sgid) ||
					  !may_take(e, old->rgid, old->egid, old->sgid) ||
					  !may_take(s, old->rgid, old->egid, old->sgid)))
		return -EPERM;
	c = cred_copy(old);
	if (!c)
		return -ENOMEM;
	if (r != KEEP)
		c->rgid = r;
	if (e != KEEP)
		c->egid = e;
	if (s != KEEP)
		c->sgid = s;
	c->fsgid = c->egid;
	cred_install(proc_self(), c);
	return 0;
}

/* The saved id follows the effective one when the real one is set or the effective one differs. */
int sys_setreuid(uint32_t r, uint32_t e)
{
	const struct cred *c = cred_self();
	uint32_t effective = e == KEEP ? c->euid : e;
	bool save = r != KEEP || (e != KEEP && e != c->ruid);

	if (!cred_is_root(c) && r != KEEP && r != c->ruid && r != c->euid)
		return -EPERM;
	return sys_setresuid(r, e, save ? effective : KEEP);
}

int sys_setregid(uint32_t r, uint32_t e)
{
	const struct cred *c = cred_self();
	uint32_t effective = e == KEEP ? c->egid : e;
	bool save = r != KEEP || (e != KEEP && e != c->rgid);

	if (!cred_is_root(c) && r != KEEP && r != c->rgid && r != c->egid)
		return -EPERM;
	return sys_setresgid(r, e, save ? effective : KEEP);
}

int sys_setuid(uint32_t id)
{
	const struct cred *c = cred_self();

	if (id == KEEP)
		return -EINVAL;
	if (cred_is_root(c))
		return sys_setresuid(id, id, id);
	return id == c->ruid || id == c->suid ? sys_setresuid(KEEP, id, KEEP) : -EPERM;
}

int sys_setgid(uint32_t id)
{
	const struct cred *c = cred_self();

	if (id == KEEP)
		return -EINVAL;
	if (cred_is_root(c))
		return sys_setresgid(id, id, id);
	return id == c->rgid || id == c->sgid ? sys_setresgid(KEEP, id, KEEP) : -EPERM;
}

int sys_setfsuid(uint32_t id)
{
	const struct cred *old = cred_self();
	int before = (int)old->fsuid;
	struct cred *c;

	if (id == KEEP || (!cred_is_root(old) && id != old->fsuid &&
				  !may_take(id, old->ruid, old->euid, old->suid)))
		return before;
	c = cred_copy(old);
	if (c) {
		c->fsuid = id;
		cred_install(proc_self(), c);
	}
	return before;
}

int sys_setfsgid(uint32_t id)
{
	const struct cred *old = cred_self();
	int before = (int)old->fsgid;
	struct cred *c;

	if (id == KEEP || (!cred_is_root(old) && id != old->fsgid &&
				  !may_take(id, old->rgid, old->egid, old->sgid)))
		return before;
	c = cred_copy(old);
	if (c) {
		c->fsgid = id;
		cred_install(proc_self(), c);
	}
	return before;
}

static int copyout3(uaddr_t a, uint32_t va, uaddr_t b, uint32_t vb, uaddr_t c, uint32_t vc)
{
	return copyout(a, &va, 4) || copyout(b, &vb, 4) || copyout(c, &vc, 4) ? -EFAULT : 0;
}

int sys_getresuid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *c = cred_self();

	return copyout3(r, c->ruid, e, c->euid, s, c->suid);
}

int sys_getresgid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *c = cred_self();

	return copyout3(r, c->rgid, e, c->egid, s, c->sgid);
}

int sys_getuid(void)
{
	return (int)cred_self()->ruid;
}

int sys_geteuid(void)
{
	return (int)cred_self()->euid;
}

int sys_getgid(void)
{
	return (int)cred_self()->rgid;
}

int sys_getegid(void)
{
	return (int)cred_self()->egid;
}

int sys_getgroups(uint32_t size, uaddr_t list)
{
	const struct cred *c = cred_self();

	if (size == 0)
		return (int)c->ngroups;
	if (size < c->ngroups)
		return -EINVAL;
	return copyout(list, c->groups, c->ngroups * 4) ? -EFAULT : (int)c->ngroups;
}

/* Linux keeps them so, and programs see it. */
static void sort_groups(uint32_t *groups, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint32_t g = groups[i], at = i;

		for (; at > 0 && groups[at - 1] > g; at--)
			groups[at] = groups[at - 1];
		groups[at] = g;
	}
}

int sys_setgroups(uint32_t size, uaddr_t list)
{
	struct cred *c;

	if (!cred_is_root(cred_self()))
		return -EPERM;
	if (size > CRED_GROUPS_MAX)
		return -EINVAL;
	c = cred_copy(cred_self());
	if (!c)
		return -ENOMEM;
	if (copyin(c->groups, list, size * 4)) {
		kfree(c);
		return -EFAULT;
	}
	sort_groups(c->groups, size);
	c->ngroups = size;
	cred_install(proc_self(), c);
	return 0;
}

/* ---- capabilities: root has all of them, anybody else none ---- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header {
	uint32_t version;
	int32_t pid;
};
struct cap_sets {
	uint32_t effective, permitted, inheritable;
};

/* Words of each set in a version, 0: unknown, and the version to use was written back. */
static int cap_words(uaddr_t header, struct cap_header *h, uint32_t *words)
{
	uint32_t use = CAP_VERSION_3;

	if (copyin(h, header, sizeof(*h)))
		return -EFAULT;
	*words = h->version == CAP_VERSION_1				      ? 1
		 : h->version == CAP_VERSION_2 || h->version == CAP_VERSION_3 ? 2
									      : 0;
	if (!*words && copyout(header, &use, sizeof(use)))
		return -EFAULT;
	return 0;
}

struct caps {
	uint64_t permitted, effective;
};

static struct caps caps_of(const struct cred *c)
{
	uint64_t permitted = c->ruid == 0 || c->euid == 0 || c->suid == 0 ? CAP_ALL : 0;

	return (struct caps){permitted, c->euid == 0 ? permitted : 0};
}

/* 0 or -ESRCH. */
static int caps_find(uint32_t pid, struct caps *caps)
{
	struct proc *p = pid ? proc_find(pid) : NULL;

	if (pid && !p)
		return -ESRCH;
	if (!p) {
		*caps = caps_of(cred_self());
		return 0;
	}
	lock_acquire(&p->lock);
	*caps = p->cred ? caps_of(p->cred) : (struct caps){0};
	lock_release(&p->lock);
	proc_put(p);
	return 0;
}

/*
 * The sets of a process: all of Linux's capabilities for root, none for others.
 * -EFAULT; -EINVAL: unknown version (and data asked for), pid < 0; -ESRCH.
 */
int sys_capget(uaddr_t header, uaddr_t data)
{
	struct cap_sets sets[2] = {0};
	struct cap_header h;
	struct caps caps;
	uint32_t words;
	int err = cap_words(header, &h, &words);

	if (err)
		return err;
	if (!words)
		return data ? -EINVAL : 0;
	if (h.pid < 0)
		return -EINVAL;
	err = caps_find((uint32_t)h.pid, &caps);
	if (err)
		return err;
	for (uint32_t i = 0; i < words; i++) {
		sets[i].permitted = (uint32_t)(caps.permitted >> (32 * i));
		sets[i].effective = (uint32_t)(caps.effective >> (32 * i));
	}
	return data && copyout(data, sets, words * sizeof(*sets)) ? -EFAULT : 0;
}

/*
 * Set the caller's own. What it has already is taken; more than permitted is refused as on Linux,
 * and so is less: capabilities go with being root here, and to give up some of them is to change
 * ids. -EFAULT; -EINVAL: unknown version; -EPERM.
 */
int sys_capset(uaddr_t header, uaddr_t data)
{
	struct cap_sets sets[2] = {0};
	struct cap_header h;
	const struct caps have = caps_of(cred_self());
	uint64_t effective, permitted, inheritable;
	uint32_t words;
	int err = cap_words(header, &h, &words);

	if (err)
		return err;
	if (!words)
		return -EINVAL;
	if (copyin(sets, data, words * sizeof(*sets)))
		return -EFAULT;
	if (h.pid != 0 && (uint32_t)h.pid != proc_self()->pid)
		return -EPERM;
	effective = (sets[0].effective | (uint64_t)sets[1].effective << 32) & CAP_ALL;
	permitted = (sets[0].permitted | (uint64_t)sets[1].permitted << 32) & CAP_ALL;
	inheritable = (sets[0].inheritable | (uint64_t)sets[1].inheritable << 32) & CAP_ALL;
	if (permitted != have.permitted || inheritable != 0 || effective != have.effective)
		return -EPERM;
	return 0;
}

/*
 * ktest_proc.c - the processes of ktest_proc.h, put together from the rooms' own parts.
 */
#include "tests/ktest_proc.h"
#include "tests/ktest_internal.h"
#include "tests/ktest_os.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/internal.h"
#include "proc/session.h"
#include "vfs/internal.h"

#define U_SIZE (16u << 20)
#define PROCS 16

/* What the rig knows of each process beyond struct proc. */
static struct world {
	struct proc *proc;
	struct native_u *u;
	uint32_t next; /* [a] where u_alloc goes on */
} worlds[PROCS];

static struct world *world_of(const struct proc *p)
{
	for (int i = 0; i < PROCS; i++) {
		if (worlds[i].proc == p)
			return &worlds[i];
	}
	ktest_fail(__FILE__, __LINE__, "no such process, or too many");
}

static struct proc *make_proc(struct proc *parent, struct fdtable *files, struct path *root)
{
	struct proc *p = proc_new();
	struct world *w = world_of(NULL);
	struct cred *cred = kzalloc(sizeof(*cred));

	CHECK(p && files && cred);
	ref_init(&cred->refs, 1);
	p->cred = cred;
	p->files = files;
	p->fs = fsctx_new(root);
	p->mm = mm_new();
	CHECK(p->fs && p->mm);
	CHECK_EQ(mm_set_program(p->mm, U_ARENA, U_ARENA_END), 0);
	for (int i = 0; i < RLIMIT_COUNT; i++)
		p->limits[i].cur = p->limits[i].max = RLIM_INFINITY_K;
	p->limits[RLIMIT_NOFILE].cur = p->limits[RLIMIT_NOFILE].max = 1024;
	str_copy(p->name, "ktest", sizeof(p->name));
	w->proc = p;
	w->u = native_u_new(U_SIZE);
	w->next = U_ARENA;
	lock_acquire(&proc_tree_lock);
	proc_publish_locked(p, parent);
	if (parent)
		pgrp_join_parent(p, parent);
	lock_release(&proc_tree_lock);
	if (!parent)
		CHECK_EQ(session_init_first(p), 0);
	return p;
}

static void thread_hook(struct thread *t, bool begin)
{
	if (!t->proc)
		return;
	lock_acquire(&proc_tree_lock);
	if (begin)
		thread_add_locked(t);
	else
		thread_remove_locked(t);
	lock_release(&proc_tree_lock);
}

/* Names that nobody uses are a cache, and requests to a host that is not there are no work. */
static void check_hook(void)
{
	struct proc *p = proc_self();
	struct fdtable *used = p->files;
	struct path root;

	/* A fresh table: one that grew stays large. */
	p->files = fdtable_new();
	CHECK(p->files);
	fdtable_put(used);
	mount_root_path(&root);
	dentry_prune_super(root.mount->super);
	path_put(&root);
	host_area_ptr()->request_tail = host_area_ptr()->request_head;
}

/* Once for each child program: a mounted root stays. */
static struct proc *first_proc(void)
{
	static struct proc *first;
	struct path root;

	if (first)
		return first;
	CHECK_EQ(mount_new(fs_type_find("tmpfs"), "", 0, "", NULL), 0);
	mount_root_path(&root);
	first = make_proc(NULL, fdtable_new(), &root);
	path_put(&root);
	return first;
}

void ktest_in_proc(void (*body)(void))
{
	struct thread *self = thread_self();

	ktest_thread_hook = thread_hook;
	ktest_check_hook = check_hook;
	self->proc = NULL;
	self->kernel_thread = true; /* as the boot thread: the first mount has no process yet */
	self->proc = first_proc();
	self->kernel_thread = false;
	world_of(self->proc)->next = U_ARENA;
	native_u_use(world_of(self->proc)->u);
	thread_hook(self, true);
	check_hook();
	body();
	thread_hook(self, false);
	native_u_use(NULL);
}

uaddr_t u_alloc(size_t n)
{
	struct world *w = world_of(proc_self());
	uint32_t a = atomic_add(&w->next, (uint32_t)(n + 15) & ~15u);

	if (a + n > U_ARENA_END)
		ktest_fail(__FILE__, __LINE__, "the test's user memory is full");
	memset(w->u->base + a, 0, n);
	return a;
}

void *u_ptr(uaddr_t a, size_t n)
{
	struct world *w = world_of(proc_self());

	CHECK((uint64_t)a + n <= w->u->size);
	return w->u->base + a;
}

uaddr_t u_bytes(const void *data, size_t n)
{
	uaddr_t a = u_alloc(n);

	memcpy(u_ptr(a, n), data, n);
	return a;
}

uaddr_t u_str(const char *s)
{
	return u_bytes(s, strlen(s) + 1);
}

struct proc *ktest_proc_new(void)
{
	struct proc *self = proc_self();

	return make_proc(self, fdtable_copy(self->files), &self->fs->root);
}

struct thread *ktest_thread_in(struct proc *p, void (*body)(void *), void *arg)
{
	return ktest_thread_with(body, arg, p, world_of(p)->u);
}

void ktest_proc_free(struct proc *p)
{
	struct world *w = world_of(p);

	CHECK(list_empty(&p->threads));
	fdtable_put(p->files);
	fsctx_put(p->fs);
	mm_put(p->mm);
	lock_acquire(&proc_tree_lock);
	pgrp_leave(p);
	proc_unpublish_locked(p);
	lock_release(&proc_tree_lock);
	proc_put(p); /* the table's */
	proc_put(p);
	native_u_free(w->u);
	*w = (struct world){0};
}

void ktest_become(uint32_t uid, uint32_t gid)
{
	/* The rig's own change, not setresuid(): root must come back. */
	struct proc *p = proc_self();
	struct cred *fresh = kzalloc(sizeof(*fresh));

	CHECK(fresh);
	ref_init(&fresh->refs, 1);
	fresh->ruid = fresh->euid = fresh->suid = fresh->fsuid = uid;
	fresh->rgid = fresh->egid = fresh->sgid = fresh->fsgid = gid;
	cred_put(p->cred);
	p->cred = fresh;
}

/*
 * exec.c - execve(2): check a program, then hand it to a Worker.
 * Spec: POSIX.1-2024 exec; "#!" and auxiliary vector as Linux has them; abi/program.h.
 *
 * All that can fail comes first (exec_prepare: file, arguments, memory, a thread with its stack);
 * exec_commit() then cannot. The new image always runs as a new struct thread in whatever Worker
 * is free, so that the old run and the new one never share a kernel stack.
 *
 * Locks: proc.lock for file, map and name; proc_tree_lock for the change of threads; proc.sig_lock
 * for what is pending. One at a time.
 */
#include "proc/internal.h"
#include "proc/thread.h"
#include "abi/ring.h"
#include "fs/overlayfs.h"
#include "host/host.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/pool.h"
#include "mm/plainmap.h"
#include "mm/shared.h"
#include "arch/arch.h"
#include "syscalls.h"

#define ARGS_MAX (1u << 20)
#define INTERP_DEPTH 4
#define HEAP_BASE_MAX (1u << 30) /* static data ends below */
#define MODULE_MAX (256u << 20)	 /* bytes: read as a whole into the engine's own memory */
#define HEAD_SIZE 256		 /* bytes looked at for "#!" and the pleat section */

/* ---- argument vectors ---- */

struct strings {
	char *data;
	uint32_t len, capacity, count;
};

static int strings_reserve(struct strings *s, uint32_t more)
{
	uint32_t capacity = MAX(s->capacity, 1024u);
	char *p;

	if (s->len + more > ARGS_MAX)
		return -E2BIG;
	while (capacity < s->len + more)
		capacity *= 2;
	if (capacity == s->capacity)
		return 0;
	p = kmalloc(capacity);
	if (!p)
		return -ENOMEM;
	if (s->data)
		memcpy(p, s->data, s->len);
	kfree(s->data);
	s->data = p;
	s->capacity = capacity;
	return 0;
}

static int strings_add(struct strings *s, const char *text, uint32_t len)
{
	int err = strings_reserve(s, len + 1);

	if (err)
		return err;
	memcpy(s->data + s->len, text, len);
	s->data[s->len + len] = 0;
	s->len += len + 1;
	s->count++;
	return 0;
}

static int strings_add_user(struct strings *s, uaddr_t text)
{
	uint32_t room = 256;

	for (;;) {
		ssize_t n;
		int err = strings_reserve(s, room);

		if (err)
			return err;
		n = copyin_str(s->data + s->len, text, s->capacity - s->len);
		if (n >= 0) {
			s->len += (uint32_t)n + 1;
			s->count++;
			return 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		room = s->capacity - s->len + 1; /* doubles */
	}
}

static int strings_from_user(struct strings *s, uaddr_t vector)
{
	for (uint32_t i = 0; vector; i++) {
		uint32_t p;
		int err = copyin(&p, vector + i * 4, 4);

		if (err || !p)
			return err;
		err = strings_add_user(s, p);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the program's file ---- */

static int open_program(const struct path *path, struct file **out)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (!S_ISREG(inode->mode))
		return -EACCES;
	if (path->mount->flags & MS_NOEXEC)
		return -EACCES;
	err = inode_permission(inode, X_OK);
	if (err)
		return err;
	err = file_open_path(path, O_RDONLY, out);
	if (err)
		return err;
	err = inode_deny_write(inode);
	if (err) {
		file_put(*out);
		*out = NULL;
	}
	return err;
}

static void close_program(struct file *f)
{
	inode_allow_write(f->inode);
	file_put(f);
}

static uint32_t read_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The first section must be ours: 0, size, 5, "pleat", words (abi/program.h). */
static int check_module(struct exec_image *x, const uint8_t *head, ssize_t n)
{
	static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
	const uint8_t *section = head + 10;
	uint32_t version;

	if (n < 8 || memcmp(head, magic, 8)) {
		return -ENOEXEC;
	}
	if (n < 10 + 6 + 4 * PLEAT_SECTION_WORDS || head[8] != 0 || head[9] > 127 ||
		section[0] != 5 || memcmp(section + 1, "pleat", 5)) {
		klog(KLOG_WARN, "exec: %s: not linked by pleat-cc (no pleat section)", x->path);
		return -ENOEXEC;
	}
	version = read_u32(section + 6);
	if (version != PLEAT_ABI_VERSION) {
		klog(KLOG_WARN, "exec: %s: program ABI %u, this kernel has %u", x->path, version,
			PLEAT_ABI_VERSION);
		return -ENOEXEC;
	}
	x->flags = read_u32(section + 10);
	x->stack_size = read_u32(section + 14);
	if ((x->flags & PLEAT_PROG_SHM) && !shared_available()) {
		klog(KLOG_WARN, "exec: %s: linked with -mshm: this engine has no multi-memory",
			x->path);
		return -ENOEXEC;
	}
	if (x->stack_size < 65536 || x->stack_size > (512u << 20) || x->stack_size % PAGE_SIZE) {
		klog(KLOG_WARN, "exec: %s: stack size %u", x->path, x->stack_size);
		return -ENOEXEC;
	}
	return 0;
}

/*
 * What the compiled module is kept under: equal keys mean equal bytes, because an inode number is
 * not used again in a file system's life and each change of contents counts up write_gen. 0 where
 * the numbers do not fit: such a module is compiled each time.
 */
static uint64_t module_key(struct inode *inode)
{
	struct inode *real = inode;
	uint32_t gen;

	if (overlay_real_inode(inode, &real))
		inode = real;
	gen = atomic_load(&inode->write_gen);
	if (MINOR(inode->super->dev) > 0xff || inode->ino >> 40 || gen > 0xffff)
		return 0;
	return (uint64_t)MINOR(inode->super->dev) << 56 | inode->ino << 16 | gen;
}

/* "#!interpreter [one argument]": swaps *file for the interpreter and rewrites args' front. */
static int follow_interpreter(
	struct file **file, char *head, ssize_t n, struct strings *args, struct exec_image *x)
{
	struct strings fresh = {0};
	struct path path;
	char *interp, *end, *arg = NULL, *p;
	uint32_t skip;
	int err;

	head[MIN((size_t)n, (size_t)HEAD_SIZE - 1)] = 0;
	end = strchr(head, '\n');
	if (!end) {
		if (n >= HEAD_SIZE - 1)
			return -ENOEXEC;
		end = head + n;
	}
	*end = 0;
	while (end > head && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = 0;
	for (interp = head + 2; *interp == ' ' || *interp == '\t'; interp++)
		;
	for (p = interp; *p && *p != ' ' && *p != '\t'; p++)
		;
	if (p == interp)
		return -ENOEXEC;
	if (*p) {
		*p++ = 0;
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p)
			arg = p;
	}
	err = strings_add(&fresh, interp, strlen(interp));
	if (!err && arg)
		err = strings_add(&fresh, arg, strlen(arg));
	if (!err)
		err = strings_add(&fresh, x->path, strlen(x->path));
	skip = args->count ? (uint32_t)strlen(args->data) + 1 : 0;
	if (!err)
		err = strings_reserve(&fresh, args->len - skip + 1);
	if (!err)
		err = path_lookup(AT_FDCWD, interp, LOOKUP_FOLLOW, &path);
	if (err) {
		kfree(fresh.data);
		return err;
	}
	memcpy(fresh.data + fresh.len, args->data + skip, args->len - skip);
	fresh.len += args->len - skip;
	fresh.count += args->count ? args->count - 1 : 0;
	kfree(args->data);
	*args = fresh;
	str_copy(x->path, interp, sizeof(x->path));
	close_program(*file);
	*file = NULL;
	err = path.dentry->inode ? open_program(&path, file) : -ENOENT;
	path_put(&path);
	return err;
}

static void set_name(struct exec_image *x, const char *path)
{
	const char *slash = strrchr(path, '/');

	str_copy(x->name, slash ? slash + 1 : path, sizeof(x->name));
}

/* Set-ID bits count unless the mount says nosuid. */
static void note_setid(struct exec_image *x, const struct path *path)
{
	struct inode *inode = path->dentry->inode;

	x->suid_uid = x->suid_gid = UINT32_MAX;
	if (path->mount->flags & MS_NOSUID)
		return;
	if (inode->mode & S_ISUID)
		x->suid_uid = inode->uid;
	if ((inode->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		x->suid_gid = inode->gid;
}

static int load_checked(struct exec_image *x, const struct path *path, struct strings *args)
{
	char *head = kmalloc(HEAD_SIZE);
	bool script = false;
	struct kstat st;
	ssize_t n;
	int err;

	if (!head)
		return -ENOMEM;
	err = open_program(path, &x->file);
	for (int depth = 0; !err; depth++) {
		n = file_read_kernel(x->file, head, HEAD_SIZE - 1, 0);
		if (n < 0) {
			err = (int)n;
			break;
		}
		if (n < 2 || head[0] != '#' || head[1] != '!') {
			err = check_module(x, (const uint8_t *)head, n);
			break;
		}
		if (depth == INTERP_DEPTH) {
			err = -ELOOP;
			break;
		}
		script = true;
		err = follow_interpreter(&x->file, head, n, args, x);
	}
	kfree(head);
	if (err)
		return err;
	/* A script's own set-ID bits are not followed: a race no kernel of today takes. */
	note_setid(x, script ? &x->file->path : path);
	x->key = module_key(x->file->inode);
	inode_stat(x->file->inode, &st);
	if (st.size > MODULE_MAX) {
		klog(KLOG_WARN, "exec: %s: a module of %llu bytes", x->path,
			(unsigned long long)st.size);
		return -ENOEXEC;
	}
	return 0;
}

static int image_finish(struct exec_image *x, struct proc *p)
{
	int err;

	/* Strings, their pointers and the auxiliary vector share a quarter of the stack. */
	if (x->args_len + x->envs_len + 4ull * (x->argc + x->envc) + 1024 > x->stack_size / 4)
		return -E2BIG;
	x->mm = mm_new();
	if (!x->mm)
		return -ENOMEM;
	x->mm->shares = x->flags & PLEAT_PROG_SHM;
	err = memory_get(&x->mm->memory);
	if (err)
		return err == -EAGAIN ? -ENOMEM : -EINTR;
	x->thread = thread_new(p, p->pid);
	if (!x->thread)
		return -ENOMEM;
	x->thread->kstack = kstack_new(x->thread);
	return x->thread->kstack ? 0 : -ENOMEM;
}

void exec_image_free(struct exec_image *x)
{
	if (x->file)
		close_program(x->file);
	if (x->thread) {
		if (x->thread->kstack) {
			kstack_free(x->thread->kstack);
			thread_unref(x->thread);
		}
		thread_unref(x->thread);
	}
	if (x->mm)
		mm_put(x->mm);
	kfree(x->args);
	kfree(x->envs);
	kfree(x);
}

static int prepare(struct exec_image **out, const struct path *path, const char *shown,
	struct strings *args, struct strings *envs)
{
	struct exec_image *x = kzalloc(sizeof(*x));
	int err;

	if (!x) {
		kfree(args->data);
		kfree(envs->data);
		return -ENOMEM;
	}
	str_copy(x->path, shown, sizeof(x->path));
	set_name(x, shown);
	err = args->count ? 0 : strings_add(args, "", 0); /* argc >= 1, as Linux since 5.18 */
	if (!err)
		err = load_checked(x, path, args);
	x->args = args->data;
	x->args_len = args->len;
	x->argc = args->count;
	x->envs = envs->data;
	x->envs_len = envs->len;
	x->envc = envs->count;
	if (!err)
		err = image_finish(x, proc_self());
	if (err) {
		exec_image_free(x);
		return err;
	}
	*out = x;
	return 0;
}

int exec_prepare(struct exec_image **out, const struct path *path, const char *shown, uaddr_t argv,
	uaddr_t envp)
{
	struct strings args = {0}, envs = {0};
	int err = strings_from_user(&args, argv);

	if (!err)
		err = strings_from_user(&envs, envp);
	if (err) {
		kfree(args.data);
		kfree(envs.data);
		return err;
	}
	return prepare(out, path, shown, &args, &envs);
}

int exec_prepare_kernel(struct exec_image **out, const char *path, const char *args,
	uint32_t args_len, uint32_t argc, const char *envs, uint32_t envs_len, uint32_t envc)
{
	struct strings a = {.data = kstrdup(args, args_len),
		.len = args_len,
		.capacity = args_len,
		.count = argc};
	struct strings e = {.data = kstrdup(envs, envs_len),
		.len = envs_len,
		.capacity = envs_len,
		.count = envc};
	struct path at;
	int err = a.data && e.data ? path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &at) : -ENOMEM;

	if (err) {
		kfree(a.data);
		kfree(e.data);
		return err;
	}
	err = prepare(out, &at, path, &a, &e);
	path_put(&at);
	return err;
}

/* ---- commit ---- */

static void take_ids(struct proc *p, const struct exec_image *x)
{
	const struct cred *old = p->cred;
	struct cred *c;

	if (x->suid_uid == UINT32_MAX && x->suid_gid == UINT32_MAX && old->suid == old->euid &&
		old->sgid == old->egid)
		return;
	c = cred_copy(old);
	if (!c)
		return; /* keeps the lesser rights */
	if (x->suid_uid != UINT32_MAX)
		c->euid = x->suid_uid;
	if (x->suid_gid != UINT32_MAX)
		c->egid = x->suid_gid;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	cred_install(p, c);
}

static void take_file(struct proc *p, struct exec_image *x)
{
	struct file *old_exe;
	struct mm *old_mm;

	x->mm->exe = kstrdup(x->path, strlen(x->path));
	x->mm->cmdline = kstrdup(x->args, x->args_len);
	x->mm->cmdline_len = x->mm->cmdline ? x->args_len : 0;
	x->mm->environ_copy = kstrdup(x->envs, x->envs_len);
	x->mm->environ_len = x->mm->environ_copy ? x->envs_len : 0;
	lock_acquire(&p->lock);
	old_exe = p->exe;
	old_mm = p->mm;
	p->exe = x->file;
	p->mm = x->mm;
	memcpy(p->name, x->name, sizeof(p->name));
	lock_release(&p->lock);
	/* The process's references now; the image reads the file through p->exe. */
	x->file = NULL;
	x->mm = NULL;
	if (old_exe)
		close_program(old_exe);
	if (old_mm)
		mm_put(old_mm);
}

/* replaced: the thread that t takes the place of, NULL: p has none yet. */
static void commit(struct proc *p, struct exec_image *x, struct thread *replaced)
{
	struct thread *self = thread_self(), *t = x->thread;
	uint32_t memory = x->mm->memory;
	uint64_t key = x->key;

	t->proc = p;
	ref_get(&p->refs); /* the thread's */
	t->blocked = self->vfork	  ? self->blocked
		     : self->restore_mask ? self->saved_mask
					  : self->blocked;
	t->exec = x;
	x->thread = NULL;
	fdtable_close_on_exec(p->files);
	signal_exec(p);
	take_ids(p, x);
	take_file(p, x);
	lock_acquire(&proc_tree_lock);
	p->did_exec = true;
	thread_add_locked(t);
	/* In one step and before t can run: an exit of t must find itself the last one. */
	if (replaced)
		thread_remove_locked(replaced);
	lock_release(&proc_tree_lock);
	HOST_REQUEST(OP_SPAWN, (uint32_t)(uintptr_t)t, (uint32_t)(uintptr_t)t->kstack, memory, 0,
		(uint32_t)key, (uint32_t)(key >> 32), SPAWN_EXEC);
}

void exec_commit(struct proc *p, struct exec_image *x)
{
	commit(p, x, NULL);
}

/* The calling thread's own image is replaced: it leaves, t goes on in its place. */
NORETURN void exec_replace_self(struct exec_image *x)
{
	struct thread *self = thread_self();
	struct proc *p = self->proc;

	(void)!plainmap_write_back(p->mm, 0, UINT32_MAX); /* a failure stands in the log */
	trace_exec_done(self);
	itimers_exec(p);
	futex_thread_end(self);
	lock_acquire(&p->sig_lock);
	sigpending_move(&x->thread->pending, &self->pending);
	lock_release(&p->sig_lock);
	commit(p, x, self);
	self->proc = NULL;
	proc_put(p); /* this thread's */
	lock_assert_none_held();
	thread_unref(self);
	self->leave = LEAVE_EXEC;
	arch_leave();
}

static int exec_path(const struct path *path, const char *shown, uaddr_t argv, uaddr_t envp)
{
	struct thread *self = thread_self();
	struct exec_image *x;
	struct proc *p = self->proc;
	int pid, err = exec_prepare(&x, path, shown, argv, envp);

	if (err)
		return err;
	if (!self->vfork) {
		err = thread_end_others();
		if (err) {
			exec_image_free(x);
			return err;
		}
		path_put(path);
		exec_replace_self(x);
	}
	pid = (int)p->pid;
	exec_commit(p, x);
	vfork_leave();
	proc_put(p); /* was this thread's while it acted for the child */
	return pid;
}

static int do_execve(int32_t dir, uaddr_t upath, uaddr_t argv, uaddr_t envp, uint32_t flags)
{
	char *name = kmalloc(PATH_MAX);
	uint32_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	ssize_t n;
	int err;

	if (!name)
		return -ENOMEM;
	n = copyin_str(name, upath, PATH_MAX);
	if (n < 0) {
		kfree(name);
		return (int)n;
	}
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = path_lookup(dir, name, lookup, &path);
	if (!err && !path.dentry->inode)
		err = -ENOENT;
	if (!err && S_ISLNK(path.dentry->inode->mode))
		err = -ELOOP;
	if (err) {
		kfree(name);
		return err;
	}
	if (!*name) {
		ssize_t len = path_text(&path, name, PATH_MAX);

		if (len < 0)
			*name = 0;
	}
	name[255] = 0; /* shown only */
	{
		char shown[256];

		str_copy(shown, name, sizeof(shown));
		kfree(name);
		err = exec_path(&path, shown, argv, envp);
	}
	path_put(&path);
	return err;
}

int sys_execve(uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return do_execve(AT_FDCWD, path, argv, envp, 0);
}

int sys_execveat(int32_t dir, uaddr_t path, uaddr_t argv, uaddr_t envp, uint32_t flags)
{
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return do_execve(dir, path, argv, envp, flags);
}

/* ---- in the new Worker ---- */

uint64_t exec_size(void)
{
	struct kstat st;

	inode_stat(proc_self()->exe->inode, &st);
	return st.size;
}

ssize_t exec_read(void *buf, size_t n, uint64_t pos)
{
	return file_read_kernel(proc_self()->exe, buf, n, pos);
}

#define AT_NULL 0
#define AT_PAGESZ 6
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_EXECFN 31

/* Copy strings to U at `at` and append their addresses to words. */
static uint32_t *put_strings(
	uint32_t *words, const char *s, uint32_t len, uint32_t count, uint32_t at)
{
	arch_copyout(at, s, len);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = (uint32_t)strlen(s) + 1;

		*words++ = at;
		at += n;
		s += n;
	}
	*words++ = 0;
	return words;
}

static uint32_t put_block(struct exec_image *x, uint32_t top)
{
	const struct cred *c = cred_self();
	uint32_t max = 1 + x->argc + 1 + x->envc + 1 + 2 * 12;
	uint32_t *block = kmalloc(max * 4), *w = block, n;
	uint32_t path_len = (uint32_t)strlen(x->path) + 1;
	uint32_t random_at = top - 16, path_at = random_at - path_len;
	uint32_t env_at = path_at - x->envs_len, arg_at = env_at - x->args_len;
	uint8_t random[16];

	if (!block)
		return 0;
	arch_random(random, sizeof(random));
	arch_copyout(random_at, random, sizeof(random));
	arch_copyout(path_at, x->path, path_len);
	*w++ = x->argc;
	w = put_strings(w, x->args, x->args_len, x->argc, arg_at);
	w = put_strings(w, x->envs, x->envs_len, x->envc, env_at);
	{
		const uint32_t aux[] = {AT_PAGESZ, PAGE_SIZE, AT_UID, c->ruid, AT_EUID, c->euid,
			AT_GID, c->rgid, AT_EGID, c->egid, AT_HWCAP, 0, AT_CLKTCK, 100, AT_SECURE,
			c->ruid != c->euid || c->rgid != c->egid, AT_RANDOM, random_at, AT_EXECFN,
			path_at, AT_NULL, 0};

		memcpy(w, aux, sizeof(aux));
		w += ARRAY_LEN(aux);
	}
	n = (uint32_t)(w - block) * 4;
	top = (arg_at - n) & ~15u;
	arch_copyout(top, block, n);
	kfree(block);
	proc_self()->mm->arg_start = arg_at;
	proc_self()->mm->arg_end = proc_self()->mm->env_start = env_at;
	proc_self()->mm->env_end = path_at;
	return top;
}

uint32_t exec_start(uint32_t heap_base, uint32_t stack_top)
{
	struct thread *t = thread_self();
	struct exec_image *x = t->exec;
	uint32_t block;

	if (stack_top != x->stack_size || heap_base < stack_top || heap_base > HEAP_BASE_MAX ||
		!arch_ugrow(PAGE_ALIGN(heap_base)))
		exec_failed("its memory layout is not what its pleat section says");
	if (mm_set_program(t->proc->mm, x->stack_size, heap_base))
		exec_failed("out of kernel memory");
	block = put_block(x, stack_top);
	if (!block)
		exec_failed("out of kernel memory");
	t->exec = NULL;
	exec_image_free(x);
	return block;
}

void exec_failed(const char *why)
{
	struct thread *t = thread_self();

	if (t->creator) { /* a further thread: its creator is told, the process goes on */
		if (why)
			klog(KLOG_WARN, "clone: pid %u %s: %s", t->proc->pid, t->proc->name, why);
		t->clear_tid = 0;
		proc_exit_self(0, false);
	}
	if (why)
		klog(KLOG_ERROR, "exec: pid %u %s: %s", t->tid, t->proc->name, why);
	if (t->fork)
		fork_copied(); /* the parent sees its child killed */
	if (t->exec) {
		exec_image_free(t->exec);
		t->exec = NULL;
	}
	proc_exit_self(SIGKILL, true);
	panic("exec: a dead thread goes on");
}

void program_trapped(int signo, const char *text)
{
	struct proc *p = proc_self();

	klog(KLOG_WARN, "trap: pid %u %s: %s", p->pid, p->name, text);
	signal_fatal_trap(signo);
}

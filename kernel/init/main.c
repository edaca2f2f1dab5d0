/*
 * main.c - from an empty K to PID 1: boot order, boot plan, boot log.
 *
 * boot_start() runs once in the kernel Worker and does nothing that could wait. The rest,
 * boot_main(), runs in PID 1's own Worker, where waiting for chunks is allowed.
 */
#include "init/init.h"
#include "init/mounts.h"
#include "abi/ring.h"
#include "fs/fs.h"
#include "fs/overlayfs.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/pool.h"
#include "arch/arch.h"
#include "proc/internal.h"
#include "proc/session.h"
#include "tty/tty.h"
#include "syscalls.h"

#define LAYERS_MAX 128 /* OVL_LAYERS_MAX: the format's 65 and those of mounts */
#define HOSTDIRS_MAX 16

/* A list of strings, each followed by its NUL. */
struct words {
	char *text;
	uint32_t len, count;
};

static struct {
	struct layer_info layers[LAYERS_MAX];
	uint32_t nlayers;
	const char *hostdirs[HOSTDIRS_MAX];
	uint32_t nhostdirs;
	struct words args, envs, options;
	const char *user, *cwd;
	bool pipe; /* boot command on plain streams */
} plan;		   /* [i] after boot_start() */

static char cmdline[1024];

const struct layer_info *layer_get(uint32_t index)
{
	return index < plan.nlayers ? &plan.layers[index] : NULL;
}

const char *boot_cmdline(void)
{
	return cmdline;
}

/* ---- the plan ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undo %XX in place. Returns the new length. */
static size_t decode(char *s, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n && hex_digit(s[i + 1]) >= 0 &&
			hex_digit(s[i + 2]) >= 0) {
			s[out++] = (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
			i += 2;
		} else {
			s[out++] = s[i];
		}
	}
	s[out] = 0;
	return out;
}

static void words_add(struct words *w, const char *s, size_t n)
{
	char *p = kmalloc(w->len + n + 1);

	if (!p)
		panic("init: out of memory for the boot plan");
	if (w->text)
		memcpy(p, w->text, w->len);
	memcpy(p + w->len, s, n);
	p[w->len + n] = 0;
	kfree(w->text);
	w->text = p;
	w->len += (uint32_t)n + 1;
	w->count++;
}

static void plan_layer(char *value)
{
	struct layer_info *l = &plan.layers[plan.nlayers];
	char *colon = strrchr(value, ':');
	uint64_t size = 0;

	if (!colon || plan.nlayers == LAYERS_MAX)
		panic("init: boot plan: bad layer \"%s\"", value);
	*colon = 0;
	for (const char *d = colon + 1; *d >= '0' && *d <= '9'; d++)
		size = size * 10 + (uint64_t)(*d - '0');
	str_copy(l->name, value, sizeof(l->name));
	l->size = size;
	plan.nlayers++;
}

static const char *keep(const char *s)
{
	const char *p = kstrdup(s, strlen(s));

	if (!p)
		panic("init: out of memory for the boot plan");
	return p;
}

static void plan_hostdir(const char *value)
{
	if (plan.nhostdirs == HOSTDIRS_MAX)
		panic("init: boot plan: more than %d folders of the host", HOSTDIRS_MAX);
	plan.hostdirs[plan.nhostdirs++] = keep(value);
}

static void plan_line(char *line, size_t len)
{
	char *value = memchr(line, '=', len);
	size_t n;

	if (!value)
		panic("init: boot plan: no '=' in \"%.*s\"", (int)len, line);
	*value++ = 0;
	n = decode(value, len - (size_t)(value - line));
	if (!strcmp(line, "layer"))
		plan_layer(value);
	else if (!strcmp(line, "hostdir"))
		plan_hostdir(value);
	else if (!strcmp(line, "arg"))
		words_add(&plan.args, value, n);
	else if (!strcmp(line, "env"))
		words_add(&plan.envs, value, n);
	else if (!strcmp(line, "option"))
		words_add(&plan.options, value, n);
	else if (!strcmp(line, "user"))
		plan.user = keep(value);
	else if (!strcmp(line, "cwd"))
		plan.cwd = keep(value);
	else if (!strcmp(line, "tty"))
		plan.pipe = value[0] == '0';
	else if (!mounts_plan_line(line, value))
		panic("init: boot plan: unknown key \"%s\"", line);
}

static void read_plan(const char *text, size_t len)
{
	char *copy = kstrdup(text, len), *line = copy, *end;

	if (!copy)
		panic("init: out of memory for the boot plan");
	plan.user = "root";
	plan.cwd = "/";
	for (; line < copy + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(copy + len - line));
		if (!end)
			end = copy + len;
		if (end > line)
			plan_line(line, (size_t)(end - line));
	}
	kfree(copy);
	for (uint32_t i = 0, at = 0; i < plan.options.count; i++) {
		const char *s = plan.options.text + at;

		str_copy(cmdline + strlen(cmdline), s, sizeof(cmdline) - strlen(cmdline) - 1);
		str_copy(cmdline + strlen(cmdline), " ", sizeof(cmdline) - strlen(cmdline));
		at += (uint32_t)strlen(s) + 1;
	}
}

/* ---- the kernel Worker's part ---- */

/* One request is enough until the host looks: a program can write the log faster than it is read.
 */
static void tell_host_of_log(void)
{
	if (!atomic_xchg(&host_area_ptr()->log_told, 1u))
		HOST_REQUEST(OP_LOG, 0);
}

static void set_limits(struct proc *p)
{
	for (int i = 0; i < RLIMIT_COUNT; i++)
		p->limits[i] = (struct rlimit_k){RLIM_INFINITY_K, RLIM_INFINITY_K};
	p->limits[RLIMIT_STACK].cur = 8u << 20;
	p->limits[RLIMIT_CORE].cur = 0;
	p->limits[RLIMIT_NOFILE] = (struct rlimit_k){1024, 4096};
	p->limits[RLIMIT_SIGPENDING] = (struct rlimit_k){1024, 1024};
}

static struct proc *make_init(struct thread **thread)
{
	struct proc *p = proc_new();

	if (!p || p->pid != 1)
		panic("init: cannot make PID 1");
	p->cred = cred_get(cred_self());
	str_copy(p->name, "init", sizeof(p->name));
	set_limits(p);
	*thread = thread_new(p, p->pid);
	if (!*thread)
		panic("init: out of memory");
	(*thread)->kstack = kstack_new(*thread);
	p->mm = mm_new();
	if (!(*thread)->kstack || !p->mm || session_init_first(p))
		panic("init: out of memory");
	ref_get(&p->refs); /* the thread's */
	lock_acquire(&proc_tree_lock);
	proc_publish_locked(p, NULL);
	thread_add_locked(*thread);
	lock_release(&proc_tree_lock);
	proc_put(p);
	return p;
}

/* The option strace= or strace=SET: the host shows the calls of every process. */
static void trace_option(void)
{
	for (uint32_t i = 0, at = 0; i < plan.options.count; i++) {
		const char *s = plan.options.text + at;

		if (strcmp(s, "strace") == 0 || strncmp(s, "strace=", 7) == 0)
			trace_host_start(s[6] ? s + 7 : "");
		at += (uint32_t)strlen(s) + 1;
	}
}

void boot_start(const char *text, size_t len)
{
	struct alloc_stats heap;
	struct thread *t;

	klog_listen(tell_host_of_log);
	read_plan(text, len);
	alloc_stats(&heap);
	klog(KLOG_INFO, "init: Pleat %s %s, %u layers", kernel_release, kernel_version,
		plan.nlayers);
	console_init();
	if (plan.pipe) {
		console_set_raw_stream(1); /* input and output */
		console_set_raw_stream(2); /* standard error */
	}
	pool_init();
	make_init(&t);
	trace_option();
	HOST_REQUEST(OP_SPAWN, (uint32_t)(uintptr_t)t, (uint32_t)(uintptr_t)t->kstack, 0, 0, 0, 0,
		SPAWN_INIT);
}

/* ---- PID 1's part ---- */

static void mount_root(void)
{
	struct super *lowers[LAYERS_MAX], *upper, *root;
	uint32_t n = mounts_root_layers(plan.nlayers);
	int err;

	if (n == 0)
		panic("init: the boot plan names no layer");
	for (uint32_t i = 0; i < n; i++) {
		char source[32];

		/* Top first for the overlay; the plan has the base first. */
		kformat(source, sizeof(source), "layer:%u", n - 1 - i);
		err = erofs_type.mount(source, MS_RDONLY, "", &lowers[i]);
		if (err)
			panic("init: layer %s cannot be mounted (error %d)",
				plan.layers[n - 1 - i].name, -err);
	}
	err = tmpfs_type.mount("tmpfs", 0, "mode=755", &upper);
	if (!err)
		err = overlay_mount_root(lowers, n, upper, &root);
	if (!err) {
		mounts_apply_overlays(root);
		str_copy(root->source, "overlay", sizeof(root->source));
		err = mount_super(root, 0, NULL);
	}
	if (err)
		panic("init: the root file system cannot be mounted (error %d)", -err);
	klog(KLOG_INFO, "vfs: root is overlay(%u x erofs, tmpfs)", n);
}

static void mount_all(void)
{
	struct proc *p = proc_self();
	struct path root;

	mount_root();
	mount_root_path(&root);
	p->fs = fsctx_new(&root);
	p->files = fdtable_new();
	if (!p->fs || !p->files)
		panic("init: out of memory");
	path_put(&root);
	mounts_one(&devfs_type, "dev", "/dev", MS_NOSUID | MS_NOEXEC, "");
	mounts_one(&procfs_type, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	mounts_one(&sysfs_type, "sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	mounts_one(&tmpfs_type, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mounts_plan_all();
	for (uint32_t i = 0; i < plan.nhostdirs; i++) {
		char source[32];

		kformat(source, sizeof(source), "host:%u", i);
		mounts_make_dirs(plan.hostdirs[i]);
		mounts_one(&hostfs_type, source, plan.hostdirs[i], MS_RDONLY, "");
	}
}

/* Descriptors 0, 1 and 2 of PID 1. */
static void open_console(void)
{
	static const char *const streams[3] = {"/dev/hostin", "/dev/hostout", "/dev/hosterr"};

	for (int i = 0; i < 3; i++) {
		struct file *f;
		int fd = fd_reserve(0, 0);
		uint32_t mode = !plan.pipe ? O_RDWR : i == 0 ? O_RDONLY : O_WRONLY;
		int err = file_open(plan.pipe ? streams[i] : "/dev/console", mode | O_NOCTTY, &f);

		if (err || fd != i)
			panic("init: the boot console cannot be opened (error %d)", -err);
		fd_install(fd, f);
	}
}

/* init's own argv: see images/packages/init/init.c. */
static struct words init_argv(void)
{
	struct words w = {0};
	const char *s = plan.args.text;

	words_add(&w, "init", 4);
	words_add(&w, "--user", 6);
	words_add(&w, plan.user, strlen(plan.user));
	words_add(&w, "--cwd", 5);
	words_add(&w, plan.cwd, strlen(plan.cwd));
	words_add(&w, plan.pipe ? "--pipe" : "--tty", plan.pipe ? 6 : 5);
	words_add(&w, "--", 2);
	for (uint32_t i = 0; i < plan.args.count; i++) {
		words_add(&w, s, strlen(s));
		s += strlen(s) + 1;
	}
	return w;
}

void boot_main(void)
{
	struct words args;
	struct exec_image *image;
	int err;

	mount_all();
	open_console();
	args = init_argv();
	if (!plan.envs.text)
		words_add(&plan.envs, "PATH=/usr/bin:/bin:/usr/sbin:/sbin", 34);
	err = exec_prepare_kernel(&image, "/sbin/init", args.text, args.len, args.count,
		plan.envs.text, plan.envs.len, plan.envs.count);
	kfree(args.text);
	if (err)
		panic("init: /sbin/init of the image cannot be run (error %d)", -err);
	klog(KLOG_INFO, "init: running /sbin/init");
	HOST_REQUEST(OP_BOOTED, 0);
	exec_replace_self(image);
}

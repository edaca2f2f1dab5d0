/* /proc/<pid> settings, limits and what sys/ has; needs: root (lowering oom_score_adj) */
#include "conformance.h"

#include <sys/resource.h>

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	if (fd < 0) {
		printf("%s: cannot be written: %s\n", path, errno_name(errno));
		return;
	}
	n = write(fd, text, strlen(text));
	printf("%s <- %s: %s\n", path, text, n < 0 ? errno_name(errno) : "taken");
	close(fd);
}

static void limit_line(const char *start)
{
	char line[200];
	FILE *f = fopen("/proc/self/limits", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, start, strlen(start)) == 0)
			printf("%s", line);
	}
	fclose(f);
}

int main(void)
{
	static const char *const there[] = {"kernel/hostname", "kernel/domainname",
		"kernel/osrelease", "kernel/ostype", "kernel/version", "kernel/pid_max",
		"kernel/threads-max", "kernel/ngroups_max", "kernel/cap_last_cap",
		"kernel/core_pattern", "kernel/random/uuid", "kernel/random/boot_id",
		"kernel/msgmax", "kernel/sem", "kernel/shmmax", "fs/file-max", "fs/file-nr",
		"fs/nr_open", "fs/pipe-max-size", "vm/overcommit_memory", "vm/max_map_count",
		"vm/swappiness"};
	struct rlimit l = {100, 200};
	char name[300], path[100];
	pid_t child;

	for (int i = 0; i < COUNT(there); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", there[i]);
		snprintf(name, sizeof(name), "%s", get_file(path));
		printf("%s %s\n", there[i],
			name[0] != '<' && name[0] && name[strlen(name) - 1] == '\n' ? "ends a line"
										    : name);
	}
	printf("ostype %s", get_file("/proc/sys/kernel/ostype"));
	TRUTH(atoi(get_file("/proc/sys/kernel/pid_max")) > 300);

	write_to("/proc/self/oom_score_adj", "500");
	printf("adj %s", get_file("/proc/self/oom_score_adj"));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		printf("child's %s", get_file("/proc/self/oom_score_adj"));
		write_to("/proc/self/oom_score_adj", "700");
		_exit(0);
	}
	reap("child", child);
	printf("adj %s", get_file("/proc/self/oom_score_adj"));
	write_to("/proc/self/oom_score_adj", "1001");
	write_to("/proc/self/oom_score_adj", "-1001");
	write_to("/proc/self/oom_score_adj", "x");
	write_to("/proc/self/oom_score_adj", "0");

	CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
	limit_line("Limit ");
	limit_line("Max open files ");
	printf("cgroup %d\n", strstr(get_file("/proc/self/cgroup"), ":/") != NULL);
	printf("personality %s", get_file("/proc/self/personality"));
	/* Between the two there is one thread: task/<tid> says what the process's own files say. */
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", getpid());
	TRUTH(strcmp(get_file(path), get_file("/proc/self/comm")) == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/limits", getpid());
	TRUTH(strcmp(get_file(path), get_file("/proc/self/limits")) == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/task", getpid());
	printf("task in task: %s\n", get_file(path));
	struct gate g = gate_new();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		gate_wait(&g);
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	snprintf(name, sizeof(name), "%d ", child);
	TRUTH(strcmp(get_file(path), name) == 0);
	gate_open(&g);
	reap("child", child);
	TRUTH(get_file(path)[0] == 0);
	return 0;
}

/* /proc: what ps, lsof and shells read there. */
#include "conformance.h"

static const char *value(const char *file, const char *key)
{
	static char line[300];
	FILE *f = fopen(file, "r");
	size_t n = strlen(key);

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, n) == 0) {
			fclose(f);
			line[strcspn(line, "\n")] = 0;
			return line + n;
		}
	}
	fclose(f);
	return "(none)";
}

int main(int argc, char **argv)
{
	char buf[PATH_MAX], cwd[PATH_MAX], path[100], comm[40];
	char *args[] = {argv[0], (char *)"second", (char *)"third arg", NULL};
	int pid, ppid, fd;
	char state;
	ssize_t n;

	if (argc == 1) {
		execv("/proc/self/exe", args);
		return 1;
	}
	enter_tmp();
	CHECK(getcwd(cwd, sizeof(cwd)));
	fd = open("/proc/self/cmdline", O_RDONLY);
	n = read(fd, buf, sizeof(buf));
	for (ssize_t i = (ssize_t)strlen(argv[0]); i < n; i++)
		putchar(buf[i] ? buf[i] : '|');
	printf("\n");
	close(fd);
	n = readlink("/proc/self/cwd", buf, sizeof(buf));
	TRUTH(n == (ssize_t)strlen(cwd) && memcmp(buf, cwd, (size_t)n) == 0);
	n = readlink("/proc/self/root", buf, sizeof(buf));
	printf("root %.*s\n", (int)n, buf);
	n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	printf("exe %s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
	n = readlink("/proc/self", buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	TRUTH(atoi(buf) == getpid());

	FILE *f = fopen("/proc/self/stat", "r");
	CHECK(fscanf(f, "%d (%30[^)]) %c %d", &pid, comm, &state, &ppid) == 4);
	fclose(f);
	TRUTH(pid == getpid() && ppid == getppid());
	printf("comm %s state %c\n", comm, state);
	TRUTH(atoi(value("/proc/self/status", "Pid:")) == getpid());
	TRUTH(atoi(value("/proc/self/status", "PPid:")) == getppid());
	TRUTH(atoi(value("/proc/self/status", "Uid:")) == (int)getuid());

	put_file("f", "through the link");
	fd = open("f", O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	printf("fd %s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
	printf("%s\n", get_file(path));
	unlink("f");
	n = readlink(path, buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	printf("fd %s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
	printf("%s\n", get_file(path)); /* the file itself, though it has no name */
	int p[2];
	CHECK(pipe(p) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = readlink(path, buf, sizeof(buf));
	TRUTH(n > 6 && memcmp(buf, "pipe:[", 6) == 0);

	snprintf(path, sizeof(path), "/proc/%d/environ", getpid());
	SHOW(access(path, R_OK));
	SHOW(access("/proc/999999999", F_OK));
	TRUTH(mkdir("/proc/new", 0755) == -1);
	SHOW(open("/proc/self/stat", O_WRONLY) >= 0);
	SHOW(unlink("/proc/self/stat"));
	TRUTH(strchr(get_file("/proc/uptime"), '.') != NULL);
	TRUTH(strstr(get_file("/proc/mounts"), " / ") != NULL);
	TRUTH(strstr(get_file("/proc/meminfo"), "MemTotal:") != NULL);
	TRUTH(strstr(get_file("/proc/self/maps"), "-") != NULL);
	pid_t zombie = fork();
	if (zombie == 0)
		_exit(0);
	siginfo_t info;
	CHECK(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT) == 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", zombie);
	f = fopen(path, "r");
	CHECK(f && fscanf(f, "%d (%30[^)]) %c", &pid, comm, &state) == 3);
	fclose(f);
	printf("zombie state %c\n", state);
	reap("zombie", zombie);
	SHOW(access(path, F_OK));
	return 0;
}

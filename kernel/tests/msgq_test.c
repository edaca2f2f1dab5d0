/* SysV message queues: types, sizes, blocking, removal. */
#include "conformance.h"
#include <sys/ipc.h>
#include <sys/msg.h>

struct text {
	long type;
	char text[64];
};

static int id;

static int put(long type, const char *s, int flags)
{
	struct text m = {.type = type};

	strcpy(m.text, s);
	return msgsnd(id, &m, strlen(s) + 1, flags);
}

static void get(long type, int flags)
{
	struct text m = {0};
	ssize_t n = msgrcv(id, &m, sizeof(m.text), type, flags | IPC_NOWAIT);

	if (n < 0)
		printf("get %ld: %s\n", type, errno_name(errno));
	else
		printf("get %ld: %ld %s (%zd)\n", type, m.type, m.text, n);
}

static void receives(void)
{
	struct text m;

	for (int i = 0; i < 300; i++) {
		CHECK(msgrcv(id, &m, sizeof(m.text), 5, 0) == 4);
		CHECK(atoi(m.text) == 100 + i);
	}
}

static struct gate about; /* open: the child goes to sleep next */

/* Return once that process sleeps. */
static void await_asleep(pid_t pid)
{
	char path[32];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do
		end = strrchr(get_file(path), ')');
	while (!end || end[2] != 'S');
}

static void waits_for_removal(void)
{
	struct text m;
	ssize_t n;

	gate_open(&about);
	n = msgrcv(id, &m, sizeof(m.text), 77, 0);
	_exit(n == -1 && errno == EIDRM ? 9 : 1);
}

static void fills(void)
{
	char big[8192 + sizeof(long)] = "";

	*(long *)(void *)big = 3;
	for (int i = 0; i < 4; i++)
		CHECK(msgsnd(id, big, 8192, 0) == 0);
}

int main(void)
{
	char big[8193 + sizeof(long)] = "";
	struct msqid_ds ds;
	char number[8];
	pid_t pid;

	id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	CHECK(id >= 0);
	SHOW(put(3, "three", 0));
	SHOW(put(1, "one", 0));
	SHOW(put(2, "two", 0));
	SHOW(put(1, "one again", 0));
	get(2, 0);
	get(2, 0);
	get(-2, 0);
	get(3, MSG_EXCEPT);
	get(0, 0);
	get(0, 0);
	SHOW(put(0, "x", 0));
	SHOW(put(4, "longer than three", 0));
	struct text m = {0};
	SHOW(msgrcv(id, &m, 3, 0, IPC_NOWAIT));
	SHOW(msgrcv(id, &m, 3, 0, IPC_NOWAIT | MSG_NOERROR));
	printf("%.3s\n", m.text);
	get(0, 0);
	*(long *)(void *)big = 3;
	SHOW(msgsnd(id, big, 8193, IPC_NOWAIT));
	SHOW(msgsnd(id, big, 8192, IPC_NOWAIT));
	SHOW(msgsnd(id, big, 8192, IPC_NOWAIT));
	SHOW(msgsnd(id, big, 1, IPC_NOWAIT));
	SHOW(msgctl(id, IPC_STAT, &ds));
	printf("%lu messages, of %lu bytes\n", (unsigned long)ds.msg_qnum,
		(unsigned long)ds.msg_qbytes);
	TRUTH(ds.msg_lspid == getpid() && ds.msg_stime > 0 && (ds.msg_perm.mode & 0777) == 0600);
	SHOW(msgrcv(id, big, 8192, 0, 0));
	SHOW(msgrcv(id, big, 8192, 0, 0));
	SHOW(msgrcv(id, bad_address, 8192, 0, IPC_NOWAIT));

	/* A sender waits for room. */
	pid = child(fills);
	for (int i = 0; i < 4; i++)
		CHECK(msgrcv(id, big, 8192, 3, 0) == 8192);
	reap("fills", pid);
	/* A receiver waits for its type; others pass by. */
	SHOW(put(6, "not yours", 0));
	pid = child(receives);
	for (int i = 0; i < 300; i++) {
		snprintf(number, sizeof(number), "%d", 100 + i);
		CHECK(put(5, number, 0) == 0);
	}
	reap("receives", pid);
	get(0, 0);
	about = gate_new();
	pid = child(waits_for_removal);
	gate_wait(&about);
	await_asleep(pid);
	SHOW(msgctl(id, IPC_RMID, NULL));
	reap("removed", pid);
	TRUTH(put(1, "x", 0) == -1 && (errno == EINVAL || errno == EIDRM));

	key_t key = ftok(".", 'm');
	id = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0);
	SHOW(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
	TRUTH(msgget(key, 0) == id);
	SHOW(msgctl(id, IPC_RMID, NULL));
	SHOW(msgget(key, 0));
	return 0;
}

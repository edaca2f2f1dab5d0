/* ipc.h - numbers and structures of SysV and POSIX IPC, as libc for 32 bits with 64-bit times has
 * them. */
#ifndef ABI_IPC_H
#define ABI_IPC_H

#include <stdint.h>

#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_NOWAIT 04000u
#define IPC_PRIVATE 0u
#define IPC_RMID 0u
#define IPC_SET 1u
#define IPC_STAT 2u
#define IPC_INFO 3u
#define IPC_64 0x100u /* libc sets it in every command: these structures, not those before them */

#define GETPID 11u
#define GETVAL 12u
#define GETALL 13u
#define GETNCNT 14u
#define GETZCNT 15u
#define SETVAL 16u
#define SETALL 17u
#define SEM_STAT 18u
#define SEM_INFO 19u
#define SEM_STAT_ANY 20u
#define SEM_UNDO 0x1000

#define MSG_STAT 11u
#define MSG_INFO 12u
#define MSG_STAT_ANY 13u
#define MSG_NOERROR 010000u
#define MSG_EXCEPT 020000u
#define MSG_COPY 040000u

#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHM_HUGETLB 04000u
#define SHM_DEST 01000u /* in a mode: goes with its last attachment */
#define SHM_LOCK 11u
#define SHM_UNLOCK 12u
#define SHM_STAT 13u
#define SHM_INFO 14u
#define SHM_STAT_ANY 15u

struct abi_ipc_perm {
	uint32_t key, uid, gid, cuid, cgid, mode, seq, pad1, pad2;
};

/* A time in two words, at a place that need not be aligned. */
struct abi_time_words {
	uint32_t lo, hi;
};

struct abi_semid_ds {
	struct abi_ipc_perm perm;
	struct abi_time_words otime, ctime;
	uint32_t nsems, unused3, unused4;
};

struct abi_sembuf {
	uint16_t num;
	int16_t op, flags;
};

struct abi_seminfo {
	int32_t map, mni, mns, mnu, msl, opm, ume, usz, vmx, aem;
};

struct abi_msqid_ds {
	struct abi_ipc_perm perm;
	struct abi_time_words stime, rtime, ctime;
	uint32_t cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	uint32_t unused[2];
};

struct abi_msginfo {
	int32_t pool, map, max, mnb, mni, ssz, tql;
	uint16_t seg;
};

struct abi_shmid_ds {
	struct abi_ipc_perm perm;
	uint32_t segsz;
	struct abi_time_words atime, dtime, ctime;
	int32_t cpid, lpid;
	uint32_t nattch, pad1, pad2, pad3;
};

struct abi_shminfo {
	uint32_t max, min, mni, seg, all, unused[4];
};

struct abi_shm_info {
	int32_t used_ids;
	uint32_t tot, rss, swp, swap_attempts, swap_successes;
};

struct abi_mq_attr {
	int32_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

#endif

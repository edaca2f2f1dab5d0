/*
 * values_table.c - the sets of names that syscalls.tbl and trace/structs.c speak of.
 * A set of bits lists longer combinations before the bits they are made of.
 */
#include "trace/values.h"

static const struct value_name set_o[] = {{0u, "O_RDONLY"}, {1u, "O_WRONLY"}, {2u, "O_RDWR"},
	{020200000u, "O_TMPFILE"}, {04010000u, "O_SYNC"}, {0100u, "O_CREAT"}, {0200u, "O_EXCL"},
	{0400u, "O_NOCTTY"}, {01000u, "O_TRUNC"}, {02000u, "O_APPEND"}, {04000u, "O_NONBLOCK"},
	{010000u, "O_DSYNC"}, {020000u, "O_ASYNC"}, {040000u, "O_DIRECT"},
	{0100000u, "O_LARGEFILE"}, {0200000u, "O_DIRECTORY"}, {0400000u, "O_NOFOLLOW"},
	{01000000u, "O_NOATIME"}, {02000000u, "O_CLOEXEC"}, {010000000u, "O_PATH"}};
static const struct value_name set_ofl[] = {
	{02000000u, "O_CLOEXEC"}, {04000u, "O_NONBLOCK"}, {040000u, "O_DIRECT"}};
static const struct value_name set_at[] = {{0x100u, "AT_SYMLINK_NOFOLLOW"},
	{0x200u, "AT_REMOVEDIR"}, {0x400u, "AT_SYMLINK_FOLLOW"}, {0x800u, "AT_NO_AUTOMOUNT"},
	{0x1000u, "AT_EMPTY_PATH"}, {0x2000u, "AT_STATX_FORCE_SYNC"},
	{0x4000u, "AT_STATX_DONT_SYNC"}};
static const struct value_name set_ate[] = {
	{0x100u, "AT_SYMLINK_NOFOLLOW"}, {0x200u, "AT_EACCESS"}, {0x1000u, "AT_EMPTY_PATH"}};
static const struct value_name set_access[] = {
	{0u, "F_OK"}, {4u, "R_OK"}, {2u, "W_OK"}, {1u, "X_OK"}};
static const struct value_name set_mnt[] = {
	{1u, "MNT_FORCE"}, {2u, "MNT_DETACH"}, {4u, "MNT_EXPIRE"}, {8u, "UMOUNT_NOFOLLOW"}};
static const struct value_name set_ms[] = {{1u, "MS_RDONLY"}, {2u, "MS_NOSUID"}, {4u, "MS_NODEV"},
	{8u, "MS_NOEXEC"}, {16u, "MS_SYNCHRONOUS"}, {32u, "MS_REMOUNT"}, {64u, "MS_MANDLOCK"},
	{128u, "MS_DIRSYNC"}, {1024u, "MS_NOATIME"}, {2048u, "MS_NODIRATIME"}, {4096u, "MS_BIND"},
	{8192u, "MS_MOVE"}, {16384u, "MS_REC"}, {32768u, "MS_SILENT"}, {0x20000u, "MS_UNBINDABLE"},
	{0x40000u, "MS_PRIVATE"}, {0x80000u, "MS_SLAVE"}, {0x100000u, "MS_SHARED"},
	{0x200000u, "MS_RELATIME"}, {0x1000000u, "MS_STRICTATIME"}, {0x2000000u, "MS_LAZYTIME"}};
static const struct value_name set_prot[] = {
	{0u, "PROT_NONE"}, {1u, "PROT_READ"}, {2u, "PROT_WRITE"}, {4u, "PROT_EXEC"}};
static const struct value_name set_map[] = {{1u, "MAP_SHARED"}, {2u, "MAP_PRIVATE"},
	{3u, "MAP_SHARED_VALIDATE"}, {0x10u, "MAP_FIXED"}, {0x20u, "MAP_ANONYMOUS"},
	{0x100u, "MAP_GROWSDOWN"}, {0x800u, "MAP_DENYWRITE"}, {0x2000u, "MAP_LOCKED"},
	{0x4000u, "MAP_NORESERVE"}, {0x8000u, "MAP_POPULATE"}, {0x10000u, "MAP_NONBLOCK"},
	{0x20000u, "MAP_STACK"}, {0x40000u, "MAP_HUGETLB"}, {0x100000u, "MAP_FIXED_NOREPLACE"}};
static const struct value_name set_mremap[] = {
	{1u, "MREMAP_MAYMOVE"}, {2u, "MREMAP_FIXED"}, {4u, "MREMAP_DONTUNMAP"}};
static const struct value_name set_msync[] = {
	{1u, "MS_ASYNC"}, {2u, "MS_INVALIDATE"}, {4u, "MS_SYNC"}};
static const struct value_name set_madv[] = {{0u, "MADV_NORMAL"}, {1u, "MADV_RANDOM"},
	{2u, "MADV_SEQUENTIAL"}, {3u, "MADV_WILLNEED"}, {4u, "MADV_DONTNEED"}, {8u, "MADV_FREE"},
	{9u, "MADV_REMOVE"}, {10u, "MADV_DONTFORK"}, {11u, "MADV_DOFORK"}, {12u, "MADV_MERGEABLE"},
	{14u, "MADV_HUGEPAGE"}, {15u, "MADV_NOHUGEPAGE"}, {16u, "MADV_DONTDUMP"},
	{17u, "MADV_DODUMP"}};
static const struct value_name set_f[] = {{0u, "F_DUPFD"}, {1u, "F_GETFD"}, {2u, "F_SETFD"},
	{3u, "F_GETFL"}, {4u, "F_SETFL"}, {5u, "F_GETLK"}, {6u, "F_SETLK"}, {7u, "F_SETLKW"},
	{8u, "F_SETOWN"}, {9u, "F_GETOWN"}, {10u, "F_SETSIG"}, {11u, "F_GETSIG"},
	{12u, "F_GETLK64"}, {13u, "F_SETLK64"}, {14u, "F_SETLKW64"}, {15u, "F_SETOWN_EX"},
	{16u, "F_GETOWN_EX"}, {36u, "F_OFD_GETLK"}, {37u, "F_OFD_SETLK"}, {38u, "F_OFD_SETLKW"},
	{1024u, "F_SETLEASE"}, {1025u, "F_GETLEASE"}, {1026u, "F_NOTIFY"},
	{1030u, "F_DUPFD_CLOEXEC"}, {1031u, "F_SETPIPE_SZ"}, {1032u, "F_GETPIPE_SZ"},
	{1033u, "F_ADD_SEALS"}, {1034u, "F_GET_SEALS"}};
static const struct value_name set_fd[] = {{1u, "FD_CLOEXEC"}};
static const struct value_name set_flck[] = {{0u, "F_RDLCK"}, {1u, "F_WRLCK"}, {2u, "F_UNLCK"}};
static const struct value_name set_lock[] = {
	{1u, "LOCK_SH"}, {2u, "LOCK_EX"}, {4u, "LOCK_NB"}, {8u, "LOCK_UN"}};
static const struct value_name set_seek[] = {
	{0u, "SEEK_SET"}, {1u, "SEEK_CUR"}, {2u, "SEEK_END"}, {3u, "SEEK_DATA"}, {4u, "SEEK_HOLE"}};
static const struct value_name set_rename[] = {
	{1u, "RENAME_NOREPLACE"}, {2u, "RENAME_EXCHANGE"}, {4u, "RENAME_WHITEOUT"}};
static const struct value_name set_xattr[] = {{1u, "XATTR_CREATE"}, {2u, "XATTR_REPLACE"}};
static const struct value_name set_falloc[] = {{1u, "FALLOC_FL_KEEP_SIZE"},
	{2u, "FALLOC_FL_PUNCH_HOLE"}, {8u, "FALLOC_FL_COLLAPSE_RANGE"},
	{16u, "FALLOC_FL_ZERO_RANGE"}, {32u, "FALLOC_FL_INSERT_RANGE"}};
static const struct value_name set_statx[] = {{0xfffu, "STATX_ALL"}, {0x7ffu, "STATX_BASIC_STATS"},
	{1u, "STATX_TYPE"}, {2u, "STATX_MODE"}, {4u, "STATX_NLINK"}, {8u, "STATX_UID"},
	{0x10u, "STATX_GID"}, {0x20u, "STATX_ATIME"}, {0x40u, "STATX_MTIME"},
	{0x80u, "STATX_CTIME"}, {0x100u, "STATX_INO"}, {0x200u, "STATX_SIZE"},
	{0x400u, "STATX_BLOCKS"}, {0x800u, "STATX_BTIME"}, {0x1000u, "STATX_MNT_ID"}};
static const struct value_name set_closerange[] = {
	{2u, "CLOSE_RANGE_UNSHARE"}, {4u, "CLOSE_RANGE_CLOEXEC"}};
static const struct value_name set_w[] = {{1u, "WNOHANG"}, {2u, "WSTOPPED"}, {4u, "WEXITED"},
	{8u, "WCONTINUED"}, {0x1000000u, "WNOWAIT"}, {0x80000000u, "__WCLONE"}};
static const struct value_name set_p[] = {
	{0u, "P_ALL"}, {1u, "P_PID"}, {2u, "P_PGID"}, {3u, "P_PIDFD"}};
static const struct value_name set_sig[] = {
	{0u, "SIG_BLOCK"}, {1u, "SIG_UNBLOCK"}, {2u, "SIG_SETMASK"}};
static const struct value_name set_sa[] = {{0x04000000u, "SA_RESTORER"},
	{0x08000000u, "SA_ONSTACK"}, {0x10000000u, "SA_RESTART"}, {0x40000000u, "SA_NODEFER"},
	{0x80000000u, "SA_RESETHAND"}, {1u, "SA_NOCLDSTOP"}, {2u, "SA_NOCLDWAIT"},
	{4u, "SA_SIGINFO"}};
static const struct value_name set_ss[] = {
	{1u, "SS_ONSTACK"}, {2u, "SS_DISABLE"}, {0x80000000u, "SS_AUTODISARM"}};
static const struct value_name set_si[] = {{0u, "SI_USER"}, {128u, "SI_KERNEL"},
	{0xffffffffu, "SI_QUEUE"}, {0xfffffffeu, "SI_TIMER"}, {0xfffffffdu, "SI_MESGQ"},
	{0xfffffffcu, "SI_ASYNCIO"}, {0xfffffffbu, "SI_SIGIO"}, {0xfffffffau, "SI_TKILL"}};
static const struct value_name set_cld[] = {{1u, "CLD_EXITED"}, {2u, "CLD_KILLED"},
	{3u, "CLD_DUMPED"}, {4u, "CLD_TRAPPED"}, {5u, "CLD_STOPPED"}, {6u, "CLD_CONTINUED"}};
static const struct value_name set_itimer[] = {
	{0u, "ITIMER_REAL"}, {1u, "ITIMER_VIRTUAL"}, {2u, "ITIMER_PROF"}};
static const struct value_name set_clock[] = {{0u, "CLOCK_REALTIME"}, {1u, "CLOCK_MONOTONIC"},
	{2u, "CLOCK_PROCESS_CPUTIME_ID"}, {3u, "CLOCK_THREAD_CPUTIME_ID"},
	{4u, "CLOCK_MONOTONIC_RAW"}, {5u, "CLOCK_REALTIME_COARSE"}, {6u, "CLOCK_MONOTONIC_COARSE"},
	{7u, "CLOCK_BOOTTIME"}, {8u, "CLOCK_REALTIME_ALARM"}, {9u, "CLOCK_BOOTTIME_ALARM"},
	{11u, "CLOCK_TAI"}};
static const struct value_name set_timer[] = {{1u, "TIMER_ABSTIME"}};
static const struct value_name set_rlimit[] = {{0u, "RLIMIT_CPU"}, {1u, "RLIMIT_FSIZE"},
	{2u, "RLIMIT_DATA"}, {3u, "RLIMIT_STACK"}, {4u, "RLIMIT_CORE"}, {5u, "RLIMIT_RSS"},
	{6u, "RLIMIT_NPROC"}, {7u, "RLIMIT_NOFILE"}, {8u, "RLIMIT_MEMLOCK"}, {9u, "RLIMIT_AS"},
	{10u, "RLIMIT_LOCKS"}, {11u, "RLIMIT_SIGPENDING"}, {12u, "RLIMIT_MSGQUEUE"},
	{13u, "RLIMIT_NICE"}, {14u, "RLIMIT_RTPRIO"}, {15u, "RLIMIT_RTTIME"}};
static const struct value_name set_rusage[] = {
	{0u, "RUSAGE_SELF"}, {0xffffffffu, "RUSAGE_CHILDREN"}, {1u, "RUSAGE_THREAD"}};
static const struct value_name set_prio[] = {
	{0u, "PRIO_PROCESS"}, {1u, "PRIO_PGRP"}, {2u, "PRIO_USER"}};
static const struct value_name set_sched[] = {{0u, "SCHED_OTHER"}, {1u, "SCHED_FIFO"},
	{2u, "SCHED_RR"}, {3u, "SCHED_BATCH"}, {5u, "SCHED_IDLE"}, {6u, "SCHED_DEADLINE"}};
static const struct value_name set_pr[] = {{1u, "PR_SET_PDEATHSIG"}, {2u, "PR_GET_PDEATHSIG"},
	{3u, "PR_GET_DUMPABLE"}, {4u, "PR_SET_DUMPABLE"}, {7u, "PR_GET_KEEPCAPS"},
	{8u, "PR_SET_KEEPCAPS"}, {15u, "PR_SET_NAME"}, {16u, "PR_GET_NAME"},
	{23u, "PR_CAPBSET_READ"}, {29u, "PR_SET_TIMERSLACK"}, {30u, "PR_GET_TIMERSLACK"},
	{36u, "PR_SET_CHILD_SUBREAPER"}, {37u, "PR_GET_CHILD_SUBREAPER"},
	{38u, "PR_SET_NO_NEW_PRIVS"}, {39u, "PR_GET_NO_NEW_PRIVS"}};
static const struct value_name set_grnd[] = {
	{1u, "GRND_NONBLOCK"}, {2u, "GRND_RANDOM"}, {4u, "GRND_INSECURE"}};
static const struct value_name set_mfd[] = {
	{1u, "MFD_CLOEXEC"}, {2u, "MFD_ALLOW_SEALING"}, {4u, "MFD_HUGETLB"}};
static const struct value_name set_futex[] = {{0u, "FUTEX_WAIT"}, {1u, "FUTEX_WAKE"},
	{2u, "FUTEX_FD"}, {3u, "FUTEX_REQUEUE"}, {4u, "FUTEX_CMP_REQUEUE"}, {5u, "FUTEX_WAKE_OP"},
	{6u, "FUTEX_LOCK_PI"}, {7u, "FUTEX_UNLOCK_PI"}, {8u, "FUTEX_TRYLOCK_PI"},
	{9u, "FUTEX_WAIT_BITSET"}, {10u, "FUTEX_WAKE_BITSET"}, {128u, "FUTEX_PRIVATE_FLAG"},
	{256u, "FUTEX_CLOCK_REALTIME"}};
static const struct value_name set_clone[] = {{0x100u, "CLONE_VM"}, {0x200u, "CLONE_FS"},
	{0x400u, "CLONE_FILES"}, {0x800u, "CLONE_SIGHAND"}, {0x4000u, "CLONE_VFORK"},
	{0x8000u, "CLONE_PARENT"}, {0x10000u, "CLONE_THREAD"}, {0x40000u, "CLONE_SYSVSEM"},
	{0x80000u, "CLONE_SETTLS"}, {0x100000u, "CLONE_PARENT_SETTID"},
	{0x200000u, "CLONE_CHILD_CLEARTID"}, {0x400000u, "CLONE_DETACHED"},
	{0x1000000u, "CLONE_CHILD_SETTID"}};
static const struct value_name set_efd[] = {
	{02000000u, "EFD_CLOEXEC"}, {04000u, "EFD_NONBLOCK"}, {1u, "EFD_SEMAPHORE"}};
static const struct value_name set_tfd[] = {{02000000u, "TFD_CLOEXEC"}, {04000u, "TFD_NONBLOCK"}};
static const struct value_name set_sfd[] = {{02000000u, "SFD_CLOEXEC"}, {04000u, "SFD_NONBLOCK"}};
static const struct value_name set_epollc[] = {{02000000u, "EPOLL_CLOEXEC"}};
static const struct value_name set_tfdt[] = {
	{1u, "TFD_TIMER_ABSTIME"}, {2u, "TFD_TIMER_CANCEL_ON_SET"}};
static const struct value_name set_epoll[] = {
	{1u, "EPOLL_CTL_ADD"}, {2u, "EPOLL_CTL_DEL"}, {3u, "EPOLL_CTL_MOD"}};
static const struct value_name set_epollev[] = {{1u, "EPOLLIN"}, {2u, "EPOLLPRI"}, {4u, "EPOLLOUT"},
	{8u, "EPOLLERR"}, {0x10u, "EPOLLHUP"}, {0x40u, "EPOLLRDNORM"}, {0x80u, "EPOLLRDBAND"},
	{0x100u, "EPOLLWRNORM"}, {0x200u, "EPOLLWRBAND"}, {0x2000u, "EPOLLRDHUP"},
	{0x10000000u, "EPOLLEXCLUSIVE"}, {0x20000000u, "EPOLLWAKEUP"},
	{0x40000000u, "EPOLLONESHOT"}, {0x80000000u, "EPOLLET"}};
static const struct value_name set_poll[] = {{1u, "POLLIN"}, {2u, "POLLPRI"}, {4u, "POLLOUT"},
	{8u, "POLLERR"}, {0x10u, "POLLHUP"}, {0x20u, "POLLNVAL"}, {0x40u, "POLLRDNORM"},
	{0x80u, "POLLRDBAND"}, {0x100u, "POLLWRNORM"}, {0x200u, "POLLWRBAND"},
	{0x2000u, "POLLRDHUP"}};
static const struct value_name set_ini[] = {{02000000u, "IN_CLOEXEC"}, {04000u, "IN_NONBLOCK"}};
static const struct value_name set_in[] = {{1u, "IN_ACCESS"}, {2u, "IN_MODIFY"}, {4u, "IN_ATTRIB"},
	{8u, "IN_CLOSE_WRITE"}, {0x10u, "IN_CLOSE_NOWRITE"}, {0x20u, "IN_OPEN"},
	{0x40u, "IN_MOVED_FROM"}, {0x80u, "IN_MOVED_TO"}, {0x100u, "IN_CREATE"},
	{0x200u, "IN_DELETE"}, {0x400u, "IN_DELETE_SELF"}, {0x800u, "IN_MOVE_SELF"},
	{0x1000000u, "IN_ONLYDIR"}, {0x2000000u, "IN_DONT_FOLLOW"}, {0x4000000u, "IN_EXCL_UNLINK"},
	{0x20000000u, "IN_MASK_ADD"}, {0x80000000u, "IN_ONESHOT"}};
static const struct value_name set_af[] = {{0u, "AF_UNSPEC"}, {1u, "AF_UNIX"}, {2u, "AF_INET"},
	{10u, "AF_INET6"}, {16u, "AF_NETLINK"}, {17u, "AF_PACKET"}};
static const struct value_name set_sock[] = {{1u, "SOCK_STREAM"}, {2u, "SOCK_DGRAM"},
	{3u, "SOCK_RAW"}, {5u, "SOCK_SEQPACKET"}, {02000000u, "SOCK_CLOEXEC"},
	{04000u, "SOCK_NONBLOCK"}};
static const struct value_name set_shut[] = {{0u, "SHUT_RD"}, {1u, "SHUT_WR"}, {2u, "SHUT_RDWR"}};
static const struct value_name set_msg[] = {{1u, "MSG_OOB"}, {2u, "MSG_PEEK"},
	{4u, "MSG_DONTROUTE"}, {8u, "MSG_CTRUNC"}, {0x20u, "MSG_TRUNC"}, {0x40u, "MSG_DONTWAIT"},
	{0x80u, "MSG_EOR"}, {0x100u, "MSG_WAITALL"}, {0x2000u, "MSG_ERRQUEUE"},
	{0x4000u, "MSG_NOSIGNAL"}, {0x8000u, "MSG_MORE"}, {0x10000u, "MSG_WAITFORONE"},
	{0x40000000u, "MSG_CMSG_CLOEXEC"}};
static const struct value_name set_sol[] = {{0u, "SOL_IP"}, {1u, "SOL_SOCKET"}, {6u, "SOL_TCP"},
	{17u, "SOL_UDP"}, {41u, "SOL_IPV6"}, {270u, "SOL_NETLINK"}};
static const struct value_name set_so[] = {{1u, "SO_DEBUG"}, {2u, "SO_REUSEADDR"}, {3u, "SO_TYPE"},
	{4u, "SO_ERROR"}, {5u, "SO_DONTROUTE"}, {6u, "SO_BROADCAST"}, {7u, "SO_SNDBUF"},
	{8u, "SO_RCVBUF"}, {9u, "SO_KEEPALIVE"}, {10u, "SO_OOBINLINE"}, {13u, "SO_LINGER"},
	{15u, "SO_REUSEPORT"}, {16u, "SO_PASSCRED"}, {17u, "SO_PEERCRED"}, {18u, "SO_RCVLOWAT"},
	{19u, "SO_SNDLOWAT"}, {31u, "SO_PEERSEC"}, {30u, "SO_ACCEPTCONN"}, {32u, "SO_SNDBUFFORCE"},
	{33u, "SO_RCVBUFFORCE"}, {38u, "SO_PROTOCOL"}, {39u, "SO_DOMAIN"},
	{63u, "SO_TIMESTAMP_NEW"}, {66u, "SO_RCVTIMEO_NEW"}, {67u, "SO_SNDTIMEO_NEW"}};
static const struct value_name set_tcp[] = {{1u, "TCP_NODELAY"}, {2u, "TCP_MAXSEG"},
	{3u, "TCP_CORK"}, {4u, "TCP_KEEPIDLE"}, {5u, "TCP_KEEPINTVL"}, {6u, "TCP_KEEPCNT"},
	{7u, "TCP_SYNCNT"}, {8u, "TCP_LINGER2"}, {9u, "TCP_DEFER_ACCEPT"}, {11u, "TCP_INFO"},
	{12u, "TCP_QUICKACK"}, {18u, "TCP_USER_TIMEOUT"}};
static const struct value_name set_ipproto[] = {{0u, "IPPROTO_IP"}, {1u, "IPPROTO_ICMP"},
	{6u, "IPPROTO_TCP"}, {17u, "IPPROTO_UDP"}, {41u, "IPPROTO_IPV6"}, {255u, "IPPROTO_RAW"}};
static const struct value_name set_ifmt[] = {{0140000u, "S_IFSOCK"}, {0120000u, "S_IFLNK"},
	{0100000u, "S_IFREG"}, {060000u, "S_IFBLK"}, {040000u, "S_IFDIR"}, {020000u, "S_IFCHR"},
	{010000u, "S_IFIFO"}};
static const struct value_name set_spawn[] = {{1u, "POSIX_SPAWN_RESETIDS"},
	{2u, "POSIX_SPAWN_SETPGROUP"}, {4u, "POSIX_SPAWN_SETSIGDEF"},
	{8u, "POSIX_SPAWN_SETSIGMASK"}, {16u, "POSIX_SPAWN_SETSCHEDPARAM"},
	{32u, "POSIX_SPAWN_SETSCHEDULER"}, {64u, "POSIX_SPAWN_USEVFORK"},
	{128u, "POSIX_SPAWN_SETSID"}};
static const struct value_name set_ioc[] = {{0x5401u, "TCGETS"}, {0x5402u, "TCSETS"},
	{0x5403u, "TCSETSW"}, {0x5404u, "TCSETSF"}, {0x5409u, "TCSBRK"}, {0x540au, "TCXONC"},
	{0x540bu, "TCFLSH"}, {0x540cu, "TIOCEXCL"}, {0x540du, "TIOCNXCL"}, {0x540eu, "TIOCSCTTY"},
	{0x540fu, "TIOCGPGRP"}, {0x5410u, "TIOCSPGRP"}, {0x5411u, "TIOCOUTQ"}, {0x5412u, "TIOCSTI"},
	{0x5413u, "TIOCGWINSZ"}, {0x5414u, "TIOCSWINSZ"}, {0x5415u, "TIOCMGET"},
	{0x541bu, "FIONREAD"}, {0x541du, "TIOCCONS"}, {0x5421u, "FIONBIO"}, {0x5422u, "TIOCNOTTY"},
	{0x5429u, "TIOCGSID"}, {0x802c542au, "TCGETS2"}, {0x80045430u, "TIOCGPTN"},
	{0x40045431u, "TIOCSPTLCK"}, {0x5441u, "TIOCGPTPEER"}, {0x5450u, "FIONCLEX"},
	{0x5451u, "FIOCLEX"}, {0x5452u, "FIOASYNC"}, {0x8910u, "SIOCGIFNAME"},
	{0x8912u, "SIOCGIFCONF"}, {0x8913u, "SIOCGIFFLAGS"}, {0x8915u, "SIOCGIFADDR"},
	{0x891bu, "SIOCGIFNETMASK"}, {0x8927u, "SIOCGIFHWADDR"}, {0x8933u, "SIOCGIFINDEX"},
	{0x8905u, "SIOCATMARK"}, {0x4600u, "FBIOGET_VSCREENINFO"}, {0x4601u, "FBIOPUT_VSCREENINFO"},
	{0x4602u, "FBIOGET_FSCREENINFO"}, {0x4606u, "FBIOPAN_DISPLAY"}};

#define NUMBERS(id, name, prefix) {name, prefix, id, ARRAY_LEN(id), 0, false}
#define BITS(id, name, prefix, mask) {name, prefix, id, ARRAY_LEN(id), mask, true}

const struct name_set name_sets[] = {
	BITS(set_o, "O", "O", 3u),
	BITS(set_ofl, "OFL", "O", 0u),
	BITS(set_at, "AT", "AT", 0u),
	BITS(set_ate, "ATE", "AT", 0u),
	BITS(set_access, "ACCESS", "F", 0u),
	BITS(set_mnt, "MNT", "MNT", 0u),
	BITS(set_ms, "MS", "MS", 0u),
	BITS(set_prot, "PROT", "PROT", 0u),
	BITS(set_map, "MAP", "MAP", 3u),
	BITS(set_mremap, "MREMAP", "MREMAP", 0u),
	BITS(set_msync, "MSYNC", "MS", 0u),
	NUMBERS(set_madv, "MADV", "MADV"),
	NUMBERS(set_f, "F", "F"),
	BITS(set_fd, "FD", "FD", 0u),
	NUMBERS(set_flck, "FLCK", "F"),
	BITS(set_lock, "LOCK", "LOCK", 0u),
	NUMBERS(set_seek, "SEEK", "SEEK"),
	BITS(set_rename, "RENAME", "RENAME", 0u),
	BITS(set_xattr, "XATTR", "XATTR", 0u),
	BITS(set_falloc, "FALLOC", "FALLOC_FL", 0u),
	BITS(set_statx, "STATX", "STATX", 0u),
	BITS(set_closerange, "CLOSERANGE", "CLOSE_RANGE", 0u),
	BITS(set_w, "W", "W", 0u),
	NUMBERS(set_p, "P", "P"),
	NUMBERS(set_sig, "SIG", "SIG"),
	BITS(set_sa, "SA", "SA", 0u),
	BITS(set_ss, "SS", "SS", 0u),
	NUMBERS(set_si, "SI", "SI"),
	NUMBERS(set_cld, "CLD", "CLD"),
	NUMBERS(set_itimer, "ITIMER", "ITIMER"),
	NUMBERS(set_clock, "CLOCK", "CLOCK"),
	BITS(set_timer, "TIMER", "TIMER", 0u),
	NUMBERS(set_rlimit, "RLIMIT", "RLIMIT"),
	NUMBERS(set_rusage, "RUSAGE", "RUSAGE"),
	NUMBERS(set_prio, "PRIO", "PRIO"),
	NUMBERS(set_sched, "SCHED", "SCHED"),
	NUMBERS(set_pr, "PR", "PR"),
	BITS(set_grnd, "GRND", "GRND", 0u),
	BITS(set_mfd, "MFD", "MFD", 0u),
	BITS(set_futex, "FUTEX", "FUTEX", 0x7fu),
	BITS(set_clone, "CLONE", "CLONE", 0xffu),
	BITS(set_efd, "EFD", "EFD", 0u),
	BITS(set_tfd, "TFD", "TFD", 0u),
	BITS(set_sfd, "SFD", "SFD", 0u),
	BITS(set_epollc, "EPOLLC", "EPOLL", 0u),
	BITS(set_tfdt, "TFDT", "TFD_TIMER", 0u),
	NUMBERS(set_epoll, "EPOLL", "EPOLL_CTL"),
	BITS(set_epollev, "EPOLLEV", "EPOLL", 0u),
	BITS(set_poll, "POLL", "POLL", 0u),
	BITS(set_ini, "INI", "IN", 0u),
	BITS(set_in, "IN", "IN", 0u),
	NUMBERS(set_af, "AF", "AF"),
	BITS(set_sock, "SOCK", "SOCK", 0xfu),
	NUMBERS(set_shut, "SHUT", "SHUT"),
	BITS(set_msg, "MSG", "MSG", 0u),
	NUMBERS(set_sol, "SOL", "SOL"),
	NUMBERS(set_so, "SO", "SO"),
	NUMBERS(set_tcp, "TCP", "TCP"),
	NUMBERS(set_ipproto, "IPPROTO", "IPPROTO"),
	NUMBERS(set_ifmt, "IFMT", "S"),
	BITS(set_spawn, "SPAWN", "POSIX_SPAWN", 0u),
	NUMBERS(set_ioc, "IOC", "_IOC"),
};
const uint32_t name_sets_count = ARRAY_LEN(name_sets);

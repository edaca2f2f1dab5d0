/*
 * socket.h - socket constants and structures as libc and programs see them (Linux generic, 32-bit
 * layouts, time64). Addresses of AF_INET and AF_INET6 are in network byte order.
 */
#ifndef ABI_SOCKET_H
#define ABI_SOCKET_H

#include <stdint.h>

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_MAX 46

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_RDM 4
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2
#define SOMAXCONN 4096

#define SOL_SOCKET 1
#define SOL_IP 0
#define SOL_TCP 6
#define SOL_UDP 17
#define SOL_IPV6 41
#define SOL_NETLINK 270

#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_NO_CHECK 11
#define SO_PRIORITY 12
#define SO_LINGER 13
#define SO_BSDCOMPAT 14
#define SO_REUSEPORT 15
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_BINDTODEVICE 25
#define SO_PEERNAME 28
#define SO_ACCEPTCONN 30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_MARK 36
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
#define SO_COOKIE 57
#define SO_PEERGROUPS 59
#define SO_TIMESTAMP 63	  /* the _NEW numbers: struct timeval of two 64-bit words */
#define SO_TIMESTAMPNS 64 /* the same of a timespec */
#define SO_RCVTIMEO 66
#define SO_SNDTIMEO 67

#define MSG_OOB 0x0001
#define MSG_PEEK 0x0002
#define MSG_DONTROUTE 0x0004
#define MSG_CTRUNC 0x0008
#define MSG_TRUNC 0x0020
#define MSG_DONTWAIT 0x0040
#define MSG_EOR 0x0080
#define MSG_WAITALL 0x0100
#define MSG_CONFIRM 0x0800
#define MSG_ERRQUEUE 0x2000
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_FASTOPEN 0x20000000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2

#define FIOASYNC 0x5452
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#define FIOGETOWN 0x8903
#define SIOCGPGRP 0x8904
#define SIOCATMARK 0x8905
#define SIOCINQ 0x541b
#define SIOCOUTQ 0x5411
#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGIFFLAGS 0x8913
#define SIOCSIFFLAGS 0x8914
#define SIOCGIFADDR 0x8915
#define SIOCGIFDSTADDR 0x8917
#define SIOCGIFBRDADDR 0x8919
#define SIOCGIFNETMASK 0x891b
#define SIOCGIFMETRIC 0x891d
#define SIOCGIFMTU 0x8921
#define SIOCGIFHWADDR 0x8927
#define SIOCGIFINDEX 0x8933
#define SIOCGIFTXQLEN 0x8942

struct abi_sockaddr_un {
	uint16_t family;
	char path[108];
};
struct abi_sockaddr_in {
	uint16_t family, port;
	uint32_t addr;
	uint8_t zero[8];
};
struct abi_sockaddr_in6 {
	uint16_t family, port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope;
};
struct abi_sockaddr_nl {
	uint16_t family, pad;
	uint32_t pid, groups;
};
_Static_assert(sizeof(struct abi_sockaddr_un) == 110, "unix(7)");
_Static_assert(sizeof(struct abi_sockaddr_in) == 16, "ip(7)");
_Static_assert(sizeof(struct abi_sockaddr_in6) == 28, "ipv6(7)");

struct abi_msghdr {
	uint32_t name, namelen;
	uint32_t iov;
	int32_t iovlen;
	uint32_t control, controllen;
	int32_t flags;
};
_Static_assert(sizeof(struct abi_msghdr) == 28, "struct msghdr");

struct abi_mmsghdr {
	struct abi_msghdr hdr;
	uint32_t len;
};

struct abi_cmsghdr {
	uint32_t len; /* with this header, without the padding behind */
	int32_t level, type;
};
#define CMSG_ALIGN(n) (((n) + 3u) & ~3u)

struct abi_ucred {
	int32_t pid;
	uint32_t uid, gid;
};
struct abi_linger {
	int32_t onoff, linger;
};

#define IFNAMSIZ 16
struct abi_ifreq {
	char name[IFNAMSIZ];
	union {
		struct abi_sockaddr_in addr;
		int32_t value;
		int16_t flags;
	};
};
struct abi_ifconf {
	int32_t len;
	uint32_t buf;
};
#define IFF_UP 0x1
#define IFF_LOOPBACK 0x8
#define IFF_RUNNING 0x40
#define IFF_LOWER_UP 0x10000

#endif

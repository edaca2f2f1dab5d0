/* internal.h - what the files of the socket layer share and the families do not need. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "net/net.h"
#include "arch/arch.h"
#include "vfs/internal.h"

extern const struct file_ops sock_file_ops;

/* Addresses between programs and the kernel. -EINVAL: too long; -EFAULT. */
int sock_addr_in(struct sock_addr *a, uaddr_t from, uint32_t len) MUST_CHECK;
int sock_addr_out(const struct sock_addr *a, uaddr_t to, uaddr_t ulen) MUST_CHECK;

/* The op, and SIGPIPE where it is due. */
ssize_t sock_send(struct sock *sk, struct sock_msg *m);
/* The op for a caller that has no use for what comes along (read). */
ssize_t sock_recv(struct sock *sk, struct sock_msg *m);

/* scm.c */
struct scm *scm_new(uint32_t nfiles) MUST_CHECK;
struct scm *scm_copy(const struct scm *from) MUST_CHECK;

#endif

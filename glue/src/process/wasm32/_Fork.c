/*
 * _Fork.c - fork() as an import of its own: sdk/post finds it there and makes the functions that
 * can be on the stack when it is called able to unwind and rewind.
 *
 * A signal handler cannot fork, since what calls it is not made so: EDEADLK.
 */
#include <errno.h>
#include "pleat.h"
#include "syscall.h"

__attribute__((import_module("kernel"), import_name("fork"))) long __pleat_fork(void);

/* libc's file asks for SYS_fork, its only system call without arguments. */
#define SYS_fork 0
#define __syscall0(n) (__pleat_handlers ? -EDEADLK : __pleat_fork())
#include "../_Fork.c"

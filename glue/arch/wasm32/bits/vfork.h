/*
 * vfork.h - vfork() as a macro (included at the end of <unistd.h>).
 *
 * The child runs in the caller's own frame until execve or _exit, whose wrappers in libc jump back
 * here with its pid; so the expansion holds a setjmp, which the compiler lowers only where it is
 * written out in the function itself. Without parentheses, and in C++, vfork is fork().
 */
#ifndef __cplusplus
int __pleat_setjmp(void *) __attribute__((__returns_twice__)) __asm__("setjmp");
void *__pleat_vfork_frame(void);
int __pleat_vfork_enter(void);
int __pleat_vfork_pid(void);
#define vfork()                                                                                    \
	(__pleat_setjmp(__pleat_vfork_frame()) ? __pleat_vfork_pid() : __pleat_vfork_enter())
#endif

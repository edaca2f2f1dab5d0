/*
 * crt1.c - where the kernel enters a program.
 *
 * The compiler names main by its arguments: __main_argc_argv with two, __main_void with none,
 * main with three. __pleat_main asks for the first; libc.a has a fallback for it that asks for
 * the second, and one for that which asks for the third.
 */
#include <features.h>

int __main_argc_argv(int, char **);
void __wasm_call_ctors(void);
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
	void (*)(void));

hidden int __pleat_argc;
hidden char **__pleat_argv;

/* Constructors; destructors are registered by them, with __cxa_atexit. */
void __libc_start_init(void)
{
	__wasm_call_ctors();
}

static int __pleat_main(int argc, char **argv, char **envp)
{
	__pleat_argc = argc;
	__pleat_argv = argv;
	return __main_argc_argv(argc, argv);
}

/* block: argc, argv.., 0, envp.., 0, auxv pairs. Does not return: exit() ends the process. */
__attribute__((export_name("_start"))) void _start(long *block)
{
	__libc_start_main(__pleat_main, block[0], (char **)(block + 1), 0, 0, 0);
}

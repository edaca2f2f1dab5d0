/* __main_void.c - linked if main has neither two arguments nor none, but three; see crt1.c. */
#include <features.h>

extern hidden int __pleat_argc;
extern hidden char **__pleat_argv;
extern char **__environ;

int __pleat_main3(int, char **, char **) __asm__("main");

int __main_void(void)
{
	return __pleat_main3(__pleat_argc, __pleat_argv, __environ);
}

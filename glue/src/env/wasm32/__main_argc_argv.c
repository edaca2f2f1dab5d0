/* __main_argc_argv.c - linked if the program has no main with two arguments; see crt1.c. */
int __main_void(void);

int __main_argc_argv(int argc, char **argv)
{
	return __main_void();
}

/* echo.c - its arguments, and $MARK if it is set; a main with three arguments. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv, char **envp)
{
	for (int i = 1; i < argc; i++)
		printf("%s%s", argv[i], i + 1 < argc ? " " : "");
	for (; *envp; envp++)
		if (!strncmp(*envp, "MARK=", 5))
			printf(" %s", *envp);
	puts("");
	return 0;
}

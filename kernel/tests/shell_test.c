/* system(3) and popen(3): a shell between us and a command. */
#include "conformance.h"

int main(void)
{
	char line[100];
	FILE *f;

	enter_tmp();
	show_status("exit 3", system("exit 3"));
	show_status("true", system("true"));
	show_status("killed", system("kill -9 $$"));
	show_status("missing", system("no-such-command-here 2>/dev/null"));
	TRUTH(system(NULL) != 0);
	show_status("redirected", system("echo one >out; echo two >>out"));
	printf("%s", get_file("out"));
	f = popen("echo from the shell; exit 7", "r");
	while (fgets(line, sizeof(line), f))
		printf("read: %s", line);
	show_status("pclose", pclose(f));
	f = popen("cat >sorted", "w");
	fputs("written\n", f);
	show_status("pclose", pclose(f));
	printf("%s", get_file("sorted"));
	setenv("GIVEN", "a value", 1);
	f = popen("echo \"$GIVEN\"", "r");
	CHECK(fgets(line, sizeof(line), f));
	printf("%s", line);
	pclose(f);
	unsetenv("GIVEN");
	show_status("unset", system("test -z \"$GIVEN\""));
	show_status("pipeline", system("echo a b c | (read x y; test \"$y\" = 'b c')"));
	show_status("substitution", system("test \"$(echo $(echo deep))\" = deep"));
	show_status("background", system("(exit 5) & wait $!"));
	return 0;
}

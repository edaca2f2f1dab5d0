/*
 * nothing.c - the program that exec and posix_spawn are measured with.
 */
int main(void)
{
	return 0;
}

/* kassert.c - panic: format the message, log it, stop the machine. */
#include "lib/kassert.h"
#include "lib/klog.h"
#include "arch/arch.h"

void panic(const char *format, ...)
{
	char text[256]; /* on the stack: two threads may panic at once */
	__builtin_va_list ap;

	__builtin_va_start(ap, format);
	kvformat(text, sizeof(text), format, ap);
	__builtin_va_end(ap);
	arch_halt(text);
}

void kassert_fail(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}

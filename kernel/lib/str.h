/* str.h - the few string functions the kernel needs; the compiler also calls the mem ones. */
#ifndef LIB_STR_H
#define LIB_STR_H

#include "lib/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copy at most size - 1 bytes and terminate. Returns strlen(src). */
size_t str_copy(char *dst, const char *src, size_t size);
/* Parse an unsigned decimal that fills [s, end). Returns false on anything else or overflow. */
bool str_to_u32(const char *s, const char *end, uint32_t *out);
/* FNV-1a of n bytes, for hash tables. */
uint32_t str_hash(const char *s, size_t n);

#endif

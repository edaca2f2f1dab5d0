/* values.h - tables of names (values_table.c, errnames.c). */
#ifndef TRACE_VALUES_H
#define TRACE_VALUES_H

#include "trace/internal.h"

struct value_name {
	uint32_t value;
	const char *name;
};
struct name_set {
	const char *name;   /* as syscalls.tbl has it: flags(O), u32(F) */
	const char *prefix; /* of an unknown value */
	const struct value_name *values;
	uint32_t count;
	uint32_t mask; /* bits: this part is a number, not single bits */
	bool bits;
};
extern const struct name_set name_sets[];
extern const uint32_t name_sets_count;

#endif

/* user.h - empty: a process has no registers to show. */

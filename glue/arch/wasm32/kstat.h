/* kstat.h - empty: stat and its kin are statx(2) here. */

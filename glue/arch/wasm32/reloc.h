/* reloc.h - programs are linked statically; only names that libc's sources mention. */
#define LDSO_ARCH "wasm32"
#define TPOFF_K 0
#define REL_SYMBOLIC 1
#define REL_RELATIVE 2
#define REL_DTPMOD 3
#define REL_DTPOFF 4
#define REL_TPOFF 5
#define CRTJMP(pc, sp) __builtin_trap()

/* sigsetjmp.c - a macro in <setjmp.h>; its run time is in src/setjmp/wasm32/setjmp.c. */

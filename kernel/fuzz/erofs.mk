# fuzz/erofs.mk - build and run the fuzzer of the EROFS reader; see erofs_fuzz.c.
#
#   make -C kernel -f fuzz/erofs.mk run [SECONDS=60]
#
# The rooms come from the AddressSanitizer build; what is under test is compiled again with coverage.

include Makefile

SECONDS := 60
OUT_FUZZ := $(NATIVE)/fuzz
FUZZED := fs/erofs.c fs/erofs_dir.c fs/erofs_xattr.c fs/chunkcache.c
FUZZED_OBJECTS := $(FUZZED:%.c=$(OUT_FUZZ)/%.o) $(OUT_FUZZ)/fuzz/erofs_fuzz.o
REST_OBJECTS := $(patsubst %.c,$(NATIVE)/asan/%.o,$(filter-out $(FUZZED),$(ROOM_SOURCES)) \
	$(filter-out lib/alloc.c,$(LIB_SOURCES)) $(ARCH_asan) $(ALLOC_asan))
CORPUS := $(OUT_FUZZ)/erofs-corpus

$(OUT_FUZZ)/%.o: %.c $(GEN)/.stamp Makefile
	@mkdir -p $(@D)
	@$(CC) $(FLAGS_asan) -fsanitize=fuzzer-no-link $(NATIVE_KERNEL) -MMD -MP -c $< -o $@

$(OUT_FUZZ)/erofs_fuzz: $(FUZZED_OBJECTS) $(sort $(REST_OBJECTS))
	@echo "  ld $@"
	@$(CC) $(FLAGS_asan) -fsanitize=fuzzer $(PARTIAL_LINK) -no-pie -pthread $^ -o $@

# Small images of every layout to start from.
$(CORPUS)/.stamp: fuzz/erofs.mk
	@rm -rf $(OUT_FUZZ)/tree $(CORPUS)
	@mkdir -p $(CORPUS) $(OUT_FUZZ)/tree/d/e
	@cd $(OUT_FUZZ)/tree && printf x > x && printf '%05000d' 7 > big && ln -s target l && \
		touch $$(seq -f d/name%g 0 40) && ln x d/y && truncate -s 20000 sparse && mkfifo p
	@cd $(OUT_FUZZ) && for f in "-x2" "-Eforce-inode-extended" "-Enoinline_data" "--chunksize=4096"; do \
		mkfs.erofs --quiet -T1 --all-root $$f $(abspath $(CORPUS))/image$$f tree || exit 1; done
	@touch $@

.PHONY: run
run: $(OUT_FUZZ)/erofs_fuzz $(CORPUS)/.stamp
	ASAN_OPTIONS=detect_leaks=1 $(OUT_FUZZ)/erofs_fuzz -max_len=131072 -timeout=5 \
		-max_total_time=$(SECONDS) -artifact_prefix=$(OUT_FUZZ)/ -print_final_stats=1 $(CORPUS)

-include $(FUZZED_OBJECTS:.o=.d)

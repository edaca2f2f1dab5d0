;; clean.wat - zeroes the dirty pages of a memory below $end, without touching clean ones.
;; web/src/host/memories.ts holds it assembled, in base64: wasm-as --enable-threads --enable-bulk-memory.
(module
  (import "u" "m" (memory 1 32768 shared))
  (func (export "clean") (param $end i32)
    (local $p i32) (local $i i32) (local $acc i64)
    (block $done (loop $pages
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (local.set $acc (i64.const 0))
      (local.set $i (local.get $p))
      (loop $words
        (local.set $acc (i64.or (local.get $acc)
          (i64.or (i64.or (i64.or (i64.load (local.get $i)) (i64.load offset=8 (local.get $i)))
                          (i64.or (i64.load offset=16 (local.get $i)) (i64.load offset=24 (local.get $i))))
                  (i64.or (i64.or (i64.load offset=32 (local.get $i)) (i64.load offset=40 (local.get $i)))
                          (i64.or (i64.load offset=48 (local.get $i)) (i64.load offset=56 (local.get $i)))))))
        (br_if $words (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 64)))
                                (i32.add (local.get $p) (i32.const 4096)))))
      (if (i64.ne (local.get $acc) (i64.const 0))
        (then (memory.fill (local.get $p) (i32.const 0) (i32.const 4096))))
      (local.set $p (i32.add (local.get $p) (i32.const 4096)))
      (br $pages)))))

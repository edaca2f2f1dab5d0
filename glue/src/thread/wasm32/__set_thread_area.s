# __set_thread_area.s - the thread pointer, and the labels that thread cancellation compares.
	.globaltype	__wasm_tp, i32
	.globl	__wasm_tp
__wasm_tp:
	.section	.text.__set_thread_area,"",@
	.globl	__set_thread_area
	.hidden	__set_thread_area
	.type	__set_thread_area,@function
__set_thread_area:
	.functype	__set_thread_area (i32) -> (i32)
	local.get	0
	global.set	__wasm_tp
	i32.const	0
	end_function

	.section	.rodata.__cp,"",@
	.globl	__cp_begin
	.hidden	__cp_begin
	.type	__cp_begin,@object
__cp_begin:
	.int8	0
	.size	__cp_begin, 1
	.globl	__cp_end
	.hidden	__cp_end
	.type	__cp_end,@object
__cp_end:
	.int8	0
	.size	__cp_end, 1
	.globl	__cp_cancel
	.hidden	__cp_cancel
	.type	__cp_cancel,@object
__cp_cancel:
	.int8	0
	.size	__cp_cancel, 1

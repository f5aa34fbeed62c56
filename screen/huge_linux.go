package screen

import (
	"syscall"
	"unsafe"
)

// allocate returns n zero words, for large n in large pages where the system gives
// them: a table is read at random, and small pages cost another miss each time.
func allocate(n int) []uint64 {
	const page = 2 << 20
	w := make([]uint64, n)
	if n*8 < 2*page {
		return w
	}
	skip := (page - uintptr(unsafe.Pointer(&w[0]))%page) % page / 8
	whole := (uintptr(n) - skip) * 8 / page * page
	b := unsafe.Slice((*byte)(unsafe.Pointer(&w[skip])), whole)
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) // an advice: without it everything works, slower
	return w
}

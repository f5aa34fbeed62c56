//go:build !linux

package screen

// allocate returns n zero words.
func allocate(n int) []uint64 { return make([]uint64, n) }

//go:build !amd64

package lanes

// have: without AVX-512 there are no lanes.
const have = false

// blocks is never called where have is false.
func blocks(*[8][Lanes]uint32, *byte, *[Lanes]uint64, int, uint16) {}

package screen

import "golang.org/x/sys/cpu"

// look asks memory for the marks of the hashes ahead, and looks at the marks of those
// asked: bit i is what maybe says of asked[i]. marks is where a table with so many
// groups begins. It reads two groups at once, each of which is whole, as written.
func look(marks *uint64, groups uint64, asked, ahead *[lookStep]uint64) (may uint64) {
	if !vectors {
		return lookSlowly(marks, groups, asked, ahead)
	}
	return lookWide(marks, groups, asked, ahead)
}

var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI2

//go:noescape
func lookWide(marks *uint64, groups uint64, asked, ahead *[lookStep]uint64) (may uint64)

// prefetch asks memory for what stands at p, and does not wait for it.
//
//go:noescape
func prefetch(p *uint64)

//go:build !amd64

package screen

import "sync/atomic"

func look(marks *uint64, groups uint64, asked, ahead *[lookStep]uint64) (may uint64) {
	return lookSlowly(marks, groups, asked, ahead)
}

// prefetch reads, which asks memory as well.
func prefetch(p *uint64) { atomic.LoadUint64(p) }

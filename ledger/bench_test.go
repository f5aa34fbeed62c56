package ledger

import (
	"fmt"
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	leaf := someLeaf().Append(nil)
	var tree Tree
	b.ReportAllocs()
	for b.Loop() {
		tree.Append(RecordHash(leaf))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}

func BenchmarkGrowTiles(b *testing.B) {
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			all := hashes(65536 + 200 + batch)
			edge := map[int][]byte{}
			tiles := grow(b, all[:65736], func() int { return 65736 })
			for level := range 3 {
				if index, width := EdgeTile(65736, level); width > 0 {
					edge[level] = tiles[tileName{level, index}]
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := GrowTiles(65736, edge, all[65736:]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}

func BenchmarkSignAndOpen(b *testing.B) {
	s, v := newKeys(b, testOrigin, 1)
	for b.Loop() {
		c, err := s.Sign(someHead())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.Open(c); err != nil {
			b.Fatal(err)
		}
	}
}

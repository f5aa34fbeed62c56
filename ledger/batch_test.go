package ledger

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestBatchesGiveTheHashesOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 700), 0, 60).Draw(t, "texts")
		salts := make([][]byte, len(texts))
		leaves, commits, elements := make([]Hash, len(texts)), make([]Hash, len(texts)), make([]Digest, len(texts))
		for i := range texts {
			salts[i] = bytes.Repeat([]byte{byte(i)}, SaltSize)
		}
		sequence := func(i int) uint64 { return uint64(i)<<40 + 7 }
		RecordHashes(leaves, func(i int) []byte { return texts[i] })
		Commits(commits, func(i int) (salt, body []byte) { return salts[i], texts[i] })
		ElementsOf(elements, sequence, leaves)
		for i, text := range texts {
			if leaves[i] != RecordHash(text) || commits[i] != Commit(salts[i], text) || elements[i] != ElementOf(sequence(i), leaves[i]) {
				t.Fatalf("text %d of %d, %d bytes: not the hashes that it has by itself", i, len(texts), len(text))
			}
		}
	})
}

func TestATreeExtendedIsTheTreeAppendedTo(t *testing.T) {
	all := hashes(700)
	rapid.Check(t, func(t *rapid.T) {
		var one, many Tree
		for rest := all[:rapid.IntRange(0, len(all)).Draw(t, "leaves")]; len(rest) > 0; {
			n := rapid.IntRange(0, len(rest)).Draw(t, "at once")
			if rapid.Bool().Draw(t, "few") {
				n = min(n, 3)
			}
			many.Extend(rest[:n])
			for _, h := range rest[:n] {
				one.Append(h)
			}
			if rest = rest[n:]; one != many {
				t.Fatalf("after %d leaves: another tree", one.Size())
			}
		}
	})
}

func BenchmarkExtend(b *testing.B) {
	all := hashes(10_000)
	b.ReportAllocs()
	for b.Loop() {
		var tree Tree
		tree.Extend(all)
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "leaves/s")
}

package lanes

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// ways are the ways to the same sums that this processor has.
func ways(t testing.TB) map[string]func([][32]byte, func(int, []byte) Message) {
	alone := new(work)
	all := map[string]func([][32]byte, func(int, []byte) Message){
		"one by one": func(sum [][32]byte, message func(int, []byte) Message) { oneByOne(alone, sum, message) },
	}
	for name, w := range map[string]*work{"sixteen": {wide: true}, "eight": {}} {
		if w.wide && !wide || !w.wide && !narrow {
			t.Logf("this processor has no registers for %s lanes", name)
			continue
		}
		all[name] = func(sum [][32]byte, message func(int, []byte) Message) { sideBySide(w, sum, message) }
	}
	return all
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// check hashes bodies of these lengths behind heads of these.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, sum func([][32]byte, func(int, []byte) Message), heads, bodies []int) {
	t.Helper()
	got, asked := make([][32]byte, len(bodies)), 0
	sum(got, func(i int, b []byte) Message {
		if i != asked || len(b) != 0 || cap(b) < 128 {
			t.Fatalf("asked for message %d after %d, with %d bytes of %d", i, asked, len(b), cap(b))
		}
		asked++
		return Message{append(b, random(uint64(i), heads[i])...), random(uint64(i)+1000, bodies[i])}
	})
	for i := range bodies {
		if want := sha256.Sum256(append(random(uint64(i), heads[i]), random(uint64(i)+1000, bodies[i])...)); got[i] != want {
			t.Fatalf("message %d of %d, %d + %d bytes: got %x, want %x", i, len(bodies), heads[i], bodies[i], got[i], want)
		}
	}
}

func TestSumsAreThoseOfCryptoSHA256(t *testing.T) {
	for name, sum := range ways(t) {
		t.Run(name, func(t *testing.T) {
			for _, head := range []int{0, 1, 24, 63, 64, 65, 200, roomSize, roomSize + 1} {
				heads, bodies := make([]int, 1001), make([]int, 1001)
				for i := range bodies {
					heads[i], bodies[i] = head, i
				}
				check(t, sum, heads, bodies)
			}
			for _, n := range []int{0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 33} {
				check(t, sum, make([]int, n), make([]int, n))
			}
			around := []int{}
			for _, edge := range []int{roomSize, 2 * roomSize, long} {
				for d := -70; d <= 70; d++ {
					around = append(around, edge+d)
				}
			}
			check(t, sum, make([]int, len(around)), around)
		})
	}
}

func TestSumsOfAnyBatchAreThoseOfCryptoSHA256(t *testing.T) {
	for name, sum := range ways(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(0, 50).Draw(t, "messages")
				heads := rapid.SliceOfN(rapid.IntRange(0, 80), n, n).Draw(t, "heads")
				bodies := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 400), rapid.IntRange(0, 5000)), n, n).Draw(t, "bodies")
				check(t, sum, heads, bodies)
			})
		})
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("abc"), []byte{0, 1, 2, 3, 55, 56, 63, 64, 119, 120, 200})
	f.Add(bytes.Repeat([]byte{0x80}, 3000), []byte{1, 7, 250, 250, 250, 250, 250, 0, 0, 250, 250, 250, 3})
	all := ways(f)
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		var parts [][]byte // each cut ends a message at so many bytes, and sixteen times as many for large ones
		for _, c := range cuts {
			n := int(c)
			if n >= 128 {
				n *= 16
			}
			n = min(n, len(text))
			parts, text = append(parts, text[:n]), text[n:]
		}
		parts = append(parts, text)
		for name, sum := range all {
			got := make([][32]byte, len(parts))
			sum(got, func(i int, b []byte) Message {
				n := min(len(parts[i]), 64, i)
				return Message{append(b, parts[i][:n]...), parts[i][n:]}
			})
			for i, p := range parts {
				if want := sha256.Sum256(p); got[i] != want {
					t.Fatalf("%s: message %d of %d bytes: got %x, want %x", name, i, len(p), got[i], want)
				}
			}
		}
	})
}

func TestSumAllocatesNothing(t *testing.T) {
	body, sum := random(1, 300), make([][32]byte, 100)
	n := testing.AllocsPerRun(20, func() {
		Sum(sum, func(i int, b []byte) Message { return Message{append(b, byte(i)), body} })
	})
	if n > 2 { // a garbage collection may empty the pool
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSum(b *testing.B) {
	for _, size := range []int{55, 138, 300} {
		for name, sum := range ways(b) {
			b.Run(fmt.Sprintf("%s/%d bytes", name, size), func(b *testing.B) {
				const n = 600
				body, sums := random(1, size), make([][32]byte, n)
				for b.Loop() {
					sum(sums, func(i int, _ []byte) Message { return Message{Body: body} })
				}
				blocks := (size + 9 + blockSize - 1) / blockSize
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*blocks), "ns/block")
			})
		}
	}
}

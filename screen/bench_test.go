package screen

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"gongxin/identity"
)

// Measure with, for example:
//
//	go test ./screen -run xxx -bench . -listings 10000000
//
// Figures in ns are of one core unless the name says otherwise.
var scale = flag.Int("listings", 200_000, "listings in the list that is measured")

// number makes the n-th of many citizen numbers: valid, and of an area that no
// person has.
func number(n int) identity.Number { return parsed(string(digitsOf(n))) }

func parsed(s string) identity.Number {
	v, _, err := identity.Parse(s, identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return v
}

// numbersOf makes numbers whose digits lie side by side, as they do in a file that is
// read or in a request that has just come: what is measured is the list.
func numbersOf(n int, which func(i int) int) []identity.Number {
	var digits []byte
	for i := range n {
		digits = append(digits, digitsOf(which(i))...)
	}
	all, numbers := string(digits), make([]identity.Number, n)
	for i := range numbers {
		numbers[i] = parsed(all[i*18 : i*18+18])
	}
	return numbers
}

func digitsOf(n int) []byte {
	var b [18]byte
	copy(b[:], "320000")
	day := n / 1000
	put := func(at, width, v int) {
		for i := width - 1; i >= 0; i-- {
			b[at+i], v = byte('0'+v%10), v/10
		}
	}
	put(6, 4, 1950+day/28/12%60)
	put(10, 2, 1+day/28%12)
	put(12, 2, 1+day%28)
	put(14, 3, n%1000)
	b[4], b[5] = byte('0'+day/28/12/60%10), byte('0'+day/28/12/600%10)
	sum := 0
	for i, w := range [...]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(b[i]-'0') * w
	}
	b[17] = "10X98765432"[sum%11]
	return b[:]
}

var (
	surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈")
	given    = []rune("伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华建国文玉红志海晓春梅辉玲燕新宇浩然子涵欣怡佳琪雨轩梓")
)

func benchName(n int) string {
	r := uint64(n) * 0x9e3779b97f4a7c15 >> 20
	a, b, c := r%uint64(len(surnames)), r/64%uint64(len(given)), r/4096%uint64(len(given))
	if r>>40%4 == 0 {
		return string([]rune{surnames[a], given[b]})
	}
	return string([]rune{surnames[a], given[b], given[c]})
}

// benchRows fills rows with those of listings from first on.
func benchRows(s *secrets, rows []Row, first int) {
	for i := range rows {
		n := first + i
		v := number(n)
		r := &rows[i]
		*r = Row{Sequence: uint64(n + 1), Since: uint64(n + 1)}
		binary.BigEndian.PutUint64(r.Listing[8:], uint64(n)*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(r.Listing[:], 0x0193<<48|uint64(n))
		binary.LittleEndian.PutUint64(r.Element[:], uint64(n)*0xc2b2ae3d27d4eb4f)
		r.Entry = Entry{Mark: s.mark(v), Name: benchName(n), Masked: v.String(), Case: fmt.Sprintf("（2016）苏0505执%d号", n%10000),
			Court: "苏州市虎丘区人民法院", Severity: "一般", Published: 20160101, Born: 1950, Sex: identity.Male}
	}
}

// inBest is what best used of the processor's time.
var inBest time.Duration

// best says what one of n operations takes in the fastest of many short runs of f: what
// is left when others do not take the processor away in between.
func best(b *testing.B, n int, f func()) {
	before := cpuTime()
	defer func() { inBest = cpuTime() - before }()
	least := time.Duration(1 << 62)
	for range 200 {
		began := time.Now()
		f()
		least = min(least, time.Since(began))
	}
	b.ReportMetric(float64(least)/float64(n), "best-ns")
}

type bench struct {
	files  *Directory
	x      *Index
	absent []identity.Number
	listed []identity.Number
	build  time.Duration // CPU, rows made before not counted
	finish time.Duration // wall
}

var benches sync.Map

// benchList makes the list that is measured, once for a process.
func benchList(b *testing.B) *bench {
	b.Helper()
	if l, ok := benches.Load(*scale); ok {
		return l.(*bench)
	}
	dir, err := newBenchDir()
	if err != nil {
		b.Fatal(err)
	}
	l := &bench{files: dir}
	builder, err := Build(dir, testKey())
	if err != nil {
		b.Fatal(err)
	}
	builder.Expect(uint64(*scale))
	rows := make([]Row, 4096)
	for first := 0; first < *scale; first += len(rows) {
		rows = rows[:min(len(rows), *scale-first)]
		benchRows(builder.secrets, rows, first)
		before := cpuTime()
		if err := builder.Add(rows); err != nil {
			b.Fatal(err)
		}
		l.build += cpuTime() - before
	}
	before, began := cpuTime(), time.Now()
	if l.x, err = builder.Finish([]byte("bench")); err != nil {
		b.Fatal(err)
	}
	l.build += cpuTime() - before
	l.finish = time.Since(began)
	l.absent = numbersOf(1<<20, func(i int) int { return *scale + i*61 })
	l.listed = numbersOf(1<<16, func(i int) int { return i * 7919 % *scale })
	benches.Store(*scale, l)
	return l
}

// named runs f, and reports CPU time as well: the machine may be busy with others.
func named(b *testing.B, what string, f func(b *testing.B)) {
	b.Run(fmt.Sprintf("listings=%d/%s", *scale, what), func(b *testing.B) {
		before := cpuTime()
		inBest = 0
		f(b)
		b.ReportMetric(float64(cpuTime()-before-inBest)/float64(b.N), "cpu-ns/op")
	})
}

func BenchmarkLookup(b *testing.B) {
	l := benchList(b)
	v := l.x.View()
	mask := len(l.absent) - 1
	plain := make(map[string]uint32, *scale)
	for i := range *scale {
		plain[number(i).Full()] = uint32(i)
	}
	var mapped, ours float64
	named(b, "map", func(b *testing.B) {
		i, found := 0, 0
		for b.Loop() {
			if _, ok := plain[l.absent[i&mask].Full()]; ok {
				found++
			}
			i++
		}
		mapped = float64(b.Elapsed()) / float64(b.N)
		best(b, len(l.absent), func() {
			for _, n := range l.absent {
				if _, ok := plain[n.Full()]; ok {
					b.Fatal("found")
				}
			}
		})
	})
	plain = nil
	runtime.GC()
	named(b, "absent", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if hits, err := v.Lookup(l.absent[i&mask], nil); hits != nil || err != nil {
				b.Fatal(hits, err)
			}
			i++
		}
		ours = float64(b.Elapsed()) / float64(b.N)
		b.ReportMetric(mapped/ours, "×map")
		best(b, len(l.absent), func() {
			for _, n := range l.absent {
				if hits, err := v.Lookup(n, nil); hits != nil || err != nil {
					b.Fatal(hits, err)
				}
			}
		})
	})
	named(b, "maybe", func(b *testing.B) {
		out := make([]bool, len(l.absent))
		i, found := 0, 0
		for b.Loop() {
			from := i * 1024 & mask
			v.Maybe(l.absent[from:from+1024], out)
			for _, o := range out[:1024] {
				if o {
					found++
				}
			}
			i++
		}
		per := float64(b.Elapsed()) / float64(b.N) / 1024
		b.ReportMetric(per, "ns/number")
		b.ReportMetric(mapped/per, "×map")
		b.ReportMetric(float64(found)/float64(b.N)/1024*1e6, "false-per-million")
		best(b, len(l.absent), func() { v.Maybe(l.absent, out) })
	})
	named(b, "maybe-all-cores", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			out := make([]bool, 1024)
			for i := 0; pb.Next(); i++ {
				from := i * 1024 & mask
				v.Maybe(l.absent[from:from+1024], out)
			}
		})
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/1024, "ns/number")
	})
	named(b, "hit", func(b *testing.B) {
		b.ReportAllocs()
		dst, i := make([]Hit, 0, 4), 0
		for b.Loop() {
			hits, err := v.Lookup(l.listed[i&mask], dst[:0])
			if len(hits) != 1 || err != nil {
				b.Fatal(hits, err)
			}
			i++
		}
	})
	named(b, "name-of-many", func(b *testing.B) {
		dst, i := make([]Hit, 0, 32), 0
		for b.Loop() {
			if _, err := v.ByName(benchName(i), 20, dst[:0]); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

// BenchmarkBuild says what the list costs that the other benchmarks use.
func BenchmarkBuild(b *testing.B) {
	l := benchList(b)
	named(b, "build", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(float64(l.build)/float64(*scale), "cpu-ns/listing")
		b.ReportMetric(l.finish.Seconds(), "finish-s")
		bytes := 0
		for _, t := range l.x.tables.each() {
			bytes += 8 * (len(t.marks) + len(t.slots))
		}
		b.ReportMetric(float64(bytes)/(1<<20), "MiB-tables")
		log, base := l.x.Changes()
		b.ReportMetric(float64(base+log)/(1<<20), "MiB-file")
	})
}

func BenchmarkOpen(b *testing.B) {
	l := benchList(b)
	named(b, "open", func(b *testing.B) {
		cpu := cpuTime()
		for b.Loop() {
			x, _, err := Open(l.files, testKey())
			if err != nil {
				b.Fatal(err)
			}
			if x.View().Len() != l.x.View().Len() {
				b.Fatal(x.View().Len())
			}
			x.Close()
		}
		b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N)/1e9, "cpu-s/op")
	})
}

// BenchmarkWrite replaces listings, 10 000 a step.
func BenchmarkWrite(b *testing.B) {
	l := benchList(b)
	const together = 10_000
	rows := make([]Row, min(together, *scale))
	benchRows(l.x.secrets, rows, *scale/2-len(rows)/2)
	named(b, "write", func(b *testing.B) {
		for b.Loop() {
			s, err := l.x.Write(rows, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			s.Publish()
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(len(rows)), "ns/change")
	})
	if err := l.x.Compact(); err != nil {
		b.Fatal(err)
	}
}

// benchDir is where the list that is measured lies; TestMain removes it.
var benchDir string

func newBenchDir() (*Directory, error) {
	dir, err := os.MkdirTemp("", "screen-bench")
	if err != nil {
		return nil, err
	}
	benchDir = dir
	return Dir(dir)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if benchDir != "" {
		_ = os.RemoveAll(benchDir)
	}
	os.Exit(code)
}

package batch

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

// A small list, as Decider and as Filter. It also calls some who are not listed candidates.
type listed map[identity.Number]bool

func (l listed) Screen(_ context.Context, q gate.Query) (gongxin.Decision, error) {
	d := gongxin.Decision{Outcome: gongxin.Clear, Sequence: 7, AsOf: time.Unix(1, 0)}
	n, _, err := identity.Parse(q.Number)
	switch {
	case q.Masked != "":
		d.Outcome, d.Reference, d.Reasons = gongxin.Refer, fmt.Sprint("R-", q.Masked, q.Born, q.Sex, q.Subject), []gongxin.Reason{{Code: "NAME_ONLY"}}
	case err != nil && q.Number != "":
		d.Outcome, d.Reference, d.Reasons = gongxin.Refer, "R-"+fmt.Sprint(len(q.Number)), []gongxin.Reason{{Code: "NUMBER_INVALID"}}
	case l[n]:
		d.Outcome, d.Reference, d.Reasons = gongxin.Block, fmt.Sprint("R-", n, q.Masked, q.Born, q.Sex, q.Subject), []gongxin.Reason{{Code: "LISTED"}}
		if q.Name == "" {
			d.Outcome, d.Reasons[0].Code = gongxin.Refer, "NAME_NEEDED"
		}
	}
	return d, nil
}

func (l listed) Fresh(time.Time) (uint64, time.Time, bool) { return 7, time.Unix(1, 0), true }

func (l listed) Maybe(numbers []identity.Number, out []bool) {
	for i, n := range numbers {
		out[i] = l[n] || strings.HasSuffix(n.Full(), "7")
	}
}

func (l listed) Candidates(numbers [][]byte, out []bool) {
	for i, b := range numbers {
		n, _, err := identity.Parse(string(b), identity.CitizenID)
		if err != nil || n.Full() != string(b) {
			panic("no citizen number in canonical form")
		}
		l.Maybe([]identity.Number{n}, out[i:i+1])
	}
}

func (l listed) add(number string) string {
	n, _, err := identity.Parse(number)
	if err != nil {
		panic(err)
	}
	l[n] = true
	return number
}

// TestTheFastWayGivesWhatTheCarefulOneGives screens random files, most of whose rows
// are plain, in blocks, row by row with the same filter, and without one.
func TestTheFastWayGivesWhatTheCarefulOneGives(t *testing.T) {
	l := listed{}
	var numbers []string
	for i := range 40 {
		n := string(synthetic.AppendCitizenNumber(nil, i*1_000_003))
		if i%4 == 0 {
			l.add(n)
		}
		numbers = append(numbers, n)
	}
	numbers = append(numbers, l.add("91320000QQRLM3K67G"), "320000800101001", l.add(numbers[1]), strings.ToLower(numbers[2]), numbers[3]+" ", " "+numbers[4], wide(numbers[5]),
		numbers[6][:17], numbers[7][:17]+"x", "82000019900101001X", "810000199001010011", "", "1", `"`+numbers[8]+`"`, `"`+numbers[8], "320000199002300010", "32000019900230001X", numbers[9]+"\xff",
		numbers[10][:6]+"********"+numbers[10][14:], "*")
	names := []string{"张三", "", "\xff", "王,五", `"王""六"`, "阿依努尔·吐尔逊", strings.Repeat("长", 400), "a\"b", "李四 "}
	row := rapid.Custom(func(t *rapid.T) string {
		number, name := rapid.SampledFrom(numbers).Draw(t, "number"), "张三"
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			name = rapid.SampledFrom(names).Draw(t, "name")
		}
		switch rapid.IntRange(0, 30).Draw(t, "kind") {
		case 0:
			return ""
		case 1:
			return ",, "
		case 2:
			return "x," + name
		case 3:
			return "x," + name + "," + number + ",2,3,4"
		case 4:
			return "x," + name + "," + number + ",2,,"
		case 5:
			return "x," + name + "," + number
		}
		if more := rapid.IntRange(0, 9).Draw(t, "more"); more > 1 {
			return "x," + name + "," + number + ",备注," + rapid.SampledFrom([]string{"1980,男,申-1", ",,", "80,?,320000198001010018", "1980-01-01,女性,\xff", "2018,男"}).Draw(t, "known")
		}
		return "x," + name + "," + number + ",备注"
	})
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		rows := rapid.SliceOfN(row, 0, 300).Draw(t, "rows")
		header := rapid.SampledFrom([]string{"\uFEFF序号,姓名,证件号码,备注", "\uFEFF序号,姓名,证件号码,备注,出生日期,性别,申请编号"}).Draw(t, "header")
		if !strings.Contains(header, "性别") {
			for i, r := range rows {
				if at := strings.Index(r, ",备注,"); at >= 0 {
					rows[i] = r[:at] + ",备注"
				}
			}
		}
		in := strings.Join(append([]string{header}, rows...), end)
		if rapid.Bool().Draw(t, "ended") {
			in += end
		}
		onlyHits := rapid.Bool().Draw(t, "only hits")
		careful, said := sift(t, []byte(in), l, nil, onlyHits, false)
		filtered, saidFiltered := sift(t, []byte(in), l, l, onlyHits, false)
		fast, saidFast := sift(t, []byte(in), l, l, onlyHits, true)
		if strings.HasSuffix(said, "EOF") != strings.HasSuffix(saidFast, "EOF") {
			t.Fatalf("careful %s\nfast %s", said, saidFast)
		}
		if !strings.HasSuffix(said, "EOF") { // the file is refused; how much was read before differs
			return
		}
		if said != saidFast || said != saidFiltered || careful != fast || careful != filtered {
			t.Fatalf("careful %s\n%s\nfiltered %s\n%s\nfast %s\n%s", said, careful, saidFiltered, filtered, saidFast, fast)
		}
	})
}

// sift screens in as a CSV file without a disk, in blocks or not, and returns what is
// written and the counts or the error.
func sift(t interface{ Fatal(...any) }, in []byte, d Decider, f Filter, onlyHits, inBlocks bool) (out, said string) {
	of, err := openText(bytes.NewReader(in), int64(len(in)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if inBlocks {
		of.inBlocks = blockSize
	}
	r := &run{Options: Options{Decider: d, Filter: f, OnlyHits: onlyHits, Scenario: scenario, Now: time.Now}, form: of, journal: &journal{file: devNull(t)}}
	defer r.journal.close() // nothing is in it
	before := &job{counted: make(chan struct{})}
	close(before.counted)
	var counts Counts
	for {
		j := &job{before: before, counted: make(chan struct{})}
		if err := of.read(&j.chunk); err != nil {
			return out, fmt.Sprintf("%+v %v", counts, err)
		}
		if err := r.answer(context.Background(), j); err != nil {
			t.Fatal(err)
		}
		out += string(j.out)
		counts.merge(j.counts)
		before = j
	}
}

func devNull(t interface{ Fatal(...any) }) *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// citizen says yes to nothing that identity.Parse does not take as it is, and no to
// hardly anything that it takes.
func TestCitizenAgreesWithIdentity(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	yes := 0
	for i := range 200_000 {
		b := [18]byte(synthetic.AppendCitizenNumber(nil, i*17))
		if random.IntN(2) == 0 {
			b[random.IntN(18)] = "0123456789Xx:/ \xb0"[random.IntN(16)]
		}
		if random.IntN(8) == 0 { // with a check character that fits
			copy(b[:], completed(string(b[:17])))
		}
		n, _, err := identity.Parse(string(b[:]), identity.CitizenID)
		is := err == nil && n.Full() == string(b[:])
		if got := citizen(&b); got && !is {
			t.Fatalf("%s is none", b)
		} else if is && !got && string(b[10:14]) != "0229" {
			t.Fatalf("%s is one", b)
		} else if got {
			yes++
		}
	}
	if yes < 50_000 {
		t.Errorf("only %d were taken", yes)
	}
}

// completed adds the check character of GB 11643 to 17 characters, if they are digits.
func completed(s string) string {
	sum := 0
	for i := range 17 {
		if s[i] < '0' || s[i] > '9' {
			return s + "0"
		}
		sum = (sum + int(s[i]-'0')) * 2
	}
	return s + string("10X98765432"[sum%11])
}

var (
	benchListings = flag.Int("batch.listings", 200_000, "listings that BenchmarkFile holds rows against")
	benchRows     = flag.Int("batch.rows", 1_000_000, "rows of its file")
	benchDir      = flag.String("batch.dir", "", "directory with list and file from a run before, kept for one behind; a temporary one if empty")
)

// A readerFilter is a list on disk that is always fresh. Whoever may be listed it
// blocks, without a record: what is measured is the way of a file.
type readerFilter struct{ *screen.Reader }

func (readerFilter) Fresh(time.Time) (uint64, time.Time, bool) { return 1, time.Unix(1, 0), true }

func (readerFilter) Screen(_ context.Context, q gate.Query) (gongxin.Decision, error) {
	return gongxin.Decision{Outcome: gongxin.Block, Reference: "R-" + q.Scenario, Sequence: 1}, nil
}

// benchList makes a list of the first n of the synthetic series in dir.
func benchList(b *testing.B, dir string, key screen.Key, n int) {
	files, err := screen.Dir(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer files.Close() // it is read again
	builder, err := screen.Build(files, key)
	if err != nil {
		b.Fatal(err)
	}
	builder.Expect(uint64(n))
	for from := 0; from < n; from += 10_000 {
		rows := make([]screen.Row, min(10_000, n-from))
		for i := range rows {
			number, _, err := identity.Parse(string(synthetic.AppendCitizenNumber(nil, from+i)))
			if err != nil {
				b.Fatal(err)
			}
			rows[i] = screen.Row{Sequence: uint64(from + i + 1), Entry: screen.Entry{Mark: builder.Mark(number), Name: "张三", Masked: number.String(), Case: "（2016）苏0505执1号", Court: "苏州市虎丘区人民法院"}}
			binary.BigEndian.PutUint64(rows[i].Listing[:], uint64(from+i+1)*0x9e3779b97f4a7c15)
			binary.BigEndian.PutUint64(rows[i].Listing[8:], uint64(from+i+1))
		}
		if err := builder.Add(rows); err != nil {
			b.Fatal(err)
		}
	}
	index, err := builder.Finish(nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := index.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchFile writes the file.
func benchFile(b *testing.B, path string) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	in := []byte(synthetic.ApplicantColumns)
	for i := range *benchRows {
		if in = synthetic.AppendApplicant(in, i, *benchListings); len(in) > 1<<20 || i == *benchRows-1 {
			if _, err := f.Write(in); err != nil {
				b.Fatal(err)
			}
			in = in[:0]
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFile measures a file of which one row in a thousand is listed, from opening
// the ready list to the output in its place, and the memory that it takes:
//
//	go test ./internal/batch -run xxx -bench File -benchtime 3x -batch.listings 10000000 -batch.rows 20000000
func BenchmarkFile(b *testing.B) {
	dir := *benchDir
	if dir == "" {
		dir = b.TempDir()
	}
	key := screen.Key{1, 2, 3}
	o := Options{In: filepath.Join(dir, "in.csv"), Out: filepath.Join(dir, "out.csv"), Scenario: scenario, OnlyHits: true}
	if _, err := os.Stat(o.In); err != nil {
		benchList(b, filepath.Join(dir, "list"), key, *benchListings)
		benchFile(b, o.In)
	}
	info, err := os.Stat(o.In)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	debug.FreeOSMemory()
	b.SetBytes(info.Size())
	var opening time.Duration
	peak := 0.0
	for b.Loop() {
		start := time.Now()
		reader, err := screen.OpenReader(screen.DirReader(filepath.Join(dir, "list")), key)
		if err != nil {
			b.Fatal(err)
		}
		opening += time.Since(start)
		o.Decider, o.Filter = readerFilter{reader}, readerFilter{reader}
		o.Progress = func(_ string, done, total int64) {
			if done*2/total != (done-blockSize)*2/total { // once in the middle
				peak = max(peak, resident())
			}
		}
		if r, err := Run(b.Context(), o); err != nil || r.Rows != uint64(*benchRows) || r.Block < r.Rows/1100 {
			b.Fatal(r, err)
		}
		if err := reader.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(*benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(opening.Seconds()/float64(b.N), "s-opening/op")
	b.ReportMetric(peak, "MiB-resident")
}

// resident is the memory of this process in MiB; 0 where the system does not tell.
func resident() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages float64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}

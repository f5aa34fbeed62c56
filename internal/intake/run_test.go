package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/identity"
)

// correction reads a file and returns the file for correction of its rejected records.
func correction(t *testing.T, f *File) (out []byte, rejected int) {
	t.Helper()
	var b bytes.Buffer
	c := NewCorrection(&b, f)
	for _, r := range drain(t, f) {
		if err := c.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), c.Len()
}

func TestACorrectionFileComesBackAndIsTakenOnceMended(t *testing.T) {
	rows := [][]string{}
	good := person(nil)
	bad := person(change{"性别": "女", "案号": "（2016）苏0509执8635号"})
	quoted := person(change{"年龄": "不详", "案号": "（2016）苏0509执8636号", "法律生效文书确定的义务": "一、\"甲\"；\n二、乙,丙|丁;戊\t己", "姓名": "黎\U0002CB4A"})
	for i, r := range []map[string]string{nil, good, bad, quoted} {
		var row []string
		for _, h := range Persons.Columns() {
			if i == 0 {
				row = append(row, h)
			} else {
				row = append(row, r[h])
			}
		}
		rows = append(rows, row)
	}
	files := map[string][]byte{}
	for name, b := range writings(t, rows) {
		files[name] = b
	}
	files["JSON"] = asJSON(t, rows, true)
	open := func(name string, b []byte) *File {
		t.Helper()
		var f *File
		var err error
		if name == "JSON" {
			f, err = JSONRows(bytes.NewReader(b), Options{Name: name, Today: today, Seen: NewSeen()})
		} else {
			f, err = Open(bytes.NewReader(b), int64(len(b)), Options{Name: name, Today: today, Seen: NewSeen()})
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return f
	}
	for name, b := range files {
		first := open(name, b)
		back, n := correction(t, first)
		if n != 2 {
			t.Errorf("%s: %d records to correct, want 2", name, n)
			continue
		}
		// sent back as it is: the same two are rejected for the same causes
		again := open(name, back)
		if again.Format() != first.Format() || again.Encoding() != first.Encoding() || len(again.Unknown()) != len(first.Unknown()) {
			t.Errorf("%s: it comes back as %s, %s, unknown columns %q", name, again.Format(), again.Encoding(), again.Unknown())
		}
		second, _ := correction(t, again)
		if got := reasons(drain(t, open(name, second))); !slices.Equal(got, []string{"SEX_ID_MISMATCH", "AGE_INVALID"}) {
			t.Errorf("%s: got %q", name, got)
		}
		if again.Format() == "XLSX" {
			continue
		}
		// mended: both are taken, with their text unharmed
		mend := again.form.writing.encoding.encode
		for from, to := range map[string]string{"女": "男", "不详": "60"} {
			back = bytes.Replace(back, mend([]byte(from)), mend([]byte(to)), 1)
		}
		got := drain(t, open(name, back))
		if !slices.Equal(reasons(got), []string{"", ""}) {
			t.Errorf("%s, mended: got %q", name, reasons(got))
			continue
		}
		if e := got[1].Entry; e.Obligation != quoted["法律生效文书确定的义务"] || e.Subject.Name != quoted["姓名"] {
			t.Errorf("%s: %q of %q", name, e.Obligation, e.Subject.Name)
		}
	}
}

func TestWithoutRejectedRecordsNoCorrectionIsWritten(t *testing.T) {
	b := fileOf(person(nil))
	f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if out, n := correction(t, f); n != 0 || len(out) != 0 {
		t.Errorf("%d records, %d bytes", n, len(out))
	}
}

func TestDuplicatesAreToldAcrossTheFilesOfARun(t *testing.T) {
	seen := NewSeen()
	defer seen.Close()
	first := records(t, "a.csv", fileOf(person(change{"性别": "女"}), person(nil)), seen)
	second := records(t, "b.csv", fileOf(person(change{"案号": "(2016)苏0509执08634号"}), person(change{"案号": "（2016）苏0509执1号"})), seen)
	if got := append(reasons(first), reasons(second)...); !slices.Equal(got, []string{"SEX_ID_MISMATCH", "", "DUPLICATE_ROW", ""}) {
		t.Fatalf("got %q: a rejected record must not stand in the way of a good one", got)
	}
	if d := second[0]; d.OfRow != 2 || d.OfFile != "a.csv" || !strings.Contains(d.Message.ZH, "a.csv 2") {
		t.Errorf("of %s record %d: %s", d.OfFile, d.OfRow, d.Message.ZH)
	}
	org := records(t, "c.csv", fileOf(organisation(nil), organisation(change{"统一社会信用代码(组织机构代码)": "QQ000001-2"})), seen)
	if !slices.Equal(reasons(org), []string{"", "DUPLICATE_ROW"}) {
		t.Errorf("one organisation by both its codes: %q", reasons(org))
	}
	ends := records(t, "d.csv", fileOf(withdrawal(nil), withdrawal(nil)), seen)
	if !slices.Equal(reasons(ends), []string{"", "DUPLICATE_ROW"}) {
		t.Errorf("withdrawn twice: %q", reasons(ends))
	}
}

func TestSeenSpillsAndForgetsNothing(t *testing.T) {
	seen := NewSeen().AsRegister()
	defer seen.Close()
	seen.limit = 1000
	number, _, err := identity.Parse("110000195703251411")
	if err != nil {
		t.Fatal(err)
	}
	sub := gongxin.Subject{Number: number}
	day := gongxin.MustDay("2017-12-31")
	const n = 20_000 // several times the file's first size
	at := func(i int) gongxin.CaseNumber {
		return gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0509执%d号", i+1))
	}
	for i := range n {
		if _, _, dup, err := seen.put(domainListing, at(i), sub, 3, i+1, day); dup || err != nil {
			t.Fatalf("record %d: duplicate %v, %v", i+1, dup, err)
		}
	}
	if seen.spill == nil || seen.memory.n != 1000 {
		t.Fatalf("%d keys in memory, spill %v", seen.memory.n, seen.spill)
	}
	for i := range n {
		file, row, dup, err := seen.put(domainListing, at(i), sub, 4, 1, 0)
		if !dup || err != nil || file != 3 || row != i+1 {
			t.Fatalf("record %d: duplicate %v of %d/%d, %v", i+1, dup, file, row, err)
		}
		if published, found, err := seen.listed(at(i), sub); published != day || !found || err != nil {
			t.Fatalf("record %d: %s, %v, %v", i+1, published, found, err)
		}
		if known, err := seen.hasCase(at(i)); !known || err != nil {
			t.Fatalf("case %d: %v, %v", i+1, known, err)
		}
	}
	if known, err := seen.hasCase(at(n)); known || err != nil {
		t.Errorf("a case that was never seen: %v, %v", known, err)
	}
}

func TestASlotKeepsWhatIsPutIntoIt(t *testing.T) {
	for _, day := range []gongxin.Day{0, gongxin.MustDay("1900-01-01"), gongxin.MustDay("2016-12-31"), gongxin.MustDay("2999-12-31")} {
		for _, row := range []int{1, 77, 1<<32 - 1} {
			if f, r, d := unpack(pack(maxFile, row, day)); f != maxFile || r != row || d != day {
				t.Errorf("%s, %d: got %d, %d, %s", day, row, f, r, d)
			}
		}
	}
}

func TestReportsMaskAndAddUp(t *testing.T) {
	b := sample(t, "dirty-persons-gb18030.csv")
	f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: "dirty.csv", Today: today, Seen: NewSeen()})
	if err != nil {
		t.Fatal(err)
	}
	p := NewReport(f)
	all := drain(t, f)
	for _, r := range all {
		p.Add(r)
	}
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"共200条：收取180条，退回20条", "200 records: 180 taken, 20 rejected", "GB18030", "MISSING_FIELD:姓名", "DATE_FORMAT", "第15条（第16行）"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Index(text, "收取") > strings.Index(text, "taken") || strings.Contains(text, "%!") {
		t.Errorf("the report is not Chinese first:\n%s", text)
	}
	for _, r := range all {
		for i, c := range r.Raw {
			if i == 4 && len(c) >= 15 && strings.Contains(text, strings.TrimSpace(c)) {
				t.Errorf("the report gives away the number of record %d", r.Row)
			}
		}
	}
}

func TestEveryCodeHasItsTexts(t *testing.T) {
	source, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, file := range source {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		b, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []string{`gongxin.Invalid("`, `c.note("`, `remark("`, `fault(f, "`, `fault(fCase, "`, `fault(fNumber, "`} {
			for _, part := range strings.Split(string(b), before)[1:] {
				code, _, _ := strings.Cut(part, `"`)
				if what, _, ok := gongxin.Message(code); !ok || what.ZH == "" || what.EN == "" {
					t.Errorf("%s: %s has no text", file.Name(), code)
				}
				known++
			}
		}
	}
	for _, code := range Normalisations() {
		if what, _, ok := gongxin.Message(code); !ok || what.ZH == "" {
			t.Errorf("the normalisation %s has no text", code)
		}
	}
	if known < 30 {
		t.Errorf("only %d codes were found: the test looks for the wrong thing", known)
	}
}

// endless is a CSV file that is made while it is read.
type endless struct {
	head, row []byte
	rows      int64
}

func (e endless) size() int64 { return int64(len(e.head)) + e.rows*int64(len(e.row)) }

func (e endless) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		from := at + int64(n)
		switch {
		case from >= e.size():
			return n, io.EOF
		case from < int64(len(e.head)):
			n += copy(p[n:], e.head[from:])
		default:
			n += copy(p[n:], e.row[(from-int64(len(e.head)))%int64(len(e.row)):])
		}
	}
	return n, nil
}

func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	b := fileOf(person(change{"法律生效文书确定的义务": `支付"货款"45748元`}))
	head, row, _ := bytes.Cut(b, []byte("\r\n"))
	file := endless{append(head, "\r\n"...), row, 60_000}
	var peak uint64
	watch := func() {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	watch()
	base := peak
	f, err := Open(file, file.size(), Options{Today: today, Seen: NewSeen()})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		_, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%20_000 == 0 {
			watch()
		}
	}
	if n != int(file.rows) {
		t.Errorf("%d records, want %d", n, file.rows)
	}
	if grown := peak - base; grown > 8<<20 {
		t.Errorf("%d MiB of memory for a file of %d MiB", grown>>20, file.size()>>20)
	}
}

// FuzzOpen: whatever the bytes are, there is a clear refusal or records, and
// never a panic; a record is accepted or has a cause.
func FuzzOpen(f *testing.F) {
	text := asCSV(sampleRows(f, "clean-persons.csv")[:4], ',', "\r\n")
	f.Add(text, "a.csv")
	f.Add(gb18030.encode(text), "a.csv")
	f.Add(withBOM(utf16LE, text), "a.csv")
	f.Add(lines(wHead, wRow("1"), wRow("2")), "w.csv")
	f.Add(workbookOf(f, styled(sheetXML(withdrawalSheet([]string{"（2016）苏0509执8634号", "110000195703251411", "2017-05-01", "全部履行完毕"})))), "a.xlsx")
	f.Add([]byte("案号,姓名\n"), "")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		file, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: name, Today: today, Seen: NewSeen(), MaxCell: 200})
		if err != nil {
			if gongxin.CodeOf(err) == "" {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		var out bytes.Buffer
		c := NewCorrection(&out, file)
		for {
			r, err := file.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if (r.Outcome == Reject) != (r.Reason != "") || (r.Entry == nil && r.Withdrawal == nil) != (r.Outcome == Reject) {
				t.Fatalf("record %+v", r)
			}
			if err := c.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzJSONRows(f *testing.F) {
	rows := sampleRows(f, "clean-persons.csv")[:3]
	f.Add(asJSON(f, rows, true))
	f.Add(asJSON(f, rows, false))
	f.Add([]byte(`[{"案号":1,"证件号码":null,"撤销时间":[],"撤销原因":true}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := JSONRows(bytes.NewReader(b), Options{Today: today})
		if err != nil {
			if gongxin.CodeOf(err) == "" {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		for {
			if _, err := file.Next(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

package batch

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
)

// echo answers from the query alone, for tests of how files are read and written.
type echo struct{}

func (echo) Screen(_ context.Context, q gate.Query) (gongxin.Decision, error) {
	d := gongxin.Decision{Outcome: gongxin.Clear, Sequence: 7}
	if _, _, err := identity.Parse(q.Number); err != nil && q.Number != "" {
		d.Outcome, d.Reference, d.Reasons = gongxin.Refer, "R-x", []gongxin.Reason{{Code: "NUMBER_INVALID"}}
	}
	return d, nil
}

func sampleFile(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/applicants.csv")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzSplitter: records joined are the file, byte for byte, however it is read.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("a,b\r\n\"x\ny\",\"\"\"\"\n\n,"), byte(','), byte('\n'))
	f.Add([]byte("a\"b\",\"c\"d\re"), byte('\t'), byte('\r'))
	f.Fuzz(func(t *testing.T, b []byte, delim, eol byte) {
		if eol != '\r' {
			eol = '\n'
		}
		if delim != '\t' && delim != ';' && delim != 0 {
			delim = ','
		}
		s := newSplitter(&trickle{b}, delim, eol)
		var joined []byte
		for {
			record, err := s.next()
			if err != nil {
				if err != io.EOF && gongxin.CodeOf(err) != "BATCH_QUOTE_OPEN" {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(b, joined) || err == io.EOF && !bytes.Equal(joined, b) {
					t.Fatalf("%q of %q", joined, b)
				}
				break
			}
			joined = append(joined, record...)
			if int64(len(joined)) != s.offset {
				t.Fatalf("offset %d after %d bytes", s.offset, len(joined))
			}
			if delim != 0 {
				_, count, _ := cells(record[:len(record)-lineEnd(record)], delim, nil)
				if count < 1 {
					t.Fatal("no cell")
				}
			}
		}
	})
}

// trickle gives its bytes a few at a time.
type trickle struct{ b []byte }

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b[:min(len(r.b), 3)])
	r.b = r.b[n:]
	return n, nil
}

// FuzzText: a text file is refused with a code, or each of its rows has one answer.
func FuzzText(f *testing.F) {
	f.Add(sampleFile(f)[:2000])
	f.Add([]byte("\xFF\xFEn\x00a\x00m\x00e\x00,\x00i\x00d\x00\n\x00a\x00,\x001\x00\n\x00"))
	f.Add([]byte("姓名;身份证号\n张三;\"320000198001010018\"\n李四;1;2\n"))
	f.Add([]byte("\xd0\xd5\xc3\xfb\tid\n\xd5\xc5\xc8\xfd\t1\n"))
	f.Fuzz(func(t *testing.T, b []byte) { runFuzz(t, "in.csv", b) })
}

// FuzzObjects does so for NDJSON; what it gives is NDJSON again.
func FuzzObjects(f *testing.F) {
	f.Add([]byte(`{"name":"张三","number":"320000198001010018"}` + "\n{}\n[1]\n{\"number\":320000198001010018}\nx"))
	f.Add([]byte(`{"姓名":null,"证件号码":"1","reference":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for line := range bytes.Lines(runFuzz(t, "in.ndjson", b)) {
			if line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))); len(line) > 0 && !json.Valid(line) {
				t.Fatalf("no JSON: %q", line)
			}
		}
	})
}

// FuzzBinary does so for workbooks and Parquet files.
func FuzzBinary(f *testing.F) {
	in := applicants(5, 2, ',')
	f.Add(inForm(f, "in.xlsx", in))
	f.Add(inForm(f, "in.parquet", in))
	f.Fuzz(func(t *testing.T, b []byte) {
		name := "in.parquet"
		if bytes.HasPrefix(b, []byte("PK")) {
			name = "in.xlsx"
		}
		runFuzz(t, name, b)
	})
}

// runFuzz opens, reads and writes b as a file of that name, and returns the part that
// comes of it.
func runFuzz(t *testing.T, name string, b []byte) (out []byte) {
	var of form
	var err error
	switch filepath.Ext(name) {
	case ".csv":
		of, err = openText(bytes.NewReader(b), int64(len(b)), Options{})
	case ".ndjson":
		of, err = openObjects(bytes.NewReader(b), int64(len(b)), Options{})
	case ".parquet":
		of, err = openParquet(bytes.NewReader(b), int64(len(b)), Options{})
	default:
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f, ferr := os.Open(path)
		if ferr != nil {
			t.Fatal(ferr)
		}
		defer f.Close() // only read
		of, err = openSheet(f, Options{})
	}
	coded := func(err error) {
		if code := gongxin.CodeOf(err); !strings.HasPrefix(code, "BATCH_") {
			t.Fatalf("an error without a code of ours: %v", err)
		}
	}
	if err != nil {
		coded(err)
		return nil
	}
	defer of.close() // only read
	last := uint64(0)
	for {
		var c chunk
		err := of.read(&c)
		if err == io.EOF {
			return out
		}
		if err != nil {
			coded(err)
			return nil
		}
		of.cut(&c, sieve{})
		c.number(last)
		for i := range c.rows {
			r := &c.rows[i]
			if !r.blank {
				if last++; r.n != last {
					t.Fatalf("row %d is said to be %d", last, r.n)
				}
			}
			before := len(out)
			if out, err = of.append(out, r, Answer{Outcome: gongxin.Refer, Reasons: []string{"X"}, Reference: "R-1", Sequence: 9}); err != nil {
				t.Fatal(err)
			}
			if !r.blank && !bytes.Contains(out[before:], []byte("R-1")) {
				t.Fatalf("row %d has no answer", r.n)
			}
		}
		if c.to.Rows != last {
			t.Fatalf("position %d after row %d", c.to.Rows, last)
		}
	}
}

// TestWellFormedTablesComeBackWhole writes random tables, quoted as need be, and
// reads the output with another reader: the same cells, and four more.
func TestWellFormedTablesComeBackWhole(t *testing.T) {
	cell := rapid.StringOf(rapid.RuneFrom([]rune("ab1张三 ,;\t\"\n·Ｘ"))).Filter(func(s string) bool { return len(s) < 200 })
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "delimiter")
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		rows := [][]string{{"姓名", "备注", "证件号码"}}
		for range rapid.IntRange(0, 30).Draw(t, "rows") {
			rows = append(rows, []string{cell.Draw(t, "name"), cell.Draw(t, "note"), rapid.SampledFrom([]string{"", "1", "320000198001010018", "x\"y"}).Draw(t, "number")})
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("", "batch")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		o := Options{In: filepath.Join(dir, "in.csv"), Out: filepath.Join(dir, "out.csv"), Scenario: scenario, Decider: echo{}, Workers: 2}
		if err := os.WriteFile(o.In, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		out, err := os.ReadFile(o.Out)
		if err != nil {
			t.Fatal(err)
		}
		back := func(b []byte) (all [][]string) {
			r := csv.NewReader(bytes.NewReader(b))
			r.Comma, r.FieldsPerRecord = w.Comma, -1
			all, err := r.ReadAll()
			if err != nil {
				t.Fatalf("%v in %q", err, b)
			}
			return all
		}
		want, got := back(b.Bytes()), back(out)
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range got {
			blank := strings.TrimSpace(strings.Join(want[i], "")) == ""
			if strings.Join(got[i][:3], "|") != strings.Join(want[i], "|") || len(got[i]) != 7 && !blank {
				t.Fatalf("row %d: %q, want %q and four more", i, got[i], want[i])
			}
			if outcome := ""; i > 0 && !blank {
				outcome = got[i][3]
				bad := want[i][2] == "1" || want[i][2] == "x\"y"
				if bad != (outcome == "refer" && strings.Contains(got[i][4], "NUMBER_INVALID")) && strings.TrimSpace(want[i][0]) != "" {
					t.Fatalf("row %d: %q", i, got[i])
				}
			}
		}
	})
}

package batch

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/gatetest"
)

const scenario = "flight"

// screened writes content to a file, screens it against d, and returns the output.
func screened(t testing.TB, d Decider, name string, content []byte, change func(*Options)) (string, Result, error) {
	t.Helper()
	dir := t.TempDir()
	o := Options{In: filepath.Join(dir, name), Out: filepath.Join(dir, "out"+filepath.Ext(name)), Scenario: scenario, Decider: d, Workers: 3}
	if err := os.WriteFile(o.In, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&o)
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		if _, e := os.Stat(o.Out); e == nil {
			t.Error("there is an output in spite of the error")
		}
		return "", r, err
	}
	out, err := os.ReadFile(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, beside := range []string{".part", ".journal"} {
		if _, err := os.Stat(o.Out + beside); err == nil {
			t.Errorf("%s is left over", beside)
		}
	}
	return string(out), r, nil
}

func TestRowsThatCannotBeReadAreReferredAndNeverDropped(t *testing.T) {
	stand := gatetest.Open(t, 3)
	number, name := gatetest.Person(1)
	free, _ := gatetest.Person(7)
	for _, tt := range []struct {
		name, row, want string // want: of the row in the output; R is a reference, N a sequence
	}{
		{"listed", number + "," + name + ",x", number + "," + name + ",x,block,LISTED,R,N"},
		{"another name", number + ",王大,x", number + ",王大,x,refer,NAME_DIFFERS,R,N"},
		{"not listed", free + "," + name + ",x", free + "," + name + ",x,clear,,,N"},
		{"quoted", `"` + number + `","` + name + `","a ""b"", c"`, `"` + number + `","` + name + `","a ""b"", c",block,LISTED,R,N`},
		{"a line break in a cell", number + "," + name + ",\"a\nb\"", number + "," + name + ",\"a\nb\",block,LISTED,R,N"},
		{"a spreadsheet's text", `="` + number + `",` + name + ",x", `="` + number + `",` + name + ",x,block,LISTED,R,N"},
		{"full width", wide(number) + "," + name + ",x", wide(number) + "," + name + ",x,block,LISTED,R,N"},
		{"no number", ",无此人,x", ",无此人,x,clear,NAME_ONLY_SEARCHED,,N"},
		{"a bad number", "123,无此人,x", "123,无此人,x,refer,NUMBER_INVALID,R,N"},
		{"a part of the name hidden", ",王*明,x", ",王*明,x,refer,NAME_HIDDEN,R,N"},
		{"the same of somebody listed", number + ",王＊明,x", number + ",王＊明,x,refer,NAME_DIFFERS,R,N"},
		{"the same of nobody listed", free + ",王*明,x", free + ",王*明,x,clear,,,N"},
		{"a share that is marked", ",*ST无此,x", ",*ST无此,x,clear,NAME_ONLY_SEARCHED,,N"},
		{"neither", ",,x", ",,x,refer,SUBJECT_NEEDED,,"},
		{"fewer cells", number + "," + name, number + "," + name + ",,block,LISTED,R,N"},
		{"more cells", number + "," + name + ",x,y", number + "," + name + `,"x,y",refer,BATCH_ROW_WIDE,,`},
		{"more cells, empty", number + "," + name + ",x,, ", number + "," + name + ",x,block,LISTED,R,N"},
		{"quotes out of step", `"` + number + `"1,` + name + ",x", number + "1," + name + ",x,refer,BATCH_ROW_MALFORMED,,"},
		{"an endless name", number + "," + strings.Repeat("长", 400) + ",x", number + "," + strings.Repeat("长", 400) + ",x,refer,BATCH_CELL_LONG NAME_NEEDED,R,N"},
		{"an endless name of nobody listed", free + "," + strings.Repeat("长", 400) + ",x", free + "," + strings.Repeat("长", 400) + ",x,clear,,,N"},
		{"blank", ",,", ",,"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := "证件号码,姓名,备注\r\n" + free + ",李" + strings.Repeat("甲", 40) + ",\r\n" + tt.row + "\r\n"
			out, r, err := screened(t, stand.Gate, "in.csv", []byte(in), nil)
			if err != nil {
				t.Fatal(err)
			}
			head, rest, _ := strings.Cut(out, "\r\n")
			if head != "证件号码,姓名,备注,结果 outcome,原因 reasons,编号 reference,名单序号 sequence" {
				t.Errorf("header: %q", head)
			}
			_, rest, _ = strings.Cut(rest, "\r\n")
			got := strings.TrimSuffix(rest, "\r\n")
			if at := strings.LastIndex(got, ",R-railway-"); at >= 0 {
				got = got[:at] + ",R" + got[at+strings.LastIndex(got[at:], ","):]
			}
			if strings.HasSuffix(got, ",3") {
				got = strings.TrimSuffix(got, "3") + "N"
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			rows := uint64(2)
			if tt.name == "blank" {
				rows = 1
			}
			if r.Rows != rows || r.Clear+r.Refer+r.Block != rows {
				t.Errorf("counts: %+v", r.Counts)
			}
		})
	}
}

func TestBytesThatTheEncodingDoesNotHaveReferTheRow(t *testing.T) {
	stand := gatetest.Open(t, 1)
	number, name := gatetest.Person(0)
	out, r, err := screened(t, stand.Gate, "in.csv", []byte("\uFEFFname,number\n"+name+","+number+"\n\xff\xfe,"+number+"\n"), nil)
	if err != nil || r.Block != 1 || r.Refer != 1 || !strings.Contains(out, "\xff\xfe,"+number+",refer,BATCH_CELL_ENCODING NAME_NEEDED,R-") {
		t.Errorf("%q, %+v, %v", out, r.Counts, err)
	}
}

func wide(s string) string {
	return strings.Map(func(r rune) rune { return r + 0xFEE0 }, s)
}

// TestAStaleGateRefersEverybody holds also where nobody is listed.
func TestAStaleGateRefersEverybody(t *testing.T) {
	stand := gatetest.Open(t, 3)
	stand.Age(2 * 60 * 60 * 1e9)
	out, r, err := screened(t, stand.Gate, "in.csv", applicants(2000, 2000, ','), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Refer != 2000 || strings.Count(out, ",refer,STALE,R-") != 2000 {
		t.Errorf("%+v", r.Counts)
	}
}

// applicants is a CSV file of n rows, every each-th of which is a person that a gate
// of gatetest lists.
func applicants(n, each int, delim byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "number%cname%cn\n", delim, delim)
	for i := range n {
		number, name := gatetest.Person(1000 + i)
		if i%each == each/2 {
			number, name = gatetest.Person(i / each)
		}
		fmt.Fprintf(&b, "%s%c%s%c%d\n", number, delim, name, delim, i)
	}
	return b.Bytes()
}

func TestEveryEncodingAndDelimiterComesBackAsItWas(t *testing.T) {
	stand := gatetest.Open(t, 50)
	in := applicants(5000, 100, ',')
	in = append([]byte("申请名单，2018 年\n\n"), in...) // a title and a blank line above the header
	plain := string(in)
	for _, tt := range []struct {
		name string
		to   func(string) []byte
		back func([]byte) ([]byte, error)
	}{
		{"UTF-8", func(s string) []byte { return []byte(s) }, nil},
		{"UTF-8 with a mark", func(s string) []byte { return []byte("\uFEFF" + s) }, func(b []byte) ([]byte, error) { return bytes.TrimPrefix(b, []byte("\uFEFF")), nil }},
		{"CR LF", func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }, func(b []byte) ([]byte, error) { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), nil }},
		{"CR", func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r")) }, func(b []byte) ([]byte, error) { return bytes.ReplaceAll(b, []byte("\r"), []byte("\n")), nil }},
		{"tab", func(s string) []byte { return []byte(strings.ReplaceAll(s, ",", "\t")) }, func(b []byte) ([]byte, error) { return bytes.ReplaceAll(b, []byte("\t"), []byte(",")), nil }},
		{"semicolon", func(s string) []byte { return []byte(strings.ReplaceAll(s, ",", ";")) }, func(b []byte) ([]byte, error) { return bytes.ReplaceAll(b, []byte(";"), []byte(",")), nil }},
		{"GB18030", func(s string) []byte { b, _ := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s)); return b }, simplifiedchinese.GB18030.NewDecoder().Bytes},
		{"UTF-16LE", func(s string) []byte {
			b, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(s))
			return b
		}, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes},
		{"UTF-16BE without a mark", func(s string) []byte {
			b, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(s))
			return b
		}, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Bytes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, r, err := screened(t, stand.Gate, "in.csv", tt.to(plain), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Rows != 5000 || r.Block != 50 {
				t.Errorf("%+v", r.Counts)
			}
			b := []byte(out)
			if tt.back != nil {
				if b, err = tt.back(b); err != nil {
					t.Fatal(err)
				}
			}
			got, want := strings.SplitAfter(string(b), "\n"), strings.SplitAfter(plain, "\n")
			if len(got) != len(want) {
				t.Fatalf("%d lines, want %d", len(got), len(want))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], strings.TrimSuffix(want[i], "\n")) {
					t.Fatalf("line %d: %q, want %q and more", i+1, got[i], want[i])
				}
			}
		})
	}
}

// A police system keeps rare characters of names in the user-defined areas of GB 18030.
func TestUserDefinedCharactersOfGB18030AreReadAndKept(t *testing.T) {
	stand := gatetest.Open(t, 1)
	listed, _ := gatetest.Person(0)
	free, _ := gatetest.Person(5)
	rows := []string{listed + ",\xCD\xF5\xAA\xA1", free + ",\xCD\xF5\xA2\xAB", ",\xFE\x51\xF8\xA1", ",\xCD\xF5\x80"}
	reasons := []string{",refer,NAME_DIFFERS,", ",clear,,", ",clear,NAME_ONLY_SEARCHED,", ",refer,BATCH_CELL_ENCODING,"}
	head := "number,name\n" + strings.Repeat(free+",\xCD\xF5\xAA\xA1\n", 60_000) // what lies beyond the first mebibyte is told row by row
	out, _, err := screened(t, stand.Gate, "in.csv", []byte(head+strings.Join(rows, "\n")+"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, got := range lines[len(lines)-len(rows):] {
		if !strings.HasPrefix(got, rows[i]+reasons[i]) {
			t.Errorf("%q, want %q", got, rows[i]+reasons[i])
		}
	}
}

func TestFilesThatCannotBeReadSayWhatIsWrong(t *testing.T) {
	stand := gatetest.Open(t, 1)
	number, name := gatetest.Person(0)
	head := "姓名,证件号码\n"
	many := strings.Repeat(name+","+number+"\n", 30)
	for _, tt := range []struct {
		name, file, content, code string
		row                       int
		change                    func(*Options)
	}{
		{name: "empty", file: "a.csv", code: "BATCH_EMPTY"},
		{name: "no such column", file: "a.csv", content: "甲,乙\n1,2\n", code: "BATCH_COLUMN_MISSING"},
		{name: "two such columns", file: "a.csv", content: "姓名,身份证号码,统一社会信用代码\n张三,1,2\n", code: "BATCH_COLUMN_TWICE"},
		{name: "a column asked for", file: "a.csv", content: head + many, code: "BATCH_COLUMN_MISSING", change: func(o *Options) { o.Columns.Number = "护照" }},
		{name: "screened before", file: "a.csv", content: "姓名,证件号码,结果 outcome\n", code: "BATCH_COLUMN_TAKEN"},
		{name: "a quote that swallows rows", file: "a.csv", content: head + many + "\"张三," + number + "\n" + many + "李四\"," + number + "\n", code: "BATCH_QUOTE_OPEN", row: 31},
		{name: "a quote that stays open", file: "a.csv", content: head + many + "\"张三," + number + "\n" + many, code: "BATCH_QUOTE_OPEN", row: 31},
		{name: "zero bytes", file: "a.csv", content: head + many + "\x00", code: "BATCH_NOT_TEXT"},
		{name: "neither encoding", file: "a.csv", content: head + "\x81\x20\xff\xff" + many, code: "BATCH_ENCODING"},
		{name: "no workbook", file: "a.xlsx", content: head, code: "BATCH_FORM"},
		{name: "a broken workbook", file: "a.xlsx", content: "PK\x03\x04" + head, code: "BATCH_FORM"},
		{name: "an old workbook", file: "a.xls", content: "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", code: "BATCH_FORM"},
		{name: "a broken Parquet file", file: "a.parquet", content: "PAR1" + head, code: "BATCH_FORM"},
		{name: "no objects", file: "a.ndjson", content: "1\n2\n", code: "BATCH_FORM"},
		{name: "objects without", file: "a.ndjson", content: `{"a":1}` + "\n", code: "BATCH_COLUMN_MISSING"},
		{name: "objects screened before", file: "a.ndjson", content: `{"name":"a","number":"1","outcome":"clear"}` + "\n", code: "BATCH_COLUMN_TAKEN"},
		{name: "an output of another form", file: "a.csv", content: head + many, code: "BATCH_OUT_FORM", change: func(o *Options) { o.Out = strings.TrimSuffix(o.Out, ".csv") + ".parquet" }},
		{name: "an output that is the input", file: "a.csv", content: head + many, code: "BATCH_SAME_FILE", change: func(o *Options) { o.Out = o.In }},
		{name: "a summary of another form", file: "a.csv", content: head + many, code: "BATCH_SUMMARY_FORM", change: func(o *Options) { o.Summary = "a.pdf" }},
		{name: "no such scenario", file: "a.csv", content: head + many, code: "SCENARIO_UNKNOWN", change: func(o *Options) { o.Scenario = "nonsense" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			o := Options{In: filepath.Join(dir, tt.file), Out: filepath.Join(dir, "out"+filepath.Ext(tt.file)), Scenario: scenario, Decider: stand.Gate}
			if err := os.WriteFile(o.In, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(&o)
			}
			_, err := Run(t.Context(), o)
			if code := gongxin.CodeOf(err); code != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			var e *gongxin.Error
			if errors.As(err, &e); e.Mend().ZH == "" || e.Mend().EN == "" || e.Mend().ZH == e.Code {
				t.Errorf("%s does not say how to mend it", e.Code)
			}
			if tt.row > 0 && e.Place.Row != tt.row {
				t.Errorf("row %d, want %d", e.Place.Row, tt.row)
			}
			if strings.Contains(err.Error(), number) {
				t.Errorf("the error holds a number: %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "out*")); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// Over HTTP and in this process the answers are the same, alone and in bulk.
func TestBothWaysToAGateAnswerAlike(t *testing.T) {
	stand := gatetest.Open(t, 20)
	server := httptest.NewServer(stand.Gate.Handler())
	defer server.Close()
	client := gate.NewClient(server.URL)
	defer client.Close()
	in := applicants(2000, 100, ',')
	var first [][]string
	for _, tt := range []struct {
		name string
		d    Decider
	}{{"in process", stand.Gate}, {"HTTP", client}, {"HTTP, one by one", single{client}}} {
		out, r, err := screened(t, tt.d, "in.csv", in, nil)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if r.Block != 20 || r.Clear != 1980 {
			t.Errorf("%s: %+v", tt.name, r.Counts)
		}
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i][5] = "" // references differ
		}
		if first == nil {
			first = rows
			continue
		}
		for i := range rows {
			if strings.Join(rows[i], ",") != strings.Join(first[i], ",") {
				t.Fatalf("%s, line %d: %q, want %q", tt.name, i+1, rows[i], first[i])
			}
		}
	}
}

// single hides that a decider can answer many at a time.
type single struct{ d Decider }

func (s single) Screen(ctx context.Context, q gate.Query) (gongxin.Decision, error) {
	return s.d.Screen(ctx, q)
}

// However large the file, what was read and not yet written is bounded: it is what
// the chunks under way hold.
func TestWhatIsUnderWayIsBounded(t *testing.T) {
	const workers = 3
	stand := gatetest.Open(t, 10)
	in := applicants(200_000, 20_000, ',')
	longest := int64(0)
	_, r, err := screened(t, stand.Gate, "in.csv", in, func(o *Options) {
		o.Workers = workers
		o.Progress = func(doing string, done, _ int64) {
			if info, err := os.Stat(o.Out + ".part"); err == nil && doing == Screening {
				longest = max(longest, done-info.Size()) // the output is longer than its input: what is written is at least what was read for it
			}
		}
	})
	if err != nil || r.Rows != 200_000 {
		t.Fatal(r.Counts, err)
	}
	chunk := int64(len(in)) / 200 // 1 000 rows
	if bound := (3*workers + 4) * chunk * 3 / 2; longest > bound || bound > int64(len(in))/4 {
		t.Errorf("%d bytes of %d were under way, want at most %d", longest, len(in), bound)
	}
}

func TestSummaryHasWhoIsNotClear(t *testing.T) {
	stand := gatetest.Open(t, 5)
	number, name := gatetest.Person(3)
	free, _ := gatetest.Person(900)
	in := "姓名,证件号码\n<b>甲</b>," + free + "\n" + name + "," + number + "\n<i>乙</i>," + number + "\n丙,12345678901234567\n" + number + "," + number + "\n"
	for _, ext := range []string{".html", ".xlsx"} {
		var path string
		_, r, err := screened(t, stand.Gate, "in.csv", []byte(in), func(o *Options) { path = filepath.Join(filepath.Dir(o.Out), "s"+ext); o.Summary = path })
		if err != nil || r.Clear != 1 || r.Block != 1 || r.Refer != 3 {
			t.Fatal(r.Counts, err)
		}
		text := summaryText(t, path)
		for _, want := range []string{name, "（2016）苏0505执4号", "苏州市虎丘区人民法院", "2017-03-01", "R-railway-", "3.6", "123", "NUMBER_INVALID", "铁路部门", "NAME_DIFFERS"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", ext, want)
			}
		}
		for _, not := range []string{number, free, "甲", "12345678901234567", "<i>乙"} {
			if ext == ".xlsx" && not == "<i>乙" { // there it is a text as any other
				continue
			}
			if strings.Contains(text, not) {
				t.Errorf("%s holds %s", ext, not)
			}
		}
	}
}

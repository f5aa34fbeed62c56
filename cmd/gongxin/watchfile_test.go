package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"gongxin"
	"gongxin/gate"
)

func encodedAs(t *testing.T, e interface{ String(string) (string, error) }, s string) string {
	t.Helper()
	b, err := e.String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// subjectsAs writes rows of subjects, below a title and a blank line, as a workbook or as Parquet.
func subjectsAs(t testing.TB, ext string, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	if ext == ".parquet" {
		type subject struct {
			Reference string `parquet:"许可编号"`
			Number    string `parquet:"证件号码"`
			Name      string `parquet:"名称"`
		}
		var all []subject
		for _, r := range rows {
			all = append(all, subject{r[0], r[1], r[2]})
		}
		if err := parquet.Write(&out, all); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	book := excelize.NewFile()
	defer book.Close() // in memory
	for i, r := range append([][]string{{"持证人"}, nil, {"许可编号", "证件号码", "名称"}}, rows...) {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fileOf writes content to a file of that name.
func fileOf(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileOfSubjectsIsReadByItsHeads(t *testing.T) {
	want := []gate.Watch{{Subject: "许可-1", Scenario: "建筑业资质", Number: "320000198001010018", Name: "张三"}, {Subject: "许可-2", Scenario: "建筑业资质", Number: "x", Name: "李四，等"}}
	first, second := []string{"许可-1", "320000198001010018", "张三"}, []string{"许可-2", "x", "李四，等"}
	for why, tt := range map[string]struct {
		name, content string
		rows          []int
	}{
		"commas":                  {"a.csv", "许可编号,证件号码,姓名\n许可-1,320000198001010018,张三\n许可-2,x,\"李四，等\"\n", []int{2, 3}},
		"another order, kinds":    {"a.csv", "姓名;种类;编号;证件号码\r\n张三;建筑业资质;许可-1;320000198001010018\r\n李四，等;建筑业资质;许可-2;x\r\n", []int{2, 3}},
		"tabs and a mark":         {"a.tsv", "\ufeff编号\t号码\t名称\n许可-1\t320000198001010018\t张三\n\t\t\n许可-2\tx\t李四，等", []int{2, 4}},
		"GB 18030":                {"a.txt", encodedAs(t, simplifiedchinese.GB18030.NewEncoder(), "编号,身份证号码,姓名\n许可-1,'320000198001010018,张三\n许可-2, x ,\"李四，等\"\n"), []int{2, 3}},
		"UTF-16":                  {"a.csv", encodedAs(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), "编号\t身份证号码\t姓名\r\n许可-1\t320000198001010018\t张三\r\n许可-2\tx\t李四，等\r\n"), []int{2, 3}},
		"a title, a wrapped cell": {"a.csv", "持证人名单\n\nid,number,name,备注\n许可-1,320000198001010018,张三,\"a\nb\"\n许可-2,x,李四，等\n", []int{4, 6}},
		"a workbook":              {"a.xlsx", string(subjectsAs(t, ".xlsx", first, nil, second)), []int{4, 6}},
		"Parquet":                 {"a.parquet", string(subjectsAs(t, ".parquet", first, []string{"", "", ""}, second)), []int{1, 3}},
		"NDJSON":                  {"a.ndjson", "{\"reference\":\"许可-1\",\"number\":\"320000198001010018\",\"name\":\"张三\",\"outcome\":\"kept\"}\n\n{\"reference\":\"许可-2\",\"number\":\"x\",\"name\":\"李四，等\"}\n", []int{1, 3}},
	} {
		got, rows, err := watchFile{scenario: "建筑业资质"}.read(fileOf(t, tt.name, []byte(tt.content)))
		if err != nil || !slices.Equal(got, want) || !slices.Equal(rows, tt.rows) {
			t.Errorf("%s: %+v, rows %v, want %v; %v", why, got, rows, tt.rows, err)
		}
	}
}

func TestAFileOfSubjectsThatCannotBeReadSaysWhere(t *testing.T) {
	for why, tt := range map[string]struct {
		content, code string
		row           int
	}{
		"empty":             {"", "BATCH_EMPTY", 0},
		"no reference":      {"证件号码,姓名\n1,2\n", "BATCH_COLUMN_MISSING", 0},
		"no number":         {"编号,姓名\n1,2\n", "BATCH_COLUMN_MISSING", 0},
		"no kind":           {"编号,证件号码\n1,2\n", "BATCH_COLUMN_MISSING", 0},
		"two numbers":       {"编号,身份证号,统一社会信用代码,种类\n1,2,3,4\n", "BATCH_COLUMN_TWICE", 0},
		"a torn quote":      {"编号,证件号码,种类\n1,\"2,3\n", "BATCH_QUOTE_OPEN", 0},
		"no text":           {"\xff\xff\xff\xff", "BATCH_ENCODING", 0},
		"UTF-16 by a slip":  {"\xff\xfe\x16\x7f", "BATCH_COLUMN_MISSING", 0},
		"a spreadsheet":     {"PK\x03\x04\xff\xfe", "BATCH_FORM", 0},
		"heads of nobody's": {"a,b,c\n1,2,3\n", "BATCH_COLUMN_MISSING", 0},
		"a row too wide":    {"编号,证件号码,种类\n1,2,3\n1,2,3,4\n", "WATCH_FILE", 3},
		"bytes of nothing":  {"\ufeff编号,证件号码,种类\n\n1,2,3\xff\n", "WATCH_FILE", 3},
	} {
		_, _, err := watchFile{}.read(fileOf(t, "a.csv", []byte(tt.content)))
		var e *gongxin.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Place.File != "a.csv" && tt.code != "BATCH_FORM" || tt.row > 0 && e.Place.Row != tt.row {
			t.Errorf("%s: %v, want %s in row %d", why, err, tt.code, tt.row)
		}
	}
	path := fileOf(t, "a.csv", []byte("编号,身份证号,统一社会信用代码,种类,品种\n1,2,3,4,5\n"))
	got, _, err := watchFile{number: "身份证号", kind: "5"}.read(path)
	if err != nil || len(got) != 1 || got[0] != (gate.Watch{Subject: "1", Number: "2", Scenario: "5"}) {
		t.Errorf("columns by flag: %+v, %v", got, err)
	}
}

func FuzzAFileOfSubjects(f *testing.F) {
	f.Add(uint8(0), []byte("编号,证件号码,种类\n1,2,3\n"))
	f.Add(uint8(0), []byte("编号;证件号码;种类;姓名\n1;2;3;\"a\nb\"\n;;;\n"))
	f.Add(uint8(0), []byte("\xb1\xe0\xba\xc5,number\n1,2"))
	f.Add(uint8(1), []byte("{\"id\":\"' 1\",\"number\":2}\n{}"))
	f.Add(uint8(2), subjectsAs(f, ".xlsx", []string{"1", "2", "3"}))
	f.Add(uint8(3), subjectsAs(f, ".parquet", []string{"1", "2", "3"}))
	forms := []string{"a.csv", "a.ndjson", "a.xlsx", "a.parquet"}
	f.Fuzz(func(t *testing.T, form uint8, b []byte) {
		subjects, rows, err := watchFile{scenario: "x"}.read(fileOf(t, forms[form%4], b))
		if code := gongxin.CodeOf(err); err != nil && code != "WATCH_FILE" && !strings.HasPrefix(code, "BATCH_") {
			t.Fatalf("%v", err)
		}
		if len(subjects) != len(rows) {
			t.Fatalf("%d subjects, %d rows", len(subjects), len(rows))
		}
		for i, s := range subjects {
			if s == (gate.Watch{}) || s.Scenario == "" || !utf8.ValidString(s.Name) || strings.TrimSpace(s.Subject) != s.Subject || i > 0 && rows[i] <= rows[i-1] {
				t.Fatalf("%+v in row %d", s, rows[i])
			}
		}
	})
}

package intake

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// sampleRows reads a sample as rows of text, the header first.
func sampleRows(t testing.TB, name string) [][]string {
	t.Helper()
	var in io.Reader = bytes.NewReader(sample(t, name))
	if strings.Contains(name, "gb18030") {
		in = simplifiedchinese.GB18030.NewDecoder().Reader(in)
	}
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func asCSV(rows [][]string, delim rune, end string) []byte {
	var b []byte
	for _, r := range rows {
		for i, c := range r {
			if i > 0 {
				b = append(b, string(delim)...)
			}
			b = appendCell(b, c, delim)
		}
		b = append(b, end...)
	}
	return b
}

// asXLSX writes rows as a workbook; typed makes days, numbers and shared strings
// of the cells that look like them.
func asXLSX(t testing.TB, rows [][]string, typed bool) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	day, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	chinese := `yyyy"年"m"月"d"日";@`
	day2, err := book.NewStyle(&excelize.Style{CustomNumFmt: &chinese})
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range rows {
		for j, c := range r {
			if c == "" {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(j+1, i+1)
			check(err)
			d, err := time.Parse(time.DateOnly, c)
			n, nerr := strconv.Atoi(c)
			switch {
			case typed && err == nil:
				check(book.SetCellValue("Sheet1", cell, d.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()/24))
				check(book.SetCellStyle("Sheet1", cell, cell, []int{day, day2}[i%2]))
			case typed && nerr == nil && len(c) < 4:
				check(book.SetCellInt("Sheet1", cell, int64(n)))
			default:
				check(book.SetCellStr("Sheet1", cell, c))
			}
		}
	}
	var b bytes.Buffer
	check(book.Write(&b))
	return b.Bytes()
}

func shuffled(rows [][]string, seed uint64) [][]string {
	order := rand.New(rand.NewPCG(seed, 1)).Perm(len(rows[0]))
	out := make([][]string, len(rows))
	for i, r := range rows {
		out[i] = make([]string, len(r))
		for j, from := range order {
			out[i][j] = r[from]
		}
	}
	return out
}

func withTitle(rows [][]string) [][]string {
	title := make([]string, len(rows[0]))
	title[0] = "苏州市失信被执行人名单（2017年）"
	return append([][]string{title, make([]string, len(title)), {"报送单位：苏州市中级人民法院"}}, rows...)
}

func withBlanks(rows [][]string) [][]string {
	var out [][]string
	for i, r := range rows {
		if i%7 == 3 {
			out = append(out, []string{""}, make([]string, len(r)), []string{" ", "\u3000", "\u200b"})
		}
		out = append(out, r)
	}
	return out
}

func withSurplus(rows [][]string) [][]string {
	var out [][]string
	for _, r := range rows {
		out = append(out, append(slices.Clone(r), "", " "))
	}
	return out
}

func withExtra(rows [][]string) [][]string {
	var out [][]string
	for i, r := range rows {
		extra := fmt.Sprint(i)
		if i == 0 {
			extra = "序号"
		}
		out = append(out, append([]string{extra}, r...))
	}
	return out
}

// renamed replaces headings by other common ones, decorated as in real files.
func renamed(rows [][]string) [][]string {
	to := map[string]string{"姓名": "被执行人 姓名", "身份证号码": "公民身份号码*", "执行法院": "执行法院（全称）", "发布时间": "发布日期\n(年月日)", "立案时间": "立案日期：",
		"案号": "\ufeff1.案号", "失信严重程度": "失信程度", "失信信息有效期": "有效期至", "未履行部分": "未履行部分（元）", "撤销时间": "【撤销日期】"}
	out := slices.Clone(rows)
	out[0] = slices.Clone(rows[0])
	for i, h := range out[0] {
		if n, ok := to[h]; ok {
			out[0][i] = n
		}
	}
	return out
}

func withBOM(e encoding, text []byte) []byte { return append([]byte(e.bom()), e.encode(text)...) }

func asJSON(t testing.TB, rows [][]string, lines bool) []byte {
	t.Helper()
	var objects []map[string]string
	for _, r := range rows[1:] {
		o := map[string]string{}
		for i, c := range r {
			o[rows[0][i]] = c
		}
		objects = append(objects, o)
	}
	if !lines {
		b, err := json.MarshalIndent(objects, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var b bytes.Buffer
	for _, o := range objects {
		if err := json.NewEncoder(&b).Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// writings are the ways in which one table is brought to paper; the results must
// be the same for all of them.
func writings(t testing.TB, rows [][]string) map[string][]byte {
	crlf := asCSV(rows, ',', "\r\n")
	return map[string][]byte{
		"UTF-8":                     crlf,
		"UTF-8 with BOM":            withBOM(utf8Encoding, crlf),
		"UTF-8 with two BOMs":       append([]byte("\xEF\xBB\xBF"), withBOM(utf8Encoding, crlf)...),
		"UTF-16LE with BOM":         withBOM(utf16LE, crlf),
		"UTF-16BE with BOM":         withBOM(utf16BE, crlf),
		"UTF-16LE without BOM":      utf16LE.encode(crlf),
		"UTF-16BE without BOM":      utf16BE.encode(crlf),
		"UTF-32LE":                  withBOM(utf32LE, crlf),
		"UTF-32BE":                  withBOM(utf32BE, crlf),
		"GB18030":                   gb18030.encode(crlf),
		"GB18030 with its mark":     append([]byte("\x84\x31\x95\x33"), gb18030.encode(crlf)...),
		"LF":                        asCSV(rows, ',', "\n"),
		"CR":                        asCSV(rows, ',', "\r"),
		"tabs, UTF-16 as Excel has": withBOM(utf16LE, asCSV(rows, '\t', "\r\n")),
		"semicolons":                asCSV(rows, ';', "\r\n"),
		"sep line":                  append([]byte("sep=;\r\n"), asCSV(rows, ';', "\r\n")...),
		"bars, GB18030":             gb18030.encode(asCSV(rows, '|', "\n")),
		"full-width commas":         asCSV(rows, '，', "\n"),
		"other columns order":       asCSV(shuffled(rows, 3), ',', "\r\n"),
		"title above":               asCSV(withTitle(rows), ',', "\r\n"),
		"blank lines":               asCSV(withBlanks(rows), ',', "\r\n"),
		"empty cells behind":        asCSV(withSurplus(rows), ',', "\r\n"),
		"an unknown column":         asCSV(withExtra(rows), ',', "\r\n"),
		"other headings":            asCSV(renamed(rows), ',', "\r\n"),
		"no line end at the end":    bytes.TrimSuffix(crlf, []byte("\r\n")),
		"XLSX text.xlsx":            asXLSX(t, rows, false),
		"XLSX title.xlsx":           asXLSX(t, withTitle(shuffled(rows, 5)), false),
		"XLSX blank.xlsx":           asXLSX(t, withBlanks(withExtra(renamed(rows))), false),
	}
}

func TestResultsDoNotDependOnHowTheFileIsWritten(t *testing.T) {
	want := expectation(t, "dirty-persons.expected.json")
	rows := sampleRows(t, "dirty-persons-gb18030.csv")
	for name, b := range writings(t, rows) {
		t.Run(name, func(t *testing.T) { compare(t, records(t, name, b, NewSeen()), want) })
	}
	for name, lines := range map[string]bool{"JSON array": false, "JSON lines": true} {
		t.Run(name, func(t *testing.T) {
			f, err := JSONRows(bytes.NewReader(asJSON(t, rows, lines)), Options{Today: today, Seen: NewSeen()})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, drain(t, f), want)
		})
	}
}

func TestTypedCellsAreReadAsWhatTheyShow(t *testing.T) {
	rows := sampleRows(t, "clean-persons.csv")
	for _, r := range records(t, "typed.xlsx", asXLSX(t, rows, true), NewSeen()) {
		if r.Outcome != Accept {
			t.Errorf("record %d: %s %s %v: %s", r.Row, r.Outcome, r.Reason, r.Normalisations, r.Message.EN)
		}
	}
	want := expectation(t, "dirty-persons.expected.json")
	compare(t, records(t, "typed.xlsx", asXLSX(t, sampleRows(t, "dirty-persons-gb18030.csv"), true), NewSeen()), want)
}

func TestWholeSampleAgreesBetweenCSVAndWorkbook(t *testing.T) {
	rows := sampleRows(t, "clean-persons.csv")
	a := records(t, "a.csv", asCSV(rows, ',', "\n"), nil)
	b := records(t, "b.xlsx", asXLSX(t, rows, true), nil)
	for i := range a {
		if a[i].Digest != b[i].Digest || a[i].Digest == [32]byte{} {
			t.Fatalf("record %d: the digests differ or are missing", i+1)
		}
	}
}

// workbookOf packs parts into a ZIP archive.
func workbookOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

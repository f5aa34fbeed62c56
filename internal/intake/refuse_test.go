package intake

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"gongxin"
)

// verdict opens a file and returns the code of its refusal, "" if it was opened.
func verdict(t testing.TB, name string, b []byte) (string, *gongxin.Error) {
	t.Helper()
	_, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: name, Today: today})
	var e *gongxin.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%s: %v", name, err)
	}
	return gongxin.CodeOf(err), e
}

func lines(rows ...string) []byte { return []byte(strings.Join(rows, "\r\n") + "\r\n") }

func TestFilesThatCannotBeTrustedAreRefusedWhole(t *testing.T) {
	rows := sampleRows(t, "clean-persons.csv")[:20]
	text := asCSV(rows, ',', "\r\n")
	header := strings.Join(rows[0], ",")
	good := strings.TrimSpace(string(asCSV(rows[1:2], ',', "")))
	drop := func(heading string) []byte {
		var out [][]string
		at := 0
		for i, h := range rows[0] {
			if h == heading {
				at = i
			}
		}
		for _, r := range rows {
			out = append(out, append(append([]string(nil), r[:at]...), r[at+1:]...))
		}
		return asCSV(out, ',', "\r\n")
	}
	gbk := gb18030.encode(text)
	book := asXLSX(t, rows, false)
	quoteAt := strings.Replace(string(text), rows[3][8], `"`+rows[3][8], 1)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty.csv", nil, "FILE_EMPTY"},
		{"empty.xlsx", nil, "FILE_EMPTY"},
		{"blank.csv", []byte(" \r\n\r\n  \r\n"), "HEADER_MISSING"},
		{"bom.csv", []byte("\xEF\xBB\xBF"), "HEADER_MISSING"},
		{"no header.csv", lines(good, good), "HEADER_MISSING"},
		{"prose.txt", []byte("今天天气很好，案号不详。\n"), "HEADER_MISSING"},
		{"html.csv", []byte("<html><table><tr><td>案号</td></tr></table></html>"), "HEADER_MISSING"},
		{"header alone.csv", lines(header), "NO_RECORDS"},
		{"header and blanks.csv", lines(header, "", strings.Repeat(",", 17)), "NO_RECORDS"},
		{"header alone.xlsx", asXLSX(t, rows[:1], false), "NO_RECORDS"},
		{"applicants.csv", lines("姓名或名称,证件号码", "甲,乙"), "HEADER_MISSING"},
		{"lacks the number.csv", drop("身份证号码"), "COLUMN_MISSING:身份证号码"},
		{"lacks the severity.csv", drop("失信严重程度"), "COLUMN_MISSING:失信严重程度"},
		{"lacks the ground.csv", lines("案号,证件号码,撤销时间", "（2016）苏05执4692号,310000198806079715,2017-03-23"), "COLUMN_MISSING:撤销原因"},
		{"twice.csv", lines(header+",姓名", good+",某"), "COLUMN_TWICE"},
		{"twice by another name.csv", lines(header+",公民身份号码", good+",某"), "COLUMN_TWICE"},
		{"cut inside a character.csv", text[:bytes.LastIndex(text, []byte("元"))+1], "ENCODING_INVALID"},
		{"cut inside a character, GBK.csv", gbk[:bytes.LastIndex(gbk, gb18030.encode([]byte("元")))+1], "ENCODING_INVALID"},
		{"mixed, GBK in UTF-8.csv", append(append([]byte(nil), text...), gbk[len(gbk)/2:]...), "ENCODING_INVALID"},
		{"mixed, UTF-8 in GBK.csv", append(append([]byte(nil), gbk...), text[len(text)/2:]...), "ENCODING_INVALID"},
		{"BOM and GBK.csv", append([]byte("\xEF\xBB\xBF"), gbk...), "ENCODING_INVALID"},
		{"odd UTF-16.csv", withBOM(utf16LE, text)[:1001], "ENCODING_INVALID"},
		{"half a pair.csv", append(withBOM(utf16LE, text), 0x00, 0xD8, 0x41, 0x00), "ENCODING_INVALID"},
		{"latin-1.csv", append(append([]byte(nil), text...), "caf\xe9 \xff\xfe"...), "ENCODING_INVALID"},
		{"zero bytes.csv", append(append([]byte(nil), text...), 0, 0, 0), "NOT_TEXT"},
		{"picture.csv", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "NOT_TEXT"},
		{"open quote.csv", []byte(quoteAt), "QUOTE_OPEN"},
		{"open quote, GBK.csv", gb18030.encode([]byte(quoteAt)), "QUOTE_OPEN"},
		{"quote that swallows rows.csv", []byte(quoteAt + `"x` + "\r\n"), "QUOTE_OPEN"},
		{"quotes that swallow whole rows.csv", []byte(strings.Replace(quoteAt, rows[9][8], rows[9][8]+`"`, 1)), "QUOTE_OPEN"},
		{"text.xlsx", text, "NOT_A_WORKBOOK"},
		{"random.xlsx", []byte("PK\x03\x04 and so on"), "NOT_A_WORKBOOK"},
		{"cut off.xlsx", book[:len(book)-200], "NOT_A_WORKBOOK"},
		{"cut in the middle.xlsx", book[:len(book)/2], "NOT_A_WORKBOOK"},
		{"word.xlsx", workbookOf(t, map[string]string{"word/document.xml": "<document/>"}), "NOT_A_WORKBOOK"},
		{"no archive entries.xlsx", workbookOf(t, nil), "NOT_A_WORKBOOK"},
		{"old.xls", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600)), "WORKBOOK_OLD"},
		{"named otherwise.csv", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600)), "WORKBOOK_OLD"},
		{"password.xlsx", encrypted(t, book), "WORKBOOK_ENCRYPTED"},
		{"no sheet has a header.xlsx", asXLSX(t, rows[1:], false), "HEADER_MISSING"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, e := verdict(t, tt.name, tt.data)
			if e != nil {
				code = reason(e)
			}
			if code != tt.want {
				t.Fatalf("got %q (%v), want %q", code, e, tt.want)
			}
			var said struct {
				Outcome, Reason string
				Message         gongxin.Text
				File            string
			}
			if err := json.Unmarshal(Refusal(e), &said); err != nil {
				t.Fatal(err)
			}
			if said.Outcome != "file-refused" || said.Reason != tt.want || said.Message.ZH == "" || said.Message.EN == e.Code || said.File != tt.name {
				t.Errorf("said %s", Refusal(e))
			}
			if strings.Contains(said.Message.ZH+said.Message.EN, "%!") {
				t.Errorf("a text lacks its arguments: %v", said.Message)
			}
		})
	}
}

// encrypted protects a workbook by a password.
func encrypted(t testing.TB, book []byte) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnOpenQuoteIsNamedByItsLine(t *testing.T) {
	rows := sampleRows(t, "clean-persons.csv")[:20]
	text := strings.Replace(string(asCSV(rows, ',', "\r\n")), rows[3][8], `"`+rows[3][8], 1)
	if _, e := verdict(t, "a.csv", []byte(text)); e.Place.Row != 4 {
		t.Errorf("line %d, want 4", e.Place.Row)
	}
}

func TestTheFirstInvalidByteIsNamed(t *testing.T) {
	text := asCSV(sampleRows(t, "clean-persons.csv")[:5], ',', "\r\n")
	at := bytes.LastIndex(text, []byte("元"))
	bad := bytes.Clone(text)
	bad[at+1] = 0xFF
	_, e := verdict(t, "a.csv", bad)
	if e == nil || e.Code != "ENCODING_INVALID" || e.Args[1] != int64(at+1) {
		t.Errorf("got %v, want byte %d", e, at+1)
	}
}

const (
	relsOf = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
)

// sheetXML makes the smallest workbook around the XML of a sheet's data.
func sheetXML(data string) map[string]string {
	return map[string]string{
		"_rels/.rels":                strings.Replace(relsOf, "%s", `<Relationship Id="r1" Type="`+office+`/officeDocument" Target="/xl/workbook.xml"/>`, 1),
		"xl/workbook.xml":            `<workbook xmlns:r="` + office + `"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": strings.Replace(relsOf, "%s", `<Relationship Id="r1" Type="`+office+`/worksheet" Target="worksheets/sheet1.xml"/>`, 1),
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + data + `</sheetData></worksheet>`,
	}
}

func rowXML(cells ...string) string {
	var b strings.Builder
	b.WriteString("<row>")
	for _, c := range cells {
		if strings.HasPrefix(c, "<") {
			b.WriteString(c)
			continue
		}
		b.WriteString(`<c t="inlineStr"><is><t>` + c + `</t></is></c>`)
	}
	return b.String() + "</row>"
}

func TestBombsAreRefusedBeforeTheyGoOff(t *testing.T) {
	withdrawal := rowXML("案号", "证件号码", "撤销时间", "撤销原因")
	space := strings.Repeat(" ", 16<<20)
	entries := map[string]string{}
	for i := range maxEntries + 1 {
		entries["x/"+strings.Repeat("a", i%7)+string(rune('a'+i%26))+itoa(i)] = ""
	}
	lying := workbookOf(t, sheetXML(withdrawal+space))
	for i := 0; i+4 < len(lying); i++ { // the declared size is a lie, the contents are not
		if string(lying[i:i+4]) == "PK\x01\x02" && bytes.HasPrefix(lying[i+46:], []byte("xl/worksheets/sheet1.xml")) {
			copy(lying[i+24:], []byte{0, 1, 0, 0})
		}
	}
	for name, b := range map[string][]byte{
		"a sheet of blanks":     workbookOf(t, sheetXML(withdrawal+space)),
		"blanks inside a cell":  workbookOf(t, sheetXML(withdrawal+rowXML(space))),
		"a part nobody reads":   workbookOf(t, merge(sheetXML(withdrawal+withdrawal), map[string]string{"xl/media/a.bin": space})),
		"too many parts":        workbookOf(t, entries),
		"no workbook at all":    workbookOf(t, map[string]string{"a": space}),
		"strings":               workbookOf(t, merge(sheetXML(withdrawal), map[string]string{"xl/sharedStrings.xml": "<sst>" + strings.Repeat("<si><t/></si>", 1<<20) + "</sst>"})),
		"a size that is not so": lying,
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		code, e := verdict(t, name+".xlsx", b)
		runtime.ReadMemStats(&after)
		if code != "ZIP_BOMB" && !(name == "a size that is not so" && code == "NOT_A_WORKBOOK") {
			t.Errorf("%s: got %q (%v), want ZIP_BOMB", name, code, e)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
			t.Errorf("%s: %d MiB were allocated", name, grown>>20)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func merge(a, b map[string]string) map[string]string {
	for k, v := range b {
		a[k] = v
	}
	return a
}

func TestADirectoryOfManyEntriesIsNotRead(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 60000 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: strings.Repeat("n", 60) + itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if code, e := verdict(t, "many.xlsx", b.Bytes()); code != "ZIP_BOMB" {
		t.Errorf("got %q (%v)", code, e)
	}
}

func TestMalformedXMLIsNoWorkbook(t *testing.T) {
	head := rowXML("案号", "证件号码", "撤销时间", "撤销原因")
	for name, data := range map[string]string{
		"unclosed":         head + "<row><c>",
		"reference":        head + rowXML("&nothing;"),
		"bare ampersand":   head + rowXML("a & b"),
		"invalid UTF-8":    head + rowXML("\xff\xfe"),
		"no such string":   head + `<row><c t="s"><v>7</v></c></row>`,
		"attribute":        head + `<row r=1></row>`,
		"endless tag":      head + `<row r="` + strings.Repeat("1", 100<<10) + `"></row>`,
		"too deep":         head + strings.Repeat("<a>", 1000),
		"late, in row 100": head + strings.Repeat(rowXML("a", "b", "c", "d"), 98) + "<row><c></row>",
	} {
		if code, e := verdict(t, name+".xlsx", workbookOf(t, sheetXML(data))); code != "NOT_A_WORKBOOK" {
			t.Errorf("%s: got %q (%v)", name, code, e)
		}
	}
	parts := sheetXML(head + head)
	parts["xl/worksheets/sheet1.xml"] = `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + parts["xl/worksheets/sheet1.xml"]
	if code, _ := verdict(t, "entities.xlsx", workbookOf(t, parts)); code != "NOT_A_WORKBOOK" {
		t.Errorf("a document type: got %q", code)
	}
}

func TestJSONThatCannotBeTrustedIsRefused(t *testing.T) {
	row := string(asJSON(t, sampleRows(t, "clean-persons.csv")[:2], true))
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":             {"", "FILE_EMPTY"},
		"no rows":             {"[]", "NO_RECORDS"},
		"no JSON":             {"案号", "JSON_INVALID"},
		"cut off":             {"[" + row + ",", "JSON_INVALID"},
		"cut in a row":        {row[:len(row)/2], "JSON_INVALID"},
		"not objects":         {"[1,2]", "JSON_INVALID"},
		"behind the array":    {"[" + row + "] x", "JSON_INVALID"},
		"late":                {row + row + "}", "JSON_INVALID"},
		"other keys":          {`{"a":1,"b":2}`, "HEADER_MISSING"},
		"a key is missing":    {strings.Replace(row, `"失信严重程度"`, `"其他"`, 1), "COLUMN_MISSING:失信严重程度"},
		"invalid bytes":       {"[" + row + "\xff]", "ENCODING_INVALID"},
		"an object too large": {`{"案号":"` + strings.Repeat("x", maxObject+1<<20) + `"}`, "JSON_INVALID"},
	} {
		_, err := JSONRows(strings.NewReader(tt.text), Options{Name: name, Today: today})
		var e *gongxin.Error
		if !errors.As(err, &e) || reason(e) != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

package intake

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// withdrawalSheet is a worksheet with the header of withdrawals and rows of cells,
// each text or XML.
func withdrawalSheet(rows ...[]string) string {
	var b strings.Builder
	b.WriteString(rowXML("案号", "证件号码", "撤销时间", "撤销原因"))
	for _, r := range rows {
		b.WriteString(rowXML(r...))
	}
	return b.String()
}

// styled adds the formats 0 general, 1 built-in day, 2 Chinese day, 3 a number, 4 a time.
func styled(parts map[string]string) map[string]string {
	parts["xl/styles.xml"] = `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>` +
		`<numFmt numFmtId="171" formatCode="0.00&quot;day&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="21"/></cellXfs></styleSheet>`
	parts["xl/_rels/workbook.xml.rels"] = strings.Replace(parts["xl/_rels/workbook.xml.rels"], "</Relationships>",
		`<Relationship Id="r2" Type="`+office+`/styles" Target="styles.xml"/><Relationship Id="r3" Type="`+office+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`, 1)
	parts["xl/sharedStrings.xml"] = `<sst><si><t>全部履行完毕</t></si><si><r><t>全部</t></r><r><rPr><b/></rPr><t>履行完毕</t></r></si><si><t>提供有效执行担保</t><rPh sb="0" eb="1"><t>ti</t></rPh></si></sst>`
	return parts
}

func TestCellsOfWorkbooksAreReadByTheirType(t *testing.T) {
	const (
		number = "110000195703251411"
		day    = "2017-05-01"
		ground = "全部履行完毕"
	)
	row := func(number, day, ground string) []string {
		return []string{"（2016）苏0509执8634号", number, day, ground}
	}
	for _, tt := range []struct {
		name  string
		cells []string
		want  string // reason, or normalisations
	}{
		{"texts", row(number, day, ground), ""},
		{"a day", row(number, `<c s="1"><v>42856</v></c>`, ground), ""},
		{"a day in Chinese", row(number, `<c s="2"><v>42856</v></c>`, ground), ""},
		{"a day with a time", row(number, `<c s="1"><v>42856.75</v></c>`, ground), "DATE_FORMAT"},
		{"a serial without format", row(number, `<c><v>42856</v></c>`, ground), "DATE_FORMAT"},
		{"a serial in another format", row(number, `<c s="3"><v>42856</v></c>`, ground), "DATE_FORMAT"},
		{"eight digits", row(number, `<c><v>20170501</v></c>`, ground), "DATE_FORMAT"},
		{"a day of ISO 8601", row(number, `<c t="d"><v>2017-05-01T00:00:00</v></c>`, ground), ""},
		{"an impossible day", row(number, `<c s="1"><v>-5</v></c>`, ground), "DATE_INVALID"},
		{"a shared text", row(number, day, `<c t="s"><v>0</v></c>`), ""},
		{"rich text", row(number, day, `<c t="s"><v>1</v></c>`), ""},
		{"text with its reading", row(number, day, `<c t="s"><v>2</v></c>`), ""},
		{"rich text inside", row(number, day, `<c t="inlineStr"><is><r><t>全部</t></r><r><t>履行完毕</t></r></is></c>`), ""},
		{"a CDATA section", row(number, day, `<c t="inlineStr"><is><t><![CDATA[全部履行完毕]]></t></is></c>`), ""},
		{"an escaped line end", row(number, day, ground+"_x000D_"), "TRIM"},
		{"a control character", row(number, day, "全部_x0007_履行完毕"), "CONTROL_CHARACTER"},
		{"a number with 18 digits", row(`<c><v>110000195703251411</v></c>`, day, ground), "ID_AS_NUMBER"},
		{"a number with an exponent", row(`<c><v>1.10000195703251E+17</v></c>`, day, ground), "ID_AS_NUMBER"},
		{"a number with 15 digits", row(`<c><v>110000570325141</v></c>`, day, ground), "ID_15_TO_18"},
		{"a formula", row(number, `<c><f>TODAY()</f><v>42856</v></c>`, ground), "FORMULA_CELL"},
		{"a text formula", row(number, day, `<c t="str"><f>A1&amp;"x"</f><v>全部履行完毕</v></c>`), "FORMULA_CELL"},
		{"a shared formula", row(number, day, `<c t="str"><f t="shared" si="0"/><v>全部履行完毕</v></c>`), "FORMULA_CELL"},
		{"an error", row(number, `<c t="e"><v>#N/A</v></c>`, ground), "CELL_ERROR"},
		{"a truth value", row(number, `<c t="b"><v>1</v></c>`, ground), "DATE_INVALID"},
		{"an empty cell", row(number, `<c s="1"/>`, ground), "MISSING_FIELD:撤销时间"},
		{"no cell", []string{"（2016）苏0509执8634号", number, `<c r="D2" t="inlineStr"><is><t>全部履行完毕</t></is></c>`}, "MISSING_FIELD:撤销时间"},
		{"a cell behind the header", append(row(number, day, ground), "x"), "ROW_RAGGED"},
		{"a long cell", row(number, day, strings.Repeat("长", defaultMaxCell/3+1)), "CELL_TOO_LONG"},
		{"a text of digits in a number cell", row(number, `<c t="n"><v>x</v></c>`, ground), "DATE_INVALID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := records(t, "a.xlsx", workbookOf(t, styled(sheetXML(withdrawalSheet(tt.cells)))), nil)
			if len(got) != 1 {
				t.Fatalf("%d records", len(got))
			}
			if r := got[0]; r.Reason+strings.Join(r.Normalisations, " ") != tt.want {
				t.Errorf("got %s %q %v (%s), want %q", r.Outcome, r.Reason, r.Normalisations, r.Message.EN, tt.want)
			} else if r.Outcome != Reject && r.Withdrawal.On.String() != day {
				t.Errorf("on %s, want %s", r.Withdrawal.On, day)
			}
		})
	}
}

func TestTheDateSystemOf1904IsMinded(t *testing.T) {
	parts := styled(sheetXML(withdrawalSheet(
		[]string{"（2016）苏0509执8634号", "110000195703251411", `<c s="1"><v>41394</v></c>`, "全部履行完毕"},
		[]string{"（2016）苏0509执8635号", "110000195703251411", `<c><v>41394</v></c>`, "全部履行完毕"},
		[]string{"（2016）苏0509执8636号", "110000195703251411", "42856", "全部履行完毕"})))
	parts["xl/workbook.xml"] = strings.Replace(parts["xl/workbook.xml"], "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)
	for _, r := range records(t, "a.xlsx", workbookOf(t, parts), nil) {
		if r.Outcome == Reject || r.Withdrawal.On.String() != "2017-05-01" {
			t.Errorf("record %d: %s %s", r.Row, r.Reason, r.Message.EN)
		}
	}
}

func TestAFormulaCellIsNamed(t *testing.T) {
	sheet := strings.ReplaceAll(withdrawalSheet([]string{"a", "b", "c", `<c r="D7"><f>B7</f></c>`}), "<row><c t=\"inlineStr\"><is><t>a", "<row r=\"7\"><c t=\"inlineStr\"><is><t>a")
	r := records(t, "a.xlsx", workbookOf(t, sheetXML(sheet)), nil)[0]
	if r.Reason != "FORMULA_CELL" || r.Field != "撤销原因" || !strings.Contains(r.Message.ZH, "D7（撤销原因）") || r.Line != 7 {
		t.Errorf("got %s in %s, line %d: %s", r.Reason, r.Field, r.Line, r.Message.ZH)
	}
}

func TestAFormulaInAnUnknownColumnHurtsNobody(t *testing.T) {
	sheet := rowXML("序号", "案号", "证件号码", "撤销时间", "撤销原因") +
		rowXML(`<c><f>ROW()-1</f><v>1</v></c>`, "（2016）苏0509执8634号", "110000195703251411", "2017-05-01", "全部履行完毕")
	if r := records(t, "a.xlsx", workbookOf(t, sheetXML(sheet)), nil)[0]; r.Outcome != Accept {
		t.Errorf("got %s %s", r.Outcome, r.Message.EN)
	}
}

func TestTheFirstVisibleSheetWithAHeaderIsRead(t *testing.T) {
	book := excelize.NewFile()
	defer book.Close()
	rows := sampleRows(t, "clean-persons.csv")[:4]
	fill := func(sheet string, rows [][]string) {
		if _, err := book.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if err := book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill("Sheet1", [][]string{{"填报说明"}, {"请按要求填写"}})
	fill("隐藏", rows)
	fill("名单", rows[:3])
	fill("其他", rows)
	if err := book.SetSheetVisible("隐藏", false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), Options{Name: "a.xlsx", Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Notes(); len(n) != 1 || !strings.Contains(n[0].ZH, "Sheet1、隐藏、其他") {
		t.Errorf("notes %v", n)
	}
	if got := drain(t, f); len(got) != 2 {
		t.Errorf("%d records, want 2", len(got))
	}
}

func TestManySharedTextsAreKeptOutOfMemory(t *testing.T) {
	s := &sharedStrings{}
	const n = 100_000
	text := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("文", i%200)) }
	for i := range n {
		if err := s.add([]byte(text(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if s.file == nil || len(s.memory) == n || s.n != n {
		t.Fatalf("%d texts in memory, file %v", len(s.memory), s.file)
	}
	for _, i := range []int{0, 1, len(s.memory) - 1, len(s.memory), len(s.memory) + 1, n / 2, n - 1, n - 17, n/2 + 1} {
		if got, err := s.get(i); err != nil || got != text(i) {
			t.Errorf("text %d: got %.20q, %v", i, got, err)
		}
	}
	for i := 0; i < n; i += 7 {
		if got, err := s.get(i); err != nil || got != text(i) {
			t.Fatalf("text %d: got %.20q, %v", i, got, err)
		}
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestFormatsOfDaysAreKnown(t *testing.T) {
	for format, want := range map[string]bool{
		"yyyy-mm-dd": true, `yyyy"年"m"月"d"日"`: true, "[$-804]yyyy/m/d": true, "m/d/yy h:mm": true, `[DBNum1][$-804]yyyy"年"m"月"d"日"`: true, "e/m/d": true,
		"General": false, "0.00": false, `0"day"`: false, "h:mm:ss": false, "[h]:mm": false, `#,##0.00_);[Red]\(#,##0.00\)`: false, "0.00E+00": false, "@": false,
		`\d0`: false, "[Red]0": false, `"yyyy`: false, "[": false, `\`: false,
	} {
		if dateFormat(format) != want {
			t.Errorf("%q: got %v", format, !want)
		}
	}
}

func TestWorkbooksOfOtherProgramsAreRead(t *testing.T) {
	parts := sheetXML(withdrawalSheet([]string{"（2016）苏0509执8634号", "110000195703251411", "2017-05-01", "全部履行完毕"}))
	other := map[string]string{}
	for name, text := range parts { // prefixes, backslashes, other case, comments, UTF-16
		text = strings.NewReplacer("<c ", "<x:c ", "</c>", "</x:c>", "<row", "<!-- - -- <row> --><x:row", "</row>", "</x:row>").Replace(text)
		name = strings.ReplaceAll(name, "/", `\`)
		if strings.HasSuffix(name, "sheet1.xml") {
			name = strings.ToUpper(name)
			text = string(withBOM(utf16LE, []byte(text)))
		}
		other[name] = text
	}
	if got := records(t, "a.xlsx", workbookOf(t, other), nil); !slices.Equal(reasons(got), []string{""}) {
		t.Errorf("got %q", reasons(got))
	}
}

// FuzzXML: no input panics, and memory stays bounded.
func FuzzXML(f *testing.F) {
	for _, s := range []string{withdrawalSheet([]string{"a"}), "<a b='c'/>", "<a><!-- x --><![CDATA[y]]>&#x41;&amp;</a>", "<?xml?><a>\r\n</a>", "<a", "<a b=\">\">"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const limit = 50
		x := newXML(iotestReader(s), limit)
		for depth := 0; ; {
			token, err := x.next()
			if err != nil {
				if depth != 0 && err.Error() == "EOF" {
					t.Errorf("the end came at depth %d", depth)
				}
				return
			}
			switch token {
			case xmlStart:
				depth++
			case xmlEnd:
				depth--
			case xmlText:
				if len(x.text) > limit+2*slack {
					t.Errorf("a text of %d bytes was kept", len(x.text))
				}
			}
		}
	})
}

func TestHiddenRowsAreReadAndReported(t *testing.T) {
	sheet := strings.Replace(withdrawalSheet([]string{"（2016）苏0509执8634号", "110000195703251411", "2017-05-01", "全部履行完毕"},
		[]string{"（2016）苏0509执8635号", "110000195703251411", "2017-05-01", "全部履行完毕"}), "<row><c t=\"inlineStr\"><is><t>（", "<row hidden=\"1\"><c t=\"inlineStr\"><is><t>（", 1)
	b := workbookOf(t, sheetXML(sheet))
	f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: "a.xlsx", Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Notes(); len(n) != 1 || !strings.Contains(n[0].EN, "1 rows") {
		t.Errorf("notes %v", n)
	}
	if got := reasons(drain(t, f)); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("got %q", got)
	}
}

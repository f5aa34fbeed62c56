package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// reasons are the causes of rejection of all records, "" for those that were accepted.
func reasons(rs []Record) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.Reason)
	}
	return out
}

const wHead = "案号,证件号码,撤销时间,撤销原因"

func wRow(n string) string {
	return "（2016）苏0509执" + n + "号,110000195703251411,2017-05-01,全部履行完毕"
}

func TestRaggedRowsAreRejectedAndTheOthersStay(t *testing.T) {
	for _, tt := range []struct {
		name, row, want string
	}{
		{"a cell too few", "（2016）苏0509执2号,110000195703251411,2017-05-01", "ROW_RAGGED"},
		{"a cell too many", wRow("2") + ",x", "ROW_RAGGED"},
		{"empty cells too many", wRow("2") + ", ,,\u3000", ""},
		{"an unquoted delimiter", strings.Replace(wRow("2"), "全部", "全,部", 1), "ROW_RAGGED"},
		{"a quoted delimiter", `（2016）苏0509执2号,110000195703251411,2017-05-01,"全部履行完毕,"`, ""},
		{"text behind a quote", `（2016）苏0509执2号,110000195703251411,"2017-05-01"x,全部履行完毕`, "QUOTE_MISPLACED"},
		{"blanks behind a quote", `（2016）苏0509执2号,110000195703251411,"2017-05-01"  ,全部履行完毕`, ""},
		{"the header again", wHead, "HEADER_REPEATED"},
		{"one word", "合计", "ROW_RAGGED"},
		{"a sum in four cells", "合计,1,,", "MISSING_FIELD:撤销时间"},
	} {
		got := reasons(records(t, tt.name, lines(wHead, wRow("1"), tt.row, wRow("3")), nil))
		if !slices.Equal(got, []string{"", tt.want, ""}) {
			t.Errorf("%s: got %q, want %q in the middle", tt.name, got, tt.want)
		}
	}
}

func TestTrailingOptionalCellsMayBeAbsent(t *testing.T) {
	got := records(t, "a.csv", lines(wHead+",备注,经办", wRow("1"), wRow("2")+",x", wRow("3")+",x,y"), nil)
	if !slices.Equal(reasons(got), []string{"", "", ""}) || got[1].Extra["备注"] != "x" || len(got[0].Extra) != 0 || got[2].Extra["经办"] != "y" {
		t.Errorf("got %q, %v", reasons(got), got[1].Extra)
	}
}

func TestRowsAndLinesAreBothCounted(t *testing.T) {
	got := records(t, "a.csv", lines("标题", "", wHead, wRow("1"), "", `（2016）苏0509执2号,110000195703251411,2017-05-01,"全部履行`, `完毕"`, ",,,", wRow("3")), nil)
	if len(got) != 3 || got[0].Row != 1 || got[0].Line != 4 || got[1].Row != 2 || got[1].Line != 6 || got[2].Row != 3 || got[2].Line != 9 {
		for _, r := range got {
			t.Logf("row %d line %d %s", r.Row, r.Line, r.Reason)
		}
		t.Error("rows or lines are counted otherwise")
	}
}

func TestABareQuoteIsKeptAndNoted(t *testing.T) {
	got := records(t, "a.csv", fileBare(t), nil)
	if got[0].Outcome != Accept || got[0].Entry.Obligation != `交付"澄澜"牌设备2台` || !slices.Equal(got[0].Notes, []string{"QUOTE_BARE"}) {
		t.Errorf("got %s, %q, %v", got[0].Outcome, got[0].Entry.Obligation, got[0].Notes)
	}
}

func fileBare(t *testing.T) []byte {
	b := fileOf(person(change{"法律生效文书确定的义务": "交付X澄澜X牌设备2台"}))
	return bytes.ReplaceAll(b, []byte("X澄澜X"), []byte(`"澄澜"`))
}

func TestUnknownColumnsAreKeptAsideAndReported(t *testing.T) {
	b := lines("序号,"+wHead+",,备注", "1,"+wRow("1")+",无名,ok", "2,"+wRow("2")+",,")
	f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Unknown(), []string{"序号", "第6列", "备注"}) {
		t.Errorf("unknown columns %q", f.Unknown())
	}
	got := drain(t, f)
	if e := got[0].Extra; len(e) != 3 || e["序号"] != "1" || e["第6列"] != "无名" || e["备注"] != "ok" {
		t.Errorf("kept aside: %v", e)
	}
}

func TestACellOfTenMegabytesCostsNoMemory(t *testing.T) {
	long := strings.Repeat("长", 10<<20/3)
	for name, row := range map[string]string{
		"in a field":            strings.Replace(wRow("2"), "全部履行完毕", long, 1),
		"in quotes":             strings.Replace(wRow("2"), "全部履行完毕", `"`+long+`"`, 1),
		"without any delimiter": long,
		"in an unknown column":  wRow("2") + "," + long,
	} {
		b := lines(wHead+",备注", wRow("1"), row, wRow("3"))
		got := records(t, name, b, nil)
		if len(got) != 3 || got[0].Reason != "" || got[1].Outcome != Reject || got[2].Reason != "" {
			t.Errorf("%s: got %q", name, reasons(got))
			continue
		}
		if name != "without any delimiter" && got[1].Reason != "CELL_TOO_LONG" {
			t.Errorf("%s: got %s", name, got[1].Reason)
		}
		kept := 0
		for _, c := range got[1].Raw {
			kept += len(c)
			if !utf8.ValidString(c) {
				t.Errorf("%s: a cell was cut inside a character", name)
			}
		}
		if kept > defaultMaxCell+1000 {
			t.Errorf("%s: %d bytes were kept", name, kept)
		}
	}
}

func TestACellUpToTheLimitIsTaken(t *testing.T) {
	for n, want := range map[int]string{defaultMaxCell: "", defaultMaxCell + 1: "CELL_TOO_LONG"} {
		got := one(t, person(change{"法律生效文书确定的义务": strings.Repeat("a", n)}))
		if got.Reason != want {
			t.Errorf("%d bytes: got %q, want %q", n, got.Reason, want)
		}
	}
}

func TestEncodingsAreTold(t *testing.T) {
	text := lines(wHead, wRow("1"))
	for want, b := range map[string][]byte{"UTF-8": text, "GB18030": gb18030.encode(text), "UTF-16LE": withBOM(utf16LE, text), "UTF-16BE": utf16BE.encode(text)} {
		f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Today: today})
		if err != nil || f.Encoding() != want || f.Kind() != Withdrawals {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// FuzzCSV compares the reader with encoding/csv wherever that one reads the input.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\r\nc,d", "\"a\"\"b\",\"c\nd\"\n", "a\"b,c\n", "\"open", "\"a\"x,b", ",,\n\n,", "a\rb\r\nc", "，a，b", "\"a\" ,b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			return
		}
		const limit = 100
		in := newCSV(iotestReader(s), ',', limit)
		var got [][]string
		strange := false
		for {
			var ln line
			err := in.next(&ln)
			if err != nil {
				var open openQuote
				if err != io.EOF && !errors.As(err, &open) {
					t.Fatal(err)
				}
				strange = strange || err != io.EOF
				break
			}
			for _, c := range ln.cells {
				if len(c) > limit+1 || !utf8.ValidString(c) {
					t.Fatalf("cell %q", c)
				}
			}
			strange = strange || ln.long > 0 || ln.misplaced || ln.bare
			if len(ln.cells) > 1 || ln.cells[0] != "" {
				got = append(got, ln.cells)
			}
		}
		// what encoding/csv sees otherwise: a lone CR, a blank behind a quote, an empty quoted record
		if strange || strings.Contains(strings.ReplaceAll(s, "\r\n", ""), "\r") || strings.Contains(s, "\"\r") || strings.Contains(s, "\r\n") && strings.Contains(s, `"`) || strings.Contains(s, `""`) {
			return
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if err != nil {
			return
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	})
}

// iotestReader gives a text in pieces of a few bytes, so that every border is met.
func iotestReader(s string) io.Reader { return &pieces{s: s} }

type pieces struct {
	s string
	n int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.s == "" {
		return 0, io.EOF
	}
	p.n = p.n%3 + 1
	n := copy(b, p.s[:min(p.n, len(p.s))])
	p.s = p.s[n:]
	return n, nil
}

func TestAHeaderMayStandInTwoRows(t *testing.T) {
	got := records(t, "a.csv", lines("撤销清单,,,", "案号,被执行人,撤销,", ",证件号码,撤销时间,撤销原因", wRow("1"), "\x1a"), nil)
	if !slices.Equal(reasons(got), []string{""}) || got[0].Line != 4 {
		t.Errorf("got %q", reasons(got))
	}
}

func TestAnOpenQuoteAboveTheHeaderIsNamed(t *testing.T) {
	if code, e := verdict(t, "a.csv", lines(`"标题`, wHead, wRow("1"))); code != "QUOTE_OPEN" || e.Place.Row != 1 {
		t.Errorf("got %s on line %d", code, e.Place.Row)
	}
}

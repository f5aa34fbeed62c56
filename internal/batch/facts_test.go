package batch

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/internal/gatetest"
)

// factRows are rows of factHeader with what they should lead to. Persons 0 to 2 are listed, men
// who were born in 1950; nobody else bears their names.
const factHeader = "证件号码,姓名,证件号码（脱敏）,出生日期,性别,行政区划代码,申请人编号"

func factRows() (rows [][]string, want []string) {
	one, name := gatetest.Person(0)
	free, _ := gatetest.Person(9)
	hidden := one[:4] + "**********" + one[14:]
	other := one[:4] + "**********9999"
	for _, r := range []struct {
		want string
		row  []string
	}{
		{"block LISTED", []string{one, name, "", "", "", "", ""}},
		{"block LISTED", []string{one, name, "", "1950-01-01", "男", "320000", "申-1"}},
		{"refer FACT_CONTRADICTS", []string{one, name, "", "1951-01-01", "男", "", ""}},
		{"refer FACT_CONTRADICTS", []string{one, name, "", "", "女性", "", ""}},
		{"block LISTED BATCH_SEX_UNREAD", []string{one, name, "", "", "1", "", ""}}, // 1 is a code, and the heading does not say that codes stand there
		{"block LISTED BATCH_BORN_UNREAD BATCH_REGION_UNREAD", []string{one, name, "", "50-1-1", "", "江苏", ""}},
		{"block LISTED", []string{one, name, "不是号码", "", "", "", strings.Repeat("长", 99)}}, // beside a number neither counts
		{"refer FACT_CONTRADICTS BATCH_BORN_UNREAD", []string{one, name, "", "1950-13-01", "女", "", ""}},
		{"clear", []string{free, name, "x", "x", "x", "x", one}}, // not listed, whatever else is known
		{"refer NAME_ONLY", []string{"", name, "", "", "", "", ""}},
		{"refer NAME_ONLY", []string{"", name, hidden, "1950", "male", "3200", ""}},
		{"refer NAME_ONLY", []string{hidden, name, "", "", "", "", ""}},
		{"refer NAME_ONLY", []string{hidden, name, hidden, "不详", "-", "", ""}},
		{"clear NAME_EXCLUDED", []string{other, name, "", "", "", "", ""}},
		{"refer NAME_ONLY BATCH_MASKED_UNREAD", []string{other, name, hidden, "", "", "", ""}}, // two that differ
		{"clear NAME_EXCLUDED", []string{"", name, other, "", "", "", ""}},
		{"clear NAME_EXCLUDED", []string{"", name, "", "19600101", "", "", ""}},
		{"clear NAME_EXCLUDED", []string{"", name, "", "", "女", "", ""}},
		{"refer NAME_ONLY", []string{"", name, "", "", "", "110000", ""}}, // people move
		{"refer NAME_ONLY BATCH_MASKED_UNREAD", []string{"", name, one, "", "", "", ""}},
		{"refer NAME_ONLY BATCH_BORN_UNREAD BATCH_SEX_UNREAD", []string{"", name, "", "2960-01-01", "女?", "", ""}},
		{"refer NAME_ONLY BATCH_SUBJECT_UNREAD", []string{"", name, "", "", "", "", "证" + one}},
		{"clear NAME_ONLY_SEARCHED BATCH_SEX_UNREAD", []string{"", "无此人", "", "", "?", "", ""}},
		{"refer NUMBER_INVALID", []string{"****", name, "", "", "女", "", ""}}, // nothing of it is shown
		{"refer SUBJECT_NEEDED", []string{hidden, "", "", "", "", "", ""}},
		{"refer SUBJECT_NEEDED", []string{"", "", hidden, "1950", "男", "", ""}},
		{"clear DIFFERENCE_REMEMBERED", []string{"", name, "", "", "", "", "申-17"}},
		{"refer NAME_ONLY", []string{"", name, "", "", "", "", "申-18"}},
	} {
		rows, want = append(rows, r.row), append(want, r.want)
	}
	return rows, want
}

// factStand is a gate that has been told of one applicant that they are not the first person.
func factStand(t *testing.T) *gatetest.Stand {
	stand := gatetest.Open(t, 3)
	one, name := gatetest.Person(0)
	d, err := stand.Gate.Screen(t.Context(), gate.Query{Scenario: scenario, Number: one, Name: name})
	if err != nil || len(d.Hits) != 1 {
		t.Fatal(d, err)
	}
	if _, err := stand.Gate.RememberDifference(t.Context(), gate.Different{Listing: d.Hits[0].Listing, Subject: "申-17", Name: name, Reason: "年龄不符", By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	return stand
}

// factFile writes rows in the form of ext.
func factFile(t *testing.T, ext string, rows [][]string) []byte {
	heads := strings.Split(factHeader, ",")
	var out bytes.Buffer
	switch ext {
	case ".csv":
		w := csv.NewWriter(&out)
		if err := w.WriteAll(append([][]string{heads}, rows...)); err != nil {
			t.Fatal(err)
		}
	case ".ndjson":
		for _, r := range rows {
			object := map[string]any{}
			for i, s := range r {
				if s != "" {
					object[heads[i]] = s
				}
			}
			if r[3] == "1950" {
				object[heads[3]] = 1950
			}
			if err := json.NewEncoder(&out).Encode(object); err != nil {
				t.Fatal(err)
			}
		}
	case ".xlsx":
		book := excelize.NewFile()
		defer book.Close() // in memory
		for i, r := range append([][]string{heads}, rows...) {
			for j, s := range r {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				var err error
				if day, e := time.Parse(time.DateOnly, s); e == nil && j == 3 {
					err = book.SetCellValue("Sheet1", at, day)
				} else {
					err = book.SetCellStr("Sheet1", at, s)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := book.Write(&out); err != nil {
			t.Fatal(err)
		}
	case ".parquet":
		type row struct {
			Number  *string `parquet:"证件号码"`
			Name    string  `parquet:"姓名,zstd"`
			Masked  string  `parquet:"证件号码（脱敏）"`
			Born    *string `parquet:"出生日期"`
			Sex     string  `parquet:"性别"`
			Region  string  `parquet:"行政区划代码"`
			Subject string  `parquet:"申请人编号"`
		}
		w := parquet.NewGenericWriter[row](&out)
		for _, r := range rows {
			one := row{Name: r[1], Masked: r[2], Sex: r[4], Region: r[5], Subject: r[6]}
			if r[0] != "" {
				one.Number = &r[0]
			}
			if r[3] != "" {
				one.Born = &r[3]
			}
			if _, err := w.Write([]row{one}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// answersIn reads outcome and reasons of each row of an output.
func answersIn(t *testing.T, ext, out string) (got []string) {
	t.Helper()
	tell := func(outcome, reasons string) { got = append(got, strings.TrimSpace(outcome+" "+reasons)) }
	switch ext {
	case ".csv":
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			tell(r[7], r[8])
		}
	case ".ndjson":
		for line := range strings.Lines(out) {
			var a struct {
				Outcome string
				Reasons []string
			}
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatal(err)
			}
			tell(a.Outcome, strings.Join(a.Reasons, " "))
		}
	case ".xlsx":
		for _, r := range sheetRows(t, strings.NewReader(out)) {
			tell(r[7], r[8])
		}
	case ".parquet":
		type row struct {
			Outcome *string `parquet:"outcome"`
			Reasons *string `parquet:"reasons"`
		}
		rows, err := parquet.Read[row](strings.NewReader(out), int64(len(out)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			reasons := ""
			if r.Reasons != nil {
				reasons = *r.Reasons
			}
			tell(*r.Outcome, reasons)
		}
	}
	return got
}

// In every form, what a row says beyond number and name reaches the gate; what cannot be read is
// told, and makes nobody clear.
func TestEveryFormSaysWhatElseIsKnownOfAnApplicant(t *testing.T) {
	stand := factStand(t)
	rows, want := factRows()
	for _, ext := range []string{".csv", ".ndjson", ".xlsx", ".parquet"} {
		t.Run(ext, func(t *testing.T) {
			out, r, err := screened(t, stand.Gate, "in"+ext, factFile(t, ext, rows), func(o *Options) {
				o.Summary = filepath.Join(t.TempDir(), "s.html")
			})
			if err != nil {
				t.Fatal(err)
			}
			got := answersIn(t, ext, out)
			if len(got) != len(want) || r.Rows != uint64(len(want)) {
				t.Fatalf("%d answers, %d counted, want %d", len(got), r.Rows, len(want))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("row %d %q: %q, want %q", i+1, rows[i], got[i], want[i])
				}
			}
		})
	}
}

// A Parquet file has dates, and years of which some are missing, in types of their own.
func TestDatesOfParquetAreRead(t *testing.T) {
	stand := gatetest.Open(t, 1)
	_, name := gatetest.Person(0)
	for what, content := range map[string]func(year int) []byte{
		"date": func(year int) []byte {
			return parquetOf(t, struct {
				Name string `parquet:"name"`
				Born int32  `parquet:"birth_date,date"`
			}{name, int32(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / 86400)})
		},
		"instant": func(year int) []byte { // midnight in Shanghai, which is the day before in UTC
			return parquetOf(t, struct {
				Name string    `parquet:"name"`
				Born time.Time `parquet:"born,timestamp(microsecond)"`
			}{name, time.Date(year, 1, 1, 0, 0, 0, 0, gongxin.Shanghai)})
		},
		"floating": func(year int) []byte {
			return parquetOf(t, struct {
				Name string  `parquet:"name"`
				Born float64 `parquet:"born"`
			}{name, float64(year)})
		},
		"whole": func(year int) []byte {
			return parquetOf(t, struct {
				Name string `parquet:"name"`
				Born int32  `parquet:"born"`
			}{name, int32(year*10000 + 101)})
		},
	} {
		for year, outcome := range map[int]gongxin.Outcome{1950: gongxin.Refer, 1951: gongxin.Clear} {
			_, r, err := screened(t, stand.Gate, "in.parquet", content(year), nil)
			if want := uint64(1); err != nil || outcome == gongxin.Refer && r.Refer != want || outcome == gongxin.Clear && r.Clear != want {
				t.Errorf("%s, %d: %+v, %v", what, year, r.Counts, err)
			}
		}
	}
	content := parquetOf(t, struct {
		Name string `parquet:"name"`
		Sex  bool   `parquet:"sex"`
	}{name, true})
	if _, _, err := screened(t, stand.Gate, "in.parquet", content, nil); gongxin.CodeOf(err) != "BATCH_COLUMN_KIND" {
		t.Errorf("sex as a truth value: %v", err)
	}
	if _, r, err := screened(t, stand.Gate, "in.parquet", content, func(o *Options) { o.Columns.Sex = "-" }); err != nil || r.Refer != 1 {
		t.Errorf("without the column: %+v, %v", r.Counts, err)
	}
}

func parquetOf[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestColumnsOfWhatElseIsKnownAreFoundOrNamed(t *testing.T) {
	_, name := gatetest.Person(0)
	stand := gatetest.Open(t, 1)
	row := name + ",1960,女,320000,申-1,3200**********0014"
	for _, tt := range []struct {
		why, head string
		columns   Columns
		want      string // reasons of the row, or the code of the error
	}{
		{why: "understood", head: "姓名,出生年份,性别,行政区划代码,申请人编号,脱敏证件号码", want: "NAME_EXCLUDED"},
		{why: "in English", head: "name,Year of birth,Gender,Region code,Customer no,Masked ID number", want: "NAME_EXCLUDED"},
		{why: "not understood", head: "姓名,生于,称谓,地区,编号,尾号", want: "NAME_ONLY"},
		{why: "named", head: "姓名,生于,称谓,地区,编号,尾号", columns: Columns{Born: "生于", Sex: "称谓", Region: "地区", Subject: "编号", Masked: "6"}, want: "NAME_EXCLUDED"},
		{why: "by their places", head: "姓名,a,b,c,d,e", columns: Columns{Born: "2", Sex: "3"}, want: "NAME_EXCLUDED"},
		{why: "left out", head: "姓名,出生年份,性别,行政区划代码,申请人编号,脱敏证件号码", columns: Columns{Born: "-", Sex: "-"}, want: "NAME_ONLY"},
		{why: "two of one kind", head: "姓名,出生年份,性别,行政区划代码,申请人编号,出生日期", want: "BATCH_COLUMN_TWICE"},
		{why: "settled", head: "姓名,出生年份,性别,行政区划代码,申请人编号,出生日期", columns: Columns{Born: "出生年份"}, want: "NAME_EXCLUDED"},
		{why: "missing", head: "姓名,出生年份,性别,行政区划代码,申请人编号,备注", columns: Columns{Born: "年龄"}, want: "BATCH_COLUMN_MISSING"},
		{why: "no name and no number", head: "a,出生年份,性别,行政区划代码,申请人编号,脱敏证件号码", want: "BATCH_COLUMN_MISSING"},
		{why: "no name wanted", head: "姓名,出生年份,性别,行政区划代码,申请人编号,脱敏证件号码", columns: Columns{Name: "-"}, want: "BATCH_COLUMN_MISSING"},
	} {
		out, _, err := screened(t, stand.Gate, "in.csv", []byte(tt.head+"\n"+row+"\n"), func(o *Options) { o.Columns = tt.columns })
		got := gongxin.CodeOf(err)
		if err == nil {
			got = strings.Split(strings.Split(out, "\n")[1], ",")[7]
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s (%v)", tt.why, got, tt.want, err)
		}
	}
	// A file without a header whose first number is masked: its first row is an applicant.
	out, r, err := screened(t, stand.Gate, "in.csv", []byte("3200**********0014,"+name+",1950\n"), func(o *Options) { o.Columns = Columns{Number: "1", Name: "2", Born: "3"} })
	if err != nil || r.Rows != 1 || !strings.Contains(out, "refer,NAME_ONLY,") {
		t.Errorf("without a header: %q, %v", out, err)
	}
}

func TestYearsOfBirth(t *testing.T) {
	for s, want := range map[string]int{"1980": 1980, "1980.0": 1980, "1980.5": 1980, "1980年": 1980, "198002": 1980, "19800229": 1980, "19800229.0": 1980, "19800229123000": 1980, "1980-2-29": 1980, "1980/02/29": 1980,
		"1980.02.29": 1980, "1980年2月29日": 1980, "1980年02月": 1980, "1980-02": 1980, "1980-02-29 00:00:00": 1980, "1980-02-29T00:00:00.000": 1980, "29/2/1980": 1980, "2/29/1980": 1980, "02.03.1980": 1980,
		"1979-12-31T16:00:00Z": 1980, "1979-12-31T16:00:00.000Z": 1980, "1980-01-01T00:00:00+08:00": 1980, "2018": 2018,
		"": 0, "80": 0, "800229": 0, "80-2-29": 0, "1879": 0, "2019": 0, "198013": 0, "19810229": 0, "1981-02-29": 0, "1980-1-1x": 0, "41": 0, "29221": 0, "1980-1-1-1": 0, "31/31/1980": 0, "一九八〇年": 0, "1980-": 0, "1980.13": 0,
		"1980-00-01": 0, "-1980": 0} {
		r := row{number: "x", more: &more{cells: []cell{{}, {text: s}, {}, {}, {}}}}
		r.settle(make([]string, 5), time.Date(2018, 12, 31, 0, 0, 0, 0, time.UTC))
		if unread := strings.Join(r.more.unread, " "); r.more.born != want || (unread == bornUnread) != (want == 0 && s != "") {
			t.Errorf("%q: %d, want %d; unread: %s", s, r.more.born, want, unread)
		}
	}
}

func TestHeadingsOfWhatElseIsKnown(t *testing.T) {
	for heading, want := range map[string]int{"证件号码（脱敏）": factMasked, "脱敏后身份证号": factMasked, "身份证号码(掩码)": factMasked, "masked_number": factMasked, "Masked": factMasked,
		"出生日期（必填）": factBorn, "Date of birth": factBorn, "birth_date": factBorn, "性别": factSex, "性别（1男 2女）": factSex, "Gender": factSex, "区划代码": factRegion, "region": factRegion,
		"申请人编号": factSubject, "地区": -1, "area code": -1, "编号": -1, "id": -1, "姓名（脱敏）": -1, "证件号码": -1, "年龄": -1, "subject": -1, "机构代码": -1, "出生地": -1} {
		got := -1
		for i, f := range (Columns{}).facts() {
			if f.fits(heading) {
				if got >= 0 {
					t.Errorf("%s is two", heading)
				}
				got = i
			}
		}
		if got != want {
			t.Errorf("%s: %d, want %d", heading, got, want)
		}
	}
	for heading, want := range map[string]bool{"性别": false, "性别代码": true, "sex_code": true, "性别（1男2女）": true, "性别（0女1男）": false} {
		if codesSex(heading) != want {
			t.Errorf("codes below %s: %v", heading, !want)
		}
	}
	for s, want := range map[string]identity.Sex{"1": identity.Male, "2": identity.Female, "0": "", "9": "", "女": identity.Female} {
		if got, ok := sexOf(s, true); got != want || !ok {
			t.Errorf("%s: %v, %v", s, got, ok)
		}
	}
}

// FuzzFacts: of whatever stands in the cells, what the gate is asked it takes.
func FuzzFacts(f *testing.F) {
	f.Add("3205**********1234", "", "1980-01-01", "男", "320500", "申-1")
	f.Add("", "３２０５＊＊＊1234", "1979-12-31T16:00:00Z", "Ｆ", "320500000000", "320000198001010018")
	f.Add("*", "1*", "31/12/1980", "1", "0512", "3 2-0\x00")
	f.Add("* -", "- -", "0000-01-01T00:00:00Z", ".0", ".0", "\n")
	stand := gatetest.Open(f, 1)
	codes := map[string]bool{maskedUnread: true, bornUnread: true, sexUnread: true, regionUnread: true, subjectUnread: true}
	f.Fuzz(func(t *testing.T, number, masked, born, sex, region, subject string) {
		r := row{number: number, more: &more{cells: []cell{{text: masked}, {text: born}, {text: sex}, {text: region}, {text: subject}}}}
		r.settle([]string{"", "", "性别代码", "", ""}, time.Now())
		q := gate.Query{Scenario: scenario, Number: r.number, Name: "无此人"}
		r.more.into(&q)
		d, err := stand.Gate.Screen(t.Context(), q)
		if err != nil || d.Outcome != gongxin.Clear && d.Reasons[0].Code != "NUMBER_INVALID" && d.Reasons[0].Code != "LISTED" && d.Reasons[0].Code != "NAME_DIFFERS" {
			t.Fatalf("%+v: %+v, %v", q, d, err)
		}
		for _, code := range r.more.unread {
			if !codes[code] {
				t.Fatal(code)
			}
		}
	})
}

// A run that is stopped and goes on gives what one gives that was not.
func TestARunWithMoreColumnsGoesOn(t *testing.T) {
	stand := factStand(t)
	rows, want := factRows()
	var all [][]string
	for range 100 {
		all = append(all, rows...)
	}
	dir := t.TempDir()
	o := Options{In: filepath.Join(dir, "in.csv"), Out: filepath.Join(dir, "out.csv"), Scenario: scenario, Workers: 1, Decider: &failing{Bulk: stand.Gate, after: 1}}
	if err := os.WriteFile(o.In, factFile(t, ".csv", all), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err == nil {
		t.Fatal("it did not fail")
	}
	other := o
	other.Columns.Sex, other.Resume = "-", true
	if _, err := Run(t.Context(), other); gongxin.CodeOf(err) != "BATCH_RESUME_OTHER" {
		t.Errorf("with other columns: %v", err)
	}
	o.Decider, o.Resume = stand.Gate, true
	r, err := Run(t.Context(), o)
	if err != nil || r.Resumed == 0 || r.Rows != uint64(len(all)) {
		t.Fatal(r, err)
	}
	out, err := os.ReadFile(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range answersIn(t, ".csv", string(out)) {
		if got != want[i%len(want)] {
			t.Fatalf("row %d: %q, want %q", i+1, got, want[i%len(want)])
		}
	}
}

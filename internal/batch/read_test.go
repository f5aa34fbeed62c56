package batch

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"gongxin"
)

// Read hands on what stands in a file of each form, with the rows as people count them.
func TestReadHandsOnWhereRowsStand(t *testing.T) {
	what := func() Reading {
		return Reading{NumberNeeded: true, Fields: []Field{{Flag: "--reference-column", Needed: "编号", Headings: []string{"编号", "reference"}}, {Flag: "--scenario-column", Headings: []string{"种类"}}}}
	}
	book := excelize.NewFile()
	defer book.Close() // in memory
	for at, s := range map[string]string{"A1": "持证人名单", "A3": "编号", "B3": "证件号码", "C3": "姓名", "A4": "许可-1", "B4": "x1", "C4": "张三", "A7": "许可-2", "B7": "x2"} {
		if err := book.SetCellStr("Sheet1", at, s); err != nil {
			t.Fatal(err)
		}
	}
	var workbook bytes.Buffer
	if err := book.Write(&workbook); err != nil {
		t.Fatal(err)
	}
	want := []string{"x1 张三 许可-1 ", "x2  许可-2 "}
	for name, tt := range map[string]struct {
		content []byte
		rows    []int
	}{
		"a.csv":     {[]byte("持证人名单\n\n编号,证件号码,姓名\n许可-1,x1,张三\n,,\n\n许可-2,\"x2\n\",\n"), []int{4, 7}},
		"b.xlsx":    {workbook.Bytes(), []int{4, 7}},
		"c.ndjson":  {[]byte("{\"编号\":\"许可-1\",\"证件号码\":\"x1\",\"姓名\":\"张三\"}\n\n{\"编号\":\"许可-2\",\"证件号码\":\"x2\",\"outcome\":1}\n"), []int{1, 3}},
		"d.parquet": {parquetOf(t, struct{ Reference, Number, Name string }{"许可-1", "x1", "张三"}, struct{ Reference, Number, Name string }{"许可-2", "x2", ""}), []int{1, 2}},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, tt.content, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		var rows []int
		err := Read(path, what(), func(r Record) error {
			got, rows = append(got, strings.Join([]string{r.Number, r.Name, r.Fields[0], r.Fields[1]}, " ")), append(rows, r.Row)
			return nil
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(rows) != fmt.Sprint(tt.rows) {
			t.Errorf("%s: %q in rows %v, want %q in %v; %v", name, got, rows, want, tt.rows, err)
		}
		stop := errors.New("stop")
		if err := Read(path, what(), func(Record) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for content, code := range map[string]string{"": "BATCH_EMPTY", "编号,姓名\n1,2\n": "BATCH_COLUMN_MISSING", "证件号码,姓名\n1,2\n": "BATCH_COLUMN_MISSING", "编号,reference,号码\n1,2,3\n": "BATCH_COLUMN_TWICE"} {
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Read(path, what(), func(Record) error { return nil })
		var e *gongxin.Error
		if !errors.As(err, &e) || e.Code != code || e.Place.File != "a.csv" {
			t.Errorf("%q: %v", content, err)
		}
	}
	faults := map[int]string{}
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("\ufeff编号,号码\n1,2,3\n\"1\"1,2\n\xff,2\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Read(path, what(), func(r Record) error { faults[r.Row] = r.Fault; return nil }); err != nil || !maps.Equal(faults, map[int]string{2: rowWide, 3: rowMalformed, 4: cellEncoding, 5: ""}) {
		t.Errorf("%v, %v", faults, err)
	}
}

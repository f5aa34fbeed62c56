package batch

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"gongxin"
	"gongxin/gate"
)

// summaryText returns all that a summary says.
func summaryText(t *testing.T, path string) string {
	t.Helper()
	if !strings.HasSuffix(path, ".xlsx") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() // only read
	var b strings.Builder
	for _, name := range book.GetSheetList() {
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			b.WriteString(strings.Join(r, "\t") + "\n")
		}
	}
	return b.String()
}

// failing is a gate that fails for good after so many requests.
type failing struct {
	Bulk
	after int64
	n     atomic.Int64
}

func (f *failing) ScreenAll(ctx context.Context, queries []gate.Query) ([]gongxin.Decision, error) {
	if f.n.Add(1) > f.after {
		return nil, errors.New("fails now")
	}
	return f.Bulk.ScreenAll(ctx, queries)
}

// An applicantRow is a row of applicants in a Parquet file, with what a result adds.
type applicantRow struct {
	Number    string  `parquet:"number"`
	Name      string  `parquet:"name,zstd"`
	N         string  `parquet:"n"`
	Outcome   *string `parquet:"outcome"`
	Reasons   *string `parquet:"reasons"`
	Reference *string `parquet:"reference"`
}

// inForm turns a CSV file of applicants into the form that the name says.
func inForm(t testing.TB, name string, in []byte) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(in)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	switch filepath.Ext(name) {
	case ".ndjson":
		for _, r := range rows[1:] {
			line, err := json.Marshal(map[string]string{"number": r[0], "name": r[1], "n": r[2]})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(line, '\n'))
		}
	case ".xlsx":
		book := excelize.NewFile()
		defer book.Close() // in memory
		w, err := book.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if err := w.SetRow(fmt.Sprintf("A%d", i+1), []any{r[0], r[1], r[2]}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Flush(), book.Write(&out)); err != nil {
			t.Fatal(err)
		}
	case ".parquet":
		type row struct {
			Number string `parquet:"number"`
			Name   string `parquet:"name,zstd"`
			N      string `parquet:"n"`
		}
		w := parquet.NewGenericWriter[row](&out, parquet.MaxRowsPerRowGroup(7000))
		for _, r := range rows[1:] {
			if _, err := w.Write([]row{{r[0], r[1], r[2]}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		return in
	}
	return out.Bytes()
}

// sheetRows reads the rows below the header of a workbook's first sheet.
func sheetRows(t testing.TB, in io.Reader) [][]string {
	t.Helper()
	book, err := excelize.OpenReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() // only read
	rows, err := book.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// tableOf reads the rows of a workbook or a Parquet file.
func tableOf(t testing.TB, path string) (all [][]string) {
	t.Helper()
	if filepath.Ext(path) == ".xlsx" {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() // only read
		for _, r := range sheetRows(t, f) {
			all = append(all, append(r, make([]string, 7)...))
		}
		return all
	}
	rows, err := parquet.ReadFile[applicantRow](path)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for _, r := range rows {
		all = append(all, []string{r.Number, r.Name, r.N, text(r.Outcome), text(r.Reasons), text(r.Reference)})
	}
	return all
}

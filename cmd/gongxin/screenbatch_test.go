package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"gongxin"
)

// applicantsAs writes the CSV file given first in other forms: applicantsAs FROM TO …,
// whose names say in which.
func applicantsAs() {
	if err := convert(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func convert(from string, to []string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return err
	}
	for _, path := range to {
		var out []byte
		switch base := filepath.Base(path); {
		case strings.HasPrefix(base, "gb18030"):
			out, err = simplifiedchinese.GB18030.NewEncoder().Bytes(b)
		case strings.HasPrefix(base, "utf16"):
			out, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(b)
		case strings.HasPrefix(base, "bom"):
			out = append([]byte("\xEF\xBB\xBF"), b...)
		case strings.HasPrefix(base, "tab"):
			out = bytes.ReplaceAll(b, []byte(","), []byte("\t"))
		case strings.HasSuffix(base, ".ndjson"):
			for _, r := range rows[1:] {
				line, err := json.Marshal(map[string]string{rows[0][0]: r[0], rows[0][1]: r[1]})
				if err != nil {
					return err
				}
				out = append(append(out, line...), '\n')
			}
		case strings.HasSuffix(base, ".xlsx"):
			book := excelize.NewFile()
			for i, r := range rows {
				if err := book.SetSheetRow("Sheet1", fmt.Sprintf("B%d", i+3), &r); err != nil { // a title and a blank line above, a blank column in front
					return err
				}
			}
			if err := book.SetCellValue("Sheet1", "B1", "专项资金申请人"); err != nil {
				return err
			}
			var file *bytes.Buffer
			if file, err = book.WriteToBuffer(); err == nil {
				out = file.Bytes()
			}
		case strings.HasSuffix(base, ".parquet"):
			var file bytes.Buffer
			type line struct {
				Name   string `parquet:"name,zstd"`
				Number string `parquet:"id_number,optional"`
				Note   int64  `parquet:"a_note"`
			}
			w := parquet.NewGenericWriter[line](&file)
			for i, r := range rows[1:] {
				if _, err := w.Write([]line{{r[0], r[1], int64(i)}}); err != nil {
					return err
				}
			}
			err = w.Close()
			out = file.Bytes()
		}
		if err == nil {
			err = os.WriteFile(path, out, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// applicantsExpected holds results against the expected ones: EXPECTED FROM RESULT …;
// it fails unless each result has every row of FROM in its order with the outcome that
// is due.
func applicantsExpected() {
	if err := expectApplicants(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func expectApplicants(expected, from string, results []string) error {
	var want struct {
		Rows []struct {
			Row    int
			Expect string
		}
	}
	b, err := os.ReadFile(expected)
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		return err
	}
	source, err := resultRows(from)
	if err != nil {
		return err
	}
	for _, path := range results {
		rows, err := resultRows(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(rows) != len(want.Rows)+1 || len(source) != len(rows) {
			return fmt.Errorf("%s: %d rows, want %d", path, len(rows)-1, len(want.Rows))
		}
		for i, w := range want.Rows {
			got := rows[i+1]
			if got[0] != source[i+1][0] || got[1] != source[i+1][1] {
				return fmt.Errorf("%s row %d: %q is not row %d of the input", path, w.Row, got[:2], w.Row)
			}
			outcome, reference, sequence := got[2], got[4], got[5]
			fine := false
			switch w.Expect {
			case "clear":
				fine = outcome == string(gongxin.Clear) && reference == ""
			case "same-name":
				fine = outcome != string(gongxin.Block)
			case "listed":
				fine = outcome == string(gongxin.Block) && strings.HasPrefix(reference, "R-") && strings.Contains(got[3], "LISTED")
			}
			if !fine || sequence == "" {
				return fmt.Errorf("%s row %d: got %q, want %s", path, w.Row, got[2:], w.Expect)
			}
		}
	}
	return nil
}

// resultRows reads a file of applicants as rows of name, number and what else there is.
func resultRows(path string) (rows [][]string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, "gb18030"):
		b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	case strings.HasPrefix(base, "utf16"):
		b, err = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b)
	case strings.HasPrefix(base, "bom"):
		b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	case strings.HasSuffix(base, ".ndjson"):
		rows = [][]string{nil}
		for line := range bytes.Lines(b) {
			var o map[string]any
			if err := json.Unmarshal(line, &o); err != nil {
				return nil, err
			}
			rows = append(rows, []string{fmt.Sprint(o["姓名或名称"]), fmt.Sprint(o["证件号码"]), fmt.Sprint(o["outcome"]), fmt.Sprint(o["reasons"]), fmt.Sprint(o["reference"]), fmt.Sprint(o["sequence"])})
		}
		return rows, nil
	case strings.HasSuffix(base, ".xlsx"):
		book, err := excelize.OpenReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		all, err := book.GetRows("Sheet1")
		if err != nil || len(all) < 3 {
			return nil, errors.Join(err, fmt.Errorf("%d rows", len(all)))
		}
		for _, r := range all[2:] {
			rows = append(rows, append(r[1:], make([]string, 6)...))
		}
		return rows, nil
	case strings.HasSuffix(base, ".parquet"):
		return parquetRows(b)
	}
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(b))
	if strings.HasPrefix(base, "tab") {
		r.Comma = '\t'
	}
	return r.ReadAll()
}

func parquetRows(b []byte) (rows [][]string, err error) {
	type line struct {
		Name      string  `parquet:"name"`
		Number    *string `parquet:"id_number"`
		Note      int64   `parquet:"a_note"`
		Outcome   *string `parquet:"outcome"`
		Reasons   *string `parquet:"reasons"`
		Reference *string `parquet:"reference"`
		Sequence  *uint64 `parquet:"sequence"`
	}
	rows = [][]string{nil}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	r := parquet.NewGenericReader[line](bytes.NewReader(b))
	defer r.Close() // only read
	for {
		some := make([]line, 100)
		n, err := r.Read(some)
		for _, l := range some[:n] {
			sequence := ""
			if l.Sequence != nil {
				sequence = fmt.Sprint(*l.Sequence)
			}
			if l.Note != int64(len(rows)-1) {
				return nil, fmt.Errorf("row %d: the note is %d", len(rows), l.Note)
			}
			rows = append(rows, []string{l.Name, text(l.Number), text(l.Outcome), text(l.Reasons), text(l.Reference), sequence})
		}
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/batch"
)

const maxWatchFile = 1 << 30

// A watchFile says how a file of subjects is read.
type watchFile struct {
	scenario                               string // kind of those that name none
	reference, number, name, kind, sheetOf string // columns and sheet by flag, as gongxin screen takes them
}

// The headings of a department's own reference and of the kind; those of number and name are the
// ones that gongxin screen understands.
var (
	referenceHeadings = []string{"编号", "本部门编号", "许可编号", "许可证编号", "证书编号", "subject", "reference", "id"}
	kindHeadings      = []string{"种类", "类别", "scenario", "kind"}
)

// read reads the subjects of the file at path (CSV, XLSX, Parquet, NDJSON), with the row of each,
// counted as an editor counts lines and a spreadsheet rows. Errors: WATCH_FILE with the row, and
// those of batch.Read.
func (f watchFile) read(path string) (subjects []gate.Watch, rows []int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxWatchFile {
		return nil, nil, watchFault(path, 0, "1 GiB")
	}
	reading := batch.Reading{Columns: batch.Columns{Number: f.number, Name: f.name}, NumberNeeded: true, Sheet: f.sheetOf, Fields: []batch.Field{
		{Flag: "--reference-column", Asked: f.reference, Needed: "编号 reference", Headings: referenceHeadings},
		{Flag: "--scenario-column", Asked: f.kind, Headings: kindHeadings},
	}}
	if f.scenario == "" {
		reading.Fields[1].Needed = "种类 scenario"
	}
	err = batch.Read(path, reading, func(r batch.Record) error {
		if r.Fault != "" {
			return watchFault(path, r.Row, r.Fault)
		}
		w := gate.Watch{Subject: bareCell(r.Fields[0]), Scenario: bareCell(r.Fields[1]), Number: bareCell(r.Number), Name: bareCell(r.Name)}
		if w == (gate.Watch{}) {
			return nil // nothing in the columns that count
		}
		if w.Scenario == "" {
			w.Scenario = f.scenario
		}
		subjects, rows = append(subjects, w), append(rows, r.Row)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return subjects, rows, nil
}

// bareCell is s without what tells a spreadsheet that it is a text, and what cannot be seen.
func bareCell(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("'\u200b\ufeff", r) })
}

func watchFault(path string, row int, what string) *gongxin.Error {
	file := filepath.Base(path)
	return gongxin.Invalid("WATCH_FILE", file, row, what).At(gongxin.Place{File: file, Row: row})
}

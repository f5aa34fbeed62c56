package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"gongxin"
	"gongxin/gate"
)

const maxWatchFile = 1 << 30

// watchHeads are the heads by which the columns of a file of subjects are found.
var watchHeads = map[string][]string{
	"subject":  {"编号", "本部门编号", "许可编号", "许可证编号", "证书编号", "subject", "reference", "id"},
	"number":   {"证件号码", "身份证号码", "身份证号", "公民身份号码", "统一社会信用代码", "号码", "number"},
	"name":     {"姓名", "名称", "姓名（名称）", "姓名(名称)", "单位名称", "企业名称", "name"},
	"scenario": {"种类", "类别", "scenario", "kind"},
}

// readWatchFile reads the subjects of the CSV file at path, with the row of each,
// counted as an editor counts lines; scenario is for rows that name none. Errors:
// WATCH_FILE with the row.
func readWatchFile(path, scenario string) (subjects []gate.Watch, rows []int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxWatchFile {
		return nil, nil, watchFault(path, 0, "1 GiB")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	subjects, rows, err = readWatchRows(b, scenario)
	var e *gongxin.Error
	if errors.As(err, &e) {
		e.Place.File = filepath.Base(path)
		e.Args[0] = e.Place.File
	}
	return subjects, rows, err
}

func watchFault(file string, row int, what string) *gongxin.Error {
	return gongxin.Invalid("WATCH_FILE", file, row, what).At(gongxin.Place{File: file, Row: row})
}

// readWatchRows reads the content of such a file.
func readWatchRows(b []byte, scenario string) (subjects []gate.Watch, rows []int, err error) {
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	if !utf8.Valid(b) {
		if b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b); err != nil || bytes.ContainsRune(b, utf8.RuneError) {
			return nil, nil, watchFault("", 0, "UTF-8, GB 18030")
		}
	}
	head, _, _ := bytes.Cut(b, []byte("\n"))
	r := csv.NewReader(bufio.NewReader(bytes.NewReader(b)))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	for _, comma := range []rune{'\t', ';', '；', '，'} {
		if bytes.Count(head, []byte(string(comma))) > bytes.Count(head, []byte(string(r.Comma))) {
			r.Comma = comma
		}
	}
	at := map[string]int{}
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			if first {
				return nil, nil, watchFault("", 0, "0")
			}
			return subjects, rows, nil
		}
		row := 0
		if len(record) > 0 {
			row, _ = r.FieldPos(0)
		}
		if err != nil {
			var fault *csv.ParseError
			if errors.As(err, &fault) {
				row = fault.Line
			}
			return nil, nil, watchFault("", row, "CSV")
		}
		if first {
			if err := findWatchColumns(record, at, scenario); err != nil {
				return nil, nil, err
			}
			continue
		}
		cell := func(what string) string {
			if i, ok := at[what]; ok && i < len(record) {
				return strings.Trim(strings.TrimSpace(record[i]), "'\u200b\ufeff")
			}
			return ""
		}
		w := gate.Watch{Subject: cell("subject"), Scenario: cell("scenario"), Number: cell("number"), Name: cell("name")}
		if w == (gate.Watch{}) {
			continue // an empty line at the end of a table
		}
		if w.Scenario == "" {
			w.Scenario = scenario
		}
		subjects, rows = append(subjects, w), append(rows, row)
	}
}

// findWatchColumns finds the columns by the heads in record.
func findWatchColumns(record []string, at map[string]int, scenario string) error {
	for i, head := range record {
		head = strings.ToLower(strings.TrimSpace(head))
		for what, heads := range watchHeads {
			if _, had := at[what]; !had && slices.Contains(heads, head) {
				at[what] = i
			}
		}
	}
	for _, what := range []string{"subject", "number", "scenario"} {
		if _, ok := at[what]; !ok && (what != "scenario" || scenario == "") {
			return watchFault("", 1, fmt.Sprintf("%s (%s)", watchHeads[what][0], what))
		}
	}
	return nil
}

package batch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gongxin"
)

// A row is one applicant of the input, or a blank line of it.
type row struct {
	n            uint64 // counted from 1 without the header
	number, name string
	fault        string // reason code for which the gate is not asked
	nameFault    string // reason code for which it is asked without the name
	more         *more  // what it says beyond them; nil for nothing
	raw          []byte // as it stands in the input, for forms whose rows are written as they came
	cells        int32  // of raw
	line         int32  // on which it begins, from 1; where whole blocks are read it is not known
	blank        bool
	sure         bool // the number is certainly not listed
}

// A chunk is some rows that follow each other.
type chunk struct {
	rows  []row
	arena []byte // holds what raw of the rows is
	ends  []int  // of the rows in arena
	to    position

	// of text in a block that was not split while it was read: its rows are those that
	// need care, or all; so many are there, and so many are clear and no rows
	block        *block
	total, clear uint64
}

// A position is where in the input the rows that come next begin.
type position struct {
	Rows   uint64 `json:"rows"`             // before it; known once the rows of a chunk are counted
	Offset int64  `json:"offset,omitempty"` // in bytes, for forms that can go there at once
	Lines  int    `json:"lines,omitempty"`  // before it, of those forms
}

// number gives the rows of c their numbers, of which those before it have up to last.
func (c *chunk) number(last uint64) {
	if c.block != nil {
		for i := range c.rows {
			c.rows[i].n += last
		}
		c.to.Rows = last + c.total
		return
	}
	for i := range c.rows {
		if !c.rows[i].blank {
			last++
		}
		c.rows[i].n = last
	}
	c.to.Rows = last
}

const (
	chunkRows  = 1000
	chunkBytes = 1 << 20
)

// A form is how an input is written. read gives the next chunk, from one goroutine;
// cut and append run on all cores.
type form interface {
	// read fills c with rows; io.EOF when none is left.
	read(c *chunk) error
	// seek goes to a position that an earlier run came to. It is called before read.
	seek(p position) error
	// cut finds number and name of the rows of c. Where blocks are read it finds the rows
	// as well.
	cut(c *chunk, s sieve)
	// head is what stands before the first row of the output; append appends one row
	// with its answer. Both give text in UTF-8 or the input's encoding, which out turns
	// into what is written.
	head() ([]byte, error)
	append(to []byte, r *row, a Answer) ([]byte, error)
	out(b []byte) ([]byte, error)
	// assemble makes the output from the part, where the form cannot be appended to;
	// nil if the part is the output.
	assembler() assembler
	// progress tells how much of the input was read, in bytes or in rows.
	progress() (done, total int64)
	describe() string   // "CSV, UTF-8, comma", for people
	headings() []string // of the fields that are sought, as they stand in the file; empty where there is none
	close() error
}

// An assembler writes the output of a form that cannot be appended to: the input
// once more, and beside each row the answer that next gives; io.EOF after the last.
// Rows whose answer has skip are left out.
type assembler func(ctx context.Context, path string, next func() (a Answer, skip bool, err error), step func(rows int64)) error

// Kind tells by name and first bytes how the file is written: CSV, XLSX, Parquet or
// NDJSON. Errors: BATCH_FORM for what is none of them.
func kindOf(name string, head []byte) (string, error) {
	ext := strings.ToLower(filepath.Ext(name))
	switch {
	case len(head) == 0:
		return "", gongxin.Invalid("BATCH_EMPTY")
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "Parquet", nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "XLSX", nil
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return "", gongxin.Invalid("BATCH_FORM", "XLS")
	case ext == ".xlsx" || ext == ".xls" || ext == ".parquet":
		return "", gongxin.Invalid("BATCH_FORM", strings.ToUpper(ext[1:]))
	case ext == ".ndjson" || ext == ".jsonl" || ext == ".json":
		return "NDJSON", nil
	case ext == ".csv" || ext == ".tsv" || ext == ".txt":
		return "CSV", nil
	}
	if b := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n"); len(b) > 0 && b[0] == '{' {
		return "NDJSON", nil
	}
	return "CSV", nil
}

var endings = map[string][]string{"CSV": {".csv", ".tsv", ".txt"}, "NDJSON": {".ndjson", ".jsonl", ".json"}, "XLSX": {".xlsx"}, "Parquet": {".parquet"}}

// sameForm returns BATCH_OUT_FORM if the output's name promises another form than
// the input has.
func sameForm(kind, out string) error {
	ext := strings.ToLower(filepath.Ext(out))
	for k, all := range endings {
		for _, e := range all {
			if e == ext && k != kind {
				return gongxin.Invalid("BATCH_OUT_FORM", kind, endings[kind][0])
			}
		}
	}
	return nil
}

// open opens the input as what it is.
func open(f *os.File, size int64, o Options) (form, string, error) {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	kind, err := kindOf(f.Name(), head[:n])
	if err != nil {
		return nil, "", err
	}
	var of form
	switch kind {
	case "NDJSON":
		of, err = openObjects(f, size, o)
	case "XLSX":
		of, err = openSheet(f, o)
	case "Parquet":
		of, err = openParquet(f, size, o)
	default:
		of, err = openText(f, size, o)
	}
	return of, kind, err
}

// unreadable is the error of a file that a library cannot read as what it should be.
func unreadable(kind string, err error) error {
	return fmt.Errorf("%w: %w", gongxin.Invalid("BATCH_FORM", kind), err)
}

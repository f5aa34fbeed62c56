package batch

import (
	"io"
	"os"
	"path/filepath"
)

// A Reading says what Read looks for in a file.
type Reading struct {
	Columns      // of which Number and Name count
	NumberNeeded bool
	Fields       []Field // what else
	Sheet        string  // of a workbook; the one that has the columns if empty
}

// A Record is a row that Read hands on.
type Record struct {
	Row          int // of the file: line of a text, on which it begins, row of a sheet or of a Parquet file; from 1
	Number, Name string
	Fields       []string // as Reading.Fields; empty where there is nothing
	Fault        string   // code of messages/batch.csv if a part of it cannot be read; the rest may be wrong then
}

// Read reads the table in the file at path, in the forms, encodings and with the headings
// that screening understands, and hands each row on that is not blank. Errors: those of each, as
// they are, and BATCH_… of messages/batch.csv.
func Read(path string, what Reading, each func(Record) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	at := func(err error) error { return atRow(err, filepath.Base(path), 0) }
	info, err := f.Stat()
	if err != nil {
		return err
	}
	of, _, err := open(f, info.Size(), Options{Sheet: what.Sheet, reading: &what})
	if err != nil {
		return at(err)
	}
	defer of.close() // only read
	for {
		var c chunk
		err := of.read(&c)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return at(err)
		}
		of.cut(&c, sieve{})
		for i := range c.rows {
			if c.rows[i].blank {
				continue
			}
			if err := each(c.rows[i].record(len(what.Fields))); err != nil {
				return err
			}
		}
	}
}

func (r *row) record(fields int) Record {
	out := Record{Row: int(r.line), Number: r.number, Name: r.name, Fields: make([]string, fields), Fault: r.fault}
	if out.Fault == "" {
		out.Fault = r.nameFault
	}
	if r.more != nil {
		for i, c := range r.more.cells {
			if out.Fields[i] = c.text; c.bad && out.Fault == "" {
				out.Fault = cellEncoding
			}
		}
	}
	return out
}

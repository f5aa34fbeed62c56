package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"gongxin"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
)

// Options are what checking a file needs to know.
type Options struct {
	Name   string            // of the file, for messages; its ending tells a workbook from a text that pretends to be one
	Courts *courts.Directory // nil: the embedded one
	Policy *policy.Policy    // nil: the default one
	Today  gongxin.Day       // zero: days in the future are not noticed
	Seen   *Seen             // of this run; nil: duplicates are not noticed
	// MaxCell is the longest cell in bytes; 0 means 32 KiB, which is what
	// spreadsheets can hold. A longer cell rejects its record.
	MaxCell int
}

const defaultMaxCell = 32 << 10

var (
	embeddedCourts = sync.OnceValue(courts.Embedded)
	defaultPolicy  = sync.OnceValue(policy.Default)
)

func (o Options) complete() Options {
	if o.Courts == nil {
		o.Courts = embeddedCourts()
	}
	if o.Policy == nil {
		o.Policy = defaultPolicy()
	}
	if o.MaxCell <= 0 {
		o.MaxCell = defaultMaxCell
	}
	return o
}

// A source gives the rows of one table below its header. The error is io.EOF at
// the end.
type source interface {
	next(ln *line) error
	progress() (done, total int64) // bytes
	close() error
}

// A File is a court's file that passed the checks of the whole. It is for one
// goroutine.
type File struct {
	checker
	src    source
	form   form
	notes  []gongxin.Text
	ahead  *line // the first record, read to know that there is one
	row    int
	closed bool
}

// A form is the format in which a file came and a correction goes back.
type form struct {
	format  string // CSV, XLSX, JSON
	writing writing
	delim   rune
}

// Open reads a file of size bytes as a whole and returns it for reading its
// records. An error that holds a *gongxin.Error refuses the file: FILE_EMPTY, NOT_TEXT,
// ENCODING_INVALID, HEADER_MISSING, COLUMN_MISSING, COLUMN_TWICE, NO_RECORDS,
// QUOTE_OPEN, NOT_A_WORKBOOK, WORKBOOK_OLD, WORKBOOK_ENCRYPTED, ZIP_BOMB. r must
// stay as it is until the last record is read.
func Open(r io.ReaderAt, size int64, o Options) (*File, error) {
	o = o.complete()
	f, err := open(r, size, o)
	var e *gongxin.Error
	if errors.As(err, &e) {
		place := e.Place
		place.File = o.Name
		return nil, e.At(place)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Name, err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64, o Options) (*File, error) {
	head := make([]byte, min(max(size, 0), 8))
	if n, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	} else if n == 0 {
		return nil, gongxin.Invalid("FILE_EMPTY")
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return openWorkbook(r, size, o)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return nil, oldWorkbook(r, size)
	}
	switch strings.ToLower(path.Ext(o.Name)) {
	case ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".et":
		return nil, gongxin.Invalid("NOT_A_WORKBOOK", "no ZIP archive")
	}
	return openText(r, size, o)
}

// start makes a File of a table whose header is known and reads the first record.
func start(o Options, lay layout, src source, fm form) (*File, error) {
	f := &File{checker: checker{o: o, lay: lay, seen: o.Seen, policy: o.Policy}, src: src, form: fm}
	if lay.at[fWithdrawn] < 0 {
		f.remark("COLUMN_ABSENT")
	}
	ln := new(line)
	err := f.nextLine(ln)
	if err == io.EOF {
		err = gongxin.Invalid("NO_RECORDS")
	}
	if err != nil {
		_ = src.close()
		return nil, err
	}
	f.ahead = ln
	f.file = o.Seen.begin(o.Name)
	return f, nil
}

func (f *File) remark(code string, args ...any) {
	f.notes = append(f.notes, gongxin.Invalid(code, args...).What())
}

func (f *File) nextLine(ln *line) error {
	for {
		if err := f.src.next(ln); err != nil {
			return err
		}
		if !ln.blank() {
			return nil
		}
	}
}

// Kind is what the file is about.
func (f *File) Kind() Kind { return f.lay.kind }

// Encoding names the character encoding, such as UTF-8 or GB18030; XLSX for a workbook.
func (f *File) Encoding() string {
	if f.form.format == "XLSX" {
		return f.form.format
	}
	return f.form.writing.encoding.String()
}

// Format is CSV, XLSX or JSON.
func (f *File) Format() string { return f.form.format }

// Unknown are the headings of columns that no field claims; what stands in them
// is kept aside in Record.Extra.
func (f *File) Unknown() []string { return f.lay.unknownNames() }

// Notes are remarks about the whole file that stop nothing.
func (f *File) Notes() []gongxin.Text { return f.notes }

// Progress tells how many bytes of how many were read.
func (f *File) Progress() (done, total int64) { return f.src.progress() }

// Next returns the next record, checked; io.EOF at the end. Blank lines are no
// records. Any other error is of reading, not of the record, and ends the file.
func (f *File) Next() (Record, error) {
	ln := f.ahead
	if f.ahead = nil; ln == nil {
		if f.closed {
			return Record{}, io.EOF
		}
		ln = new(line)
		if err := f.nextLine(ln); err != nil {
			if cerr := f.Close(); err == io.EOF && cerr != nil {
				err = cerr
			}
			if err != io.EOF {
				err = fmt.Errorf("read %s after record %d: %w", f.o.Name, f.row, err)
			}
			return Record{}, err
		}
	}
	f.row++
	rec := f.check(ln, f.row)
	if f.broken != nil {
		return Record{}, fmt.Errorf("check %s, record %d: %w", f.o.Name, f.row, f.broken)
	}
	return rec, nil
}

// Close frees what reading needs. It is not needed after Next returned io.EOF.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return f.src.close()
}

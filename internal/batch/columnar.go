package batch

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"gongxin"
)

// columnar is a Parquet file. Its rows are read page by page; the output has the same
// columns in the same order, and the added ones behind them.
type columnar struct {
	layout
	answersOnly
	file *parquet.File
	rows *parquet.GenericReader[any]
	buf  []parquet.Row
	n    uint64
	days []func(int64) string // of the fields that are stored as dates; nil for others
}

// openParquet opens a Parquet file. What is read are columns of the top level that
// hold texts or whole numbers, dates where dates are sought. Errors: BATCH_FORM and those of columns.
func openParquet(r io.ReaderAt, size int64, o Options) (c *columnar, err error) {
	defer recovered(&err)
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(r, size)
	if err != nil {
		return nil, unreadable("Parquet", err)
	}
	var names []string
	var leaf []int // of each column of the top level: its place among the leaves, -1 for a group
	leaves := 0
	for _, field := range f.Root().Columns() {
		names = append(names, field.Name())
		if field.Leaf() {
			leaf = append(leaf, leaves)
		} else {
			leaf = append(leaf, -1)
		}
		leaves += countLeaves(field)
	}
	sought := o.sought()
	lay, found, twice := sought.header(names)
	if err := sought.verdict(headerFound{layout: lay, found: found, twice: twice}); err != nil {
		return nil, err
	}
	if err := lay.taken(names); err != nil {
		return nil, err
	}
	days := make([]func(int64) string, len(lay.fields))
	places := []*int{&lay.number, &lay.name}
	for i := range lay.fields {
		if at := lay.fields[i]; sought.fields[i].date && at >= 0 && at < len(names) && f.Root().Columns()[at].Leaf() {
			days[i] = daysOf(f.Root().Columns()[at].Type())
		}
		places = append(places, &lay.fields[i])
	}
	for i, at := range places {
		if *at < 0 {
			continue
		}
		field := f.Root().Columns()[min(*at, len(names)-1)]
		if *at >= len(names) || !field.Leaf() || field.Repeated() || !readable(field.Type().Kind(), i > 1) {
			return nil, gongxin.Invalid("BATCH_COLUMN_KIND", names[min(*at, len(names)-1)])
		}
		*at = leaf[*at]
	}
	lay.width = leaves
	c = &columnar{layout: lay, file: f, rows: parquet.NewGenericReader[any](f), buf: make([]parquet.Row, 256), days: days}
	return c, nil
}

// checkFooter looks at the end of the file: the library takes the length of the footer
// there on trust, and as much memory.
func checkFooter(r io.ReaderAt, size int64) error {
	const magic = "PAR1"
	end := make([]byte, 8)
	if size < int64(2*len(magic)+len(end)) {
		return unreadable("Parquet", io.ErrUnexpectedEOF)
	}
	if _, err := r.ReadAt(end, size-int64(len(end))); err != nil && err != io.EOF {
		return err
	}
	if length := int64(binary.LittleEndian.Uint32(end)); string(end[4:]) != magic || length > size-int64(len(magic)+len(end)) {
		return unreadable("Parquet", errors.New("the footer's length or mark"))
	}
	return nil
}

// readable tells whether values of k are texts or whole numbers; floating ones are years or codes
// of which some are missing, but never a number of 18 digits.
func readable(k parquet.Kind, floating bool) bool {
	switch k {
	case parquet.ByteArray, parquet.FixedLenByteArray, parquet.Int32, parquet.Int64:
		return true
	case parquet.Float, parquet.Double:
		return floating
	}
	return false
}

func countLeaves(c *parquet.Column) int {
	if c.Leaf() {
		return 1
	}
	n := 0
	for _, below := range c.Columns() {
		n += countLeaves(below)
	}
	return n
}

// recovered turns a panic of the Parquet library, which a damaged file can cause,
// into the error of a file that cannot be read.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = unreadable("Parquet", fmt.Errorf("%v", p))
	}
}

// readRows reads up to n rows and hands each on. io.EOF at the end.
func readRows(r *parquet.GenericReader[any], buf []parquet.Row, each func(parquet.Row) error) (err error) {
	defer recovered(&err)
	n, err := r.ReadRows(buf)
	for _, one := range buf[:n] {
		if err := each(one); err != nil {
			return err
		}
	}
	switch {
	case n > 0 && err == io.EOF:
		return nil
	case err != nil && err != io.EOF:
		return unreadable("Parquet", err)
	}
	return err
}

func (t *columnar) read(c *chunk) error {
	for len(c.rows) < chunkRows {
		err := readRows(t.rows, t.buf[:min(len(t.buf), chunkRows-len(c.rows))], func(one parquet.Row) error {
			t.n++
			r := row{line: int32(t.n)}
			if t.more {
				r.more = &more{cells: make([]cell, len(t.fields))}
			}
			for _, v := range one {
				switch c := v.Column(); {
				case c == t.number || c == t.layout.name:
					t.take(value(v), c == t.number, &r)
				case t.more:
					if i := slices.Index(t.fields, c); i >= 0 {
						r.more.cells[i] = t.field(v, i)
					}
				}
			}
			c.rows = append(c.rows, r)
			return nil
		})
		if err == io.EOF && len(c.rows) > 0 {
			break
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take puts a cell where it belongs.
func (t *columnar) take(c cell, isNumber bool, r *row) {
	switch {
	case isNumber && c.bad:
		r.number, r.fault, r.nameFault = c.text, cellEncoding, cellEncoding
	case isNumber:
		r.number = c.text
	case c.bad:
		r.name, r.nameFault = c.text, cellEncoding
	default:
		r.name = c.text
	}
}

// value returns a cell as text.
func value(v parquet.Value) cell {
	switch {
	case v.IsNull():
		return cell{}
	case v.Kind() == parquet.Int32 || v.Kind() == parquet.Int64:
		return cell{text: fmt.Sprint(v.Int64())}
	case v.Kind() == parquet.Float:
		return cell{text: strconv.FormatFloat(float64(v.Float()), 'f', -1, 32)}
	case v.Kind() == parquet.Double:
		return cell{text: strconv.FormatFloat(v.Double(), 'f', -1, 64)}
	}
	s := string(v.ByteArray())
	return cell{strings.TrimSpace(s), !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError)}
}

// field returns the cell of the i-th field as text, a date as its day.
func (t *columnar) field(v parquet.Value, i int) cell {
	if t.days[i] != nil && !v.IsNull() {
		return cell{text: t.days[i](v.Int64())}
	}
	return value(v)
}

// daysOf tells how values of a type that holds dates are written as days of Asia/Shanghai; nil for
// another type. A time that is no instant is one there.
func daysOf(kind parquet.Type) func(int64) string {
	logical := kind.LogicalType()
	if logical == nil {
		return nil
	}
	switch is := logical.Value.(type) {
	case *format.DateType:
		return func(n int64) string { return time.Unix(n*24*60*60, 0).UTC().Format(time.DateOnly) }
	case *format.TimestampType:
		zone := time.UTC
		if is.IsAdjustedToUTC {
			zone = gongxin.Shanghai
		}
		at := time.UnixMilli
		switch is.Unit.Value.(type) {
		case *format.MicroSeconds:
			at = time.UnixMicro
		case *format.NanoSeconds:
			at = func(n int64) time.Time { return time.Unix(0, n) }
		}
		return func(n int64) string { return at(n).In(zone).Format(time.DateOnly) }
	}
	return nil
}

func (t *columnar) seek(p position) error {
	if err := t.rows.SeekToRow(int64(p.Rows)); err != nil {
		return fmt.Errorf("seek: %w", err)
	}
	t.n = p.Rows
	return nil
}

func (t *columnar) cut(*chunk, sieve) {}

func (t *columnar) progress() (done, total int64) { return int64(t.n), t.file.NumRows() }

func (t *columnar) describe() string { return "Parquet" }

func (t *columnar) close() error { return t.rows.Close() }

func (t *columnar) assembler() assembler { return t.assemble }

// A grown is the root of a schema with fields in their own order; a parquet.Group
// sorts them.
type grown struct {
	parquet.Group
	fields []parquet.Field
}

func (g grown) Fields() []parquet.Field { return g.fields }

// schema is that of the input with the added columns behind.
func (t *columnar) schema() (*parquet.Schema, int) {
	all := parquet.Group{}
	text := parquet.Compressed(parquet.Optional(parquet.String()), &parquet.Zstd)
	for _, name := range addedPlain[:3] {
		all[name] = text
	}
	all[addedPlain[3]] = parquet.Compressed(parquet.Optional(parquet.Uint(64)), &parquet.Zstd)
	byName := map[string]parquet.Field{}
	for _, f := range all.Fields() {
		byName[f.Name()] = f
	}
	g := grown{Group: parquet.Group{}}
	for _, f := range t.file.Schema().Fields() {
		g.Group[f.Name()] = f
		g.fields = append(g.fields, f)
	}
	for _, name := range addedPlain {
		g.Group[name] = byName[name]
		g.fields = append(g.fields, byName[name])
	}
	return parquet.NewSchema(t.file.Schema().Name(), g), t.width
}

func (t *columnar) assemble(ctx context.Context, path string, next func() (Answer, bool, error), step func(int64)) (err error) {
	defer recovered(&err)
	schema, first := t.schema()
	rows := parquet.NewGenericReader[any](t.file)
	defer func() { err = errors.Join(err, rows.Close()) }()
	return writeWhole(path, func(f *os.File) error {
		buffered := bufio.NewWriterSize(f, 1<<20)
		w := parquet.NewGenericWriter[any](buffered, schema, parquet.MaxRowsPerRowGroup(256<<10))
		asked := int64(0)
		for {
			err := readRows(rows, t.buf, func(one parquet.Row) error {
				a, skip, err := next()
				asked++
				if err != nil || skip {
					return err
				}
				line := append(one[:len(one):len(one)], optional(string(a.Outcome), first), optional(a.reasons(), first+1), optional(a.Reference, first+2))
				if a.Sequence > 0 {
					line = append(line, parquet.ValueOf(a.Sequence).Level(0, 1, first+3))
				} else {
					line = append(line, parquet.NullValue().Level(0, 0, first+3))
				}
				_, err = w.WriteRows([]parquet.Row{line})
				return err
			})
			if err == io.EOF {
				break
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			step(asked)
		}
		if err := w.Close(); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

func optional(s string, column int) parquet.Value {
	if s == "" {
		return parquet.NullValue().Level(0, 0, column)
	}
	return parquet.ValueOf(s).Level(0, 1, column)
}

var _ form = (*columnar)(nil)

package synthetic

import (
	"bytes"
	"encoding/csv"
	"io"

	"gongxin"
)

// persons streams a CSV file of invented persons without holding it.
type persons struct {
	m    *Maker
	left int
	head bool
	buf  bytes.Buffer
	csv  *csv.Writer
}

// NewPersons returns a UTF-8 CSV file of n persons in the order of PersonColumns,
// made while it is read.
func NewPersons(seed uint64, n int, today gongxin.Day) io.Reader {
	p := &persons{m: New(seed, today), left: n}
	p.csv = csv.NewWriter(&p.buf)
	p.csv.UseCRLF = true
	return p
}

// Read makes rows as they are asked for.
func (p *persons) Read(b []byte) (int, error) {
	if !p.head {
		p.head = true
		p.write(PersonColumns)
	}
	for p.buf.Len() < len(b) && p.left > 0 {
		p.left--
		p.write(p.m.Person())
	}
	return p.buf.Read(b)
}

func (p *persons) write(row []string) {
	// A bytes.Buffer takes every write, so neither call can fail.
	_ = p.csv.Write(row)
	p.csv.Flush()
}

// CSV returns rows under head as a UTF-8 file with CR LF line ends.
func CSV(head []string, rows ...[]string) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	_ = w.WriteAll(append([][]string{head}, rows...))
	return buf.Bytes()
}

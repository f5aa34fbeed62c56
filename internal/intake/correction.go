package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	gb "gongxin/internal/gb18030"
)

// A Correction writes the rejected records of a file for mending: the header and
// the cells as they came, with a column 退回原因, in the format, encoding and
// delimiter that came in. Mended and sent back, it is read like any other file; the
// reason column is ignored then. A cell over the limit comes back cut.
type Correction struct {
	f    *File
	n    int
	text *bufio.Writer
	buf  []byte

	book   *excelize.File
	sheet  *excelize.StreamWriter
	style  int
	to     io.Writer
	closed bool
}

// NewCorrection returns a Correction for records of f. Nothing is written before
// the first rejected record. Close it.
func NewCorrection(w io.Writer, f *File) *Correction {
	return &Correction{f: f, to: w}
}

// Len is how many records were added.
func (c *Correction) Len() int { return c.n }

// Add writes r if it was rejected.
func (c *Correction) Add(r Record) error {
	if r.Outcome != Reject {
		return nil
	}
	if c.n == 0 {
		if err := c.begin(); err != nil {
			return fmt.Errorf("write the correction file: %w", err)
		}
	}
	c.n++
	why := r.Reason + " " + r.Message.ZH
	if r.Mend.ZH != "" {
		why += "；" + r.Mend.ZH
	}
	if err := c.row(c.cells(r.Raw, why)); err != nil {
		return fmt.Errorf("write the correction file: %w", err)
	}
	return nil
}

// cells puts the reason into its column: behind the headings, or where the
// file had it already.
func (c *Correction) cells(raw []string, why string) []string {
	lay := &c.f.lay
	at := int(lay.at[fReturned])
	if at < 0 {
		at = lay.width
	}
	out := make([]string, max(lay.width, at+1), max(len(raw), lay.width)+1)
	copy(out, raw[:min(len(raw), lay.width)])
	out[at] = why
	if len(raw) > lay.width { // cells without a heading stay visible, behind the reason
		out = append(out, raw[lay.width:]...)
	}
	return out
}

func (c *Correction) begin() error {
	if c.f.form.format != "XLSX" {
		c.text = bufio.NewWriterSize(c.to, 64<<10)
		if c.f.form.format == "JSON" {
			return nil
		}
		if w := c.f.form.writing; w.bom {
			if _, err := c.text.WriteString(w.encoding.bom()); err != nil {
				return err
			}
		}
	} else {
		c.book = excelize.NewFile()
		var err error
		if c.style, err = c.book.NewStyle(&excelize.Style{NumFmt: 49}); err != nil { // text, so that numbers keep their digits
			return err
		}
		if c.sheet, err = c.book.NewStreamWriter("Sheet1"); err != nil {
			return err
		}
	}
	return c.row(c.cells(c.f.lay.names, ReasonColumn))
}

func (c *Correction) row(cells []string) error {
	switch c.f.form.format {
	case "XLSX":
		return c.sheetRow(cells)
	case "JSON":
		return c.object(cells)
	}
	c.buf = c.buf[:0]
	for i, s := range cells {
		if i > 0 {
			c.buf = utf8.AppendRune(c.buf, c.f.form.delim)
		}
		c.buf = appendCell(c.buf, s, c.f.form.delim)
	}
	c.buf = append(c.buf, "\r\n"...)
	_, err := c.text.Write(c.f.form.writing.encoding.encode(c.buf))
	return err
}

// appendCell appends s, in quotes if it needs them (RFC 4180).
func appendCell(b []byte, s string, delim rune) []byte {
	if !strings.ContainsAny(s, "\"\r\n"+string(delim)) && strings.TrimSpace(s) == s {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// encode returns UTF-8 text in the encoding e.
func (e encoding) encode(text []byte) []byte {
	switch e {
	case gb18030:
		return gb.Append(nil, string(text))
	case utf8Encoding:
		return text
	}
	var out []byte
	for _, r := range string(text) {
		out = e.appendRune(out, r)
	}
	return out
}

func (e encoding) appendRune(b []byte, r rune) []byte {
	unit := func(v uint32, size int) {
		for i := range size {
			shift := 8 * i
			if e == utf16BE || e == utf32BE {
				shift = 8 * (size - 1 - i)
			}
			b = append(b, byte(v>>shift))
		}
	}
	switch {
	case e == utf32LE || e == utf32BE:
		unit(uint32(r), 4)
	case r < 0x10000:
		unit(uint32(r), 2)
	default:
		unit(0xD800+uint32(r-0x10000)>>10, 2)
		unit(0xDC00+uint32(r-0x10000)&0x3FF, 2)
	}
	return b
}

func (c *Correction) sheetRow(cells []string) error {
	row := make([]any, len(cells))
	for i, s := range cells {
		row[i] = excelize.Cell{StyleID: c.style, Value: s}
	}
	line := c.n + 1
	return c.sheet.SetRow(fmt.Sprintf("A%d", line), row)
}

// object writes a row as a JSON object; the header, which comes first, is none.
func (c *Correction) object(cells []string) error {
	if c.n == 0 {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	names := c.cells(c.f.lay.names, ReasonColumn)
	for i, s := range cells {
		if i >= len(names) || s == "" {
			continue
		}
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		for j, text := range []string{names[i], s} {
			if err := e.Encode(text); err != nil {
				return err
			}
			b.Truncate(b.Len() - 1) // the line feed
			if j == 0 {
				b.WriteByte(':')
			}
		}
	}
	b.WriteString("}\n")
	_, err := c.text.Write(b.Bytes())
	return err
}

// Close completes the file. Without a rejected record nothing was written.
func (c *Correction) Close() error {
	if c.closed || c.n == 0 {
		return nil
	}
	c.closed = true
	if c.text != nil {
		if err := c.text.Flush(); err != nil {
			return fmt.Errorf("write the correction file: %w", err)
		}
		return nil
	}
	err := c.sheet.Flush()
	if err == nil {
		err = c.book.Write(c.to)
	}
	if cerr := c.book.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write the correction file: %w", err)
	}
	return nil
}

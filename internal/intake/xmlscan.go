package intake

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// An xmlToken is what xmlReader.next found.
type xmlToken uint8

const (
	xmlStart xmlToken = iota + 1
	xmlEnd
	xmlText
)

// maxTag bounds a tag with its attributes.
const maxTag = 64 << 10

// slack is kept beyond a limit, so that what is cut there at a whole character is
// still longer than the limit.
const slack = utf8.UTFMax

// maxDepth bounds how deep elements stand in each other.
const maxDepth = 100

// A xmlReader reads the parts of a workbook as a stream, with bounded memory
// whatever they hold: texts are cut at a limit, tags have a largest size, document
// types and the entities that they define are refused. Names lose their prefix.
type xmlReader struct {
	in    *bufio.Reader
	name  []byte // of the element, after xmlStart and xmlEnd
	attrs []xmlAttr
	text  []byte // after xmlText; limit+1 bytes at most
	limit int

	tag    []byte
	values []byte // of attributes, decoded
	depth  int
	closed bool // the last start tag closed itself, so its end follows
	seen   bool // an element
}

type xmlAttr struct{ name, value []byte }

// An xmlError says why a part is not readable XML.
type xmlError string

func (e xmlError) Error() string { return string(e) }

func newXML(in io.Reader, limit int) *xmlReader {
	b := bufio.NewReaderSize(in, 64<<10)
	if head, _ := b.Peek(2); len(head) == 2 {
		switch {
		case head[0] == 0xFF && head[1] == 0xFE:
			b = bufio.NewReaderSize(newDecoder(&skipper{b, 2}, utf16LE), 64<<10)
		case head[0] == 0xFE && head[1] == 0xFF:
			b = bufio.NewReaderSize(newDecoder(&skipper{b, 2}, utf16BE), 64<<10)
		}
	}
	return &xmlReader{in: b, limit: limit}
}

// attr returns the value of an attribute, nil if it is absent.
func (x *xmlReader) attr(name string) []byte {
	for _, a := range x.attrs {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// next reads up to the next token; io.EOF at the end of a whole document.
func (x *xmlReader) next() (xmlToken, error) {
	if x.closed {
		x.closed = false
		x.depth--
		return xmlEnd, nil
	}
	for {
		b, err := x.in.ReadByte()
		if err == io.EOF {
			if x.depth > 0 || !x.seen {
				return 0, xmlError("the XML ends too early")
			}
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		if b != '<' {
			if err := x.in.UnreadByte(); err != nil {
				return 0, err
			}
			if err := x.readText(); err != nil {
				return 0, err
			}
			if x.depth == 0 {
				if len(bytes.TrimSpace(bytes.TrimPrefix(x.text, []byte("\xEF\xBB\xBF")))) > 0 {
					return 0, xmlError("text outside of the XML")
				}
				continue
			}
			return xmlText, nil
		}
		token, err := x.markup()
		if err == io.EOF {
			err = xmlError("the XML ends inside a tag")
		}
		if err != nil || token != 0 {
			return token, err
		}
	}
}

// markup reads what begins with <; token 0 for comments and the like.
func (x *xmlReader) markup() (xmlToken, error) {
	head, err := x.in.Peek(1)
	if err != nil {
		return 0, err
	}
	switch head[0] {
	case '?':
		return 0, x.skipTo("?>")
	case '!':
		if head, _ := x.in.Peek(3); string(head) == "!--" {
			return 0, x.skipTo("-->")
		}
		if head, _ := x.in.Peek(8); string(head) == "![CDATA[" {
			if x.depth == 0 {
				return 0, xmlError("text outside of the XML")
			}
			return xmlText, x.cdata()
		}
		return 0, xmlError("a document type in the XML")
	}
	if err := x.readTag(); err != nil {
		return 0, err
	}
	return x.parseTag()
}

func (x *xmlReader) skipTo(end string) error {
	matched := 0
	for {
		b, err := x.in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case b == end[matched]:
			matched++
		case matched == 2 && b == end[0]: // ---> ends as --> does
		case b == end[0]:
			matched = 1
		default:
			matched = 0
		}
		if matched == len(end) {
			return nil
		}
	}
}

func (x *xmlReader) cdata() error {
	if _, err := x.in.Discard(8); err != nil {
		return err
	}
	x.text = x.text[:0]
	var last [3]byte
	for {
		b, err := x.in.ReadByte()
		if err != nil {
			return err
		}
		last = [3]byte{last[1], last[2], b}
		x.put(b)
		if string(last[:]) == "]]>" {
			x.text = bytes.TrimSuffix(x.text, []byte("]]>"))
			return x.wholeText()
		}
	}
}

func (x *xmlReader) put(b ...byte) {
	if len(x.text) < x.limit+slack {
		x.text = append(x.text, b...)
	}
}

// readText reads character data up to the next tag.
func (x *xmlReader) readText() error {
	x.text = x.text[:0]
	for {
		_, err := x.in.Peek(1)
		if err == io.EOF {
			return x.wholeText()
		}
		if err != nil {
			return err
		}
		chunk, err := x.in.Peek(x.in.Buffered())
		if err != nil {
			return err
		}
		n := bytes.IndexAny(chunk, "<&\r")
		if n < 0 {
			n = len(chunk)
		}
		x.put(chunk[:min(n, max(0, x.limit+slack-len(x.text)))]...)
		if n == len(chunk) {
			if _, err := x.in.Discard(n); err != nil {
				return err
			}
			continue
		}
		stop := chunk[n]
		if _, err := x.in.Discard(n); err != nil {
			return err
		}
		switch stop {
		case '<':
			return x.wholeText()
		case '\r':
			if _, err := x.in.Discard(1); err != nil {
				return err
			}
			if head, _ := x.in.Peek(1); len(head) == 0 || head[0] != '\n' {
				x.put('\n')
			}
		case '&':
			if err := x.entity(); err != nil {
				return err
			}
		}
	}
}

// wholeText cuts a character that the limit split and checks the rest.
func (x *xmlReader) wholeText() error {
	if len(x.text) > x.limit {
		x.text = wholeRunes(x.text)
	}
	if !utf8.Valid(x.text) {
		return xmlError("the XML is not valid UTF-8")
	}
	return nil
}

// entity reads a reference such as &amp; or &#20013; from in.
func (x *xmlReader) entity() error {
	head, _ := x.in.Peek(12)
	end := bytes.IndexByte(head, ';')
	if end < 2 {
		return xmlError("a broken reference in the XML")
	}
	r, ok := entityRune(string(head[1:end]))
	if !ok {
		return xmlError("an unknown reference in the XML")
	}
	var b [utf8.UTFMax]byte
	x.put(b[:utf8.EncodeRune(b[:], r)]...)
	_, err := x.in.Discard(end + 1)
	return err
}

func entityRune(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// readTag reads a tag without its brackets. A > inside an attribute does not end it.
func (x *xmlReader) readTag() error {
	x.tag = x.tag[:0]
	quote := byte(0)
	for {
		b, err := x.in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '>':
			return nil
		case b == '<':
			return xmlError("a tag inside a tag")
		}
		if len(x.tag) == maxTag {
			return xmlError("a tag that is too long")
		}
		x.tag = append(x.tag, b)
	}
}

func local(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

func (x *xmlReader) parseTag() (xmlToken, error) {
	tag := x.tag
	if len(tag) > 0 && tag[0] == '/' {
		x.depth--
		if x.depth < 0 {
			return 0, xmlError("an end tag without a start")
		}
		x.name = local(bytes.TrimSpace(tag[1:]))
		return xmlEnd, nil
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.closed = true
		tag = tag[:n-1]
	}
	i := bytes.IndexAny(tag, " \t\r\n")
	if i < 0 {
		i = len(tag)
	}
	if x.name = local(tag[:i]); len(x.name) == 0 || x.depth >= maxDepth || x.depth == 0 && x.seen {
		return 0, xmlError("a tag without a name, or too deep, or after the end")
	}
	x.seen = true
	x.depth++
	x.attrs, x.values = x.attrs[:0], x.values[:0]
	if cap(x.values) < len(tag) { // decoding makes values no longer, so they stay where they are
		x.values = make([]byte, 0, 2*len(tag))
	}
	for rest := bytes.TrimLeft(tag[i:], " \t\r\n"); len(rest) > 0; rest = bytes.TrimLeft(rest, " \t\r\n") {
		name, after, ok := bytes.Cut(rest, []byte("="))
		after = bytes.TrimLeft(after, " \t\r\n")
		if !ok || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return 0, xmlError("an attribute without a value")
		}
		end := bytes.IndexByte(after[1:], after[0])
		if end < 0 {
			return 0, xmlError("an attribute without an end")
		}
		from := len(x.values)
		if err := x.decodeValue(after[1 : 1+end]); err != nil {
			return 0, err
		}
		x.attrs = append(x.attrs, xmlAttr{local(bytes.TrimSpace(name)), x.values[from:len(x.values):len(x.values)]})
		rest = after[2+end:]
	}
	return xmlStart, nil
}

// decodeValue appends an attribute's value to values.
func (x *xmlReader) decodeValue(b []byte) error {
	if !utf8.Valid(b) {
		return xmlError("the XML is not valid UTF-8")
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			x.values = append(x.values, b...)
			return nil
		}
		x.values = append(x.values, b[:i]...)
		end := bytes.IndexByte(b[i:], ';')
		if end < 2 || end > 12 {
			return xmlError("a broken reference in the XML")
		}
		r, ok := entityRune(string(b[i+1 : i+end]))
		if !ok {
			return xmlError(fmt.Sprintf("an unknown reference in the XML: %q", b[i:i+end]))
		}
		x.values = utf8.AppendRune(x.values, r)
		b = b[i+end+1:]
	}
	return nil
}

package gongxin

import "unicode/utf8"

// An object is a JSON object being written, field by field in the order of the
// calls. Bodies are written a million at a time, so they are not left to
// reflection; a test compares them with what encoding/json writes.
type object []byte

func (o *object) key(name string) {
	b := *o
	if len(b) == 0 {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	*o = append(append(append(b, '"'), name...), '"', ':')
}

// text writes a field.
func (o *object) text(name, value string) {
	o.key(name)
	*o = appendQuoted(*o, value)
}

// given writes a field unless value is empty.
func (o *object) given(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

// count writes a field unless n is 0.
func (o *object) count(name string, n int) {
	if n != 0 {
		o.key(name)
		*o = appendInt(*o, n)
	}
}

// yes writes a field if it is true.
func (o *object) yes(name string, value bool) {
	if value {
		o.key(name)
		*o = append(*o, "true"...)
	}
}

// day writes a field, with "" for the zero Day.
func (o *object) day(name string, d Day) {
	o.key(name)
	*o = append(d.append(append(*o, '"')), '"')
}

// end returns the object.
func (o object) end() []byte {
	if len(o) == 0 {
		return emptyBody
	}
	return append(o, '}')
}

func appendInt(b []byte, n int) []byte {
	if n < 0 {
		return appendInt(append(b, '-'), -n)
	}
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string, escaped as encoding/json does: what
// HTML and JavaScript could take amiss is escaped too, bytes that are not UTF-8 become U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	done, valid := 0, utf8.ValidString(s)
	for i := 0; i < len(s); {
		c := s[i]
		if valid && c >= utf8.RuneSelf && c != 0xE2 { // U+2028 and U+2029 begin with E2
			i++
			continue
		}
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			b = append(b, s[done:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\b':
				b = append(b, `\b`...)
			case '\f':
				b = append(b, `\f`...)
			case '\n':
				b = append(b, `\n`...)
			case '\r':
				b = append(b, `\r`...)
			case '\t':
				b = append(b, `\t`...)
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			done = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[done:i]...), `\ufffd`...)
			done = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, s[done:i]...), '\\', 'u', '2', '0', '2', hexDigits[r&15])
			done = i + size
		}
		i += size
	}
	return append(append(b, s[done:]...), '"')
}

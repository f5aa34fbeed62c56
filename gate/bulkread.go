package gate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"gongxin"
)

// A bulk request holds thousands of subjects, and reading them by reflection would
// take ten times as long as screening them. So the usual form, number, name and id
// as plain strings in any order, is read by hand; whatever else is left to
// encoding/json, and a fuzz test holds that both give the same.

var errTooMany = gongxin.Invalid("BULK_TOO_MANY", MaxBulk)

// read reads a BulkQuery into b, which is empty. Errors: BULK_MALFORMED, BULK_TOO_MANY.
func (b *bulk) read(body []byte) error {
	if body = bytes.TrimRight(body, " \n\r\t"); unescaped(body) {
		switch err := b.readPlain(string(body)); err {
		case nil, errTooMany:
			return err
		}
		b.reset()
	}
	return b.readAny(body)
}

// errUnusual says that a body is for encoding/json to read.
var errUnusual = errors.New("not in the usual form")

// readPlain reads the usual form of a body that is unescaped.
func (b *bulk) readPlain(body string) error {
	s := scan{rest: body}
	var scenario, subjects, many bool
	usual := s.members(func(key string) (ok bool) {
		switch {
		case key == "scenario" && !scenario:
			scenario = true
			b.scenario, ok = s.text()
			return ok
		case key != "subjects" || subjects || !s.take('['):
			return false
		}
		subjects = true
		for first := true; !s.take(']'); first = false {
			if many = len(b.asked) == MaxBulk; many || !first && !s.take(',') || !b.takeSubject(&s) {
				return false
			}
		}
		return true
	})
	switch {
	case many:
		return errTooMany
	case !usual || !subjects || s.rest != "":
		return errUnusual
	}
	b.scenario = validText(b.scenario)
	return nil
}

// takeSubject takes one subject in the usual form.
func (b *bulk) takeSubject(s *scan) bool {
	a, ok := s.usual()
	if !ok {
		a, ok = s.subject()
	}
	if ok {
		b.asked = append(b.asked, a)
	}
	return ok
}

// readPlainLine reads one subject in the usual form.
func (b *bulk) readPlainLine(line string) error {
	s, before := scan{rest: line}, len(b.asked)
	if !b.takeSubject(&s) || s.rest != "" {
		b.asked = b.asked[:before]
		return errUnusual
	}
	return nil
}

// A scan takes JSON apart that is unescaped; what it returns are parts of it.
type scan struct{ rest string }

// spaces passes over spaces. Other white space is not plain.
func (s *scan) spaces() {
	for len(s.rest) > 0 && s.rest[0] == ' ' {
		s.rest = s.rest[1:]
	}
}

// take passes over c, and spaces before it, if it comes next.
func (s *scan) take(c byte) bool {
	s.spaces()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text takes a string.
func (s *scan) text() (value string, ok bool) {
	if !s.take('"') {
		return "", false
	}
	end := strings.IndexByte(s.rest, '"')
	if end < 0 {
		return "", false
	}
	value, s.rest = s.rest[:end], s.rest[end+1:]
	return value, true
}

// key takes a string and the colon after it; "" if they do not come next.
func (s *scan) key() string {
	key, ok := s.text()
	if !ok || !s.take(':') {
		return ""
	}
	return key
}

// usual takes an object as most programs write it: id if there is one, number, name,
// in this order, with a space after colons and commas or without. It takes nothing if
// the object is not so.
func (s *scan) usual() (a asked, ok bool) {
	r := s.rest
	if strings.HasPrefix(r, `{"id":`) {
		if a.id, r, ok = after(r[len(`{"id":`):]); !ok || len(r) == 0 || r[0] != ',' {
			return a, false
		}
	} else if len(r) == 0 || r[0] != '{' {
		return a, false
	}
	if r = r[1:]; len(r) > 0 && r[0] == ' ' {
		r = r[1:]
	}
	if !strings.HasPrefix(r, `"number":`) {
		return a, false
	}
	if a.number, r, ok = after(r[len(`"number":`):]); !ok {
		return a, false
	}
	if strings.HasPrefix(r, `,"name":`) {
		r = r[len(`,"name":`):]
	} else if strings.HasPrefix(r, `, "name":`) {
		r = r[len(`, "name":`):]
	} else {
		return a, false
	}
	if a.name, r, ok = after(r); !ok || len(r) == 0 || r[0] != '}' {
		return a, false
	}
	s.rest = r[1:]
	return a, true
}

// after takes a string, and a space before it, off r.
func after(r string) (value, rest string, ok bool) {
	if len(r) > 0 && r[0] == ' ' {
		r = r[1:]
	}
	if len(r) == 0 || r[0] != '"' {
		return "", r, false
	}
	end := strings.IndexByte(r[1:], '"')
	if end < 0 {
		return "", r, false
	}
	return r[1 : 1+end], r[2+end:], true
}

// members takes an object; value takes the value of each member and tells whether it may be there.
func (s *scan) members(value func(key string) bool) bool {
	if !s.take('{') {
		return false
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') || !value(s.key()) {
			return false
		}
	}
	return true
}

// A member is a string of an object and where it goes.
type member struct {
	name string
	into *string
}

// texts takes an object in which nothing stands but some of members, each once at most.
func (s *scan) texts(members ...member) bool {
	there := 0
	return s.members(func(key string) (ok bool) {
		for i, m := range members {
			if m.name == key && there>>i&1 == 0 {
				there |= 1 << i
				*m.into, ok = s.text()
				return ok
			}
		}
		return false
	})
}

// subject takes an object with strings named number, name, id and scenario.
func (s *scan) subject() (a asked, ok bool) {
	scenario := ""
	ok = s.texts(member{"number", &a.number}, member{"name", &a.name}, member{"id", &a.id}, member{"scenario", &scenario})
	if ok && scenario != "" {
		a.whole = &Query{Scenario: validText(scenario), Number: a.number, Name: validText(a.name)}
	}
	return a, ok
}

// unescaped tells whether nothing in b is escaped and no control character is in
// it: then a quote always ends a string.
func unescaped(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		slash := w ^ '\\'*ones
		if ((w-' '*ones)&^w|(slash-ones)&^slash)&tops != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return false
		}
	}
	return true
}

// readAny reads any JSON of a BulkQuery.
func (b *bulk) readAny(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := b.decode(d)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errSecondValue
		}
	}
	if errors.Is(err, errTooMany) {
		return err
	}
	return gongxin.Invalid("BULK_MALFORMED", queryFault(err))
}

var errSecondValue = errors.New("more than one JSON value")

// A fieldFault says which field of a request is wrong.
type fieldFault string

func (f fieldFault) Error() string { return "field " + string(f) }

// decode takes a BulkQuery subject by subject, so that a body with too many is not
// held in memory first.
func (b *bulk) decode(d *json.Decoder) error {
	if err := delimiter(d, '{', ""); err != nil {
		return err
	}
	var scenario, subjects bool
	for d.More() {
		key, err := d.Token()
		switch {
		case err != nil:
			return err
		case key == "scenario" && !scenario:
			scenario = true
			if err := d.Decode(&b.scenario); err != nil {
				return fieldFaultOr(err, "scenario")
			}
		case key == "subjects" && !subjects:
			subjects = true
			if err := delimiter(d, '[', "subjects"); err != nil {
				return err
			}
			for d.More() {
				if len(b.asked) == MaxBulk {
					return errTooMany
				}
				if err := b.decodeSubject(d); err != nil {
					return err
				}
			}
			if _, err := d.Token(); err != nil {
				return err
			}
		case key == "scenario", key == "subjects":
			return fieldFault(key.(string))
		default:
			return errUnknownField
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if !subjects {
		return fieldFault("subjects")
	}
	return nil
}

// decodeSubject takes one subject.
func (b *bulk) decodeSubject(d *json.Decoder) error {
	var s Subject
	if err := d.Decode(&s); err != nil {
		return err
	}
	b.asked = append(b.asked, asked{id: s.ID, number: s.Number, name: s.Name, whole: &s.Query})
	return nil
}

var errUnknownField = errors.New("json: unknown field")

func delimiter(d *json.Decoder, want json.Delim, field fieldFault) error {
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t != want && field != "":
		return field
	case t != want:
		return errors.New("no object")
	}
	return nil
}

// fieldFaultOr names field where err does not.
func fieldFaultOr(err error, field fieldFault) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field == "" {
		return field
	}
	return err
}

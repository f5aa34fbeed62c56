package gongxin

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A Kind says what sort of thing went wrong, and so what a caller can do about it.
type Kind string

// The kinds of errors shown to people.
const (
	KindInvalid     Kind = "invalid"     // the input must be mended
	KindForbidden   Kind = "forbidden"   // this person may not do this
	KindMissing     Kind = "missing"     // no such thing
	KindConflict    Kind = "conflict"    // the state of things does not allow it
	KindUnavailable Kind = "unavailable" // not now; trying again can help
)

// An Error is a mistake told to people: what kind, a stable code in
// UPPER_SNAKE, where it is, and in Chinese and English what is wrong and how to
// mend it. The texts come from the catalogue in messages/, a file for each room.
type Error struct {
	Kind  Kind
	Code  string
	Place Place
	Args  []any // fill the %v of the texts; never a full identifier
}

// A Place says where in a submission an error is. Rows are counted from 1
// without the header; 0 and "" mean not known or the whole.
type Place struct {
	File  string
	Row   int
	Field string
}

// Text is one sentence in Chinese and in English.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Invalid returns an error of that kind with a code of the catalogue.
func Invalid(code string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Code: code, Args: args}
}

// Forbidden returns an error of that kind with a code of the catalogue.
func Forbidden(code string, args ...any) *Error {
	return &Error{Kind: KindForbidden, Code: code, Args: args}
}

// Missing returns an error of that kind with a code of the catalogue.
func Missing(code string, args ...any) *Error {
	return &Error{Kind: KindMissing, Code: code, Args: args}
}

// Conflict returns an error of that kind with a code of the catalogue.
func Conflict(code string, args ...any) *Error {
	return &Error{Kind: KindConflict, Code: code, Args: args}
}

// Unavailable returns an error of that kind with a code of the catalogue.
func Unavailable(code string, args ...any) *Error {
	return &Error{Kind: KindUnavailable, Code: code, Args: args}
}

// At returns a copy of e that says where it is.
func (e *Error) At(p Place) *Error {
	c := *e
	c.Place = p
	return &c
}

// Error gives code, place and the English text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if e.Place.File != "" {
		fmt.Fprintf(&b, " %s", e.Place.File)
	}
	if e.Place.Row > 0 {
		fmt.Fprintf(&b, " row %d", e.Place.Row)
	}
	if e.Place.Field != "" {
		fmt.Fprintf(&b, " %s", e.Place.Field)
	}
	b.WriteString(": ")
	b.WriteString(e.What().EN)
	return b.String()
}

// Is makes errors.Is compare codes: errors.Is(err, gongxin.Conflict("NOT_IN_FORCE")).
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// What says what is wrong; the code itself if the catalogue lacks it.
func (e *Error) What() Text { return e.fill(func(m message) Text { return m.what }) }

// Mend says how to mend it; empty if there is nothing that the reader can do.
func (e *Error) Mend() Text { return e.fill(func(m message) Text { return m.mend }) }

func (e *Error) fill(part func(message) Text) Text {
	m, ok := catalogue[e.Code]
	if !ok {
		return Text{e.Code, e.Code}
	}
	t := part(m)
	return Text{fill(t.ZH, e.Args), fill(t.EN, e.Args)}
}

// fill puts args for the %v of form, in their order or by %[1]v, and … for an
// argument that is not there. A text need not name every argument.
func fill(form string, args []any) string {
	var b strings.Builder
	next := 0
	for {
		before, after, found := strings.Cut(form, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		index, rest := next, ""
		switch {
		case strings.HasPrefix(after, "v"):
			rest = after[1:]
		case len(after) > 3 && after[0] == '[' && '1' <= after[1] && after[1] <= '9' && after[2:4] == "]v":
			index, rest = int(after[1]-'1'), after[4:]
		default: // a sign that stands for itself, as in 50%
			b.WriteByte('%')
			form = after
			continue
		}
		if index < len(args) {
			fmt.Fprint(&b, args[index])
		} else {
			b.WriteString("…")
		}
		next, form = index+1, rest
	}
}

// quoted gives what somebody wrote for use in a message: not too much of it, and
// of what may be a person's number written in the wrong place only the beginning.
func quoted(s string) string {
	const longest, digits = 48, 8
	var b strings.Builder
	n, run := 0, 0
	for _, r := range s {
		if n++; n > longest {
			return b.String() + "…"
		}
		if run++; !unicode.IsDigit(r) {
			run = 0
		}
		if run > digits {
			r = '*'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CodeOf returns the code of the Error in err's chain, "" if there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// KindOf returns the kind of the Error in err's chain, "" if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

type message struct{ what, mend Text }

//go:embed messages/*.csv
var messageFiles embed.FS

// The catalogue: code → texts. A fault in the embedded files is a programmer's
// mistake, so it panics at start-up, and any test finds it.
var catalogue = func() map[string]message {
	files, err := messageFiles.ReadDir("messages")
	if err != nil {
		panic(err)
	}
	all := map[string]message{}
	for _, f := range files {
		r, err := messageFiles.Open("messages/" + f.Name())
		if err != nil {
			panic(err)
		}
		rows, err := csv.NewReader(r).ReadAll()
		if err != nil {
			panic(fmt.Sprintf("messages/%s: %v", f.Name(), err))
		}
		for _, row := range rows[1:] { // code,zh,en,mend_zh,mend_en
			if _, twice := all[row[0]]; twice {
				panic(fmt.Sprintf("messages/%s: %s stands twice", f.Name(), row[0]))
			}
			all[row[0]] = message{Text{row[1], row[2]}, Text{row[3], row[4]}}
		}
	}
	return all
}()

// Message returns the texts of a code, for documents that list them; ok is false
// if the catalogue lacks it.
func Message(code string) (what, mend Text, ok bool) {
	m, ok := catalogue[code]
	return m.what, m.mend, ok
}

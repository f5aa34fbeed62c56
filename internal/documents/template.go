package documents

import (
	"embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongxin"
)

// A Template is the words of one kind of document, one paragraph a line. Fields
// stand in braces by their Chinese names; a line that begins with ?{…} is there
// only if that field is not empty:
//
//	依照{法律依据}，决定如下：
//	?{期限}纳入期限至{期限}止。
//
// A first line that ends with a colon is the address and is not indented. There is
// nothing else. A Template does not change.
type Template struct {
	kind       gongxin.DocumentKind
	paragraphs []paragraph
}

type paragraph struct {
	when  field // noField: always there
	parts []part
}

// A part is a text or, if text is empty, a field.
type part struct {
	text  string
	field field
}

// What a template may hold at most: several pages of A4.
const (
	mostBytes      = 32 << 10
	mostParagraphs = 200
)

//go:embed templates/*.txt
var templateFiles embed.FS

// The default templates. A fault in one is a programmer's mistake, so it panics at
// start-up, and any test finds it.
var defaults = func() map[gongxin.DocumentKind]*Template {
	all := map[gongxin.DocumentKind]*Template{}
	for _, kind := range gongxin.DocumentKinds {
		t, err := Parse(kind, Default(kind))
		if err != nil {
			panic("templates/" + string(kind) + ".txt: " + err.Error())
		}
		all[kind] = t
	}
	return all
}()

// Default returns the text of the template of kind that holds until a court writes
// its own; "" if there is no such kind.
func Default(kind gongxin.DocumentKind) string {
	b, err := templateFiles.ReadFile("templates/" + string(kind) + ".txt")
	if err != nil {
		return "" // no such kind: the files are embedded
	}
	return string(b)
}

// Parse reads a template of kind and folds what input methods make of it: full-width
// braces, indents, a byte order mark, line ends of Windows. The error says line and
// column, both from 1. Errors: DOCUMENT_KIND_UNKNOWN, TEMPLATE_LONG; TEMPLATE_TEXT for a
// character that cannot be seen; TEMPLATE_BRACE; TEMPLATE_FIELD, with the nearest name;
// TEMPLATE_REQUIRED for what a paper must say and this one need not.
func Parse(kind gongxin.DocumentKind, text string) (*Template, error) {
	f, ok := forms[kind]
	if !ok {
		return nil, gongxin.Invalid("DOCUMENT_KIND_UNKNOWN", short(string(kind)))
	}
	if len(text) > mostBytes {
		return nil, gongxin.Invalid("TEMPLATE_LONG", mostParagraphs, mostBytes>>10)
	}
	t := &Template{kind: kind}
	text = strings.TrimPrefix(text, "\ufeff")
	row := 0
	for line := range strings.SplitSeq(text, "\n") {
		row++
		p, err := parseLine(strings.TrimSuffix(line, "\r"), row, f.fields)
		if err != nil {
			return nil, err
		}
		if len(p.parts) > 0 {
			t.paragraphs = append(t.paragraphs, p)
		}
	}
	if len(t.paragraphs) > mostParagraphs {
		return nil, gongxin.Invalid("TEMPLATE_LONG", mostParagraphs, mostBytes>>10)
	}
	if missing := t.missing(f.required); len(missing) > 0 {
		return nil, gongxin.Invalid("TEMPLATE_REQUIRED", "{"+strings.Join(missing, "}、{")+"}")
	}
	return t, nil
}

// parseLine reads one paragraph; a line without words is none.
func parseLine(line string, row int, known []field) (paragraph, error) {
	var p paragraph
	in := []rune(line)
	for i, r := range in {
		if hidden(r) {
			return p, fault("TEMPLATE_TEXT", row, i, codePoint(r))
		}
	}
	at := skipSpace(in, 0)
	if at+1 < len(in) && (in[at] == '?' || in[at] == '？') && opens(in[at+1]) {
		f, next, err := parseField(in, at+1, row, known)
		if err != nil {
			return p, err
		}
		p.when, at = f, skipSpace(in, next)
	}
	end := len(in)
	for end > at && unicode.IsSpace(in[end-1]) {
		end--
	}
	for in = in[:end]; at < len(in); {
		switch {
		case opens(in[at]):
			f, next, err := parseField(in, at, row, known)
			if err != nil {
				return p, err
			}
			p.parts, at = append(p.parts, part{field: f}), next
		case closes(in[at]):
			return p, fault("TEMPLATE_BRACE", row, at)
		default:
			from := at
			for at < len(in) && !opens(in[at]) && !closes(in[at]) {
				at++
			}
			p.parts = append(p.parts, part{text: string(in[from:at])})
		}
	}
	return p, nil
}

// parseField reads the field whose brace opens at in[at]; next is behind it.
func parseField(in []rune, at, row int, known []field) (f field, next int, err error) {
	end := at + 1
	for end < len(in) && !closes(in[end]) && !opens(in[end]) {
		end++
	}
	if end == len(in) || opens(in[end]) {
		return noField, 0, fault("TEMPLATE_BRACE", row, at)
	}
	name := strings.TrimSpace(string(in[at+1 : end]))
	for _, f := range known {
		if names[f].zh == name {
			return f, end + 1, nil
		}
	}
	return noField, 0, fault("TEMPLATE_FIELD", row, at, short(name), nearest(name, known))
}

func fault(code string, row, at int, args ...any) error {
	return gongxin.Invalid(code, append([]any{row, at + 1}, args...)...).At(gongxin.Place{Row: row})
}

func opens(r rune) bool  { return r == '{' || r == '｛' }
func closes(r rune) bool { return r == '}' || r == '｝' }

func skipSpace(in []rune, at int) int {
	for at < len(in) && unicode.IsSpace(in[at]) {
		at++
	}
	return at
}

// hidden tells whether r has no place in a paper: what cannot be seen can make it
// read other than it prints.
func hidden(r rune) bool {
	if r >= 0x3000 && r < 0xd800 || r >= 0x20 && r < 0x7f { // most of a paper, and nothing hidden in it
		return false
	}
	return r == utf8.RuneError || r == '\u2028' || r == '\u2029' ||
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || unicode.IsControl(r) && r != '\t'
}

func codePoint(r rune) string {
	const hex = "0123456789ABCDEF"
	s := []byte("U+")
	for shift := 20; shift >= 0; shift -= 4 {
		if d := r >> shift & 15; d != 0 || len(s) > 2 || shift < 16 {
			s = append(s, hex[d])
		}
	}
	return string(s)
}

// nearest returns the name of a field that was most likely meant.
func nearest(name string, known []field) string {
	best, least := "", 1<<30
	written := []rune(short(name))
	for _, f := range known {
		if d := distance(written, []rune(names[f].zh)); d < least {
			best, least = names[f].zh, d
		}
	}
	return best
}

// distance is the number of characters to put in, take out or change (Levenshtein).
// One change costs a little more than one insertion, so that a part of a name leads to it.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = 2 * j
	}
	for i := range a {
		diagonal := row[0]
		row[0] += 2
		for j := range b {
			change := diagonal
			if a[i] != b[j] {
				change += 3
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+2, row[j+1]+2)
		}
	}
	return row[len(b)]
}

// short cuts what somebody wrote, for a message.
func short(s string) string {
	const longest = 20
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// missing returns the names of the required fields that t could leave out: a
// paragraph that is there only if something else is so does not count.
func (t *Template) missing(required []field) []string {
	var missing []string
	for _, f := range required {
		says := slices.ContainsFunc(t.paragraphs, func(p paragraph) bool {
			return (p.when == noField || p.when == f) && slices.Contains(p.parts, part{field: f})
		})
		if !says {
			missing = append(missing, names[f].zh)
		}
	}
	return missing
}

// String writes t so that Parse gives it again.
func (t *Template) String() string {
	var b strings.Builder
	for _, p := range t.paragraphs {
		if p.when != noField {
			b.WriteString("?{" + names[p.when].zh + "}")
		}
		for _, x := range p.parts {
			if x.field != noField {
				b.WriteString("{" + names[x.field].zh + "}")
			} else {
				b.WriteString(x.text)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

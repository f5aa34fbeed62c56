// Package pairs reads sets of pairs of names that somebody has judged, and scores how
// package match grades them.
//
//	query,candidate,match,kind,subject
//	王曉東,王晓东,true,traditional,person
//	王小明,王晓明,false,homophone,person
//
// The candidate stands for what is listed, the query for who is asked about; either may
// be a name, or a name and an identifier (match.ParseParty). A Tally is for one goroutine.
package pairs

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"gongxin"
	"gongxin/match"
)

// A Pair is one line of a set.
type Pair struct {
	Row              int    // from 1, without the header
	Query, Candidate string // as written
	Match            bool   // whether they are one name or subject
	Judged           bool   // whether the set says so: without it Match means nothing
	Kind             string // what the pair is an example of, such as homophone; may be empty
	Subject          string // person or organisation; may be empty
	Asked, Listed    match.Party
	Problem          error // why a side has no number, or nothing: MATCH_NUMBER, MATCH_NAME with the place
}

// maxField bounds what one name may take, so that a file without line ends is refused.
const maxField = 4 << 10

// Read yields the pairs of a CSV file in its order; name stands in errors. UTF-8, with or
// without a byte order mark, and GB18030 are understood; the columns are found by their
// names, in any order. It reads as it goes, so that memory does not grow with the file.
// A side that cannot be read is compared by what can; Problem says so. After an error
// nothing more comes. Errors: PAIRS_HEADER, PAIRS_ROW, PAIRS_MATCH, PAIRS_ENCODING with the
// place; those of r.
func Read(r io.Reader, name string) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		text, err := decode(r)
		if err != nil {
			yield(Pair{}, at(err, name, 0, ""))
			return
		}
		rows := csv.NewReader(text)
		rows.FieldsPerRecord = -1
		rows.ReuseRecord = true
		head, err := rows.Read()
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Pair{}, broken(err, name, 0))
			return
		}
		columns, err := find(head)
		if err != nil {
			yield(Pair{}, at(err, name, 0, ""))
			return
		}
		for n := 1; ; n++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Pair{}, broken(err, name, n))
				return
			}
			p, err := columns.pair(row, n, name)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// decode finds out how r is written, by its first 64 KiB.
func decode(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if rest, ok := bytes.CutPrefix(head, []byte("\ufeff")); ok {
		head = rest
		if _, err := in.Discard(len("\ufeff")); err != nil {
			return nil, err
		}
	}
	for cut := 0; err == nil && cut < utf8.UTFMax && !utf8.Valid(head); cut++ {
		head = head[:len(head)-1] // the last character may be cut
	}
	if utf8.Valid(head) {
		return in, nil
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, gongxin.Invalid("PAIRS_ENCODING")
	}
	return transform.NewReader(in, simplifiedchinese.GB18030.NewDecoder()), nil
}

// columns says where each column stands, -1 for nowhere.
type columns struct{ query, candidate, match, kind, subject int }

func find(head []string) (columns, error) {
	where := func(names ...string) int {
		return slices.IndexFunc(head, func(cell string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(cell)))
		})
	}
	c := columns{where("query", "查询"), where("candidate", "候选"), where("match", "相符"), where("kind", "种类"), where("subject", "主体")}
	switch {
	case c.query < 0:
		return c, gongxin.Invalid("PAIRS_HEADER", "query")
	case c.candidate < 0:
		return c, gongxin.Invalid("PAIRS_HEADER", "candidate")
	}
	return c, nil
}

func (c columns) pair(row []string, n int, name string) (Pair, error) {
	cell := func(i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.Clone(row[i])
	}
	p := Pair{Row: n, Query: cell(c.query), Candidate: cell(c.candidate), Kind: cell(c.kind), Subject: cell(c.subject)}
	if len(p.Query) > maxField || len(p.Candidate) > maxField {
		return p, at(gongxin.Invalid("PAIRS_ROW", "a field of more than 4 KiB"), name, n, "")
	}
	switch said := strings.ToLower(strings.TrimSpace(cell(c.match))); said {
	case "":
	case "true", "1", "yes", "y", "t", "是":
		p.Match, p.Judged = true, true
	case "false", "0", "no", "n", "f", "否":
		p.Judged = true
	default:
		return p, at(gongxin.Invalid("PAIRS_MATCH", said), name, n, "match")
	}
	var asked, listed error
	p.Asked, asked = match.ParseParty(p.Query)
	p.Listed, listed = match.ParseParty(p.Candidate)
	if asked != nil {
		p.Problem = at(asked, name, n, "query")
	} else if listed != nil {
		p.Problem = at(listed, name, n, "candidate")
	}
	return p, nil
}

func at(err error, file string, row int, field string) error {
	var e *gongxin.Error
	if errors.As(err, &e) {
		return e.At(gongxin.Place{File: file, Row: row, Field: field})
	}
	return err
}

func broken(err error, file string, row int) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return at(gongxin.Invalid("PAIRS_ROW", parse.Err), file, row, "")
	}
	return err
}

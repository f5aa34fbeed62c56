package batch

import (
	"context"
	"strings"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
)

// A Decider answers whether one person or organisation may go ahead: a *gate.Gate in
// this process, or a *gate.Client of one in another. Its methods run from several goroutines.
type Decider interface {
	Screen(context.Context, gate.Query) (gongxin.Decision, error)
}

// A Bulk is a Decider that answers many queries at a time, in their order. A query
// that is itself at fault is referred with that code.
type Bulk interface {
	Decider
	ScreenAll(ctx context.Context, queries []gate.Query) ([]gongxin.Decision, error)
}

// An Answer is what is said of one row.
type Answer struct {
	Outcome   gongxin.Outcome
	Reasons   []string // codes, each once, in the order of the decision
	Reference string   // empty where nothing was recorded at the gate
	Sequence  uint64   // of the list as of which it was answered; 0 if the gate was not asked
}

// Reasons that a row gets without the gate's being asked. Their texts stand in
// messages/batch.csv.
const (
	noSubject    = "SUBJECT_NEEDED"      // neither number nor name
	rowMalformed = "BATCH_ROW_MALFORMED" // quotes out of step, or no JSON object
	rowWide      = "BATCH_ROW_WIDE"      // more cells than the header has: nobody knows which is which
	cellLong     = "BATCH_CELL_LONG"     // a number or a name longer than any
	nameNumber   = "BATCH_NAME_NUMBER"   // a number where the name should be; no text of an answer is to hold it
	cellEncoding = "BATCH_CELL_ENCODING" // bytes that the file's encoding does not have
)

// maxCell is the longest number or name in bytes that a gate is asked about.
const maxCell = 1024

var (
	_ Bulk = (*gate.Gate)(nil)
	_ Bulk = (*gate.Client)(nil)
)

// answerOf reduces a decision to an answer.
func answerOf(d gongxin.Decision) Answer {
	a := Answer{Outcome: d.Outcome, Reference: d.Reference, Sequence: d.Sequence}
	for _, r := range d.Reasons {
		known := false
		for _, have := range a.Reasons {
			known = known || have == r.Code
		}
		if !known {
			a.Reasons = append(a.Reasons, r.Code)
		}
	}
	return a
}

// reasons are the codes as they stand in one cell.
func (a Answer) reasons() string { return strings.Join(a.Reasons, " ") }

// masked gives a number as people may see it. Of what is no valid number only the
// ends are shown, since it may be a person's number with a slip in it.
func masked(s string) string {
	if n, _, err := identity.Parse(s); err == nil {
		return n.String()
	}
	r := []rune(strings.TrimSpace(s))
	front, back := 0, 0
	switch {
	case len(r) > 64:
		return "…"
	case len(r) >= 15:
		front, back = 3, 2
	case len(r) >= 6:
		front, back = 1, 1
	}
	for i := front; i < len(r)-back; i++ {
		r[i] = '*'
	}
	return string(r)
}

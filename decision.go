package gongxin

import "time"

// An Outcome is a gate's answer to "may this transaction go ahead?".
type Outcome string

// The three answers.
const (
	Clear Outcome = "clear" // nobody listed: go ahead
	Refer Outcome = "refer" // a person must look: not sure who, not sure how fresh, or the measure asks for it
	Block Outcome = "block" // listed, identified by number and name, and the measure prohibits
)

// A Reason tells why, with a stable code.
type Reason struct {
	Code string `json:"code"`
	Text
}

// A Hit is one listing that a query met, with all that the person concerned and
// the officer need to know.
type Hit struct {
	Listing   ListingID  `json:"listing"`
	Case      CaseNumber `json:"case"`
	Court     string     `json:"court"`
	Name      string     `json:"name"`   // as listed
	Number    string     `json:"number"` // masked
	Published Day        `json:"published"`
	Until     Day        `json:"until"`
	Severity  Severity   `json:"severity"`
	Measure   string     `json:"measure"` // id, such as 3.6.flight
	Clause    string     `json:"clause"`
	Effect    Effect     `json:"effect"`
	Basis     Text       `json:"basis"`
	Agrees    []string   `json:"agrees"`             // which parts agree: "number", "name"
	Evidence  []Fact     `json:"evidence,omitempty"` // what was compared, and how it came out
	Hint      bool       `json:"hint,omitempty"`     // a similar name that was asked for: it decides nothing, and Measure is empty
}

// A Decision is a gate's answer with its grounds. For clear, Remedy and Reference
// are empty, Hits holds hints at most, and nothing is kept or reported.
type Decision struct {
	Outcome    Outcome   `json:"outcome"`
	Scenario   string    `json:"scenario"`
	Reasons    []Reason  `json:"reasons,omitempty"`
	Hits       []Hit     `json:"hits,omitempty"`
	Sequence   uint64    `json:"sequence"`            // the list as of this sequence
	AsOf       time.Time `json:"as_of"`               // time of the last verified checkpoint
	FreshUntil time.Time `json:"fresh_until"`         // after it the gate restricts nobody
	Reference  string    `json:"reference,omitempty"` // quote it when asking for review (3.12)
	Remedy     *Text     `json:"remedy,omitempty"`    // how to object, to court and to department
}

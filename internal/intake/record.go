package intake

import (
	"bytes"
	"encoding/json"
	"errors"

	"gongxin"
	"gongxin/identity"
)

// An Outcome is what becomes of a record.
type Outcome string

// The outcomes.
const (
	Accept     Outcome = "accept"
	Normalised Outcome = "accept-with-normalisation"
	Reject     Outcome = "reject"
	Refused    Outcome = "file-refused" // of a whole file, never of a record
)

// A Withdrawal is a court's decision that ends a listing (2.4).
type Withdrawal struct {
	Case   gongxin.CaseNumber
	Number identity.Number
	On     gongxin.Day
	Ground gongxin.Ground
	Reason string // 撤销原因 as the court wrote it
}

// A Record is one row of a file and what was found.
type Record struct {
	File    string // Options.Name
	Row     int    // from 1, the header and blank lines not counted
	Line    int    // line of a text file on which it begins, row of a worksheet; from 1
	Outcome Outcome

	Reason  string // of a rejection: the code, for MISSING_FIELD with its column after a colon
	Field   string // the document's column name
	Message gongxin.Text
	Mend    gongxin.Text
	OfRow   int    // of a duplicate: the record that stays
	OfFile  string // its file, "" if it is this one

	Normalisations []string          // in a fixed order; none of a rejected record
	Values         map[string]string // what will be stored for the fields concerned, in full: the court's own output
	Notes          []string          // codes of what should be looked at; none stops a record
	Extra          map[string]string // filled cells of columns that no field claims, by heading

	Entry       *gongxin.Entry // of an accepted listing
	WithdrawnOn gongxin.Day    // 撤销时间 of a listing; zero while it is in force
	Withdrawal  *Withdrawal    // of an accepted withdrawal
	Digest      [32]byte       // of the listing's fields without 撤销时间; equal digests are the same content

	Listing gongxin.ListingID // once the register has taken the record; zero before, and for a rejected one

	Raw []string // the cells as they came, for a correction file

	rejection *gongxin.Error // what Reject was called with
}

// Reject turns r into a record rejected for e: what the register says of a record
// that passed the checks of the file.
func (r *Record) Reject(e *gongxin.Error) {
	r.Outcome, r.rejection = Reject, e
	r.Reason = reason(e)
	if e.Place.Field != "" {
		r.Field = e.Place.Field
	}
	r.Message, r.Mend = e.What(), e.Mend()
	r.Listing = gongxin.ListingID{}
	r.Normalisations, r.Values = nil, nil
	r.Entry, r.Withdrawal, r.WithdrawnOn, r.Digest = nil, nil, 0, [32]byte{}
}

// reason is the code of e as a report tells it.
func reason(e *gongxin.Error) string {
	switch e.Code {
	case "MISSING_FIELD", "COLUMN_MISSING":
		return e.Code + ":" + e.Place.Field
	}
	return e.Code
}

// said is the form in which a record or a refusal goes out as JSON.
type said struct {
	File           string            `json:"file,omitempty"`
	Row            int               `json:"row,omitempty"`
	Line           int               `json:"line,omitempty"`
	Outcome        Outcome           `json:"outcome"`
	Reason         string            `json:"reason,omitempty"`
	Field          string            `json:"field,omitempty"`
	OfRow          int               `json:"of_row,omitempty"`
	OfFile         string            `json:"of_file,omitempty"`
	Normalisations []string          `json:"normalisations,omitempty"`
	Values         map[string]string `json:"values,omitempty"`
	Notes          []string          `json:"notes,omitempty"`
	Extra          map[string]string `json:"extra,omitempty"`
	Listing        gongxin.ListingID `json:"listing,omitzero"`
	Message        *gongxin.Text     `json:"message,omitempty"`
	Mend           *gongxin.Text     `json:"mend,omitempty"`
}

// MarshalJSON gives the object of gongxin intake --json: what applies, and nothing
// else. Values are in full, since they are the court's own; messages are masked.
func (r Record) MarshalJSON() ([]byte, error) {
	return encode(said{r.File, r.Row, r.Line, r.Outcome, r.Reason, r.Field, r.OfRow, r.OfFile, r.Normalisations,
		r.Values, r.Notes, r.Extra, r.Listing, text(r.Message), text(r.Mend)})
}

// UnmarshalJSON reads what MarshalJSON gives: what a hub said of a record. Entry,
// Withdrawal and Raw stay with the hub.
func (r *Record) UnmarshalJSON(b []byte) error {
	var s said
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*r = Record{File: s.File, Row: s.Row, Line: s.Line, Outcome: s.Outcome, Reason: s.Reason, Field: s.Field, OfRow: s.OfRow,
		OfFile: s.OfFile, Normalisations: s.Normalisations, Values: s.Values, Notes: s.Notes, Extra: s.Extra, Listing: s.Listing}
	if s.Message != nil {
		r.Message = *s.Message
	}
	if s.Mend != nil {
		r.Mend = *s.Mend
	}
	return nil
}

// Err returns the rejection of r as an error for people, nil if it was accepted.
func (r Record) Err() error {
	if r.rejection == nil {
		return nil
	}
	return r.rejection
}

// Refusal gives the JSON object of a file that was refused as a whole; err must
// hold a *gongxin.Error, else the object says that the file could not be read.
func Refusal(err error) []byte {
	out := said{Outcome: Refused, Reason: "FILE_UNREADABLE"}
	var e *gongxin.Error
	if errors.As(err, &e) {
		out.File, out.Line, out.Reason, out.Field = e.Place.File, e.Place.Row, reason(e), e.Place.Field
		out.Message, out.Mend = text(e.What()), text(e.Mend())
	}
	b, err := encode(out)
	if err != nil {
		panic(err) // strings and numbers alone always encode
	}
	return b
}

func text(t gongxin.Text) *gongxin.Text {
	if t == (gongxin.Text{}) {
		return nil
	}
	return &t
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

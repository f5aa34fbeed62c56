package register

import (
	"context"

	"gongxin"
	"gongxin/identity"
)

// A Journal is what the register needs of one transaction of a store: to read
// listings as they stand in it, its own appends included, and to append events.
type Journal interface {
	// Listing returns the listing id. Error: UNKNOWN_LISTING.
	Listing(ctx context.Context, id gongxin.ListingID) (gongxin.Listing, error)

	// Find returns the latest round of each key, in the order of keys; where there
	// is none, the zero Found. The Entry of a listing that was erased is zero.
	Find(ctx context.Context, keys []gongxin.ListingKey) ([]gongxin.Found, error)

	// InCase returns the newest listing whose case has the key caseKey
	// (gongxin.CaseNumber.Key) and whose subject is the same as subject
	// (identity.Same), or the zero Found, and the number of listings in the case,
	// whoever their subjects are.
	InCase(ctx context.Context, caseKey string, subject identity.Number) (gongxin.Found, int, error)

	// Append commits e, which continues before (the zero Listing for a new one),
	// gives it its sequence and returns the listing after it. submission is the
	// digest of the row that a listing was admitted from; if it is zero, what is
	// kept for the listing stays.
	Append(ctx context.Context, before gongxin.Listing, e gongxin.Event, submission [32]byte) (gongxin.Listing, error)

	// Duties returns the duties of a listing that are open, oldest first.
	Duties(ctx context.Context, id gongxin.ListingID) ([]gongxin.Duty, error)

	// PutDuty keeps d as it stands now; listing, kind and opening event identify it.
	PutDuty(ctx context.Context, d gongxin.Duty) error

	// NextDocument returns how many documents the case has so far plus one, and
	// counts it: no number is given twice, and one that is undone is given again.
	NextDocument(ctx context.Context, caseKey string) (int, error)

	// KeepDocument keeps a document that an event of this transaction commits to.
	// Error: DOCUMENT_NUMBER_TAKEN.
	KeepDocument(ctx context.Context, d gongxin.Document) error
}

// A Scribe writes the documents of the procedure.
type Scribe interface {
	// Write fills Page, Data and Hash of the document that d describes. It is called
	// in a transaction, so it must be quick, and the same draft must give the same bytes.
	Write(ctx context.Context, d Draft) (gongxin.Document, error)
}

// A Draft is what a document says: the listing before and after the act, and the
// act itself. Document has all but Page, Data and Hash.
type Draft struct {
	Document gongxin.Document
	Before   gongxin.Listing
	After    gongxin.Listing
	Act      gongxin.Event
	Remedy   Remedy
}

// A Remedy is what the person can do against an act, and until when.
type Remedy struct {
	Rule  string            // policy.Objection or policy.Reconsideration; "" if the act carries none
	Count int               // of Unit, from receipt; 0 if no time is set
	Unit  string            // "days" or "workdays"
	Court gongxin.CourtCode // to which: the court itself, or the next higher one; zero if it has no known code
}

// Courts knows which court stands above which.
type Courts interface {
	// Superior returns the next higher court of the one with the code, to which
	// reconsideration goes (2.3); ok is false if it is not known for sure.
	Superior(court gongxin.CourtCode) (superior gongxin.CourtCode, ok bool)
}

// A Writer runs f in a transaction that may be shared with other callers, and
// returns when it is durable. An error of f undoes what f did and nothing else.
// Write may run f again from the start, so f must not count on running once.
type Writer interface {
	Write(ctx context.Context, f func(ctx context.Context, j Journal) error) error
}

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
}

// A Writer runs f in a transaction that may be shared with other callers, and
// returns when it is durable. An error of f undoes what f did and nothing else.
// Write may run f again from the start, so f must not count on running once.
type Writer interface {
	Write(ctx context.Context, f func(ctx context.Context, j Journal) error) error
}

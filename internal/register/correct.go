package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// Correct puts right what a listing in force says (2.1.5), with severity, validity and fitness for publication.
type Correct struct {
	Listing  gongxin.ListingID
	Entry    gongxin.Entry // the whole entry, as it is to stand
	Reason   string
	Decision string // number of the document; given by the register if ""
	On       gongxin.Day
	By       gongxin.Actor
}

func (c Correct) by() gongxin.Actor { return c.By }

func (c Correct) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the correction; none if the listing says so already. Errors:
// NOT_ENTITLED, NOT_IN_FORCE, KEY_CHANGED, MISSING_FIELD if the day of publication
// is left out, DATE_FUTURE, and those of checkEntry.
func (c Correct) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	if err := entitled(c.By, gongxin.ListingCorrected, l.Entry.Court); err != nil {
		return nil, err
	}
	if err := allowed(l, gongxin.ListingCorrected); err != nil {
		return nil, err
	}
	if l.Entry == c.Entry {
		return nil, nil
	}
	today := gongxin.DayOf(at)
	switch {
	case c.On > today:
		return nil, dateFuture("作出决定时间", c.On, today)
	case c.Entry.Published.IsZero():
		return nil, gongxin.Invalid("MISSING_FIELD", fieldPublished).At(gongxin.Place{Field: fieldPublished})
	}
	if err := checkChange(l, &c.Entry, p, today); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingCorrected, Entry: &c.Entry, Decision: c.Decision, On: c.On}}, nil
}

// checkChange is checkEntry for an entry that takes the place of that of l: court,
// case and subject are what a listing is, so another of them is another listing.
// Error: KEY_CHANGED.
func checkChange(l gongxin.Listing, e *gongxin.Entry, p *policy.Policy, today gongxin.Day) error {
	if l.Entry.Key() != e.Key() {
		return gongxin.Invalid("KEY_CHANGED", l.Entry.Case.String())
	}
	return checkEntry(e, p, today)
}

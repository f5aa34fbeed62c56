package register

import (
	"context"

	"gongxin"
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
// is left out, DATE_FUTURE, TERM_TOO_LONG, and those of checkEntry.
func (c Correct) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingCorrected, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.InForce && l.Entry == c.Entry {
		return nil, nil
	}
	on, err := in.stated(c.On, fieldDecided)
	if err != nil {
		return nil, err
	}
	return in.correction(&l, c.Entry, c.Decision, c.Reason, on)
}

// correction returns the event that makes l say e.
func (in *setting) correction(l *gongxin.Listing, e gongxin.Entry, decision, reason string, on gongxin.Day) ([]gongxin.Event, error) {
	if err := allowed(l, gongxin.ListingCorrected); err != nil {
		return nil, err
	}
	if e.Published.IsZero() {
		return nil, missingField(fieldPublished)
	}
	if err := checkChange(l, &e, in.policy, in.today); err != nil {
		return nil, err
	}
	if e.Until != l.Entry.Until || e.Published != l.Entry.Published { // what a correction does not touch stands as it was decided
		if e.Until.IsZero() && !l.Entry.Until.IsZero() {
			return nil, gongxin.Invalid("TERM_TOO_LONG", "", l.Entry.Until.String()).At(gongxin.Place{Field: fieldUntil})
		}
		if err := in.checkTerm(l, &e); err != nil {
			return nil, err
		}
	}
	return []gongxin.Event{{Kind: gongxin.ListingCorrected, Entry: &e, Decision: decision, Reason: reason, On: on}}, nil
}

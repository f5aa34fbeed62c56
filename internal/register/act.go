package register

import (
	"context"
	"fmt"
	"slices"

	"gongxin"
)

// An act is one command, or one row of a court's file, being recorded in a
// transaction of the journal.
type act struct {
	register   *Register
	journal    Journal
	in         *setting
	by         gongxin.Actor
	submission [32]byte // digest of the row that a listing is admitted from
	papers     bool     // the act is put down in documents
	skip       int      // numbers of documents to leave out
	taken      bool     // a number that the register chose was taken
	issued     []gongxin.Document
}

// record appends events to l, or to a new listing where they begin one, with what
// follows from them, and returns the listing after all of it.
func (a *act) record(ctx context.Context, l gongxin.Listing, events []gongxin.Event) (gongxin.Listing, error) {
	var last *gongxin.Listing // as it stands at the end, if there is more than one step
	var err error
	if len(events) > 1 {
		if last, err = a.outcome(l, events); err != nil {
			return l, err
		}
	}
	for i, e := range events {
		if begins(&l, e.Kind) {
			l = gongxin.Listing{}
			if e.Listing, err = gongxin.NewListingID(a.in.at, a.register.random); err != nil {
				return l, err
			}
		} else {
			e.Listing = l.ID
		}
		e.By, e.At = a.by, a.in.at
		row := lawful(&l, e.Kind, a.by.Role, events[:i])
		if row == nil { // a command's mistake: the table has the last word
			return l, fmt.Errorf("record %s: the table has no such step from %q by %s", e.Kind, l.State, a.by.Role)
		}
		if l, err = a.step(ctx, l, e, row, last); err != nil {
			return l, err
		}
	}
	return l, nil
}

// outcome folds events without recording them: what an act meets again by itself is never owed.
func (a *act) outcome(l gongxin.Listing, events []gongxin.Event) (*gongxin.Listing, error) {
	for _, e := range events {
		if begins(&l, e.Kind) {
			l = gongxin.Listing{ID: gongxin.ListingID{1}}
		}
		e.Listing, e.By, e.At = l.ID, a.by, a.in.at
		var err error
		if l, err = l.Apply(e, l.Sequence+1); err != nil {
			return nil, fmt.Errorf("decide %s: %w", e.Kind, err)
		}
	}
	return &l, nil
}

// step records one event: the lapses of the duties that it meets too late, then
// itself with its document, then the duties that it meets and opens.
func (a *act) step(ctx context.Context, l gongxin.Listing, e gongxin.Event, row *Transition, last *gongxin.Listing) (gongxin.Listing, error) {
	if e.Kind == gongxin.DeadlineLapsed {
		i := slices.IndexFunc(a.in.owed, func(d gongxin.Duty) bool { return d.Kind == e.Duty && d.Opened == e.Opened })
		return a.lapsed(ctx, l, a.in.owed[i], e.By)
	}
	paper := a.papers && row.Document != ""
	if !paper && len(a.in.owed) == 0 && !mayOpen(&e) && l.Procedure.Notified.IsZero() {
		return a.append(ctx, l, e) // as most rows of most files
	}
	return a.full(ctx, l, e, row.Document, paper, last)
}

// full is step for an event that is put down in a document, or meets or opens a duty.
func (a *act) full(ctx context.Context, l gongxin.Listing, e gongxin.Event, kind gongxin.DocumentKind, paper bool, last *gongxin.Listing) (gongxin.Listing, error) {
	l, err := a.lateFor(ctx, l, &e)
	if err != nil {
		return l, err
	}
	met := a.in.metBy(&l, &e)
	chosen := paper && e.Decision == ""
	if chosen {
		if e.Decision, err = a.nextNumber(ctx, &l, &e); err != nil {
			return l, err
		}
	}
	d := Draft{Before: l, Act: e}
	if l, err = a.append(ctx, l, e); err != nil {
		return l, err
	}
	d.After = l
	for _, m := range met {
		m.Met, m.MetBy = a.in.today, l.Sequence
		if err = a.put(ctx, m); err != nil {
			return l, err
		}
	}
	if paper {
		if l, err = a.issue(ctx, l, kind, e.Decision, chosen, d); err != nil {
			return l, err
		}
	}
	if d.After.State.Ended() && !d.Before.Procedure.Notified.IsZero() && a.register.scribe != nil {
		// Who was told of the listing is told of its end (2.1.4, 3.13).
		number, err := a.nextNumber(ctx, &d.After, &d.Act)
		if err != nil {
			return l, err
		}
		if l, err = a.issue(ctx, l, gongxin.DocEmployer, number, true, d); err != nil {
			return l, err
		}
	}
	return a.open(ctx, l, &d, last)
}

// open keeps the duties that the act opens, unless it meets them itself, and
// issues the documents that go with them.
func (a *act) open(ctx context.Context, l gongxin.Listing, d *Draft, last *gongxin.Listing) (gongxin.Listing, error) {
	for i := range Obligations {
		o := &Obligations[i]
		if !o.opens(a.in, d.Act.Kind, &d.Before, &d.After) || last != nil && !o.still(last) {
			continue
		}
		err := a.put(ctx, o.of(a.in, &d.After))
		if err == nil && o.Document != "" && a.register.scribe != nil {
			var number string
			if number, err = a.nextNumber(ctx, &d.After, &d.Act); err == nil {
				l, err = a.issue(ctx, l, o.Document, number, true, *d)
			}
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

func (a *act) append(ctx context.Context, l gongxin.Listing, e gongxin.Event) (gongxin.Listing, error) {
	next, err := a.journal.Append(ctx, l, e, a.submission)
	if err != nil {
		return l, fmt.Errorf("append %s to listing %s: %w", e.Kind, e.Listing, err)
	}
	return next, nil
}

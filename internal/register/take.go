package register

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gongxin"
	"gongxin/identity"
)

// A Submission is one checked row of a court's file: of a list (Entry) or of
// withdrawals (Withdrawal), never both.
type Submission struct {
	Entry      *gongxin.Entry
	Withdrawn  gongxin.Day // 撤销时间 of a list row; zero while the listing is in force
	Withdrawal *Withdrawal
	Digest     [32]byte // of what a list row says, 撤销时间 left out: tells the same row again from another
}

// A Withdrawal is a row of a court's file of withdrawals.
type Withdrawal struct {
	Case   gongxin.CaseNumber
	Number identity.Number
	On     gongxin.Day    // 撤销时间
	Ground gongxin.Ground // GroundWrong revokes
	Reason string         // 撤销原因 as written, to be quoted if Ground is none
}

// Taken says what became of a Submission. A refused row has Err and changed nothing.
type Taken struct {
	Listing  gongxin.ListingID // of the listing concerned, where one was found or made
	Sequence uint64            // of the latest event of that listing
	Changed  bool
	Note     string // why nothing changed though nothing is wrong: ALREADY_LISTED, ALREADY_ENDED
	Err      error  // a gongxin.Error
}

// Notes of rows that change nothing.
const (
	NoteAlreadyListed = "ALREADY_LISTED" // the same row was taken before
	NoteAlreadyEnded  = "ALREADY_ENDED"  // and the listing has ended since
)

// Take enters a court's file, or a part of it, in one transaction, and returns
// what became of each row, in order, once that is durable. Its rows are decisions
// that the court has made and served (2.1, 2.3): a list row brings its listing
// into force as such, marked FromCourtFile. The same row again changes nothing,
// but if it has 撤销时间 now, it ends the listing; another row of the same court,
// case and subject is refused. A row twice in a batch counts as sent twice.
//
// A refused row is no error of Take. Errors of rows: NOT_ENTITLED,
// LISTING_DIFFERS, LISTING_ENDED, LISTING_IN_PROCEDURE, UNKNOWN_CASE,
// SUBJECT_NOT_IN_CASE, GROUND_UNKNOWN, NOT_IN_FORCE and those of checkEntry.
func (r *Register) Take(ctx context.Context, by gongxin.Actor, batch []Submission) ([]Taken, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	for skip := 0; ; skip++ {
		taken, again, err := r.take(ctx, by, batch, skip)
		if err == nil || !again || skip == longestSkip {
			return taken, err
		}
	}
}

// take is Take with the first skip numbers of each act's documents left out, as carry is Carry.
func (r *Register) take(ctx context.Context, by gongxin.Actor, batch []Submission, skip int) (taken []Taken, again bool, err error) {
	taken = make([]Taken, len(batch))
	err = r.writer.Write(ctx, func(ctx context.Context, j Journal) error {
		t := &taking{register: r, journal: j, by: by, in: r.setting(), skip: skip}
		if err := t.look(ctx, batch, taken); err != nil {
			return err
		}
		for i := range batch {
			if taken[i].Err != nil {
				continue
			}
			if err := t.row(ctx, i, &batch[i], &taken[i]); err != nil {
				again = t.taken
				return fmt.Errorf("take row %d of %d: %w", i+1, len(batch), err)
			}
		}
		again = false
		return nil
	})
	if err != nil {
		return nil, again, err
	}
	return taken, false, nil
}

// A taking is one run through a batch.
type taking struct {
	register *Register
	journal  Journal
	by       gongxin.Actor
	in       *setting
	skip     int                        // numbers of documents to leave out
	taken    bool                       // a number that the register chose was taken
	found    []gongxin.Found            // the latest listing of each key of the batch, as the rows before left it
	of       []int                      // by row: which of found its key has
	byKey    map[gongxin.ListingKey]int // the same by key
}

// look refuses the list rows that can be judged by themselves and finds what the
// register holds of the others, in one go. It sets every element of taken anew.
func (t *taking) look(ctx context.Context, batch []Submission, taken []Taken) error {
	keys := make([]gongxin.ListingKey, 0, len(batch))
	t.of, t.byKey = make([]int, len(batch)), make(map[gongxin.ListingKey]int, len(batch))
	for i := range batch {
		e := batch[i].Entry
		taken[i] = Taken{}
		if e == nil {
			continue
		}
		err := t.in.entitled(t.by, gongxin.ListingAdmitted, e.Court, gongxin.ListingID{})
		if err == nil && e.Published.IsZero() {
			err = missingField(fieldPublished)
		}
		if err == nil {
			err = checkEntry(e, t.in.policy, t.in.today)
		}
		if taken[i].Err = err; err != nil {
			continue
		}
		key := e.Key()
		n, twice := t.byKey[key]
		if !twice {
			n = len(keys)
			keys = append(keys, key)
			t.byKey[key] = n
		}
		t.of[i] = n
	}
	if len(keys) == 0 {
		return nil
	}
	var err error
	t.found, err = t.journal.Find(ctx, keys)
	return err
}

// row takes row i. An error is one of the journal; a refusal stands in out.
func (t *taking) row(ctx context.Context, i int, s *Submission, out *Taken) error {
	var found gongxin.Found
	var events []gongxin.Event
	switch {
	case s.Entry != nil && s.Withdrawal == nil:
		found = t.found[t.of[i]]
		events, out.Note, out.Err = t.list(s, &found)
	case s.Withdrawal != nil && s.Entry == nil:
		var err error
		if found, events, out.Err, err = t.withdrawal(ctx, s.Withdrawal); err != nil {
			return err
		}
		if out.Err == nil && len(events) == 0 {
			out.Note = NoteAlreadyEnded
		}
	default:
		return errors.New("a submission is a list row or a withdrawal")
	}
	if gongxin.KindOf(out.Err) != gongxin.KindForbidden {
		out.Listing, out.Sequence = found.Listing.ID, found.Listing.Sequence
	}
	if out.Err != nil || len(events) == 0 {
		return nil
	}
	if begins(&found.Listing, events[0].Kind) {
		found.Submission = s.Digest
	}
	l, err := t.record(ctx, found, events)
	if err != nil {
		return err
	}
	out.Listing, out.Sequence, out.Changed = l.ID, l.Sequence, true
	if s.Entry != nil {
		t.found[t.of[i]] = gongxin.Found{Listing: l, Submission: found.Submission}
	} else if n, concerned := t.byKey[l.Entry.Key()]; concerned {
		t.found[n] = gongxin.Found{Listing: l, Submission: found.Submission}
	}
	return nil
}

// record appends what a row causes. A file is the court's own document; only what
// an organisation must be told is written here (2.1.4).
func (t *taking) record(ctx context.Context, found gongxin.Found, events []gongxin.Event) (gongxin.Listing, error) {
	var err error
	if t.in.owed, err = owedBy(ctx, t.journal, &found.Listing); err != nil {
		return gongxin.Listing{}, err
	}
	a := act{register: t.register, journal: t.journal, in: t.in, by: t.by, submission: found.Submission, skip: t.skip}
	l, err := a.record(ctx, found.Listing, events)
	t.taken = a.taken
	return l, err
}

// list returns what a list row causes to found, the latest listing of its key, or
// why nothing needs to change, or why nothing may.
func (t *taking) list(s *Submission, found *gongxin.Found) (events []gongxin.Event, note string, err error) {
	l := &found.Listing
	same := l.State != "" && (s.Digest == found.Submission && s.Digest != [32]byte{} || l.Entry == *s.Entry)
	switch {
	case l.State == "", l.State.Ended() && !same && s.Entry.Published > lastDay(*l):
		events, err = t.admit(s)
		return events, "", err
	case l.State.Ended() && same:
		return nil, NoteAlreadyEnded, nil
	case l.State.Ended():
		return nil, "", gongxin.Conflict("LISTING_ENDED", s.Entry.Case.String(), lastDay(*l).String())
	case !slices.Contains(listed, l.State):
		return nil, "", gongxin.Conflict("LISTING_IN_PROCEDURE", s.Entry.Case.String())
	case !same:
		return nil, "", gongxin.Conflict("LISTING_DIFFERS", s.Entry.Case.String())
	case s.Withdrawn.IsZero():
		return nil, NoteAlreadyListed, nil
	}
	events, err = endingOf(s).decide(*l, t.in)
	return events, "", err
}

// admit returns the events of a new list row: the listing, and its end if the
// court withdrew it before it sent the file.
func (t *taking) admit(s *Submission) ([]gongxin.Event, error) {
	admitted := gongxin.Event{Kind: gongxin.ListingAdmitted, Origin: gongxin.FromCourtFile, Entry: s.Entry}
	if s.Withdrawn.IsZero() {
		return []gongxin.Event{admitted}, nil
	}
	end, err := endingOf(s).decide(gongxin.Listing{State: gongxin.InForce, Entry: *s.Entry}, t.in)
	if err != nil {
		return nil, err
	}
	return append([]gongxin.Event{admitted}, end...), nil
}

// endingOf is what a list row with 撤销时间 states: when, and not why.
func endingOf(s *Submission) ending {
	return ending{kind: gongxin.ListingWithdrawn, ground: gongxin.GroundUnstated, on: s.Withdrawn}
}

// withdrawal finds the listing that a row of withdrawals means and returns what
// the row causes to it. refused tells why it causes nothing; err is the journal's.
func (t *taking) withdrawal(ctx context.Context, w *Withdrawal) (found gongxin.Found, events []gongxin.Event, refused, err error) {
	if court := w.Case.Court(); !court.IsZero() {
		// Judged by the number alone, so that nobody learns which cases another court has listed.
		if err := t.in.entitled(t.by, gongxin.ListingWithdrawn, court, gongxin.ListingID{}); err != nil {
			return found, nil, err, nil
		}
	}
	found, inCase, err := t.journal.InCase(ctx, w.Case.Key(), w.Number)
	l := found.Listing
	switch {
	case err != nil:
		return found, nil, nil, err
	case inCase == 0:
		return found, nil, gongxin.Missing("UNKNOWN_CASE", w.Case.String()), nil
	case l.Entry.Case.IsZero(): // none, or ended and erased since: whose it was is forgotten
		return gongxin.Found{}, nil, gongxin.Missing("SUBJECT_NOT_IN_CASE", w.Case.String(), w.Number.String()), nil
	}
	ground := w.Ground
	if ground == "" {
		return found, nil, gongxin.Invalid("GROUND_UNKNOWN", w.Reason), nil
	}
	events, refused = Withdraw{Listing: l.ID, Ground: ground, On: w.On, By: t.by, declared: true}.decide(l, t.in)
	return found, events, refused, nil
}

package gate

import (
	"fmt"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// The kinds of reports to the hub.
const (
	kindRestricted = "restricted"
	kindReferred   = "referred"
	kindLifted     = "lifted"
	kindKept       = "kept" // its listing has ended and the department keeps it on (3.13)

	kindReview   = "review" // of a restriction, asked for by the person (3.12)
	kindAnswer   = "review_answer"
	kindProposal = "proposal" // that the court look again (2.4.1)
)

// Why a restriction has ended, or is kept on although its listing has: codes of
// the catalogue.
const (
	endedWithdrawn = "ENDED_WITHDRAWN"
	endedExpired   = "ENDED_EXPIRED"
	endedRevoked   = "ENDED_REVOKED"
	endedSuspended = "ENDED_SUSPENDED"
	endedCorrected = "ENDED_CORRECTED" // the listing is another person's now
	endedByTerm    = "ENDED_TERM"      // its last day is past, the hub's event is on its way
	endedSomehow   = "ENDED_SOMEHOW"   // it was not in force when the list was fetched or opened anew
	endedByReview  = "ENDED_REVIEW"    // the department upheld the person's request (3.12)
	endedKeep      = "ENDED_KEEP"      // the stated end of a kept measure is past (3.13)
)

var endedBy = map[gongxin.EventKind]string{
	gongxin.ListingWithdrawn: endedWithdrawn, gongxin.ListingExpired: endedExpired, gongxin.ListingRevoked: endedRevoked,
	gongxin.ListingSuspended: endedSuspended,
}

// An outcome is one row: one listing under one measure in one answer.
type outcome struct {
	reference      string
	part           int // from 1: the listings of one answer share its reference
	kind           string
	listing        gongxin.ListingID // zero if the answer met none
	scenario       string
	measure        string
	reason         string
	sequence       uint64
	at             time.Time
	until          gongxin.Day // last day of the listing
	liftedAt       time.Time   // zero while it stands
	liftedSequence uint64
	endedAt        time.Time // of one that is kept on: when its listing ended; else zero
	endedSequence  uint64
	why            string // of one that was lifted or is kept on, ended…; "" if lifted by the first version
	keep           keep
	person         person // whose the listing was; zero if not known, as in a referral
}

// A keep is what a department stated for keeping a restriction on.
type keep struct {
	ground string
	until  gongxin.Day
	by     string
	at     time.Time
}

func (o outcome) stands() bool { return o.kind == kindRestricted && o.liftedAt.IsZero() }
func (o outcome) open() bool   { return o.stands() && o.endedAt.IsZero() }
func (o outcome) kept() bool   { return o.stands() && !o.endedAt.IsZero() }

// lift returns o ended for good.
func (o outcome) lift(why string, at time.Time, sequence uint64) outcome {
	o.why, o.liftedAt, o.liftedSequence = why, at, sequence
	return o
}

// end returns o after its listing has ended: lifted, or kept on if the department
// stated a ground and an end that is not past.
func (o outcome) end(why string, at time.Time, sequence uint64) outcome {
	if !o.open() {
		return o
	}
	if gongxin.DayOf(at) > o.keep.until {
		return o.lift(why, at, sequence)
	}
	o.why, o.endedAt, o.endedSequence = why, at, sequence
	return o
}

// on returns what o is at the time at, whatever ran meanwhile: a restriction
// outlasts neither the term that the court set nor the end that was stated for
// keeping it.
func (o outcome) on(at time.Time, sequence uint64) outcome {
	day := gongxin.DayOf(at)
	if o.open() && !o.until.IsZero() && o.until < day {
		o = o.end(endedByTerm, at, sequence)
	}
	if o.kept() && o.keep.until < day {
		o = o.lift(endedKeep, at, sequence)
	}
	return o
}

// A standing says how a listing stands in the list.
type standing struct {
	in    bool // in force
	since uint64
	whose uint64 // both as in held
	until gongxin.Day
	who   person // zero if not known
	why   string // if it is not in force
}

// under returns what becomes of o, which stands, while its listing stands like s.
// A correction to another person frees the first one whatever was stated for keeping,
// also while it is kept on because its listing was suspended.
func (o outcome) under(s standing, at time.Time, sequence uint64) outcome {
	switch {
	case o.stands() && (o.sequence < s.whose || o.person.other(s.who)):
		return o.lift(endedCorrected, at, sequence)
	case !o.open():
		return o
	case !s.in:
		return o.end(s.why, at, sequence)
	case o.sequence < s.since: // only a suspension can end again
		return o.end(endedSuspended, at, sequence)
	}
	o.until = s.until
	return o
}

type scanner interface{ Scan(dest ...any) error }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func scanOutcome(row scanner) (outcome, error) {
	var o outcome
	var listing, sum, who []byte
	var at, liftedAt, endedAt, keptAt int64
	err := row.Scan(&o.reference, &o.part, &o.kind, &listing, &o.scenario, &o.measure, &o.reason, &o.sequence, &at, &o.until,
		&liftedAt, &o.liftedSequence, &sum, &endedAt, &o.endedSequence, &o.why, &o.keep.ground, &o.keep.until, &o.keep.by, &keptAt, &who)
	if err != nil {
		return o, unreadable(err)
	}
	if len(listing) != len(o.listing) || len(who) != 0 && len(who) != personSize {
		return o, fmt.Errorf("%w: outcome %s", errDamaged, o.reference)
	}
	copy(o.person[:], who)
	o.listing, o.at, o.liftedAt, o.endedAt, o.keep.at = gongxin.ListingID(listing), instant(at), instant(liftedAt), instant(endedAt), instant(keptAt)
	if want := o.sum(); string(sum) != string(want[:]) {
		return o, fmt.Errorf("%w: outcome %s", errDamaged, o.reference)
	}
	return o, nil
}

func (o outcome) personBytes() []byte {
	if o.person == (person{}) {
		return []byte{}
	}
	return o.person[:]
}

func (o outcome) sum() ledger.Digest {
	fields := [][]byte{[]byte(o.reference), word(uint64(o.part)), []byte(o.kind), o.listing[:], []byte(o.scenario), []byte(o.measure),
		[]byte(o.reason), word(o.sequence), word(uint64(millis(o.at))), word(uint64(o.until)), word(uint64(millis(o.liftedAt))), word(o.liftedSequence)}
	if o.why != "" || o.keep != (keep{}) || !o.endedAt.IsZero() || o.endedSequence != 0 { // a row of format 1 keeps its sum
		fields = append(fields, []byte(o.why), word(uint64(millis(o.endedAt))), word(o.endedSequence), []byte(o.keep.ground), word(uint64(o.keep.until)),
			[]byte(o.keep.by), word(uint64(millis(o.keep.at))))
	}
	if o.person != (person{}) { // as one of formats 1 to 3 does
		fields = append(fields, []byte("person"), o.person[:])
	}
	return rowSum("outcome", fields...)
}

package gongxin

import (
	"fmt"
	"time"
)

// An EventKind names what happened to a listing.
type EventKind string

// The kinds of events. A ledger leaf carries the kind in clear, so that a
// follower which does not know a kind can say which.
const (
	NoticeServed     EventKind = "notice_served"     // none → noticed
	ListingDecided   EventKind = "listing_decided"   // noticed → decided
	ListingPublished EventKind = "listing_published" // decided → in force
	ListingAdmitted  EventKind = "listing_admitted"  // none → in force: from a court's file, decided with notice served
	ListingCorrected EventKind = "listing_corrected" // in force → in force, fields put right
	ListingWithdrawn EventKind = "listing_withdrawn" // in force → withdrawn
	ListingExpired   EventKind = "listing_expired"   // in force → expired
	ListingRevoked   EventKind = "listing_revoked"   // decided or in force → revoked
	SnapshotMade     EventKind = "snapshot_made"     // of the ledger itself: commits to snapshot files; concerns no listing
)

// An Event is one change of one listing. Its position in the ledger, its
// sequence, is given when it is committed: 1 for the first.
type Event struct {
	Kind     EventKind
	Listing  ListingID
	At       time.Time // when the register took it, UTC, whole milliseconds
	By       Actor     // who acted; recorded in the court body alone
	Origin   Origin    // of an admitted or noticed listing
	Entry    *Entry    // the whole entry after the event, for kinds that set it (SetsEntry); else nil
	Ground   Ground    // of an exit
	Decision string    // number of the document, "" if none was given
	On       Day       // the day that the court stated for the act

	// NonPublic marks an exit of a listing that the public never saw (2.1.4, or
	// revoked before it was published): a decision's number could name the case, so
	// the public body stays empty. For kinds that set the entry, Entry.NonPublic says it.
	NonPublic bool
}

// SetsEntry tells whether events of kind k carry the whole entry.
func (k EventKind) SetsEntry() bool {
	switch k {
	case NoticeServed, ListingDecided, ListingPublished, ListingAdmitted, ListingCorrected:
		return true
	}
	return false
}

// A Force says what an event does to the set of listings in force.
type Force uint8

// What events do to the set in force.
const (
	ForceNone     Force = iota // nothing
	ForceEnters                // the listing counts from this event on
	ForceReplaces              // the listing, which counts, counts from this event on instead
	ForceLeaves                // the listing no longer counts, if it did
)

// Force returns what events of kind k do to the set in force: the same rule for
// the register that writes and for every follower that verifies.
func (k EventKind) Force() Force {
	switch k {
	case ListingPublished, ListingAdmitted:
		return ForceEnters
	case ListingCorrected:
		return ForceReplaces
	case ListingWithdrawn, ListingExpired, ListingRevoked:
		return ForceLeaves
	}
	return ForceNone
}

// Known tells whether this version of the software understands k.
func (k EventKind) Known() bool {
	switch k {
	case ListingWithdrawn, ListingExpired, ListingRevoked, SnapshotMade:
		return true
	}
	return k.SetsEntry()
}

// Apply folds e, committed at sequence, into l and returns the listing after it.
// It checks only what folding needs; whether the event was lawful, package
// register decided before it was committed. Error: an event that does not
// continue l, which means a damaged history.
func (l Listing) Apply(e Event, sequence uint64) (Listing, error) {
	if sequence <= l.Sequence {
		return l, fmt.Errorf("listing %s: event %d does not follow %d", e.Listing, sequence, l.Sequence)
	}
	if l.ID.IsZero() {
		l.ID = e.Listing
	}
	if l.ID != e.Listing {
		return l, fmt.Errorf("listing %s: event %d belongs to %s", l.ID, sequence, e.Listing)
	}
	if e.Kind.SetsEntry() {
		if e.Entry == nil {
			return l, fmt.Errorf("listing %s: event %d (%s) has no entry", l.ID, sequence, e.Kind)
		}
		l.Entry, l.Content = *e.Entry, sequence
	}
	switch e.Kind {
	case NoticeServed:
		l.State, l.Origin = Noticed, e.Origin
	case ListingDecided:
		l.State = Decided
	case ListingPublished:
		l.State = InForce
	case ListingAdmitted:
		l.State, l.Origin = InForce, e.Origin
	case ListingCorrected:
	case ListingWithdrawn, ListingExpired, ListingRevoked:
		l.State = map[EventKind]State{ListingWithdrawn: Withdrawn, ListingExpired: Expired, ListingRevoked: Revoked}[e.Kind]
		l.Exit = Exit{Ground: e.Ground, Decision: e.Decision, On: e.On, At: e.At, Sequence: sequence}
	default:
		return l, fmt.Errorf("listing %s: event %d has the unknown kind %q", l.ID, sequence, e.Kind)
	}
	l.Sequence = sequence
	switch e.Kind.Force() {
	case ForceEnters, ForceReplaces:
		l.Forced = sequence
	case ForceLeaves:
		l.Forced = 0
	}
	return l, nil
}

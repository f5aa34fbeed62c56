package gongxin

import (
	"fmt"
	"time"
)

// An EventKind names what happened to a listing.
type EventKind string

// The kinds of events that change who is bound, or say how. A ledger leaf carries
// these in clear, so that a follower which does not know a kind can say which.
const (
	ListingPublished EventKind = "listing_published" // delivered → in force
	ListingAdmitted  EventKind = "listing_admitted"  // none → in force: from a court's file, decided with notice served
	ListingCorrected EventKind = "listing_corrected" // in force, fields put right
	TermExtended     EventKind = "term_extended"     // in force, with a later last day (5.8)
	ListingSuspended EventKind = "listing_suspended" // in force → suspended (2.4)
	SuspensionEnded  EventKind = "suspension_ended"  // suspended → in force
	ListingWithdrawn EventKind = "listing_withdrawn" // in force, suspended → withdrawn
	ListingExpired   EventKind = "listing_expired"   // in force, suspended → expired
	ListingRevoked   EventKind = "listing_revoked"   // decided, delivered, in force, suspended → revoked
)

// The kinds of steps of the procedure, which concern the court and the person
// alone. A ledger leaf calls each of them procedure_step (LeafKind), so that the
// log does not tell the world that somebody has objected or had notice.
const (
	ProcedureStep EventKind = "procedure_step" // what a leaf says in place of the kinds below

	NoticeDrafted    EventKind = "notice_drafted"    // none → to_notice
	NoticeServed     EventKind = "notice_served"     // none, to_notice → noticed
	ListingInitiated EventKind = "listing_initiated" // noticed → initiated: applied for, or of the court's own motion
	DecisionDrafted  EventKind = "decision_drafted"  // initiated → proposed, by a clerk
	DraftReturned    EventKind = "draft_returned"    // proposed → initiated, by the judge
	ListingDecided   EventKind = "listing_decided"   // proposed → decided, by a judge who did not draft it
	DecisionServed   EventKind = "decision_served"   // decided → delivered
	ListingDropped   EventKind = "listing_dropped"   // before a decision → dropped

	ObjectionFiled          EventKind = "objection_filed"
	ObjectionUpheld         EventKind = "objection_upheld" // a revocation or correction follows in the same commit
	ObjectionRejected       EventKind = "objection_rejected"
	RejectionServed         EventKind = "rejection_served"
	ReconsiderationFiled    EventKind = "reconsideration_filed"
	ReconsiderationUpheld   EventKind = "reconsideration_upheld" // a revocation follows in the same commit
	ReconsiderationRejected EventKind = "reconsideration_rejected"

	RequestFiled   EventKind = "request_filed"   // for correction or withdrawal
	RequestGranted EventKind = "request_granted" // the correction or withdrawal follows in the same commit
	RequestRefused EventKind = "request_refused"

	RoundClosed     EventKind = "round_closed"     // 终结本次执行程序
	PropertyChecked EventKind = "property_checked" // 网络查控, with what it found
	GroundRecorded  EventKind = "ground_recorded"  // a ground for exit is there: the time for withdrawal runs

	OrganisationNotified EventKind = "organisation_notified" // the subject's organisation was told (2.1.4, 3.8)
	ReviewProposed       EventKind = "review_proposed"       // by a department (2.4.1)
	ProposalAnswered     EventKind = "proposal_answered"
	DocumentIssued       EventKind = "document_issued" // commits to the bytes of a document
	DeadlineLapsed       EventKind = "deadline_lapsed" // by the hub (2.5)
)

// Steps are the kinds that leaves call procedure_step.
var Steps = []EventKind{
	NoticeDrafted, NoticeServed, ListingInitiated, DecisionDrafted, DraftReturned, ListingDecided, DecisionServed, ListingDropped,
	ObjectionFiled, ObjectionUpheld, ObjectionRejected, RejectionServed, ReconsiderationFiled, ReconsiderationUpheld, ReconsiderationRejected,
	RequestFiled, RequestGranted, RequestRefused, RoundClosed, PropertyChecked, GroundRecorded,
	OrganisationNotified, ReviewProposed, ProposalAnswered, DocumentIssued, DeadlineLapsed,
}

// Step tells whether k concerns the court and the person alone.
func (k EventKind) Step() bool { return isStep[k] }

var isStep = func() map[EventKind]bool {
	m := map[EventKind]bool{ProcedureStep: true}
	for _, k := range Steps {
		m[k] = true
	}
	return m
}()

// LeafKind is what a ledger leaf says of an event of kind k.
func (k EventKind) LeafKind() EventKind {
	if k.Step() {
		return ProcedureStep
	}
	return k
}

// An Event is one change of one listing, or of the log itself (OfLog). Its position in the ledger, its
// sequence, is given when it is committed: 1 for the first.
type Event struct {
	Kind     EventKind
	Listing  ListingID
	At       time.Time // when the register took it, UTC, whole milliseconds
	By       Actor     // who acted; recorded in the court body alone
	Origin   Origin    // of an admitted or noticed listing
	Entry    *Entry    // the whole entry after the event, for kinds that set it (SetsEntry); else nil
	Ground   Ground    // of an exit, recorded, requested or carried out
	Decision string    // number of the document, "" if none was given
	On       Day       // the day that the court stated for the act: of service, of filing, of the decision

	// Of steps, each where its kind has a use for it.
	Motion   Motion       // how the listing was begun
	Service  Service      // how a document was served
	Reason   string       // in words: of a refusal, a return, an objection, a request
	Late     bool         // filed after its window
	Found    bool         // a property check found property
	Lead     bool         // a useful lead was given
	Request  RequestKind  //
	Evidence string       // SHA-256 of each file attached, hex, separated by blanks
	Higher   CourtCode    // the next higher court, before which a reconsideration is
	Was      Day          // of an extension: the last day before it
	Barred   Day          // of a notice: last day on which the creditor who had the last round deleted cannot apply (5.8)
	Document DocumentKind // of DocumentIssued, with its number in Decision
	Hash     [32]byte     // SHA-256 of the document
	Duty     DutyKind     // of DeadlineLapsed, with the last day in On
	Opened   uint64       // of DeadlineLapsed: sequence of the event that opened the duty

	// Previous is the sequence of the listing's event before, 0 for its first and in
	// what the first releases wrote. It ties a listing's events together, so that an
	// exit proves what it ended. The store sets it.
	Previous uint64

	// NonPublic marks an exit of a listing that the public never saw (2.1.4, or
	// revoked before it was published): a decision's number could name the case, so
	// the public body stays empty. For kinds that set the entry, Entry.NonPublic says it.
	NonPublic bool
}

// SetsEntry tells whether events of kind k carry the whole entry.
func (k EventKind) SetsEntry() bool {
	switch k {
	case NoticeDrafted, NoticeServed, DecisionDrafted, ListingDecided,
		ListingPublished, ListingAdmitted, ListingCorrected, TermExtended, SuspensionEnded:
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
	case ListingPublished, ListingAdmitted, SuspensionEnded:
		return ForceEnters
	case ListingCorrected, TermExtended:
		return ForceReplaces
	case ListingSuspended, ListingWithdrawn, ListingExpired, ListingRevoked:
		return ForceLeaves
	}
	return ForceNone
}

// Known tells whether this version of the software understands k.
func (k EventKind) Known() bool {
	switch k {
	case ListingSuspended, ListingWithdrawn, ListingExpired, ListingRevoked:
		return true
	}
	return k.SetsEntry() || k.Step() || k.OfLog()
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
	case NoticeDrafted:
		l.State, l.Origin = ToNotice, e.Origin
	case NoticeServed:
		l.State = Noticed
		if l.Origin == "" {
			l.Origin = e.Origin
		}
	case ListingInitiated, DraftReturned:
		l.State = Initiated
	case DecisionDrafted:
		l.State = Proposed
	case ListingDecided:
		l.State = Decided
	case DecisionServed:
		l.State = Delivered
	case ListingPublished, SuspensionEnded:
		l.State = InForce
	case ListingAdmitted:
		l.State, l.Origin = InForce, e.Origin
	case ListingSuspended:
		l.State = Suspended
	case ListingDropped, ListingWithdrawn, ListingExpired, ListingRevoked:
		l.State = exits[e.Kind]
		l.Exit = Exit{Ground: e.Ground, Decision: e.Decision, On: e.On, At: e.At, Sequence: sequence}
	default:
		if e.Kind == ProcedureStep || !e.Kind.Known() || e.Kind.OfLog() {
			return l, fmt.Errorf("listing %s: event %d has the unknown kind %q", l.ID, sequence, e.Kind)
		}
	}
	l.Procedure.apply(&e)
	l.Sequence = sequence
	switch e.Kind.Force() {
	case ForceEnters, ForceReplaces:
		l.Forced = sequence
	case ForceLeaves:
		l.Forced = 0
	}
	return l, nil
}

// exits are the states in which events end a listing.
var exits = map[EventKind]State{ListingDropped: Dropped, ListingWithdrawn: Withdrawn, ListingExpired: Expired, ListingRevoked: Revoked}

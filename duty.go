package gongxin

// A DutyKind names what somebody owes in time.
type DutyKind string

// The kinds of duties.
const (
	DutyDecide         DutyKind = "decide"          // decide on a creditor's application (5.8)
	DutyReview         DutyKind = "review"          // review an objection (2.3)
	DutyReconsider     DutyKind = "reconsider"      // decide on a reconsideration (2.3); the next higher court's
	DutyWithdraw       DutyKind = "withdraw"        // withdraw, a ground for exit being there (2.4)
	DutyNoProperty     DutyKind = "no_property"     // delete after fruitless checks (5.8)
	DutyAnswerRequest  DutyKind = "answer_request"  // answer a request for correction or withdrawal (2.1.5, 2.4)
	DutyAnswerProposal DutyKind = "answer_proposal" // answer a department's review proposal (2.4.1); no time is set
	DutyTellEmployer   DutyKind = "tell_employer"   // tell the subject's organisation (2.1.4, 3.8); no time is set
)

// A Duty is one step that is owed, with the time for it. Listing, Kind and Opened
// identify it. It is opened and met by events, and a lapse is an event too, so
// that it stays visible for ever (2.5).
type Duty struct {
	Listing ListingID
	Kind    DutyKind
	Opened  uint64    // sequence of the event that opened it
	Court   CourtCode // that owes it; zero if the listing's court has no known code
	Person  string    // Actor.ID of who handles it, "" if nobody is known
	Rule    string    // id of the policy rule that counts the time, "" if none is set
	Since   Day       // from which the time counts
	Due     Day       // last day; zero if no time is set, or the calendar does not know the year yet (Rule tells which)
	Met     Day       // zero while open
	MetBy   uint64    // sequence of the event that met it; zero while open
	Lapsed  uint64    // sequence of the event that recorded that Due passed; zero if none
}

// Open tells whether d is still owed.
func (d Duty) Open() bool { return d.MetBy == 0 }

// Overdue tells whether d is owed on day and its time has passed.
func (d Duty) Overdue(day Day) bool { return d.Open() && !d.Due.IsZero() && d.Due < day }

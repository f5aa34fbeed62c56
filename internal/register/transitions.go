package register

import (
	"slices"

	"gongxin"
	"gongxin/internal/policy"
)

// A Track is one of the things that run side by side in a listing's procedure,
// each with its own places. Only Life binds or releases anybody: an objection, a
// request or a proposal suspends nothing.
type Track string

// The tracks.
const (
	Life       Track = "life"      // the listing's own state
	Objections Track = "objection" // where an objection stands: a gongxin.Step (2.3)
	Requests   Track = "request"   // for correction or withdrawal: "" or open (2.1.5, 2.4)
	Proposals  Track = "proposal"  // departments' review proposals: "" or open (2.4.1)
	Rounds     Track = "round"     // 终结本次执行程序 and the checks after it: "" or closed (5.8)
	Grounds    Track = "ground"    // a ground for exit: "" or recorded (2.4)
	Employers  Track = "employer"  // the subject's organisation: "" or told (2.1.4, 3.8)
	Records    Track = "record"    // papers and lapses, which have no places (2.3, 2.5)
)

// Places of the tracks that have no type of their own.
const (
	open     = "open"
	closed   = "closed"
	recorded = "recorded"
	told     = "told"
)

// Tracks are all tracks.
var Tracks = []Track{Life, Objections, Requests, Proposals, Rounds, Grounds, Employers, Records}

// A Transition is one lawful step: what may happen to a listing, by whom, within
// which time, on which clause, and where it stands then.
type Transition struct {
	Track    Track
	While    []gongxin.State      // where the listing itself stands; nil for Life, where From says it
	From, To string               // places of the track; "" for what does not exist yet
	Event    gongxin.EventKind    //
	With     gongxin.EventKind    // the step is taken in the same act as this event and never by itself; "" for the others
	Roles    []gongxin.Role       // of the listing court, of the court above it, the person concerned, or as mayAct says
	Clause   string               //
	Windows  []string             // ids of the policy rules that count the time for this step
	Document gongxin.DocumentKind // in which the step is put down, "" if in none
}

var (
	ofCourt     = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem}
	drafters    = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}
	judges      = []gongxin.Role{gongxin.RoleJudge}
	decides     = []gongxin.Role{gongxin.RoleJudge, gongxin.RoleCourtSystem} // a court's system submits what judges decided
	higherCourt = []gongxin.Role{gongxin.RoleHigherCourt}
	asks        = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleSubject} // a clerk records what came on paper
	asksAbove   = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleHigherCourt, gongxin.RoleSubject}
	bureau      = []gongxin.Role{gongxin.RoleDepartment, gongxin.RoleOfficer}
	hubItself   = []gongxin.Role{gongxin.RoleHub}
	whoeverActs = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem, gongxin.RoleHigherCourt, gongxin.RoleHub}

	served  = []gongxin.State{gongxin.Delivered, gongxin.InForce, gongxin.Suspended} // the person has received the decision
	listed  = []gongxin.State{gongxin.InForce, gongxin.Suspended}
	running = []gongxin.State{gongxin.ToNotice, gongxin.Noticed, gongxin.Initiated, gongxin.Proposed, gongxin.Decided, gongxin.Delivered, gongxin.InForce, gongxin.Suspended}
	known   = append(slices.Clone(running), gongxin.Withdrawn, gongxin.Expired, gongxin.Revoked) // a document records the exit as well
)

//go:generate go test -run ^TestTheDiagramIsThatOfTheTable$ . -update

// Transitions is the whole procedure: what is not here does not happen. The
// diagrams in docs/transitions.md are made from it. A listing that has ended counts
// as one that does not exist yet where a new notice or decision begins the next
// round; its exit ends what ran beside it.
var Transitions = []Transition{
	// The way to a listing.
	life("", gongxin.NoticeDrafted, gongxin.ToNotice, ofCourt, "2.3").puts(gongxin.DocNotice),
	life("", gongxin.NoticeServed, gongxin.Noticed, ofCourt, "2.3").puts(gongxin.DocNotice),
	life(gongxin.ToNotice, gongxin.NoticeServed, gongxin.Noticed, ofCourt, "2.3"),
	life(gongxin.Noticed, gongxin.ListingInitiated, gongxin.Initiated, ofCourt, "2.1"),
	life(gongxin.Initiated, gongxin.DecisionDrafted, gongxin.Proposed, drafters, "2.1"),
	life(gongxin.Proposed, gongxin.DraftReturned, gongxin.Initiated, judges, "2.1"),
	life(gongxin.Proposed, gongxin.ListingDecided, gongxin.Decided, judges, "2.1").within(policy.Application).puts(gongxin.DocDecision),
	life(gongxin.Decided, gongxin.DecisionServed, gongxin.Delivered, ofCourt, "2.3"),
	life(gongxin.Delivered, gongxin.ListingPublished, gongxin.InForce, ofCourt, "2.1, 2.1.4"),
	life("", gongxin.ListingAdmitted, gongxin.InForce, decides, "2.1, 2.3"),
	life(gongxin.ToNotice, gongxin.ListingDropped, gongxin.Dropped, judges, "2.1"),
	life(gongxin.Noticed, gongxin.ListingDropped, gongxin.Dropped, judges, "2.1"),
	life(gongxin.Initiated, gongxin.ListingDropped, gongxin.Dropped, judges, "2.1").within(policy.Application),
	life(gongxin.Proposed, gongxin.ListingDropped, gongxin.Dropped, judges, "2.1").within(policy.Application),

	// While it stands.
	life(gongxin.InForce, gongxin.ListingCorrected, gongxin.InForce, decides, "2.1.5").within(policy.CorrectionAfterUpheld).puts(gongxin.DocCorrection),
	life(gongxin.InForce, gongxin.TermExtended, gongxin.InForce, decides, "5.8").puts(gongxin.DocExtension),
	life(gongxin.InForce, gongxin.ListingSuspended, gongxin.Suspended, decides, "2.4").puts(gongxin.DocSuspension),
	life(gongxin.Suspended, gongxin.SuspensionEnded, gongxin.InForce, decides, "2.4").puts(gongxin.DocSuspension),

	// The exits.
	life(gongxin.InForce, gongxin.ListingWithdrawn, gongxin.Withdrawn, decides, "2.4, 5.8").within(policy.WithdrawalWindow, policy.NoPropertyWithdrawal).puts(gongxin.DocWithdrawal),
	life(gongxin.Suspended, gongxin.ListingWithdrawn, gongxin.Withdrawn, decides, "2.4, 5.8").within(policy.WithdrawalWindow, policy.NoPropertyWithdrawal).puts(gongxin.DocWithdrawal),
	life(gongxin.InForce, gongxin.ListingExpired, gongxin.Expired, hubItself, "2.1.3").puts(gongxin.DocWithdrawal),
	life(gongxin.Suspended, gongxin.ListingExpired, gongxin.Expired, hubItself, "2.1.3").puts(gongxin.DocWithdrawal),
	life(gongxin.Decided, gongxin.ListingRevoked, gongxin.Revoked, decides, "2.5"), // nobody has received the decision
	life(gongxin.Delivered, gongxin.ListingRevoked, gongxin.Revoked, decides, "2.3, 2.5").puts(gongxin.DocWithdrawal),
	life(gongxin.InForce, gongxin.ListingRevoked, gongxin.Revoked, decides, "2.3, 2.5").puts(gongxin.DocWithdrawal),
	life(gongxin.Suspended, gongxin.ListingRevoked, gongxin.Revoked, decides, "2.3, 2.5").puts(gongxin.DocWithdrawal),
	life(gongxin.Delivered, gongxin.ListingRevoked, gongxin.Revoked, higherCourt, "2.3").with(gongxin.ReconsiderationUpheld).puts(gongxin.DocWithdrawal),
	life(gongxin.InForce, gongxin.ListingRevoked, gongxin.Revoked, higherCourt, "2.3").with(gongxin.ReconsiderationUpheld).puts(gongxin.DocWithdrawal),
	life(gongxin.Suspended, gongxin.ListingRevoked, gongxin.Revoked, higherCourt, "2.3").with(gongxin.ReconsiderationUpheld).puts(gongxin.DocWithdrawal),

	// An objection, its review, and reconsideration.
	objection("", gongxin.ObjectionFiled, gongxin.Objected, asks).within(policy.Objection),
	objection(gongxin.ObjectionClosed, gongxin.ObjectionFiled, gongxin.Objected, asks).within(policy.Objection),
	objection(gongxin.Objected, gongxin.ObjectionUpheld, gongxin.ObjectionClosed, judges).within(policy.Review).puts(gongxin.DocReview),
	objection(gongxin.Objected, gongxin.ObjectionRejected, gongxin.Rejected, judges).within(policy.Review).puts(gongxin.DocReview),
	objection(gongxin.Rejected, gongxin.RejectionServed, gongxin.RejectionKnown, ofCourt),
	objection(gongxin.Rejected, gongxin.ReconsiderationFiled, gongxin.Reconsidering, asksAbove), // who has received it can ask, whether or not the court says so
	objection(gongxin.RejectionKnown, gongxin.ReconsiderationFiled, gongxin.Reconsidering, asksAbove).within(policy.Reconsideration),
	objection(gongxin.Reconsidering, gongxin.ReconsiderationUpheld, gongxin.ObjectionClosed, higherCourt).within(policy.ReconsiderationAnswer).puts(gongxin.DocReconsideration),
	objection(gongxin.Reconsidering, gongxin.ReconsiderationRejected, gongxin.ObjectionClosed, higherCourt).within(policy.ReconsiderationAnswer).puts(gongxin.DocReconsideration),

	// What else the person concerned and departments ask.
	beside(Requests, listed, "", gongxin.RequestFiled, open, asks, "2.1.5, 2.4"),
	beside(Requests, listed, open, gongxin.RequestGranted, "", judges, "2.1.5, 2.4").within(policy.Review, policy.WithdrawalWindow),
	beside(Requests, listed, open, gongxin.RequestRefused, "", judges, "2.1.5, 2.4").within(policy.Review, policy.WithdrawalWindow).puts(gongxin.DocAnswer),
	beside(Proposals, listed, "", gongxin.ReviewProposed, open, bureau, "2.4.1"),
	beside(Proposals, listed, open, gongxin.ReviewProposed, open, bureau, "2.4.1"),
	beside(Proposals, listed, open, gongxin.ProposalAnswered, "", judges, "2.4.1"),

	// Facts on which exits and notices hang.
	beside(Rounds, listed, "", gongxin.RoundClosed, closed, ofCourt, "5.8"),
	beside(Rounds, listed, closed, gongxin.RoundClosed, closed, ofCourt, "5.8"),
	beside(Rounds, listed, closed, gongxin.PropertyChecked, closed, ofCourt, "5.8"),
	beside(Grounds, listed, "", gongxin.GroundRecorded, recorded, ofCourt, "2.4, 5.8"),
	beside(Employers, listed, "", gongxin.OrganisationNotified, told, ofCourt, "2.1.4, 3.8"),
	beside(Employers, listed, told, gongxin.OrganisationNotified, told, ofCourt, "2.1.4, 3.8"),

	// What the register records by itself.
	beside(Records, known, "", gongxin.DocumentIssued, "", whoeverActs, "2.3, 2.4"),
	beside(Records, running, "", gongxin.DeadlineLapsed, "", hubItself, "2.5"),
}

func life(from gongxin.State, k gongxin.EventKind, to gongxin.State, roles []gongxin.Role, clause string) Transition {
	return Transition{Track: Life, From: string(from), Event: k, To: string(to), Roles: roles, Clause: clause}
}

func objection(from gongxin.Step, k gongxin.EventKind, to gongxin.Step, roles []gongxin.Role) Transition {
	return beside(Objections, served, string(from), k, string(to), roles, "2.3")
}

func beside(track Track, while []gongxin.State, from string, k gongxin.EventKind, to string, roles []gongxin.Role, clause string) Transition {
	return Transition{Track: track, While: while, From: from, Event: k, To: to, Roles: roles, Clause: clause}
}

func (t Transition) within(rules ...string) Transition { t.Windows = rules; return t }

func (t Transition) puts(kind gongxin.DocumentKind) Transition { t.Document = kind; return t }

func (t Transition) with(k gongxin.EventKind) Transition { t.With = k; return t }

// byEvent are the rows of each kind of event.
var byEvent = func() map[gongxin.EventKind][]*Transition {
	m := map[gongxin.EventKind][]*Transition{}
	for i := range Transitions {
		m[Transitions[i].Event] = append(m[Transitions[i].Event], &Transitions[i])
	}
	return m
}()

// Place returns where l stands on track.
func Place(l *gongxin.Listing, track Track) string {
	p := &l.Procedure
	switch {
	case track == Life:
		return string(l.State)
	case track == Objections:
		return string(p.Step)
	case track == Requests && p.Request != "", track == Proposals && p.Proposals > 0:
		return open
	case track == Rounds && !p.RoundClosed.IsZero():
		return closed
	case track == Grounds && p.Ground != "":
		return recorded
	case track == Employers && !p.Notified.IsZero():
		return told
	}
	return ""
}

// admits tells whether t can be taken where l stands. A listing that has ended
// counts as none where an event begins the next round.
func (t *Transition) admits(l *gongxin.Listing) bool {
	if t.Track == Life {
		return t.From == string(l.State) || t.From == "" && l.State.Ended()
	}
	return t.From == Place(l, t.Track) && slices.Contains(t.While, l.State)
}

// begins tells whether an event of kind k makes a new listing where l stands.
func begins(l *gongxin.Listing, k gongxin.EventKind) bool {
	return (l.State == "" || l.State.Ended()) && slices.ContainsFunc(byEvent[k], func(t *Transition) bool { return t.Track == Life && t.From == "" })
}

// endsIn returns the exit to which events of kind k lead; ok is false if they end nothing.
func endsIn(k gongxin.EventKind) (to gongxin.State, ok bool) {
	for _, t := range byEvent[k] {
		if to := gongxin.State(t.To); t.Track == Life && to.Ended() {
			return to, true
		}
	}
	return "", false
}

// mayAct tells whether by, whose role the table names, stands in the relation to a
// listing that the role asks for: of its court, of the court above that, the
// person concerned; departments and the hub towards all.
func (in *setting) mayAct(by gongxin.Actor, court gongxin.CourtCode, id gongxin.ListingID) bool {
	switch by.Role {
	case gongxin.RoleHub, gongxin.RoleDepartment, gongxin.RoleOfficer:
		return true
	case gongxin.RoleSubject:
		return !id.IsZero() && by.Listing == id
	case gongxin.RoleHigherCourt:
		above, ok := in.superior(court)
		return ok && !by.Court.IsZero() && by.Court == above
	}
	return by.ActsFor(court)
}

// entitled tells whether by may cause events of kind k to the listing id of court,
// whatever its state. Error: NOT_ENTITLED. It comes before every other check, so
// that nobody learns the state of what is not theirs.
func (in *setting) entitled(by gongxin.Actor, k gongxin.EventKind, court gongxin.CourtCode, id gongxin.ListingID) error {
	for _, t := range byEvent[k] {
		if t.With == "" && slices.Contains(t.Roles, by.Role) && in.mayAct(by, court, id) {
			return nil
		}
	}
	return gongxin.Forbidden("NOT_ENTITLED", string(by.Role), court.String())
}

// lawful returns the row by which an actor of role causes an event of kind k to l
// in one act with the events before; nil if the table has none.
func lawful(l *gongxin.Listing, k gongxin.EventKind, role gongxin.Role, before []gongxin.Event) *Transition {
	for _, t := range byEvent[k] {
		with := t.With == "" || slices.ContainsFunc(before, func(e gongxin.Event) bool { return e.Kind == t.With })
		if with && slices.Contains(t.Roles, role) && t.admits(l) {
			return t
		}
	}
	return nil
}

// allowed tells whether the table has a step by an event of kind k where l stands.
// The error says in which way it has none: that of refusals if the listing's state
// would do, else that of the state.
func allowed(l *gongxin.Listing, k gongxin.EventKind) error {
	code := refusals[k]
	for _, t := range byEvent[k] {
		if t.admits(l) {
			return nil
		}
		if t.Track != Life && !slices.Contains(t.While, l.State) {
			code = "NOT_IN_FORCE"
		}
	}
	return gongxin.Conflict(code, l.Entry.Case.String(), string(l.State))
}

// refusals names the error for an event that has no row where a listing stands.
var refusals = map[gongxin.EventKind]string{
	gongxin.NoticeDrafted:    "ALREADY_ON_REGISTER",
	gongxin.NoticeServed:     "ALREADY_ON_REGISTER",
	gongxin.ListingAdmitted:  "ALREADY_ON_REGISTER",
	gongxin.ListingInitiated: "NOT_NOTICED",
	gongxin.DecisionDrafted:  "NOT_INITIATED",
	gongxin.DraftReturned:    "NOT_PROPOSED",
	gongxin.ListingDecided:   "NOT_PROPOSED",
	gongxin.ListingDropped:   "ALREADY_DECIDED",
	gongxin.DecisionServed:   "NOT_DECIDED",
	gongxin.ListingPublished: "NOT_DELIVERED",
	gongxin.ListingCorrected: "NOT_IN_FORCE",
	gongxin.TermExtended:     "NOT_IN_FORCE",
	gongxin.ListingSuspended: "NOT_IN_FORCE",
	gongxin.SuspensionEnded:  "NOT_SUSPENDED",
	gongxin.ListingWithdrawn: "NOT_IN_FORCE",
	gongxin.ListingExpired:   "NOT_IN_FORCE",
	gongxin.ListingRevoked:   "NOT_IN_FORCE",

	gongxin.ObjectionFiled:          "OBJECTION_OPEN",
	gongxin.ObjectionUpheld:         "NO_OBJECTION",
	gongxin.ObjectionRejected:       "NO_OBJECTION",
	gongxin.RejectionServed:         "NOT_REJECTED",
	gongxin.ReconsiderationFiled:    "NOT_REJECTED",
	gongxin.ReconsiderationUpheld:   "NO_RECONSIDERATION",
	gongxin.ReconsiderationRejected: "NO_RECONSIDERATION",
	gongxin.RequestFiled:            "REQUEST_OPEN",
	gongxin.RequestGranted:          "NO_REQUEST",
	gongxin.RequestRefused:          "NO_REQUEST",
	gongxin.ReviewProposed:          "NOT_IN_FORCE",
	gongxin.ProposalAnswered:        "NO_PROPOSAL",
	gongxin.RoundClosed:             "NOT_IN_FORCE",
	gongxin.PropertyChecked:         "ROUND_NOT_CLOSED",
	gongxin.GroundRecorded:          "GROUND_ALREADY_RECORDED",
	gongxin.OrganisationNotified:    "NOT_IN_FORCE",
	gongxin.DocumentIssued:          "NOT_IN_FORCE",
	gongxin.DeadlineLapsed:          "NOT_IN_FORCE",
}

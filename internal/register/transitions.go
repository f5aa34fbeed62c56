package register

import (
	"slices"

	"gongxin"
)

// A Transition is one lawful step: what may happen to a listing in state From, by
// whom, within which window, on which clause, and where it stands then.
type Transition struct {
	From   gongxin.State // "" for a listing that does not exist yet
	Event  gongxin.EventKind
	To     gongxin.State
	Roles  []gongxin.Role // of the listing court, or the hub itself
	Clause string
	Window string // id of the policy rule that counts the time for this step, "" if none
}

var (
	anyoneOfCourt = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem}
	whoDecides    = []gongxin.Role{gongxin.RoleJudge, gongxin.RoleCourtSystem} // a court's system submits what judges decided
	hubItself     = []gongxin.Role{gongxin.RoleHub}
)

//go:generate go test -run ^TestTheDiagramIsThatOfTheTable$ . -update

// Transitions is the whole procedure: what is not here does not happen. The
// diagram in docs/transitions.md is made from it. A listing that has ended counts
// as one that does not exist yet where a new decision begins the next round.
var Transitions = []Transition{
	{"", gongxin.NoticeServed, gongxin.Noticed, anyoneOfCourt, "2.3", ""},
	{gongxin.Noticed, gongxin.ListingDecided, gongxin.Decided, whoDecides, "2.1", ""},
	{gongxin.Decided, gongxin.ListingPublished, gongxin.InForce, anyoneOfCourt, "2.1", ""},
	{"", gongxin.ListingAdmitted, gongxin.InForce, whoDecides, "2.1, 2.3", ""},
	{gongxin.InForce, gongxin.ListingCorrected, gongxin.InForce, whoDecides, "2.1.5", ""},
	{gongxin.InForce, gongxin.ListingWithdrawn, gongxin.Withdrawn, whoDecides, "2.4, 5.8", "withdrawal"},
	{gongxin.InForce, gongxin.ListingExpired, gongxin.Expired, hubItself, "2.1.3", ""},
	{gongxin.Decided, gongxin.ListingRevoked, gongxin.Revoked, whoDecides, "2.5", ""},
	{gongxin.InForce, gongxin.ListingRevoked, gongxin.Revoked, whoDecides, "2.5", ""},
}

// refusals names the error for an event that the state of a listing does not allow.
var refusals = map[gongxin.EventKind]string{
	gongxin.NoticeServed:     "ALREADY_ON_REGISTER",
	gongxin.ListingAdmitted:  "ALREADY_ON_REGISTER",
	gongxin.ListingDecided:   "NOT_NOTICED",
	gongxin.ListingPublished: "NOT_DECIDED",
	gongxin.ListingCorrected: "NOT_IN_FORCE",
	gongxin.ListingWithdrawn: "NOT_IN_FORCE",
	gongxin.ListingExpired:   "NOT_IN_FORCE",
	gongxin.ListingRevoked:   "NOT_IN_FORCE",
}

// begins tells whether events of kind k make a new listing.
func begins(k gongxin.EventKind) bool {
	for i := range Transitions {
		if t := &Transitions[i]; t.Event == k && t.From == "" {
			return true
		}
	}
	return false
}

// endsIn returns the exit to which events of kind k lead; ok is false if they end nothing.
func endsIn(k gongxin.EventKind) (to gongxin.State, ok bool) {
	for i := range Transitions {
		if t := &Transitions[i]; t.Event == k && t.To.Ended() {
			return t.To, true
		}
	}
	return "", false
}

// entitled tells whether by may cause events of kind k to listings of court,
// whatever their state. Error: NOT_ENTITLED. It comes before every other check,
// so that nobody learns the state of what is not theirs.
func entitled(by gongxin.Actor, k gongxin.EventKind, court gongxin.CourtCode) error {
	for i := range Transitions {
		t := &Transitions[i]
		if t.Event == k && slices.Contains(t.Roles, by.Role) && (by.Role == gongxin.RoleHub || by.ActsFor(court)) {
			return nil
		}
	}
	return gongxin.Forbidden("NOT_ENTITLED", string(by.Role), court.String())
}

// allowed tells whether the table has a step from the state of l by an event of
// kind k. Errors: ALREADY_ON_REGISTER, NOT_NOTICED, NOT_DECIDED or NOT_IN_FORCE.
func allowed(l gongxin.Listing, k gongxin.EventKind) error {
	from := l.State
	if from.Ended() && begins(k) {
		from = ""
	}
	for i := range Transitions {
		if t := &Transitions[i]; t.From == from && t.Event == k {
			return nil
		}
	}
	return gongxin.Conflict(refusals[k], l.Entry.Case.String(), string(l.State))
}

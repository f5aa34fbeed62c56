package web

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"gongxin"
)

// A Source tells how things stand now; the hub is one. It logs its own errors:
// the page says only that there was one.
type Source interface {
	Status(ctx context.Context) (Status, error)
}

// A Status is what the page shows. All of it is public: make its listings with
// NewListing, which masks, and leaves out what nobody may see.
type Status struct {
	Hub      Hub
	Head     Head
	Gates    []Gate // in the order in which they are shown
	Late     []LateGate
	Listings []Listing // latest change first; the caller bounds how many
}

// A Hub is whose page it is.
type Hub struct {
	VerifierKey string // of the checkpoints, "" to show none
	Exercise    bool   // the clock is shifted for training
}

// A Head is the hub's latest signed checkpoint.
type Head struct {
	Sequence uint64
	InForce  uint64 // listings in force
	At       time.Time
}

// A Gate is one department's instance, as its receipts and outcomes describe it.
type Gate struct {
	Name         string // such as "railway"
	Organisation string // the department
	Sequence     uint64 // applied up to; 0 if nothing was confirmed yet
	Receipt      time.Time
	Agrees       bool // what it holds is what the hub signed for that sequence
	Receipts     int  // how many it has sent
	Open         int  // restrictions not lifted yet
	Lifted       int  // restrictions lifted
	Referred     int  // cases handed to a person
}

// A LateGate is one that has not confirmed in time what the hub has signed.
type LateGate struct {
	Name         string
	Organisation string
	Behind       uint64       // events that it has not confirmed
	What         gongxin.Text // in place of Behind: of a department without a network, what is late
	Since        time.Time    // the first of them
}

// A Listing is the way of one public listing.
type Listing struct {
	Case    gongxin.CaseNumber
	Court   string
	Subject string // masked; "" once the listing has ended, and while it is suspended
	Number  string // masked; "" once the listing has ended, and while it is suspended
	Origin  gongxin.Origin
	State   gongxin.State
	Ground  gongxin.Ground // of the exit
	Begin   Step           // came into force; zero if it never did (revoked before that), and then not shown
	End     Step           // ended or was suspended; zero while in force
}

// A Step is a change of a listing and when it reached the gates.
type Step struct {
	Sequence uint64
	At       time.Time
	Arrivals []Arrival // one for each gate that should have it
}

// An Arrival is when a gate had applied a step.
type Arrival struct {
	Gate   string    // name of the department as shown
	At     time.Time // zero while it has not confirmed
	Lifted int       // restrictions that it lifted thereby
}

// NewListing returns what anybody may see of l. Begin, the End of a suspended one,
// and the arrivals of both are for the caller to add: a listing without Begin is not
// shown. ok is false if nothing may be seen: of a non-public listing (2.1.4), and of
// one that is not in force yet or never will be. Of one that has ended only case,
// court and exit remain, and of one that is suspended case and court (2.4): no
// measure applies to the subject meanwhile.
func NewListing(l gongxin.Listing) (v Listing, ok bool) {
	if l.Entry.NonPublic {
		return Listing{}, false
	}
	switch l.State {
	case gongxin.InForce, gongxin.Suspended, gongxin.Withdrawn, gongxin.Expired, gongxin.Revoked:
	default:
		return Listing{}, false
	}
	v = Listing{Case: l.Entry.Case, Court: l.Entry.CourtName, Origin: l.Origin, State: l.State}
	if l.State.Ended() {
		v.Ground = l.Exit.Ground
		v.End = Step{Sequence: l.Exit.Sequence, At: l.Exit.At}
		return v, true
	}
	if l.State == gongxin.Suspended {
		v.Ground = gongxin.GroundSecurity
		return v, true
	}
	v.Subject, v.Number = l.Entry.Subject.Name, l.Entry.Subject.Number.String()
	if !l.Entry.Subject.IsOrganisation() {
		v.Subject = maskName(v.Subject)
	}
	return v, true
}

// maskName keeps the first character; how long the rest is stays untold.
func maskName(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return ""
	}
	return string(r) + "**"
}

// shown is s without the listings that never came into force.
func (s Status) shown() Status {
	s.Listings = slices.DeleteFunc(slices.Clone(s.Listings), func(l Listing) bool { return l.Begin.Sequence == 0 })
	return s
}

// standing is where a gate is, measured by the hub's head.
type standing string

const (
	silent  standing = "silent"  // nothing confirmed yet
	differs standing = "differs" // it holds another set than the hub signed
	behind  standing = "behind"
	current standing = "current"
)

func (g Gate) standing(h Head) standing {
	switch {
	case g.Sequence == 0:
		return silent
	case !g.Agrees:
		return differs
	case g.Sequence < h.Sequence:
		return behind
	}
	return current
}

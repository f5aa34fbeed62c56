package register

import (
	"slices"

	"gongxin"
)

// An ending is a court's statement that a listing ended: what Withdraw, Revoke,
// a row of withdrawals and a list row with 撤销时间 have in common.
type ending struct {
	kind     gongxin.EventKind
	ground   gongxin.Ground
	decision string
	on       gongxin.Day // zero for the day on which the register takes it
}

// decide returns the event that ends l; none if l ended by the same statement.
// Errors: NOT_IN_FORCE, DATE_FUTURE, DATE_ORDER.
func (x ending) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if x.carriedOut(l) {
		return nil, nil
	}
	if err := allowed(&l, x.kind); err != nil {
		return nil, err
	}
	on, err := in.after(x.on, fieldWithdrawn, l.Entry.Published, fieldPublished)
	if l.State == gongxin.Decided || l.State == gongxin.Delivered { // not published yet, whatever the draft says
		on, err = in.after(x.on, fieldWithdrawn, l.Procedure.Decided, fieldDecided)
	}
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: x.kind, Ground: x.ground, Decision: x.decision, On: on, NonPublic: unseen(l)}}, nil
}

// carriedOut tells whether l ended by this statement before: by the document of
// that number or, where one of the two gives no number, on that day and ground.
func (x ending) carriedOut(l gongxin.Listing) bool {
	if to, ok := endsIn(x.kind); !ok || l.State != to {
		return false
	}
	if x.decision != "" && l.Exit.Decision != "" {
		return x.decision == l.Exit.Decision
	}
	sameGround := x.ground == l.Exit.Ground || x.ground == gongxin.GroundUnstated || l.Exit.Ground == gongxin.GroundUnstated
	return sameGround && (x.on.IsZero() || x.on == l.Exit.On)
}

// unseen tells whether the public does not see l: not fit for publication (2.1.4),
// or not published.
func unseen(l gongxin.Listing) bool { return l.Entry.NonPublic || !slices.Contains(listed, l.State) }

// lastDay is the last day that belongs to l, which has ended: the next round of its
// key begins after it, so that what was sent about l says nothing about the next.
// It stays known when the entry of l is erased.
func lastDay(l gongxin.Listing) gongxin.Day {
	if l.State == gongxin.Expired {
		return l.Exit.On.Add(-1)
	}
	return l.Exit.On
}

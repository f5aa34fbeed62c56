package feed

import (
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Guard says from when on it is more likely that something went wrong at the
// source than that so many listings really left or entered. Both the number and
// the share of what was in force have to be exceeded; of two that are 0 the limit is
// off, of one that is 0 the other decides. The zero Guard is off.
type Guard struct {
	DropCount  uint64  // more listings than this left
	DropShare  float64 // and more than this part of those in force, such as 0.05
	SurgeCount uint64  // more listings than this entered
	SurgeShare float64

	// Window, by the time of the checkpoints, is how long what left and entered is
	// added up, since a large batch travels in several answers; 0: each answer by itself.
	Window time.Duration
	// EmptyFrom is the number in force from which on it is abnormal that nothing
	// remains, whatever the limits above; 0 is 1: always.
	EmptyFrom uint64
}

// A Tally is what left and entered of late, for a Guard.
type Tally struct {
	Since   time.Time // time of the checkpoint before the first that is counted; zero if nothing is
	Before  uint64    // in force then
	Left    uint64    // beyond what was approved
	Entered uint64
	// What batch_approved events allow and nothing has used up.
	MayLeave, MayEnter uint64
}

// Accept returns f for an officer who has decided that what left and entered up to
// the sequence size is meant: the Guard counts only what comes after it.
func (f Follower) Accept(size uint64) Follower {
	f.accepted = size
	return f
}

// A turn is what changes did to one listing.
type turn struct {
	was bool    // in force before them
	now *Change // the change since which it counts; nil if it is not in force
	at  uint64  // sequence of the last that mattered
}

// count returns the tally after changes, which lead from p to head, and whether
// the Guard objects (FEED_ABNORMAL, with the numbers).
func (f Follower) count(p Position, head ledger.Head, changes []Change, turns map[gongxin.ListingID]turn) (Tally, error) {
	t := p.Tally
	for _, c := range changes {
		if c.Event.Kind != gongxin.BatchApproval {
			continue
		}
		b, err := gongxin.ParseBatchApproved(c.Body)
		if err != nil {
			return t, err
		}
		const most = 1 << 62
		t.MayEnter, t.MayLeave = min(most, t.MayEnter+uint64(b.Listings)), min(most, t.MayLeave+uint64(b.Withdrawals))
	}
	var left, entered uint64
	for _, turn := range turns {
		switch in := turn.now != nil; {
		case in == turn.was || turn.at <= f.accepted:
		case in:
			entered++
		default:
			left++
		}
	}
	use(&left, &t.MayLeave)
	use(&entered, &t.MayEnter)
	if f.Guard == (Guard{}) || p.Head.At.IsZero() { // off, or all there is
		return Tally{MayLeave: t.MayLeave, MayEnter: t.MayEnter}, nil
	}
	if head.At.Sub(t.Since) >= f.Guard.Window || f.accepted > p.Tree.Size() {
		t.Since, t.Before, t.Left, t.Entered = time.Time{}, 0, 0, 0
	}
	if left+entered == 0 {
		return t, nil
	}
	if t.Since.IsZero() {
		t.Since, t.Before = p.Head.At, p.Head.Count
	}
	t.Left, t.Entered = t.Left+left, t.Entered+entered
	emptied := head.Count == 0 && left > 0 && t.Before >= max(1, f.Guard.EmptyFrom)
	if emptied || beyond(t.Left, t.Before, f.Guard.DropCount, f.Guard.DropShare) || beyond(t.Entered, t.Before, f.Guard.SurgeCount, f.Guard.SurgeShare) {
		return p.Tally, gongxin.Conflict("FEED_ABNORMAL", t.Left, t.Entered, t.Before, head.Count, head.Size)
	}
	return t, nil
}

// use takes n off an allowance as far as it goes.
func use(n, allowance *uint64) {
	used := min(*n, *allowance)
	*n, *allowance = *n-used, *allowance-used
}

func beyond(n, before, count uint64, share float64) bool {
	return (count != 0 || share != 0) && n > count && float64(n) > share*float64(before)
}

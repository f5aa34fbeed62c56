package store

import (
	"context"

	"gongxin"
)

// Duties returns the duties of a listing that are open, oldest first.
func (tx *Tx) Duties(ctx context.Context, id gongxin.ListingID) ([]gongxin.Duty, error) {
	panic("not built yet")
}

// PutDuty keeps d as it stands now; listing, kind and opening event identify it.
func (tx *Tx) PutDuty(ctx context.Context, d gongxin.Duty) error { panic("not built yet") }

// A DutyFilter says which duties are asked for; the zero one, all that are open.
type DutyFilter struct {
	Courts  []gongxin.CourtCode // that owe them; nil for all courts, also those without a known code
	Person  string              // Actor.ID of who handles them; "" for all
	Listing gongxin.ListingID   // zero for all
	Before  gongxin.Day         // due before this day; zero for all, also those without a last day
	Lapsed  bool                // those whose time passed unmet, met since or not (2.5), instead of those that are open
}

// OpenDuties returns up to limit duties, those due first before others, those
// without a last day at the end.
func (v *View) OpenDuties(ctx context.Context, f DutyFilter, limit int) ([]gongxin.Duty, error) {
	panic("not built yet")
}

// Overdue returns up to limit open duties that were due before day and whose
// lapse is not recorded yet, those due first before others.
func (v *View) Overdue(ctx context.Context, day gongxin.Day, limit int) ([]gongxin.Duty, error) {
	panic("not built yet")
}

// Uncounted returns up to limit open duties that have a rule but no last day: the
// calendar did not know the year when they were opened.
func (v *View) Uncounted(ctx context.Context, limit int) ([]gongxin.Duty, error) {
	panic("not built yet")
}

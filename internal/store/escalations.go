package store

import (
	"context"
	"time"

	"gongxin"
)

// An Escalation tells a superior of a duty that lapsed (2.5). Listing, Kind,
// Opened and Level identify it.
type Escalation struct {
	Listing      gongxin.ListingID
	Kind         gongxin.DutyKind
	Opened       uint64            // sequence of the event that opened the duty
	Level        int               // 1 for the first superior, and so on upwards
	Court        gongxin.CourtCode // whose duty lapsed
	To           gongxin.CourtCode // that is told; zero if none is known
	At           time.Time
	Acknowledged time.Time // zero until the superior has taken note
	By           string    // Actor.ID of who acknowledged it
	Note         string    // and in which words
}

// ID names e in addresses: listing, kind, opening event and level, joined by dots.
func (e Escalation) ID() string { panic("not built yet") }

// SaveEscalation keeps e. Of one that is kept already nothing changes but the
// acknowledgement, and the first of those stays.
func (tx *Tx) SaveEscalation(ctx context.Context, e Escalation) error { panic("not built yet") }

// Escalation returns the one with that ID. Error: ESCALATION_UNKNOWN.
func (r *reader) Escalation(ctx context.Context, id string) (Escalation, error) {
	panic("not built yet")
}

// Escalations returns up to limit of those that courts have caused or are told of
// (nil for all), those without an acknowledgement first, then the newest first.
func (v *View) Escalations(ctx context.Context, courts []gongxin.CourtCode, limit int) ([]Escalation, error) {
	panic("not built yet")
}

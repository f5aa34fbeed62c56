package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// maxLate bounds the endings, and the restrictions, that one answer lists.
const maxLate = 1000

// A LateGate is a department's gate that has not confirmed in time what the hub
// has signed (2.2, 2.4).
type LateGate struct {
	Gate         string    `json:"gate"`
	Organisation string    `json:"organisation"`
	Sequence     uint64    `json:"sequence" doc:"confirmed up to"`
	Behind       uint64    `json:"behind" doc:"events that it has not confirmed"`
	Since        time.Time `json:"since" doc:"when the first of them happened"`
	Heard        time.Time `json:"heard" doc:"when the hub had its latest receipt"`
	Seconds      int64     `json:"seconds" doc:"since then"`
}

// lateGates names the gates that have confirmed too little for longer than
// LateAfter, the longest first. A gate all of whose tokens were revoked follows no
// more and is not awaited.
func (h *Hub) lateGates(ctx context.Context, v *store.View) ([]LateGate, error) {
	late := []LateGate{}
	head, err := v.Head(ctx)
	if err != nil {
		return nil, err
	}
	gates, err := v.Gates(ctx)
	if err != nil {
		return nil, err
	}
	now := h.Now()
	var gone map[string]bool
	for _, g := range gates {
		if g.Sequence >= head.Size {
			continue
		}
		since, err := v.EventTime(ctx, g.Sequence+1)
		if err != nil {
			return nil, err
		}
		if now.Sub(since) <= h.LateAfter {
			continue
		}
		if gone == nil {
			if gone, err = retired(ctx, v, now); err != nil {
				return nil, err
			}
		}
		if !gone[g.Gate] {
			late = append(late, LateGate{g.Gate, g.Organisation, g.Sequence, head.Size - g.Sequence, since, g.Heard, int64(now.Sub(since) / time.Second)})
		}
	}
	slices.SortStableFunc(late, func(a, b LateGate) int { return a.Since.Compare(b.Since) })
	return late, nil
}

// retired holds the gates all of whose tokens were revoked. One whose token has
// merely expired is awaited still: that may be why it is late.
func retired(ctx context.Context, v *store.View, now time.Time) (map[string]bool, error) {
	tokens, err := v.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for _, t := range tokens {
		if t.Gate == "" {
			continue
		}
		revoked := !t.Revoked.IsZero() && !t.Revoked.After(now)
		before, known := gone[t.Gate]
		gone[t.Gate] = revoked && (before || !known)
	}
	return gone, nil
}

// Offline names departments without a network that are late on a day, or towards
// which the hub is.
type Offline func(gongxin.Day) ([]LatePackage, error)

// A LatePackage is a package that was not made, or not confirmed, in time (2.2).
type LatePackage struct {
	Gate         string       `json:"gate"`
	Organisation string       `json:"organisation"`
	What         gongxin.Text `json:"what"`
	Since        gongxin.Day  `json:"since" doc:"its last day"`
}

// latePackages names those that are late today.
func (h *Hub) latePackages() ([]LatePackage, error) {
	if h.Offline == nil {
		return []LatePackage{}, nil
	}
	late, err := h.Offline(gongxin.DayOf(h.Now()))
	if late == nil {
		late = []LatePackage{}
	}
	return late, err
}

// A LateEnding is the end of a listing, or a suspension, that has not reached every
// department in time, or after which restrictions stand (2.4, 3.13).
type LateEnding struct {
	Listing    gongxin.ListingID `json:"listing"`
	Event      gongxin.EventKind `json:"event,omitempty"`
	Sequence   uint64            `json:"sequence,omitempty"`
	At         time.Time         `json:"at"`
	NotApplied []string          `json:"not_applied" doc:"gates that have not confirmed it"`
	NotLifted  []Standings       `json:"not_lifted" doc:"gates that have neither lifted what they imposed nor said that they keep it"`
}

// Standings are restrictions of one gate that stand.
type Standings struct {
	Gate  string `json:"gate"`
	Count int    `json:"count"`
}

// lateEndings lists what the caller may see of endings that are late at the gates in
// late, and of restrictions that stand since longer than LateAfter.
func (h *Hub) lateEndings(ctx context.Context, v *store.View, late []LateGate) ([]LateEnding, error) {
	before := h.Now().Add(-h.LateAfter)
	all := []LateEnding{}
	at := map[gongxin.ListingID]int{}
	of := func(id gongxin.ListingID, since time.Time) *LateEnding {
		i, ok := at[id]
		if !ok {
			i = len(all)
			at[id] = i
			all = append(all, LateEnding{Listing: id, At: since, NotApplied: []string{}, NotLifted: []Standings{}})
		}
		return &all[i]
	}
	if len(late) > 0 {
		furthest := slices.MinFunc(late, func(a, b LateGate) int { return cmp.Compare(a.Sequence, b.Sequence) })
		left, err := v.Leavings(ctx, furthest.Sequence, before, maxLate)
		if err != nil {
			return nil, err
		}
		for _, l := range left {
			reached, err := reachedDepartments(ctx, v, l)
			if err != nil {
				return nil, err
			}
			if !reached {
				continue
			}
			e := of(l.Listing, l.At)
			e.Event, e.Sequence, e.At = l.Kind, l.Sequence, l.At
			e.NotApplied = e.NotApplied[:0]
			for _, g := range late {
				if g.Sequence < l.Sequence {
					e.NotApplied = append(e.NotApplied, g.Gate)
				}
			}
		}
	}
	standing, err := v.Unlifted(ctx, before, maxLate)
	if err != nil {
		return nil, err
	}
	for _, u := range standing {
		e := of(u.Listing, u.Since)
		e.NotLifted = append(e.NotLifted, Standings{u.Gate, u.Count})
	}
	shown := all[:0]
	for _, e := range all {
		sees, err := h.overseen(ctx, v, e.Listing)
		if err != nil {
			return nil, err
		}
		if sees && len(e.NotApplied)+len(e.NotLifted) > 0 {
			shown = append(shown, e)
		}
	}
	slices.SortStableFunc(shown, func(a, b LateEnding) int { return a.At.Compare(b.At) })
	return shown, nil
}

// reachedDepartments tells whether departments were ever told of the listing that l
// ended: one may be revoked before it is in force.
func reachedDepartments(ctx context.Context, v *store.View, l store.Leaving) (bool, error) {
	if l.Kind != gongxin.ListingRevoked {
		return true, nil
	}
	listing, err := v.Listing(ctx, l.Listing)
	if err != nil && gongxin.CodeOf(err) != "LISTING_ERASED" {
		return false, err
	}
	return everInForce(ctx, v, listing)
}

type deliveriesInput struct {
	Late bool `query:"late" doc:"only the gates that are late; the endings are late ones always"`
}

type deliveriesOutput struct {
	Body struct {
		Sequence  uint64            `json:"sequence" doc:"of the hub"`
		Allowed   int64             `json:"allowed_seconds" doc:"within which a gate has to confirm"`
		Late      []LateGate        `json:"late" doc:"gates that have not confirmed in time, the longest first"`
		Packages  []LatePackage     `json:"packages" doc:"for departments without a network: not made, or not confirmed, in time"`
		Witnesses []WitnessStanding `json:"witnesses" doc:"who cosigns the checkpoints, and how far each is"`
		Gates     []Gate            `json:"gates,omitempty" doc:"all of them, unless only late ones were asked for"`
		Endings   []LateEnding      `json:"endings" doc:"listings whose end has not arrived or not led to a lift in time, the oldest first; 1000 of each at most"`
	}
}

// deliveries serves GET /v1/deliveries.
func (a *api) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	out := new(deliveriesOutput)
	b := &out.Body
	b.Allowed = int64(a.hub.LateAfter / time.Second)
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		b.Sequence, b.Witnesses = head.Size, a.hub.standings(head)
		if b.Late, err = a.hub.lateGates(ctx, v); err != nil {
			return err
		}
		b.Endings, err = a.hub.lateEndings(ctx, v, b.Late)
		return err
	})
	if err == nil {
		b.Packages, err = a.hub.latePackages()
	}
	if err == nil && !in.Late {
		b.Gates, err = a.hub.Gates(ctx)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// A DeliveredChange is one event that put a listing in force, changed it there or
// took it out, and when it reached each department.
type DeliveredChange struct {
	Sequence uint64            `json:"sequence"`
	Event    gongxin.EventKind `json:"event"`
	At       time.Time         `json:"at"`
	Gates    []GateArrival     `json:"gates"`
}

// A GateArrival is how a change came to one gate.
type GateArrival struct {
	Gate         string    `json:"gate"`
	Organisation string    `json:"organisation"`
	Sent         time.Time `json:"sent,omitzero" doc:"when it was first served, or at the latest; none if that is not known"`
	Applied      time.Time `json:"applied,omitzero" doc:"by the gate's clock; none if it is not confirmed"`
	Signed       bool      `json:"signed" doc:"the gate signed that"`
	Late         bool      `json:"late" doc:"it took, or takes, longer than allowed"`
}

// DepartmentActs are what one department did because of a listing. Whom it
// screened otherwise the hub does not know.
type DepartmentActs struct {
	Gate     string     `json:"gate"`
	Acted    *FirstAct  `json:"acted,omitempty" doc:"the first time that it restricted or referred somebody"`
	Imposed  int        `json:"imposed" doc:"restrictions"`
	Lifted   int        `json:"lifted"`
	LiftedAt time.Time  `json:"lifted_at,omitzero" doc:"the latest lift"`
	Kept     []KeptPart `json:"kept" doc:"measures kept on, each with its ground and last day (3.13)"`
}

// A FirstAct is the first outcome that touched somebody.
type FirstAct struct {
	Kind     string    `json:"kind" enum:"restricted,referred"`
	At       time.Time `json:"at"`
	Sequence uint64    `json:"sequence" doc:"of the list on which the department acted"`
}

// A KeptPart is a kept measure as others than the department are told of it.
type KeptPart struct {
	Measure string      `json:"measure"`
	Ground  string      `json:"ground"`
	Until   gongxin.Day `json:"until"`
	Ended   time.Time   `json:"ended,omitzero"`
}

type listingDeliveriesOutput struct {
	Body struct {
		Listing     gongxin.ListingID `json:"listing"`
		State       gongxin.State     `json:"state"`
		Changes     []DeliveredChange `json:"changes" doc:"oldest first"`
		Departments []DepartmentActs  `json:"departments" doc:"that acted because of it"`
	}
}

// listingDeliveries serves GET /v1/listings/{id}/deliveries. Of a listing whose
// personal data were erased it tells the same: none of it is personal.
func (a *api) listingDeliveries(ctx context.Context, in *ListingPath) (*listingDeliveriesOutput, error) {
	id, err := gongxin.ParseListingID(in.ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(listingDeliveriesOutput)
	b := &out.Body
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		l, events, err := a.hub.history(ctx, v, id)
		if err != nil {
			return err
		}
		b.Listing, b.State, b.Changes = l.ID, l.State, []DeliveredChange{}
		for _, e := range forces(events) {
			c, err := a.hub.delivered(ctx, v, e)
			if err != nil {
				return err
			}
			b.Changes = append(b.Changes, c)
		}
		b.Departments, err = acts(ctx, v, id)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// history returns a listing that the caller may see, and its events, also if its
// personal data were erased.
func (h *Hub) history(ctx context.Context, v *store.View, id gongxin.ListingID) (gongxin.Listing, []store.Sequenced, error) {
	l, err := h.visible(ctx, v, id)
	if err != nil && gongxin.CodeOf(err) != "LISTING_ERASED" {
		return l, nil, err
	}
	events, err := v.Events(ctx, id)
	return l, events, err
}

// forces are the events that mattered to departments.
func forces(events []store.Sequenced) (some []store.Sequenced) {
	in := false
	for _, e := range events {
		switch e.Event.Kind.Force() {
		case gongxin.ForceNone:
			continue
		case gongxin.ForceLeaves:
			if !in { // it ended before it was ever in force, or while it was suspended
				continue
			}
			in = false
		default:
			in = true
		}
		some = append(some, e)
	}
	return some
}

func (h *Hub) delivered(ctx context.Context, v *store.View, e store.Sequenced) (DeliveredChange, error) {
	c := DeliveredChange{Sequence: e.Sequence, Event: e.Event.Kind, At: e.Event.At, Gates: []GateArrival{}}
	arrivals, err := v.Arrivals(ctx, e.Sequence)
	if err != nil {
		return c, err
	}
	for _, a := range arrivals {
		g := GateArrival{Gate: a.Gate, Organisation: a.Organisation, Sent: a.Sent, Applied: a.Applied, Signed: a.Signed && !a.Applied.IsZero()}
		if g.Sent.IsZero() && g.Applied.IsZero() {
			g.Sent = h.served.first(a.Gate, e.Sequence)
		}
		known := a.Received // the gate's own clock may be wrong
		if known.IsZero() {
			known = h.Now()
		}
		g.Late = known.Sub(c.At) > h.LateAfter
		c.Gates = append(c.Gates, g)
	}
	return c, nil
}

// acts tells what departments did because of a listing, by name.
func acts(ctx context.Context, v *store.View, id gongxin.ListingID) ([]DepartmentActs, error) {
	outcomes, err := v.OutcomesOf(ctx, id) // in the order of time
	if err != nil {
		return nil, err
	}
	kept, err := v.KeptOf(ctx, id)
	if err != nil {
		return nil, err
	}
	all := []DepartmentActs{}
	of := func(gate string) *DepartmentActs {
		i := slices.IndexFunc(all, func(d DepartmentActs) bool { return d.Gate == gate })
		if i < 0 {
			i = len(all)
			all = append(all, DepartmentActs{Gate: gate, Kept: []KeptPart{}})
		}
		return &all[i]
	}
	for _, o := range outcomes {
		d := of(o.Gate)
		switch o.Kind {
		case store.Lifted:
			d.Lifted, d.LiftedAt = d.Lifted+1, o.At
		case store.Restricted:
			d.Imposed++
		}
		if d.Acted == nil && (o.Kind == store.Restricted || o.Kind == store.Referred) {
			d.Acted = &FirstAct{o.Kind, o.At, o.Sequence}
		}
	}
	for _, k := range kept {
		d := of(k.Gate)
		d.Kept = append(d.Kept, KeptPart{k.Measure, k.Ground, k.Until, k.Ended})
	}
	slices.SortFunc(all, func(a, b DepartmentActs) int { return cmp.Compare(a.Gate, b.Gate) })
	return all, nil
}

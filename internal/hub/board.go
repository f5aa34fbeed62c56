package hub

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/oversight"
	"gongxin/internal/store"
)

// What one board reads and shows at most.
const (
	maxBoard    = 20_000 // duties that are owed, and as many that came late
	boardRows   = 200
	maxOpen     = 500 // kept measures, reviews and batches, those that are open first
	peopleShown = 200 // people in charge, those with most overdue first
)

// boardRoutes registers what is owed in time and what came late (2.5), and the
// pages on which people sign in and see it.
func (a *api) boardRoutes(j huma.API, mux *http.ServeMux) {
	route(j, "board-read", http.MethodGet, "/v1/board", "What is overdue, due and done late, within what the caller may see (2.3–2.5)", a.readBoard)
	route(j, "escalations-read", http.MethodGet, "/v1/escalations", "What was told to a higher court (2.5)", a.readEscalations)
	route(j, "escalation-acknowledge", http.MethodPost, "/v1/escalations/{id}/acknowledgement", "Acknowledge it for the court that was told (2.5)", a.acknowledge)

	mux.Handle("GET /sign-in", a.page("sign-in-page", a.signInPage))
	mux.Handle("POST /sign-in", a.page("sign-in-page", a.signInByForm))
	mux.Handle("POST /sign-out", a.page("session-end", a.signOutByForm))
	mux.Handle("GET /board", a.page("board-page", a.boardPage))
}

// sight is what a caller sees on boards, in all their roles: a judge who decides
// for the higher court too sees what both see.
type sight struct {
	tree access.Tree
	as   []access.Caller
}

func (h *Hub) sight(ctx context.Context, v *store.View, operation string) (s sight, err error) {
	if s.tree, err = h.tree(ctx, v); err != nil {
		return s, err
	}
	c := access.CallerFrom(ctx)
	if c.Person.ID == "" {
		s.as = []access.Caller{c}
		return s, nil
	}
	for _, role := range c.Person.Roles {
		alone := c.Person
		alone.Roles = []gongxin.Role{role}
		as := c
		var ok bool
		if as.Actor, ok = access.ActorFor(alone, c.Organisation, operation); ok {
			s.as = append(s.as, as)
		}
	}
	return s, nil
}

// courts lists those whose duties the caller sees; nil means every court's.
func (s sight) courts() []gongxin.CourtCode {
	codes := []gongxin.CourtCode{}
	for _, c := range s.as {
		more, all := s.tree.Courts(c)
		if all {
			return nil
		}
		codes = append(codes, more...)
	}
	slices.SortFunc(codes, func(x, y gongxin.CourtCode) int { return cmp.Compare(x.String(), y.String()) })
	return slices.Compact(codes)
}

func (s sight) sees(court gongxin.CourtCode) bool {
	return slices.ContainsFunc(s.as, func(c access.Caller) bool { return s.tree.Sees(c, court) })
}

// allowed is s in the roles for which the matrix allows operation.
func (s sight) allowed(operation string) (t sight) {
	t.tree = s.tree
	for _, c := range s.as {
		if access.Allowed(operation, c.Actor.Role) {
			t.as = append(t.as, c)
		}
	}
	return t
}

// A BoardDuty is one duty on the board. It names the case and who is in charge,
// never the person concerned.
type BoardDuty struct {
	Listing   gongxin.ListingID `json:"listing"`
	Case      string            `json:"case" doc:"its number; empty once the listing was erased"`
	Court     gongxin.CourtCode `json:"court" doc:"that owes it; empty if its code is not known"`
	CourtName string            `json:"court_name"`
	Kind      gongxin.DutyKind  `json:"kind"`
	What      gongxin.Text      `json:"what"`
	Clause    string            `json:"clause"`
	Person    string            `json:"person" doc:"in charge; empty if nobody is known"`
	Rule      string            `json:"rule,omitempty" doc:"of policy, that counts the time"`
	Since     gongxin.Day       `json:"since,omitzero" doc:"from which the time counts"`
	Due       gongxin.Day       `json:"due,omitzero" doc:"last day; absent if no time is set or the calendar does not know the year yet"`
	State     oversight.State   `json:"state" enum:"overdue,due_today,soon,later,no_time,lapsed"`
	Days      int               `json:"days" doc:"overdue and lapsed: late; due_today, soon and later: left"`
	Met       gongxin.Day       `json:"met,omitzero"`
	Lapsed    uint64            `json:"lapsed,omitempty" doc:"sequence at which the ledger records the lapse"`
}

// BoardGroup is the duties of one court or person.
type BoardGroup struct {
	Key   string          `json:"key" doc:"code of the court or name of the person; empty if not known"`
	Name  string          `json:"name"`
	Count oversight.Count `json:"count"`
}

// A WaitingReview is one of a restriction that the department has not answered (3.12).
type WaitingReview struct {
	ID        string    `json:"id"`
	Gate      string    `json:"gate"`
	Reference string    `json:"reference"`
	Filed     time.Time `json:"filed"`
}

// A Board is what is owed and what came late on one day, as one caller may see it.
type Board struct {
	Today      gongxin.Day     `json:"today"`
	Total      oversight.Count `json:"total" doc:"within what the caller may see, whatever was asked for"`
	Matching   oversight.Count `json:"matching" doc:"of what was asked for"`
	Courts     []BoardGroup    `json:"courts"`
	People     []BoardGroup    `json:"people" doc:"those with most overdue first, 200 at most"`
	From       int             `json:"from" doc:"rows before these"`
	Duties     []BoardDuty     `json:"duties" doc:"by state, the most late or the first due first"`
	Incomplete bool            `json:"incomplete" doc:"there is more than one board reads: the counts are too small"`
	Kept       []KeptMeasure   `json:"kept" doc:"measures kept beyond their stated end (3.13)"`
	Reviews    []WaitingReview `json:"reviews" doc:"of restrictions, without an answer (3.12)"`
	Batches    []Batch         `json:"batches" doc:"that wait for a second person"`
	Packages   []LatePackage   `json:"packages" doc:"for departments without a network: not made, or not confirmed, in time (2.2)"`
	Late       []LateGate      `json:"late" doc:"gates that have not confirmed in time what was signed (2.2, 2.4)"`

	Witnesses []WitnessStanding `json:"witnesses" doc:"witnesses that have not cosigned in time"`

	all  bool     // the caller sees every court
	seen []string // names of the courts that the caller sees otherwise
}

// boardQuery is what somebody wants to see of the board.
type boardQuery struct {
	oversight.Filter
	From, Limit int
}

// board reads the board for the caller of ctx.
func (h *Hub) board(ctx context.Context, q boardQuery) (b Board, err error) {
	b = Board{
		Today: gongxin.DayOf(h.Now()), From: q.From,
		Courts: []BoardGroup{}, People: []BoardGroup{}, Duties: []BoardDuty{}, Kept: []KeptMeasure{}, Reviews: []WaitingReview{}, Batches: []Batch{},
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		s, err := h.sight(ctx, v, "board-read")
		if err != nil {
			return err
		}
		if err := h.readDuties(ctx, v, s, q, &b); err != nil {
			return err
		}
		if b.Late, err = h.lateGates(ctx, v); err != nil {
			return err
		}
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		b.Witnesses = h.lateWitnesses(head)
		if b.Packages, err = h.latePackages(); err != nil {
			return err
		}
		return b.readDepartments(ctx, v, s)
	})
	return b, err
}

func (h *Hub) readDuties(ctx context.Context, v *store.View, s sight, q boardQuery, b *Board) error {
	courts := s.courts()
	b.all = courts == nil
	for _, c := range courts {
		b.seen = append(b.seen, h.courtName(c))
	}
	duties, err := v.OpenDuties(ctx, store.DutyFilter{Courts: courts}, maxBoard)
	if err != nil {
		return err
	}
	late, err := v.OpenDuties(ctx, store.DutyFilter{Courts: courts, Lapsed: true}, maxBoard)
	if err != nil {
		return err
	}
	b.Incomplete = len(duties) == maxBoard || len(late) == maxBoard
	for _, d := range late {
		if !d.Open() { // those that are open stand in duties already
			duties = append(duties, d)
		}
	}
	all := oversight.NewBoard(duties, b.Today, h.Calendar)
	b.Total = all.Total
	for _, c := range all.Courts {
		b.Courts = append(b.Courts, BoardGroup{c.Court.String(), h.courtName(c.Court), c.Count})
	}
	slices.SortStableFunc(all.People, func(x, y oversight.PersonCount) int {
		return cmp.Or(y.Count.Overdue-x.Count.Overdue, y.Count.DueToday-x.Count.DueToday, y.Count.Soon-x.Count.Soon)
	})
	for _, p := range all.People[:min(peopleShown, len(all.People))] {
		b.People = append(b.People, BoardGroup{p.Person, p.Person, p.Count})
	}
	rows := q.Rows(all)
	for _, r := range rows {
		b.Matching.Add(r.State)
	}
	rows = rows[min(q.From, len(rows)):]
	for _, r := range rows[:min(q.Limit, len(rows))] {
		number, err := caseOf(ctx, v, r.Duty.Listing)
		if err != nil {
			return err
		}
		d, term := r.Duty, oversight.KindTerm(r.Duty.Kind)
		b.Duties = append(b.Duties, BoardDuty{
			Listing: d.Listing, Case: number, Court: d.Court, CourtName: h.courtName(d.Court), Kind: d.Kind, What: term.Text, Clause: term.Clause,
			Person: d.Person, Rule: d.Rule, Since: d.Since, Due: d.Due, State: r.State, Days: r.Days, Met: d.Met, Lapsed: d.Lapsed,
		})
	}
	return nil
}

// caseOf is the case number of a listing, "" once it was erased.
func caseOf(ctx context.Context, v *store.View, id gongxin.ListingID) (string, error) {
	l, err := v.Listing(ctx, id)
	if gongxin.CodeOf(err) == "LISTING_ERASED" {
		return "", nil
	}
	return l.Entry.Case.String(), err
}

// courtName is what the court with the code is called, or the code if the table
// does not have it.
func (h *Hub) courtName(code gongxin.CourtCode) string {
	if c, ok := h.Courts.ByCode(code); ok {
		return c.Name
	}
	return code.String()
}

// readDepartments reads what departments and courts have left open besides duties,
// each as far as the caller may see it.
func (b *Board) readDepartments(ctx context.Context, v *store.View, s sight) error {
	if s := s.allowed("kept-measures-read"); len(s.as) > 0 {
		all, err := v.Kept(ctx, "", maxOpen)
		if err != nil {
			return err
		}
		for _, k := range all {
			shown, err := s.seesListing(ctx, v, k.Listing, k.Ended.IsZero() && k.Until < b.Today)
			if err != nil {
				return err
			}
			if shown {
				b.Kept = append(b.Kept, newKept(k))
			}
		}
	}
	if s := s.allowed("restriction-reviews-read"); len(s.as) > 0 {
		all, err := v.RestrictionReviews(ctx, "", maxOpen)
		if err != nil {
			return err
		}
		for _, r := range all {
			shown, err := s.seesListing(ctx, v, r.Listing, r.Answered.IsZero())
			if err != nil {
				return err
			}
			if shown {
				b.Reviews = append(b.Reviews, WaitingReview{r.ID, r.Gate, r.Reference, r.Filed})
			}
		}
	}
	if s := s.allowed("batches-read"); len(s.as) > 0 {
		all, err := v.Batches(ctx, maxOpen)
		if err != nil {
			return err
		}
		for _, held := range all {
			if held.Decided.IsZero() && s.sees(held.Court) {
				b.Batches = append(b.Batches, NewBatch(held))
			}
		}
	}
	return nil
}

// seesListing tells whether something about a listing is open and the caller sees
// it: by the listing's court, and all of it if they see every court.
func (s sight) seesListing(ctx context.Context, v *store.View, id gongxin.ListingID, open bool) (bool, error) {
	if !open || s.courts() == nil {
		return open, nil
	}
	l, err := v.Listing(ctx, id)
	if gongxin.KindOf(err) == gongxin.KindMissing { // not known, or erased
		return false, nil
	}
	return err == nil && s.sees(l.Entry.Court), err
}

type boardInput struct {
	Court  string `query:"court" maxLength:"8" doc:"code of a court, such as 苏0505"`
	Person string `query:"person" maxLength:"100" doc:"in charge, as the ledger records them"`
	State  string `query:"state" enum:"overdue,due_today,soon,later,no_time,lapsed"`
	From   int    `query:"from" minimum:"0" maximum:"40000" doc:"rows to pass over"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type boardOutput struct{ Body Board }

// readBoard serves GET /v1/board.
func (a *api) readBoard(ctx context.Context, in *boardInput) (*boardOutput, error) {
	q := boardQuery{oversight.Filter{Person: in.Person, State: oversight.State(in.State)}, in.From, in.Limit}
	if err := q.Court.UnmarshalText([]byte(in.Court)); err != nil {
		return nil, a.answer(ctx, err)
	}
	b, err := a.hub.board(ctx, q)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &boardOutput{b}, nil
}

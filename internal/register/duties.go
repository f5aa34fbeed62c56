package register

import (
	"context"
	"fmt"
	"slices"

	"gongxin"
	"gongxin/internal/policy"
)

// An Obligation is a row of the table of duties: what is owed once one of the
// events Opens has happened, until one of Meets or any exit.
type Obligation struct {
	Kind     gongxin.DutyKind
	Rule     string // id of the policy rule that counts the time, "" if none is set
	Clause   string
	Opens    []gongxin.EventKind
	Meets    []gongxin.EventKind                   // besides the exits
	Document gongxin.DocumentKind                  // issued when it opens, "" if none
	concerns func(*gongxin.Entry) bool             // nil for every entry
	since    func(*gongxin.Listing) gongxin.Day    // from which the time counts; nil for the day of the event
	owed     func(*gongxin.Listing) bool           // by a listing that has not ended
	ripe     func(*setting, *gongxin.Listing) bool // where more than owed is needed to open it
}

// Obligations is the table of duties (2.5).
var Obligations = []Obligation{
	{
		Kind: gongxin.DutyDecide, Rule: policy.Application, Clause: "5.8",
		Opens: []gongxin.EventKind{gongxin.ListingInitiated}, Meets: []gongxin.EventKind{gongxin.ListingDecided},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.Moved },
		owed: func(l *gongxin.Listing) bool {
			return l.Procedure.Motion == gongxin.OnApplication && (l.State == gongxin.Initiated || l.State == gongxin.Proposed)
		},
	},
	{
		Kind: gongxin.DutyReview, Rule: policy.Review, Clause: "2.3",
		Opens: []gongxin.EventKind{gongxin.ObjectionFiled}, Meets: []gongxin.EventKind{gongxin.ObjectionUpheld, gongxin.ObjectionRejected},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.Objected },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Step == gongxin.Objected },
	},
	{
		Kind: gongxin.DutyReconsider, Rule: policy.ReconsiderationAnswer, Clause: "2.3",
		Opens: []gongxin.EventKind{gongxin.ReconsiderationFiled}, Meets: []gongxin.EventKind{gongxin.ReconsiderationUpheld, gongxin.ReconsiderationRejected},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.Reconsidered },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Step == gongxin.Reconsidering },
	},
	{
		Kind: gongxin.DutyWithdraw, Rule: policy.WithdrawalWindow, Clause: "2.4",
		Opens: []gongxin.EventKind{gongxin.GroundRecorded},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.GroundOn },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Ground != "" },
	},
	{
		Kind: gongxin.DutyNoProperty, Rule: policy.NoPropertyWithdrawal, Clause: "5.8",
		Opens: []gongxin.EventKind{gongxin.PropertyChecked}, Meets: []gongxin.EventKind{gongxin.PropertyChecked, gongxin.RoundClosed},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.Checked },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Checks > 0 },
		ripe:  func(in *setting, l *gongxin.Listing) bool { return in.fruitless(l, l.Procedure.Checked) == nil },
	},
	{
		Kind: gongxin.DutyAnswerRequest, Rule: policy.Review, Clause: "2.1.5",
		Opens: []gongxin.EventKind{gongxin.RequestFiled}, Meets: []gongxin.EventKind{gongxin.RequestGranted, gongxin.RequestRefused},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.RequestOn },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Request == gongxin.RequestCorrection },
	},
	{
		Kind: gongxin.DutyAnswerRequest, Rule: policy.WithdrawalWindow, Clause: "2.4",
		Opens: []gongxin.EventKind{gongxin.RequestFiled}, Meets: []gongxin.EventKind{gongxin.RequestGranted, gongxin.RequestRefused},
		since: func(l *gongxin.Listing) gongxin.Day { return l.Procedure.RequestOn },
		owed:  func(l *gongxin.Listing) bool { return l.Procedure.Request == gongxin.RequestWithdrawal },
	},
	{
		Kind: gongxin.DutyAnswerProposal, Clause: "2.4.1",
		Opens: []gongxin.EventKind{gongxin.ReviewProposed}, Meets: []gongxin.EventKind{gongxin.ProposalAnswered},
		owed: func(l *gongxin.Listing) bool { return l.Procedure.Proposals > 0 },
	},
	{
		Kind: gongxin.DutyTellEmployer, Clause: "2.1.4, 3.8", Document: gongxin.DocEmployer,
		Opens:    []gongxin.EventKind{gongxin.ListingPublished, gongxin.ListingAdmitted, gongxin.ListingCorrected},
		Meets:    []gongxin.EventKind{gongxin.OrganisationNotified, gongxin.ListingCorrected},
		concerns: concernsEmployer,
		owed: func(l *gongxin.Listing) bool {
			return l.Procedure.Notified.IsZero() && slices.Contains(listed, l.State)
		},
	},
}

// still tells whether l owes what o says.
func (o *Obligation) still(l *gongxin.Listing) bool {
	return !l.State.Ended() && (o.concerns == nil || o.concerns(&l.Entry)) && o.owed(l)
}

// mayOpen tells whether a duty can hang on e: a listing from a court's file that is
// public and names no employer opens none.
func mayOpen(e *gongxin.Event) bool {
	for i := range Obligations {
		o := &Obligations[i]
		if slices.Contains(o.Opens, e.Kind) && (o.concerns == nil || e.Entry == nil || o.concerns(e.Entry)) {
			return true
		}
	}
	return false
}

// opens tells whether an event of kind k, which led from before to after, opens o.
func (o *Obligation) opens(in *setting, k gongxin.EventKind, before, after *gongxin.Listing) bool {
	if !slices.Contains(o.Opens, k) || !o.still(after) || slices.ContainsFunc(in.owed, func(d gongxin.Duty) bool { return d.Kind == o.Kind }) {
		return false
	}
	if o.ripe != nil {
		return o.ripe(in, after)
	}
	return !o.still(before)
}

// of returns the duty that l owes by o since its latest event.
func (o *Obligation) of(in *setting, l *gongxin.Listing) gongxin.Duty {
	d := gongxin.Duty{
		Listing: l.ID, Kind: o.Kind, Opened: l.Sequence, Court: l.Entry.Court, Person: l.Procedure.Handler, Rule: o.Rule, Since: in.today,
	}
	if o.since != nil {
		d.Since = o.since(l)
	}
	if o.Kind == gongxin.DutyReconsider {
		d.Court, d.Person = l.Procedure.Higher, ""
	}
	if _, err := in.policy.Rule(d.Rule, d.Since); err != nil {
		d.Rule = "" // on that day none was in force
	}
	d.Due = in.due(d)
	return d
}

// due returns the last day for d; zero if no time is set, or the calendar does
// not know the year yet. A holiday table that is missing stops no act.
func (in *setting) due(d gongxin.Duty) gongxin.Day {
	if d.Rule == "" {
		return 0
	}
	last, err := in.policy.Deadline(d.Rule, d.Since, in.calendar)
	if err != nil {
		return 0
	}
	return last
}

// owedBy reads the open duties of l, if it can have any: a listing from a court's
// file that nothing happened to has none, so that a batch of them asks for nothing.
func owedBy(ctx context.Context, j Journal, l *gongxin.Listing) ([]gongxin.Duty, error) {
	if l.State == "" || l.Procedure == (gongxin.Procedure{}) && !concernsEmployer(&l.Entry) {
		return nil, nil
	}
	one := *l
	if !slices.ContainsFunc(Obligations, func(o Obligation) bool { return o.still(&one) }) {
		return nil, nil
	}
	return j.Duties(ctx, l.ID)
}

// metBy returns the open duties of l that e, which is about to happen to it, meets.
func (in *setting) metBy(l *gongxin.Listing, e *gongxin.Event) []gongxin.Duty {
	if len(in.owed) == 0 {
		return nil
	}
	after, err := l.Apply(*e, l.Sequence+1)
	if err != nil {
		return nil // recording it says why
	}
	var met []gongxin.Duty
	for _, d := range in.owed {
		byIt, left := after.State.Ended(), false
		for i := range Obligations {
			if o := &Obligations[i]; o.Kind == d.Kind {
				byIt = byIt || slices.Contains(o.Meets, e.Kind)
				left = left || o.still(&after)
			}
		}
		if byIt && !left {
			met = append(met, d)
		}
	}
	return met
}

// lapsed records that the time for d, which is open, has passed (2.5).
func (a *act) lapsed(ctx context.Context, l gongxin.Listing, d gongxin.Duty, by gongxin.Actor) (gongxin.Listing, error) {
	l, err := a.append(ctx, l, gongxin.Event{
		Kind: gongxin.DeadlineLapsed, Listing: l.ID, At: a.in.at, By: by, Duty: d.Kind, Opened: d.Opened, On: d.Due,
	})
	if err != nil {
		return l, err
	}
	d.Lapsed = l.Sequence
	return l, a.put(ctx, d)
}

// lateFor records, for each duty that e is about to meet too late and whose lapse
// nobody has recorded yet, that its time has passed.
func (a *act) lateFor(ctx context.Context, l gongxin.Listing, e *gongxin.Event) (gongxin.Listing, error) {
	for _, d := range a.in.metBy(&l, e) {
		if d.Lapsed == 0 && d.Overdue(a.in.today) {
			var err error
			if l, err = a.lapsed(ctx, l, d, hub); err != nil {
				return l, err
			}
		}
	}
	return l, nil
}

// put keeps d and remembers how it stands.
func (a *act) put(ctx context.Context, d gongxin.Duty) error {
	if err := a.journal.PutDuty(ctx, d); err != nil {
		return fmt.Errorf("keep the duty %s of listing %s: %w", d.Kind, d.Listing, err)
	}
	others := slices.DeleteFunc(slices.Clone(a.in.owed), func(o gongxin.Duty) bool { return o.Kind == d.Kind && o.Opened == d.Opened })
	if d.Open() {
		others = append(others, d)
	}
	a.in.owed = others
	return nil
}

// hub is who records what nobody does.
var hub = gongxin.Actor{ID: "hub", Role: gongxin.RoleHub}

// Recount computes the last day of a duty anew, where the calendar did not know
// the year when it was opened, and returns the duty as it stands. A duty that is
// met, or whose last day is known, stays as it is.
func (r *Register) Recount(ctx context.Context, d gongxin.Duty) (gongxin.Duty, error) {
	err := r.writer.Write(ctx, func(ctx context.Context, j Journal) error {
		open, err := j.Duties(ctx, d.Listing)
		if err != nil {
			return err
		}
		for _, o := range open {
			if o.Kind != d.Kind || o.Opened != d.Opened {
				continue
			}
			d = o
			if d.Due.IsZero() {
				if d.Due = r.setting().due(d); !d.Due.IsZero() {
					return j.PutDuty(ctx, d)
				}
			}
		}
		return nil
	})
	return d, err
}

package hub

import (
	"context"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/policy"
	"gongxin/internal/store"
)

// How often a code may be tried for one listing, whatever the address: with 80
// random bits guessing is hopeless, so this only keeps the noise down and must not
// shut out the person whom the listing concerns for long.
const (
	codeBurst    = 10
	codeInterval = 30 * time.Second
)

type subjectSignIn struct {
	Body struct {
		Listing string `json:"listing" doc:"id printed in the decision"`
		Code    string `json:"code" maxLength:"64" doc:"access code printed in the decision, or the one given at the last sign-in"`
	}
}

type subjectSession struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Secret  string       `json:"secret" doc:"for Authorization: Bearer"`
		Expires time.Time    `json:"expires"`
		Next    string       `json:"next_code" doc:"the code for the next time; it is shown only here"`
		Says    gongxin.Text `json:"says"`
	}
}

// subjectSignIn serves POST /v1/subject/session. A code holds once: a second use
// is a sign that somebody else has it, and is recorded with the address.
func (a *api) subjectSignIn(ctx context.Context, in *subjectSignIn) (*subjectSession, error) {
	out, err := a.hub.openForSubject(ctx, in.Body.Listing, in.Body.Code)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// openForSubject uses up code and makes a session and the next code, all or
// nothing. Every wrong code takes the same way through the store. Errors:
// LISTING_ID_FORMAT, CODE_FORMAT, RATE_LIMITED, CODE_UNKNOWN also for a code of
// another listing, CODE_USED, CODE_EXPIRED.
func (h *Hub) openForSubject(ctx context.Context, listing, code string) (*subjectSession, error) {
	id, err := gongxin.ParseListingID(listing)
	if err != nil {
		return nil, err
	}
	visit := visitOf(ctx)
	visit.listing = id
	if err := h.entrance.attempts.Allow(visit.from); err != nil {
		return nil, err
	}
	if err := h.codes.Allow(id.String()); err != nil {
		return nil, err
	}
	hash, err := access.ParseCode(code)
	if err != nil {
		return nil, err
	}
	now := gongxin.Millis(h.Now())
	next, nextCode, err := access.IssueCode(id, access.SubjectActor(id).ID, now, h.Random)
	if err != nil {
		return nil, err
	}
	secret, session, err := access.NewSubjectSession(id, now, h.Random)
	if err != nil {
		return nil, err
	}
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		used, err := tx.UseCode(ctx, hash, now)
		if err != nil {
			return err
		}
		if used.Listing != id {
			return gongxin.Forbidden("CODE_UNKNOWN")
		}
		if err := tx.SaveCode(ctx, nextCode); err != nil {
			return err
		}
		return tx.SaveSession(ctx, session)
	})
	if err != nil {
		return nil, err
	}
	out := &subjectSession{Cache: "no-store"}
	b := &out.Body
	b.Secret, b.Expires, b.Next, b.Says = secret, session.Expires, next, keepCode
	return out, nil
}

// A SubjectListing is what the person concerned sees of their listing (2.3, 3.12,
// 3.13): how it stands, what was decided, what they asked and can still ask, and
// who received it.
type SubjectListing struct {
	ListingView
	Says         gongxin.Text  `json:"says" doc:"the state in words"`
	Suspends     bool          `json:"suspends" doc:"false: what one asks suspends nothing (2.3)"`
	SuspendsSays gongxin.Text  `json:"suspends_says"`
	Decided      []ToldStep    `json:"decided" doc:"what happened, oldest first"`
	Asked        []Asked       `json:"asked" doc:"one's objections, reconsiderations and requests, oldest first"`
	Remedies     []OpenRemedy  `json:"remedies" doc:"what one can still do"`
	Documents    []IssuedPaper `json:"documents" doc:"to be read with GET /v1/documents"`
	Recipients   []Recipient   `json:"recipients" doc:"departments' gates: who received the listing, and its end"`
}

// A ToldStep is one thing that happened.
type ToldStep struct {
	Sequence uint64            `json:"sequence"`
	Event    gongxin.EventKind `json:"event"`
	At       time.Time         `json:"at"`
	On       gongxin.Day       `json:"on,omitzero" doc:"the day that the act states"`
	Ground   gongxin.Ground    `json:"ground,omitempty"`
	Decision string            `json:"decision,omitempty" doc:"number of the document"`
	Reason   string            `json:"reason,omitempty"`
	Says     gongxin.Text      `json:"says"`
}

// What one can ask; Asked.Kind and OpenRemedy.Kind.
const (
	askObjection       = "objection"
	askReconsideration = "reconsideration"
	askCorrection      = string(gongxin.RequestCorrection)
	askWithdrawal      = string(gongxin.RequestWithdrawal)
)

// An Asked is one thing that the person asked, and its answer.
type Asked struct {
	Kind     string         `json:"kind" enum:"objection,reconsideration,correction,withdrawal"`
	Filed    gongxin.Day    `json:"filed"`
	Late     bool           `json:"late,omitempty"`
	LateSays *gongxin.Text  `json:"late_says,omitempty"`
	Ground   gongxin.Ground `json:"ground,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Evidence []string       `json:"evidence,omitempty" doc:"hashes of one's files"`
	Outcome  string         `json:"outcome" enum:"open,granted,refused,closed" doc:"closed: without an object, for the listing ended"`
	AnswerBy gongxin.Day    `json:"answer_by,omitzero" doc:"of an open one: last day for the answer; none if no time is set"`
	Overdue  bool           `json:"overdue,omitempty"`
	Answered gongxin.Day    `json:"answered,omitzero"`
	Decision string         `json:"decision,omitempty" doc:"number of the answer"`
	Answer   string         `json:"answer,omitempty" doc:"the court's reasons"`
}

// An OpenRemedy is one thing that the person can still do.
type OpenRemedy struct {
	Kind  string       `json:"kind" enum:"objection,reconsideration,correction,withdrawal"`
	Until gongxin.Day  `json:"until,omitzero" doc:"last day; none if no time is set or it is not known"`
	Late  bool         `json:"late,omitempty" doc:"the last day has passed: it is still taken, and recorded as late"`
	Court string       `json:"court,omitempty" doc:"to be addressed"`
	Says  gongxin.Text `json:"says"`
}

type subjectListingOutput struct {
	Cache string `header:"Cache-Control"`
	Body  SubjectListing
}

func (a *api) subjectListing(ctx context.Context, _ *struct{}) (*subjectListingOutput, error) {
	out := &subjectListingOutput{Cache: "private, no-store"}
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		out.Body, err = a.hub.forSubject(ctx, v, access.ActorFrom(ctx).Listing)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

func (h *Hub) forSubject(ctx context.Context, v *store.View, id gongxin.ListingID) (s SubjectListing, err error) {
	l, err := v.Listing(ctx, id)
	if err != nil {
		return s, err
	}
	events, err := v.Events(ctx, id)
	if err != nil {
		return s, err
	}
	duties, err := v.OpenDuties(ctx, store.DutyFilter{Listing: id}, maxShown)
	if err != nil {
		return s, err
	}
	papers, err := v.Documents(ctx, id)
	if err != nil {
		return s, err
	}
	s = SubjectListing{ListingView: newListingView(l), Says: stateSays[l.State], SuspendsSays: suspendsNothing, Documents: newIssuedPapers(papers)}
	s.Decided = told(l, events)
	s.Asked = asked(l, events, duties, gongxin.DayOf(h.Now()))
	s.Remedies = h.remedies(l)
	s.Recipients, err = recipients(ctx, v, l, events)
	return s, err
}

func told(l gongxin.Listing, events []store.Sequenced) []ToldStep {
	steps := []ToldStep{}
	for _, e := range events {
		v := e.Event
		if says, ok := stepSays[v.Kind]; ok {
			steps = append(steps, ToldStep{e.Sequence, v.Kind, v.At, v.On, v.Ground, v.Decision, masked(v.Reason, l.Entry.Subject.Number), says})
		}
	}
	return steps
}

// asked pairs what the person asked with the answers.
func asked(l gongxin.Listing, events []store.Sequenced, duties []gongxin.Duty, today gongxin.Day) []Asked {
	all := []Asked{}
	open := map[string]int{} // position in all of what has no answer, by whom it is before
	const objection, reconsideration, request = "objection", "reconsideration", "request"
	file := func(place, kind string, e gongxin.Event) {
		a := Asked{Kind: kind, Filed: e.On, Late: e.Late, Ground: e.Ground, Reason: masked(e.Reason, l.Entry.Subject.Number),
			Evidence: strings.Fields(e.Evidence), Outcome: "open"}
		if a.Late {
			a.LateSays = &lateSays
		}
		open[place] = len(all)
		all = append(all, a)
	}
	answer := func(place, outcome string, e gongxin.Event) {
		i, ok := open[place]
		if !ok {
			return
		}
		delete(open, place)
		all[i].Outcome, all[i].Answered, all[i].Decision = outcome, e.On, e.Decision
		all[i].Answer = masked(e.Reason, l.Entry.Subject.Number)
	}
	for _, sequenced := range events {
		switch e := sequenced.Event; e.Kind {
		case gongxin.ObjectionFiled:
			file(objection, askObjection, e)
		case gongxin.ObjectionUpheld:
			answer(objection, "granted", e)
		case gongxin.ObjectionRejected:
			answer(objection, "refused", e)
		case gongxin.ReconsiderationFiled:
			file(reconsideration, askReconsideration, e)
		case gongxin.ReconsiderationUpheld:
			answer(reconsideration, "granted", e)
		case gongxin.ReconsiderationRejected:
			answer(reconsideration, "refused", e)
		case gongxin.RequestFiled:
			file(request, string(e.Request), e)
		case gongxin.RequestGranted:
			answer(request, "granted", e)
		case gongxin.RequestRefused:
			answer(request, "refused", e)
		}
	}
	owed := map[gongxin.DutyKind]string{gongxin.DutyReview: objection, gongxin.DutyReconsider: reconsideration, gongxin.DutyAnswerRequest: request}
	for _, d := range duties {
		if i, ok := open[owed[d.Kind]]; ok {
			all[i].AnswerBy, all[i].Overdue = d.Due, d.Overdue(today)
		}
	}
	if l.State.Ended() {
		for _, i := range open {
			all[i].Outcome, all[i].AnswerBy, all[i].Overdue = "closed", 0, false
		}
	}
	return all
}

// remedies tells what the person can still do. Something filed late is taken and
// recorded as late, so a window that has passed is told as such.
func (h *Hub) remedies(l gongxin.Listing) []OpenRemedy {
	open := []OpenRemedy{}
	today := gongxin.DayOf(h.Now())
	add := func(kind, window string, from gongxin.Day, court string) {
		r := OpenRemedy{Kind: kind, Court: court, Says: remedySays[kind]}
		if window != "" && !from.IsZero() {
			// A day that the rules or the calendar do not know yet is left open.
			r.Until, _ = h.Policy.Deadline(window, from, h.Calendar)
			r.Late = !r.Until.IsZero() && r.Until < today
		}
		open = append(open, r)
	}
	p := l.Procedure
	switch l.State {
	case gongxin.Delivered, gongxin.InForce, gongxin.Suspended:
		switch p.Step {
		case "", gongxin.ObjectionClosed:
			add(askObjection, policy.Objection, p.Delivered, l.Entry.CourtName)
		case gongxin.Rejected, gongxin.RejectionKnown:
			add(askReconsideration, policy.Reconsideration, p.RejectedServed, h.nameAbove(l.Entry.Court))
		}
		if p.Request == "" && l.State != gongxin.Delivered {
			add(askCorrection, "", 0, l.Entry.CourtName)
			add(askWithdrawal, "", 0, l.Entry.CourtName)
		}
	}
	return open
}

// nameAbove is the name of the next higher court, "" if it is not known.
func (h *Hub) nameAbove(court gongxin.CourtCode) string {
	code, ok := h.Courts.Superior(court)
	if !ok {
		return ""
	}
	c, _ := h.Courts.ByCode(code)
	return c.Name
}

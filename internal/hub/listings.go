package hub

import (
	"context"
	"strings"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// maxShown bounds what one answer lists.
const maxShown = 1000

// A ListingView is a listing as officers read it: the number masked.
type ListingView struct {
	Listing   gongxin.ListingID  `json:"listing"`
	State     gongxin.State      `json:"state"`
	Step      gongxin.Step       `json:"step,omitempty" doc:"where an objection stands; it suspends nothing"`
	Origin    gongxin.Origin     `json:"origin"`
	Case      gongxin.CaseNumber `json:"case"`
	Court     string             `json:"court"`
	Name      string             `json:"name"`
	Number    string             `json:"number" doc:"masked"`
	Severity  gongxin.Severity   `json:"severity" doc:"as the court marked it"`
	Published gongxin.Day        `json:"published"`
	Until     gongxin.Day        `json:"until"`
	NonPublic bool               `json:"nonpublic"`
}

func newListingView(l gongxin.Listing) ListingView {
	e := l.Entry
	return ListingView{
		Listing: l.ID, State: l.State, Step: l.Procedure.Step, Origin: l.Origin, Case: e.Case, Court: e.CourtName,
		Name: e.Subject.Name, Number: e.Subject.Number.String(), Severity: e.Severity, Published: e.Published, Until: e.Until, NonPublic: e.NonPublic,
	}
}

type listingOutput struct {
	Body struct {
		ListingView
		Procedure gongxin.Procedure `json:"procedure" doc:"what due process has seen so far"`
		Duties    []OpenDuty        `json:"duties" doc:"what is owed"`
		History   []historyStep     `json:"history"`
	}
}

// An OpenDuty is one step that is owed.
type OpenDuty struct {
	Kind   gongxin.DutyKind  `json:"kind"`
	Court  gongxin.CourtCode `json:"court,omitzero"`
	Person string            `json:"person,omitempty"`
	Since  gongxin.Day       `json:"since"`
	Due    gongxin.Day       `json:"due,omitzero" doc:"last day; none if no time is set"`
	Lapsed bool              `json:"lapsed,omitempty"`
}

type historyStep struct {
	Sequence uint64               `json:"sequence"`
	Event    gongxin.EventKind    `json:"event"`
	At       time.Time            `json:"at"`
	By       string               `json:"by"`
	Ground   gongxin.Ground       `json:"ground,omitempty"`
	Decision string               `json:"decision,omitempty"`
	On       gongxin.Day          `json:"on,omitzero"`
	Motion   gongxin.Motion       `json:"motion,omitempty"`
	Service  gongxin.Service      `json:"service,omitempty"`
	Late     bool                 `json:"late,omitempty"`
	Found    bool                 `json:"found,omitempty"`
	Lead     bool                 `json:"lead,omitempty"`
	Request  gongxin.RequestKind  `json:"request,omitempty"`
	Document gongxin.DocumentKind `json:"document,omitempty"`
	Duty     gongxin.DutyKind     `json:"duty,omitempty"`
	Reason   string               `json:"reason,omitempty" doc:"for the people of courts"`
	Evidence []string             `json:"evidence,omitempty" doc:"hashes of files, for the people of courts"`
}

// newStep tells of an event; words, which somebody wrote, only to the people of
// courts, and a number that stands in them masked.
func newStep(e store.Sequenced, n identity.Number, words bool) historyStep {
	v := e.Event
	s := historyStep{
		Sequence: e.Sequence, Event: v.Kind, At: v.At, By: v.By.ID, Ground: v.Ground, Decision: v.Decision, On: v.On, Motion: v.Motion,
		Service: v.Service, Late: v.Late, Found: v.Found, Lead: v.Lead, Request: v.Request, Document: v.Document, Duty: v.Duty,
	}
	if words {
		s.Reason, s.Evidence = masked(v.Reason, n), strings.Fields(v.Evidence)
	}
	return s
}

// masked gives a text in which the number n, if it stands there, is masked.
func masked(text string, n identity.Number) string {
	if n.IsZero() {
		return text
	}
	return strings.ReplaceAll(text, n.Full(), n.String())
}

func (a *api) readListing(ctx context.Context, in *ListingPath) (*listingOutput, error) {
	id, err := gongxin.ParseListingID(in.ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	words := false
	switch access.ActorFrom(ctx).Role {
	case gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleHigherCourt:
		words = true
	}
	out := new(listingOutput)
	b := &out.Body
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		l, err := a.hub.visible(ctx, v, id)
		if err != nil {
			return err
		}
		duties, err := v.OpenDuties(ctx, store.DutyFilter{Listing: id}, maxShown)
		if err != nil {
			return err
		}
		events, err := v.Events(ctx, id)
		if err != nil {
			return err
		}
		b.ListingView, b.Procedure = newListingView(l), l.Procedure
		b.Duties, b.History = []OpenDuty{}, make([]historyStep, 0, len(events))
		for _, d := range duties {
			b.Duties = append(b.Duties, OpenDuty{d.Kind, d.Court, d.Person, d.Since, d.Due, d.Lapsed != 0})
		}
		for _, e := range events {
			b.History = append(b.History, newStep(e, l.Entry.Subject.Number, words))
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

type fullInput struct {
	ListingPath
	Body struct {
		Purpose string `json:"purpose" doc:"what it is needed for, 4 characters at least; recorded"`
	}
}

type fullOutput struct {
	Cache string `header:"Cache-Control"`
	Body  FullEntry
}

// A FullEntry is all that a court wrote of a listing (2.1.1–2.1.4).
type FullEntry struct {
	Listing     gongxin.ListingID  `json:"listing"`
	State       gongxin.State      `json:"state"`
	Case        gongxin.CaseNumber `json:"case" doc:"案号"`
	Court       gongxin.CourtCode  `json:"court"`
	CourtName   string             `json:"court_name" doc:"执行法院"`
	Name        string             `json:"name" doc:"姓名 or 单位名称"`
	Number      string             `json:"number" doc:"in full"`
	Kind        string             `json:"number_kind"`
	Sex         string             `json:"sex,omitempty"`
	Age         int                `json:"age,omitempty" doc:"as the court wrote it"`
	LegalRep    string             `json:"legal_rep,omitempty" doc:"法定代表人姓名"`
	Basis       string             `json:"basis" doc:"执行依据文号"`
	BasisBody   string             `json:"basis_body" doc:"作出执行依据单位"`
	Obligation  string             `json:"obligation" doc:"法律生效文书确定的义务"`
	Performance string             `json:"performance" doc:"被执行人的履行情况"`
	Conduct     string             `json:"conduct" doc:"失信被执行人具体情形"`
	Published   gongxin.Day        `json:"published" doc:"发布时间"`
	Filed       gongxin.Day        `json:"filed" doc:"立案时间"`
	Performed   string             `json:"performed" doc:"已履行部分"`
	Unperformed string             `json:"unperformed" doc:"未履行部分"`
	Severity    gongxin.Severity   `json:"severity"`
	Until       gongxin.Day        `json:"until,omitzero"`
	NonPublic   bool               `json:"nonpublic"`
	Employer    string             `json:"employer,omitempty" doc:"所在单位"`
}

func newFullEntry(l gongxin.Listing) FullEntry {
	e, s := l.Entry, l.Entry.Subject
	return FullEntry{
		Listing: l.ID, State: l.State, Case: e.Case, Court: e.Court, CourtName: e.CourtName, Name: s.Name, Number: s.Number.Full(),
		Kind: s.Number.Kind().String(), Sex: string(s.Sex), Age: s.Age, LegalRep: s.LegalRep, Basis: e.Basis, BasisBody: e.BasisBody,
		Obligation: e.Obligation, Performance: e.Performance, Conduct: e.Conduct, Published: e.Published, Filed: e.Filed,
		Performed: e.Performed, Unperformed: e.Unperformed, Severity: e.Severity, Until: e.Until, NonPublic: e.NonPublic, Employer: e.Employer,
	}
}

func (a *api) readFull(ctx context.Context, in *fullInput) (*fullOutput, error) {
	why, err := purpose(ctx, in.Body.Purpose)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	l, err := a.hub.listing(ctx, in.ID)
	if err == nil {
		err = a.hub.disclose(ctx, a.hub.disclosed(ctx, "listing-full", masked(why, l.Entry.Subject.Number), l.ID))
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &fullOutput{"private, no-store", newFullEntry(l)}, nil
}

type searchInput struct {
	Body struct {
		Number  string `json:"number" minLength:"1" maxLength:"64" doc:"a whole identifier; there is no search by name or part"`
		Kind    string `json:"kind,omitempty" doc:"of the identifier, if it is not to be recognised"`
		Purpose string `json:"purpose" doc:"what it is needed for, 4 characters at least; recorded"`
	}
}

type searchOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Listings []ListingView `json:"listings" doc:"those that the caller may see, ended ones too, oldest first"`
	}
}

// search finds listings by exact identifier. That it was asked is recorded with
// the listings that were found, or without one.
func (a *api) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	why, err := purpose(ctx, in.Body.Purpose)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	number, err := parseNumber(in.Body.Number, in.Body.Kind)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	why = masked(why, number)
	out := &searchOutput{Cache: "private, no-store"}
	out.Body.Listings = []ListingView{}
	var records []access.Disclosure
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		listings, err := v.OfSubject(ctx, number)
		if err != nil {
			return err
		}
		for _, l := range listings {
			sees, err := a.hub.sees(ctx, v, l)
			if err != nil {
				return err
			}
			if sees && !l.Entry.Subject.Number.IsZero() && len(out.Body.Listings) < maxShown {
				out.Body.Listings = append(out.Body.Listings, newListingView(l))
				records = append(records, a.hub.disclosed(ctx, "listing-search", why, l.ID))
			}
		}
		return nil
	})
	if err == nil {
		if len(records) == 0 {
			records = append(records, a.hub.disclosed(ctx, "listing-search", why, gongxin.ListingID{}))
		}
		err = a.hub.disclose(ctx, records...)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// parseNumber reads a whole identifier. Errors: NUMBER_KIND, NUMBER_FORMAT, which
// do not repeat what was given.
func parseNumber(s, kind string) (identity.Number, error) {
	var kinds []identity.Kind
	if kind != "" {
		k, err := identity.ParseKind(kind)
		if err != nil {
			return identity.Number{}, gongxin.Invalid("NUMBER_KIND")
		}
		kinds = append(kinds, k)
	}
	n, _, err := identity.Parse(s, kinds...)
	if err != nil {
		return identity.Number{}, gongxin.Invalid("NUMBER_FORMAT")
	}
	return n, nil
}

package register

import (
	"maps"
	"slices"
	"strings"

	"gongxin"

	"pgregory.net/rapid"
)

// mayDo is who may cause what, written down a second time from the document and
// not taken from the table, so that a slip there shows.
var mayDo = func() map[gongxin.EventKind][]gongxin.Role {
	const clerk, judge, system = gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem
	const higher, subject, hub = gongxin.RoleHigherCourt, gongxin.RoleSubject, gongxin.RoleHub
	return map[gongxin.EventKind][]gongxin.Role{
		gongxin.NoticeDrafted:           {clerk, judge, system},
		gongxin.NoticeServed:            {clerk, judge, system},
		gongxin.ListingInitiated:        {clerk, judge, system},
		gongxin.DecisionDrafted:         {clerk, judge},
		gongxin.DraftReturned:           {judge},
		gongxin.ListingDecided:          {judge},
		gongxin.DecisionServed:          {clerk, judge, system},
		gongxin.ListingDropped:          {judge},
		gongxin.ListingPublished:        {clerk, judge, system},
		gongxin.ListingAdmitted:         {judge, system},
		gongxin.ListingCorrected:        {judge, system},
		gongxin.TermExtended:            {judge, system},
		gongxin.ListingSuspended:        {judge, system},
		gongxin.SuspensionEnded:         {judge, system},
		gongxin.ListingWithdrawn:        {judge, system},
		gongxin.ListingRevoked:          {judge, system, higher},
		gongxin.ListingExpired:          {hub},
		gongxin.ObjectionFiled:          {clerk, subject},
		gongxin.ObjectionUpheld:         {judge},
		gongxin.ObjectionRejected:       {judge},
		gongxin.RejectionServed:         {clerk, judge, system},
		gongxin.ReconsiderationFiled:    {clerk, higher, subject},
		gongxin.ReconsiderationUpheld:   {higher},
		gongxin.ReconsiderationRejected: {higher},
		gongxin.RequestFiled:            {clerk, subject},
		gongxin.RequestGranted:          {judge},
		gongxin.RequestRefused:          {judge},
		gongxin.RoundClosed:             {clerk, judge, system},
		gongxin.PropertyChecked:         {clerk, judge, system},
		gongxin.GroundRecorded:          {clerk, judge, system},
		gongxin.OrganisationNotified:    {clerk, judge, system},
		gongxin.ReviewProposed:          {gongxin.RoleDepartment, gongxin.RoleOfficer},
		gongxin.ProposalAnswered:        {judge},
		gongxin.DocumentIssued:          {clerk, judge, system, higher, hub},
		gongxin.DeadlineLapsed:          {hub},
	}
}()

// A lawBook follows histories and knows what the document asks of each, without
// the tables: who acts, what must have come before, and how long a term may be.
type lawBook struct {
	past map[gongxin.ListingID][]gongxin.Event
}

func newLawBook() *lawBook { return &lawBook{past: map[gongxin.ListingID][]gongxin.Event{}} }

// add judges the event e, which is about to become the past.
func (b *lawBook) add(t *rapid.T, e gongxin.Event, sequence uint64) {
	past := b.past[e.Listing]
	b.past[e.Listing] = append(past, e)
	of := e.Entry
	for i := len(past) - 1; of == nil; i-- {
		of = past[i].Entry
	}
	b.who(t, e, of)
	last := func(k gongxin.EventKind) (found gongxin.Event) {
		for _, p := range past {
			if p.Kind == k {
				found = p
			}
		}
		return found
	}
	switch e.Kind {
	case gongxin.ListingPublished:
		var way []string
		for _, p := range past {
			switch p.Kind {
			case gongxin.DocumentIssued, gongxin.DeadlineLapsed, gongxin.DraftReturned, gongxin.ObjectionFiled, gongxin.ObjectionRejected, gongxin.RejectionServed,
				gongxin.ReconsiderationFiled, gongxin.ReconsiderationRejected:
			default:
				if len(way) == 0 || way[len(way)-1] != string(p.Kind) {
					way = append(way, string(p.Kind))
				}
			}
		}
		const want = "notice_served listing_initiated decision_drafted listing_decided decision_served"
		if got := strings.TrimPrefix(strings.Join(way, " "), "notice_drafted "); got != want {
			t.Fatalf("in force without every step: %s", got)
		}
		if draft, decision := last(gongxin.DecisionDrafted), last(gongxin.ListingDecided); draft.By.ID == decision.By.ID || *draft.Entry != *decision.Entry {
			t.Fatalf("one person decided alone, or another thing than was drafted: %s", draft.By.ID)
		}
		fallthrough
	case gongxin.ListingCorrected, gongxin.SuspensionEnded, gongxin.TermExtended:
		b.term(t, e, past)
	case gongxin.ListingWithdrawn:
		fromFile := e.Decision == "" // the files of a walk name no document, and what is done here is numbered
		if e.Ground == gongxin.GroundNoProperty && !fromFile && fruitless(past) < 2 {
			t.Fatalf("withdrawn because no property was found in %d checks", fruitless(past))
		}
	case gongxin.ListingInitiated:
		if e.Motion == gongxin.OnApplication {
			b.wait(t, e, of)
		}
	case gongxin.DeadlineLapsed:
		if gongxin.DayOf(e.At) <= e.On || e.Opened >= sequence {
			t.Fatalf("%s lapsed on its last day, %s, or before it was opened", e.Duty, e.On)
		}
	case gongxin.ObjectionFiled:
		served := last(gongxin.DecisionServed).On
		if late := !served.IsZero() && e.On > firstWorked(served.Add(10)); late != e.Late {
			t.Fatalf("served on %s, objected on %s: late %t", served, e.On, e.Late)
		}
	case gongxin.ReconsiderationFiled:
		var served gongxin.Day
		for _, p := range past {
			switch p.Kind {
			case gongxin.RejectionServed:
				served = p.On
			case gongxin.ObjectionFiled:
				served = 0
			}
		}
		if late := !served.IsZero() && e.On > firstWorked(served.Add(10)); late != e.Late {
			t.Fatalf("rejection served on %s, reconsideration asked for on %s: late %t", served, e.On, e.Late)
		}
	}
}

// firstWorked is d, or the first working day after it.
func firstWorked(d gongxin.Day) gongxin.Day {
	for {
		if worked, err := holidays.Workday(d); err != nil || worked {
			return d
		}
		d = d.Add(1)
	}
}

// who judges whether the actor of e may do so to a listing of the entry.
func (b *lawBook) who(t *rapid.T, e gongxin.Event, of *gongxin.Entry) {
	related := false
	switch e.By.Role {
	case gongxin.RoleHub, gongxin.RoleDepartment, gongxin.RoleOfficer:
		related = true
	case gongxin.RoleSubject:
		related = e.By.Listing == e.Listing
	case gongxin.RoleHigherCourt:
		related = of.Court == court && e.By.Court == above.Court
		if e.Kind == gongxin.ListingRevoked {
			past := b.past[e.Listing]
			related = related && slices.ContainsFunc(past, func(p gongxin.Event) bool { return p.Kind == gongxin.ReconsiderationUpheld && p.At.Equal(e.At) })
		}
	default:
		related = e.By.ActsFor(of.Court)
	}
	if !related || !slices.Contains(mayDo[e.Kind], e.By.Role) {
		t.Fatalf("%s of a listing of %s was caused by %s, %s", e.Kind, of.Court, e.By.Role, e.By.ID)
	}
}

// fruitless counts the checks that found nothing since the round was closed, or
// since one that found something.
func fruitless(past []gongxin.Event) int {
	n := 0
	for _, p := range past {
		switch {
		case p.Kind == gongxin.RoundClosed, p.Kind == gongxin.PropertyChecked && (p.Found || p.Lead):
			n = 0
		case p.Kind == gongxin.PropertyChecked:
			n++
		}
	}
	return n
}

// years is the day so many years after d.
func years(d gongxin.Day, n int) gongxin.Day {
	y, m, dd := d.Date()
	for {
		if day, err := gongxin.NewDay(y+n, m, dd); err == nil {
			return day
		}
		dd--
	}
}

// term judges the last day that e gives a listing that was made here: two years
// from publication, and three more once it was extended (5.8).
func (b *lawBook) term(t *rapid.T, e gongxin.Event, past []gongxin.Event) {
	until := e.Entry.Until
	if past[0].Kind == gongxin.ListingAdmitted || until.IsZero() {
		return
	}
	extended := slices.ContainsFunc(append(slices.Clone(past), e), func(p gongxin.Event) bool { return p.Kind == gongxin.TermExtended })
	most := years(e.Entry.Published, 2)
	if extended {
		most = years(most, 3)
	}
	if until > most {
		t.Fatalf("%s: published %s, until %s, extended %t", e.Kind, e.Entry.Published, until, extended)
	}
	if e.Kind != gongxin.ListingCorrected && until < gongxin.DayOf(e.At) {
		t.Fatalf("%s brings a listing into force whose term ended on %s", e.Kind, until)
	}
}

// wait judges an application after a listing that was deleted at the creditor's request.
func (b *lawBook) wait(t *rapid.T, e gongxin.Event, of *gongxin.Entry) {
	for id, past := range b.past {
		for _, p := range past {
			if id == e.Listing || p.Kind != gongxin.ListingWithdrawn || p.Ground != gongxin.GroundCreditor || p.At.After(e.At) {
				continue
			}
			var was *gongxin.Entry
			for _, q := range past {
				if q.Entry != nil {
					was = q.Entry
				}
			}
			y, m, d := p.On.Date()
			for m += 6; ; d-- {
				if last, err := gongxin.NewDay(y+(m-1)/12, (m-1)%12+1, d); err == nil {
					if was.Key() == of.Key() && e.On <= last && p.On >= gongxin.MustDay("2017-03-01") {
						t.Fatalf("deleted at the creditor's request on %s, applied for again on %s", p.On, e.On)
					}
					break
				}
			}
		}
	}
}

// An oracle computes the duties from the events alone, kind by kind, as the
// document says them; compare holds the register's against them.
type oracle struct {
	duties  map[dutyKey]gongxin.Duty
	entry   map[gongxin.ListingID]gongxin.Entry
	handler map[gongxin.ListingID]string
	checks  map[gongxin.ListingID]int
	told    map[gongxin.ListingID]bool
	listed  map[gongxin.ListingID]bool
	begun   map[dutyKey]int // commit in which a duty was opened
	gone    map[dutyKey]bool
}

func newOracle() *oracle {
	return &oracle{
		duties: map[dutyKey]gongxin.Duty{}, entry: map[gongxin.ListingID]gongxin.Entry{}, handler: map[gongxin.ListingID]string{},
		checks: map[gongxin.ListingID]int{}, told: map[gongxin.ListingID]bool{}, listed: map[gongxin.ListingID]bool{},
		begun: map[dutyKey]int{}, gone: map[dutyKey]bool{},
	}
}

func (o *oracle) add(e gongxin.Event, sequence uint64, commit int) {
	id, today := e.Listing, gongxin.DayOf(e.At)
	was := o.entry[id]
	if e.Entry != nil {
		o.entry[id] = *e.Entry
	}
	if (e.By.Role == gongxin.RoleClerk || e.By.Role == gongxin.RoleJudge) && e.Kind != gongxin.ListingAdmitted {
		o.handler[id] = e.By.ID
	}
	n := o.entry[id]
	open := func(kind gongxin.DutyKind, rule string, since gongxin.Day, days int, workdays bool) {
		for _, d := range o.duties {
			if d.Listing == id && d.Kind == kind && d.Open() {
				return
			}
		}
		d := gongxin.Duty{Listing: id, Kind: kind, Opened: sequence, Court: n.Court, Person: o.handler[id], Rule: rule, Since: since}
		if kind == gongxin.DutyReconsider {
			d.Court, d.Person = e.Higher, ""
		}
		switch {
		case workdays:
			d.Due = since
			for ; days > 0; days-- {
				d.Due = firstWorked(d.Due.Add(1))
			}
		case days > 0:
			d.Due = firstWorked(since.Add(days))
		}
		if floor := map[string]gongxin.Day{"review": 20170204, "withdrawal": 20170204}[rule]; rule != "" && since < max(floor, 20170204) || (rule == "application" || rule == "reconsideration_decision" || rule == "no_property_withdrawal") && since < 20170301 {
			d.Rule, d.Due = "", 0
		}
		k := dutyKey{id, kind, sequence}
		o.duties[k], o.begun[k] = d, commit
	}
	meet := func(kinds ...gongxin.DutyKind) {
		for k, d := range o.duties {
			if d.Listing == id && d.Open() && slices.Contains(kinds, d.Kind) {
				d.Met, d.MetBy = today, sequence
				o.duties[k] = d
				if o.begun[k] == commit { // the same act may have opened it: then it is none
					o.gone[k] = true
				}
			}
		}
	}
	concerns := func(e gongxin.Entry) bool { return e.NonPublic || e.Employer != "" }
	switch e.Kind {
	case gongxin.ListingInitiated:
		if e.Motion == gongxin.OnApplication {
			open(gongxin.DutyDecide, "application", e.On, 15, false)
		}
	case gongxin.ListingDecided:
		meet(gongxin.DutyDecide)
	case gongxin.ListingPublished, gongxin.ListingAdmitted:
		o.listed[id] = true
		if concerns(n) {
			open(gongxin.DutyTellEmployer, "", today, 0, false)
		}
	case gongxin.ListingCorrected:
		switch {
		case !concerns(n):
			meet(gongxin.DutyTellEmployer)
		case !concerns(was) && !o.told[id]:
			open(gongxin.DutyTellEmployer, "", today, 0, false)
		}
	case gongxin.OrganisationNotified:
		o.told[id] = true
		meet(gongxin.DutyTellEmployer)
	case gongxin.ObjectionFiled:
		open(gongxin.DutyReview, "review", e.On, 3, false)
	case gongxin.ObjectionUpheld, gongxin.ObjectionRejected:
		meet(gongxin.DutyReview)
	case gongxin.ReconsiderationFiled:
		open(gongxin.DutyReconsider, "reconsideration_decision", e.On, 15, false)
	case gongxin.ReconsiderationUpheld, gongxin.ReconsiderationRejected:
		meet(gongxin.DutyReconsider)
	case gongxin.RequestFiled:
		rule := "review"
		if e.Request == gongxin.RequestWithdrawal {
			rule = "withdrawal"
		}
		open(gongxin.DutyAnswerRequest, rule, e.On, 3, false)
	case gongxin.RequestGranted, gongxin.RequestRefused:
		meet(gongxin.DutyAnswerRequest)
	case gongxin.ReviewProposed:
		open(gongxin.DutyAnswerProposal, "", today, 0, false)
	case gongxin.ProposalAnswered:
		meet(gongxin.DutyAnswerProposal)
	case gongxin.GroundRecorded:
		open(gongxin.DutyWithdraw, "withdrawal", e.On, 3, false)
	case gongxin.RoundClosed:
		o.checks[id] = 0
		meet(gongxin.DutyNoProperty)
	case gongxin.PropertyChecked:
		if o.checks[id]++; e.Found || e.Lead {
			o.checks[id] = 0
			meet(gongxin.DutyNoProperty)
		}
		if o.checks[id] == 2 {
			open(gongxin.DutyNoProperty, "no_property_withdrawal", e.On, 3, true)
		}
	case gongxin.DeadlineLapsed:
		k := dutyKey{id, e.Duty, e.Opened}
		d := o.duties[k]
		d.Lapsed = sequence
		o.duties[k] = d
	case gongxin.ListingDropped, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked:
		meet(gongxin.DutyDecide, gongxin.DutyReview, gongxin.DutyReconsider, gongxin.DutyWithdraw, gongxin.DutyNoProperty,
			gongxin.DutyAnswerRequest, gongxin.DutyAnswerProposal, gongxin.DutyTellEmployer)
	}
}

// compare holds the kept duties against the computed: the same, and none met too
// late without a lapse that stands for ever. A ground for exit is carried out or
// owed, and overdue the day after its last.
func (o *oracle) compare(t *rapid.T, m *memory, today gongxin.Day) {
	for k, want := range o.duties {
		got, kept := m.duties[k]
		if !kept && o.gone[k] {
			continue
		}
		if got != want {
			t.Fatalf("owed is\n%+v\nwant\n%+v", got, want)
		}
		if !want.Open() && !want.Due.IsZero() && want.Met > want.Due && want.Lapsed == 0 {
			t.Fatalf("%s was met on %s, due on %s, and no lapse says so", want.Kind, want.Met, want.Due)
		}
		if want.Open() && !want.Due.IsZero() && want.Overdue(today) != (today > want.Due) {
			t.Fatalf("%s, due on %s, is overdue %t on %s", want.Kind, want.Due, want.Overdue(today), today)
		}
	}
	for k := range m.duties {
		if _, computed := o.duties[k]; !computed {
			t.Fatalf("nobody owes %+v", m.duties[k])
		}
	}
	lapses := map[gongxin.ListingID]int{}
	for _, e := range m.events {
		if e.Kind == gongxin.DeadlineLapsed {
			lapses[e.Listing]++
		}
	}
	for id, l := range m.listings {
		if l.Procedure.Lapses != lapses[id] {
			t.Fatalf("%d lapses are on record, the listing says %d", lapses[id], l.Procedure.Lapses)
		}
		if owes := slices.ContainsFunc(slices.Collect(maps.Values(m.duties)), func(d gongxin.Duty) bool {
			return d.Listing == id && d.Kind == gongxin.DutyWithdraw && d.Open()
		}); owes != (l.Procedure.Ground != "" && !l.State.Ended()) {
			t.Fatalf("a ground for exit is there (%s), the listing is %s, owed %t", l.Procedure.Ground, l.State, owes)
		}
	}

}

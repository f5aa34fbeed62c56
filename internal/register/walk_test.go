package register

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"

	"pgregory.net/rapid"
)

// A walk is one random history: a register, a clock, and what was seen so far.
type walk struct {
	m     *memory
	at    time.Time
	r     *Register
	ended map[gongxin.ListingID]gongxin.Listing
	owed  *oracle
	law   *lawBook
}

func newWalk() *walk {
	w := &walk{m: newMemory(), at: noon, ended: map[gongxin.ListingID]gongxin.Listing{}, owed: newOracle(), law: newLawBook()}
	w.r = newRegister(w.m, &w.at)
	return w
}

// between and one draw evenly, where rapid favours what is small: most histories
// would end at the first steps.
func between(t *rapid.T, label string, low, high int) int {
	n := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 12, 12).Draw(t, label) {
		if n *= 2; bit {
			n++
		}
	}
	return low + n%(high-low+1)
}

func one[E any](t *rapid.T, label string, all []E) E { return all[between(t, label, 0, len(all)-1)] }

// Few subjects, cases and texts, so that histories meet.
var (
	subjects = []identity.Number{
		citizen("1980-01-01", 11), citizen("1975-05-05", 12), citizen("1999-04-20", 13), // the last comes of age on the way
		citizen("2009-09-09", 12), passport, credit, organisation,
	}
	actors = []gongxin.Actor{judge, judge2, system, centre, clerk, stranger, operator, department, officer, above, elsewhere, theHub, nobody}
	cases  = []gongxin.CaseNumber{gongxin.MustCaseNumber("（2016）苏0505执123号"), gongxin.MustCaseNumber("（2015）虎执字第00232号")}
)

func (w *walk) today() gongxin.Day { return gongxin.DayOf(w.at) }

func (w *walk) drawDay(t *rapid.T, label string) gongxin.Day {
	return w.today().Add(rapid.IntRange(-40, 2).Draw(t, label))
}

// drawOn is the day that a command states: mostly none, or one of the last days.
func (w *walk) drawOn(t *rapid.T) gongxin.Day {
	switch between(t, "states a day", 0, 5) {
	case 0:
		return w.drawDay(t, "on")
	case 1, 2:
		return w.today().Add(-between(t, "days ago", 0, 6))
	}
	return 0
}

func (w *walk) drawEntry(t *rapid.T) gongxin.Entry {
	e := entryOf(one(t, "subject", subjects))
	e.Case = one(t, "case", cases)
	e.Severity = one(t, "severity", []gongxin.Severity{"较重", "严重"})
	e.Subject.Age = one(t, "age", []int{0, 17, 18, 40})
	e.NonPublic = between(t, "nonpublic", 0, 3) == 0
	e.Employer = one(t, "employer", []string{"", "", "", "某公司"})
	e.Published = w.drawDay(t, "published")
	e.Until = e.Published.Add(one(t, "term", []int{-1, 30, 90, 200, 300, 700, 760}))
	if between(t, "no end", 0, 4) == 0 {
		e.Until = 0
	}
	return e
}

// drawID is the id of a listing that exists, or of none.
func (w *walk) drawID(t *rapid.T) gongxin.ListingID {
	return one(t, "listing", append(w.ids(), gongxin.ListingID{7}))
}

func (w *walk) ids() []gongxin.ListingID {
	return slices.SortedFunc(maps.Keys(w.m.listings), func(a, b gongxin.ListingID) int { return w.m.first(a) - w.m.first(b) })
}

// drawActor is anybody, or somebody of the roles.
func (w *walk) drawActor(t *rapid.T, id gongxin.ListingID, roles []gongxin.Role) gongxin.Actor {
	all := append(slices.Clone(actors), gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: id})
	if roles != nil {
		all = slices.DeleteFunc(all, func(a gongxin.Actor) bool {
			return !slices.Contains(roles, a.Role) || a == stranger || a == elsewhere
		})
	}
	return one(t, "by", all)
}

// drawFitting is a command that the table allows to some listing, by somebody whom
// it names; what the command says may still be wrong.
func (w *walk) drawFitting(t *rapid.T) Command {
	id := w.drawID(t)
	if going := slices.DeleteFunc(w.ids(), func(id gongxin.ListingID) bool { return w.m.listings[id].State.Ended() }); len(going) > 2 {
		id = one(t, "listing that goes on", going)
	}
	l := w.m.listings[id]
	var rows []*Transition
	for i := range Transitions {
		tr := &Transitions[i]
		if !tr.admits(&l) || tr.With != "" || tr.Event == gongxin.DocumentIssued || tr.Event == gongxin.ListingAdmitted {
			continue
		}
		weight := 4
		switch {
		case tr.Track == Life && gongxin.State(tr.To).Ended(), tr.Event == gongxin.DraftReturned, tr.Event == gongxin.ObjectionUpheld:
			weight = 1
		case tr.Track == Objections:
			weight = 8
		case tr.Track == Life && l.State != gongxin.InForce:
			weight = 16
		}
		rows = append(rows, slices.Repeat([]*Transition{tr}, weight)...)
	}
	row := one(t, "row", rows)
	return w.drawCommand(t, row.Event, id, w.drawActor(t, id, row.Roles))
}

// drawCommand is an act that would cause an event of kind k.
func (w *walk) drawCommand(t *rapid.T, k gongxin.EventKind, id gongxin.ListingID, by gongxin.Actor) Command {
	l := w.m.listings[id]
	fate := between(t, "texts", 0, 1<<12-1)
	decision := []string{"", "", "", "D1", "D2"}[fate%5]
	reason := []string{"理由", "理由", "理由", "理由", "理由", ""}[fate%6]
	service := append(slices.Clone(gongxin.Services), "pigeon")[fate/8%8]
	ground := []gongxin.Ground{
		gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundNoProperty, gongxin.GroundNoProperty, gongxin.GroundSecurity,
		gongxin.GroundCreditor, gongxin.GroundCreditor, gongxin.GroundEarly, gongxin.GroundWrong, gongxin.GroundUnstated, "",
	}[fate/64%11]
	on := w.drawOn(t)
	draw := func() gongxin.Entry {
		e := w.drawEntry(t)
		if l.State != "" && between(t, "another case", 0, 9) > 0 {
			e.Court, e.Case, e.Subject.Number = l.Entry.Court, l.Entry.Case, l.Entry.Subject.Number
		}
		return e
	}
	perhaps := func() *gongxin.Entry {
		if between(t, "changed", 0, 2) > 0 {
			return nil
		}
		e := draw()
		return &e
	}
	switch k {
	case gongxin.NoticeDrafted:
		return DraftNotice{Entry: draw(), By: by}
	case gongxin.NoticeServed:
		if l.State == gongxin.ToNotice {
			return DeliverNotice{Listing: id, Service: service, On: on, By: by}
		}
		return ServeNotice{Entry: draw(), Served: on, By: by}
	case gongxin.ListingInitiated:
		return Initiate{Listing: id, Motion: one(t, "motion", []gongxin.Motion{gongxin.OnApplication, gongxin.OnApplication, gongxin.OnOwnMotion, ""}), On: on, By: by}
	case gongxin.DecisionDrafted:
		return Propose{Listing: id, Entry: perhaps(), By: by}
	case gongxin.DraftReturned:
		return Return{Listing: id, Reason: reason, By: by}
	case gongxin.ListingDecided:
		return Decide{Listing: id, Decision: decision, On: on, By: by}
	case gongxin.DecisionServed:
		return DeliverDecision{Listing: id, Service: service, On: on, By: by}
	case gongxin.ListingDropped:
		return Drop{Listing: id, Ground: ground, Reason: reason, By: by}
	case gongxin.ListingPublished:
		return Publish{Listing: id, By: by}
	case gongxin.ListingCorrected:
		return Correct{Listing: id, Entry: draw(), Decision: decision, On: on, By: by}
	case gongxin.TermExtended:
		until := w.today().Add(700)
		if !l.Entry.Until.IsZero() {
			until = l.Entry.Until.Add(one(t, "longer", []int{-1, 0, 30, 900, 1090, 1100}))
		}
		return Extend{Listing: id, Until: until, Reason: reason, Decision: decision, On: on, By: by}
	case gongxin.ListingSuspended:
		return Suspend{Listing: id, Reason: reason, Decision: decision, On: on, By: by}
	case gongxin.SuspensionEnded:
		return Resume{Listing: id, Reason: reason, Decision: decision, On: on, By: by}
	case gongxin.ListingWithdrawn:
		return Withdraw{Listing: id, Ground: ground, Decision: decision, On: on, By: by}
	case gongxin.ListingExpired:
		return Expire{Listing: id, By: by}
	case gongxin.ListingRevoked:
		return Revoke{Listing: id, Decision: decision, On: on, By: by}
	case gongxin.ObjectionFiled:
		return Object{Listing: id, Reason: reason, On: on, By: by}
	case gongxin.ObjectionUpheld, gongxin.ObjectionRejected:
		return Review{Listing: id, Upheld: k == gongxin.ObjectionUpheld, Correction: perhaps(), Reason: reason, Decision: decision, By: by}
	case gongxin.RejectionServed:
		return DeliverRejection{Listing: id, Service: service, On: on, By: by}
	case gongxin.ReconsiderationFiled:
		return AskReconsideration{Listing: id, Reason: reason, On: on, By: by}
	case gongxin.ReconsiderationUpheld, gongxin.ReconsiderationRejected:
		return Reconsider{Listing: id, Upheld: k == gongxin.ReconsiderationUpheld, Reason: reason, Decision: fmt.Sprint("H", len(w.m.events)), By: by}
	case gongxin.RequestFiled:
		kind := one(t, "request", []gongxin.RequestKind{gongxin.RequestCorrection, gongxin.RequestWithdrawal, gongxin.RequestWithdrawal})
		if kind == gongxin.RequestCorrection {
			ground = ""
		}
		return Request{Listing: id, Kind: kind, Ground: ground, Reason: reason, On: on, By: by}
	case gongxin.RequestGranted, gongxin.RequestRefused:
		return Answer{Listing: id, Granted: k == gongxin.RequestGranted, Correction: perhaps(), Reason: reason, Decision: decision, By: by}
	case gongxin.RoundClosed:
		return CloseRound{Listing: id, On: on, By: by}
	case gongxin.PropertyChecked:
		return Check{Listing: id, Found: between(t, "found", 0, 5) == 0, Lead: between(t, "lead", 0, 5) == 0, On: on, By: by}
	case gongxin.GroundRecorded:
		return RecordGround{Listing: id, Ground: ground, Reason: reason, On: on, By: by}
	case gongxin.OrganisationNotified:
		return TellEmployer{Listing: id, Service: service, On: on, By: by}
	case gongxin.ReviewProposed:
		return ProposeReview{Listing: id, Reason: reason, By: by}
	case gongxin.ProposalAnswered:
		return AnswerProposal{Listing: id, Reason: reason, By: by}
	}
	return Lapse{Duty: w.drawDuty(t, id), By: by}
}

// drawDuty is one of the duties that there ever were, or none.
func (w *walk) drawDuty(t *rapid.T, id gongxin.ListingID) gongxin.Duty {
	all := []gongxin.Duty{{Listing: id, Kind: gongxin.DutyReview, Opened: 1}}
	for _, d := range slices.SortedFunc(maps.Values(w.m.duties), func(a, b gongxin.Duty) int { return int(a.Opened) - int(b.Opened) }) {
		if d.Listing == id {
			all = append(all, d)
		}
	}
	return one(t, "duty", all)
}

func (w *walk) drawSubmission(t *rapid.T) Submission {
	e := w.drawEntry(t)
	switch between(t, "row", 0, 3) {
	case 0:
		return out(e, w.drawDay(t, "on").String(), one(t, "ground", []gongxin.Ground{gongxin.GroundPerformed, gongxin.GroundWrong, gongxin.GroundNoProperty, gongxin.GroundCreditor}))
	case 1:
		s := w.list(e)
		s.Withdrawn = w.drawDay(t, "withdrawn")
		return s
	}
	return w.list(e)
}

// list gives rows a digest that is that of their content, as intake does.
func (w *walk) list(e gongxin.Entry) Submission {
	s := Submission{Entry: &e}
	copy(s.Digest[:], fmt.Sprintf("%s|%s|%s|%d|%t%s|%s|%s", e.Subject.Number.Full(), e.Case, e.Severity, e.Subject.Age, e.NonPublic, e.Employer[:min(1, len(e.Employer))], e.Published, e.Until))
	return s
}

// step carries out one act and the same once more, and checks what must hold.
func (w *walk) step(t *rapid.T) {
	if between(t, "time passes", 0, 3) == 0 {
		hours := one(t, "hours", []int{12, 24, 24, 48, 72, 96, 24 * 10, 24 * 20, 24 * 100})
		w.at = w.at.Add(time.Duration(hours) * time.Hour)
		if between(t, "the hub is down", 0, 2) > 0 {
			w.jobs(t)
		}
	}
	from := len(w.m.events)
	w.m.rerun = between(t, "rerun", 0, 3) == 0
	defer func() { w.check(t, from) }()
	if between(t, "file", 0, 9) == 0 {
		w.file(t)
		return
	}
	var c Command
	if between(t, "anything", 0, 3) > 0 {
		c = w.drawFitting(t)
	} else {
		id := w.drawID(t)
		c = w.drawCommand(t, one(t, "kind", kinds), id, w.drawActor(t, id, nil))
	}
	_, err := w.r.Carry(t.Context(), c)
	w.known(t, err)
	if err != nil && len(w.m.events) != from {
		t.Fatalf("%T was refused (%v) and changed something", c, err)
	}
	done := len(w.m.events)
	if _, again := w.r.Carry(t.Context(), c); len(w.m.events) != done {
		t.Fatalf("%+v again (%v, %v) changed something: %s", c, err, again, w.m.kinds(done))
	}
}

// file sends a court's file, twice.
func (w *walk) file(t *rapid.T) {
	by := one(t, "by", actors)
	batch := make([]Submission, between(t, "rows", 1, 4))
	for i := range batch {
		batch[i] = w.drawSubmission(t)
		if i > 0 && between(t, "repeat", 0, 3) == 0 {
			batch[i] = batch[i-1]
		}
	}
	taken, err := w.r.Take(t.Context(), by, batch)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.r.Take(t.Context(), by, batch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch {
		w.known(t, taken[i].Err)
		if taken[i].Err == nil && again[i].Changed {
			t.Fatalf("row %d of %d, which was taken (%+v), changed something when sent again: %+v", i, len(batch), taken[i], again[i])
		}
	}
}

// jobs does what the hub does by itself: terms end, and what is overdue is on record.
func (w *walk) jobs(t *rapid.T) {
	from := len(w.m.events)
	for _, id := range w.ids() {
		if l := w.m.listings[id]; slices.Contains(listed, l.State) && !l.Entry.Until.IsZero() && l.Entry.Until < w.today() {
			if _, err := w.r.Do(t.Context(), Expire{Listing: id, By: theHub}); err != nil {
				t.Fatalf("a term that is over does not end: %v", err)
			}
		}
	}
	for _, d := range slices.SortedFunc(maps.Values(w.m.duties), func(a, b gongxin.Duty) int { return int(a.Opened) - int(b.Opened) }) {
		if d.Overdue(w.today()) {
			if _, err := w.r.Do(t.Context(), Lapse{Duty: d, By: theHub}); err != nil {
				t.Fatalf("%s is overdue since %s and does not lapse: %v", d.Kind, d.Due, err)
			}
		}
	}
	w.check(t, from)
	for id, l := range w.m.listings {
		if slices.Contains(listed, l.State) && !l.Entry.Until.IsZero() && l.Entry.Until < w.today() {
			t.Fatalf("%s is %s beyond its term", id, l.State)
		}
	}
	for _, d := range w.m.duties {
		if d.Overdue(w.today()) && d.Lapsed == 0 {
			t.Fatalf("%s is overdue, and nothing says so", d.Kind)
		}
	}
}

// known fails on an error that is not one for people.
func (w *walk) known(t *rapid.T, err error) {
	if err == nil {
		return
	}
	if _, _, ok := gongxin.Message(gongxin.CodeOf(err)); !ok && gongxin.CodeOf(err) != "DOCUMENT_NUMBER_TAKEN" {
		t.Fatalf("an error that the catalogue does not know: %v", err)
	}
}

// In any history of all commands and files, what follows holds: see check, lawBook and oracle.
func TestRandomHistories(t *testing.T) {
	reached := map[gongxin.EventKind]int{}
	const histories = 10 // in each check: a thousand by default, ten thousand with -rapid.checks=1000
	rapid.Check(t, func(t *rapid.T) {
		for range histories {
			w := newWalk()
			for range between(t, "steps", 10, 120) {
				w.step(t)
			}
			w.replay(t)
			for _, e := range w.m.events {
				reached[e.Kind]++
			}
		}
	})
	for _, k := range kinds {
		if reached[k] == 0 && !testing.Short() {
			t.Errorf("no history had %s, so none says anything about it: %v", k, reached)
		}
	}
}

// check holds after every step: nobody unentitled changed anything, an ended listing
// stays as it is, one court, case and subject has one listing that has not ended, and
// nobody comes into force who must not.
func (w *walk) check(t *rapid.T, from int) {
	t.Helper()
	for i, e := range w.m.events[from:] {
		w.law.add(t, e, uint64(from+i+1))
		w.owed.add(e, uint64(from+i+1), w.m.commits[from+i])
		if !e.At.Equal(gongxin.Millis(w.at)) {
			t.Fatalf("event %d says %s, want %s", from+i+1, e.At, w.at)
		}
	}
	w.owed.compare(t, w.m, w.today())
	unended := map[gongxin.ListingKey]int{}
	for id, l := range w.m.listings {
		if was, ok := w.ended[id]; ok && was != l {
			t.Fatalf("listing %s has ended and changed: %+v, was %+v", id, l, was)
		}
		if l.State.Ended() {
			w.ended[id] = l
			if l.Exit.On.IsZero() || l.Exit.Ground == "" && l.State != gongxin.Dropped || l.Forced != 0 {
				t.Fatalf("an exit without day or ground, or still in force: %+v", l)
			}
		} else {
			unended[l.Entry.Key()]++
		}
		if l.State == gongxin.InForce && !l.Entry.Subject.IsOrganisation() {
			if age, known := l.Entry.Subject.AgeOn(l.Entry.Published); known && age < 18 || !known && l.Entry.Subject.Age < 18 {
				t.Fatalf("a minor is in force: born %s, published %s", l.Entry.Subject.Number, l.Entry.Published)
			}
		}
		if l.State == gongxin.InForce && (l.Entry.Published > w.today() || l.Forced == 0) {
			t.Fatalf("in force before its publication, or not counted: %+v", l)
		}
	}
	for k, n := range unended {
		if n > 1 {
			t.Fatalf("%d listings of one court, case and subject have not ended: %s", n, k.Case)
		}
	}
}

// replay folds the events, opened from their bodies, and compares: any prefix
// replays, the set in force counts the same, and the end is the projection.
func (w *walk) replay(t *rapid.T) {
	folded := map[gongxin.ListingID]gongxin.Listing{}
	count, inForce := 0, 0
	for i, e := range w.m.events {
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		opened, err := gongxin.Event{Kind: e.Kind, Listing: e.Listing, At: e.At}.OpenAll(bodies[gongxin.AudiencePublic], bodies[gongxin.AudienceCourt])
		if err != nil {
			t.Fatalf("event %d: %v", i+1, err)
		}
		before := folded[e.Listing]
		l, err := before.Apply(opened, uint64(i+1))
		if err != nil {
			t.Fatalf("event %d does not replay: %v", i+1, err)
		}
		if allowed(&before, e.Kind) != nil {
			t.Fatalf("event %d, %s, follows state %q", i+1, e.Kind, before.State)
		}
		if track := byEvent[e.Kind][0].Track; track != Life && (l.State != before.State || l.Forced != before.Forced || l.Entry != before.Entry || l.Exit != before.Exit) {
			t.Fatalf("event %d, %s, changes who is bound", i+1, e.Kind)
		}
		folded[e.Listing] = l
		switch e.Kind.Force() {
		case gongxin.ForceEnters:
			count++
		case gongxin.ForceLeaves:
			if before.Forced != 0 {
				count--
			}
		}
		if before.Forced == 0 && l.Forced != 0 {
			inForce++
		}
		if before.Forced != 0 && l.Forced == 0 {
			inForce--
		}
		if inForce != count || (l.Forced != 0) != (l.State == gongxin.InForce) {
			t.Fatalf("at %d: %d in force, %d by counting; %s counts at %d and is %s", i+1, inForce, count, l.ID, l.Forced, l.State)
		}
	}
	if !maps.Equal(folded, w.m.listings) {
		t.Fatal("folding the events does not give the projection")
	}
}

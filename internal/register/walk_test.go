package register

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"

	"pgregory.net/rapid"
)

// mayDo is who may cause what, written down a second time from the document and
// not taken from the table, so that a slip there shows.
var mayDo = map[gongxin.EventKind][]gongxin.Role{
	gongxin.NoticeServed:     {gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingDecided:   {gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingPublished: {gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingAdmitted:  {gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingCorrected: {gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingWithdrawn: {gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingRevoked:   {gongxin.RoleJudge, gongxin.RoleCourtSystem},
	gongxin.ListingExpired:   {gongxin.RoleHub},
}

// A walk is one random history: a register, a clock, and what was seen so far.
type walk struct {
	m     *memory
	at    time.Time
	r     *Register
	ended map[gongxin.ListingID]gongxin.Listing
}

func newWalk() *walk {
	w := &walk{m: newMemory(), at: noon, ended: map[gongxin.ListingID]gongxin.Listing{}}
	w.r = newRegister(w.m, &w.at)
	return w
}

// Few subjects, cases and texts, so that histories meet.
var (
	subjects = []identity.Number{
		citizen("1980-01-01", 11), citizen("1999-04-20", 13), // the second comes of age on the way
		citizen("2009-09-09", 12), passport, credit, organisation,
	}
	actors = []gongxin.Actor{judge, judge, system, centre, clerk, stranger, operator, department, theHub, nobody}
	cases  = []gongxin.CaseNumber{gongxin.MustCaseNumber("（2016）苏0505执123号"), gongxin.MustCaseNumber("（2015）虎执字第00232号")}
)

func (w *walk) drawDay(t *rapid.T, label string) gongxin.Day {
	return gongxin.DayOf(w.at).Add(rapid.IntRange(-40, 2).Draw(t, label))
}

func (w *walk) drawEntry(t *rapid.T) gongxin.Entry {
	e := entryOf(rapid.SampledFrom(subjects).Draw(t, "subject"))
	e.Case = rapid.SampledFrom(cases).Draw(t, "case")
	e.Severity = rapid.SampledFrom([]gongxin.Severity{"较重", "严重"}).Draw(t, "severity")
	e.Subject.Age = rapid.SampledFrom([]int{0, 17, 18, 40}).Draw(t, "age")
	e.NonPublic = rapid.Bool().Draw(t, "nonpublic")
	e.Published = w.drawDay(t, "published")
	e.Until = e.Published.Add(rapid.IntRange(-1, 90).Draw(t, "term"))
	if rapid.IntRange(0, 9).Draw(t, "no end") == 0 {
		e.Until = 0
	}
	return e
}

// drawID is the id of a listing that exists, or of none.
func (w *walk) drawID(t *rapid.T) gongxin.ListingID {
	ids := slices.SortedFunc(maps.Keys(w.m.listings), func(a, b gongxin.ListingID) int { return w.m.first(a) - w.m.first(b) })
	return rapid.SampledFrom(append(ids, gongxin.ListingID{7})).Draw(t, "listing")
}

func (w *walk) drawCommand(t *rapid.T) Command {
	by := rapid.SampledFrom(actors).Draw(t, "by")
	decision := rapid.SampledFrom([]string{"", "D1", "D2"}).Draw(t, "decision")
	on := w.drawDay(t, "on")
	if rapid.Bool().Draw(t, "no day") {
		on = 0
	}
	ground := rapid.SampledFrom([]gongxin.Ground{
		gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed, gongxin.GroundNoProperty, gongxin.GroundSecurity,
		gongxin.GroundWrong, gongxin.GroundUnstated, "",
	}).Draw(t, "ground")
	switch rapid.IntRange(0, 6).Draw(t, "command") {
	case 0:
		return ServeNotice{Entry: w.drawEntry(t), Served: on, By: by}
	case 1:
		if rapid.Bool().Draw(t, "as noticed") {
			return Decide{Listing: w.drawID(t), Decision: decision, On: on, By: by}
		}
		e := w.drawEntry(t)
		return Decide{Listing: w.drawID(t), Entry: &e, Decision: decision, On: on, By: by}
	case 2:
		return Publish{Listing: w.drawID(t), By: by}
	case 3:
		e := w.drawEntry(t)
		id := w.drawID(t)
		if l, ok := w.m.listings[id]; ok && rapid.Bool().Draw(t, "of the listing") {
			e.Court, e.Case, e.Subject.Number = l.Entry.Court, l.Entry.Case, l.Entry.Subject.Number
		}
		return Correct{Listing: id, Entry: e, Decision: decision, On: on, By: by}
	case 4:
		return Withdraw{Listing: w.drawID(t), Ground: ground, Decision: decision, On: on, By: by}
	case 5:
		return Revoke{Listing: w.drawID(t), Decision: decision, On: on, By: by}
	}
	return Expire{Listing: w.drawID(t), By: by}
}

func (w *walk) drawSubmission(t *rapid.T) Submission {
	e := w.drawEntry(t)
	switch rapid.IntRange(0, 2).Draw(t, "row") {
	case 0:
		return out(e, w.drawDay(t, "on").String(), rapid.SampledFrom([]gongxin.Ground{gongxin.GroundPerformed, gongxin.GroundWrong}).Draw(t, "ground"))
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
	copy(s.Digest[:], fmt.Sprintf("%s|%s|%s|%d|%t|%s|%s", e.Subject.Number.Full(), e.Case, e.Severity, e.Subject.Age, e.NonPublic, e.Published, e.Until))
	return s
}

// check holds after every step.
func (w *walk) check(t *rapid.T, from int) {
	t.Helper()
	for i, e := range w.m.events[from:] {
		l := w.m.listings[e.Listing]
		if !slices.Contains(mayDo[e.Kind], e.By.Role) || e.By.Role != gongxin.RoleHub && !e.By.ActsFor(l.Entry.Court) {
			t.Fatalf("%s of a listing of %s was caused by %s", e.Kind, l.Entry.Court, e.By.ID)
		}
		if !e.At.Equal(gongxin.Millis(w.at)) {
			t.Fatalf("event %d says %s, want %s", from+i+1, e.At, w.at)
		}
		if _, err := e.Bodies(); err != nil {
			t.Fatal(err)
		}
	}
	unended := map[gongxin.ListingKey]int{}
	for id, l := range w.m.listings {
		if was, ok := w.ended[id]; ok && was != l {
			t.Fatalf("listing %s has ended and changed: %+v, was %+v", id, l, was)
		}
		if l.State.Ended() {
			w.ended[id] = l
			if l.Exit.On.IsZero() || l.Exit.Ground == "" || l.Forced != 0 {
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
		if l.State == gongxin.InForce && (l.Entry.Published > gongxin.DayOf(w.at) || l.Forced == 0) {
			t.Fatalf("in force before its publication, or not counted: %+v", l)
		}
	}
	for k, n := range unended {
		if n > 1 {
			t.Fatalf("%d listings of one court, case and subject have not ended: %s", n, k.Case)
		}
	}
}

// step carries out one act and the same once more, and checks what must hold.
func (w *walk) step(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "time passes") == 0 {
		w.at = w.at.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(t, "hours")) * time.Hour)
	}
	from := len(w.m.events)
	w.m.rerun = rapid.Bool().Draw(t, "rerun")
	defer w.check(t, from)
	if rapid.IntRange(0, 2).Draw(t, "file") > 0 {
		c := w.drawCommand(t)
		_, err := w.r.Do(t.Context(), c)
		w.known(t, err)
		if err != nil && len(w.m.events) != from {
			t.Fatalf("%T was refused (%v) and changed something", c, err)
		}
		done := len(w.m.events)
		if done > from+1 {
			t.Fatalf("%T caused %d events", c, done-from)
		}
		if _, again := w.r.Do(t.Context(), c); len(w.m.events) != done {
			t.Fatalf("%+v again (%v, %v) changed something: %s", c, err, again, w.m.kinds(done))
		}
		return
	}
	by := rapid.SampledFrom(actors).Draw(t, "by")
	batch := make([]Submission, rapid.IntRange(1, 4).Draw(t, "rows"))
	for i := range batch {
		batch[i] = w.drawSubmission(t)
		if i > 0 && rapid.IntRange(0, 3).Draw(t, "repeat") == 0 {
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

// known fails on an error that is not one for people.
func (w *walk) known(t *rapid.T, err error) {
	if err == nil {
		return
	}
	if _, _, ok := gongxin.Message(gongxin.CodeOf(err)); !ok {
		t.Fatalf("an error that the catalogue does not know: %v", err)
	}
}

// In any history: nobody unentitled changes anything, refusals change nothing, the
// same again changes nothing, no minor is in force, an ended listing stays as it
// is, one court, case and subject has one listing that has not ended, a procedure
// has every step, and folding any prefix of the events, as they travel, gives the
// projection at that point.
func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWalk()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.step(t)
		}
		w.replay(t)
	})
}

// replay folds the events, opened from their bodies, and compares.
func (w *walk) replay(t *rapid.T) {
	folded := map[gongxin.ListingID]gongxin.Listing{}
	steps := map[gongxin.ListingID]string{}
	var count int
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
		if allowedByTable := allowed(before, e.Kind) == nil; !allowedByTable {
			t.Fatalf("event %d, %s, follows state %q", i+1, e.Kind, before.State)
		}
		folded[e.Listing] = l
		steps[e.Listing] += string(e.Kind) + " "
		switch e.Kind.Force() {
		case gongxin.ForceEnters:
			count++
		case gongxin.ForceLeaves:
			if before.Forced != 0 {
				count--
			}
		}
		inForce := 0
		for _, l := range folded {
			if l.Forced != 0 {
				inForce++
			}
			if (l.Forced != 0) != (l.State == gongxin.InForce) {
				t.Fatalf("at %d: %s counts and is %s", i+1, l.ID, l.State)
			}
		}
		if inForce != count {
			t.Fatalf("at %d: %d in force, %d by counting", i+1, inForce, count)
		}
	}
	if !maps.Equal(folded, w.m.listings) {
		t.Fatal("folding the events does not give the projection")
	}
	for id, l := range folded {
		if l.State == gongxin.InForce && l.Origin == gongxin.FromProcedure {
			if !strings.HasPrefix(steps[id], "notice_served listing_decided listing_published ") {
				t.Fatalf("in force without every step: %s", steps[id])
			}
		}
	}
}

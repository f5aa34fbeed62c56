//go:build linux

package sim

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gongxin"
	"gongxin/gate"
	"gongxin/ledger"
)

// Invariants are the names of what must hold, with what each says.
var Invariants = map[string]string{
	"fresh-or-refer":        "nobody is blocked, and nobody cleared, on a copy older than allowed",
	"in-force":              "a block names listings that were in force, for this person, at the sequence that it states",
	"complete":              "who is listed at the sequence that an answer states is not clear",
	"no-way-back":           "answers and positions never go back, so nobody is blocked after the gate has applied the withdrawal",
	"signed-state":          "what a gate holds is what the hub signed for that size: no acknowledged event is lost, and a relay can only delay",
	"one-history":           "a gate never applies two heads that contradict each other",
	"lifted":                "a restriction stands only while its listing is in force without a break, or is kept on with a ground and an end",
	"not-lifted-early":      "a restriction is not lifted while nothing has ended it",
	"recorded":              "a restriction that somebody was told of is on record",
	"reported-once":         "what was restricted, lifted and kept is reported, once and the same",
	"opens-after-a-kill":    "after a kill at any write a gate opens, and its copy is whole",
	"answers":               "a gate answers unless its disk is full",
	"fork-stays":            "a gate that says that it has seen a fork follows nothing and restricts nobody until somebody acknowledges it",
	"converges":             "once faults stop, every gate holds the hub's list, and answers by it; one that was shown another list does not take it up silently",
	"screening-stays-local": "nothing of who was screened leaves the gate, or stands on its disk",
	"simulation":            "the simulation itself works",
}

// violate keeps the first violation.
func (w *world) violate(invariant, format string, args ...any) {
	if _, ok := Invariants[invariant]; !ok {
		panic("no invariant is called " + invariant)
	}
	if w.broken == nil {
		w.broken = &Violation{Invariant: invariant, Step: w.step, What: fmt.Sprintf(format, args...)}
	}
}

// history returns a log of the hub that has everything which g was seen to apply, and nil if there is none.
func (g *gateway) history() *history {
	for _, h := range g.w.branches {
		if !slices.ContainsFunc(g.applied, func(a ledger.Head) bool { return a.Size > h.size() || h.trees[a.Size].Root() != a.Root }) {
			return h
		}
	}
	return nil
}

// position holds the gate's position against what the hub signed.
func (g *gateway) position() {
	if g.gate == nil || g.w.broken != nil {
		return
	}
	at := g.gate.Position()
	head := at.Head
	if head.At.IsZero() {
		if g.floor > 0 && !g.damaged {
			g.w.violate("no-way-back", "gate %d was at %d and is at the beginning", g.n, g.floor)
		}
		return
	}
	if at.Tree.Root() != head.Root || !slices.ContainsFunc(g.w.branches, func(h *history) bool {
		return head.Size <= h.size() && slices.ContainsFunc(h.signed, func(s signed) bool { return s.head == head })
	}) {
		g.w.violate("signed-state", "gate %d is at %d with %d listings as of %s, and the hub never signed that", g.n, head.Size, head.Count, head.At)
		return
	}
	if !g.damaged && (head.Size < g.floor || head.At.Before(g.asOf)) {
		g.w.violate("no-way-back", "gate %d was at %d as of %s and is at %d as of %s", g.n, g.floor, g.asOf, head.Size, head.At)
	}
	g.floor, g.asOf = head.Size, head.At
	g.furthest = max(g.furthest, g.floor)
	if !slices.ContainsFunc(g.applied, func(a ledger.Head) bool { return a.Size == head.Size && a.Root == head.Root }) {
		g.applied, g.ever = append(g.applied, head), append(g.ever, head)
	}
	if g.history() == nil && g.damaged {
		g.applied = []ledger.Head{head}
	}
	if g.history() == nil {
		g.w.violate("one-history", "gate %d is at %d, which contradicts what it had applied before", g.n, head.Size)
	}
	if n := g.gate.Status().Listings; uint64(n) != head.Count {
		g.w.violate("signed-state", "gate %d answers from %d listings, %d were signed", g.n, n, head.Count)
	}
	if !g.damaged {
		aside, err := filepath.Glob(filepath.Join(g.disk.dir, "*.damaged-*"))
		if err != nil || len(aside) > 0 {
			g.w.violate("opens-after-a-kill", "gate %d found its copy damaged: %v (%v)", g.n, aside, err)
		}
	}
}

// turned is called after each turn of following, which ended with err.
func (g *gateway) turned(err error) {
	at := g.floor
	g.position()
	switch gaveUp := gongxin.CodeOf(err) == "GATE_FORKED"; {
	case g.forked && (!gaveUp || g.floor != at):
		g.w.violate("fork-stays", "gate %d has seen a fork, was at %d, and goes on to %d (%v)", g.n, at, g.floor, err)
	case gaveUp:
		g.forked = true
	}
}

// The manners of asking.
const (
	rightly = iota + 6 // and everything below: number and name
	misnamed
	nameless
	numberless
)

// screen asks about person n, and holds the answer against the truth.
func (g *gateway) screen(n, manner int) {
	if g.gate == nil {
		return
	}
	q := gate.Query{Scenario: "flight", Number: numberOf(n), Name: nameOf(n)}
	switch manner {
	case misnamed:
		q.Name = "赵某某"
	case nameless:
		q.Name = ""
	case numberless:
		q.Number = ""
	}
	outbox := g.gate.Status().Outbox
	d, err := g.gate.Screen(g.w.ctx, q)
	if err != nil {
		if !g.hindered() {
			g.w.violate("answers", "gate %d: %v", g.n, err)
		}
		g.alive()
		return
	}
	if d.Outcome == gongxin.Clear && g.gate.Status().Outbox != outbox {
		g.w.violate("screening-stays-local", "gate %d reports something of person %d, who is clear", g.n, n)
	}
	g.judge(n, manner, d)
	g.alive()
}

// judge holds an answer against the truth at the sequence that it states.
func (g *gateway) judge(n, manner int, d gongxin.Decision) {
	g.w.told["answers: "+string(d.Outcome)]++
	g.forked = g.forked || slices.ContainsFunc(d.Reasons, func(r gongxin.Reason) bool { return r.Code == "FORK_SEEN" })
	if g.forked && d.Outcome == gongxin.Block {
		g.w.violate("fork-stays", "gate %d has seen a fork and blocks person %d", g.n, n)
	}
	now, day := g.clock(), g.today()
	stale := d.AsOf.IsZero() || now.After(d.AsOf.Add(maxAge)) || !now.Add(10*time.Minute).After(d.AsOf)
	if stale && d.Outcome != gongxin.Refer {
		g.w.violate("fresh-or-refer", "gate %d says %s of person %d at %s by a list as of %s", g.n, d.Outcome, n, now, d.AsOf)
		return
	}
	if stale || d.Outcome == gongxin.Refer && len(d.Hits) == 0 {
		return // also a gate on its way back to where it was
	}
	h := g.history()
	if h == nil || d.Sequence > h.size() {
		g.w.violate("signed-state", "gate %d answers by a list %d that was never signed", g.n, d.Sequence)
		return
	}
	if d.Sequence != g.floor && !g.damaged {
		g.w.violate("no-way-back", "gate %d was at %d and answers by %d", g.n, g.floor, d.Sequence)
	}
	if d.Outcome != gongxin.Refer && !slices.ContainsFunc(g.w.branches, func(h *history) bool {
		return slices.ContainsFunc(h.signed, func(s signed) bool { return s.head.Size == d.Sequence && s.head.At.Equal(d.AsOf) })
	}) {
		g.w.violate("fresh-or-refer", "gate %d says that the list %d is as of %s, when none was signed", g.n, d.Sequence, d.AsOf)
	}
	var listed []gongxin.ListingID
	for id, p := range h.force[d.Sequence] {
		named := p.person == n
		if manner == numberless {
			named = nameOf(p.person) == nameOf(n)
		}
		if named && (p.until == 0 || day <= p.until) {
			listed = append(listed, id)
		}
	}
	want := gongxin.Clear
	if len(listed) > 0 {
		if want = gongxin.Refer; manner <= rightly && !g.forked {
			want = gongxin.Block
		}
	}
	var hit []gongxin.ListingID
	for _, one := range d.Hits {
		if hit = append(hit, one.Listing); !slices.Contains(listed, one.Listing) {
			g.w.violate("in-force", "gate %d says %s of person %d by listing %s, which is none of theirs in force at %d", g.n, d.Outcome, n, one.Listing, d.Sequence)
		}
	}
	for _, id := range listed {
		if !slices.Contains(hit, id) {
			g.w.violate("complete", "gate %d says %s of person %d and does not know listing %s at %d", g.n, d.Outcome, n, id, d.Sequence)
		}
	}
	if d.Outcome != want {
		g.w.violate("in-force", "gate %d says %s of person %d (manner %d) at %d, want %s", g.n, d.Outcome, n, manner, d.Sequence, want)
	}
	if d.Outcome == gongxin.Block {
		g.given = append(g.given, &restricted{reference: d.Reference, sequence: d.Sequence, root: h.trees[d.Sequence].Root(), person: n, day: day, listings: hit, over: map[int]bool{}, kept: map[int]bool{}})
	}
}

// A fate is what became of one part of a restriction by the hub's log.
type fate struct {
	broken    bool // its listing has left, or come back since
	corrected bool // it is another person's, or was
	passed    bool // its term may be over, by what the gate's clock ever said
	over      bool // and is now
}

// fateOf follows the listing from when it restricted up to sequence to.
func (g *gateway) fateOf(r *restricted, id gongxin.ListingID, h *history, to uint64) (f fate) {
	for n := r.sequence; n <= to; n++ {
		p, in := h.force[n][id]
		if in && p.whose > r.sequence {
			f.corrected = true
		}
		if in && p.until != 0 && p.until < g.latest {
			f.passed = true
		}
	}
	p, in := h.force[to][id]
	f.broken = !in || p.since > r.sequence
	f.over = in && p.until != 0 && p.until < g.today()
	return f
}

// restrictions holds what the gate says of each restriction against the log.
func (g *gateway) restrictions() {
	if g.gate == nil || g.w.broken != nil || g.hindered() {
		return
	}
	h := g.history()
	for _, r := range g.given {
		told, err := g.gate.Restriction(g.w.ctx, r.reference)
		if err != nil {
			g.w.violate("recorded", "gate %d, %s: %v", g.n, r.reference, err)
			return
		}
		if len(told.Parts) != len(r.listings) {
			g.w.violate("recorded", "gate %d, %s has %d parts, %d were told", g.n, r.reference, len(told.Parts), len(r.listings))
			return
		}
		if g.floor < g.furthest || h == nil {
			continue // its list was lost, and it is on the way back
		}
		for i, p := range told.Parts {
			g.part(r, i, p, h)
		}
	}
}

func (g *gateway) part(r *restricted, i int, p gate.RestrictionPart, h *history) {
	to := g.floor
	if g.damaged && p.State == "lifted" && p.LiftedBy <= h.size() {
		to = max(to, p.LiftedBy) // as in ended
	}
	f := g.fateOf(r, r.listings[i], h, to)
	early := !f.broken && !f.corrected && !f.passed && !(g.damaged && g.ended(r, i, p))
	stands := !f.broken && !f.corrected && !f.over
	lax := r.before // a snapshot does not tell of a break, only how it stands
	where := fmt.Sprintf("gate %d at %d, %s part %d (given at %d, %s): %+v", g.n, g.floor, r.reference, i+1, r.sequence, endedBy(p), f)
	if lax && !stands {
		q, in := h.force[g.floor][r.listings[i]]
		stands = in && q.person == r.person && !f.over
	}
	switch p.State {
	case "in_force":
		if r.over[i] {
			g.w.violate("lifted", "%s was over and stands again", where)
		}
		if !stands || r.upheld {
			g.w.violate("lifted", "%s still stands", where)
		}
	case "kept":
		if !r.kept[i] && !r.maybe || p.Kept == nil || p.Kept.Ground == "" || p.Kept.Until < g.today() {
			g.w.violate("lifted", "%s is kept without ground or end", where)
		}
		// That it was made another person's a moment before it ended, the gate cannot
		// know from a snapshot, from erased bodies, or after a kill between its two files.
		if f.corrected && !lax && !g.w.erased && !g.killed || r.upheld {
			g.w.violate("lifted", "%s is kept although it is another person's, or a review was upheld", where)
		}
		if early {
			g.w.violate("not-lifted-early", "%s is kept although its listing is in force", where)
		}
	case "lifted":
		r.over[i] = true
		if early && !r.perhaps && !(r.keep != 0 && g.latest > r.keep) {
			g.w.violate("not-lifted-early", "%s is lifted", where)
		}
		if r.kept[i] && !r.maybe && g.latest <= r.keep && !f.corrected && !r.perhaps {
			g.w.violate("not-lifted-early", "%s is lifted although it is kept until %s", where, r.keep)
		}
	default:
		g.w.violate("recorded", "%s is %s", where, p.State)
	}
}

// ended tells whether a log that g was shown had ended part i of r by when the gate says so: it
// had come so far, and then its disk gave back less of the list, or none, and it was shown another
// log. What was lifted or kept on then stays so. What is kept does not say by which event it ended.
func (g *gateway) ended(r *restricted, i int, p gate.RestrictionPart) bool {
	return slices.ContainsFunc(g.logs, func(h *history) bool {
		if r.sequence > h.size() || h.trees[r.sequence].Root() != r.root {
			return false
		}
		from, to := r.sequence, h.size()
		if p.State == "lifted" {
			from, to = p.LiftedBy, min(p.LiftedBy, to)
		}
		for n := from; n <= to; n++ {
			if f := g.fateOf(r, r.listings[i], h, n); f.broken || f.corrected || f.passed {
				return true
			}
		}
		return false
	})
}

func endedBy(p gate.RestrictionPart) string {
	if p.Because == nil {
		return "nothing ended it"
	}
	return fmt.Sprintf("%s at %d", p.Because.Code, p.LiftedBy)
}

// converged holds what is at the end, when faults have stopped.
func (w *world) converged() {
	hub := w.branches[0]
	for _, g := range w.gates {
		if g.forked {
			w.told["gates that say that they saw a fork"]++
			for n := range people {
				g.screen(n, rightly)
			}
			continue
		}
		at := g.gate.Position().Head
		if slices.ContainsFunc(g.ever, func(a ledger.Head) bool { return a.Size > hub.size() || hub.trees[a.Size].Root() != a.Root }) {
			w.told["gates that were shown another list"]++
			if g.damaged {
				continue // with its list it may have lost what it knew of that
			}
			w.now = w.now.Add(maxAge + time.Minute)
			if d, err := g.gate.Screen(w.ctx, gate.Query{Scenario: "flight", Number: numberOf(0), Name: nameOf(0)}); err != nil || d.Outcome != gongxin.Refer {
				w.violate("converges", "gate %d was shown another list and says %s (%v)", g.n, d.Outcome, err)
			}
			w.now = w.now.Add(-maxAge - time.Minute)
			continue
		}
		if last := hub.signed[len(hub.signed)-1].head; at != last {
			w.violate("converges", "gate %d stays at %d as of %s, the hub is at %d as of %s: %+v", g.n, at.Size, at.At, last.Size, last.At, g.gate.Status().LastError)
			return
		}
		s := g.gate.Status()
		if s.Outbox != 0 || s.Refused != 0 || !s.Fresh || g.receipts != at.Size {
			w.violate("converges", "gate %d has %d reports waiting and %d refused, its receipt is for %d of %d, fresh %v", g.n, s.Outbox, s.Refused, g.receipts, at.Size, s.Fresh)
		}
		g.told()
		g.erased()
		for n := range people + bystanders {
			g.screen(n, rightly)
		}
	}
}

// told holds what the hub was told against the record.
func (g *gateway) told() {
	for _, r := range g.given {
		told, err := g.gate.Restriction(g.w.ctx, r.reference)
		if err != nil {
			g.w.violate("recorded", "gate %d, %s: %v", g.n, r.reference, err)
			return
		}
		for i, p := range told.Parts {
			name := r.reference
			if i > 0 {
				name += fmt.Sprintf("-%d", i+1)
			}
			_, restricted := g.reported[name+" restricted"]
			lifted, over := g.reported[name+" lifted"]
			_, kept := g.reported[name+" kept"]
			switch {
			case !restricted, over != (p.State == "lifted"), p.State == "kept" && !kept:
				g.w.violate("reported-once", "gate %d, %s is %s, and the hub was told: restricted %v, lifted %v, kept %v", g.n, name, p.State, restricted, over, kept)
			case over && (lifted.Sequence != p.LiftedBy || lifted.Listing != p.Listing):
				g.w.violate("reported-once", "gate %d, %s: the hub was told %+v, the record says %+v", g.n, name, lifted, p)
			}
		}
	}
}

// erased looks on the gate's disk for bystanders, who were asked about and are listed nowhere.
func (g *gateway) erased() {
	err := filepath.WalkDir(g.disk.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) == "evidence" {
			return err
		}
		b, err := os.ReadFile(path)
		for n := people; n < people+bystanders; n++ {
			if bytes.Contains(b, []byte(numberOf(n))) || bytes.Contains(b, []byte(nameOf(n))) {
				g.w.violate("screening-stays-local", "gate %d keeps person %d, who was only asked about, in %s", g.n, n, d.Name())
			}
		}
		return err
	})
	if err != nil {
		g.w.violate("simulation", "%v", err)
	}
}

package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
	"gongxin/screen"
)

const (
	maxHits     = 100  // listings of one subject that an answer shows and records
	maxNames    = 20   // namesakes that an answer shows
	maxCompared = 1000 // namesakes that are compared with what else is known
	maxAttempts = 8
	awaited     = time.Second // for a newer view
	// maxAhead is how far a checkpoint may lie before the gate's clock has come to
	// it: more means that the clock is wrong and freshness cannot be judged.
	maxAhead = 10 * time.Minute
)

// A view is what the gate knows at one sequence. It does not change.
type view struct {
	list       *screen.View
	sequence   uint64
	asOf       time.Time
	freshUntil time.Time     // zero if nothing was verified yet
	hubKey     string        // whose checkpoints are taken
	over       chan struct{} // closed once there is a newer one
}

// fresh tells whether the copy is known to be current at now.
func (v *view) fresh(now time.Time) bool {
	return !now.After(v.freshUntil) && now.Add(maxAhead).After(v.asOf)
}

// Screen answers q. An answer that refers or blocks is recorded on disk, without
// who was asked about, before it is given. A clear answer allocates nothing for a
// number in canonical form. Errors: SCENARIO_UNKNOWN, SUBJECT_NEEDED,
// OUTCOME_NOT_KEPT, and ctx's.
func (g *Gate) Screen(ctx context.Context, q Query) (d gongxin.Decision, err error) {
	measures := g.config.Catalogue.For(q.Scenario)
	if len(measures) == 0 {
		return d, gongxin.Invalid("SCENARIO_UNKNOWN", q.Scenario)
	}
	if !q.plain() { // the clock is half of what a clear answer costs
		if err := q.Check(g.config.Now()); err != nil {
			return d, err
		}
	}
	for range maxAttempts {
		found, err := g.look(&q, measures, &d)
		if err != nil || d.Outcome == gongxin.Clear {
			return d, err
		}
		err = g.record(ctx, &d, found)
		switch {
		case err == nil:
			return d, nil
		case errors.Is(err, errMoved):
			g.await(ctx, d.Sequence)
		case !errors.Is(err, errTaken):
			return gongxin.Decision{}, err
		} // the list changed between looking and recording, or two references met: look again
	}
	return gongxin.Decision{}, gongxin.Unavailable("OUTCOME_NOT_KEPT", "the list keeps changing")
}

// look puts the answer to q, as of one sequence, into d and records nothing.
func (g *Gate) look(q *Query, measures []gongxin.Measure, d *gongxin.Decision) ([]finding, error) {
	now := g.config.Now()
	number, _, parsing := identity.Parse(q.Number)
	bare := parsing != nil && strings.TrimSpace(q.Number) == ""

	var hits []screen.Hit
	cut := false
	v, err := g.newest(func(v *view) (err error) {
		if !v.fresh(now) {
			return nil
		}
		if parsing == nil {
			hits, err = v.list.Lookup(number, nil)
		} else if bare {
			hits, cut, err = namesakes(v.list, q)
		}
		return err
	})
	fresh := v.fresh(now)
	*d = gongxin.Decision{Outcome: gongxin.Clear, Scenario: q.Scenario, Sequence: v.sequence, AsOf: v.asOf, FreshUntil: v.freshUntil}
	switch {
	case bare && match.Fold(q.Name) == "":
		return nil, gongxin.Invalid("SUBJECT_NEEDED")
	case !fresh:
		d.Outcome = gongxin.Refer
		d.Reasons = []gongxin.Reason{staleReason(now, v)}
		return nil, nil
	case err != nil: // it cannot be known whether there is more
		g.noteDamage(context.Background(), err)
		d.Outcome, d.Reasons = gongxin.Refer, appendReason(nil, "LIST_DAMAGED", text("LIST_DAMAGED"))
		return nil, nil
	case parsing != nil && !bare:
		d.Outcome = gongxin.Refer
		d.Reasons = appendReason(nil, "NUMBER_INVALID", text("NUMBER_INVALID", numberFault(parsing)))
		return nil, nil
	case hits == nil && !bare:
		return nil, nil
	}
	asked := g.question(q, number, measures, now)
	asked.cut = cut
	r := asked.judge(hits)
	found := r.found
	if len(found) > maxHits {
		found = strongest(found, maxHits)
	}
	d.Outcome, d.Reasons = r.outcome, r.reasons
	for i, f := range found {
		if f.code == codeListed {
			at := slices.IndexFunc(hits, func(h screen.Hit) bool { return h.Listing == f.hit.Listing })
			found[i].person = g.persons.of(hits[at].Entry)
		}
		d.Hits = append(d.Hits, f.hit)
	}
	d.Hits = append(d.Hits, r.hints...)
	return found, nil
}

// listing returns what the gate holds now of the listing id, if it is in force.
func (g *Gate) listing(id gongxin.ListingID) (hit screen.Hit, in bool, err error) {
	_, err = g.newest(func(v *view) error {
		row, found, err := v.list.Get(id)
		hit, in = screen.Hit{Listing: row.Listing, Sequence: row.Sequence, Entry: row.Entry}, found
		return err
	})
	return hit, in, err
}

// newest calls look with the newest view, again if that was superseded meanwhile, and
// returns the view that look ended with.
func (g *Gate) newest(look func(*view) error) (*view, error) {
	for {
		v := g.view.Load()
		if err := look(v); err == nil || v == g.view.Load() && !errors.Is(err, screen.ErrPast) {
			return v, err
		}
	}
}

// await waits until there is a newer view than the one of sequence, for which the
// lifts are being recorded that come before it.
func (g *Gate) await(ctx context.Context, sequence uint64) {
	v := g.view.Load()
	if v.sequence != sequence {
		return
	}
	t := time.NewTimer(awaited)
	defer t.Stop()
	select {
	case <-v.over:
	case <-t.C:
	case <-ctx.Done():
	}
}

// strongest returns n of found, those that block first.
func strongest(found []finding, n int) []finding {
	var kept, rest []finding
	for _, f := range found {
		if f.code == codeListed {
			kept = append(kept, f)
		} else {
			rest = append(rest, f)
		}
	}
	return append(kept, rest...)[:n]
}

func staleReason(now time.Time, v *view) gongxin.Reason {
	const form = "2006-01-02 15:04:05"
	switch {
	case v.asOf.IsZero():
		return gongxin.Reason{Code: "STALE", Text: text("STALE", "—")}
	case now.After(v.freshUntil):
		return gongxin.Reason{Code: "STALE", Text: text("STALE", v.asOf.In(gongxin.Shanghai).Format(form))}
	}
	return gongxin.Reason{Code: "CLOCK_BEHIND", Text: text("CLOCK_BEHIND", v.asOf.In(gongxin.Shanghai).Format(form))}
}

func numberFault(err error) string {
	var e *identity.Error
	if errors.As(err, &e) {
		return string(e.Reason)
	}
	return string(identity.Format)
}

// record writes down the outcome of d and fills in its reference and remedy.
// Errors: errMoved if the list has changed since d was found, errTaken.
func (g *Gate) record(ctx context.Context, d *gongxin.Decision, found []finding) error {
	now := gongxin.Millis(g.config.Now())
	reference, err := g.newReference("R", now)
	if err != nil {
		return err
	}
	rows := make([]outcome, 0, max(1, len(found)))
	for i, f := range found {
		kind := kindReferred
		if f.code == codeListed {
			kind = kindRestricted
		}
		rows = append(rows, outcome{reference: reference, part: i + 1, kind: kind, listing: f.hit.Listing, scenario: d.Scenario,
			measure: f.hit.Measure, reason: f.code, sequence: d.Sequence, at: now, until: f.hit.Until, person: f.person})
	}
	if len(rows) == 0 {
		rows = append(rows, outcome{reference: reference, part: 1, kind: kindReferred, scenario: d.Scenario,
			reason: d.Reasons[0].Code, sequence: d.Sequence, at: now})
	}
	if err := g.outcomes.record(ctx, rows); err != nil {
		if errors.Is(err, errMoved) || errors.Is(err, errTaken) || ctx.Err() != nil {
			return err
		}
		g.config.Log.ErrorContext(ctx, "outcome not recorded", "reference", reference, "err", err)
		return fmt.Errorf("%w: %w", gongxin.Unavailable("OUTCOME_NOT_KEPT", err), err)
	}
	g.wakeDelivery()
	remedy := text("REMEDY_REFERRED", g.config.Department, reference)
	if d.Outcome == gongxin.Block {
		remedy = text("REMEDY_RESTRICTED", strings.Join(courts(found), "、"), g.config.Department, reference)
	}
	d.Reference, d.Remedy = reference, &remedy
	return nil
}

const referenceLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReference makes a reference such as R-railway-20261124-7K3M9QXA: what it is
// of, gate, day in Asia/Shanghai, 40 random bits.
func (g *Gate) newReference(of string, at time.Time) (string, error) {
	var b [8]byte
	g.randomMu.Lock()
	defer g.randomMu.Unlock()
	if _, err := io.ReadFull(g.config.Random, b[:]); err != nil {
		return "", fmt.Errorf("make reference: %w", err)
	}
	for i := range b {
		b[i] = referenceLetters[b[i]&31]
	}
	y, m, d := gongxin.DayOf(at).Date()
	return fmt.Sprintf("%s-%s-%04d%02d%02d-%s", of, g.config.Name, y, m, d, b[:]), nil
}

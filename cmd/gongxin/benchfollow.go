package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/courts"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A followed hub is a real one on loopback with a list, and who follows it.
type followed struct {
	hub      *hub.Hub
	db       *store.DB
	url      string
	listed   []register.Withdraw
	verifier *ledger.Verifier
}

// followers measures how long it takes from the commit of a decision until a
// follower has verified and applied it, while decisions come at an even pace: with
// one follower, and with many at once. Each is a connection of its own that asks by
// long poll, verifies all of it, and keeps what is in force. A decision counts from
// the time that its event has in the ledger, which is a little before its commit.
func (f *benchFlags) follow(ctx context.Context) (all []measurement, err error) {
	for _, n := range []int{1, f.followers} {
		times, answers, err := f.followBy(ctx, n)
		if err != nil {
			return nil, err
		}
		ms := func(part int) float64 { return float64(times[len(times)*part/1000]) / 1000 }
		line := measurement{fmt.Sprintf("commit to applied, followers=%d, median", n), ms(500), "ms",
			fmt.Sprintf("p99 %.1f ms, worst %.1f ms, %d/s for %s, %.1f changes an answer", ms(990), float64(times[len(times)-1])/1000, f.pace, f.lasting, float64(len(times))/float64(answers))}
		if len(all) > 0 {
			line.note += ", " + ratio(line.value, all[0].value)
		}
		all = append(all, line)
	}
	return all, nil
}

// followBy returns the times of all followers for all decisions, in microseconds, sorted.
func (f *benchFlags) followBy(ctx context.Context, n int) (times []int32, answers int, err error) {
	ctx, stop := context.WithCancel(ctx)
	g, running := errgroup.WithContext(ctx)
	defer func() {
		stop()
		if stopping := g.Wait(); err == nil && stopping != nil && !errors.Is(stopping, context.Canceled) {
			err = stopping
		}
	}()
	t, err := f.openFollowed(running, g, fmt.Sprintf("followers-%d", n), int(f.lasting.Seconds()*float64(f.pace)))
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, t.db.Close()) }()
	first, held, err := t.first(ctx)
	if err != nil {
		return nil, 0, err
	}
	var done sync.WaitGroup
	followers := make([]*benchFollower, n)
	for i := range n {
		token, err := issue(ctx, t.db, access.Token{ID: fmt.Sprintf("gate.%d", i), Role: gongxin.RoleDepartment, Gate: fmt.Sprintf("gate-%d", i),
			Organisation: "bench", Created: gongxin.Millis(time.Now()), Expires: time.Now().AddDate(0, 0, 1)})
		if err != nil {
			return nil, 0, err
		}
		follower := &benchFollower{at: first, held: held.clone(), verify: feed.Follower{Verifier: t.verifier, Audience: gongxin.AudiencePartner},
			source: feed.HTTPSource{URL: t.url, Token: token, Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}}}}
		followers[i] = follower
		done.Add(1)
		g.Go(func() error {
			defer done.Done()
			return follower.run(running, len(t.listed))
		})
	}
	pace := time.NewTicker(time.Second / time.Duration(f.pace))
	defer pace.Stop()
	var deciding errgroup.Group
	deciding.SetLimit(f.courts)
	for _, w := range t.listed {
		select {
		case <-running.Done():
			return nil, 0, g.Wait()
		case <-pace.C:
		}
		deciding.Go(func() error { _, err := t.hub.Register.Do(ctx, w); return err })
	}
	if err := deciding.Wait(); err != nil {
		return nil, 0, err
	}
	applied := make(chan struct{})
	go func() { done.Wait(); close(applied) }()
	select {
	case <-applied:
	case <-time.After(time.Minute):
		return nil, 0, errors.New("a minute after the last decision somebody has still not applied it")
	}
	for _, one := range followers {
		times, answers = append(times, one.times...), answers+one.answers
	}
	if len(times) != n*len(t.listed) {
		stop()
		return nil, 0, errors.Join(fmt.Errorf("%d of %d were applied", len(times), n*len(t.listed)), g.Wait())
	}
	slices.Sort(times)
	return times, answers, nil
}

// openFollowed opens a hub in a directory of its own with n listings, and serves it.
func (f *benchFlags) openFollowed(ctx context.Context, g *errgroup.Group, name string, n int) (*followed, error) {
	h := home{dir: f.dir + "/" + name, origin: "gongxin.bench/" + name}
	centre, db, err := h.open(ctx, time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	t := &followed{hub: centre, db: db}
	if t.verifier, err = ledger.NewVerifier(centre.VerifierKey); err != nil {
		return nil, err
	}
	file, size, err := f.benchFile(n)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	records, err := intake.Open(file, size, intake.Options{Name: "bench.csv", Courts: courts.Embedded(), Today: gongxin.DayOf(time.Now())})
	if err != nil {
		return nil, err
	}
	err = centre.Take(ctx, benchActor, records, func(r intake.Record) error {
		w := register.Withdraw{Ground: gongxin.GroundPerformed, Decision: fmt.Sprintf("（2026）解%d号", r.Row), On: gongxin.DayOf(time.Now()),
			By: gongxin.Actor{ID: "judge", Role: gongxin.RoleJudge, Court: r.Entry.Court}}
		w.Listing = r.Listing
		t.listed = append(t.listed, w)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l, url, err := listen(0, false)
	if err != nil {
		return nil, err
	}
	t.url = url
	g.Go(func() error { return serve(ctx, l, centre.Handler(), centre.Run) })
	return t, nil
}

// benchHeld is what a follower holds.
type benchHeld map[gongxin.ListingID]ledger.Digest

// Element implements feed.Held.
func (h benchHeld) Element(id gongxin.ListingID) (ledger.Digest, bool) { e, ok := h[id]; return e, ok }

func (h benchHeld) clone() benchHeld {
	c := make(benchHeld, len(h))
	for id, e := range h {
		c[id] = e
	}
	return c
}

func (h benchHeld) apply(changes []feed.Change) {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceLeaves:
			delete(h, c.Event.Listing)
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			h[c.Event.Listing] = c.Element
		}
	}
}

// first follows the hub to where it is, for all to begin there.
func (t *followed) first(ctx context.Context) (feed.Position, benchHeld, error) {
	token, err := issue(ctx, t.db, access.Token{ID: "gate.first", Role: gongxin.RoleDepartment, Gate: "first", Organisation: "bench",
		Created: gongxin.Millis(time.Now()), Expires: time.Now().AddDate(0, 0, 1)})
	if err != nil {
		return feed.Position{}, nil, err
	}
	b := &benchFollower{held: benchHeld{}, verify: feed.Follower{Verifier: t.verifier, Audience: gongxin.AudiencePartner}, source: feed.HTTPSource{URL: t.url, Token: token}}
	for err == nil && b.at.Head.Count < uint64(len(t.listed)) {
		err = b.step(ctx)
	}
	return b.at, b.held, err
}

// A benchFollower follows as a gate does, and notes how old each change was when it
// had applied it.
type benchFollower struct {
	source feed.HTTPSource
	verify feed.Follower
	at     feed.Position
	held   benchHeld
	times  []int32 // microseconds

	answers int
}

// run follows until n withdrawals were applied.
func (b *benchFollower) run(ctx context.Context, n int) error {
	defer b.source.Client.CloseIdleConnections()
	for len(b.times) < n {
		if err := b.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *benchFollower) step(ctx context.Context) error {
	answer, err := b.source.Changes(ctx, b.at.Tree.Size(), 20*time.Second)
	if err != nil {
		return err
	}
	next, changes, err := b.verify.Advance(b.at, b.held, answer)
	if err != nil {
		return err
	}
	b.held.apply(changes)
	b.at, b.answers = next, b.answers+1
	now := time.Now()
	for _, c := range changes {
		if c.Event.Kind == gongxin.ListingWithdrawn { // others come from jobs of the hub
			b.times = append(b.times, int32(now.Sub(c.Event.At).Microseconds()))
		}
	}
	return nil
}

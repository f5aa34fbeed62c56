package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/screen"
)

const (
	longestPoll   = 25 * time.Second
	firstPause    = 250 * time.Millisecond
	longestPause  = 30 * time.Second
	idlePause     = 500 * time.Millisecond // after an answer that brought nothing although a wait was asked for
	longLog       = 16 << 20               // bytes of a log below which the list is not written anew
	forkedPause   = 5 * time.Second        // between looks at what is due while nothing is followed
	rememberEvery = time.Minute
)

// Run follows the list, reports to the hub and tells the webhook until ctx ends, and returns ctx's
// error. What goes wrong on the way is logged, shown by Status and tried again
// with growing pauses; meanwhile the copy ages until the gate only refers.
func (g *Gate) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	wait.Go(func() { g.follow(ctx) })
	if g.config.Reporter != nil {
		wait.Go(func() { g.deliverAll(ctx) })
	}
	if g.config.Webhook.URL != "" {
		wait.Go(func() { g.callAll(ctx) })
	}
	if g.config.Alerts != "" {
		wait.Go(func() { g.noteAll(ctx) })
	}
	wait.Go(func() { g.watchOrders(ctx) })
	wait.Wait()
	return ctx.Err()
}

func (g *Gate) follow(ctx context.Context) {
	pause, current := backoff{}, false
	for ctx.Err() == nil {
		if g.fork.Load() != nil { // an officer decides
			g.settle(context.WithoutCancel(ctx), false)
			g.pause(ctx, forkedPause)
			continue
		}
		began := time.Now() // of a pause between requests, not of any rule
		progress, err := g.step(ctx, current)
		g.settle(context.WithoutCancel(ctx), progress)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			code := gongxin.CodeOf(err)
			g.reached(code != "FEED_UNREACHABLE" && code != "FEED_REFUSED")
			g.report(ctx, err)
			current = false
			g.pause(ctx, max(pause.next(), feed.RetryAfter(err)))
		default:
			g.reached(true)
			pause = backoff{}
			if !progress && current && time.Since(began) < idlePause {
				sleep(ctx, idlePause) // a source that does not wait
			}
			current = !progress
		}
	}
}

// step asks the source once and applies what it gives; progress says that there
// may be more. Only a follower that is current waits for the next change.
func (g *Gate) step(ctx context.Context, current bool) (progress bool, err error) {
	if f := g.fork.Load(); f != nil {
		return false, f.fault()
	}
	g.following.Lock()
	at, empty := g.state.at, g.state.at.Head.At.IsZero() || g.state.lost
	g.following.Unlock()
	if g.broken.Load() != nil {
		return g.heal(ctx, nil)
	}
	if empty {
		switch err := g.fetchAnew(ctx); {
		case err == nil:
			return true, nil
		case gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT":
			return false, g.weigh(ctx, err)
		}
	}
	var wait time.Duration
	if current {
		wait = max(time.Second, min(longestPoll, g.config.MaxAge/4))
	}
	c, err := g.config.Source.Changes(ctx, at.Tree.Size(), wait)
	code := gongxin.CodeOf(err)
	if err != nil && code != "FEED_GAP" {
		return false, err
	}
	if err == nil {
		err = g.apply(ctx, c)
		code = gongxin.CodeOf(err)
	}
	switch {
	case err != nil && damage(err):
		return g.heal(ctx, err)
	case code == "FEED_GAP" && c.Checkpoint == nil, // the source has nothing from so long ago any more
		code == "FEED_COMMITMENT", code == "FEED_HISTORY", code == "FEED_COUNT", code == "FEED_DIGEST":
		// A body that was erased meanwhile, or a copy that is not what it was: the
		// snapshot helps, if it can be verified.
		if anew := g.fetchAnew(ctx); anew != nil {
			return false, g.weigh(ctx, errors.Join(err, anew))
		}
		if g.Position().Tree.Size() <= at.Tree.Size() {
			return false, err // no newer than before: do not ask again at once
		}
		g.report(ctx, err)
		return true, nil
	case err != nil:
		return false, g.weigh(ctx, err)
	}
	return len(c.Records) > 0, nil
}

// heal fetches the list anew because a piece of it could not be read, which cause says
// if nothing has yet. Where the source has no snapshot it begins from the beginning.
// The old list answers meanwhile, and refers whomever that piece concerns.
func (g *Gate) heal(ctx context.Context, cause error) (progress bool, err error) {
	if cause != nil {
		g.noteDamage(ctx, cause)
	}
	err = g.fetchAnew(ctx)
	if gongxin.CodeOf(err) == "FEED_NO_SNAPSHOT" {
		err = g.beginAgain(context.WithoutCancel(ctx))
	}
	if again := g.broken.Load(); err == nil && again != nil { // what was fetched is damaged as well: not once more at once
		err = g.damaged(*again)
	}
	if err != nil {
		return false, g.weigh(ctx, err)
	}
	return true, nil
}

// noteDamage reports that a piece of the list could not be read, and lets whoever
// follows fetch it anew.
func (g *Gate) noteDamage(ctx context.Context, err error) {
	if g.broken.Swap(&err) == nil {
		g.report(ctx, g.damaged(err))
		g.wakeFollowing()
	}
}

// damaged says that the list is, and of what.
func (g *Gate) damaged(what error) error {
	return fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_STATE_CORRUPT", filepath.Join(g.config.Dir, listDir), what), what)
}

// weigh does what an error of following asks for beside being tried again: a fork
// ends it, and what is abnormal is shown with its numbers.
func (g *Gate) weigh(ctx context.Context, err error) error {
	var fork *feed.Fork
	if errors.As(err, &fork) {
		g.following.Lock()
		defer g.following.Unlock()
		return errors.Join(err, g.forked(context.WithoutCancel(ctx), fork))
	}
	if gongxin.CodeOf(err) == "FEED_ABNORMAL" {
		g.noteAbnormal(err)
	}
	return err
}

// apply verifies c and carries it out: the state first, durably; then the
// restrictions of listings that ended; then the index that answers come from. A
// reader that sees the new sequence sees restrictions lifted that ended with it.
func (g *Gate) apply(ctx context.Context, c feed.Changes) error {
	g.following.Lock()
	defer g.following.Unlock()
	follower, err := g.guarded()
	if err != nil {
		return err
	}
	if g.state.lost {
		return gongxin.Unavailable("GATE_STATE_CORRUPT", filepath.Join(g.config.Dir, listDir), "another list was to take its place")
	}
	before := rowsOf(g.state.list.View().Get)
	before.ahead(c.Records)
	next, changes, err := follower.Advance(g.state.at, before, c)
	if before.fault != nil {
		return fmt.Errorf("read the list: %w", before.fault)
	}
	if since := g.known(); err == nil && since.Head.Size > g.state.at.Head.Size { // its list was lost, and is on the way back
		next, err = since.Regained(g.state.at, next, c)
		if err == nil && since.Head.Size > next.Head.Size && len(c.Records) == 0 { // complete by the source's word
			err = gongxin.Conflict("FEED_ROLLBACK", since.Head.Size, next.Head.Size)
		}
	}
	if err != nil {
		return errors.Join(err, g.keepEvidence(c, err))
	}
	if len(c.Records) == 0 {
		if err := g.loaded(ctx); err != nil {
			return err
		}
	}
	if next == g.state.at {
		return nil
	}
	d, err := reduce(changes, g.state.list.Entry, before.row)
	if err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	if next.Keys != g.state.at.Keys {
		g.remembered = time.Time{} // note it beside the outcomes at once: a list fetched anew is verified by it
	}
	step, err := g.state.write(d, next)
	if err != nil {
		return err
	}
	g.takeOver(context.WithoutCancel(ctx), d, step)
	if len(changes) > 0 {
		g.abnormal.Store(nil)
		if err := g.confirm(next); err != nil {
			g.report(ctx, err) // the list is applied all the same
		}
		g.config.Log.InfoContext(ctx, "list followed", "sequence", next.Head.Size, "listings", next.Head.Count)
	}
	return nil
}

// takeOver makes d, which is durable, what answers come from, and ends the
// restrictions that do not stand with it.
func (g *Gate) takeOver(ctx context.Context, d difference, step *screen.Step) {
	now := map[gongxin.ListingID]standing{}
	for i, r := range d.put {
		if d.was[i] || g.outcomes.concerns(r.Listing) { // else nothing stands on its account
			now[r.Listing] = standing{in: true, since: r.Since, whose: r.Whose, until: r.Until, who: g.persons.of(r.Entry)}
		}
	}
	for _, l := range d.gone {
		now[l.id] = standing{why: endedBy[l.kind], whose: l.whose, who: g.persons.of(l.last)}
	}
	ended, err, size := 0, error(nil), g.state.at.Head.Size
	g.watched.ended(ctx, d.gone, size)
	if len(now) > 0 {
		ended, err = g.outcomes.settle(ctx, now, size, gongxin.Millis(g.config.Now()))
	}
	if noting := g.note(g.known()); noting != nil {
		g.report(ctx, noting)
	}
	g.show(step.View(), g.state.at)
	step.Publish()
	g.watched.changed(ctx, d)
	g.differChanged(ctx, d)
	g.ended(ctx, ended, size)
	if err != nil {
		g.unlifted = true // nobody is restricted anew; the record follows as soon as the disk lets it
		g.report(ctx, fmt.Errorf("lift restrictions: %w", err))
	}
}

// compactLong writes the list anew when its log is longer than long bytes and an eighth of
// what it follows on, so that a restart reads it in seconds; than half of it while the gate
// catches up, because to write all is to catch up later. The caller holds g.following.
func (g *Gate) compactLong(long int64, behind bool) error {
	log, base := g.state.list.Changes()
	share := base / 8
	if behind {
		share = base / 2
	}
	if log <= max(long, share) {
		return nil
	}
	return g.compact()
}

// compact writes the list anew. Answers go on meanwhile. The caller holds g.following.
func (g *Gate) compact() error {
	if g.state.lost {
		return nil
	}
	err := g.state.list.CompactAnd(func(list *screen.View) { g.show(list, g.state.at) })
	if err != nil {
		return fmt.Errorf("write the list anew: %w", err)
	}
	return nil
}

// ended tells that n restrictions ended, lifted or kept on.
func (g *Gate) ended(ctx context.Context, n int, sequence uint64) {
	if n > 0 {
		g.config.Log.InfoContext(ctx, "restrictions ended", "restrictions", n, "sequence", sequence)
		g.wakeDelivery()
	}
}

// settle does what is due beside the changes: lifts that failed, restrictions
// whose term has passed, kept ones whose end has, and noting the position. behind says
// that there are more changes, as far as is known.
func (g *Gate) settle(ctx context.Context, behind bool) {
	g.following.Lock()
	defer g.following.Unlock()
	if g.unlifted {
		if err := g.reconcile(ctx, g.state.list.View(), g.state.at); err != nil {
			g.report(ctx, fmt.Errorf("lift restrictions: %w", err))
		} else {
			g.unlifted = false
		}
	}
	if g.unkept != nil {
		if err := g.keepFork(ctx, *g.unkept); err != nil {
			g.report(ctx, err)
		} else {
			g.unkept = nil
		}
	}
	if err := errors.Join(g.watched.settle(ctx), g.differSettle(ctx)); err != nil {
		g.report(ctx, err)
	}
	now := gongxin.Millis(g.config.Now())
	passed, err := g.outcomes.settleDue(ctx, g.state.at.Head.Size, now)
	g.ended(ctx, passed, g.state.at.Head.Size)
	if err == nil && (now.Sub(g.remembered) >= rememberEvery || now.Before(g.remembered)) {
		if err = g.remember(ctx); err == nil {
			g.remembered = now
		}
	}
	if err == nil {
		err = g.erase(ctx)
	}
	if err == nil {
		err = g.compactLong(longLog, behind)
	}
	if err != nil {
		g.report(ctx, err)
	}
}

// maxEvidence bounds how many files are kept of what was refused.
const maxEvidence = 32

// keepEvidence keeps the bytes of an answer that contradicts what was verified
// before, or was signed by somebody else, for showing to the provincial centre.
func (g *Gate) keepEvidence(c feed.Changes, why error) error {
	code := gongxin.CodeOf(why)
	switch code {
	case "FEED_GAP", "FEED_WITNESS", "FEED_ABNORMAL": // contradicts nothing
		return nil
	case "FEED_FORK": // its proof is kept in a form that anybody can check
		return nil
	}
	if !strings.HasPrefix(code, "FEED_") {
		return nil
	}
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	dir := filepath.Join(g.config.Dir, evidenceDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	path := filepath.Join(dir, fmt.Sprintf("%s-%d-%x.changes", code, c.After, sum[:8]))
	if _, err := os.Stat(path); err == nil {
		return nil // the same again
	}
	if kept, err := os.ReadDir(dir); err != nil || len(kept) >= maxEvidence {
		return err
	}
	if err := durable.Replace(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	g.config.Log.Error("evidence kept", "code", code, "file", path)
	return nil
}

// A backoff gives growing pauses with jitter, so that gates do not come back all at once.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(firstPause, 2*b.last), longestPause)
	return b.last/2 + rand.N(b.last/2)
}

// pause waits for d, until ctx ends, or until an officer has decided something.
func (g *Gate) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-g.ordered:
	}
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

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
	"gongxin/feed"
	"gongxin/screen"
)

const (
	longestPoll   = 25 * time.Second
	firstPause    = 250 * time.Millisecond
	longestPause  = 30 * time.Second
	idlePause     = 500 * time.Millisecond // after an answer that brought nothing although a wait was asked for
	forkedPause   = 5 * time.Second        // between looks at what is due while nothing is followed
	rememberEvery = time.Minute
	newSuffix     = ".new" // a list that is being fetched anew
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
			g.settle(context.WithoutCancel(ctx))
			g.pause(ctx, forkedPause)
			continue
		}
		began := time.Now() // of a pause between requests, not of any rule
		progress, err := g.step(ctx, current)
		g.settle(context.WithoutCancel(ctx))
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
	at, empty := g.state.at, g.state.at.Head.At.IsZero() || g.state.closed
	g.following.Unlock()
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
	case code == "FEED_GAP" && c.Checkpoint == nil, // the source has nothing from so long ago any more
		code == "FEED_COMMITMENT", code == "FEED_HISTORY", code == "FEED_COUNT", code == "FEED_DIGEST", err != nil && damage(err):
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
	file := &elements{ctx: ctx, query: g.state.db.QueryRowContext}
	next, changes, err := follower.Advance(g.state.at, file, c)
	if file.fault != nil {
		return fmt.Errorf("read state: %w", file.fault)
	}
	if err != nil {
		return errors.Join(err, g.keepEvidence(c, err))
	}
	if since := g.known().Head; since.Size > next.Head.Size && len(c.Records) == 0 {
		// Complete by the source's word and yet behind what was once verified.
		err := gongxin.Conflict("FEED_ROLLBACK", since.Size, next.Head.Size)
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
	d, err := reduce(changes, g.index.Entry, func(id gongxin.ListingID) (held, bool, error) { return known(id, g.index, file) })
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if next.Keys != g.state.at.Keys {
		g.remembered = time.Time{} // note it beside the outcomes at once: a list fetched anew is verified by it
	}
	if err := g.state.write(context.WithoutCancel(ctx), d, next); err != nil {
		return err
	}
	g.takeOver(context.WithoutCancel(ctx), d, next)
	if len(changes) > 0 {
		g.abnormal.Store(nil)
		if err := g.confirm(next); err != nil {
			g.report(ctx, err) // the list is applied all the same
		}
		g.config.Log.InfoContext(ctx, "list followed", "sequence", next.Head.Size, "listings", next.Head.Count)
	}
	return nil
}

// known returns how the listing id stands before changes: as index and file hold it.
func known(id gongxin.ListingID, index *screen.Memory, file *elements) (h held, ok bool, err error) {
	hit, ok := index.Get(id)
	if ok {
		h.entry = hit.Entry
		h.since, h.whose, err = file.standing(id)
	}
	return h, ok, err
}

// takeOver makes d, which is durable, what answers come from, and ends the
// restrictions that do not stand with it.
func (g *Gate) takeOver(ctx context.Context, d difference, next feed.Position) {
	now := map[gongxin.ListingID]standing{}
	for _, h := range d.put {
		if _, ok := g.index.Get(h.id); ok { // else nothing is open on its account
			now[h.id] = standing{in: true, since: h.since, whose: h.whose, until: h.entry.Until}
		}
	}
	for _, l := range d.gone {
		now[l.id] = standing{why: endedBy[l.kind], whose: l.whose}
	}
	g.watched.ended(ctx, d.gone, next.Head.Size)
	g.mu.Lock()
	ended, err := 0, error(nil)
	if len(now) > 0 {
		ended, err = g.outcomes.settle(ctx, now, next.Head.Size, gongxin.Millis(g.config.Now()))
	}
	for _, h := range d.put {
		g.index.Put(h.id, h.entry)
	}
	for _, l := range d.gone {
		g.index.Remove(l.id)
	}
	g.view = g.viewOf(next)
	g.mu.Unlock()
	g.watched.changed(ctx, d)
	g.differChanged(ctx, d)
	g.ended(ctx, ended, next.Head.Size)
	if err != nil {
		g.unlifted = true // nobody is restricted anew; the record follows as soon as the disk lets it
		g.report(ctx, fmt.Errorf("lift restrictions: %w", err))
	}
}

// ended tells that n restrictions ended, lifted or kept on.
func (g *Gate) ended(ctx context.Context, n int, sequence uint64) {
	if n > 0 {
		g.config.Log.InfoContext(ctx, "restrictions ended", "restrictions", n, "sequence", sequence)
		g.wakeDelivery()
	}
}

// settle does what is due beside the changes: lifts that failed, restrictions
// whose term has passed, kept ones whose end has, and noting the position.
func (g *Gate) settle(ctx context.Context) {
	g.following.Lock()
	defer g.following.Unlock()
	if g.unlifted {
		if err := g.reconcile(ctx); err != nil {
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
	if err != nil {
		g.report(ctx, err)
	}
}

// An anew keeps a list that is being fetched as a whole.
type anew struct {
	elements
	write func(difference) error
	index *screen.Memory
	old   *screen.Memory // the list before, for telling that a listing is another person's now
}

// Apply takes a part of it.
func (a *anew) Apply(changes []feed.Change) error {
	d, err := reduce(changes, a.index.Entry, a.known)
	if err != nil {
		return err
	}
	if err := a.write(d); err != nil {
		return err
	}
	for _, h := range d.put {
		a.index.Put(h.id, h.entry)
	}
	for _, l := range d.gone {
		a.index.Remove(l.id)
	}
	return a.fault
}

func (a *anew) known(id gongxin.ListingID) (held, bool, error) {
	h, ok, err := known(id, a.index, &a.elements)
	if hit, was := a.old.Get(id); err == nil && !ok && was {
		return held{entry: hit.Entry}, true, nil
	}
	return h, ok, err
}

// fetchAnew fetches the list as a snapshot into a file of its own and, once all
// of it is verified, lets that take the place of the present one. Until then, and
// if it fails, nothing changes.
func (g *Gate) fetchAnew(ctx context.Context) (err error) {
	g.following.Lock()
	defer g.following.Unlock()
	path := filepath.Join(g.config.Dir, stateFile)
	if err := removeFile(path + newSuffix); err != nil {
		return fmt.Errorf("fetch the list: %w", err)
	}
	fresh, index, err := openState(ctx, path+newSuffix, g.key, g.config.VerifierKey)
	if err != nil {
		return fmt.Errorf("fetch the list: %w", err)
	}
	at, err := g.fill(ctx, fresh, index)
	if closing := fresh.db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return errors.Join(err, removeFile(path+newSuffix))
	}
	return g.replace(context.WithoutCancel(ctx), index, at)
}

// fill writes a snapshot and what follows it into fresh, in one transaction.
func (g *Gate) fill(ctx context.Context, fresh *state, index *screen.Memory) (feed.Position, error) {
	tx, err := fresh.db.BeginTx(ctx, nil)
	if err != nil {
		return feed.Position{}, fmt.Errorf("fetch the list: %w", err)
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	into := &anew{elements: elements{ctx: ctx, query: tx.QueryRowContext}, index: index, old: g.index,
		write: func(d difference) error { return fresh.writeRows(ctx, tx, d) }}
	at, err := feed.Bootstrap(ctx, g.config.Source, g.follower, g.known(), into)
	if err == nil {
		err = into.fault
	}
	if err == nil {
		err = fresh.writePosition(ctx, tx, at)
	}
	if err == nil {
		err = tx.Commit()
	}
	return at, err
}

// replace lets the new file take the place of the present one. What is left of
// the old one goes first, lest its write-ahead log be taken for the new one's.
func (g *Gate) replace(ctx context.Context, index *screen.Memory, at feed.Position) error {
	path := filepath.Join(g.config.Dir, stateFile)
	if !g.state.closed {
		if err := g.state.db.Close(); err != nil {
			g.config.Log.WarnContext(ctx, "the old list was not closed in order", "err", err)
		}
		g.state.closed = true // until the new one is open, another fetch is the way on
	}
	err := removeBeside(path)
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err == nil {
		err = syncDir(g.config.Dir)
	}
	if err == nil {
		g.state, err = attachState(ctx, path, g.state, at)
	}
	if err != nil {
		return fmt.Errorf("replace the list: %w", err)
	}
	g.abnormal.Store(nil)
	if at.Head.At.IsZero() { // a beginning: who is restricted stays so until a list is there
		g.setView(index, at)
		return nil
	}
	g.loading = false
	g.watched.refetched()
	g.undiffered = true
	g.mu.Lock() // so that no answer is given before what has ended is lifted
	g.index, g.view = index, g.viewOf(at)
	err = g.reconcile(ctx)
	g.mu.Unlock()
	if err != nil {
		g.unlifted = true
		g.report(ctx, fmt.Errorf("lift restrictions: %w", err))
	}
	if err := errors.Join(g.forgetLoading(), g.confirm(at)); err != nil {
		g.report(ctx, err) // the list is applied all the same
	}
	g.config.Log.InfoContext(ctx, "list fetched", "sequence", at.Head.Size, "listings", at.Head.Count)
	return nil
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
	if err := writeFile(path, b.Bytes()); err != nil {
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

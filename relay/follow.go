package relay

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/ledger"
)

const (
	longestPoll  = 25 * time.Second
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	idlePause    = 500 * time.Millisecond // after an answer that brought nothing although a wait was asked for
	fetching     = ".fetching-"           // a snapshot on its way
	maxForks     = 32                     // of which evidence is kept
)

// follow verifies what is in the directory, and then goes on from there.
func (r *Relay) follow(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Log.ErrorContext(ctx, "the relay's own files cannot be used, all is fetched again", "err", err)
		if err := r.shelf.empty(); err != nil {
			return err
		}
		r.at, r.force = feed.Position{}, force{}
	}
	var pause time.Duration
	current := false
	for ctx.Err() == nil {
		began := time.Now() // of a pause between requests, not of any rule
		progress, err := r.step(ctx, current)
		if ctx.Err() != nil {
			break
		}
		r.reached(ctx, err)
		r.keepEvidence(ctx, err)
		if err != nil {
			current = false
			pause = min(max(firstPause, 2*pause), longestPause)
			sleep(ctx, max(pause/2+rand.N(pause/2), feed.RetryAfter(err)))
			continue
		}
		pause = 0
		if !progress && current && time.Since(began) < idlePause {
			sleep(ctx, idlePause) // a hub that does not wait
		}
		if current = !progress; current {
			r.wakeSnapshots()
		}
	}
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// load verifies what the directory holds, as if it came from anywhere else, and
// serves it.
func (r *Relay) load(ctx context.Context) error {
	r.since = r.readPosition(ctx)
	checkpoint, err := r.shelf.checkpoint()
	if err != nil || checkpoint == nil {
		return err
	}
	size, err := feed.Published(r.Dir)
	if err != nil {
		return err
	}
	if err := r.shelf.cut(size); err != nil {
		return err
	}
	at, err := feed.Bootstrap(ctx, r.shelf, r.follower, r.since, keeper{r: r, into: r.force})
	if gongxin.CodeOf(err) == "FEED_KEY" { // a snapshot from before the hub changed its key
		r.force = force{}
		at, err = feed.Bootstrap(ctx, r.shelf, r.follower, feed.Position{}, keeper{r: r, into: r.force})
	}
	switch {
	case err == nil:
		r.noteSnapshot(ledger.Hash(r.shelf.sum.Sum(nil)))
	case gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT":
		return err
	}
	for more := true; more; {
		c, err := r.shelf.Changes(ctx, at.Tree.Size(), 0)
		if err != nil {
			return err
		}
		next, changes, err := r.follower.Advance(at, r.force, c)
		if err != nil {
			return err
		}
		if err := (keeper{r: r, into: r.force}).Apply(changes); err != nil {
			return err
		}
		at, more = next, len(changes) > 0
	}
	r.at = at
	r.serveFrom(at, checkpoint)
	r.Log.InfoContext(ctx, "the relay's own files are verified", "sequence", at.Head.Size, "listings", at.Head.Count)
	return nil
}

// step asks the hub once and keeps what it gives; progress says that there may be more.
func (r *Relay) step(ctx context.Context, current bool) (progress bool, err error) {
	if r.at.Head.At.IsZero() {
		switch err := r.bootstrap(ctx); {
		case err == nil:
			return true, nil
		case gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT":
			return false, err
		}
	}
	var wait time.Duration
	if current {
		wait = longestPoll
	}
	c, err := r.Hub.Changes(ctx, r.at.Tree.Size(), wait)
	if err != nil {
		return false, err
	}
	next, changes, err := r.follower.Advance(r.at, r.force, c)
	if err == nil && r.since.Head.Size > r.at.Head.Size { // its files were lost, and are on the way back
		next, err = r.since.Regained(r.at, next, c)
	}
	switch code := gongxin.CodeOf(err); {
	case code == "FEED_COMMITMENT", code == "FEED_HISTORY", code == "FEED_COUNT", code == "FEED_DIGEST":
		// So far behind that bodies were erased meanwhile: the snapshot helps.
		size := r.at.Tree.Size()
		if anew := r.bootstrap(ctx); anew != nil {
			return false, errors.Join(err, anew)
		}
		if r.at.Tree.Size() <= size {
			return false, err
		}
		return true, nil
	case err != nil:
		return false, err
	case len(changes) == 0 && next.Head.Size < r.since.Head.Size:
		return false, gongxin.Conflict("FEED_ROLLBACK", r.since.Head.Size, next.Head.Size)
	case next == r.at:
		return false, nil
	}
	if err := r.shelf.add(c); err != nil {
		return false, fmt.Errorf("keep changes: %w", err)
	}
	if err := r.keepPosition(next); err != nil {
		return false, err
	}
	if err := (keeper{r: r, into: r.force}).Apply(changes); err != nil {
		return false, err
	}
	r.at = next
	r.serveFrom(next, c.Checkpoint)
	return len(changes) > 0, nil
}

// positionFile holds the position, for what the files of the feed do not say: the
// key in force, and which checkpoints were seen.
const positionFile = "position"

func (r *Relay) readPosition(ctx context.Context) (at feed.Position) {
	b, err := os.ReadFile(filepath.Join(r.Dir, positionFile))
	if err == nil {
		err = at.UnmarshalBinary(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Log.WarnContext(ctx, "the relay's position cannot be read, it begins with the key that it was given", "err", err)
		return feed.Position{}
	}
	return at
}

func (r *Relay) keepPosition(at feed.Position) error {
	b, err := at.MarshalBinary()
	if err == nil {
		err = durable.Replace(filepath.Join(r.Dir, positionFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep position: %w", err)
	}
	return nil
}

// keepEvidence keeps the proof that the hub signed what cannot both be true. The
// relay stops there, so its gates do not hear of it otherwise.
func (r *Relay) keepEvidence(ctx context.Context, err error) {
	var fork *feed.Fork
	if !errors.As(err, &fork) {
		return
	}
	text := fork.Evidence()
	path := filepath.Join(r.Dir, fmt.Sprintf("fork-%.8x.txt", sha256.Sum256([]byte(text))))
	if _, err := os.Stat(path); err == nil {
		return
	}
	if forks, err := filepath.Glob(filepath.Join(r.Dir, "fork-*")); err != nil || len(forks) >= maxForks {
		return
	}
	if err := durable.Replace(path, []byte(text), 0o600); err != nil {
		r.Log.ErrorContext(ctx, "the evidence of a fork cannot be kept", "err", err)
		return
	}
	r.Log.ErrorContext(ctx, "the hub signed what cannot both be true, evidence kept", "file", path)
}

// A keeper takes verified changes into what is in force, and notes which snapshot
// the ledger commits to. With from it keeps the files that they came in as well.
type keeper struct {
	r    *Relay
	into force
	from *fetch
}

func (k keeper) Element(id gongxin.ListingID) (ledger.Digest, bool) { return k.into.Element(id) }

// Apply makes keeper a feed.Keeper.
func (k keeper) Apply(changes []feed.Change) error {
	for _, c := range changes {
		if c.Event.Kind != gongxin.SnapshotMade {
			continue
		}
		l, err := ledger.ParseLeaf(c.Leaf)
		if err != nil {
			return err
		}
		k.r.mu.Lock()
		k.r.wanted = l.Commitments[k.r.follower.Audience]
		k.r.mu.Unlock()
	}
	if k.from != nil && k.from.last.Checkpoint != nil {
		if err := k.r.shelf.add(k.from.last); err != nil {
			return fmt.Errorf("keep changes: %w", err)
		}
		k.from.checkpoint, k.from.last = k.from.last.Checkpoint, feed.Changes{}
	}
	return k.into.Apply(changes)
}

// A fetch is the hub as a source for a bootstrap: the snapshot goes into a file on
// its way, and the changes wait in last until they are verified.
type fetch struct {
	hub        feed.Source
	file       *os.File
	sum        hash.Hash
	begin      uint64 // the size of the snapshot
	begun      bool
	last       feed.Changes
	checkpoint []byte // of the changes that were kept last
}

// Snapshot makes fetch a feed.Source.
func (f *fetch) Snapshot(ctx context.Context) (io.ReadCloser, error) {
	body, err := f.hub.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, io.MultiWriter(f.file, f.sum)), body}, nil
}

// Changes makes fetch a feed.Source.
func (f *fetch) Changes(ctx context.Context, after uint64, wait time.Duration) (c feed.Changes, err error) {
	if !f.begun {
		f.begin, f.begun = after, true
	}
	f.last, err = f.hub.Changes(ctx, after, wait)
	return f.last, err
}

// bootstrap fetches the list as a snapshot, with the changes since, and lets it
// take the place of what is here. Error: FEED_NO_SNAPSHOT, or that of feed.Bootstrap.
func (r *Relay) bootstrap(ctx context.Context) (err error) {
	file, err := os.CreateTemp(r.Dir, fetching+"*")
	if err != nil {
		return fmt.Errorf("fetch the list: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close() // feed.PublishSnapshot makes a copy durable
	since := r.since
	if r.at.Head.Size >= since.Head.Size {
		since = r.at
	}
	from := &fetch{hub: r.Hub, file: file, sum: sha256.New()}
	fresh := force{}
	at, err := feed.Bootstrap(ctx, from, r.follower, since, keeper{r: r, into: fresh, from: from})
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("fetch the list: %w", err)
	}
	if err := r.shelf.keep(from.begin, file); err != nil {
		return err
	}
	if err := r.shelf.drop(from.begin); err != nil { // no gate can go on from there without a gap
		return err
	}
	if err := r.keepPosition(at); err != nil {
		return err
	}
	r.at, r.force = at, fresh
	r.noteSnapshot(ledger.Hash(from.sum.Sum(nil)))
	r.serveFrom(at, from.checkpoint)
	r.Log.InfoContext(ctx, "list fetched", "sequence", at.Head.Size, "listings", at.Head.Count)
	return nil
}

func (r *Relay) noteSnapshot(file ledger.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot = file
}

func (r *Relay) wakeSnapshots() {
	select {
	case r.wake <- struct{}{}:
	default: // awake already
	}
}

// keepSnapshots fetches each new snapshot beside the changes, which do not wait for
// it, until ctx ends.
func (r *Relay) keepSnapshots(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
			r.mu.Lock()
			wanted, here := r.wanted, r.snapshot
			r.mu.Unlock()
			if wanted == here || wanted == (ledger.Hash{}) {
				break
			}
			err := r.fetchSnapshot(ctx, wanted)
			if err == nil {
				r.noteSnapshot(wanted)
				break
			}
			if ctx.Err() == nil {
				r.Log.WarnContext(ctx, "the newest snapshot cannot be fetched yet", "code", gongxin.CodeOf(err), "err", err)
			}
			sleep(ctx, pause)
		}
	}
}

// fetchSnapshot fetches the snapshot with the hash wanted. The hub commits to one
// just before it offers it, so the one before may come: FEED_SNAPSHOT.
func (r *Relay) fetchSnapshot(ctx context.Context, wanted ledger.Hash) error {
	r.mu.Lock()
	key := r.key
	r.mu.Unlock()
	verifier, err := ledger.NewVerifier(key)
	if err != nil {
		return fmt.Errorf("fetch snapshot: %w", err)
	}
	file, err := os.CreateTemp(r.Dir, fetching+"*")
	if err != nil {
		return fmt.Errorf("fetch snapshot: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close() // feed.PublishSnapshot makes a copy durable
	body, err := r.Hub.Snapshot(ctx)
	if err != nil {
		return err
	}
	at, hash, err := feed.ReadSnapshot(io.TeeReader(body, file), feed.Follower{Verifier: verifier, Audience: r.follower.Audience}, func(feed.Change) error { return nil })
	if closing := body.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return err
	case hash != wanted:
		return gongxin.Conflict("FEED_SNAPSHOT", "not the newest in the ledger")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("fetch snapshot: %w", err)
	}
	if err := r.shelf.keep(at.Tree.Size(), file); err != nil {
		return err
	}
	r.Log.InfoContext(ctx, "snapshot kept", "sequence", at.Tree.Size())
	return nil
}

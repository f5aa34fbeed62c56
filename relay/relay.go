package relay

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

// Config is what a Relay is made of. Dir, Hub, VerifierKey, Tokens and Now are needed.
type Config struct {
	Dir         string // of the feed's files; made if missing
	Hub         feed.HTTPSource
	VerifierKey string // of the hub
	Tokens      *Tokens
	MaxRequests int   // of gates at once, those that wait included; 4096 if zero
	MaxPerGate  int   // with one token; 32 if zero
	TileBytes   int64 // of tiles kept; 1 GiB if zero
	Now         func() time.Time
	Log         *slog.Logger

	rangeChanges uint64 // changes in a closed range; smaller in tests
}

// A Relay follows one hub and serves what it gave. Make it with Open, let Run
// work, serve Handler.
type Relay struct {
	Config
	follower feed.Follower
	shelf    *shelf
	tiles    *tiles
	requests requests
	older    singleflight.Group
	asking   chan struct{} // holds a token for each request to the hub on behalf of a gate

	// Of the one goroutine that follows.
	at    feed.Position
	since feed.Position // how far it was in an earlier life: its keys and what it saw signed count on
	force force

	wake chan struct{} // holds a token if another snapshot may be there

	mu       sync.Mutex
	tip      *tip // nil until the relay has something to serve
	hub      upstream
	key      string      // of the hub at the tip
	wanted   ledger.Hash // the newest snapshot, as the ledger commits to it
	snapshot ledger.Hash // the one that is kept
}

// A tip is the newest that the relay can serve, and the answers made of it.
type tip struct {
	size       uint64
	at         time.Time
	checkpoint []byte
	next       chan struct{} // closed once there is a newer one

	mu      sync.Mutex
	answers map[uint64]*answer
}

// upstream tells how the hub is reached.
type upstream struct {
	code  string    // of the error; "" while all is well, "-" before the first answer
	since time.Time // it has been so
}

// force is what is in force, as feed.Bootstrap and Advance ask for it: about 100
// bytes a listing.
type force map[gongxin.ListingID]ledger.Digest

// Element makes force a feed.Held.
func (f force) Element(id gongxin.ListingID) (ledger.Digest, bool) {
	e, ok := f[id]
	return e, ok
}

// Apply makes force a feed.Keeper.
func (f force) Apply(changes []feed.Change) error {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			f[c.Event.Listing] = c.Element
		case gongxin.ForceLeaves:
			delete(f, c.Event.Listing)
		}
	}
	return nil
}

// Open checks c and opens its directory, which no other relay uses. Error: RELAY_CONFIG.
func Open(c Config) (*Relay, error) {
	if c.Dir == "" || c.Hub.URL == "" || c.Tokens == nil || c.Now == nil {
		return nil, gongxin.Invalid("RELAY_CONFIG", "dir, hub, tokens, clock")
	}
	verifier, err := ledger.NewVerifier(c.VerifierKey)
	if err != nil {
		return nil, errors.Join(gongxin.Invalid("RELAY_CONFIG", "verifier key"), err)
	}
	if c.MaxRequests <= 0 {
		c.MaxRequests = 4096
	}
	if c.MaxPerGate <= 0 {
		c.MaxPerGate = 32
	}
	if c.TileBytes <= 0 {
		c.TileBytes = 1 << 30
	}
	if c.rangeChanges == 0 {
		c.rangeChanges = rangeChanges
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s, err := openShelf(c.Dir, c.rangeChanges)
	if err != nil {
		return nil, err
	}
	// What gates may fetch of the log they fetch from the hub through here.
	client := c.Hub.Client
	if client == nil {
		client = &http.Client{}
	}
	t, err := openTiles(c.Dir, c.TileBytes, c.Hub.URL, client)
	if err != nil {
		return nil, err
	}
	return &Relay{
		Config: c, follower: feed.Follower{Verifier: verifier, Audience: gongxin.AudiencePartner}, shelf: s, tiles: t,
		requests: requests{all: c.MaxRequests, each: c.MaxPerGate, of: map[string]int{}}, asking: make(chan struct{}, maxAsking),
		force: force{}, wake: make(chan struct{}, 1), hub: upstream{code: "-", since: c.Now()},
	}, nil
}

// Run verifies what the directory holds and follows the hub until ctx ends. What
// goes wrong is logged, shown by GET /healthz and tried again with growing pauses.
func (r *Relay) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.follow(ctx) })
	g.Go(func() error { r.keepSnapshots(ctx); return nil })
	return g.Wait()
}

// newest returns the tip, nil before there is one.
func (r *Relay) newest() *tip {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tip
}

// serveFrom makes the position and its checkpoint the tip, and wakes all who wait.
func (r *Relay) serveFrom(at feed.Position, checkpoint []byte) {
	fresh := &tip{size: at.Tree.Size(), at: at.Head.At, checkpoint: checkpoint, next: make(chan struct{}), answers: map[uint64]*answer{}}
	r.mu.Lock()
	old := r.tip
	r.tip, r.key = fresh, r.follower.VerifierKey(at)
	r.mu.Unlock()
	if old != nil {
		close(old.next)
	}
}

// reached notes how the hub was reached, and logs it when that changes.
func (r *Relay) reached(ctx context.Context, err error) {
	code := ""
	if err != nil {
		if code = gongxin.CodeOf(err); code == "" {
			code = "RELAY_FAULT"
		}
	}
	r.mu.Lock()
	changed := r.hub.code != code
	if changed {
		r.hub = upstream{code, r.Now()}
	}
	r.mu.Unlock()
	switch {
	case changed && err != nil:
		r.Log.ErrorContext(ctx, "the hub cannot be followed, gates are served what is here", "code", code, "err", err)
	case changed:
		r.Log.InfoContext(ctx, "the hub is followed", "sequence", r.at.Tree.Size())
	}
}

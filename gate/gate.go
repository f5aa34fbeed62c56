package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
	"gongxin/screen"
)

const stateFile = "state.db"

// A Gate is a department's instance.
type Gate struct {
	config   Config
	follower feed.Follower
	key      screen.Key
	persons  personMarker
	signs    *ledger.ReceiptKey
	outcomes *outcomes
	subjects subjectMarker
	watched  watchlist
	randomMu sync.Mutex

	mu    sync.RWMutex // index and view are of one sequence
	index *screen.Memory
	view  view

	following  sync.Mutex // holds state: whoever follows, and Close
	state      *state
	unlifted   bool      // a lift failed after the list had moved on: reconcile again
	undiffered bool      // what is remembered has to be held against the list again
	remembered time.Time // when the newest position was last noted in outcomes.db
	loading    bool      // a first list is fetched step by step
	swept      sweep     // what is over is erased from the record
	unkept     *act      // a fork that was seen, and its proof is not on disk yet

	fork     atomic.Pointer[act]      // that nobody has acknowledged
	abnormal atomic.Pointer[Abnormal] // that nobody has approved or accepted

	deliver chan struct{}           // wakes delivery
	calls   chan struct{}           // wakes the webhook's caller
	ordered chan struct{}           // wakes whoever follows
	noting  chan struct{}           // wakes the writer of the file of alerts
	due     atomic.Pointer[Receipt] // the newest receipt that the hub has not taken

	statusMu  sync.Mutex
	lastError *Fault
	hookFault *Fault
	reachable bool
}

// A Fault is the latest thing that went wrong while following or reporting.
type Fault struct {
	At   time.Time `json:"at"`
	Code string    `json:"code"`
	gongxin.Text
}

// Open opens the gate in c.Dir, made if missing, and checks everything that it
// holds. A damaged copy of the list is put aside and will be fetched again: until
// then the gate refers. Errors: GATE_CONFIG, GATE_IN_USE, GATE_OTHER_HUB,
// GATE_OUTCOMES_CORRUPT, GATE_RECEIPT_KEY.
func Open(c Config) (*Gate, error) {
	verifier, err := c.check()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open gate: %w", err)
	}
	ctx := context.Background()
	out, err := openOutcomes(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	out.hooked, out.noted = c.Webhook.URL != "", c.Alerts != ""
	g := &Gate{config: c, outcomes: out, deliver: make(chan struct{}, 1), calls: make(chan struct{}, 1), ordered: make(chan struct{}, 1), noting: make(chan struct{}, 1),
		follower: feed.Follower{Verifier: verifier, Audience: gongxin.AudiencePartner, Witnesses: c.Witnesses, Guard: *c.Guard}}
	if err := g.recallFork(ctx); err != nil { // before anything is answered
		return nil, errors.Join(err, out.close())
	}
	if err := g.openList(ctx); err != nil {
		return nil, errors.Join(err, out.close())
	}
	if err := g.takeOrders(ctx); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// openList opens key and state and lifts what must not be restricted any more.
func (g *Gate) openList(ctx context.Context) (err error) {
	if g.key, err = loadKey(g.config.Dir); err != nil {
		return err
	}
	g.persons = newPersonMarker(g.key)
	g.subjects = newSubjectMarker(g.key, g.persons)
	if g.signs, err = g.openReceiptKey(); err != nil {
		return err
	}
	path := filepath.Join(g.config.Dir, stateFile)
	if err := removeFile(path + newSuffix); err != nil { // of a fetch that was cut off
		return fmt.Errorf("open gate: %w", err)
	}
	s, index, err := openState(ctx, path, g.key, g.config.VerifierKey)
	switch {
	case gongxin.CodeOf(err) == "GATE_OTHER_HUB":
		return gongxin.Conflict("GATE_OTHER_HUB", g.config.Dir)
	case err != nil && damage(err):
		g.report(ctx, fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_STATE_CORRUPT", path, err), err))
		if s, index, err = g.startAfresh(ctx); err != nil {
			return err
		}
	case locked(err):
		return gongxin.Conflict("GATE_IN_USE", g.config.Dir)
	case err != nil:
		return fmt.Errorf("open %s: %w", path, err)
	}
	g.state = s
	g.setView(index, s.at)
	_, loading := os.Stat(filepath.Join(g.config.Dir, firstLoadFile))
	g.loading = loading == nil
	g.undiffered = true
	if err := g.openWatchlist(ctx); err != nil {
		return errors.Join(err, s.db.Close())
	}
	if s.at.Head.At.IsZero() {
		return nil // nothing is known yet: nothing can be lifted for having ended
	}
	err = g.reconcile(ctx)
	if err == nil {
		err = g.confirm(s.at)
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// startAfresh puts a damaged state aside and opens an empty one.
func (g *Gate) startAfresh(ctx context.Context) (*state, *screen.Memory, error) {
	path := filepath.Join(g.config.Dir, stateFile)
	aside := fmt.Sprintf("%s.damaged-%s", path, g.config.Now().UTC().Format(asideForm))
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, nil, fmt.Errorf("put the damaged state aside: %w", err)
		}
	}
	s, index, err := openState(ctx, path, g.key, g.config.VerifierKey)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, index, nil
}

// removeFile removes a database and what belongs to it, if they are there.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return removeBeside(path)
}

// removeBeside removes what belongs to a database that nobody has open.
func removeBeside(path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// setView swaps index and view for those of at.
func (g *Gate) setView(index *screen.Memory, at feed.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index, g.view = index, g.viewOf(at)
}

func (g *Gate) viewOf(at feed.Position) view {
	h, v := at.Head, view{hubKey: g.follower.VerifierKey(at)}
	if h.At.IsZero() {
		return v
	}
	v.sequence, v.asOf = h.Size, h.At
	if h.Size >= g.known().Head.Size { // else on the way back to where it was: older than what it knew
		v.freshUntil = h.At.Add(g.config.MaxAge)
	}
	return v
}

// reconcile ends every open restriction that does not stand with the list.
// One that was made at a later sequence than the gate is at now, before the list
// had to be fetched again, is left for the events in between to decide.
func (g *Gate) reconcile(ctx context.Context) error {
	if g.state.closed {
		return nil // another file is about to take its place
	}
	file := &elements{ctx: ctx, query: g.state.db.QueryRowContext}
	stands := func(id gongxin.ListingID) (standing, error) {
		h, in, err := known(id, g.index, file)
		return standing{in: in, since: h.since, whose: h.whose, until: h.entry.Until, who: g.persons.of(h.entry), why: endedSomehow}, err
	}
	n, err := g.outcomes.reconcile(ctx, stands, g.view.sequence, gongxin.Millis(g.config.Now()), g.loading)
	g.ended(ctx, n, g.view.sequence)
	return err
}

// Close writes down what is to be remembered and closes the files. Nothing else
// may be called afterwards; Run has returned before.
func (g *Gate) Close() error {
	g.following.Lock()
	defer g.following.Unlock()
	remembering := errors.Join(g.watched.done(context.Background()), g.remember(context.Background()))
	var closing error
	if !g.state.closed {
		closing = g.state.db.Close()
	}
	return errors.Join(remembering, closing, g.outcomes.close())
}

// remember notes the newest position beside the outcomes, so that a list that has
// to be fetched anew is never an older one.
func (g *Gate) remember(ctx context.Context) error {
	if g.state.at.Head.At.IsZero() {
		return nil
	}
	b, err := g.state.at.MarshalBinary()
	if err != nil {
		return fmt.Errorf("note the position: %w", err)
	}
	return g.outcomes.remember(ctx, b)
}

// known returns the newest position that this gate ever verified, as far as it remembers.
func (g *Gate) known() feed.Position {
	var p feed.Position
	if err := p.UnmarshalBinary(g.outcomes.head); err != nil || p.Head.Size <= g.state.at.Head.Size {
		return g.state.at
	}
	return p
}

// Position returns how far the gate has followed.
func (g *Gate) Position() feed.Position {
	g.following.Lock()
	defer g.following.Unlock()
	return g.state.at
}

// What a gate is about.
const (
	stateFollowing = "following"
	stateForked    = "forked"   // Status.Fork: waits for an officer
	stateAbnormal  = "abnormal" // Status.Abnormal: waits for the hub or an officer
)

// A Status says how the gate stands.
type Status struct {
	State            string    `json:"state"` // "following", "abnormal" or "forked"
	Department       string    `json:"department"`
	Gate             string    `json:"gate"`
	Sequence         uint64    `json:"sequence"`
	AsOf             time.Time `json:"as_of,omitzero"`       // of the last verified checkpoint
	FreshUntil       time.Time `json:"fresh_until,omitzero"` // after it the gate only refers
	Fresh            bool      `json:"fresh"`
	Listings         int       `json:"listings"` // in force
	RestrictionsOpen int       `json:"restrictions_open"`
	RestrictionsKept int       `json:"restrictions_kept"` // on, though their listing has ended (3.13)
	Lifted           int       `json:"lifted"`
	ReviewsOpen      int       `json:"reviews_open"`           // asked for and not answered (3.12)
	Watched          int       `json:"watched"`                // subjects held against the list as it changes (3.4, 3.5)
	WatchedLost      int       `json:"watched_lost,omitempty"` // of them under another key of this gate: hand them in again
	AlertsOpen       int       `json:"alerts_open"`            // about watched subjects whose listing is in force
	AlertsWaiting    int       `json:"alerts_waiting"`         // for an officer, open ones and closed ones
	Outbox           int       `json:"outbox"`                 // reports that the hub has not taken yet
	Refused          int       `json:"refused"`                // reports that the hub will not take
	LastError        *Fault    `json:"last_error,omitempty"`
	HubReachable     bool      `json:"hub_reachable"`
	ReceiptKey       string    `json:"receipt_key"` // public key with which this gate signs receipts
	HubKey           string    `json:"hub_key"`     // public key by which it takes checkpoints, after those that were replaced

	Fork     *ForkStatus    `json:"fork,omitempty"`
	Abnormal *Abnormal      `json:"abnormal,omitempty"`
	Webhook  *WebhookStatus `json:"webhook,omitempty"`
}

// Status tells how the gate stands now.
func (g *Gate) Status() Status {
	now := g.config.Now()
	g.mu.RLock()
	v, listings := g.view, g.index.Len()
	g.mu.RUnlock()
	counts := g.outcomes.tally()
	oldest, reading := time.Time{}, error(nil)
	if counts.calls > 0 {
		oldest, reading = g.outcomes.oldestCall(context.Background())
	}
	g.statusMu.Lock()
	defer g.statusMu.Unlock()
	s := Status{State: stateFollowing, Department: g.config.Department, Gate: g.config.Name, Sequence: v.sequence, AsOf: v.asOf, FreshUntil: v.freshUntil,
		Fresh: v.fresh(now), Listings: listings, RestrictionsOpen: counts.open, RestrictionsKept: counts.kept,
		Lifted: counts.lifted, ReviewsOpen: counts.reviews, Watched: counts.watched, WatchedLost: g.watched.away(), AlertsOpen: counts.alerts, AlertsWaiting: counts.unseen, Outbox: counts.waiting, Refused: counts.refused, LastError: g.lastError, HubReachable: g.reachable,
		ReceiptKey: g.signs.VerifierKey(), HubKey: v.hubKey, Abnormal: g.abnormal.Load()}
	if s.Abnormal != nil {
		s.State = stateAbnormal
	}
	if f := g.fork.Load(); f != nil {
		s.State, s.Fork = stateForked, &ForkStatus{Since: f.at, Size: f.size, Evidence: filepath.Join(evidenceDir, f.file)}
		s.LastError = g.faultOf(f.fault())
		s.LastError.At = f.at
	}
	if g.config.Webhook.URL != "" || counts.calls > 0 {
		s.Webhook = &WebhookStatus{Waiting: counts.calls, Since: oldest, Late: !oldest.IsZero() && now.Sub(oldest) > lateAfter, Fault: g.hookFault}
		if reading != nil {
			s.Webhook.Fault = g.faultOf(reading)
		}
	}
	return s
}

// faultOf tells err to people.
func (g *Gate) faultOf(err error) *Fault {
	f := &Fault{At: gongxin.Millis(g.config.Now()), Code: "GATE_FAULT", Text: text("GATE_FAULT")}
	var e *gongxin.Error
	if errors.As(err, &e) {
		f.Code, f.Text = e.Code, e.What()
	}
	return f
}

// report logs err and keeps it for Status.
func (g *Gate) report(ctx context.Context, err error) {
	f := g.faultOf(err)
	level := slog.LevelError
	if gongxin.KindOf(err) == gongxin.KindUnavailable {
		level = slog.LevelWarn
	}
	g.config.Log.Log(ctx, level, "gate is hindered", "gate", g.config.Name, "code", f.Code, "err", err)
	g.statusMu.Lock()
	defer g.statusMu.Unlock()
	g.lastError = f
}

// reached notes whether the source answered.
func (g *Gate) reached(ok bool) {
	g.statusMu.Lock()
	defer g.statusMu.Unlock()
	g.reachable = ok
	if ok {
		g.lastError = nil
	}
}

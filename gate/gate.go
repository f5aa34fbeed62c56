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

	view   atomic.Pointer[view]  // what answers come from; never nil once the gate is open
	broken atomic.Pointer[error] // why a piece of the list could not be read: it is fetched anew; nil if all could

	following  sync.Mutex // holds state: whoever follows, and Close
	state      *state
	earlier    *earlier    // the list of an earlier version, as long as none has taken its place
	unlifted   bool        // a lift failed after the list had moved on: reconcile again
	undiffered bool        // what is remembered has to be held against the list again
	remembered time.Time   // when the newest position was last noted in outcomes.db
	loading    atomic.Bool // a first list is fetched step by step
	swept      sweep       // what is over is erased from the record
	unkept     *act        // a fork that was seen, and its proof is not on disk yet

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
	path, hub := filepath.Join(g.config.Dir, listDir), newHubKey(g.config.VerifierKey)
	s, err := openState(g.config.Lists, path, g.key, hub)
	switch {
	case gongxin.CodeOf(err) == "GATE_OTHER_HUB":
		return gongxin.Conflict("GATE_OTHER_HUB", g.config.Dir)
	case err != nil && damage(err):
		g.report(ctx, fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_STATE_CORRUPT", path, err), err))
		if s, err = g.startAfresh(path, hub); err != nil {
			return err
		}
	case errors.Is(err, screen.ErrInUse):
		return gongxin.Conflict("GATE_IN_USE", g.config.Dir)
	case err != nil:
		return fmt.Errorf("open %s: %w", path, err)
	}
	g.state = s
	if s.begun && len(g.outcomes.headBytes()) > 0 && !exists(filepath.Join(g.config.Dir, stateFile)) {
		g.report(ctx, gongxin.Unavailable("GATE_STATE_CORRUPT", path, "it is missing"))
	}
	if err := g.note(g.known()); err != nil {
		return errors.Join(err, s.close())
	}
	g.show(s.list.View(), s.at)
	_, loading := os.Stat(filepath.Join(g.config.Dir, firstLoadFile))
	g.loading.Store(loading == nil)
	g.undiffered = true
	if err := g.openWatchlist(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	if err := g.openEarlier(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	if !s.at.Head.At.IsZero() { // else nothing is known yet, and nothing can be lifted for having ended
		err = g.reconcile(ctx, s.list.View(), s.at)
		if err == nil {
			err = g.confirm(s.at)
		}
		if err != nil {
			return errors.Join(err, s.close())
		}
	}
	return nil
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

// show lets answers come from list, which is at the position at.
func (g *Gate) show(list *screen.View, at feed.Position) {
	v := &view{list: list, hubKey: g.follower.VerifierKey(at), over: make(chan struct{})}
	if h := at.Head; !h.At.IsZero() {
		v.sequence, v.asOf = h.Size, h.At
		if h.Size >= g.known().Head.Size { // else on the way back to where it was: older than what it knew
			v.freshUntil = h.At.Add(g.config.MaxAge)
		}
	}
	if before := g.view.Swap(v); before != nil {
		close(before.over)
	}
}

// reconcile ends every open restriction that does not stand with list, which is at
// the position at. One that was made at a later sequence, before the list had to be
// fetched again, is left for the events in between to decide.
func (g *Gate) reconcile(ctx context.Context, list *screen.View, at feed.Position) error {
	stands := func(id gongxin.ListingID) (standing, error) {
		r, in, err := list.Get(id)
		if damage(err) { // else nothing would ever be lifted: only another list helps
			g.noteDamage(ctx, err)
		}
		return standing{in: in, since: r.Since, whose: r.Whose, until: r.Until, who: g.persons.of(r.Entry), why: endedSomehow}, err
	}
	n, err := g.outcomes.reconcile(ctx, stands, at.Head.Size, gongxin.Millis(g.config.Now()), g.loading.Load())
	g.ended(ctx, n, at.Head.Size)
	return err
}

// Close writes down what is to be remembered and closes the files. Nothing else
// may be called afterwards; Run has returned before.
func (g *Gate) Close() error {
	g.following.Lock()
	defer g.following.Unlock()
	return errors.Join(g.watched.done(context.Background()), g.remember(context.Background()), g.state.close(), g.outcomes.close())
}

// note lets the next transaction of the outcomes write down at, if it is a position.
// So whoever was restricted by a list was restricted by one whose position is known,
// even if the list is lost the moment after: the one that is fetched anew is never an
// older one, nor one of another history.
func (g *Gate) note(at feed.Position) error {
	if at.Head.At.IsZero() {
		return nil
	}
	b, err := at.MarshalBinary()
	if err != nil {
		return fmt.Errorf("note the position: %w", err)
	}
	g.outcomes.head.Store(&b)
	return nil
}

// remember writes the newest position down beside the outcomes at once.
func (g *Gate) remember(ctx context.Context) error {
	at := g.known()
	if at.Head.At.IsZero() {
		return nil
	}
	return errors.Join(g.note(at), g.outcomes.remember(ctx))
}

// known returns the newest position that this gate ever verified, as far as it remembers.
func (g *Gate) known() feed.Position {
	var p feed.Position
	if err := p.UnmarshalBinary(g.outcomes.headBytes()); err != nil || p.Head.Size <= g.state.at.Head.Size {
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
	v := g.view.Load()
	counts := g.outcomes.tally()
	oldest, reading := time.Time{}, error(nil)
	if counts.calls > 0 {
		oldest, reading = g.outcomes.oldestCall(context.Background())
	}
	g.statusMu.Lock()
	defer g.statusMu.Unlock()
	s := Status{State: stateFollowing, Department: g.config.Department, Gate: g.config.Name, Sequence: v.sequence, AsOf: v.asOf, FreshUntil: v.freshUntil,
		Fresh: v.fresh(now), Listings: v.list.Len(), RestrictionsOpen: counts.open, RestrictionsKept: counts.kept,
		Lifted: counts.lifted, ReviewsOpen: counts.reviews, Watched: counts.watched, WatchedLost: int(g.watched.lost.Load()), AlertsOpen: counts.alerts, AlertsWaiting: counts.unseen, Outbox: counts.waiting, Refused: counts.refused, LastError: g.lastError, HubReachable: g.reachable,
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

// Package hub is the provincial centre: the API that courts, departments and
// supervisors talk to, and the jobs that keep the register's promises in time.
//
//	court ─POST /v1/intake─▶ intake ─▶ register ─▶ store (events, ledger, projections: one transaction)
//	gate  ◀─GET /v1/feed/changes (long poll)─┘            │
//	gate  ─POST receipts, outcomes──────────────────────▶─┘
//	jobs: checkpoint at least every Heartbeat, expiry of terms, deadlines, snapshots, erasure, published directory
//
// A Hub answers for a change only after it is durable. All methods may be called
// at once from several goroutines; several hubs may share one PostgreSQL.
package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// Config is what a Hub is made of. Register and Store are needed.
type Config struct {
	Store       *store.DB
	Register    *register.Register
	Courts      *courts.Directory
	Policy      *policy.Policy     // as the register has it; the document's if nil
	Calendar    *calendar.Calendar // as the register has it; the embedded one if nil
	VerifierKey string             // of the checkpoints, shown to those who want to check
	Dir         string             // for snapshots, for files on their way in and for those that are held
	Heartbeat   time.Duration      // a checkpoint is signed at least so often; 5 s if zero
	SnapshotAge uint64             // a snapshot is made after so many events; 100 000 if zero
	PublishDir  string             // changes for departments are written here as files too, if set
	Proxies     []netip.Prefix     // whose X-Forwarded-For is believed; without them a proxy's own address counts for all behind it
	Address     string             // at which people reach the hub, printed beside access codes
	Exercise    bool               // the clock is shifted for training: shown loudly
	LateAfter   time.Duration      // a gate that has not confirmed an event for longer is late; an hour if zero
	Offline     Offline            // who is late among departments without a network; nil: there are none
	Packages    Packages           // the files for them; nil: this hub makes none
	Guard       Guard              // which submissions wait for a second person; DefaultGuard if zero
	Prove       Prover             // writes proofs; nil: the hub gives none
	Witnesses   []Witness          // who is asked to cosign checkpoints, in the background
	WitnessNeed int                // how many of them have to, before a checkpoint counts as cosigned; all if zero
	OIDC        *access.OIDCConfig // where people may sign in; nil: with passwords alone
	Now         func() time.Time
	Random      io.Reader
	Log         *slog.Logger
}

// A Hub serves one register. Make it with New, start its jobs with Run.
type Hub struct {
	Config
	verifier      *ledger.Verifier
	started       time.Time
	entrance      *entrance
	window        window          // what submissions did of late
	approved      chan struct{}   // holds a token if a batch was approved
	holding       sync.Mutex      // held by who puts a batch among those that wait
	applying      sync.Mutex      // held by who takes approved batches into the register
	organisations treeCache       // who stands where, as last read
	codes         *access.Limiter // tries of access codes, by listing
	served        served          // what was served to gates and not confirmed
	witnesses     *witnesses
	bell          bell // wakes those who wait for changes
}

// New checks c and returns the Hub. It starts nothing.
func New(c Config) (*Hub, error) {
	if c.Store == nil || c.Register == nil || c.Courts == nil || c.Now == nil || c.Random == nil {
		return nil, errors.New("hub: store, register, courts, clock and random are needed")
	}
	if c.Policy == nil {
		c.Policy = policy.Default()
	}
	if c.Calendar == nil {
		c.Calendar = calendar.Embedded()
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.SnapshotAge == 0 {
		c.SnapshotAge = 100_000
	}
	if c.LateAfter <= 0 {
		c.LateAfter = time.Hour
	}
	if c.Guard == (Guard{}) {
		c.Guard = DefaultGuard()
	}
	if err := checkWitnesses(c.Witnesses, c.WitnessNeed); err != nil {
		return nil, err
	}
	if c.WitnessNeed == 0 {
		c.WitnessNeed = len(c.Witnesses)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	v, err := ledger.NewVerifier(c.VerifierKey)
	if err != nil {
		return nil, fmt.Errorf("verifier key of the hub: %w", err)
	}
	return &Hub{Config: c, verifier: v, started: c.Now(), witnesses: newWitnesses(c.Witnesses), codes: access.NewLimiter(codeBurst, codeInterval, 10_000, c.Now), entrance: newEntrance(c.Now), approved: make(chan struct{}, 1)}, nil
}

// Run does the hub's jobs until ctx ends, and returns when all have stopped. A
// job that fails is logged and tried again at its next turn; each is idempotent
// and catches up after downtime.
func (h *Hub) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	every := func(name string, d time.Duration, job func(context.Context) error) {
		g.Go(func() error {
			t := time.NewTicker(d)
			defer t.Stop()
			for {
				if err := job(ctx); err != nil && ctx.Err() == nil {
					h.Log.ErrorContext(ctx, "job failed", "job", name, "err", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-t.C:
				}
			}
		})
	}
	every("heartbeat", h.Heartbeat, h.heartbeat)
	every("expiry", 20*time.Second, h.expire)
	every("duties", 20*time.Second, (&overseer{hub: h}).run)
	every("snapshot", 30*time.Second, h.makeSnapshot)
	every("refusals", time.Minute, h.tellUnrecorded)
	every("erasure", time.Hour, h.erase)
	g.Go(func() error { return h.applyBatches(ctx) })
	if len(h.Witnesses) > 0 {
		g.Go(func() error { return h.collect(ctx) })
	}
	if h.PublishDir != "" {
		g.Go(func() error { return h.publish(ctx) })
	}
	return g.Wait()
}

// heartbeat signs a new checkpoint if none was signed for a while, so that
// followers can tell "no change" from "no news".
func (h *Hub) heartbeat(ctx context.Context) error {
	head, err := h.head(ctx)
	if err != nil {
		return err
	}
	if h.Now().Sub(head.At) < h.Heartbeat/2 {
		return nil
	}
	return h.Store.Heartbeat(ctx)
}

func (h *Hub) head(ctx context.Context) (head ledger.Head, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		head, err = v.Head(ctx)
		return err
	})
	return head, err
}

// hubActor is who the hub's own jobs act as.
var hubActor = gongxin.Actor{ID: "hub", Role: gongxin.RoleHub, Organisation: "省公共信用信息中心"}

// expiryBatch is how many terms are ended between two looks for more.
const expiryBatch = 1000

// expire ends the listings whose term has passed (2.1.3).
func (h *Hub) expire(ctx context.Context) error {
	today := gongxin.DayOf(h.Now())
	for {
		var due []gongxin.ListingID
		err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
			due, err = v.Due(ctx, today, expiryBatch)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(32) // concurrent commands share commits
		for _, id := range due {
			g.Go(func() error {
				_, err := h.Register.Do(gctx, register.Expire{Listing: id, By: hubActor})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("end passed terms: %w", err)
		}
		h.Log.InfoContext(ctx, "terms ended", "listings", len(due))
		if len(due) < expiryBatch {
			return nil
		}
	}
}

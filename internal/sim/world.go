//go:build linux

package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/ledger"
)

const (
	maxAge  = time.Hour
	hubURL  = "http://hub.example"
	origin  = "credit.example/list"
	longest = 60 // turns that a gate may need until it has what there is
)

var dawn = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)

// A Violation is an invariant that did not hold.
type Violation struct {
	Invariant string // its name
	Step      int    // after which step, from 1; one more than there are: when all had come to rest
	What      string
}

// Error tells it.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s, after step %d: %s", v.Invariant, v.Step, v.What)
}

// A world is one run of a schedule.
type world struct {
	schedule schedule
	ctx      context.Context
	now      time.Time // what the hub's clock says
	limit    int
	branches []*history // what the hub signed; more than one after a restore or a fork
	serving  int
	foreign  *history // of somebody who has another key
	key      string
	gates    []*gateway
	random   *rand.ChaCha8
	step     int
	broken   *Violation
	erased   bool           // bodies were
	told     map[string]int // what happened how often
}

// A gateway is one gate, its way to the hub, and what the world knows of it.
type gateway struct {
	w        *world
	n        int
	disk     *disk
	link     *link
	gate     *gate.Gate // nil while it is down
	random   *rand.ChaCha8
	skew     time.Duration // of its clock
	branch   int           // what the hub shows it; −1: as everybody
	latest   gongxin.Day   // that its clock ever said
	damaged  bool          // its disk lied: a damaged list is no surprise
	floor    uint64        // it was this far
	furthest uint64        // also before its list was lost
	asOf     time.Time
	applied  []ledger.Head // each position that it was seen to have, since its list was lost
	ever     []ledger.Head // and before
	logs     []*history    // that the hub ever showed it
	given    []*restricted
	killed   bool // at a write
	forked   bool // it said that it has seen a fork
	// As the hub was told, by reference and kind.
	reported map[string]gate.Outcome
	receipts uint64
}

// A restricted is a block that somebody was told.
type restricted struct {
	reference string
	sequence  uint64
	root      ledger.Hash // of the list that restricted
	person    int
	day       gongxin.Day
	listings  []gongxin.ListingID
	before    bool // the gate has asked for a snapshot since, and may have taken it
	keep      gongxin.Day
	kept      map[int]bool // the parts for which that was stated
	maybe     bool         // perhaps for others, or in other words since
	upheld    bool
	perhaps   bool // upheld perhaps
	over      map[int]bool
}

// seeds makes a stream of its own for each part, so that none changes another's.
func seeds(seed uint64, part byte) *rand.ChaCha8 {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	key[8] = part
	return rand.NewChaCha8(key)
}

// newWorld makes the world of s, with its gates' directories under dir.
func newWorld(ctx context.Context, s schedule, dir string) (*world, error) {
	w := &world{schedule: s, ctx: ctx, now: dawn, limit: s.limit, random: seeds(s.seed, 'w'), told: map[string]int{}}
	var signers [2]*ledger.Signer
	for i := range signers {
		secret, public, err := ledger.GenerateKey(origin, seeds(uint64(i), 'k'))
		if err == nil {
			signers[i], err = ledger.NewSigner(secret)
		}
		if err != nil {
			return nil, err
		}
		if i == 0 {
			w.key = public
		}
	}
	w.branches = []*history{newHistory(signers[0], seeds(s.seed, 'h'))}
	w.branches[0].sign(w.now)
	w.foreign = newHistory(signers[1], seeds(s.seed, 'f'))
	for n := range people {
		w.foreign.enact(admit, n, w.now)
	}
	w.foreign.makeSnapshot(w.now)
	for n := range gates {
		d, err := newDisk(filepath.Join(dir, fmt.Sprintf("gate-%d", n)))
		if err != nil {
			return nil, err
		}
		g := &gateway{w: w, n: n, disk: d, branch: -1, random: seeds(s.seed, byte(n)), reported: map[string]gate.Outcome{}}
		g.link = &link{w: w, gate: g, at: -1, stored: map[string][]byte{}, oldest: map[string][]byte{}}
		w.gates = append(w.gates, g)
		g.open(0)
	}
	w.tick()
	return w, nil
}

// close ends what is left.
func (w *world) close() error {
	var errs []error
	for _, g := range w.gates {
		if g.gate != nil {
			_ = g.gate.Close() // on a disk that may be full
		}
		errs = append(errs, g.disk.revive(), g.disk.remove())
	}
	return errors.Join(errs...)
}

func (g *gateway) clock() time.Time { return g.w.now.Add(g.skew) }

func (g *gateway) today() gongxin.Day { return gongxin.DayOf(g.clock()) }

// tick notes the latest day that each gate's clock has ever said: a term that was
// over by then may have ended what it restricted.
func (w *world) tick() {
	for _, g := range w.gates {
		g.latest = max(g.latest, g.today())
	}
}

// shown is the log that the hub shows g.
func (w *world) shown(g *gateway) *history {
	if g.branch >= 0 {
		return w.branches[g.branch]
	}
	return w.branches[w.serving]
}

// open opens the gate on what is on its disk; again is the write at which it is
// killed meanwhile, 0 for none.
func (g *gateway) open(again int) {
	for g.gate == nil {
		g.disk.mu.Lock()
		g.disk.killIn = again
		g.disk.mu.Unlock()
		client := &http.Client{Transport: g.link}
		opened, err := gate.Open(gate.Config{Dir: g.disk.dir, Name: fmt.Sprintf("gate%d", g.n), Department: "铁路部门", VerifierKey: g.w.key,
			Source: feed.HTTPSource{URL: hubURL, Client: client}, Reporter: gate.HTTPReporter{URL: hubURL, Client: client},
			MaxAge: maxAge, Now: g.clock, Random: g.random, Lists: g.disk.openList})
		g.disk.mu.Lock()
		g.disk.killIn = 0
		dead, full := g.disk.dead, g.disk.full
		g.disk.mu.Unlock()
		switch {
		case dead:
			if err == nil {
				_ = opened.Close() // it was killed: nothing that it says counts
			}
			if err := g.disk.revive(); err != nil {
				g.w.violate("simulation", "revive: %v", err)
				return
			}
			again = 0
		case err != nil && full:
			return // it stays down until there is room
		case err != nil:
			g.w.violate("opens-after-a-kill", "gate %d does not open: %v", g.n, err)
			return
		default:
			g.gate = opened
		}
	}
	g.position()
	g.restrictions()
}

// shut ends the process: in order, or as a kill does.
func (g *gateway) shut(killed bool) {
	if g.gate == nil {
		return
	}
	if killed {
		g.disk.mu.Lock()
		g.disk.kill()
		g.disk.mu.Unlock()
	}
	_ = g.gate.Close() // of one that was killed, or on a disk that may be full
	g.gate = nil
	if err := g.disk.revive(); err != nil {
		g.w.violate("simulation", "revive: %v", err)
	}
}

// alive tells whether the gate still runs, and starts it again if it was killed on the way.
func (g *gateway) alive() bool {
	g.disk.mu.Lock()
	dead := g.disk.dead
	g.disk.mu.Unlock()
	if !dead {
		return true
	}
	g.w.told["kills at a write"]++
	g.killed = true
	g.shut(true)
	g.open(0)
	return false
}

// do carries out one step.
func (w *world) do(s step) {
	g := w.gates[s.gate]
	if g.gate == nil {
		g.open(0)
	}
	w.told["steps: "+kindNames[s.kind]]++
	switch s.kind {
	case follows:
		g.follow(s)
	case screens:
		g.screen(s.n%(people+bystanders), s.m)
	case delivers:
		g.deliver(s)
	case enacts:
		h := w.shown(g)
		h.enact(s.act, s.n, w.now)
		for i := range s.m % 3 {
			h.enact(act((s.n+i)%int(acts)), s.m+i, w.now)
		}
		h.sign(w.now)
	case passes:
		w.now = w.now.Add(s.wait)
		w.tick()
	case beats:
		w.shown(g).sign(w.now)
	case snapshots:
		w.shown(g).makeSnapshot(w.now)
	case erases:
		w.shown(g).erase(w.now)
		w.erased = true
	case kills:
		if g.gate == nil {
			return
		}
		if s.n == 0 {
			g.shut(true)
			g.open(s.m)
			return
		}
		g.disk.mu.Lock()
		g.disk.killIn, g.disk.torn = s.n, s.m*13%256
		g.disk.mu.Unlock()
	case fills:
		g.disk.mu.Lock()
		g.disk.full = !g.disk.full
		g.disk.mu.Unlock()
	case losesWrite:
		g.disk.mu.Lock()
		g.disk.loseIn = s.n
		g.disk.mu.Unlock()
		g.damaged = true // and with it, what it knows of whose list it had: as below
	case losesState:
		g.shut(true)
		if err := os.RemoveAll(filepath.Join(g.disk.dir, "list")); err != nil {
			w.violate("simulation", "%v", err)
		}
		g.damaged, g.floor, g.asOf = true, 0, time.Time{}
		g.applied = nil // nor does it know any more whose list it was, see docs/simulation.md
		g.open(0)
	case jumps:
		g.skew += s.wait
		w.tick()
	case relaysBy:
		g.link.relay = s.by
		w.erased = w.erased || s.by == blanksBodies // to who follows that is the same
	case cuts:
		g.link.cut = !g.link.cut
	case keeps:
		g.keep(s)
	case upholds:
		g.uphold(s)
	case restores:
		w.branch(s.n)
		w.serving = len(w.branches) - 1
	case forks:
		w.branch(s.n)
		g.branch = len(w.branches) - 1
	case heals:
		w.heal()
	case compacts:
		g.compact()
	case rots:
		g.rot(s)
	}
}

// rot changes a stretch of one file of the list.
func (g *gateway) rot(s step) {
	if g.gate == nil {
		return
	}
	files, err := filepath.Glob(filepath.Join(g.disk.dir, "list", "list-*"))
	if err != nil || len(files) == 0 {
		g.w.violate("simulation", "files of the list: %v (%v)", files, err)
		return
	}
	path := files[s.m%len(files)]
	b, err := os.ReadFile(path)
	if err == nil {
		from := len(b) * s.n / 1000
		for i := range b[from:min(len(b), from+256)] {
			b[from+i] ^= 0x55
		}
		err = os.WriteFile(path, b, 0o600) // in its place: the gate has it open
	}
	if err != nil {
		g.w.violate("simulation", "%v", err)
	}
	g.damaged = true
}

func (g *gateway) compact() {
	if g.gate == nil {
		return
	}
	err := g.gate.CompactOnce()
	if g.alive() && err != nil && !g.hindered() && !g.damaged {
		g.w.violate("answers", "gate %d does not write its list anew: %v", g.n, err)
	}
	g.position()
}

// branch adds a log that goes its own way from n events ago.
func (w *world) branch(n int) {
	h := w.branches[w.serving]
	if last := h.size(); uint64(n) < last {
		b := h.back(last-uint64(n), seeds(w.schedule.seed, byte(100+len(w.branches))))
		b.sign(w.now)
		w.branches = append(w.branches, b)
		return
	}
	w.branches = append(w.branches, h)
}

func (w *world) heal() {
	w.serving = 0
	for _, g := range w.gates {
		g.branch = -1
	}
	w.branches[0].sign(w.now)
}

// rest ends all faults, and waits until nothing more happens.
func (w *world) rest() {
	w.step++
	w.now = w.now.Add(time.Second)
	w.tick()
	w.heal()
	if len(w.branches) > 1 {
		// A hub restored from a backup signed small sizes late: what was signed for
		// larger ones before is refused then, and only its newest checkpoint helps.
		w.limit = 0
	}
	for _, g := range w.gates {
		g.disk.mu.Lock()
		g.disk.full, g.disk.killIn, g.disk.loseIn = false, 0, 0
		g.disk.mu.Unlock()
		g.link.cut, g.link.relay, g.link.held, g.skew = false, direct, nil, 0
		w.tick()
		if g.gate == nil {
			g.open(0)
		}
	}
	for _, g := range w.gates {
		for turn := 0; g.gate != nil && turn < longest; turn++ {
			more, err := g.gate.FollowOnce(w.ctx)
			if g.turned(err); err == nil && !more {
				break
			}
		}
		g.restrictions()
		for turn := 0; g.gate != nil && turn < longest; turn++ {
			if more, err := g.gate.DeliverOnce(w.ctx); err == nil && !more {
				break
			}
		}
	}
}

// run runs the schedule and returns the first violation, nil if there is none.
func run(ctx context.Context, s schedule, dir string) (told map[string]int, v *Violation, err error) {
	w, err := newWorld(ctx, s, dir)
	if err != nil {
		return nil, nil, err
	}
	for _, st := range s.steps {
		if w.step++; w.broken == nil {
			w.do(st)
		}
	}
	if w.broken == nil {
		w.rest()
	}
	if w.broken == nil {
		w.converged()
	}
	for _, g := range w.gates {
		w.told["writes to disk"] += g.disk.writes
	}
	return w.told, w.broken, w.close()
}

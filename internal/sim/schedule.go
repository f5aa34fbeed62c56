//go:build linux

package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// gates is how many gates a schedule has.
const gates = 2

// A step is one thing that happens. Its numbers are read modulo what there is, so
// that a schedule from which steps were taken away is one still.
type step struct {
	kind kind
	gate int
	n, m int
	act  act
	over fault
	by   relay
	wait time.Duration
}

type kind uint8

// What happens.
const (
	follows  kind = iota // the gate follows, n+1 turns at most, with the fault over at message m
	screens              // somebody asks the gate about person n
	delivers             // the gate reports
	enacts               // the court does act to the n-th listing, and m%3 further ones; the hub signs
	passes               // time passes
	beats                // the hub signs a heartbeat
	snapshots
	erases
	kills      // the gate at its n-th write from now, and while it starts again at its m-th
	fills      // its disk is full, or has room again
	losesWrite // a write of the list to its disk is lost and said to be done
	losesState // its copy of the list is lost while it is down
	jumps      // its clock, by wait
	relaysBy   // what stands between it and the hub is by from now on
	cuts       // it is cut off, or no longer
	keeps      // the department keeps the n-th restriction on
	upholds    // it upholds a review of it
	restores   // the hub is restored from a backup n events old
	forks      // the hub shows this gate another list from now on
	heals      // the hub is again what it was
	compacts   // the gate writes its list anew
	rots       // a stretch of the m-th file of its list is another, from its n-th thousandth on, while it runs
	kindsOfStep
)

var kindNames = [kindsOfStep]string{"follow", "ask", "report", "court", "time", "heartbeat", "snapshot", "erasure", "kill", "disk full", "write lost", "list lost",
	"clock", "relay", "partition", "keep", "review", "restore", "fork", "heal", "compaction", "rot"}

func (s step) String() string {
	g := fmt.Sprintf("gate %d ", s.gate)
	switch s.kind {
	case follows:
		if s.over != whole {
			return g + fmt.Sprintf("follows, message %d: %s (%d)", s.m, s.over, s.n)
		}
		return g + "follows"
	case screens:
		return g + fmt.Sprintf("is asked about person %d, manner %d", s.n, s.m)
	case delivers:
		return g + fmt.Sprintf("reports, message %d: %q", s.m, s.over.String())
	case enacts:
		return fmt.Sprintf("the court: %s (%d), %d further", actNames[s.act], s.n, s.m%3)
	case passes:
		return fmt.Sprintf("%v pass", s.wait)
	case beats:
		return "heartbeat"
	case snapshots:
		return "snapshot"
	case erases:
		return "erasure"
	case kills:
		return g + fmt.Sprintf("is killed at write %d, and starting again at write %d", s.n, s.m)
	case fills:
		return g + "has a full disk, or room again"
	case losesWrite:
		return g + fmt.Sprintf("loses write %d of its list", s.n)
	case losesState:
		return g + "loses its list"
	case jumps:
		return g + fmt.Sprintf("has a clock that jumps by %v", s.wait)
	case relaysBy:
		return g + fmt.Sprintf("has a relay: %s (%d)", s.by, s.n)
	case cuts:
		return g + "is cut off, or no longer"
	case keeps:
		return g + fmt.Sprintf("keeps restriction %d for %d days", s.n, s.m%5)
	case upholds:
		return g + fmt.Sprintf("upholds a review of restriction %d", s.n)
	case restores:
		return fmt.Sprintf("the hub is restored from %d events ago", s.n)
	case forks:
		return g + fmt.Sprintf("is shown another list, from %d events ago", s.n)
	case heals:
		return "the hub is what it was"
	case compacts:
		return g + "writes its list anew"
	case rots:
		return g + fmt.Sprintf("has a list that rots: file %d from %d thousandths on", s.m, s.n)
	}
	return "?"
}

// often says how often each kind of step comes, in thousandths or so.
var often = [kindsOfStep]int{
	follows: 310, screens: 230, delivers: 60, enacts: 160, passes: 70, beats: 45, snapshots: 18, erases: 8, kills: 40, fills: 12,
	losesWrite: 8, losesState: 6, jumps: 18, relaysBy: 26, cuts: 12, keeps: 20, upholds: 8, restores: 5, forks: 5, heals: 8, compacts: 25, rots: 8,
}

// A schedule is everything that a seed decides.
type schedule struct {
	seed  uint64
	limit int // records in an answer of the hub, if a checkpoint lies within; 0 for all
	steps []step
}

// newSchedule draws the schedule of seed.
func newSchedule(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for _, n := range often {
		total += n
	}
	s := schedule{seed: seed, limit: r.IntN(4) * r.IntN(3)}
	// A schedule without faults of one sort says more about the others.
	calm := [kindsOfStep]bool{fills: r.IntN(3) > 0, losesWrite: r.IntN(3) > 0, rots: r.IntN(3) > 0, jumps: r.IntN(2) > 0, restores: r.IntN(2) > 0, forks: r.IntN(2) > 0, kills: r.IntN(3) == 0}
	for range 4 {
		s.steps = append(s.steps, step{kind: enacts, act: admit, n: r.IntN(1000)})
	}
	for n := 36 + r.IntN(24); n > 0; {
		pick := r.IntN(total)
		k := kind(0)
		for pick >= often[k] {
			pick -= often[k]
			k++
		}
		if calm[k] {
			continue
		}
		n--
		s.steps = append(s.steps, drawn(r, k))
	}
	return s
}

func drawn(r *rand.Rand, k kind) step {
	s := step{kind: k, gate: r.IntN(gates), n: r.IntN(1000), m: r.IntN(1000)}
	switch k {
	case follows:
		if s.m = r.IntN(3); r.IntN(10) < 3 {
			s.over = fault(1 + r.IntN(int(faults)-1))
			if s.over == endless && r.IntN(4) > 0 {
				s.over = corrupt
			}
		}
	case delivers:
		if s.m = r.IntN(2); r.IntN(3) == 0 {
			s.over = []fault{lose, loseAnswer, busy}[r.IntN(3)]
		}
	case screens:
		s.m = r.IntN(10)
	case enacts:
		s.act = []act{admit, admit, admit, correct, correctPerson, extend, suspend, suspend, resume, resume, withdraw, withdraw, withdraw, expire, revoke, procedure}[r.IntN(16)]
	case passes:
		s.wait = []time.Duration{time.Second, 20 * time.Second, 2 * time.Minute, 20 * time.Minute, 50 * time.Minute, 5 * time.Hour, 26 * time.Hour}[r.IntN(7)]
	case kills:
		s.n, s.m = r.IntN(30), max(0, r.IntN(40)-20)
	case losesWrite:
		s.n = 1 + r.IntN(12)
	case jumps:
		s.wait = []time.Duration{-48 * time.Hour, -2 * time.Hour, -5 * time.Minute, 5 * time.Minute, 2 * time.Hour, 48 * time.Hour}[r.IntN(6)]
	case relaysBy:
		if s.by = relay(r.IntN(int(relays))); r.IntN(5) == 0 {
			s.by = freezes // the simplest lie
		}
	case restores, forks:
		s.n = 1 + r.IntN(5)
	}
	return s
}

// String tells the schedule, a step in a line.
func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, at most %d records in an answer (0: all)\n", s.seed, s.limit)
	for i, st := range s.steps {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, st)
	}
	return b.String()
}

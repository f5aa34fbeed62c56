package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
)

const (
	evidenceDir    = "evidence"
	evidenceSuffix = ".txt" // of a fork's; other answers that were refused are .changes
)

// A ForkStatus tells of a fork that nobody has acknowledged yet: the hub has signed
// two states of the list that cannot both be true. Until an officer decides, nobody is
// restricted and nothing is followed.
type ForkStatus struct {
	Since    time.Time `json:"since"`
	Size     uint64    `json:"sequence"` // of the checkpoint that contradicts what was verified before
	Evidence string    `json:"evidence"` // file in the gate's directory, for the provincial centre
}

// forked notes that the hub has signed what contradicts what it signed before. The
// proof is on disk before anything else; if the disk does not let it, nobody is
// restricted all the same, and it is tried again. The caller holds g.following.
func (g *Gate) forked(ctx context.Context, f *feed.Fork) error {
	at := gongxin.Millis(g.config.Now())
	a := act{kind: actFork, at: at, size: f.Other.Head.Size, file: at.Format(asideForm) + evidenceSuffix, evidence: f.Evidence()}
	err := g.keepFork(ctx, a)
	if err != nil {
		g.unkept = &a
	}
	g.fork.Store(&a)
	g.config.Log.ErrorContext(ctx, "the hub has signed what cannot both be true: nobody is restricted until an officer acknowledges it",
		"evidence", a.file, "known", f.Known.Head.Size, "other", f.Other.Head.Size, "in", string(f.In))
	return err
}

func (g *Gate) keepFork(ctx context.Context, a act) error {
	path := filepath.Join(g.config.Dir, evidenceDir, a.file)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = durable.SyncDir(g.config.Dir)
	}
	if err == nil {
		err = durable.Replace(path, []byte(a.evidence), 0o600)
	}
	if err == nil {
		err = g.outcomes.act(ctx, a, nil)
	}
	if err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	return nil
}

// recallFork lets a gate that is opened know of a fork that it saw before, also if
// it was killed between writing the proof and recording it.
func (g *Gate) recallFork(ctx context.Context) error {
	files, err := forkFiles(g.config.Dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if g.outcomes.knowsFork(file) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(g.config.Dir, evidenceDir, file))
		if err != nil {
			return fmt.Errorf("read evidence: %w", err)
		}
		at, err := time.Parse(asideForm+evidenceSuffix, file)
		if err != nil || len(text) > maxEvidenceText {
			continue // somebody else's file
		}
		if err := g.outcomes.act(ctx, act{kind: actFork, at: at, file: file, evidence: string(text)}, nil); err != nil {
			return err
		}
	}
	if a := g.outcomes.fork(); a != nil {
		g.fork.Store(a)
		g.report(ctx, a.fault())
	}
	return nil
}

// maxEvidenceText is longer than the proof of any fork.
const maxEvidenceText = 64 << 10

// acknowledge carries out the order of an officer who has seen the fork. The list
// goes first and the record after it, so that a kill between the two leaves a gate
// that still waits for the order, which is still there. The caller holds g.following.
func (g *Gate) acknowledge(ctx context.Context, o Order) error {
	fork := g.fork.Load()
	if fork == nil || fork.file != o.Fork {
		return gongxin.Missing("GATE_NO_FORK")
	}
	a := act{kind: actAcknowledged, at: gongxin.Millis(g.config.Now()), by: o.By, reason: o.Reason, file: o.Fork}
	begin := feed.Position{Keys: g.known().Keys}
	if !o.Fresh {
		named, err := g.named(o.Head)
		if err != nil {
			return err
		}
		a.size, a.evidence = named.Head.Size, named.Checkpoint
		begin.Seen[0] = named
	}
	var also func()
	if o.Fresh || !holds(g.state.at, begin.Seen[0]) {
		a.kind = actBegun
		b, err := begin.MarshalBinary()
		if err != nil {
			return fmt.Errorf("begin anew: %w", err)
		}
		if err := g.begin(ctx, begin); err != nil {
			return err
		}
		also = func() {
			g.outcomes.head.Store(&b)
			g.outcomes.asOf = 0
		}
	}
	if err := g.outcomes.act(ctx, a, also); err != nil {
		return err
	}
	g.unkept = nil
	g.fork.Store(nil)
	g.config.Log.WarnContext(ctx, "an officer has acknowledged the fork", "evidence", o.Fork, "by", o.By, "reason", o.Reason, "anew", a.kind == actBegun)
	return nil
}

// named opens the checkpoint that an officer says is true. Errors as of feed.Follower.Open.
func (g *Gate) named(checkpoint string) (feed.Signed, error) {
	f := g.follower
	f.Witnesses = feed.Witnesses{} // the officer vouches for it
	head, err := f.Open(g.state.at, []byte(checkpoint))
	return feed.Signed{Head: head, Checkpoint: checkpoint}, err
}

// holds tells whether a follower at p has verified the history of s: the same tree
// of the same size, and the same set in force.
func holds(p feed.Position, s feed.Signed) bool {
	for _, seen := range p.Seen {
		if seen.Checkpoint != "" && seen.Head.Size == s.Head.Size && feed.Contradict(seen.Head, s.Head) == feed.NoContradiction {
			return true
		}
	}
	return false
}

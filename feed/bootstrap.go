package feed

import (
	"context"
	"fmt"

	"gongxin"
	"gongxin/ledger"
)

// A Keeper is where a new follower puts what it is given: a set in force that
// begins empty and that the caller can still drop.
type Keeper interface {
	Held
	// Apply takes changes in their order; those of the snapshot come first, each
	// as if the listing had entered by it. The slice is used again afterwards; what
	// it points to is not. An error ends the bootstrap.
	Apply(changes []Change) error
}

// A Preparer is a Keeper that takes the listings of a snapshot in slices of some
// hundred and does the first part of its work for several of them side by side.
type Preparer interface {
	Keeper
	// Expect is called once before, with how many listings the snapshot holds as its
	// signed checkpoint says. It is a hint, so that room is made once: the file may end early.
	Expect(listings uint64)
	// Prepare is called for slices of the snapshot's listings from several goroutines
	// at once, in no order, with some that Bootstrap may still find to be wrong. keep
	// takes the slice over: it is called in the order of the sequences, one at a time,
	// not at the same time as Apply or Element, and not for all slices if there is an
	// error. changes and all that it points to may be read until keep returns and is
	// used again afterwards; strings may stay, each of which keeps those of some hundred
	// listings in memory. An error of keep ends the bootstrap.
	Prepare(changes []Change) (keep func() error)
}

// Bootstrap takes a new follower from nothing to a verified position: the
// snapshot, and the changes after it up to the event that commits to exactly this
// file. Until then nothing that the snapshot says is proved, so the keeper's
// content counts only if there is no error: keep it in one transaction. The
// follower goes on from the position with Advance. The Guard of f is not asked, and
// its witnesses about the last checkpoint alone.
//
// since is how far this follower verified in an earlier life, zero if it had none:
// its keys are gone on from, a source that is not as far is refused (FEED_ROLLBACK,
// FEED_TIME), and so is one whose log is another one (FEED_FORK; FEED_ROOT where the
// changes pass through since's size). A snapshot of a larger size than since's says
// nothing about what was before it: that it continues since's log only witnesses see.
//
// Errors: FEED_NO_SNAPSHOT if the source has none, and nothing was applied: begin
// from the zero Position then, as long as the hub has erased nothing.
// FEED_SNAPSHOT if the ledger does not commit to the file. Otherwise those of
// Advance, of the source, of Apply.
func Bootstrap(ctx context.Context, src Source, f Follower, since Position, into Keeper) (Position, error) {
	f.Guard = Guard{}
	at, file, err := f.load(ctx, src, since, into)
	if err != nil {
		return Position{}, err
	}
	committed := false
	for {
		c, err := src.Changes(ctx, at.Tree.Size(), 0)
		if err != nil {
			return Position{}, err
		}
		next, changes, err := f.advance(at, into, c)
		if err == nil {
			next, err = since.Regained(at, next, c)
		}
		if err == nil {
			err = into.Apply(changes)
		}
		if err != nil {
			return Position{}, err
		}
		for _, change := range changes {
			committed = committed || f.commits(change, file)
		}
		at = next
		unseen := f.witnessed(at.Seen[0], c.Checkpoint)
		behind := at.Head.Size < since.Head.Size || at.Head.At.Before(since.Head.At)
		switch {
		case committed && !behind && unseen == nil:
			return at, nil
		case len(changes) > 0: // there may be more
		case !committed:
			return Position{}, gongxin.Conflict("FEED_SNAPSHOT", "not in the ledger")
		case at.Head.Size < since.Head.Size:
			return Position{}, gongxin.Conflict("FEED_ROLLBACK", since.Head.Size, at.Head.Size)
		case behind:
			return Position{}, gongxin.Conflict("FEED_TIME", since.Head.At.Format(timeForm), at.Head.At.Format(timeForm))
		default:
			return Position{}, unseen
		}
	}
}

// Regained holds next, to which c leads from at, against p, to which the same follower
// had come before its list was lost. Once next is as far as p it has seen what p had.
// Errors: FEED_FORK with the proof, as of Advance, and FEED_ROOT if the changes pass
// through p's size and the log is another one there.
func (p Position) Regained(at, next Position, c Changes) (Position, error) {
	if err := p.Seen.fork(next.Seen[0]); err != nil {
		return at, err
	}
	if err := continues(p.Head, at.Tree, c.Records); err != nil {
		return at, err
	}
	if next.Head.Size >= p.Head.Size {
		next.Seen = next.Seen.merge(p.Seen)
	}
	return next, nil
}

// continues checks that records, which are verified and follow on tree, pass
// through known if they reach its size.
func continues(known ledger.Head, tree ledger.Tree, records []Record) error {
	if known.At.IsZero() || known.Size < tree.Size() || known.Size > tree.Size()+uint64(len(records)) {
		return nil
	}
	for _, r := range records[:known.Size-tree.Size()] {
		tree.Append(ledger.RecordHash(r.Leaf))
	}
	if tree.Root() != known.Root {
		return gongxin.Conflict("FEED_ROOT", known.Size)
	}
	return nil
}

func (f Follower) load(ctx context.Context, src Source, since Position, into Keeper) (at Position, file ledger.Hash, err error) {
	r, err := src.Snapshot(ctx)
	if err != nil {
		return at, file, err
	}
	defer func() {
		if closing := r.Close(); err == nil && closing != nil {
			err = fmt.Errorf("close snapshot: %w", closing)
		}
	}()
	if p, ok := into.(Preparer); ok {
		return readSnapshot(r, f, since, true, p)
	}
	return readSnapshot(r, f, since, false, inTurn(into.Apply))
}

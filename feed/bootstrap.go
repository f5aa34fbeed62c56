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

// Bootstrap takes a new follower from nothing to a verified position: the
// snapshot, and the changes after it up to the event that commits to exactly this
// file. Until then nothing that the snapshot says is proved, so the keeper's
// content counts only if there is no error: keep it in one transaction. The
// follower goes on from the position with Advance.
//
// since is the newest head that this follower verified in an earlier life, zero
// if none: a source that is not as far is refused (FEED_ROLLBACK, FEED_TIME).
//
// Errors: FEED_NO_SNAPSHOT if the source has none, and nothing was applied: begin
// from the zero Position then, as long as the hub has erased nothing.
// FEED_SNAPSHOT if the ledger does not commit to the file. Otherwise those of
// Advance, of the source, of Apply.
func Bootstrap(ctx context.Context, src Source, f Follower, since ledger.Head, into Keeper) (Position, error) {
	at, file, err := f.load(ctx, src, into)
	if err != nil {
		return Position{}, err
	}
	committed := false
	for {
		c, err := src.Changes(ctx, at.Tree.Size(), 0)
		if err != nil {
			return Position{}, err
		}
		next, changes, err := f.Advance(at, into, c)
		if err != nil {
			return Position{}, err
		}
		if err := into.Apply(changes); err != nil {
			return Position{}, err
		}
		for _, change := range changes {
			committed = committed || f.commits(change, file)
		}
		at = next
		behind := at.Head.Size < since.Size || at.Head.At.Before(since.At)
		switch {
		case committed && !behind:
			return at, nil
		case len(changes) > 0: // there may be more
		case !committed:
			return Position{}, gongxin.Conflict("FEED_SNAPSHOT", "not in the ledger")
		case at.Head.Size < since.Size:
			return Position{}, gongxin.Conflict("FEED_ROLLBACK", since.Size, at.Head.Size)
		default:
			return Position{}, gongxin.Conflict("FEED_TIME", since.At.Format(timeForm), at.Head.At.Format(timeForm))
		}
	}
}

func (f Follower) load(ctx context.Context, src Source, into Keeper) (at Position, file ledger.Hash, err error) {
	r, err := src.Snapshot(ctx)
	if err != nil {
		return at, file, err
	}
	defer func() {
		if closing := r.Close(); err == nil && closing != nil {
			err = fmt.Errorf("close snapshot: %w", closing)
		}
	}()
	const batch = 1000
	changes := make([]Change, 0, batch)
	at, file, err = ReadSnapshot(r, f, func(c Change) error {
		if changes = append(changes, c); len(changes) < batch {
			return nil
		}
		err := into.Apply(changes)
		changes = changes[:0]
		return err
	})
	if err == nil && len(changes) > 0 {
		err = into.Apply(changes)
	}
	return at, file, err
}

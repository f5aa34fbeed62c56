package hub

import (
	"bytes"
	"context"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// witnessedChanges is changes for a follower that demands witnesses: it ends at the last
// cosigned checkpoint within one answer. Where nothing within reach was cosigned it is
// what everybody gets, for whom the way there is what counts (feed.Bootstrap).
func (h *Hub) witnessedChanges(ctx context.Context, a gongxin.Audience, after uint64, limit int) (feed.Changes, error) {
	c, err := h.changes(ctx, a, after, limit)
	if err != nil {
		return c, err
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		size, checkpoint, err := v.CosignedIn(ctx, after, after+uint64(len(c.Records)))
		if err != nil {
			return err
		}
		if size > 0 {
			c.Records, c.Checkpoint = c.Records[:size-after], checkpoint
			return nil
		}
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		if far, _, err := v.CosignedIn(ctx, after, head.Size); err != nil || far > 0 {
			return err // further on: the answer is a step towards it
		}
		if checkpoint, err = v.Cosigned(ctx, after); err == nil && checkpoint != nil {
			c.Records, c.Checkpoint = nil, checkpoint // nothing is cosigned yet that goes beyond it
		}
		return err
	})
	return c, err
}

// linedChanges is changes with the lines of witnesses, where enough have cosigned just
// that checkpoint.
func (h *Hub) linedChanges(ctx context.Context, a gongxin.Audience, after uint64, limit int) (feed.Changes, error) {
	c, err := h.changes(ctx, a, after, limit)
	if err != nil || len(h.Witnesses) == 0 {
		return c, err
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		c.Checkpoint, err = withLines(ctx, v, after+uint64(len(c.Records)), c.Checkpoint)
		return err
	})
	return c, err
}

// linesWait is how long what goes into a directory waits for witnesses: those who
// follow it without demanding them must not be left behind by a witness that is away.
const linesWait = 3 * time.Second

// changesForFiles is what is published into a directory after a sequence: up to what
// witnesses have cosigned if they do within linesWait, else without their lines.
func (h *Hub) changesForFiles(ctx context.Context, after uint64) (feed.Changes, error) {
	if len(h.Witnesses) == 0 {
		return h.changes(ctx, gongxin.AudiencePartner, after, maxChanges)
	}
	waiting, cancel := context.WithTimeout(ctx, linesWait)
	defer cancel()
	for {
		_, _, changed := h.witnesses.look()
		all, err := h.linedChanges(ctx, gongxin.AudiencePartner, after, maxChanges)
		if err != nil {
			return all, err
		}
		if cosigned(all) {
			return all, nil
		}
		seen, err := h.witnessedChanges(ctx, gongxin.AudiencePartner, after, maxChanges)
		if err != nil || len(seen.Records) > 0 && cosigned(seen) {
			return seen, err
		}
		select {
		case <-changed:
		case <-waiting.Done():
			return all, ctx.Err()
		}
	}
}

// cosigned tells whether c ends with lines of witnesses.
func cosigned(c feed.Changes) bool {
	own, err := ledger.Own(c.Checkpoint)
	return err == nil && len(own) < len(c.Checkpoint)
}

// Lined is checkpoint, of a log of size, with the lines of witnesses where enough have
// cosigned it: for those who read the store beside the hub.
func Lined(ctx context.Context, v *store.View, size uint64, checkpoint []byte) ([]byte, error) {
	return withLines(ctx, v, size, checkpoint)
}

// withLines adds to a checkpoint of size what witnesses said of it, if they did.
func withLines(ctx context.Context, v *store.View, size uint64, checkpoint []byte) ([]byte, error) {
	cosigned, err := v.Cosigned(ctx, size)
	if err == nil && bytes.HasPrefix(cosigned, checkpoint) {
		return cosigned, nil
	}
	return checkpoint, err
}

// awaitWitnessed waits until there is more for a follower at after that demands
// witnesses: a cosigned checkpoint beyond it, or a newer one of its size.
func (h *Hub) awaitWitnessed(ctx context.Context, after uint64) error {
	before, _, _ := h.witnesses.look()
	for {
		newest, size, changed := h.witnesses.look()
		if size > after || size == after && !bytes.Equal(newest, before) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

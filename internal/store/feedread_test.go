package store_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

// filled makes a history of some 1 500 events with checkpoints at many sizes.
func filled(t *testing.T, db *store.DB) {
	t.Helper()
	admitMany(t, db, 0, 1300, 1300) // one transaction of more than checkpointEvery
	for _, l := range admitMany(t, db, 1300, 1340, 7) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Append(ctx, l, withdrawn(l), [32]byte{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Mark(t.Context(), gongxin.SnapshotMade, [ledger.Slots]ledger.Hash{{1}, {2}, {3}}); err != nil {
		t.Fatal(err)
	}
}

func TestChangesEndAtSignedSizesAndProveThemselves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		filled(t, db)
		for _, limit := range []int{10, 1024, 5000} {
			for audience := range gongxin.Audience(gongxin.Audiences) {
				followed := follow(t, db, audience, limit)
				if size, _ := head(t, db); followed != size {
					t.Errorf("limit %d: followed to %d of %d", limit, followed, size)
				}
			}
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if _, _, err := v.Changes(ctx, gongxin.AudiencePartner, 9999, 1); gongxin.CodeOf(err) != "SEQUENCE_UNKNOWN" {
				t.Errorf("got %v", err)
			}
		})
	})
}

// follow reads all changes as a follower does and verifies each range.
func follow(t *testing.T, db *store.DB, audience gongxin.Audience, limit int) uint64 {
	t.Helper()
	var tree ledger.Tree
	var last time.Time
	view(t, db, func(ctx context.Context, v *store.View) {
		for {
			after := tree.Size()
			records, checkpoint, err := v.Changes(ctx, audience, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range records {
				leaf, err := ledger.ParseLeaf(r.Leaf)
				if err != nil {
					t.Fatal(err)
				}
				if leaf.Kind != string(gongxin.SnapshotMade) && ledger.Commit(r.Salt, r.Body) != leaf.Commitments[audience] {
					t.Fatalf("event %d does not open for %s", after+uint64(i)+1, audience)
				}
				tree.Append(ledger.RecordHash(r.Leaf))
			}
			h, err := storetest.Verifier().Open(checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			if h.Size != tree.Size() || h.Root != tree.Root() || h.At.Before(last) {
				t.Fatalf("after %d: checkpoint for %d, root %s at %v; followed to %d, root %s, %v", after, h.Size, h.Root, h.At, tree.Size(), tree.Root(), last)
			}
			if len(records) > max(limit, 1024) {
				t.Errorf("limit %d: got %d", limit, len(records))
			}
			if limit == 5000 && after == 0 && h.Size != 1381 {
				t.Errorf("all was asked for: got %d", h.Size)
			}
			if last = h.At; len(records) == 0 {
				return
			}
		}
	})
	return tree.Size()
}

func TestTilesAndEntriesAreThoseOfTheLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		filled(t, db)
		view(t, db, func(ctx context.Context, v *store.View) {
			h, err := v.Head(ctx)
			if err != nil {
				t.Fatal(err)
			}
			reader := tlog.TileHashReader(tlog.Tree{N: int64(h.Size), Hash: h.Root}, tiles{ctx, v})
			for i := range int64(h.Size) {
				bundle, err := v.Entries(ctx, uint64(i)/ledger.TileWidth, int(min(ledger.TileWidth, h.Size-uint64(i)/ledger.TileWidth*ledger.TileWidth)))
				if err != nil {
					t.Fatal(err)
				}
				leaves, err := ledger.ParseEntries(bundle)
				if err != nil {
					t.Fatal(err)
				}
				proof, err := tlog.ProveRecord(int64(h.Size), i, reader)
				if err != nil {
					t.Fatal(err)
				}
				if err := tlog.CheckRecord(proof, int64(h.Size), h.Root, i, ledger.RecordHash(leaves[i%ledger.TileWidth])); err != nil {
					t.Fatalf("leaf %d: %v", i, err)
				}
				if i += 37; i >= int64(h.Size) {
					break
				}
			}
			for _, absent := range []struct {
				level int
				index uint64
				width int
			}{{0, h.Size / 256, 256}, {0, h.Size/256 + 1, 1}, {1, 0, 256}, {3, 0, 1}, {9, 0, 1}, {0, 0, 0}, {0, 0, 257}} {
				if data, err := v.Tile(ctx, absent.level, absent.index, absent.width); err != nil || data != nil {
					t.Errorf("tile %+v: got %d bytes, %v", absent, len(data), err)
				}
			}
			if data, err := v.Entries(ctx, h.Size/256, 256); err != nil || data != nil {
				t.Errorf("entries: got %d bytes, %v", len(data), err)
			}
		})
	})
}

// tiles serves a View's tiles to package tlog.
type tiles struct {
	ctx context.Context
	v   *store.View
}

func (r tiles) Height() int { return 8 }

func (r tiles) ReadTiles(want []tlog.Tile) (data [][]byte, err error) {
	for _, t := range want {
		b, err := r.v.Tile(r.ctx, t.L, uint64(t.N), t.W)
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func (r tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func TestWhatIsInForceAddsUpToTheSignedDigest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		filled(t, db)
		view(t, db, func(ctx context.Context, v *store.View) {
			var count, last uint64
			var digest ledger.Digest
			err := v.InForce(ctx, gongxin.AudiencePartner, func(sequence uint64, r store.Record) error {
				if sequence <= last || r.Salt == nil || r.Body == nil {
					t.Errorf("%d follows %d, salt %x", sequence, last, r.Salt)
				}
				last = sequence
				count, digest = count+1, digest.Add(ledger.Element(sequence, r.Leaf))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			h, err := v.Head(ctx)
			if err != nil || h.Count != count || h.Digest != digest || count != 1300 {
				t.Errorf("got %d in force with %s, the head says %d with %s (%v)", count, digest, h.Count, h.Digest, err)
			}
			counts, err := v.Counts(ctx)
			if err != nil || counts[gongxin.InForce] != 1300 || counts[gongxin.Withdrawn] != 40 {
				t.Errorf("got %v, %v", counts, err)
			}
			recent, err := v.Recent(ctx, 3)
			if err != nil || len(recent) != 3 || recent[0].Sequence != h.Size-1 || recent[0].Sequence <= recent[1].Sequence {
				t.Errorf("got %v, %v", recent, err)
			}
		})
		check(t, db)
	})
}

func TestAHeartbeatReplacesTheNewestCheckpoint(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		at := noon
		o := storetest.Options()
		o.Now = func() time.Time { return at }
		db, err := store.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var heads []ledger.Head
		note := func() {
			view(t, db, func(ctx context.Context, v *store.View) {
				checkpoint, err := v.Checkpoint(ctx)
				if err != nil {
					t.Fatal(err)
				}
				h, err := storetest.Verifier().Open(checkpoint)
				if err != nil {
					t.Fatal(err)
				}
				if kept, err := v.CheckpointAt(ctx, h.Size); err != nil || !bytes.Equal(kept, checkpoint) {
					t.Errorf("at %d: got %q, %v", h.Size, kept, err)
				}
				heads = append(heads, h)
			})
		}
		if _, err := admit(t.Context(), db, 0); err != nil {
			t.Fatal(err)
		}
		note()
		for _, step := range []time.Duration{10 * time.Second, -time.Hour} { // and a clock set back
			at = at.Add(step)
			if err := db.Heartbeat(t.Context()); err != nil {
				t.Fatal(err)
			}
			note()
		}
		if heads[1].At != heads[0].At.Add(10*time.Second) || heads[1].Size != 1 || heads[2].At != heads[1].At {
			t.Errorf("got %v, %v, %v", heads[0], heads[1], heads[2])
		}
		var n int
		if err := storetest.SQL(t, url).QueryRow(`SELECT COUNT(*) FROM checkpoints WHERE size = 1`).Scan(&n); err != nil || n != 1 {
			t.Errorf("got %d checkpoints, %v", n, err)
		}
		check(t, db)
	})
}

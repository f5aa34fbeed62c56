package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gongxin"
	"gongxin/ledger"
)

// Head returns how far the log is at the moment of v.
func (v *View) Head(context.Context) (ledger.Head, error) { return v.h.Head, nil }

// Tree returns the right edge of the log.
func (v *View) Tree(context.Context) (ledger.Tree, error) { return v.h.tree, nil }

// Checkpoint returns the newest checkpoint.
func (v *View) Checkpoint(context.Context) ([]byte, error) { return v.h.checkpoint, nil }

const getCheckpoint = `SELECT checkpoint FROM checkpoints WHERE size = $1`

// CheckpointAt returns the newest checkpoint of a log of size; nil if there is none.
func (v *View) CheckpointAt(ctx context.Context, size uint64) ([]byte, error) {
	if size == v.h.Size {
		return v.h.checkpoint, nil
	}
	var checkpoint []byte
	err := v.s.row(ctx, getCheckpoint, []any{int64(size)}, &checkpoint)
	if err != nil && err != sql.ErrNoRows {
		return nil, fmt.Errorf("read checkpoint %d: %w", size, err)
	}
	return checkpoint, nil
}

// A Record is one leaf with what an audience may see of the event. Salt and Body
// are nil where they were erased, and for events of the log itself.
type Record struct{ Leaf, Salt, Body []byte }

// changesBytes bounds the length of changes, unless there is no checkpoint so
// near: a follower's reader takes a multiple of it.
const changesBytes = 12 << 20

const (
	stops = `
		SELECT size FROM checkpoints
		WHERE size > $1 AND size <= $2 ORDER BY size`
	firstStop = `SELECT COALESCE(MIN(size), 0) FROM checkpoints WHERE size > $1`
)

var getRecords = func() (texts [gongxin.Audiences]string) {
	for a, body := range []string{"body_public", "body_partner", "body_court"} {
		texts[a] = `SELECT sequence, leaf, seed, body_form, ` + body + ` FROM events WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence`
	}
	return texts
}()

// Changes returns what an audience may see of the events after a sequence, and
// the checkpoint of the size at which they end: the last within limit events (and
// a bounded number of bytes), or the next one if none is. No events, with the
// newest checkpoint, say that there are none. Error: SEQUENCE_UNKNOWN if the log
// is not that long.
func (v *View) Changes(ctx context.Context, audience gongxin.Audience, after uint64, limit int) ([]Record, []byte, error) {
	switch {
	case after > v.h.Size:
		return nil, nil, gongxin.Conflict("SEQUENCE_UNKNOWN", after, v.h.Size)
	case after == v.h.Size:
		return nil, v.h.checkpoint, nil
	case audience >= gongxin.Audiences:
		return nil, nil, fmt.Errorf("changes for %s", audience)
	}
	records, end, err := v.changes(ctx, audience, after, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("read changes after %d: %w", after, err)
	}
	checkpoint, err := v.CheckpointAt(ctx, end)
	if err == nil && checkpoint == nil {
		err = fmt.Errorf("read changes after %d: no checkpoint at %d", after, end)
	}
	return records, checkpoint, err
}

func (v *View) changes(ctx context.Context, audience gongxin.Audience, after uint64, limit int) (records []Record, end uint64, err error) {
	var ends []uint64
	err = v.s.each(ctx, stops, []any{int64(after), int64(after) + int64(limit)}, func(scan func(...any) error) error {
		var size uint64
		err := scan(&size)
		ends = append(ends, size)
		return err
	})
	if err == nil && len(ends) == 0 {
		ends = []uint64{0}
		err = v.s.row(ctx, firstStop, []any{int64(after)}, &ends[0])
	}
	if err != nil {
		return nil, 0, err
	}
	// The first stop is always reached; further ones while there is room.
	records, err = v.records(ctx, audience, after, ends[len(ends)-1], ends[0])
	if err != nil {
		return nil, 0, err
	}
	read := after + uint64(len(records))
	for _, stop := range ends {
		if stop <= read {
			end = stop
		}
	}
	return records[:end-after], end, nil
}

// errFull ends the reading of records when there is no room for more.
var errFull = errors.New("no room")

// records reads the events after a sequence up to another, or up to where there
// are enough bytes, but at least those up to atLeast.
func (v *View) records(ctx context.Context, audience gongxin.Audience, after, to, atLeast uint64) ([]Record, error) {
	var records []Record
	bytes := 0
	err := v.s.each(ctx, getRecords[audience], []any{int64(after), int64(to)}, func(scan func(...any) error) error {
		sequence, r, err := scanRecord(scan, audience)
		if err != nil {
			return err
		}
		if sequence != after+uint64(len(records))+1 {
			return fmt.Errorf("event %d follows %d", sequence, after+uint64(len(records)))
		}
		bytes += len(r.Leaf) + len(r.Body) + ledger.SaltSize + 8
		if bytes > changesBytes && sequence > atLeast {
			return errFull
		}
		records = append(records, r)
		return nil
	})
	switch {
	case errors.Is(err, errFull):
		return records, nil
	case err == nil && after+uint64(len(records)) != to:
		err = fmt.Errorf("events end at %d instead of %d", after+uint64(len(records)), to)
	}
	return records, err
}

func scanRecord(scan func(...any) error, audience gongxin.Audience) (sequence uint64, r Record, err error) {
	var seed, body []byte
	var form int64
	if err := scan(&sequence, &r.Leaf, &seed, &form, &body); err != nil {
		return 0, r, err
	}
	if form != plainBodies {
		return sequence, r, fmt.Errorf("event %d has bodies of form %d: this version does not read them", sequence, form)
	}
	if seed != nil && body != nil {
		r.Salt, r.Body = ledger.Salt(seed, int(audience)), body
	}
	return sequence, r, nil
}

const forced = `SELECT forced FROM listings WHERE forced > 0`

var getForced = func() (texts [gongxin.Audiences]string) {
	for a, body := range []string{"body_public", "body_partner", "body_court"} {
		texts[a] = `SELECT sequence, leaf, seed, body_form, ` + body + ` FROM events WHERE sequence IN`
	}
	return texts
}()

// forcedPart is how many records InForce reads at once.
const forcedPart = 512

// InForce gives the event that counts for each listing in force to f, in the
// order of sequences. f may keep the record.
func (v *View) InForce(ctx context.Context, audience gongxin.Audience, f func(sequence uint64, r Record) error) error {
	if audience >= gongxin.Audiences {
		return fmt.Errorf("listings in force for %s", audience)
	}
	sequences := make([]int64, 0, v.h.Count)
	err := v.s.each(ctx, forced, nil, func(scan func(...any) error) error {
		var at int64
		err := scan(&at)
		sequences = append(sequences, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("read listings in force: %w", err)
	}
	if uint64(len(sequences)) != v.h.Count {
		return fmt.Errorf("read listings in force: %d instead of %d", len(sequences), v.h.Count)
	}
	slices.Sort(sequences)
	type numbered struct {
		sequence uint64
		Record
	}
	for part := range slices.Chunk(sequences, forcedPart) {
		records := make([]numbered, 0, len(part))
		err := v.s.eachIn(ctx, getForced[audience], part, func(scan func(...any) error) error {
			sequence, r, err := scanRecord(scan, audience)
			records = append(records, numbered{sequence, r})
			return err
		})
		if err == nil && len(records) != len(part) {
			err = fmt.Errorf("%d events of %d", len(records), len(part))
		}
		if err != nil {
			return fmt.Errorf("read listings in force: %w", err)
		}
		slices.SortFunc(records, func(a, b numbered) int { return int(int64(a.sequence) - int64(b.sequence)) })
		for _, r := range records {
			if err := f(r.sequence, r.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tile returns a tile of the tree with width hashes (C2SP tlog-tiles); nil if the
// log has no such tile yet.
func (v *View) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	if !v.reaches(level, index, width) {
		return nil, nil
	}
	var data []byte
	if err := v.s.row(ctx, getTile, []any{level, int64(index)}, &data); err != nil {
		return nil, fmt.Errorf("read tile %d/%d: %w", level, index, err)
	}
	if len(data) < width*len(ledger.Hash{}) {
		return nil, fmt.Errorf("tile %d/%d has %d bytes", level, index, len(data))
	}
	return data[:width*len(ledger.Hash{})], nil // a tile grows at its right end only
}

// reaches tells whether the log has width hashes of a tile, or entries of a bundle.
func (v *View) reaches(level int, index uint64, width int) bool {
	last, partial := ledger.EdgeTile(v.h.Size, level)
	switch {
	case width < 1 || width > ledger.TileWidth || level > 7 || level < ledger.EntriesLevel:
		return false
	case index < last:
		return true
	}
	return index == last && width <= partial
}

const getLeaves = `SELECT leaf FROM events WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence`

// Entries returns an entry bundle with width leaves (C2SP tlog-tiles); nil if the
// log has no such bundle yet.
func (v *View) Entries(ctx context.Context, index uint64, width int) ([]byte, error) {
	if !v.reaches(ledger.EntriesLevel, index, width) {
		return nil, nil
	}
	var bundle []byte
	n, first := 0, int64(index*ledger.TileWidth)
	err := v.s.each(ctx, getLeaves, []any{first, first + int64(width)}, func(scan func(...any) error) error {
		var leaf []byte
		err := scan(&leaf)
		bundle, n = ledger.AppendEntry(bundle, leaf), n+1
		return err
	})
	if err == nil && n != width {
		err = fmt.Errorf("%d of %d", n, width)
	}
	if err != nil {
		return nil, fmt.Errorf("read entries %d: %w", index, err)
	}
	return bundle, nil
}

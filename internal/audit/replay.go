package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

// held is what a listing in force adds to the digest, by which event.
type held struct {
	sequence uint64
	element  ledger.Digest
}

// A replay follows a log by kinds and keys alone, from its first leaf.
type replay struct {
	Audit
	ctx    context.Context
	report *Report
	keys   *keyring
	head   ledger.Head
	last   []byte // the newest checkpoint

	tree   ledger.Tree
	edge   map[int][]byte
	held   map[[16]byte]held
	digest ledger.Digest
	signed time.Time // of the newest checkpoint so far

	snapshot  ledger.Hash // SHA-256 of the snapshot's file, once it was read
	committed bool        // the log commits to it
}

// A leaf is an entry with what is computed of it.
type leaf struct {
	ledger.Leaf
	raw     []byte
	hash    ledger.Hash
	element ledger.Digest
	err     error
}

// part is how many bundles are read and hashed at once.
const part = 16

// errStop says that what was told makes the rest of the log unreadable.
var errStop = errors.New("the log cannot be followed further")

func (p *replay) run() error {
	for p.tree.Size() < p.head.Size {
		switch err := p.part(); {
		case errors.Is(err, errStop):
			return nil
		case err != nil:
			return err
		}
		p.Progress(StageLog, p.tree.Size(), p.head.Size)
	}
	if err := p.stop(p.head.Size, p.last); err != nil {
		return err
	}
	if p.Snapshot != nil && p.report.Snapshot > 0 && !p.committed {
		p.report.flaw(p.report.Snapshot, "AUDIT_SNAPSHOT_UNKNOWN", p.report.Snapshot)
	}
	return nil
}

// part follows the next leaves and compares what is signed about them.
func (p *replay) part() error {
	after := p.tree.Size()
	leaves, err := p.read(after)
	if err != nil {
		return err
	}
	to := after + uint64(len(leaves))
	stops := map[uint64][]byte{}
	var receipts []Receipt
	if p.Beside != nil {
		if stops, err = p.Beside.Checkpoints(p.ctx, after, to); err == nil {
			receipts, err = p.Beside.Receipts(p.ctx, after, to)
		}
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	hashes := make([]ledger.Hash, len(leaves))
	for i := range leaves {
		l := &leaves[i]
		sequence := after + uint64(i) + 1
		hashes[i] = l.hash
		p.tree.Append(l.hash)
		if err := p.follow(sequence, l); err != nil {
			return err
		}
		if checkpoint, ok := stops[sequence]; ok && sequence != p.head.Size {
			if err := p.stop(sequence, checkpoint); err != nil {
				return err
			}
		}
		if p.Previous != nil && p.Previous.Size == sequence {
			p.continues()
		}
		for len(receipts) > 0 && receipts[0].Sequence == sequence {
			if err := p.receipt(receipts[0]); err != nil {
				return err
			}
			receipts = receipts[1:]
		}
		if p.Snapshot != nil && p.Snapshot.Size == sequence {
			if err := p.compareSnapshot(); err != nil {
				return err
			}
		}
	}
	return p.tiles(after, hashes)
}

// read reads the next bundles and computes their leaves.
func (p *replay) read(after uint64) ([]leaf, error) {
	var leaves []leaf
	for index := after / ledger.TileWidth; len(leaves) < part*ledger.TileWidth && after+uint64(len(leaves)) < p.head.Size; index++ {
		width := int(min(ledger.TileWidth, p.head.Size-index*ledger.TileWidth))
		bundle, err := p.Log.Entries(p.ctx, index, width)
		if p.ctx.Err() != nil {
			return nil, p.ctx.Err()
		}
		var raw [][]byte
		if err == nil {
			raw, err = ledger.ParseEntries(bundle)
		}
		if err == nil && len(raw) != width {
			err = fmt.Errorf("%d entries instead of %d", len(raw), width)
		}
		if err != nil {
			p.report.flaw(index*ledger.TileWidth+1, "AUDIT_ENTRIES", ledger.TilePath(ledger.EntriesLevel, index, width), err)
			return nil, errStop
		}
		for _, b := range raw {
			leaves = append(leaves, leaf{raw: b})
		}
	}
	sideBySide(len(leaves), func(i int) {
		l := &leaves[i]
		l.hash = ledger.RecordHash(l.raw)
		l.element = ledger.ElementOf(after+uint64(i)+1, l.hash)
		l.Leaf, l.err = ledger.ParseLeaf(l.raw)
	})
	p.report.Leaves += uint64(len(leaves))
	return leaves, nil
}

// sideBySide calls f for 0 … n−1 on all processors.
func sideBySide(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n/128+1)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				f(i)
			}
		})
	}
	all.Wait()
}

// follow puts a leaf's listing in force or takes it out.
func (p *replay) follow(sequence uint64, l *leaf) error {
	if l.err != nil {
		p.report.flaw(sequence, "AUDIT_LEAF", sequence, l.err)
		return nil
	}
	kind := gongxin.EventKind(l.Kind)
	switch {
	case !kind.Known():
		p.report.flaw(sequence, "AUDIT_KIND", sequence, l.Kind)
		return nil
	case kind.OfLog() != (l.Key == [16]byte{}):
		p.report.flaw(sequence, "AUDIT_FORCE", sequence, kind)
		return nil
	case kind.OfLog():
		return p.notice(sequence, kind, l)
	}
	before, in := p.held[l.Key]
	force := kind.Force()
	if force == gongxin.ForceNone {
		return nil
	}
	if in == (force == gongxin.ForceEnters) && force != gongxin.ForceLeaves {
		p.report.flaw(sequence, "AUDIT_FORCE", sequence, kind)
	}
	if in {
		p.digest = p.digest.Sub(before.element)
		delete(p.held, l.Key)
	}
	if force != gongxin.ForceLeaves {
		p.digest = p.digest.Add(l.element)
		p.held[l.Key] = held{sequence, l.element}
	}
	return nil
}

// notice takes up what the log says of itself.
func (p *replay) notice(sequence uint64, kind gongxin.EventKind, l *leaf) error {
	if kind == gongxin.SnapshotMade {
		if p.report.Snapshot > 0 && l.Commitments[p.Snapshot.Audience] == p.snapshot {
			p.committed = true
		}
		return nil
	}
	if p.Beside == nil {
		if kind == gongxin.KeyAnnouncement {
			p.report.remark(sequence, "AUDIT_KEY_ANNOUNCED", sequence)
		}
		return nil
	}
	salt, body, err := p.Beside.Notice(p.ctx, sequence)
	if err != nil {
		return fmt.Errorf("audit: read the announcement %d: %w", sequence, err)
	}
	if ledger.Commit(salt, body) != l.Commitments[gongxin.AudiencePublic] {
		p.report.flaw(sequence, "AUDIT_ANNOUNCEMENT", sequence, kind)
		return nil
	}
	if kind != gongxin.KeyAnnouncement {
		if _, err := gongxin.ParseBatchApproved(body); err != nil {
			p.report.flaw(sequence, "AUDIT_ANNOUNCEMENT", sequence, kind)
		}
		return nil
	}
	k, err := gongxin.ParseKeyAnnounced(body)
	var v *ledger.Verifier
	if err == nil {
		v, err = ledger.NewVerifier(k.VerifierKey)
	}
	if err != nil || v.Origin() != p.report.Origin {
		p.report.flaw(sequence, "AUDIT_ANNOUNCEMENT", sequence, kind)
		return nil
	}
	p.keys.announce(v)
	return nil
}

// stop compares what a checkpoint signs for size with what was computed.
func (p *replay) stop(size uint64, checkpoint []byte) error {
	head, key, err := p.keys.open(checkpoint)
	if err != nil {
		p.report.flaw(size, "AUDIT_CHECKPOINT", size, err)
		return nil
	}
	p.report.Checkpoints++
	if !p.keys.signed(key) {
		p.report.flaw(size, "AUDIT_KEY_RETIRED", size)
	}
	switch {
	case head.Size != size:
		p.report.flaw(size, "AUDIT_CHECKPOINT", size, fmt.Sprintf("size %d", head.Size))
	case head.Root != p.tree.Root():
		p.report.flaw(size, "AUDIT_ROOT", size)
	case head.Count != uint64(len(p.held)):
		p.report.flaw(size, "AUDIT_COUNT", size, head.Count, len(p.held))
	case head.Digest != p.digest:
		p.report.flaw(size, "AUDIT_DIGEST", size)
	}
	if head.At.Before(p.signed) {
		p.report.flaw(size, "AUDIT_TIME", size)
	}
	p.signed = head.At
	return nil
}

// past compares the log with the report of an earlier audit, as far as the
// newest checkpoint tells.
func (p *replay) past() error {
	before := p.Previous
	switch {
	case before == nil:
		return nil
	case before.Origin != p.report.Origin:
		return gongxin.Invalid("AUDIT_REPORT", fmt.Sprintf("origin %.80q", before.Origin))
	case before.Size > p.head.Size:
		p.report.flaw(before.Size, "AUDIT_SHORTER", before.Size, p.head.Size)
	}
	p.report.Since = before.Size
	return nil
}

// continues compares the log so far with the earlier report.
func (p *replay) continues() {
	before := p.Previous
	if before.Root != p.tree.Root().String() || before.InForce != uint64(len(p.held)) || before.Digest != p.digest.String() {
		p.report.flaw(before.Size, "AUDIT_REWRITTEN", before.Size)
	}
}

// receipt compares what a gate confirmed with what the log holds at its sequence.
func (p *replay) receipt(r Receipt) error {
	agrees := r.Count == uint64(len(p.held)) && r.Digest == p.digest
	if len(r.Note) == 0 {
		p.report.Unsigned++
		if !agrees {
			p.report.remark(r.Sequence, "AUDIT_RECEIPT_DIFFERS", r.Gate, r.Sequence)
		}
		return nil
	}
	keys, err := p.Beside.ReceiptKeys(p.ctx, r.Gate)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	said, err := openReceipt(keys, r.Note)
	switch {
	case err != nil:
		p.report.flaw(r.Sequence, "AUDIT_RECEIPT_KEY", r.Gate, r.Sequence, err)
	case said.Origin != p.report.Origin || said.Gate != r.Gate || said.Sequence != r.Sequence || !said.Applied.Equal(r.Applied):
		p.report.flaw(r.Sequence, "AUDIT_RECEIPT_OTHER", r.Gate, r.Sequence)
	case said.Root != p.tree.Root():
		p.report.flaw(r.Sequence, "AUDIT_RECEIPT_ROOT", r.Gate, r.Sequence)
	case said.Count != uint64(len(p.held)) || said.Digest != p.digest:
		p.report.remark(r.Sequence, "AUDIT_RECEIPT_DIFFERS", r.Gate, r.Sequence)
	default:
		p.report.Receipts++
	}
	return nil
}

// openReceipt opens a receipt with one of a gate's keys.
func openReceipt(keys []string, note []byte) (r ledger.Receipt, err error) {
	err = errors.New("no key of the gate is known")
	for _, key := range slices.Backward(keys) {
		if key == "" {
			continue
		}
		if r, err = ledger.OpenReceipt(key, note); err == nil {
			return r, nil
		}
	}
	return r, err
}

// compareSnapshot compares the snapshot with what is in force at its size.
func (p *replay) compareSnapshot() error {
	f, err := p.Snapshot.Open()
	if err != nil {
		return fmt.Errorf("audit: open the snapshot: %w", err)
	}
	defer f.Close()
	var seen uint64
	stray := uint64(0)
	each := func(c feed.Change) error {
		seen++
		if h, ok := p.held[c.Event.Listing]; (!ok || h.sequence != c.Sequence || h.element != c.Element) && stray == 0 {
			stray = c.Sequence
		}
		return nil
	}
	signer := p.keys.keys[0]
	for _, v := range p.keys.keys {
		if p.keys.current == v.Key() {
			signer = v
		}
	}
	at, hash, err := feed.ReadSnapshot(f, feed.Follower{Verifier: signer, Audience: p.Snapshot.Audience}, each)
	switch {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case err != nil:
		p.report.flaw(p.Snapshot.Size, "AUDIT_SNAPSHOT", p.Snapshot.Size, err)
	case at.Head.Size != p.Snapshot.Size || at.Tree != p.tree || seen != uint64(len(p.held)) || stray != 0:
		p.report.flaw(p.Snapshot.Size, "AUDIT_SNAPSHOT", p.Snapshot.Size, fmt.Sprintf("event %d", stray))
	default:
		p.report.Snapshot, p.snapshot = p.Snapshot.Size, hash
	}
	return nil
}

// tiles compares the tiles that hashes complete, and at the end those at the edge.
func (p *replay) tiles(after uint64, hashes []ledger.Hash) error {
	tiles, err := ledger.GrowTiles(after, p.edge, hashes)
	if err != nil {
		return err
	}
	for _, t := range tiles {
		p.edge[t.Level] = t.Data
		if t.Width() == ledger.TileWidth {
			delete(p.edge, t.Level)
			if err := p.tile(t); err != nil {
				return err
			}
		}
	}
	if p.tree.Size() != p.head.Size {
		return nil
	}
	for _, level := range slices.Sorted(maps.Keys(p.edge)) {
		index, width := ledger.EdgeTile(p.head.Size, level)
		if width == 0 {
			continue
		}
		if err := p.tile(ledger.Tile{Level: level, Index: index, Data: p.edge[level]}); err != nil {
			return err
		}
	}
	return nil
}

func (p *replay) tile(t ledger.Tile) error {
	data, err := p.Log.Tile(p.ctx, t.Level, t.Index, t.Width())
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	p.report.Tiles++
	if err != nil || !bytes.Equal(data, t.Data) {
		p.report.flaw(0, "AUDIT_TILE", ledger.TilePath(t.Level, t.Index, t.Width()))
	}
	return nil
}

// headOf reads size and time of a checkpoint that nobody has verified yet.
func headOf(checkpoint []byte) (h ledger.Head, err error) {
	lines := strings.Split(string(checkpoint), "\n")
	if len(lines) < 5 {
		return h, ledger.ErrMalformed
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &h.Size); err != nil {
		return h, ledger.ErrMalformed
	}
	return h, nil
}

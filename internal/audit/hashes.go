package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"gongxin/ledger"
)

// tiles reads the hashes that proofs are made of out of a log's tiles.
type tiles struct {
	ctx  context.Context
	log  Log
	size uint64
}

// ReadHashes implements tlog.HashReader.
func (t tiles) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		h, err := t.hash(level, uint64(n))
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

// hash returns the n-th hash of a level of the tree: the root of those hashes of a
// tile that lie below it.
func (t tiles) hash(level int, n uint64) (ledger.Hash, error) {
	tile, below := level/8, level%8
	first := n << below
	index, from, count := first/ledger.TileWidth, int(first%ledger.TileWidth), 1<<below
	width := ledger.TileWidth
	if last, partial := ledger.EdgeTile(t.size, tile); index == last {
		width = partial
	}
	data, err := t.log.Tile(t.ctx, tile, index, width)
	if err != nil {
		return ledger.Hash{}, err
	}
	if len(data) < (from+count)*len(ledger.Hash{}) {
		return ledger.Hash{}, fmt.Errorf("tile %d/%d has %d bytes", tile, index, len(data))
	}
	row := make([]ledger.Hash, count)
	for i := range row {
		copy(row[i][:], data[(from+i)*len(ledger.Hash{}):])
	}
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0], nil
}

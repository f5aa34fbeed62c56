package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles as in C2SP tlog-tiles: of height 8, named by level and index, a tile of
// level l holding the roots of tiles of level l−1. Entry bundles hold the leaves
// themselves, 256 to a bundle.
const (
	tileHeight = 8
	// TileWidth is the number of hashes in a complete tile, and of entries in a complete bundle.
	TileWidth = 1 << tileHeight
	// EntriesLevel stands for entry bundles where a level is asked for.
	EntriesLevel = -1
	maxTileLevel = 63
	maxTileIndex = math.MaxInt64 / TileWidth
)

// A Tile is the content of one tile: 32 bytes for each of 1 to TileWidth hashes.
type Tile struct {
	Level int // 0 = leaf hashes
	Index uint64
	Data  []byte
}

// Width returns the number of hashes in t.
func (t Tile) Width() int { return len(t.Data) / len(Hash{}) }

// EdgeTile tells which tile of level is the last, partial one in a log of size
// leaves; width is 0 if there is none. EntriesLevel is as level 0.
func EdgeTile(size uint64, level int) (index uint64, width int) {
	hashes := size >> (tileHeight * max(level, 0))
	return hashes / TileWidth, int(hashes % TileWidth)
}

// GrowTiles appends leafHashes to a log of size leaves, of which edge holds the
// partial tile of each level (level → data, absent if none), and returns every
// tile that changed, whole, by level and then by index. Complete tiles never
// change again. The data returned share no memory with edge. Error: edge does
// not belong to a log of that size.
func GrowTiles(size uint64, edge map[int][]byte, leafHashes []Hash) ([]Tile, error) {
	if size > math.MaxInt64-uint64(len(leafHashes)) {
		return nil, errors.New("grow tiles: log too long")
	}
	for level, data := range edge {
		if _, width := EdgeTile(size, level); level < 0 || len(data) != width*len(Hash{}) {
			return nil, fmt.Errorf("grow tiles: partial tile of level %d has %d bytes in a log of %d", level, len(data), size)
		}
	}
	var changed []Tile
	added := leafHashes
	for level := 0; len(added) > 0; level++ {
		index, width := EdgeTile(size, level)
		if len(edge[level]) != width*len(Hash{}) {
			return nil, fmt.Errorf("grow tiles: no partial tile of level %d in a log of %d", level, size)
		}
		roots := make([]Hash, 0, (width+len(added))/TileWidth)
		for data := edge[level]; len(added) > 0; data = nil {
			n := min(TileWidth-width, len(added))
			tile := append(make([]byte, 0, (width+n)*len(Hash{})), data...)
			for _, h := range added[:n] {
				tile = append(tile, h[:]...)
			}
			changed = append(changed, Tile{Level: level, Index: index, Data: tile})
			if width+n == TileWidth {
				roots = append(roots, tileRoot(tile))
			}
			added, index, width = added[n:], index+1, 0
		}
		added = roots
	}
	return changed, nil
}

// tileRoot returns the root of a complete tile.
func tileRoot(data []byte) Hash {
	var row [TileWidth]Hash
	for i := range row {
		copy(row[i][:], data[i*len(Hash{}):])
	}
	for n := TileWidth / 2; n > 0; n /= 2 {
		for i := range n {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
	}
	return row[0]
}

// TilePath returns the path of a tile or, at EntriesLevel, of an entry bundle:
// tile/0/x001/234, tile/1/000.p/5, tile/entries/000. A width of TileWidth is a
// complete one.
func TilePath(level int, index uint64, width int) string {
	n := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		n = fmt.Sprintf("x%03d/%s", index%1000, n)
	}
	if width != TileWidth {
		n += ".p/" + strconv.Itoa(width)
	}
	if level == EntriesLevel {
		return "tile/entries/" + n
	}
	return "tile/" + strconv.Itoa(level) + "/" + n
}

// ParseTilePath reads the form that TilePath gives and nothing else. Levels go
// from 0 to 63, EntriesLevel is entries; width is TileWidth for a complete tile.
func ParseTilePath(path string) (level int, index uint64, width int, err error) {
	malformed := fmt.Errorf("not the path of a tile: %.80q", path)
	rest, ok := strings.CutPrefix(path, "tile/")
	name, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || len(path) > 80 {
		return 0, 0, 0, malformed
	}
	level = EntriesLevel
	if name != "entries" {
		if level, err = strconv.Atoi(name); err != nil || level < 0 || level > maxTileLevel {
			return 0, 0, 0, malformed
		}
	}
	width = TileWidth
	rest, part, partial := strings.Cut(rest, ".p/")
	if partial {
		if width, err = strconv.Atoi(part); err != nil || width < 1 || width >= TileWidth {
			return 0, 0, 0, malformed
		}
	}
	for group := range strings.SplitSeq(rest, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(group, "x"), 10, 16)
		if index = index*1000 + n; err != nil || n > 999 || index > maxTileIndex {
			return 0, 0, 0, malformed
		}
	}
	if TilePath(level, index, width) != path {
		return 0, 0, 0, malformed
	}
	return level, index, width, nil
}

// AppendEntry appends one entry of an entry bundle: its length as big-endian 16
// bits and the leaf. A leaf is never longer than that can say.
func AppendEntry(bundle, leaf []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(leaf)))
	return append(bundle, leaf...)
}

// ParseEntries reads a bundle of 1 to TileWidth entries; the leaves share its memory.
func ParseEntries(bundle []byte) ([][]byte, error) {
	var leaves [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(leaves) == TileWidth {
			return nil, errors.New("malformed entry bundle")
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < n {
			return nil, errors.New("malformed entry bundle")
		}
		leaves = append(leaves, bundle[:n:n])
		bundle = bundle[n:]
	}
	if len(leaves) == 0 {
		return nil, errors.New("malformed entry bundle")
	}
	return leaves, nil
}

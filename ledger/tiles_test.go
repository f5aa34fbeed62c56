package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type tileName struct {
	level int
	index uint64
}

// grow appends in batches, keeping tiles as a store would.
func grow(t interface{ Fatal(...any) }, leaves []Hash, batch func() int) map[tileName][]byte {
	tiles := map[tileName][]byte{}
	for size := 0; size < len(leaves); {
		n := min(batch(), len(leaves)-size)
		edge := map[int][]byte{}
		for level := range 8 {
			if index, width := EdgeTile(uint64(size), level); width > 0 {
				edge[level] = tiles[tileName{level, index}]
			}
		}
		changed, err := GrowTiles(uint64(size), edge, leaves[size:size+n])
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changed {
			tiles[tileName{c.Level, c.Index}] = c.Data
		}
		size += n
	}
	return tiles
}

func TestTilesDoNotDependOnTheBatches(t *testing.T) {
	all := hashes(140000)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(all)).Draw(t, "size")
		once := grow(t, all[:n], func() int { return n })
		small := rapid.IntRange(1, 5000).Draw(t, "batch")
		batches := grow(t, all[:n], func() int { return rapid.IntRange(1, 1+small).Draw(t, "n") })
		if !maps.EqualFunc(once, batches, bytes.Equal) {
			t.Fatal("other tiles")
		}
		for level := range 4 {
			count := n >> (8 * level)
			for i := range (count + 255) / 256 {
				if got := len(once[tileName{level, uint64(i)}]) / 32; got != min(256, count-256*i) {
					t.Fatalf("size %d: tile %d of level %d has %d hashes", n, i, level, got)
				}
			}
		}
	})
}

func TestOneLeafTouchesOneTileALevel(t *testing.T) {
	all := hashes(66000)
	tiles := grow(t, all[:65535], func() int { return 65535 })
	edge := map[int][]byte{0: tiles[tileName{0, 255}], 1: tiles[tileName{1, 0}]}
	before := fmt.Sprintf("%x", edge)
	changed, err := GrowTiles(65535, edge, all[65535:65536])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changed {
		got = append(got, TilePath(c.Level, c.Index, c.Width()))
	}
	if want := "tile/0/255 tile/1/000 tile/2/000.p/1"; strings.Join(got, " ") != want {
		t.Errorf("changed %v, want %s", got, want)
	}
	if fmt.Sprintf("%x", edge) != before {
		t.Error("the edge given was changed")
	}
}

func TestGrowTilesRefusesAnEdgeOfAnotherSize(t *testing.T) {
	for name, edge := range map[string]map[int][]byte{
		"none":      nil,
		"too short": {0: make([]byte, 64)},
		"too long":  {0: make([]byte, 128)},
		"ragged":    {0: make([]byte, 97)},
		"level 1":   {0: make([]byte, 96), 1: make([]byte, 32)},
		"level -1":  {0: make([]byte, 96), -1: nil},
	} {
		if _, err := GrowTiles(3, edge, hashes(1)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTilePathsAreThoseOfTlogTiles(t *testing.T) {
	for _, tt := range []struct {
		level int
		index uint64
		width int
		want  string
	}{
		{0, 0, 256, "tile/0/000"},
		{0, 1234067, 256, "tile/0/x001/x234/067"},
		{0, 1234067, 8, "tile/0/x001/x234/067.p/8"},
		{1, 999, 255, "tile/1/999.p/255"},
		{63, 1000, 1, "tile/63/x001/000.p/1"},
		{EntriesLevel, 0, 256, "tile/entries/000"},
		{EntriesLevel, 273, 112, "tile/entries/273.p/112"},
	} {
		got := TilePath(tt.level, tt.index, tt.width)
		level, index, width, err := ParseTilePath(tt.want)
		if got != tt.want || err != nil || level != tt.level || index != tt.index || width != tt.width {
			t.Errorf("%s: printed %s, parsed %d %d %d %v", tt.want, got, level, index, width, err)
		}
	}
	for _, path := range []string{"", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/x/000",
		"tile/0/0", "tile/0/0000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/xx01/002", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/08", "tile/0/000.p/", "tile/0/000.p/1/2", "tile/0/000/", "/tile/0/000", "tile/0/../000", "tile/data/000",
		"tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/x1/000"} {
		if level, index, width, err := ParseTilePath(path); err == nil {
			t.Errorf("%s: parsed as %d %d %d", path, level, index, width)
		}
	}
}

func TestEntryBundlesAreReadAsWritten(t *testing.T) {
	var bundle []byte
	for i := range 256 {
		bundle = AppendEntry(bundle, bytes.Repeat([]byte{byte(i)}, i))
	}
	leaves, err := ParseEntries(bundle)
	if err != nil || len(leaves) != 256 || len(leaves[200]) != 200 {
		t.Fatalf("%d leaves, %v", len(leaves), err)
	}
	for name, b := range map[string][]byte{"empty": nil, "cut": bundle[:len(bundle)-1], "a byte more": append(bytes.Clone(bundle), 0), "257": AppendEntry(bytes.Clone(bundle), nil)} {
		if _, err := ParseEntries(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

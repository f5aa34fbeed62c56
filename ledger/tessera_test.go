package ledger

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// The files that a hub serves must be what others' software understands: here the
// client and the checker of Tessera, which share no code with this package.

// A site holds files by path, as any static web server would.
type site map[string][]byte

// siteOf writes a log of n leaves, appended in batches of several sizes.
func siteOf(t testing.TB, n int) (site, *Signer) {
	s, _ := newKeys(t, testOrigin, 1)
	files := site{}
	leaves := make([][]byte, n)
	hs := make([]Hash, n)
	var tree Tree
	for i := range leaves {
		l := someLeaf()
		l.Key = [16]byte{byte(i >> 16), byte(i >> 8), byte(i)}
		leaves[i] = l.Append(nil)
		hs[i] = RecordHash(leaves[i])
		tree.Append(hs[i])
	}
	batch := 0
	for name, data := range grow(t, hs, func() int { batch++; return 1 + batch*batch%4000 }) {
		files[TilePath(name.level, name.index, len(data)/32)] = data
	}
	for i := 0; i < n; i += TileWidth {
		var bundle []byte
		width := min(TileWidth, n-i)
		for _, leaf := range leaves[i : i+width] {
			bundle = AppendEntry(bundle, leaf)
		}
		files[TilePath(EntriesLevel, uint64(i/TileWidth), width)] = bundle
	}
	h := someHead()
	h.Size, h.Root, h.Count = tree.Size(), tree.Root(), 1
	checkpoint, err := s.Sign(h)
	if err != nil {
		t.Fatal(err)
	}
	files["checkpoint"] = checkpoint
	return files, s
}

// check runs Tessera's fsck over what f fetches.
func check(t testing.TB, s *Signer, f fsck.Fetcher) error {
	v, err := note.NewVerifier(s.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	hasher := func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var hs [][]byte
		for _, e := range b.Entries {
			h := RecordHash(e)
			hs = append(hs, h[:])
		}
		return hs, nil
	}
	return fsck.New(testOrigin, v, f, hasher, fsck.Opts{N: 2}).Check(t.Context())
}

func TestAnIndependentClientVerifiesTheWholeLog(t *testing.T) {
	for _, n := range []int{1, 255, 256, 257, 70000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			files, s := siteOf(t, n)
			for path := range files {
				if path == "checkpoint" {
					continue
				}
				if _, _, _, err := ParseTilePath(path); err != nil {
					t.Error(err)
				}
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				data, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
				if !ok {
					http.NotFound(w, r)
					return
				}
				_, _ = w.Write(data)
			}))
			defer server.Close()
			address, err := url.Parse(server.URL + "/")
			if err != nil {
				t.Fatal(err)
			}
			f, err := client.NewHTTPFetcher(address, server.Client())
			if err != nil {
				t.Fatal(err)
			}
			if err := check(t, s, f); err != nil {
				t.Error(err)
			}
		})
	}
}

// fetch gives the files without a network.
func (s site) fetch(path string) ([]byte, error) {
	if data, ok := s[path]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: %w", path, os.ErrNotExist)
}

func (s site) ReadCheckpoint(context.Context) ([]byte, error) { return s.fetch("checkpoint") }

func (s site) ReadTile(_ context.Context, level, index uint64, partial uint8) ([]byte, error) {
	return s.fetch(TilePath(int(level), index, width(partial)))
}

func (s site) ReadEntryBundle(_ context.Context, index uint64, partial uint8) ([]byte, error) {
	return s.fetch(TilePath(EntriesLevel, index, width(partial)))
}

func width(partial uint8) int {
	if partial == 0 {
		return TileWidth
	}
	return int(partial)
}

func TestAnIndependentClientFindsEveryFlippedByte(t *testing.T) {
	for _, tt := range []struct{ size, step int }{{3, 1}, {257, 61}} {
		files, s := siteOf(t, tt.size)
		if err := check(t, s, files); err != nil {
			t.Fatal(err)
		}
		for _, path := range slices.Sorted(maps.Keys(files)) {
			whole := files[path]
			for i := 0; i < len(whole); i += tt.step {
				if path == "checkpoint" && i == len(whole)-3 {
					continue // bits of base64 that mean nothing: Open refuses them, Tessera does not mind
				}
				changed := maps.Clone(files) // a check that failed may still be reading
				changed[path] = bytes.Clone(whole)
				changed[path][i] ^= 1
				if check(t, s, changed) == nil {
					t.Fatalf("log of %d, %s: byte %d flipped, no error", tt.size, path, i)
				}
			}
		}
	}
}

package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"gongxin"
	"gongxin/durable"
	"gongxin/ledger"
)

const (
	tilesDir = "tiles"
	tileTime = 30 * time.Second
	maxEntry = 2 + 256 // bytes of an entry in a bundle: its length, and the longest leaf
)

// tiles keeps complete tiles of the log as files, up to a bound of bytes, and
// fetches what is missing. Tiles hold no bodies, so they are for everybody and
// outlive every erasure.
type tiles struct {
	dir    string
	limit  int64
	hub    string
	client *http.Client
	asking chan struct{}
	once   singleflight.Group

	mu    sync.Mutex
	order []tileFile // the oldest first, which goes first
	total int64
}

type tileFile struct {
	path string
	size int64
	at   time.Time
}

func openTiles(dir string, limit int64, hub string, client *http.Client) (*tiles, error) {
	t := &tiles{dir: filepath.Join(dir, tilesDir), limit: limit, hub: strings.TrimSuffix(hub, "/"), client: client, asking: make(chan struct{}, maxAsking)}
	err := filepath.WalkDir(t.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), durable.Unfinished) {
			return os.Remove(path) // left by a crash
		}
		info, err := d.Info()
		if err == nil {
			t.order, t.total = append(t.order, tileFile{path, info.Size(), info.ModTime()}), t.total+info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open tiles: %w", err)
	}
	slices.SortFunc(t.order, func(a, b tileFile) int { return a.at.Compare(b.at) })
	return t, nil
}

// get returns the tile at path, such as tile/0/000. Errors: RELAY_ADDRESS, RELAY_BUSY, RELAY_HUB_AWAY.
func (t *tiles) get(ctx context.Context, path string) ([]byte, error) {
	level, _, width, err := ledger.ParseTilePath(path)
	if err != nil {
		return nil, gongxin.Missing("RELAY_ADDRESS", "/"+path)
	}
	file := filepath.Join(t.dir, filepath.FromSlash(strings.TrimPrefix(path, "tile/")))
	if width == ledger.TileWidth {
		if b, err := os.ReadFile(file); err == nil {
			return b, nil
		}
	}
	made := t.once.DoChan(path, func() (any, error) {
		select {
		case t.asking <- struct{}{}:
			defer func() { <-t.asking }()
		case <-time.After(tileTime):
			return nil, gongxin.Unavailable("RELAY_BUSY")
		}
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), tileTime)
		defer cancel()
		b, err := t.fetch(asking, path, level, width)
		if err == nil && width == ledger.TileWidth { // others grow out of date
			err = t.keep(file, b)
		}
		return b, err
	})
	select {
	case <-ctx.Done():
		return nil, gongxin.Unavailable("RELAY_NOT_READY")
	case a := <-made:
		b, _ := a.Val.([]byte)
		return b, a.Err
	}
}

// fetch asks the hub. What has not the length of such a tile is refused.
func (t *tiles) fetch(ctx context.Context, path string, level, width int) ([]byte, error) {
	away := func(err error) error { return fmt.Errorf("%w: %w", gongxin.Unavailable("RELAY_HUB_AWAY"), err) }
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, t.hub+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	a, err := t.client.Do(q)
	if err != nil {
		return nil, away(err)
	}
	defer a.Body.Close() // only read
	switch a.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, gongxin.Missing("RELAY_ADDRESS", "/"+path)
	default:
		return nil, away(errors.New(a.Status))
	}
	longest := int64(width * maxEntry)
	b, err := io.ReadAll(io.LimitReader(a.Body, longest+1))
	if err != nil {
		return nil, away(err)
	}
	if int64(len(b)) > longest || level >= 0 && len(b) != width*len(ledger.Hash{}) {
		return nil, away(fmt.Errorf("%d bytes are no tile", len(b)))
	}
	return b, nil
}

// keep writes b as path, and removes the oldest beyond the bound.
func (t *tiles) keep(path string, b []byte) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = durable.Replace(path, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep tile: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.order, t.total = append(t.order, tileFile{path: path, size: int64(len(b))}), t.total+int64(len(b))
	for t.total > t.limit && len(t.order) > 0 {
		if err := os.Remove(t.order[0].path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove tile: %w", err)
		}
		t.order, t.total = t.order[1:], t.total-t.order[0].size
	}
	return nil
}

func (r *Relay) serveTile(w http.ResponseWriter, q *http.Request) error {
	b, err := r.tiles.get(q.Context(), strings.TrimPrefix(q.URL.Path, "/"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	r.bound(w)
	_, _ = w.Write(b) // a reader that went away needs no answer
	return nil
}

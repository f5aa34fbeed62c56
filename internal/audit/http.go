package audit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// An HTTPLog reads a log over plain HTTP: of a hub, a relay, or any server that
// has its files. Error: AUDIT_UNREACHABLE.
type HTTPLog struct {
	URL    string       // such as https://credit.example; /checkpoint and /tile/… are added
	Client *http.Client // nil: http.DefaultClient
}

const (
	answerTime = 30 * time.Second
	maxBundle  = ledger.TileWidth * (2 + 256) // more than the longest leaves take
)

// Checkpoint implements Log.
func (l HTTPLog) Checkpoint(ctx context.Context) ([]byte, error) {
	b, _, err := l.get(ctx, "checkpoint", ledger.MaxWitnessed)
	return b, err
}

// Entries implements Log.
func (l HTTPLog) Entries(ctx context.Context, index uint64, width int) ([]byte, error) {
	b, whole, err := l.partial(ctx, ledger.EntriesLevel, index, width, maxBundle)
	if err != nil || !whole {
		return b, err
	}
	leaves, err := ledger.ParseEntries(b)
	if err != nil || len(leaves) < width {
		return b, err
	}
	var bundle []byte
	for _, leaf := range leaves[:width] {
		bundle = ledger.AppendEntry(bundle, leaf)
	}
	return bundle, nil
}

// Tile implements Log.
func (l HTTPLog) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	size := width * len(ledger.Hash{})
	b, _, err := l.partial(ctx, level, index, width, ledger.TileWidth*len(ledger.Hash{}))
	if err == nil && len(b) > size {
		b = b[:size]
	}
	return b, err
}

// partial reads a tile; where a server has given up a partial one, since the log
// has grown, the whole one, which begins with it.
func (l HTTPLog) partial(ctx context.Context, level int, index uint64, width, limit int) (b []byte, whole bool, err error) {
	b, status, err := l.get(ctx, ledger.TilePath(level, index, width), limit)
	if status == http.StatusNotFound && width < ledger.TileWidth {
		b, _, err = l.get(ctx, ledger.TilePath(level, index, ledger.TileWidth), limit)
		return b, true, err
	}
	return b, false, err
}

func (l HTTPLog) get(ctx context.Context, path string, limit int) (b []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	url := strings.TrimSuffix(l.URL, "/") + "/" + path
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: %w", gongxin.Unavailable("AUDIT_UNREACHABLE", url), err)
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	client := l.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, answer.StatusCode, fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	b, err = io.ReadAll(io.LimitReader(answer.Body, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return b, answer.StatusCode, err
}

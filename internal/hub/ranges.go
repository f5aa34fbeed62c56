package hub

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/internal/store"
)

// Changes that are long past are served as ranges, which never change, so that a
// cache in front of the hub answers those who come after the first. Ranges end near
// the multiples of rangeChanges, wherever a follower begins: so followers that began
// at different places soon ask for the same ones.
const rangeChanges = 8192

// A range holds bodies, and an erased one must not live on in caches: so caches keep
// it for a week, although it stays as it is (docs/relay.md).
const keepRange = "private, max-age=604800, immutable"

// closed returns up to where the range goes that begins after a sequence; 0 if it is
// not closed yet. It ends at a checkpoint that is not the newest, which may still be
// signed again.
func (h *Hub) closed(ctx context.Context, after uint64) (size uint64, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		size, err = closed(ctx, v, after)
		return err
	})
	return size, err
}

func closed(ctx context.Context, v *store.View, after uint64) (uint64, error) {
	head, err := v.Head(ctx)
	if err != nil {
		return 0, err
	}
	for end := (after/rangeChanges + 1) * rangeChanges; end < head.Size; end += rangeChanges {
		stop, err := v.LastStop(ctx, end)
		if err != nil || stop > after {
			return stop, err
		}
	}
	return 0, nil
}

// serveRange serves GET /v1/feed/ranges/<after>-<size>: the changes of a closed range,
// or those that make its beginning, where a key is announced in it or it is too long
// for one answer.
func (a *api) serveRange(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("range")
	first, last, _ := strings.Cut(name, "-")
	after, err1 := strconv.ParseUint(first, 10, 63)
	size, err2 := strconv.ParseUint(last, 10, 63)
	var end uint64
	var err error
	if err1 == nil && err2 == nil && name == fmt.Sprintf("%d-%d", after, size) {
		end, err = a.hub.closed(r.Context(), after)
	}
	switch {
	case err != nil:
		a.fail(w, r, err)
		return
	case end == 0 || end != size:
		a.fail(w, r, gongxin.Missing("FEED_RANGE", name))
		return
	}
	w.Header().Set("Cache-Control", keepRange)
	w.Header().Set("ETag", strconv.Quote(name))
	if r.Header.Get("If-None-Match") == strconv.Quote(name) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	a.send(w, r, after, a.hub.encoded(r.Context(), after, int(size-after), a.hub.changes))
}

// serveAccess serves GET /v1/feed/access: 204 to whom the feed is open, for a cache in
// front that asks before it answers by itself.
func (a *api) serveAccess(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

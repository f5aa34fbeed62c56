package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/ledger"
)

const (
	maxWait    = 30 * time.Second // of a long poll
	maxChanges = 10_000           // in one answer, if a checkpoint lies within
)

// changes returns what an audience may see of at most limit events after a
// sequence, up to a committed checkpoint; none, with the newest checkpoint, if there
// are none.
func (h *Hub) changes(ctx context.Context, a gongxin.Audience, after uint64, limit int) (feed.Changes, error) {
	c := feed.Changes{After: after}
	err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		records, checkpoint, err := v.Changes(ctx, a, after, limit)
		if err != nil {
			return err
		}
		// A follower has to see by the key that it knows that another was announced,
		// before anything that the other signed: so nothing goes beyond an announcement.
		if n := announcement(records); n > 0 && n < len(records) {
			if records, checkpoint, err = v.Changes(ctx, a, after, n); err != nil {
				return err
			}
		}
		c.Checkpoint = checkpoint
		c.Records = make([]feed.Record, len(records))
		for i, r := range records {
			c.Records[i] = feed.Record(r)
		}
		return nil
	})
	return c, err
}

// announcement returns up to where records announce a key first; 0 if they do not.
func announcement(records []store.Record) int {
	for i, r := range records {
		if !bytes.Contains(r.Leaf, []byte(gongxin.KeyAnnouncement)) {
			continue
		}
		if leaf, err := ledger.ParseLeaf(r.Leaf); err == nil && leaf.Kind == string(gongxin.KeyAnnouncement) {
			return i + 1
		}
	}
	return 0
}

// serveChanges serves GET /v1/feed/changes?after=N&wait=SECONDS: the changes
// after N with the bodies for departments, verifiable by the signed checkpoint
// at the end. With wait it answers when there is a change, or a checkpoint newer
// than the one at the start of the wait, or the time is over. What is long past it
// answers with the address of a range. With witnessed=1 it ends, and waits for, what
// enough witnesses have cosigned, where this hub has witnesses.
func (a *api) serveChanges(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 63)
	if err != nil {
		a.fail(w, r, gongxin.Invalid("QUERY_PARAMETER", "after"))
		return
	}
	var wait time.Duration
	if s := r.URL.Query().Get("wait"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			a.fail(w, r, gongxin.Invalid("QUERY_PARAMETER", "wait"))
			return
		}
		wait = min(time.Duration(seconds)*time.Second, maxWait)
	}
	if after > a.hub.Store.Known() { // of another process of this hub, or of another hub
		head, err := a.hub.head(ctx)
		if err == nil && after > head.Size {
			err = gongxin.Conflict("FEED_AHEAD", after, head.Size)
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
	}
	witnessed := r.URL.Query().Get("witnessed") == "1" && len(a.hub.Witnesses) > 0
	woken, err := a.await(ctx, after, wait, witnessed)
	if ctx.Err() != nil { // the hub stops, or the follower has gone and will not read it
		a.fail(w, r, gongxin.Unavailable("HUB_STOPPING"))
		return
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store") // the next answer to the same question is another
	var out answer
	switch {
	case witnessed:
		out = a.hub.encoded(ctx, after, maxChanges, a.hub.witnessedChanges)
	case woken:
		out = a.hub.bell.share(after, func() answer { return a.hub.answerAfter(context.WithoutCancel(ctx), after) })
	default:
		out = a.hub.answerAfter(ctx, after)
	}
	if out.moved > 0 {
		w.Header().Set("Location", fmt.Sprintf("ranges/%d-%d", after, out.moved)) // relative, so that it holds behind a proxy
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	a.send(w, r, after, out)
}

// await lets a follower wait for what comes after a sequence; woken tells that it
// came. It also ends when the time is over that a checkpoint without a change takes.
func (a *api) await(ctx context.Context, after uint64, wait time.Duration, witnessed bool) (woken bool, err error) {
	if wait == 0 {
		return false, nil
	}
	if !witnessed {
		wait = min(wait, a.hub.Heartbeat)
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if witnessed {
		err = a.hub.awaitWitnessed(waiting, after)
	} else {
		err = a.hub.bell.wait(waiting, a.hub.Store, after)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// answerAfter is what everybody gets who asks for what comes after a sequence.
func (h *Hub) answerAfter(ctx context.Context, after uint64) answer {
	moved, err := h.closed(ctx, after)
	if err != nil || moved > 0 {
		return answer{moved: moved, err: err}
	}
	return h.encoded(ctx, after, maxChanges, h.linedChanges)
}

// A reader of changes is Hub.changes, or one that adds what witnesses said.
type reader func(ctx context.Context, a gongxin.Audience, after uint64, limit int) (feed.Changes, error)

// encoded is an answer with at most limit changes after a sequence, as read gives them.
func (h *Hub) encoded(ctx context.Context, after uint64, limit int, read reader) answer {
	c, err := read(ctx, gongxin.AudiencePartner, after, limit)
	if err != nil {
		return answer{err: err}
	}
	var body bytes.Buffer
	if err := c.Encode(&body); err != nil {
		return answer{err: err}
	}
	return answer{body: body.Bytes(), size: after + uint64(len(c.Records))}
}

// send sends an answer with what comes after a sequence, and remembers that it was served.
func (a *api) send(w http.ResponseWriter, r *http.Request, after uint64, out answer) {
	ctx := r.Context()
	if out.err != nil {
		w.Header().Del("ETag")
		a.fail(w, r, out.err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(out.body)))
	if _, err := w.Write(out.body); err != nil {
		a.hub.Log.DebugContext(ctx, "follower went away", "err", err)
		return
	}
	if out.size > after {
		a.hub.served.note(access.CallerFrom(ctx).Gate(), out.size, a.hub.Now())
	}
}

// serveSnapshot serves GET /v1/feed/snapshot: the newest list in force as a file
// whose hash the ledger holds.
func (a *api) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	path, size, err := a.hub.newestSnapshot()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if path == "" {
		a.fail(w, r, gongxin.Missing("FEED_NO_SNAPSHOT"))
		return
	}
	f, err := os.Open(path)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", strconv.Quote(strconv.FormatUint(size, 10))) // so that who goes on with a part gets the same file
	a.hub.served.note(access.CallerFrom(r.Context()).Gate(), size, a.hub.Now())
	http.ServeContent(w, r, "", time.Time{}, f)
}

// serveCheckpoint serves GET /checkpoint (C2SP tlog-tiles): the newest, with the lines
// of witnesses if they have cosigned it; with witnessed=1 the newest that they have.
func (a *api) serveCheckpoint(w http.ResponseWriter, r *http.Request) {
	var checkpoint []byte
	err := a.hub.Store.Read(r.Context(), func(ctx context.Context, v *store.View) (err error) {
		head, err := v.Head(ctx)
		if err == nil {
			checkpoint, err = v.Checkpoint(ctx)
		}
		if err != nil || len(a.hub.Witnesses) == 0 {
			return err
		}
		if r.URL.Query().Get("witnessed") == "1" {
			if _, cosigned, err := v.CosignedIn(ctx, 0, head.Size); err != nil || cosigned != nil {
				checkpoint = cosigned
				return err
			}
		}
		checkpoint, err = withLines(ctx, v, head.Size, checkpoint)
		return err
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(checkpoint) // a reader that went away needs no answer
}

// serveTile serves GET /tile/… : tree tiles and entry bundles (C2SP tlog-tiles).
// They never change, so any cache may keep them.
func (a *api) serveTile(w http.ResponseWriter, r *http.Request) {
	level, index, width, err := ledger.ParseTilePath(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		a.fail(w, r, gongxin.Missing("TILE_UNKNOWN", r.URL.Path))
		return
	}
	var data []byte
	err = a.hub.Store.Read(r.Context(), func(ctx context.Context, v *store.View) (err error) {
		if level < 0 {
			data, err = v.Entries(ctx, index, width)
		} else {
			data, err = v.Tile(ctx, level, index, width)
		}
		return err
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if data == nil {
		a.fail(w, r, gongxin.Missing("TILE_UNKNOWN", fmt.Sprintf("%s, not in a log of this size", r.URL.Path)))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data) // a reader that went away needs no answer
}

package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/feed"
)

const (
	maxWait    = 30 * time.Second // of a long poll
	maxAnswers = 16               // kept for a tip: all gates that wait ask for the same one
	maxAsking  = 4                // requests to the hub at once on behalf of gates
	olderTime  = 2 * time.Minute  // for what the hub is asked for on behalf of a gate
	writeTime  = 2 * time.Minute  // for a gate to take an answer
	retryAfter = 5                // seconds until a gate asks again that could not be served
)

// forGood lets a gate's own cache keep a closed range. A cache that several share
// keeps it only if it asks the relay who may have it (docs/relay.md).
const forGood = "private, max-age=31536000, immutable"

// Handler serves the feed as the hub does:
//
//	GET /v1/feed/changes?after=N&wait=S     changes, or a redirect to a closed range of them
//	GET /v1/feed/ranges/<after>-<size>      a closed range: never changes
//	GET /v1/feed/snapshot                   the newest snapshot
//	GET /v1/feed/access                     204 if the token is good: for a cache in front
//	GET /checkpoint, /tile/…                the log itself, for everybody
//	GET /healthz                            how far the relay is, and how it reaches the hub
//
// What gates report it does not take.
func (r *Relay) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/feed/changes", r.admit(r.serveChanges))
	m.HandleFunc("GET /v1/feed/ranges/{range}", r.admit(r.serveRange))
	m.HandleFunc("GET /v1/feed/snapshot", r.admit(r.serveSnapshot))
	m.HandleFunc("GET /v1/feed/access", r.admit(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}))
	m.HandleFunc("GET /checkpoint", r.open(r.serveCheckpoint))
	m.HandleFunc("GET /tile/", r.open(r.serveTile))
	m.HandleFunc("GET /healthz", r.serveHealth)
	m.HandleFunc("/v1/gates/", r.open(func(http.ResponseWriter, *http.Request) error { return gongxin.Unavailable("RELAY_REPORTS") }))
	m.HandleFunc("/v1/listings/", r.open(func(http.ResponseWriter, *http.Request) error { return gongxin.Unavailable("RELAY_REPORTS") }))
	m.HandleFunc("/", r.open(func(_ http.ResponseWriter, q *http.Request) error {
		return gongxin.Missing("RELAY_ADDRESS", q.URL.Path)
	}))
	return m
}

type handler func(http.ResponseWriter, *http.Request) error

func (r *Relay) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if err := h(w, q); err != nil {
			r.fail(w, q, err)
		}
	}
}

// admit lets in who has a token of this relay's list, as many as there is room for.
func (r *Relay) admit(h handler) http.HandlerFunc {
	return r.open(func(w http.ResponseWriter, q *http.Request) error {
		secret, bearer := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
		gate, ok := r.Tokens.Gate(secret)
		if !bearer || !ok {
			return gongxin.Forbidden("RELAY_TOKEN")
		}
		if !r.requests.begin(gate) {
			return gongxin.Unavailable("RELAY_BUSY")
		}
		defer r.requests.end(gate)
		return h(w, q)
	})
}

// requests counts those under way, of all gates and of each.
type requests struct {
	all, each int // at most

	mu    sync.Mutex
	total int
	of    map[string]int
}

func (c *requests) begin(gate string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total >= c.all || c.of[gate] >= c.each {
		return false
	}
	c.total++
	c.of[gate]++
	return true
}

func (c *requests) end(gate string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.of[gate]--; c.of[gate] == 0 {
		delete(c.of, gate)
	}
}

func (c *requests) underWay() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// serveChanges answers with what follows after the first after changes. With wait
// it answers when there is a change, or a newer checkpoint, or the time is over.
func (r *Relay) serveChanges(w http.ResponseWriter, q *http.Request) error {
	after, err := strconv.ParseUint(q.URL.Query().Get("after"), 10, 63)
	if err != nil {
		return gongxin.Invalid("RELAY_QUERY", "after")
	}
	var wait time.Duration
	if s := q.URL.Query().Get("wait"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return gongxin.Invalid("RELAY_QUERY", "wait")
		}
		wait = min(time.Duration(seconds)*time.Second, maxWait)
	}
	t := r.newest()
	if t == nil {
		return gongxin.Unavailable("RELAY_NOT_READY")
	}
	if wait > 0 && after >= t.size {
		if t, err = r.await(q.Context(), t, after, wait); err != nil {
			return err
		}
	}
	switch o, ok := r.shelf.find(after); {
	case after > t.size: // the gate has followed somebody else, who is ahead of this relay
		return gongxin.Unavailable("RELAY_BEHIND", after, t.size)
	case ok && o.after == after && r.shelf.closed(o):
		w.Header().Set("Location", "ranges/"+rangeName(o)) // relative, so that it holds behind a proxy
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
	body, err := r.answer(q.Context(), t, after)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store") // the next answer to the same question is another
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	r.bound(w)
	_, _ = w.Write(body) // a reader that went away needs no answer
	return nil
}

// await returns the tip once it is another than t and not before after, or the
// newest when wait is over.
func (r *Relay) await(ctx context.Context, t *tip, after uint64, wait time.Duration) (*tip, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		select {
		case <-t.next:
			if t = r.newest(); t.size >= after {
				return t, nil
			}
		case <-end.C:
			return r.newest(), nil
		case <-ctx.Done():
			return nil, gongxin.Unavailable("RELAY_NOT_READY")
		}
	}
}

// An answer is made once for all who ask for it.
type answer struct {
	once sync.Once
	body []byte
	err  error
}

// answer returns the encoded changes after after.
func (r *Relay) answer(ctx context.Context, t *tip, after uint64) ([]byte, error) {
	t.mu.Lock()
	a := t.answers[after]
	if a == nil {
		if a = new(answer); len(t.answers) < maxAnswers {
			t.answers[after] = a
		}
	}
	t.mu.Unlock()
	a.once.Do(func() {
		c := feed.Changes{After: after, Checkpoint: t.checkpoint}
		if after < t.size {
			c, a.err = r.shelf.join(after, math.MaxUint64, batchBytes, batchRecords)
		}
		if a.err == nil && (after == t.size || len(c.Records) > 0) {
			a.body, a.err = encode(c)
		}
	})
	if a.err != nil { // a fault of the disk, which may pass
		t.mu.Lock()
		delete(t.answers, after)
		t.mu.Unlock()
		return nil, a.err
	}
	if a.body != nil {
		return a.body, nil
	}
	return r.askHub(ctx, after)
}

func encode(c feed.Changes) ([]byte, error) {
	var b bytes.Buffer
	err := c.Encode(&b)
	return b.Bytes(), err
}

// askHub passes on what is older than what is kept here. Many who ask for the same
// are one request. Nothing of it is kept: it is here no more so that it can be erased.
func (r *Relay) askHub(ctx context.Context, after uint64) ([]byte, error) {
	made := r.older.DoChan(strconv.FormatUint(after, 10), func() (any, error) {
		select {
		case r.asking <- struct{}{}:
			defer func() { <-r.asking }()
		default:
			return nil, gongxin.Unavailable("RELAY_BUSY")
		}
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), olderTime)
		defer cancel()
		c, err := r.Hub.Changes(asking, after, 0)
		if err == nil && c.After != after {
			err = gongxin.Conflict("FEED_GAP", after, c.After)
		}
		if err != nil {
			r.Log.WarnContext(ctx, "older changes cannot be fetched", "after", after, "code", gongxin.CodeOf(err), "err", err)
			return nil, gongxin.Unavailable("RELAY_HUB_AWAY")
		}
		return encode(c)
	})
	select {
	case <-ctx.Done():
		return nil, gongxin.Unavailable("RELAY_NOT_READY")
	case a := <-made:
		body, _ := a.Val.([]byte)
		return body, a.Err
	}
}

func rangeName(o span) string {
	return strconv.FormatUint(o.after, 10) + "-" + strconv.FormatUint(o.size, 10)
}

func (r *Relay) serveRange(w http.ResponseWriter, q *http.Request) error {
	name := q.PathValue("range")
	first, last, _ := strings.Cut(name, "-")
	after, err1 := strconv.ParseUint(first, 10, 63)
	size, err2 := strconv.ParseUint(last, 10, 63)
	o := span{after, size}
	if err1 != nil || err2 != nil || rangeName(o) != name || !r.shelf.has(o) || !r.shelf.closed(o) {
		return gongxin.Missing("RELAY_RANGE", name)
	}
	f, err := os.Open(r.shelf.path(o))
	if errors.Is(err, os.ErrNotExist) {
		return gongxin.Missing("RELAY_RANGE", name)
	}
	if err != nil {
		return err
	}
	defer f.Close() // only read
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", forGood)
	w.Header().Set("ETag", strconv.Quote(name))
	r.bound(w)
	http.ServeContent(w, q, "", time.Time{}, f)
	return nil
}

func (r *Relay) serveSnapshot(w http.ResponseWriter, q *http.Request) error {
	f, size, err := r.shelf.openSnapshot()
	if err != nil {
		return err
	}
	defer f.Close() // only read
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", strconv.Quote(strconv.FormatUint(size, 10))) // so that who goes on with a part gets the same file
	http.ServeContent(w, q, "", time.Time{}, f)
	return nil
}

func (r *Relay) serveCheckpoint(w http.ResponseWriter, _ *http.Request) error {
	t := r.newest()
	if t == nil {
		return gongxin.Unavailable("RELAY_NOT_READY")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(t.checkpoint) // a reader that went away needs no answer
	return nil
}

// bound lets a reader that takes nothing go away by itself.
func (r *Relay) bound(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)) // of a connection, not of any rule
}

// A Health is what GET /healthz says.
type Health struct {
	Sequence   uint64    `json:"sequence"`            // up to where the relay serves
	Checkpoint time.Time `json:"checkpoint,omitzero"` // when the newest checkpoint was signed
	Snapshot   uint64    `json:"snapshot"`            // size of the newest snapshot, 0 if there is none
	Hub        string    `json:"hub"`                 // "ok", "not asked yet", or the code of what is wrong
	Since      time.Time `json:"since"`               // it has been so
	Requests   int       `json:"requests"`            // of gates under way, those that wait included
}

// Health says how far the relay is.
func (r *Relay) Health() Health {
	r.mu.Lock()
	h := Health{Hub: r.hub.code, Since: gongxin.Millis(r.hub.since), Requests: r.requests.underWay()}
	if r.tip != nil {
		h.Sequence, h.Checkpoint = r.tip.size, r.tip.at
	}
	r.mu.Unlock()
	switch h.Hub {
	case "":
		h.Hub = "ok"
	case "-":
		h.Hub = "not asked yet"
	}
	r.shelf.mu.RLock()
	h.Snapshot = r.shelf.snapshot
	r.shelf.mu.RUnlock()
	return h
}

// serveHealth answers 200 as long as there is something to serve, also if the hub
// is away; 503 before.
func (r *Relay) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := r.Health()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if h.Checkpoint.IsZero() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // a reader that went away needs no answer
}

// A problem is an RFC 9457 answer, in the form that the hub gives as well.
type problem struct {
	Type    string       `json:"type"`
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail"`
	Code    string       `json:"code"`
	Message gongxin.Text `json:"message"`
	Mend    gongxin.Text `json:"mend"`
}

var statusOf = map[gongxin.Kind]int{
	gongxin.KindInvalid:     http.StatusUnprocessableEntity,
	gongxin.KindForbidden:   http.StatusUnauthorized, // nobody is known here who may not
	gongxin.KindMissing:     http.StatusNotFound,
	gongxin.KindConflict:    http.StatusConflict,
	gongxin.KindUnavailable: http.StatusServiceUnavailable,
}

// fail answers with err; what is no gongxin.Error is a fault of ours and is logged.
func (r *Relay) fail(w http.ResponseWriter, q *http.Request, err error) {
	var e *gongxin.Error
	status := http.StatusInternalServerError
	if errors.As(err, &e) {
		status = statusOf[e.Kind]
	} else {
		r.Log.ErrorContext(q.Context(), "request failed", "path", q.URL.Path, "err", err)
		e = gongxin.Unavailable("RELAY_FAULT")
	}
	what := e.What()
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: what.ZH + " / " + what.EN, Code: e.Code, Message: what, Mend: e.Mend()}) // a reader that went away needs no answer
}

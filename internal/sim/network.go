//go:build linux

package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
)

// A fault is what happens to one message of a turn.
type fault uint8

// The faults of messages.
const (
	whole      fault = iota
	lose             // it never arrives
	loseAnswer       // it arrives, and the answer does not
	late             // the answer comes in place of the next one
	repeat           // an answer of before comes again
	corrupt          // a byte is another
	truncate         // it ends early
	stall            // it begins, and no more comes until the reader gives up
	endless          // it never ends
	busy             // the hub cannot now
	missign          // the hub signs what is not so: a digest of another set
	faults
)

var faultNames = [faults]string{"", "lost", "answer lost", "late", "repeated", "corrupted", "cut", "stalled", "endless", "hub busy", "wrong digest signed"}

// A relay is what stands between a gate and the hub.
type relay uint8

// The relays. All but the first two lie.
const (
	direct        relay = iota
	cache               // honest: gives what it fetched a while ago
	freezes             // always the oldest that it has
	dropsEndings        // leaves out withdrawals and the like
	doublesOthers       // writes another event in their place
	mixes               // new changes under an old checkpoint, or the reverse
	swapsBodies         // the persons of two events change places
	blanksBodies        // bodies are missing
	oldSnapshot         // the oldest snapshot, whatever was signed since
	otherLog            // a log of its own under the hub's name
	relays
)

var relayNames = [relays]string{"none", "cache", "freezes", "drops endings", "doubles others", "mixes", "swaps bodies", "blanks bodies", "old snapshot", "other log"}

// A link is the way from one gate to the hub: the gate's http.RoundTripper.
type link struct {
	w     *world
	gate  *gateway
	relay relay
	cut   bool // partitioned

	fault  fault // of the message number at of this turn
	at     int
	pos    int // where in it
	asked  int // messages in this turn
	held   []byte
	old    [][]byte          // answers of before, the newest last
	stored map[string][]byte // what the relay has, by what was asked for: the newest
	oldest map[string][]byte
}

var errLost = errors.New("connection reset by peer")

// RoundTrip implements http.RoundTripper.
func (l *link) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close() // only read
	}
	l.w.overheard(l.gate, r.URL.String(), sent)
	f := whole
	if l.asked == l.at {
		f = l.fault
	}
	l.asked++
	if l.cut || f == lose {
		return nil, errLost
	}
	if f == busy {
		return problem(http.StatusServiceUnavailable, "STORE_UNAVAILABLE"), nil
	}
	if r.Method == http.MethodPost {
		answer := l.w.take(l.gate, r.URL.Path, sent)
		if f == loseAnswer {
			return nil, errLost
		}
		return answer, nil
	}
	key := r.URL.Path + "?" + r.URL.Query().Get("after")
	before := l.oldest[key]
	body, refused := l.fetch(r, key, f)
	if refused != nil {
		return refused, nil
	}
	switch f {
	case loseAnswer:
		return nil, errLost
	case late:
		l.held = body
		return nil, errLost
	case repeat:
		if before != nil && l.pos%2 == 0 { // to the same question
			body = before
		} else if len(l.old) > 0 {
			body = l.old[l.pos%len(l.old)]
		}
	default:
		if l.held != nil {
			body, l.held = l.held, nil
		}
	}
	return carried(body, f, l.pos), nil
}

// carried is an answer with what happens to it on the way.
func carried(body []byte, f fault, pos int) *http.Response {
	var r io.Reader = bytes.NewReader(body)
	switch f {
	case corrupt:
		b := bytes.Clone(body)
		b[pos%len(b)] ^= byte(1 << (pos % 8))
		r = bytes.NewReader(b)
	case truncate:
		r = bytes.NewReader(body[:pos%len(body)])
	case stall:
		r = io.MultiReader(bytes.NewReader(body[:pos%len(body)]), broken{})
	case endless:
		head := body // more after its end, or a block that says it is long
		if pos%4 == 0 {
			head = append(bytes.Clone(body[:8]), 0, 0x7f, 0xff, 0xff, 0, 0x7f, 0xff, 0xff)
		}
		r = io.MultiReader(bytes.NewReader(head), zeros{})
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(r)}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errLost }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func problem(status int, code string) *http.Response {
	b, _ := json.Marshal(map[string]string{"code": code}) // strings can be marshalled
	return &http.Response{StatusCode: status, Status: strconv.Itoa(status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b))}
}

// fetch gets the answer to a question about the feed from the hub, or from the relay.
func (l *link) fetch(r *http.Request, key string, f fault) (body []byte, refused *http.Response) {
	h := l.w.shown(l.gate)
	if !slices.Contains(l.gate.logs, h) {
		l.gate.logs = append(l.gate.logs, h)
	}
	if l.relay == otherLog {
		h = l.w.foreign
	}
	snapshot := strings.HasSuffix(r.URL.Path, "/snapshot")
	if b, ok := l.oldest[key]; ok && l.relay == freezes {
		return b, nil
	}
	if b, ok := l.stored[key]; ok && l.relay == cache && l.pos%2 == 0 {
		return b, nil
	}
	if snapshot {
		for _, r := range l.gate.given {
			r.before = true
		}
		body = h.snapshot
		if l.relay == oldSnapshot && len(h.snaps) > 0 {
			body = h.snaps[0]
		}
		if body == nil {
			return nil, problem(http.StatusNotFound, "FEED_NO_SNAPSHOT")
		}
	} else {
		after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 63)
		if err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "QUERY_PARAMETER")
		}
		c, ok := h.changes(after, l.w.limit)
		if !ok {
			return nil, problem(http.StatusConflict, "FEED_AHEAD")
		}
		if f == missign && after+uint64(len(c.Records)) == h.size() {
			c.Checkpoint = h.missigned(l.w.now)
		}
		c = l.lie(h, c)
		var b bytes.Buffer
		if err := c.Encode(&b); err != nil {
			panic(err) // of our own making
		}
		body = b.Bytes()
	}
	if f != missign {
		l.old = append(l.old, body)
	}
	l.stored[key] = body
	if _, ok := l.oldest[key]; !ok {
		l.oldest[key] = body
	}
	return body, nil
}

// lie changes an answer as the relay does.
func (l *link) lie(h *history, c feed.Changes) feed.Changes {
	ends := func(r feed.Record) bool { return leafKind(r).Force() == gongxin.ForceLeaves }
	switch l.relay {
	case dropsEndings:
		kept := c.Records[:0]
		for _, r := range c.Records {
			if !ends(r) {
				kept = append(kept, r)
			}
		}
		c.Records = kept
		if l.pos%2 == 0 && len(h.signed) > 0 { // and look for a checkpoint that fits
			if i, ok := h.at[c.After+uint64(len(kept))]; ok {
				c.Checkpoint = h.signed[i].note
			}
		}
	case doublesOthers:
		if other := h.records[l.pos%len(h.records)]; l.pos%3 == 0 && leafKind(other).Force() == gongxin.ForceNone {
			for i, r := range c.Records { // steps change nobody's standing: the root alone tells one from another
				if leafKind(r).Step() {
					c.Records[i] = other
				}
			}
			break
		}
		for i, r := range c.Records {
			if ends(r) {
				c.Records[i] = h.records[l.pos%len(h.records)]
				if l.pos%2 == 0 { // a step changes nothing, and nobody would notice
					for _, step := range h.records {
						if leafKind(step).Force() == gongxin.ForceNone {
							c.Records[i] = step
						}
					}
				}
			}
		}
	case mixes:
		c.Checkpoint = h.signed[l.pos%len(h.signed)].note
	case swapsBodies:
		if n := len(c.Records); n > 1 {
			i, j := l.pos%n, (l.pos+1)%n
			a, b := c.Records[i], c.Records[j]
			c.Records[i].Salt, c.Records[i].Body, c.Records[j].Salt, c.Records[j].Body = b.Salt, b.Body, a.Salt, a.Body
		} else if n == 1 {
			other := h.records[l.pos%len(h.records)]
			c.Records[0].Salt, c.Records[0].Body = other.Salt, other.Body
		}
	case blanksBodies:
		for i := range c.Records {
			c.Records[i].Salt, c.Records[i].Body = nil, nil
		}
	}
	return c
}

// leafKind reads the kind off the wire, as a relay can.
func leafKind(r feed.Record) gongxin.EventKind { return gongxin.EventKind(r.Leaf[2 : 2+r.Leaf[1]]) }

// take is the hub taking a report. It keeps one of each kind for a reference, as
// the store does, and counts what says otherwise the second time.
func (w *world) take(g *gateway, path string, sent []byte) *http.Response {
	switch {
	case strings.HasSuffix(path, "/outcomes"):
		var in struct{ Outcomes []gate.Outcome }
		if err := json.Unmarshal(sent, &in); err != nil {
			return problem(http.StatusBadRequest, "BODY")
		}
		for _, o := range in.Outcomes {
			key := o.Reference + " " + o.Kind
			if before, ok := g.reported[key]; ok && before != o {
				w.violate("reported-once", "gate %d reports %s twice: %+v, then %+v", g.n, key, before, o)
			}
			g.reported[key] = o
		}
	case strings.HasSuffix(path, "/receipts"):
		var in struct {
			Sequence, Count uint64
			Digest          string
		}
		if err := json.Unmarshal(sent, &in); err == nil && in.Digest != "" {
			if !w.isSigned(in.Sequence, in.Count, in.Digest) {
				w.violate("signed-state", "gate %d gives a receipt for what was never signed: %+v", g.n, in)
			}
			g.receipts = max(g.receipts, in.Sequence)
		}
	}
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}
}

// overheard looks through what a gate sends for who was screened.
func (w *world) overheard(g *gateway, url string, sent []byte) {
	for n := range people + bystanders {
		for _, secret := range []string{numberOf(n), nameOf(n)} {
			if strings.Contains(url, secret) || bytes.Contains(sent, []byte(secret)) {
				w.violate("screening-stays-local", "gate %d sends %q in %s %s", g.n, secret, url, sent)
			}
		}
	}
}

func (w *world) isSigned(sequence, count uint64, digest string) bool {
	for _, h := range w.branches {
		if sequence <= h.size() && h.counts[sequence] == count && h.digests[sequence].String() == digest {
			return true
		}
	}
	return false
}

func (f fault) String() string { return faultNames[f] }
func (r relay) String() string { return fmt.Sprintf("%q", relayNames[r]) }

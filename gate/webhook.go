package gate

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin"
)

// A Webhook is where the department's own system wants to be told that a
// restriction was lifted or is kept on, so that it frees people by itself (3.13),
// and that a watched subject was listed or is no more (3.4, 3.5).
// Every message comes at least once and, for one reference, in order.
type Webhook struct {
	URL        string // such as https://office.example/lifts; "" for none
	SecretFile string // shared secret, at least 16 characters; read with each message
}

// SignatureHeader carries when a message was sent and by whom:
//
//	Gongxin-Signature: t=<unix time>,v1=<hex HMAC-SHA-256 of "<t>.<body>">
const SignatureHeader = "Gongxin-Signature"

const (
	callTimeout   = 15 * time.Second
	maxCallAnswer = 4 << 10
	maxCallHeader = 64 << 10
	minSecret     = 16

	// A message is tried again after a pause that doubles up to longestCallPause; once
	// it is older than lateAfter, after slowCallPause. It is never given up.
	firstCallPause   = time.Second
	longestCallPause = 10 * time.Minute
	lateAfter        = 24 * time.Hour
	slowCallPause    = time.Hour
)

// A Message is what the department's system is told: what happened to which
// restriction or alert, and nothing about whom but the department's own reference.
type Message struct {
	ID        string    `json:"id"`        // the same whenever the message is repeated
	Kind      string    `json:"kind"`      // "lifted" or "kept"; "alert" or "alert_closed"
	Reference string    `json:"reference"` // as the answer gave it, or of the alert
	Listing   string    `json:"listing"`
	Measure   string    `json:"measure"`
	Scenario  string    `json:"scenario"`
	Sequence  uint64    `json:"sequence"` // of the list that led to it
	At        time.Time `json:"at"`
	State     string    `json:"state"`             // of the restriction as a whole: "lifted" once all its parts are; of an alert "open" or "closed"
	Subject   string    `json:"subject,omitempty"` // of an alert: whom the department watches, by its own reference
	What      string    `json:"what,omitempty"`    // of an alert: "block" or "refer"
	Because   string    `json:"because,omitempty"` // of an alert that was closed: why, a code
}

// check returns what is wrong with w, "" if nothing is.
func (w Webhook) check() string {
	if w.URL == "" {
		if w.SecretFile != "" {
			return "Webhook: a secret without a URL"
		}
		return ""
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "Webhook: the URL is not of the form https://host/path"
	}
	if _, err := w.secret(); err != nil {
		return "Webhook: " + err.Error()
	}
	return ""
}

func (w Webhook) secret() ([]byte, error) {
	b, err := os.ReadFile(w.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	if b = bytes.TrimSpace(b); len(b) < minSecret {
		return nil, fmt.Errorf("read secret: %s holds fewer than %d characters", w.SecretFile, minSecret)
	}
	return b, nil
}

// sign returns the value of SignatureHeader for body sent at the time at.
func sign(secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(t + "."))
	m.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

// A WebhookStatus tells what the department's system has not taken yet.
type WebhookStatus struct {
	Waiting int       `json:"waiting"`
	Since   time.Time `json:"since,omitzero"` // when the oldest of them came about
	Late    bool      `json:"late"`           // that is more than a day ago: it is tried once an hour
	Fault   *Fault    `json:"fault,omitempty"`
}

// A caller takes messages to the webhook, one at a time.
type caller struct {
	client  *http.Client
	trying  map[string]attempt // by reference: what its receiver refused
	failing attempt            // the receiver does not answer at all
}

// An attempt says how often something failed in a row, and when to try again.
type attempt struct {
	failures int
	last     time.Time
	next     time.Time
}

// again returns a after one more failure at the time now, of a message that came about at.
func (a attempt) again(at, now time.Time) attempt {
	pause := min(firstCallPause<<min(a.failures, 20), longestCallPause)
	if now.Sub(at) > lateAfter {
		pause = slowCallPause
	}
	return attempt{a.failures + 1, now, now.Add(pause)}
}

// due tells whether to try again; a clock that went back does not put it off.
func (a attempt) due(now time.Time) bool {
	return a.failures == 0 || !now.Before(a.next) || now.Before(a.last)
}

func newCaller() *caller {
	return &caller{trying: map[string]attempt{}, client: &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the message is for the address configured
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: maxCallHeader,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        90 * time.Second,
			DisableCompression:     true, // an answer that is read up to a bound stays in it
		},
	}}
}

// callAll takes messages to the webhook until ctx ends.
func (g *Gate) callAll(ctx context.Context) {
	c := newCaller()
	defer c.client.CloseIdleConnections()
	for ctx.Err() == nil {
		next, err := g.callSome(ctx, c)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			g.report(ctx, err)
			next = g.config.Now().Add(firstCallPause)
		}
		g.waitForCalls(ctx, next)
	}
}

// waitForCalls returns when there are new messages or, unless next is zero, when
// the gate's clock has come to it.
func (g *Gate) waitForCalls(ctx context.Context, next time.Time) {
	const look = time.Second // the gate's clock need not be this machine's
	began := g.config.Now()
	for {
		pause := look
		if !next.IsZero() {
			pause = max(10*time.Millisecond, min(look, next.Sub(g.config.Now())))
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-g.calls:
			t.Stop()
			return
		case <-t.C:
			if now := g.config.Now(); !next.IsZero() && (!now.Before(next) || now.Before(began)) {
				return
			}
		}
	}
}

// callSome delivers what is due, in the order in which it came about, and returns
// when to come again; zero if nothing waits. A reference whose receiver refuses is
// tried again later and holds up no other; a receiver that does not answer at all
// is left alone.
func (g *Gate) callSome(ctx context.Context, c *caller) (next time.Time, err error) {
	const page = 100
	if !c.failing.due(g.config.Now()) {
		return c.failing.next, nil
	}
	var after int64
	for {
		calls, err := g.outcomes.callsAfter(ctx, after, page)
		if err != nil {
			return next, err
		}
		for _, one := range calls {
			after = one.id
			now := g.config.Now()
			if a := c.trying[one.reference]; !a.due(now) {
				next = sooner(next, a.next)
				continue
			}
			answered, err := g.call(ctx, c, one)
			now = g.config.Now()
			switch {
			case ctx.Err() != nil:
				return next, ctx.Err()
			case err == nil:
				delete(c.trying, one.reference)
				c.failing = attempt{}
			case answered:
				c.failing = attempt{}
				c.trying[one.reference] = c.trying[one.reference].again(one.about(), now)
				next = sooner(next, c.trying[one.reference].next)
				g.hooked(ctx, one, err)
			default:
				c.failing = c.failing.again(one.about(), now)
				g.hooked(ctx, one, err)
				return c.failing.next, nil
			}
		}
		if len(calls) < page {
			if next.IsZero() {
				g.hooked(ctx, called{}, nil)
			}
			return next, nil
		}
	}
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// call posts one message and takes it out of the queue once the receiver has it.
// answered tells whether the receiver said anything.
func (g *Gate) call(ctx context.Context, c *caller, one called) (answered bool, err error) {
	message, err := g.message(ctx, one)
	if err != nil {
		return true, err
	}
	body, err := json.Marshal(message)
	if err != nil {
		return true, fmt.Errorf("tell the webhook: %w", err)
	}
	secret, err := g.config.Webhook.secret()
	if err != nil {
		return false, fmt.Errorf("%w: %w", gongxin.Unavailable("WEBHOOK_UNREACHABLE", "secret"), err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.config.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("tell the webhook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(SignatureHeader, sign(secret, body, g.config.Now()))
	answer, err := c.client.Do(r)
	if err != nil {
		return false, fmt.Errorf("%w: %w", gongxin.Unavailable("WEBHOOK_UNREACHABLE", r.URL.Host), err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxCallAnswer)) // so that the connection is used again; what it says does not matter
	_ = answer.Body.Close()                                                // only read
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return true, gongxin.Unavailable("WEBHOOK_REFUSES", strings.TrimSpace(answer.Status))
	}
	return true, g.outcomes.calledOut(context.WithoutCancel(ctx), one)
}

// message returns what one tells.
func (g *Gate) message(ctx context.Context, one called) (Message, error) {
	if one.alert != nil {
		return one.alert.message(one.kind), nil
	}
	whole, err := g.Restriction(ctx, one.reference)
	o := one.outcome
	return Message{ID: o.Reference + "." + one.kind, Kind: one.kind, Reference: one.reference, Listing: o.Listing, Measure: o.Measure,
		Scenario: o.Scenario, Sequence: o.Sequence, At: o.At, State: whole.State}, err
}

// hooked keeps for Status what the webhook's receiver said last, and logs it when
// it is news. One that is nothing says that all were taken.
func (g *Gate) hooked(ctx context.Context, one called, err error) {
	g.statusMu.Lock()
	defer g.statusMu.Unlock()
	old := g.hookFault
	if err == nil {
		g.hookFault = nil
		return
	}
	f := g.faultOf(err)
	if g.hookFault = f; old == nil || old.Text != f.Text {
		g.config.Log.WarnContext(ctx, "the webhook does not take a message", "reference", one.reference, "kind", one.kind, "err", err)
	}
}

package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"gongxin"
)

// maxAnswer bounds what a Client reads of one answer: every subject of a bulk
// request with many listings fits.
const maxAnswer = 1 << 30

// A Client asks a gate that runs in another process. Gate has the same methods, so
// whoever asks need not know which of them it is. It may be used from any number of
// goroutines.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the gate at address: a URL, such as
// http://127.0.0.1:8701, or unix: and the path of its socket.
func NewClient(address string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.MaxIdleConnsPerHost = nil, 64 // the gate is near
	path, socket := strings.CutPrefix(address, "unix:")
	if socket {
		address = "http://gate"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}
	}
	return &Client{strings.TrimSuffix(address, "/"), &http.Client{Transport: transport, Timeout: 5 * time.Minute}}
}

// Close closes the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Screen asks about one subject. Errors: GATE_REFUSES with the gate's code,
// GATE_UNREACHABLE, and ctx's.
func (c *Client) Screen(ctx context.Context, q Query) (d gongxin.Decision, err error) {
	err = c.post(ctx, "/v1/screen", q, &d)
	return d, err
}

// ScreenAll asks about many, as Gate.ScreenAll does. More than MaxBulk are asked
// about in several requests. Errors: as Screen.
func (c *Client) ScreenAll(ctx context.Context, queries []Query) ([]gongxin.Decision, error) {
	decisions := make([]gongxin.Decision, 0, len(queries))
	for part := range slices.Chunk(queries, MaxBulk) {
		body := struct {
			Subjects []Query `json:"subjects"`
		}{part}
		var all BulkAnswer
		if err := c.post(ctx, "/v1/screen/bulk", body, &all); err != nil {
			return nil, err
		}
		if len(all.Answers) != len(part) {
			return nil, gongxin.Unavailable("GATE_UNREACHABLE", fmt.Sprintf("%d answers about %d subjects", len(all.Answers), len(part)))
		}
		for i, a := range all.Answers {
			d := gongxin.Decision{Outcome: a.Outcome, Scenario: part[i].Scenario, Reasons: a.Reasons, Hits: a.Hits, Reference: a.Reference, Remedy: a.Remedy,
				Sequence: all.Sequence, AsOf: all.AsOf, FreshUntil: all.FreshUntil}
			if a.Sequence != 0 {
				d.Sequence, d.AsOf, d.FreshUntil = a.Sequence, a.AsOf, a.FreshUntil
			}
			decisions = append(decisions, d)
		}
	}
	return decisions, nil
}

func (c *Client) post(ctx context.Context, path string, body, into any) error {
	return c.send(ctx, http.MethodPost, path, body, into)
}

// send sends body, if it is not nil, and reads the answer into into.
func (c *Client) send(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ask the gate: %w", err)
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return fmt.Errorf("ask the gate: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_UNREACHABLE", c.url), err)
	}
	defer answer.Body.Close() // only read
	in := io.LimitReader(answer.Body, maxAnswer)
	if answer.StatusCode != http.StatusOK {
		var p problem
		_ = json.NewDecoder(in).Decode(&p) // an answer of another form has no code
		e := gongxin.Unavailable("GATE_REFUSES", answer.Status, strings.TrimSpace(p.Code+" "+p.Detail))
		if answer.StatusCode < http.StatusInternalServerError {
			e.Kind = gongxin.KindInvalid
		}
		return e
	}
	if err := json.NewDecoder(in).Decode(into); err != nil {
		return fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_UNREACHABLE", c.url), err)
	}
	return nil
}

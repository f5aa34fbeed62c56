package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Source is where changes and snapshots come from. It need not be trusted.
type Source interface {
	// Changes returns some or all changes after the first after ones, and waits for
	// one for as long as wait; none, with the newest checkpoint, if there are none.
	Changes(ctx context.Context, after uint64, wait time.Duration) (Changes, error)
	// Snapshot opens the newest snapshot. Error: FEED_NO_SNAPSHOT. The caller closes it.
	Snapshot(ctx context.Context) (io.ReadCloser, error)
}

const (
	answerTime = 30 * time.Second // for an answer to begin, beside the wait asked for
	stallTime  = 60 * time.Second // for the next bytes of it
	maxProblem = 64 << 10
)

// An HTTPSource is a hub, or whatever carries its feed, at URL. Errors:
// FEED_UNREACHABLE (try again, after RetryAfter at the earliest), FEED_REFUSED,
// FEED_ROLLBACK where the hub says that it is not as far and shows no checkpoint,
// and those of ReadChanges.
type HTTPSource struct {
	URL    string       // such as https://credit.example; /v1/feed/… is added
	Token  string       // bearer token of the department
	Client *http.Client // nil: a client made for long polls
	// Witnessed asks for answers that end where witnesses have cosigned: for followers
	// that demand them. A source that knows nothing of it answers as ever.
	Witnessed bool
}

// defaultClient has no timeout as a whole: a long poll and a snapshot may take
// long. get watches that something arrives.
var defaultClient = &http.Client{Transport: &http.Transport{
	Proxy:               http.ProxyFromEnvironment,
	DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	ForceAttemptHTTP2:   true,
	TLSHandshakeTimeout: 10 * time.Second,
	MaxIdleConnsPerHost: 4,
	IdleConnTimeout:     90 * time.Second,
	DisableCompression:  true, // what travels is compressed already
}}

// Changes asks for GET /v1/feed/changes.
func (s HTTPSource) Changes(ctx context.Context, after uint64, wait time.Duration) (Changes, error) {
	seconds := int(wait / time.Second)
	query := url.Values{"after": {strconv.FormatUint(after, 10)}}
	if seconds > 0 {
		query.Set("wait", strconv.Itoa(seconds))
	}
	if s.Witnessed {
		query.Set("witnessed", "1")
	}
	body, err := s.get(ctx, "/v1/feed/changes?"+query.Encode(), wait)
	if err != nil {
		if gongxin.CodeOf(err) == "FEED_AHEAD" {
			// What it has signed tells an old copy from a hub that went back.
			if checkpoint, failed := s.checkpoint(ctx); failed == nil {
				return Changes{After: after, Checkpoint: checkpoint}, nil
			}
			err = fmt.Errorf("%w: %w", gongxin.Conflict("FEED_ROLLBACK", after, "<"+strconv.FormatUint(after, 10)), err)
		}
		return Changes{}, err
	}
	c, err := ReadChanges(body)
	if closing := body.Close(); err == nil && closing != nil {
		return Changes{}, fmt.Errorf("read changes: %w", closing)
	}
	return c, err
}

// checkpoint asks for GET /checkpoint.
func (s HTTPSource) checkpoint(ctx context.Context) ([]byte, error) {
	body, err := s.get(ctx, "/checkpoint", 0)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(body, ledger.MaxWitnessed+1))
	if closing := body.Close(); err == nil {
		err = closing
	}
	if err == nil {
		_, _, _, err = ledger.ReadHead(b) // else it is no checkpoint that could be shown
	}
	return b, err
}

// Snapshot asks for GET /v1/feed/snapshot. Where the connection is lost on the way it
// goes on with the rest of the same file.
func (s HTTPSource) Snapshot(ctx context.Context) (io.ReadCloser, error) {
	a, err := s.get(ctx, "/v1/feed/snapshot", 0)
	if err != nil {
		return nil, err
	}
	return &resumed{source: s, answer: a}, nil
}

// get is part from the beginning.
func (s HTTPSource) get(ctx context.Context, path string, wait time.Duration) (*answer, error) {
	return s.part(ctx, path, wait, 0, "")
}

// part returns the body of an answer 200; from a byte on, of the file that has that
// tag, the body of an answer 206. It gives up when the answer does not begin in time,
// or stalls.
func (s HTTPSource) part(ctx context.Context, path string, wait time.Duration, from int64, tag string) (*answer, error) {
	client := s.Client
	if client == nil {
		client = defaultClient
	}
	asking, cancel := context.WithCancel(ctx)
	a := &answer{ctx: ctx, from: s.URL, cancel: cancel, timer: time.AfterFunc(wait+answerTime, cancel)}
	req, err := http.NewRequestWithContext(asking, http.MethodGet, strings.TrimSuffix(s.URL, "/")+path, nil)
	if err != nil {
		a.stop()
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	req.Header.Set("Accept", "application/octet-stream, application/problem+json")
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		req.Header.Set("If-Range", tag)
	}
	resp, err := client.Do(req)
	if err != nil {
		a.stop()
		return nil, a.fault(err)
	}
	a.body, a.tag = resp.Body, resp.Header.Get("ETag")
	switch {
	case from == 0 && resp.StatusCode == http.StatusOK:
	case from > 0 && resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)):
	case from > 0 && resp.StatusCode < 300: // another file has taken its place
		_ = a.Close()
		return nil, a.fault(errOtherFile)
	default:
		err := refusal(resp.StatusCode, resp.Header, a)
		_ = a.Close() // the refusal is what matters
		return nil, err
	}
	return a, nil
}

// An answer is a body that must not stall.
type answer struct {
	ctx    context.Context
	from   string
	cancel context.CancelFunc
	timer  *time.Timer
	body   io.ReadCloser
	tag    string // ETag
}

func (a *answer) Read(p []byte) (int, error) {
	a.timer.Reset(stallTime)
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		err = a.fault(err)
	}
	return n, err
}

// Close ends the request.
func (a *answer) Close() error {
	a.stop()
	return a.body.Close()
}

func (a *answer) stop() {
	a.timer.Stop()
	a.cancel()
}

// errOtherFile says that the rest of a file cannot be had any more.
var errOtherFile = errors.New("the file is another one by now")

// A resumed body goes on after a lost connection, if the source names its files by
// strong tags.
type resumed struct {
	source HTTPSource
	answer *answer
	at     int64 // bytes read
	lost   int   // connections since the last byte
}

const (
	mostLost    = 5
	resumePause = time.Second
)

// Read gives the next bytes, over as many connections as it takes. Errors are those of
// the last one.
func (r *resumed) Read(p []byte) (int, error) {
	for {
		n, err := r.answer.Read(p)
		if r.at += int64(n); n > 0 {
			r.lost = 0
		}
		cut := err == io.ErrUnexpectedEOF || gongxin.CodeOf(err) == "FEED_UNREACHABLE"
		tag := r.answer.tag
		if n > 0 && cut {
			return n, nil // what is wrong shows again
		}
		if !cut || r.at == 0 || r.lost == mostLost || tag == "" || strings.HasPrefix(tag, "W/") {
			return n, err
		}
		r.lost++
		if err := r.resume(tag); err != nil && (r.lost == mostLost || errors.Is(err, errOtherFile) || RetryAfter(err) > 0 || gongxin.CodeOf(err) != "FEED_UNREACHABLE") {
			return 0, err
		}
	}
}

// resume opens another connection for the rest. Without it the old one stays, whose
// error shows again.
func (r *resumed) resume(tag string) error {
	t := time.NewTimer(resumePause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.answer.ctx.Done():
		return r.answer.ctx.Err()
	}
	a, err := r.source.part(r.answer.ctx, "/v1/feed/snapshot", 0, r.at, tag)
	if err != nil {
		return err
	}
	_ = r.answer.Close() // it is lost
	r.answer = a
	return nil
}

// Close ends the request.
func (r *resumed) Close() error { return r.answer.Close() }

// fault names an error of the connection; where the caller gave up it is that.
func (a *answer) fault(err error) error {
	if a.ctx.Err() != nil {
		return a.ctx.Err()
	}
	return fmt.Errorf("%w: %w", gongxin.Unavailable("FEED_UNREACHABLE", a.from), err)
}

// A refused error keeps when the hub wants to be asked again.
type refused struct {
	error
	after time.Duration
}

func (r refused) Unwrap() error { return r.error }

// RetryAfter returns how long the hub asked to be left alone, 0 if it did not.
func RetryAfter(err error) time.Duration {
	var r refused
	if errors.As(err, &r) {
		return r.after
	}
	return 0
}

// refusal reads an answer that is not 200: RFC 9457, with the code of a gongxin.Error.
func refusal(status int, header http.Header, body io.Reader) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	b, err := io.ReadAll(io.LimitReader(body, maxProblem))
	if err == nil {
		_ = json.Unmarshal(b, &problem) // another form says less, and is no other error
	}
	var e *gongxin.Error
	switch {
	case problem.Code == "FEED_NO_SNAPSHOT":
		e = gongxin.Missing("FEED_NO_SNAPSHOT")
	case problem.Code == "FEED_AHEAD":
		e = gongxin.Conflict("FEED_AHEAD", "?", "?")
	case status == http.StatusTooManyRequests, status >= 500:
		e = gongxin.Unavailable("FEED_UNREACHABLE", fmt.Sprintf("HTTP %d", status))
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e = gongxin.Forbidden("FEED_REFUSED", status, problem.Code)
	default:
		e = gongxin.Invalid("FEED_REFUSED", status, problem.Code)
	}
	r := refused{error: e}
	if seconds, err := strconv.ParseUint(header.Get("Retry-After"), 10, 16); err == nil {
		r.after = time.Duration(seconds) * time.Second
	}
	if problem.Detail != "" {
		r.error = fmt.Errorf("%w: %.200q", e, problem.Detail)
	}
	return r
}

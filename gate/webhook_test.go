package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
)

const hookSecret = "a secret of the department"

// An office is a department's own system: it verifies what its webhook gets, and
// drops what it has already.
type office struct {
	t     *testing.T
	clock *clock

	mu       sync.Mutex
	status   map[string]int // what to answer, by reference; "" for all others; 0 is 200
	slow     time.Duration
	taken    []Message // each once
	repeated int
	bodies   []string
	asked    int
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	// The verifier of docs/gate.md.
	var t int64
	var v1 string
	_, err = fmt.Sscanf(strings.Replace(r.Header.Get("Gongxin-Signature"), ",v1=", " ", 1), "t=%d %s", &t, &v1)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%d.%s", t, body)
	if err != nil || !hmac.Equal([]byte(v1), fmt.Appendf(nil, "%x", mac.Sum(nil))) || o.clock.now().Sub(time.Unix(t, 0)).Abs() > 5*time.Minute {
		o.t.Errorf("signature %q of %s: %v", r.Header.Get("Gongxin-Signature"), body, err)
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		o.t.Error(err)
	}
	o.mu.Lock()
	slow := o.slow
	o.asked++
	status := o.status[m.Reference]
	if status == 0 {
		status = o.status[""]
	}
	if status == 0 || status == http.StatusOK {
		status = http.StatusOK
		o.bodies = append(o.bodies, string(body))
		if slices.ContainsFunc(o.taken, func(had Message) bool { return had.ID == m.ID }) {
			o.repeated++
		} else {
			o.taken = append(o.taken, m)
		}
	}
	o.mu.Unlock()
	time.Sleep(slow)
	if status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
	_, _ = w.Write(make([]byte, 1<<20)) // more than anybody reads
}

func (o *office) set(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *office) messages() (told []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.taken {
		told = append(told, m.Kind+" "+m.Reference+" "+m.State)
	}
	return told
}

// hooked is a hub, an office, and the configuration of a gate between them.
func hooked(t *testing.T) (*hub, *office, *httptest.Server, Config) {
	t.Helper()
	h := newHub(t)
	o := &office{t: t, clock: h.clock, status: map[string]int{}}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	c := h.config(t.TempDir())
	c.MaxAge = 20_000 * time.Hour
	secret := filepath.Join(t.TempDir(), "secret")
	put(t, secret, []byte(hookSecret+"\n"))
	c.Webhook = Webhook{URL: server.URL + "/lifts", SecretFile: secret}
	return h, o, server, c
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// callOnce lets the caller do what is due.
func (g *Gate) callOnce(t *testing.T, c *caller) (next time.Time) {
	t.Helper()
	next, err := g.callSome(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestTheDepartmentsSystemIsToldOfEveryLiftAndKeep(t *testing.T) {
	h, o, _, c := hooked(t)
	var ids []gongxin.ListingID
	for n := range 5 {
		ids = append(ids, h.admit(entry(t, n)))
	}
	g := h.openWith(t, c)
	h.catchUp(t, g)
	var refs []string
	for n := range 5 {
		refs = append(refs, g.person(t, n).Reference)
	}
	run(t, g)
	if err := g.Keep(t.Context(), Keep{Reference: refs[2], Ground: law, Until: gongxin.MustDay("2017-04-10"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	told := func(want string) {
		t.Helper()
		until(t, want, func() bool { m := o.messages(); return len(m) > 0 && m[len(m)-1] == want })
	}
	h.withdraw(ids[0])
	told("lifted " + refs[0] + " lifted")
	h.suspend(ids[1])
	h.sign()
	told("lifted " + refs[1] + " lifted")
	h.withdraw(ids[2])
	told("kept " + refs[2] + " kept")
	if _, err := g.FileReview(t.Context(), refs[3], "请复核", "王"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.AnswerReview(t.Context(), refs[3], true, "确有错误", "赵"); err != nil {
		t.Fatal(err)
	}
	told("lifted " + refs[3] + " lifted")
	h.clock.move(10 * 24 * time.Hour)
	h.sign() // a heartbeat, after which what is due is looked at
	told("lifted " + refs[2] + " lifted")
	until(t, "the queue is empty", func() bool { return g.Status().Webhook.Waiting == 0 })

	m := o.taken[0]
	want := Message{ID: refs[0] + ".lifted", Kind: "lifted", Reference: refs[0], Listing: ids[0].String(), Measure: "3.6.flight", Scenario: "flight",
		Sequence: 6, At: noon, State: "lifted"}
	if m != want || len(o.taken) != 5 {
		t.Errorf("got %+v of %d, want %+v", m, len(o.taken), want)
	}
	for _, body := range o.bodies {
		for n := range 5 {
			if strings.Contains(body, nameOf(n)) || strings.Contains(body, citizen(n)) || strings.Contains(body, "李科长") || strings.Contains(body, law) {
				t.Errorf("it says who: %s", body)
			}
		}
	}
	if r := g.stands(t, refs[4]); r.State != stateInForce {
		t.Errorf("nobody ended %+v", r)
	}
}

func TestARestrictionOfTwoPartsIsToldInOrderAndAsAWhole(t *testing.T) {
	h, o, _, c := hooked(t)
	second := entry(t, 1)
	second.Subject = entry(t, 0).Subject
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(second)}
	g := h.openWith(t, c)
	h.catchUp(t, g)
	ref := g.person(t, 0).Reference
	calls := newCaller()
	for i, want := range []string{"lifted " + ref + " in_force", "lifted " + ref + " lifted"} {
		h.withdraw(ids[i])
		h.catchUp(t, g)
		g.callOnce(t, calls)
		if m := o.messages(); len(m) != i+1 || m[i] != want {
			t.Errorf("got %v, want %s", m, want)
		}
	}
	if o.taken[0].ID == o.taken[1].ID {
		t.Errorf("two messages are called %s", o.taken[0].ID)
	}
}

func TestAMessageWaitsForTheReceiverAndHoldsUpNoOther(t *testing.T) {
	h, o, server, c := hooked(t)
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(entry(t, 1)), h.admit(entry(t, 2))}
	g := h.openWith(t, c)
	h.catchUp(t, g)
	first, second := g.person(t, 0).Reference, g.person(t, 1).Reference
	h.withdraw(ids[0])
	h.withdraw(ids[1])
	h.catchUp(t, g)
	calls := newCaller()

	address := server.Listener.Addr().String()
	server.Close()
	for n := range 14 { // away: pauses double up to ten minutes
		next := g.callOnce(t, calls)
		if want := min(time.Second<<n, longestCallPause); next.Sub(h.clock.now()) != want {
			t.Errorf("pause %d: %v, want %v", n, next.Sub(h.clock.now()), want)
		}
		h.clock.move(next.Sub(h.clock.now()) - time.Millisecond)
		if again := g.callOnce(t, calls); again != next || calls.failing.failures != n+1 {
			t.Errorf("asked before its time")
		}
		h.clock.move(time.Millisecond)
	}
	if s := g.Status().Webhook; s.Waiting != 2 || s.Late || !s.Since.Equal(noon) || s.Fault == nil || s.Fault.Code != "WEBHOOK_UNREACHABLE" {
		t.Errorf("status: %+v", s)
	}
	h.clock.move(24 * time.Hour)
	if next := g.callOnce(t, calls); next.Sub(h.clock.now()) != slowCallPause || !g.Status().Webhook.Late {
		t.Errorf("after a day: %v, %+v", next, g.Status().Webhook)
	}

	// It is back, and has something against the first one.
	back := httptest.NewUnstartedServer(o)
	back.Listener.Close()
	back.Listener = listen(t, address)
	back.Start()
	defer back.Close()
	o.set(func() { o.status[first] = http.StatusInternalServerError })
	h.clock.move(slowCallPause)
	next := g.callOnce(t, calls)
	if m := o.messages(); len(m) != 1 || m[0] != "lifted "+second+" lifted" {
		t.Errorf("the second waits for the first: %v", m)
	}
	if s := g.Status().Webhook; s.Waiting != 1 || s.Fault == nil || s.Fault.Code != "WEBHOOK_REFUSES" {
		t.Errorf("status: %+v", s)
	}
	for _, status := range []int{http.StatusFound, http.StatusNotModified, http.StatusBadRequest, http.StatusTooManyRequests} {
		o.set(func() { o.status[first] = status })
		h.clock.move(next.Sub(h.clock.now()))
		if next = g.callOnce(t, calls); g.Status().Webhook.Waiting != 1 {
			t.Fatalf("%d counts as taken", status)
		}
	}
	o.set(func() { o.status = map[string]int{}; o.slow = 50 * time.Millisecond })
	h.clock.move(next.Sub(h.clock.now()))
	if next := g.callOnce(t, calls); !next.IsZero() || len(o.messages()) != 2 {
		t.Errorf("at last: %v, %v", next, o.messages())
	}
	if s := g.Status().Webhook; s.Waiting != 0 || s.Late || s.Fault != nil {
		t.Errorf("status: %+v", s)
	}
}

func TestAReceiverThatIsTooSlowGetsTheMessageAgain(t *testing.T) {
	h, o, _, c := hooked(t)
	id := h.admit(entry(t, 0))
	g := h.openWith(t, c)
	h.catchUp(t, g)
	g.person(t, 0)
	h.withdraw(id)
	h.catchUp(t, g)
	calls := newCaller()
	calls.client.Timeout = 50 * time.Millisecond
	o.set(func() { o.slow = 300 * time.Millisecond })
	g.callOnce(t, calls)
	if s := g.Status().Webhook; s.Waiting != 1 || s.Fault.Code != "WEBHOOK_UNREACHABLE" {
		t.Errorf("status: %+v", s)
	}
	o.set(func() { o.slow = 0 })
	calls.client.Timeout = callTimeout
	h.clock.move(time.Minute)
	g.callOnce(t, calls)
	if s := g.Status().Webhook; s.Waiting != 0 || len(o.taken) != 1 || o.repeated != 1 {
		t.Errorf("status: %+v; taken %d, repeated %d", s, len(o.taken), o.repeated)
	}
}

func TestALiftIsToldThoughTheGateWasKilledInBetween(t *testing.T) {
	h, o, _, c := hooked(t)
	id := h.admit(entry(t, 0))
	g, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	ref := g.person(t, 0).Reference
	h.withdraw(id)
	h.catchUp(t, g) // lifted, and then killed: what stands on the disk is copied
	killed := filepath.Join(t.TempDir(), "gate")
	copyDir(t, c.Dir, killed)
	calls := newCaller()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.callSome(ctx, calls); err == nil {
		t.Error("a caller that is asked to stop goes on")
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	c.Dir = killed
	g = h.openWith(t, c)
	run(t, g)
	until(t, "it is told", func() bool { return len(o.messages()) == 1 })
	if m := o.messages(); m[0] != "lifted "+ref+" lifted" {
		t.Errorf("told %v", m)
	}
}

func TestWithoutAWebhookNothingIsQueued(t *testing.T) {
	h, g, _, id := blocked(t)
	h.withdraw(id)
	h.catchUp(t, g)
	if s := g.Status(); s.Webhook != nil || s.Lifted != 1 {
		t.Errorf("status: %+v", s)
	}
}

func TestTheWebhooksSecretCanBeReplacedAndIsNeeded(t *testing.T) {
	h, o, _, c := hooked(t)
	id := h.admit(entry(t, 0))
	for name, w := range map[string]Webhook{
		"no secret":    {URL: c.Webhook.URL},
		"no address":   {SecretFile: c.Webhook.SecretFile},
		"another form": {URL: "ftp://office.example", SecretFile: c.Webhook.SecretFile},
		"no host":      {URL: "https:///lifts", SecretFile: c.Webhook.SecretFile},
		"a password":   {URL: "https://a:b@office.example", SecretFile: c.Webhook.SecretFile},
	} {
		faulty := c
		faulty.Webhook = w
		if _, err := Open(faulty); gongxin.CodeOf(err) != "GATE_CONFIG" {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := h.openWith(t, c)
	h.catchUp(t, g)
	g.person(t, 0)
	h.withdraw(id)
	h.catchUp(t, g)
	calls := newCaller()
	put(t, c.Webhook.SecretFile, []byte("short"))
	next := g.callOnce(t, calls)
	if s := g.Status().Webhook; o.asked != 0 || s.Waiting != 1 || s.Fault == nil {
		t.Errorf("signed with a short secret: %+v", s)
	}
	put(t, c.Webhook.SecretFile, []byte(hookSecret))
	h.clock.move(next.Sub(h.clock.now()))
	if g.callOnce(t, calls); len(o.messages()) != 1 {
		t.Errorf("told %v", o.messages())
	}
}

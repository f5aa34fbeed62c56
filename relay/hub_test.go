package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
	"gongxin/internal/policy"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// today is when the tests happen at the hub.
var today = time.Date(2017, 9, 1, 2, 0, 0, 0, time.UTC)

// A centre is a real hub on a real store behind a real server.
type centre struct {
	*hub.Hub
	t        testing.TB
	url      string
	token    string // of the relay
	court    string
	verifier *ledger.Verifier
	maker    *synthetic.Maker

	mu     sync.Mutex
	signer *ledger.Signer
	now    time.Time
	asked  []string // requests for the feed
	auth   []string // tokens that came with any request
	away   bool
}

func newCentre(t testing.TB) *centre {
	t.Helper()
	secret, key, err := ledger.GenerateKey("gongxin.test/hub", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	c := &centre{t: t, signer: signer, now: today, maker: synthetic.New(1, gongxin.DayOf(today))}
	if c.verifier, err = ledger.NewVerifier(key); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "hub.db"), store.Options{Sign: c.sign, BlindKey: bytes.Repeat([]byte{7}, 32), Now: c.clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	// No job of the hub runs: what happens is what a test lets happen. A wait lasts
	// longer than any test.
	c.Hub, err = hub.New(hub.Config{Store: db, Register: register.New(register.Config{Writer: hub.NewWriter(db), Policy: policy.Default(),
		Calendar: calendar.Embedded(), Courts: courts.Embedded(), Now: c.clock, Random: rand.Reader}),
		Courts: courts.Embedded(), VerifierKey: key, Dir: dir, Heartbeat: time.Hour, Now: c.clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	handler := c.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c.mu.Lock()
		if strings.HasPrefix(q.URL.Path, "/v1/feed/") {
			c.asked = append(c.asked, q.URL.RequestURI())
		}
		c.auth = append(c.auth, q.Header.Get("Authorization"))
		away := c.away
		c.mu.Unlock()
		if away {
			panic(http.ErrAbortHandler) // as if the line were cut
		}
		handler.ServeHTTP(w, q)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	c.url = server.URL
	c.token = c.issue(access.Token{ID: "relay", Role: gongxin.RoleDepartment, Gate: "relay", Organisation: "市公共信用信息中心"})
	c.court = c.issue(access.Token{ID: "court", Role: gongxin.RoleCourtSystem})
	return c
}

func (c *centre) sign(h ledger.Head) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.signer.Sign(h)
}

// clock gives a later instant each time, as signed checkpoints need it.
func (c *centre) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *centre) issue(token access.Token) string {
	c.t.Helper()
	token.Created, token.Expires = today, today.AddDate(1, 0, 0)
	secret, token, err := access.Issue(token, rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.Store.Write(c.t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token) }); err != nil {
		c.t.Fatal(err)
	}
	return secret
}

// post takes a court's file, and returns the answer.
func (c *centre) post(file []byte) string {
	c.t.Helper()
	q, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+"/v1/intake?name=court.csv&report=all", bytes.NewReader(file))
	if err != nil {
		c.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+c.court)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK || strings.Contains(string(b), `"outcome":"`+string(intake.Reject)+`"`) {
		c.t.Fatalf("the hub does not take a file: %s %v\n%s", a.Status, err, b)
	}
	return string(b)
}

// list puts n persons on the list, and returns their rows.
func (c *centre) list(n int) [][]string {
	c.t.Helper()
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = c.maker.Person()
	}
	c.post(synthetic.CSV(synthetic.PersonColumns, rows...))
	return rows
}

// withdraw ends the listing of row.
func (c *centre) withdraw(row []string) {
	c.t.Helper()
	field := func(name string) string {
		for i, column := range synthetic.PersonColumns {
			if column == name {
				return row[i]
			}
		}
		c.t.Fatalf("no column %s", name)
		return ""
	}
	c.post([]byte(fmt.Sprintf("案号,证件号码,撤销时间,撤销原因\n%s,%s,2017-08-31,全部履行完毕\n", field("案号"), field("身份证号码"))))
}

func (c *centre) size() uint64 {
	c.t.Helper()
	var size uint64
	err := c.Store.Read(c.t.Context(), func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		size = head.Size
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return size
}

func (c *centre) setAway(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
}

func (c *centre) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.asked...)
}

// A city is a relay behind a real server, with gates' tokens.
type city struct {
	*Relay
	t     testing.TB
	url   string
	list  string // of tokens
	token string // of one gate
	stop  func()
}

// newCity runs a relay in dir that follows hub.
func newCity(t testing.TB, dir, url, token string, v *ledger.Verifier, key string, more ...func(*Config)) *city {
	t.Helper()
	y := &city{t: t, list: filepath.Join(t.TempDir(), "relay.tokens")}
	y.token = y.issue("railway")
	tokens, err := OpenTokens(y.list, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Dir: dir, Hub: feed.HTTPSource{URL: url, Token: token}, VerifierKey: key, Tokens: tokens, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	for _, m := range more {
		m(&config)
	}
	if y.Relay, err = Open(config); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewUnstartedServer(y.Handler())
	server.Config.BaseContext = nil
	server.Start()
	y.url = server.URL
	done := make(chan struct{})
	go func() { defer close(done); _ = y.Run(ctx) }() // its error is ctx's
	var once sync.Once
	y.stop = func() {
		once.Do(func() { cancel(); <-done; server.CloseClientConnections(); server.Close() })
	}
	t.Cleanup(y.stop)
	return y
}

func (c *centre) city(dir string, more ...func(*Config)) *city {
	c.t.Helper()
	return newCity(c.t, dir, c.url, c.token, c.verifier, c.VerifierKey, more...)
}

func (y *city) issue(name string) string {
	y.t.Helper()
	secret, err := AddToken(y.list, name, rand.Reader)
	if err != nil {
		y.t.Fatal(err)
	}
	return secret
}

// reaches waits until the relay serves size.
func (y *city) reaches(size uint64) {
	y.t.Helper()
	until(y.t, func() bool { return y.Health().Sequence >= size }, func() string { return fmt.Sprintf("%+v, not %d", y.Health(), size) })
}

func until(t testing.TB, holds func() bool, what func() string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not come about: ", what())
		}
	}
}

// A gate follows as gates do: it verifies everything, and fetches a snapshot where
// it has nothing or cannot go on.
type gate struct {
	src feed.Source
	feed.Follower
	at   feed.Position
	held force
}

func newGate(url, token string, v *ledger.Verifier) *gate {
	return &gate{src: feed.HTTPSource{URL: url, Token: token}, Follower: feed.Follower{Verifier: v, Audience: gongxin.AudiencePartner}, held: force{}}
}

// step asks once.
func (g *gate) step(ctx context.Context, wait time.Duration) (progress bool, err error) {
	if g.at.Head.At.IsZero() {
		held := force{}
		at, err := feed.Bootstrap(ctx, g.src, g.Follower, feed.Position{}, held)
		if err == nil {
			g.at, g.held = at, held
			return true, nil
		}
		if gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT" {
			return false, err
		}
	}
	c, err := g.src.Changes(ctx, g.at.Tree.Size(), wait)
	if err != nil {
		return false, err
	}
	next, changes, err := g.Advance(g.at, g.held, c)
	if err != nil {
		return false, err
	}
	g.at = next
	return len(changes) > 0, g.held.Apply(changes)
}

// follow asks until nothing new comes.
func (g *gate) follow(t testing.TB) {
	t.Helper()
	for {
		progress, err := g.step(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !progress {
			return
		}
	}
}

// holds fails unless g holds what h does.
func (g *gate) holds(t testing.TB, c *centre) {
	t.Helper()
	direct := newGate(c.url, c.token, c.verifier)
	direct.follow(t)
	if g.at.Tree != direct.at.Tree || g.at.Head.Digest != direct.at.Head.Digest || len(g.held) != len(direct.held) || uint64(len(g.held)) != g.at.Head.Count {
		t.Fatalf("behind the relay %d listings at %d, at the hub %d at %d", len(g.held), g.at.Head.Size, len(direct.held), direct.at.Head.Size)
	}
}

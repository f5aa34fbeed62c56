package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

func TestAGateBehindARelayHoldsWhatTheHubHas(t *testing.T) {
	c := newCentre(t)
	rows := c.list(30)
	y := c.city(t.TempDir())
	y.reaches(c.size())
	g := newGate(y.url, y.token, c.verifier)
	g.follow(t)
	g.holds(t, c)
	c.withdraw(rows[3])
	y.reaches(c.size())
	g.follow(t)
	g.holds(t, c)
	if len(g.held) != 29 {
		t.Errorf("%d listings after a withdrawal, want 29", len(g.held))
	}
}

// One change at the hub wakes 200 gates, and the hub was asked once.
func TestAllWhoWaitAreWokenByOneChange(t *testing.T) {
	const gates = 200
	c := newCentre(t)
	row := c.list(3)[0]
	y := c.city(t.TempDir())
	before := c.size()
	y.reaches(before)
	question := fmt.Sprintf("/v1/feed/changes?after=%d&wait=25", before)
	asks := func() (n int) {
		for _, q := range c.requests() {
			if q == question {
				n++
			}
		}
		return n
	}
	until(t, func() bool { return asks() == 1 }, func() string { return "the relay does not wait: " + fmt.Sprint(c.requests()) })

	all := make([]*gate, gates)
	errs := make([]error, gates)
	var waiting sync.WaitGroup
	for i := range all {
		all[i] = newGate(y.url, y.issue(fmt.Sprintf("gate%d", i)), c.verifier)
		all[i].follow(t)
	}
	begun := len(c.requests())
	for i, g := range all {
		waiting.Go(func() { _, errs[i] = g.step(t.Context(), 25*time.Second) })
	}
	until(t, func() bool { return y.Health().Requests == gates }, func() string { return fmt.Sprintf("%d wait", y.Health().Requests) })
	c.withdraw(row)
	waiting.Wait()
	for i, g := range all {
		if errs[i] != nil {
			t.Fatalf("gate %d: %v", i, errs[i])
		}
		g.holds(t, c)
	}
	// The request that brought the change was under way; the next one waits again.
	asked := 0
	for _, q := range c.requests()[begun:] {
		if strings.Contains(q, "wait=") {
			asked++
		}
	}
	if asks() != 1 || asked > 1 {
		t.Errorf("the hub was asked %d times for one change and %d times beside it", asks(), asked)
	}
}

func TestANewRelayAndANewGateBeginFromTheSnapshot(t *testing.T) {
	c := newCentre(t)
	rows := c.list(20)
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.withdraw(rows[0])
	y := c.city(t.TempDir())
	y.reaches(c.size())
	for _, q := range c.requests() {
		if strings.HasSuffix(q, "after=0") {
			t.Errorf("a new relay asks %s instead of beginning from the snapshot", q)
		}
	}
	if h := y.Health(); h.Snapshot == 0 {
		t.Errorf("the relay keeps no snapshot: %+v", h)
	}
	// The relay itself asks once more before it waits for news.
	waits := func(q string) bool { return strings.Contains(q, "wait=") }
	until(t, func() bool { return slices.ContainsFunc(c.requests(), waits) }, func() string { return "the relay does not wait" })
	asked := len(c.requests())
	g := newGate(y.url, y.token, c.verifier)
	g.follow(t)
	for _, q := range c.requests()[asked:] {
		if !waits(q) {
			t.Errorf("a new gate made the relay ask %s", q)
		}
	}
	g.holds(t, c)
}

// What the hub erases must not live on in a relay: with each snapshot go the changes
// before the one before it, and a gate that was away for so long still goes on.
func TestChangesBeforeTheLastSnapshotButOneAreRemoved(t *testing.T) {
	c := newCentre(t)
	dir := t.TempDir()
	y := c.city(dir, func(c *Config) { c.rangeChanges = 8 })
	row := c.list(5)[0]
	y.reaches(c.size())
	sleeper := newGate(y.url, y.token, c.verifier)
	sleeper.follow(t)
	var sizes []uint64
	for range 3 {
		c.list(5)
		sizes = append(sizes, c.size())
		if err := c.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		y.reaches(c.size())
		until(t, func() bool { return y.Health().Snapshot == sizes[len(sizes)-1] }, func() string { return fmt.Sprintf("%+v", y.Health()) })
	}
	c.withdraw(row)
	y.reaches(c.size())
	until(t, func() bool {
		files, err := filepath.Glob(filepath.Join(dir, changesDir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, f := range files {
			if o, ok := spanOf(filepath.Base(f)); !ok || o.size <= sizes[1] {
				return false
			}
		}
		return true
	}, func() string { return "old changes are still there" })
	snapshots, err := filepath.Glob(filepath.Join(dir, snapshotPrefix+"*"))
	if err != nil || len(snapshots) != 1 || filepath.Base(snapshots[0]) != snapshotName(sizes[2]) {
		t.Errorf("snapshots kept: %v, %v", snapshots, err)
	}
	sleeper.follow(t) // through the relay from the hub, which still has them
	sleeper.holds(t, c)
	fresh := newGate(y.url, y.token, c.verifier)
	fresh.follow(t)
	fresh.holds(t, c)
	y.stop()
	again := c.city(dir, func(c *Config) { c.rangeChanges = 8 })
	again.reaches(c.size())
	if h := again.Health(); h.Snapshot != sizes[2] {
		t.Errorf("after a restart: %+v", h)
	}
}

func TestTheRelayServesWhatItHasWhileTheHubIsAway(t *testing.T) {
	c := newCentre(t)
	rows := c.list(10)
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	y := c.city(dir)
	y.reaches(c.size())
	c.withdraw(rows[1])
	y.reaches(c.size())
	y.stop()
	c.setAway(true)

	y = c.city(dir) // begins without the hub, from its own files
	y.reaches(c.size())
	g := newGate(y.url, y.token, c.verifier)
	g.follow(t)
	until(t, func() bool { return y.Health().Hub == "FEED_UNREACHABLE" }, func() string { return fmt.Sprintf("%+v", y.Health()) })
	var health Health
	if status, b := get(t, y.url+"/healthz", ""); status != http.StatusOK || json.Unmarshal(b, &health) != nil || health.Hub != "FEED_UNREACHABLE" || health.Checkpoint.IsZero() {
		t.Errorf("GET /healthz: %d %s", status, b)
	}
	c.setAway(false)
	g.holds(t, c)
	c.withdraw(rows[2])
	y.reaches(c.size())
	until(t, func() bool { return y.Health().Hub == "ok" }, func() string { return fmt.Sprintf("%+v", y.Health()) })
	g.follow(t)
	g.holds(t, c)
}

// Every byte of a relay's files may be damaged: it notices before it serves, and
// fetches all of it again.
func TestDamagedFilesAreFetchedAgain(t *testing.T) {
	c := newCentre(t)
	c.list(5)
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.list(5)
	for _, pattern := range []string{"changes/*", "snapshot-*", "checkpoint"} {
		t.Run(pattern, func(t *testing.T) {
			dir := t.TempDir()
			y := newCity(t, dir, c.url, c.token, c.verifier, c.VerifierKey)
			y.reaches(c.size())
			y.stop()
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			b, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 1
			if err := os.WriteFile(files[0], b, 0o600); err != nil {
				t.Fatal(err)
			}
			again := newCity(t, dir, c.url, c.token, c.verifier, c.VerifierKey)
			again.reaches(c.size())
			g := newGate(again.url, again.token, c.verifier)
			g.follow(t)
			g.holds(t, c)
		})
	}
}

// Many small files become one that is closed; gates are sent there, and everybody
// who goes on from it asks the same.
func TestARangeThatIsFullIsClosed(t *testing.T) {
	c := newCentre(t)
	dir := t.TempDir()
	y := c.city(dir, func(c *Config) { c.rangeChanges = 8 })
	var within []*gate // of gates that stopped somewhere
	for i := range 20 {
		c.list(1)
		y.reaches(c.size())
		if i < 12 {
			g := newGate(y.url, y.token, c.verifier)
			g.follow(t)
			within = append(within, g)
		}
	}
	var closed []span
	y.shelf.mu.RLock()
	for _, o := range y.shelf.spans {
		if y.shelf.closed(o) {
			closed = append(closed, o)
		}
	}
	spans := len(y.shelf.spans)
	y.shelf.mu.RUnlock()
	if len(closed) < 2 || spans > 12 {
		t.Fatalf("%d files, closed are %v", spans, closed)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/v1/feed/changes?after=%d", y.url, closed[1].after), nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+y.token)
	a, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusTemporaryRedirect || a.Header.Get("Location") != "ranges/"+rangeName(closed[1]) {
		t.Errorf("%s to %q", a.Status, a.Header.Get("Location"))
	}
	for _, g := range append(within, newGate(y.url, y.token, c.verifier)) {
		g.follow(t)
		g.holds(t, c)
	}
}

func get(t testing.TB, url, token string) (int, []byte) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, b
}

func TestWhoHasNoTokenGetsNothing(t *testing.T) {
	c := newCentre(t)
	c.list(2)
	y := c.city(t.TempDir())
	y.reaches(c.size())
	for name, token := range map[string]string{"none": "", "the relay's own at the hub": c.token, "invented": "gr_" + strings.Repeat("A", 43), "long": "gr_" + strings.Repeat("A", 5000)} {
		for _, path := range []string{"changes?after=0", "snapshot", "ranges/0-8", "access"} {
			status, b := get(t, y.url+"/v1/feed/"+path, token)
			var p problem
			if json.Unmarshal(b, &p) != nil || status != http.StatusUnauthorized || p.Code != "RELAY_TOKEN" ||
				!strings.Contains(p.Message.ZH, "令牌") || !strings.Contains(p.Message.EN, "token") || p.Mend.ZH == "" {
				t.Errorf("token %s, %s: %d %s", name, path, status, b)
			}
		}
	}
	if _, err := newGate(y.url, "gr_wrong", c.verifier).step(t.Context(), 0); gongxin.CodeOf(err) != "FEED_REFUSED" {
		t.Errorf("a gate with a wrong token: %v", err)
	}
	// A line that is taken out ends a token while the relay runs.
	port := y.issue("port")
	if status, _ := get(t, y.url+"/v1/feed/access", port); status != http.StatusNoContent {
		t.Errorf("a new token: %d", status)
	}
	if err := os.WriteFile(y.list, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, y.url+"/v1/feed/access", port); status != http.StatusUnauthorized {
		t.Errorf("a token that was taken out: %d", status)
	}
	// One that cannot be read changes nothing.
	if err := os.WriteFile(y.list, []byte("railway abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, y.url+"/v1/feed/access", y.token); status != http.StatusUnauthorized {
		t.Errorf("after a list that cannot be read: %d", status)
	}
}

func TestNoTokenGoesToTheOtherSide(t *testing.T) {
	c := newCentre(t)
	c.list(300)
	y := c.city(t.TempDir())
	y.reaches(c.size())
	newGate(y.url, y.token, c.verifier).follow(t)
	for _, path := range []string{"/tile/0/000", "/tile/entries/000", "/tile/0/001.p/3", "/checkpoint", "/healthz", "/v1/feed/changes?after=0"} {
		status, b := get(t, y.url+path, y.token)
		if status != http.StatusOK || strings.Contains(string(b), c.token) {
			t.Errorf("%s: %d, or the relay's token in it", path, status)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, auth := range c.auth {
		if strings.Contains(auth, y.token) {
			t.Error("the hub was sent a gate's token")
		}
	}
}

func TestBounds(t *testing.T) {
	c := newCentre(t)
	c.list(2)
	y := c.city(t.TempDir(), func(c *Config) { c.MaxRequests, c.MaxPerGate = 3, 2 })
	y.reaches(c.size())
	port := y.issue("port")
	waitFor := func(token string) {
		go func() {
			_, _ = (feed.HTTPSource{URL: y.url, Token: token}).Changes(t.Context(), c.size(), 25*time.Second)
		}()
	}
	code := func(path, token string) string {
		_, b := get(t, y.url+path, token)
		var p problem
		_ = json.Unmarshal(b, &p) // no problem is no code
		return p.Code
	}
	waitFor(y.token)
	waitFor(y.token)
	until(t, func() bool { return y.Health().Requests == 2 }, func() string { return "two do not wait" })
	if got := code("/v1/feed/access", y.token); got != "RELAY_BUSY" {
		t.Errorf("the third of one gate: %q", got)
	}
	if got := code("/v1/feed/access", port); got != "" {
		t.Errorf("another gate: %q", got)
	}
	waitFor(port)
	until(t, func() bool { return y.Health().Requests == 3 }, func() string { return "three do not wait" })
	if got := code("/v1/feed/access", port); got != "RELAY_BUSY" {
		t.Errorf("the fourth of all: %q", got)
	}
	if err := c.Store.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.list(1) // ends the waiting
	until(t, func() bool { return y.Health().Requests == 0 }, func() string { return "they still wait" })
	for path, want := range map[string]string{
		"/v1/feed/changes":                   "RELAY_QUERY",
		"/v1/feed/changes?after=-1":          "RELAY_QUERY",
		"/v1/feed/changes?after=0&wait=x":    "RELAY_QUERY",
		"/v1/feed/changes?after=999999999":   "RELAY_BEHIND",
		"/v1/feed/changes?after=9999&wait=1": "RELAY_BEHIND",
		"/v1/feed/ranges/0-99999":            "RELAY_RANGE",
		"/v1/feed/ranges/..%2Fcheckpoint":    "RELAY_RANGE",
		"/v1/feed/snapshot":                  "FEED_NO_SNAPSHOT",
		"/tile/0/../../checkpoint":           "",
		"/tile/99/000":                       "RELAY_ADDRESS",
		"/v1/gates/railway/receipts":         "RELAY_REPORTS",
		"/v1/listings/x/proposal":            "RELAY_REPORTS",
		"/v1/intake":                         "RELAY_ADDRESS",
	} {
		if got := code(path, y.token); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// A relay of a relay serves the same.
func TestARelayMayFollowARelay(t *testing.T) {
	c := newCentre(t)
	rows := c.list(10)
	province := c.city(t.TempDir(), func(c *Config) { c.rangeChanges = 4 })
	district := newCity(t, t.TempDir(), province.url, province.token, c.verifier, c.VerifierKey)
	c.withdraw(rows[0])
	district.reaches(c.size())
	g := newGate(district.url, district.token, c.verifier)
	g.follow(t)
	g.holds(t, c)
}

func TestTilesAreKeptWithinTheirBound(t *testing.T) {
	c := newCentre(t)
	c.list(600) // two complete tiles and bundles
	dir := t.TempDir()
	y := c.city(dir, func(c *Config) { c.TileBytes = 256*32 + 1 })
	y.reaches(c.size())
	for _, path := range []string{"/tile/0/000", "/tile/0/001", "/tile/0/000"} {
		_, direct := get(t, c.url+path, "")
		if status, b := get(t, y.url+path, ""); status != http.StatusOK || string(b) != string(direct) || len(b) != ledger.TileWidth*32 {
			t.Errorf("%s: %d, %d bytes", path, status, len(b))
		}
	}
	kept := 0
	err := filepath.WalkDir(filepath.Join(dir, tilesDir), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			kept++
		}
		return err
	})
	if err != nil || kept != 1 {
		t.Errorf("%d tiles kept, %v", kept, err)
	}
	c.setAway(true)
	if status, _ := get(t, y.url+"/tile/0/000", ""); status != http.StatusOK {
		t.Errorf("a kept tile while the hub is away: %d", status)
	}
	if status, _ := get(t, y.url+"/tile/0/001", ""); status != http.StatusServiceUnavailable {
		t.Errorf("another tile while the hub is away: %d", status)
	}
}

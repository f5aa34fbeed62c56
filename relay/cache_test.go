package relay

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/feed"
)

// A counter counts what reaches a relay.
type counter struct {
	http.Handler
	mu sync.Mutex
	of map[string]int
}

func (c *counter) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	c.mu.Lock()
	c.of[strings.SplitN(strings.TrimPrefix(q.URL.Path, "/v1/feed"), "/", 3)[1]]++
	c.mu.Unlock()
	c.Handler.ServeHTTP(w, q)
}

func (c *counter) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[what]
}

// counted serves a relay with two closed ranges and some changes after them.
func counted(t *testing.T) (*centre, *city, *counter, string) {
	t.Helper()
	c := newCentre(t)
	y := c.city(t.TempDir(), func(c *Config) { c.rangeChanges = 8 })
	for range 10 {
		c.list(1)
		y.reaches(c.size())
	}
	c.list(256)
	y.reaches(c.size())
	n := &counter{Handler: y.Handler(), of: map[string]int{}}
	server := httptest.NewServer(n)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return c, y, n, server.URL
}

// A cache is what an ordinary HTTP cache is (RFC 9111), as far as the feed needs
// it: it keeps what says max-age, for the one who asked if that is private and the
// cache is shared, and nothing that says no-store or no-cache.
type cache struct {
	through http.RoundTripper
	shared  bool

	mu   sync.Mutex
	kept map[string]*http.Response
	body map[string][]byte
}

func newCache(shared bool) *cache {
	return &cache{through: http.DefaultTransport, shared: shared, kept: map[string]*http.Response{}, body: map[string][]byte{}}
}

// RoundTrip makes cache an http.RoundTripper.
func (c *cache) RoundTrip(q *http.Request) (*http.Response, error) {
	key := q.URL.String()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.kept[key]; ok {
		a := *a
		a.Body = io.NopCloser(bytes.NewReader(c.body[key]))
		return &a, nil
	}
	a, err := c.through.RoundTrip(q)
	if err != nil || a.StatusCode != http.StatusOK {
		return a, err
	}
	says := map[string]bool{}
	for d := range strings.SplitSeq(a.Header.Get("Cache-Control"), ",") {
		d, _, _ = strings.Cut(strings.TrimSpace(d), "=")
		says[d] = true
	}
	authorised := q.Header.Get("Authorization") != ""
	if says["no-store"] || says["no-cache"] || !says["max-age"] || c.shared && (says["private"] || authorised && !says["public"]) {
		return a, nil
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	a.Body.Close()
	c.kept[key], c.body[key] = a, b
	again := *a
	again.Body = io.NopCloser(bytes.NewReader(b))
	return &again, nil
}

// A cache that knows nothing of this feed does what it may and no more: a shared
// one keeps tiles, a gate's own one closed ranges, and no answer is ever too old.
func TestOrdinaryCachesKeepWhatTheyMay(t *testing.T) {
	c, y, n, relayURL := counted(t)
	target, err := url.Parse(relayURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = newCache(true)
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	ranges := 0
	for i, name := range []string{"a", "b"} {
		own := &http.Client{Transport: newCache(false)}
		token := y.issue(name)
		for range 2 {
			g := newGate(server.URL, token, c.verifier)
			g.src = feed.HTTPSource{URL: server.URL, Token: token, Client: own}
			g.follow(t)
			g.holds(t, c)
		}
		if i == 0 {
			ranges = n.count("ranges")
		}
	}
	if got := n.count("ranges"); ranges == 0 || got != 2*ranges {
		t.Errorf("ranges were asked for %d times by one gate twice, and %d by two", ranges, got)
	}
	for range 3 {
		if status, _ := get(t, server.URL+"/tile/0/000", ""); status != http.StatusOK {
			t.Fatalf("tile: %d", status)
		}
		if status, _ := get(t, server.URL+"/checkpoint", ""); status != http.StatusOK {
			t.Fatalf("checkpoint: %d", status)
		}
	}
	if n.count("tile") != 1 || n.count("checkpoint") != 3 {
		t.Errorf("a tile was asked for %d times, the checkpoint %d", n.count("tile"), n.count("checkpoint"))
	}
	if status, _ := get(t, server.URL+"/v1/feed/changes?after=0", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token, behind a cache: %d", status)
	}
}

// The example in deploy/ is run as it is, but for the addresses and files that
// differ on each machine.
func TestTheExampleForNginxWorks(t *testing.T) {
	text, err := os.ReadFile("../deploy/nginx-relay.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, needed := range []string{"auth_request /access;", "proxy_cache_key $uri;", "proxy_cache_valid 200 7d;", "/v1/feed/access;", "proxy_buffering off;"} {
		if !strings.Contains(string(text), needed) {
			t.Errorf("the example lacks %q", needed)
		}
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx, err = exec.LookPath("/usr/sbin/nginx") // where Debian puts it, which is not on everybody's path
	}
	if err != nil {
		t.Fatal("nginx is not installed: scripts/prepare.sh does that")
	}
	c, y, n, relayURL := counted(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // for the user that nginx becomes
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	roots := certificate(t, dir)
	conf := string(text)
	for old, fresh := range map[string]string{
		"listen 443 ssl;":                  "listen " + address + " ssl;",
		"server 127.0.0.1:8702;":           "server " + strings.TrimPrefix(relayURL, "http://") + ";",
		"/etc/nginx/gongxin-relay.":        dir + "/relay.",
		"/var/cache/nginx/gongxin levels=": dir + "/cache levels=",
	} {
		if strings.Count(conf, old) == 0 {
			t.Fatalf("the example has no %q", old)
		}
		conf = strings.ReplaceAll(conf, old, fresh)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	whole := fmt.Sprintf("%sdaemon off;\nmaster_process on;\nworker_processes 1;\npid %s/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n", user, dir)
	for _, temp := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		whole += fmt.Sprintf("%s_temp_path %s/%s;\n", temp, dir, temp)
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(whole+conf+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	run := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", file)
	run.Stderr = &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Signal(os.Interrupt) // it may have ended
		_ = run.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "relay.example"}}}
	ask := func(path, token string) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		a, err := client.Do(q)
		if err != nil {
			return 0, err.Error()
		}
		defer a.Body.Close()
		_, _ = io.Copy(io.Discard, a.Body) // what counts is the head
		return a.StatusCode, a.Header.Get("X-Cache")
	}
	until(t, func() bool { status, _ := ask("/checkpoint", ""); return status == http.StatusOK }, said.String)

	// Ten gates, each with its own token and the first from nothing: each range is fetched once.
	ranges := 0
	for i := range 10 {
		g := newGate("", "", c.verifier)
		g.src = feed.HTTPSource{URL: "https://" + address, Token: y.issue("gate" + strconv.Itoa(i)), Client: client}
		g.follow(t)
		g.holds(t, c)
		if i == 0 {
			ranges = n.count("ranges")
		}
	}
	if got := n.count("ranges"); ranges == 0 || got != ranges {
		t.Errorf("one gate made nginx ask for %d ranges, ten for %d", ranges, got)
	}
	o, ok := y.shelf.find(0)
	if !ok || !y.shelf.closed(o) {
		t.Fatal("no closed range")
	}
	path := "/v1/feed/ranges/" + rangeName(o)
	if status, hit := ask(path, y.token); status != http.StatusOK || hit != "HIT" {
		t.Errorf("a range that is kept: %d %s", status, hit)
	}
	for _, token := range []string{"", "gr_wrong", c.token} {
		if status, hit := ask(path, token); status != http.StatusUnauthorized || hit == "HIT" {
			t.Errorf("a range that is kept, with a wrong token: %d %s", status, hit)
		}
	}
	for i := range 3 {
		if status, hit := ask("/tile/0/000", ""); status != http.StatusOK || (hit == "HIT") != (i > 0) {
			t.Errorf("tile: %d %s", status, hit)
		}
	}
	for _, path := range []string{"/healthz", "/v1/gates/railway/receipts", "/access"} {
		if status, _ := ask(path, y.token); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	// A long poll goes through, and is woken.
	g := newGate("", "", c.verifier)
	g.src = feed.HTTPSource{URL: "https://" + address, Token: y.token, Client: client}
	g.follow(t)
	woken := make(chan error, 1)
	go func() { _, err := g.step(t.Context(), 25*time.Second); woken <- err }()
	until(t, func() bool { return y.Health().Requests == 1 }, func() string { return "the poll does not come through" })
	c.list(1)
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	g.holds(t, c)
}

// certificate writes one for relay.example into dir, and returns who vouches for it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay.example"}, DNSNames: []string{"relay.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"relay.pem": {Type: "CERTIFICATE", Bytes: der}, "relay.key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

package gate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gongxin"
)

// An authority signs certificates for the test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	a.cert, a.key = a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) issue(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.n++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(a.n), time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// pem gives certificate and key of name as files hold them.
func (a *authority) pem(name string) (cert, key []byte) {
	a.t.Helper()
	c, k := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// A door lets in who has the token of the moment and a certificate of the
// authority, and notes whose.
type door struct {
	mu    sync.Mutex
	token string
	names map[string]int // requests let in, by the certificate's name
	next  http.Handler
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	in := r.Header.Get("Authorization") == "Bearer "+d.token
	if in {
		d.names[r.TLS.PeerCertificates[0].Subject.CommonName]++
	}
	d.mu.Unlock()
	if !in {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	d.next.ServeHTTP(w, r)
}

func (d *door) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *door) count(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name]
}

// guarded serves next behind a door, and returns it with a connection to it whose
// files lie in a directory of the test.
func guarded(t *testing.T, next http.Handler) (*authority, *door, Connection) {
	t.Helper()
	a := newAuthority(t)
	host, key := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "hub"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	d := &door{token: "first", names: map[string]int{}, next: next}
	s := httptest.NewUnstartedServer(d)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
		Certificates: []tls.Certificate{{Certificate: [][]byte{host.Raw}, PrivateKey: key}}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	c := Connection{URL: s.URL, TokenFile: filepath.Join(dir, "token"), CertFile: filepath.Join(dir, "crt"), KeyFile: filepath.Join(dir, "key"), CAFile: filepath.Join(dir, "ca")}
	cert, secret := a.pem("gate 1")
	put(t, c.TokenFile, []byte("first\n"))
	put(t, c.CertFile, cert)
	put(t, c.KeyFile, secret)
	put(t, c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	return a, d, c
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAGateShowsItsCertificateAndTakesUpNewOnesAndNewTokens(t *testing.T) {
	h := newHub(t)
	a, d, connection := guarded(t, h)
	c := h.config(t.TempDir())
	var err error
	if c.Source, c.Reporter, err = connection.Open(); err != nil {
		t.Fatal(err)
	}
	g := h.openWith(t, c)
	run(t, g)
	follows := func(what string, n int) {
		t.Helper()
		h.admit(entry(t, n))
		until(t, what+": the listing arrives", func() bool { return g.Status().Sequence == h.size() })
		if d := g.person(t, n); d.Outcome != gongxin.Block {
			t.Errorf("%s: %s", what, d.Outcome)
		}
		until(t, what+": it is reported", func() bool { return g.Status().Outbox == 0 && h.receipt().Sequence == h.size() })
	}
	follows("at first", 0)
	if d.count("gate 1") == 0 {
		t.Error("no certificate was shown")
	}

	cert, key := a.pem("gate 2")
	put(t, connection.CertFile, cert) // its key is not there yet
	follows("half a rotation", 1)
	if d.count("gate 2") != 0 {
		t.Error("the new certificate was shown without its key")
	}
	put(t, connection.KeyFile, key)
	before := d.count("gate 1")
	follows("a new certificate", 2)
	if d.count("gate 2") == 0 {
		t.Errorf("the new certificate is not shown; the old one %d times since", d.count("gate 1")-before)
	}

	d.set(func() { d.token = "second" })
	put(t, connection.TokenFile, []byte("second\n"))
	follows("a new token", 3)

	d.set(func() { d.token = "third" }) // the operator is late
	h.admit(entry(t, 4))
	until(t, "the refusal shows", func() bool { s := g.Status(); return s.LastError != nil && s.LastError.Code == "FEED_REFUSED" })
	put(t, connection.TokenFile, []byte("third\n"))
	follows("a late token", 5)
}

func TestAConnectionWithoutACertificateIsRefusedByTheServer(t *testing.T) {
	_, _, c := guarded(t, newHub(t))
	c.CertFile, c.KeyFile = "", ""
	source, reporter, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Changes(t.Context(), 0, 0); gongxin.CodeOf(err) != "FEED_UNREACHABLE" {
		t.Errorf("changes: %v", err)
	}
	if err := reporter.Outcomes(t.Context(), "railway", nil); gongxin.CodeOf(err) != "HUB_UNREACHABLE" {
		t.Errorf("outcomes: %v", err)
	}
}

func TestAHubThatAnotherAuthorityVouchesForIsNotTalkedTo(t *testing.T) {
	_, d, c := guarded(t, newHub(t))
	other := newAuthority(t)
	put(t, c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.cert.Raw}))
	source, _, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Changes(t.Context(), 0, 0); gongxin.CodeOf(err) != "FEED_UNREACHABLE" || d.count("gate 1") != 0 {
		t.Errorf("got %v", err)
	}
}

func TestTheTokenIsForTheHubAlone(t *testing.T) {
	var seen string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Authorization") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer s.Close()
	token := filepath.Join(t.TempDir(), "token")
	put(t, token, []byte("secret"))
	source, _, err := Connection{URL: s.URL, TokenFile: token}.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Changes(t.Context(), 0, 0); err == nil {
		t.Error("a redirect to something else gives changes")
	}
	if seen != "" {
		t.Errorf("the token went elsewhere: %q", seen)
	}
}

func TestFaultyFilesOfAConnectionAreNamed(t *testing.T) {
	_, _, good := guarded(t, newHub(t))
	junk := filepath.Join(t.TempDir(), "junk")
	put(t, junk, []byte("not a secret\nat all"))
	for name, change := range map[string]func(*Connection){
		"no token file":    func(c *Connection) { c.TokenFile += "x" },
		"no token in it":   func(c *Connection) { c.TokenFile = junk },
		"no certificate":   func(c *Connection) { c.CertFile = junk },
		"no key":           func(c *Connection) { c.KeyFile = "" },
		"no root":          func(c *Connection) { c.CAFile = junk },
		"no such key file": func(c *Connection) { c.KeyFile += "x" },
		"no address":       func(c *Connection) { c.URL = "http://[" },
	} {
		c := good
		change(&c)
		if _, _, err := c.Open(); gongxin.CodeOf(err) != "GATE_CONNECTION" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
)

// An authority makes certificates for a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	made int64
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, nil)
	a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

// sign makes a certificate of name for servers and clients; an authority if host is nil.
func (a *authority) sign(name string, host net.IP) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.made++
	form := &x509.Certificate{
		SerialNumber: big.NewInt(a.made), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, by := a.cert, a.key
	if host == nil {
		form.IsCA, form.BasicConstraintsValid, form.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, by = form, key
	} else {
		form.IPAddresses = []net.IP{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, form, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// issue writes NAME.pem and NAME.key and returns their paths.
func (a *authority) issue(name string) (cert, key string) {
	a.t.Helper()
	c, k := a.sign(name, net.IPv4(127, 0, 0, 1))
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".pem", "CERTIFICATE", c.Raw), a.write(name+".key", "PRIVATE KEY", der)
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// A safe is a hub that serves with TLS on loopback.
type safe struct {
	*hub.Hub
	t   *testing.T
	url string
	ca  string
}

func newSafe(t *testing.T, f *tlsFlags, ca string) *safe {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log := slog.New(slog.DiscardHandler)
	h := home{dir: t.TempDir(), origin: "gongxin.test/tls"}
	centre, db, err := h.open(ctx, time.Now, false, log)
	if err != nil {
		t.Fatal(err)
	}
	config, err := f.serverConfig(log)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(ctx, tls.NewListener(l, config), centre.Handler()) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &safe{centre, t, "https://" + l.Addr().String(), ca}
}

// get asks for the gates with token, over a connection of its own, and returns the
// answer; the error if there is no connection.
func (s *safe) get(token string, c client, change func(*tls.Config)) (status int, body string, state *tls.ConnectionState, err error) {
	s.t.Helper()
	c.ca = s.ca
	speaks, err := c.http()
	if err != nil {
		s.t.Fatal(err)
	}
	transport := speaks.Transport.(*http.Transport)
	transport.DisableKeepAlives = true
	if change != nil {
		change(transport.TLSClientConfig)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/v1/gates", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := speaks.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), answer.TLS, err
}

// A token that is bound to a certificate is worth nothing to a thief who has the
// token alone, or with another certificate.
func TestAStolenTokenIsWorthNothingWithoutItsCertificate(t *testing.T) {
	ours, theirs := newAuthority(t, "systems"), newAuthority(t, "elsewhere")
	cert, key := ours.issue("hub")
	s := newSafe(t, &tlsFlags{cert: cert, key: key, clients: filepath.Join(ours.dir, "ca.pem")}, filepath.Join(ours.dir, "ca.pem"))
	ownCert, ownKey := ours.issue("court")
	text, err := os.ReadFile(ownCert)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hub.CertificateHash(text)
	if err != nil {
		t.Fatal(err)
	}
	now := gongxin.Millis(time.Now())
	token, err := s.IssueToken(t.Context(), access.Token{ID: "court", Role: gongxin.RoleCourtSystem, Certificate: hash, Created: now, Expires: now.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	free, err := s.IssueToken(t.Context(), access.Token{ID: "free", Role: gongxin.RoleCourtSystem, Created: now, Expires: now.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	otherCert, otherKey := ours.issue("another court")
	forgedCert, forgedKey := theirs.issue("court")
	for _, tt := range []struct {
		name, token string
		client      client
		want        int    // 0: no connection
		code        string // of the problem
	}{
		{"with its certificate", token, client{cert: ownCert, key: ownKey}, 200, ""},
		{"without a certificate", token, client{}, 401, "TOKEN_CERTIFICATE"},
		{"with another's certificate", token, client{cert: otherCert, key: otherKey}, 401, "TOKEN_CERTIFICATE"},
		{"with one of an authority that nobody knows", token, client{cert: forgedCert, key: forgedKey}, 0, ""},
		{"a token that is bound to none", free, client{}, 200, ""},
		{"a token that is bound to none, with a certificate", free, client{cert: otherCert, key: otherKey}, 200, ""},
	} {
		status, body, _, err := s.get(tt.token, tt.client, func(c *tls.Config) {
			if own := c.Certificates; len(own) > 0 { // also if the server says that it knows no such authority
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own[0], nil }
			}
		})
		if status != tt.want || (err == nil) != (tt.want != 0) || !strings.Contains(body, tt.code) {
			t.Errorf("%s: %d %v %s, want %d %s", tt.name, status, err, body, tt.want, tt.code)
		}
	}
	refusals, err := s.Refusals(t.Context(), now.Add(-time.Hour), now.Add(time.Hour), 10)
	if err != nil || len(refusals) != 2 || refusals[0].Code != "TOKEN_CERTIFICATE" || refusals[0].By != "court" {
		t.Errorf("on record: %+v, %v", refusals, err)
	}
}

// TLS 1.2 is spoken with suites that keep the past secret, older ones not at all.
func TestOldTLSIsNotSpoken(t *testing.T) {
	ours := newAuthority(t, "systems")
	cert, key := ours.issue("hub")
	s := newSafe(t, &tlsFlags{cert: cert, key: key}, filepath.Join(ours.dir, "ca.pem"))
	for _, tt := range []struct {
		name    string
		change  func(*tls.Config)
		version uint16 // 0: no connection
	}{
		{"1.3", nil, tls.VersionTLS13},
		{"1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, tls.VersionTLS12},
		{"1.2 with CBC", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}, 0},
		{"1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, 0},
	} {
		status, _, state, err := s.get("x", client{}, tt.change)
		if (err == nil) != (tt.version != 0) || err == nil && (state.Version != tt.version || status != 401) {
			t.Errorf("%s: %d, %v", tt.name, status, err)
		}
	}
}

// A renewed certificate is served without a stop; one that cannot be read leaves the
// one before in place.
func TestARenewedCertificateIsServedWithoutAStop(t *testing.T) {
	ours := newAuthority(t, "systems")
	cert, key := ours.issue("hub")
	s := newSafe(t, &tlsFlags{cert: cert, key: key}, filepath.Join(ours.dir, "ca.pem"))
	serial := func() string {
		t.Helper()
		_, _, state, err := s.get("x", client{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(state.PeerCertificates[0].SerialNumber)
	}
	first := serial()
	later := func(path string, after time.Duration) { // a file system may count time coarsely
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	later(cert, time.Second)
	if got := serial(); got != first {
		t.Errorf("a certificate that cannot be read: %s is served, want %s", got, first)
	}
	ours.issue("hub")
	later(cert, 2*time.Second)
	later(key, 2*time.Second)
	if got := serial(); got == first {
		t.Error("the renewed certificate is not served")
	}
}

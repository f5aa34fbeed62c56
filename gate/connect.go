package gate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/feed"
)

// A Connection says how a gate reaches its hub. Secrets are files, which an
// operator can replace while the gate runs: certificates count from the next
// request on, the token once the hub refuses the one before (401).
type Connection struct {
	URL       string // such as https://credit.example
	TokenFile string // bearer token of the gate
	CertFile  string // client certificate in PEM, with what leads to its root; "" for none
	KeyFile   string // its key in PEM
	CAFile    string // roots that the hub's certificate may lead to, in PEM; "" for the system's
	Log       *slog.Logger
}

// Open reads the files and returns the two ends of the connection. Error: GATE_CONNECTION.
func (c Connection) Open() (feed.HTTPSource, HTTPReporter, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	base, err := url.Parse(c.URL)
	w := &wire{connection: c}
	if err == nil {
		w.host = base.Host
		err = w.open()
	}
	if err != nil {
		return feed.HTTPSource{}, HTTPReporter{}, fmt.Errorf("%w: %w", gongxin.Invalid("GATE_CONNECTION", err), err)
	}
	client := &http.Client{Transport: w}
	return feed.HTTPSource{URL: c.URL, Client: client}, HTTPReporter{URL: c.URL, Client: client}, nil
}

// A wire carries requests with the token and the certificates of the moment. A
// transport belongs to one set of certificates; when their files change a new one
// takes its place, so that no connection of before is used again.
type wire struct {
	connection Connection
	host       string // the token is for it alone, also after a redirect

	mu        sync.Mutex
	token     string
	files     [3][]byte // certificate, key, roots, as transport was made of them
	transport *http.Transport
	fault     string // why the files of now cannot be used
}

func (w *wire) open() error {
	token, err := readToken(w.connection.TokenFile)
	if err != nil {
		return err
	}
	files, err := w.read()
	if err != nil {
		return err
	}
	w.token, w.files = token, files
	w.transport, err = newTransport(files)
	return err
}

func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("read token: %s holds no token", path)
	}
	return token, nil
}

func (w *wire) read() (files [3][]byte, err error) {
	for i, path := range []string{w.connection.CertFile, w.connection.KeyFile, w.connection.CAFile} {
		if path == "" {
			continue
		}
		if files[i], err = os.ReadFile(path); err != nil {
			return files, fmt.Errorf("read certificate: %w", err)
		}
	}
	if (files[0] == nil) != (files[1] == nil) {
		return files, fmt.Errorf("a certificate and its key belong together")
	}
	return files, nil
}

// newTransport is like that of package feed, for one set of certificates.
func newTransport(files [3][]byte) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if files[0] != nil {
		pair, err := tls.X509KeyPair(files[0], files[1])
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if files[2] != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(files[2]) {
			return nil, fmt.Errorf("read certificate: no root in the file")
		}
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true, // what travels is compressed already
	}, nil
}

// current returns the transport for the certificates that stand in their files, or
// the one before while these cannot be used: of two files one may be written before
// the other.
func (w *wire) current() (*http.Transport, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	files, err := w.read()
	if err == nil && slices.EqualFunc(files[:], w.files[:], bytes.Equal) {
		return w.transport, w.token
	}
	var fresh *http.Transport
	if err == nil {
		fresh, err = newTransport(files)
	}
	if err != nil {
		if w.fault != err.Error() { // once, and not with each request
			w.fault = err.Error()
			w.connection.Log.Warn("new certificates cannot be used", "err", err)
		}
		return w.transport, w.token
	}
	w.transport.CloseIdleConnections()
	w.transport, w.files, w.fault = fresh, files, ""
	w.connection.Log.Info("certificates read again")
	return w.transport, w.token
}

// renewed reads the token's file again after old was refused; ok says that another
// token stands there.
func (w *wire) renewed(old string) (token string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.token != old {
		return w.token, true // somebody else was refused at the same time
	}
	token, err := readToken(w.connection.TokenFile)
	if err != nil {
		w.connection.Log.Warn("the token cannot be read again", "err", err)
		return "", false
	}
	if token == old {
		return "", false
	}
	w.token = token
	w.connection.Log.Info("token read again")
	return token, true
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	transport, token := w.current()
	if r.URL.Host != w.host {
		return transport.RoundTrip(r)
	}
	answer, err := transport.RoundTrip(authorized(r, token))
	if err != nil || answer.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return answer, err
	}
	fresh, ok := w.renewed(token)
	if !ok {
		return answer, nil
	}
	again := authorized(r, fresh)
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return answer, nil // the refusal is an answer as well
		}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	_ = answer.Body.Close()                                         // only read
	return transport.RoundTrip(again)
}

// authorized returns r with token.
func authorized(r *http.Request, token string) *http.Request {
	c := r.Clone(r.Context())
	if token != "" {
		c.Header.Set("Authorization", "Bearer "+token)
	}
	return c
}

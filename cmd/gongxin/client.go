package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// A client calls a hub over HTTP.
type client struct {
	url, tokenFile string
	ca, cert, key  string
}

// add adds the flags that say how to reach a hub.
func (h *client) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&h.tokenFile, "token-file", "", "file with the API token")
	f.StringVar(&h.ca, "tls-ca", "", "authorities (PEM) of the hub's certificate, if it is not a public one")
	f.StringVar(&h.cert, "tls-cert", "", "own certificate (PEM), for a token that is bound to one")
	f.StringVar(&h.key, "tls-key", "", "private key (PEM) of --tls-cert")
}

// http returns what speaks to the hub.
func (h *client) http() (*http.Client, error) {
	if h.ca == "" && h.cert == "" && h.key == "" {
		return http.DefaultClient, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if h.ca != "" {
		text, err := os.ReadFile(h.ca)
		if err != nil {
			return nil, usage("--tls-ca: %v", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, usage("--tls-ca: %s holds no certificate", h.ca)
		}
	}
	if h.cert != "" || h.key != "" {
		pair, err := tls.LoadX509KeyPair(h.cert, h.key)
		if err != nil {
			return nil, usage("--tls-cert and --tls-key: %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	return &http.Client{Transport: transport}, nil
}

// do makes a request of the hub and returns its answer, which the caller closes.
// Problems come as errors.
func (h *client) do(ctx context.Context, method, path, contentType string, body io.Reader, size int64) (*http.Response, error) {
	token, err := secretFile(h.tokenFile)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(h.url, "/")+path, body)
	if err != nil {
		return nil, usage("--hub %q: %v", h.url, err)
	}
	r.ContentLength = size
	r.Header.Set("Authorization", "Bearer "+token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	speaks, err := h.http()
	if err != nil {
		return nil, err
	}
	answer, err := speaks.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		return nil, problemOf(answer)
	}
	return answer, nil
}

// ask sends in as JSON, nothing if it is nil, and reads the answer into out.
func (h *client) ask(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	contentType := ""
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		contentType = "application/json"
	}
	answer, err := h.do(ctx, method, path, contentType, bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", h.url, err)
	}
	return nil
}

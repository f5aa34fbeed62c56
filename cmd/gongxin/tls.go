package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A tlsFlags says with which certificates a hub serves.
type tlsFlags struct {
	cert, key string
	clients   string // authorities of the clients' certificates
	log       *slog.Logger

	mu     sync.Mutex
	config *tls.Config // of the files as they were last read
	read   [3]stamp
}

// A stamp is by what a file that has changed is known.
type stamp struct {
	at   time.Time
	size int64
}

// safeSuites are those of TLS 1.2 that have forward secrecy and authenticate what
// they encrypt; those of TLS 1.3 all do.
var safeSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// serverConfig reads the files and returns a configuration that reads them again
// when they have changed, so that a certificate is renewed without a stop. If the
// new ones cannot be read, the old ones go on and the log says so.
func (f *tlsFlags) serverConfig(log *slog.Logger) (*tls.Config, error) {
	f.log = log
	if _, err := f.current(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // for the sake of http.Server, which asks
		NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return f.current()
		},
	}, nil
}

// current returns the configuration of the files as they are now.
func (f *tlsFlags) current() (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var now [3]stamp
	for i, name := range []string{f.cert, f.key, f.clients} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			now[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	if f.config != nil && now == f.read {
		return f.config, nil
	}
	config, err := f.load()
	if err != nil && f.config == nil {
		return nil, err
	}
	f.read = now // what cannot be read is told once, and tried again when it changes
	if err != nil {
		f.log.Error("the changed certificates cannot be read, the ones before go on", "err", err)
		return f.config, nil
	}
	if f.config != nil {
		f.log.Info("certificates read again", "cert", f.cert)
	}
	f.config = config
	return config, nil
}

func (f *tlsFlags) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, CipherSuites: safeSuites, NextProtos: []string{"h2", "http/1.1"}}
	if f.clients == "" {
		return config, nil
	}
	text, err := os.ReadFile(f.clients)
	if err != nil {
		return nil, fmt.Errorf("read the clients' authorities: %w", err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the clients' authorities: %s holds no certificate", f.clients)
	}
	return config, nil
}

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin/gate"
	"gongxin/relay"
)

func newRelay() *cobra.Command {
	var r relayCommand
	c := &cobra.Command{
		Use: "relay", Short: "运行名单中继 · run a cache of the feed for the gates behind it", Args: cobra.NoArgs,
		Example: `  gongxin relay token --name railway --gates relay.tokens > railway-relay.token
  gongxin relay --dir ./relay --listen 127.0.0.1:8702 --hub https://credit.example --token-file relay.token \
      --verifier-key-file hub.pub --gates relay.tokens
  curl -s localhost:8702/healthz`,
		RunE: func(c *cobra.Command, _ []string) error { return r.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&r.dir, "dir", "gongxin-relay", "directory of the relay's files; made if missing")
	f.StringVar(&r.hub.URL, "hub", "", "URL of the hub to follow, or of another relay (needed)")
	f.StringVar(&r.hub.TokenFile, "token-file", "", "file with the relay's own token at the hub; read again when the hub refuses the token (needed)")
	f.StringVar(&r.hub.CertFile, "hub-cert", "", "file with the relay's certificate, for a token that is bound to one")
	f.StringVar(&r.hub.KeyFile, "hub-key", "", "file with the key of --hub-cert")
	f.StringVar(&r.hub.CAFile, "hub-ca", "", "file with the roots that the hub's certificate may lead to; the system's if not given")
	f.StringVar(&r.verifierFile, "verifier-key-file", "", "file with the hub's verifier key, hub.pub (needed)")
	f.StringVar(&r.gates, "gates", "", "file with names and SHA-256 of the gates' tokens; read again when it changes (needed)")
	f.StringVar(&r.listen, "listen", "127.0.0.1:8702", "address to serve on; give --tls-cert before leaving this machine")
	f.StringVar(&r.tls.cert, "tls-cert", "", "certificate chain (PEM) to serve with; read again when it changes")
	f.StringVar(&r.tls.key, "tls-key", "", "private key (PEM) of --tls-cert")
	f.IntVar(&r.requests, "max-requests", 4096, "requests of gates at once, those that wait included")
	f.Int64Var(&r.tileMegabytes, "tile-megabytes", 1024, "how much of the log to keep for those who verify it")
	f.BoolVar(&r.witnessed, "witnessed", false, "take the list as far as witnesses have cosigned it, for gates that demand them")
	f.BoolVarP(&r.verbose, "verbose", "v", false, "log more")
	c.AddCommand(newRelayToken())
	return c
}

type relayCommand struct {
	dir, verifierFile, gates, listen string
	hub                              gate.Connection
	tls                              tlsFlags
	requests                         int
	tileMegabytes                    int64
	witnessed, verbose               bool
}

func (c *relayCommand) run(ctx context.Context) error {
	switch {
	case c.hub.URL == "" || c.hub.TokenFile == "" || c.verifierFile == "" || c.gates == "":
		return usage("--hub, --token-file, --verifier-key-file and --gates are needed")
	case (c.tls.cert == "") != (c.tls.key == ""):
		return usage("--tls-cert and --tls-key go together")
	case (c.hub.CertFile == "") != (c.hub.KeyFile == ""):
		return usage("--hub-cert and --hub-key go together")
	case c.requests <= 0 || c.tileMegabytes <= 0:
		return usage("--max-requests and --tile-megabytes are positive")
	}
	key, err := secretFile(c.verifierFile)
	if err != nil {
		return err
	}
	log := newLog(os.Stderr, c.verbose)
	tokens, err := relay.OpenTokens(c.gates, log)
	if err != nil {
		return err
	}
	c.hub.URL, c.hub.Log = strings.TrimSuffix(c.hub.URL, "/"), log
	hub, _, err := c.hub.Open()
	if err != nil {
		return err
	}
	hub.Witnessed = c.witnessed
	r, err := relay.Open(relay.Config{Dir: c.dir, Hub: hub, VerifierKey: key, Tokens: tokens, MaxRequests: c.requests,
		TileBytes: c.tileMegabytes << 20, Now: time.Now, Log: log})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	scheme := "http"
	if c.tls.cert != "" {
		config, err := c.tls.serverConfig(log)
		if err != nil {
			return err
		}
		l, scheme = tls.NewListener(l, config), "https"
	} else if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		log.Warn("served without TLS beyond this machine: tokens and identifiers can be read on the way", "listen", l.Addr().String())
	}
	log.Info("relay serves", "url", scheme+"://"+l.Addr().String(), "hub", c.hub.URL)
	return serve(ctx, l, r.Handler(), r.Run)
}

func newRelayToken() *cobra.Command {
	var name, gates string
	c := &cobra.Command{
		Use: "token", Short: "为一个网关签发中继令牌，只显示一次 · make a gate's token for this relay, shown once", Args: cobra.NoArgs,
		Example: `  gongxin relay token --name railway --gates relay.tokens > railway-relay.token`,
		RunE: func(c *cobra.Command, _ []string) error {
			if name == "" || gates == "" {
				return usage("--name and --gates are needed")
			}
			secret, err := relay.AddToken(gates, name, rand.Reader)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), secret)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "", "name of the gate (needed)")
	c.Flags().StringVar(&gates, "gates", "", "the relay's list of tokens, to which the hash is added; made if missing (needed)")
	return c
}

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin/durable"
	"gongxin/internal/witness"
	"gongxin/ledger"
)

// witnessCommand runs a witness.
type witnessCommand struct {
	dir, name, listen string
	logs              []string
	tls               tlsFlags
	verbose           bool
}

func newWitness() *cobra.Command {
	var w witnessCommand
	c := &cobra.Command{
		Use: "witness", Short: "运行见证方，联署中心的检查点 · cosign a centre's checkpoints", Args: cobra.NoArgs,
		Long: `Runs a witness (C2SP tlog-witness): it cosigns a checkpoint of the centre once it is
proved that the log goes on from the last one that it cosigned. Departments that demand
its line notice if the centre shows somebody another history. It sees no listing.

Its public key stands in witness.pub of its directory; give it to the centre, and to the
departments by a way that does not lead through the centre.`,
		Example: `  gongxin witness --dir ./witness --name court.example/witness --log-key-file hub.pub --listen 127.0.0.1:8703
  gongxin hub --data ./hub --witness http://127.0.0.1:8703=$(cat witness/witness.pub)`,
		RunE: func(c *cobra.Command, _ []string) error { return w.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&w.dir, "dir", "gongxin-witness", "directory of its key and of what it has cosigned; made if missing")
	f.StringVar(&w.name, "name", "", "its name in signatures, such as court.example/witness; fixed when the key is made (needed)")
	f.StringSliceVar(&w.logs, "log-key-file", nil, "file with the public key of a log, such as hub.pub; several after a change of keys (needed)")
	f.StringVar(&w.listen, "listen", "127.0.0.1:8703", "address to serve on; give --tls-cert before leaving this machine")
	f.StringVar(&w.tls.cert, "tls-cert", "", "certificate chain (PEM) to serve with; read again when it changes")
	f.StringVar(&w.tls.key, "tls-key", "", "private key (PEM) of --tls-cert")
	f.BoolVarP(&w.verbose, "verbose", "v", false, "log more")
	return c
}

func (c *witnessCommand) run(ctx context.Context) error {
	switch {
	case c.name == "" || len(c.logs) == 0:
		return usage("--name and --log-key-file are needed")
	case (c.tls.cert == "") != (c.tls.key == ""):
		return usage("--tls-cert and --tls-key go together")
	}
	log := newLog(os.Stderr, c.verbose)
	config := witness.Config{Dir: c.dir, Now: time.Now, Log: log}
	for _, path := range c.logs {
		key, err := secretFile(path)
		if err != nil {
			return err
		}
		config.Logs = append(config.Logs, key)
	}
	var err error
	if config.Cosigner, err = c.key(); err != nil {
		return err
	}
	w, err := witness.Open(config)
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
	}
	log.Info("witness serves", "url", scheme+"://"+l.Addr().String(), "witness_key", config.Cosigner.WitnessKey())
	return serve(ctx, l, w.Handler(), func(ctx context.Context) error { <-ctx.Done(); return nil })
}

// key reads the witness's key, and makes it if there is none.
func (c *witnessCommand) key() (*ledger.Cosigner, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the witness's directory: %w", err)
	}
	h := home{dir: c.dir}
	text, err := h.secret("witness.key", func() (string, error) {
		seed := make([]byte, 32)
		_, err := rand.Read(seed)
		return hex.EncodeToString(seed), err
	})
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: not 64 hexadecimal digits", filepath.Join(c.dir, "witness.key"))
	}
	cosigner, err := ledger.NewCosigner(c.name, seed)
	if err != nil {
		return nil, usage("--name %s: %v", c.name, err)
	}
	public, err := os.ReadFile(h.path("witness.pub"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return cosigner, durable.Create(h.path("witness.pub"), []byte(cosigner.WitnessKey()+"\n"), 0o644)
	case err != nil:
		return nil, fmt.Errorf("read the witness's key: %w", err)
	case strings.TrimSpace(string(public)) != cosigner.WitnessKey():
		return nil, usage("--name %s: this witness is known as %s", c.name, strings.TrimSpace(string(public)))
	}
	return cosigner, nil
}

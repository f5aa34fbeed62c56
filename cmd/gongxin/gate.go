package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin/feed"
	"gongxin/gate"
)

func newGate() *cobra.Command {
	var c gateFlags
	cmd := &cobra.Command{
		Use: "gate", Short: "运行部门网关 · run a department's gate", Args: cobra.NoArgs,
		Example: `  gongxin gate --name railway --department 铁路部门 --dir ./railway --listen 127.0.0.1:8701 \
      --hub http://127.0.0.1:8700 --token-file railway.token --verifier-key-file hub.pub
  gongxin gate --name bank --dir ./bank --hub https://credit.example --token-file bank.token --verifier-key-file hub.pub \
      --tls-cert bank.crt --tls-key bank.key --tls-ca province.crt
  gongxin gate --name island --dir ./island --from ./published --verifier-key-file hub.pub
  curl -s localhost:8701/v1/screen -d '{"scenario":"g_train","number":"320000198001010018","name":"张三"}'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&c.name, "name", "", "short name of this gate, as in its token (needed)")
	f.StringVar(&c.department, "department", "", "name of the department, for people")
	f.StringVar(&c.dir, "dir", "gongxin-gate", "directory of the gate's state; made if missing")
	f.StringVar(&c.hub, "hub", "", "URL of the hub to follow")
	f.StringVar(&c.from, "from", "", "directory to follow instead of a hub, as written by gongxin hub --publish")
	f.StringVar(&c.tokenFile, "token-file", "", "file with the gate's API token, for --hub; read again when the hub refuses the token")
	f.StringVar(&c.certFile, "tls-cert", "", "file with the gate's certificate, for --hub; read again when it changes")
	f.StringVar(&c.keyFile, "tls-key", "", "file with the key of --tls-cert")
	f.StringVar(&c.caFile, "tls-ca", "", "file with the roots that the hub's certificate may lead to; the system's if not given")
	f.StringVar(&c.verifierFile, "verifier-key-file", "", "file with the hub's verifier key, hub.pub (needed)")
	f.DurationVar(&c.maxAge, "max-age", time.Hour, "how old the last verified checkpoint may be before the gate only refers")
	f.StringVar(&c.listen, "listen", "127.0.0.1:8701", "address to answer on; reachable for the department's own systems only")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "log more")
	c.clock.add(cmd)
	return cmd
}

type gateFlags struct {
	name, department, dir, hub, from, tokenFile, verifierFile, listen string
	certFile, keyFile, caFile                                         string
	maxAge                                                            time.Duration
	verbose                                                           bool
	clock                                                             clockFlag
}

// run opens the gate and serves it until ctx ends.
func (f *gateFlags) run(ctx context.Context) error {
	if f.name == "" || f.verifierFile == "" {
		return usage("--name and --verifier-key-file are needed")
	}
	if (f.hub == "") == (f.from == "") {
		return usage("give either --hub URL or --from DIR")
	}
	if (f.certFile == "") != (f.keyFile == "") {
		return usage("--tls-cert and --tls-key belong together")
	}
	if f.hub == "" && f.certFile+f.caFile != "" {
		return usage("--tls-cert, --tls-key and --tls-ca are for --hub")
	}
	now, exercise, err := f.clock.clock()
	if err != nil {
		return err
	}
	key, err := secretFile(f.verifierFile)
	if err != nil {
		return err
	}
	log := newLog(os.Stderr, f.verbose)
	config := gate.Config{
		Dir: f.dir, Name: f.name, Department: f.department, VerifierKey: key, MaxAge: f.maxAge, Now: now, Log: log,
		Source: feed.DirSource{Dir: f.from},
	}
	if f.hub != "" {
		if f.tokenFile == "" {
			return usage("--hub needs --token-file")
		}
		connection := gate.Connection{URL: strings.TrimSuffix(f.hub, "/"), TokenFile: f.tokenFile, CertFile: f.certFile, KeyFile: f.keyFile, CAFile: f.caFile, Log: log}
		source, reporter, err := connection.Open()
		if err != nil {
			return err
		}
		config.Source, config.Reporter = source, reporter
	}
	g, err := gate.Open(config)
	if err != nil {
		return err
	}
	defer g.Close()
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if exercise {
		log.Warn("exercise clock: this gate is for training", "now", now())
	}
	log.Info("gate answers", "url", "http://"+l.Addr().String(), "gate", f.name)
	return serve(ctx, l, g.Handler(), g.Run)
}

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/ledger"
)

// hubCommand runs the provincial centre.
type hubCommand struct {
	home            home
	clock           clockFlag
	listen, publish string
	address         string
	proxies         []string
	tls             tlsFlags
	oidc            access.OIDCConfig
	oidcSecret      string
	lateAfter       time.Duration
	witnesses       []string
	witnessNeed     int
	verbose         bool
}

func newHub() *cobra.Command {
	var h hubCommand
	c := &cobra.Command{
		Use: "hub", Short: "运行省公共信用信息中心 · run the provincial centre", Args: cobra.NoArgs,
		Example: `  gongxin hub --data ./hub --listen 127.0.0.1:8700
  gongxin hub --data ./hub --listen :8700 --tls-cert hub.pem --tls-key hub.key --tls-clients systems-ca.pem
  gongxin hub --data ./hub --witness https://witness.court.example=court.example/witness+1c2d3e4f+BA… --witness https://…
  gongxin hub --data ./hub --db postgres://gongxin@db/gongxin
  gongxin person create --data ./hub --id admin --role operator --name 管理员 --password-file admin.password
  gongxin token create --data ./hub --role department --gate railway --organisation 铁路部门`,
		RunE: func(c *cobra.Command, _ []string) error { return h.run(c.Context()) },
	}
	addHome(c, &h.home)
	addRules(c, &h.home)
	h.clock.add(c)
	f := c.Flags()
	f.StringVar(&h.listen, "listen", "127.0.0.1:8700", "address to serve on; give --tls-cert before leaving this machine")
	f.StringVar(&h.address, "address", "", "address at which people reach this hub, such as https://hub.example.cn; printed beside access codes")
	f.StringSliceVar(&h.proxies, "trusted-proxy", nil, "network of a proxy in front, such as 127.0.0.1/32: limits then count its clients, by X-Forwarded-For")
	f.StringVar(&h.publish, "publish", "", "also write the departments' changes as files into this directory")
	f.DurationVar(&h.lateAfter, "late-after", time.Hour, "a gate that has not confirmed a change for longer is named as late")
	f.StringArrayVar(&h.witnesses, "witness", nil, "witness that is asked to cosign each checkpoint, as https://address=key; once for each")
	f.IntVar(&h.witnessNeed, "witness-need", 0, "how many of them have to, before gates that demand witnesses go on; all if 0")
	f.StringVar(&h.tls.cert, "tls-cert", "", "certificate chain (PEM) to serve with; read again when it changes")
	f.StringVar(&h.tls.key, "tls-key", "", "private key (PEM) of --tls-cert")
	f.StringVar(&h.tls.clients, "tls-clients", "", "authorities (PEM) of clients' certificates, for tokens that are bound to one")
	f.StringVar(&h.oidc.Issuer, "oidc-issuer", "", "identity provider at which people may sign in, such as https://login.example.cn")
	f.StringVar(&h.oidc.ClientID, "oidc-client", "", "this hub's name at the identity provider")
	f.StringVar(&h.oidcSecret, "oidc-secret-file", "", "file with this hub's secret at the identity provider")
	f.StringVar(&h.oidc.Redirect, "oidc-redirect", "", "this hub's address for coming back: https://…/v1/oidc/return")
	f.BoolVar(&h.oidc.SecondFactor, "oidc-second-factor", false, "the identity provider asks everybody for a second factor, even if it does not say so")
	f.BoolVarP(&h.verbose, "verbose", "v", false, "log more")
	return c
}

func (h *hubCommand) run(ctx context.Context) error {
	now, exercise, err := h.clock.clock()
	if err != nil {
		return err
	}
	if (h.tls.cert == "") != (h.tls.key == "") || h.tls.clients != "" && h.tls.cert == "" {
		return usage("--tls-cert and --tls-key go together, and --tls-clients needs them")
	}
	if h.lateAfter <= 0 {
		return usage("--late-after %s: longer than nothing", h.lateAfter)
	}
	oidc, err := h.provider()
	if err != nil {
		return err
	}
	var proxies []netip.Prefix
	for _, s := range h.proxies {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return usage("--trusted-proxy %s: not a network such as 127.0.0.1/32", s)
		}
		proxies = append(proxies, network)
	}
	witnesses, err := hubWitnesses(h.witnesses, h.witnessNeed)
	if err != nil {
		return err
	}
	h.home.witnesses, h.home.witnessNeed = witnesses, h.witnessNeed
	log := newLog(os.Stderr, h.verbose)
	if err := h.home.takeOver(); err != nil {
		return err
	}
	centre, db, err := h.home.open(ctx, now, exercise, log)
	if err != nil {
		return err
	}
	defer db.Close()
	centre.LateAfter = h.lateAfter
	centre.PublishDir, centre.Address, centre.OIDC, centre.Proxies = h.publish, h.address, oidc, proxies
	if err := centre.Seed(ctx); err != nil {
		return fmt.Errorf("load the organisations: %w", err)
	}
	if err := h.home.handedOver(ctx, centre); err != nil {
		return err
	}
	l, err := net.Listen("tcp", h.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	scheme := "http"
	if h.tls.cert != "" {
		config, err := h.tls.serverConfig(log)
		if err != nil {
			return err
		}
		l, scheme = tls.NewListener(l, config), "https"
	} else if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		log.Warn("served without TLS beyond this machine: tokens and identifiers can be read on the way", "listen", l.Addr().String())
	}
	if exercise {
		log.Warn("exercise clock: this hub is for training", "now", now())
	}
	log.Info("hub serves", "url", scheme+"://"+l.Addr().String(), "verifier_key", centre.VerifierKey)
	return serve(ctx, l, centre.Handler(), centre.Run)
}

// hubWitnesses reads the flags --witness and --witness-need.
func hubWitnesses(given []string, need int) (all []hub.Witness, err error) {
	for _, s := range given {
		address, key, ok := strings.Cut(s, "=")
		at, err := url.Parse(address)
		if !ok || err != nil || at.Host == "" {
			return nil, usage("--witness %s: write it as https://address=key", s)
		}
		w, err := ledger.NewWitness(key)
		if err != nil {
			return nil, usage("--witness %s: %v", address, err)
		}
		all = append(all, hub.Witness{URL: address, Key: w})
	}
	if need < 0 || need > len(all) {
		return nil, usage("--witness-need %d of %d witnesses", need, len(all))
	}
	return all, nil
}

// provider returns what the flags say of an identity provider; nil if nothing.
func (h *hubCommand) provider() (*access.OIDCConfig, error) {
	given := 0
	for _, s := range []string{h.oidc.Issuer, h.oidc.ClientID, h.oidcSecret, h.oidc.Redirect} {
		if s != "" {
			given++
		}
	}
	switch given {
	case 0:
		return nil, nil
	case 4:
	default:
		return nil, usage("--oidc-issuer, --oidc-client, --oidc-secret-file and --oidc-redirect go together")
	}
	secret, err := secretFile(h.oidcSecret)
	if err != nil {
		return nil, err
	}
	h.oidc.Secret, h.oidc.Now = secret, time.Now // what the provider says is of the real time, also in an exercise
	return &h.oidc, nil
}

// addHome adds the flags that say where a hub's data are.
func addHome(c *cobra.Command, h *home) {
	c.Flags().StringVar(&h.dir, "data", "gongxin-data", "directory of the hub's keys, snapshots and embedded database; made if missing")
	c.Flags().StringVar(&h.db, "db", "", "database instead of the embedded one: postgres://…, or a path for SQLite")
	c.Flags().StringVar(&h.origin, "origin", defaultOrigin, "name of the log in its checkpoints; fixed when the key is made")
}

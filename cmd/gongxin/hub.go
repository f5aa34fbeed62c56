package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"
)

func newHub() *cobra.Command {
	var h home
	var clock clockFlag
	var listen, publish string
	var verbose bool
	c := &cobra.Command{
		Use: "hub", Short: "运行省公共信用信息中心 · run the provincial centre", Args: cobra.NoArgs,
		Example: `  gongxin hub --data ./hub --listen 127.0.0.1:8700
  gongxin hub --data ./hub --db postgres://gongxin@db/gongxin
  gongxin token create --data ./hub --role department --gate railway --organisation 铁路部门`,
		RunE: func(c *cobra.Command, _ []string) error {
			now, exercise, err := clock.clock()
			if err != nil {
				return err
			}
			log := newLog(os.Stderr, verbose)
			centre, db, err := h.open(c.Context(), now, exercise, log)
			if err != nil {
				return err
			}
			defer db.Close()
			centre.PublishDir = publish
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
			if exercise {
				log.Warn("exercise clock: this hub is for training", "now", now())
			}
			log.Info("hub serves", "url", "http://"+l.Addr().String(), "verifier_key", centre.VerifierKey)
			return serve(c.Context(), l, centre.Handler(), func(ctx context.Context) error { return centre.Run(ctx) })
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8700", "address to serve on; put a TLS proxy in front before leaving this machine")
	c.Flags().StringVar(&publish, "publish", "", "also write the departments' changes as files into this directory")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "log more")
	return c
}

// addHome adds the flags that say where a hub's data are.
func addHome(c *cobra.Command, h *home) {
	c.Flags().StringVar(&h.dir, "data", "gongxin-data", "directory of the hub's keys, snapshots and embedded database; made if missing")
	c.Flags().StringVar(&h.db, "db", "", "database instead of the embedded one: postgres://…, or a path for SQLite")
	c.Flags().StringVar(&h.origin, "origin", defaultOrigin, "name of the log in its checkpoints; fixed when the key is made")
}

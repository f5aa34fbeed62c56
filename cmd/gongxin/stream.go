package main

import (
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/stream"
)

func newStream() *cobra.Command {
	var f streamFlags
	c := &cobra.Command{
		Use: "stream", Short: "从消息流读取交易，写出结论 · answer transactions from NATS JetStream", Args: cobra.NoArgs,
		Long: `从 NATS JetStream 读取交易，向本部门网关查询，写出结论；名称（--durable）相同的多个进程分担同一批交易。
Reads transactions from NATS JetStream, asks the department's gate, and writes decisions. Processes
with the same --durable share the transactions. Each is decided at least once; see docs/stream.md.`,
		Example: `  nats stream add TRANSACTIONS --subjects 'ticket.sale' …
  gongxin stream --nats nats://127.0.0.1:4222 --gate unix:/run/gongxin/railway.sock \
      --in ticket.sale --out ticket.decision --dead ticket.dead --durable railway
  nats pub ticket.sale '{"id":"T-1","scenario":"g_train","number":"320000198001010018","name":"张三"}'`,
		RunE: func(c *cobra.Command, _ []string) error {
			client := gate.NewClient(f.gate)
			defer client.Close()
			f.config.Gate, f.config.Log = client, newLog(os.Stderr, f.verbose)
			if f.credentials != "" {
				f.config.Options = append(f.config.Options, nats.UserCredentials(f.credentials))
			}
			if f.roots != "" {
				f.config.Options = append(f.config.Options, nats.RootCAs(f.roots))
			}
			err := stream.Run(c.Context(), f.config)
			if c.Context().Err() != nil {
				return nil // asked to stop
			}
			if gongxin.KindOf(err) == gongxin.KindInvalid {
				return errUnusable{err}
			}
			return err
		},
	}
	s := c.Flags()
	s.StringVar(&f.config.URL, "nats", "nats://127.0.0.1:4222", "URLs of the NATS servers, separated by commas")
	s.StringVar(&f.credentials, "nats-creds", "", "file with NATS credentials")
	s.StringVar(&f.roots, "nats-ca", "", "file with the roots of the servers' certificates")
	s.StringVar(&f.gate, "gate", "http://127.0.0.1:8701", "URL of the gate, or unix: and the path of its socket")
	s.StringVar(&f.config.In, "in", "", "subject of the transactions, with * and > if need be (needed)")
	s.StringVar(&f.config.Out, "out", "", "subject of the decisions (needed)")
	s.StringVar(&f.config.Dead, "dead", "", "subject of what cannot be decided, with the reason (needed)")
	s.StringVar(&f.config.Durable, "durable", "", "name under which processes share the transactions (needed)")
	s.BoolVar(&f.config.DeadBody, "dead-body", false, "let what cannot be decided carry the message as it came, numbers and names with it")
	s.IntVar(&f.config.Batch, "batch", stream.DefaultBatch, "transactions that are decided together at most")
	s.DurationVar(&f.config.AckWait, "ack-wait", stream.DefaultAckWait, "after which a transaction goes to another process if this one is silent; at least "+leastAckWait.String())
	s.BoolVarP(&f.verbose, "verbose", "v", false, "log more")
	c.PreRunE = func(*cobra.Command, []string) error {
		if f.config.AckWait < leastAckWait {
			return usage("--ack-wait %s is less than %s", f.config.AckWait, leastAckWait)
		}
		return nil
	}
	return c
}

// leastAckWait keeps a slow disk from looking like a dead process.
const leastAckWait = time.Second

type streamFlags struct {
	gate, credentials, roots string
	verbose                  bool
	config                   stream.Config
}

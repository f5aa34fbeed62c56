package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin/feed"
	"gongxin/gate"
	"gongxin/ledger"
)

func newGate() *cobra.Command {
	var c gateFlags
	cmd := &cobra.Command{
		Use: "gate", Short: "运行部门网关 · run a department's gate", Args: cobra.NoArgs,
		Example: `  gongxin gate --name railway --department 铁路部门 --dir ./railway --listen 127.0.0.1:8701 \
      --hub http://127.0.0.1:8700 --token-file railway.token --verifier-key-file hub.pub
  gongxin gate --name bank --dir ./bank --hub https://credit.example --token-file bank.token --verifier-key-file hub.pub \
      --tls-cert bank.crt --tls-key bank.key --tls-ca province.crt
  # the list from the city's relay, reports to the hub
  gongxin gate --name railway --dir ./railway --feed https://relay.city.example --feed-token-file relay-railway.token \
      --hub https://credit.example --token-file railway.token --verifier-key-file hub.pub
  # the list from files, without a network
  gongxin gate --name island --dir ./island --from ./published --verifier-key-file hub.pub
  # the department's own system is told of every lift, and two witnesses have to have seen the list
  gongxin gate … --webhook https://office.example/lifts --webhook-secret-file lifts.secret \
      --witness-keys-file witnesses.txt --witnesses 2
  curl -s localhost:8701/v1/screen -d '{"scenario":"g_train","number":"320000198001010018","name":"张三"}'
  # on a socket, for processes of the same group alone
  gongxin gate … --listen unix:/run/gongxin/railway.sock
  curl -s --unix-socket /run/gongxin/railway.sock http://gate/v1/status
  # an officer decides (docs/gate.md)
  gongxin gate accept --dir ./railway --size 48210 --by 李科长 --reason 省中心已核实
  gongxin gate acknowledge-fork --dir ./railway --head confirmed.txt --by 李科长 --reason 省中心已说明`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&c.name, "name", "", "short name of this gate, as in its token (needed)")
	f.StringVar(&c.department, "department", "", "name of the department, for people")
	f.StringVar(&c.dir, "dir", "gongxin-gate", "directory of the gate's state; made if missing")
	f.StringVar(&c.hub.URL, "hub", "", "URL of the hub to report to, and to follow unless --feed or --from is given")
	f.StringVar(&c.hub.TokenFile, "token-file", "", "file with the gate's API token, for --hub; read again when the hub refuses the token")
	f.StringVar(&c.feed.URL, "feed", "", "URL to follow instead of --hub: a relay, or another carrier of the hub's feed")
	f.StringVar(&c.feed.TokenFile, "feed-token-file", "", "file with the gate's token there, for --feed")
	f.StringVar(&c.from, "from", "", "directory to follow instead of a hub, as written by gongxin hub --publish or gongxin package import --into")
	f.StringVar(&c.hub.CertFile, "tls-cert", "", "file with the gate's certificate, for --hub and --feed; read again when it changes")
	f.StringVar(&c.hub.KeyFile, "tls-key", "", "file with the key of --tls-cert")
	f.StringVar(&c.hub.CAFile, "tls-ca", "", "file with the roots that the certificates of --hub and --feed may lead to; the system's if not given")
	f.StringVar(&c.verifierFile, "verifier-key-file", "", "file with the hub's verifier key, hub.pub (needed)")
	f.StringVar(&c.witnessFile, "witness-keys-file", "", "file with the public keys of witnesses, one a line")
	f.IntVar(&c.witnesses, "witnesses", 0, "how many of them have to have cosigned each state of the list")
	f.StringVar(&c.webhook.URL, "webhook", "", "URL of the department's own system that is told of every lift")
	f.StringVar(&c.webhook.SecretFile, "webhook-secret-file", "", "file with the secret that signs what --webhook is told; read with each message")
	f.StringVar(&c.alerts, "alerts", "", "file to which messages about watched subjects are appended, one JSON object a line (docs/gate.md)")
	f.DurationVar(&c.maxAge, "max-age", time.Hour, "how old the last verified checkpoint may be before the gate only refers")
	f.IntVar(&c.retention, "retention", gate.DefaultRetention, "for how many years what is over stays on record here, 1 to 100; then it is erased")
	f.StringVar(&c.listen, "listen", "127.0.0.1:8701", "address to answer on, or unix: and the path of a socket (mode 0660); reachable for the department's own systems only")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "log more")
	c.clock.add(cmd)
	cmd.AddCommand(newGateAcknowledge(), newGateAccept())
	return cmd
}

type gateFlags struct {
	alerts, name, department, dir, from, verifierFile, witnessFile, listen string
	hub, feed                                                              gate.Connection
	webhook                                                                gate.Webhook
	witnesses, retention                                                   int
	maxAge                                                                 time.Duration
	verbose                                                                bool
	clock                                                                  clockFlag
}

// check returns what is wrong with the flags together.
func (f *gateFlags) check() error {
	switch {
	case f.name == "" || f.verifierFile == "":
		return usage("--name and --verifier-key-file are needed")
	case f.hub.URL == "" && f.feed.URL == "" && f.from == "":
		return usage("give --hub URL, --feed URL or --from DIR")
	case f.feed.URL != "" && f.from != "":
		return usage("give either --feed URL or --from DIR")
	case f.hub.URL != "" && f.hub.TokenFile == "":
		return usage("--hub needs --token-file")
	case f.feed.URL != "" && f.feed.TokenFile == "":
		return usage("--feed needs --feed-token-file: its token is not that of the hub")
	case f.feed.URL == "" && f.feed.TokenFile != "":
		return usage("--feed-token-file is for --feed")
	case (f.hub.CertFile == "") != (f.hub.KeyFile == ""):
		return usage("--tls-cert and --tls-key belong together")
	case f.hub.URL+f.feed.URL == "" && f.hub.CertFile+f.hub.CAFile != "":
		return usage("--tls-cert, --tls-key and --tls-ca are for --hub and --feed")
	case (f.witnessFile == "") != (f.witnesses == 0):
		return usage("--witness-keys-file and --witnesses belong together")
	case f.retention < 1 || f.retention > 100:
		return usage("--retention %d: a number of years, 1 to 100", f.retention)
	case (f.webhook.URL == "") != (f.webhook.SecretFile == ""):
		return usage("--webhook and --webhook-secret-file belong together")
	}
	return nil
}

// run opens the gate and serves it until ctx ends.
func (f *gateFlags) run(ctx context.Context) error {
	if err := f.check(); err != nil {
		return err
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
		Dir: f.dir, Name: f.name, Department: f.department, VerifierKey: key, MaxAge: f.maxAge, Webhook: f.webhook, Alerts: f.alerts, Retention: f.retention, Now: now, Log: log,
		Source: feed.DirSource{Dir: f.from},
	}
	if config.Witnesses, err = readWitnesses(f.witnessFile, f.witnesses); err != nil {
		return err
	}
	if f.hub.URL != "" {
		f.hub.URL, f.hub.Log = strings.TrimSuffix(f.hub.URL, "/"), log
		source, reporter, err := f.hub.Open()
		if err != nil {
			return err
		}
		source.Witnessed = f.witnesses > 0
		if config.Reporter = reporter; f.from == "" {
			config.Source = source
		}
	}
	if f.feed.URL != "" {
		c := f.hub // the same certificates
		c.URL, c.TokenFile, c.Log = strings.TrimSuffix(f.feed.URL, "/"), f.feed.TokenFile, log
		source, _, err := c.Open()
		if err != nil {
			return err
		}
		source.Witnessed = f.witnesses > 0
		config.Source = source
	}
	g, err := gate.Open(config)
	if err != nil {
		return err
	}
	defer g.Close()
	l, err := listenOn(f.listen)
	if err != nil {
		return err
	}
	if exercise {
		log.Warn("exercise clock: this gate is for training", "now", now())
	}
	log.Info("gate answers", "url", addressOf(l), "gate", f.name, "receipt_key", g.Status().ReceiptKey)
	return serve(ctx, l, g.Handler(), g.Run)
}

// readWitnesses reads keys of witnesses, one a line; # begins a remark.
func readWitnesses(path string, need int) (w feed.Witnesses, err error) {
	if path == "" {
		return w, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return w, err
	}
	defer f.Close() // only read
	w.Need = need
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		one, err := ledger.NewWitness(line)
		if err != nil {
			return w, usage("--witness-keys-file %s: %v", path, err)
		}
		w.Known = append(w.Known, one)
	}
	return w, lines.Err()
}

// orderWait is how long a command waits for a gate that runs to take an order.
const orderWait = 3 * time.Second

func newGateAcknowledge() *cobra.Command {
	var dir, head string
	var o gate.Order
	c := &cobra.Command{
		Use: "acknowledge-fork", Short: "确认中心签署的矛盾检查点，继续跟随 · go on after a fork", Args: cobra.NoArgs,
		Long: `网关发现中心签署了互相矛盾的检查点后，停止跟随，不作限制，直到负责人确认。先将 evidence 目录中的文件报告省公共信用信息中心
及其主管部门；查明后，用 --head 指定经确认可信的检查点文件：属于网关所持历史的，继续跟随；属于另一历史的，重新获取名单，
并拒绝与之矛盾的内容。没有这样的检查点的，用 --fresh 重新获取名单。决定记录在网关目录中。
A gate that has seen the hub sign what cannot both be true follows nothing and restricts nobody
until an officer decides. Show the file in evidence to the provincial centre and to those who
oversee it first. Then name with --head a file with a checkpoint that is confirmed to be true: of
the history that the gate holds, and it goes on; of the other, and it fetches the list anew and
takes nothing that contradicts that. --fresh fetches the list anew without one. The decision is
recorded in the gate's directory.`,
		Example: `  gongxin gate acknowledge-fork --dir ./railway --head confirmed.txt --by 李科长 --reason 省中心已说明，见某号文
  gongxin gate acknowledge-fork --dir ./railway --fresh --by 李科长 --reason 省中心已恢复账本`,
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" || o.By == "" || o.Reason == "" || (head == "") == !o.Fresh {
				return usage("--dir, --by, --reason and either --head or --fresh are needed")
			}
			if head != "" {
				b, err := os.ReadFile(head)
				if err != nil {
					return err
				}
				o.Head = string(b)
			}
			return giveOrder(c, o, dir)
		},
	}
	c.Flags().StringVar(&head, "head", "", "file with a checkpoint of the hub that is confirmed to be true")
	c.Flags().BoolVar(&o.Fresh, "fresh", false, "fetch the list anew, whatever it was before")
	addOrder(c, &dir, &o)
	return c
}

func newGateAccept() *cobra.Command {
	var dir string
	var o gate.Order
	c := &cobra.Command{
		Use: "accept", Short: "接受一次异常变动 · let one abnormal change through", Args: cobra.NoArgs,
		Long: `名单异常减少或激增、又没有批次批准记录时，网关暂缓采用。向省公共信用信息中心核实后，由负责人接受，只此一次。
A change in which an abnormal number of listings leave or enter, and which the hub has not approved
as a batch, is not applied. Once the provincial centre has confirmed it, an officer lets it through,
this once.`,
		Example: `  curl -s localhost:8701/v1/status        # abnormal.sequence says up to where
  gongxin gate accept --dir ./railway --size 48210 --by 李科长 --reason 省中心已核实`,
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" || o.By == "" || o.Accept == 0 {
				return usage("--dir, --size and --by are needed")
			}
			return giveOrder(c, o, dir)
		},
	}
	c.Flags().Uint64Var(&o.Accept, "size", 0, "sequence up to which the change is meant, as the gate's status shows it (needed)")
	addOrder(c, &dir, &o)
	return c
}

func addOrder(c *cobra.Command, dir *string, o *gate.Order) {
	c.Flags().StringVar(dir, "dir", "", "directory of the gate, which may run meanwhile (needed)")
	c.Flags().StringVar(&o.By, "by", "", "name of the officer who decides (needed)")
	c.Flags().StringVar(&o.Reason, "reason", "", "why, in words")
}

// giveOrder gives o to the gate in dir and tells what became of it.
func giveOrder(c *cobra.Command, o gate.Order, dir string) error {
	if o.Reason == "" {
		o.Reason = "已核实"
	}
	taken, err := o.Give(c.Context(), dir, orderWait)
	if err != nil {
		return err
	}
	if taken {
		_, err = fmt.Fprintln(c.OutOrStdout(), "网关已执行，决定已记录 · the gate has taken it, and recorded who decided")
	} else {
		_, err = fmt.Fprintln(c.OutOrStdout(), "网关未运行或者忙，将在运行时执行 · the gate does not run or is busy: it will take it when it does")
	}
	return err
}

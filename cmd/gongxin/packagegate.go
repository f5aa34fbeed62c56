package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/internal/packages"
	"gongxin/ledger"
)

// A shown package, as JSON.
type shown struct {
	File       string      `json:"file,omitempty"`
	Origin     string      `json:"origin"`
	Kind       string      `json:"kind"`
	From       uint64      `json:"from"`
	To         uint64      `json:"to"`
	Made       time.Time   `json:"made"`
	Next       gongxin.Day `json:"next,omitzero"`
	Due        gongxin.Day `json:"receipt_due,omitzero"`
	Gate       string      `json:"gate"`
	Department string      `json:"department"`
	Listings   *uint64     `json:"listings,omitempty"`
	AsOf       time.Time   `json:"as_of,omitzero"`
	Members    []member    `json:"members"`
}

type member struct {
	Name  string `json:"name"`
	Bytes uint64 `json:"bytes"`
	Hash  string `json:"sha256"`
}

func newShown(m feed.Manifest) shown {
	s := shown{Origin: m.Origin, Kind: "delta", From: m.From, To: m.To, Made: m.Made, Next: m.Next, Gate: m.Gate, Department: m.Department}
	if m.Full {
		s.Kind = "full"
	}
	for _, f := range m.Members {
		s.Members = append(s.Members, member{f.Name, f.Bytes, fmt.Sprintf("%x", f.Hash[:])})
	}
	return s
}

func kindZH(m feed.Manifest) string {
	if m.Full {
		return "全量包"
	}
	return fmt.Sprintf("增量包，接第%d号事件", m.From)
}

func kindEN(m feed.Manifest) string {
	if m.Full {
		return "full"
	}
	return fmt.Sprintf("delta after event %d", m.From)
}

// hubKey reads the hub's public key from the file that --verifier-key-file names.
func hubKey(path string) (string, error) {
	if path == "" {
		return "", usage("--verifier-key-file is needed: the hub's public key, hub.pub, got another way than the package")
	}
	return secretFile(path)
}

// readPackage opens and verifies the package at path, signed with one of keys; of
// these "" is none. Close the file.
func readPackage(path string, keys ...string) (*feed.Package, *os.File, error) {
	var all []*ledger.Verifier
	for _, key := range keys {
		if key == "" {
			continue
		}
		v, err := ledger.NewVerifier(key)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, v)
	}
	return packages.ReadFile(path, all...)
}

func newPackageShow() *cobra.Command {
	var keyFile string
	var asJSON bool
	c := &cobra.Command{
		Use: "show FILE", Short: "核验并显示数据包 · verify a package and tell what it is", Args: cobra.ExactArgs(1),
		Example: "  gongxin package show --verifier-key-file hub.pub island-120-250.gxp",
		RunE: func(c *cobra.Command, args []string) error {
			key, err := hubKey(keyFile)
			if err != nil {
				return err
			}
			p, f, err := readPackage(args[0], key)
			if err != nil {
				return err
			}
			defer f.Close() // only read
			w, m := c.OutOrStdout(), p.Manifest
			if asJSON {
				s := newShown(m)
				s.File, s.Listings, s.AsOf = args[0], &p.Head.Count, p.Head.At
				return printJSON(w, s)
			}
			next := "-"
			if !m.Next.IsZero() {
				next = m.Next.String()
			}
			_, err = fmt.Fprintf(w, "签名和全部内容相符 · signature and all content agree\n账本 log        %s\n类型 kind       %s · %s\n收件 for        %s（%s）\n到事件 up to    %d\n在册 in force   %d\n截至 as of      %s\n下一包 next     %s\n",
				m.Origin, kindZH(m), kindEN(m), m.Department, m.Gate, m.To, p.Head.Count, p.Head.At.In(gongxin.Shanghai).Format("2006-01-02 15:04:05"), next)
			for _, f := range m.Members {
				if err == nil {
					_, err = fmt.Fprintf(w, "  %10d  %x  %s\n", f.Bytes, f.Hash[:], f.Name)
				}
			}
			return err
		},
	}
	c.Flags().StringVar(&keyFile, "verifier-key-file", "", "file with the hub's verifier key, hub.pub (needed)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// A packageGate is the department's side: a gate's directory.
type packageGate struct {
	dir, name, keyFile string
	newKey             string // of a hub that changed its key; "" for none
	clock              clockFlag
}

func (g *packageGate) add(c *cobra.Command) {
	c.Flags().StringVar(&g.dir, "dir", "", "directory of the gate's state; the gate does not run meanwhile")
	c.Flags().StringVar(&g.name, "name", "", "short name of the gate; as in its receipt key if it has one")
	c.Flags().StringVar(&g.keyFile, "verifier-key-file", "", "file with the hub's verifier key, hub.pub (needed)")
	g.clock.add(c)
}

// key reads the gate's receipt key, makes it if there is none yet, and takes the
// gate's name from it.
func (g *packageGate) key() error {
	key, err := gate.LoadReceiptKey(g.dir, g.name)
	if errors.Is(err, fs.ErrNotExist) {
		return usage("--name is needed: this gate has no receipt key yet")
	}
	if err == nil {
		g.name = gate.KeyName(key)
	}
	return err
}

// unlimited is for a gate that is opened to be filled, and answers nobody.
const unlimited = 100 * 365 * 24 * time.Hour

func (g *packageGate) open(hubKey string, src feed.Source, log *slog.Logger) (*gate.Gate, func() time.Time, error) {
	now, _, err := g.clock.clock()
	if err != nil {
		return nil, nil, err
	}
	opened, err := gate.Open(gate.Config{Dir: g.dir, Name: g.name, VerifierKey: hubKey, Source: src, MaxAge: unlimited, Now: now, Log: log})
	return opened, now, err
}

func newPackageImport() *cobra.Command {
	var g packageGate
	var into, newKeyFile string
	var asJSON bool
	c := &cobra.Command{
		Use: "import FILE", Short: "导入数据包 · import a package into a gate", Args: cobra.ExactArgs(1),
		Long: `导入网关的目录（网关未运行时），或导入正在运行的网关所跟随的目录（--into）。网关按平时的办法核验全部内容。
重复导入不改变任何内容；不连续的，说明缺少哪些。
Imports into a gate's directory while it does not run, or into the directory that a running
gate follows (--into). The gate verifies everything as it always does. The same again changes
nothing; a package that does not continue is refused with what is missing.`,
		Example: `  gongxin package import --dir ./island --name island --verifier-key-file hub.pub island-full-120.gxp
  gongxin package import --into ./inbox --verifier-key-file hub.pub island-120-250.gxp`,
		RunE: func(c *cobra.Command, args []string) error {
			if (g.dir == "") == (into == "") {
				return usage("give either --dir, the gate's own directory, or --into, the one that a running gate follows")
			}
			key, err := hubKey(g.keyFile)
			if err != nil {
				return err
			}
			if newKeyFile != "" {
				if g.newKey, err = secretFile(newKeyFile); err != nil {
					return err
				}
			}
			if into != "" {
				p, f, err := readPackage(args[0], key, g.newKey)
				if err != nil {
					return err
				}
				defer f.Close() // only read
				if err := p.Publish(c.Context(), into); err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "已放入 %s，到第%d号事件 · put into %s, up to event %d\n", into, p.To, into, p.To)
				return err
			}
			if err := g.key(); err != nil {
				return err
			}
			done, err := g.take(c.Context(), args[0], key)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), done)
			}
			if done.Sequence == done.Before {
				_, err = fmt.Fprintf(c.OutOrStdout(), "无需导入：网关已到第%d号事件 · nothing to do: the gate is at event %d\n", done.Sequence, done.Sequence)
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "已导入：第%d号至第%d号事件，在册%d条，解除限制%d项 · imported: now at event %d, %d in force, %d restrictions lifted\n",
				done.Before, done.Sequence, done.Listings, done.Lifted, done.Sequence, done.Listings, done.Lifted)
			return err
		},
	}
	g.add(c)
	c.Flags().StringVar(&newKeyFile, "new-key-file", "", "after the hub has changed its key: the new one, got another way, for a gate that has not followed the change yet")
	c.Flags().StringVar(&into, "into", "", "directory that a running gate follows (gongxin gate --from DIR)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// An imported package, as JSON.
type imported struct {
	Before   uint64 `json:"before"`
	Sequence uint64 `json:"sequence"`
	Listings int    `json:"listings"`
	Lifted   int    `json:"lifted"`
}

// take lets the gate follow the package at path to its end by the way that it
// follows everything. The gate may know a newer key of the hub than it was given.
func (g *packageGate) take(ctx context.Context, path, key string) (done imported, err error) {
	src := &once{ended: make(chan struct{})}
	follower, _, err := g.open(key, src, slog.New(slog.DiscardHandler))
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, follower.Close()) }()
	before, lifted := follower.Position(), follower.Status().Lifted
	keys := []string{key, before.Keys.Next, g.newKey}
	if before.Keys.Current != "" { // what signed before signs no more
		keys[0] = before.Keys.Current
	}
	p, f, err := readPackage(path, keys...)
	if err != nil {
		return done, err
	}
	defer f.Close() // only read
	src.Source = p.Source()
	done.Before = before.Head.Size
	if done.Before > p.To || done.Before == p.To && !before.Head.At.Before(p.Head.At) && before.Head.Root == p.Head.Root {
		done.Sequence, done.Listings = done.Before, follower.Status().Listings
		return done, nil // it has all of that
	}
	if err := p.Continues(done.Before); err != nil {
		return done, err
	}
	running, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- follower.Run(running) }()
	select {
	case <-src.ended:
	case <-ctx.Done():
	}
	stop()
	<-ran // context.Canceled always
	if ctx.Err() != nil {
		return done, ctx.Err()
	}
	at, status := follower.Position(), follower.Status()
	done.Sequence, done.Listings, done.Lifted = at.Head.Size, status.Listings, status.Lifted-lifted
	if at.Head != p.Head {
		fault := gate.Fault{Code: "GATE_FAULT"}
		if status.LastError != nil {
			fault = *status.LastError
		}
		return done, gongxin.Conflict("PACKAGE_NOT_APPLIED", fault.Code, fault.ZH, fault.EN)
	}
	return done, nil
}

// A once gives what a source holds one time: a gate that asks again for the same,
// or waits for more at the end, has applied what it will. From then on it gives
// nothing until the gate stops.
type once struct {
	feed.Source
	asked    bool
	after    uint64
	snapshot bool
	ended    chan struct{}
	over     bool
}

// end says that the gate has applied what it will, and waits until it stops.
func (s *once) end(ctx context.Context) error {
	if !s.over {
		s.over = true
		close(s.ended)
	}
	<-ctx.Done()
	return ctx.Err()
}

// Changes is called from one goroutine.
func (s *once) Changes(ctx context.Context, after uint64, wait time.Duration) (feed.Changes, error) {
	if s.asked && s.after == after {
		return feed.Changes{}, s.end(ctx)
	}
	s.asked, s.after = true, after
	return s.Source.Changes(ctx, after, wait)
}

func (s *once) Snapshot(ctx context.Context) (io.ReadCloser, error) {
	if s.snapshot {
		return nil, s.end(ctx)
	}
	r, err := s.Source.Snapshot(ctx)
	s.snapshot = err == nil
	return r, err
}

func newPackageReceipt() *cobra.Command {
	var g packageGate
	var out string
	c := &cobra.Command{
		Use: "receipt", Short: "生成送回中心的回执 · write the receipt that goes back to the hub", Args: cobra.NoArgs,
		Long: `回执由网关自己的密钥（目录中的 receipt.key，首次生成）签署，说明网关所持名单。公钥写入旁边的 .pub 文件，首次一并送回。
The receipt is signed with the gate's own key (receipt.key in its directory, made the first time)
and says what the gate holds. The public key is written beside it as .pub and goes back with the first.`,
		Example: "  gongxin package receipt --dir ./island --verifier-key-file hub.pub --out receipt.txt",
		RunE: func(c *cobra.Command, _ []string) error {
			if g.dir == "" || out == "" {
				return usage("--dir and --out are needed")
			}
			key, err := hubKey(g.keyFile)
			if err != nil {
				return err
			}
			if err := g.key(); err != nil {
				return err
			}
			follower, _, err := g.open(key, feed.DirSource{Dir: g.dir}, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			r, err := follower.Receipt()
			if err := errors.Join(err, follower.Close()); err != nil {
				return err
			}
			for name, content := range map[string]string{out: r.Note, out + ".pub": r.Key + "\n"} {
				if err := durable.Replace(name, []byte(content), 0o644); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "回执：%s 已采用至第%d号事件 · receipt: applied up to event %d\n%s\n%s.pub  %s\n", g.name, r.Sequence, r.Sequence, out, out, r.Key)
			return err
		},
	}
	g.add(c)
	c.Flags().StringVar(&out, "out", "", "file to write (needed)")
	return c
}

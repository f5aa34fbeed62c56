package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/internal/store"
)

func newDemo() *cobra.Command {
	var once bool
	var dir string
	c := &cobra.Command{
		Use: "demo", Short: "在本机走一遍全程 · the whole way on this machine", Args: cobra.NoArgs,
		Long: `在本机启动省中心、一家法院和三个部门的网关，用真实请求走完一条名单的全程：列入、限制、撤销、解除。
Starts the centre, a court and three departments' gates on loopback and takes one listing
all the way with real requests: listed, stopped, withdrawn, free. Then it stays up.`,
		Example: "  gongxin demo          # tell the story, then stay up with URLs to try\n  gongxin demo --once   # tell the story and exit; 0 if every step held",
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if dir == "" {
				if dir, err = os.MkdirTemp("", "gongxin-demo-"); err != nil {
					return err
				}
				defer os.RemoveAll(dir)
			}
			return runDemo(c.Context(), dir, once, c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&once, "once", false, "tell the story and exit")
	c.Flags().StringVar(&dir, "dir", "", "keep the data in this directory instead of a temporary one")
	return c
}

// A stand is what the demo puts up: a hub, its court's token and three gates,
// each on a loopback port of its own.
type stand struct {
	dir   string
	now   func() time.Time
	hub   *hub.Hub
	db    *store.DB
	url   string
	court string // token of the court's system
	gates []*demoGate
	group *errgroup.Group
}

// A demoGate is one department's gate and where it answers.
type demoGate struct {
	name       string
	department gongxin.Text
	port       int
	token      string
	url        string
	gate       *gate.Gate
}

const demoHubPort = 8700

func demoGates() []*demoGate {
	return []*demoGate{
		{name: "railway", department: gongxin.Text{ZH: "铁路部门", EN: "railway"}, port: 8701},
		{name: "hotels", department: gongxin.Text{ZH: "旅游饭店", EN: "hotels"}, port: 8702},
		{name: "procurement", department: gongxin.Text{ZH: "政府采购", EN: "government procurement"}, port: 8703},
	}
}

// putUp starts everything; ctx ends it. Fixed ports are tried first if fixed is
// set, so that lines pasted from the README work.
func putUp(ctx context.Context, dir string, fixed bool) (*stand, error) {
	log := slog.New(slog.DiscardHandler)
	h := home{dir: filepath.Join(dir, "hub"), origin: "gongxin.demo/jiangsu"}
	centre, db, err := h.open(ctx, time.Now, false, log)
	if err != nil {
		return nil, err
	}
	centre.Heartbeat = 2 * time.Second
	g, ctx := errgroup.WithContext(ctx)
	s := &stand{dir: dir, now: time.Now, hub: centre, db: db, gates: demoGates(), group: g}
	l, url, err := listen(demoHubPort, fixed)
	if err != nil {
		return nil, err
	}
	s.url = url
	g.Go(func() error { return serve(ctx, l, centre.Handler(), centre.Run) })
	s.court, err = s.issue(ctx, access.Token{ID: "system@苏0505", Role: gongxin.RoleCourtSystem,
		Court: gongxin.MustCourtCode("苏0505"), Organisation: "苏州市虎丘区人民法院"})
	if err != nil {
		return nil, err
	}
	for _, d := range s.gates {
		if err := s.openGate(ctx, d, fixed, log); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *stand) openGate(ctx context.Context, d *demoGate, fixed bool, log *slog.Logger) (err error) {
	d.token, err = s.issue(ctx, access.Token{ID: "gate." + d.name, Role: gongxin.RoleDepartment, Gate: d.name, Organisation: d.department.ZH})
	if err != nil {
		return err
	}
	d.gate, err = gate.Open(gate.Config{
		Dir: filepath.Join(s.dir, d.name), Name: d.name, Department: d.department.ZH, VerifierKey: s.hub.VerifierKey,
		MaxAge: time.Minute, Now: s.now, Log: log,
		Source:   feed.HTTPSource{URL: s.url, Token: d.token},
		Reporter: gate.HTTPReporter{URL: s.url, Token: d.token},
	})
	if err != nil {
		return fmt.Errorf("open gate %s: %w", d.name, err)
	}
	l, url, err := listen(d.port, fixed)
	if err != nil {
		return err
	}
	d.url = url
	s.group.Go(func() error { return serve(ctx, l, d.gate.Handler(), d.gate.Run) })
	return nil
}

func (s *stand) issue(ctx context.Context, t access.Token) (string, error) {
	t.Created = gongxin.Millis(s.now())
	t.Expires = t.Created.AddDate(0, 0, 1)
	return issue(ctx, s.db, t)
}

// takeDown waits for everything to stop, after ctx has ended, and closes it.
func (s *stand) takeDown() error {
	err := s.group.Wait()
	for _, d := range s.gates {
		if d.gate != nil {
			if closing := d.gate.Close(); err == nil {
				err = closing
			}
		}
	}
	if closing := s.db.Close(); err == nil {
		err = closing
	}
	return err
}

// listen takes port on loopback if fixed is set and it is free, else any port.
func listen(port int, fixed bool) (net.Listener, string, error) {
	if fixed {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return l, "http://" + l.Addr().String(), nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("listen: %w", err)
	}
	return l, "http://" + l.Addr().String(), nil
}

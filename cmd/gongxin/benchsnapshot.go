package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
)

// snapshot measures a gate in a process of its own with a long list: from nothing to
// serving, verified; restarted; caught up with changes; and the memory that it takes.
// The rival is reading the snapshot's bytes once, which nobody can do without.
func (f *benchFlags) snapshot(ctx context.Context) (_ []measurement, err error) {
	lines, _, err := f.longList(ctx, f.listings, 0)
	return lines, err
}

// catchup measures how fast a gate applies changes that it has missed, and how long
// they are on the wire.
func (f *benchFlags) catchup(ctx context.Context) (_ []measurement, err error) {
	_, lines, err := f.longList(ctx, max(min(f.listings, 200_000), f.missed/2+1), f.missed) // every second change ends a listing
	return lines, err
}

func (f *benchFlags) longList(ctx context.Context, listings, missed int) (snapshot, catchup []measurement, err error) {
	dir := filepath.Join(f.dir, fmt.Sprintf("list-%d-%d", listings, missed))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	l, err := makeList(dir, listings, missed/2+1, os.Stderr)
	if err != nil {
		return nil, nil, err
	}
	file, err := readOnce(l.dir)
	if err != nil {
		return nil, nil, err
	}
	g := &gateProcess{dir: filepath.Join(dir, "gate"), list: l}
	fresh, err := g.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	peak, resident := g.memory("VmHWM"), g.memory("VmRSS")
	if err := g.stop(); err != nil {
		return nil, nil, err
	}
	again, err := g.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	snapshot = []measurement{
		{fmt.Sprintf("read the file of %d listings once", listings), file.took.Seconds(), "s", fmt.Sprintf("%d MiB", file.bytes>>20)},
		{"from the snapshot to serving, all verified", fresh.Seconds(), "s", ratio(fresh.Seconds(), file.took.Seconds())},
		{"from a restart to serving", again.Seconds(), "s", ""},
		{"resident memory after the snapshot", resident, "MiB", fmt.Sprintf("peak %.0f MiB", peak)},
		{"resident memory after the restart", g.memory("VmRSS"), "MiB", fmt.Sprintf("peak %.0f MiB", g.memory("VmHWM"))},
	}
	if missed == 0 {
		return snapshot, nil, nil
	}
	bytes, err := l.change(missed)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	if err := g.until(ctx); err != nil {
		return nil, nil, err
	}
	caught := rate(missed, time.Since(began))
	verified, err := verifyOnly(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	catchup = []measurement{
		{fmt.Sprintf("verify %d changes, keep them in a map", missed), verified, "/s", fmt.Sprintf("%d bytes a change, 10 000 in an answer", bytes/missed)},
		{"a gate applies them, durable and indexed", caught, "/s", ratio(caught, verified) + fmt.Sprintf(", %d listings", listings)},
	}
	return snapshot, catchup, nil
}

// read is what reading a file took.
type read struct {
	bytes int64
	took  time.Duration
}

func readOnce(dir string) (r read, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "snapshot-*"))
	if err != nil || len(names) != 1 {
		return r, fmt.Errorf("snapshots: %v, %w", names, err)
	}
	began := time.Now()
	file, err := os.Open(names[0])
	if err != nil {
		return r, err
	}
	defer file.Close()
	b := make([]byte, 1<<20)
	for {
		n, err := file.Read(b)
		r.bytes += int64(n)
		if err != nil {
			r.took = time.Since(began)
			return r, nil
		}
	}
}

// verifyOnly follows the same directory without a gate, from the beginning of the changes.
func verifyOnly(ctx context.Context, l *signedList) (float64, error) {
	verifier, err := l.verifier()
	if err != nil {
		return 0, err
	}
	follower := feed.Follower{Verifier: verifier, Audience: gongxin.AudiencePartner}
	held := benchHeld{}
	source := feed.DirSource{Dir: l.dir}
	at, err := feed.Bootstrap(ctx, source, follower, feed.Position{}, keptHeld{held})
	if err != nil {
		return 0, err
	}
	n := 0
	began := time.Now()
	for at.Tree.Size() < l.tree.Size() {
		c, err := source.Changes(ctx, at.Tree.Size(), 0)
		if err != nil {
			return 0, err
		}
		next, changes, err := follower.Advance(at, held, c)
		if err != nil {
			return 0, err
		}
		held.apply(changes)
		at, n = next, n+len(changes)
	}
	return rate(n, time.Since(began)), nil
}

// A gateProcess is a gate in a process of its own that follows a directory.
type gateProcess struct {
	dir, address string
	list         *signedList
	cmd          *exec.Cmd
	beating      context.CancelFunc
	beaten       chan error
}

// start starts it and returns how long it took until it served the whole list. The
// hub's heartbeat goes on meanwhile: a gate trusts no old list.
func (g *gateProcess) start(ctx context.Context) (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	g.address = l.Addr().String()
	if err := l.Close(); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	beating, cancel := context.WithCancel(ctx)
	g.beating, g.beaten = cancel, make(chan error, 1)
	go func() { g.beaten <- g.list.beat(beating) }()
	g.cmd = exec.CommandContext(ctx, self, "gate", "--name", "bench", "--department", "测试", "--dir", g.dir, "--from", g.list.dir,
		"--verifier-key-file", filepath.Join(filepath.Dir(g.list.dir), "hub.pub"), "--listen", g.address, "--max-age", "10m")
	began := time.Now()
	if err := g.cmd.Start(); err != nil {
		return 0, err
	}
	err = g.until(ctx)
	return time.Since(began), err
}

// until waits until the gate serves the list as it is signed.
func (g *gateProcess) until(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var s gate.Status
		err := func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.address+"/v1/status", nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			return json.NewDecoder(resp.Body).Decode(&s)
		}()
		if err == nil && s.Fresh && s.Sequence == g.list.tree.Size() {
			return nil
		}
		if err == nil && s.State != "following" {
			return fmt.Errorf("the gate is %s: %+v", s.State, s.LastError)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.New("the gate does not serve the list after half an hour")
}

// stop ends it in order.
func (g *gateProcess) stop() error {
	if g.cmd == nil {
		return nil
	}
	err := g.cmd.Process.Signal(syscall.SIGINT)
	if waiting := g.cmd.Wait(); err == nil {
		err = waiting
	}
	g.cmd = nil
	g.beating()
	return errors.Join(err, <-g.beaten)
}

// memory reads a line of /proc/<pid>/status in MiB; 0 where the system does not tell.
func (g *gateProcess) memory(line string) float64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(g.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}

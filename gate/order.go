package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/ledger"
)

// Orders of officers about following reach a gate as files in its directory, which
// only those who run it can write: no business system that may ask the gate can
// give one. A gate that runs takes them within a second, another one when it opens.
const ordersDir = "orders"

const (
	orderSuffix   = ".json"
	refusedSuffix = ".refused"
	orderEvery    = time.Second
	maxOrder      = 64 << 10
)

// An Order is one decision of an officer: to acknowledge the fork that the gate has
// seen, or to accept an abnormal change.
type Order struct {
	By     string `json:"by"`
	Reason string `json:"reason"`

	// Of a fork: its evidence file, and how to go on. Head is a checkpoint that the
	// officer knows to be true: of the history that the gate holds, and it goes on; of
	// another, and it begins anew and takes nothing that contradicts it. Fresh begins
	// anew without one.
	Fork  string `json:"fork,omitempty"`
	Head  string `json:"head,omitempty"`
	Fresh bool   `json:"fresh,omitempty"`

	// Of an abnormal change: the sequence up to which it is meant.
	Accept uint64 `json:"accept,omitempty"`
}

// Give gives o to the gate in dir and waits for as long as wait until it has taken
// it; false says that it will when it is opened. Errors: GATE_NO_DIRECTORY,
// GATE_NO_FORK, ORDER_MALFORMED, those of FileReview for the texts, and the gate's
// own: GATE_NO_FORK, FEED_KEY and the like for Head, ACCEPT_OTHER.
func (o Order) Give(ctx context.Context, dir string, wait time.Duration) (taken bool, err error) {
	if _, err := os.Stat(filepath.Join(dir, outcomesFile)); err != nil {
		return false, gongxin.Missing("GATE_NO_DIRECTORY", dir)
	}
	if o.By, o.Reason, err = decidedBy(o.By, o.Reason); err != nil {
		return false, err
	}
	if o.Accept == 0 && o.Fork == "" {
		found, err := forkFiles(dir)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			return false, gongxin.Missing("GATE_NO_FORK")
		}
		o.Fork = found[len(found)-1]
	}
	if err := o.check(); err != nil {
		return false, err
	}
	b, err := json.Marshal(o)
	if err != nil {
		return false, fmt.Errorf("give order: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, ordersDir), 0o700); err != nil {
		return false, fmt.Errorf("give order: %w", err)
	}
	name := fmt.Sprintf("fork-%s", strings.TrimSuffix(o.Fork, evidenceSuffix))
	if o.Accept != 0 {
		name = fmt.Sprintf("accept-%d", o.Accept)
	}
	path := filepath.Join(dir, ordersDir, name)
	if err := os.Remove(path + refusedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("give order: %w", err)
	}
	if err := durable.Replace(path+orderSuffix, b, 0o600); err != nil {
		return false, err
	}
	for last := time.Now().Add(wait); ; sleep(ctx, 50*time.Millisecond) {
		if _, err := os.Stat(path + orderSuffix); errors.Is(err, fs.ErrNotExist) {
			return true, refusedOrder(path + refusedSuffix)
		}
		if ctx.Err() != nil || time.Now().After(last) {
			return false, ctx.Err()
		}
	}
}

func (o Order) check() error {
	fork, accept := o.Fork != "", o.Accept != 0
	if fork == accept || fork && (o.Head == "") == !o.Fresh || accept && (o.Head != "" || o.Fresh) || len(o.Head) > ledger.MaxWitnessed {
		return gongxin.Invalid("ORDER_MALFORMED")
	}
	return nil
}

// An orderRefusal is what the gate leaves of an order that it does not carry out.
type orderRefusal struct {
	Code string   `json:"code"`
	Args []string `json:"args"`
}

func refusedOrder(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var r orderRefusal
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return fmt.Errorf("read the gate's refusal: %w", err)
	}
	args := make([]any, len(r.Args))
	for i, a := range r.Args {
		args[i] = a
	}
	return gongxin.Conflict(r.Code, args...)
}

// takeOrders carries out what officers have ordered. What cannot be now is left
// for later; what never can is refused, with the reason beside it.
func (g *Gate) takeOrders(ctx context.Context) error {
	dir := filepath.Join(g.config.Dir, ordersDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), orderSuffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		if err := g.takeOrder(ctx, filepath.Join(dir, name)); err != nil && !errors.Is(err, errLater) {
			return err
		}
	}
	return nil
}

// errLater says that an order is to be looked at again.
var errLater = errors.New("not yet")

func (g *Gate) takeOrder(ctx context.Context, path string) error {
	o, err := readOrder(path + orderSuffix)
	if err == nil {
		g.following.Lock()
		if o.Accept != 0 {
			err = g.accept(ctx, o)
		} else {
			err = g.acknowledge(ctx, o)
		}
		g.following.Unlock()
	}
	var refused *gongxin.Error
	switch {
	case errors.As(err, &refused):
		told := orderRefusal{Code: refused.Code}
		for _, a := range refused.Args {
			told.Args = append(told.Args, fmt.Sprint(a))
		}
		b, encoding := json.Marshal(told)
		if encoding != nil {
			return fmt.Errorf("refuse order: %w", encoding)
		}
		if err := durable.Replace(path+refusedSuffix, b, 0o600); err != nil {
			return err
		}
		g.config.Log.ErrorContext(ctx, "an officer's order is refused", "order", filepath.Base(path), "by", o.By, "err", err)
	case err != nil:
		return err
	}
	if err := os.Remove(path + orderSuffix); err != nil {
		return fmt.Errorf("take order: %w", err)
	}
	g.wakeFollowing()
	return nil
}

func readOrder(path string) (o Order, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	if len(b) > maxOrder || json.Unmarshal(b, &o) != nil {
		return Order{}, gongxin.Invalid("ORDER_MALFORMED")
	}
	if o.By, o.Reason, err = decidedBy(o.By, o.Reason); err != nil {
		return Order{}, err
	}
	return o, o.check()
}

// watchOrders takes orders until ctx ends.
func (g *Gate) watchOrders(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, orderEvery) {
		if err := g.takeOrders(context.WithoutCancel(ctx)); err != nil {
			g.report(ctx, err)
		}
	}
}

// forkFiles returns the names of the files in dir's evidence that prove a fork, the oldest first.
func forkFiles(dir string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, evidenceDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), evidenceSuffix) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

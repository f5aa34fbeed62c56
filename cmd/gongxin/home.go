package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/internal/courts"
	"gongxin/internal/documents"
	"gongxin/internal/hub"
	"gongxin/internal/packages"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A home is a hub's data directory: its keys, snapshots, and the embedded
// database unless --db names another.
//
//	hub.key     secret that signs checkpoints (0600)
//	hub.pub     its verifier key, for gates; key.go says how it changes
//	blind.key   secret of the blind indexes (0600)
//	gongxin.db  SQLite
type home struct {
	dir    string
	db     string
	origin string

	profile  string    // of the policy; "" for the document's
	holidays string    // a file that extends the calendar, "" for none
	guard    hub.Guard // zero for the default

	witnesses   []hub.Witness
	witnessNeed int
}

const defaultOrigin = "gongxin.example/jiangsu"

// keys reads the keys of h, and makes them if there are none yet.
func (h home) keys() (signer *ledger.Signer, blind []byte, err error) {
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make data directory: %w", err)
	}
	_, missing := os.Stat(h.path("hub.pub"))
	secret, err := h.secret("hub.key", func() (string, error) {
		if missing == nil { // a new key would not go on with the log that the old one signed
			return "", fmt.Errorf("%s is there, so there was a key: put hub.key back from its backup", h.path("hub.pub"))
		}
		s, _, err := ledger.GenerateKey(h.origin, rand.Reader)
		return s, err
	})
	if err != nil {
		return nil, nil, err
	}
	if signer, err = ledger.NewSigner(secret); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", h.path("hub.key"), err)
	}
	// The public key follows the secret one, so that a crash in between is made good here.
	if errors.Is(missing, fs.ErrNotExist) {
		if err := durable.Replace(h.path("hub.pub"), []byte(signer.VerifierKey()+"\n"), 0o644); err != nil {
			return nil, nil, fmt.Errorf("write hub.pub: %w", err)
		}
	}
	hexKey, err := h.secret("blind.key", func() (string, error) {
		key := make([]byte, 32)
		_, err := rand.Read(key)
		return fmt.Sprintf("%x", key), err
	})
	if err != nil {
		return nil, nil, err
	}
	if n, err := fmt.Sscanf(hexKey, "%x", &blind); n != 1 || err != nil || len(blind) != 32 {
		return nil, nil, fmt.Errorf("read %s: not 64 hexadecimal digits", h.path("blind.key"))
	}
	return signer, blind, nil
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

// secret reads a secret of h; if there is none it makes one and keeps it.
func (h home) secret(name string, fresh func() (string, error)) (string, error) {
	b, err := os.ReadFile(h.path(name))
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read key: %w", err)
	}
	s, err := fresh()
	if err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	return s, durable.Create(h.path(name), []byte(s+"\n"), 0o600)
}

// boundMemory keeps the memory of a bulk load flat: what it holds is bounded by
// batches and tables of fixed size, so collecting early near the bound is cheap.
// A bound that the operator has set goes before it.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(180 << 20)
	}
}

// latePackages tells who is late among the departments that get packages.
func (h home) latePackages(verifierKey string) hub.Offline {
	words := map[string]gongxin.Text{
		packages.LatePackage: {ZH: "数据包未按期制作", EN: "package not made in time"},
		packages.LateReceipt: {ZH: "数据包尚未回执", EN: "package not confirmed"},
		packages.Disagrees:   {ZH: "回执与签署内容不一致", EN: "receipt differs from what was signed"},
	}
	return func(day gongxin.Day) ([]hub.LatePackage, error) {
		if !exists(h.path("packages")) {
			return nil, nil // nobody gets any
		}
		room, err := packages.Open(packages.Config{Dir: h.dir, VerifierKey: verifierKey})
		if err != nil {
			return nil, err
		}
		late, err := room.Overdue(day)
		out := make([]hub.LatePackage, len(late))
		for i, o := range late {
			out[i] = hub.LatePackage{Gate: o.Gate, Organisation: o.Department, What: words[o.What], Since: o.Since}
		}
		return out, err
	}
}

// open opens the store of h and returns the hub on it; close the store when done.
func (h home) open(ctx context.Context, now func() time.Time, exercise bool, log *slog.Logger) (*hub.Hub, *store.DB, error) {
	// A hub holds little and makes much garbage while a large file comes in: to
	// collect half as often is 5 to 10 % quicker and costs some 30 MiB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	rules, days, err := h.rules()
	if err != nil {
		return nil, nil, err
	}
	signer, blind, err := h.keys()
	if err != nil {
		return nil, nil, err
	}
	url := h.db
	if url == "" {
		url = h.path("gongxin.db")
	}
	db, err := store.Open(ctx, url, store.Options{Sign: signer.Sign, BlindKey: blind, Now: now, Random: rand.Reader, Log: log})
	if err != nil {
		return nil, nil, fmt.Errorf("open store: %w", err)
	}
	scribe := documents.New(documents.Options{Courts: courts.Embedded(), Templates: hub.CourtTemplates(db), Policy: rules})
	centre, err := hub.New(hub.Config{
		Store: db, Register: register.New(register.Config{
			Writer: hub.NewWriter(db), Policy: rules, Calendar: days, Courts: courts.Embedded(), Scribe: scribe, Now: now, Random: rand.Reader,
		}),
		Courts: courts.Embedded(), Policy: rules, Calendar: days, Guard: h.guard, VerifierKey: signer.VerifierKey(), Dir: h.dir, Exercise: exercise,
		Witnesses: h.witnesses, WitnessNeed: h.witnessNeed,
		Offline: h.latePackages(signer.VerifierKey()), Prove: prover(signer, now), Now: now, Random: rand.Reader, Log: log,
	})
	if err == nil {
		var room *packages.Room
		room, err = packages.Open(packages.Config{Dir: h.dir, Log: packageLog{centre, db, h.path("snapshots")}, VerifierKey: signer.VerifierKey(), Calendar: days, Now: now})
		if err == nil {
			centre.Packages = hubPackages{room}
		}
	}
	if err == nil {
		err = h.signedOver(ctx, centre)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return centre, db, nil
}

// Package packages brings the list to departments without a network (2.2): it
// makes signed files on a schedule, delivers them, takes the receipts that come
// back, and knows who is late.
//
//	store ─▶ Make ─▶ railway-120-250.gxp ─▶ Deliver: a directory, SFTP, a medium ─▶ department
//	                        │                                                         │
//	journal: made, sent, received ◀── Receive: signed receipt, or one on paper ◀──────┘
//
// What happened to each package stands in <data>/packages/journal.jsonl: a line an
// event, forced to disk before anything is answered. A line that a crash cut off
// is dropped, and with it what was not answered for. The gates' receipt keys are
// those of the hub's store, by which receipts over the network are checked as well.
// What is made without another place to go lies in packages/outbox, from where a
// department can fetch it over the network.
//
// A Room may be used from several goroutines and several processes at once; they
// exclude one another by a lock on a file where the system has one.
package packages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/calendar"
	"gongxin/ledger"
)

// A Log is what packages are made from: the hub's store and snapshots.
type Log interface {
	// Fresh signs a new checkpoint, so that a package does not begin its life old.
	Fresh(ctx context.Context) error
	// Snapshot opens the newest snapshot for departments, which the ledger commits
	// to, and tells its size; it makes one if there is none.
	Snapshot(ctx context.Context) (*os.File, uint64, error)
	// ReceiptKey returns the key with which a gate signs; "" if none is known, or the
	// next that comes is to be trusted.
	ReceiptKey(ctx context.Context, gate string) (string, error)
	// KeepReceiptKey keeps a key as the gate's; the keys before it are not forgotten.
	KeepReceiptKey(ctx context.Context, gate, key string) error
	// Read runs f with a view of one committed moment.
	Read(ctx context.Context, f func(context.Context, View) error) error
}

// A View reads a Log at one moment, always for the partner audience.
type View interface {
	Head(ctx context.Context) (ledger.Head, error)
	Checkpoint(ctx context.Context) ([]byte, error)
	// HeadAt returns what the hub signed for the log of size; ok is false if it never did.
	HeadAt(ctx context.Context, size uint64) (head ledger.Head, ok bool, err error)
	// Changes returns events after the first after ones up to a signed size, at most
	// limit if one lies within, with the checkpoint there.
	Changes(ctx context.Context, after uint64, limit int) ([]feed.Record, []byte, error)
	// InForce gives the event that counts for each listing in force to f, by rising sequence.
	InForce(ctx context.Context, f func(sequence uint64, r feed.Record) error) error
	// Entry returns the entry of a listing; ok is false once it was erased.
	Entry(ctx context.Context, id gongxin.ListingID) (entry gongxin.Entry, ok bool, err error)
}

// Config is what a Room is made of. Dir and VerifierKey are needed always.
type Config struct {
	Dir         string                            // the hub's data directory; packages/ is made in it
	Log         Log                               // needed by Make and Receive
	Sign        func(text string) ([]byte, error) // of the hub's key: ledger.Signer.SignText
	VerifierKey string                            // of the same key
	Calendar    *calendar.Calendar                // the embedded one if nil
	Now         func() time.Time                  // time.Now if nil
}

// A Room makes packages and keeps track of them.
type Room struct {
	Config
	verifier *ledger.Verifier
	dir      string // packages/
	journal  journal
}

const roomDir = "packages"

// Open opens the room in c.Dir, made if missing.
func Open(c Config) (*Room, error) {
	if c.Calendar == nil {
		c.Calendar = calendar.Embedded()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	v, err := ledger.NewVerifier(c.VerifierKey)
	if err != nil {
		return nil, fmt.Errorf("open packages: %w", err)
	}
	dir := filepath.Join(c.Dir, roomDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open packages: %w", err)
	}
	return &Room{Config: c, verifier: v, dir: dir, journal: journal{filepath.Join(dir, "journal.jsonl")}}, nil
}

// Outbox is the directory of packages that departments fetch, made if missing.
func (r *Room) Outbox() (string, error) {
	dir := filepath.Join(r.dir, "outbox")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("open the outbox: %w", err)
	}
	return dir, nil
}

// Fetch opens a package that was made for a gate and lies in the outbox. Errors:
// PACKAGE_NOT_HERE if no such package was made for it, or it went another way.
func (r *Room) Fetch(gate, file string) (*os.File, error) {
	events, err := r.journal.read()
	if err != nil {
		return nil, err
	}
	made := slices.ContainsFunc(events, func(e event) bool { return e.What == eventMade && e.Gate == gate && e.File == file })
	if !made || file != filepath.Base(file) {
		return nil, gongxin.Missing("PACKAGE_NOT_HERE", gate, file)
	}
	f, err := os.Open(filepath.Join(r.dir, "outbox", file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, gongxin.Missing("PACKAGE_NOT_HERE", gate, file)
	}
	if err != nil {
		return nil, fmt.Errorf("open package: %w", err)
	}
	return f, nil
}

// Fetched notes that a department fetched a package over the network.
func (r *Room) Fetched(gate, file string) error {
	return r.journal.change(func(events []event) ([]event, error) {
		for _, e := range slices.Backward(events) {
			if e.What == eventMade && e.Gate == gate && e.File == file {
				return []event{{At: gongxin.Millis(r.Now()), What: eventSent, Gate: gate, To: e.To, Made: e.Made, How: "network"}}, nil
			}
		}
		return nil, gongxin.Missing("PACKAGE_NOT_HERE", gate, file)
	})
}

// Read opens and verifies a package that this hub made, for delivering or showing it.
func (r *Room) Read(path string) (*feed.Package, *os.File, error) { return ReadFile(path, r.verifier) }

// ReadFile opens and verifies the package at path, signed with one of keys. Close
// the file once the package is not used any more.
func ReadFile(path string, keys ...*ledger.Verifier) (*feed.Package, *os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open package: %w", err)
	}
	info, err := f.Stat()
	var p *feed.Package
	if err == nil {
		p, err = feed.ReadPackage(f, info.Size(), keys...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return p, f, nil
}

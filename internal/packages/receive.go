package packages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gongxin"
	"gongxin/durable"
	"gongxin/ledger"
)

// A Received receipt.
type Received struct {
	Receipt  ledger.Receipt
	Key      string // of the gate
	FirstUse bool   // and it was not known before
}

// Receive takes the signed receipt of a gate: it must be signed with the key that
// is registered for the gate, and say what this hub signed at that sequence; then
// the packages up to there are confirmed. key is what came with it: it is
// registered if the gate has none, or in place of another with replace. The same
// receipt again changes nothing.
//
// Errors: PACKAGE_RECEIPT, PACKAGE_UNKNOWN_GATE, PACKAGE_RECEIPT_KEY_UNKNOWN,
// PACKAGE_RECEIPT_KEY, PACKAGE_RECEIPT_ORIGIN; PACKAGE_RECEIPT_DIFFERS, after it
// was noted, if the gate holds something else than it should.
func (r *Room) Receive(ctx context.Context, note []byte, key string, replace bool) (Received, error) {
	gate, err := gateOf(note)
	if err != nil {
		return Received{}, err
	}
	unlock, err := lock(filepath.Join(r.dir, "keys.lock"))
	if err != nil {
		return Received{}, err
	}
	got, err := r.receive(ctx, gate, note, strings.TrimSpace(key), replace)
	return got, errors.Join(err, unlock())
}

func (r *Room) receive(ctx context.Context, gate string, note []byte, key string, replace bool) (got Received, err error) {
	events, err := r.journal.read()
	if err != nil {
		return got, err
	}
	if _, known := standing(events, gate); !known {
		return got, gongxin.Missing("PACKAGE_UNKNOWN_GATE", gate)
	}
	if err := r.handInKeys(ctx); err != nil {
		return got, err
	}
	registered, err := r.Log.ReceiptKey(ctx, gate)
	switch {
	case err != nil:
		return got, err
	case (registered == "" || replace) && key == "":
		return got, gongxin.Invalid("PACKAGE_RECEIPT_KEY_UNKNOWN", gate)
	case registered != "" && !replace:
		key = registered
	}
	got.Key, got.FirstUse = key, key != registered
	if got.Receipt, err = openReceipt(gate, key, note); err != nil {
		return got, err
	}
	if got.Receipt.Origin != r.verifier.Origin() {
		return got, gongxin.Conflict("PACKAGE_RECEIPT_ORIGIN", got.Receipt.Origin)
	}
	differs, err := r.differs(ctx, got.Receipt)
	if err != nil {
		return got, err
	}
	if got.FirstUse {
		if err := r.Log.KeepReceiptKey(ctx, gate, key); err != nil {
			return got, err
		}
	}
	e := event{At: gongxin.Millis(r.Now()), What: eventReceived, Gate: gate, To: got.Receipt.Sequence, Note: string(note)}
	if differs != "" {
		e.What, e.How = eventDisagreed, differs
	}
	err = r.journal.change(func(events []event) ([]event, error) {
		for _, old := range events {
			if old.What == e.What && old.Gate == gate && old.Note == e.Note {
				return nil, nil
			}
		}
		return []event{e}, nil
	})
	if err == nil && differs != "" {
		err = gongxin.Conflict("PACKAGE_RECEIPT_DIFFERS", gate, got.Receipt.Sequence, differs)
	}
	return got, err
}

// gateOf returns which gate a receipt says it is of, unverified.
func gateOf(note []byte) (string, error) {
	lines := strings.SplitN(string(note), "\n", 4)
	if len(note) > ledger.MaxText || len(lines) < 4 || lines[0] != ledger.TextReceipt || !gateName.MatchString(lines[2]) {
		return "", gongxin.Invalid("PACKAGE_RECEIPT", "its first lines")
	}
	return lines[2], nil
}

func openReceipt(gate, key string, note []byte) (ledger.Receipt, error) {
	v, err := ledger.NewVerifier(key)
	if err != nil {
		return ledger.Receipt{}, gongxin.Invalid("PACKAGE_RECEIPT", err)
	}
	receipt, err := ledger.OpenReceipt(key, note)
	switch {
	case errors.Is(err, ledger.ErrKey), errors.Is(err, ledger.ErrOrigin), err == nil && v.Origin() != gate:
		return receipt, gongxin.Conflict("PACKAGE_RECEIPT_KEY", gate)
	case err != nil:
		return receipt, gongxin.Invalid("PACKAGE_RECEIPT", err)
	}
	return receipt, nil
}

// differs tells in what a receipt contradicts the log; "" if in nothing.
func (r *Room) differs(ctx context.Context, got ledger.Receipt) (what string, err error) {
	err = r.Log.Read(ctx, func(ctx context.Context, v View) error {
		now, err := v.Head(ctx)
		if err != nil {
			return err
		}
		signed, ok, err := v.HeadAt(ctx, min(got.Sequence, now.Size))
		switch {
		case err != nil:
			return err
		case got.Sequence > now.Size:
			what = fmt.Sprintf("hub only at %d", now.Size)
		case !ok:
			what = "never signed at that size"
		case signed.Root != got.Root:
			what = "root"
		case signed.Count != got.Count:
			what = fmt.Sprintf("%d listings instead of %d", got.Count, signed.Count)
		case signed.Digest != got.Digest:
			what = "digest"
		}
		return nil
	})
	return what, err
}

// Confirm notes a receipt on paper: the department of gate applied the list up to
// the event at sequence; called is what the paper is called. Error: PACKAGE_UNKNOWN_GATE.
func (r *Room) Confirm(gate string, sequence uint64, called string) error {
	return r.journal.change(func(events []event) ([]event, error) {
		if _, known := standing(events, gate); !known {
			return nil, gongxin.Missing("PACKAGE_UNKNOWN_GATE", gate)
		}
		return []event{{At: gongxin.Millis(r.Now()), What: eventReceived, Gate: gate, To: sequence, How: called}}, nil
	})
}

// keysFile held the gates' keys before the hub's store did.
const keysFile = "keys.json"

// handInKeys gives the keys that an earlier version kept in a file to the hub's
// store, which receipts over the network are checked by as well, and puts the file
// aside. A gate whose key the store has already keeps that. Error: PACKAGE_KEYS.
func (r *Room) handInKeys(ctx context.Context) error {
	path := filepath.Join(r.dir, keysFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read keys of gates: %w", err)
	}
	keys := map[string]struct {
		Key string `json:"key"`
	}{}
	if err := json.Unmarshal(b, &keys); err != nil {
		return gongxin.Conflict("PACKAGE_KEYS", err)
	}
	for _, gate := range slices.Sorted(maps.Keys(keys)) {
		known, err := r.Log.ReceiptKey(ctx, gate)
		if err == nil && known == "" {
			err = r.Log.KeepReceiptKey(ctx, gate, keys[gate].Key)
		}
		if err != nil {
			return err
		}
	}
	if err := durable.Rename(path, path+".old"); err != nil {
		return fmt.Errorf("put the keys of gates aside: %w", err)
	}
	return nil
}

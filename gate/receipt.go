package gate

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/ledger"
)

// A Receipt says up to where a gate has applied the list, and what it holds then,
// in the gate's own hand: whoever has the gate's public key can show years later
// what it confirmed (2.2, 2.4).
type Receipt struct {
	Sequence uint64
	At       time.Time // when it was applied, by the gate's clock
	Count    uint64    // listings in force
	Digest   ledger.Digest
	Note     string // the same and the ledger's root, signed (ledger.OpenReceipt)
	Key      string // public key that Note is signed with
}

// receiptKeyFile holds the secret key with which the gate signs receipts, and a line end.
const receiptKeyFile = "receipt.key"

// LoadReceiptKey reads the key with which the gate in dir signs receipts. If there
// is none it is made, dir as well, for the gate called name; name "" asks for one
// that is there. Nobody else may do the same in dir meanwhile: a Gate that is open
// has done it. Errors: GATE_RECEIPT_KEY if the key is another gate's or cannot be
// read, fs.ErrNotExist if there is none and no name.
func LoadReceiptKey(dir, name string) (*ledger.ReceiptKey, error) {
	path := filepath.Join(dir, receiptKeyFile)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && name != "":
		return makeReceiptKey(path, name)
	case err != nil:
		return nil, fmt.Errorf("read receipt key: %w", err)
	}
	key, err := ledger.NewReceiptKey(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gongxin.Conflict("GATE_RECEIPT_KEY", path, err), errDamaged) // the key's own fault may show a part of it
	}
	if of := KeyName(key); name != "" && of != name {
		return nil, gongxin.Conflict("GATE_RECEIPT_KEY", path, of)
	}
	return key, nil
}

func makeReceiptKey(path, name string) (*ledger.ReceiptKey, error) {
	secret, _, err := ledger.GenerateReceiptKey(name, rand.Reader)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = durable.Replace(path, []byte(secret+"\n"), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("make receipt key: %w", err)
	}
	return ledger.NewReceiptKey(secret)
}

// KeyName returns the name of the gate whose key it is.
func KeyName(key *ledger.ReceiptKey) string {
	name, _, _ := strings.Cut(key.VerifierKey(), "+")
	return name
}

// openReceiptKey is LoadReceiptKey for a gate that goes on: a damaged key is put
// aside and another one made, which the hub trusts once its operator has seen that.
func (g *Gate) openReceiptKey() (key *ledger.ReceiptKey, err error) {
	key, err = LoadReceiptKey(g.config.Dir, g.config.Name)
	if !errors.Is(err, errDamaged) {
		return key, err
	}
	path := filepath.Join(g.config.Dir, receiptKeyFile)
	aside := g.asideOf(path, "")
	g.config.Log.Error("the receipt key is damaged: it was put aside and another one made; the hub's operator has to let it in", "file", aside)
	if err := os.Rename(path, aside); err != nil {
		return nil, fmt.Errorf("put the damaged receipt key aside: %w", err)
	}
	return LoadReceiptKey(g.config.Dir, g.config.Name)
}

const asideForm = "20060102T150405.000"

// Receipt signs what the gate holds now.
func (g *Gate) Receipt() (Receipt, error) { return g.receipt(g.Position()) }

func (g *Gate) receipt(at feed.Position) (Receipt, error) {
	r := Receipt{Sequence: at.Head.Size, At: gongxin.Millis(g.config.Now()), Count: at.Head.Count, Digest: at.Head.Digest, Key: g.signs.VerifierKey()}
	note, err := g.signs.Sign(ledger.Receipt{Origin: g.follower.Verifier.Origin(), Sequence: r.Sequence, Root: at.Head.Root, Count: r.Count,
		Digest: r.Digest, Applied: r.At})
	r.Note = string(note)
	return r, err
}

// confirm lets the hub have a receipt of at, if anything was applied.
func (g *Gate) confirm(at feed.Position) error {
	if at.Head.At.IsZero() {
		return nil
	}
	r, err := g.receipt(at)
	if err != nil {
		return err
	}
	g.due.Store(&r)
	g.wakeDelivery()
	return nil
}

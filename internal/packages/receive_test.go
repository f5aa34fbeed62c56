package packages

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gongxin"
	"gongxin/ledger"
)

func newReceiptKey(t *testing.T, gate string) *ledger.ReceiptKey {
	t.Helper()
	secret, _, err := ledger.GenerateReceiptKey(gate, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ledger.NewReceiptKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestReceipts(t *testing.T) {
	ctx, l := context.Background(), newLog(t)
	l.admit("甲某某")
	key, stranger := newReceiptKey(t, "island"), newReceiptKey(t, "island")
	good := ledger.Receipt{Origin: origin, Sequence: 1, Root: l.head.Root, Count: l.head.Count, Digest: l.head.Digest, Applied: l.now}
	sign := func(k *ledger.ReceiptKey, change func(*ledger.Receipt)) []byte {
		r := good
		if change != nil {
			change(&r)
		}
		b, err := k.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		name    string
		note    []byte
		key     string
		replace bool
		first   bool // no key is registered yet
		want    string
	}{
		{"the first, with its key", sign(key, nil), key.VerifierKey(), false, true, ""},
		{"the first, without", sign(key, nil), "", false, true, "PACKAGE_RECEIPT_KEY_UNKNOWN"},
		{"a later one", sign(key, nil), "", false, false, ""},
		{"by another key that comes along", sign(stranger, nil), stranger.VerifierKey(), false, false, "PACKAGE_RECEIPT_KEY"},
		{"by another key that the operator replaces", sign(stranger, nil), stranger.VerifierKey(), true, false, ""},
		{"with the key of another gate", sign(key, nil), newReceiptKey(t, "bank").VerifierKey(), false, true, "PACKAGE_RECEIPT_KEY"},
		{"of a gate that never got anything", sign(newReceiptKey(t, "bank"), nil), "", false, false, "PACKAGE_UNKNOWN_GATE"},
		{"of another log", sign(key, func(r *ledger.Receipt) { r.Origin = "other.example/list" }), "", false, false, "PACKAGE_RECEIPT_ORIGIN"},
		{"another root", sign(key, func(r *ledger.Receipt) { r.Root[0] ^= 1 }), "", false, false, "PACKAGE_RECEIPT_DIFFERS"},
		{"another digest", sign(key, func(r *ledger.Receipt) { r.Digest[0] ^= 1 }), "", false, false, "PACKAGE_RECEIPT_DIFFERS"},
		{"another count", sign(key, func(r *ledger.Receipt) { r.Count = 0 }), "", false, false, "PACKAGE_RECEIPT_DIFFERS"},
		{"beyond the log", sign(key, func(r *ledger.Receipt) { r.Sequence = 99 }), "", false, false, "PACKAGE_RECEIPT_DIFFERS"},
		{"a changed byte", bytes.Replace(sign(key, nil), []byte("applied 2018"), []byte("applied 2017"), 1), "", false, false, "PACKAGE_RECEIPT_KEY"},
		{"no receipt", []byte("收到"), "", false, false, "PACKAGE_RECEIPT"},
		{"a checkpoint", l.heads[1], "", false, false, "PACKAGE_RECEIPT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := l.room()
			l.keys = nil
			if err := r.journal.change(func([]event) ([]event, error) {
				return []event{{What: eventMade, Gate: "island", Department: "海岛部门", To: 1}}, nil
			}); err != nil {
				t.Fatal(err)
			}
			if !tt.first {
				l.keys = map[string]string{"island": key.VerifierKey()}
			}
			for range 2 { // the same again is no different
				if _, err := r.Receive(ctx, tt.note, tt.key, tt.replace); gongxin.CodeOf(err) != tt.want {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			}
			all, err := r.Standings()
			if err != nil {
				t.Fatal(err)
			}
			if confirmed := !all[0].Packages[0].Confirmed.IsZero(); confirmed != (tt.want == "") || (all[0].Disagrees != "") != (tt.want == "PACKAGE_RECEIPT_DIFFERS") {
				t.Errorf("confirmed %t, disagrees %q", confirmed, all[0].Disagrees)
			}
			events, err := r.journal.read()
			if noted := len(events) - 1; err != nil || noted > 1 {
				t.Errorf("noted %d times, %v", noted, err)
			}
		})
	}
}

func TestTheFirstKeyIsKept(t *testing.T) {
	ctx, l := context.Background(), newLog(t)
	r := l.room()
	l.admit("甲某某")
	p, _ := made(t, r, l, Order{Gate: "island", Department: "海岛部门"})
	key := newReceiptKey(t, "island")
	for i, want := range []bool{true, false} {
		note, err := key.Sign(ledger.Receipt{Origin: origin, Sequence: p.To, Root: p.Head.Root, Count: p.Head.Count, Digest: p.Head.Digest, Applied: l.now})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Receive(ctx, note, key.VerifierKey()+"\n", false)
		if err != nil || got.FirstUse != want || got.Key != key.VerifierKey() {
			t.Errorf("receipt %d: first use %t, %v", i, got.FirstUse, err)
		}
	}
	if err := r.Confirm("bank", 1, "银函1号"); gongxin.CodeOf(err) != "PACKAGE_UNKNOWN_GATE" {
		t.Errorf("a department that never got anything: %v", err)
	}
}

// The keys of the version before are handed in to the hub's store, which knows better
// where it has one.
func TestKeysOfBeforeAreHandedIn(t *testing.T) {
	ctx, l := context.Background(), newLog(t)
	r := l.room()
	l.admit("甲某某")
	p, _ := made(t, r, l, Order{Gate: "island", Department: "海岛部门"})
	key, bank := newReceiptKey(t, "island"), newReceiptKey(t, "bank")
	l.keys = map[string]string{"bank": bank.VerifierKey()}
	path := filepath.Join(r.dir, keysFile)
	text := fmt.Sprintf(`{"island":{"key":%q,"since":"2018-01-02T00:00:00Z"},"bank":{"key":"another"}}`, key.VerifierKey())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	note, err := key.Sign(ledger.Receipt{Origin: origin, Sequence: p.To, Root: p.Head.Root, Count: p.Head.Count, Digest: p.Head.Digest, Applied: l.now})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Receive(ctx, note, "", false); err != nil || got.FirstUse {
		t.Errorf("%+v, %v", got, err)
	}
	if l.keys["island"] != key.VerifierKey() || l.keys["bank"] != bank.VerifierKey() {
		t.Errorf("the store has %v", l.keys)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Receive(ctx, note, "", false); gongxin.CodeOf(err) != "PACKAGE_KEYS" {
		t.Errorf("a damaged file: %v", err)
	}
}

// What lies in the outbox is fetched by the department that it was made for.
func TestADepartmentFetchesItsOwnPackages(t *testing.T) {
	l := newLog(t)
	r := l.room()
	l.admit("甲某某")
	out, err := r.Outbox()
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Make(t.Context(), Order{Gate: "island", Department: "海岛部门", Out: out})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(m.Path)
	for _, tt := range []struct{ gate, file, want string }{
		{"island", name, ""}, {"bank", name, "PACKAGE_NOT_HERE"}, {"island", "../journal.jsonl", "PACKAGE_NOT_HERE"}, {"island", "island-full-9.gxp", "PACKAGE_NOT_HERE"},
	} {
		f, err := r.Fetch(tt.gate, tt.file)
		if gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s fetches %s: %v, want %q", tt.gate, tt.file, err, tt.want)
		}
		if err == nil {
			f.Close()
		}
	}
	if err := r.Fetched("island", name); err != nil {
		t.Error(err)
	}
	all, err := r.Standings()
	if err != nil || all[0].Packages[0].Sent.IsZero() || all[0].Packages[0].How != "network" {
		t.Errorf("%+v, %v", all, err)
	}
}

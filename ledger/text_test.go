package ledger

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func someReceipt() Receipt {
	return Receipt{Origin: testOrigin, Gate: "railway", Sequence: 81204, Root: hashes(1)[0], Count: 7, Digest: Digest{31: 9},
		Applied: time.Date(2017, 4, 1, 1, 2, 3, 45e6, time.UTC)}
}

func receiptKey(t testing.TB, gate string, seed uint64) *ReceiptKey {
	t.Helper()
	secret, _, err := GenerateReceiptKey(gate, &seedReader{seed})
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewReceiptKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAReceiptSaysWhatTheGateSigned(t *testing.T) {
	k := receiptKey(t, "railway", 4)
	b, err := k.Sign(someReceipt())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := OpenReceipt(k.VerifierKey(), b); err != nil || r != someReceipt() {
		t.Errorf("got %+v, %v", r, err)
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1
		if r, err := OpenReceipt(k.VerifierKey(), c); err == nil {
			t.Errorf("byte %d (%q → %q) changed: %+v", i, b[i], c[i], r)
		}
	}
	if _, err := OpenReceipt(receiptKey(t, "railway", 5).VerifierKey(), b); !errors.Is(err, ErrKey) {
		t.Errorf("with another key of that name: %v", err)
	}
	if _, err := OpenReceipt(receiptKey(t, "hotels", 4).VerifierKey(), b); !errors.Is(err, ErrKey) {
		t.Errorf("with another gate's key: %v", err)
	}
}

func TestATextIsSignedForOnePurpose(t *testing.T) {
	s, v := newKeys(t, testOrigin, 1)
	b, err := s.SignText(TextPackage + "\n" + testOrigin + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := v.OpenText(TextPackage, b); err != nil || text != TextPackage+"\n"+testOrigin+"\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := v.OpenText(TextStatement, b); !errors.Is(err, ErrPurpose) {
		t.Errorf("as a statement: %v", err)
	}
	if _, err := v.Open(b); err == nil {
		t.Error("a package passes for a checkpoint")
	}
	checkpoint, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.OpenText(TextPackage, checkpoint); !errors.Is(err, ErrPurpose) {
		t.Errorf("a checkpoint as a package: %v", err)
	}
	for _, text := range []string{"", "x\n", TextPackage, TextPackage + "\n\nx\n", TextPackage + "\n" + strings.Repeat("x", MaxText) + "\n", testOrigin + "\n1\n"} {
		if _, err := s.SignText(text); err == nil {
			t.Errorf("%.40q is signed", text)
		}
	}
}

func FuzzOpenReceipt(f *testing.F) {
	k := receiptKey(f, "railway", 4)
	b, err := k.Sign(someReceipt())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, c []byte) {
		if r, err := OpenReceipt(k.VerifierKey(), c); err == nil && (r != someReceipt() || !bytes.Equal(b, c)) {
			t.Errorf("opened %+v from %q", r, c)
		}
		if r, err := parseReceipt(string(c)); err == nil && r.text() != string(c) {
			t.Errorf("%q is written as %q", c, r.text())
		}
	})
}

package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// seedReader gives the same bytes for the same seed: test keys stay the same.
type seedReader struct{ n uint64 }

func (r *seedReader) Read(b []byte) (int, error) {
	for i := range b {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, r.n))
		b[i] = h[0]
		r.n++
	}
	return len(b), nil
}

const testOrigin = "credit.example/list"

func newKeys(t testing.TB, origin string, seed uint64) (*Signer, *Verifier) {
	t.Helper()
	secret, public, err := GenerateKey(origin, &seedReader{seed})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	if s.VerifierKey() != public || v.Origin() != origin {
		t.Fatalf("signer has key %q, want %q", s.VerifierKey(), public)
	}
	return s, v
}

func hashes(n int) []Hash {
	hs := make([]Hash, n)
	for i := range hs {
		hs[i] = RecordHash(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	return hs
}

func someHead() Head {
	return Head{Size: 81204, Root: hashes(1)[0], At: time.Date(2017, 4, 1, 1, 2, 3, 45e6, time.UTC), Count: 7, Digest: Digest{31: 9}}
}

func TestKeysAreInTheFormsOfNote(t *testing.T) {
	for seed := range uint64(50) { // base64 of keys holds plus signs now and then
		secret, public, err := GenerateKey(testOrigin, &seedReader{seed * 1000})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.NewSigner(secret); err != nil {
			t.Error(err)
		}
		if _, err := note.NewVerifier(public); err != nil {
			t.Error(err)
		}
		if s, err := NewSigner(secret); err != nil || s.VerifierKey() != public {
			t.Errorf("signer of %q: key %v, error %v", public, s, err)
		}
	}
	for _, origin := range []string{"", "with space", "a+b", "a\nb", strings.Repeat("x", 256)} {
		if _, _, err := GenerateKey(origin, &seedReader{}); err == nil {
			t.Errorf("origin %q: no error", origin)
		}
	}
}

func TestCheckpointSaysWhatWasSigned(t *testing.T) {
	s, v := newKeys(t, testOrigin, 1)
	for _, h := range []Head{someHead(), {At: time.UnixMilli(0).UTC(), Root: Tree{}.Root()}} {
		b, err := s.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Open(b)
		if err != nil || got != h {
			t.Errorf("opened %+v, %v; want %+v", got, err, h)
		}
	}
}

func TestCheckpointHasTheDocumentedLines(t *testing.T) {
	s, _ := newKeys(t, testOrigin, 1)
	b, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	want := "credit.example/list\n81204\n" + someHead().Root.String() + "\ntime 2017-04-01T01:02:03.045Z\nin-force 7 " + someHead().Digest.String() + "\n\n— credit.example/list "
	if !strings.HasPrefix(string(b), want) {
		t.Errorf("got\n%s\nwant\n%s", b, want)
	}
}

func TestSignRefusesAHeadThatCannotBe(t *testing.T) {
	s, _ := newKeys(t, testOrigin, 1)
	for name, change := range map[string]func(*Head){
		"more in force than leaves": func(h *Head) { h.Count = h.Size + 1 },
		"microseconds":              func(h *Head) { h.At = h.At.Add(time.Microsecond) },
		"before 1970":               func(h *Head) { h.At = time.UnixMilli(-1) },
		"64-bit size":               func(h *Head) { h.Size = 1 << 63 },
	} {
		h := someHead()
		change(&h)
		if _, err := s.Sign(h); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestEveryFlippedByteOfACheckpointIsDetected(t *testing.T) {
	s, v := newKeys(t, testOrigin, 1)
	b, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		for bit := range 8 {
			c := bytes.Clone(b)
			c[i] ^= 1 << bit
			if h, err := v.Open(c); err == nil {
				t.Fatalf("bit %d of byte %d flipped: opened %+v from\n%s", bit, i, h, c)
			} else if h != (Head{}) {
				t.Fatalf("bit %d of byte %d flipped: a head beside the error", bit, i)
			}
		}
	}
	for i := range b {
		if _, err := v.Open(b[:i]); err == nil {
			t.Fatalf("cut to %d bytes: no error", i)
		}
	}
	for _, more := range []string{"\n", "x", "— other AAAAAAAA\n", string(b)} {
		if _, err := v.Open(append(bytes.Clone(b), more...)); err == nil {
			t.Fatalf("%q appended: no error", more)
		}
	}
}

func TestOpenTellsKeyOriginAndFormApart(t *testing.T) {
	ours, v := newKeys(t, testOrigin, 1)
	otherKey, _ := newKeys(t, testOrigin, 2)
	otherLog, _ := newKeys(t, "credit.example/other", 1)
	sign := func(s *Signer) []byte {
		b, err := s.Sign(someHead())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	signText := func(text string) []byte {
		b, err := note.Sign(&note.Note{Text: text}, ours.signer)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	text := someHead().text(testOrigin)
	double, err := note.Sign(&note.Note{Text: text}, ours.signer, otherLog.signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		checkpoint []byte
		want       error
	}{
		{"another key of the same name", sign(otherKey), ErrKey},
		{"another log", sign(otherLog), ErrOrigin},
		{"another log's text signed with our key", signText(someHead().text("credit.example/other")), ErrOrigin},
		{"changed text", bytes.Replace(sign(ours), []byte("81204"), []byte("81205"), 1), ErrKey},
		{"no time line", signText(strings.Replace(text, "time ", "tome ", 1)), ErrMalformed},
		{"a further line", signText(text + "more\n"), ErrMalformed},
		{"leading zero", signText(strings.Replace(text, "\n81204", "\n081204", 1)), ErrMalformed},
		{"plus sign", signText(strings.Replace(text, "\n81204", "\n+81204", 1)), ErrMalformed},
		{"more in force than leaves", signText(strings.Replace(text, "in-force 7", "in-force 81205", 1)), ErrMalformed},
		{"time in seconds", signText(strings.Replace(text, ".045Z", "Z", 1)), ErrMalformed},
		{"time with an offset", signText(strings.Replace(text, ".045Z", ".045+00:00", 1)), ErrMalformed},
		{"three lines only", signText(strings.Join(strings.SplitAfter(text, "\n")[:3], "")), ErrMalformed},
		{"a second signature", double, ErrMalformed},
		{"nothing", nil, ErrMalformed},
		{"10 MB", bytes.Repeat([]byte("x\n"), 5e6), ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Open(tt.checkpoint)
			for _, e := range []error{ErrKey, ErrOrigin, ErrMalformed} {
				if errors.Is(err, e) != (e == tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
		})
	}
}

// treeHash computes the root by the independent, stored-hash way of tlog.
func treeHash(t interface{ Fatal(...any) }, leaves []Hash) Hash {
	var stored []Hash
	r := tlog.HashReaderFunc(func(at []int64) ([]Hash, error) {
		out := make([]Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, h := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), h, r)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), r)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestTreeHasTheRootOfRFC6962(t *testing.T) {
	all := hashes(3000)
	check := func(t interface {
		Fatal(...any)
		Fatalf(string, ...any)
	}, n int) {
		var tree Tree
		for _, h := range all[:n] {
			tree.Append(h)
		}
		if tree.Size() != uint64(n) || tree.Root() != treeHash(t, all[:n]) {
			t.Fatalf("size %d: root differs from tlog's", n)
		}
		b, err := tree.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var again Tree
		if err := again.UnmarshalBinary(b); err != nil || again != tree {
			t.Fatalf("size %d: another tree after marshalling: %v", n, err)
		}
	}
	for n := range 70 {
		check(t, n)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.IntRange(0, len(all)).Draw(t, "size")) })
}

func TestCopyingATreeCopiesThePosition(t *testing.T) {
	all := hashes(20)
	var tree Tree
	for i, h := range all {
		before, root := tree, tree.Root()
		tree.Append(h)
		if before.Size() != uint64(i) || before.Root() != root {
			t.Fatalf("appending leaf %d changed the copy", i)
		}
	}
}

func TestTreeRefusesOtherLengths(t *testing.T) {
	var tree Tree
	for _, h := range hashes(6) {
		tree.Append(h)
	}
	b, err := tree.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		if again := (Tree{}); again.UnmarshalBinary(b[:i]) == nil {
			t.Errorf("%d of %d bytes: no error", i, len(b))
		}
	}
	if again := (Tree{}); again.UnmarshalBinary(append(b, 0)) == nil {
		t.Error("a byte more: no error")
	}
}

func TestDigestIsASumInAnyOrder(t *testing.T) {
	digest := rapid.Custom(func(t *rapid.T) Digest {
		var d Digest
		copy(d[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "large") {
			for i := range 20 {
				d[i] = 0xff // carries run through
			}
		}
		return d
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := digest.Draw(t, "a"), digest.Draw(t, "b"), digest.Draw(t, "c")
		switch {
		case a.Add(b) != b.Add(a):
			t.Fatal("a+b ≠ b+a")
		case a.Add(b).Add(c) != a.Add(b.Add(c)):
			t.Fatal("(a+b)+c ≠ a+(b+c)")
		case a.Add(b).Sub(b) != a:
			t.Fatal("a+b−b ≠ a")
		case a.Add(Digest{}) != a || a.Sub(a) != Digest{}:
			t.Fatal("0 is not neutral")
		}
		if again, err := ParseDigest(a.String()); err != nil || again != a {
			t.Fatalf("read again: %v", err)
		}
	})
	if got := (Digest{31: 255}).Add(Digest{31: 1}); got != (Digest{30: 1}) {
		t.Errorf("255+1 = %v", got)
	}
	if got := (Digest{}).Sub(Digest{31: 1}).Add(Digest{31: 1}); got != (Digest{}) {
		t.Errorf("0−1+1 = %v", got)
	}
}

func someLeaf() Leaf {
	return Leaf{Kind: "listing_admitted", At: someHead().At, Key: [16]byte{1, 2}, Commitments: [Slots]Hash{{1}, {2}, {3}}}
}

func TestLeafIsReadAsWritten(t *testing.T) {
	b := someLeaf().Append(nil)
	if l, err := ParseLeaf(b); err != nil || l != someLeaf() {
		t.Errorf("got %+v, %v", l, err)
	}
	for i := range b {
		if _, err := ParseLeaf(b[:i]); err == nil {
			t.Errorf("cut to %d bytes: no error", i)
		}
		c := bytes.Clone(b)
		c[i] ^= 1
		if l, err := ParseLeaf(c); err == nil && l == someLeaf() {
			t.Errorf("byte %d changed: the same leaf", i)
		}
	}
	if _, err := ParseLeaf(append(b, 0)); err == nil {
		t.Error("a byte more: no error")
	}
}

func TestSaltsDifferAndCommitmentsDependOnThem(t *testing.T) {
	seed := []byte("0123456789abcdef")
	a, b := Salt(seed, 0), Salt(seed, 1)
	if len(a) != SaltSize || bytes.Equal(a, b) {
		t.Error("salts of two slots are equal")
	}
	if Commit(a, []byte("x")) == Commit(b, []byte("x")) || Commit(nil, []byte("x")) != sha256.Sum256([]byte("x")) {
		t.Error("commitment is not SHA-256(salt ‖ body)")
	}
}

func TestElementDependsOnSequenceAndLeaf(t *testing.T) {
	leaf := someLeaf().Append(nil)
	h := RecordHash(leaf)
	want := sha256.Sum256([]byte("gongxin element\x00\x00\x00\x00\x00\x00\x00\x00\x07" + string(h[:])))
	if got := Element(7, leaf); got != want || got != ElementOf(7, h) {
		t.Errorf("got %v, want %x", got, want)
	}
	if Element(7, leaf) == Element(8, leaf) || Element(7, leaf) == Element(7, leaf[1:]) {
		t.Error("two elements are equal")
	}
}

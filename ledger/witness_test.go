package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func newWitness(t testing.TB, name string, seed uint64) (*Cosigner, *Witness) {
	t.Helper()
	c, err := GenerateCosigner(name, &seedReader{seed})
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWitness(c.WitnessKey())
	if err != nil || w.Name() != name {
		t.Fatalf("key %s: %v", c.WitnessKey(), err)
	}
	return c, w
}

var seen = time.Date(2017, 4, 1, 1, 2, 4, 0, time.UTC)

// witnessed is a checkpoint with the lines of two witnesses.
func witnessed(t testing.TB) (checkpoint []byte, v *Verifier, a, b *Witness) {
	t.Helper()
	s, v := newKeys(t, testOrigin, 1)
	ca, a := newWitness(t, "witness.example/a", 2)
	cb, b := newWitness(t, "witness.example/b", 3)
	checkpoint, err := s.Sign(someHead())
	for i, c := range []*Cosigner{ca, cb} {
		if err == nil {
			checkpoint, err = c.Cosign(checkpoint, seen.Add(time.Duration(i)*time.Second))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint, v, a, b
}

func TestCosignaturesOfKnownWitnessesCount(t *testing.T) {
	checkpoint, v, a, b := witnessed(t)
	_, stranger := newWitness(t, "witness.example/a", 9) // the same name, another key
	for _, tt := range []struct {
		name string
		know []*Witness
		want string
	}{
		{"both", []*Witness{b, a}, "witness.example/a witness.example/b"},
		{"one", []*Witness{b}, "witness.example/b"},
		{"none", nil, ""},
		{"a namesake", []*Witness{stranger}, ""},
	} {
		h, got, err := v.OpenWitnessed(checkpoint, tt.know)
		var names []string
		for i, c := range got {
			names = append(names, c.Witness)
			if c.Witness == b.Name() && !c.At.Equal(seen.Add(time.Second)) {
				t.Errorf("%s: line %d says %s", tt.name, i, c.At)
			}
		}
		if err != nil || h != someHead() || strings.Join(names, " ") != tt.want {
			t.Errorf("%s: got %v, %v, want %s", tt.name, names, err, tt.want)
		}
	}
}

// A line by a witness that is known is right or an error: it is never passed over
// as if it were a stranger's, unless its name or key hash was changed too.
func TestNoByteOfAWitnessedCheckpointChangesUnseen(t *testing.T) {
	checkpoint, v, a, b := witnessed(t)
	know := []*Witness{a, b}
	for i := range checkpoint {
		c := bytes.Clone(checkpoint)
		c[i] ^= 1
		h, got, err := v.OpenWitnessed(c, know)
		if err == nil && len(got) == len(know) {
			t.Errorf("byte %d (%q → %q) changed and both witnesses still stand", i, checkpoint[i], c[i])
		}
		if err == nil && h != someHead() {
			t.Errorf("byte %d changed what the checkpoint says", i)
		}
	}
}

func TestOneWitnessCountsOnce(t *testing.T) {
	s, v := newKeys(t, testOrigin, 1)
	c, w := newWitness(t, "witness.example/a", 2)
	checkpoint, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if checkpoint, err = c.Cosign(checkpoint, seen.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if _, got, err := v.OpenWitnessed(checkpoint, []*Witness{w}); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, %v, want a refusal of the second line", got, err)
	}
}

func TestACheckpointWithoutCosignaturesOpensAsBefore(t *testing.T) {
	s, v := newKeys(t, testOrigin, 1)
	checkpoint, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	if h, got, err := v.OpenWitnessed(checkpoint, nil); err != nil || h != someHead() || got != nil {
		t.Errorf("got %+v, %v, %v", h, got, err)
	}
	crowded, _, _, _ := witnessed(t)
	if _, err := v.Open(crowded); !errors.Is(err, ErrMalformed) {
		t.Errorf("Open takes cosignatures: %v", err)
	}
}

// What others wrote by the same specification makes and reads our lines.
func TestCosignaturesAreThoseOfC2SP(t *testing.T) {
	checkpoint, v, _, _ := witnessed(t)
	ca, _ := newWitness(t, "witness.example/a", 2)
	theirs, err := fnote.NewVerifierForCosignatureV1(ca.WitnessKey())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(checkpoint, note.VerifierList(theirs))
	if err != nil || len(n.Sigs) != 1 {
		t.Fatalf("an independent verifier says %v of our cosignature", err)
	}
	if at, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || !at.Equal(seen) {
		t.Errorf("its time is %s (%v), want %s", at, err, seen)
	}

	secret, public, err := GenerateKey("witness.example/theirs", &seedReader{7})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := fnote.NewSignerForCosignatureV1(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := fnote.VKeyToCosignatureV1(public)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWitness(key)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := newKeys(t, testOrigin, 1)
	own, err := s.Sign(someHead())
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(own), "\n\n")
	line, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	_, added, _ := strings.Cut(string(line), "\n\n")
	if _, got, err := v.OpenWitnessed(append(own, added...), []*Witness{w}); err != nil || len(got) != 1 {
		t.Errorf("of their cosignature we say %v, %v", got, err)
	}
}

func TestKeysOfWitnesses(t *testing.T) {
	c, _ := newWitness(t, "witness.example/a", 2)
	log, _ := newKeys(t, testOrigin, 1)
	for _, key := range []string{"", "a", "a+b", "a+00000000+AA==", log.VerifierKey(), strings.Replace(c.WitnessKey(), "/a+", "/b+", 1), c.WitnessKey() + "="} {
		if _, err := NewWitness(key); err == nil {
			t.Errorf("%q is taken as the key of a witness", key)
		}
	}
	for _, name := range []string{"", "a b", "a+b", strings.Repeat("x", 256)} {
		if _, err := NewCosigner(name, make([]byte, 32)); err == nil {
			t.Errorf("a witness may be called %.20q", name)
		}
	}
}

func TestWhatACheckpointSaysIsReadWithoutAKey(t *testing.T) {
	checkpoint, v, a, _ := witnessed(t)
	own, err := Own(checkpoint)
	if err != nil || len(own) >= len(checkpoint) {
		t.Fatalf("%d of %d bytes are its own, %v", len(own), len(checkpoint), err)
	}
	origin, h, key, err := ReadHead(checkpoint)
	if err != nil || origin != testOrigin || h != someHead() || !strings.Contains(v.Key(), fmt.Sprintf("+%08x+", key)) {
		t.Errorf("got %s, %+v, %08x, %v", origin, h, key, err)
	}
	for _, bad := range [][]byte{nil, own[:len(own)-1], bytes.Replace(own, []byte("— credit"), []byte("— other"), 1), bytes.Replace(own, []byte("in-force 7"), []byte("in-force 07"), 1)} {
		if _, _, _, err := ReadHead(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	forged := bytes.Replace(checkpoint, []byte("— witness.example/b "), []byte("— witness.example/a "), 1)
	if _, got, err := v.OpenWitnessed(forged, []*Witness{a}); err != nil || len(got) != 1 { // another key hash: a namesake's
		t.Errorf("got %v, %v", got, err)
	}
	line := bytes.LastIndexByte(checkpoint[:len(checkpoint)-1], '\n')
	moved := bytes.Replace(checkpoint[:line+1], []byte("time 2017"), []byte("time 2018"), 1)
	if _, _, err := v.OpenWitnessed(moved, []*Witness{a}); !errors.Is(err, ErrKey) {
		t.Errorf("another text under the signatures: %v", err)
	}
}

func FuzzOpenWitnessed(f *testing.F) {
	checkpoint, v, a, b := witnessed(f)
	f.Add(checkpoint)
	f.Add(checkpoint[:len(checkpoint)-1])
	f.Fuzz(func(t *testing.T, c []byte) {
		if origin, h, _, err := ReadHead(c); err == nil && !strings.HasPrefix(string(c), h.text(origin)+"\n— "+origin+" ") {
			t.Errorf("%q is written as %q", c, h.text(origin))
		}
		h, got, err := v.OpenWitnessed(c, []*Witness{a, b})
		if err == nil && (h != someHead() || len(got) > 2) {
			t.Errorf("opened %+v, %v from %q", h, got, c)
		}
	})
}

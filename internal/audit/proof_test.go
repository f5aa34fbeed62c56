package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gongxin"
	"gongxin/internal/audit"
	"gongxin/ledger"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

// story is one listing among others: admitted, objected to, corrected, withdrawn,
// with a gate that confirms now and then. It returns the instants of its events.
func story() (m *memory, when map[gongxin.EventKind]time.Time) {
	m, when = newMemory(), map[gongxin.EventKind]time.Time{}
	hand := gateHand("railway")
	m.keys = []string{hand.VerifierKey()}
	for n := range 6 {
		m.add(n, gongxin.ListingAdmitted)
	}
	for i, kind := range []gongxin.EventKind{gongxin.ListingAdmitted, gongxin.ObjectionFiled, gongxin.ListingCorrected, gongxin.ListingWithdrawn} {
		m.add(20, kind)
		when[kind] = m.now
		m.confirm(hand)
		m.now = m.now.Add(time.Hour)
		m.add(7+i, gongxin.ListingAdmitted)
	}
	return m, when
}

func prove(t testing.TB, m *memory, q audit.Question) *audit.Proof {
	t.Helper()
	p, err := audit.Prove(t.Context(), m, hubSigner, at(20), q, m.now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.ParseProof(b)
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Fatalf("read again: %+v, %v, want %+v", again, err, p)
	}
	return again
}

func TestAProofAnswersForAnInstant(t *testing.T) {
	m, when := story()
	railway := gateHand("railway").VerifierKey()
	admitted, corrected, gone := when[gongxin.ListingAdmitted], when[gongxin.ListingCorrected], when[gongxin.ListingWithdrawn]
	for _, tt := range []struct {
		name     string
		at       time.Time
		inForce  bool
		by, next gongxin.EventKind
		knew     bool
		upTo     uint64 // the gate's
	}{
		{"before everything", admitted.Add(-time.Second), false, "", gongxin.ListingAdmitted, false, 0},
		{"at the very instant", admitted, true, gongxin.ListingAdmitted, gongxin.ListingWithdrawn, false, 0},
		{"once the gate has it", admitted.Add(time.Minute), true, gongxin.ListingAdmitted, gongxin.ListingWithdrawn, true, 7},
		{"corrected", corrected.Add(time.Minute), true, gongxin.ListingAdmitted, gongxin.ListingWithdrawn, true, 11},
		{"just before the end", gone.Add(-time.Millisecond), true, gongxin.ListingAdmitted, gongxin.ListingWithdrawn, true, 11},
		{"ended, and the gate does not know yet", gone, false, gongxin.ListingWithdrawn, "", false, 11},
		{"ended", gone.Add(time.Hour), false, gongxin.ListingWithdrawn, "", true, 13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := prove(t, m, audit.Question{At: tt.at, Gate: "railway"})
			for _, keys := range [][]string{{railway}, nil} {
				a, err := p.Verify([]*ledger.Verifier{hubKey}, keys)
				if err != nil {
					t.Fatal(err)
				}
				if a.InForce != tt.inForce || a.By.Kind != tt.by || a.Next.Kind != tt.next || a.Gate.Knew != tt.knew || a.Gate.Sequence != tt.upTo {
					t.Errorf("got %+v, gate %+v, want %+v", a, a.Gate, tt)
				}
				if a.By.Sequence != 0 && a.By.Clause == "" || a.Entry == nil || a.Entry.Name != "受测某" {
					t.Errorf("got %+v", a)
				}
				if a.Gate.Sequence != 0 && a.Gate.Signed != (keys != nil) {
					t.Errorf("signed %v with keys %v", a.Gate.Signed, keys)
				}
				for _, s := range a.Stated { // the whole chain is proved
					if strings.Contains(s.ZH, "之间没有") {
						t.Errorf("stated only: %s", s.EN)
					}
				}
				var human bytes.Buffer
				if _, err := a.WriteTo(&human); err != nil || !strings.Contains(human.String(), "已证明") || strings.Contains(human.String(), "%!") {
					t.Errorf("got %s, %v", human.String(), err)
				}
			}
		})
	}
}

func TestAClockSetBackIsToldAndChangesNoOrder(t *testing.T) {
	m := newMemory()
	m.add(20, gongxin.ListingAdmitted)
	admitted := m.now
	m.now = m.now.Add(-time.Hour)
	m.add(20, gongxin.ListingWithdrawn)
	m.now = admitted.Add(time.Hour)
	m.add(1, gongxin.ListingAdmitted)
	for at, want := range map[time.Time]gongxin.EventKind{admitted.Add(-time.Minute): "", admitted: gongxin.ListingWithdrawn} {
		a, err := prove(t, m, audit.Question{At: at}).Verify([]*ledger.Verifier{hubKey}, nil)
		if err != nil || a.InForce || a.By.Kind != want || !strings.Contains(fmt.Sprint(a.Stated), "set back") {
			t.Errorf("at %v: got %+v, %v", at, a, err)
		}
	}
}

func TestTheFutureIsNotProved(t *testing.T) {
	m, _ := story()
	_, err := audit.Prove(t.Context(), m, hubSigner, at(20), audit.Question{At: m.now.Add(time.Millisecond)}, m.now)
	if gongxin.CodeOf(err) != "PROOF_FUTURE" {
		t.Errorf("got %v", err)
	}
	if _, err := audit.Prove(t.Context(), m, hubSigner, at(99), audit.Question{At: m.now}, m.now); gongxin.CodeOf(err) != "UNKNOWN_LISTING" {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNotTiedIsStatedOnly(t *testing.T) {
	m, when := story()
	q := audit.Question{At: when[gongxin.ListingCorrected]}
	for i := range m.events {
		if l, err := ledger.ParseLeaf(m.events[i].Leaf); err == nil && gongxin.ListingID(l.Key) == at(20) {
			m.events[i].Seed, m.events[i].Bodies = nil, [gongxin.Audiences][]byte{}
		}
	}
	a, err := prove(t, m, q).Verify([]*ledger.Verifier{hubKey}, nil)
	if err != nil || !a.InForce || a.Entry != nil {
		t.Fatalf("erased: got %+v, %v", a, err)
	}
	stated := fmt.Sprint(a.Stated)
	if !strings.Contains(stated, "erased") || strings.Contains(fmt.Sprint(a.Proved), "unchanged") {
		t.Errorf("got proved %v, stated %s", a.Proved, stated)
	}
}

// Each case makes another proof out of a good one; it must not hold.
func TestAForgedProofDoesNotHold(t *testing.T) {
	m, when := story()
	railway := gateHand("railway").VerifierKey()
	q := audit.Question{At: when[gongxin.ListingWithdrawn].Add(time.Hour), Gate: "railway"}
	stranger, strangerKey := key(origin, "stranger")
	for name, forge := range map[string]func(p *audit.Proof){
		"the exit is left out": func(p *audit.Proof) { p.Events = p.Events[:len(p.Events)-1] },
		"an event in between is left": func(p *audit.Proof) {
			p.Events = append(p.Events[:2:2], p.Events[4:]...)
			p.Events = p.Events[:len(p.Events)-1]
		},
		"of another listing": func(p *audit.Proof) { p.Listing = at(1).String() },
		"a body": func(p *audit.Proof) {
			p.Events[0].Body = strings.Replace(p.Events[0].Body, "受测某", "受测人", 1)
		},
		"a body under another slot":  func(p *audit.Proof) { p.Events[0].Slot = 1 },
		"another place":              func(p *audit.Proof) { p.Events[0].Sequence-- },
		"no salt":                    func(p *audit.Proof) { p.Events[0].Salt = nil },
		"a receipt for another gate": func(p *audit.Proof) { p.Question.Gate = "highway" },
		"another instant":            func(p *audit.Proof) { p.Question.At = p.Question.At.Add(-24 * time.Hour) },
		"no question about a gate":   func(p *audit.Proof) { p.Question.Gate = "" },
		"another origin":             func(p *audit.Proof) { p.Origin = "gongxin.test/other" },
		"a path that is cut":         func(p *audit.Proof) { p.Events[0].Inclusion = p.Events[0].Inclusion[1:] },
		"the receipt's path":         func(p *audit.Proof) { p.Receipts[0].Consistency = nil },
		"a checkpoint by a stranger": func(p *audit.Proof) {
			b, err := stranger.Sign(m.head())
			if err != nil {
				panic(err)
			}
			p.Checkpoint = string(b)
		},
		"a statement by the gate": func(p *audit.Proof) { p.Statement = p.Receipts[0].Note },
		"no events":               func(p *audit.Proof) { p.Events = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := prove(t, m, q)
			if _, err := p.Verify([]*ledger.Verifier{hubKey}, []string{railway}); err != nil {
				t.Fatal(err)
			}
			forge(p)
			if a, err := p.Verify([]*ledger.Verifier{hubKey}, []string{railway}); gongxin.CodeOf(err) != "PROOF_BROKEN" {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
	p := prove(t, m, q)
	if _, err := p.Verify([]*ledger.Verifier{strangerKey}, nil); gongxin.CodeOf(err) != "PROOF_BROKEN" {
		t.Errorf("with another key: got %v", err)
	}
	if _, err := p.Verify([]*ledger.Verifier{hubKey}, []string{gateHand("another").VerifierKey()}); gongxin.CodeOf(err) != "PROOF_BROKEN" {
		t.Errorf("with another key of the gate: got %v", err)
	}
	if a, err := p.Verify([]*ledger.Verifier{strangerKey, hubKey}, nil); err != nil || a.InForce {
		t.Errorf("with several keys: got %+v, %v", a, err)
	}
}

// golden reads the proof that was made once, with the keys that belong to it.
func golden(t testing.TB) (b []byte, hub []*ledger.Verifier, gate []string) {
	t.Helper()
	const dir = "testdata/"
	if *update {
		m, when := story()
		p := prove(t, m, audit.Question{At: when[gongxin.ListingCorrected].Add(time.Minute), Gate: "railway"})
		b, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"listing.proof": string(b), "hub.pub": hubKey.Key() + "\n", "railway.pub": gateHand("railway").VerifierKey() + "\n"} {
			if err := os.WriteFile(dir+name, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	var files [3][]byte
	for i, name := range []string{"listing.proof", "hub.pub", "railway.pub"} {
		var err error
		if files[i], err = os.ReadFile(dir + name); err != nil {
			t.Fatal(err)
		}
	}
	v, err := ledger.NewVerifier(strings.TrimSpace(string(files[1])))
	if err != nil {
		t.Fatal(err)
	}
	return files[0], []*ledger.Verifier{v}, []string{strings.TrimSpace(string(files[2]))}
}

func TestAProofHoldsDecadesLaterWithNothingElse(t *testing.T) {
	b, hub, gate := golden(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(60 * 365 * 24 * time.Hour)
		p, err := audit.ParseProof(b)
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Verify(hub, gate)
		if err != nil || !a.InForce || a.By.Sequence != 7 || !a.Gate.Signed || !a.Gate.Knew {
			t.Errorf("in %d: got %+v, %v", time.Now().Year(), a, err)
		}
	})
}

// TestNoByteOfAProofChangesWhatItSays flips a bit of every byte of the file: it is
// noticed, or what is said stays the same.
func TestNoByteOfAProofChangesWhatItSays(t *testing.T) {
	b, hub, gate := golden(t)
	say := func(b []byte, keys []string) string {
		p, err := audit.ParseProof(b)
		if err != nil {
			return ""
		}
		a, err := p.Verify(hub, keys)
		if err != nil {
			return ""
		}
		said, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
	wants := map[bool]string{true: say(b, gate), false: say(b, nil)}
	noticed := 0
	for i := range b {
		keys := gate
		if i%2 == 1 { // without the gate's key its receipts say nothing, and may read as they like
			keys = nil
		}
		changed := bytes.Clone(b)
		changed[i] ^= 1
		switch got, want := say(changed, keys), wants[keys != nil]; {
		case want == "":
			t.Fatal("the proof does not hold")
		case got == "":
			noticed++
		case got != want:
			t.Errorf("byte %d, %q: got %s", i, b[max(0, i-20):min(len(b), i+20)], got)
		}
	}
	if noticed < len(b)*3/4 {
		t.Errorf("of %d flips %d were noticed", len(b), noticed)
	}
}

func FuzzParseProof(f *testing.F) {
	b, hub, gate := golden(f)
	f.Add(b)
	f.Add([]byte("{}\n"))
	f.Add(bytes.Replace(b, []byte(`"slot": 2`), []byte(`"slot": 9`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := audit.ParseProof(b)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is written %q, %v", b, again, err)
		}
		_, _ = p.Verify(hub, gate)
	})
}

// BenchmarkAudit reports leaves/s of an audit of the log beside plain hashing of
// the same leaves into a tree.
func BenchmarkAudit(b *testing.B) {
	m := newMemory()
	const n = 20_000
	for i := range n {
		m.append(gongxin.ListingAdmitted, gongxin.ListingID{15: byte(i), 14: byte(i >> 8), 1: 1}, [gongxin.Audiences][]byte{{1}, {2}, {3}})
		m.held[gongxin.ListingID{15: byte(i), 14: byte(i >> 8), 1: 1}] = ledger.Element(uint64(i+1), m.events[i].Leaf)
	}
	m.sign()
	report := func(b *testing.B) { b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "leaves/s") }
	b.Run("hashing", func(b *testing.B) {
		for b.Loop() {
			var t ledger.Tree
			for _, e := range m.events {
				t.Append(ledger.RecordHash(e.Leaf))
			}
		}
		report(b)
	})
	b.Run("audit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := (audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}}).Run(context.Background())
			if err != nil || r.Verdict != audit.Whole {
				b.Fatal(r.Findings, err)
			}
		}
		report(b)
	})
}

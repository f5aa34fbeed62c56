package feed

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// signed signs what change makes of the log's head.
func (l *hubLog) signed(h ledger.Head, change func(*ledger.Head)) []byte {
	l.t.Helper()
	change(&h)
	b, err := l.signer.Sign(h)
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func TestAForkIsWhatTwoSignaturesProve(t *testing.T) {
	l := story(t) // signed at 0, 3, 5 and 9
	r := follow(t, l)
	heads := map[uint64]ledger.Head{}
	for _, to := range []uint64{0, 3, 5, 9} {
		from := r.at.Tree.Size()
		r.want("the log", "", r.take(Changes{After: from, Records: l.records[from:to], Checkpoint: l.heads[to]}))
		heads[to] = r.at.Head
	}
	for _, tt := range []struct {
		name   string
		size   uint64
		change func(*ledger.Head)
		want   string
		in     Contradiction
	}{
		{"the same size, another root", 9, func(h *ledger.Head) { h.Root[0] ^= 1 }, "FEED_FORK", OtherRoot},
		{"the same size, another count", 9, func(h *ledger.Head) { h.Count++ }, "FEED_FORK", OtherCount},
		{"the same size, another digest", 9, func(h *ledger.Head) { h.Digest[0] ^= 1 }, "FEED_FORK", OtherDigest},
		{"another root later", 9, func(h *ledger.Head) { h.Root[0] ^= 1; h.At = h.At.Add(time.Hour) }, "FEED_FORK", OtherRoot},
		{"an old size, another root", 5, func(h *ledger.Head) { h.Root[0] ^= 1 }, "FEED_FORK", OtherRoot},
		{"the first size, another root", 0, func(h *ledger.Head) { h.Root[0] ^= 1 }, "FEED_FORK", OtherRoot},
		{"a hub that went back", 5, func(h *ledger.Head) { h.At = h.At.Add(time.Hour) }, "FEED_FORK", OtherOrder},
		{"a size never seen, later", 7, func(h *ledger.Head) { h.At = h.At.Add(time.Hour) }, "FEED_FORK", OtherOrder},
		{"a larger size, earlier", 12, func(h *ledger.Head) { h.At = h.At.Add(-time.Millisecond) }, "FEED_FORK", OtherOrder},
		// What a carrier can cause, or what proves nothing, is no fork.
		{"an old copy", 5, func(*ledger.Head) {}, "FEED_ROLLBACK", ""},
		{"an old size never seen", 7, func(h *ledger.Head) { h.At = heads[5].At }, "FEED_ROLLBACK", ""},
		{"an earlier checkpoint of the same", 9, func(h *ledger.Head) { h.At = h.At.Add(-time.Millisecond) }, "FEED_TIME", ""},
		{"a larger size without its leaves", 12, func(h *ledger.Head) { h.At = h.At.Add(time.Hour) }, "FEED_GAP", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, ok := heads[tt.size]
			if !ok {
				h = heads[9]
				h.Size, h.Count = tt.size, 0
			}
			c := Changes{After: tt.size, Checkpoint: l.signed(h, tt.change)}
			if tt.size > 9 {
				c.After = 9
			}
			_, _, err := r.f.Advance(r.at, r.held, c)
			if got := gongxin.CodeOf(err); got != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			var f *Fork
			if errors.As(err, &f) != (tt.in != "") {
				t.Fatalf("a fork: %t", errors.As(err, &f))
			}
			if f == nil {
				return
			}
			again, err := CheckEvidence(f.Evidence(), l.verifier.Key())
			if err != nil || f.In != tt.in || *again != *f {
				t.Errorf("the evidence says %+v, %v, want %s\n%s", again, err, tt.in, f.Evidence())
			}
		})
	}
}

// Leaves that do not lead to what was signed may be the carrier's doing.
func TestLeavesThatDoNotLeadThereAreNoFork(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))
	fork := story(t)
	fork.random = &seedReader{99}
	fork.admit(4)
	fork.sign()
	other := fork.since(9)
	fork.admit(4)
	l.admit(3)
	l.sign()
	other.Checkpoint = l.heads[10]
	r.want("other leaves under a checkpoint", "FEED_ROOT", r.take(other))
	r.want("the right ones", "", r.all(l))
}

// Begun again with another history, the follower remembers the one it knew.
func TestAForkIsNotHealedByBeginningAgain(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))

	fork := newLog(t)
	fork.random = &seedReader{99}
	for n := range 5 {
		fork.admit(n)
	}
	fork.now = l.now.Add(time.Hour)
	small := fork.snapshot() // at 5, later than what was seen at 9
	for n := range 5 {
		fork.admit(n + 5)
	}
	fork.sign()
	_, err := Bootstrap(t.Context(), logSource{l: fork, snapshot: small}, r.f, r.at, heldMap{})
	if gongxin.CodeOf(err) != "FEED_FORK" {
		t.Errorf("a smaller log, later: %v", err)
	}

	fork = newLog(t)
	fork.random = &seedReader{99}
	for n := range 5 {
		fork.admit(n)
	}
	small = fork.snapshot() // in between, as if the two had lived side by side
	for n := range 5 {
		fork.admit(n + 5)
	}
	fork.now = l.now.Add(time.Hour)
	fork.sign()
	src := logSource{l: fork, snapshot: small}
	at := r.at
	at.Seen = Seen{Signed{r.at.Head, string(l.heads[9])}}
	if _, err = Bootstrap(t.Context(), src, r.f, at, heldMap{}); gongxin.CodeOf(err) != "FEED_ROOT" {
		t.Errorf("a log that does not contain what was seen: %v", err)
	}
	if _, err := Bootstrap(t.Context(), src, r.f, Position{}, heldMap{}); err != nil {
		t.Errorf("it is not even a log: %v", err)
	}
}

// The same where there is no snapshot, and the changes are followed from the beginning.
func TestAListOnTheWayBackIsHeldAgainstWhatWasKnown(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))
	known := r.at
	l.admit(3)
	l.sign()

	fork := newLog(t)
	fork.random = &seedReader{99}
	for n := range 8 {
		fork.admit(n)
	}
	fork.sign()
	fork.admit(8)
	fork.sign()
	fork.admit(9)
	fork.sign()
	for _, tt := range []struct {
		what, code string
		l          *hubLog
		ends       []uint64 // of the answers
	}{
		{"the log, all at once", "", l, []uint64{10}},
		{"another one, past what was known", "FEED_ROOT", fork, []uint64{8, 10}},
		{"another one, up to what was known", "FEED_FORK", fork, []uint64{8, 9}},
	} {
		var at Position
		held, code := heldMap{}, ""
		for _, end := range tt.ends {
			c := tt.l.since(at.Tree.Size())
			c.Records, c.Checkpoint = c.Records[:end-c.After], tt.l.heads[end]
			next, changes, err := tt.l.follower().Advance(at, held, c)
			if err != nil {
				t.Fatalf("%s: %v", tt.what, err)
			}
			if next, err = known.Regained(at, next, c); err != nil {
				code = gongxin.CodeOf(err)
				break
			}
			if err := held.Apply(changes); err != nil {
				t.Fatal(err)
			}
			at = next
		}
		if code != tt.code {
			t.Errorf("%s: %q, want %q", tt.what, code, tt.code)
		}
		if sees := at.Seen.len() > 1 && at.Seen[1] == known.Seen[0]; sees != (tt.code == "") {
			t.Errorf("%s: what was seen before is remembered: %t", tt.what, sees)
		}
	}
}

func TestSeenKeepsTheNewestOfEachSize(t *testing.T) {
	sizes := func(s Seen) (got []uint64) {
		for _, c := range s[:s.len()] {
			got = append(got, c.Head.Size)
		}
		return got
	}
	of := func(size uint64, note string) Signed { return Signed{ledger.Head{Size: size}, note} }
	var s, u Seen
	for i := range uint64(20) {
		s = s.with(of(i/2, string(rune('a'+i))))
	}
	if got := sizes(s); len(got) != len(s) || got[0] != 9 || got[7] != 2 || s[0].Checkpoint != "t" {
		t.Errorf("seen %v", got)
	}
	u = u.with(of(3, "x")).with(of(9, "y")).with(of(30, "z"))
	m := u.merge(s)
	if got := sizes(m); len(got) != len(m) || got[0] != 30 || got[1] != 9 || got[2] != 8 || got[7] != 3 || m[1].Checkpoint != "y" || m[7].Checkpoint != "x" {
		t.Errorf("merged %v %+v", got, m)
	}
	if got := (Seen{}).merge(u); got != u {
		t.Errorf("merged %v", sizes(got))
	}
}

func TestEvidenceProvesOnlyWhatTheHubSigned(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))
	_, _, err := r.f.Advance(r.at, r.held, Changes{After: 9, Checkpoint: l.signed(l.head, func(h *ledger.Head) { h.Root[3] ^= 4 })})
	var f *Fork
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	text := f.Evidence()
	for _, part := range []string{"不能同时为真", "cannot both be true", string(l.heads[9])} {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not stand in\n%s", part, text)
		}
	}
	for i := range text {
		b := []byte(text)
		b[i] ^= 1
		if f, err := CheckEvidence(string(b), l.verifier.Key()); err == nil {
			t.Fatalf("byte %d changed: %+v", i, f)
		}
	}
	otherKey, _ := newKeys(t, testOrigin, 2)
	otherLog, _ := newKeys(t, "credit.example/other", 1)
	same := Fork{Known: f.Known, Other: f.Known, In: OtherRoot}
	claimed := Fork{Known: f.Known, Other: f.Other, In: OtherCount}
	for _, tt := range []struct {
		name, text, want string
		keys             []string
	}{
		{"one of several keys", text, "", []string{otherKey.VerifierKey(), l.verifier.Key()}},
		{"another key", text, "FEED_KEY", []string{otherKey.VerifierKey()}},
		{"another log", text, "FEED_ORIGIN", []string{otherLog.VerifierKey()}},
		{"no key", text, "FEED_KEY", nil},
		{"the same twice", same.Evidence(), "FEED_EVIDENCE", []string{l.verifier.Key()}},
		{"another contradiction", claimed.Evidence(), "FEED_EVIDENCE", []string{l.verifier.Key()}},
		{"nothing", "", "FEED_MALFORMED", []string{l.verifier.Key()}},
		{"more", text + "\n", "FEED_MALFORMED", []string{l.verifier.Key()}},
	} {
		if _, err := CheckEvidence(tt.text, tt.keys...); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A hub that goes back after it was given another key is a fork by both keys.
func TestAForkAcrossAChangeOfKeys(t *testing.T) {
	l := newLog(t)
	first, second := l.signer, func() *ledger.Signer { s, _ := newKeys(t, testOrigin, 2); return s }()
	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	l.sign()
	r := follow(t, l)
	r.want("the announcement", "", r.all(l))
	l.signer = second
	_, _, err := r.f.Advance(r.at, r.held, Changes{After: 1, Checkpoint: l.signed(r.at.Head, func(h *ledger.Head) { h.Root[0] ^= 1 })})
	var f *Fork
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	if _, err := CheckEvidence(f.Evidence(), first.VerifierKey()); gongxin.CodeOf(err) != "FEED_KEY" {
		t.Errorf("with one key: %v", err)
	}
	if _, err := CheckEvidence(f.Evidence(), first.VerifierKey(), second.VerifierKey()); err != nil {
		t.Errorf("with both: %v", err)
	}
}

func FuzzCheckEvidence(f *testing.F) {
	l := story(f)
	known := Signed{l.head, string(l.heads[9])}
	other := l.signed(l.head, func(h *ledger.Head) { h.Count++ })
	h := l.head
	h.Count++
	f.Add((&Fork{Known: known, Other: Signed{h, string(other)}, In: OtherCount}).Evidence())
	f.Add("gongxin fork/v1\nroot\na\nb\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		fork, err := CheckEvidence(text, l.verifier.Key())
		switch {
		case err == nil && (fork.Evidence() != text || Contradict(fork.Known.Head, fork.Other.Head) == NoContradiction):
			t.Errorf("accepted %q", text)
		case err != nil && gongxin.CodeOf(err) == "":
			t.Errorf("got %v", err)
		}
	})
}

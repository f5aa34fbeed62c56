package feed

import (
	"bytes"
	"testing"

	"gongxin"
	"gongxin/ledger"
)

// A reader follows a log and holds what is in force.
type reader struct {
	t    *testing.T
	f    Follower
	at   Position
	held heldMap
}

func follow(t *testing.T, l *hubLog) *reader {
	return &reader{t: t, f: l.follower(), held: heldMap{}}
}

// take applies c and returns the code of what was wrong with it.
func (r *reader) take(c Changes) string {
	r.t.Helper()
	next, changes, err := advance(r.f, r.at, r.held, encode(r.t, c))
	if err != nil {
		if next != r.at || changes != nil {
			r.t.Errorf("%v, and yet something was given away", err)
		}
		return gongxin.CodeOf(err)
	}
	b, err := next.MarshalBinary() // as if it were kept in between
	if err == nil {
		r.at = Position{}
		err = r.at.UnmarshalBinary(b)
	}
	if err == nil {
		err = r.held.Apply(changes)
	}
	if err != nil || r.at != next {
		r.t.Fatalf("the position is not read as written: %v", err)
	}
	return ""
}

// all takes what the log holds beyond the reader's position.
func (r *reader) all(l *hubLog) string { r.t.Helper(); return r.take(l.since(r.at.Tree.Size())) }

func (r *reader) want(what, code, got string) {
	r.t.Helper()
	if got != code {
		r.t.Fatalf("%s: got %q, want %q", what, got, code)
	}
}

func TestAKeyIsHandedOverInTheLog(t *testing.T) {
	l := newLog(t)
	first := l.signer
	second, secondKey := newKeys(t, testOrigin, 2)
	third, _ := newKeys(t, testOrigin, 3)
	by := func(s *ledger.Signer) []byte { l.signer = s; return l.sign() }

	r := follow(t, l)
	l.admit(0)
	r.want("signed by the key announced to nobody", "FEED_KEY", r.take(Changes{Records: l.records, Checkpoint: by(second)}))
	by(first)
	r.want("the first key", "", r.all(l))

	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	r.want("announced in an answer that the new key signs", "FEED_KEY", r.take(Changes{After: 1, Records: l.records[1:], Checkpoint: by(second)}))
	by(first)
	r.want("the announcement", "", r.all(l))
	if r.at.Keys != (Keys{Next: second.VerifierKey()}) || r.f.VerifierKey(r.at) != first.VerifierKey() {
		t.Errorf("keys %+v", r.at.Keys)
	}

	l.admit(1)
	by(first)
	r.want("still by the old key", "", r.all(l))
	r.want("a third key", "FEED_KEY", r.take(Changes{After: 3, Checkpoint: by(third)}))
	r.want("the old key, a heartbeat", "", r.take(Changes{After: 3, Checkpoint: by(first)}))
	r.want("by the new key", "", r.take(Changes{After: 3, Checkpoint: by(second)}))
	if r.at.Keys != (Keys{Current: second.VerifierKey()}) || r.f.VerifierKey(r.at) != second.VerifierKey() {
		t.Errorf("keys %+v", r.at.Keys)
	}
	r.want("back to the old key", "FEED_KEY", r.take(Changes{After: 3, Checkpoint: by(first)}))
	l.admit(2)
	by(first)
	r.want("more by the old key", "FEED_KEY", r.all(l))
	by(second)
	r.want("more by the new key", "", r.all(l))

	// Announcing its own key, as the first thing that the new key signs, changes nothing.
	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	by(second)
	r.want("its own key", "", r.all(l))
	if r.at.Keys != (Keys{Current: second.VerifierKey()}) {
		t.Errorf("keys %+v", r.at.Keys)
	}
	// And takes back what was announced.
	l.announce(gongxin.KeyAnnounced{VerifierKey: third.VerifierKey(), From: noon})
	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	by(second)
	r.want("taken back", "", r.all(l))
	r.want("by the key taken back", "FEED_KEY", r.take(Changes{After: l.tree.Size(), Checkpoint: by(third)}))

	// Whoever is given the new key begins with a snapshot that it signed.
	by(second)
	file := l.snapshot()
	f := Follower{Verifier: secondKey, Audience: l.audience}
	if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, f, Position{}, heldMap{}); err != nil {
		t.Errorf("a new follower with the new key: %v", err)
	}
	// And whoever has followed the change begins again with the key it knows.
	at, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, r.f, r.at, heldMap{})
	if err != nil || at.Keys.Current != second.VerifierKey() {
		t.Errorf("begun again: %+v, %v", at.Keys, err)
	}
	if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, r.f, Position{}, heldMap{}); gongxin.CodeOf(err) != "FEED_KEY" {
		t.Errorf("with the first key and no memory: %v", err)
	}
}

func TestAnAnnouncementIsTakenOnlyFromTheLog(t *testing.T) {
	second, _ := newKeys(t, testOrigin, 2)
	other, _ := newKeys(t, "credit.example/other", 2)
	body, err := gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon}.Body()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := gongxin.KeyAnnounced{VerifierKey: other.VerifierKey(), From: noon}.Body()
	if err != nil {
		t.Fatal(err)
	}
	same := func(b []byte) [3][]byte { return [3][]byte{b, b, b} }
	for _, tt := range []struct {
		name   string
		key    [16]byte
		bodies [3][]byte
		change func(*Record)
		want   string
	}{
		{"as it should be", [16]byte{}, same(body), nil, ""},
		{"another body", [16]byte{}, same(body), func(r *Record) { r.Body = foreign }, "FEED_COMMITMENT"},
		{"without its body", [16]byte{}, same(body), func(r *Record) { r.Salt, r.Body = nil, nil }, "FEED_COMMITMENT"},
		{"of a listing", [16]byte{1}, same(body), nil, "FEED_HISTORY"},
		{"the key of another log", [16]byte{}, same(foreign), nil, "FEED_ORIGIN"},
		{"no key", [16]byte{}, same([]byte(`{"key":"a+b+c","from":"2017-04-01T01:02:03.045Z"}`)), nil, "FEED_MALFORMED"},
		{"another form", [16]byte{}, same(append(bytes.Clone(body), ' ')), nil, "FEED_MALFORMED"},
	} {
		for _, a := range []gongxin.Audience{gongxin.AudiencePublic, gongxin.AudiencePartner, gongxin.AudienceCourt} {
			l := newLog(t)
			l.audience = a
			l.leaf(string(gongxin.KeyAnnouncement), tt.key, l.now, tt.bodies)
			if tt.change != nil {
				tt.change(&l.records[0])
			}
			l.sign()
			r := follow(t, l)
			if got := r.all(l); got != tt.want || (r.at.Keys.Next != "") != (tt.want == "") {
				t.Errorf("%s, %s: got %q, want %q; keys %+v", tt.name, a, got, tt.want, r.at.Keys)
			}
		}
	}
}

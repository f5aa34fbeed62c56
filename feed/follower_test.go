package feed

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/ledger"
)

// kinds names what happened, in order.
func kinds(changes []Change) string {
	var s []string
	for _, c := range changes {
		s = append(s, string(c.Event.Kind))
	}
	return strings.Join(s, " ")
}

func TestAFollowerHoldsWhatTheHubHolds(t *testing.T) {
	l := story(t)
	held := heldMap{}
	var p Position
	for _, to := range []uint64{0, 3, 5, 9} { // as it was committed
		c := Changes{After: p.Tree.Size(), Records: l.records[p.Tree.Size():to], Checkpoint: l.heads[to]}
		next, changes, err := advance(l.follower(), p, held, encode(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if err := held.Apply(changes); err != nil {
			t.Fatal(err)
		}
		p = next
	}
	if !maps.Equal(held, l.held) || p.Head != l.head || p.Tree != l.tree {
		t.Errorf("holds %v at %+v, want %v at %+v", held, p.Head, l.held, l.head)
	}
	_, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, l.since(0))) // and at once
	if err != nil {
		t.Fatal(err)
	}
	want := "listing_admitted listing_admitted listing_admitted listing_corrected listing_withdrawn procedure_step procedure_step listing_published listing_expired"
	if got := kinds(changes); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	e := changes[0].Event
	if e.Entry == nil || e.Entry.Subject.Number.Full() != citizen(0) || e.Entry.Subject.Name != names[0] || changes[0].Sequence != 1 {
		t.Errorf("the first change is %+v", changes[0])
	}
	if w := changes[4].Event; w.Ground != gongxin.GroundPerformed || w.On != gongxin.MustDay("2017-03-30") {
		t.Errorf("the withdrawal is %+v", w)
	}
	if changes[5].Event.Entry != nil {
		t.Error("a notice shows its entry to departments")
	}
}

func TestAPublicFollowerGetsTheBodyAsItIs(t *testing.T) {
	l := newLog(t)
	l.audience = gongxin.AudiencePublic
	l.admit(0)
	l.sign()
	_, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, l.since(0)))
	if err != nil {
		t.Fatal(err)
	}
	if c := changes[0]; c.Event.Entry != nil || !bytes.Contains(c.Body, []byte(names[0])) || bytes.Contains(c.Body, []byte(citizen(0))) {
		t.Errorf("got %s with %+v", c.Body, c.Event)
	}
	partner := Follower{Verifier: l.verifier, Audience: gongxin.AudiencePartner}
	if _, _, err := partner.Advance(Position{}, heldMap{}, l.since(0)); gongxin.CodeOf(err) != "FEED_COMMITMENT" {
		t.Errorf("a body for another audience: %v", err)
	}
}

func TestAHeartbeatMovesTheTimeOnly(t *testing.T) {
	l := story(t)
	p, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same one again is no fault
		beat := Changes{After: 9, Checkpoint: l.sign()}
		for range 2 {
			next, changes, err := advance(l.follower(), p, l.held, encode(t, beat))
			if err != nil || len(changes) != 0 || next.Tree != p.Tree || next.Head.At != l.now {
				t.Fatalf("%d changes, head %+v, %v", len(changes), next.Head, err)
			}
			p = next
		}
	}
}

func TestEveryFlippedByteOfChangesIsDetected(t *testing.T) {
	l := story(t)
	file := encode(t, l.since(0))
	start := Position{}
	for i := range file {
		for _, flip := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(file)
			b[i] ^= flip
			p, changes, err := advance(l.follower(), start, heldMap{}, b)
			if gongxin.CodeOf(err) == "" || p != start || changes != nil {
				t.Fatalf("byte %d ^ %#x: position %v, %d changes, %v", i, flip, p.Head, len(changes), err)
			}
		}
	}
	for i := range file {
		if _, err := ReadChanges(bytes.NewReader(file[:i])); gongxin.CodeOf(err) != "FEED_MALFORMED" {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	for _, more := range [][]byte{{0}, file} {
		if _, err := ReadChanges(bytes.NewReader(append(bytes.Clone(file), more...))); gongxin.CodeOf(err) != "FEED_MALFORMED" {
			t.Fatalf("%d bytes appended: %v", len(more), err)
		}
	}
}

// What is carried can be changed by somebody who knows the wire form: then the
// hash at the end fits, and the ledger finds it.
func TestEveryByteChangedInsideTheFileIsDetected(t *testing.T) {
	l := story(t)
	check := func(what string, c Changes, codes ...string) {
		t.Helper()
		p, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, c))
		if !slices.Contains(codes, gongxin.CodeOf(err)) || p != (Position{}) || changes != nil {
			t.Fatalf("%s: position %v, %d changes, %v", what, p.Head, len(changes), err)
		}
	}
	for n := range l.records {
		for part, codes := range map[string][]string{"leaf": {"FEED_ROOT"}, "salt": {"FEED_COMMITMENT"}, "body": {"FEED_COMMITMENT"}} {
			for i := 0; ; i++ {
				c := l.since(0)
				c.Records = slices.Clone(c.Records)
				r := &c.Records[n]
				field := map[string]*[]byte{"leaf": &r.Leaf, "salt": &r.Salt, "body": &r.Body}[part]
				if i == len(*field) {
					break
				}
				*field = bytes.Clone(*field)
				(*field)[i] ^= 1
				check(part, c, codes...)
			}
		}
	}
	for i := range l.heads[9] {
		c := l.since(0)
		c.Checkpoint = bytes.Clone(c.Checkpoint)
		c.Checkpoint[i] ^= 1
		check("checkpoint", c, "FEED_KEY", "FEED_MALFORMED", "FEED_ORIGIN")
	}
}

func TestAdvanceSaysWhatIsOff(t *testing.T) {
	l := story(t)
	at5, changes, err := l.follower().Advance(Position{}, heldMap{}, Changes{Records: l.records[:5], Checkpoint: l.heads[5]})
	if err != nil {
		t.Fatal(err)
	}
	held := heldMap{}
	if err := held.Apply(changes); err != nil {
		t.Fatal(err)
	}
	rest := func() Changes { c := l.since(5); c.Records = slices.Clone(c.Records); return c }
	signed := func(s *ledger.Signer, change func(*ledger.Head)) []byte {
		h := l.head
		change(&h)
		b, err := s.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	otherKey, _ := newKeys(t, testOrigin, 2)
	otherLog, _ := newKeys(t, "credit.example/other", 1)
	same := func(*ledger.Head) {}
	for _, tt := range []struct {
		name string
		want string
		make func() (Changes, Held)
	}{
		{"nothing off", "", func() (Changes, Held) { return rest(), held }},
		{"another key", "FEED_KEY", func() (Changes, Held) { c := rest(); c.Checkpoint = signed(otherKey, same); return c, held }},
		{"another log", "FEED_ORIGIN", func() (Changes, Held) { c := rest(); c.Checkpoint = signed(otherLog, same); return c, held }},
		{"no checkpoint", "FEED_MALFORMED", func() (Changes, Held) { c := rest(); c.Checkpoint = nil; return c, held }},
		{"an older checkpoint", "FEED_ROLLBACK", func() (Changes, Held) {
			return Changes{After: 3, Checkpoint: l.heads[3]}, held
		}},
		{"the same size, an earlier time", "FEED_TIME", func() (Changes, Held) {
			return Changes{After: 5, Checkpoint: signed(l.signer, func(h *ledger.Head) { *h = at5.Head; h.At = h.At.Add(-1e6) })}, held
		}},
		{"the same size, another root", "FEED_FORK", func() (Changes, Held) {
			return Changes{After: 5, Checkpoint: signed(l.signer, func(h *ledger.Head) { *h = at5.Head; h.Root[0] ^= 1 })}, held
		}},
		{"the same size, another count", "FEED_FORK", func() (Changes, Held) {
			return Changes{After: 5, Checkpoint: signed(l.signer, func(h *ledger.Head) { *h = at5.Head; h.Count++ })}, held
		}},
		{"the same size, another digest", "FEED_FORK", func() (Changes, Held) {
			return Changes{After: 5, Checkpoint: signed(l.signer, func(h *ledger.Head) { *h = at5.Head; h.Digest[0] ^= 1 })}, held
		}},
		{"more, at an earlier time", "FEED_FORK", func() (Changes, Held) {
			c := rest()
			c.Checkpoint = signed(l.signer, func(h *ledger.Head) { h.At = at5.Head.At.Add(-1e6) })
			return c, held
		}},
		{"a gap before", "FEED_GAP", func() (Changes, Held) { return l.since(6), held }},
		{"changes repeated", "FEED_GAP", func() (Changes, Held) { return l.since(3), held }},
		{"a change missing at the end", "FEED_GAP", func() (Changes, Held) { c := rest(); c.Records = c.Records[:3]; return c, held }},
		{"a change missing within", "FEED_GAP", func() (Changes, Held) { c := rest(); c.Records = slices.Delete(c.Records, 1, 2); return c, held }},
		{"a change twice", "FEED_GAP", func() (Changes, Held) { c := rest(); c.Records = append(c.Records, c.Records[0]); return c, held }},
		{"a change twice instead of another", "FEED_ROOT", func() (Changes, Held) { c := rest(); c.Records[1] = c.Records[0]; return c, held }},
		{"two changes exchanged", "FEED_ROOT", func() (Changes, Held) {
			c := rest()
			c.Records[0], c.Records[1] = c.Records[1], c.Records[0]
			return c, held
		}},
		{"bodies exchanged", "FEED_COMMITMENT", func() (Changes, Held) {
			c := rest()
			c.Records[0].Body, c.Records[2].Body = c.Records[2].Body, c.Records[0].Body
			return c, held
		}},
		{"the body of a listing in force missing", "FEED_COMMITMENT", func() (Changes, Held) {
			c := rest()
			c.Records[2].Salt, c.Records[2].Body = nil, nil
			return c, held
		}},
		{"the follower lost a listing", "FEED_COUNT", func() (Changes, Held) {
			h := maps.Clone(held)
			for id := range h {
				delete(h, id)
			}
			return rest(), h
		}},
		{"the follower holds another element", "FEED_DIGEST", func() (Changes, Held) {
			h := maps.Clone(held)
			for id, e := range h {
				e[0] ^= 1
				h[id] = e
			}
			return rest(), h
		}},
		{"another count signed", "FEED_COUNT", func() (Changes, Held) {
			c := rest()
			c.Checkpoint = signed(l.signer, func(h *ledger.Head) { h.Count++ })
			return c, held
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, h := tt.make()
			p, changes, err := l.follower().Advance(at5, h, c)
			if got := gongxin.CodeOf(err); got != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if tt.want != "" && (p != at5 || changes != nil) {
				t.Error("the position moved, or changes were given away")
			}
		})
	}
}

func TestHistoriesThatCannotBeAreRefused(t *testing.T) {
	none := [gongxin.Audiences][]byte{[]byte("{}"), []byte("{}"), []byte("{}")}
	for _, tt := range []struct {
		name  string
		write func(l *hubLog, in gongxin.ListingID)
		want  string
	}{
		{"an unknown kind", func(l *hubLog, in gongxin.ListingID) { l.leaf("listing_sealed", in, l.now, none) }, "FEED_UNKNOWN_EVENT"},
		{"enters twice", func(l *hubLog, in gongxin.ListingID) {
			l.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: in, Entry: l.entry(0)})
		}, "FEED_HISTORY"},
		{"corrected though not in force", func(l *hubLog, _ gongxin.ListingID) {
			l.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: gongxin.ListingID{9}, Entry: l.entry(0)})
		}, "FEED_HISTORY"},
		{"an event of no listing", func(l *hubLog, _ gongxin.ListingID) {
			l.event(gongxin.Event{Kind: gongxin.ListingWithdrawn})
		}, "FEED_HISTORY"},
		{"a snapshot of a listing", func(l *hubLog, in gongxin.ListingID) { l.leaf("snapshot_made", in, l.now, none) }, "FEED_HISTORY"},
		{"in force without content", func(l *hubLog, _ gongxin.ListingID) { l.leaf("listing_admitted", [16]byte{8}, l.now, none) }, "FEED_HISTORY"},
		{"a body that is no JSON", func(l *hubLog, _ gongxin.ListingID) {
			l.leaf("listing_admitted", [16]byte{8}, l.now, [3][]byte{nil, []byte("{"), nil})
		}, "FEED_MALFORMED"},
		{"revoked before it was in force", func(l *hubLog, _ gongxin.ListingID) {
			l.event(gongxin.Event{Kind: gongxin.ListingRevoked, Listing: gongxin.ListingID{9}})
		}, ""},
		{"enters again after it left", func(l *hubLog, in gongxin.ListingID) {
			l.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: in})
			l.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: in, Entry: l.entry(0)})
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t)
			in := l.admit(0)
			tt.write(l, in)
			l.sign()
			_, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
			if got := gongxin.CodeOf(err); got != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if tt.want == "FEED_UNKNOWN_EVENT" && !strings.Contains(err.Error(), "listing_sealed") {
				t.Errorf("%v does not name the kind", err)
			}
		})
	}
}

func TestAnErasedBodyIsFineOnceTheListingHasLeft(t *testing.T) {
	l := story(t)
	c := l.since(0)
	c.Records = slices.Clone(c.Records)
	for _, sequence := range []int{1, 2, 3, 5, 9} { // admitted and left, admitted and corrected, the exits
		c.Records[sequence-1].Salt, c.Records[sequence-1].Body = nil, nil
	}
	p, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, c))
	if err != nil || p.Head != l.head {
		t.Fatal(err)
	}
	if e := changes[4]; !e.Erased || e.Event.Kind != gongxin.ListingWithdrawn || e.Body != nil {
		t.Errorf("the erased withdrawal is %+v", e)
	}
	c.Records[3].Salt, c.Records[3].Body = nil, nil // the correction is what counts now
	if _, _, err := l.follower().Advance(Position{}, heldMap{}, c); gongxin.CodeOf(err) != "FEED_COMMITMENT" {
		t.Errorf("got %v", err)
	}
}

func TestAPositionIsReadAsWritten(t *testing.T) {
	l := story(t)
	empty, _, err := l.follower().Advance(Position{}, heldMap{}, Changes{Checkpoint: l.heads[0]})
	if err != nil {
		t.Fatal(err)
	}
	full, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
	if err != nil {
		t.Fatal(err)
	}
	told := full
	told.Keys = Keys{"credit.example/list+1+A", "credit.example/list+2+B"}
	told.Tally = Tally{noon, 1, 2, 3, 4, 5}
	for _, p := range []Position{{}, empty, full, told} {
		b, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var again Position
		if err := again.UnmarshalBinary(b); err != nil || again != p {
			t.Errorf("read %+v, %v; want %+v", again.Head, err, p.Head)
		}
		for i := range b {
			if again.UnmarshalBinary(b[:i]) == nil {
				t.Errorf("cut to %d bytes: no error", i)
			}
		}
	}
}

// What gates of the first release have on disk.
func TestAPositionOfTheFirstVersionIsRead(t *testing.T) {
	l := story(t)
	p, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := p.Tree.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	old := binary.BigEndian.AppendUint64([]byte{1}, uint64(p.Head.At.UnixMilli()))
	old = binary.BigEndian.AppendUint64(old, p.Head.Count)
	old = append(append(old, p.Head.Digest[:]...), tree...)
	var again Position
	if err := again.UnmarshalBinary(old); err != nil || again != (Position{Tree: p.Tree, Head: p.Head}) {
		t.Errorf("read %+v, %v", again.Head, err)
	}
	next, _, err := l.follower().Advance(again, l.held, Changes{After: 9, Checkpoint: l.sign()})
	if err != nil || next.Seen.len() != 1 {
		t.Errorf("goes on with %d seen, %v", next.Seen.len(), err)
	}
}

func TestChangesTooLongAreRefusedByTheWriter(t *testing.T) {
	leaf := ledger.Leaf{Kind: "listing_admitted", At: noon}.Append(nil)
	salt := make([]byte, ledger.SaltSize)
	var b bytes.Buffer
	if err := (Changes{Records: []Record{{leaf, salt, make([]byte, MaxBody+1)}}}).Encode(&b); err == nil {
		t.Error("a body longer than MaxBody was written")
	}
	largest := Record{leaf, salt, make([]byte, MaxBody)}
	c := Changes{Records: []Record{largest, largest, largest}}
	b.Reset()
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadChanges(&b); err != nil || len(again.Records) != 3 || len(again.Records[2].Body) != MaxBody {
		t.Errorf("%d records, %v", len(again.Records), err)
	}
	c.Records = append(c.Records, largest)
	if err := c.Encode(&b); err == nil {
		t.Error("more than MaxChanges were written")
	}
	if err := (Changes{Records: []Record{{leaf, salt[1:], nil}}}).Encode(&b); err == nil {
		t.Error("a short salt was written")
	}
}

package gate

import (
	"path/filepath"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

// small is a guard that a test can reach.
var small = feed.Guard{DropCount: 3, DropShare: 0.05, SurgeCount: 5, SurgeShare: 0.20, EmptyFrom: 5}

func TestAnAbnormalChangeWaitsForTheHubOrAnOfficer(t *testing.T) {
	h := newHub(t)
	var ids []gongxin.ListingID
	for n := range 12 { // a first list enters at once
		ids = append(ids, h.admit(entry(t, n)))
	}
	c := h.config(t.TempDir())
	c.Guard = &small
	g := reopened(t, c)
	h.catchUp(t, g)
	refs := []string{g.person(t, 0).Reference, g.person(t, 11).Reference}
	for _, id := range ids[:5] {
		h.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: id, Ground: gongxin.GroundPerformed})
	}
	h.sign()
	held := func(sequence uint64) {
		t.Helper()
		if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_ABNORMAL" {
			t.Fatalf("got %v", err)
		}
		want := Abnormal{Since: h.clock.now(), Sequence: sequence, Left: 5, Before: 12, After: 7}
		if sequence > 17 {
			want.After, want.Entered = 8, 1
		}
		if s := g.Status(); s.State != stateAbnormal || s.Abnormal == nil || *s.Abnormal != want || s.Sequence != 12 {
			t.Errorf("status: %+v, %+v", s, s.Abnormal)
		}
	}
	held(17)
	if d, err := g.peek(0); err != nil || d.Outcome != gongxin.Block {
		t.Errorf("the copy of before does not serve: %s, %v", d.Outcome, err)
	}
	if code := refused(t, g, Order{Accept: 18}); code != "ACCEPT_OTHER" { // more than the officer can have seen
		t.Errorf("accepted %q", code)
	}
	if code := refused(t, g, Order{Accept: 12}); code != "ACCEPT_OTHER" {
		t.Errorf("accepted %q", code)
	}

	// It serves until it is stale, and no longer.
	h.clock.move(61 * time.Minute)
	if d, err := g.peek(0); err != nil || d.Outcome != gongxin.Refer || codes(d)[0] != "STALE" {
		t.Errorf("after an hour: %s %v", d.Outcome, codes(d))
	}
	h.sign()
	g.abnormal.Store(nil)
	h.admit(entry(t, 20))
	held(18)

	// The officer's word counts up to where it goes, once, and is recorded; also if it
	// comes while the gate does not run.
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if taken, err := (Order{By: "李科长", Reason: "已经核实", Accept: 18}).Give(t.Context(), c.Dir, 0); taken || err != nil {
		t.Fatalf("given: %v, %v", taken, err)
	}
	g = reopened(t, c)
	held(18)
	if err := g.takeOrders(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	if s := g.Status(); s.State != stateFollowing || s.Abnormal != nil || s.Sequence != 18 || s.RestrictionsOpen != 1 {
		t.Errorf("accepted: %+v", s)
	}
	if r := g.stands(t, refs[0]); r.State != stateLifted {
		t.Errorf("withdrawn: %+v", r)
	}
	if a := g.outcomes.acts; len(a) != 1 || a[0].kind != actAccepted || a[0].by != "李科长" || a[0].size != 18 {
		t.Errorf("recorded: %+v", a)
	}
	for _, id := range ids[5:9] {
		h.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: id, Ground: gongxin.GroundPerformed})
	}
	h.sign()
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_ABNORMAL" {
		t.Errorf("a second time: %v", err)
	}

	// The hub approves it: nobody has to do anything here.
	body, err := gongxin.BatchApproved{Batch: "clean-up", Withdrawals: 4, By: gongxin.RoleHub}.Body()
	if err != nil {
		t.Fatal(err)
	}
	h.leaf(string(gongxin.BatchApproval), [16]byte{}, gongxin.Millis(h.clock.now()), [gongxin.Audiences][]byte{body, body, body})
	h.sign()
	h.catchUp(t, g)
	if s := g.Status(); s.State != stateFollowing || s.Listings != 4 {
		t.Errorf("approved: %+v", s)
	}
}

func TestAFirstListMayComeInManyPartsAndBeCutOff(t *testing.T) {
	h := newHub(t)
	h.set(func() { h.limit = 2 })
	for n := range 20 {
		h.admit(entry(t, n))
	}
	c := h.config(t.TempDir())
	c.Guard = &small
	g := reopened(t, c)
	for range 2 {
		if _, err := g.step(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = reopened(t, c)
	h.catchUp(t, g)
	if s := g.Status(); s.Listings != 20 || g.loading.Load() {
		t.Errorf("status: %+v", s)
	}
	if files, err := filepath.Glob(filepath.Join(c.Dir, firstLoadFile)); err != nil || len(files) != 0 {
		t.Errorf("left over: %v, %v", files, err)
	}
	h.set(func() { h.limit = 0 })
	for n := range 8 {
		h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: gongxin.ListingID{1, byte(n)}, Origin: gongxin.FromCourtFile, Entry: entry(t, 30+n)})
	}
	h.sign()
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_ABNORMAL" {
		t.Errorf("a surge afterwards: %v", err)
	}
	// A snapshot is taken as it is.
	h.snapshot()
	if err := g.fetchAnew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := g.Status(); s.Listings != 28 || s.State != stateFollowing {
		t.Errorf("status: %+v", s)
	}
}

func TestTheDefaultGuardFreesTheLastOfAShortList(t *testing.T) {
	h, g, reference, id := blocked(t)
	h.withdraw(id)
	h.catchUp(t, g)
	if r := g.stands(t, reference); r.State != stateLifted || g.Status().Listings != 0 {
		t.Errorf("%+v", r)
	}
}

// rotate hands h's log over to another key.
func (h *hub) rotate(seed uint64) {
	h.t.Helper()
	secret, public, err := ledger.GenerateKey("credit.example/list", &seedReader{seed << 32})
	if err != nil {
		h.t.Fatal(err)
	}
	body, err := gongxin.KeyAnnounced{VerifierKey: public, From: h.clock.now()}.Body()
	if err != nil {
		h.t.Fatal(err)
	}
	h.leaf(string(gongxin.KeyAnnouncement), [16]byte{}, gongxin.Millis(h.clock.now()), [gongxin.Audiences][]byte{body, body, body})
	h.sign()
	if h.signer, err = ledger.NewSigner(secret); err != nil {
		h.t.Fatal(err)
	}
	h.VerifierKey = public
}

func TestAGateFollowsTheHubsNewKeyAndCanBeGivenIt(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	old := h.VerifierKey
	c := h.config(t.TempDir())
	g := reopened(t, c)
	h.catchUp(t, g)
	stolen := h.signer
	h.rotate(3)
	h.catchUp(t, g)
	if s := g.Status(); s.HubKey != old {
		t.Errorf("before the new key signs: %s", s.HubKey)
	}
	h.admit(entry(t, 1))
	h.catchUp(t, g)
	if s := g.Status(); s.HubKey != h.VerifierKey || s.Listings != 2 {
		t.Errorf("status: %+v", s)
	}
	fresh := h.signer
	h.signer = stolen
	h.admit(entry(t, 2))
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_KEY" {
		t.Errorf("by the key that was replaced: %v", err)
	}
	h.signer = fresh
	h.sign()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{old, h.VerifierKey, h.VerifierKey} { // the operator replaces hub.pub some day
		c.VerifierKey = key
		g := reopened(t, c)
		h.catchUp(t, g)
		if s := g.Status(); s.HubKey != h.VerifierKey || s.Listings != 3 {
			t.Errorf("status: %+v", s)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A damaged list is fetched again by the key of now, whatever file was given.
	dir := filepath.Join(t.TempDir(), "gate")
	c = h.config(dir)
	c.VerifierKey = old
	full := h.size()
	h.snapshot()
	g = reopened(t, c)
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_KEY" {
		t.Errorf("a new gate with the old key, at %d: %v", full, err)
	}
}

func TestAListIsFetchedAgainByTheKeyThatReplacedTheGivenOne(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g := reopened(t, c)
	h.catchUp(t, g)
	h.rotate(3)
	h.catchUp(t, g)
	h.admit(entry(t, 1))
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	h.snapshot()
	ruin(t, c.Dir)
	g = reopened(t, c)
	h.catchUp(t, g)
	if s := g.Status(); s.Listings != 2 || s.HubKey != h.VerifierKey {
		t.Errorf("status: %+v", s)
	}
}

func TestWitnessesAreDemanded(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	one, err := ledger.GenerateCosigner("witness.example/one", &seedReader{500})
	if err != nil {
		t.Fatal(err)
	}
	w, err := ledger.NewWitness(one.WitnessKey())
	if err != nil {
		t.Fatal(err)
	}
	c := h.config(t.TempDir())
	c.Witnesses = feed.Witnesses{Known: []*ledger.Witness{w}, Need: 2}
	if _, err := Open(c); gongxin.CodeOf(err) != "GATE_CONFIG" {
		t.Errorf("two of one: %v", err)
	}
	c.Witnesses.Need = 1
	g := h.openWith(t, c)
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_WITNESS" || g.Status().Sequence != 0 {
		t.Errorf("not cosigned: %v", err)
	}
	seen, err := one.Cosign(h.heads[1], h.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	h.set(func() { h.heads[1] = seen })
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("cosigned: %s", d.Outcome)
	}
}

package relay

import (
	"crypto/rand"
	"testing"

	"gongxin"
	"gongxin/ledger"
)

// A relay follows the hub to another key, and knows it after a restart as well,
// although it was given the first one alone.
func TestARelayFollowsToAnotherKey(t *testing.T) {
	c := newCentre(t)
	c.list(5)
	dir := t.TempDir()
	y := c.city(dir)
	y.reaches(c.size())
	secret, key, err := ledger.GenerateKey("gongxin.test/hub", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	body, err := gongxin.KeyAnnounced{VerifierKey: key, From: today}.Body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Store.Announce(t.Context(), gongxin.KeyAnnouncement, body); err != nil {
		t.Fatal(err)
	}
	y.reaches(c.size())
	c.mu.Lock()
	c.signer = signer
	c.mu.Unlock()
	c.list(2)
	y.reaches(c.size())
	for range 2 { // the snapshot is signed by the new key, and nothing of the old one is left
		c.list(2)
		if err := c.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		y.reaches(c.size())
		before := c.size() - 1
		until(t, func() bool { return y.Health().Snapshot == before }, func() string { return "no snapshot" })
	}
	y.stop()
	c.setAway(true)
	y = c.city(dir)
	y.reaches(c.size())
	c.setAway(false)
	c.list(1)
	y.reaches(c.size())
	fresh, err := ledger.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(y.url, y.token, fresh)
	g.follow(t)
	if g.at.Tree.Size() != c.size() {
		t.Errorf("a gate with the new key is at %d of %d", g.at.Tree.Size(), c.size())
	}
}

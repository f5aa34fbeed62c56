package main

import (
	"os"
	"strings"
	"testing"
)

// A crash may come after the hub's key was written and before its public one was.
func TestAPublicKeyThatACrashPreventedIsMadeGood(t *testing.T) {
	h := home{dir: t.TempDir(), origin: defaultOrigin}
	before, _, err := h.keys()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.path("hub.pub")); err != nil {
		t.Fatal(err)
	}
	signer, _, err := h.keys()
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(h.path("hub.pub"))
	if err != nil || strings.TrimSpace(string(public)) != before.VerifierKey() || signer.VerifierKey() != before.VerifierKey() {
		t.Errorf("hub.pub holds %q, the hub signs with %s, its key was %s (%v)", public, signer.VerifierKey(), before.VerifierKey(), err)
	}
}

// Who has lost the key is told so: another one would not go on with the log.
func TestALostKeyIsNotReplacedByAnother(t *testing.T) {
	h := home{dir: t.TempDir(), origin: defaultOrigin}
	if _, _, err := h.keys(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.path("hub.key")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.keys(); err == nil || !strings.Contains(err.Error(), "put hub.key back") {
		t.Errorf("without its key the hub says %v", err)
	}
	if _, err := os.Stat(h.path("hub.key")); err == nil {
		t.Error("another key was made")
	}
}

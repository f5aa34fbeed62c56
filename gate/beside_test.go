package gate

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
)

// Whoever reads the list beside a gate knows who is certainly not in it, and counts it
// as fresh for no longer than the gate does.
func TestTheListBesideAGateIsTheGates(t *testing.T) {
	h := newHub(t)
	for n := range 5 {
		h.admit(entry(t, n))
	}
	dir := t.TempDir()
	g := h.open(t, dir)
	h.catchUp(t, g)
	server := httptest.NewServer(g.Handler())
	defer server.Close()
	client := NewClient(server.URL)
	defer client.Close()
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if known, err := client.Knows(t.Context(), "flight"); err != nil || !known {
		t.Errorf("flight is not known: %v", err)
	}
	if known, err := client.Knows(t.Context(), "nonsense"); err != nil || known {
		t.Errorf("nonsense is known: %v", err)
	}
	b, err := OpenBeside(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() // only read
	numbers := []identity.Number{parse(t, citizen(0)), parse(t, citizen(4)), parse(t, citizen(5)), {}}
	may := make([]bool, len(numbers))
	b.Maybe(numbers, may)
	if !may[0] || !may[1] || may[3] {
		t.Errorf("may be listed: %v", may)
	}
	bytes, may := [][]byte{[]byte(citizen(3)), []byte(citizen(77))}, make([]bool, 2)
	if b.Candidates(bytes, may); !may[0] {
		t.Error("one who is listed is no candidate")
	}
	sequence, asOf, fresh := b.Fresh(s.AsOf)
	if sequence != s.Sequence || !asOf.Equal(s.AsOf) || !fresh {
		t.Errorf("sequence %d as of %v, fresh %v; the gate says %+v", sequence, asOf, fresh, s)
	}
	if _, _, fresh := b.Fresh(s.FreshUntil.Add(time.Millisecond)); fresh {
		t.Error("fresh for longer than the gate")
	}

	// A list that is older than what the gate holds is not fresh.
	ahead := s
	ahead.Sequence++
	older, err := OpenBeside(dir, ahead)
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close() // only read
	if _, _, fresh := older.Fresh(s.AsOf); fresh {
		t.Error("a list that the gate has left behind is fresh")
	}

	// One that the gate itself does not count as fresh is not either.
	stale := s
	stale.FreshUntil = time.Time{}
	none, err := OpenBeside(dir, stale)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close() // only read
	if _, _, fresh := none.Fresh(s.AsOf); fresh {
		t.Error("fresh, and the gate is not")
	}

	other := s
	other.HubKey = newHubOf(t, "credit.example/other", 9).VerifierKey
	if _, err := OpenBeside(dir, other); gongxin.CodeOf(err) != "GATE_OTHER_HUB" {
		t.Errorf("of another hub: %v", err)
	}
	if _, err := OpenBeside(t.TempDir(), s); gongxin.CodeOf(err) != "GATE_NO_DIRECTORY" {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, listDir)); err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Glob(filepath.Join(dir, listDir, "*.base"))
	if err != nil || len(lists) != 1 {
		t.Fatal(lists, err)
	}
	whole, err := os.ReadFile(lists[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.CopyFS(damaged, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	whole[len(whole)-40] ^= 1
	if err := os.WriteFile(filepath.Join(damaged, listDir, filepath.Base(lists[0])), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBeside(damaged, s); gongxin.CodeOf(err) != "GATE_STATE_CORRUPT" {
		t.Errorf("a damaged list: %v", err)
	}
}

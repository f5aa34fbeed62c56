package gate

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin"
	"gongxin/ledger"
)

func TestReceiptsAreSignedByTheGatesOwnKeyAndTellWhatItHolds(t *testing.T) {
	h := newHub(t)
	server := httptest.NewServer(h)
	defer server.Close()
	dir := t.TempDir()
	c := h.config(dir)
	c.Reporter = HTTPReporter{URL: server.URL}
	g := h.openWith(t, c)
	run(t, g)
	h.admit(entry(t, 0))
	until(t, "the receipt arrives", func() bool { return h.receipt().Sequence == h.size() })
	r := h.receipt()
	said, err := ledger.OpenReceipt(r.Key, []byte(r.Note))
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.Receipt{Origin: "credit.example/list", Gate: "railway", Sequence: h.size(), Root: h.tree.Root(), Count: 1, Digest: h.head.Digest, Applied: noon}
	if said != want || r.Sequence != said.Sequence || r.Count != said.Count || r.Digest != said.Digest || !r.At.Equal(said.Applied) {
		t.Errorf("got %+v beside %+v, want %+v", said, r, want)
	}
	if s := g.Status(); s.ReceiptKey != r.Key {
		t.Errorf("the status shows %q", s.ReceiptKey)
	}
	i, err := os.Stat(filepath.Join(dir, receiptKeyFile))
	if err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", i, err)
	}
}

func TestTheReceiptKeyStaysAndIsOneGates(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gate")
	if _, err := LoadReceiptKey(dir, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no key and no name: %v", err)
	}
	made, err := LoadReceiptKey(dir, "railway")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"railway", ""} {
		if again, err := LoadReceiptKey(dir, name); err != nil || again.VerifierKey() != made.VerifierKey() || KeyName(again) != "railway" {
			t.Errorf("read again as %q: %v", name, err)
		}
	}
	if _, err := LoadReceiptKey(dir, "bank"); gongxin.CodeOf(err) != "GATE_RECEIPT_KEY" {
		t.Errorf("as another gate's: %v", err)
	}
	h := newHub(t)
	c := h.config(dir)
	c.Name = "bank"
	if _, err := Open(c); gongxin.CodeOf(err) != "GATE_RECEIPT_KEY" {
		t.Errorf("another gate in the same directory: %v", err)
	}
	path := filepath.Join(dir, receiptKeyFile)
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range secret[:len(secret)-1] {
		damaged := []byte(string(secret))
		damaged[i] ^= 1
		put(t, path, damaged)
		if key, err := LoadReceiptKey(dir, "railway"); err == nil && key.VerifierKey() != made.VerifierKey() {
			t.Fatalf("byte %d changed, and the key is another one", i)
		}
	}
	put(t, path, secret[:20])
	g := h.open(t, dir) // goes on with another key: the hub's operator lets it in
	if key := g.Status().ReceiptKey; key == made.VerifierKey() || !strings.HasPrefix(key, "railway+") {
		t.Errorf("after damage: %q", key)
	}
	if aside, err := filepath.Glob(path + ".damaged-*"); err != nil || len(aside) != 1 {
		t.Errorf("put aside: %v, %v", aside, err)
	}
}

// A hub of before signed receipts refuses unknown fields; one that knows them may
// refuse what a receipt says.
func TestAReceiptGoesToOlderHubsAsTheyKnowItAndAnUnbelievedOneIsShown(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		status     int
		asked      int
		want       string
	}{
		{"an older hub", "", http.StatusUnprocessableEntity, 2, ""},
		{"another key was trusted", "RECEIPT_KEY", http.StatusConflict, 1, "RECEIPT_REFUSED"},
		{"not signed by the key", "RECEIPT_KEY", http.StatusUnprocessableEntity, 1, "RECEIPT_REFUSED"},
		{"away", "", http.StatusBadGateway, 1, "HUB_UNREACHABLE"},
	} {
		asked := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			b := make([]byte, r.ContentLength)
			_, _ = r.Body.Read(b)
			if strings.Contains(string(b), `"note"`) || tt.want != "" {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(`{"code":"` + tt.code + `"}`))
			}
		}))
		err := HTTPReporter{URL: s.URL}.Receipt(t.Context(), "railway", Receipt{Note: "n", Key: "k"})
		if gongxin.CodeOf(err) != tt.want || asked != tt.asked {
			t.Errorf("%s: asked %d times, %v", tt.name, asked, err)
		}
		s.Close()
	}
}

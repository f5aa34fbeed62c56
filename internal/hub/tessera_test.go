package hub

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	tessera "github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"gongxin"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// What a hub serves after courts' files came in is a log that somebody else's
// software verifies from the first leaf to the last.
func TestAnIndependentClientVerifiesWhatTheHubServes(t *testing.T) {
	c := newCentre(t)
	for seed, rows := range []int{1, 300, 2500} { // a batch within a tile, over one, over several checkpoints
		file, err := io.ReadAll(synthetic.NewPersons(uint64(seed), rows, gongxin.DayOf(today).Add(-400*seed)))
		if err != nil {
			t.Fatal(err)
		}
		c.want(200, "", "court", "POST", "/v1/intake?name=persons.csv", file)
	}
	head, err := c.head(t.Context())
	if err != nil || head.Size < 2500 {
		t.Fatalf("the log has %d leaves, %v", head.Size, err)
	}
	address, err := url.Parse(c.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	fetch, err := client.NewHTTPFetcher(address, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(c.VerifierKey)
	if err != nil {
		t.Fatal(err)
	}
	leaves := func(bundle []byte) (hashes [][]byte, err error) {
		var b tessera.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		for _, e := range b.Entries {
			if _, err := ledger.ParseLeaf(e); err != nil {
				return nil, err
			}
			h := ledger.RecordHash(e)
			hashes = append(hashes, bytes.Clone(h[:]))
		}
		return hashes, nil
	}
	if err := fsck.New("gongxin.test/hub", verifier, fetch, leaves, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

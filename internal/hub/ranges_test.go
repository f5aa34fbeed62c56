package hub

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/store"
)

// fill appends n events of the log itself, which cost little, each to its own
// checkpoint or all to few.
func (c *centre) fill(n int) {
	c.t.Helper()
	body, err := gongxin.BatchApproved{Batch: "b1", By: gongxin.RoleOperator}.Body()
	if err == nil {
		err = c.Store.Write(c.t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range n {
				if _, err := tx.Announce(ctx, gongxin.BatchApproval, body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// asks makes a request that follows no redirection.
func (c *centre) asks(who, path string, header ...string) (status int, h http.Header, body []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if secret := c.tokens[who]; secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, b.Bytes()
}

// What is long past is served as ranges, which a cache may keep; followers that began
// at different places meet in the same ones, and a range stays what it was.
func TestWhatIsLongPastIsServedAsRangesThatStay(t *testing.T) {
	c := newCentre(t)
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(1, 3))
	c.fill(rangeChanges - 3)
	if status, h, _ := c.asks("railway", "/v1/feed/changes?after=0"); status != 200 || h.Get("Cache-Control") != "no-store" {
		t.Errorf("up to the newest checkpoint, which may be signed again: %d %v", status, h)
	}
	c.fill(5000)
	met := map[string]int{}
	var first []byte
	for _, begin := range []uint64{0, 3} {
		at := begin
		for range 10 {
			status, h, _ := c.asks("railway", fmt.Sprintf("/v1/feed/changes?after=%d", at))
			if status != http.StatusTemporaryRedirect {
				break
			}
			if h.Get("Cache-Control") != "no-store" {
				t.Errorf("the redirection may be kept: %v", h)
			}
			path := "/v1/feed/" + h.Get("Location")
			status, h, body := c.asks("railway", path)
			if status != 200 || h.Get("Cache-Control") != keepRange || h.Get("ETag") == "" {
				t.Fatalf("%s: %d %v", path, status, h)
			}
			changes, err := feed.ReadChanges(bytes.NewReader(body))
			if err != nil || changes.After != at || len(changes.Records) == 0 {
				t.Fatalf("%s: %v", path, err)
			}
			if begin == 0 && at == 0 {
				first = body
			}
			met[path]++
			at += uint64(len(changes.Records))
			if status, _, b := c.asks("railway", path, "If-None-Match", h.Get("ETag")); status != http.StatusNotModified || len(b) > 0 {
				t.Errorf("%s, which the cache has: %d", path, status)
			}
			if status, _, _ := c.asks("nobody", path, "If-None-Match", h.Get("ETag")); status != http.StatusUnauthorized {
				t.Errorf("%s to nobody: %d", path, status)
			}
		}
		if at != rangeChanges {
			t.Errorf("from %d ranges lead to %d, want %d", begin, at, rangeChanges)
		}
	}
	c.fill(2 * rangeChanges)
	if err := c.Store.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, b := c.asks("railway", fmt.Sprintf("/v1/feed/ranges/0-%d", rangeChanges)); !bytes.Equal(b, first) {
		t.Error("a range is another after the log has grown")
	}
	for _, name := range []string{"0-1", "0-0", "x", "00-8192", "0-99999999", "-", "8192-0"} {
		c.want(404, "FEED_RANGE", "railway", "GET", "/v1/feed/ranges/"+name, nil)
	}
	f := c.follower("hotels") // follows redirections as any client does
	f.follow()
	if f.at.Tree.Size() != 3*rangeChanges+5000 || len(f.held) != 3 {
		t.Errorf("a gate is at %d with %d listings", f.at.Tree.Size(), len(f.held))
	}
	if status, h, _ := c.asks("railway", "/v1/feed/access"); status != http.StatusNoContent || h.Get("Cache-Control") != "no-store" {
		t.Errorf("access: %d %v", status, h)
	}
	c.want(401, "UNAUTHENTICATED", "nobody", "GET", "/v1/feed/access", nil)
}

// A batch that was approved is announced before anything of it goes in, once and with
// its numbers, and says nothing about anybody.
func TestAnApprovedBatchIsAnnouncedBeforeItGoesIn(t *testing.T) {
	c := newStrict(t)
	f := c.follower("railway")
	f.follow()
	before := f.at.Tree.Size()
	b := c.held(c.want(202, "", "court", "POST", "/v1/intake?name=many.json", rowsOf(11, 6)))
	for range 2 {
		c.want(200, "", "operator", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	}
	for range 2 {
		if err := c.ApplyBatches(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := c.changes(t.Context(), gongxin.AudiencePublic, before, maxChanges)
	if err != nil || len(changes.Records) != 7 {
		t.Fatalf("%d events, want the announcement and 6: %v", len(changes.Records), err)
	}
	said, err := gongxin.ParseBatchApproved(changes.Records[0].Body)
	if want := (gongxin.BatchApproved{Batch: b.ID, Listings: 6, By: gongxin.RoleOperator}); err != nil || said != want {
		t.Errorf("announced: %+v, %v, want %+v", said, err, want)
	}
	f.follow()
	if len(f.held) != 16 {
		t.Errorf("a gate holds %d", len(f.held))
	}
	c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(17, 8)))
	head, err := c.head(t.Context())
	if err != nil || head.Size != before+7 {
		t.Errorf("what is not approved is announced: %d, %v", head.Size, err)
	}
}

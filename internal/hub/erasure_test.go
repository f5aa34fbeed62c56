package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/calendar"
	"gongxin/internal/store"
)

func TestTheFirstDayThatIsRetained(t *testing.T) {
	day := gongxin.MustDay
	for _, tt := range []struct {
		today string
		n     int
		unit  calendar.Unit
		want  string
	}{
		{"2022-09-01", 5, calendar.Years, "2017-09-01"}, // its last day is today
		{"2024-02-29", 5, calendar.Years, "2019-03-01"}, // 28 February 2019 ended on 28 February 2024
		{"2025-03-01", 5, calendar.Years, "2020-03-01"}, // 29 February 2020 ended on 28 February 2025
		{"2025-02-28", 5, calendar.Years, "2020-02-28"},
		{"2017-03-31", 1, calendar.Months, "2017-02-28"},
		{"2017-09-01", 10, calendar.Days, "2017-08-22"},
	} {
		got, err := retainedFrom(day(tt.today), tt.n, tt.unit)
		if tt.unit == calendar.Months { // hold it against the definition
			for d := got.Add(-40); d <= day(tt.today); d = d.Add(1) {
				end, _ := calendar.End(d, tt.n, tt.unit)
				if (end < day(tt.today)) != (d < got) {
					t.Errorf("%s: %s ends on %s, first retained is %s", tt.today, d, end, got)
				}
			}
			continue
		}
		if err != nil || got != day(tt.want) {
			t.Errorf("on %s, %d %s: %s, %v, want %s", tt.today, tt.n, tt.unit, got, err, tt.want)
		}
	}
}

// Five years after its end a listing's personal data are gone, from the register, the
// snapshots and the published directory; the others' stay, and gates follow on.
func TestPersonalDataAreErasedAfterTheRetentionTerm(t *testing.T) {
	now := today
	c := newCentreAt(t, func() time.Time { return now })
	c.PublishDir = t.TempDir()
	publish := func() {
		t.Helper()
		after, err := feed.Published(c.PublishDir)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := c.changes(t.Context(), gongxin.AudiencePartner, after, maxChanges)
		if err == nil {
			err = feed.Publish(c.PublishDir, changes)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	take := func(n int) string {
		t.Helper()
		var taken struct{ Listing string }
		b := c.want(200, "", "court", "POST", "/v1/intake?report=all", rowsOf(n, 1))
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(&taken); err != nil {
			t.Fatal(err)
		}
		return taken.Listing
	}
	ending, lasting := take(1), take(2)
	publish()
	if err := c.Snapshot(t.Context()); err != nil { // holds both
		t.Fatal(err)
	}
	c.want(200, "", "judge", "POST", "/v1/listings/"+ending+"/withdrawal", map[string]string{"ground": "performed", "decision": "D2", "on": "2017-09-01"})
	publish()
	secret := []byte(fields(1)["身份证号码"])
	holds := func(dir string) (files, with int) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			if bytes.Contains(c.contents(path), secret) {
				with++
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return files, with
	}
	erased := func() bool {
		t.Helper()
		id, err := gongxin.ParseListingID(ending)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error {
			_, err := v.Listing(ctx, id)
			return err
		})
		return gongxin.CodeOf(err) == "LISTING_ERASED"
	}
	dirs := []string{filepath.Join(c.PublishDir, publishedChanges), c.PublishDir, filepath.Join(c.Dir, snapshotDir)}
	for i, least := range []int{1, 2, 1} { // the directory itself holds the snapshot too
		if _, with := holds(dirs[i]); with < least {
			t.Fatalf("%s: the test looks for nothing", dirs[i])
		}
	}
	now = gongxin.MustDay("2022-09-01").Start().Add(23 * time.Hour) // the last day of the term
	if err := c.erase(t.Context()); err != nil || erased() {
		t.Fatalf("on the last day of the term: erased %v, %v", erased(), err)
	}
	now = gongxin.MustDay("2022-09-02").Start()
	for range 2 { // the second time finds nothing to do
		if err := c.erase(t.Context()); err != nil || !erased() {
			t.Fatalf("after the term: erased %v, %v", erased(), err)
		}
		publish()
	}
	for _, dir := range dirs {
		if files, with := holds(dir); files == 0 || with != 0 {
			t.Errorf("%s: %d of %d files hold what was erased", dir, with, files)
		}
	}
	c.issue("later", tokenUntil("later", now.AddDate(1, 0, 0)))
	b := c.want(200, "", "later", "GET", "/v1/listings/"+lasting, nil)
	if !bytes.Contains(b, []byte(lasting)) {
		t.Errorf("another listing: %s", b)
	}
	// What happened can still be shown, and of whom cannot.
	b = c.want(200, "", "later", "GET", "/v1/listings/"+ending+"/deliveries", nil)
	if !bytes.Contains(b, []byte("listing_withdrawn")) || bytes.Contains(b, secret) {
		t.Errorf("deliveries of an erased listing: %s", b)
	}
	b = c.want(200, "", "later", "GET", "/v1/listings/"+ending+"/state?at=2017-09-01T02:00:00Z", nil)
	if !bytes.Contains(b, []byte(`"in_force":`)) {
		t.Errorf("state of an erased listing: %s", b)
	}
	// A new gate begins from the directory, and one from the hub.
	follower := feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner}
	for name, source := range map[string]feed.Source{"directory": feed.DirSource{Dir: c.PublishDir}} {
		k := &keeper{elements{}}
		p, err := feed.Bootstrap(t.Context(), source, follower, feed.Position{}, k)
		if err != nil || len(k.elements) != 1 || p.Head.Count != 1 {
			t.Errorf("from the %s: %d listings, %v", name, len(k.elements), err)
		}
	}
	if err := c.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error { return v.Check(ctx) }); err != nil {
		t.Errorf("after erasing: %v", err)
	}
}

// contents reads a file of the feed as it is on disk and as it says.
func (c *centre) contents(path string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	if changes, err := feed.ReadChanges(bytes.NewReader(b)); err == nil {
		for _, r := range changes.Records {
			b = append(b, r.Body...)
		}
	}
	var said []byte
	_, _, err = feed.ReadSnapshot(bytes.NewReader(b), feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner}, func(change feed.Change) error {
		said = append(said, change.Body...)
		return nil
	})
	if err == nil {
		b = append(b, said...)
	}
	return b
}

// A keeper keeps what a bootstrap gives.
type keeper struct{ elements }

func (k *keeper) Apply(changes []feed.Change) error {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			k.elements[c.Event.Listing] = c.Element
		case gongxin.ForceLeaves:
			delete(k.elements, c.Event.Listing)
		}
	}
	return nil
}

func tokenUntil(id string, expires time.Time) access.Token {
	return access.Token{ID: id, Role: gongxin.RoleOperator, Created: today, Expires: expires}
}

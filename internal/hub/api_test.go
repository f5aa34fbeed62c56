package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"gongxin/internal/calendar"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/courts"
	"gongxin/internal/documents"
	"gongxin/internal/policy"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// today is when the tests happen.
var today = time.Date(2017, 9, 1, 2, 0, 0, 0, time.UTC)

// A centre is a hub on a real store behind a real server, with a caller for each role.
type centre struct {
	*Hub
	t      *testing.T
	url    string
	tokens map[string]string
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	return newCentreAt(t, func() time.Time { return today })
}

func newCentreAt(t *testing.T, now func() time.Time) *centre {
	t.Helper()
	secret, verifier, err := ledger.GenerateKey("gongxin.test/hub", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir+"/hub.db", store.Options{Sign: signer.Sign, BlindKey: bytes.Repeat([]byte{7}, 32), Now: now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h, err := New(Config{Store: db, Register: register.New(register.Config{Writer: NewWriter(db), Policy: policy.Default(), Calendar: calendar.Embedded(), Courts: courts.Embedded(),
		Scribe: documents.New(documents.Options{Courts: courts.Embedded(), Templates: CourtTemplates(db)}), Now: now, Random: rand.Reader}),
		Courts: courts.Embedded(), VerifierKey: verifier, Dir: dir, Now: now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h.Handler())
	t.Cleanup(server.Close)
	c := &centre{Hub: h, t: t, url: server.URL, tokens: map[string]string{"nobody": ""}}
	court := gongxin.MustCourtCode("苏0505")
	for name, token := range map[string]access.Token{
		"clerk":    {Role: gongxin.RoleClerk, Court: court},
		"judge":    {Role: gongxin.RoleJudge, Court: court},
		"stranger": {Role: gongxin.RoleJudge, Court: gongxin.MustCourtCode("苏0506")},
		"court":    {Role: gongxin.RoleCourtSystem},
		"operator": {Role: gongxin.RoleOperator},
		"railway":  {Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门"},
	} {
		token.ID, token.Created, token.Expires = name, today, today.AddDate(0, 0, 1)
		c.issue(name, token)
	}
	c.issue("expired", access.Token{ID: "expired", Role: gongxin.RoleJudge, Court: court, Created: today.AddDate(0, 0, -2), Expires: today})
	return c
}

func (c *centre) issue(name string, token access.Token) {
	c.t.Helper()
	secret, token, err := access.Issue(token, rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	err = c.Store.Write(c.t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token) })
	if err != nil {
		c.t.Fatal(err)
	}
	c.tokens[name] = secret
}

// do makes one request as who and returns status and body.
func (c *centre) do(who, method, path string, body any) (int, []byte) {
	c.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(j)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if secret := c.tokens[who]; secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	if _, ok := body.([]byte); !ok && body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, b
}

// want makes a request and holds its status, and the problem's code if there is one.
func (c *centre) want(status int, code, who, method, path string, body any) []byte {
	c.t.Helper()
	got, b := c.do(who, method, path, body)
	var p problem
	if got >= 400 {
		if err := json.Unmarshal(b, &p); err != nil {
			c.t.Fatalf("%s %s: %d without a problem: %s", method, path, got, b)
		}
		if p.Message.ZH == "" || p.Message.EN == "" {
			c.t.Errorf("%s %s: %s is not told in both languages", method, path, p.Code)
		}
	}
	if got != status || p.Code != code {
		c.t.Fatalf("%s %s as %s: %d %s, want %d %s: %s", method, path, who, got, p.Code, status, code, b)
	}
	return b
}

// fields are those of a synthetic person before the court 苏0505.
func fields(n int) map[string]string {
	m := synthetic.New(5, gongxin.DayOf(today))
	var row []string
	for range n {
		row = m.Person()
	}
	out := map[string]string{}
	for i, name := range synthetic.PersonColumns {
		out[name] = row[i]
	}
	year, _, _ := strings.Cut(out["案号"], "）")
	_, number, _ := strings.Cut(out["案号"], "执")
	out["案号"], out["执行法院"] = year+"）苏0505执"+number, "苏州市虎丘区人民法院"
	return out
}

func TestListingGoesItsWayThroughTheAPI(t *testing.T) {
	c := newCentre(t)
	entry := map[string]any{"fields": fields(1), "served": "2017-08-20"}
	c.want(401, "UNAUTHENTICATED", "nobody", "POST", "/v1/listings", entry)
	c.want(401, "TOKEN_EXPIRED", "expired", "POST", "/v1/listings", entry)
	c.want(403, "NOT_ALLOWED", "railway", "POST", "/v1/listings", entry)
	c.want(403, "NOT_ENTITLED", "stranger", "POST", "/v1/listings", entry)

	var at struct{ Listing, State string }
	read := func(b []byte) {
		t.Helper()
		if err := json.Unmarshal(b, &at); err != nil {
			t.Fatal(err)
		}
	}
	read(c.want(200, "", "clerk", "POST", "/v1/listings", entry))
	path := "/v1/listings/" + at.Listing
	c.want(409, "NOT_DELIVERED", "clerk", "POST", path+"/publication", nil)
	read(c.want(200, "", "clerk", "POST", path+"/initiation", map[string]string{"motion": "own_motion"}))
	read(c.want(200, "", "clerk", "POST", path+"/draft", map[string]string{}))
	c.want(403, "NOT_ALLOWED", "clerk", "POST", path+"/decision", map[string]string{"decision": "D1"})
	c.want(404, "UNKNOWN_LISTING", "stranger", "POST", path+"/decision", map[string]string{"decision": "D1"})
	read(c.want(200, "", "judge", "POST", path+"/decision", map[string]string{"decision": "D1"}))
	read(c.want(200, "", "clerk", "POST", path+"/decision-service", map[string]string{"service": "direct"}))
	read(c.want(200, "", "clerk", "POST", path+"/publication", nil))
	if at.State != "in_force" {
		t.Fatalf("published listing is %s", at.State)
	}
	withdrawal := map[string]string{"ground": "performed", "decision": "D2", "on": "2017-09-01"}
	read(c.want(200, "", "judge", "POST", path+"/withdrawal", withdrawal))
	read(c.want(200, "", "judge", "POST", path+"/withdrawal", withdrawal)) // the same decision again
	withdrawal["decision"] = "D3"
	c.want(409, "NOT_IN_FORCE", "judge", "POST", path+"/withdrawal", withdrawal)
	c.want(422, "LISTING_ID_FORMAT", "judge", "GET", "/v1/listings/x", nil)
	c.want(404, "UNKNOWN_LISTING", "operator", "GET", "/v1/listings/00000000000000000000000000", nil)

	b := c.want(200, "", "operator", "GET", path, nil)
	if full := fields(1)["身份证号码"]; bytes.Contains(b, []byte(full)) {
		t.Errorf("a read listing holds the full number: %s", b)
	}
	var history struct{ History []struct{ Event, By string } }
	if err := json.Unmarshal(b, &history); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, h := range history.History {
		if h.Event != "document_issued" {
			steps = append(steps, h.Event+" "+h.By)
		}
	}
	want := "notice_served clerk, listing_initiated clerk, decision_drafted clerk, listing_decided judge, decision_served clerk, listing_published clerk, listing_withdrawn judge"
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

func TestFileIsTakenRowByRowAndASecondTimeChangesNothing(t *testing.T) {
	c := newCentre(t)
	m := synthetic.New(3, gongxin.DayOf(today))
	good, bad := m.Person(), m.Person()
	bad[4] = bad[4][:17] + "?"
	file := synthetic.CSV(synthetic.PersonColumns, good, bad)
	for round, unchanged := range []string{`"unchanged":0`, `"unchanged":1`} {
		b := c.want(200, "", "court", "POST", "/v1/intake?name=a.csv", file)
		if !bytes.Contains(b, []byte("ID_FORMAT")) || !bytes.Contains(b, []byte(unchanged)) || !bytes.Contains(b, []byte(`"rejected":1`)) {
			t.Errorf("round %d: %s", round, b)
		}
	}
	head, err := c.head(t.Context())
	if err != nil || head.Size != 1 || head.Count != 1 {
		t.Errorf("after the same file twice: %d events, %d in force, %v", head.Size, head.Count, err)
	}
	c.want(422, "FILE_EMPTY", "court", "POST", "/v1/intake", []byte{})
	c.want(403, "NOT_ALLOWED", "clerk", "POST", "/v1/intake", file)
	// JSON rows go the same way.
	b := c.want(200, "", "court", "POST", "/v1/intake?report=all", []map[string]string{fields(4)})
	if !bytes.Contains(b, []byte(`"accepted":1`)) {
		t.Errorf("JSON rows: %s", b)
	}
}

func TestFeedVerifiesAndGatesReportBack(t *testing.T) {
	c := newCentre(t)
	c.want(200, "", "court", "POST", "/v1/intake", []map[string]string{fields(1)})
	c.want(401, "UNAUTHENTICATED", "nobody", "GET", "/v1/feed/changes?after=0", nil)
	c.want(403, "NOT_ALLOWED", "court", "GET", "/v1/feed/changes?after=0", nil)
	c.want(422, "QUERY_PARAMETER", "railway", "GET", "/v1/feed/changes", nil)
	c.want(409, "FEED_AHEAD", "railway", "GET", "/v1/feed/changes?after=9", nil)
	c.want(404, "FEED_NO_SNAPSHOT", "railway", "GET", "/v1/feed/snapshot", nil)
	c.want(404, "TILE_UNKNOWN", "nobody", "GET", "/tile/9/000", nil)

	changes, err := feed.ReadChanges(bytes.NewReader(c.want(200, "", "railway", "GET", "/v1/feed/changes?after=0", nil)))
	if err != nil {
		t.Fatal(err)
	}
	p, opened, err := feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner}.Advance(feed.Position{}, nothing{}, changes)
	if err != nil || len(opened) != 1 || opened[0].Event.Entry.Subject.Number.Full() != fields(1)["身份证号码"] {
		t.Fatalf("changes do not verify: %v, %d", err, len(opened))
	}
	receipt := map[string]any{"sequence": p.Head.Size, "at": today, "count": p.Head.Count, "digest": p.Head.Digest.String()}
	c.want(200, "", "railway", "POST", "/v1/gates/railway/receipts", receipt)
	c.want(403, "NOT_THIS_GATE", "railway", "POST", "/v1/gates/hotels/receipts", receipt)
	outcome := map[string]any{"outcomes": []map[string]any{{"reference": "R-1", "kind": "restricted", "listing": opened[0].Event.Listing, "scenario": "flight", "measure": "3.6.flight", "sequence": 1, "at": today}}}
	for round, want := range []string{`"taken":1`, `"taken":0`} {
		if b := c.want(200, "", "railway", "POST", "/v1/gates/railway/outcomes", outcome); !bytes.Contains(b, []byte(want)) {
			t.Errorf("outcome reported %d times: %s", round+1, b)
		}
	}
	b := c.want(200, "", "operator", "GET", "/v1/gates", nil)
	for _, want := range []string{`"agrees":true`, `"behind":0`, `"restricted":1`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("gates: %s lacks %s", b, want)
		}
	}
	page := c.want(200, "", "nobody", "GET", "/", nil)
	if bytes.Contains(page, []byte(fields(1)["身份证号码"])) || !bytes.Contains(page, []byte("铁路部门")) {
		t.Errorf("status page shows a full number or lacks the gate")
	}
}

type nothing struct{}

func (nothing) Element(gongxin.ListingID) (ledger.Digest, bool) { return ledger.Digest{}, false }

func TestSnapshotIsOfferedOnceTheLedgerHoldsItsHash(t *testing.T) {
	c := newCentre(t)
	c.want(200, "", "court", "POST", "/v1/intake", []map[string]string{fields(1), fields(2), fields(3)})
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := c.want(200, "", "railway", "GET", "/v1/feed/snapshot", nil)
	follower := feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner}
	n := 0
	p, hash, err := feed.ReadSnapshot(bytes.NewReader(file), follower, func(feed.Change) error { n++; return nil })
	if err != nil || n != 3 || p.Head.Count != 3 {
		t.Fatalf("snapshot: %d listings, %v", n, err)
	}
	changes, err := feed.ReadChanges(bytes.NewReader(c.want(200, "", "railway", "GET", "/v1/feed/changes?after=3", nil)))
	if err != nil || len(changes.Records) != 1 {
		t.Fatalf("after the snapshot: %v", err)
	}
	leaf, err := ledger.ParseLeaf(changes.Records[0].Leaf)
	if err != nil || leaf.Kind != string(gongxin.SnapshotMade) || leaf.Commitments[gongxin.AudiencePartner] != hash {
		t.Errorf("the ledger does not hold the snapshot's hash: %+v, %v", leaf, err)
	}
}

func TestTermThatHasPassedEndsTheListing(t *testing.T) {
	c := newCentre(t)
	ending, lasting := fields(1), fields(2)
	ending["失信信息有效期"] = gongxin.DayOf(today).Add(-1).String()
	lasting["失信信息有效期"] = gongxin.DayOf(today).String() // its last day is today
	c.want(200, "", "court", "POST", "/v1/intake", []map[string]string{ending, lasting})
	for range 2 { // the second time finds nothing to do
		if err := c.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	head, err := c.head(t.Context())
	if err != nil || head.Count != 1 || head.Size != 4 { // the end is put down in a notice
		t.Errorf("%d in force after %d events, want 1 after 4: %v", head.Count, head.Size, err)
	}
}

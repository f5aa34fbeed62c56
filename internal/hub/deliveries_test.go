package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A follower is a department's gate as the hub sees it: it follows over HTTP,
// verifies what it is given, and signs what it confirms.
type follower struct {
	c    *centre
	name string
	key  *ledger.ReceiptKey
	at   feed.Position
	held elements
}

type elements map[gongxin.ListingID]ledger.Digest

func (e elements) Element(id gongxin.ListingID) (ledger.Digest, bool) {
	d, ok := e[id]
	return d, ok
}

func (c *centre) follower(name string) *follower {
	c.t.Helper()
	secret, _, err := ledger.GenerateReceiptKey(name, rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	key, err := ledger.NewReceiptKey(secret)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.tokens[name] == "" {
		c.issue(name, access.Token{ID: name, Role: gongxin.RoleDepartment, Gate: name, Organisation: name + "部门", Created: today.AddDate(0, 0, -1), Expires: today.AddDate(1, 0, 0)})
	}
	return &follower{c: c, name: name, key: key, held: elements{}}
}

// follow fetches and applies what there is.
func (f *follower) follow() {
	f.c.t.Helper()
	for {
		b := f.c.want(200, "", f.name, "GET", fmt.Sprintf("/v1/feed/changes?after=%d", f.at.Tree.Size()), nil)
		c, err := feed.ReadChanges(bytes.NewReader(b))
		if err != nil {
			f.c.t.Fatal(err)
		}
		next, changes, err := feed.Follower{Verifier: f.c.verifier, Audience: gongxin.AudiencePartner}.Advance(f.at, f.held, c)
		if err != nil {
			f.c.t.Fatalf("%s at %d: %v", f.name, f.at.Tree.Size(), err)
		}
		f.at = next
		for _, change := range changes {
			switch change.Event.Kind.Force() {
			case gongxin.ForceEnters, gongxin.ForceReplaces:
				f.held[change.Event.Listing] = change.Element
			case gongxin.ForceLeaves:
				delete(f.held, change.Event.Listing)
			}
		}
		if len(changes) == 0 {
			return
		}
	}
}

// said is the receipt for where f is, signed.
func (f *follower) said() ledger.Receipt {
	return ledger.Receipt{Origin: f.c.verifier.Origin(), Gate: f.name, Sequence: f.at.Head.Size, Root: f.at.Head.Root,
		Count: f.at.Head.Count, Digest: f.at.Head.Digest, Applied: f.c.Now()}
}

func (f *follower) receipt(r ledger.Receipt, key *ledger.ReceiptKey) map[string]any {
	f.c.t.Helper()
	note, err := key.Sign(r)
	if err != nil {
		f.c.t.Fatal(err)
	}
	return map[string]any{"sequence": r.Sequence, "at": r.Applied, "count": r.Count, "digest": r.Digest.String(), "note": string(note), "key": key.VerifierKey()}
}

func (f *follower) post(status int, code string, body map[string]any) []byte {
	f.c.t.Helper()
	return f.c.want(status, code, f.name, "POST", "/v1/gates/"+f.name+"/receipts", body)
}

func (f *follower) confirm() {
	f.c.t.Helper()
	if b := f.post(200, "", f.receipt(f.said(), f.key)); !bytes.Contains(b, []byte(`"agrees":true`)) {
		f.c.t.Errorf("%s: %s", f.name, b)
	}
}

func (c *centre) gate(name string) (g Gate) {
	c.t.Helper()
	gates, err := c.Gates(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, g := range gates {
		if g.Gate == name {
			return g
		}
	}
	return g
}

// A receipt counts only as the gate itself signed it. The first key is trusted; another
// holds only once an operator has reset it.
func TestAReceiptCountsAsTheGateSignedIt(t *testing.T) {
	c := newCentre(t)
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(1, 2))
	f, thief := c.follower("railway"), c.follower("railway")
	f.follow()
	body := f.receipt(f.said(), f.key)
	with := func(change func(map[string]any)) map[string]any {
		m := map[string]any{}
		for k, v := range body {
			m[k] = v
		}
		change(m)
		return m
	}
	f.post(422, "RECEIPT_KEY_NEEDED", with(func(m map[string]any) { delete(m, "key") }))
	f.confirm()
	f.post(200, "", with(func(m map[string]any) { delete(m, "key") })) // known by now
	f.post(409, "RECEIPT_UNSIGNED", with(func(m map[string]any) { delete(m, "note"); delete(m, "key") }))
	for field, other := range map[string]any{"sequence": 1, "count": 1, "digest": ledger.Digest{}.String(), "at": c.Now().Add(time.Second)} {
		f.post(422, "RECEIPT_NOTE", with(func(m map[string]any) { m[field] = other }))
	}
	note := body["note"].(string)
	for i := range len(note) { // a flipped bit anywhere
		b := []byte(note)
		b[i] ^= 1
		status, answer := c.do("railway", "POST", "/v1/gates/railway/receipts", with(func(m map[string]any) { m["note"] = string(b) }))
		if status == 200 {
			t.Errorf("changed at %d it is taken: %s", i, answer)
		}
	}
	elsewhere := f.said()
	elsewhere.Origin = "gongxin.test/other"
	f.post(422, "RECEIPT_NOTE", f.receipt(elsewhere, f.key))

	f.post(409, "RECEIPT_KEY", f.receipt(f.said(), thief.key))
	f.post(409, "RECEIPT_KEY", with(func(m map[string]any) { m["note"] = thief.receipt(f.said(), thief.key)["note"]; delete(m, "key") }))
	if g := c.gate("railway"); !g.Agrees || !g.Signed || g.Key != f.key.VerifierKey() {
		t.Errorf("the gate: %+v", g)
	}
	c.want(403, "NOT_ALLOWED", "railway", "POST", "/v1/gates/railway/key-reset", nil)
	c.want(404, "GATE_UNKNOWN", "operator", "POST", "/v1/gates/nowhere/key-reset", nil)
	for range 2 { // the second time changes nothing
		b := c.want(200, "", "operator", "POST", "/v1/gates/railway/key-reset", nil)
		var k GateKey
		if err := json.Unmarshal(b, &k); err != nil || k.By != "operator" || k.Key != "" {
			t.Errorf("reset: %s", b)
		}
	}
	f.post(200, "", f.receipt(f.said(), thief.key))
	f.post(409, "RECEIPT_KEY", f.receipt(f.said(), f.key))
	if g := c.gate("railway"); g.Key != thief.key.VerifierKey() {
		t.Errorf("after the reset the key is %s", g.Key)
	}
}

// What a gate says it holds is kept and shown when it is not what the hub signed.
func TestAReceiptThatDiffersIsKeptAndShown(t *testing.T) {
	c := newCentre(t)
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(1, 2))
	f := c.follower("railway")
	f.follow()
	for name, change := range map[string]func(*ledger.Receipt){
		"count":  func(r *ledger.Receipt) { r.Count-- },
		"digest": func(r *ledger.Receipt) { r.Digest[3] ^= 1 },
		"root":   func(r *ledger.Receipt) { r.Root[3] ^= 1 },
	} {
		r := f.said()
		change(&r)
		if b := f.post(200, "", f.receipt(r, f.key)); !bytes.Contains(b, []byte("RECEIPT_DIFFERS")) {
			t.Errorf("another %s: %s", name, b)
		}
		if g := c.gate("railway"); g.Agrees || !g.Signed {
			t.Errorf("another %s: the gate is shown as %+v", name, g)
		}
	}
	f.confirm()
	if g := c.gate("railway"); !g.Agrees || g.Replaced != 3 {
		t.Errorf("put right: %+v", g)
	}
	again := f.said() // a gate that was started anew says the same, later
	again.Applied = again.Applied.Add(time.Minute)
	f.post(200, "", f.receipt(again, f.key))
	if g := c.gate("railway"); !g.Agrees || g.Replaced != 3 {
		t.Errorf("said again: %+v", g)
	}
}

// A withdrawal that has not arrived shows the late gate by name, without the listing,
// until its receipt comes; and it shows who has not lifted.
func TestAWithdrawalThatHasNotArrivedNamesTheLateGate(t *testing.T) {
	now := today
	c := newCentreAt(t, func() time.Time { return now })
	b := c.want(200, "", "court", "POST", "/v1/intake?report=all", rowsOf(1, 1))
	var taken struct{ Listing string }
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&taken); err != nil || taken.Listing == "" {
		t.Fatalf("%v: %s", err, b)
	}
	railway, hotels := c.follower("railway"), c.follower("hotels")
	for _, f := range []*follower{railway, hotels} {
		f.follow()
		f.confirm()
	}
	reported := func(f *follower, reference, kind string) {
		t.Helper()
		c.want(200, "", f.name, "POST", "/v1/gates/"+f.name+"/outcomes", map[string]any{"outcomes": []any{map[string]any{
			"reference": reference, "kind": kind, "listing": taken.Listing, "scenario": "flight", "measure": "3.6.flight", "sequence": f.at.Head.Size, "at": now}}})
	}
	now = now.Add(time.Minute)
	reported(railway, "R-1", "restricted")
	reported(hotels, "H-1", "restricted")
	now = now.Add(time.Hour)
	withdrawn := now
	c.want(200, "", "judge", "POST", "/v1/listings/"+taken.Listing+"/withdrawal", map[string]string{"ground": "performed", "decision": "D2", "on": "2017-09-01"})
	railway.follow()
	now = now.Add(time.Second)
	railway.confirm()
	reported(railway, "R-1", "lifted")
	hotels.follow() // it was served, and is silent

	type body struct {
		Late    []LateGate
		Endings []LateEnding
	}
	deliveries := func() (out body) {
		t.Helper()
		if err := json.Unmarshal(c.want(200, "", "operator", "GET", "/v1/deliveries?late=true", nil), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	now = withdrawn.Add(time.Hour)
	if d := deliveries(); len(d.Late) != 0 || len(d.Endings) != 0 {
		t.Errorf("within the hour that is allowed: %+v", d)
	}
	now = now.Add(time.Millisecond)
	d := deliveries()
	if len(d.Late) != 1 || d.Late[0].Gate != "hotels" || d.Late[0].Behind == 0 || !d.Late[0].Since.Equal(withdrawn) {
		t.Errorf("late: %+v", d.Late)
	}
	if len(d.Endings) != 1 || d.Endings[0].Listing.String() != taken.Listing || strings.Join(d.Endings[0].NotApplied, " ") != "hotels" ||
		len(d.Endings[0].NotLifted) != 1 || d.Endings[0].NotLifted[0] != (Standings{"hotels", 1}) {
		t.Errorf("endings: %+v", d.Endings)
	}
	pages := func(want bool) {
		t.Helper()
		page := string(c.want(200, "", "nobody", "GET", "/status/fragment?lang=en", nil))
		board := string(c.want(200, "", "operator", "GET", "/board?lang=en", nil))
		for name, html := range map[string]string{"status": page, "board": board} {
			_, section, shown := strings.Cut(html, `aria-labelledby="late"`)
			section, _, _ = strings.Cut(section, "</section>")
			if shown != want || want && !strings.Contains(section, "hotels") {
				t.Errorf("%s names the late gate: %v, want %v: %s", name, shown, want, section)
			}
			for _, secret := range []string{fields(1)["案号"], fields(1)["姓名"], taken.Listing} {
				if strings.Contains(section, secret) {
					t.Errorf("%s: the late gates name the listing: %s", name, section)
				}
			}
		}
	}
	pages(true)

	var of struct {
		Changes     []DeliveredChange
		Departments []DepartmentActs
	}
	read := func() {
		t.Helper()
		of.Changes, of.Departments = nil, nil
		if err := json.Unmarshal(c.want(200, "", "judge", "GET", "/v1/listings/"+taken.Listing+"/deliveries", nil), &of); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if len(of.Changes) != 2 || of.Changes[1].Event != gongxin.ListingWithdrawn || len(of.Changes[1].Gates) != 2 {
		t.Fatalf("changes: %+v", of.Changes)
	}
	late, arrived := of.Changes[1].Gates[0], of.Changes[1].Gates[1]
	if late.Gate != "hotels" || !late.Late || !late.Applied.IsZero() || late.Sent.IsZero() {
		t.Errorf("the late one: %+v", late)
	}
	if arrived.Gate != "railway" || arrived.Late || !arrived.Signed || !arrived.Applied.Equal(withdrawn.Add(time.Second)) || !arrived.Sent.Equal(withdrawn) {
		t.Errorf("the one where it arrived: %+v", arrived)
	}
	if len(of.Departments) != 2 || of.Departments[0].Lifted != 0 || of.Departments[1].Lifted != 1 || of.Departments[1].Acted == nil || of.Departments[1].Acted.Kind != "restricted" {
		t.Errorf("departments: %+v", of.Departments)
	}
	c.want(404, "UNKNOWN_LISTING", "stranger", "GET", "/v1/listings/"+taken.Listing+"/deliveries", nil)
	c.want(403, "NOT_ALLOWED", "railway", "GET", "/v1/listings/"+taken.Listing+"/deliveries", nil)

	hotels.confirm()
	reported(hotels, "H-1", "lifted")
	if d := deliveries(); len(d.Late) != 0 || len(d.Endings) != 0 {
		t.Errorf("after its receipt: %+v", d)
	}
	read()
	if g := of.Changes[1].Gates[0]; !g.Late || g.Applied.IsZero() || !g.Sent.Equal(withdrawn.Add(time.Second)) {
		t.Errorf("it stays late: %+v", g)
	}

	// A gate that is given up is awaited no more.
	now = now.Add(time.Hour)
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(2, 1))
	now = now.Add(2 * time.Hour)
	if d := deliveries(); len(d.Late) != 2 {
		t.Errorf("late: %+v", d.Late)
	}
	c.want(200, "", "operator", "POST", "/v1/tokens/hotels/revocation", nil)
	if d := deliveries(); len(d.Late) != 1 || d.Late[0].Gate != "railway" {
		t.Errorf("after the token of one was revoked: %+v", d.Late)
	}
}

func TestTheStateAtAnInstantIsTold(t *testing.T) {
	now := today
	c := newCentreAt(t, func() time.Time { return now })
	b := c.want(200, "", "court", "POST", "/v1/intake?report=all", rowsOf(1, 1))
	var taken struct{ Listing string }
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&taken); err != nil {
		t.Fatal(err)
	}
	f := c.follower("railway")
	now = now.Add(time.Minute)
	f.follow()
	f.confirm()
	now = now.Add(time.Hour)
	ended := now
	c.want(200, "", "judge", "POST", "/v1/listings/"+taken.Listing+"/withdrawal", map[string]string{"ground": "performed", "decision": "D2", "on": "2017-09-01"})
	now = now.Add(10 * time.Minute)
	f.follow()
	f.confirm()
	now = now.Add(time.Hour)
	type then struct {
		InForce      bool `json:"in_force"`
		Since, Until *Place
		Counts       uint64
		Gate         *GateThen
	}
	for _, tt := range []struct {
		name             string
		at               time.Time
		inForce          bool
		since, until     uint64
		gate             uint64
		confirmed, there bool
	}{
		{"before", today.Add(-time.Second), false, 0, 1, 0, false, false},
		{"in force, not at the gate yet", today.Add(time.Second), true, 1, 2, 0, false, false},
		{"in force everywhere", today.Add(2 * time.Minute), true, 1, 2, 1, true, true},
		{"ended, not at the gate yet", ended.Add(5 * time.Minute), false, 2, 0, 1, false, true},
		{"ended everywhere", ended.Add(11 * time.Minute), false, 2, 0, f.at.Head.Size, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := c.want(200, "", "judge", "GET", "/v1/listings/"+taken.Listing+"/state?gate=railway&at="+url.QueryEscape(tt.at.Format(time.RFC3339)), nil)
			var got then
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			place := func(p *Place) uint64 {
				if p == nil {
					return 0
				}
				return p.Sequence
			}
			if got.InForce != tt.inForce || place(got.Since) != tt.since || place(got.Until) != tt.until || got.Gate == nil ||
				got.Gate.Sequence != tt.gate || got.Gate.Confirmed != tt.confirmed || got.Gate.InForce != tt.there {
				t.Errorf("got %s", b)
			}
		})
	}
	path := "/v1/listings/" + taken.Listing + "/state"
	c.want(422, "QUERY_PARAMETER", "judge", "GET", path+"?at=2030-01-01T00:00:00Z", nil)
	c.want(404, "GATE_UNKNOWN", "judge", "GET", path+"?gate=nowhere&at=2017-09-01T02:10:00Z", nil)
	c.want(404, "UNKNOWN_LISTING", "stranger", "GET", path+"?at=2017-09-01T02:10:00Z", nil)
	status, _ := c.do("judge", "GET", path, nil)
	if status != 422 {
		t.Errorf("without an instant: %d", status)
	}
}

// A proof says all that the court knows, so its reader and purpose are recorded.
func TestAProofIsGivenForAPurposeAlone(t *testing.T) {
	c := newCentre(t)
	b := c.want(200, "", "court", "POST", "/v1/intake?report=all", rowsOf(1, 1))
	var taken struct{ Listing string }
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&taken); err != nil {
		t.Fatal(err)
	}
	path := "/v1/listings/" + taken.Listing + "/proof?at=2017-09-01T02:00:00Z"
	stated := path + "&purpose=" + url.QueryEscape("答复申诉人")
	c.want(503, "PROOFS_OFF", "judge", "GET", stated, nil)
	c.Prove = func(_ context.Context, _ *store.View, id gongxin.ListingID, at time.Time, gate string) ([]byte, error) {
		return json.Marshal([]string{id.String(), at.UTC().Format(time.RFC3339), gate})
	}
	c.want(422, "PURPOSE_NEEDED", "judge", "GET", path, nil)
	c.want(403, "NOT_ALLOWED", "operator", "GET", stated, nil)
	c.want(404, "UNKNOWN_LISTING", "stranger", "GET", stated, nil)
	c.want(422, "QUERY_PARAMETER", "judge", "GET", strings.Replace(stated, "2017", "2030", 1), nil)
	got := c.want(200, "", "judge", "GET", stated+"&gate=railway", nil)
	if want := fmt.Sprintf(`[%q,"2017-09-01T02:00:00Z","railway"]`, taken.Listing); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	all, err := c.Disclosures(t.Context(), today.Add(-time.Hour), today.Add(time.Hour), 10)
	if err != nil || len(all) != 1 || all[0].Operation != "listing-proof" || all[0].Purpose != "答复申诉人" || all[0].By != "judge" {
		t.Errorf("on record: %+v, %v", all, err)
	}
}

func TestDepartmentsWithoutANetworkAreNamedToo(t *testing.T) {
	c := newCentre(t)
	c.Offline = func(day gongxin.Day) ([]LatePackage, error) {
		if day != gongxin.DayOf(today) {
			t.Errorf("asked for %s", day)
		}
		return []LatePackage{{Gate: "island", Organisation: "渡口管理所", What: gongxin.Text{ZH: "数据包尚未回执", EN: "package not confirmed"}, Since: day.Add(-2)}}, nil
	}
	for path, want := range map[string]string{
		"/v1/deliveries?late=true": `"packages":[{"gate":"island"`,
		"/v1/board":                `"packages":[{"gate":"island"`,
		"/board?lang=en":           "package not confirmed",
	} {
		if b := c.want(200, "", "operator", "GET", path, nil); !bytes.Contains(b, []byte(want)) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
	if b := c.want(200, "", "nobody", "GET", "/status/fragment", nil); bytes.Contains(b, []byte("island")) {
		t.Errorf("the public page names who gets packages: %s", b)
	}
}

package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/register"
	"gongxin/internal/store"
)

// A desk is a hub behind a server whose clock is turned by hand, with duties of two
// courts of Suzhou, and somebody of each kind who looks at boards.
type desk struct {
	*centre
	*court
	listings []gongxin.ListingID // three of 苏0505 and one of 苏0506
}

// newDesk leaves the clock on 11 April 2017, a Tuesday. Objections of the 5th were
// due on Monday the 10th, those of the 7th too, those of the 10th on the 13th.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{court: &court{T: t}}
	day := gongxin.MustDay
	d.on(day("2017-04-05"))
	d.centre = newCentreAt(t, d.court.now)
	if err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.newCourts()
	here, there := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏0506")
	for name, token := range map[string]access.Token{
		"clerk":    {Role: gongxin.RoleClerk, Court: here},
		"judge":    {Role: gongxin.RoleJudge, Court: here},
		"stranger": {Role: gongxin.RoleJudge, Court: there},
		"higher":   {Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏05")},
		"nanjing":  {Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏01")},
		"operator": {Role: gongxin.RoleOperator},
		"auditor":  {Role: gongxin.RoleAuditor},
		"suzhou":   {Role: gongxin.RoleSupervisor, Organisation: "苏州市"},
		"wuxi":     {Role: gongxin.RoleSupervisor, Organisation: "无锡市"},
		"railway":  {Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门"},
	} {
		token.ID, token.Created, token.Expires = name, d.Now(), d.Now().AddDate(1, 0, 0)
		d.issue(name, token)
	}
	return d
}

// newCourts makes the duties.
func (d *desk) newCourts() {
	d.court.Helper()
	day, there := gongxin.MustDay, gongxin.MustCourtCode("苏0506")
	for n := range 3 {
		d.listings = append(d.listings, d.listed(d.Hub, n))
	}
	d.listings = append(d.listings, d.listedBy(d.Hub, there, 3))
	object := func(l gongxin.ListingID, by string, court gongxin.CourtCode) {
		d.do(d.Hub, register.Object{Listing: l, Reason: "已经履行", By: gongxin.Actor{ID: by, Role: gongxin.RoleClerk, Court: court}})
	}
	object(d.listings[0], "li@苏0505", courtClerk.Court)
	d.on(day("2017-04-07"))
	object(d.listings[3], "qian@苏0506", there)
	d.on(day("2017-04-10"))
	object(d.listings[1], "zhou@苏0505", courtClerk.Court)
	d.do(d.Hub, register.ProposeReview{Listing: d.listings[2], Reason: "疑似重名", By: gongxin.Actor{ID: "railway", Role: gongxin.RoleDepartment, Organisation: "铁路部门"}})
	d.on(day("2017-04-11"))
	if err := (&overseer{hub: d.Hub}).run(d.court.Context()); err != nil {
		d.court.Fatal(err)
	}
}

// do of a desk is a command; ask and want of the centre are requests.
func (d *desk) do(h *Hub, c register.Command) { d.court.Helper(); d.court.do(h, c) }

// read makes a request that is answered, and decodes the answer.
func read[T any](d *desk, who, path string) (out T) {
	d.court.Helper()
	b := d.want(200, "", who, "GET", path, nil)
	for _, hidden := range []string{"赵试样", "试样", "19800101", "疑似重名", "已经履行"} {
		if strings.Contains(string(b), hidden) {
			d.court.Errorf("%s as %s tells %q", path, who, hidden)
		}
	}
	if err := json.Unmarshal(b, &out); err != nil {
		d.court.Fatal(err)
	}
	return out
}

// linesOf tells a board in a few words: case, kind, state and days of each row.
func linesOf(b Board) string {
	var lines []string
	for _, d := range b.Duties {
		lines = append(lines, fmt.Sprintf("%s %s %s %d", d.Case, d.Kind, d.State, d.Days))
	}
	return strings.Join(lines, ", ")
}

const (
	rowLate   = "（2016）苏0505执1号 review overdue 1"
	rowSoon   = "（2016）苏0505执2号 review soon 2"
	rowNoTime = "（2016）苏0505执3号 answer_proposal no_time 0"
	rowOther  = "（2016）苏0506执4号 review overdue 1"
)

func TestABoardShowsWhatItsReaderAnswersFor(t *testing.T) {
	d := newDesk(t)
	own := strings.Join([]string{rowLate, rowSoon, rowNoTime}, ", ")
	every := strings.Join([]string{rowLate, rowOther, rowSoon, rowNoTime}, ", ")
	for _, tt := range []struct{ who, query, want string }{
		{"clerk", "", own},
		{"judge", "", own},
		{"stranger", "", rowOther},
		{"higher", "", every},
		{"nanjing", "", ""},
		{"suzhou", "", every},
		{"wuxi", "", ""},
		{"operator", "", every},
		{"auditor", "", every},
		{"operator", "?court=" + url.QueryEscape("苏0506"), rowOther},
		{"clerk", "?court=" + url.QueryEscape("苏0506"), ""}, // of another court nobody sees more by asking
		{"operator", "?state=overdue", rowLate + ", " + rowOther},
		{"operator", "?person=" + url.QueryEscape("zhou@苏0505"), rowSoon},
		{"operator", "?state=lapsed", ""},
		{"operator", "?limit=1", rowLate},
		{"operator", "?limit=2&from=1", rowOther + ", " + rowSoon},
		{"operator", "?from=9", ""},
	} {
		b := read[Board](d, tt.who, "/v1/board"+tt.query)
		if got := linesOf(b); got != tt.want {
			t.Errorf("%s %s: %s\nwant %s", tt.who, tt.query, got, tt.want)
		}
	}
	b := read[Board](d, "higher", "/v1/board?state=soon")
	if b.Total.Overdue != 2 || b.Matching.Overdue != 0 || b.Matching.Soon != 1 || len(b.Courts) != 2 || b.Courts[0].Name != "苏州市虎丘区人民法院" {
		t.Errorf("totals %+v, matching %+v, courts %+v", b.Total, b.Matching, b.Courts)
	}
	if late := read[Board](d, "clerk", "/v1/board").Duties[0]; late.Lapsed == 0 || late.Person != "li@苏0505" || late.Due.String() != "2017-04-10" || late.Clause != "2.3" {
		t.Errorf("the overdue row is %+v", late)
	}
	d.want(401, "UNAUTHENTICATED", "nobody", "GET", "/v1/board", nil)
	d.want(403, "NOT_ALLOWED", "railway", "GET", "/v1/board", nil)
	d.want(422, "COURT_CODE_FORMAT", "operator", "GET", "/v1/board?court=x", nil)
	d.want(422, "REQUEST_INVALID", "operator", "GET", "/v1/board?state=late", nil)

	// Done late: it stays, with by how many days.
	d.do(d.Hub, register.Review{Listing: d.listings[0], Reason: "理由不成立", By: courtJudge})
	if got, want := linesOf(read[Board](d, "clerk", "/v1/board")), strings.Join([]string{rowSoon, rowNoTime, "（2016）苏0505执1号 review lapsed 1"}, ", "); got != want {
		t.Errorf("after the review: %s\nwant %s", got, want)
	}
}

func TestAHigherCourtAcknowledgesWhatItWasTold(t *testing.T) {
	d := newDesk(t)
	type list struct{ Escalations []Escalation }
	all := read[list](d, "higher", "/v1/escalations").Escalations
	i := slices.IndexFunc(all, func(e Escalation) bool { return e.Listing == d.listings[0] })
	if len(all) != 2 || i < 0 {
		t.Fatalf("told to the higher court: %+v", all)
	}
	e := all[i]
	if e.Court.String() != "苏0505" || e.To.String() != "苏05" || e.Level != 1 || e.Due.String() != "2017-04-10" || e.Since.String() != "2017-04-11" || e.Case != "（2016）苏0505执1号" {
		t.Errorf("the note is %+v", e)
	}
	for who, want := range map[string]int{"clerk": 1, "stranger": 1, "nanjing": 0, "suzhou": 2, "wuxi": 0, "operator": 2, "auditor": 2} {
		if got := read[list](d, who, "/v1/escalations").Escalations; len(got) != want {
			t.Errorf("%s sees %d notes, want %d", who, len(got), want)
		}
	}
	path := "/v1/escalations/" + url.PathEscape(e.ID) + "/acknowledgement"
	note := map[string]string{"note": "已督促三日内办结"}
	d.want(403, "NOT_ALLOWED", "operator", "POST", path, note)
	d.want(403, "NOT_ENTITLED", "judge", "POST", path, note) // of the court that is late
	d.want(404, "ESCALATION_UNKNOWN", "nanjing", "POST", path, note)
	d.want(404, "ESCALATION_UNKNOWN", "higher", "POST", "/v1/escalations/x/acknowledgement", note)
	for range 2 { // the second time changes nothing
		d.want(200, "", "higher", "POST", path, note)
	}
	d.want(409, "ESCALATION_ACKNOWLEDGED", "suzhou", "POST", path, note)
	all = read[list](d, "suzhou", "/v1/escalations").Escalations
	if last := all[len(all)-1]; last.ID != e.ID || last.By != "higher" || last.Note != note["note"] || last.Acknowledged.IsZero() {
		t.Errorf("acknowledged: %+v", last)
	}
	// The job writes nothing over it.
	if err := (&overseer{hub: d.Hub}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := read[list](d, "suzhou", "/v1/escalations").Escalations; len(again) != 2 || again[1].By != "higher" {
		t.Errorf("after another run: %+v", again)
	}
	other := "/v1/escalations/" + url.PathEscape(all[0].ID) + "/acknowledgement"
	d.want(200, "", "suzhou", "POST", other, map[string]string{})
}

func TestTheBoardShowsWhatDepartmentsAndSubmittersHaveLeftOpen(t *testing.T) {
	d := newDesk(t)
	at, day := d.Now(), gongxin.MustDay
	err := d.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, k := range []store.Kept{
			{Reference: "K-past", Listing: d.listings[0], Until: day("2017-04-10")},
			{Reference: "K-last-day", Listing: d.listings[0], Until: day("2017-04-11")},
			{Reference: "K-ended", Listing: d.listings[0], Until: day("2017-04-01"), Ended: at},
			{Reference: "K-other", Listing: d.listings[3], Until: day("2017-04-01")},
		} {
			k.Gate, k.Measure, k.Ground, k.By, k.At = "railway", "3.6.flight", "另案", "railway", at
			if err := tx.SaveKept(ctx, k); err != nil {
				return err
			}
		}
		for _, r := range []store.RestrictionReview{
			{ID: "r1", Reference: "H-1"}, {ID: "r2", Reference: "H-2", Answered: at, AnsweredBy: "hotels", Answer: "维持"},
		} {
			r.Gate, r.Listing, r.Reason, r.By, r.Filed = "hotels", d.listings[0], "已经履行", "subject", at
			if err := tx.SaveRestrictionReview(ctx, r); err != nil {
				return err
			}
		}
		for _, b := range []store.Batch{
			{ID: "b1", Name: "held.csv", Court: courtJudge.Court, By: "court"}, {ID: "b2", Name: "done.csv", Court: courtJudge.Court, By: "court", Decided: at, Outcome: store.Refused},
			{ID: "b3", Name: "all.csv", By: "centre"},
		} {
			b.File, b.Reason, b.Role, b.At = "held/"+b.ID, "SURGE", gongxin.RoleCourtSystem, at
			if err := tx.SaveBatch(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]string{
		"operator": "K-other K-past r1 b1 b3", "auditor": "K-other K-past r1 b1 b3", "suzhou": "K-other K-past r1 b1", "wuxi": "",
		"judge": "b1", "clerk": "", "stranger": "", "higher": "",
	} {
		b := read[Board](d, who, "/v1/board")
		var got []string
		for _, k := range b.Kept {
			got = append(got, k.Reference)
		}
		for _, r := range b.Reviews {
			got = append(got, r.ID)
		}
		for _, held := range b.Batches {
			got = append(got, held.ID)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s sees %q, want %q", who, s, want)
		}
	}
}

// person lets somebody sign in with password and, if secret is given, a second factor.
func (d *desk) person(p access.Person, password string) {
	d.court.Helper()
	var err error
	if p.Password, err = access.HashPassword(password, rand.Reader); err != nil {
		d.court.Fatal(err)
	}
	p.Created = d.Now()
	err = d.Store.Write(d.court.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SavePerson(ctx, p) })
	if err != nil {
		d.court.Fatal(err)
	}
}

func TestWhoHoldsTwoRolesSeesWhatBothSee(t *testing.T) {
	d := newDesk(t)
	p := access.Person{ID: "sun@苏05", Name: "孙法官", Organisation: "court.苏05", Roles: []gongxin.Role{gongxin.RoleJudge, gongxin.RoleHigherCourt}, Second: "JBSWY3DPEHPK3PXP"}
	d.person(p, "a long password 2017")
	secret, s, err := access.NewSession(p, access.MethodOIDC, d.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveSession(ctx, s) })
	if err != nil {
		t.Fatal(err)
	}
	d.tokens["sun"] = secret
	if b := read[Board](d, "sun", "/v1/board"); len(b.Duties) != 4 {
		t.Errorf("sees %s", linesOf(b))
	}
}

// client keeps cookies and follows nothing.
func (d *desk) form(path string, values url.Values, header http.Header, cookies ...*http.Cookie) *http.Response {
	d.court.Helper()
	method := http.MethodGet
	if values != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(d.court.Context(), method, d.centre.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		d.court.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	if values != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.court.Fatal(err)
	}
	d.court.Cleanup(func() { answer.Body.Close() })
	return answer
}

func TestPagesLeadToTheSignInPageAndBack(t *testing.T) {
	d := newDesk(t)
	d.person(access.Person{ID: "li@苏0505", Name: "李书记员", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleClerk}}, "a long password 2017")
	d.person(access.Person{ID: "officer@railway", Name: "某人", Organisation: centreID, Roles: []gongxin.Role{gongxin.RoleOfficer}}, "a long password 2017")
	d.person(access.Person{ID: "wang@苏0505", Name: "王法官", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleJudge}}, "a long password 2017")
	in := func(person string) url.Values {
		return url.Values{"person": {person}, "password": {"a long password 2017"}}
	}
	goes := func(answer *http.Response, to string) {
		t.Helper()
		if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || got != to {
			t.Errorf("%d to %q, want 303 to %q", answer.StatusCode, got, to)
		}
	}
	cookieOf := func(answer *http.Response) *http.Cookie {
		t.Helper()
		for _, c := range answer.Cookies() {
			if c.Name == sessionCookie {
				return c
			}
		}
		t.Fatal("no session")
		return nil
	}
	goes(d.form("/board", nil, nil), "/sign-in")
	goes(d.form("/board?lang=en", nil, nil), "/sign-in?lang=en")
	goes(d.form("/board", nil, nil, &http.Cookie{Name: sessionCookie, Value: "gs_forged"}), "/sign-in")
	goes(d.form("/sign-out", url.Values{}, nil), "/sign-in")

	answer := d.form("/sign-in?lang=en", in("li@苏0505"), nil)
	goes(answer, "/board?lang=en")
	cookie := cookieOf(answer)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" {
		t.Errorf("the cookie is %+v", cookie)
	}
	if got := d.form("/board", nil, nil, cookie); got.StatusCode != 200 || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the board answers %d", got.StatusCode)
	}
	elsewhere := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://elsewhere.example"}}
	if got := d.form("/sign-in", in("li@苏0505"), elsewhere); got.StatusCode != 403 || len(got.Cookies()) > 0 {
		t.Errorf("a page elsewhere signed somebody in: %d", got.StatusCode)
	}
	if got := d.form("/sign-out", url.Values{}, elsewhere, cookie); got.StatusCode != 403 {
		t.Errorf("a page elsewhere signed somebody out: %d", got.StatusCode)
	}
	goes(d.form("/sign-out", url.Values{}, nil, cookie), "/sign-in")
	goes(d.form("/board", nil, nil, cookie), "/sign-in")

	// Who may not see it is told so.
	for _, tt := range []struct {
		who  string
		want string
	}{{"officer@railway", "NOT_ALLOWED"}, {"wang@苏0505", "SESSION_ENROLMENT"}} {
		cookie := cookieOf(d.form("/sign-in", in(tt.who), nil))
		if got := d.form("/board", nil, nil, cookie); got.StatusCode != 403 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: the board answers %d", tt.who, got.StatusCode)
		}
	}
	if got := d.form("/sign-in", url.Values{"person": {strings.Repeat("x", 1<<20)}}, nil); got.StatusCode == http.StatusSeeOther || got.StatusCode >= 500 {
		t.Errorf("a form of a megabyte: %d", got.StatusCode)
	}
	var refusals int
	err := d.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		all, err := v.Refusals(ctx, d.Now().AddDate(0, 0, -1), d.Now().AddDate(0, 0, 1), 100)
		for _, r := range all {
			if r.Operation == "board-page" && r.Code != "UNAUTHENTICATED" || r.Operation == "sign-in-page" {
				refusals++
			}
		}
		return err
	})
	if err != nil || refusals < 4 {
		t.Errorf("%d refusals are on record, want those of two people, of the page elsewhere and of the long form: %v", refusals, err)
	}
}

package hub

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

const (
	firstWord  = "given by the operator"
	secondWord = "纸船明烛照天烧 and more"
)

// read decodes an answer.
func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

type session struct{ Person, Secret, Method, URI string }

// recorded are the codes of the refusals on record, oldest first.
func (c *centre) recorded() (codes []string) {
	c.t.Helper()
	all, err := c.Refusals(c.t.Context(), today.AddDate(0, 0, -1), today.AddDate(0, 0, 1), 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range all {
		codes = append(codes, r.Code)
	}
	return codes
}

// A person who is new changes the first password and enrols an authenticator before
// anything else, and from then on signs in with both.
func TestAPersonSignsInWithTwoFactors(t *testing.T) {
	at := today
	c := newCentreAt(t, func() time.Time { return at })
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	judge := map[string]any{"id": "wang@苏0505", "name": "王明", "organisation": "court.苏0505", "roles": []string{"judge"}, "password": firstWord}
	c.want(403, "NOT_ALLOWED", "judge", "POST", "/v1/people", judge)
	c.want(200, "", "operator", "POST", "/v1/people", judge)
	c.want(422, "PERSON_FIELD", "operator", "POST", "/v1/people", map[string]any{"id": "li", "name": "李", "organisation": "centre", "roles": []string{"judge"}})

	signIn := func(password, second string) map[string]string {
		return map[string]string{"person": "wang@苏0505", "password": password, "second": second}
	}
	as := func(name string, b []byte) session {
		s := decode[session](t, b)
		c.tokens[name] = s.Secret
		return s
	}
	c.want(401, "SIGN_IN_FAILED", "nobody", "POST", "/v1/session", signIn("something else", ""))
	if s := as("new", c.want(200, "", "nobody", "POST", "/v1/session", signIn(firstWord, ""))); s.Method != "enrolment" {
		t.Fatalf("a first password opens a session of method %s", s.Method)
	}
	c.want(403, "SESSION_ENROLMENT", "new", "GET", "/v1/batches", nil)
	c.want(422, "PASSWORD_WEAK", "new", "POST", "/v1/session/password", map[string]string{"old": firstWord, "new": "short"})
	c.want(401, "SIGN_IN_FAILED", "new", "POST", "/v1/session/password", map[string]string{"old": "wrong", "new": secondWord})
	as("changed", c.want(200, "", "new", "POST", "/v1/session/password", map[string]string{"old": firstWord, "new": secondWord}))
	c.want(401, "UNAUTHENTICATED", "new", "GET", "/v1/session", nil) // the change ended it
	c.want(403, "SESSION_ENROLMENT", "changed", "GET", "/v1/batches", nil)

	c.want(422, "SECOND_STEP", "changed", "POST", "/v1/session/second-factor", map[string]string{})
	second := decode[session](t, c.want(200, "", "changed", "POST", "/v1/session/second-factor", map[string]string{"password": secondWord}))
	if !strings.HasPrefix(second.URI, "otpauth://totp/") {
		t.Errorf("no otpauth: %q", second.URI)
	}
	code := func() string {
		s, err := totp.GenerateCode(second.Secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c.want(403, "SECOND_WRONG", "changed", "POST", "/v1/session/second-factor", map[string]string{"code": "000000"})
	c.want(200, "", "changed", "POST", "/v1/session/second-factor", map[string]string{"code": code()})
	c.want(401, "UNAUTHENTICATED", "changed", "GET", "/v1/session", nil)

	at = at.Add(time.Minute)
	c.want(401, "SECOND_NEEDED", "nobody", "POST", "/v1/session", signIn(secondWord, ""))
	if s := as("whole", c.want(200, "", "nobody", "POST", "/v1/session", signIn(secondWord, code()))); s.Method != "password" {
		t.Errorf("password and code open a session of method %s", s.Method)
	}
	c.want(401, "SIGN_IN_FAILED", "nobody", "POST", "/v1/session", signIn(secondWord, code())) // a code holds once
	c.want(200, "", "whole", "GET", "/v1/batches", nil)

	at = at.Add(29 * time.Minute)
	c.want(200, "", "whole", "GET", "/v1/batches", nil)
	at = at.Add(29 * time.Minute) // used meanwhile, so it goes on
	c.want(200, "", "whole", "GET", "/v1/batches", nil)
	c.want(200, "", "operator", "POST", "/v1/people/wang@苏0505/disabled", map[string]bool{"disabled": true})
	c.want(401, "UNAUTHENTICATED", "whole", "GET", "/v1/batches", nil)
	at = at.Add(time.Minute)
	c.want(401, "PERSON_DISABLED", "nobody", "POST", "/v1/session", signIn(secondWord, code()))

	for _, want := range []string{"PASSWORD_WRONG", "SESSION_ENROLMENT", "SECOND_WRONG", "PERSON_DISABLED"} {
		if codes := c.recorded(); !slices.Contains(codes, want) {
			t.Errorf("%s is not on record: %v", want, codes)
		}
	}
}

// What is told of a wrong attempt is the same whoever it was, and what was typed is
// recorded only if somebody is called so.
func TestAWrongAttemptTellsNothing(t *testing.T) {
	c := newCentre(t)
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.SavePerson(t.Context(), Membership{ID: "li", Name: "李", Organisation: "centre", Roles: []gongxin.Role{gongxin.RoleAuditor}}, firstWord)
	if err != nil {
		t.Fatal(err)
	}
	known := c.want(401, "SIGN_IN_FAILED", "nobody", "POST", "/v1/session", map[string]string{"person": "li", "password": "wrong"})
	unknown := c.want(401, "SIGN_IN_FAILED", "nobody", "POST", "/v1/session", map[string]string{"person": "my-pass-word", "password": "wrong"})
	if string(known) != string(unknown) {
		t.Errorf("answers differ:\n%s\n%s", known, unknown)
	}
	all, err := c.Refusals(t.Context(), today, today.AddDate(0, 0, 1), 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d refusals, %v", len(all), err)
	}
	by := []string{all[0].By + " " + all[0].Code, all[1].By + " " + all[1].Code}
	slices.Sort(by)
	if want := []string{" PERSON_UNKNOWN", "li PASSWORD_WRONG"}; !slices.Equal(by, want) {
		t.Errorf("on record: %q, want %q", by, want)
	}
}

// A browser's cookie opens nothing to pages of other sites, is out of the reach of
// scripts, and goes with the session.
func TestACookieServesOurOwnPagesAlone(t *testing.T) {
	c := newCentre(t)
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.SavePerson(t.Context(), Membership{ID: "li", Name: "李", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleClerk}}, firstWord)
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]string{"person": "li", "password": firstWord})
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, path, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(b)
	}
	if answer, b := send("POST", "/v1/session", string(in), "Sec-Fetch-Site", "cross-site"); answer.StatusCode != 403 || !strings.Contains(b, "CROSS_ORIGIN") {
		t.Errorf("a page elsewhere signs somebody in: %s %s", answer.Status, b)
	}
	answer, b := send("POST", "/v1/session", string(in), "Sec-Fetch-Site", "same-origin")
	cookies := answer.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies: %s %s", len(cookies), answer.Status, b)
	}
	cookie := cookies[0]
	if !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.MaxAge <= 0 || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("cookie on plain loopback: %+v", cookie)
	}
	sent := sessionCookie + "=" + cookie.Value
	for _, tt := range []struct {
		name, method, path string
		headers            []string
		want               int
	}{
		{"reading", "GET", "/v1/session", nil, 200},
		{"reading from a link elsewhere", "GET", "/v1/session", []string{"Sec-Fetch-Site", "cross-site"}, 200}, // SameSite keeps the cookie from coming
		{"a form elsewhere", "DELETE", "/v1/session", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a neighbouring host", "DELETE", "/v1/session", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"an old browser, elsewhere", "DELETE", "/v1/session", []string{"Origin", "https://elsewhere.example"}, 403},
		{"our own page", "DELETE", "/v1/session", []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"after signing out", "GET", "/v1/session", nil, 401},
	} {
		answer, b := send(tt.method, tt.path, "", append([]string{"Cookie", sent}, tt.headers...)...)
		if answer.StatusCode != tt.want {
			t.Errorf("%s: %s, want %d: %s", tt.name, answer.Status, tt.want, b)
		}
		if tt.want == 204 {
			if gone := answer.Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
				t.Errorf("signing out leaves the cookie: %+v", gone)
			}
		}
	}
}

// A cookie leaves a machine only over TLS.
func TestACookieIsSecureBeyondThisMachine(t *testing.T) {
	c := newCentre(t)
	a := &api{c.Hub}
	for _, tt := range []struct {
		url, from string
		secure    bool
	}{
		{"http://127.0.0.1:8700/", "127.0.0.1:5000", false},
		{"http://localhost:8700/", "[::1]:5000", false},
		{"https://hub.example/", "192.0.2.1:5000", true},
		{"http://hub.example/", "192.0.2.1:5000", true},
		{"http://hub.example/", "127.0.0.1:5000", true}, // a proxy on this machine, a browser elsewhere
		{"https://127.0.0.1/", "127.0.0.1:5000", true},
	} {
		r := httptest.NewRequest("GET", tt.url, nil)
		r.RemoteAddr = tt.from
		ctx, err := a.enter(r, "status-page")
		if err != nil {
			t.Fatal(err)
		}
		if got := a.cookie(ctx, "x", today.Add(time.Hour)); got.Secure != tt.secure {
			t.Errorf("%s from %s: secure %v, want %v", tt.url, tt.from, got.Secure, tt.secure)
		}
	}
}

// Each way of being turned away is told by a code of its own and recorded, with who
// it was as far as that is known.
func TestWhoIsTurnedAwayIsOnRecord(t *testing.T) {
	c := newCentre(t)
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	scoped := access.Token{ID: "narrow", Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门", Scope: "feed-changes receipts", Created: today, Expires: today.AddDate(0, 0, 1)}
	c.issue("narrow", scoped)
	bound := access.Token{ID: "bound", Role: gongxin.RoleOperator, Certificate: [32]byte{1}, Created: today, Expires: today.AddDate(0, 0, 1)}
	c.issue("bound", bound)
	c.issue("stolen", access.Token{ID: "stolen", Role: gongxin.RoleOperator, Created: today, Expires: today.AddDate(0, 0, 1)})
	c.want(200, "", "operator", "POST", "/v1/tokens/stolen/revocation", nil)
	c.tokens["invented"] = "gx_" + strings.Repeat("A", 43)
	c.tokens["invented session"] = "gs_" + strings.Repeat("A", 43)
	c.tokens["nonsense"] = "Basic eDp5"
	c.want(200, "", "narrow", "GET", "/v1/feed/changes?after=0", nil)
	for _, tt := range []struct {
		status                    int
		code, who, method, path   string
		by                        string
		operation, listingInTrace string
	}{
		{401, "UNAUTHENTICATED", "nobody", "GET", "/v1/gates", "", "gates-status", ""},
		{401, "UNAUTHENTICATED", "invented", "GET", "/v1/gates", "", "gates-status", ""},
		{401, "UNAUTHENTICATED", "invented session", "GET", "/v1/gates", "", "gates-status", ""},
		{401, "UNAUTHENTICATED", "nonsense", "GET", "/v1/gates", "", "gates-status", ""},
		{401, "TOKEN_EXPIRED", "expired", "GET", "/v1/gates", "expired", "gates-status", ""},
		{401, "TOKEN_REVOKED", "stolen", "GET", "/v1/gates", "stolen", "gates-status", ""},
		{401, "TOKEN_CERTIFICATE", "bound", "GET", "/v1/gates", "bound", "gates-status", ""},
		{403, "NOT_IN_SCOPE", "narrow", "GET", "/v1/feed/snapshot", "narrow", "feed-snapshot", ""},
		{403, "NOT_ALLOWED", "railway", "GET", "/v1/gates", "railway", "gates-status", ""},
		{403, "NOT_THIS_GATE", "railway", "POST", "/v1/gates/hotels/outcomes", "railway", "outcomes", ""},
		{403, "SESSION_REQUIRED", "judge", "DELETE", "/v1/session", "judge", "session-end", ""},
		{403, "NOT_ALLOWED", "railway", "GET", "/v1/listings/05f3pamn02xem98t0cxxtkqg14", "railway", "listing-read", "05f3pamn02xem98t0cxxtkqg14"},
	} {
		var body any
		if tt.method == "POST" {
			body = map[string]any{"outcomes": []any{}}
		}
		before := len(c.recorded())
		c.want(tt.status, tt.code, tt.who, tt.method, tt.path, body)
		all, err := c.Refusals(t.Context(), today, today.AddDate(0, 0, 1), 1000)
		if err != nil || len(all) != before+1 {
			t.Fatalf("%s by %s: %d refusals more, %v", tt.code, tt.who, len(all)-before, err)
		}
		found := slices.ContainsFunc(all, func(r access.Refusal) bool {
			listing := ""
			if !r.Listing.IsZero() {
				listing = r.Listing.String()
			}
			return r.Code == tt.code && r.By == tt.by && r.Operation == tt.operation && r.From == "127.0.0.1" && listing == tt.listingInTrace
		})
		if !found {
			t.Errorf("%s by %q is not on record as it was: %+v", tt.code, tt.by, all)
		}
	}
	c.want(404, "UNKNOWN_LISTING", "operator", "GET", "/v1/listings/05f3pamn02xem98t0cxxtkqg14", nil)
	if codes := c.recorded(); slices.Contains(codes, "UNKNOWN_LISTING") {
		t.Error("what is missing is on record as a refusal")
	}
}

// A flood is counted and does not fill the record.
func TestAFloodOfRefusalsIsBounded(t *testing.T) {
	c := newCentre(t)
	for range refusalBurst + 40 {
		c.do("nobody", "GET", "/v1/gates", nil)
	}
	if n := len(c.recorded()); n != refusalBurst {
		t.Errorf("%d refusals are on record, want %d", n, refusalBurst)
	}
	if n := c.entrance.unrecorded.Load(); n != 40 {
		t.Errorf("%d are counted beyond them, want 40", n)
	}
	if err := c.tellUnrecorded(t.Context()); err != nil || c.entrance.unrecorded.Load() != 0 {
		t.Errorf("telling them: %v", err)
	}
}

// Guessing is slowed down for each address, with the time to wait.
func TestAttemptsToSignInAreBounded(t *testing.T) {
	c := newCentre(t)
	in := map[string]string{"person": "x", "password": "y"}
	for range attemptBurst {
		c.want(401, "SIGN_IN_FAILED", "nobody", "POST", "/v1/session", in)
	}
	c.want(429, "RATE_LIMITED", "nobody", "POST", "/v1/session", in)
	answer, err := http.Post(c.url+"/v1/session", "application/json", strings.NewReader(`{"person":"x","password":"y"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// A token is replaced without a gap: the one before goes on for the overlap, and is
// replaced no more.
func TestATokenIsReplacedWithoutAGap(t *testing.T) {
	at := today
	c := newCentreAt(t, func() time.Time { return at })
	out := decode[struct{ Secret, ID string }](t, c.want(200, "", "operator", "POST", "/v1/tokens",
		map[string]any{"id": "hotels", "role": "department", "gate": "hotels", "organisation": "旅游饭店", "scope": "feed-changes token-rotation", "days": 30}))
	c.tokens["old"] = out.Secret
	c.want(422, "CERTIFICATE_FORMAT", "operator", "POST", "/v1/tokens", map[string]any{"id": "x", "role": "operator", "certificate": "x"})
	c.want(422, "REQUEST_INVALID", "old", "POST", "/v1/tokens/rotation", map[string]int{"hours": 169})
	c.tokens["fresh"] = decode[struct{ Secret string }](t, c.want(200, "", "old", "POST", "/v1/tokens/rotation", map[string]int{"hours": 2})).Secret
	c.want(401, "TOKEN_ROTATED", "old", "POST", "/v1/tokens/rotation", map[string]int{})
	at = at.Add(2*time.Hour - time.Millisecond)
	c.want(200, "", "old", "GET", "/v1/feed/changes?after=0", nil)
	c.want(200, "", "fresh", "GET", "/v1/feed/changes?after=0", nil)
	at = at.Add(time.Millisecond)
	c.want(401, "TOKEN_ROTATED", "old", "GET", "/v1/feed/changes?after=0", nil)
	c.want(403, "NOT_IN_SCOPE", "fresh", "GET", "/v1/feed/snapshot", nil) // the scope goes along
	list := c.want(200, "", "operator", "GET", "/v1/tokens", nil)
	if strings.Contains(string(list), "gx_") || strings.Count(string(list), `"id":"hotels"`) != 2 {
		t.Errorf("the list of tokens: %s", list)
	}
	c.want(200, "", "operator", "POST", "/v1/tokens/hotels/revocation", nil)
	c.want(401, "TOKEN_REVOKED", "fresh", "GET", "/v1/feed/changes?after=0", nil)
	c.want(404, "TOKEN_UNKNOWN", "operator", "POST", "/v1/tokens/hotels/revocation", nil)
}

// A supervisor sees who used full identifiers of the courts that they oversee, an
// auditor of all, and an operator none.
func TestTheAccessLogFollowsTheTree(t *testing.T) {
	c := newCentre(t)
	who := walkers(t, c, gongxin.ListingID{1})
	at := func(name string) string {
		i := slices.IndexFunc(who, func(w walker) bool { return w.name == name })
		return who[i].open()
	}
	for name, org := range map[string]string{"suzhou": "city.苏05", "nanjing": "city.苏01"} {
		credit := access.Organisation{ID: "credit." + name, Parent: org, Kind: access.OrgDepartment, Name: "信用办"}
		if err := c.SaveOrganisation(t.Context(), credit); err != nil {
			t.Fatal(err)
		}
		p, err := c.SavePerson(t.Context(), Membership{ID: name, Name: "某", Organisation: credit.ID, Roles: []gongxin.Role{gongxin.RoleSupervisor}}, "")
		if err != nil {
			t.Fatal(err)
		}
		secret, s, err := access.NewSession(p, access.MethodOIDC, today, c.Random)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveSession(ctx, s) }); err != nil {
			t.Fatal(err)
		}
		c.tokens[name] = secret
	}
	c.tokens["auditor"] = at("person.auditor")
	taken := decode[struct{ Listing gongxin.ListingID }](t, []byte(strings.SplitN(string(c.want(200, "", "court", "POST", "/v1/intake?report=all", rowsOf(1, 1))), "\n", 2)[0]))
	err := c.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.Disclose(ctx, access.Disclosure{At: today, By: "clerk", Role: gongxin.RoleClerk, Organisation: "x", Operation: "listing-full", Listing: taken.Listing, Purpose: "核对身份"})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.want(403, "NOT_ALLOWED", "operator", "GET", "/v1/access-log", nil)
	c.want(422, "QUERY_PARAMETER", "auditor", "GET", "/v1/access-log?from=yesterday", nil)
	for name, want := range map[string]int{"auditor": 1, "suzhou": 1, "nanjing": 0} {
		b := c.want(200, "", name, "GET", "/v1/access-log?from=2017-09-01&to=2017-09-01", nil)
		if got := strings.Count(string(b), "核对身份"); got != want {
			t.Errorf("%s sees %d, want %d: %s", name, got, want, b)
		}
	}
	if b := c.want(200, "", "auditor", "GET", "/v1/access-log?from=2017-09-02", nil); strings.Contains(string(b), "核对身份") {
		t.Errorf("another day shows it: %s", b)
	}
}

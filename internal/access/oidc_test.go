package access

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"gongxin"
)

const (
	hubReturn = "http://hub.example/v1/oidc/return" // nobody listens there: the test reads where the browser is sent
	userName  = "li.si"
	userWord  = "correct horse battery staple"
)

// A realm is an OpenID provider on loopback, with one user and two clients.
type realm struct {
	*storage.Storage
	issuer  string
	methods []string // how the user signs in there, as amr; nil for what the storage says
}

func (realm) GetUserByID(string) *storage.User {
	return &storage.User{ID: "id-li", Username: userName, Password: userWord, FirstName: "四", LastName: "李"}
}

func (r realm) GetUserByUsername(name string) *storage.User {
	if name != userName {
		return nil
	}
	return r.GetUserByID("id-li")
}

func (realm) ExampleClientID() string { return "" }

// profiled makes a client whose tokens carry the name.
type profiled struct{ op.Client }

func (profiled) IDTokenUserinfoClaimsAssertion() bool { return true }

func (r *realm) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := r.Storage.GetClientByClientID(ctx, id)
	return profiled{c}, err
}

// stronger is a sign-in by methods.
type stronger struct {
	op.AuthRequest
	methods []string
}

func (s stronger) GetAMR() []string { return s.methods }

func (r *realm) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	request, err := r.Storage.AuthRequestByCode(ctx, code)
	if err == nil && r.methods != nil {
		return stronger{request, r.methods}, nil
	}
	return request, err
}

var loginPage = template.Must(template.New("login").Parse(`<form method="post" action="/login"><input type="hidden" name="id" value="{{.}}">
<input name="username"><input name="password" type="password"></form>`))

func newRealm(t *testing.T) *realm {
	t.Helper()
	r := &realm{}
	var mux http.ServeMux
	server := httptest.NewServer(&mux)
	t.Cleanup(server.Close)
	r.issuer = server.URL
	r.Storage = storage.NewStorageWithClients(r, map[string]*storage.Client{
		"hub":   storage.WebClient("hub", "secret of the hub", hubReturn),
		"other": storage.WebClient("other", "secret of another", hubReturn),
	})
	config := &op.Config{CryptoKey: sha256.Sum256([]byte("test")), CryptoKeyId: "key", CodeMethodS256: true}
	provider, err := op.NewProvider(config, r, op.StaticIssuer(r.issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", provider)
	mux.HandleFunc("GET /login/username", func(w http.ResponseWriter, req *http.Request) {
		if err := loginPage.Execute(w, req.FormValue("authRequestID")); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("POST /login", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.CheckUsernamePassword(req.FormValue("username"), req.FormValue("password"), req.FormValue("id")); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, req, op.AuthCallbackURL(provider)(req.Context(), req.FormValue("id")), http.StatusFound)
	}))
	return r
}

var formID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// browse goes to address as a browser does, posts the form of the login page, and
// returns the query with which it is sent back to the hub.
func browse(t *testing.T, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), hubReturn) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(page.Body)
	if err := errors.Join(err, page.Body.Close()); err != nil {
		t.Fatal(err)
	}
	id := formID.FindSubmatch(body)
	if id == nil {
		t.Fatalf("%s leads to no form: %s\n%s", address, page.Status, body)
	}
	back, err := browser.PostForm(page.Request.URL.Scheme+"://"+page.Request.URL.Host+"/login",
		url.Values{"id": {string(id[1])}, "username": {userName}, "password": {userWord}})
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Body.Close(); err != nil {
		t.Fatal(err)
	}
	location, err := back.Location()
	if err != nil {
		t.Fatalf("the form leads to %s, not back to the hub", back.Status)
	}
	return location.Query()
}

// A wire is what the hub talks to the provider over; it can change what comes back
// from the token endpoint.
type wire struct {
	change func(answer map[string]any)
	down   bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.down {
		return nil, io.ErrUnexpectedEOF
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/oauth/token") || w.change == nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	var body map[string]any
	if err := errors.Join(json.NewDecoder(answer.Body).Decode(&body), answer.Body.Close()); err != nil {
		return nil, err
	}
	w.change(body)
	changed, err := json.Marshal(body)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
	return answer, err
}

func (r *realm) client(t *testing.T, id, secret string, w *wire, now func() time.Time) *Provider {
	t.Helper()
	p, err := NewProvider(t.Context(), OIDCConfig{Issuer: r.issuer, ClientID: id, Secret: secret, Redirect: hubReturn, HTTP: &http.Client{Transport: w}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tokenFor signs in at r as client id and returns the token as it came.
func (r *realm) tokenFor(t *testing.T, id, secret string) (raw string) {
	t.Helper()
	p := r.client(t, id, secret, &wire{change: func(answer map[string]any) { raw, _ = answer["id_token"].(string) }}, time.Now)
	address, v, err := p.Start(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), browse(t, address), v); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestPeopleSignInAtARealOpenIDProvider(t *testing.T) {
	r, elsewhere := newRealm(t), newRealm(t)
	swap := func(raw string) func(map[string]any) {
		return func(answer map[string]any) { answer["id_token"] = raw }
	}
	part := func(answer map[string]any, n int, change func([]byte) []byte) {
		parts := strings.Split(answer["id_token"].(string), ".")
		b, err := base64.RawURLEncoding.DecodeString(parts[n])
		if err != nil {
			t.Error(err)
		}
		parts[n] = base64.RawURLEncoding.EncodeToString(change(b))
		answer["id_token"] = strings.Join(parts, ".")
	}
	for _, tt := range []struct {
		name   string
		query  func(url.Values)
		visit  func(*Visit)
		wire   wire
		later  time.Duration // by the hub's clock
		reason string        // "" if it is let in
	}{
		{name: "as it should be"},
		{name: "half an hour by the hub's clock later", later: 30 * time.Minute},
		{name: "naming the issuer", query: func(q url.Values) { q.Set("iss", r.issuer) }},
		{name: "another state", query: func(q url.Values) { q.Set("state", strings.Repeat("A", 43)) }, reason: "OIDC_STATE"},
		{name: "no state", query: func(q url.Values) { q.Del("state") }, reason: "OIDC_STATE"},
		{name: "a visit that nobody began", query: func(q url.Values) { q.Del("state") }, visit: func(v *Visit) { *v = Visit{} }, reason: "OIDC_STATE"},
		{name: "from another issuer", query: func(q url.Values) { q.Set("iss", elsewhere.issuer) }, reason: "OIDC_TOKEN"},
		{name: "refused by the provider", query: func(q url.Values) { q.Set("error", "access_denied") }, reason: "OIDC_REFUSED"},
		{name: "no code", query: func(q url.Values) { q.Del("code") }, reason: "OIDC_REFUSED"},
		{name: "an invented code", query: func(q url.Values) { q.Set("code", "invented") }, reason: "OIDC_CODE"},
		{name: "another verifier", visit: func(v *Visit) { v.Verifier = strings.Repeat("A", 43) }, reason: "OIDC_CODE"},
		{name: "another nonce", visit: func(v *Visit) { v.Nonce = strings.Repeat("A", 43) }, reason: "OIDC_NONCE"},
		{name: "no nonce", visit: func(v *Visit) { v.Nonce = "" }, reason: "OIDC_NONCE"},
		{name: "an expired token", later: 2 * time.Hour, reason: "OIDC_TOKEN"},
		{name: "no token", wire: wire{change: func(answer map[string]any) { delete(answer, "id_token") }}, reason: "OIDC_TOKEN"},
		{name: "a changed token", wire: wire{change: func(answer map[string]any) {
			part(answer, 1, func(b []byte) []byte { return bytes.Replace(b, []byte("id-li"), []byte("id-ma"), 1) })
		}}, reason: "OIDC_TOKEN"},
		{name: "a changed signature", wire: wire{change: func(answer map[string]any) {
			part(answer, 2, func(b []byte) []byte { b[0] ^= 1; return b })
		}}, reason: "OIDC_TOKEN"},
		{name: "a token that is not signed", wire: wire{change: func(answer map[string]any) {
			part(answer, 0, func([]byte) []byte { return []byte(`{"alg":"none"}`) })
			part(answer, 2, func([]byte) []byte { return nil })
		}}, reason: "OIDC_TOKEN"},
		{name: "a token for another client", wire: wire{change: swap(r.tokenFor(t, "other", "secret of another"))}, reason: "OIDC_TOKEN"},
		{name: "a token of another issuer", wire: wire{change: swap(elsewhere.tokenFor(t, "hub", "secret of the hub"))}, reason: "OIDC_TOKEN"},
		{name: "a token of another visit", wire: wire{change: swap(r.tokenFor(t, "hub", "secret of the hub"))}, reason: "OIDC_NONCE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Now()
			p := r.client(t, "hub", "secret of the hub", &tt.wire, func() time.Time { return now.Add(tt.later) })
			address, v, err := p.Start(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			query := browse(t, address)
			if back, err := ParseVisit(v.String()); err != nil || back != v {
				t.Errorf("the visit comes back as another: %v", err)
			}
			used := v
			if tt.query != nil {
				tt.query(query)
			}
			if tt.visit != nil {
				tt.visit(&used)
			}
			id, err := p.Finish(t.Context(), query, used)
			if tt.reason == "" {
				if want := (Identity{Issuer: r.issuer, Subject: "id-li", Name: "四 李"}); id != want || err != nil {
					t.Fatalf("got %+v, %v, want %+v", id, err, want)
				}
				_, err = p.Finish(t.Context(), query, v)
				tt.reason = "OIDC_CODE" // used
			}
			if gongxin.CodeOf(err) != "OIDC_FAILED" || Reason(err) != tt.reason || err.Error() != oidcFailed("", nil).Error() {
				t.Errorf("got %v for %s, want OIDC_FAILED for %s", err, Reason(err), tt.reason)
			}
		})
	}
}

func TestTheBrowserIsSentWithChallengeStateAndNonce(t *testing.T) {
	p := newRealm(t).client(t, "hub", "secret of the hub", &wire{}, time.Now)
	address, v, err := p.Start(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(v.Verifier))
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "hub", "redirect_uri": hubReturn, "state": v.State, "nonce": v.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(hash[:]), "code_challenge_method": "S256",
	} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(address, v.Verifier) || v.State == v.Nonce || v.Nonce == v.Verifier {
		t.Error("the verifier is given away")
	}
	if _, again, err := p.Start(rand.Reader); err != nil || again.State == v.State {
		t.Errorf("the next visit has the same state, %v", err)
	}
	if _, _, err := p.Start(strings.NewReader("short")); err == nil {
		t.Error("a visit was begun from five bytes")
	}
}

func TestAProviderThatDoesNotAnswer(t *testing.T) {
	r, w := newRealm(t), &wire{}
	p := r.client(t, "hub", "secret of the hub", w, time.Now)
	address, v, err := p.Start(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	query := browse(t, address)
	w.down = true
	if _, err := p.Finish(t.Context(), query, v); gongxin.CodeOf(err) != "OIDC_FAILED" || Reason(err) != "OIDC_UNREACHABLE" {
		t.Errorf("got %v for %s", err, Reason(err))
	} else if said := logged(err); !strings.Contains(said, io.ErrUnexpectedEOF.Error()) {
		t.Errorf("the log does not say why: %s", said)
	}
	if _, err := NewProvider(t.Context(), OIDCConfig{Issuer: r.issuer, HTTP: &http.Client{Transport: w}}); err == nil {
		t.Error("a provider that does not answer was taken")
	}
	if _, err := NewProvider(t.Context(), OIDCConfig{Issuer: r.issuer + "/another"}); err == nil {
		t.Error("a provider of another name was taken")
	}
}

func logged(err error) string {
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "err", err)
	return b.String()
}

func TestAnIdentityOpensASessionForItsPerson(t *testing.T) {
	r := newRealm(t)
	for _, tt := range []struct {
		name    string
		methods []string
		always  bool // the provider asks everybody for a second factor
		role    gongxin.Role
		change  func(*Person)
		want    string // code
	}{
		{"a clerk with a password", nil, false, gongxin.RoleClerk, nil, ""},
		{"a judge with a password alone", nil, false, gongxin.RoleJudge, nil, "OIDC_SECOND_NEEDED"},
		{"a judge with two secrets that one knows", []string{"pwd", "pin"}, false, gongxin.RoleJudge, nil, "OIDC_SECOND_NEEDED"},
		{"a judge with a password and a code", []string{"pwd", "otp"}, false, gongxin.RoleJudge, nil, ""},
		{"a judge with several factors", []string{"mfa"}, false, gongxin.RoleJudge, nil, ""},
		{"a judge at a provider that always asks", nil, true, gongxin.RoleJudge, nil, ""},
		{"somebody not connected", nil, false, gongxin.RoleClerk, func(p *Person) { p.Issuer, p.Subject = "", "" }, "OIDC_UNKNOWN"},
		{"connected at another issuer", nil, false, gongxin.RoleClerk, func(p *Person) { p.Issuer = "https://sso.example" }, "OIDC_UNKNOWN"},
		{"disabled", nil, false, gongxin.RoleClerk, func(p *Person) { p.Disabled = noon }, "PERSON_DISABLED"},
		{"locked for wrong passwords", nil, false, gongxin.RoleClerk, func(p *Person) { p.Locked = noon.Add(time.Hour) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.methods = tt.methods
			s := newStaff(t, "li", tt.role)
			s.change("li", func(p *Person) {
				p.Issuer, p.Subject = r.issuer, "id-li"
				if tt.change != nil {
					tt.change(p)
				}
			})
			p, err := NewProvider(t.Context(), OIDCConfig{Issuer: r.issuer, ClientID: "hub", Secret: "secret of the hub", Redirect: hubReturn, SecondFactor: tt.always})
			if err != nil {
				t.Fatal(err)
			}
			address, v, err := p.Start(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			id, err := p.Finish(t.Context(), browse(t, address), v)
			if err != nil {
				t.Fatal(err)
			}
			secret, session, person, err := SignInOIDC(t.Context(), s, id, noon, rand.Reader)
			if gongxin.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err == nil && (session.Method != MethodOIDC || session.Person != "li" || person.ID != "li" || !IsSession(secret) || !session.Permits("board-read")) ||
				err != nil && (session != Session{} || secret != "") {
				t.Errorf("got %+v", session)
			}
		})
	}
	s := newStaff(t, "li", gongxin.RoleClerk)
	if _, _, _, err := SignInOIDC(t.Context(), s, Identity{}, noon, rand.Reader); gongxin.CodeOf(err) != "OIDC_UNKNOWN" {
		t.Errorf("the identity of nobody opens a session for who has none: %v", err)
	}
}

func FuzzParseVisit(f *testing.F) {
	part := strings.Repeat("A", 43)
	f.Add(part + "." + part + "." + part)
	f.Add(part + ".." + part)
	f.Add(part + "." + strings.Repeat("\n", 43) + "." + part)
	f.Add(strings.Repeat(".", 200))
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVisit(s)
		if err != nil {
			if gongxin.CodeOf(err) != "OIDC_FAILED" || v != (Visit{}) {
				t.Errorf("%q: got %v", s, err)
			}
			return
		}
		if v.String() != s {
			t.Errorf("%q prints as %q", s, v.String())
		}
	})
}

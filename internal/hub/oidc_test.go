package hub

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"gongxin"
	"gongxin/internal/access"
)

// A realm is an OpenID provider on loopback at which one user can sign in.
type realm struct{ issuer string }

func (realm) GetUserByID(string) *storage.User {
	return &storage.User{ID: "id-li", Username: "li", Password: "at the provider"}
}
func (r realm) GetUserByUsername(string) *storage.User { return r.GetUserByID("") }
func (realm) ExampleClientID() string                  { return "" }

func newRealm(t *testing.T, redirect string) realm {
	t.Helper()
	var mux http.ServeMux
	server := httptest.NewServer(&mux)
	t.Cleanup(server.Close)
	r := realm{server.URL}
	kept := storage.NewStorageWithClients(r, map[string]*storage.Client{"hub": storage.WebClient("hub", "secret of the hub", redirect)})
	provider, err := op.NewProvider(&op.Config{CryptoKey: sha256.Sum256([]byte("test")), CryptoKeyId: "key", CodeMethodS256: true}, kept,
		op.StaticIssuer(r.issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", provider)
	// The login page signs in who comes: what it asks is the provider's own affair.
	mux.Handle("GET /login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id := req.FormValue("authRequestID")
		if err := kept.CheckUsernamePassword("li", "at the provider", id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, req, op.AuthCallbackURL(provider)(req.Context(), id), http.StatusFound)
	}))
	return r
}

// People sign in at a real OpenID provider and come back with a session; a link that
// somebody else began signs nobody in.
func TestPeopleSignInAtAnOpenIDProvider(t *testing.T) {
	c := newCentre(t)
	c.want(404, "OIDC_OFF", "nobody", "GET", "/v1/oidc/start", nil)
	r := newRealm(t, c.url+"/v1/oidc/return")
	c.OIDC = &access.OIDCConfig{Issuer: r.issuer, ClientID: "hub", Secret: "secret of the hub", Redirect: c.url + "/v1/oidc/return", Now: time.Now}
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	browse := func(jar http.CookieJar, address string) (*http.Response, string) {
		t.Helper()
		answer, err := (&http.Client{Jar: jar}).Get(address)
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
	newJar := func() http.CookieJar {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return jar
	}
	if answer, b := browse(newJar(), c.url+"/v1/oidc/start"); answer.StatusCode != 401 || !strings.Contains(b, "OIDC_UNKNOWN") {
		t.Fatalf("somebody whom nobody knows here: %s %s", answer.Status, b)
	}
	_, err := c.SavePerson(t.Context(), Membership{ID: "li@苏0505", Name: "李四", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleClerk}, Issuer: r.issuer, Subject: "id-li"}, "")
	if err != nil {
		t.Fatal(err)
	}
	jar := newJar()
	answer, b := browse(jar, c.url+"/v1/oidc/start")
	if answer.StatusCode != 200 || !strings.Contains(b, "/board") {
		t.Fatalf("coming back: %s %s", answer.Status, b)
	}
	home, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	if left := jar.Cookies(home); len(left) != 1 || left[0].Name != sessionCookie {
		t.Errorf("cookies after coming back: %v", left)
	}
	if answer, b := browse(jar, c.url+"/v1/session"); answer.StatusCode != 200 || !strings.Contains(b, "li@苏0505") || !strings.Contains(b, `"oidc"`) {
		t.Errorf("who it is: %s %s", answer.Status, b)
	}
	// The address with which the browser came back, in another browser, or again in this one.
	for name, other := range map[string]http.CookieJar{"another browser": newJar(), "again": jar} {
		if answer, b := browse(other, answer.Request.URL.String()); answer.StatusCode != 401 || !strings.Contains(b, "OIDC_FAILED") {
			t.Errorf("the same address in %s: %s %s", name, answer.Status, b)
		}
	}
	codes := strings.Join(c.recorded(), " ")
	if !strings.Contains(codes, "OIDC_UNKNOWN") || !strings.Contains(codes, "OIDC_FAILED") {
		t.Errorf("on record: %s", codes)
	}
}

// A provider that does not answer keeps nobody out who has a password, and is asked
// again the next time.
func TestAProviderThatIsDownIsAskedAgain(t *testing.T) {
	c := newCentre(t)
	up := false
	down := roundTripper(func(r *http.Request) (*http.Response, error) {
		if !up {
			return nil, io.ErrUnexpectedEOF
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	r := newRealm(t, c.url+"/v1/oidc/return")
	c.OIDC = &access.OIDCConfig{Issuer: r.issuer, ClientID: "hub", Secret: "x", Redirect: c.url + "/v1/oidc/return", HTTP: &http.Client{Transport: down}, Now: time.Now}
	c.want(401, "OIDC_FAILED", "nobody", "GET", "/v1/oidc/start", nil)
	up = true
	if _, err := c.provider(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

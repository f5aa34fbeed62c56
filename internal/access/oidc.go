package access

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// An OIDCConfig says at which OpenID provider people sign in.
type OIDCConfig struct {
	Issuer       string           // https://…, as in the tokens
	ClientID     string           //
	Secret       string           // of the client
	Redirect     string           // the hub's own …/v1/oidc/return
	SecondFactor bool             // the provider asks everybody for a second factor, even if its tokens do not say so
	HTTP         *http.Client     // for talking to the provider; nil for one with a timeout
	Now          func() time.Time // by which tokens expire
}

// A Provider lets people sign in at an OpenID provider.
type Provider struct{}

// NewProvider reads what the provider says of itself. Error: one that wraps what went wrong.
func NewProvider(ctx context.Context, c OIDCConfig) (*Provider, error) { panic("to come") }

// A Visit is what the hub must know again when a browser returns from the provider.
// It goes into a cookie of that browser (HttpOnly, Secure, SameSite=Lax, ten
// minutes) as its String, and is used once.
type Visit struct{ State, Nonce, Verifier string }

// String is the form for the cookie. ParseVisit reads it.
func (v Visit) String() string { panic("to come") }

// ParseVisit reads what String gave. Error: OIDC_FAILED.
func ParseVisit(s string) (Visit, error) { panic("to come") }

// Start gives the address to which to send the browser, and the visit to remember.
func (p *Provider) Start(random io.Reader) (address string, v Visit, err error) { panic("to come") }

// An Identity is who somebody is to an OpenID provider.
type Identity struct {
	Issuer  string
	Subject string
	Name    string // for people to read; proves nothing
	Second  bool   // signed in there with a second factor
}

// Finish reads the query with which the browser came back. Error: OIDC_FAILED,
// without saying why; Reason tells the hub's records.
func (p *Provider) Finish(ctx context.Context, query url.Values, v Visit) (Identity, error) {
	panic("to come")
}

// OIDCPeople is what signing in with an identity needs of a store.
type OIDCPeople interface {
	PersonBySubject(ctx context.Context, issuer, subject string) (Person, error)
}

// SignInOIDC makes a session for the person whose identity id is. The caller saves
// it. Errors: OIDC_UNKNOWN if nobody is known by it, PERSON_DISABLED,
// OIDC_SECOND_NEEDED if the person's roles need a second factor and the provider
// asked for none.
func SignInOIDC(ctx context.Context, people OIDCPeople, id Identity, at time.Time, random io.Reader) (secret string, s Session, p Person, err error) {
	panic("to come")
}

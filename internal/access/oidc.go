package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"gongxin"
)

// An OIDCConfig says at which OpenID provider people sign in.
type OIDCConfig struct {
	Issuer       string           // https://…, as in the tokens
	ClientID     string           //
	Secret       string           `json:"-"` // of the client
	Redirect     string           // the hub's own …/v1/oidc/return
	SecondFactor bool             // the provider asks everybody for a second factor, even if its tokens do not say so
	HTTP         *http.Client     // for talking to the provider; nil for one with a timeout
	Now          func() time.Time // by which tokens expire
}

// A Provider lets people sign in at an OpenID provider, by the authorisation code
// flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700):
//
//	Start ─▶ browser goes to the provider ─▶ comes back with a code ─▶ Finish ─▶ SignInOIDC
type Provider struct {
	issuer   string
	clientID string
	second   bool
	http     *http.Client
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// providerPatience is how long the provider may take to answer.
const providerPatience = 10 * time.Second

// NewProvider reads what the provider says of itself. Error: one that wraps what went wrong.
func NewProvider(ctx context.Context, c OIDCConfig) (*Provider, error) {
	p := &Provider{issuer: c.Issuer, clientID: c.ClientID, second: c.SecondFactor, http: c.HTTP}
	if p.http == nil {
		p.http = &http.Client{Timeout: providerPatience}
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.http), c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("read OpenID provider %s: %w", c.Issuer, err)
	}
	p.oauth = oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.Secret, RedirectURL: c.Redirect,
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
	p.verifier = provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), p.http), &oidc.Config{ClientID: c.ClientID, Now: c.Now})
	return p, nil
}

// A Visit is what the hub must know again when a browser returns from the provider.
// It goes into a cookie of that browser (HttpOnly, Secure, SameSite=Lax, ten
// minutes), which is taken away when it returns: a visit is used once. Neither fmt nor
// slog print it.
type Visit struct {
	State    string `json:"-"` // ties the return to this browser
	Nonce    string `json:"-"` // ties the token to this visit
	Verifier string `json:"-"` // ties the code to the hub (PKCE)
}

// String is the value for the cookie. ParseVisit reads it.
func (v Visit) String() string { return v.State + "." + v.Nonce + "." + v.Verifier }

// ParseVisit reads what String gave. Error: OIDC_FAILED.
func ParseVisit(s string) (Visit, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || slices.ContainsFunc(parts, func(part string) bool { return !isSecret("", part) || !isBase64(part) }) {
		return Visit{}, oidcFailed("OIDC_VISIT", nil)
	}
	return Visit{State: parts[0], Nonce: parts[1], Verifier: parts[2]}, nil
}

func isBase64(s string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && !strings.ContainsAny(s, "\r\n")
}

// Start gives the address to which to send the browser, and the visit to remember.
func (p *Provider) Start(random io.Reader) (address string, v Visit, err error) {
	for _, secret := range []*string{&v.State, &v.Nonce, &v.Verifier} {
		if *secret, _, err = newSecret("", random); err != nil {
			return "", Visit{}, fmt.Errorf("start visit: %w", err)
		}
	}
	return p.oauth.AuthCodeURL(v.State, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier)), v, nil
}

// An Identity is who somebody is to an OpenID provider.
type Identity struct {
	Issuer  string
	Subject string
	Name    string // for people to read; proves nothing
	Second  bool   // signed in there with a second factor
}

// Finish reads the query with which the browser came back, and fetches and checks the
// token. Error: OIDC_FAILED, without saying why; Reason tells the hub's records:
// OIDC_VISIT or OIDC_STATE for one that this browser did not begin, OIDC_REFUSED if
// the provider let nobody in, OIDC_CODE for a code that is wrong or was used,
// OIDC_TOKEN for a token that does not hold, OIDC_NONCE for one of another visit,
// OIDC_UNREACHABLE.
func (p *Provider) Finish(ctx context.Context, query url.Values, v Visit) (Identity, error) {
	ctx = oidc.ClientContext(ctx, p.http)
	state := query.Get("state")
	switch {
	case v.State == "" || subtle.ConstantTimeCompare([]byte(state), []byte(v.State)) != 1:
		return Identity{}, oidcFailed("OIDC_STATE", nil)
	case query.Has("iss") && query.Get("iss") != p.issuer: // RFC 9207
		return Identity{}, oidcFailed("OIDC_TOKEN", nil)
	case query.Has("error") || query.Get("code") == "":
		return Identity{}, oidcFailed("OIDC_REFUSED", nil)
	}
	tokens, err := p.oauth.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(v.Verifier))
	var answered *oauth2.RetrieveError
	switch {
	case errors.As(err, &answered) && answered.Response.StatusCode < http.StatusInternalServerError:
		return Identity{}, oidcFailed("OIDC_CODE", fmt.Errorf("status %d %s", answered.Response.StatusCode, answered.ErrorCode))
	case errors.As(err, &answered):
		return Identity{}, oidcFailed("OIDC_UNREACHABLE", fmt.Errorf("status %d", answered.Response.StatusCode))
	case err != nil:
		return Identity{}, oidcFailed("OIDC_UNREACHABLE", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return Identity{}, oidcFailed("OIDC_TOKEN", err)
	}
	if v.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(v.Nonce)) != 1 {
		return Identity{}, oidcFailed("OIDC_NONCE", nil)
	}
	var claims struct {
		Name      string   `json:"name"`
		Preferred string   `json:"preferred_username"`
		Party     string   `json:"azp"`
		Methods   []string `json:"amr"`
	}
	if err := token.Claims(&claims); err != nil {
		return Identity{}, oidcFailed("OIDC_TOKEN", err)
	}
	if token.Subject == "" || (claims.Party != "" || len(token.Audience) > 1) && claims.Party != p.clientID {
		return Identity{}, oidcFailed("OIDC_TOKEN", errors.New("it is for another party"))
	}
	id := Identity{Issuer: token.Issuer, Subject: token.Subject, Name: claims.Name, Second: p.second || severalFactors(claims.Methods)}
	if id.Name == "" {
		id.Name = claims.Preferred
	}
	return id, nil
}

// factors are the methods of authentication of RFC 8176 by what they show: something
// that one knows, has, or is.
var factors = [][]string{
	{"pwd", "pin", "kba"},
	{"otp", "hwk", "swk", "sc", "sms", "tel", "pop"},
	{"face", "fpt", "iris", "retina", "vbm"},
}

// severalFactors tells whether methods say that there were two factors of different
// sorts, or say so themselves.
func severalFactors(methods []string) bool {
	sorts := 0
	for _, sort := range factors {
		if slices.ContainsFunc(sort, func(m string) bool { return slices.Contains(methods, m) }) {
			sorts++
		}
	}
	return sorts > 1 || slices.Contains(methods, "mfa")
}

// OIDCPeople is what signing in with an identity needs of a store: an error of kind
// missing if nobody has it.
type OIDCPeople interface {
	PersonBySubject(ctx context.Context, issuer, subject string) (Person, error)
}

// SignInOIDC makes a session for the person whose identity id is. The caller saves
// it. That somebody guessed the person's password too often does not matter: here
// none was given. Errors: OIDC_UNKNOWN if nobody is known by it, PERSON_DISABLED,
// OIDC_SECOND_NEEDED if the person's roles need a second factor and the provider
// asked for none.
func SignInOIDC(ctx context.Context, people OIDCPeople, id Identity, at time.Time, random io.Reader) (secret string, s Session, p Person, err error) {
	if id.Issuer == "" || id.Subject == "" {
		return "", Session{}, Person{}, gongxin.Forbidden("OIDC_UNKNOWN")
	}
	p, err = people.PersonBySubject(ctx, id.Issuer, id.Subject)
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing:
		return "", Session{}, Person{}, gongxin.Forbidden("OIDC_UNKNOWN")
	case err != nil:
		return "", Session{}, Person{}, fmt.Errorf("find person: %w", err)
	case !p.Disabled.IsZero():
		return "", Session{}, Person{}, gongxin.Forbidden("PERSON_DISABLED", p.ID)
	case p.NeedsSecond() && !id.Second:
		return "", Session{}, Person{}, gongxin.Forbidden("OIDC_SECOND_NEEDED")
	}
	secret, s, err = NewSession(p, MethodOIDC, at, random)
	if err != nil {
		return "", Session{}, Person{}, err
	}
	return secret, s, p, nil
}

func oidcFailed(reason string, cause error) error {
	return &refusal{shown: gongxin.Forbidden("OIDC_FAILED"), reason: reason, cause: cause}
}

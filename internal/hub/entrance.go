package hub

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// The entrance of the hub: who a request is from, and whether they may. A system
// comes with a token, a person or the person concerned with a session; a browser
// carries that in a cookie. Whoever is turned away, here or behind a handler, is
// recorded.
//
//	Authorization: Bearer gx_…  ─▶ token, with the certificate of the connection ─┐
//	Authorization: Bearer gs_…  ─▶ session ───────────────────────────────────────┼─▶ matrix ─▶ handler
//	Cookie: gongxin_session     ─▶ session, from pages of our own alone ──────────┘        └─▶ refusals
type entrance struct {
	origin     *http.CrossOriginProtection
	attempts   *access.Limiter // to sign in, by address
	refusals   *access.Limiter // that are recorded, by address
	all        *access.Limiter // that are recorded, of everybody together
	unrecorded atomic.Int64    // refusals beyond that since the last was told

	mu       sync.Mutex
	provider *access.Provider // nil until somebody signs in there
}

// How many refusals are recorded: what a person or a broken system gives is all
// there, and a flood fills some 20 MB a day at most.
const (
	refusalBurst    = 60
	refusalInterval = 10 * time.Second
	allBurst        = 2000
	allInterval     = time.Second
)

// How often one address may try to sign in.
const (
	attemptBurst    = 20
	attemptInterval = 6 * time.Second
)

func newEntrance(now func() time.Time) *entrance {
	const addresses = 10_000
	return &entrance{
		origin:   http.NewCrossOriginProtection(),
		attempts: access.NewLimiter(attemptBurst, attemptInterval, addresses, now),
		refusals: access.NewLimiter(refusalBurst, refusalInterval, addresses, now),
		all:      access.NewLimiter(allBurst, allInterval, 1, now),
	}
}

// A visit is one request on its way through the hub.
type visit struct {
	hub       *Hub
	operation string // of the matrix
	from      string // network address of who asks; of IPv6 the network that they sit in
	listing   gongxin.ListingID
	insecure  bool   // plain HTTP on this very machine: cookies cannot be Secure
	by        string // who it turned out to be, where the caller does not tell
	reason    string // the code to record if it is not the one that was told
	recorded  bool
}

type visitKey struct{}

// visitOf returns the visit of the request of ctx; a blank one outside a request.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

func (a *api) newVisit(r *http.Request, operation string) *visit {
	v := &visit{hub: a.hub, operation: operation}
	if ip, ok := clientAddress(r, a.hub.Proxies); ok {
		v.from = ip.String()
		if ip.Is6() && !ip.IsLoopback() {
			if network, err := ip.WithZone("").Prefix(64); err == nil {
				v.from = network.String()
			}
		}
		v.insecure = r.TLS == nil && ip.IsLoopback() && loopback(r.Host)
	}
	if id, err := gongxin.ParseListingID(r.PathValue("id")); err == nil {
		v.listing = id
	}
	return v
}

// loopback tells whether a browser that shows host talks to its own machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// enter authenticates a request for operation and checks it against the matrix.
// The context carries the visit, also if there is an error.
func (a *api) enter(r *http.Request, operation string) (context.Context, error) {
	v := a.newVisit(r, operation)
	ctx := context.WithValue(r.Context(), visitKey{}, v)
	secret, cookie := secretOf(r)
	if cookie || access.Public(operation) { // a page elsewhere can make a browser send our cookie, or sign somebody in
		if err := a.hub.entrance.origin.Check(r); err != nil {
			return ctx, gongxin.Forbidden("CROSS_ORIGIN")
		}
	}
	if access.Public(operation) {
		return ctx, nil
	}
	caller, err := a.caller(ctx, r, operation, secret)
	if err != nil {
		v.by = caller.Actor.ID
		return ctx, err
	}
	return access.WithCaller(ctx, caller), nil
}

// sessionCookie carries a person's session.
const sessionCookie = "gongxin_session"

// secretOf returns what a request proves itself with; cookie tells that a browser
// sent it by itself.
func secretOf(r *http.Request) (secret string, cookie bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		secret, _ = strings.CutPrefix(header, "Bearer ")
		return secret, false
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		return c.Value, true
	}
	return "", false
}

// caller tells who makes the request r for operation. With an error it says as
// much as is known.
func (a *api) caller(ctx context.Context, r *http.Request, operation, secret string) (c access.Caller, err error) {
	if access.IsSession(secret) {
		return a.visitor(ctx, operation, secret)
	}
	c.Actor, c.Token, err = access.Authenticate(ctx, tokens{a.hub.Store}, secret, certificateOf(r), a.hub.Now())
	switch {
	case err != nil:
		var e *gongxin.Error
		if errors.As(err, &e) && len(e.Args) > 0 { // a token that was known once names itself
			c.Actor.ID, _ = e.Args[0].(string)
		}
		return c, err
	case !access.Allowed(operation, c.Actor.Role):
		return c, gongxin.Forbidden("NOT_ALLOWED", operation, c.Actor.Role)
	case !c.Token.Permits(operation):
		return c, gongxin.Forbidden("NOT_IN_SCOPE", operation, c.Token.ID)
	}
	return c, nil
}

// certificateOf is the SHA-256 of the certificate that the client proved to have;
// zero if none.
func certificateOf(r *http.Request) (hash [32]byte) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	}
	return hash
}

// visitor is caller for a session.
func (a *api) visitor(ctx context.Context, operation, secret string) (c access.Caller, err error) {
	now := gongxin.Millis(a.hub.Now())
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		if c.Session, c.Person, err = access.AuthenticateSession(ctx, v, secret, now); err != nil {
			return err
		}
		if c.Person.ID == "" {
			c.Actor = access.SubjectActor(c.Session.Listing)
			return nil
		}
		tree, err := a.hub.tree(ctx, v)
		if err != nil {
			return err
		}
		c.Organisation, _ = tree.Organisation(c.Person.Organisation)
		return nil
	})
	if err != nil {
		return c, err
	}
	allowed := access.Allowed(operation, c.Actor.Role)
	if c.Person.ID != "" {
		c.Actor, allowed = access.ActorFor(c.Person, c.Organisation, operation)
		c.Actor.ID = c.Person.ID // also if there is no role to act in
	}
	switch {
	case !allowed:
		return c, gongxin.Forbidden("NOT_ALLOWED", operation, rolesOf(c))
	case !c.Session.Permits(operation):
		return c, gongxin.Forbidden("SESSION_ENROLMENT", operation)
	}
	return c, a.touch(ctx, c.Session, now)
}

// rolesOf names the roles of who calls, for a message.
func rolesOf(c access.Caller) string {
	if c.Person.ID == "" {
		return string(c.Actor.Role)
	}
	names := make([]string, len(c.Person.Roles))
	for i, r := range c.Person.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// touch notes that a session is used, so that it ends only when it is not.
func (a *api) touch(ctx context.Context, s access.Session, now time.Time) error {
	s, moved := s.Touch(now)
	if !moved {
		return nil
	}
	return a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		kept, err := tx.SessionByHash(ctx, s.Hash)
		if err != nil || !kept.Ended.IsZero() { // ended since it was read: it stays so
			return err
		}
		return tx.SaveSession(ctx, s)
	})
}

// tokens finds API tokens in the store.
type tokens struct{ db *store.DB }

// TokenByHash implements access.Tokens.
func (t tokens) TokenByHash(ctx context.Context, hash [32]byte) (access.Token, error) {
	return t.db.Token(ctx, hash)
}

// guard is authorise for handlers outside huma.
func (a *api) guard(operation string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.enter(r, operation)
		r = r.WithContext(ctx)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		serve(w, r)
	})
}

// authorise is the middleware for huma's operations.
func (a *api) authorise(huma.API) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(c)
		ctx, err := a.enter(r, lineOf(c.Operation().OperationID))
		if err != nil {
			a.fail(w, r.WithContext(ctx), err)
			return
		}
		next(huma.WithContext(c, ctx))
	}
}

// cookie carries the secret of a session to the browser of the request of ctx, for
// as long as the session holds; an empty secret takes it away again.
func (a *api) cookie(ctx context.Context, secret string, expires time.Time) http.Cookie {
	c := http.Cookie{Name: sessionCookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: !visitOf(ctx).insecure, MaxAge: -1}
	if left := expires.Sub(a.hub.Now()); secret != "" && left >= time.Second {
		c.MaxAge = int(left / time.Second)
	}
	return c
}

// entranceRoutes registers signing in, what the centre decides about access, and
// the batches that are held.
func (a *api) entranceRoutes(j huma.API, mux *http.ServeMux) {
	route(j, "sign-in", http.MethodPost, "/v1/session", "Sign in with password and second factor", a.beginSession)
	route(j, "session-read", http.MethodGet, "/v1/session", "Who the caller is", a.readSession)
	route(j, "session-end", http.MethodDelete, "/v1/session", "Sign out", a.endSession)
	route(j, "password-change", http.MethodPost, "/v1/session/password", "Change the own password; every session ends", a.changePassword)
	route(j, "second-factor-enrol", http.MethodPost, "/v1/session/second-factor", "Enrol an authenticator, in two steps", a.enrolSecond)
	mux.Handle("GET /v1/oidc/start", a.guard("oidc-start", a.startOIDC))
	mux.Handle("GET /v1/oidc/return", a.guard("oidc-return", a.returnOIDC))

	route(j, "organisations-read", http.MethodGet, "/v1/organisations", "The tree of organisations (4.1)", a.readOrganisations)
	route(j, "organisation-write", http.MethodPost, "/v1/organisations", "Put an organisation into the tree, or change one", a.writeOrganisation)
	route(j, "people-read", http.MethodGet, "/v1/people", "Who can sign in", a.readPeople)
	route(j, "person-write", http.MethodPost, "/v1/people", "Let a person sign in, or change their roles", a.writePerson)
	route(j, "person-write.disabled", http.MethodPost, "/v1/people/{id}/disabled", "Shut a person out, at once, or let them in again", a.disablePerson)
	route(j, "tokens-manage", http.MethodGet, "/v1/tokens", "The tokens, without their secrets", a.readTokens)
	route(j, "tokens-manage.issue", http.MethodPost, "/v1/tokens", "Issue a token", a.issueToken)
	route(j, "tokens-manage.revocation", http.MethodPost, "/v1/tokens/{id}/revocation", "Revoke the tokens of one who acts, at once", a.revokeToken)
	route(j, "token-rotation", http.MethodPost, "/v1/tokens/rotation", "Replace the token that calls", a.rotateToken)
	route(j, "access-log", http.MethodGet, "/v1/access-log", "Who used a full identifier, and what for", a.readAccessLog)
	route(j, "refusals-log", http.MethodGet, "/v1/refusals", "Who was turned away, and why", a.readRefusals)

	route(j, "batches-read", http.MethodGet, "/v1/batches", "Submissions that were held for a second person", a.readBatches)
	route(j, "batch-approval", http.MethodPost, "/v1/batches/{id}/approval", "Approve a held submission, as a second person", a.approveBatch)
	route(j, "batch-refusal", http.MethodPost, "/v1/batches/{id}/refusal", "Refuse a held submission", a.refuseBatch)
}

// lineOf is the operation of the matrix that a route's id stands for: one line may
// have several routes, named line.variant.
func lineOf(id string) string {
	line, _, _ := strings.Cut(id, ".")
	return line
}

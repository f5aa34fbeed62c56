package hub

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/web"
)

// api serves the routes of one hub.
type api struct{ hub *Hub }

const maxCommandBody = 1 << 20 // bytes of a JSON command

// Handler returns the hub's HTTP API and status page. The table of routes below
// is its contents page; who may use which stands in package access.
func (h *Hub) Handler() http.Handler {
	a := &api{h}
	mux := http.NewServeMux()

	// The log as files, for any tlog-tiles client.
	mux.Handle("GET /checkpoint", a.guard("feed-static", a.serveCheckpoint))
	mux.Handle("GET /tile/", a.guard("feed-static", a.serveTile))

	// The feed, for gates.
	mux.Handle("GET /v1/feed/changes", a.guard("feed-changes", a.serveChanges))
	mux.Handle("GET /v1/feed/snapshot", a.guard("feed-snapshot", a.serveSnapshot))

	// Files and rows from courts.
	mux.Handle("POST /v1/intake", a.guard("intake-submit", a.serveIntake))

	config := huma.DefaultConfig("gongxin hub", "1")
	config.Info.Description = "Register of judgment defaulters: courts' commands, gates' receipts and outcomes. Feed, tiles and file intake stand in docs/api.md."
	config.DocsPath, config.CreateHooks = "", nil // no page that loads from elsewhere, no schema links in answers
	j := humago.New(mux, config)
	j.UseMiddleware(a.authorise(j))

	// Steps of a listing, each by the person entitled to it.
	route(j, "listing-notice", http.MethodPost, "/v1/listings", "Record that the risk notice was served (2.3)", a.serveNotice)
	route(j, "listing-read", http.MethodGet, "/v1/listings/{id}", "Read a listing and its history, identifiers masked", a.readListing)
	route(j, "listing-decision", http.MethodPost, "/v1/listings/{id}/decision", "Decide to list (2.1)", a.decide)
	route(j, "listing-publication", http.MethodPost, "/v1/listings/{id}/publication", "Put a decided listing in force (2.1)", a.publishListing)
	route(j, "listing-correction", http.MethodPost, "/v1/listings/{id}/correction", "Put fields right (2.1.5)", a.correct)
	route(j, "listing-withdrawal", http.MethodPost, "/v1/listings/{id}/withdrawal", "Withdraw a listing (2.4)", a.withdraw)
	route(j, "listing-revocation", http.MethodPost, "/v1/listings/{id}/revocation", "Revoke a listing that was wrongly made (2.5)", a.revoke)

	// What gates report back.
	route(j, "receipts", http.MethodPost, "/v1/gates/{gate}/receipts", "Confirm what a gate has applied (2.2)", a.receipt)
	route(j, "outcomes", http.MethodPost, "/v1/gates/{gate}/outcomes", "Report what a gate restricted, referred and lifted (4.2, 3.13)", a.outcomes)
	route(j, "gates-status", http.MethodGet, "/v1/gates", "How far each gate is", a.gates)

	a.stepRoutes(j, mux)
	a.entranceRoutes(j, mux)
	a.boardRoutes(j, mux)

	mux.Handle("/", web.Handler(h))
	return mux
}

// route registers one JSON operation; its id is the one in the authorisation matrix.
func route[In, Out any](j huma.API, id, method, path, summary string, serve func(context.Context, *In) (*Out, error)) {
	huma.Register(j, huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: maxCommandBody,
		Security: []map[string][]string{{"token": {}}},
	}, serve)
}

// tokens finds API tokens in the store.
type tokens struct{ db *store.DB }

// TokenByHash implements access.Tokens.
func (t tokens) TokenByHash(ctx context.Context, hash [32]byte) (token access.Token, err error) {
	err = t.db.Read(ctx, func(ctx context.Context, v *store.View) error {
		token, err = v.TokenByHash(ctx, hash)
		return err
	})
	return token, err
}

// who authenticates a request and checks it against the matrix.
func (a *api) who(ctx context.Context, operation, authorization string) (context.Context, error) {
	if access.Public(operation) {
		return ctx, nil
	}
	bearer, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return nil, gongxin.Forbidden("UNAUTHENTICATED")
	}
	actor, token, err := access.Authenticate(ctx, tokens{a.hub.Store}, bearer, a.hub.Now())
	if err != nil {
		return nil, err
	}
	if !access.Allowed(operation, actor.Role) {
		return nil, gongxin.Forbidden("NOT_ALLOWED", operation, actor.Role)
	}
	return access.WithActor(ctx, actor, token), nil
}

// guard is authorise for handlers outside huma.
func (a *api) guard(operation string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.who(r.Context(), operation, r.Header.Get("Authorization"))
		if err != nil {
			a.fail(w, r, err)
			return
		}
		serve(w, r.WithContext(ctx))
	})
}

// authorise is the middleware for huma's operations.
func (a *api) authorise(j huma.API) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		ctx, err := a.who(c.Context(), c.Operation().OperationID, c.Header("Authorization"))
		if err != nil {
			r, w := humago.Unwrap(c)
			a.fail(w, r, err)
			return
		}
		next(huma.WithContext(c, ctx))
	}
}

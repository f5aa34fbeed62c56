package hub

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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
	mux.Handle("GET /v1/feed/ranges/{range}", a.guard("feed-changes", a.serveRange))
	mux.Handle("GET /v1/feed/snapshot", a.guard("feed-snapshot", a.serveSnapshot))
	mux.Handle("GET /v1/feed/access", a.guard("feed-changes", a.serveAccess))

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
	route(j, "gate-key-reset", http.MethodPost, "/v1/gates/{gate}/key-reset", "Trust the next key with which a gate signs receipts", a.resetKey)
	route(j, "gates-status", http.MethodGet, "/v1/gates", "How far each gate is", a.gates)

	// What reached whom, and when (2.2, 2.4, 3.13).
	route(j, "deliveries-read", http.MethodGet, "/v1/deliveries", "Which gates are late, and which endings have not arrived or not led to a lift", a.deliveries)
	route(j, "listing-deliveries", http.MethodGet, "/v1/listings/{id}/deliveries", "When each change of a listing was sent to, applied, acted on and lifted by each department", a.listingDeliveries)
	route(j, "listing-at", http.MethodGet, "/v1/listings/{id}/state", "Whether a listing was in force at an instant, and on which sequence a department acted", a.stateAt)
	route(j, "listing-proof", http.MethodGet, "/v1/listings/{id}/proof", "The same as a file that anybody checks offline; purpose and reader are recorded", a.proof)

	a.packageRoutes(j, mux)
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
	}, func(ctx context.Context, in *In) (*Out, error) {
		out, err := serve(ctx, in)
		noteRefusal(ctx, err)
		return out, err
	})
}

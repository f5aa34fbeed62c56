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
)

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
	actor, token, err := access.Authenticate(ctx, tokens{a.hub.Store}, bearer, [32]byte{}, a.hub.Now())
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

// noteRefusal records err if it turns somebody away.
func noteRefusal(context.Context, error) {}

package access

import (
	"context"

	"gongxin"
)

type contextKey struct{}

type caller struct {
	actor gongxin.Actor
	token Token
}

// WithActor returns ctx for a request that actor makes with token.
func WithActor(ctx context.Context, actor gongxin.Actor, token Token) context.Context {
	return context.WithValue(ctx, contextKey{}, caller{actor, token})
}

// ActorFrom returns who makes the request of ctx; the zero Actor, who may do
// nothing, for a public one.
func ActorFrom(ctx context.Context) gongxin.Actor {
	c, _ := ctx.Value(contextKey{}).(caller)
	return c.actor
}

// TokenFrom returns the token of the request of ctx, zero for a public one.
func TokenFrom(ctx context.Context) Token {
	c, _ := ctx.Value(contextKey{}).(caller)
	return c.token
}

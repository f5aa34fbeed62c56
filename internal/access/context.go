package access

import (
	"context"

	"gongxin"
)

// A Caller is who makes a request, and by what they proved it.
type Caller struct {
	Actor        gongxin.Actor // in the one role in which they do this operation
	Token        Token         // zero if a session was used
	Session      Session       // zero if a token was used
	Person       Person        // zero for tokens and the person concerned
	Organisation Organisation  // of the person; zero for tokens and the person concerned
}

// Gate is the department's gate for which c speaks: the token's, or of people the ID
// of their department; "" if none.
func (c Caller) Gate() string {
	switch {
	case c.Token.Gate != "":
		return c.Token.Gate
	case c.Organisation.Kind == OrgDepartment:
		return c.Organisation.ID
	}
	return ""
}

type contextKey struct{}

// WithCaller returns ctx for a request that c makes.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// CallerFrom returns who makes the request of ctx; the zero Caller, who may do
// nothing, for a public one.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(contextKey{}).(Caller)
	return c
}

// WithActor returns ctx for a request that actor makes with token.
func WithActor(ctx context.Context, actor gongxin.Actor, token Token) context.Context {
	return WithCaller(ctx, Caller{Actor: actor, Token: token})
}

// ActorFrom returns who makes the request of ctx; the zero Actor, who may do
// nothing, for a public one.
func ActorFrom(ctx context.Context) gongxin.Actor { return CallerFrom(ctx).Actor }

// TokenFrom returns the token of the request of ctx, zero for a public one and for
// one with a session.
func TokenFrom(ctx context.Context) Token { return CallerFrom(ctx).Token }

package gate

import "context"

// FollowOnce asks the source once and applies what it gives; more says that there
// may be more. It is Run's own step, for those who keep the time themselves: a
// department that follows at certain hours, and the simulation. Not while Run runs.
func (g *Gate) FollowOnce(ctx context.Context) (more bool, err error) {
	more, err = g.step(ctx, false)
	g.settle(context.WithoutCancel(ctx), more)
	if err != nil {
		g.report(ctx, err)
	}
	return more, err
}

// CompactOnce writes the list anew without what has left it, however short its log is.
// Run does so when the log has grown long; answers go on meanwhile. Not while Run runs.
func (g *Gate) CompactOnce() error {
	g.following.Lock()
	defer g.following.Unlock()
	return g.compact()
}

// DeliverOnce takes to the hub what waits, up to a batch, and the newest receipt; more
// says that there may be more. Not while
// Run runs.
func (g *Gate) DeliverOnce(ctx context.Context) (more bool, err error) { return g.deliverSome(ctx) }

package hub

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// A Prover writes a proof of how a listing stood at an instant and, if gate is not
// "", of what that gate had confirmed then: a file that anybody checks offline.
type Prover func(ctx context.Context, v *store.View, id gongxin.ListingID, at time.Time, gate string) ([]byte, error)

type proofInput struct {
	ListingPath
	At      time.Time `query:"at" required:"true" doc:"the instant, such as 2017-09-01T14:05:00+08:00"`
	Gate    string    `query:"gate" maxLength:"64" doc:"also prove what this department had applied then"`
	Purpose string    `query:"purpose" doc:"what it is needed for, 4 characters at least; recorded, because the file says all that the court knows of the listing"`
}

// proof serves GET /v1/listings/{id}/proof. Errors: PURPOSE_NEEDED, QUERY_PARAMETER,
// PROOFS_OFF, those of the Prover.
func (a *api) proof(ctx context.Context, in *proofInput) (*rawOutput, error) {
	why, err := purpose(ctx, in.Purpose)
	switch {
	case err != nil:
	case in.At.IsZero() || in.At.After(a.hub.Now()):
		err = gongxin.Invalid("QUERY_PARAMETER", "at")
	case a.hub.Prove == nil:
		err = gongxin.Unavailable("PROOFS_OFF")
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	l, err := a.hub.listing(ctx, in.ID)
	if err == nil {
		err = a.hub.signedSince(ctx, in.At)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	var file []byte
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		file, err = a.hub.Prove(ctx, v, l.ID, in.At, in.Gate)
		return err
	})
	if err == nil {
		err = a.hub.disclose(ctx, a.hub.disclosed(ctx, "listing-proof", masked(why, l.Entry.Subject.Number), l.ID))
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return newRaw("application/json", file), nil
}

// signedSince signs the log anew if that was last done before an instant, so that
// there is a checkpoint to prove it by.
func (h *Hub) signedSince(ctx context.Context, at time.Time) error {
	head, err := h.head(ctx)
	if err != nil || !head.At.Before(at) {
		return err
	}
	return h.Store.Heartbeat(ctx)
}

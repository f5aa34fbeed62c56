package hub

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// turnedAway are codes of refusals whose kind is not forbidden: a secret that was
// used twice, or tried too often.
var turnedAway = map[string]bool{
	"CODE_FORMAT": true, "CODE_UNKNOWN": true, "CODE_USED": true, "CODE_EXPIRED": true, "RATE_LIMITED": true, "SECOND_WRONG": true, "OIDC_FAILED": true,
}

// noteRefusal records err if it turns the visitor of ctx away: durably, once, and
// as often as the entrance's bounds allow. What a flood gives beyond them is counted.
func noteRefusal(ctx context.Context, err error) {
	h := visitOf(ctx).hub
	r, ok := newRefusal(ctx, err)
	if !ok || h == nil || !h.records(ctx, r) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // who is turned away may not wait for the answer
	defer cancel()
	if err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Refuse(ctx, r) }); err != nil {
		h.Log.ErrorContext(ctx, "a refusal could not be recorded", "code", r.Code, "err", err)
	}
}

// newRefusal tells what is to be recorded of err; ok is false if it turns nobody
// away, or was told before.
func newRefusal(ctx context.Context, err error) (r access.Refusal, ok bool) {
	v := visitOf(ctx)
	code, refused := refusal(err)
	if !refused || v.recorded || v.hub == nil {
		return r, false
	}
	v.recorded = true
	r = access.Refusal{At: gongxin.Millis(v.hub.Now()), By: v.by, Operation: v.operation, Code: code, From: v.from, Listing: v.listing}
	if v.reason != "" {
		r.Code = v.reason
	}
	if by := access.ActorFrom(ctx); by.ID != "" {
		r.By = by.ID
		if r.Listing.IsZero() {
			r.Listing = by.Listing
		}
	}
	return r, true
}

// refusal tells whether err turns somebody away, and by which code.
func refusal(err error) (code string, refused bool) {
	var p *problem
	if errors.As(err, &p) {
		return p.Code, p.Status == http.StatusForbidden || p.Status == http.StatusUnauthorized || turnedAway[p.Code]
	}
	code = gongxin.CodeOf(err)
	return code, gongxin.KindOf(err) == gongxin.KindForbidden || turnedAway[code]
}

// records tells whether r is within what is recorded, and logs it; else it counts it.
func (h *Hub) records(ctx context.Context, r access.Refusal) bool {
	if h.entrance.refusals.Allow(r.From) != nil || h.entrance.all.Allow("") != nil {
		h.entrance.unrecorded.Add(1)
		return false
	}
	h.Log.WarnContext(ctx, "refused", "code", r.Code, "operation", r.Operation, "by", r.By, "from", r.From)
	return true
}

// tellUnrecorded logs how many refusals were beyond what is recorded.
func (h *Hub) tellUnrecorded(ctx context.Context) error {
	if n := h.entrance.unrecorded.Swap(0); n > 0 {
		h.Log.WarnContext(ctx, "refusals beyond what is recorded", "refusals", n)
	}
	return nil
}

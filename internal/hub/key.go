package hub

import (
	"context"
	"fmt"

	"gongxin"
)

// AnnounceKey announces in the ledger by which key the log will be signed, signed by
// the present one, and returns the sequence of that. To announce the present key
// takes back what was announced before. Nothing is sent beyond such an event in one
// answer, so that followers see it by the key that they know.
func (h *Hub) AnnounceKey(ctx context.Context, verifierKey string) (sequence uint64, err error) {
	body, err := gongxin.KeyAnnounced{VerifierKey: verifierKey, From: gongxin.Millis(h.Now())}.Body()
	if err == nil {
		sequence, err = h.Store.Announce(ctx, gongxin.KeyAnnouncement, body)
	}
	if err != nil {
		return 0, fmt.Errorf("announce a key: %w", err)
	}
	h.Log.InfoContext(ctx, "key announced", "sequence", sequence, "verifier_key", verifierKey)
	return sequence, nil
}

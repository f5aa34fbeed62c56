package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/ledger"
)

type receiptInput struct {
	GatePath
	Body struct {
		Sequence uint64    `json:"sequence" doc:"applied up to"`
		At       time.Time `json:"at" doc:"when it was applied, by the gate's clock"`
		Count    uint64    `json:"count" doc:"listings in force that the gate holds"`
		Digest   string    `json:"digest" doc:"of the set that it holds"`
		Note     string    `json:"note,omitempty" maxLength:"4096" doc:"all of it as the gate signed it; a gate that has signed once signs always"`
		Key      string    `json:"key,omitempty" maxLength:"1024" doc:"verifier key of the note; the first that comes is trusted"`
	}
}

type receiptOutput struct {
	Body struct {
		Taken  int    `json:"taken"`
		Agrees bool   `json:"agrees" doc:"what the gate holds is what the hub signed at that sequence"`
		Code   string `json:"code,omitempty" doc:"RECEIPT_DIFFERS if it is not: the receipt is kept and shown as such"`
	}
}

// receipt serves POST /v1/gates/{gate}/receipts. Errors: NOT_THIS_GATE, FEED_AHEAD;
// RECEIPT_KEY if another key signed it than the one known, RECEIPT_UNSIGNED if none
// did though one is known, RECEIPT_KEY_NEEDED, RECEIPT_NOTE if the note says
// something else than what is sent with it.
func (a *api) receipt(ctx context.Context, in *receiptInput) (*receiptOutput, error) {
	if err := ownGate(ctx, in.Gate); err != nil {
		return nil, a.answer(ctx, err)
	}
	digest, err := ledger.ParseDigest(in.Body.Digest)
	if err != nil {
		return nil, a.answer(ctx, gongxin.Invalid("QUERY_PARAMETER", "digest"))
	}
	head, err := a.hub.head(ctx)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	if in.Body.Sequence > head.Size {
		return nil, a.answer(ctx, gongxin.Conflict("FEED_AHEAD", in.Body.Sequence, head.Size))
	}
	r := store.Receipt{
		Gate: in.Gate, Organisation: access.ActorFrom(ctx).Organisation, Sequence: in.Body.Sequence, At: gongxin.Millis(in.Body.At),
		Received: gongxin.Millis(a.hub.Now()), Count: in.Body.Count, Digest: digest, Note: []byte(in.Body.Note),
	}
	out := new(receiptOutput)
	if err := a.hub.takeReceipt(ctx, r, in.Body.Key); err != nil {
		if code := gongxin.CodeOf(err); strings.HasPrefix(code, "RECEIPT_") {
			a.hub.Log.WarnContext(ctx, "receipt refused", "gate", in.Gate, "sequence", in.Body.Sequence, "code", code)
		}
		return nil, a.answer(ctx, err)
	}
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		out.Body.Agrees, err = agrees(ctx, v, r)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	if out.Body.Taken = 1; !out.Body.Agrees {
		out.Body.Code = "RECEIPT_DIFFERS"
		a.hub.Log.WarnContext(ctx, "a gate holds something else than was signed", "gate", r.Gate, "sequence", r.Sequence, "count", r.Count)
	}
	return out, nil
}

// takeReceipt keeps r, once it is checked that the gate itself signed it, with what
// the hub remembers of serving the gate.
func (h *Hub) takeReceipt(ctx context.Context, r store.Receipt, key string) error {
	served := h.served.confirmed(r.Gate, r.Sequence)
	err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := h.checkNote(ctx, tx, r, key); err != nil {
			return err
		}
		if err := tx.SaveReceipt(ctx, r); err != nil {
			return err
		}
		return tx.SaveServed(ctx, served)
	})
	if err == nil {
		h.served.forget(r.Gate, r.Sequence)
	}
	return err
}

// checkNote checks the signature of r with the key that is known of its gate; a
// first key is kept. Signed and unsigned receipts do not mix: who has the token and
// not the key could confirm what never arrived.
func (h *Hub) checkNote(ctx context.Context, tx *store.Tx, r store.Receipt, key string) error {
	known, err := tx.ReceiptKey(ctx, r.Gate)
	if err != nil {
		return err
	}
	switch {
	case len(r.Note) == 0 && known.Verifier == "":
		return nil // a gate of before signed receipts
	case len(r.Note) == 0:
		return gongxin.Conflict("RECEIPT_UNSIGNED", r.Gate)
	case known.Verifier == "" && key == "":
		return gongxin.Invalid("RECEIPT_KEY_NEEDED", r.Gate)
	case known.Verifier != "" && key != "" && key != known.Verifier:
		return gongxin.Conflict("RECEIPT_KEY", r.Gate)
	}
	first := known.Verifier == ""
	if !first {
		key = known.Verifier
	}
	said, err := ledger.OpenReceipt(key, r.Note)
	switch {
	case errors.Is(err, ledger.ErrKey) && !first:
		return gongxin.Conflict("RECEIPT_KEY", r.Gate)
	case err != nil:
		return gongxin.Invalid("RECEIPT_NOTE", err)
	}
	for _, field := range []struct {
		name string
		same bool
	}{
		{"gate", said.Gate == r.Gate}, {"origin", said.Origin == h.verifier.Origin()}, {"sequence", said.Sequence == r.Sequence},
		{"count", said.Count == r.Count}, {"digest", said.Digest == r.Digest}, {"at", said.Applied.Equal(r.At)},
	} {
		if !field.same {
			return gongxin.Invalid("RECEIPT_NOTE", field.name)
		}
	}
	if !first {
		return nil
	}
	h.Log.InfoContext(ctx, "first receipt key of a gate", "gate", r.Gate, "key", key)
	return tx.SaveReceiptKey(ctx, store.ReceiptKey{Gate: r.Gate, Verifier: key, Since: after(known.Since, h.Now())})
}

// after is now in whole milliseconds, and later than before.
func after(before, now time.Time) time.Time {
	if now = gongxin.Millis(now); !now.After(before) {
		return before.Add(time.Millisecond)
	}
	return now
}

// agrees tells whether r says what the hub signed for that sequence.
func agrees(ctx context.Context, v *store.View, r store.Receipt) (bool, error) {
	checkpoint, err := v.CheckpointAt(ctx, r.Sequence)
	if err != nil || checkpoint == nil {
		return false, err
	}
	_, head, _, err := ledger.ReadHead(checkpoint) // of our own database, by whichever of our keys
	if err != nil {
		return false, fmt.Errorf("read checkpoint %d: %w", r.Sequence, err)
	}
	root := true
	if len(r.Note) > 0 { // it was verified when it came
		said, err := rootOf(r.Note)
		if err != nil {
			return false, err
		}
		root = said == head.Root.String()
	}
	return root && head.Count == r.Count && head.Digest == r.Digest, nil
}

// rootOf returns the root that a verified receipt names.
func rootOf(note []byte) (string, error) {
	const line = 4 // after purpose, origin, gate and sequence
	lines := strings.SplitN(string(note), "\n", line+2)
	if len(lines) < line+2 {
		return "", errors.New("a kept receipt is cut short")
	}
	return lines[line], nil
}

// A GateKey is the key with which a gate signs its receipts.
type GateKey struct {
	Gate  string    `json:"gate"`
	Key   string    `json:"key" doc:"verifier key; empty: the next one that comes is trusted"`
	Since time.Time `json:"since,omitzero"`
	By    string    `json:"by,omitempty" doc:"who set it; none if it was trusted when it first came"`
}

type gateKeyOutput struct{ Body GateKey }

// resetKey serves POST /v1/gates/{gate}/key-reset.
func (a *api) resetKey(ctx context.Context, in *GatePath) (*gateKeyOutput, error) {
	k, err := a.hub.ResetGateKey(ctx, in.Gate, access.ActorFrom(ctx).ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &gateKeyOutput{k}, nil
}

// ResetGateKey forgets, as by, with which key a gate signs: the next that comes is
// trusted. What the key before has signed stays, with the key. Error: GATE_UNKNOWN if
// no key of such a gate is known.
func (h *Hub) ResetGateKey(ctx context.Context, gate, by string) (out GateKey, err error) {
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		known, err := tx.ReceiptKey(ctx, gate)
		switch {
		case err != nil:
			return err
		case known.Gate == "":
			return gongxin.Missing("GATE_UNKNOWN", gate)
		case known.Verifier == "": // nothing has come since it was reset
			out = GateKey{gate, "", known.Since, known.By}
			return nil
		}
		k := store.ReceiptKey{Gate: gate, Since: after(known.Since, h.Now()), By: by}
		out = GateKey{gate, "", k.Since, k.By}
		return tx.SaveReceiptKey(ctx, k)
	})
	if err == nil {
		h.Log.WarnContext(ctx, "the receipt key of a gate was reset", "gate", gate, "by", by)
	}
	return out, err
}

// KeepGateKey keeps, as by, the key with which a gate signs its receipts: the one
// that came with a receipt on a medium.
func (h *Hub) KeepGateKey(ctx context.Context, gate, key, by string) error {
	err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		known, err := tx.ReceiptKey(ctx, gate)
		if err != nil || known.Verifier == key {
			return err
		}
		return tx.SaveReceiptKey(ctx, store.ReceiptKey{Gate: gate, Verifier: key, Since: after(known.Since, h.Now()), By: by})
	})
	if err == nil {
		h.Log.WarnContext(ctx, "the receipt key of a gate was set", "gate", gate, "key", key, "by", by)
	}
	return err
}

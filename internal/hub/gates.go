package hub

import (
	"context"
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
	}
}

type acceptedOutput struct {
	Body struct {
		Taken int `json:"taken" doc:"how many were new"`
	}
}

func (a *api) receipt(ctx context.Context, in *receiptInput) (*acceptedOutput, error) {
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
	err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveReceipt(ctx, store.Receipt{
			Gate: in.Gate, Organisation: access.ActorFrom(ctx).Organisation, Sequence: in.Body.Sequence,
			At: gongxin.Millis(in.Body.At), Received: gongxin.Millis(a.hub.Now()), Count: in.Body.Count, Digest: digest,
		})
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(acceptedOutput)
	out.Body.Taken = 1
	return out, nil
}

type outcomesInput struct {
	GatePath
	Body struct {
		Outcomes []struct {
			Reference string      `json:"reference" minLength:"1" maxLength:"100"`
			Kind      string      `json:"kind" enum:"restricted,referred,lifted,kept"`
			Listing   string      `json:"listing,omitempty"`
			Scenario  string      `json:"scenario" maxLength:"64"`
			Measure   string      `json:"measure,omitempty" maxLength:"64"`
			Sequence  uint64      `json:"sequence"`
			At        time.Time   `json:"at"`
			Ground    string      `json:"ground,omitempty" maxLength:"500" doc:"of what is kept: the legal ground (3.13)"`
			Until     gongxin.Day `json:"until,omitzero" doc:"of what is kept: last day"`
		} `json:"outcomes" maxItems:"1000"`
	}
}

// keptOutcome is the kind of an outcome by which a gate says that it keeps a
// measure on after the listing has ended (3.13); a lift ends that.
const keptOutcome = "kept"

func (a *api) outcomes(ctx context.Context, in *outcomesInput) (*acceptedOutput, error) {
	if err := ownGate(ctx, in.Gate); err != nil {
		return nil, a.answer(ctx, err)
	}
	rows := make([]store.Outcome, len(in.Body.Outcomes))
	kept := map[int]store.Kept{} // by position in rows
	for i, o := range in.Body.Outcomes {
		var listing gongxin.ListingID
		if o.Listing != "" {
			var err error
			if listing, err = gongxin.ParseListingID(o.Listing); err != nil {
				return nil, a.answer(ctx, err)
			}
		}
		rows[i] = store.Outcome{
			Gate: in.Gate, Reference: o.Reference, Kind: o.Kind, Listing: listing, Scenario: o.Scenario, Measure: o.Measure,
			Sequence: o.Sequence, At: gongxin.Millis(o.At), Received: gongxin.Millis(a.hub.Now()),
		}
		if o.Kind != keptOutcome {
			continue
		}
		k := store.Kept{Gate: in.Gate, Reference: o.Reference, Listing: listing, Measure: o.Measure, Ground: strings.TrimSpace(o.Ground),
			Until: o.Until, By: access.ActorFrom(ctx).ID, At: rows[i].At}
		if err := checkKept(k); err != nil {
			return nil, a.answer(ctx, err)
		}
		kept[i] = k
	}
	out := new(acceptedOutput)
	err := a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if out.Body.Taken, err = tx.SaveOutcomes(ctx, rows); err != nil {
			return err
		}
		for i, o := range rows {
			switch o.Kind {
			case keptOutcome:
				_, err = keep(ctx, tx, kept[i])
			case store.Lifted:
				err = endKept(ctx, tx, o.Gate, o.Reference, o.At)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

type gatesOutput struct {
	Body struct {
		Sequence uint64 `json:"sequence" doc:"the hub's own"`
		Gates    []Gate `json:"gates"`
	}
}

// A Gate is what the hub knows of a department's gate.
type Gate struct {
	Gate         string    `json:"gate"`
	Organisation string    `json:"organisation"`
	Sequence     uint64    `json:"sequence" doc:"applied up to"`
	At           time.Time `json:"at" doc:"when it was applied"`
	Behind       uint64    `json:"behind" doc:"events that the gate has not confirmed"`
	Agrees       bool      `json:"agrees" doc:"count and digest are those of the hub at that sequence"`
	Restricted   int       `json:"restricted"`
	Referred     int       `json:"referred"`
	Lifted       int       `json:"lifted"`
}

func (a *api) gates(ctx context.Context, _ *struct{}) (*gatesOutput, error) {
	out := new(gatesOutput)
	head, err := a.hub.head(ctx)
	if err == nil {
		out.Body.Sequence = head.Size
		out.Body.Gates, err = a.hub.Gates(ctx)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// Gates tells how far each gate is and what it has reported, by name.
func (h *Hub) Gates(ctx context.Context) (gates []Gate, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		rows, err := v.Gates(ctx)
		if err != nil {
			return err
		}
		gates = make([]Gate, len(rows))
		for i, g := range rows {
			agrees, err := h.agrees(ctx, v, g)
			if err != nil {
				return err
			}
			gates[i] = Gate{
				Gate: g.Gate, Organisation: g.Organisation, Sequence: g.Sequence, At: g.At, Behind: head.Size - g.Sequence,
				Agrees: agrees, Restricted: g.Restricted, Referred: g.Referred, Lifted: g.Lifted,
			}
		}
		return nil
	})
	return gates, err
}

// agrees tells whether a gate holds what the hub signed for that sequence.
func (h *Hub) agrees(ctx context.Context, v *store.View, g store.Gate) (bool, error) {
	checkpoint, err := v.CheckpointAt(ctx, g.Sequence)
	if err != nil || checkpoint == nil {
		return false, err
	}
	head, err := h.verifier.Open(checkpoint)
	if err != nil {
		return false, err
	}
	return head.Count == g.Count && head.Digest == g.Digest, nil
}

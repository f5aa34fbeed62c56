package hub

import (
	"context"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

type acceptedOutput struct {
	Body struct {
		Taken int `json:"taken" doc:"how many were new"`
	}
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
	Agrees       bool      `json:"agrees" doc:"what it holds is what the hub signed at that sequence"`
	Signed       bool      `json:"signed" doc:"its latest receipt is signed"`
	Key          string    `json:"key,omitempty" doc:"with which it signs receipts"`
	KeySince     time.Time `json:"key_since,omitzero" doc:"since when that key is known, or since when the next one that comes is trusted"`
	Replaced     int       `json:"replaced" doc:"receipts in whose place the gate said something else for the same sequence: all are kept"`
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
			held, err := h.lastWord(ctx, v, g)
			if err != nil {
				return err
			}
			key, err := v.ReceiptKey(ctx, g.Gate)
			if err != nil {
				return err
			}
			replaced, err := v.ReplacedReceipts(ctx, g.Gate)
			if err != nil {
				return err
			}
			gates[i] = Gate{
				Gate: g.Gate, Organisation: g.Organisation, Sequence: g.Sequence, At: g.At, Behind: head.Size - g.Sequence,
				Agrees: held.agrees, Signed: held.signed, Key: key.Verifier, KeySince: key.Since, Replaced: len(replaced),
				Restricted: g.Restricted, Referred: g.Referred, Lifted: g.Lifted,
			}
		}
		return nil
	})
	return gates, err
}

// A lastWord is what a gate's latest receipt is worth.
type lastWord struct{ agrees, signed bool }

// lastWord tells whether a gate holds what the hub signed for its sequence.
func (h *Hub) lastWord(ctx context.Context, v *store.View, g store.Gate) (held lastWord, err error) {
	r, err := v.ReceiptAt(ctx, g.Gate, g.Sequence)
	if err != nil {
		return held, err
	}
	held.signed = len(r.Note) > 0
	held.agrees, err = agrees(ctx, v, r)
	return held, err
}

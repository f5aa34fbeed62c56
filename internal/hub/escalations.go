package hub

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/oversight"
	"gongxin/internal/store"
)

// An Escalation is what a higher court was told of an overdue duty (2.5).
type Escalation struct {
	ID           string            `json:"id"`
	Listing      gongxin.ListingID `json:"listing"`
	Case         string            `json:"case" doc:"its number; empty once the listing was erased"`
	Kind         gongxin.DutyKind  `json:"kind" doc:"of the duty"`
	What         gongxin.Text      `json:"what"`
	Court        gongxin.CourtCode `json:"court" doc:"that is late"`
	CourtName    string            `json:"court_name"`
	To           gongxin.CourtCode `json:"to" doc:"that is told"`
	ToName       string            `json:"to_name"`
	Level        int               `json:"level" doc:"1 for the next higher court"`
	Due          gongxin.Day       `json:"due,omitzero" doc:"last day of the duty"`
	Since        gongxin.Day       `json:"since,omitzero" doc:"from which the note was to be written"`
	At           time.Time         `json:"at" doc:"when it was written"`
	Acknowledged time.Time         `json:"acknowledged,omitzero"`
	By           string            `json:"by,omitempty" doc:"who acknowledged it"`
	Note         string            `json:"note,omitempty" doc:"and in which words"`
}

// escalation tells what e says, with the days that follow from its duty.
func (h *Hub) escalation(ctx context.Context, v *store.View, e store.Escalation) (Escalation, error) {
	out := Escalation{
		ID: e.ID(), Listing: e.Listing, Kind: e.Kind, What: oversight.KindTerm(e.Kind).Text, Court: e.Court, CourtName: h.courtName(e.Court),
		To: e.To, ToName: h.courtName(e.To), Level: e.Level, At: e.At, Acknowledged: e.Acknowledged, By: e.By, Note: e.Note,
	}
	var err error
	if out.Case, err = caseOf(ctx, v, e.Listing); err != nil {
		return out, err
	}
	for _, lapsed := range []bool{false, true} {
		duties, err := v.OpenDuties(ctx, store.DutyFilter{Listing: e.Listing, Lapsed: lapsed}, maxBoard)
		if err != nil {
			return out, err
		}
		for _, d := range duties {
			if d.Kind != e.Kind || d.Opened != e.Opened {
				continue
			}
			out.Due = d.Due
			for _, n := range oversight.Notes(d, gongxin.DayOf(e.At), h.Policy, h.Calendar, h.Courts) {
				if n.Level == e.Level {
					out.Since = n.Since
				}
			}
		}
	}
	return out, nil
}

// escalations reads those that courts within the caller's sight caused or were told
// of, those without an acknowledgement first.
func (h *Hub) escalations(ctx context.Context, limit int) (all []Escalation, err error) {
	all = []Escalation{}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		s, err := h.sight(ctx, v, "escalations-read")
		if err != nil {
			return err
		}
		found, err := v.Escalations(ctx, s.courts(), limit)
		if err != nil {
			return err
		}
		for _, e := range found {
			one, err := h.escalation(ctx, v, e)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

type escalationsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type escalationsOutput struct {
	Body struct {
		Escalations []Escalation `json:"escalations" doc:"those without an acknowledgement first, then the newest"`
	}
}

// readEscalations serves GET /v1/escalations.
func (a *api) readEscalations(ctx context.Context, in *escalationsInput) (*escalationsOutput, error) {
	all, err := a.hub.escalations(ctx, in.Limit)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(escalationsOutput)
	out.Body.Escalations = all
	return out, nil
}

type acknowledgeInput struct {
	ID   string `path:"id" maxLength:"100" doc:"listing, kind, opening event and level, joined by dots"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"2000"`
	}
}

type escalationOutput struct{ Body Escalation }

// acknowledge serves POST /v1/escalations/{id}/acknowledgement. The first
// acknowledgement stays; the same person may repeat theirs, which changes nothing.
// Errors: ESCALATION_UNKNOWN, also for one out of sight; NOT_ENTITLED unless the
// caller is of the court that was told or oversees it; ESCALATION_ACKNOWLEDGED.
func (a *api) acknowledge(ctx context.Context, in *acknowledgeInput) (*escalationOutput, error) {
	by, err := a.mayAcknowledge(ctx, in.ID)
	if err == nil {
		err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			e, err := tx.Escalation(ctx, in.ID)
			switch {
			case err != nil:
				return err
			case !e.Acknowledged.IsZero() && e.By == by.ID:
				return nil
			case !e.Acknowledged.IsZero():
				return gongxin.Conflict("ESCALATION_ACKNOWLEDGED", e.By, gongxin.DayOf(e.Acknowledged))
			}
			e.Acknowledged, e.By, e.Note = gongxin.Millis(a.hub.Now()), by.ID, in.Body.Note
			return tx.SaveEscalation(ctx, e)
		})
	}
	out := new(escalationOutput)
	if err == nil {
		err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
			e, err := v.Escalation(ctx, in.ID)
			if err == nil {
				out.Body, err = a.hub.escalation(ctx, v, e)
			}
			return err
		})
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// mayAcknowledge returns as whom the caller can acknowledge an escalation.
func (a *api) mayAcknowledge(ctx context.Context, id string) (by gongxin.Actor, err error) {
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		e, err := v.Escalation(ctx, id)
		if err != nil {
			return err
		}
		s, err := a.hub.sight(ctx, v, "escalation-acknowledge")
		if err != nil {
			return err
		}
		if !s.sees(e.To) && !s.sees(e.Court) {
			return gongxin.Missing("ESCALATION_UNKNOWN", id)
		}
		for _, c := range s.as {
			if !e.To.IsZero() && (c.Actor.Court == e.To || c.Actor.Role == gongxin.RoleSupervisor && s.tree.Sees(c, e.To)) {
				by = c.Actor
				return nil
			}
		}
		return gongxin.Forbidden("NOT_ENTITLED", access.ActorFrom(ctx).Role, e.To)
	})
	return by, err
}

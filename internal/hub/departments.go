package hub

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/measure"
)

// GatePath names the department's gate that a request is about.
type GatePath struct {
	Gate string `path:"gate" maxLength:"64"`
}

// ownGate refuses whoever speaks for another gate, or for none.
func ownGate(ctx context.Context, gate string) error {
	if own := access.CallerFrom(ctx).Gate(); own == "" || own != gate {
		return gongxin.Forbidden("NOT_THIS_GATE", gate, own)
	}
	return nil
}

// ofDepartment tells whether the caller is of a department, whose gate alone they see.
func ofDepartment(ctx context.Context) bool {
	role := access.ActorFrom(ctx).Role
	return role == gongxin.RoleDepartment || role == gongxin.RoleOfficer
}

// overseen tells whether the caller may see what concerns a listing: supervisors
// see what concerns the courts in their part of the tree, others who may read all of it.
func (h *Hub) overseen(ctx context.Context, v *store.View, id gongxin.ListingID) (bool, error) {
	if access.ActorFrom(ctx).Role != gongxin.RoleSupervisor || id.IsZero() {
		return true, nil
	}
	_, err := h.visible(ctx, v, id)
	if gongxin.KindOf(err) == gongxin.KindMissing {
		return false, nil
	}
	return err == nil, err
}

// A Review is a request to a department that it look again at a restriction (3.12).
type Review struct {
	ID        string            `json:"id" doc:"the reference of the restriction"`
	Gate      string            `json:"gate"`
	Reference string            `json:"reference"`
	Listing   gongxin.ListingID `json:"listing,omitzero"`
	Reason    string            `json:"reason"`
	Filed     time.Time         `json:"filed"`
	Answered  time.Time         `json:"answered,omitzero"`
	Upheld    bool              `json:"upheld" doc:"the person was right: the restriction goes"`
	Answer    string            `json:"answer,omitempty"`
}

func newReview(r store.RestrictionReview) Review {
	return Review{ID: r.Reference, Gate: r.Gate, Reference: r.Reference, Listing: r.Listing, Reason: r.Reason,
		Filed: r.Filed, Answered: r.Answered, Upheld: r.Upheld, Answer: r.Answer}
}

// reviewID names the review of a restriction in the store: references are each
// gate's own, so one gate cannot meet another's.
func reviewID(gate, reference string) string { return gate + "/" + reference }

type reviewOutput struct{ Body Review }

type restrictionReviewInput struct {
	GatePath
	Body struct {
		Reference string `json:"reference" minLength:"1" maxLength:"100" doc:"of the restriction, as the department told it"`
		Reason    string `json:"reason" minLength:"1" maxLength:"4000"`
	}
}

// askRestrictionReview files a request to review a restriction: by the person
// whom the listing concerns, or by the department, which took it down. The same
// request again changes nothing. Errors: NOT_THIS_GATE, RESTRICTION_UNKNOWN also
// for one of another listing, RESTRICTION_REVIEW_ANSWERED.
func (a *api) askRestrictionReview(ctx context.Context, in *restrictionReviewInput) (*reviewOutput, error) {
	by := access.ActorFrom(ctx)
	unknown := gongxin.Missing("RESTRICTION_UNKNOWN")
	if by.Role != gongxin.RoleSubject {
		if err := ownGate(ctx, in.Gate); err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	var r store.RestrictionReview
	err := a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		imposed, err := tx.Imposed(ctx, in.Gate, in.Body.Reference)
		switch {
		case err != nil:
			return err
		case imposed.Reference == "", by.Role == gongxin.RoleSubject && imposed.Listing != by.Listing:
			return unknown
		}
		r, err = tx.RestrictionReview(ctx, reviewID(in.Gate, in.Body.Reference))
		switch {
		case err == nil && !r.Answered.IsZero():
			return gongxin.Conflict("RESTRICTION_REVIEW_ANSWERED", in.Body.Reference)
		case err == nil || gongxin.CodeOf(err) != "RESTRICTION_REVIEW_UNKNOWN":
			return err
		}
		r = store.RestrictionReview{
			ID: reviewID(in.Gate, in.Body.Reference), Gate: in.Gate, Reference: in.Body.Reference, Listing: imposed.Listing,
			Reason: in.Body.Reason, By: by.ID, Filed: gongxin.Millis(a.hub.Now()),
		}
		return tx.SaveRestrictionReview(ctx, r)
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &reviewOutput{newReview(r)}, nil
}

type restrictionAnswer struct {
	GatePath
	ID   string `path:"id" maxLength:"100" doc:"the reference of the restriction"`
	Body struct {
		Upheld bool   `json:"upheld" doc:"the person was right: lift the restriction and report that"`
		Reason string `json:"reason" minLength:"1" maxLength:"4000"`
	}
}

func (a *api) answerRestrictionReview(ctx context.Context, in *restrictionAnswer) (*reviewOutput, error) {
	if err := ownGate(ctx, in.Gate); err != nil {
		return nil, a.answer(ctx, err)
	}
	var r store.RestrictionReview
	err := a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if r, err = tx.RestrictionReview(ctx, reviewID(in.Gate, in.ID)); err != nil {
			return err
		}
		if !r.Answered.IsZero() {
			if r.Upheld == in.Body.Upheld && r.Answer == in.Body.Reason {
				return nil
			}
			return gongxin.Conflict("RESTRICTION_REVIEW_ANSWERED", in.ID)
		}
		r.Answered, r.AnsweredBy = gongxin.Millis(a.hub.Now()), access.ActorFrom(ctx).ID
		r.Upheld, r.Answer = in.Body.Upheld, in.Body.Reason
		return tx.SaveRestrictionReview(ctx, r)
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &reviewOutput{newReview(r)}, nil
}

type reviewsOutput struct {
	Body struct {
		Reviews []Review `json:"reviews" doc:"those without an answer first, then the newest"`
	}
}

func (a *api) restrictionReviews(ctx context.Context, in *GatePath) (*reviewsOutput, error) {
	if ofDepartment(ctx) {
		if err := ownGate(ctx, in.Gate); err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	out := new(reviewsOutput)
	out.Body.Reviews = []Review{}
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		reviews, err := v.RestrictionReviews(ctx, in.Gate, maxShown)
		if err != nil {
			return err
		}
		for _, r := range reviews {
			seen, err := a.hub.overseen(ctx, v, r.Listing)
			if err != nil {
				return err
			}
			if seen {
				out.Body.Reviews = append(out.Body.Reviews, newReview(r))
			}
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// A KeptMeasure is one that a department keeps after the listing has ended (3.13).
type KeptMeasure struct {
	Gate      string            `json:"gate"`
	Reference string            `json:"reference"`
	Listing   gongxin.ListingID `json:"listing"`
	Measure   string            `json:"measure"`
	Ground    string            `json:"ground" doc:"the legal ground"`
	Until     gongxin.Day       `json:"until" doc:"last day"`
	At        time.Time         `json:"at"`
	Ended     time.Time         `json:"ended,omitzero"`
}

func newKept(k store.Kept) KeptMeasure {
	return KeptMeasure{k.Gate, k.Reference, k.Listing, k.Measure, k.Ground, k.Until, k.At, k.Ended}
}

type keptOutput struct{ Body KeptMeasure }

type keptInput struct {
	GatePath
	Body struct {
		Reference string      `json:"reference" minLength:"1" maxLength:"100"`
		Listing   string      `json:"listing"`
		Measure   string      `json:"measure" maxLength:"64" doc:"of the catalogue, such as 3.6.flight"`
		Ground    string      `json:"ground" maxLength:"500" doc:"the legal ground"`
		Until     gongxin.Day `json:"until" doc:"last day"`
	}
}

// keepMeasure records that a department keeps a measure after the listing ended.
// Errors: NOT_THIS_GATE, UNKNOWN_LISTING, KEPT_IN_FORCE, MEASURE_UNKNOWN,
// KEPT_INCOMPLETE, KEPT_OVER, RESTRICTION_UNKNOWN if the reference is one of another listing.
func (a *api) keepMeasure(ctx context.Context, in *keptInput) (*keptOutput, error) {
	if err := ownGate(ctx, in.Gate); err != nil {
		return nil, a.answer(ctx, err)
	}
	l, err := a.hub.listing(ctx, in.Body.Listing)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	b := in.Body
	k := store.Kept{Gate: in.Gate, Reference: b.Reference, Listing: l.ID, Measure: b.Measure, Ground: strings.TrimSpace(b.Ground), Until: b.Until,
		By: access.ActorFrom(ctx).ID, At: gongxin.Millis(a.hub.Now())}
	err = checkKept(k)
	if _, known := measure.Embedded().Measure(k.Measure); err == nil && !known {
		err = gongxin.Invalid("MEASURE_UNKNOWN", k.Measure)
	}
	switch {
	case err != nil:
	case l.State == gongxin.InForce:
		err = gongxin.Conflict("KEPT_IN_FORCE")
	case k.Until < gongxin.DayOf(k.At):
		err = gongxin.Invalid("KEPT_OVER", k.Until)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		imposed, err := tx.Imposed(ctx, k.Gate, k.Reference)
		if err != nil {
			return err
		}
		if imposed.Reference != "" && imposed.Listing != k.Listing {
			return gongxin.Missing("RESTRICTION_UNKNOWN")
		}
		k, err = keep(ctx, tx, k)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &keptOutput{newKept(k)}, nil
}

// checkKept tells whether k has what 3.13 asks for. Error: KEPT_INCOMPLETE.
func checkKept(k store.Kept) error {
	const least = 4 // characters of a ground
	if utf8.RuneCountInString(k.Ground) < least || k.Until.IsZero() || k.Listing.IsZero() || k.Measure == "" {
		return gongxin.Invalid("KEPT_INCOMPLETE")
	}
	return nil
}

// keep saves k. Of a measure that is kept already the newer word stands; one that
// has ended does not come back.
func keep(ctx context.Context, tx *store.Tx, k store.Kept) (store.Kept, error) {
	before, err := tx.KeptBy(ctx, k.Gate, k.Reference)
	if err != nil {
		return k, err
	}
	if before.Reference != "" {
		if !before.Ended.IsZero() || k.At.Before(before.At) || k.Listing != before.Listing {
			return before, nil
		}
		k.At = before.At
	}
	return k, tx.SaveKept(ctx, k)
}

// endKept ends what a gate kept under a reference, if it did.
func endKept(ctx context.Context, tx *store.Tx, gate, reference string, at time.Time) error {
	k, err := tx.KeptBy(ctx, gate, reference)
	if err != nil || k.Reference == "" || !k.Ended.IsZero() {
		return err
	}
	k.Ended = at
	return tx.SaveKept(ctx, k)
}

type keptListOutput struct {
	Body struct {
		Kept []KeptMeasure `json:"kept" doc:"those still kept first, by their last day"`
	}
}

func (a *api) keptMeasures(ctx context.Context, in *GatePath) (*keptListOutput, error) {
	if ofDepartment(ctx) {
		if err := ownGate(ctx, in.Gate); err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	out := new(keptListOutput)
	out.Body.Kept = []KeptMeasure{}
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		kept, err := v.Kept(ctx, in.Gate, maxShown)
		if err != nil {
			return err
		}
		for _, k := range kept {
			seen, err := a.hub.overseen(ctx, v, k.Listing)
			if err != nil {
				return err
			}
			if seen {
				out.Body.Kept = append(out.Body.Kept, newKept(k))
			}
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

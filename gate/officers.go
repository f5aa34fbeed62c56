package gate

import (
	"net/http"

	"gongxin"
)

// What the department's officers do with what the gate has recorded. Who they
// are, the department's own system knows: it tells their names (by).

// maxPage is how many restrictions or reviews an answer holds at most; the next
// ones follow after=<reference of the last>.
const maxPage = 200

const malformed = "GATE_BODY_MALFORMED"

func (g *Gate) serveRestrictions(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found, err := g.Restrictions(r.Context(), q.Get("state"), q.Get("after"), maxPage)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, restrictionList{found})
}

func (g *Gate) serveKeep(w http.ResponseWriter, r *http.Request) {
	var in keepBody
	k := Keep{Reference: r.PathValue("reference")}
	err := readBody(w, r, &in, malformed)
	if err == nil {
		k.Measure, k.Ground, k.By = in.Measure, in.Ground, in.By
		if k.Until, err = gongxin.ParseDay(in.Until); err != nil {
			err = gongxin.Invalid(malformed, "field until")
		}
	}
	if err == nil {
		err = g.Keep(r.Context(), k)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	g.serveRestriction(w, r)
}

func (g *Gate) serveReview(w http.ResponseWriter, r *http.Request) {
	var in reviewBody
	err := readBody(w, r, &in, malformed)
	var review Review
	if err == nil {
		review, err = g.FileReview(r.Context(), r.PathValue("reference"), in.Reason, in.By)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, review)
}

func (g *Gate) serveAnswer(w http.ResponseWriter, r *http.Request) {
	var in answerBody
	err := readBody(w, r, &in, malformed)
	if err == nil && in.Upheld == nil {
		err = gongxin.Invalid(malformed, "field upheld")
	}
	var review Review
	if err == nil {
		review, err = g.AnswerReview(r.Context(), r.PathValue("reference"), *in.Upheld, in.Reason, in.By)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, review)
}

func (g *Gate) serveReviews(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found, err := g.Reviews(r.Context(), q.Get("state"), q.Get("after"), maxPage)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, reviewList{found})
}

func (g *Gate) serveProposal(w http.ResponseWriter, r *http.Request) {
	var in proposalBody
	err := readBody(w, r, &in, malformed)
	var listing gongxin.ListingID
	if err == nil {
		listing, err = gongxin.ParseListingID(in.Listing)
	}
	var p Proposal
	if err == nil {
		p, err = g.ProposeReview(r.Context(), listing, in.Reason)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusAccepted, p)
}

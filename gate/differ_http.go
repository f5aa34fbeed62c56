package gate

import "net/http"

// What is sent to and answered by the routes of remembered differences.
type (
	forgetBody struct {
		Reason string `json:"reason"`
		By     string `json:"by"` // the officer
	}
	differenceList struct {
		Differences []Difference `json:"differences"`
	}
)

func (g *Gate) serveDifferent(w http.ResponseWriter, r *http.Request) {
	var in Different
	err := readBody(w, r, &in, malformed)
	var d Difference
	if err == nil {
		d, err = g.RememberDifference(r.Context(), in)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, d)
}

func (g *Gate) serveDifferences(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	listing, err := listingParam(q.Get("listing"))
	var found []Difference
	if err == nil {
		found, err = g.Differences(r.Context(), listing, q.Get("after"), maxPage)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, differenceList{found})
}

func (g *Gate) serveDifference(w http.ResponseWriter, r *http.Request) {
	d, err := g.Difference(r.Context(), r.PathValue("reference"))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, d)
}

func (g *Gate) serveForget(w http.ResponseWriter, r *http.Request) {
	var in forgetBody
	err := readBody(w, r, &in, malformed)
	var d Difference
	if err == nil {
		d, err = g.ForgetDifference(r.Context(), r.PathValue("reference"), in.Reason, in.By)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, d)
}

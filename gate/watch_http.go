package gate

import (
	"net/http"

	"gongxin"
)

// maxWatchBody bounds the body of a request to watch: MaxWatch subjects fit.
const maxWatchBody = 4 << 20

// What is sent to and answered by the routes of those who watch.
type (
	watchBody struct {
		By       string  `json:"by"` // the officer
		Subjects []Watch `json:"subjects"`
	}
	watchAnswer struct {
		Sequence uint64        `json:"sequence"` // of the list against which they were held
		Results  []WatchResult `json:"results"`  // in the order of the subjects
	}
	watchedList struct {
		Subjects []WatchedSubject `json:"subjects"`
	}
	byBody struct {
		By string `json:"by"` // the officer
	}
	unwatched struct {
		Removed int `json:"removed"` // rows
	}
	alertList struct {
		Alerts []Alert `json:"alerts"`
	}
	seenBody struct {
		By     string `json:"by"` // the officer
		Remark string `json:"remark,omitempty"`
	}
)

func (g *Gate) serveWatch(w http.ResponseWriter, r *http.Request) {
	var in watchBody
	if err := readBodyUpTo(w, r, &in, malformed, maxWatchBody); err != nil {
		g.fail(w, r, err)
		return
	}
	results, err := g.Watch(r.Context(), in.Subjects, in.By)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, watchAnswer{g.sequence(), results})
}

func (g *Gate) serveWatched(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found, err := g.Watched(r.Context(), q.Get("scenario"), WatchedSubject{Subject: q.Get("after"), Scenario: q.Get("after_scenario")}, maxPage)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, watchedList{found})
}

func (g *Gate) serveUnwatch(w http.ResponseWriter, r *http.Request) {
	var in byBody
	err := readBody(w, r, &in, malformed)
	n := 0
	if err == nil {
		n, err = g.Unwatch(r.Context(), r.PathValue("subject"), r.URL.Query().Get("scenario"), in.By)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, unwatched{n})
}

func (g *Gate) serveAlerts(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found, err := g.Alerts(r.Context(), q.Get("state"), q.Get("after"), maxPage)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, alertList{found})
}

func (g *Gate) serveAlert(w http.ResponseWriter, r *http.Request) {
	a, err := g.Alert(r.Context(), r.PathValue("reference"))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, a)
}

func (g *Gate) serveAcknowledge(w http.ResponseWriter, r *http.Request) {
	var in seenBody
	err := readBody(w, r, &in, malformed)
	var a Alert
	if err == nil {
		a, err = g.AcknowledgeAlert(r.Context(), r.PathValue("reference"), in.By, in.Remark)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, a)
}

// watchRoutes are those of watched subjects, alerts and remembered differences.
var watchRoutes = []route{
	{method: "POST", path: "/v1/differences", id: "remember_difference", summary: "Record that an applicant is not a listing (5.1)", serve: (*Gate).serveDifferent,
		body: Different{}, answer: Difference{}, fails: []int{404, 422}, codes: []string{"DIFFERENCE_NOT_LISTED", "DIFFERENCE_APPLICANT", "DIFFERENCE_NUMBER"}},
	{method: "GET", path: "/v1/differences", id: "differences", summary: "What was recorded of listings in force", serve: (*Gate).serveDifferences,
		query:  []parameter{{name: "listing", about: "id of one listing; all if empty"}, {name: "after", about: "reference of the last one of the page before"}},
		answer: differenceList{}, fails: []int{422}},
	{method: "GET", path: "/v1/differences/{reference}", id: "difference", summary: "One of them", serve: (*Gate).serveDifference,
		answer: Difference{}, fails: []int{404}, codes: []string{"DIFFERENCE_UNKNOWN"}},
	{method: "DELETE", path: "/v1/differences/{reference}", id: "forget_difference", summary: "Take it back: the listing is told again", serve: (*Gate).serveForget,
		body: forgetBody{}, answer: Difference{}, fails: []int{404, 409, 422}, codes: []string{"DIFFERENCE_UNKNOWN", "DIFFERENCE_OVER"}},
	{method: "POST", path: "/v1/watch", id: "watch", summary: "Watch holders of posts, licences or honours, up to 10 000 at a time (3.4, 3.5, 4.2)", serve: (*Gate).serveWatch,
		body: watchBody{}, answer: watchAnswer{}, fails: []int{413, 422, 503}, codes: []string{"WATCH_TOO_MANY", "WATCH_SUBJECT", "WATCH_NUMBER"}},
	{method: "GET", path: "/v1/watch", id: "watched", summary: "Who is watched, by the department's own references", serve: (*Gate).serveWatched,
		query: []parameter{{name: "scenario", about: "kind of post, licence or honour; all if empty"}, {name: "after", about: "subject of the last one of the page before"},
			{name: "after_scenario", about: "its scenario"}},
		answer: watchedList{}},
	{method: "DELETE", path: "/v1/watch/{subject}", id: "unwatch", summary: "Watch a subject no more", serve: (*Gate).serveUnwatch,
		query: []parameter{{name: "scenario", about: "kind of post, licence or honour; all if empty"}},
		body:  byBody{}, answer: unwatched{}, fails: []int{404, 422}, codes: []string{"WATCH_UNKNOWN"}},
	{method: "GET", path: "/v1/alerts", id: "alerts", summary: "Alerts about watched subjects", serve: (*Gate).serveAlerts,
		query: []parameter{{name: "state", about: "which ones; waiting: for an officer", needed: true, values: []string{stateWaiting, stateOpen, stateClosed}},
			{name: "after", about: "reference of the last one of the page before"}},
		answer: alertList{}, fails: []int{422}, codes: []string{"GATE_STATE_UNKNOWN"}},
	{method: "GET", path: "/v1/alerts/{reference}", id: "alert", summary: "One of them", serve: (*Gate).serveAlert,
		answer: Alert{}, fails: []int{404}, codes: []string{"ALERT_UNKNOWN"}},
	{method: "POST", path: "/v1/alerts/{reference}/acknowledge", id: "acknowledge_alert", summary: "An officer has seen it, or that it was closed", serve: (*Gate).serveAcknowledge,
		body: seenBody{}, answer: Alert{}, fails: []int{404, 422}, codes: []string{"ALERT_UNKNOWN", "OFFICER_NEEDED"}},
}

func listingParam(s string) (id gongxin.ListingID, err error) {
	if s == "" {
		return id, nil
	}
	return gongxin.ParseListingID(s)
}

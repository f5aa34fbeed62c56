package gate

import (
	"net/http"

	"gongxin"
)

// A route is one operation of the gate's API. From the table the handler is made,
// and so is the OpenAPI document: what is served is described.
type route struct {
	method, path string
	id           string // of the operation, and of the method in a client
	summary      string
	serve        func(*Gate, http.ResponseWriter, *http.Request)
	query        []parameter
	body         any      // a value of the type that is sent; nil if none is
	status       int      // of the answer if all is well
	answer       any      // a value of the type that is answered
	lines        bool     // body and answer may come as one JSON object a line as well
	fails        []int    // statuses of the problems that it may answer
	codes        []string // of the problems, beside those that all have
}

// A parameter is one of the query's.
type parameter struct {
	name, about string
	needed      bool
	values      []string // if there are only these
}

// routes is the contents page of the gate's API.
var routes = append([]route{
	{method: "POST", path: "/v1/screen", id: "screen", summary: "May one person or organisation go ahead? (4.2)", serve: (*Gate).serveScreen,
		body: Query{}, answer: gongxin.Decision{}, fails: []int{413, 422, 503}, codes: []string{"SCENARIO_UNKNOWN", "SUBJECT_NEEDED", "QUERY_MALFORMED", "QUERY_TOO_LARGE", "OUTCOME_NOT_KEPT"}},
	{method: "POST", path: "/v1/screen/bulk", id: "screen_bulk", summary: "The same about up to 10 000 subjects, answered in order (4.2, 5.1)", serve: (*Gate).serveBulk,
		query: []parameter{{name: "only", about: "touched leaves out who is clear with nothing to tell; index says which one an answer is about", values: []string{"touched"}},
			{name: "scenario", about: "business at hand, for a body of one subject a line"}},
		body: BulkQuery{}, answer: BulkAnswer{}, lines: true, fails: []int{413, 422, 503},
		codes: []string{"SCENARIO_UNKNOWN", "BULK_MALFORMED", "BULK_TOO_MANY", "QUERY_TOO_LARGE", "OUTCOME_NOT_KEPT"}},
	{method: "GET", path: "/v1/status", id: "status", summary: "How the gate stands", serve: (*Gate).serveStatus, answer: Status{}},
	{method: "GET", path: "/v1/scenarios", id: "scenarios", summary: "Scenarios with their measures", serve: (*Gate).serveScenarios, answer: scenarioList{}},
	{method: "GET", path: "/v1/restrictions", id: "restrictions", summary: "Restrictions in force, or kept on after their listing ended", serve: (*Gate).serveRestrictions,
		query:  []parameter{{name: "state", about: "which ones", needed: true, values: []string{stateInForce, stateKept}}, {name: "after", about: "reference of the last one of the page before"}},
		answer: restrictionList{}, fails: []int{422}, codes: []string{"GATE_STATE_UNKNOWN"}},
	{method: "GET", path: "/v1/restrictions/{reference}", id: "restriction", summary: "Whether a restriction stands", serve: (*Gate).serveRestriction,
		answer: Restriction{}, fails: []int{404}, codes: []string{"UNKNOWN_REFERENCE"}},
	{method: "POST", path: "/v1/restrictions/{reference}/keep", id: "keep", summary: "Keep a restriction on after its listing ends (3.13)", serve: (*Gate).serveKeep,
		body: keepBody{}, answer: Restriction{}, fails: []int{404, 409, 422},
		codes: []string{"UNKNOWN_REFERENCE", "KEPT_WITHOUT_GROUND", "KEPT_WITHOUT_END", "KEPT_TOO_LONG", "KEPT_TOO_LATE", "KEPT_ALREADY", "KEPT_REFERRAL"}},
	{method: "POST", path: "/v1/restrictions/{reference}/review", id: "review", summary: "The person asks the department to review it (3.12)", serve: (*Gate).serveReview,
		body: reviewBody{}, answer: Review{}, fails: []int{404, 409, 422}, codes: []string{"UNKNOWN_REFERENCE", "GATE_REVIEW_FILED"}},
	{method: "POST", path: "/v1/restrictions/{reference}/review/answer", id: "answer_review", summary: "The department's answer", serve: (*Gate).serveAnswer,
		body: answerBody{}, answer: Review{}, fails: []int{404, 409, 422}, codes: []string{"UNKNOWN_REFERENCE", "GATE_REVIEW_UNKNOWN", "GATE_REVIEW_ANSWERED"}},
	{method: "GET", path: "/v1/reviews", id: "reviews", summary: "Reviews that wait for an answer, or have one", serve: (*Gate).serveReviews,
		query:  []parameter{{name: "state", about: "which ones", needed: true, values: []string{stateOpen, stateAnswered}}, {name: "after", about: "reference of the last one of the page before"}},
		answer: reviewList{}, fails: []int{422}, codes: []string{"GATE_STATE_UNKNOWN"}},
	{method: "POST", path: "/v1/proposals", id: "propose", summary: "Propose to the court that it look again (2.4.1)", serve: (*Gate).serveProposal,
		body: proposalBody{}, status: http.StatusAccepted, answer: Proposal{}, fails: []int{404, 422}, codes: []string{"PROPOSAL_NOT_LISTED"}},
	{method: "GET", path: "/healthz", id: "health", summary: "The process answers", serve: (*Gate).serveHealth, answer: health{}},
	{method: "GET", path: "/openapi.json", id: "openapi", summary: "This document", serve: (*Gate).serveOpenAPI, answer: map[string]any{}},
}, watchRoutes...)

// What is sent to the desk's routes.
type (
	keepBody struct {
		Measure string `json:"measure,omitempty"` // id of one measure; all of the restriction if empty
		Ground  string `json:"ground"`            // the law that allows it
		Until   string `json:"until"`             // last day, such as 2017-09-01
		By      string `json:"by"`                // the officer
	}
	reviewBody struct {
		Reason string `json:"reason"` // the person's
		By     string `json:"by"`     // the officer who takes it down
	}
	answerBody struct {
		Upheld *bool  `json:"upheld"` // said outright: nothing is rejected because a field is missing
		Reason string `json:"reason"`
		By     string `json:"by"` // the officer
	}
	proposalBody struct {
		Listing string `json:"listing"` // id, as in a hit
		Reason  string `json:"reason"`
	}
)

// What lists are answered in.
type (
	restrictionList struct {
		Restrictions []Restriction `json:"restrictions"`
	}
	reviewList struct {
		Reviews []Review `json:"reviews"`
	}
)

// Package gateclient is a client of a gate, made from its OpenAPI document. Do not edit.
package gateclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Client asks one gate. It may be used from any number of goroutines.
type Client struct {
	URL  string       // such as http://127.0.0.1:8701
	HTTP *http.Client // http.DefaultClient if nil
}

// New returns a client of the gate at address: a URL, or unix: and the path of its socket.
func New(address string) *Client {
	path, socket := strings.CutPrefix(address, "unix:")
	if !socket {
		return &Client{URL: strings.TrimSuffix(address, "/")}
	}
	return &Client{URL: "http://gate", HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}}}}
}

// Error says what the gate says: its code and both texts.
func (p *Problem) Error() string { return p.Code + ": " + p.Message.ZH + " / " + p.Message.EN }

// call sends body, if there is one, and reads the answer; a problem comes as *Problem.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if got.StatusCode >= 300 {
		p := new(Problem)
		if err := json.NewDecoder(got.Body).Decode(p); err != nil || p.Code == "" {
			return fmt.Errorf("%s %s: %s", method, path, got.Status)
		}
		return p
	}
	return json.NewDecoder(got.Body).Decode(answer)
}

// Health: The process answers.
func (c *Client) Health(ctx context.Context) (answer Health, err error) {
	err = c.call(ctx, "GET", "/healthz", nil, nil, &answer)
	return answer, err
}

// Openapi: This document.
func (c *Client) Openapi(ctx context.Context) (answer any, err error) {
	err = c.call(ctx, "GET", "/openapi.json", nil, nil, &answer)
	return answer, err
}

// Alerts: Alerts about watched subjects. Of query:
//
//   - state: which ones; waiting: for an officer
//   - after: reference of the last one of the page before
func (c *Client) Alerts(ctx context.Context, query url.Values) (answer AlertList, err error) {
	err = c.call(ctx, "GET", "/v1/alerts", query, nil, &answer)
	return answer, err
}

// Alert: One of them.
func (c *Client) Alert(ctx context.Context, reference string) (answer Alert, err error) {
	err = c.call(ctx, "GET", "/v1/alerts/"+url.PathEscape(reference), nil, nil, &answer)
	return answer, err
}

// AcknowledgeAlert: An officer has seen it, or that it was closed.
func (c *Client) AcknowledgeAlert(ctx context.Context, reference string, body SeenBody) (answer Alert, err error) {
	err = c.call(ctx, "POST", "/v1/alerts/"+url.PathEscape(reference)+"/acknowledge", nil, body, &answer)
	return answer, err
}

// Differences: What was recorded of listings in force. Of query:
//
//   - listing: id of one listing; all if empty
//   - after: reference of the last one of the page before
func (c *Client) Differences(ctx context.Context, query url.Values) (answer DifferenceList, err error) {
	err = c.call(ctx, "GET", "/v1/differences", query, nil, &answer)
	return answer, err
}

// RememberDifference: Record that an applicant is not a listing (5.1).
func (c *Client) RememberDifference(ctx context.Context, body Different) (answer Difference, err error) {
	err = c.call(ctx, "POST", "/v1/differences", nil, body, &answer)
	return answer, err
}

// ForgetDifference: Take it back: the listing is told again.
func (c *Client) ForgetDifference(ctx context.Context, reference string, body ForgetBody) (answer Difference, err error) {
	err = c.call(ctx, "DELETE", "/v1/differences/"+url.PathEscape(reference), nil, body, &answer)
	return answer, err
}

// Difference: One of them.
func (c *Client) Difference(ctx context.Context, reference string) (answer Difference, err error) {
	err = c.call(ctx, "GET", "/v1/differences/"+url.PathEscape(reference), nil, nil, &answer)
	return answer, err
}

// Propose: Propose to the court that it look again (2.4.1).
func (c *Client) Propose(ctx context.Context, body ProposalBody) (answer Proposal, err error) {
	err = c.call(ctx, "POST", "/v1/proposals", nil, body, &answer)
	return answer, err
}

// Restrictions: Restrictions in force, or kept on after their listing ended. Of query:
//
//   - state: which ones
//   - after: reference of the last one of the page before
func (c *Client) Restrictions(ctx context.Context, query url.Values) (answer RestrictionList, err error) {
	err = c.call(ctx, "GET", "/v1/restrictions", query, nil, &answer)
	return answer, err
}

// Restriction: Whether a restriction stands.
func (c *Client) Restriction(ctx context.Context, reference string) (answer Restriction, err error) {
	err = c.call(ctx, "GET", "/v1/restrictions/"+url.PathEscape(reference), nil, nil, &answer)
	return answer, err
}

// Keep: Keep a restriction on after its listing ends (3.13).
func (c *Client) Keep(ctx context.Context, reference string, body KeepBody) (answer Restriction, err error) {
	err = c.call(ctx, "POST", "/v1/restrictions/"+url.PathEscape(reference)+"/keep", nil, body, &answer)
	return answer, err
}

// Review: The person asks the department to review it (3.12).
func (c *Client) Review(ctx context.Context, reference string, body ReviewBody) (answer Review, err error) {
	err = c.call(ctx, "POST", "/v1/restrictions/"+url.PathEscape(reference)+"/review", nil, body, &answer)
	return answer, err
}

// AnswerReview: The department's answer.
func (c *Client) AnswerReview(ctx context.Context, reference string, body AnswerBody) (answer Review, err error) {
	err = c.call(ctx, "POST", "/v1/restrictions/"+url.PathEscape(reference)+"/review/answer", nil, body, &answer)
	return answer, err
}

// Reviews: Reviews that wait for an answer, or have one. Of query:
//
//   - state: which ones
//   - after: reference of the last one of the page before
func (c *Client) Reviews(ctx context.Context, query url.Values) (answer ReviewList, err error) {
	err = c.call(ctx, "GET", "/v1/reviews", query, nil, &answer)
	return answer, err
}

// Scenarios: Scenarios with their measures.
func (c *Client) Scenarios(ctx context.Context) (answer ScenarioList, err error) {
	err = c.call(ctx, "GET", "/v1/scenarios", nil, nil, &answer)
	return answer, err
}

// Screen: May one person or organisation go ahead? (4.2).
func (c *Client) Screen(ctx context.Context, body Query) (answer Decision, err error) {
	err = c.call(ctx, "POST", "/v1/screen", nil, body, &answer)
	return answer, err
}

// ScreenBulk: The same about up to 10 000 subjects, answered in order (4.2, 5.1). Of query:
//
//   - only: touched leaves out who is clear with nothing to tell; index says which one an answer is about
//   - scenario: business at hand, for a body of one subject a line
func (c *Client) ScreenBulk(ctx context.Context, body BulkQuery, query url.Values) (answer BulkAnswer, err error) {
	err = c.call(ctx, "POST", "/v1/screen/bulk", query, body, &answer)
	return answer, err
}

// Status: How the gate stands.
func (c *Client) Status(ctx context.Context) (answer Status, err error) {
	err = c.call(ctx, "GET", "/v1/status", nil, nil, &answer)
	return answer, err
}

// Watched: Who is watched, by the department's own references. Of query:
//
//   - scenario: kind of post, licence or honour; all if empty
//   - after: subject of the last one of the page before
//   - after_scenario: its scenario
func (c *Client) Watched(ctx context.Context, query url.Values) (answer WatchedList, err error) {
	err = c.call(ctx, "GET", "/v1/watch", query, nil, &answer)
	return answer, err
}

// Watch: Watch holders of posts, licences or honours, up to 10 000 at a time (3.4, 3.5, 4.2).
func (c *Client) Watch(ctx context.Context, body WatchBody) (answer WatchAnswer, err error) {
	err = c.call(ctx, "POST", "/v1/watch", nil, body, &answer)
	return answer, err
}

// Unwatch: Watch a subject no more. Of query:
//
//   - scenario: kind of post, licence or honour; all if empty
func (c *Client) Unwatch(ctx context.Context, subject string, body ByBody, query url.Values) (answer Unwatched, err error) {
	err = c.call(ctx, "DELETE", "/v1/watch/"+url.PathEscape(subject), query, body, &answer)
	return answer, err
}

// An Abnormal tells what a gate does not apply until the hub approves it as a batch, or an officer accepts it. Meanwhile the copy of before serves until it is stale.
type Abnormal struct {
	After    int64     `json:"after"`
	Before   int64     `json:"before"` // in force
	Entered  int64     `json:"entered"`
	Left     int64     `json:"left"`
	Sequence int64     `json:"sequence"` // to accept
	Since    time.Time `json:"since"`
}

// An Alert tells that a listing in force has the number of a watched subject, or that it had until it was closed.
type Alert struct {
	At             time.Time `json:"at"`
	Because        *Reason   `json:"because,omitempty"` // why it was closed
	Closed         time.Time `json:"closed,omitzero"`
	ClosedSequence int64     `json:"closed_sequence,omitempty"` // of the list that ended it
	Listing        string    `json:"listing"`
	Reference      string    `json:"reference"`
	Scenario       string    `json:"scenario"`         // kind of post, licence or honour
	Seen           *Seen     `json:"seen,omitempty"`   // by whom, while it was open
	Sequence       int64     `json:"sequence"`         // of the list that led to it
	State          string    `json:"state"`            // "open" or "closed"
	Subject        string    `json:"subject"`          // the department's own reference
	Undone         *Seen     `json:"undone,omitempty"` // by whom, after it was closed
	Until          string    `json:"until,omitempty"`  // last day of the listing
	What           string    `json:"what"`             // "block": number and name agree; "refer": the number does, look at the name
}

// AlertList is sent or answered.
type AlertList struct {
	Alerts []Alert `json:"alerts"`
}

// An Answer is the answer about one Subject: a Decision without what the whole request has in common. Sequence, AsOf and FreshUntil stand in it only where the list moved on while it was recorded.
type Answer struct {
	AsOf       time.Time `json:"as_of,omitzero"`
	FreshUntil time.Time `json:"fresh_until,omitzero"`
	Hits       []Hit     `json:"hits,omitempty"`
	ID         string    `json:"id,omitempty"`    // as given
	Index      *int64    `json:"index,omitempty"` // place among the subjects, from 0, if not all are answered
	Outcome    string    `json:"outcome"`
	Reasons    []Reason  `json:"reasons,omitempty"`
	Reference  string    `json:"reference,omitempty"` // quote it when asking for review (3.12)
	Remedy     *Text     `json:"remedy,omitempty"`    // how to object, to court and to department
	Sequence   int64     `json:"sequence,omitempty"`
}

// AnswerBody is sent or answered.
type AnswerBody struct {
	By     string `json:"by"` // the officer
	Reason string `json:"reason"`
	Upheld bool   `json:"upheld"` // said outright: nothing is rejected because a field is missing
}

// A BulkAnswer answers a BulkQuery.
type BulkAnswer struct {
	Answers    []Answer  `json:"answers"`     // in the order of the subjects
	AsOf       time.Time `json:"as_of"`       // time of the last verified checkpoint
	Clear      int64     `json:"clear"`       // how many of them are clear
	FreshUntil time.Time `json:"fresh_until"` // after it the gate restricts nobody
	Sequence   int64     `json:"sequence"`    // the list as of this sequence
	Subjects   int64     `json:"subjects"`    // how many were asked about
}

// A BulkQuery asks about many subjects of one business.
type BulkQuery struct {
	Scenario string    `json:"scenario,omitempty"` // for every subject that names none of its own
	Subjects []Subject `json:"subjects"`           // at most 10 000
}

// ByBody is sent or answered.
type ByBody struct {
	By string `json:"by"` // the officer
}

// A Decision is a gate's answer with its grounds. For clear, Remedy and Reference are empty, Hits holds hints at most, and nothing is kept or reported.
type Decision struct {
	AsOf       time.Time `json:"as_of"`       // time of the last verified checkpoint
	FreshUntil time.Time `json:"fresh_until"` // after it the gate restricts nobody
	Hits       []Hit     `json:"hits,omitempty"`
	Outcome    string    `json:"outcome"`
	Reasons    []Reason  `json:"reasons,omitempty"`
	Reference  string    `json:"reference,omitempty"` // quote it when asking for review (3.12)
	Remedy     *Text     `json:"remedy,omitempty"`    // how to object, to court and to department
	Scenario   string    `json:"scenario"`
	Sequence   int64     `json:"sequence"` // the list as of this sequence
}

// A Difference is one that is on record. It does not say who the applicant is.
type Difference struct {
	At          time.Time `json:"at"`
	Because     *Reason   `json:"because,omitempty"` // why it ended
	By          string    `json:"by"`
	Ended       time.Time `json:"ended,omitzero"`
	EndedBy     string    `json:"ended_by,omitempty"`
	EndedReason string    `json:"ended_reason,omitempty"`
	Listing     string    `json:"listing"`
	Reason      string    `json:"reason"`
	Reference   string    `json:"reference"`
	Sequence    int64     `json:"sequence"` // of the listing as it stood
	State       string    `json:"state"`    // "holds" or "ended"
}

// DifferenceList is sent or answered.
type DifferenceList struct {
	Differences []Difference `json:"differences"`
}

// A Different is what an officer says after looking: the applicant is not Listing. The applicant is named by Number, or by Subject where no number is known, and by Name; none of them is kept.
type Different struct {
	By      string `json:"by"` // the officer
	Listing string `json:"listing"`
	Name    string `json:"name"`
	Number  string `json:"number,omitempty"`
	Reason  string `json:"reason"`            // what was looked at
	Subject string `json:"subject,omitempty"` // the department's own reference of the applicant, as queries name it
}

// A Fact is one thing that was compared between a listing and whoever is asked about, with both values as they were compared. Values that stand for a person's number are masked.
type Fact struct {
	About   string `json:"about"` // what was compared: "number", "name", "born", "sex", "region", … (docs/matching.md)
	Given   string `json:"given"`
	Listed  string `json:"listed"`
	Verdict string `json:"verdict"` // how it came out
}

// A Fault is the latest thing that went wrong while following or reporting.
type Fault struct {
	At   time.Time `json:"at"`
	Code string    `json:"code"`
	EN   string    `json:"en"`
	ZH   string    `json:"zh"`
}

// ForgetBody is sent or answered.
type ForgetBody struct {
	By     string `json:"by"` // the officer
	Reason string `json:"reason"`
}

// A ForkStatus tells of a fork that nobody has acknowledged yet: the hub has signed two states of the list that cannot both be true. Until an officer decides, nobody is restricted and nothing is followed.
type ForkStatus struct {
	Evidence string    `json:"evidence"` // file in the gate's directory, for the provincial centre
	Sequence int64     `json:"sequence"` // of the checkpoint that contradicts what was verified before
	Since    time.Time `json:"since"`
}

// A health is the answer of GET /healthz.
type Health struct {
	Fresh bool `json:"fresh"` // whether the gate also knows
}

// A Hit is one listing that a query met, with all that the person concerned and the officer need to know.
type Hit struct {
	Agrees    []string `json:"agrees"` // which parts agree: "number", "name"
	Basis     Text     `json:"basis"`
	Case      string   `json:"case"`
	Clause    string   `json:"clause"`
	Court     string   `json:"court"`
	Effect    string   `json:"effect"`
	Evidence  []Fact   `json:"evidence,omitempty"` // what was compared, and how it came out
	Hint      bool     `json:"hint,omitempty"`     // a similar name that was asked for: it decides nothing, and Measure is empty
	Listing   string   `json:"listing"`
	Measure   string   `json:"measure"`   // id, such as 3.6.flight
	Name      string   `json:"name"`      // as listed
	Number    string   `json:"number"`    // masked
	Published string   `json:"published"` // a day such as 2017-09-01; empty if there is none
	Severity  string   `json:"severity"`
	Until     string   `json:"until"` // a day such as 2017-09-01; empty if there is none
}

// KeepBody is sent or answered.
type KeepBody struct {
	By      string `json:"by"`                // the officer
	Ground  string `json:"ground"`            // the law that allows it
	Measure string `json:"measure,omitempty"` // id of one measure; all of the restriction if empty
	Until   string `json:"until"`             // last day, such as 2017-09-01
}

// Kept is what the department stated for keeping a restriction on (3.13).
type Kept struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Ground string    `json:"ground"`
	Since  time.Time `json:"since,omitzero"` // when its listing ended; zero while that is in force
	Until  string    `json:"until"`          // last day; the gate lifts it the day after
}

// A LineSummary ends the answer to a body of one subject a line. Without it the gate did not finish.
type LineSummary struct {
	Outcomes map[string]int64 `json:"outcomes"` // how many of each
	Subjects int64            `json:"subjects"`
}

// A Measure is one entry of the catalogue: nothing restricts anyone except through one (1.1).
type Measure struct {
	Basis       Text     `json:"basis"`  // the clause in words, for the person who is told
	Binds       []string `json:"binds"`  // "subject", "legal_representative", "principal", "responsible_person", "actual_controller"
	Clause      string   `json:"clause"` // such as "3.6"
	Departments []string `json:"departments"`
	Effect      string   `json:"effect"`
	ID          string   `json:"id"`       // such as "3.6.flight"
	Scenario    string   `json:"scenario"` // the business in which it applies, such as "flight"
	Title       Text     `json:"title"`
}

// A problem is an RFC 9457 answer, in the form that the hub gives as well.
type Problem struct {
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Mend    Text   `json:"mend"`
	Message Text   `json:"message"`
	Status  int64  `json:"status"`
	Title   string `json:"title"`
	Type    string `json:"type"`
}

// A Proposal is what a department proposes to the court: to look again at a listing. The listing stays in force meanwhile, and the department goes on carrying out its measures; it does not review the merits itself.
type Proposal struct {
	At        time.Time `json:"at"`
	Listing   string    `json:"listing"`
	Reason    string    `json:"reason"`
	Reference string    `json:"reference"`
	State     string    `json:"state"` // "waiting" for the hub, "delivered", or "refused" by it
}

// ProposalBody is sent or answered.
type ProposalBody struct {
	Listing string `json:"listing"` // id, as in a hit
	Reason  string `json:"reason"`
}

// A Query asks whether one person or organisation may go ahead with one business. It is forgotten with the answer. Scenario and Number or Name are needed; the others are what else is known, each left out where it is not.
type Query struct {
	Born     int64  `json:"born,omitempty"`   // year of birth
	Hints    bool   `json:"hints,omitempty"`  // of a search by name: tell of similar names as well
	Masked   string `json:"masked,omitempty"` // number of which only a part is known, * for each character that is not: 3205**********1234
	Name     string `json:"name,omitempty"`
	Number   string `json:"number,omitempty"`  // identifier, in any writing that identity.Parse reads
	Region   string `json:"region,omitempty"`  // address code of GB/T 2260, two, four or six digits
	Scenario string `json:"scenario"`          // id of the catalogue, such as "flight"
	Sex      string `json:"sex,omitempty"`     // 男 or 女 (GB/T 2261.1)
	Subject  string `json:"subject,omitempty"` // the department's own reference of the applicant, for remembered differences; no identifier
}

// A Reason tells why, with a stable code.
type Reason struct {
	Code string `json:"code"`
	EN   string `json:"en"`
	ZH   string `json:"zh"`
}

// A Restriction is what stands under one reference: what a person who asks for review (3.12), and the officer who answers, need. It does not say who was screened.
type Restriction struct {
	At             time.Time         `json:"at"`
	Department     string            `json:"department"`
	LiftedAt       time.Time         `json:"lifted_at,omitzero"`        // of the last part
	LiftedSequence int64             `json:"lifted_sequence,omitempty"` // sequence at which the last part was lifted
	Parts          []RestrictionPart `json:"parts"`
	Reference      string            `json:"reference"`
	Review         *Review           `json:"review,omitempty"` // of the department, if one was asked for
	Scenario       string            `json:"scenario"`
	Sequence       int64             `json:"sequence"` // of the list that led to it
	State          string            `json:"state"`    // "in_force", "kept", "lifted" or "referred"; the first of them that a part is in
}

// RestrictionList is sent or answered.
type RestrictionList struct {
	Restrictions []Restriction `json:"restrictions"`
}

// A RestrictionPart is one listing under one measure.
type RestrictionPart struct {
	Because        *Reason   `json:"because,omitempty"` // why it was lifted, or why its listing does not bind while it is kept on
	Clause         string    `json:"clause,omitempty"`
	Kept           *Kept     `json:"kept,omitempty"` // what was stated for keeping it on after its listing ends
	LiftedAt       time.Time `json:"lifted_at,omitzero"`
	LiftedSequence int64     `json:"lifted_sequence,omitempty"`
	Listing        string    `json:"listing,omitempty"`
	Measure        string    `json:"measure,omitempty"`
	Reason         string    `json:"reason"`
	State          string    `json:"state"`
	Until          string    `json:"until,omitempty"` // last day of the listing
}

// A Review is what a restricted person asked of the department, and its answer. It does not say who that is: the reference does, to those who know it.
type Review struct {
	Answer     string    `json:"answer,omitempty"` // the department's reasons
	Answered   time.Time `json:"answered,omitzero"`
	AnsweredBy string    `json:"answered_by,omitempty"`
	By         string    `json:"by"` // the officer who took it down
	Filed      time.Time `json:"filed"`
	Listing    string    `json:"listing,omitempty"` // behind its first part that restricted; "" where none was met
	Reason     string    `json:"reason"`            // the person's
	Reference  string    `json:"reference"`         // of the restriction
	State      string    `json:"state"`             // "open", "upheld" or "rejected"
	Upheld     bool      `json:"upheld"`
}

// ReviewBody is sent or answered.
type ReviewBody struct {
	By     string `json:"by"`     // the officer who takes it down
	Reason string `json:"reason"` // the person's
}

// ReviewList is sent or answered.
type ReviewList struct {
	Reviews []Review `json:"reviews"`
}

// A scenarioList is the answer of GET /v1/scenarios.
type ScenarioList struct {
	Scenarios []ScenarioMeasures `json:"scenarios"`
}

// ScenarioMeasures is sent or answered.
type ScenarioMeasures struct {
	ID       string    `json:"id"`       // such as "flight"
	Measures []Measure `json:"measures"` // what the scenario meets
	Title    Text      `json:"title"`
}

// Seen says which officer has seen an alert, or that it was closed, and when.
type Seen struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Remark string    `json:"remark,omitempty"`
}

// SeenBody is sent or answered.
type SeenBody struct {
	By     string `json:"by"` // the officer
	Remark string `json:"remark,omitempty"`
}

// A Status says how the gate stands.
type Status struct {
	Abnormal         *Abnormal      `json:"abnormal,omitempty"`
	AlertsOpen       int64          `json:"alerts_open"`    // about watched subjects whose listing is in force
	AlertsWaiting    int64          `json:"alerts_waiting"` // for an officer, open ones and closed ones
	AsOf             time.Time      `json:"as_of,omitzero"` // of the last verified checkpoint
	Department       string         `json:"department"`
	Fork             *ForkStatus    `json:"fork,omitempty"`
	Fresh            bool           `json:"fresh"`
	FreshUntil       time.Time      `json:"fresh_until,omitzero"` // after it the gate only refers
	Gate             string         `json:"gate"`
	HubKey           string         `json:"hub_key"` // public key by which it takes checkpoints, after those that were replaced
	HubReachable     bool           `json:"hub_reachable"`
	LastError        *Fault         `json:"last_error,omitempty"`
	Lifted           int64          `json:"lifted"`
	Listings         int64          `json:"listings"`          // in force
	Outbox           int64          `json:"outbox"`            // reports that the hub has not taken yet
	ReceiptKey       string         `json:"receipt_key"`       // public key with which this gate signs receipts
	Refused          int64          `json:"refused"`           // reports that the hub will not take
	RestrictionsKept int64          `json:"restrictions_kept"` // on, though their listing has ended (3.13)
	RestrictionsOpen int64          `json:"restrictions_open"`
	ReviewsOpen      int64          `json:"reviews_open"` // asked for and not answered (3.12)
	Sequence         int64          `json:"sequence"`
	State            string         `json:"state"`                  // "following", "abnormal" or "forked"
	Watched          int64          `json:"watched"`                // subjects held against the list as it changes (3.4, 3.5)
	WatchedLost      int64          `json:"watched_lost,omitempty"` // of them under another key of this gate: hand them in again
	Webhook          *WebhookStatus `json:"webhook,omitempty"`
}

// A Subject is the person or organisation listed (被执行人).
type Subject struct {
	Born     int64  `json:"born,omitempty"`   // year of birth
	Hints    bool   `json:"hints,omitempty"`  // of a search by name: tell of similar names as well
	ID       string `json:"id,omitempty"`     // the caller's own mark, given back with the answer; it is not kept
	Masked   string `json:"masked,omitempty"` // number of which only a part is known, * for each character that is not: 3205**********1234
	Name     string `json:"name,omitempty"`
	Number   string `json:"number,omitempty"`   // identifier, in any writing that identity.Parse reads
	Region   string `json:"region,omitempty"`   // address code of GB/T 2260, two, four or six digits
	Scenario string `json:"scenario,omitempty"` // id of the catalogue, such as "flight"
	Sex      string `json:"sex,omitempty"`      // 男 or 女 (GB/T 2261.1)
	Subject  string `json:"subject,omitempty"`  // the department's own reference of the applicant, for remembered differences; no identifier
}

// Text is one sentence in Chinese and in English.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// Unwatched is sent or answered.
type Unwatched struct {
	Removed int64 `json:"removed"` // rows
}

// A Watch names one subject to be watched by the department's own reference and the kind of what it holds: the same person may hold a licence and a post.
type Watch struct {
	Name     string `json:"name,omitempty"`
	Number   string `json:"number"`   // identifier, in any writing that identity.Parse reads
	Scenario string `json:"scenario"` // kind of post, licence or honour, in the department's words
	Subject  string `json:"subject"`  // the department's own reference; no identifier
}

// WatchAnswer is sent or answered.
type WatchAnswer struct {
	Results  []WatchResult `json:"results"`  // in the order of the subjects
	Sequence int64         `json:"sequence"` // of the list against which they were held
}

// WatchBody is sent or answered.
type WatchBody struct {
	By       string  `json:"by"` // the officer
	Subjects []Watch `json:"subjects"`
}

// A WatchResult says what became of one Watch.
type WatchResult struct {
	Alerts   int64   `json:"alerts,omitempty"`  // open about it now
	Because  *Reason `json:"because,omitempty"` // of one that was rejected
	Scenario string  `json:"scenario"`
	State    string  `json:"state"` // "watched", "replaced", "unchanged" or "rejected"
	Subject  string  `json:"subject"`
}

// WatchedList is sent or answered.
type WatchedList struct {
	Subjects []WatchedSubject `json:"subjects"`
}

// A WatchedSubject is one that is watched.
type WatchedSubject struct {
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Lost     bool      `json:"lost,omitempty"` // its number was kept under another key of this gate: hand it in again
	Scenario string    `json:"scenario"`
	Subject  string    `json:"subject"`
}

// A WebhookStatus tells what the department's system has not taken yet.
type WebhookStatus struct {
	Fault   *Fault    `json:"fault,omitempty"`
	Late    bool      `json:"late"`           // that is more than a day ago: it is tried once an hour
	Since   time.Time `json:"since,omitzero"` // when the oldest of them came about
	Waiting int64     `json:"waiting"`
}

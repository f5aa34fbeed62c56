package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gongxin"
)

// A Reporter takes to the hub what the gate reports, in the order in which it came
// about. Every call may be repeated for the same content. An error of kind invalid
// says that the hub will never take it: it is set aside. Any other is tried again.
type Reporter interface {
	// Receipt says how far gate has applied the list.
	Receipt(ctx context.Context, gate string, r Receipt) error
	// Outcomes says what restricted or referred somebody, and what was lifted or kept on.
	Outcomes(ctx context.Context, gate string, o []Outcome) error
	// Review says that a review of a restriction was asked for (3.12), under the
	// reference of its first part that restricted, as Outcomes told it.
	Review(ctx context.Context, gate string, r Review) error
	// Answer gives the department's answer to a review.
	Answer(ctx context.Context, gate string, r Review) error
	// Proposal proposes to the court that it look again at a listing (2.4.1).
	Proposal(ctx context.Context, gate string, p Proposal) error
}

// An Outcome is what the hub learns of one restriction or referral: never who
// was screened. The hub keeps one of each kind for a reference.
type Outcome struct {
	Reference string    `json:"reference"`
	Kind      string    `json:"kind"`              // "restricted", "referred", "lifted" or "kept"
	Listing   string    `json:"listing,omitempty"` // "" where none was met, as when the gate was stale
	Scenario  string    `json:"scenario"`
	Measure   string    `json:"measure,omitempty"`
	Sequence  uint64    `json:"sequence"` // of the list that led to it, or that ended it
	At        time.Time `json:"at"`

	// Of one that is kept on after its listing has ended (3.13); lifted follows once that is over.
	Ground string      `json:"ground,omitempty"`
	Until  gongxin.Day `json:"until,omitzero"` // last day
}

const (
	reportBatch   = 500
	reportTimeout = 30 * time.Second
)

// wakeDelivery lets those know who deliver to the hub and to the webhook.
func (g *Gate) wakeDelivery() {
	wake(g.deliver)
	wake(g.calls)
}

// wakeFollowing ends the pause of whoever follows.
func (g *Gate) wakeFollowing() { wake(g.ordered) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // awake already
	}
}

// deliverAll takes receipts and the outbox to the hub until ctx ends.
func (g *Gate) deliverAll(ctx context.Context) {
	pause := backoff{}
	for ctx.Err() == nil {
		more, err := g.deliverSome(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			g.report(ctx, fmt.Errorf("report to the hub: %w", err))
			sleep(ctx, pause.next())
			continue
		}
		pause = backoff{}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-g.deliver:
		}
	}
}

// deliverSome delivers what is waiting, up to a batch; more says that there may be more.
func (g *Gate) deliverSome(ctx context.Context) (more bool, err error) {
	reports, err := g.outcomes.waiting(ctx, reportBatch)
	if err != nil {
		return false, err
	}
	for rest := reports; len(rest) > 0; {
		n := 1
		for rest[0].part > 0 && n < len(rest) && rest[n].part > 0 { // outcomes that follow one another travel together
			n++
		}
		if err := g.deliverBatch(ctx, rest[:n]); err != nil {
			return false, err
		}
		rest = rest[n:]
	}
	if r := g.due.Load(); r != nil {
		if err := g.config.Reporter.Receipt(ctx, g.config.Name, *r); err != nil {
			return false, err
		}
		g.due.CompareAndSwap(r, nil)
	}
	return len(reports) == reportBatch, nil
}

// deliverBatch delivers reports together, or one by one if the hub refuses them
// together; what it refuses alone as well is set aside, so that one fault does not
// hold up the rest.
func (g *Gate) deliverBatch(ctx context.Context, reports []report) error {
	err := g.send(ctx, reports)
	if refusalCode(err) == proposalOpen && reports[0].kind == kindProposal {
		// The court has a proposal of this department before it. If there is no other
		// it is this one, whose answer was lost.
		only, reading := g.outcomes.onlyProposal(ctx, reports[0].proposal.Listing)
		if reading != nil {
			return reading
		}
		if only {
			err = nil
		}
	}
	switch {
	case err == nil:
		return g.outcomes.delivered(context.WithoutCancel(ctx), reports)
	case gongxin.KindOf(err) != gongxin.KindInvalid:
		return err
	case len(reports) == 1:
		g.config.Log.ErrorContext(ctx, "the hub refuses a report", "kind", reports[0].kind, "reference", reports[0].reference, "err", err)
		return g.outcomes.refused(context.WithoutCancel(ctx), reports[0])
	}
	for i := range reports {
		if err := g.deliverBatch(ctx, reports[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// send takes outcomes, or one report of another kind, to the hub.
func (g *Gate) send(ctx context.Context, reports []report) error {
	to, gate, first := g.config.Reporter, g.config.Name, reports[0]
	switch first.kind {
	case kindReview:
		return to.Review(ctx, gate, first.review)
	case kindAnswer:
		return to.Answer(ctx, gate, first.review)
	case kindProposal:
		return to.Proposal(ctx, gate, first.proposal)
	}
	all := make([]Outcome, len(reports))
	for i, r := range reports {
		all[i] = r.outcome
	}
	return to.Outcomes(ctx, gate, all)
}

// An HTTPReporter reports to the hub at URL.
type HTTPReporter struct {
	URL    string       // such as https://credit.example; /v1/gates/… is added
	Token  string       // bearer token of the gate
	Client *http.Client // http.DefaultClient if nil
}

// Receipt posts r. A hub of before signed receipts refuses fields that it does not
// know, and gets those that it does.
func (h HTTPReporter) Receipt(ctx context.Context, gate string, r Receipt) error {
	body := receiptBody{r.Sequence, r.At, r.Count, r.Digest.String(), r.Note, r.Key}
	err := h.post(ctx, gatePath(gate, "receipts"), body)
	code := refusalCode(err)
	switch {
	case strings.HasPrefix(code, "RECEIPT_"): // what it says is not believed: a person has to see to it
		return fmt.Errorf("%w: %w", gongxin.Conflict("RECEIPT_REFUSED", code), err)
	case gongxin.KindOf(err) == gongxin.KindInvalid && body.Note != "":
		body.Note, body.Key = "", ""
		return h.post(ctx, gatePath(gate, "receipts"), body)
	}
	return err
}

type receiptBody struct {
	Sequence uint64    `json:"sequence"`
	At       time.Time `json:"at"`
	Count    uint64    `json:"count"`
	Digest   string    `json:"digest"`
	Note     string    `json:"note,omitempty"`
	Key      string    `json:"key,omitempty"`
}

// Outcomes posts o.
func (h HTTPReporter) Outcomes(ctx context.Context, gate string, o []Outcome) error {
	return h.post(ctx, gatePath(gate, "outcomes"), struct {
		Outcomes []Outcome `json:"outcomes"`
	}{o})
}

// Review posts what was asked for, without who asked or who took it down.
func (h HTTPReporter) Review(ctx context.Context, gate string, r Review) error {
	return h.petition(ctx, gatePath(gate, "restriction-reviews"), struct {
		Reference string `json:"reference"`
		Reason    string `json:"reason"`
	}{r.Reference, r.Reason})
}

// Answer posts the answer in r.
func (h HTTPReporter) Answer(ctx context.Context, gate string, r Review) error {
	return h.petition(ctx, gatePath(gate, "restriction-reviews", r.Reference, "answer"), struct {
		Upheld bool   `json:"upheld"`
		Reason string `json:"reason"`
	}{r.Upheld, r.Answer})
}

// Proposal posts p to the listing.
func (h HTTPReporter) Proposal(ctx context.Context, _ string, p Proposal) error {
	return h.petition(ctx, "/v1/listings/"+p.Listing.String()+"/proposal", struct {
		Reason string `json:"reason"`
	}{p.Reason})
}

func gatePath(gate string, parts ...string) string {
	path := "/v1/gates/" + url.PathEscape(gate)
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// petition posts what the hub may refuse because of how things stand there: no such
// listing, or ended meanwhile. A refusal that says so by a code is for good; a hub
// that does not know the address at all may learn it.
func (h HTTPReporter) petition(ctx context.Context, path string, body any) error {
	err := h.post(ctx, path, body)
	var r refusal
	if errors.As(err, &r) && r.code != "" && (r.status == http.StatusNotFound || r.status == http.StatusConflict) {
		return fmt.Errorf("%w: %w", gongxin.Invalid("HUB_REFUSES", r.code), err)
	}
	return err
}

// A refusal is what the hub answered instead of taking a report.
type refusal struct {
	error
	status int
	code   string // of the problem; "" if the answer is none
}

func (r refusal) Unwrap() error { return r.error }

// proposalOpen is the hub's code for a department's second proposal while the first
// one waits for the court.
const proposalOpen = "PROPOSAL_OPEN"

// refusalCode returns the code that the hub refused with, "" if err is none.
func refusalCode(err error) string {
	var r refusal
	_ = errors.As(err, &r) // else there is none
	return r.code
}

// post posts body. Errors: HUB_REFUSES, invalid where the hub will never take
// this content; HUB_UNREACHABLE for everything that may pass.
func (h HTTPReporter) post(ctx context.Context, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("report to %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(h.URL, "/")+path, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("report to %s: %w", path, err)
	}
	r.Header.Set("Content-Type", "application/json")
	if h.Token != "" {
		r.Header.Set("Authorization", "Bearer "+h.Token)
	}
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", gongxin.Unavailable("HUB_UNREACHABLE", h.URL), err)
	}
	defer answer.Body.Close() // only read
	detail, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return fmt.Errorf("%w: %w", gongxin.Unavailable("HUB_UNREACHABLE", h.URL), err)
	}
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	var problem struct{ Code string }
	_ = json.Unmarshal(detail, &problem) // another form says less, and is no other error
	e := gongxin.Unavailable("HUB_UNREACHABLE", answer.Status)
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		e = gongxin.Invalid("HUB_REFUSES", answer.Status)
	}
	return refusal{fmt.Errorf("%w: %s", e, detail), answer.StatusCode, problem.Code}
}

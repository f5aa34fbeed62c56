package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Reporter takes to the hub what the gate reports. Both calls may be repeated
// for the same content.
type Reporter interface {
	// Receipt says how far gate has applied the list.
	Receipt(ctx context.Context, gate string, r Receipt) error
	// Outcomes says what restricted or referred somebody, and what was lifted.
	Outcomes(ctx context.Context, gate string, o []Outcome) error
}

// A Receipt says up to where a gate has applied the list, and what it holds then.
type Receipt struct {
	Sequence uint64
	At       time.Time // when it was applied
	Count    uint64    // listings in force
	Digest   ledger.Digest
}

// An Outcome is what the hub learns of one restriction or referral: never who
// was screened. The hub keeps one of each kind for a reference.
type Outcome struct {
	Reference string    `json:"reference"`
	Kind      string    `json:"kind"`              // "restricted", "referred" or "lifted"
	Listing   string    `json:"listing,omitempty"` // "" where none was met, as when the gate was stale
	Scenario  string    `json:"scenario"`
	Measure   string    `json:"measure,omitempty"`
	Sequence  uint64    `json:"sequence"` // of the list that led to it, or that lifted it
	At        time.Time `json:"at"`
}

const (
	reportBatch   = 500
	reportTimeout = 30 * time.Second
)

func (g *Gate) wakeDelivery() {
	select {
	case g.deliver <- struct{}{}:
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
	if len(reports) > 0 {
		if err := g.deliverBatch(ctx, reports); err != nil {
			return false, err
		}
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
	all := make([]Outcome, len(reports))
	for i, r := range reports {
		all[i] = r.outcome
	}
	err := g.config.Reporter.Outcomes(ctx, g.config.Name, all)
	switch {
	case err == nil:
		return g.outcomes.delivered(context.WithoutCancel(ctx), reports)
	case gongxin.KindOf(err) != gongxin.KindInvalid:
		return err
	case len(reports) == 1:
		g.config.Log.ErrorContext(ctx, "the hub refuses a report", "reference", reports[0].outcome.Reference, "err", err)
		return g.outcomes.refused(context.WithoutCancel(ctx), reports[0])
	}
	for i := range reports {
		if err := g.deliverBatch(ctx, reports[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// An HTTPReporter reports to the hub at URL.
type HTTPReporter struct {
	URL    string       // such as https://credit.example; /v1/gates/… is added
	Token  string       // bearer token of the gate
	Client *http.Client // http.DefaultClient if nil
}

// Receipt posts r.
func (h HTTPReporter) Receipt(ctx context.Context, gate string, r Receipt) error {
	return h.post(ctx, gate, "receipts", struct {
		Sequence uint64    `json:"sequence"`
		At       time.Time `json:"at"`
		Count    uint64    `json:"count"`
		Digest   string    `json:"digest"`
	}{r.Sequence, r.At, r.Count, r.Digest.String()})
}

// Outcomes posts o.
func (h HTTPReporter) Outcomes(ctx context.Context, gate string, o []Outcome) error {
	return h.post(ctx, gate, "outcomes", struct {
		Outcomes []Outcome `json:"outcomes"`
	}{o})
}

// post posts body. Errors: HUB_REFUSES, invalid where the hub will never take
// this content; HUB_UNREACHABLE for everything that may pass.
func (h HTTPReporter) post(ctx context.Context, gate, what string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("report %s: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	address := strings.TrimSuffix(h.URL, "/") + "/v1/gates/" + url.PathEscape(gate) + "/" + what
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("report %s: %w", what, err)
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
	switch s := answer.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusBadRequest || s == http.StatusUnprocessableEntity || s == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %s", gongxin.Invalid("HUB_REFUSES", answer.Status), detail)
	default:
		return fmt.Errorf("%w: %s", gongxin.Unavailable("HUB_UNREACHABLE", answer.Status), detail)
	}
}

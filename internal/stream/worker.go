package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gongxin"
	"gongxin/gate"
)

// gatherWait is how long the first transaction of a batch waits for company.
const gatherWait = 2 * time.Millisecond

// A worker consumes one batch after another.
type worker struct {
	Config
	js     jetstream.JetStream
	stream string // that In is taken by
	pause  backoff
}

// An item is one message on its way.
type item struct {
	message     jetstream.Msg
	sequence    uint64 // in the stream
	delivered   uint64 // how often it was
	transaction Transaction
	fault       error // why it is a dead letter
	published   jetstream.PubAckFuture
}

// consume works until ctx ends or something is in the way.
func (w *worker) consume(ctx context.Context) error {
	consumer, err := w.consumer(ctx)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(w.Batch))
	if err != nil {
		return fmt.Errorf("read %s: %w", w.In, err)
	}
	defer messages.Stop()
	w.Log.InfoContext(ctx, "stream is read", "subject", w.In, "stream", w.stream, "durable", w.Durable)
	for {
		batch, err := w.gather(ctx, messages)
		if err == nil {
			err = w.decide(ctx, batch)
		}
		switch {
		case err == nil:
			w.pause.reset()
			continue
		case ctx.Err() != nil:
			w.giveBack(batch, false) // to another consumer, at once
			return ctx.Err()
		case errors.Is(err, errReading):
			return err
		}
		w.Log.WarnContext(ctx, "transactions wait", "transactions", len(batch), "err", err)
		w.giveBack(batch, true)
		if err := w.pause.wait(ctx); err != nil {
			return err
		}
	}
}

// errReading says that messages have to be asked for anew.
var errReading = errors.New("read the stream")

// gather waits for one message and takes those that are there with it.
func (w *worker) gather(ctx context.Context, messages jetstream.MessagesContext) ([]*item, error) {
	m, err := messages.Next(jetstream.NextContext(ctx))
	var batch []*item
	for err == nil {
		about, bad := m.Metadata()
		if bad != nil {
			return batch, fmt.Errorf("%w: %w", errReading, bad)
		}
		i := &item{message: m, sequence: about.Sequence.Stream, delivered: about.NumDelivered}
		i.transaction, i.fault = parse(m.Data())
		if batch = append(batch, i); len(batch) == w.Batch {
			return batch, nil
		}
		m, err = messages.Next(jetstream.NextMaxWait(gatherWait))
	}
	if len(batch) > 0 {
		return batch, nil // what is wrong, the next one tells
	}
	return nil, fmt.Errorf("%w: %w", errReading, err)
}

// decide asks the gate about batch, publishes what it says, and acknowledges. What
// could not be published is left in hand; the others are done.
func (w *worker) decide(ctx context.Context, batch []*item) error {
	stop := w.hold(ctx, batch)
	defer stop()
	asked := make([]*item, 0, len(batch))
	for _, i := range batch {
		if i.fault == nil {
			asked = append(asked, i)
		}
	}
	decisions, err := w.ask(ctx, asked)
	if err != nil {
		return err
	}
	for n, i := range asked {
		d := decisions[n]
		if i.fault == nil && d.Outcome == gongxin.Refer && d.Reference == "" { // it could not be asked about: the gate has recorded nothing
			i.fault = refused(d)
		}
		if i.fault == nil {
			i.published, err = w.publish(i, d)
		}
		if err != nil {
			return err
		}
	}
	for _, i := range batch {
		if i.fault != nil {
			if i.published, err = w.bury(i); err != nil {
				return err
			}
		}
	}
	return w.acknowledge(ctx, batch)
}

// refused is the reason for which a gate could not be asked.
func refused(d gongxin.Decision) error {
	code := "STREAM_MALFORMED"
	if len(d.Reasons) > 0 {
		code = d.Reasons[0].Code
	}
	return gongxin.Invalid(code, d.Scenario)
}

// ask asks the gate about items, in halves where it will not take all at once; one
// alone that it will not take gets a fault.
func (w *worker) ask(ctx context.Context, items []*item) ([]gongxin.Decision, error) {
	if len(items) == 0 {
		return nil, nil
	}
	queries := make([]gate.Query, len(items))
	for n, i := range items {
		queries[n] = i.transaction.Query
	}
	decisions, err := w.Gate.ScreenAll(ctx, queries)
	switch {
	case err == nil && len(decisions) != len(items):
		return nil, fmt.Errorf("ask the gate: %d answers about %d transactions", len(decisions), len(items))
	case err == nil || gongxin.KindOf(err) != gongxin.KindInvalid:
		return decisions, err
	case len(items) == 1:
		items[0].fault = err
		return make([]gongxin.Decision, 1), nil
	}
	half := len(items) / 2
	first, err := w.ask(ctx, items[:half])
	if err != nil {
		return nil, err
	}
	second, err := w.ask(ctx, items[half:])
	return append(first, second...), err
}

// publish sends the decision on i, without waiting.
func (w *worker) publish(i *item, d gongxin.Decision) (jetstream.PubAckFuture, error) {
	body, err := json.Marshal(Decided{i.transaction.ID, d})
	if err != nil {
		return nil, fmt.Errorf("write the decision: %w", err)
	}
	h := w.header(i)
	h.Set(HeaderOutcome, string(d.Outcome))
	return w.send(&nats.Msg{Subject: w.Out, Header: h, Data: body}, i.transaction.messageID(w.stream, i.sequence))
}

// bury sends i to the dead letters, without waiting.
func (w *worker) bury(i *item) (jetstream.PubAckFuture, error) {
	var e *gongxin.Error
	if !errors.As(i.fault, &e) {
		e = gongxin.Invalid("STREAM_MALFORMED", "JSON")
	}
	what := e.What()
	w.Log.Warn("transaction is a dead letter", "stream", w.stream, "sequence", i.sequence, "code", e.Code)
	h := w.header(i)
	h.Set(HeaderReason, e.Code)
	body := i.message.Data()
	if !w.DeadBody {
		var err error
		body, err = json.Marshal(letter{Code: e.Code, Text: what, Stream: w.stream, Sequence: i.sequence})
		if err != nil {
			return nil, fmt.Errorf("write the dead letter: %w", err)
		}
	}
	return w.send(&nats.Msg{Subject: w.Dead, Header: h, Data: body}, "dead-"+w.stream+"-"+strconv.FormatUint(i.sequence, 10))
}

// A letter says why a transaction was not decided, and where it lies.
type letter struct {
	Code string `json:"code"`
	gongxin.Text
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
}

func (w *worker) header(i *item) nats.Header {
	h := kept(i.message.Headers())
	h.Set(HeaderStream, w.stream)
	h.Set(HeaderSequence, strconv.FormatUint(i.sequence, 10))
	return h
}

func (w *worker) send(m *nats.Msg, id string) (jetstream.PubAckFuture, error) {
	f, err := w.js.PublishMsgAsync(m, jetstream.WithMsgID(id))
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", m.Subject, err)
	}
	return f, nil
}

// acknowledge waits for each publication, and acknowledges what it was made from.
func (w *worker) acknowledge(ctx context.Context, batch []*item) error {
	for _, i := range batch {
		select {
		case <-i.published.Ok():
		case err := <-i.published.Err():
			return fmt.Errorf("publish to %s: %w", i.published.Msg().Subject, err)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := i.message.Ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err) // delivered again, and published under the same id
		}
		i.message = nil
	}
	return nil
}

// hold tells the server while a batch is in work that it is, until stop is called.
func (w *worker) hold(ctx context.Context, batch []*item) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	messages := make([]jetstream.Msg, len(batch))
	for n, i := range batch {
		messages[n] = i.message
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(w.AckWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				for _, m := range messages {
					_ = m.InProgress() // one that is acknowledged already needs nothing
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// giveBack hands back what of batch is not done: to be delivered again later, or at once.
func (w *worker) giveBack(batch []*item, later bool) {
	for _, i := range batch {
		if i.message == nil {
			continue
		}
		// If this does not arrive, it is delivered again after AckWait.
		if later {
			_ = i.message.NakWithDelay(min(time.Second<<min(i.delivered-1, 6), time.Minute))
		} else {
			_ = i.message.Nak()
		}
	}
}

// Package stream answers transactions that come through NATS JetStream: a
// department's systems publish them, any number of consumers share them, and each
// decision is published for whoever waits for it.
//
//	transactions ─▶ [stream] ─▶ consumer ─▶ gate ─▶ decisions ─▶ [stream]
//	                    ▲           │ malformed ─▶ dead letters ─▶ [stream]
//	                    └── ack ────┘ once the publication is acknowledged
//
// It promises:
//
//   - At least once: a transaction is acknowledged after the stream of the decisions
//     has acknowledged its decision, or that of the dead letters the reason. Kills,
//     restarts of the server and of the gate lose none.
//   - One transaction, one message id: a decision that is published again, because its
//     acknowledgement was lost, has the Nats-Msg-Id of the first, and the server
//     drops it within the stream's duplicate window.
//   - A gate whose list is stale answers refer, and the stream goes on. A gate that does
//     not answer holds the stream up, and nothing is decided without it.
//   - No number and no name is logged. A dead letter holds neither, unless its
//     configuration says that it carries the message as it came.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gongxin"
	"gongxin/gate"
)

// A Screener answers queries in their order: a gate.Gate or a gate.Client.
type Screener interface {
	ScreenAll(ctx context.Context, queries []gate.Query) ([]gongxin.Decision, error)
}

// A Config says what a consumer reads, whom it asks, and what it writes.
type Config struct {
	URL      string        // of the NATS servers, separated by commas
	Options  []nats.Option // credentials, roots
	In       string        // subject of the transactions; may have wildcards. A stream has to take it
	Out      string        // subject of the decisions. A stream has to take it
	Dead     string        // subject of the dead letters. A stream has to take it
	Durable  string        // name of the consumer; all that have it share the transactions
	DeadBody bool          // a dead letter carries the message as it came
	Gate     Screener
	Batch    int           // transactions that are decided together; DefaultBatch if 0
	AckWait  time.Duration // after which what a consumer has not answered goes to another; DefaultAckWait if 0
	Log      *slog.Logger  // discards if nil
}

// What a Config leaves out.
const (
	DefaultBatch   = 500
	DefaultAckWait = 30 * time.Second
)

// check fills in what is left out. Error: STREAM_CONFIG, which names all that is wrong.
func (c *Config) check() error {
	var wrong []string
	for _, needed := range []struct {
		name, value string
		wildcards   bool
	}{{"in", c.In, true}, {"out", c.Out, false}, {"dead", c.Dead, false}} {
		if !isSubject(needed.value, needed.wildcards) {
			wrong = append(wrong, needed.name)
		}
	}
	if c.Durable == "" || strings.ContainsAny(c.Durable, " .*>/\\\t\r\n") {
		wrong = append(wrong, "durable")
	}
	if len(wrong) == 0 {
		if matches(c.In, c.Out) {
			wrong = append(wrong, "out: "+c.Out+" is read by "+c.In)
		}
		if matches(c.In, c.Dead) {
			wrong = append(wrong, "dead: "+c.Dead+" is read by "+c.In)
		}
	}
	if c.Batch < 0 || c.Batch > gate.MaxBulk {
		wrong = append(wrong, "batch")
	}
	if len(wrong) > 0 {
		return gongxin.Invalid("STREAM_CONFIG", strings.Join(wrong, ", "))
	}
	if c.Batch == 0 {
		c.Batch = DefaultBatch
	}
	if c.AckWait == 0 {
		c.AckWait = DefaultAckWait
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// isSubject tells whether s is a subject, in which whole tokens may be * and the
// last one > if wildcards are allowed.
func isSubject(s string, wildcards bool) bool {
	if s == "" || strings.ContainsAny(s, " \t\r\n\x00") {
		return false
	}
	tokens := strings.Split(s, ".")
	for i, t := range tokens {
		wild := t == "*" || t == ">" && i == len(tokens)-1
		if t == "" || strings.ContainsAny(t, "*>") && !(wild && wildcards) {
			return false
		}
	}
	return true
}

// matches tells whether pattern, which may have wildcards, takes subject, which has none.
func matches(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		switch {
		case token == ">":
			return len(s) > i
		case i >= len(s) || token != "*" && token != s[i]:
			return false
		}
	}
	return len(p) == len(s)
}

// Run consumes until ctx ends, and returns ctx's error. What may pass, such as a
// server or a gate that is away, is logged and waited for. Errors: STREAM_CONFIG;
// STREAM_NONE if no stream takes a subject; STREAM_DURABLE if the name is another
// consumer's.
func Run(ctx context.Context, c Config) error {
	if err := c.check(); err != nil {
		return err
	}
	options := append([]nats.Option{
		nats.Name("gongxin stream " + c.Durable), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if ctx.Err() == nil {
				c.Log.Warn("stream server is away", "err", err)
			}
		}),
		nats.ReconnectHandler(func(n *nats.Conn) { c.Log.Info("stream server is back", "url", n.ConnectedUrlRedacted()) }),
	}, c.Options...)
	conn, err := nats.Connect(c.URL, options...)
	if err != nil {
		return fmt.Errorf("%w: %w", gongxin.Invalid("STREAM_CONFIG", "nats"), err)
	}
	defer conn.Close()
	defer conn.FlushTimeout(time.Second) // what is given back goes out
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(2*gate.MaxBulk), jetstream.WithPublishAsyncTimeout(publishWait))
	if err != nil {
		return fmt.Errorf("%w: %w", gongxin.Invalid("STREAM_CONFIG", "nats"), err)
	}
	w := &worker{Config: c, js: js}
	for {
		err := w.consume(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case gongxin.KindOf(err) == gongxin.KindInvalid:
			return err
		}
		c.Log.WarnContext(ctx, "stream is hindered", "err", err)
		if err := w.pause.wait(ctx); err != nil {
			return err
		}
	}
}

const (
	publishWait = 10 * time.Second
	askWait     = 10 * time.Second // for an answer of the server
)

// consumer finds the consumer that all with this Durable share, or makes it.
func (w *worker) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	for _, subject := range []string{w.In, w.Out, w.Dead} {
		name, err := w.js.StreamNameBySubject(ctx, subject)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, gongxin.Invalid("STREAM_NONE", subject)
		}
		if err != nil {
			return nil, fmt.Errorf("find the stream of %s: %w", subject, err)
		}
		if subject == w.In {
			w.stream = name
		}
	}
	want := jetstream.ConsumerConfig{Durable: w.Durable, FilterSubject: w.In, AckPolicy: jetstream.AckExplicitPolicy, AckWait: w.AckWait, MaxDeliver: -1, MaxAckPending: 100_000}
	found, err := w.js.Consumer(ctx, w.stream, w.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		found, err = w.js.CreateConsumer(ctx, w.stream, want)
		if errors.Is(err, jetstream.ErrConsumerExists) { // made meanwhile by another, in its own way
			found, err = w.js.Consumer(ctx, w.stream, w.Durable)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find the consumer %s: %w", w.Durable, err)
	}
	if has := found.CachedInfo().Config; has.FilterSubject != w.In || has.AckPolicy != jetstream.AckExplicitPolicy || has.MaxDeliver > 0 {
		return nil, gongxin.Invalid("STREAM_DURABLE", w.Durable, w.stream)
	}
	return found, nil
}

// A backoff grows from a tenth of a second to ten seconds.
type backoff struct{ last time.Duration }

func (b *backoff) wait(ctx context.Context) error {
	b.last = min(max(2*b.last, 100*time.Millisecond), 10*time.Second)
	t := time.NewTimer(b.last)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *backoff) reset() { b.last = 0 }

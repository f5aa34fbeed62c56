package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/gatetest"
)

// patience is how long a test waits for what has to come.
const patience = 60 * time.Second

// A bench is a NATS server with a stream each for transactions, decisions and dead letters.
type bench struct {
	t       testing.TB
	options server.Options
	server  *server.Server
	url     string
	conn    *nats.Conn
	js      jetstream.JetStream
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, options: server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: filepath.Join(t.TempDir(), "jetstream"), NoLog: true, NoSigs: true}}
	b.start()
	t.Cleanup(b.stop)
	var err error
	if b.conn, err = nats.Connect(b.url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.conn.Close)
	if b.js, err = jetstream.New(b.conn, jetstream.WithPublishAsyncMaxPending(20_000)); err != nil {
		t.Fatal(err)
	}
	for name, subject := range map[string]string{"TRANSACTIONS": "transactions.>", "DECISIONS": "decisions", "DEAD": "dead"} {
		if _, err := b.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Storage: jetstream.FileStorage, Duplicates: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) start() {
	b.t.Helper()
	options := b.options
	s, err := server.NewServer(&options)
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		b.t.Fatal("the NATS server does not start")
	}
	b.server, b.url = s, s.ClientURL()
	b.options.Port = options.Port // the same one when it comes back
}

func (b *bench) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

func (b *bench) config(g Screener, log *slog.Logger) Config {
	return Config{URL: b.url, Options: []nats.Option{nats.ReconnectWait(50 * time.Millisecond)}, In: "transactions.>", Out: "decisions", Dead: "dead", Durable: "railway", Gate: g, AckWait: 2 * time.Second, Log: log}
}

// run consumes until the test ends, or stop is called.
func (b *bench) run(c Config) (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, c) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				b.t.Errorf("the consumer ended with %v", err)
			}
		})
	}
	b.t.Cleanup(stop)
	return stop
}

// publish sends transactions, from one subject.
func (b *bench) publish(bodies ...string) {
	b.t.Helper()
	for _, body := range bodies {
		if _, err := b.js.PublishMsgAsync(&nats.Msg{Subject: "transactions.counter", Data: []byte(body), Header: nats.Header{"Answer-To": {"counter.7"}}}); err != nil {
			b.t.Fatal(err)
		}
	}
	select {
	case <-b.js.PublishAsyncComplete():
	case <-time.After(patience):
		b.t.Fatal("the transactions were not taken")
	}
}

// held tells how many messages a stream holds.
func (b *bench) held(stream string) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		b.t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// until waits for what has to come.
func (b *bench) until(what string, came func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !came(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s did not come: %d decisions, %d dead letters", what, b.held("DECISIONS"), b.held("DEAD"))
		}
	}
}

// all returns the messages of a stream.
func (b *bench) all(stream string) (found []*jetstream.RawStreamMsg) {
	b.t.Helper()
	s, err := b.js.Stream(b.t.Context(), stream)
	if err != nil {
		b.t.Fatal(err)
	}
	for n := range s.CachedInfo().State.LastSeq {
		m, err := s.GetMsg(b.t.Context(), n+1)
		if err != nil {
			b.t.Fatal(err)
		}
		found = append(found, m)
	}
	return found
}

// transaction is one about the i-th person.
func transaction(id string, i int) string {
	number, name := gatetest.Person(i)
	b, err := json.Marshal(Transaction{id, gate.Query{Scenario: "flight", Number: number, Name: name}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func decided(t *testing.T, m *jetstream.RawStreamMsg) (d Decided) {
	t.Helper()
	if err := json.Unmarshal(m.Data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// A safeBuffer may be written and read at once.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTransactionsBecomeDecisions(t *testing.T) {
	b := newBench(t)
	g := gatetest.Open(t, 5)
	number, name := gatetest.Person(2)
	faulty := []struct{ body, code string }{
		{`{"id":"` + number + `","scenario":"bus","number":"` + number + `","name":"` + name + `"}`, "SCENARIO_UNKNOWN"},
		{`{"id":"none","scenario":"flight"}`, "SUBJECT_NEEDED"},
		{`{"id":"child","scenario":"flight","number":"` + number + `","child":"x"}`, "STREAM_MALFORMED"},
		{number + name, "STREAM_MALFORMED"},
		{`{"number":` + number + `}`, "STREAM_MALFORMED"},
		{transaction("twice", 2) + `{}`, "STREAM_MALFORMED"},
		{`{"name":"` + strings.Repeat(name, maxTransaction) + `"}`, "STREAM_TOO_LONG"},
	}
	b.publish(transaction("listed", 2), transaction("free", 7), transaction("", 8), transaction("listed", 2))
	for _, f := range faulty {
		b.publish(f.body)
	}
	var log safeBuffer
	b.run(b.config(g.Gate, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	b.until("an answer to each", func() bool { return b.held("DECISIONS") == 3 && b.held("DEAD") == len(faulty) })

	for i, want := range []struct {
		id       string
		outcome  gongxin.Outcome
		sequence string
	}{{"listed", gongxin.Block, "1"}, {"free", gongxin.Clear, "2"}, {"", gongxin.Clear, "3"}} {
		m := b.all("DECISIONS")[i]
		d := decided(t, m)
		if d.ID != want.id || d.Outcome != want.outcome || d.Sequence != 5 || (d.Reference != "") != (want.outcome == gongxin.Block) {
			t.Errorf("decision %d: %s", i, m.Data)
		}
		for header, value := range map[string]string{"Answer-To": "counter.7", HeaderOutcome: string(want.outcome), HeaderStream: "TRANSACTIONS", HeaderSequence: want.sequence} {
			if m.Header.Get(header) != value {
				t.Errorf("decision %d: %s is %q, want %q", i, header, m.Header.Get(header), value)
			}
		}
		if id := m.Header.Get(nats.MsgIdHdr); !strings.HasPrefix(id, "decision-") {
			t.Errorf("decision %d: message id %q", i, id)
		}
	}
	for i, m := range b.all("DEAD") {
		if code := m.Header.Get(HeaderReason); code != faulty[i].code || m.Header.Get(HeaderSequence) != fmt.Sprint(i+5) || m.Header.Get("Answer-To") != "counter.7" {
			t.Errorf("dead letter %d: %v, want %s", i, m.Header, faulty[i].code)
		}
		var l letter
		if err := json.Unmarshal(m.Data, &l); err != nil || l.Code != faulty[i].code || l.ZH == l.Code || l.EN == "" || l.Sequence != uint64(i)+5 || l.Stream != "TRANSACTIONS" {
			t.Errorf("dead letter %d: %s", i, m.Data)
		}
		if said := fmt.Sprint(m.Subject, m.Header) + string(m.Data); strings.Contains(said, number) || strings.Contains(said, name) {
			t.Errorf("dead letter %d tells who: %s", i, said)
		}
	}
	if said := log.String(); strings.Contains(said, number) || strings.Contains(said, name) || !strings.Contains(said, "SUBJECT_NEEDED") {
		t.Errorf("the log: %s", said)
	}
	b.until("every acknowledgement", func() bool { return b.waiting("railway") == 0 })

	// All is decided once more, as after acknowledgements that were lost.
	c := b.config(g.Gate, nil)
	c.Durable = "again"
	b.run(c)
	b.until("the second time", func() bool { _, err := b.js.Consumer(t.Context(), "TRANSACTIONS", "again"); return err == nil })
	b.until("every acknowledgement", func() bool { return b.waiting("again") == 0 })
	if decisions, dead := b.held("DECISIONS"), b.held("DEAD"); decisions != 3 || dead != len(faulty) {
		t.Errorf("the same decided twice: %d decisions, %d dead letters", decisions, dead)
	}
}

// waiting tells how many transactions a consumer has not acknowledged.
func (b *bench) waiting(durable string) int {
	b.t.Helper()
	c, err := b.js.Consumer(b.t.Context(), "TRANSACTIONS", durable)
	if err != nil {
		b.t.Fatal(err)
	}
	return c.CachedInfo().NumAckPending + int(c.CachedInfo().NumPending)
}

func TestADeadLetterCarriesTheMessageOnlyIfAsked(t *testing.T) {
	b := newBench(t)
	c := b.config(gatetest.Open(t, 1).Gate, nil)
	c.DeadBody = true
	b.publish(`{"scenario":7}`)
	b.run(c)
	b.until("the dead letter", func() bool { return b.held("DEAD") == 1 })
	if m := b.all("DEAD")[0]; string(m.Data) != `{"scenario":7}` || m.Header.Get(HeaderReason) != "STREAM_MALFORMED" {
		t.Errorf("%s %v", m.Data, m.Header)
	}
}

func TestAStaleGateRefersAndTheStreamGoesOn(t *testing.T) {
	b := newBench(t)
	g := gatetest.Open(t, 3)
	g.Age(2 * time.Hour)
	for i := range 20 {
		b.publish(transaction(fmt.Sprint(i), i))
	}
	b.run(b.config(g.Gate, nil))
	b.until("every decision", func() bool { return b.held("DECISIONS") == 20 })
	for _, m := range b.all("DECISIONS") {
		if d := decided(t, m); d.Outcome != gongxin.Refer || d.Reasons[0].Code != "STALE" || d.Reference == "" {
			t.Errorf("%s", m.Data)
		}
	}
}

// A fickle gate does not answer at first, and never takes a certain name.
type fickle struct {
	Screener
	failures atomic.Int32
	refuses  string
}

func (f *fickle) ScreenAll(ctx context.Context, queries []gate.Query) ([]gongxin.Decision, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, gongxin.Unavailable("GATE_UNREACHABLE", "test")
	}
	if slices.ContainsFunc(queries, func(q gate.Query) bool { return q.Name == f.refuses }) {
		return nil, gongxin.Invalid("GATE_REFUSES", "413", "QUERY_TOO_LARGE")
	}
	return f.Screener.ScreenAll(ctx, queries)
}

func TestAGateThatIsAwayHoldsTheStreamUpAndLosesNothing(t *testing.T) {
	b := newBench(t)
	g := &fickle{Screener: gatetest.Open(t, 3).Gate}
	g.failures.Store(2)
	for i := range 50 {
		b.publish(transaction(fmt.Sprint(i), i))
	}
	_, g.refuses = gatetest.Person(33)
	b.run(b.config(g, nil))
	b.until("every decision", func() bool { return b.held("DECISIONS") == 49 })
	b.until("the one that the gate does not take", func() bool { return b.held("DEAD") == 1 })
	if m := b.all("DEAD")[0]; m.Header.Get(HeaderReason) != "GATE_REFUSES" || m.Header.Get(HeaderSequence) != "34" {
		t.Errorf("dead letter: %v", m.Header)
	}
}

func TestTheStreamGoesOnAfterTheServerWasAway(t *testing.T) {
	b := newBench(t)
	b.run(b.config(gatetest.Open(t, 3).Gate, nil))
	for i := range 200 {
		b.publish(transaction(fmt.Sprint(i), i))
		if i == 100 {
			b.stop()
			b.start()
			b.until("the connection", b.conn.IsConnected)
		}
	}
	b.until("every decision", func() bool { return b.held("DECISIONS") == 200 })
	ids := map[string]bool{}
	for _, m := range b.all("DECISIONS") {
		ids[decided(t, m).ID] = true
	}
	if len(ids) != 200 {
		t.Errorf("decisions on %d of 200 transactions", len(ids))
	}
}

func TestWhatIsWrongWithAConfigurationIsToldAtOnce(t *testing.T) {
	b := newBench(t)
	g := gatetest.Open(t, 0).Gate
	if _, err := b.js.CreateConsumer(t.Context(), "TRANSACTIONS", jetstream.ConsumerConfig{Durable: "others", FilterSubject: "transactions.x", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why    string
		change func(*Config)
		code   string
	}{
		{"no subject", func(c *Config) { c.In = "" }, "STREAM_CONFIG"},
		{"a subject with a space", func(c *Config) { c.Out = "de cisions" }, "STREAM_CONFIG"},
		{"a wildcard for decisions", func(c *Config) { c.Out = "decisions.*" }, "STREAM_CONFIG"},
		{"decisions that are read as transactions", func(c *Config) { c.Out = "transactions.done" }, "STREAM_CONFIG"},
		{"dead letters that are read as transactions", func(c *Config) { c.In, c.Dead = "transactions.*", "transactions.dead" }, "STREAM_CONFIG"},
		{"a name with a dot", func(c *Config) { c.Durable = "rail.way" }, "STREAM_CONFIG"},
		{"a batch that no gate takes", func(c *Config) { c.Batch = gate.MaxBulk + 1 }, "STREAM_CONFIG"},
		{"a subject of no stream", func(c *Config) { c.Dead = "nowhere" }, "STREAM_NONE"},
		{"a consumer of another kind", func(c *Config) { c.Durable = "others" }, "STREAM_DURABLE"},
	} {
		c := b.config(g, nil)
		tt.change(&c)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := Run(ctx, c); gongxin.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %s", tt.why, err, tt.code)
		}
		cancel()
	}
}

// BenchmarkStream measures from transactions on the server to decisions on it, on disk,
// with server, gate and one consumer in one process; one in a thousand is listed.
func BenchmarkStream(b *testing.B) {
	const transactions = 20_000
	g := gatetest.Open(b, transactions/1000)
	for b.Loop() {
		b.StopTimer()
		n := newBench(b)
		bodies := make([]string, transactions)
		for i := range bodies {
			bodies[i] = transaction(fmt.Sprint(i), i)
		}
		n.publish(bodies...)
		b.StartTimer()
		stop := n.run(n.config(g.Gate, nil))
		n.until("every decision", func() bool { return n.held("DECISIONS") == transactions })
		stop()
	}
	b.ReportMetric(float64(b.N*transactions)/b.Elapsed().Seconds(), "transactions/s")
}

func TestOneTransactionHasOneMessageID(t *testing.T) {
	a := Transaction{ID: "a", Query: gate.Query{Scenario: "flight", Number: "1"}}
	again := Transaction{ID: "a", Query: gate.Query{Scenario: "flight", Number: "2"}}
	if a.messageID("S", 1) != again.messageID("S", 2) {
		t.Error("an id names one transaction wherever it lies")
	}
	seen := map[string]string{a.messageID("S", 1): "a"}
	for what, id := range map[string]string{
		"another id": Transaction{ID: "b", Query: a.Query}.messageID("S", 1), "another business": Transaction{ID: "a", Query: gate.Query{Scenario: "g_train"}}.messageID("S", 1),
		"another stream": a.messageID("T", 1), "no id": Transaction{Query: a.Query}.messageID("S", 1), "no id, the next one": Transaction{Query: a.Query}.messageID("S", 2),
	} {
		if other, twice := seen[id]; twice {
			t.Errorf("%s has the message id of %s", what, other)
		}
		seen[id] = what
	}
}

func FuzzTransaction(f *testing.F) {
	for _, s := range []string{transaction("a", 1), `{"id":"x"}`, `{`, `null`, `[]`, `{"scenario":1}`, `{"child":"x"}`, `{} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		one, err := parse(body)
		if err != nil {
			if code := gongxin.CodeOf(err); code != "STREAM_MALFORMED" && code != "STREAM_TOO_LONG" {
				t.Fatalf("%v", err)
			}
			return
		}
		b, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parse(b); len(b) <= maxTransaction && (err != nil || again != one) {
			t.Errorf("%+v, read again %+v, %v", one, again, err)
		}
	})
}

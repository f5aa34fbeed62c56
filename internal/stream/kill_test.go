package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"gongxin/gate"
	"gongxin/internal/gatetest"
)

// childEnv makes the test binary a consumer of its own that can be killed.
const childEnv = "GONGXIN_STREAM_CHILD"

type child struct {
	URL, Gate string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var c child
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			panic(err)
		}
		go func() { // ends with the test, whatever becomes of that
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(3)
		}()
		err := Run(context.Background(), Config{URL: c.URL, In: "transactions.>", Out: "decisions", Dead: "dead", Durable: "railway", Gate: gate.NewClient(c.Gate), Batch: 100, AckWait: 2 * time.Second})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestAConsumerThatIsKilledLosesNothing(t *testing.T) {
	const transactions = 10_000
	b := newBench(t)
	g := gatetest.Open(t, 50)
	served := httptest.NewServer(g.Gate.Handler())
	t.Cleanup(served.Close)
	var bodies []string
	for i := range transactions {
		bodies = append(bodies, transaction(fmt.Sprint(i), i))
	}

	c := b.config(gate.NewClient(served.URL), nil)
	c.Batch = 100
	b.run(c)
	text, err := json.Marshal(child{b.url, served.URL})
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0])
	victim.Env, victim.Stderr = append(os.Environ(), childEnv+"="+string(text)), os.Stderr
	if _, err := victim.StdinPipe(); err != nil { // which ends when this process does
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	b.until("both consumers", func() bool { return b.server.NumClients() == 3 })
	b.publish(bodies[:transactions/2]...)
	b.until("some decisions", func() bool { return b.held("DECISIONS") > 300 })
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // killed
	b.publish(bodies[transactions/2:]...)

	b.until("every acknowledgement", func() bool { return b.waiting("railway") == 0 })
	ids := map[string]string{} // transaction → message id
	for _, m := range b.all("DECISIONS") {
		d := decided(t, m)
		if id, twice := ids[d.ID]; twice {
			t.Errorf("transaction %s is decided twice: %s and %s", d.ID, id, m.Header.Get(nats.MsgIdHdr))
		}
		ids[d.ID] = m.Header.Get(nats.MsgIdHdr)
		var n int
		if _, err := fmt.Sscan(d.ID, &n); err != nil || (d.Outcome == "block") != (n < 50) {
			t.Errorf("transaction %s: %s", d.ID, d.Outcome)
		}
	}
	if len(ids) != transactions || b.held("DEAD") != 0 {
		t.Errorf("decisions on %d of %d transactions, %d dead letters", len(ids), transactions, b.held("DEAD"))
	}
}

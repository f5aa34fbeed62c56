package gate

import (
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"gongxin"
)

func TestAClientAnswersAsTheGateDoes(t *testing.T) {
	_, g := listed(t)
	socket, err := net.Listen("unix", filepath.Join(t.TempDir(), "gate.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: g.Handler()}
	done := make(chan error)
	go func() { done <- server.Serve(socket) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	var queries []Query
	for _, s := range crowd(200, rand.New(rand.NewPCG(7, 8))) {
		if s.Scenario == "" {
			s.Scenario = "flight"
		}
		queries = append(queries, s.Query)
	}
	want, err := g.ScreenAll(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{serve(t, g), "unix:" + socket.Addr().String()} {
		c := NewClient(address)
		defer c.Close()
		got, err := c.ScreenAll(t.Context(), queries)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d answers, %v", address, len(got), err)
		}
		for i := range got {
			if bare(got[i]) != bare(want[i]) {
				t.Errorf("%s: %+v:\n got %s\nwant %s", address, queries[i], bare(got[i]), bare(want[i]))
			}
		}
		if d, err := c.Screen(t.Context(), Query{Scenario: "flight", Number: citizen(0), Name: nameOf(0)}); err != nil || d.Outcome != gongxin.Block {
			t.Errorf("%s: %+v %v", address, d, err)
		}
		if _, err := c.Screen(t.Context(), Query{Scenario: "bus", Number: citizen(0)}); gongxin.CodeOf(err) != "GATE_REFUSES" || gongxin.KindOf(err) != gongxin.KindInvalid {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := NewClient("unix:"+filepath.Join(t.TempDir(), "nobody")).ScreenAll(t.Context(), queries); gongxin.CodeOf(err) != "GATE_UNREACHABLE" {
		t.Errorf("nobody there: %v", err)
	}
}

package gatetest

import (
	"testing"
	"time"

	"gongxin"
	"gongxin/gate"
)

func TestTheGateIsReal(t *testing.T) {
	s := Open(t, 3)
	ask := func(i int) gongxin.Outcome {
		number, name := Person(i)
		d, err := s.Gate.Screen(t.Context(), gate.Query{Scenario: "flight", Number: number, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return d.Outcome
	}
	if listed, other := ask(2), ask(3); listed != gongxin.Block || other != gongxin.Clear {
		t.Errorf("listed: %s; not listed: %s", listed, other)
	}
	s.Age(2 * time.Hour)
	if stale := ask(3); stale != gongxin.Refer {
		t.Errorf("stale: %s", stale)
	}
}

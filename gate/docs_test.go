package gate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gongxin/measure"
)

func TestThePageForEngineersNamesEveryReasonAndScenario(t *testing.T) {
	b, err := os.ReadFile("../docs/gate.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, code := range []string{codeListed, codeForkSeen, "MEASURE_REFERS", "NAME_DIFFERS", "NAME_NEEDED", "NAME_ONLY", "NUMBER_INVALID", "STALE", "LIST_DAMAGED", "CLOCK_BEHIND", "TERM_PASSED", "NAME_ONLY_SEARCHED",
		"FACT_CONTRADICTS", "NAME_EXCLUDED", "NAME_COMMON", "NAME_HIDDEN", "NAME_HINT", codeDifferent, codeStated} {
		if !strings.Contains(page, "| `"+code+"` |") {
			t.Errorf("%s is not explained", code)
		}
	}
	for _, code := range []string{endedWithdrawn, endedExpired, endedRevoked, endedSuspended, endedCorrected, endedByTerm, endedSomehow, endedByReview, endedKeep,
		differenceChanged, differenceBegun, differenceRemoved, alertChanged, alertReplaced, alertUnwatched} {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("%s is not explained", code)
		}
		if said := text(code); said.ZH == code || said.EN == code {
			t.Errorf("%s has no text", code)
		}
	}
	for _, state := range []string{stateInForce, stateKept, stateLifted, stateReferred} {
		if !strings.Contains(page, "| `"+state+"` |") {
			t.Errorf("the state %s is not explained", state)
		}
	}
	for _, said := range []string{"200 listings and 5 %", "20 000 and 20 %", "list of 100", stateFollowing, stateAbnormal, stateForked, SignatureHeader} {
		if !strings.Contains(page, said) {
			t.Errorf("%s is not explained", said)
		}
	}
	c := measure.Embedded()
	for _, s := range c.Scenarios() {
		for _, m := range c.For(s.ID) {
			row := fmt.Sprintf("| `%s` | %s | %s | `%s` | %s |", s.ID, s.Title.ZH, s.Title.EN, m.ID, m.Effect)
			if !strings.Contains(page, row) {
				t.Errorf("no such row: %s", row)
			}
		}
	}
}

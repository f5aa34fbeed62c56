//go:build race

package gate

import (
	"flag"
	"os/exec"
	"path/filepath"
	"testing"
)

// Under the race detector SQLite, which is Go here, takes ten times as long. So of what
// tests make at random a third is made there, and all of it in a binary without it.
func init() {
	damages = 130
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
}

func TestAllThatIsMadeAtRandomWithoutTheDetector(t *testing.T) {
	const random = "^(TestADifferenceHidesNobodyElse|TestOpenAlertsAreThoseWatchedWhoAreListed|TestRandomHistoriesRestrictWhileInForceAndNoLonger|TestDamagedListIsNoticedAndFetchedAgainAndNeverAnswersWrongly)$"
	binary := filepath.Join(t.TempDir(), "gate.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "-test.run", random, "-test.v").CombinedOutput()
	if t.Logf("%s", out); err != nil {
		t.Fatal(err)
	}
}

package oversight_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/oversight"
	"gongxin/internal/policy"
	"gongxin/internal/register"
)

var update = flag.Bool("update", false, "write the tables of docs/oversight.md anew; then read the diff")

const page = "../../docs/oversight.md"

// duties is the table of what is owed: one line for each row of the register's
// table and each profile that sets a time for it.
func duties() string {
	var b strings.Builder
	b.WriteString("| duty | 应办事项 | clause | opened by | time | profile |\n|---|---|---|---|---|---|\n")
	for _, o := range register.Obligations {
		opens := make([]string, len(o.Opens))
		for i, k := range o.Opens {
			opens[i] = "`" + string(k) + "`"
		}
		term := oversight.KindTerm(o.Kind)
		line := fmt.Sprintf("| %s `%s` | %s | %s | %s |", lower(term.Text.EN), o.Kind, term.Text.ZH, o.Clause, strings.Join(opens, ", "))
		timed := false
		for _, r := range policy.Default().Rules() {
			if r.ID == o.Rule {
				timed = true
				fmt.Fprintf(&b, "%s %d %s (`%s`) | %s |\n", line, r.Count, unit(r.Unit), r.ID, r.Profile)
			}
		}
		if !timed {
			fmt.Fprintf(&b, "%s none set | – |\n", line)
		}
	}
	return b.String()
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func unit(u calendar.Unit) string {
	if u == calendar.Workdays {
		return "working days"
	}
	return string(u)
}

func states() string {
	means := map[oversight.State]string{
		oversight.Overdue:  "open, and the last day has passed",
		oversight.DueToday: "open, and today is the last day",
		oversight.Soon:     "open, and the last day lies within the next two working days",
		oversight.Later:    "open, with more time than that",
		oversight.NoTime:   "open; no time is set, or the calendar does not know the year yet",
		oversight.Lapsed:   "done, but late: for ever",
	}
	var b strings.Builder
	b.WriteString("| state | 状态 | meaning |\n|---|---|---|\n")
	for _, s := range oversight.States {
		term := oversight.StateTerm(s)
		fmt.Fprintf(&b, "| %s `%s` | %s | %s |\n", lower(term.Text.EN), s, term.Text.ZH, means[s])
	}
	return b.String()
}

func TestThePageSaysWhatTheTablesSay(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for name, table := range map[string]string{"duties": duties(), "states": states()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
		before, rest, ok := strings.Cut(got, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("the page has no place for the table of %s", name)
		}
		got = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(text) {
		t.Error("docs/oversight.md is not what the tables say; run with -update and read the diff")
	}
}

func TestEveryDutyOfTheRegisterHasItsWords(t *testing.T) {
	for _, o := range register.Obligations {
		term := oversight.KindTerm(o.Kind)
		if term.Text.ZH == string(o.Kind) || !strings.Contains(term.Clause, o.Clause) {
			t.Errorf("%s of clause %s is told as %+v", o.Kind, o.Clause, term)
		}
	}
	if _, err := policy.Default().Rule(oversight.EscalationRule, gongxin.MustDay("2017-02-04")); err != nil {
		t.Error(err)
	}
}

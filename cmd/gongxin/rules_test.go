package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gongxin"
	"gongxin/internal/hub"
	"gongxin/internal/policy"
)

// The flags choose the rules: the body of rules that goes first, and a newer table
// of holidays beside the one that came with the program.
func TestTheFlagsChooseTheRules(t *testing.T) {
	newer := filepath.Join(t.TempDir(), "2031.csv")
	table := "date,name,kind\n2031-01-01,元旦,off\n2031-05-01,劳动节,off\n2031-10-01,国庆节,off\n"
	if err := os.WriteFile(newer, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, days, err := home{profile: string(policy.Supreme), holidays: newer}.rules()
	if err != nil {
		t.Fatal(err)
	}
	if work, err := days.Workday(gongxin.MustDay("2031-01-01")); work || err != nil {
		t.Errorf("New Year of the newer table: worked %v, %v", work, err)
	}
	if work, err := days.Workday(gongxin.MustDay("2017-10-02")); work || err != nil {
		t.Errorf("National Day of the embedded table: worked %v, %v", work, err)
	}
	for profile, p := range map[string]*policy.Policy{string(policy.Supreme): rules, "": policy.Default()} {
		chosen, _, err := home{profile: profile}.rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{policy.Review, policy.Objection} {
			got, err1 := chosen.Rule(id, gongxin.MustDay("2017-09-01"))
			want, err2 := p.Rule(id, gongxin.MustDay("2017-09-01"))
			if got != want || err1 != nil || err2 != nil {
				t.Errorf("--policy %q: %s is %+v, want %+v: %v, %v", profile, id, got, want, err1, err2)
			}
		}
	}
	for name, h := range map[string]home{
		"another body of rules": {profile: "nonsense"}, "a share above 1": {guard: hub.Guard{SurgeShare: 20}}, "a negative count": {guard: hub.Guard{DropCount: -1}},
		"no such table": {holidays: newer + "x"},
	} {
		var wrong errUsage
		if _, _, err := h.rules(); !errors.As(err, &wrong) {
			t.Errorf("%s: %v, want wrong use", name, err)
		}
	}
	if err := os.WriteFile(newer, []byte("date,name,kind\nx,y,off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (home{holidays: newer}).rules(); gongxin.CodeOf(err) != "CALENDAR_FILE" {
		t.Errorf("a table that makes no sense: %v", err)
	}
}

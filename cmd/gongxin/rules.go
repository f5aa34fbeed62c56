package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gongxin/internal/calendar"
	"gongxin/internal/hub"
	"gongxin/internal/policy"
)

// addRules adds the flags that say by which rules a hub goes.
func addRules(c *cobra.Command, h *home) {
	h.guard = hub.DefaultGuard()
	f := c.Flags()
	f.StringVar(&h.profile, "policy", string(policy.Opinion), "rules that go first where two bodies of rules differ: opinion-2017-02 or spc-2017-03")
	f.StringVar(&h.holidays, "holidays", "", "newer table of holidays (CSV: date,name,kind), beside the one that came with the program")
	f.IntVar(&h.guard.SurgeCount, "surge-count", h.guard.SurgeCount, "a submission waits for a second person if it brings more new listings than this …")
	f.Float64Var(&h.guard.SurgeShare, "surge-share", h.guard.SurgeShare, "… and than this share of the listings in force")
	f.IntVar(&h.guard.DropCount, "drop-count", h.guard.DropCount, "a submission waits for a second person if it ends more listings than this …")
	f.Float64Var(&h.guard.DropShare, "drop-share", h.guard.DropShare, "… and than this share of the listings in force")
}

// rules reads what the flags of addRules say. Without them it gives what the
// program came with.
func (h home) rules() (*policy.Policy, *calendar.Calendar, error) {
	profile := policy.Opinion
	switch policy.Profile(h.profile) {
	case "", policy.Opinion:
	case policy.Supreme:
		profile = policy.Supreme
	default:
		return nil, nil, usage("--policy %q: opinion-2017-02 or spc-2017-03", h.profile)
	}
	for _, share := range []float64{h.guard.SurgeShare, h.guard.DropShare} {
		if share < 0 || share > 1 {
			return nil, nil, usage("a share is from 0 to 1, not %v", share)
		}
	}
	if h.guard.SurgeCount < 0 || h.guard.DropCount < 0 {
		return nil, nil, usage("a count is not negative")
	}
	days := calendar.Embedded()
	if h.holidays == "" {
		return policy.For(profile), days, nil
	}
	f, err := os.Open(h.holidays)
	if err != nil {
		return nil, nil, usage("--holidays: %v", err)
	}
	defer f.Close()
	newer, err := calendar.Parse(f)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", h.holidays, err)
	}
	return policy.For(profile), days.With(newer), nil
}

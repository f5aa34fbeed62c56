//go:build linux

package sim

import (
	"context"
	"slices"
)

// tries bounds how often a failing schedule is run again to make it smaller.
const tries = 400

// shrink takes away from s, which fails with v, whatever is not needed for failing
// by the same invariant: the end first, then each step.
func shrink(ctx context.Context, s schedule, v *Violation, dir string) (schedule, *Violation) {
	left := tries
	fails := func(steps []step) *Violation {
		if left--; left < 0 {
			return nil
		}
		_, found, err := run(ctx, schedule{s.seed, s.limit, steps}, dir)
		if err != nil || found == nil || found.Invariant != v.Invariant {
			return nil
		}
		return found
	}
	if v.Step < len(s.steps) {
		if found := fails(s.steps[:v.Step]); found != nil {
			s.steps, v = s.steps[:v.Step], found
		}
	}
	for size := len(s.steps) / 2; size > 0; size /= 2 {
		for i := len(s.steps) - size; i >= 0; i -= size {
			fewer := slices.Delete(slices.Clone(s.steps), i, i+size)
			if found := fails(fewer); found != nil {
				s.steps, v = fewer, found
				i = min(i, len(s.steps)-size+size)
			}
		}
	}
	return s, v
}

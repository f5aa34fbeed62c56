//go:build linux

package sim

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestWhatWasFound runs the smallest schedules of what the simulation has found, so
// that it stays mended.
func TestWhatWasFound(t *testing.T) {
	dir := room(t)
	for i, tt := range []struct {
		name string
		s    schedule
	}{
		{"corrected to another person and revoked at once, the first person's restriction was kept on", schedule{seed: 16, steps: []step{
			{kind: enacts, act: admit, n: 50}, {kind: enacts, act: admit, n: 384}, {kind: enacts, act: admit, n: 925}, {kind: enacts, act: admit, n: 977},
			{kind: follows}, {kind: enacts, act: revoke, n: 285, m: 1}, {kind: screens, n: 149, m: 3}, {kind: enacts, act: correctPerson, n: 247, m: 2},
			{kind: keeps, n: 855, m: 181}, {kind: enacts, act: revoke, n: 911, m: 1}}}},
		{"a list of which a write was lost kept the gate from starting", schedule{seed: 2494, limit: 6, steps: []step{
			{kind: kills, gate: 1, n: 9}, {kind: losesWrite, gate: 1, n: 8}, {kind: screens, gate: 1, n: 247, m: 1}}}},
		{"kept on while suspended, and then another person's", schedule{seed: 2700, limit: 4, steps: []step{
			{kind: enacts, act: admit, n: 527}, {kind: enacts, act: admit, n: 577}, {kind: enacts, act: admit, n: 927}, {kind: enacts, act: admit, n: 313, m: 1},
			{kind: follows, over: late, m: 2, n: 939}, {kind: enacts, act: suspend, n: 752}, {kind: screens, n: 919}, {kind: keeps, n: 350, m: 2},
			{kind: enacts, act: correct, n: 25, m: 2}, {kind: enacts, act: suspend, n: 372, m: 1}}}},
		{"a term passed, and a kill", schedule{seed: 195, steps: []step{
			{kind: enacts, act: admit, n: 249}, {kind: follows, gate: 1}, {kind: screens, gate: 1, n: 3, m: 2}, {kind: passes, wait: 26 * time.Hour},
			{kind: kills, gate: 1, n: 3}, {kind: follows, gate: 1}}}},
		{"two lists damaged in one instant, put aside under one name, kept the gate from starting", schedule{seed: 105885, limit: 2, steps: []step{
			{kind: rots, gate: 1, m: 780, n: 176}, {kind: kills, gate: 1, n: 24}, {kind: screens, gate: 1, n: 314, m: 1}, {kind: follows, gate: 1},
			{kind: rots, gate: 1, m: 898, n: 188}, {kind: kills, gate: 1, n: 1, m: 14}, {kind: screens, gate: 1, n: 771, m: 2}}}},
		{"a write of a list fetched anew was lost, and nothing was lifted any more", newSchedule(285493)},
		{"the same, with a correction to another person", newSchedule(279233)},
		{"the list was lost right after it restricted somebody, and one of another history was taken, which lifted it", newSchedule(313175)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, v, err := run(t.Context(), tt.s, filepath.Join(dir, fmt.Sprint(i))); err != nil || v != nil {
				t.Errorf("%v %v\n%s", v, err, tt.s)
			}
		})
	}
}

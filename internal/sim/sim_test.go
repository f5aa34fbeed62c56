//go:build linux

package sim

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag      = flag.Uint64("seed", 0, "run this schedule alone, and tell it")
	schedulesFlag = flag.Int("schedules", 2000, "how many schedules to run")
	shrinkFlag    = flag.Bool("shrink", true, "make a schedule that fails smaller")
	firstFlag     = flag.Uint64("first", 1, "seed of the first one")
)

// fewer is how many schedules run under the race detector.
const fewer = 40

// room is a directory in memory if there is one.
func room(t testing.TB) string {
	if dir, err := os.MkdirTemp("/dev/shm", "gongxin-sim-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// TestSchedules runs schedule after schedule. A failure tells its seed and the
// smallest part of it that still fails.
func TestSchedules(t *testing.T) {
	dir := room(t)
	if *seedFlag != 0 {
		one(t, *seedFlag, dir, true)
		return
	}
	schedules := *schedulesFlag
	if raced && schedules > fewer { // a few here; the others in a binary that was built without the detector
		out, err := exec.CommandContext(t.Context(), build(t), "-test.run", "^TestSchedules$", "-schedules", fmt.Sprint(schedules),
			"-first", fmt.Sprint(*firstFlag), "-test.v").CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Fatal(err)
		}
		schedules = fewer
	}
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	all := map[string]int{}
	var wait sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for n := next.Add(1); n <= uint64(schedules) && !failed.Load(); n = next.Add(1) {
				told, ok := one(t, *firstFlag+n-1, dir, false)
				if !ok {
					failed.Store(true)
				}
				mu.Lock()
				for k, v := range told {
					all[k] += v
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	t.Logf("%d schedules from seed %d in %v", schedules, *firstFlag, time.Since(start).Round(time.Millisecond))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		t.Logf("  %8d %s", all[k], k)
	}
}

// one runs the schedule of seed, and makes it smaller if it fails.
func one(t *testing.T, seed uint64, dir string, tell bool) (told map[string]int, ok bool) {
	s := newSchedule(seed)
	if tell {
		t.Log(s)
	}
	told, v, err := run(t.Context(), s, filepath.Join(dir, fmt.Sprint(seed)))
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return told, false
	}
	if v == nil {
		return told, true
	}
	small := s
	if *shrinkFlag {
		small, v = shrink(t.Context(), s, v, filepath.Join(dir, fmt.Sprint(seed)))
	}
	t.Errorf("invariant %v\nthe smallest schedule that shows it:\n%s\nagain: go test ./internal/sim -run TestSchedules -seed %d -v", v, small, seed)
	return told, false
}

// TestASeedIsOneSchedule runs schedules twice: what happens in them is the same to
// the last write, else a seed would reproduce nothing.
func TestASeedIsOneSchedule(t *testing.T) {
	dir := room(t)
	for seed := uint64(1); seed <= 15; seed++ {
		first, _ := one(t, seed, dir, false)
		if again, _ := one(t, seed, dir, false); !maps.Equal(first, again) {
			t.Errorf("seed %d: first %v, then %v", seed, first, again)
		}
	}
}

//go:build linux

package sim

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// An edit replaces a text that stands once in a file.
type edit struct{ file, old, new string }

// A mutation breaks the code in one way. mutant(name) is true in the process that
// runs it, so that one binary holds them all.
type mutation struct {
	name  string
	says  string
	edits []edit
}

var mutations = []mutation{
	{"skip-deletions", "the gate passes over events that take a listing out", []edit{{"gate/state.go",
		"	for i := range all {\n		if t := &all[i]; t.last",
		"	for i := range all {\n		if mutant(`skip-deletions`) && all[i].last.Force() == gongxin.ForceLeaves {\n			continue\n		}\n		if t := &all[i]; t.last"}}},
	{"deletions-not-on-disk", "the gate takes them out of the tables in memory alone", []edit{{"screen/index.go",
		"	if err := x.wal.append(s); err != nil {\n		return nil, err\n	}\n",
		"	if mutant(`deletions-not-on-disk`) {\n		s.gone = nil\n	}\n	if err := x.wal.append(s); err != nil {\n		return nil, err\n	}\n"}}},
	{"ignore-root", "the follower does not compare the root", []edit{{"feed/follower.go",
		"tree.Root() != head.Root {", "tree.Root() != head.Root && !mutant(`ignore-root`) {"}}},
	{"ignore-digest", "the follower does not compare the digest", []edit{{"feed/follower.go",
		"case digest != after.Digest:", "case digest != after.Digest && !mutant(`ignore-digest`):"}}},
	{"ignore-commitment", "the follower takes a body without its commitment", []edit{{"feed/verify.go",
		"case commit != leaf.Commitment(int(f.Audience)):", "case commit != leaf.Commitment(int(f.Audience)) && !mutant(`ignore-commitment`):"}}},
	{"accept-old-checkpoint", "the follower takes a checkpoint older than its own", []edit{{"feed/follower.go",
		"case head.At.Before(p.Head.At):", "case head.At.Before(p.Head.At) && !mutant(`accept-old-checkpoint`):"}}},
	{"accept-any-key", "a checkpoint signed by somebody else counts", []edit{{"ledger/checkpoint.go",
		"	case unverified != nil:\n", "	case unverified != nil && mutant(`accept-any-key`):\n		return h, nil\n	case unverified != nil:\n"}}},
	{"no-lift", "restrictions are not lifted when changes are applied", []edit{{"gate/follow.go",
		"	if len(now) > 0 {", "	if len(now) > 0 && !mutant(`no-lift`) {"}}},
	{"no-reconcile", "nor after a start", []edit{{"gate/gate.go",
		"	stands := func(id gongxin.ListingID) (standing, error) {\n", "	if mutant(`no-reconcile`) {\n		return nil\n	}\n	stands := func(id gongxin.ListingID) (standing, error) {\n"}}},
	{"suspension-forgotten", "a restriction from before a suspension stands after it", []edit{{"gate/row.go",
		"case o.sequence < s.since:", "case o.sequence < s.since && !mutant(`suspension-forgotten`):"}}},
	{"ignore-freshness", "the gate blocks on a copy of any age", []edit{{"gate/screen.go",
		"	return !now.After(v.freshUntil)", "	return mutant(`ignore-freshness`) && !v.asOf.IsZero() || !now.After(v.freshUntil)"}}},
	{"clear-when-stale", "the gate clears who it cannot know", []edit{{"gate/screen.go",
		"	case !fresh:\n		d.Outcome = gongxin.Refer\n", "	case !fresh && mutant(`clear-when-stale`):\n		return nil, nil\n	case !fresh:\n		d.Outcome = gongxin.Refer\n"}}},
	{"name-ignored", "the number alone blocks", []edit{{"gate/decide.go",
		"	case !agrees:\n", "	case !agrees && !mutant(`name-ignored`):\n"}}},
	{"term-ignored", "a listing whose term is over blocks", []edit{{"gate/decide.go",
		"if !c.Until.IsZero() && q.day > c.Until {", "if !c.Until.IsZero() && q.day > c.Until && !mutant(`term-ignored`) {"}}},
	{"answer-before-record", "an answer is given although its record failed", []edit{{"gate/screen.go",
		"	if err := g.outcomes.record(ctx, rows); err != nil {", "	if err := g.outcomes.record(ctx, rows); err != nil && !mutant(`answer-before-record`) {"}}},
	{"two-transactions", "list and position are written one after the other", []edit{{"gate/state.go",
		"	step, err := s.list.Write(d.put, d.leaving(), stamp)\n",
		"	if mutant(`two-transactions`) || mutant(`stamp-unchecked`) {\n		if err := s.writeTwice(d); err != nil {\n			return nil, err\n		}\n		d = difference{}\n	}\n	step, err := s.list.Write(d.put, d.leaving(), stamp)\n"}}},
	{"stamp-unchecked", "likewise, and what is opened is not held against what was signed", []edit{{"gate/state.go",
		"if v := list.View(); uint64(v.Len()) != s.at.Head.Count || ledger.Digest(v.Sum()) != s.at.Head.Digest {",
		"if v := list.View(); !mutant(`stamp-unchecked`) && (uint64(v.Len()) != s.at.Head.Count || ledger.Digest(v.Sum()) != s.at.Head.Digest) {"}}},
	{"shown-before-durable", "answers come from a step that is not on disk yet", []edit{{"gate/follow.go",
		"	step, err := g.state.write(d, next)\n", "	if mutant(`shown-before-durable`) {\n		g.show(g.state.list.View(), next)\n	}\n	step, err := g.state.write(d, next)\n"}}},
	{"damage-is-clear", "a piece of the list that cannot be read says that nobody is listed", []edit{{"gate/screen.go",
		"	case err != nil: // it cannot be known", "	case err != nil && mutant(`damage-is-clear`):\n		return nil, nil\n	case err != nil: // it cannot be known"}}},
	{"fork-forgotten", "a fork that was seen is forgotten with a restart", []edit{{"gate/fork.go",
		"	if a := g.outcomes.fork(); a != nil {", "	if a := g.outcomes.fork(); a != nil && !mutant(`fork-forgotten`) {"}}},
	{"fork-followed", "a gate that has seen a fork follows on", []edit{{"gate/follow.go",
		"	if f := g.fork.Load(); f != nil {\n		return false, f.fault()", "	if f := g.fork.Load(); f != nil && !mutant(`fork-followed`) {\n		return false, f.fault()"}}},
	{"forget-outbox", "reports that wait are lost with a restart", []edit{{"gate/outcomes.go",
		"		if err = o.load(ctx, path); err == nil {\n", "		if err = o.load(ctx, path); err == nil {\n			o.forget(ctx)\n"}}},
	{"lift-not-reported", "the hub is not told of lifts", []edit{{"gate/outcomes.go",
		"		return o.post(ctx, tx, r.reference, r.part, kindLifted)", "		if mutant(`lift-not-reported`) {\n			return nil\n		}\n		return o.post(ctx, tx, r.reference, r.part, kindLifted)"}}},
	{"tell-who", "who is clear is reported as well", []edit{{"gate/screen.go",
		"		if err != nil || d.Outcome == gongxin.Clear {\n", "		if mutant(`tell-who`) && err == nil && d.Outcome == gongxin.Clear {\n			_ = g.tellWho(ctx, q, d)\n		}\n		if err != nil || d.Outcome == gongxin.Clear {\n"}}},
}

// common stands beside the mutated files of each room, and gateHelpers in gate.
const (
	common = `package %s

import "os"

var mutantIs = os.Getenv(%q)

func mutant(name string) bool { return mutantIs == name }
`
	gateHelpers = `package gate

import (
	"context"
	"database/sql"

	"gongxin"
)

func (o *outcomes) forget(ctx context.Context) {
	if !mutant("forget-outbox") {
		return
	}
	_ = o.transact(ctx, func(tx *sql.Tx) error {
		rows, err := query(ctx, tx, scanPosted, readOutbox)
		for _, p := range rows {
			o.rows, o.digest = o.rows-1, o.digest.Sub(outboxSum(p.reference, p.part, p.kind, p.refused))
			o.counts.waiting -= 1 - p.refused
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM outbox")
		}
		return err
	})
}

func (s *state) writeTwice(d difference) error {
	before, err := s.stamp(s.at)
	if err != nil {
		return err
	}
	step, err := s.list.Write(d.put, d.leaving(), before)
	if err == nil {
		step.Publish()
	}
	return err
}

func (g *Gate) tellWho(ctx context.Context, q Query, d gongxin.Decision) error {
	r, err := g.newReference("R", g.config.Now())
	if err != nil {
		return err
	}
	return g.outcomes.record(ctx, []outcome{{reference: r, part: 1, kind: kindReferred, scenario: q.Scenario, measure: q.Name, reason: "CLEAR",
		sequence: d.Sequence, at: gongxin.Millis(g.config.Now())}})
}
`
)

const mutantIs = "GONGXIN_SIM_MUTANT"

// mutate builds this package's tests against sources with all mutations in them, and returns the binary.
func mutate(t *testing.T) string {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sources, overlay := map[string]string{}, map[string]string{}
	for _, m := range mutations {
		for _, e := range m.edits {
			if _, ok := sources[e.file]; !ok {
				b, err := os.ReadFile(filepath.Join(root, e.file))
				if err != nil {
					t.Fatal(err)
				}
				sources[e.file] = string(b)
			}
			if n := strings.Count(sources[e.file], e.old); n != 1 {
				t.Fatalf("mutation %s: its text stands %d times in %s: %q", m.name, n, e.file, e.old)
			}
			sources[e.file] = strings.Replace(sources[e.file], e.old, e.new, 1)
		}
	}
	for _, room := range []string{"ledger", "feed", "screen", "gate"} {
		sources[room+"/mutant.go"] = fmt.Sprintf(common, room, mutantIs)
	}
	sources["gate/mutanthelpers.go"] = gateHelpers
	for file, text := range sources {
		to := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, file)] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return build(t, "-overlay", filepath.Join(dir, "overlay.json"))
}

// build builds this package's tests, without the race detector, and returns the binary.
func build(t *testing.T, flags ...string) string {
	binary := filepath.Join(t.TempDir(), "sim.test")
	c := exec.CommandContext(t.Context(), "go", append(append([]string{"test", "-c", "-o", binary}, flags...), ".")...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(c.Args[1:], " "), err, out)
	}
	return binary
}

// enough is how many schedules a mutation has for being caught.
const enough = 800

var invariantOf = regexp.MustCompile(`invariant ([a-z-]+), after step`)

// TestEveryMutationIsCaught breaks the code in one way after the other and shows
// that the invariants notice, which they do not without any.
func TestEveryMutationIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the module anew")
	}
	start := time.Now()
	binary := mutate(t)
	t.Logf("built in %v", time.Since(start).Round(time.Millisecond))
	run := func(name string, schedules int) (caught string, out []byte) {
		c := exec.CommandContext(t.Context(), binary, "-test.run", "^TestSchedules$", "-schedules", fmt.Sprint(schedules), "-shrink=false", "-test.v")
		c.Env = append(os.Environ(), mutantIs+"="+name)
		out, err := c.CombinedOutput()
		found := invariantOf.FindSubmatch(out)
		switch {
		case err == nil:
			return "", out
		case found == nil:
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(found[1]), out
	}
	if caught, out := run("", 40); caught != "" {
		t.Fatalf("nothing is mutated, and yet:\n%s", out)
	}
	for _, m := range mutations {
		start := time.Now()
		caught, _ := run(m.name, enough)
		if caught == "" {
			t.Errorf("%s (%s) passes %d schedules unnoticed", m.name, m.says, enough)
		}
		t.Logf("%-22s %-22s %6v  %s", m.name, caught, time.Since(start).Round(10*time.Millisecond), m.says)
	}
}

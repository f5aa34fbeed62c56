package gongxin_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed says what each room may import of ours, apart from tests; "all" is
// every room. docs/architecture.md shows it as a table, so drawing and code
// cannot part. What a room may reach through another stands here as well.
var allowed = map[string][]string{
	"":                   {"identity"},
	"identity":           {},
	"ledger":             {},
	"durable":            {},
	"internal/calendar":  {""},
	"internal/gb18030":   {},
	"internal/courts":    {""},
	"internal/policy":    {"", "internal/calendar"},
	"measure":            {""},
	"internal/intake":    {"", "identity", "internal/gb18030", "internal/policy", "internal/courts", "internal/calendar"},
	"internal/register":  {"", "identity", "internal/policy", "internal/calendar"},
	"feed":               {"", "ledger", "durable"},
	"match":              {"", "identity"},
	"screen":             {"", "identity", "match", "durable"},
	"gate":               {"", "identity", "feed", "ledger", "match", "screen", "measure", "durable"},
	"internal/store":     {"", "identity", "ledger", "internal/access"}, // access: its plain values
	"internal/access":    {""},
	"internal/documents": {"", "identity", "internal/policy", "internal/calendar", "internal/courts", "internal/register"}, // register: what a Scribe is given
	"internal/oversight": {"", "internal/policy", "internal/calendar", "internal/courts"},
	"internal/packages":  {"", "identity", "ledger", "feed", "durable", "internal/calendar"},
	"internal/audit":     {"", "ledger", "feed"},
	"internal/witness":   {"ledger", "durable"},
	"internal/sim":       {"", "identity", "ledger", "feed", "gate", "measure", "screen"},
	"relay":              {"", "ledger", "feed", "durable"},
	"internal/stream":    {"", "gate"},
	"internal/gatetest":  {"", "identity", "ledger", "feed", "gate", "internal/synthetic"}, // for the tests of what stands around a gate
	"internal/synthetic": {"", "identity"},                                                 // invented subjects for the demonstration and the benchmarks
	"internal/batch":     {"", "identity", "match", "measure", "gate", "internal/gb18030"},
	"internal/web":       {""}, // says what it needs as web.Source, and the hub gives it
	"internal/hub": {"", "identity", "ledger", "internal/calendar", "internal/courts", "internal/policy", "measure", "internal/intake",
		"internal/register", "feed", "internal/store", "internal/access", "internal/documents", "internal/oversight", "internal/web", "durable"},
	"cmd/gongxin":    {"all"},
	"examples":       {},   // clients in other languages: nothing of ours
	"docs":           {""}, // its tests keep the pages true
	"scripts/gotest": {},   // runs the tests
}

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		room, ours := roomOf(fields[0])
		if !ours {
			t.Fatalf("go list says %q", line)
		}
		may, known := allowed[room]
		seen[room] = true
		if parent, ok := within(room); !known && ok { // a part of a room may import what the room may, and the room
			may, known = append(slices.Clone(allowed[parent]), parent), true
		}
		if !known {
			t.Errorf("the room %q does not stand in the table", room)
			continue
		}
		for _, path := range fields[1:] {
			if imported, ours := roomOf(path); ours && !slices.Contains(may, imported) && !slices.Contains(may, "all") && !strings.HasPrefix(imported, room+"/") {
				t.Errorf("%q imports %q, which the table does not allow", room, imported)
			}
		}
	}
	for room := range maps.Keys(allowed) {
		if !seen[room] {
			t.Errorf("the table names the room %q, which does not exist", room)
		}
	}
}

// roomOf returns the path of a package within the module; ours is false for others.
func roomOf(path string) (room string, ours bool) {
	if path == "gongxin" {
		return "", true
	}
	return strings.CutPrefix(path, "gongxin/")
}

// within returns the room in which path lies, such as internal/store for internal/store/storetest.
func within(path string) (room string, ok bool) {
	for room := range allowed {
		if room != "" && strings.HasPrefix(path, room+"/") {
			return room, true
		}
	}
	return "", false
}

func TestNothingThatOthersImportReachesTheHub(t *testing.T) {
	for _, room := range []string{".", "./identity", "./measure", "./ledger", "./feed", "./screen", "./gate"} {
		out, err := exec.Command("go", "list", "-deps", room).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		for path := range strings.Lines(string(out)) {
			if strings.HasPrefix(path, "gongxin/internal/") {
				t.Errorf("%s reaches %s", room, path)
			}
		}
	}
}

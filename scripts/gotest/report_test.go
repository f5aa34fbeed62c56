package main

import (
	"strings"
	"testing"
)

func TestASkippedTestAndAnEmptyRunAreFailures(t *testing.T) {
	pass := `{"Action":"pass","Package":"p","Test":"A"}` + "\n"
	for _, tt := range []struct {
		name, in string
		ok       bool
		shows    string
	}{
		{"one test passes", pass, true, "1 passed, 0 failed, 0 skipped"},
		{"a package without test files does not matter", pass + `{"Action":"skip","Package":"q"}`, true, "1 passed"},
		{"a test is skipped", pass + `{"Action":"skip","Package":"p","Test":"B/c"}`, false, "skipped, which is a failure here: p B/c"},
		{"a test fails and its output is shown", `{"Action":"output","Package":"p","Test":"A","Output":"got 1\n"}` + "\n" +
			`{"Action":"fail","Package":"p","Test":"A"}`, false, "got 1"},
		{"a package does not compile", pass + `{"Action":"build-output","Output":"x.go:1: oh\n"}` + "\n" + `{"Action":"fail","Package":"q"}`, false, "x.go:1: oh"},
		{"a package is cut off by a panic", pass + `{"Action":"output","Package":"p","Test":"B","Output":"panic: no\n"}` + "\n" +
			`{"Action":"fail","Package":"p"}`, false, "panic: no"},
		{"nothing runs", "", false, "no test was run"},
		{"a line is no event", "go: warning\n" + pass, true, "go: warning"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r, err := read(strings.NewReader(tt.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			r.print(&out)
			if r.ok() != tt.ok || !strings.Contains(out.String(), tt.shows) {
				t.Errorf("ok %v, want %v with %q; output:\n%s", r.ok(), tt.ok, tt.shows, out.String())
			}
		})
	}
}

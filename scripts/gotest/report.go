package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// An event is one line of go test -json (see go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

// A report counts what was run. Subtests count as tests of their own.
type report struct {
	passed, failed int
	skipped        []string // names, with their packages
	broken         []string // packages that failed
}

// ok tells whether something ran and nothing failed or was skipped.
func (r report) ok() bool {
	return r.passed > 0 && r.failed == 0 && len(r.skipped) == 0 && len(r.broken) == 0
}

func (r report) print(w io.Writer) {
	for _, p := range r.broken {
		fmt.Fprintf(w, "broken: %s\n", p)
	}
	for _, s := range r.skipped {
		fmt.Fprintf(w, "skipped, which is a failure here: %s\n", s)
	}
	if r.passed+r.failed == 0 {
		fmt.Fprintln(w, "no test was run")
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
}

// read consumes the events of r and writes to w a line for each package when it
// is done, and before it the output of its tests that failed or were skipped.
// Lines that are no events, such as a compiler's, are passed on.
func read(r io.Reader, w io.Writer) (report, error) {
	var sum report
	output := map[string][]string{} // of tests and packages still running
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(w, "%s\n", bytes.TrimRight(line, "\n"))
			} else {
				sum.add(e, output, w)
			}
		}
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return sum, fmt.Errorf("read the output of go test: %w", err)
		}
	}
}

func (r *report) add(e event, output map[string][]string, w io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		output[key] = append(output[key], e.Output)
		return
	case "build-output":
		io.WriteString(w, e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	text := strings.Join(output[key], "")
	delete(output, key)
	switch {
	case e.Test == "":
		// The package itself; "skip" means that it has no test files.
		if e.Action == "fail" {
			r.broken = append(r.broken, e.Package)
			for k, left := range output { // tests that a panic or time-out cut off
				if strings.HasPrefix(k, e.Package+" ") {
					io.WriteString(w, strings.Join(left, ""))
				}
			}
		}
		io.WriteString(w, strings.TrimPrefix(text, "PASS\n"))
	case e.Action == "pass":
		r.passed++
	case e.Action == "fail":
		r.failed++
		io.WriteString(w, text)
	case e.Action == "skip":
		r.skipped = append(r.skipped, key)
		io.WriteString(w, text)
	}
}

package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the demo prints into the READMEs")

// What differs from one telling to the next: how long things took, references, the day.
var changing = []struct {
	form *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`\([0-9.]+(µs|ms|s)\)`), "(…)"},
	{regexp.MustCompile(`R-([a-z]+)-\d{8}-[0-9A-Z]{8}`), "R-$1-…"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "…"},
	{regexp.MustCompile(`（20\d\d）`), "（…）"},
}

func settled(s string) string {
	for _, c := range changing {
		s = c.form.ReplaceAllString(s, c.by)
	}
	return s
}

// The transcript in each README is what the demo prints. To renew it:
//
//	go test ./cmd/gongxin -run Transcript -update
func TestReadmeTranscriptIsWhatTheDemoPrints(t *testing.T) {
	printed, err := exec.Command("gongxin", "demo", "--once").Output()
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	for line := range strings.Lines(strings.TrimSpace(string(printed))) {
		if line != "\n" {
			told.WriteString("    ")
		}
		told.WriteString(line)
	}
	told.WriteByte('\n')
	for _, name := range []string{"../../README.md", "../../README.zh-CN.md"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		begin := bytes.Index(page, []byte("<!-- transcript"))
		end := bytes.Index(page, []byte("<!-- end of transcript -->"))
		if begin < 0 || end < begin {
			t.Fatalf("%s has no place for the transcript", name)
		}
		begin += bytes.IndexByte(page[begin:], '\n') + 2 // the mark, and the blank line after it
		if *update {
			page = append(append(bytes.Clone(page[:begin]), told.String()+"\n"...), page[end:]...)
			if err := os.WriteFile(name, page, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got := string(page[begin:end]); settled(strings.TrimSpace(got)) != settled(strings.TrimSpace(told.String())) {
			t.Errorf("%s tells another story than the demo; run this test with -update and read the difference", name)
		}
	}
}

// The names that each README compares are answered as it says, line for line.
func TestReadmeComparesNamesAsTheCommandDoes(t *testing.T) {
	for _, name := range []string{"../../README.md", "../../README.zh-CN.md"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(page), "    $ go run ./cmd/gongxin match ")
		if !found {
			t.Fatalf("%s compares no names", name)
		}
		names, said, _ := strings.Cut(rest, "\n")
		said, _, _ = strings.Cut(said, "\n\n")
		printed, err := exec.Command("gongxin", append([]string{"match"}, strings.Fields(names)...)...).Output()
		if err != nil {
			t.Fatalf("gongxin match %s: %v", names, err)
		}
		if want := strings.TrimSpace(strings.ReplaceAll("\n"+string(printed), "\n", "\n    ")); strings.TrimSpace(said) != want {
			t.Errorf("%s says of %s\n%s\nand the command\n%s", name, names, said, want)
		}
	}
}

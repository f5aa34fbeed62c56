// Package docs holds the documents, and the tests that keep them true.
package docs

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/access"
)

//go:generate go test -run ^(TestErrorsListsEveryCode|TestTheMatrixIsShownAsItIs)$ . -update
var update = flag.Bool("update", false, "write errors.md and matrix.md anew")

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestErrorsListsEveryCode(t *testing.T) {
	files, err := filepath.Glob("../messages/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatal("no messages: ", err)
	}
	var b strings.Builder
	b.WriteString("# Errors\n\nEvery code, by the room that gives it: what is wrong, and how to mend it. Made from `messages/` by\n`make generate`. `%v` stands for what the message names.\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	for _, file := range files {
		rows, err := csv.NewReader(strings.NewReader(read(t, file))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n| code | 中文 | English |\n|---|---|---|\n", strings.TrimSuffix(filepath.Base(file), ".csv"))
		for _, row := range rows[1:] {
			both := func(what, mend string) string {
				if mend == "" {
					return cell(what)
				}
				return cell(what) + "<br>→ " + cell(mend)
			}
			what, mend, ok := gongxin.Message(row[0])
			if !ok {
				t.Errorf("%s: %s is not in the catalogue", file, row[0])
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row[0], both(what.ZH, mend.ZH), both(what.EN, mend.EN))
		}
	}
	if *update {
		if err := os.WriteFile("errors.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "errors.md") != b.String() {
		t.Error("errors.md is not what messages/ says; run make generate")
	}
}

func TestTheMatrixIsShownAsItIs(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Who may do what\n\nThe whole authorisation matrix, made from `internal/access/matrix.go` by `make generate`. What is not in it is allowed to nobody. `●` may;\n" +
		"`all`: nobody needs to sign in. Behind the door the register checks by its own [table](transitions.md) that the listing is the\nactor's own court's, and handlers show nobody what lies outside their organisation.\n\n| operation |")
	for _, role := range gongxin.Roles {
		fmt.Fprintf(&b, " %s |", role)
	}
	b.WriteString("\n|---|" + strings.Repeat(":-:|", len(gongxin.Roles)) + "\n")
	for _, operation := range access.Operations() {
		fmt.Fprintf(&b, "| %s |", operation)
		for _, role := range gongxin.Roles {
			switch {
			case access.Public(operation):
				b.WriteString(" all |")
			case access.Allowed(operation, role):
				b.WriteString(" ● |")
			default:
				b.WriteString("  |")
			}
		}
		b.WriteString("\n")
	}
	if *update {
		if err := os.WriteFile("matrix.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "matrix.md") != b.String() {
		t.Error("matrix.md is not what the matrix says; run make generate")
	}
}

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	page := read(t, "dependencies.md")
	for line := range strings.Lines(read(t, "../go.mod")) {
		m := regexp.MustCompile(`^\t(\S+)(?: v\S+)?\n$`).FindStringSubmatch(line) // not those marked indirect
		if m != nil && !strings.Contains(page, "`"+m[1]+"`") && !strings.Contains(page, "`"+m[1]+"` (tool)") {
			t.Errorf("dependencies.md does not say why %s is needed", m[1])
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"../*.md", "*.md", "decisions/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

func TestTheIndexNamesEveryDecision(t *testing.T) {
	index := read(t, "decisions/README.md")
	pages, err := filepath.Glob("decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "("+name+")") {
			t.Errorf("decisions/README.md does not name %s", name)
		}
	}
}

func TestBothReadmesSayTheSame(t *testing.T) {
	shape := func(page string) (lines []string) {
		for line := range strings.Lines(page) {
			switch {
			case strings.HasPrefix(line, "## "), strings.HasPrefix(line, "- "), strings.HasPrefix(line, "|"), strings.HasPrefix(line, "<!--"):
				lines = append(lines, line[:2])
			}
		}
		return lines
	}
	english, chinese := read(t, "../README.md"), read(t, "../README.zh-CN.md")
	if en, zh := shape(english), shape(chinese); !slices.Equal(en, zh) {
		t.Errorf("README.md and README.zh-CN.md have different parts:\n%q\n%q", en, zh)
	}
	targets := func(page string) (all []string) {
		for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(m[1], "README") {
				all = append(all, m[1])
			}
		}
		return all
	}
	if en, zh := targets(english), targets(chinese); !slices.Equal(en, zh) {
		t.Errorf("README.md and README.zh-CN.md link to different pages:\n%q\n%q", en, zh)
	}
}

package documents

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// fieldTable is the table of fields in docs/documents.md.
func fieldTable() string {
	var b strings.Builder
	b.WriteString("| kind | further fields | flags |\n|---|---|---|\n")
	common := append([]field{until, idName, id}, always...)
	for _, kind := range gongxin.DocumentKinds {
		var required, optional, flags []string
		for _, f := range forms[kind].required {
			required = append(required, "**{"+names[f].zh+"}**")
		}
		for _, f := range forms[kind].fields {
			switch {
			case slices.Contains(forms[kind].required, f):
			case f.flag():
				flags = append(flags, "{"+names[f].zh+"}")
			case !slices.Contains(common, f):
				optional = append(optional, "{"+names[f].zh+"}")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", kind, strings.Join(append(required, optional...), " "), strings.Join(flags, " "))
	}
	return b.String()
}

func TestTheDocumentationListsEveryField(t *testing.T) {
	const path, from, to = "../../docs/documents.md", "-update -->\n", "<!-- end of fields -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(b), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatal("documents.md has no place for the fields")
	}
	want := before + from + fieldTable() + to + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(b) != want && !*update {
		t.Error("documents.md does not list the fields as they are; run go test ./internal/documents -update")
	}
	for _, kind := range gongxin.DocumentKinds {
		if !strings.Contains(before, "| `"+string(kind)+"` | "+titles[kind].ZH) {
			t.Errorf("documents.md does not name %s as %s", kind, titles[kind].ZH)
		}
		for _, f := range []field{court, enforcing, caseNumber, number, date, listing, subject, until, idName, id, law, effect} {
			if !slices.Contains(forms[kind].fields, f) {
				t.Errorf("%s has no {%s}, which documents.md gives to every kind", kind, names[f].zh)
			}
		}
	}
}

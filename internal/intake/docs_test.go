package intake

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheContractNamesEveryCodeAndColumn(t *testing.T) {
	root := filepath.Join("..", "..")
	doc, err := os.ReadFile(filepath.Join(root, "docs", "intake.md"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(root, "messages", "intake.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		if !strings.Contains(string(doc), "| `"+r[0]+"` |") {
			t.Errorf("docs/intake.md lacks %s", r[0])
		}
	}
	for _, k := range []Kind{Persons, Organisations, Withdrawals} {
		for _, c := range k.Columns() {
			if !strings.Contains(string(doc), c) {
				t.Errorf("docs/intake.md lacks the column %s", c)
			}
		}
	}
	for line := range strings.Lines(string(doc)) { // the synonyms that the page promises
		cells := strings.Split(line, "|")
		if len(cells) != 4 || !strings.Contains(cells[2], "、") || strings.Contains(line, "`") {
			continue
		}
		for _, name := range strings.FieldsFunc(cells[2], func(r rune) bool { return strings.ContainsRune("、·;:", r) }) {
			if name = strings.TrimSpace(name); name != "" && name[0] >= 0x80 {
				if _, ok := lookup(name); !ok {
					t.Errorf("docs/intake.md promises the heading %s", name)
				}
			}
		}
	}
}

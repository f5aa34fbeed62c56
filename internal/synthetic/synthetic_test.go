package synthetic

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"gongxin"
	"gongxin/identity"
)

var day = gongxin.MustDay("2017-09-01")

func TestSameSeedGivesTheSameFile(t *testing.T) {
	a, err := io.ReadAll(NewPersons(1, 500, day))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(NewPersons(1, 500, day))
	if !bytes.Equal(a, b) {
		t.Error("two files of one seed differ")
	}
	rows, err := csv.NewReader(bytes.NewReader(a)).ReadAll()
	if err != nil || len(rows) != 501 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
}

func TestNumbersAreValidDistinctAndNeverIssued(t *testing.T) {
	seen := map[string]bool{}
	m := New(3, day)
	for range 3000 {
		for _, id := range []string{m.Person()[4], m.Organisation()[2]} {
			if n, folds, err := identity.Parse(id); err != nil || len(folds) > 0 || n.Full() != id {
				t.Fatalf("%s: %v %v", id, folds, err)
			}
			if seen[id] {
				t.Fatalf("%s stands twice", id)
			}
			seen[id] = true
			if !strings.HasPrefix(id, "320000") && !strings.HasPrefix(id, "91320000QQ") {
				t.Fatalf("%s could belong to somebody", id)
			}
		}
	}
}

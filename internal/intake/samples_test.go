package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gongxin"
)

var today = gongxin.MustDay("2017-12-31")

// expected is a row of the samples' expected results.
type expected struct {
	Row            int               `json:"row"`
	Outcome        Outcome           `json:"outcome"`
	Reason         string            `json:"reason"`
	OfRow          int               `json:"of_row"`
	Normalisations []string          `json:"normalisations"`
	Values         map[string]string `json:"values"`
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func expectation(t testing.TB, name string) []expected {
	t.Helper()
	var all struct{ Rows []expected }
	if err := json.Unmarshal(sample(t, name), &all); err != nil {
		t.Fatal(err)
	}
	return all.Rows
}

// records reads all records of a file that must not be refused.
func records(t testing.TB, name string, b []byte, seen *Seen) []Record {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: name, Today: today, Seen: seen})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return drain(t, f)
}

func drain(t testing.TB, f *File) []Record {
	t.Helper()
	var all []Record
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

// said brings a record into the form of the expected results, by way of its JSON.
func outcome(t testing.TB, r Record) expected {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var e expected
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func sameOutcome(a, b expected) bool {
	return a.Row == b.Row && a.Outcome == b.Outcome && a.Reason == b.Reason && a.OfRow == b.OfRow &&
		slices.Equal(a.Normalisations, b.Normalisations) && len(a.Values) == len(b.Values) && func() bool {
		for k, v := range a.Values {
			if b.Values[k] != v {
				return false
			}
		}
		return true
	}()
}

func compare(t *testing.T, got []Record, want []expected) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i, r := range got {
		if g := outcome(t, r); !sameOutcome(g, want[i]) {
			t.Errorf("record %d: got %+v (%s), want %+v", i+1, g, r.Message.EN, want[i])
		}
	}
}

func TestDirtySampleGivesTheExpectedResults(t *testing.T) {
	got := records(t, "dirty.csv", sample(t, "dirty-persons-gb18030.csv"), NewSeen())
	compare(t, got, expectation(t, "dirty-persons.expected.json"))
	for _, r := range got {
		if (r.Outcome == Reject) != (r.Message.ZH != "" && r.Mend.ZH != "" && r.Message.EN != r.Reason) {
			t.Errorf("record %d: %s with message %v, mend %v", r.Row, r.Outcome, r.Message, r.Mend)
		}
		if (r.Outcome == Reject) == (r.Entry != nil) {
			t.Errorf("record %d: %s, entry %v", r.Row, r.Outcome, r.Entry)
		}
	}
}

func TestCleanSamplesAreAcceptedAsTheyAre(t *testing.T) {
	seen := NewSeen()
	for _, s := range []struct {
		name string
		rows int
		kind Kind
	}{{"clean-persons.csv", 200, Persons}, {"clean-orgs.xlsx", 100, Organisations}} {
		b := sample(t, s.name)
		f, err := Open(bytes.NewReader(b), int64(len(b)), Options{Name: s.name, Today: today, Seen: seen})
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind() != s.kind || len(f.Unknown()) != 0 {
			t.Errorf("%s: kind %s, unknown columns %v", s.name, f.Kind(), f.Unknown())
		}
		got := drain(t, f)
		if len(got) != s.rows {
			t.Errorf("%s: %d records, want %d", s.name, len(got), s.rows)
		}
		for _, r := range got {
			if r.Outcome != Accept || len(r.Notes) > 0 {
				t.Errorf("%s record %d: %s %s %v", s.name, r.Row, r.Outcome, r.Reason, r.Notes)
			}
		}
	}
}

func TestWithdrawalsAreCheckedAgainstTheListingsOfTheRun(t *testing.T) {
	seen := NewSeen().AsRegister()
	records(t, "clean-persons.csv", sample(t, "clean-persons.csv"), seen)
	records(t, "clean-orgs.xlsx", sample(t, "clean-orgs.xlsx"), seen)
	got := records(t, "withdrawals.csv", sample(t, "withdrawals.csv"), seen)
	compare(t, got, expectation(t, "withdrawals.expected.json"))
	if w := got[0].Withdrawal; w == nil || w.Ground != gongxin.GroundClosed || w.On != gongxin.MustDay("2017-03-23") {
		t.Errorf("first withdrawal: %+v", w)
	}
}

func TestWithdrawalsWithoutListingsSaySo(t *testing.T) {
	for _, r := range records(t, "withdrawals.csv", sample(t, "withdrawals.csv"), NewSeen().AsRegister()) {
		if r.Outcome != Accept || !slices.Equal(r.Notes, []string{"NOT_CHECKED_AGAINST_REGISTER"}) {
			t.Errorf("record %d: %s %s %v", r.Row, r.Outcome, r.Reason, r.Notes)
		}
	}
}

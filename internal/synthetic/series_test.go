package synthetic

import (
	"strings"
	"testing"

	"gongxin/identity"
)

func TestTheSeriesIsOfValidNumbersAndNoneRepeats(t *testing.T) {
	seen := map[string]bool{}
	for i := range 200_000 {
		s := string(AppendCitizenNumber(nil, i))
		n, folds, err := identity.Parse(s, identity.CitizenID)
		if err != nil || len(folds) > 0 || n.Full() != s {
			t.Fatalf("number %d of the series, %s: folds %v, %v", i, s, folds, err)
		}
		if !strings.HasSuffix(s[:6], "0000") {
			t.Fatalf("number %d of the series has the area code %s, which could be issued", i, s[:6])
		}
		if seen[s] {
			t.Fatalf("number %d of the series repeats", i)
		}
		seen[s] = true
	}
	if first, again := AppendCitizenNumber(nil, 7), AppendCitizenNumber(nil, 7+SeriesLength); string(first) != string(again) {
		t.Errorf("the series does not begin again after %d numbers", SeriesLength)
	}
}

func TestOneApplicantOfAThousandIsListed(t *testing.T) {
	const listed, rows = 5000, 20_000
	list := map[string]string{}
	for i := range listed {
		list[string(AppendCitizenNumber(nil, i))] = string(AppendName(nil, i))
	}
	var file []byte
	for i := range rows {
		file = AppendApplicant(file, i, listed)
	}
	found := 0
	for line := range strings.Lines(string(file)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		if len(cells) != strings.Count(ApplicantColumns, ",")+1 {
			t.Fatalf("row %q", line)
		}
		if name, ok := list[cells[2]]; ok {
			if found++; name != cells[1] {
				t.Errorf("%s is called %s in the batch and %s in the list", cells[2], cells[1], name)
			}
		}
	}
	if found != rows/1000 {
		t.Errorf("%d of %d applicants are listed, want %d", found, rows, rows/1000)
	}
}

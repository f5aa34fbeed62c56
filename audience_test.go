package gongxin

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// wireFields lists the JSON names of a wire form.
func wireFields(v any) (names []string) {
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// docs/feed.md gives each field that travels to its audiences with the need for it;
// a field that is added, or is sent to others, has to be told there.
func TestEachFieldHasItsAudiencesAndItsNeedWrittenDown(t *testing.T) {
	b, err := os.ReadFile("docs/feed.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(b), "\n## Who gets which field\n")
	if !ok {
		t.Fatal("docs/feed.md has no such section")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	told := [Audiences][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || !strings.Contains(cells[1], "`") {
			continue
		}
		if strings.TrimSpace(cells[4]) == "" {
			t.Errorf("no need is told: %s", line)
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			name = strings.Trim(name, " `")
			for a, cell := range map[Audience]string{AudiencePublic: cells[2], AudiencePartner: cells[3]} {
				if strings.Contains(cell, "●") {
					told[a] = append(told[a], name)
				}
			}
		}
	}
	exit := wireFields(exitBody{})
	for a, fields := range map[Audience][]string{AudiencePublic: append(wireFields(publicEntry{}), exit...), AudiencePartner: append(wireFields(partnerEntry{}), exit...)} {
		slices.Sort(fields)
		slices.Sort(told[a])
		if !slices.Equal(fields, told[a]) {
			t.Errorf("%s: the code sends %v, docs/feed.md tells %v", a, fields, told[a])
		}
	}
}

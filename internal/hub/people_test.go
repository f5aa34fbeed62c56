package hub

import (
	"encoding/pem"
	"slices"
	"testing"

	"gongxin"
	"gongxin/internal/access"
)

// The tree of the province follows the directory of courts, and loading it again
// adds nothing.
func TestTheTreeFollowsTheCourts(t *testing.T) {
	c := newCentre(t)
	for range 2 {
		if err := c.Seed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.LoadOrganisations(t.Context()); n != 0 || err != nil {
		t.Errorf("loading again added %d, %v", n, err)
	}
	all, err := c.Hub.Organisations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[access.OrgKind]int{}
	for _, o := range all {
		kinds[o.Kind]++
	}
	rows := c.Courts.All()
	if kinds[access.OrgProvince] != 1 || kinds[access.OrgCentre] != 1 || kinds[access.OrgCity] != 13 || kinds[access.OrgCourt] != len(rows) {
		t.Errorf("%v, want one province and centre, 13 cities and %d courts", kinds, len(rows))
	}
	tree := access.NewTree(all)
	for _, court := range rows {
		want, known := c.Courts.Superior(court.Code)
		got, ok := tree.Superior(court.Code)
		if known && (!ok || got != want) {
			t.Errorf("above %s %s the tree has %s, the directory %s", court.Code, court.Name, got, want)
		}
	}
	for _, o := range all {
		if err := tree.CheckOrganisation(o); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
	city := access.Caller{Actor: gongxin.Actor{Role: gongxin.RoleSupervisor}, Organisation: access.Organisation{ID: "x", Parent: "city.苏05", Kind: access.OrgDepartment}}
	codes, everything := access.NewTree(append(all, city.Organisation)).Courts(city)
	if everything || !slices.Contains(codes, gongxin.MustCourtCode("苏0505")) || slices.Contains(codes, gongxin.MustCourtCode("苏0102")) {
		t.Errorf("a city's supervisor oversees %v", codes)
	}
}

// Nobody acts under a name by which the ledger means the hub itself, the person
// concerned, or files taken in on the hub's machine.
func TestNobodyIsNamedLikeTheHub(t *testing.T) {
	c := newCentre(t)
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"hub", "subject", "intake", " hub "} {
		_, err := c.SavePerson(t.Context(), Membership{ID: id, Name: "某", Organisation: "centre", Roles: []gongxin.Role{gongxin.RoleOperator}}, "")
		if gongxin.CodeOf(err) != "PERSON_FIELD" {
			t.Errorf("a person %q: %v", id, err)
		}
	}
	_, err := c.IssueToken(t.Context(), access.Token{ID: "hub", Role: gongxin.RoleOperator, Created: today, Expires: today.AddDate(0, 0, 1)})
	if gongxin.CodeOf(err) != "TOKEN_FIELD" {
		t.Errorf("a token of the hub: %v", err)
	}
}

func FuzzCertificateHash(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		hash, err := CertificateHash(text)
		if (err == nil) == (hash == [32]byte{}) || err != nil && gongxin.CodeOf(err) != "CERTIFICATE_FORMAT" {
			t.Errorf("hash %x with %v", hash, err)
		}
	})
}

func FuzzPeriod(f *testing.F) {
	f.Add("2017-03-01", "2017-03-31")
	f.Add("", "2017-03-31")
	f.Add("0000-00-00", "x")
	f.Fuzz(func(t *testing.T, from, to string) {
		first, before, err := Period{from, to}.bounds(gongxin.DayOf(today))
		if err != nil && gongxin.CodeOf(err) != "QUERY_PARAMETER" {
			t.Errorf("%q to %q: %v", from, to, err)
		}
		if err == nil && (first.IsZero() || before.IsZero()) {
			t.Errorf("%q to %q: from %v before %v", from, to, first, before)
		}
	})
}

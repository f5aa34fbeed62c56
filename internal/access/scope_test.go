package access

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// A small Jiangsu: Suzhou's basic courts under its intermediate court or in their
// district, one of the railway without a place in the codes, and another city.
var jiangsu = []Organisation{
	{ID: "js", Kind: OrgProvince, Name: "江苏省"},
	{ID: "js.centre", Parent: "js", Kind: OrgCentre, Name: "省公共信用信息中心"},
	{ID: "js.credit", Parent: "js", Kind: OrgDepartment, Name: "省信用办"},
	{ID: "high", Parent: "js", Kind: OrgCourt, Name: "江苏省高级人民法院", Court: gongxin.MustCourtCode("苏")},
	{ID: "sz", Parent: "js", Kind: OrgCity, Name: "苏州市"},
	{ID: "sz.credit", Parent: "sz", Kind: OrgDepartment, Name: "苏州市信用办"},
	{ID: "sz.court", Parent: "sz", Kind: OrgCourt, Name: "苏州市中级人民法院", Court: gongxin.MustCourtCode("苏05")},
	{ID: "huqiu", Parent: "sz.court", Kind: OrgCourt, Name: "苏州市虎丘区人民法院", Court: huqiu},
	{ID: "park", Parent: "sz", Kind: OrgCourt, Name: "苏州工业园区人民法院", Court: gongxin.MustCourtCode("苏0591")},
	{ID: "ks", Parent: "sz", Kind: OrgDistrict, Name: "昆山市"},
	{ID: "ks.credit", Parent: "ks", Kind: OrgDepartment, Name: "昆山市信用办"},
	{ID: "ks.court", Parent: "ks", Kind: OrgCourt, Name: "昆山市人民法院", Court: gongxin.MustCourtCode("苏0583")},
	{ID: "nj", Parent: "js", Kind: OrgCity, Name: "南京市"},
	{ID: "nj.court", Parent: "nj", Kind: OrgCourt, Name: "南京市中级人民法院", Court: gongxin.MustCourtCode("苏01")},
	{ID: "railway", Parent: "nj.court", Kind: OrgCourt, Name: "南京铁路运输法院", Court: gongxin.MustCourtCode("苏8602")},
}

func TestTheNextHigherCourt(t *testing.T) {
	tree := NewTree(jiangsu)
	for court, want := range map[string]string{
		"苏": "", "苏05": "苏", "苏01": "苏", "苏0505": "苏05", "苏0591": "苏05", "苏0583": "苏05", "苏8602": "苏01", "苏0506": "", "最高法": "",
	} {
		got, ok := tree.Superior(gongxin.MustCourtCode(court))
		if got.String() != want || ok != (want != "") {
			t.Errorf("above %s is %q, %v, want %q", court, got, ok, want)
		}
	}
	two := append(slices.Clone(jiangsu), Organisation{ID: "sz.other", Parent: "sz", Kind: OrgCourt, Name: "又一中院", Court: gongxin.MustCourtCode("苏06")})
	if got, ok := NewTree(two).Superior(gongxin.MustCourtCode("苏0583")); ok {
		t.Errorf("of two intermediate courts in one city %s was chosen", got)
	}
}

func TestWhoSeesWhichCourtsListings(t *testing.T) {
	tree := NewTree(jiangsu)
	person := func(role gongxin.Role, org string) Caller {
		o, _ := tree.Organisation(org)
		return Caller{Actor: gongxin.Actor{ID: "p", Role: role, Court: o.Court, Organisation: o.Name}, Organisation: o}
	}
	token := func(role gongxin.Role, court, organisation string) Caller {
		a := gongxin.Actor{ID: "t", Role: role, Organisation: organisation}
		if court != "" {
			a.Court = gongxin.MustCourtCode(court)
		}
		return Caller{Actor: a, Token: Token{ID: "t", Role: role}}
	}
	const everywhere = "苏 苏01 苏05 苏0505 苏0583 苏0591 苏8602"
	for _, tt := range []struct {
		name string
		c    Caller
		want string // codes, or "all"
	}{
		{"a clerk", person(gongxin.RoleClerk, "huqiu"), "苏0505"},
		{"a judge of an intermediate court", person(gongxin.RoleJudge, "sz.court"), "苏05"},
		{"a judge by token of a court that the tree does not know", token(gongxin.RoleJudge, "苏0506", ""), "苏0506"},
		{"a judge of no court", token(gongxin.RoleJudge, "", ""), ""},
		{"an intermediate court as the higher", person(gongxin.RoleHigherCourt, "sz.court"), "苏05 苏0505 苏0583 苏0591"},
		{"another", person(gongxin.RoleHigherCourt, "nj.court"), "苏01 苏8602"},
		{"the high court", person(gongxin.RoleHigherCourt, "high"), everywhere},
		{"a basic court as the higher", person(gongxin.RoleHigherCourt, "huqiu"), "苏0505"},
		{"a higher court's judge of no court", token(gongxin.RoleHigherCourt, "", ""), ""},
		{"a court's system", token(gongxin.RoleCourtSystem, "苏0505", ""), "苏0505"},
		{"the system for all courts", token(gongxin.RoleCourtSystem, "", ""), "all"},
		{"the centre", person(gongxin.RoleOperator, "js.centre"), "all"},
		{"an auditor", person(gongxin.RoleAuditor, "ks.credit"), "all"},
		{"the hub", Caller{Actor: gongxin.Actor{ID: "hub", Role: gongxin.RoleHub}}, "all"},
		{"the province's supervisor", person(gongxin.RoleSupervisor, "js.credit"), everywhere},
		{"of the province itself", person(gongxin.RoleSupervisor, "js"), everywhere},
		{"a city's supervisor", person(gongxin.RoleSupervisor, "sz.credit"), "苏05 苏0505 苏0583 苏0591"},
		{"of the city itself", person(gongxin.RoleSupervisor, "sz"), "苏05 苏0505 苏0583 苏0591"},
		{"by token", token(gongxin.RoleSupervisor, "", "苏州市信用办"), "苏05 苏0505 苏0583 苏0591"},
		{"a district's supervisor", person(gongxin.RoleSupervisor, "ks.credit"), "苏0583"},
		{"a supervisor of a body that is not there", token(gongxin.RoleSupervisor, "", "某办"), ""},
		{"a supervisor of a court", person(gongxin.RoleSupervisor, "huqiu"), ""},
		{"a department's system", token(gongxin.RoleDepartment, "", "铁路部门"), ""},
		{"an officer", person(gongxin.RoleOfficer, "sz.credit"), ""},
		{"the person concerned", Caller{Actor: SubjectActor(gongxin.ListingID{1})}, ""},
		{"nobody", Caller{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			codes, all := tree.Courts(tt.c)
			var got []string
			for _, c := range codes {
				got = append(got, c.String())
			}
			if all {
				got = append(got, "all")
			}
			if strings.Join(got, " ") != tt.want || all != (codes == nil) {
				t.Errorf("sees %v, %v, want %s", codes, all, tt.want)
			}
			for _, code := range []string{"苏", "苏01", "苏05", "苏0505", "苏0583", "苏0591", "苏8602", "苏0506"} {
				if want := all || slices.Contains(got, code); tree.Sees(tt.c, gongxin.MustCourtCode(code)) != want {
					t.Errorf("sees %s: %v, want %v", code, !want, want)
				}
			}
			if tree.Sees(tt.c, gongxin.CourtCode{}) != all { // of older cases whose court is not known by code
				t.Errorf("sees listings of a court without a code: %v, want %v", !all, all)
			}
		})
	}
}

func TestAMistakeInTheTreeShowsNobodyMore(t *testing.T) {
	two := append(slices.Clone(jiangsu), Organisation{ID: "other", Parent: "js", Kind: OrgDepartment, Name: "苏州市信用办"})
	for _, tt := range []struct {
		name string
		all  []Organisation
		c    Caller
	}{
		{"in a ring", []Organisation{
			{ID: "a", Parent: "b", Kind: OrgCity}, {ID: "b", Parent: "a", Kind: OrgCity},
			{ID: "court", Parent: "a", Kind: OrgCourt, Court: huqiu},
		}, Caller{Actor: gongxin.Actor{Role: gongxin.RoleSupervisor}, Organisation: Organisation{ID: "a"}}},
		{"a parent that is not there", []Organisation{
			{ID: "a", Parent: "gone", Kind: OrgCity}, {ID: "court", Parent: "a", Kind: OrgCourt, Court: huqiu},
		}, Caller{Actor: gongxin.Actor{Role: gongxin.RoleSupervisor}, Organisation: Organisation{ID: "a"}}},
		{"two of one name", two, Caller{Actor: gongxin.Actor{Role: gongxin.RoleSupervisor, Organisation: "苏州市信用办"}}},
		{"courts in a ring", []Organisation{
			{ID: "a", Parent: "b", Kind: OrgCourt, Court: suzhou}, {ID: "b", Parent: "a", Kind: OrgCourt, Court: huqiu},
		}, Caller{Actor: gongxin.Actor{Role: gongxin.RoleHigherCourt, Court: suzhou}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if NewTree(tt.all).Sees(tt.c, huqiu) {
				t.Error("sees the court")
			}
		})
	}
}

// checkField holds err against an error of code whose first argument is field; "" for none.
func checkField(t *testing.T, err error, code, field string) {
	t.Helper()
	var e *gongxin.Error
	switch {
	case field == "" && err != nil:
		t.Errorf("got %v, want none", err)
	case field != "" && (!errors.As(err, &e) || e.Code != code || e.Args[0] != field):
		t.Errorf("got %v, want %s for %s", err, code, field)
	}
}

func TestAnOrganisationHasItsPlace(t *testing.T) {
	tree := NewTree(jiangsu)
	for _, o := range jiangsu {
		if err := tree.CheckOrganisation(o); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
	for _, tt := range []struct {
		name string
		o    Organisation
		want string // field
	}{
		{"a new department", Organisation{ID: "new", Parent: "sz", Kind: OrgDepartment, Name: "苏州市某局"}, ""},
		{"a new court", Organisation{ID: "new", Parent: "sz.court", Kind: OrgCourt, Name: "苏州市某区人民法院", Court: gongxin.MustCourtCode("苏0506")}, ""},
		{"without an id", Organisation{Parent: "sz", Kind: OrgDepartment, Name: "某局"}, "id"},
		{"without a name", Organisation{ID: "new", Parent: "sz", Kind: OrgDepartment}, "name"},
		{"of no kind", Organisation{ID: "new", Parent: "sz", Name: "某局"}, "kind"},
		{"under nothing", Organisation{ID: "new", Kind: OrgDepartment, Name: "某局"}, "parent"},
		{"under what is not there", Organisation{ID: "new", Parent: "gone", Kind: OrgDepartment, Name: "某局"}, "parent"},
		{"under a department", Organisation{ID: "new", Parent: "sz.credit", Kind: OrgDepartment, Name: "某局"}, "parent"},
		{"a department under a court", Organisation{ID: "new", Parent: "sz.court", Kind: OrgDepartment, Name: "某局"}, "parent"},
		{"a province in a province", Organisation{ID: "new", Parent: "js", Kind: OrgProvince, Name: "某省"}, "parent"},
		{"a court under itself", Organisation{ID: "sz.court", Parent: "huqiu", Kind: OrgCourt, Name: "苏州市中级人民法院", Court: suzhou}, "parent"},
		{"a city under its district", Organisation{ID: "sz", Parent: "ks", Kind: OrgCity, Name: "苏州市"}, "parent"},
		{"a court without a code", Organisation{ID: "new", Parent: "sz", Kind: OrgCourt, Name: "某法院"}, "court"},
		{"a court with another's code", Organisation{ID: "new", Parent: "sz", Kind: OrgCourt, Name: "某法院", Court: huqiu}, "court"},
		{"a department with a code", Organisation{ID: "new", Parent: "sz", Kind: OrgDepartment, Name: "某局", Court: gongxin.MustCourtCode("苏0506")}, "court"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkField(t, tree.CheckOrganisation(tt.o), "ORGANISATION_FIELD", tt.want)
		})
	}
}

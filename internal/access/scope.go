package access

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gongxin"
)

// A Tree holds the organisations of a province and says who sees which courts'
// listings (4.1). It does not change once made.
//
//	江苏 province
//	├─ 江苏高院 苏                     sees, as higher court, every court below it
//	├─ 省信用办 its supervisors        see every court of the province
//	└─ 苏州 city
//	   ├─ 苏州中院 苏05                sees the courts of its city
//	   │  └─ 虎丘法院 苏0505           sees itself
//	   ├─ 苏州市信用办                 its supervisors see 苏05 and what is below it
//	   └─ 昆山 district
//	      └─ 昆山法院 苏0583           may stand in its district as well
type Tree struct {
	all     map[string]Organisation
	courts  map[gongxin.CourtCode]string // ID
	named   map[string][]string          // name → IDs
	leading map[string][]string          // ID → the IDs from it up to the root; nothing if the way leads nowhere
	higher  map[gongxin.CourtCode]gongxin.CourtCode
}

// NewTree makes a tree of all organisations. One whose parent is not there, or that
// stands below itself, belongs to no subtree: a mistake in the data shows nobody more.
func NewTree(all []Organisation) Tree {
	t := Tree{
		all: map[string]Organisation{}, courts: map[gongxin.CourtCode]string{}, named: map[string][]string{},
		leading: map[string][]string{}, higher: map[gongxin.CourtCode]gongxin.CourtCode{},
	}
	for _, o := range all {
		t.all[o.ID] = o
	}
	for id, o := range t.all {
		if o.Kind == OrgCourt && !o.Court.IsZero() {
			t.courts[o.Court] = id
		}
		t.named[o.Name] = append(t.named[o.Name], id)
		t.leading[id] = t.way(o)
	}
	for court := range t.courts {
		if superior := t.next(court); !superior.IsZero() {
			t.higher[court] = superior
		}
	}
	return t
}

// way lists the IDs from o up to the root.
func (t Tree) way(o Organisation) []string {
	ids := []string{o.ID}
	for o.Parent != "" {
		parent, ok := t.all[o.Parent]
		if !ok || slices.Contains(ids, parent.ID) {
			return nil
		}
		o = parent
		ids = append(ids, o.ID)
	}
	return ids
}

// Organisation returns the one with that ID.
func (t Tree) Organisation(id string) (o Organisation, ok bool) {
	o, ok = t.all[id]
	return o, ok
}

// within tells whether id is top or stands somewhere below it.
func (t Tree) within(id, top string) bool { return slices.Contains(t.leading[id], top) }

// Superior returns the next higher court, to which reconsiderations go (2.3): the
// court under which this one stands; for a court that stands under an area, such as a
// city's intermediate court, the one of a higher level, as its code tells, in the
// same area or in the nearest around it.
func (t Tree) Superior(court gongxin.CourtCode) (superior gongxin.CourtCode, ok bool) {
	superior, ok = t.higher[court]
	return superior, ok
}

// next is what Superior says; zero if the tree does not tell.
func (t Tree) next(court gongxin.CourtCode) gongxin.CourtCode {
	way := t.leading[t.courts[court]]
	for _, id := range way[min(1, len(way)):] {
		if o := t.all[id]; o.Kind == OrgCourt {
			return o.Court
		}
		switch found := t.above(court, id); len(found) {
		case 0:
		case 1:
			return found[0]
		default: // which of them, nobody can know
			return gongxin.CourtCode{}
		}
	}
	return gongxin.CourtCode{}
}

// above returns the courts directly under area that are of the next higher level than court.
func (t Tree) above(court gongxin.CourtCode, area string) (found []gongxin.CourtCode) {
	next := 0
	for code, id := range t.courts {
		switch n := level(code); {
		case t.all[id].Parent != area || n >= level(court) || n < next:
		case n == next:
			found = append(found, code)
		default:
			next, found = n, []gongxin.CourtCode{code}
		}
	}
	return found
}

// level is the length of a court's code, which grows downwards: 苏, 苏05, 苏0505
// (法〔2015〕137号, article 5).
func level(court gongxin.CourtCode) int { return utf8.RuneCountInString(court.String()) }

// below tells whether lower is a court under higher, at whatever distance.
func (t Tree) below(lower, higher gongxin.CourtCode) bool {
	for range t.courts { // a way upwards is no longer than that
		superior, ok := t.higher[lower]
		if !ok || superior == higher {
			return ok
		}
		lower = superior
	}
	return false
}

// Sees tells whether c may see listings of court. Clerks, judges and courts' systems
// see their own court's; a higher court those of the courts below it too; supervisors
// those of the courts in the area that their body is of; the centre and auditors all.
// Departments see listings through the feed alone, and the person concerned sees
// one: Actor.Listing says which.
func (t Tree) Sees(c Caller, court gongxin.CourtCode) bool {
	if court.IsZero() {
		return t.everything(c.Actor)
	}
	switch a := c.Actor; a.Role {
	case gongxin.RoleClerk, gongxin.RoleJudge:
		return a.Court == court
	case gongxin.RoleHigherCourt:
		return !a.Court.IsZero() && (a.Court == court || t.below(court, a.Court))
	case gongxin.RoleSupervisor:
		area, ok := t.area(c)
		return ok && t.within(t.courts[court], area)
	case gongxin.RoleCourtSystem:
		return a.ActsFor(court)
	}
	return t.everything(c.Actor)
}

// everything tells whether a sees the listings of every court, also of one that the
// tree does not know.
func (t Tree) everything(a gongxin.Actor) bool {
	switch a.Role {
	case gongxin.RoleOperator, gongxin.RoleAuditor, gongxin.RoleHub:
		return true
	case gongxin.RoleCourtSystem:
		return a.Court.IsZero()
	}
	return false
}

// area returns the ID of the area that a supervisor's body is of: the body itself if
// it is a province, city or district, else what it stands under. A token names the
// body; if several have that name, it is of none.
func (t Tree) area(c Caller) (id string, ok bool) {
	id = c.Organisation.ID
	if ids := t.named[c.Actor.Organisation]; id == "" && len(ids) == 1 {
		id = ids[0]
	}
	o, ok := t.all[id]
	if ok && !isArea(o.Kind) {
		o, ok = t.all[o.Parent]
	}
	return o.ID, ok && isArea(o.Kind)
}

func isArea(k OrgKind) bool { return k == OrgProvince || k == OrgCity || k == OrgDistrict }

// Courts lists the courts whose listings c may see, by their code; all is true, and
// codes nil, if every court's. A court is seen by its own people even if the tree
// does not know it.
func (t Tree) Courts(c Caller) (codes []gongxin.CourtCode, all bool) {
	if t.everything(c.Actor) {
		return nil, true
	}
	known := slices.Collect(maps.Keys(t.courts))
	if own := c.Actor.Court; !own.IsZero() && !slices.Contains(known, own) {
		known = append(known, own)
	}
	codes = []gongxin.CourtCode{} // not nil, which a store could take for all
	for _, code := range known {
		if t.Sees(c, code) {
			codes = append(codes, code)
		}
	}
	slices.SortFunc(codes, func(a, b gongxin.CourtCode) int { return strings.Compare(a.String(), b.String()) })
	return codes, false
}

// CheckOrganisation tells whether o may stand in t, new or in place of the one with
// its ID. Error: ORGANISATION_FIELD naming what is wrong.
func (t Tree) CheckOrganisation(o Organisation) error {
	wrong := func(field string) error { return gongxin.Invalid("ORGANISATION_FIELD", field, o.ID) }
	parent, known := t.all[o.Parent]
	holder, taken := t.courts[o.Court]
	switch {
	case o.ID == "":
		return wrong("id")
	case o.Name == "":
		return wrong("name")
	case !slices.Contains([]OrgKind{OrgProvince, OrgCity, OrgDistrict, OrgCentre, OrgCourt, OrgDepartment}, o.Kind):
		return wrong("kind")
	case (o.Kind == OrgProvince) != (o.Parent == ""), o.Parent != "" && !known,
		known && !isArea(parent.Kind) && (parent.Kind != OrgCourt || o.Kind != OrgCourt), // under an area, or a court under a court
		known && t.within(o.Parent, o.ID):                                                // below itself
		return wrong("parent")
	case (o.Kind == OrgCourt) == o.Court.IsZero(), taken && !o.Court.IsZero() && holder != o.ID:
		return wrong("court")
	}
	return nil
}

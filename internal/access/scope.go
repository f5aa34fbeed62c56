package access

import "gongxin"

// A Tree holds the organisations of a province and says who sees which courts'
// listings (4.1). It does not change once made.
type Tree struct{}

// NewTree makes a tree of all organisations. One whose parent is not there, or that
// stands below itself, belongs to no subtree.
func NewTree(all []Organisation) Tree { panic("to come") }

// Organisation returns the one with that ID.
func (t Tree) Organisation(id string) (o Organisation, ok bool) { panic("to come") }

// Superior returns the next higher court, to which reconsiderations go (2.3).
func (t Tree) Superior(court gongxin.CourtCode) (superior gongxin.CourtCode, ok bool) {
	panic("to come")
}

// Sees tells whether c may see listings of court.
func (t Tree) Sees(c Caller, court gongxin.CourtCode) bool { panic("to come") }

// Courts lists the courts whose listings c may see, by their code; all is true, and
// codes nil, if every court's.
func (t Tree) Courts(c Caller) (codes []gongxin.CourtCode, all bool) { panic("to come") }

// CheckOrganisation tells whether o may stand in t, new or in place of the one with
// its ID. Error: ORGANISATION_FIELD naming what is wrong.
func (t Tree) CheckOrganisation(o Organisation) error { panic("to come") }

// CheckPerson tells whether p, a member of org, may be: each role fits the kind of
// organisation. Error: PERSON_FIELD naming what is wrong.
func CheckPerson(p Person, org Organisation) error { panic("to come") }

// ActorFor is who p acts as in operation: in the first of their roles, in their
// order, that the matrix allows and that fits org. ok is false if there is none.
func ActorFor(p Person, org Organisation, operation string) (a gongxin.Actor, ok bool) {
	panic("to come")
}

// SubjectActor is the person concerned, towards listing alone.
func SubjectActor(listing gongxin.ListingID) gongxin.Actor {
	return gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: listing}
}

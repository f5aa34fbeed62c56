package access

import (
	"slices"

	"gongxin"
)

// fits tells whether somebody of org can hold role.
func fits(role gongxin.Role, org Organisation) bool {
	switch role {
	case gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleHigherCourt:
		return org.Kind == OrgCourt && !org.Court.IsZero()
	case gongxin.RoleOfficer:
		return org.Kind == OrgDepartment
	case gongxin.RoleOperator:
		return org.Kind == OrgCentre
	case gongxin.RoleSupervisor:
		return org.Kind != OrgCourt && org.ID != "" // who oversees courts is of none
	case gongxin.RoleAuditor:
		return org.ID != ""
	}
	return false // systems' roles, and those that nobody signs in with
}

// CheckPerson tells whether p, a member of org, may be: each role fits the kind of
// organisation. Error: PERSON_FIELD naming what is wrong.
func CheckPerson(p Person, org Organisation) error {
	wrong := func(field string) error { return gongxin.Invalid("PERSON_FIELD", field, p.ID) }
	switch {
	case p.ID == "":
		return wrong("id")
	case p.Name == "":
		return wrong("name")
	case p.Organisation == "" || p.Organisation != org.ID:
		return wrong("organisation")
	case len(p.Roles) == 0, slices.ContainsFunc(p.Roles, func(r gongxin.Role) bool { return !fits(r, org) }):
		return wrong("roles")
	case (p.Issuer == "") != (p.Subject == ""):
		return wrong("subject")
	}
	return nil
}

// ActorFor is who p, a member of org, acts as in operation: in the first of their
// roles, in their order, that the matrix allows and that fits org. ok is false if
// there is none. Several roles do not add up: of each act the ledger says in which
// one it was done (2.5).
func ActorFor(p Person, org Organisation, operation string) (a gongxin.Actor, ok bool) {
	if p.Organisation != org.ID || !p.Disabled.IsZero() {
		return gongxin.Actor{}, false
	}
	for _, role := range p.Roles {
		if Allowed(operation, role) && fits(role, org) {
			a = gongxin.Actor{ID: p.ID, Role: role, Organisation: org.Name}
			if ofCourts(role) {
				a.Court = org.Court
			}
			return a, true
		}
	}
	return gongxin.Actor{}, false
}

// SubjectActor is the person concerned, towards listing alone.
func SubjectActor(listing gongxin.ListingID) gongxin.Actor {
	return gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: listing}
}

package gongxin

// A Role is what an actor may be towards the register. Which role may do what
// stands in package access, and in the transition table for changes of a listing.
type Role string

// The roles. A person may hold several; each act is done in one.
const (
	RoleClerk       Role = "clerk"        // of a court
	RoleJudge       Role = "judge"        // of a court
	RoleHigherCourt Role = "higher_court" // judge of a court who decides on reconsiderations from the courts below it
	RoleCourtSystem Role = "court_system" // a court's own system, which submits what its judges decided
	RoleOperator    Role = "operator"     // of the provincial centre
	RoleDepartment  Role = "department"   // a department's system: its gate
	RoleOfficer     Role = "officer"      // of a department
	RoleSupervisor  Role = "supervisor"   // of the body that oversees courts and departments of a province, city or district
	RoleAuditor     Role = "auditor"      // reads everything that is recorded, changes nothing
	RoleSubject     Role = "subject"      // the person concerned, by an access code, towards one listing alone
	RoleHub         Role = "hub"          // the hub's own jobs, such as expiry
)

// Roles are all roles that somebody can act in.
var Roles = []Role{RoleClerk, RoleJudge, RoleHigherCourt, RoleCourtSystem, RoleOperator, RoleDepartment, RoleOfficer, RoleSupervisor, RoleAuditor, RoleSubject}

// An Actor is who acts: recorded with every event (2.5), in the court body alone.
type Actor struct {
	ID           string // stable name, such as "clerk.wang@苏0505" or "hub"
	Role         Role
	Court        CourtCode // courts' actors; zero for a submitter for all courts of the province (the high court's centre)
	Organisation string    // name of the department or body, for receipts and reports
	Listing      ListingID // the one listing that a subject acts towards; zero for others, never recorded
}

// ActsFor tells whether a speaks for court: it is of that court, or submits for
// all courts of the province.
func (a Actor) ActsFor(court CourtCode) bool {
	switch a.Role {
	case RoleClerk, RoleJudge:
		return !court.IsZero() && a.Court == court
	case RoleCourtSystem:
		return a.Court.IsZero() || a.Court == court
	}
	return false
}

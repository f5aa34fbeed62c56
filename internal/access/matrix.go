package access

import (
	"slices"

	"gongxin"
)

// An entry of the matrix: one operation of the hub and who may use it.
type entry struct {
	operation string
	public    bool // no token needed
	roles     []gongxin.Role
}

var (
	court   = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem}
	decides = []gongxin.Role{gongxin.RoleJudge, gongxin.RoleCourtSystem} // 2.1: a judge, or the system that submits what judges decided
	judges  = []gongxin.Role{gongxin.RoleJudge}
	drafts  = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}
	higher  = []gongxin.Role{gongxin.RoleHigherCourt}
	bench   = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleHigherCourt} // people of courts

	gates   = []gongxin.Role{gongxin.RoleDepartment}
	bureau  = []gongxin.Role{gongxin.RoleDepartment, gongxin.RoleOfficer}
	centre  = []gongxin.Role{gongxin.RoleOperator}
	subject = []gongxin.Role{gongxin.RoleSubject}

	people = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleHigherCourt, gongxin.RoleOperator,
		gongxin.RoleOfficer, gongxin.RoleSupervisor, gongxin.RoleAuditor}
	watchers  = []gongxin.Role{gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor}
	overseers = with(court, gongxin.RoleHigherCourt, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor) // 2.4: a court sees whether its withdrawal has arrived
	boards    = with(bench, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor)
)

func with(roles []gongxin.Role, more ...gongxin.Role) []gongxin.Role {
	return append(slices.Clone(roles), more...)
}

// The matrix. An operation that is not here is allowed to nobody, so a new route
// stays shut until it has its line. Towards which listings a role may use an
// operation, scope.go says.
var matrix = []entry{
	// The log as files holds commitments only; the page, counts and masked public listings.
	{operation: "feed-static", public: true},
	{operation: "status-page", public: true},

	// Signing in, and what everyone may do about their own access.
	{operation: "sign-in", public: true},
	{operation: "sign-in-page", public: true},
	{operation: "oidc-start", public: true},
	{operation: "oidc-return", public: true},
	{operation: "subject-sign-in", public: true}, // with an access code
	{operation: "session-read", roles: with(people, gongxin.RoleSubject)},
	{operation: "session-end", roles: with(people, gongxin.RoleSubject)},
	{operation: "password-change", roles: people},
	{operation: "second-factor-enrol", roles: people},
	{operation: "token-rotation", roles: with(people, gongxin.RoleCourtSystem, gongxin.RoleDepartment)},

	// Steps of a listing, in the order of its life.
	{operation: "intake-submit", roles: decides},
	{operation: "listing-notice", roles: court},
	{operation: "listing-notice-service", roles: court},
	{operation: "listing-initiation", roles: court},
	{operation: "listing-draft", roles: drafts},
	{operation: "listing-draft-return", roles: judges},
	{operation: "listing-drop", roles: judges},
	{operation: "listing-decision", roles: judges}, // 2.1: a second person; a system cannot show who
	{operation: "listing-decision-service", roles: court},
	{operation: "listing-publication", roles: court},
	{operation: "listing-correction", roles: decides},
	{operation: "listing-suspension", roles: decides},
	{operation: "listing-suspension-end", roles: decides},
	{operation: "listing-extension", roles: decides},
	{operation: "listing-round-closure", roles: court},
	{operation: "listing-check", roles: court},
	{operation: "listing-ground", roles: court},
	{operation: "listing-withdrawal", roles: decides},
	{operation: "listing-revocation", roles: decides},
	{operation: "listing-employer-notice", roles: court},

	// What the person concerned, and departments, may ask; and the answers (2.3, 2.4, 2.4.1).
	{operation: "listing-objection", roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleSubject}},
	{operation: "listing-review", roles: judges},
	{operation: "listing-rejection-service", roles: court},
	{operation: "listing-reconsideration", roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleHigherCourt, gongxin.RoleSubject}},
	{operation: "listing-reconsideration-decision", roles: higher},
	{operation: "listing-request", roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleSubject}},
	{operation: "listing-answer", roles: judges},
	{operation: "listing-proposal", roles: bureau},
	{operation: "listing-proposal-answer", roles: judges},
	{operation: "evidence-add", roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleSubject}},
	{operation: "evidence-read", roles: with(bench, gongxin.RoleSubject)},
	{operation: "subject-listing", roles: subject},

	// Reading. A full identifier is given for a stated purpose alone, which is kept.
	{operation: "listing-read", roles: overseers},
	{operation: "listing-deliveries", roles: boards}, // 2.4: whether a withdrawal has arrived, where and when
	{operation: "listing-at", roles: boards},
	{operation: "listing-proof", roles: bench}, // it holds what the court knows of the listing
	{operation: "listing-full", roles: bench},
	{operation: "listing-search", roles: with(bench, gongxin.RoleOperator)},
	{operation: "documents-list", roles: with(bench, gongxin.RoleAuditor, gongxin.RoleSubject)},
	{operation: "document-read", roles: with(bench, gongxin.RoleAuditor, gongxin.RoleSubject)},
	{operation: "document-print", roles: drafts},
	{operation: "template-read", roles: with(drafts, gongxin.RoleOperator)},
	{operation: "template-write", roles: judges},

	// What is due, what has lapsed (2.5).
	{operation: "board-read", roles: boards},
	{operation: "board-page", roles: boards},
	{operation: "escalations-read", roles: boards},
	{operation: "escalation-acknowledge", roles: []gongxin.Role{gongxin.RoleJudge, gongxin.RoleHigherCourt, gongxin.RoleSupervisor}},

	// Batches that are held for a second person.
	{operation: "batches-read", roles: with(decides, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor)},
	{operation: "batch-approval", roles: []gongxin.Role{gongxin.RoleJudge, gongxin.RoleOperator}},
	{operation: "batch-refusal", roles: []gongxin.Role{gongxin.RoleJudge, gongxin.RoleOperator}},

	// The feed carries full identifiers: departments' systems alone (2.2).
	{operation: "feed-changes", roles: gates},
	{operation: "feed-snapshot", roles: gates},
	{operation: "receipts", roles: gates},
	{operation: "outcomes", roles: gates},
	{operation: "packages-list", roles: with(bureau, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor)},
	{operation: "package-fetch", roles: gates},
	{operation: "package-receipt", roles: with(gates, gongxin.RoleOperator)},
	{operation: "gates-status", roles: overseers},
	{operation: "gate-key-reset", roles: centre},
	{operation: "deliveries-read", roles: watchers},

	// Reviews of a restriction by the department (3.12), and measures kept on (3.13).
	{operation: "restriction-review", roles: with(bureau, gongxin.RoleSubject)},
	{operation: "restriction-review-answer", roles: bureau},
	{operation: "restriction-reviews-read", roles: with(bureau, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor)},
	{operation: "kept-measure", roles: bureau},
	{operation: "kept-measures-read", roles: with(bureau, gongxin.RoleOperator, gongxin.RoleSupervisor, gongxin.RoleAuditor)},

	// The centre: organisations, people, tokens, and the records of access.
	{operation: "organisations-read", roles: watchers},
	{operation: "organisation-write", roles: centre},
	{operation: "people-read", roles: watchers},
	{operation: "person-write", roles: centre},
	{operation: "tokens-manage", roles: centre},
	{operation: "access-log", roles: []gongxin.Role{gongxin.RoleSupervisor, gongxin.RoleAuditor}},
	{operation: "refusals-log", roles: []gongxin.Role{gongxin.RoleOperator, gongxin.RoleAuditor}},
}

var byOperation = func() map[string]entry {
	m := make(map[string]entry, len(matrix))
	for _, e := range matrix {
		m[e.operation] = e
	}
	return m
}()

// Allowed tells whether an actor of role may use operation.
func Allowed(operation string, role gongxin.Role) bool {
	e := byOperation[operation]
	return e.public || slices.Contains(e.roles, role)
}

// Public tells whether operation needs no token.
func Public(operation string) bool { return byOperation[operation].public }

// Operations lists every operation that the matrix names, in its order, so that
// a test can hold the routes against it.
func Operations() []string {
	names := make([]string, len(matrix))
	for i, e := range matrix {
		names[i] = e.operation
	}
	return names
}

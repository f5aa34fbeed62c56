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
	court     = []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem}
	decides   = []gongxin.Role{gongxin.RoleJudge, gongxin.RoleCourtSystem} // 2.1: a judge, or the system that submits what judges decided
	gates     = []gongxin.Role{gongxin.RoleDepartment}
	centre    = []gongxin.Role{gongxin.RoleOperator}
	overseers = append(slices.Clone(court), gongxin.RoleOperator) // 2.4: a court sees whether its withdrawal has arrived
)

// The matrix. An operation that is not here is allowed to nobody, so a new route
// stays shut until it has its line.
var matrix = []entry{
	// The log as files holds commitments only; the page, counts and masked public listings.
	{operation: "feed-static", public: true},
	{operation: "status-page", public: true},

	{operation: "intake-submit", roles: decides},
	{operation: "listing-notice", roles: court},
	{operation: "listing-decision", roles: decides},
	{operation: "listing-publication", roles: court},
	{operation: "listing-correction", roles: decides},
	{operation: "listing-withdrawal", roles: decides},
	{operation: "listing-revocation", roles: decides},
	{operation: "listing-read", roles: overseers},

	// The feed carries full identifiers: departments alone (2.2).
	{operation: "feed-changes", roles: gates},
	{operation: "feed-snapshot", roles: gates},
	{operation: "receipts", roles: gates},
	{operation: "outcomes", roles: gates},
	{operation: "gates-status", roles: overseers},

	{operation: "tokens-manage", roles: centre},
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

package access

import (
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// One letter for each role, in the order of gongxin.Roles: clerk, judge, higher
// court, court system, operator, department, officer, supervisor, auditor, subject; y
// may, - may not. Written out by hand, so that a change of the matrix is seen twice.
var opens = map[string]string{
	"feed-static":  "yyyyyyyyyy",
	"status-page":  "yyyyyyyyyy",
	"sign-in":      "yyyyyyyyyy",
	"sign-in-page": "yyyyyyyyyy",
	"oidc-start":   "yyyyyyyyyy",
	"oidc-return":  "yyyyyyyyyy",

	"subject-sign-in":     "yyyyyyyyyy",
	"session-read":        "yyy-y-yyyy",
	"session-end":         "yyy-y-yyyy",
	"password-change":     "yyy-y-yyy-",
	"second-factor-enrol": "yyy-y-yyy-",
	"token-rotation":      "yyyyyyyyy-",

	"intake-submit":            "-y-y------",
	"listing-notice":           "yy-y------",
	"listing-notice-service":   "yy-y------",
	"listing-initiation":       "yy-y------",
	"listing-draft":            "yy--------",
	"listing-draft-return":     "-y--------",
	"listing-drop":             "-y--------",
	"listing-decision":         "-y--------",
	"listing-decision-service": "yy-y------",
	"listing-publication":      "yy-y------",
	"listing-correction":       "-y-y------",
	"listing-suspension":       "-y-y------",
	"listing-suspension-end":   "-y-y------",
	"listing-extension":        "-y-y------",
	"listing-round-closure":    "yy-y------",
	"listing-check":            "yy-y------",
	"listing-ground":           "yy-y------",
	"listing-withdrawal":       "-y-y------",
	"listing-revocation":       "-y-y------",
	"listing-employer-notice":  "yy-y------",

	"listing-objection":                "y--------y",
	"listing-review":                   "-y--------",
	"listing-rejection-service":        "yy-y------",
	"listing-reconsideration":          "y-y------y",
	"listing-reconsideration-decision": "--y-------",
	"listing-request":                  "y--------y",
	"listing-answer":                   "-y--------",
	"listing-proposal":                 "-----yy---",
	"listing-proposal-answer":          "-y--------",
	"evidence-add":                     "y--------y",
	"evidence-read":                    "yyy------y",
	"subject-listing":                  "---------y",

	"listing-read": "yyyyy--yy-",
	"listing-full": "yyy-------",

	"listing-deliveries": "yyy-y--yy-",
	"listing-at":         "yyy-y--yy-",
	"listing-proof":      "yyy-------",

	"listing-search": "yyy-y-----",
	"documents-list": "yyy-----yy",
	"document-read":  "yyy-----yy",
	"document-print": "yy--------",
	"template-read":  "yy--y-----",
	"template-write": "-y--------",

	"board-read":             "yyy-y--yy-",
	"board-page":             "yyy-y--yy-",
	"escalations-read":       "yyy-y--yy-",
	"escalation-acknowledge": "-yy----y--",

	"batches-read":   "-y-yy--yy-",
	"batch-approval": "-y--y-----",
	"batch-refusal":  "-y--y-----",

	"feed-changes":  "-----y----",
	"feed-snapshot": "-----y----",
	"receipts":      "-----y----",
	"outcomes":      "-----y----",
	"gates-status":  "yyyyy--yy-",

	"packages-list":   "----yyyyy-",
	"package-fetch":   "-----y----",
	"package-receipt": "----yy----",

	"gate-key-reset":  "----y-----",
	"deliveries-read": "----y--yy-",

	"restriction-review":        "-----yy--y",
	"restriction-review-answer": "-----yy---",
	"restriction-reviews-read":  "----yyyyy-",
	"kept-measure":              "-----yy---",
	"kept-measures-read":        "----yyyyy-",

	"organisations-read": "----y--yy-",
	"organisation-write": "----y-----",
	"people-read":        "----y--yy-",
	"person-write":       "----y-----",
	"tokens-manage":      "----y-----",
	"access-log":         "-------yy-",
	"refusals-log":       "----y---y-",
}

func TestTheMatrixOpensEachDoorToTheEntitledAlone(t *testing.T) {
	for _, operation := range Operations() {
		row, ok := opens[operation]
		if !ok {
			t.Errorf("this test does not know %s", operation)
			continue
		}
		for i, role := range gongxin.Roles {
			if got := Allowed(operation, role); got != (row[i] == 'y') {
				t.Errorf("%s by %s: %v, want %c", operation, role, got, row[i])
			}
		}
	}
	if len(opens) != len(Operations()) {
		t.Errorf("this test names %d operations, the matrix %d", len(opens), len(Operations()))
	}
	for _, role := range slices.Concat(gongxin.Roles, []gongxin.Role{gongxin.RoleHub, "", "root"}) {
		if Allowed("not-in-the-matrix", role) || Public("not-in-the-matrix") {
			t.Errorf("%q may use what is not in the matrix", role)
		}
	}
	for _, role := range []gongxin.Role{gongxin.RoleHub, "", "root"} { // nobody signs in as these
		for _, operation := range Operations() {
			if Allowed(operation, role) && !Public(operation) {
				t.Errorf("%q may use %s", role, operation)
			}
		}
	}
}

func TestNothingIsPublicButSigningInAndWhatIsPublished(t *testing.T) {
	want := []string{"feed-static", "status-page", "sign-in", "sign-in-page", "oidc-start", "oidc-return", "subject-sign-in"}
	for _, operation := range Operations() {
		if got := Public(operation); got != slices.Contains(want, operation) {
			t.Errorf("%s public: %v", operation, got)
		}
	}
}

func TestThePersonConcernedCanDoNothingButTheirOwn(t *testing.T) {
	want := []string{"session-read", "session-end", "listing-objection", "listing-reconsideration", "listing-request", "evidence-add", "evidence-read",
		"subject-listing", "documents-list", "document-read", "restriction-review"}
	for _, operation := range Operations() {
		if got := Allowed(operation, gongxin.RoleSubject) && !Public(operation); got != slices.Contains(want, operation) {
			t.Errorf("%s by the person concerned: %v", operation, got)
		}
	}
}

func TestAnAuditorReadsAndChangesNothingButTheirOwnAccess(t *testing.T) {
	own := []string{"session-end", "password-change", "second-factor-enrol", "token-rotation"}
	for _, operation := range Operations() {
		if !Allowed(operation, gongxin.RoleAuditor) || Public(operation) || slices.Contains(own, operation) {
			continue
		}
		if !strings.HasSuffix(operation, "-read") && !slices.Contains([]string{"documents-list", "packages-list", "board-page", "gates-status", "listing-deliveries", "listing-at", "access-log", "refusals-log"}, operation) {
			t.Errorf("an auditor may use %s, which may change something", operation)
		}
	}
}

func TestAnActActsInTheFirstRoleThatMay(t *testing.T) {
	court := Organisation{ID: "court", Kind: OrgCourt, Name: "苏州市虎丘区人民法院", Court: huqiu}
	department := Organisation{ID: "railway", Kind: OrgDepartment, Name: "铁路部门"}
	centre := Organisation{ID: "centre", Kind: OrgCentre, Name: "省公共信用信息中心"}
	for _, tt := range []struct {
		name      string
		roles     []gongxin.Role
		org       Organisation
		operation string
		want      gongxin.Role // "" if none
	}{
		{"a clerk serves a notice", []gongxin.Role{gongxin.RoleClerk}, court, "listing-notice", gongxin.RoleClerk},
		{"a clerk decides", []gongxin.Role{gongxin.RoleClerk}, court, "listing-decision", ""},
		{"a clerk who is a judge decides", []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}, court, "listing-decision", gongxin.RoleJudge},
		{"a clerk who is a judge drafts", []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}, court, "listing-draft", gongxin.RoleClerk},
		{"a judge who is a clerk drafts", []gongxin.Role{gongxin.RoleJudge, gongxin.RoleClerk}, court, "listing-draft", gongxin.RoleJudge},
		{"a judge of no court", []gongxin.Role{gongxin.RoleJudge}, department, "listing-decision", ""},
		{"an officer", []gongxin.Role{gongxin.RoleOfficer}, department, "listing-proposal", gongxin.RoleOfficer},
		{"an officer follows the feed", []gongxin.Role{gongxin.RoleOfficer}, department, "feed-changes", ""},
		{"somebody as a system", []gongxin.Role{gongxin.RoleDepartment}, department, "feed-changes", ""},
		{"somebody as the hub", []gongxin.Role{gongxin.RoleHub}, centre, "tokens-manage", ""},
		{"an operator", []gongxin.Role{gongxin.RoleOperator}, centre, "tokens-manage", gongxin.RoleOperator},
		{"an operator of a department", []gongxin.Role{gongxin.RoleOperator}, department, "tokens-manage", ""},
		{"a supervisor of a court", []gongxin.Role{gongxin.RoleSupervisor}, court, "board-read", ""},
		{"without roles", nil, court, "board-read", ""},
		{"in what is not in the matrix", []gongxin.Role{gongxin.RoleJudge}, court, "not-in-the-matrix", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Person{ID: "wang", Name: "王五", Organisation: tt.org.ID, Roles: tt.roles}
			a, ok := ActorFor(p, tt.org, tt.operation)
			want := gongxin.Actor{}
			if tt.want != "" {
				want = gongxin.Actor{ID: "wang", Role: tt.want, Court: tt.org.Court, Organisation: tt.org.Name}
			}
			if a != want || ok != (tt.want != "") {
				t.Errorf("acts as %+v, %v, want %+v", a, ok, want)
			}
			for _, change := range []func(*Person){
				func(p *Person) { p.Disabled = noon },
				func(p *Person) { p.Organisation = "elsewhere" },
			} {
				q := p
				change(&q)
				if a, ok := ActorFor(q, tt.org, tt.operation); ok {
					t.Errorf("disabled or of another organisation, acts as %+v", a)
				}
			}
		})
	}
	if a := SubjectActor(gongxin.ListingID{3}); a.Role != gongxin.RoleSubject || a.Listing != (gongxin.ListingID{3}) {
		t.Errorf("the person concerned acts as %+v", a)
	}
}

func TestRolesFitTheOrganisation(t *testing.T) {
	court := Organisation{ID: "court", Kind: OrgCourt, Court: huqiu}
	good := Person{ID: "wang", Name: "王五", Organisation: "court", Roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}}
	for _, tt := range []struct {
		name   string
		change func(*Person)
		org    Organisation
		want   string // field
	}{
		{"good", func(*Person) {}, court, ""},
		{"nobody", func(p *Person) { p.ID = "" }, court, "id"},
		{"without a name", func(p *Person) { p.Name = "" }, court, "name"},
		{"of nothing", func(p *Person) { p.Organisation = "" }, Organisation{}, "organisation"},
		{"of another", func(p *Person) { p.Organisation = "railway" }, court, "organisation"},
		{"without roles", func(p *Person) { p.Roles = nil }, court, "roles"},
		{"an officer of a court", func(p *Person) { p.Roles = append(p.Roles, gongxin.RoleOfficer) }, court, "roles"},
		{"a system", func(p *Person) { p.Roles = []gongxin.Role{gongxin.RoleCourtSystem} }, court, "roles"},
		{"the person concerned", func(p *Person) { p.Roles = []gongxin.Role{gongxin.RoleSubject} }, court, "roles"},
		{"an auditor", func(p *Person) { p.Roles = []gongxin.Role{gongxin.RoleAuditor} }, court, ""},
		{"half an identity", func(p *Person) { p.Subject = "id1" }, court, "subject"},
		{"an identity", func(p *Person) { p.Issuer, p.Subject = "https://sso.example", "id1" }, court, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := good
			tt.change(&p)
			checkField(t, CheckPerson(p, tt.org), "PERSON_FIELD", tt.want)
		})
	}
}

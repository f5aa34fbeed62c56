package hub

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// An endpoint is one route and the line of the matrix that guards it.
type endpoint struct {
	method, path, line string
	page               bool // answers people with pages instead of problems
}

// endpoints are all routes: those of huma as it describes them itself, the others
// as they stand in the code, where each has to be registered with the guard that
// names its line. What is registered in another way fails the test.
func endpoints(t *testing.T, c *centre) (all []endpoint) {
	t.Helper()
	var spec struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(c.want(200, "", "nobody", "GET", "/openapi.json", nil), &spec); err != nil {
		t.Fatal(err)
	}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			all = append(all, endpoint{method: strings.ToUpper(method), path: path, line: lineOf(op.OperationID)})
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if e, ok := routeOf(t, set.Position(call.Pos()).String(), call); ok {
					all = append(all, e)
				}
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b endpoint) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return all
}

// routeOf reads mux.Handle("METHOD /path", a.guard("line", …)).
func routeOf(t *testing.T, at string, call *ast.CallExpr) (e endpoint, ok bool) {
	of, name := selector(call)
	switch {
	case of == "huma" && slices.Contains([]string{"Get", "Post", "Put", "Delete", "Patch", "AutoRegister"}, name):
		t.Errorf("%s: huma.%s has no line in the matrix; use route", at, name)
	case of != "mux" || name != "Handle" && name != "HandleFunc":
		return e, false
	}
	pattern := literal(call.Args[0])
	guard, ok := call.Args[1].(*ast.CallExpr)
	if !ok {
		t.Errorf("%s: %s is not guarded", at, pattern)
		return e, false
	}
	by, kind := selector(guard)
	switch {
	case pattern == "/" && by == "web" && kind == "Handler":
		return endpoint{method: "GET", path: "/", line: "status-page", page: true}, true
	case by != "a" || kind != "guard" && kind != "page" || literal(guard.Args[0]) == "":
		t.Errorf("%s: %s is not guarded by a.guard or a.page with the name of its line", at, pattern)
		return e, false
	}
	method, path, _ := strings.Cut(pattern, " ")
	return endpoint{method: method, path: path, line: literal(guard.Args[0]), page: kind == "page"}, true
}

func selector(call *ast.CallExpr) (of, name string) {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, _ := s.X.(*ast.Ident)
	if x == nil {
		return "", s.Sel.Name
	}
	return x.Name, s.Sel.Name
}

func literal(e ast.Expr) string {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}

// A walker is somebody who tries every door.
type walker struct {
	name string
	role gongxin.Role // "" for nobody
	open func() string
}

// walkers are nobody, and every role by everything that proves it: a token where
// one is issued for the role, a session where people or the person concerned hold it.
func walkers(t *testing.T, c *centre, listing gongxin.ListingID) (all []walker) {
	t.Helper()
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	save := func(s access.Session) {
		if err := c.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveSession(ctx, s) }); err != nil {
			t.Fatal(err)
		}
	}
	all = append(all, walker{"nobody", "", func() string { return "" }})
	of := map[gongxin.Role]string{
		gongxin.RoleClerk: "court.苏0505", gongxin.RoleJudge: "court.苏0505", gongxin.RoleHigherCourt: "court.苏05", gongxin.RoleOperator: "centre",
		gongxin.RoleOfficer: "railway", gongxin.RoleSupervisor: "province", gongxin.RoleAuditor: "centre",
	}
	railway := access.Organisation{ID: "railway", Parent: "province", Kind: access.OrgDepartment, Name: "铁路部门"}
	if err := c.SaveOrganisation(t.Context(), railway); err != nil {
		t.Fatal(err)
	}
	for _, role := range gongxin.Roles {
		token := access.Token{ID: "token." + string(role), Role: role, Created: today, Expires: today.AddDate(0, 0, 1)}
		switch role {
		case gongxin.RoleClerk, gongxin.RoleJudge:
			token.Court = gongxin.MustCourtCode("苏0505")
		case gongxin.RoleDepartment:
			token.Gate, token.Organisation = "railway", railway.Name
		}
		if token.Check() == nil {
			c.issue(token.ID, token)
			all = append(all, walker{token.ID, role, func() string { return c.tokens[token.ID] }})
		}
		if org, ok := of[role]; ok {
			p, err := c.SavePerson(t.Context(), Membership{ID: "person." + string(role), Name: "某某", Organisation: org, Roles: []gongxin.Role{role}}, "")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, walker{p.ID, role, func() string {
				secret, s, err := access.NewSession(p, access.MethodOIDC, today, c.Random)
				if err != nil {
					t.Fatal(err)
				}
				save(s)
				return secret
			}})
		}
		if role == gongxin.RoleSubject {
			all = append(all, walker{"subject", role, func() string {
				secret, s, err := access.NewSubjectSession(listing, today, c.Random)
				if err != nil {
					t.Fatal(err)
				}
				save(s)
				return secret
			}})
		}
	}
	for _, role := range gongxin.Roles {
		if !slices.ContainsFunc(all, func(w walker) bool { return w.role == role }) {
			t.Errorf("nobody walks as %s", role)
		}
	}
	return all
}

// The authorisation matrix says who may use what, and the hub does as it says: every
// endpoint is tried by every role, and by nobody. An endpoint that the matrix does
// not name fails, and a line of the matrix that no endpoint has.
func TestEveryEndpointOpensToWhomTheMatrixSays(t *testing.T) {
	c := newCentre(t)
	b := c.want(200, "", "court", "POST", "/v1/intake?report=all", []map[string]string{fields(1)})
	var taken struct{ Listing gongxin.ListingID }
	if err := json.NewDecoder(strings.NewReader(string(b))).Decode(&taken); err != nil || taken.Listing.IsZero() {
		t.Fatalf("no listing to try: %v: %s", err, b)
	}
	all, who := endpoints(t, c), walkers(t, c, taken.Listing)
	reached := map[string]bool{}
	for _, e := range all {
		reached[e.line] = true
		if !slices.Contains(access.Operations(), e.line) {
			t.Errorf("%s %s: the matrix does not name %q", e.method, e.path, e.line)
			continue
		}
		for _, w := range who {
			allowed, said := c.try(e, w, taken.Listing)
			if want := access.Public(e.line) || w.role != "" && access.Allowed(e.line, w.role); allowed != want {
				t.Errorf("%s %s (%s) by %s: allowed %v, the matrix says %v: %s", e.method, e.path, e.line, w.name, allowed, want, said)
			}
		}
	}
	for _, line := range access.Operations() {
		if !reached[line] {
			t.Errorf("the matrix names %q, and no endpoint has it", line)
		}
	}
	t.Logf("%d endpoints × %d walkers", len(all), len(who))
}

// try knocks at e as w. What is wrong with the request is no matter here: who comes
// so far as to be told was let in.
func (c *centre) try(e endpoint, w walker, listing gongxin.ListingID) (allowed bool, said string) {
	c.t.Helper()
	path := e.path
	if strings.HasPrefix(path, "/v1/listings/{id}") {
		path = strings.Replace(path, "{id}", listing.String(), 1)
	}
	path = strings.NewReplacer("{id}", "x", "{gate}", "railway", "{kind}", "notice", "{hash}", strings.Repeat("0", 64)).Replace(path)
	var body io.Reader
	if e.method != http.MethodGet {
		body = strings.NewReader("{}")
	}
	r, err := http.NewRequestWithContext(c.t.Context(), e.method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if secret := w.open(); secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	answer, err := http.DefaultTransport.RoundTrip(r) // which follows no redirect
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	said = strconv.Itoa(answer.StatusCode) + " " + string(b[:min(len(b), 300)])
	if e.page {
		refused := gongxin.Forbidden("NOT_ALLOWED", e.line, w.role).What().ZH
		ledToSignIn := answer.StatusCode == http.StatusSeeOther && len(answer.Cookies()) == 0 // signing out takes the cookie away
		return !ledToSignIn && !(answer.StatusCode == http.StatusForbidden && strings.Contains(string(b), refused)), said
	}
	var p problem
	if answer.StatusCode >= 400 && json.Unmarshal(b, &p) != nil {
		c.t.Fatalf("%s %s by %s: no problem: %s", e.method, path, w.name, said)
	}
	switch p.Code {
	case "UNAUTHENTICATED":
		if w.role != "" {
			c.t.Errorf("%s %s: %s is not known", e.method, e.path, w.name)
		}
		return false, said
	case "NOT_ALLOWED":
		return false, said
	}
	return true, said
}

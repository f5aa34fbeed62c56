package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// A story is a centre whose clock is turned by hand, with the people of two courts
// and one above them, and with every answer that anybody got.
type story struct {
	*centre
	clock   atomic.Int64 // Unix milliseconds
	listing string       // the one that it is about
	answers []reply
}

type reply struct{ request, body string }

func newStory(t *testing.T, day string) *story {
	t.Helper()
	s := new(story)
	s.clock.Store(gongxin.MustDay(day).Start().Add(10 * time.Hour).UnixMilli())
	s.centre = newCentreAt(t, func() time.Time { return time.UnixMilli(s.clock.Load()).UTC() })
	here, above := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏05")
	for name, token := range map[string]access.Token{
		"clerk":    {Role: gongxin.RoleClerk, Court: here},
		"judge":    {Role: gongxin.RoleJudge, Court: here},
		"judge2":   {Role: gongxin.RoleJudge, Court: here},
		"abroad":   {Role: gongxin.RoleJudge, Court: gongxin.MustCourtCode("苏0506")},
		"far":      {Role: gongxin.RoleClerk, Court: gongxin.MustCourtCode("苏0506")},
		"higher":   {Role: gongxin.RoleHigherCourt, Court: above},
		"higher2":  {Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏01")},
		"operator": {Role: gongxin.RoleOperator},
		"auditor":  {Role: gongxin.RoleAuditor},
		"railway":  {Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门"},
		"hotels":   {Role: gongxin.RoleDepartment, Gate: "hotels", Organisation: "旅游部门"},
	} {
		token.ID, token.Created, token.Expires = name, s.Now(), s.Now().AddDate(3, 0, 0)
		s.issue(name, token)
	}
	err := s.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, o := range []access.Organisation{
			{ID: "jiangsu", Kind: access.OrgProvince, Name: "江苏省"},
			{ID: "suzhou", Parent: "jiangsu", Kind: access.OrgCity, Name: "苏州市"},
			{ID: "court.苏05", Parent: "suzhou", Kind: access.OrgCourt, Name: "江苏省苏州市中级人民法院", Court: above},
			{ID: "court.苏0505", Parent: "court.苏05", Kind: access.OrgCourt, Name: "苏州市虎丘区人民法院", Court: here},
		} {
			if err := tx.SaveOrganisation(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.treeChanged()
	return s
}

// on turns the clock to ten in the morning of day.
func (s *story) on(day string) {
	s.clock.Store(gongxin.MustDay(day).Start().Add(10 * time.Hour).UnixMilli())
}

// want is centre.want that remembers the answer.
func (s *story) want(status int, code, who, method, path string, body any) []byte {
	s.t.Helper()
	b := s.centre.want(status, code, who, method, path, body)
	s.answers = append(s.answers, reply{who + " " + method + " " + path, string(b)})
	return b
}

// step takes a step of the story's listing and returns how it stands.
func (s *story) step(who, step string, body any) Filing {
	s.t.Helper()
	var f Filing
	if body == nil {
		body = map[string]any{}
	}
	path := "/v1/listings"
	if step != "" {
		path += "/" + s.listing + "/" + step
	}
	s.read(s.want(200, "", who, "POST", path, body), &f)
	if f.Sequence == 0 {
		s.t.Fatalf("%s: no sequence", step)
	}
	s.listing = f.Listing.String()
	return f
}

// refused holds a step that must not be taken.
func (s *story) refused(status int, code, who, step string, body any) {
	s.t.Helper()
	s.want(status, code, who, "POST", "/v1/listings/"+s.listing+"/"+step, body)
}

func (s *story) read(b []byte, to any) {
	s.t.Helper()
	if err := json.Unmarshal(b, to); err != nil {
		s.t.Fatalf("%v: %s", err, b)
	}
}

// stands holds state, step and the kinds of the documents of the last step.
func (s *story) stands(f Filing, state gongxin.State, step gongxin.Step, documents ...gongxin.DocumentKind) {
	s.t.Helper()
	var kinds []gongxin.DocumentKind
	for _, d := range f.Documents {
		kinds = append(kinds, d.Kind)
		if !strings.HasPrefix(d.Number, "（20") {
			s.t.Errorf("document %s has the number %q", d.Kind, d.Number)
		}
	}
	if f.State != state || f.Step != step || fmt.Sprint(kinds) != fmt.Sprint(documents) {
		s.t.Fatalf("the listing is %s %q with %v, want %s %q with %v", f.State, f.Step, kinds, state, step, documents)
	}
}

// listed takes the listing of the person fields(n) to in force and returns the
// number of the decision.
func (s *story) listed(n int) string {
	s.t.Helper()
	s.step("clerk", "", map[string]any{"fields": fields(n)})
	s.step("clerk", "notice-service", map[string]any{"service": "direct"})
	s.step("clerk", "initiation", map[string]any{"motion": "application"})
	s.step("clerk", "draft", nil)
	f := s.step("judge", "decision", nil)
	s.stands(f, gongxin.Decided, "", gongxin.DocDecision)
	s.step("clerk", "decision-service", map[string]any{"service": "mail"})
	s.step("clerk", "publication", nil)
	return f.Documents[0].Number
}

var codeForm = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}`)

// code prints the decision and reads the access code off it.
func (s *story) code(decision string) string {
	s.t.Helper()
	page := s.centre.want(200, "", "clerk", "POST", "/v1/documents/print", map[string]any{"number": decision, "purpose": "送达决定书"})
	code := codeForm.FindString(string(page))
	if code == "" {
		s.t.Fatalf("the printed decision has no access code: %s", page)
	}
	return code
}

// signIn signs the person in with code and returns the next one.
func (s *story) signIn(code string) string {
	s.t.Helper()
	var in struct {
		Secret string
		Next   string `json:"next_code"`
	}
	s.read(s.want(200, "", "nobody", "POST", "/v1/subject/session", map[string]any{"listing": s.listing, "code": code}), &in)
	s.tokens["subject"] = in.Secret
	return in.Next
}

// view is the listing as the person concerned sees it.
func (s *story) view() SubjectListing {
	s.t.Helper()
	var v SubjectListing
	s.read(s.want(200, "", "subject", "GET", "/v1/subject/listing", nil), &v)
	return v
}

func (s *story) evidence(who string, file []byte) string {
	s.t.Helper()
	var e struct{ Hash string }
	s.read(s.want(200, "", who, "POST", "/v1/listings/"+s.listing+"/evidence?name=../%E6%94%B6%E6%8D%AE.pdf", file), &e)
	return e.Hash
}

// refusals counts what was recorded with a code.
func (s *story) refusals(code string) (n int) {
	s.t.Helper()
	err := s.Store.Read(s.t.Context(), func(ctx context.Context, v *store.View) error {
		all, err := v.Refusals(ctx, s.Now().AddDate(-1, 0, 0), s.Now().Add(time.Second), 1000)
		for _, r := range all {
			if r.Code == code {
				n++
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// noFullNumber holds that no answer so far told the whole number of fields(n).
func (s *story) noFullNumber(n int) {
	s.t.Helper()
	full := fields(n)["身份证号码"]
	for _, a := range s.answers {
		if strings.Contains(a.body, full) {
			s.t.Errorf("%s told the whole number: %s", a.request, a.body)
		}
	}
	if len(s.answers) == 0 {
		s.t.Error("nobody was answered")
	}
}

func reason(words string) map[string]any { return map[string]any{"reason": words} }

package hub

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crypto/sha256"

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
	answers []told1
}

type told1 struct{ request, body string }

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
	s.answers = append(s.answers, told1{who + " " + method + " " + path, string(b)})
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

func TestListingGoesFromNoticeToReconsiderationThroughTheAPI(t *testing.T) {
	s := newStory(t, "2017-09-01")

	// Notice, application, draft, return, draft again, decision by another person.
	s.stands(s.step("clerk", "", map[string]any{"fields": fields(1)}), gongxin.ToNotice, "", gongxin.DocNotice)
	s.stands(s.step("clerk", "notice-service", map[string]any{"service": "direct", "on": "2017-09-01"}), gongxin.Noticed, "")
	s.stands(s.step("clerk", "initiation", map[string]any{"motion": "application"}), gongxin.Initiated, "")
	s.stands(s.step("clerk", "draft", nil), gongxin.Proposed, "")
	s.refused(404, "UNKNOWN_LISTING", "abroad", "decision", map[string]any{})
	s.refused(403, "NOT_ALLOWED", "clerk", "decision", map[string]any{})
	s.stands(s.step("judge", "draft-return", reason("请补充履行情况")), gongxin.Initiated, "")
	s.stands(s.step("judge", "draft", nil), gongxin.Proposed, "")
	s.refused(403, "DRAFTED_BY_SAME_PERSON", "judge", "decision", map[string]any{})
	if n := s.refusals("DRAFTED_BY_SAME_PERSON"); n != 1 {
		t.Errorf("a judge who approves their own draft was recorded %d times", n)
	}
	decided := s.step("judge2", "decision", nil)
	s.stands(decided, gongxin.Decided, "", gongxin.DocDecision)
	decision := decided.Documents[0].Number
	if again := s.step("judge2", "decision", nil); again.Sequence != decided.Sequence {
		t.Errorf("the same decision again moved the listing to %d", again.Sequence)
	}
	s.stands(s.step("clerk", "decision-service", map[string]any{"service": "mail", "on": "2017-09-01"}), gongxin.Delivered, "")
	s.stands(s.step("clerk", "publication", nil), gongxin.InForce, "")

	// The gate follows and restricts.
	head, err := s.head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receipt := map[string]any{"sequence": head.Size, "at": s.Now(), "count": head.Count, "digest": head.Digest.String()}
	s.want(200, "", "railway", "POST", "/v1/gates/railway/receipts", receipt)
	outcome := func(reference, kind string) map[string]any {
		return map[string]any{"reference": reference, "kind": kind, "listing": s.listing, "scenario": "flight", "measure": "3.6.flight", "sequence": head.Size, "at": s.Now()}
	}
	s.want(200, "", "railway", "POST", "/v1/gates/railway/outcomes", map[string]any{"outcomes": []any{outcome("R-railway-1", "restricted"), outcome("R-railway-2", "restricted")}})

	// The person signs in with the code on the decision, objects with evidence.
	s.on("2017-09-05")
	code := s.code(decision)
	next := s.signIn(code)
	s.want(401, "CODE_USED", "nobody", "POST", "/v1/subject/session", map[string]any{"listing": s.listing, "code": code})
	if n := s.refusals("CODE_USED"); n != 1 {
		t.Errorf("a replayed code was recorded %d times", n)
	}
	v := s.view()
	if v.State != gongxin.InForce || v.Suspends || len(v.Recipients) != 1 || v.Recipients[0].Applied.IsZero() || len(v.Recipients[0].Restrictions) != 1 ||
		v.Recipients[0].Restrictions[0].Imposed != 2 {
		t.Errorf("the person sees %+v", v)
	}
	if len(v.Remedies) == 0 || v.Remedies[0].Kind != askObjection || v.Remedies[0].Until != gongxin.MustDay("2017-09-11") || v.Remedies[0].Late {
		t.Errorf("remedies: %+v", v.Remedies)
	}
	hash := s.evidence("subject", []byte("%PDF-1.4\n收据"))
	s.refused(404, "EVIDENCE_UNKNOWN", "subject", "objection", map[string]any{"reason": "x", "evidence": []string{strings.Repeat("0", 64)}})
	s.refused(403, "NOT_ALLOWED", "subject", "objection/review", map[string]any{"upheld": true, "reason": "x"})
	words := "本人" + fields(1)["身份证号码"] + "已经履行"
	objection := map[string]any{"reason": words, "evidence": []string{hash}, "on": "2017-09-02"} // the day is today for the person, whatever they say
	f := s.step("subject", "objection", objection)
	s.stands(f, gongxin.InForce, gongxin.Objected)
	if f.Suspends || f.Says.ZH == "" || f.Says.EN == "" || f.Late || f.AnswerBy != gongxin.MustDay("2017-09-08") {
		t.Errorf("the objection is answered %+v", f)
	}
	s.want(200, "", "judge", "GET", "/v1/evidence/"+hash, nil)
	s.want(404, "EVIDENCE_UNKNOWN", "abroad", "GET", "/v1/evidence/"+hash, nil)

	// Rejected, served, reconsidered by the court above, upheld.
	s.refused(404, "UNKNOWN_LISTING", "abroad", "objection/review", map[string]any{"upheld": true, "reason": "x"})
	s.on("2017-09-07")
	s.stands(s.step("judge", "objection/review", map[string]any{"upheld": false, "reason": "收据与本案无关"}), gongxin.InForce, gongxin.Rejected, gongxin.DocReview)
	s.stands(s.step("clerk", "objection/rejection-service", map[string]any{"service": "electronic"}), gongxin.InForce, gongxin.RejectionKnown)
	s.want(401, "SESSION_EXPIRED", "subject", "GET", "/v1/subject/listing", nil)
	s.signIn(next)
	if v = s.view(); len(v.Asked) != 1 || v.Asked[0].Outcome != "refused" || v.Asked[0].Answer == "" || v.Remedies[0].Kind != askReconsideration ||
		v.Remedies[0].Until != gongxin.MustDay("2017-09-18") || v.Remedies[0].Court == "" { // the tenth day is a Sunday
		t.Errorf("after the rejection the person sees %+v", v)
	}
	f = s.step("subject", "reconsideration", reason("收据就是本案的"))
	s.stands(f, gongxin.InForce, gongxin.Reconsidering)
	if f.Suspends || f.AnswerBy.IsZero() {
		t.Errorf("the reconsideration is answered %+v", f)
	}
	upheld := map[string]any{"upheld": true, "reason": "收据属于本案", "decision": "（2017）苏05执复12号"}
	s.refused(403, "NOT_ALLOWED", "judge", "reconsideration/decision", upheld)
	s.refused(404, "UNKNOWN_LISTING", "higher2", "reconsideration/decision", upheld)
	f = s.step("higher", "reconsideration/decision", upheld)
	if f.State != gongxin.Revoked || f.Step != gongxin.ObjectionClosed || len(f.Documents) == 0 || f.Documents[0].Kind != gongxin.DocReconsideration {
		t.Errorf("the reconsideration ends as %+v", f)
	}
	s.want(404, "UNKNOWN_LISTING", "higher2", "GET", "/v1/listings/"+s.listing, nil)

	// The end travels, restrictions are lifted, one is kept on with its ground.
	head, err = s.head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receipt = map[string]any{"sequence": head.Size, "at": s.Now(), "count": head.Count, "digest": head.Digest.String()}
	s.want(200, "", "railway", "POST", "/v1/gates/railway/receipts", receipt)
	kept := outcome("R-railway-2", "kept")
	s.want(422, "KEPT_INCOMPLETE", "railway", "POST", "/v1/gates/railway/outcomes", map[string]any{"outcomes": []any{kept}})
	kept["ground"], kept["until"] = "铁路安全管理条例第六十条", "2017-12-31"
	s.want(200, "", "railway", "POST", "/v1/gates/railway/outcomes", map[string]any{"outcomes": []any{outcome("R-railway-1", "lifted"), kept}})
	v = s.view()
	if v.State != gongxin.Revoked || len(v.Remedies) != 0 || len(v.Asked) != 2 || v.Asked[1].Outcome != "granted" {
		t.Errorf("after the end the person sees %+v", v)
	}
	if r := v.Recipients[0]; r.Ended.IsZero() || r.Restrictions[0].Lifted != 1 || r.Restrictions[0].LiftedAt.IsZero() || len(r.Kept) != 1 || r.Kept[0].Until != gongxin.MustDay("2017-12-31") {
		t.Errorf("what became of the listing at the gate: %+v", r)
	}
	s.want(200, "", "railway", "POST", "/v1/gates/railway/outcomes", map[string]any{"outcomes": []any{outcome("R-railway-2", "lifted")}})
	if k := s.view().Recipients[0].Kept; len(k) != 1 || k[0].Ended.IsZero() {
		t.Errorf("a lift does not end what was kept: %+v", k)
	}

	// Nobody was told the number, whatever they asked; the history has the person's words for the court alone.
	for _, who := range []string{"clerk", "judge", "higher", "operator", "auditor"} {
		b := s.want(200, "", who, "GET", "/v1/listings/"+s.listing, nil)
		if bench := who != "operator" && who != "auditor"; bytes.Contains(b, []byte("已经履行")) != bench {
			t.Errorf("what the person wrote is shown to %s: %v", who, !bench)
		}
	}
	s.want(200, "", "subject", "GET", "/v1/listings/"+s.listing+"/documents", nil)
	s.want(200, "", "operator", "GET", "/v1/gates", nil)
	s.noFullNumber(1)
}

func TestRequestsAreFiledAndAnswered(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.signIn(s.code(s.listed(1)))
	request := map[string]any{"kind": "correction", "reason": "已履行部分不准确"}
	f := s.step("subject", "request", request)
	if f.State != gongxin.InForce || f.Suspends {
		t.Errorf("a request stands %+v", f)
	}
	s.stands(s.step("judge", "request/answer", map[string]any{"granted": false, "reason": "与卷宗一致"}), gongxin.InForce, "", gongxin.DocAnswer)
	f = s.step("clerk", "request", map[string]any{"kind": "withdrawal", "ground": "performed", "reason": "已全部履行"})
	if f.AnswerBy.IsZero() {
		t.Log("no time is set for answering a request")
	}
	f = s.step("judge", "request/answer", map[string]any{"granted": true, "reason": "已查明全部履行"})
	if f.State != gongxin.Withdrawn {
		t.Errorf("a granted withdrawal leaves the listing %s", f.State)
	}
	v := s.view()
	if len(v.Asked) != 2 || v.Asked[0].Outcome != "refused" || v.Asked[1].Outcome != "granted" || v.Asked[0].Answer != "与卷宗一致" {
		t.Errorf("the person sees %+v", v.Asked)
	}
	s.noFullNumber(1)
}

func TestDepartmentsProposeAndCannotLearnOfWhatIsNotInForce(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.step("clerk", "", map[string]any{"fields": fields(2)})
	s.refused(404, "UNKNOWN_LISTING", "railway", "proposal", reason("似有错误"))
	s.listed(1)
	f := s.step("railway", "proposal", reason("似有错误"))
	if f.State != gongxin.InForce || f.Suspends {
		t.Errorf("a proposal leaves the listing %+v", f)
	}
	s.refused(403, "NOT_ALLOWED", "railway", "proposal/answer", reason("x"))
	s.step("judge", "proposal/answer", reason("经审查无误"))
	s.noFullNumber(1)
}

func TestCodeHoldsOnceAndForItsOwnListingAlone(t *testing.T) {
	s := newStory(t, "2017-09-01")
	decision := s.listed(1)
	first := s.code(decision)
	second := s.code(decision) // a newer print ends the older code
	in := func(status int, code, listing, typed string) {
		t.Helper()
		s.want(status, code, "nobody", "POST", "/v1/subject/session", map[string]any{"listing": listing, "code": typed})
	}
	in(401, "CODE_USED", s.listing, first)
	in(401, "CODE_UNKNOWN", s.listing, "0000-0000-0000-0000")
	in(422, "CODE_FORMAT", s.listing, "0000")
	mine := s.listing
	s.listed(2)
	other := s.listing
	in(401, "CODE_UNKNOWN", other, second) // and it is not used up by that
	s.listing = mine
	next := s.signIn(strings.ToLower(second))
	s.refused(404, "UNKNOWN_LISTING", "subject", "../"+other+"/objection", reason("x"))
	for _, path := range []string{"/v1/listings/" + other + "/documents"} {
		s.want(404, "UNKNOWN_LISTING", "subject", "GET", path, nil)
	}
	s.clock.Add((31 * time.Minute).Milliseconds())
	s.want(401, "SESSION_EXPIRED", "subject", "GET", "/v1/subject/listing", nil)
	s.signIn(next)
	if got := s.refusals("CODE_UNKNOWN") + s.refusals("CODE_USED") + s.refusals("CODE_FORMAT"); got != 4 {
		t.Errorf("%d wrong codes were recorded, want 4", got)
	}
}

func TestCodesCannotBeTriedWithoutEnd(t *testing.T) {
	s := newStory(t, "2017-09-01")
	code := s.code(s.listed(1))
	try := func(typed string) (int, string) {
		status, b := s.do("nobody", "POST", "/v1/subject/session", map[string]any{"listing": s.listing, "code": typed})
		var p problem
		_ = json.Unmarshal(b, &p)
		return status, p.Code
	}
	for i := range codeBurst {
		if _, got := try("0000-0000-0000-0000"); got != "CODE_UNKNOWN" {
			t.Fatalf("try %d: %s", i, got)
		}
	}
	if status, got := try(code); got != "RATE_LIMITED" || status != http.StatusTooManyRequests {
		t.Errorf("after %d wrong codes: %d %s", codeBurst, status, got)
	}
	s.clock.Add(codeInterval.Milliseconds())
	if status, got := try(code); status != 200 {
		t.Errorf("after a wait: %d %s", status, got)
	}
}

func TestPurposeIsNeededAndKept(t *testing.T) {
	s := newStory(t, "2017-09-01")
	decision := s.listed(1)
	full := fields(1)["身份证号码"]
	path := "/v1/listings/" + s.listing + "/full"
	s.want(422, "PURPOSE_NEEDED", "judge", "POST", path, map[string]any{"purpose": "  a b"})
	s.want(404, "UNKNOWN_LISTING", "abroad", "POST", path, map[string]any{"purpose": "核对身份"})
	s.want(403, "NOT_ALLOWED", "operator", "POST", path, map[string]any{"purpose": "核对身份"})
	if b := s.centre.want(200, "", "judge", "POST", path, map[string]any{"purpose": "核对 身份"}); !bytes.Contains(b, []byte(full)) {
		t.Errorf("the full listing lacks the number: %s", b)
	}
	search := func(status int, code, who, number string) []byte {
		t.Helper()
		return s.want(status, code, who, "POST", "/v1/listings/search", map[string]any{"number": number, "purpose": "核对身份"})
	}
	search(422, "NUMBER_FORMAT", "judge", full[:17])
	if b := search(200, "", "judge", full); !bytes.Contains(b, []byte(s.listing)) {
		t.Errorf("the search finds nothing: %s", b)
	}
	if b := search(200, "", "abroad", full); !bytes.Contains(b, []byte(`"listings":[]`)) {
		t.Errorf("another court finds %s", b)
	}
	number := "/v1/documents?number=" + url.QueryEscape(decision)
	s.want(422, "PURPOSE_NEEDED", "judge", "GET", number, nil)
	s.want(404, "DOCUMENT_UNKNOWN", "abroad", "GET", number+"&purpose=abcd", nil)
	for _, form := range []string{"page", "data"} {
		if b := s.centre.want(200, "", "judge", "GET", number+"&purpose=abcd&form="+form, nil); !bytes.Contains(b, []byte(full)) {
			t.Errorf("the document as %s lacks the number: %s", form, b)
		}
	}
	s.want(404, "DOCUMENT_UNKNOWN", "abroad", "POST", "/v1/documents/print", map[string]any{"number": decision, "purpose": "送达决定书"})
	s.signIn(s.code(decision))
	s.centre.want(200, "", "subject", "GET", number, nil) // one's own needs no purpose
	s.noFullNumber(1)

	var got []string
	err := s.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		all, err := v.Disclosures(ctx, s.Now().Add(-time.Hour), s.Now().Add(time.Hour), 100)
		for _, d := range all {
			got = append(got, d.By+" "+d.Operation+" "+d.Purpose+" "+fmt.Sprint(d.Listing.String() == s.listing))
		}
		return err
	})
	want := []string{
		"judge listing-full 核对 身份 true", "judge listing-search 核对身份 true", "abroad listing-search 核对身份 false",
		"judge document-read abcd true", "judge document-read abcd true", "clerk document-print 送达决定书 true", "subject document-read 本人查阅 true",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("what was recorded, %v:\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEvidenceIsBoundedAndServedAsAFileToSave(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.listed(1)
	path := "/v1/listings/" + s.listing + "/evidence"
	hash := s.evidence("clerk", []byte("履行情况说明\n"))
	if again := s.evidence("clerk", []byte("履行情况说明\n")); again != hash {
		t.Errorf("the same file has the hashes %s and %s", hash, again)
	}
	if sum := sha256.Sum256([]byte("履行情况说明\n")); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s", hash)
	}
	s.want(422, "EVIDENCE_TYPE", "clerk", "POST", path, []byte("<html><script>alert(1)</script>"))
	s.want(422, "EVIDENCE_TOO_MUCH", "clerk", "POST", path, make([]byte, maxEvidence+1))
	s.want(404, "UNKNOWN_LISTING", "far", "POST", path, []byte("x"))

	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/evidence/"+hash, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.tokens["judge"])
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "履行情况说明\n" {
		t.Errorf("the file comes back as %q, %v", body, err)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Content-Disposition": "attachment; filename*=utf-8''%E6%94%B6%E6%8D%AE.pdf",
	} {
		if got := answer.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for i := range maxEvidenceFiles {
		status, b := s.do("clerk", "POST", path, []byte(fmt.Sprintf("文件 %d", i)))
		if want := 200; i == maxEvidenceFiles-1 { // with the first there are 21
			if status != 422 || !bytes.Contains(b, []byte("EVIDENCE_TOO_MUCH")) {
				t.Errorf("file %d: %d %s", i+2, status, b)
			}
		} else if status != want {
			t.Errorf("file %d: %d %s", i+2, status, b)
		}
	}
}

func TestRestrictionsAreReviewedByTheDepartmentThatImposedThem(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.signIn(s.code(s.listed(1)))
	imposed := map[string]any{"reference": "R-railway-1", "kind": "restricted", "listing": s.listing, "scenario": "flight", "measure": "3.6.flight", "sequence": 1, "at": s.Now()}
	s.want(200, "", "railway", "POST", "/v1/gates/railway/outcomes", map[string]any{"outcomes": []any{imposed}})
	ask := func(status int, code, who, gate, reference string) {
		t.Helper()
		s.want(status, code, who, "POST", "/v1/gates/"+gate+"/restriction-reviews", map[string]any{"reference": reference, "reason": "不是我本人购票"})
	}
	ask(404, "RESTRICTION_UNKNOWN", "subject", "railway", "R-railway-9")
	ask(404, "RESTRICTION_UNKNOWN", "subject", "hotels", "R-railway-1")
	ask(403, "NOT_THIS_GATE", "hotels", "railway", "R-railway-1")
	ask(200, "", "subject", "railway", "R-railway-1")
	ask(200, "", "subject", "railway", "R-railway-1")

	answer := "/v1/gates/railway/restriction-reviews/R-railway-1/answer"
	upheld := map[string]any{"upheld": true, "reason": "证件号码录入错误"}
	s.want(403, "NOT_ALLOWED", "subject", "POST", answer, upheld)
	s.want(403, "NOT_THIS_GATE", "hotels", "POST", answer, upheld)
	s.want(404, "RESTRICTION_REVIEW_UNKNOWN", "hotels", "POST", "/v1/gates/hotels/restriction-reviews/R-railway-1/answer", upheld)
	s.want(200, "", "railway", "POST", answer, upheld)
	s.want(200, "", "railway", "POST", answer, upheld)
	s.want(409, "RESTRICTION_REVIEW_ANSWERED", "railway", "POST", answer, map[string]any{"upheld": false, "reason": "x"})
	ask(409, "RESTRICTION_REVIEW_ANSWERED", "subject", "railway", "R-railway-1")

	var list struct{ Reviews []Review }
	s.read(s.want(200, "", "auditor", "GET", "/v1/gates/railway/restriction-reviews", nil), &list)
	if len(list.Reviews) != 1 || !list.Reviews[0].Upheld || list.Reviews[0].Answered.IsZero() || list.Reviews[0].ID != "R-railway-1" {
		t.Errorf("reviews: %+v", list.Reviews)
	}
	s.want(403, "NOT_THIS_GATE", "hotels", "GET", "/v1/gates/railway/restriction-reviews", nil)
	r := s.view().Recipients // the gate has confirmed nothing yet, and is shown all the same
	if len(r) != 1 || r[0].Gate != "railway" || !r[0].Applied.IsZero() || r[0].Restrictions[0].Imposed != 1 || len(r[0].Reviews) != 1 {
		t.Errorf("recipients: %+v", r)
	}
	s.noFullNumber(1)
}

func TestMeasureIsKeptOnWithGroundAndEndOnly(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.listed(1)
	path := "/v1/gates/railway/kept-measures"
	kept := map[string]any{"reference": "R-railway-1", "listing": s.listing, "measure": "3.6.flight", "ground": "铁路安全管理条例第六十条", "until": "2017-12-31"}
	with := func(field, value string) map[string]any {
		m := map[string]any{field: value}
		for k, v := range kept {
			if k != field {
				m[k] = v
			}
		}
		return m
	}
	s.want(409, "KEPT_IN_FORCE", "railway", "POST", path, kept)
	s.step("judge", "withdrawal", map[string]any{"ground": "closed"})
	s.want(403, "NOT_THIS_GATE", "hotels", "POST", path, kept)
	s.want(422, "KEPT_INCOMPLETE", "railway", "POST", path, with("ground", "法"))
	s.want(422, "KEPT_OVER", "railway", "POST", path, with("until", "2017-08-31"))
	s.want(422, "MEASURE_UNKNOWN", "railway", "POST", path, with("measure", "9.9"))
	s.want(200, "", "railway", "POST", path, kept)
	var list struct{ Kept []KeptMeasure }
	s.read(s.want(200, "", "auditor", "GET", path, nil), &list)
	if len(list.Kept) != 1 || list.Kept[0].Ground == "" || !list.Kept[0].Ended.IsZero() {
		t.Errorf("kept: %+v", list.Kept)
	}
}

func TestCourtsTemplateIsCheckedAndItsOwn(t *testing.T) {
	s := newStory(t, "2017-09-01")
	path := "/v1/templates/notice"
	var before, after struct {
		Text, Preview string
		Own           bool
		Version       int
	}
	s.read(s.want(200, "", "clerk", "GET", path, nil), &before)
	if before.Own || before.Text == "" {
		t.Fatalf("the template of all courts: %+v", before)
	}
	text := before.Text + "\n本院地址：虎丘区。\n"
	s.want(403, "NOT_ALLOWED", "clerk", "PUT", path, map[string]any{"text": text})
	s.want(422, "TEMPLATE_REQUIRED", "judge", "PUT", path, map[string]any{"text": "您好"})
	s.read(s.want(200, "", "judge", "PUT", path, map[string]any{"text": text, "try": true}), &after)
	if !strings.Contains(after.Preview, "虎丘区") {
		t.Errorf("no preview")
	}
	s.read(s.want(200, "", "clerk", "GET", path, nil), &after)
	if after.Own {
		t.Errorf("a trial was kept")
	}
	s.want(200, "", "judge", "PUT", path, map[string]any{"text": text})
	s.read(s.want(200, "", "clerk", "GET", path, nil), &after)
	if !after.Own || after.Text != text || after.Version != 1 {
		t.Errorf("the court's own template: %+v", after)
	}
	s.step("clerk", "", map[string]any{"fields": fields(1)})
	var papers struct{ Documents []IssuedPaper }
	s.read(s.want(200, "", "clerk", "GET", "/v1/listings/"+s.listing+"/documents", nil), &papers)
	number := url.QueryEscape(papers.Documents[0].Number)
	if b := s.centre.want(200, "", "clerk", "GET", "/v1/documents?purpose=核对文书&number="+number, nil); !bytes.Contains(b, []byte("本院地址：虎丘区。")) {
		t.Errorf("the next notice is not by the court's own template: %s", b)
	}
	s.read(s.want(200, "", "abroad", "GET", path, nil), &after)
	if after.Own {
		t.Errorf("another court has it too")
	}
}

func TestFilesAreKnownByTheirContent(t *testing.T) {
	for _, tt := range []struct {
		name, content, want string
	}{
		{"PDF", "%PDF-1.7\n…", "application/pdf"},
		{"PNG", "\x89PNG\r\n\x1a\n....", "image/png"},
		{"JPEG", "\xff\xd8\xff\xe0....", "image/jpeg"},
		{"text", "已履行\r\n", "text/plain"},
		{"text in GB 18030", "\xd2\xd1\xc2\xc4\xd0\xd0", "text/plain"},
		{"nothing", "", ""},
		{"HTML", "  <!DOCTYPE html><p>", ""},
		{"a page that begins as text", strings.Repeat("x", 600) + "\x00", ""},
		{"GIF", "GIF89a....", ""},
		{"archive", "PK\x03\x04....", ""},
		{"SVG", "<?xml version=\"1.0\"?><svg/>", ""},
	} {
		if got := mediaOf([]byte(tt.content)); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.name, got, tt.want)
		}
	}
	for name, want := range map[string]string{"../../a/收据.pdf": "收据.pdf", `C:\x\b.doc`: "b.doc", "": "file", "..": "file", "a\r\nb": "ab"} {
		if got := fileName(name); got != want {
			t.Errorf("name %q becomes %q, want %q", name, got, want)
		}
	}
}

func FuzzMediaOf(f *testing.F) {
	for _, seed := range []string{"%PDF-1.7", "PK\x03\x04", "\xff\xd8\xff", "text", "<html>", "\x89PNG\r\n\x1a\n"} {
		f.Add([]byte(seed))
	}
	allowed := map[string]bool{"": true, "application/pdf": true, "image/png": true, "image/jpeg": true, "text/plain": true, mediaDOCX: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		if media := mediaOf(b); !allowed[media] {
			t.Errorf("%q is taken as %q", b, media)
		}
		if name := fileName(string(b)); name == "" || strings.ContainsAny(name, "/\\\r\n\x00") {
			t.Errorf("name %q", name)
		}
	})
}

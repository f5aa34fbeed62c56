package hub

import (
	"bytes"
	"strings"
	"testing"

	"gongxin"
)

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

package hub

import (
	"testing"
)

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

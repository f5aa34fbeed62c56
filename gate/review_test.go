package gate

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

func TestAReviewIsFiledOnceAndAnsweredOnce(t *testing.T) {
	_, g, reference, _ := blocked(t)
	ctx := t.Context()
	if _, err := g.AnswerReview(ctx, reference, true, "情况属实", "王"); gongxin.CodeOf(err) != "GATE_REVIEW_UNKNOWN" {
		t.Errorf("answered before it was filed: %v", err)
	}
	for _, tt := range []struct{ name, reference, reason, by, want string }{
		{"no such reference", "R-x", "有误", "王", "UNKNOWN_REFERENCE"},
		{"no reason", reference, "", "王", "REMARK_NEEDED"},
		{"nobody", reference, "有误", "", "OFFICER_NEEDED"},
		{"a number", reference, "我的号码是" + citizen(0), "王", "REMARK_WITH_NUMBER"},
		{"too long", reference, strings.Repeat("误", maxReason+1), "王", "REMARK_TOO_LONG"},
		{"as it should be", reference, "已经全部履行", "王", ""},
		{"the same again", reference, "已经全部履行", "李", ""},
		{"another one", reference, "不是本人", "王", "GATE_REVIEW_FILED"},
	} {
		if r, err := g.FileReview(ctx, tt.reference, tt.reason, tt.by); gongxin.CodeOf(err) != tt.want || err == nil && (r.State != stateOpen || r.By != "王") {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, r, err, tt.want)
		}
	}
	if s := g.Status(); s.ReviewsOpen != 1 || s.RestrictionsOpen != 1 || s.Outbox != 2 {
		t.Errorf("filed: %+v", s)
	}
	open, err := g.Reviews(ctx, stateOpen, "", 10)
	if err != nil || len(open) != 1 || open[0].Reference != reference || open[0].Listing == "" {
		t.Errorf("open: %+v, %v", open, err)
	}
	if r := g.stands(t, reference); r.State != stateInForce || r.Review == nil || r.Review.State != stateOpen {
		t.Errorf("asking for review ends nothing: %+v", r)
	}
	for range 2 {
		if r, err := g.AnswerReview(ctx, reference, false, "法院名单仍然有效", "赵"); err != nil || r.State != stateRejected {
			t.Errorf("rejected: %+v, %v", r, err)
		}
	}
	if _, err := g.AnswerReview(ctx, reference, true, "法院名单仍然有效", "赵"); gongxin.CodeOf(err) != "GATE_REVIEW_ANSWERED" {
		t.Errorf("answered otherwise: %v", err)
	}
	if r := g.stands(t, reference); r.State != stateInForce || r.Review.State != stateRejected || r.Review.Answer == "" {
		t.Errorf("rejected: %+v", r)
	}
	answered, err := g.Reviews(ctx, stateAnswered, "", 10)
	if err != nil || len(answered) != 1 || answered[0].AnsweredBy != "赵" {
		t.Errorf("answered: %+v, %v", answered, err)
	}
	if _, err := g.Reviews(ctx, "", "", 10); gongxin.CodeOf(err) != "GATE_STATE_UNKNOWN" {
		t.Errorf("no state: %v", err)
	}
	if s := g.Status(); s.ReviewsOpen != 0 || s.Outbox != 3 {
		t.Errorf("answered: %+v", s)
	}
}

func TestAnUpheldReviewLiftsAndIsReportedInOrder(t *testing.T) {
	h, g, reference, id := blocked(t)
	ctx := t.Context()
	if err := g.Keep(ctx, Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2018-04-01"), By: "李"}); err != nil {
		t.Fatal(err)
	}
	h.withdraw(id) // and is kept on
	h.catchUp(t, g)
	if _, err := g.FileReview(ctx, reference, "已经全部履行", "王"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.AnswerReview(ctx, reference, true, "情况属实", "赵"); err != nil {
		t.Fatal(err)
	}
	r := g.stands(t, reference)
	if r.State != stateLifted || because(r) != endedByReview || r.Review.State != stateUpheld || !r.Review.Upheld {
		t.Errorf("got %+v", r)
	}
	if s := g.Status(); s.RestrictionsKept != 0 || s.Lifted != 1 {
		t.Errorf("status: %+v", s)
	}
	run(t, g)
	until(t, "all is reported", func() bool { return g.Status().Outbox == 0 })
	want := []string{"railway asks " + reference + " for review: 已经全部履行 (" + id.String() + ")", "railway answers " + reference + ": true, 情况属实"}
	h.mu.Lock()
	if !slices.Equal(h.petitions, want) {
		t.Errorf("told %q, want %q", h.petitions, want)
	}
	var kinds []string
	for _, o := range h.outcomes {
		kinds = append(kinds, o.Kind)
	}
	h.mu.Unlock()
	if !slices.Equal(kinds, []string{kindRestricted, kindKept, kindLifted}) {
		t.Errorf("outcomes %q", kinds)
	}
}

func TestAReferralCanBeReviewedAndNothingIsLifted(t *testing.T) {
	h, g, _, _ := blocked(t)
	h.set(func() { h.down = true })
	reference := g.ask(t, "flight", "32000019800101001", "王").Reference // no number at all: no listing either
	r, err := g.FileReview(t.Context(), reference, "证件有效", "王")
	if err != nil || r.Listing != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := g.AnswerReview(t.Context(), reference, true, "已经办理", "王"); err != nil {
		t.Fatal(err)
	}
	if r := g.stands(t, reference); r.State != stateReferred || r.Review.State != stateUpheld {
		t.Errorf("got %+v", r)
	}
	if s := g.Status(); s.Outbox != 2 { // the outcomes alone: the hub tracks reviews of restrictions
		t.Errorf("%d reports", s.Outbox)
	}
}

// Of an answer whose first listing only referred, the hub knows the restriction by
// the reference of the other part.
func TestAReviewIsReportedUnderThePartThatRestricted(t *testing.T) {
	h := newHub(t)
	other := entry(t, 0)
	other.Case, other.Subject.Name, other.Published = gongxin.MustCaseNumber("（2016）苏0505执9号"), "李四", gongxin.MustDay("2017-03-20")
	h.admit(other)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.person(t, 0)
	r := g.stands(t, d.Reference)
	if d.Outcome != gongxin.Block || len(r.Parts) != 2 || r.Parts[0].State != stateReferred || r.Parts[1].State != stateInForce {
		t.Fatalf("got %+v", r)
	}
	if _, err := g.FileReview(t.Context(), d.Reference, "请复核", "王"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.AnswerReview(t.Context(), d.Reference, true, "已经核实", "赵"); err != nil {
		t.Fatal(err)
	}
	run(t, g)
	until(t, "all is reported", func() bool { return g.Status().Outbox == 0 })
	h.mu.Lock()
	defer h.mu.Unlock()
	want := []string{"railway asks " + d.Reference + "-2 for review: 请复核 (" + r.Parts[1].Listing + ")", "railway answers " + d.Reference + "-2: true, 已经核实"}
	if !slices.Equal(h.petitions, want) {
		t.Errorf("told %q, want %q", h.petitions, want)
	}
}

// The way to review stands in every answer that restricts or refers (3.12).
func TestAnswersSayHowToHaveThemReviewed(t *testing.T) {
	_, g, _, _ := blocked(t)
	for _, d := range []gongxin.Decision{g.person(t, 0), g.ask(t, "flight", citizen(0), "李四")} {
		if d.Remedy == nil {
			t.Fatalf("%s without a remedy", d.Outcome)
		}
		for _, part := range []string{d.Reference, "铁路部门", "复核"} {
			if !strings.Contains(d.Remedy.ZH, part) {
				t.Errorf("%s: %q does not say %q", d.Outcome, d.Remedy.ZH, part)
			}
		}
		if !strings.Contains(d.Remedy.EN, "ask 铁路部门 for review") || !strings.Contains(d.Remedy.EN, d.Reference) {
			t.Errorf("%s: %q", d.Outcome, d.Remedy.EN)
		}
		if _, err := g.FileReview(t.Context(), d.Reference, "请复核", "王"); err != nil {
			t.Errorf("%s: %v", d.Outcome, err)
		}
	}
}

func TestAProposalLeavesTheListingInForceAndReachesTheHubOnce(t *testing.T) {
	h, g, _, id := blocked(t)
	h.set(func() { h.down = true })
	ctx := t.Context()
	var first Proposal
	for i := range 2 {
		p, err := g.ProposeReview(ctx, id, "当事人出示了结案通知书")
		if err != nil || p.State != "waiting" || i > 0 && p != first {
			t.Fatalf("%+v, %v", p, err)
		}
		first = p
	}
	if _, err := g.ProposeReview(ctx, gongxin.ListingID{9}, "当事人出示了结案通知书"); gongxin.CodeOf(err) != "PROPOSAL_NOT_LISTED" {
		t.Errorf("no such listing: %v", err)
	}
	if _, err := g.ProposeReview(ctx, id, ""); gongxin.CodeOf(err) != "REMARK_NEEDED" {
		t.Errorf("no reason: %v", err)
	}
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("meanwhile: %s", d.Outcome)
	}
	h.set(func() { h.down = false })
	run(t, g)
	until(t, "it is delivered", func() bool { return g.Status().Outbox == 0 })
	h.mu.Lock()
	if want := []string{"railway proposes " + id.String() + ": 当事人出示了结案通知书"}; !slices.Equal(h.petitions, want) {
		t.Errorf("told %q", h.petitions)
	}
	h.mu.Unlock()
	if p, err := g.ProposeReview(ctx, id, "当事人出示了结案通知书"); err != nil || p.State != "delivered" || p.Reference != first.Reference {
		t.Errorf("delivered: %+v, %v", p, err)
	}
}

// A proposal whose answer was lost is repeated, and the hub says that it has one.
func TestARepeatedProposalIsTheOneThatTheCourtHas(t *testing.T) {
	h, g, _, id := blocked(t)
	var posted []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/proposal") {
			h.ServeHTTP(w, r)
			return
		}
		h.set(func() { posted = append(posted, r.URL.Path) })
		w.WriteHeader(http.StatusConflict)
		if _, err := w.Write([]byte(`{"code":"PROPOSAL_OPEN"}`)); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	g.config.Reporter = HTTPReporter{URL: s.URL}
	for i, want := range []string{"delivered", "refused"} {
		reason := strings.Repeat("再", i) + "请复核"
		if _, err := g.ProposeReview(t.Context(), id, reason); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = g.deliverSome(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if p, err := g.ProposeReview(t.Context(), id, reason); err != nil || p.State != want {
			t.Errorf("proposal %d: %+v, %v; want %s", i+1, p, err, want)
		}
	}
	if len(posted) != 2 || posted[0] != "/v1/listings/"+id.String()+"/proposal" {
		t.Errorf("posted %v", posted)
	}
}

// The paths and bodies are those of the hub's API.
func TestPetitionsTravelInTheFormThatTheHubTakes(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, r.Method+" "+r.URL.Path+" "+string(b))
	}))
	defer s.Close()
	to := HTTPReporter{URL: s.URL + "/"}
	review := Review{Reference: "R-railway-1", Listing: "x", Reason: "不是本人", By: "王", Answer: "情况属实", AnsweredBy: "赵", Upheld: true}
	for _, err := range []error{
		to.Review(t.Context(), "railway", review),
		to.Answer(t.Context(), "railway", review),
		to.Proposal(t.Context(), "railway", Proposal{Reference: "P-1", Listing: gongxin.ListingID{15: 1}, Reason: "请复核"}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		`POST /v1/gates/railway/restriction-reviews {"reference":"R-railway-1","reason":"不是本人"}`,
		`POST /v1/gates/railway/restriction-reviews/R-railway-1/answer {"upheld":true,"reason":"情况属实"}`,
		`POST /v1/listings/00000000000000000000000004/proposal {"reason":"请复核"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOpenReviewsComeInTheOrderInWhichTheyWereFiled(t *testing.T) {
	h, g, _, _ := blocked(t)
	var filed []string
	for range 5 {
		reference := g.person(t, 0).Reference
		filed = append(filed, reference)
		h.clock.move(1e6)
		if _, err := g.FileReview(t.Context(), reference, "请复核", "王"); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	after := ""
	for {
		page, err := g.Reviews(t.Context(), stateOpen, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got = append(got, r.Reference)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, filed) {
		t.Errorf("got %v, want %v", got, filed)
	}
}

// What a hub answers to a petition decides whether it is tried again.
func TestAPetitionThatTheHubRefusesHoldsUpNoOther(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		kind   gongxin.Kind
	}{
		{http.StatusOK, `{}`, ""},
		{http.StatusUnprocessableEntity, `{"code":"REQUEST_INVALID"}`, gongxin.KindInvalid},
		{http.StatusConflict, `{"code":"NOT_IN_FORCE"}`, gongxin.KindInvalid},
		{http.StatusNotFound, `{"code":"LISTING_UNKNOWN"}`, gongxin.KindInvalid},
		{http.StatusNotFound, `404 page not found`, gongxin.KindUnavailable}, // an older hub
		{http.StatusForbidden, `{"code":"NOT_ALLOWED"}`, gongxin.KindUnavailable},
		{http.StatusUnauthorized, `{"code":"TOKEN_EXPIRED"}`, gongxin.KindUnavailable},
		{http.StatusServiceUnavailable, `{"code":"INTERNAL"}`, gongxin.KindUnavailable},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			if _, err := w.Write([]byte(tt.body)); err != nil {
				t.Error(err)
			}
		}))
		to := HTTPReporter{URL: s.URL}
		for what, err := range map[string]error{
			"review":   to.Review(t.Context(), "railway", Review{Reference: "R-1"}),
			"answer":   to.Answer(t.Context(), "railway", Review{Reference: "R-1"}),
			"proposal": to.Proposal(t.Context(), "railway", Proposal{Reference: "P-1"}),
		} {
			if gongxin.KindOf(err) != tt.kind {
				t.Errorf("%s, %d %s: %v", what, tt.status, tt.body, err)
			}
		}
		if err := to.Outcomes(t.Context(), "railway", nil); tt.status == http.StatusConflict && gongxin.KindOf(err) != gongxin.KindUnavailable {
			t.Errorf("outcomes, %d: %v", tt.status, err)
		}
		s.Close()
	}
}

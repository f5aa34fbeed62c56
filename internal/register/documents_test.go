package register

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"gongxin"
)

func TestNumbersOfDocumentsAreWrittenInChinese(t *testing.T) {
	for n, want := range map[int]string{
		1: "一", 9: "九", 10: "十", 11: "十一", 20: "二十", 21: "二十一", 99: "九十九", 100: "一百", 101: "一百零一", 110: "一百一十", 111: "一百一十一",
		120: "一百二十", 200: "二百", 999: "九百九十九", 1000: "一千", 1001: "一千零一", 1010: "一千零一十", 1100: "一千一百", 2017: "二千零一十七", 9999: "九千九百九十九", 10000: "10000",
	} {
		if got := numeral(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	seen := map[string]bool{}
	for n := 1; n < 10_000; n++ {
		if seen[numeral(n)] {
			t.Fatalf("%d is written as another", n)
		}
		seen[numeral(n)] = true
	}
}

// Each act that calls for a document gets it in its own transaction: numbered in
// the case, committed to by the event that follows, and kept.
func TestEachActIsPutDown(t *testing.T) {
	s := newStory(t)
	e := with(entryOf(adult), func(e *gongxin.Entry) { e.Until = day("2018-03-31") })
	var kinds []gongxin.DocumentKind
	do := func(c Command) Done {
		t.Helper()
		done := s.do(c)
		for _, d := range done.Documents {
			kinds = append(kinds, d.Kind)
			kept := s.m.documents[d.Number]
			commit, act := s.m.events[kept.Sequence-1], s.m.events[kept.For-1]
			switch {
			case d.Page != nil || d.Data != nil || kept.Page == nil:
				t.Errorf("%s travels with its page, or was kept without", d.Number)
			case commit.Kind != gongxin.DocumentIssued || commit.Decision != d.Number || commit.Document != d.Kind || commit.Hash != sha256.Sum256(kept.Page) || commit.Hash != d.Hash:
				t.Errorf("%s is committed to as %+v", d.Number, commit)
			case d.Listing != s.id || commit.Listing != s.id || act.Listing != s.id || kept.For >= kept.Sequence || commit.By != act.By:
				t.Errorf("%s is of another act: %+v", d.Number, kept)
			case d.Kind != gongxin.DocEmployer && act.Decision != d.Number:
				t.Errorf("%s records %s, whose number is %q", d.Number, act.Kind, act.Decision)
			}
		}
		return done
	}
	for _, step := range wayToForce {
		do(step(e, s.id))
	}
	id := s.id
	if n := s.listing().Procedure.Decision; n != "（2016）苏0505执123号之二" {
		t.Errorf("the decision is numbered %s, want the second of the case", n)
	}
	do(Correct{Listing: id, Entry: with(s.listing().Entry, func(e *gongxin.Entry) { e.Severity = "严重" }), By: judge})
	do(Suspend{Listing: id, Reason: "担保", By: judge})
	do(Resume{Listing: id, Reason: "担保解除", Decision: "（2016）苏0505执恢1号", By: judge})
	do(Extend{Listing: id, Until: day("2019-03-31"), Reason: "抗拒执行", By: judge})
	do(Object{Listing: id, Reason: "不服", By: clerk})
	do(Review{Listing: id, Reason: "驳回", By: judge})
	do(AskReconsideration{Listing: id, Reason: "不服", By: clerk})
	do(Reconsider{Listing: id, Reason: "维持", Decision: "（2017）苏05执复1号", By: above})
	do(Request{Listing: id, Kind: gongxin.RequestCorrection, Reason: "有误", By: clerk})
	do(Answer{Listing: id, Reason: "无误", By: judge})
	s.on("2019-04-01")
	do(Expire{Listing: id, By: theHub})
	want := []gongxin.DocumentKind{
		gongxin.DocNotice, gongxin.DocDecision, gongxin.DocCorrection, gongxin.DocSuspension, gongxin.DocSuspension, gongxin.DocExtension,
		gongxin.DocReview, gongxin.DocReconsideration, gongxin.DocAnswer, gongxin.DocWithdrawal,
	}
	if got := len(kinds); got != len(want) {
		t.Fatalf("documents %v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Errorf("document %d is %s, want %s", i+1, kinds[i], want[i])
		}
	}
	if s.m.documents["（2016）苏0505执恢1号"].Kind != gongxin.DocSuspension || s.listing().Exit.Decision != "（2016）苏0505执123号之八" {
		t.Errorf("numbers that people gave count: the exit is %s", s.listing().Exit.Decision)
	}
}

func TestWithoutAScribeNothingIsIssued(t *testing.T) {
	s := newStory(t)
	s.r.scribe = nil
	s.until(gongxin.InForce, with(entryOf(adult), func(e *gongxin.Entry) { e.NonPublic = true }))
	done := s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundPerformed, By: judge})
	if len(done.Documents) != 0 || len(s.m.documents) != 0 || done.Listing.Exit.Decision != "" || len(s.m.counted) != 0 {
		t.Errorf("documents %v, the exit's number %q", s.m.documents, done.Listing.Exit.Decision)
	}
}

// A number that a court gave itself is stepped over, and one given twice is refused.
func TestNumbersAreGivenOnce(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.Proposed, entryOf(adult))                              // 之一 is the notice
	s.do(Decide{Listing: s.id, Decision: "（2016）苏0505执123号之三", By: judge}) // the court's own
	s.do(DeliverDecision{Listing: s.id, Service: gongxin.ServedByMail, By: clerk})
	s.do(Publish{Listing: s.id, By: clerk})
	s.refuse(Suspend{Listing: s.id, Reason: "担保", Decision: "（2016）苏0505执123号之三", By: judge}, "DOCUMENT_NUMBER_TAKEN")
	for _, want := range []string{"之二", "之四"} {
		if d := s.do(Correct{Listing: s.id, Entry: with(s.listing().Entry, func(e *gongxin.Entry) { e.Conduct += "。" }), By: judge}).Documents[0]; d.Number != "（2016）苏0505执123号"+want {
			t.Errorf("numbered %s, want %s", d.Number, want)
		}
	}
}

func TestAFileStepsOverNumbersThatACourtGaveItself(t *testing.T) {
	s := newStory(t)
	e := with(entryOf(credit), func(*gongxin.Entry) {})
	hidden := with(entryOf(adult), func(e *gongxin.Entry) { e.NonPublic = true })
	taken, err := s.r.Take(t.Context(), judge, []Submission{row(e, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.do(Suspend{Listing: taken[0].Listing, Reason: "担保", Decision: "（2016）苏0505执123号之一", By: judge})
	if taken, err = s.r.Take(t.Context(), judge, []Submission{row(hidden, 2)}); err != nil || answers(taken) != "changed" {
		t.Fatalf("got %q, %v", answers(taken), err)
	}
	if d := s.m.documents["（2016）苏0505执123号之二"]; d.Kind != gongxin.DocEmployer || d.Listing != taken[0].Listing {
		t.Errorf("the letter to the organisation is not the second document: %v", s.m.documents)
	}
}

// noted keeps what a scribe is given.
type noted struct {
	drafts *[]Draft
	err    error
}

func (n noted) Write(ctx context.Context, d Draft) (gongxin.Document, error) {
	*n.drafts = append(*n.drafts, d)
	if n.err != nil {
		return gongxin.Document{}, n.err
	}
	return plain{}.Write(ctx, d)
}

func TestADocumentSaysWhatThePersonCanDo(t *testing.T) {
	s := newStory(t)
	var drafts []Draft
	s.r.scribe, s.m.rerun = noted{drafts: &drafts}, false
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Object{Listing: s.id, Reason: "不服", By: clerk})
	s.do(Review{Listing: s.id, Reason: "驳回", By: judge})
	s.do(AskReconsideration{Listing: s.id, Reason: "不服", By: clerk})
	s.do(Reconsider{Listing: s.id, Upheld: true, Reason: "有误", Decision: "H1", By: above})
	want := []Draft{
		{Document: gongxin.Document{Kind: gongxin.DocNotice, Court: court}},
		{Document: gongxin.Document{Kind: gongxin.DocDecision, Court: court}, Remedy: Remedy{"objection", 10, "days", court}},
		{Document: gongxin.Document{Kind: gongxin.DocReview, Court: court}, Remedy: Remedy{"reconsideration", 10, "days", above.Court}},
		{Document: gongxin.Document{Kind: gongxin.DocReconsideration, Court: above.Court}},
		{Document: gongxin.Document{Kind: gongxin.DocWithdrawal, Court: court}},
	}
	if len(drafts) != len(want) {
		t.Fatalf("%d documents, want %d", len(drafts), len(want))
	}
	for i, d := range drafts {
		if w := want[i]; d.Document.Kind != w.Document.Kind || d.Document.Court != w.Document.Court || d.Remedy != w.Remedy {
			t.Errorf("document %d: %s of %s, %+v; want %s of %s, %+v", i+1, d.Document.Kind, d.Document.Court, d.Remedy, w.Document.Kind, w.Document.Court, w.Remedy)
		}
		if d.Act.Listing != s.id || d.After.Sequence <= d.Before.Sequence || d.Document.For != d.After.Sequence || d.Document.Number == "" || d.Act.By.ID == "" {
			t.Errorf("document %d is drafted from %+v", i+1, d.Document)
		}
	}
}

func TestAnActWhoseDocumentCannotBeWrittenDoesNotHappen(t *testing.T) {
	s := newStory(t)
	var drafts []Draft
	full := errors.New("no paper")
	s.r.scribe = noted{drafts: &drafts, err: full}
	if _, err := s.r.Do(t.Context(), DraftNotice{Entry: entryOf(adult), By: clerk}); !errors.Is(err, full) || len(s.m.events) != 0 || len(s.m.counted) != 0 {
		t.Errorf("got %v and %s, want the scribe's error and nothing", err, strings.TrimSpace(s.m.kinds(0)))
	}
}

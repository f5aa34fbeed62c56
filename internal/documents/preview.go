package documents

import (
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
	"gongxin/internal/register"
)

// Preview returns a page of kind in the words of text ("" for the default), with
// invented data and 样张 across it, for a court that edits its template. Errors as Parse.
func Preview(kind gongxin.DocumentKind, text string) ([]byte, error) {
	if text == "" {
		text = Default(kind)
	}
	t, err := Parse(kind, text)
	if err != nil {
		return nil, err
	}
	s := New(Options{Courts: courts.Embedded()})
	return render(s.compose(sample(kind)), t, "样张"), nil
}

// sample is an invented act of kind, with every field filled that the kind has. Its
// number is of no district: the area code is the province's.
func sample(kind gongxin.DocumentKind) register.Draft {
	number, _, err := identity.Parse("320000198001010018")
	if err != nil {
		panic(err) // a constant
	}
	here, above := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏05")
	case1 := gongxin.MustCaseNumber("（2017）苏0505执1号")
	day := func(s string) gongxin.Day { return gongxin.MustDay(s) }
	id := gongxin.ListingID{0x01, 0x5b, 0x88, 0x0a, 0xd4, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	entry := gongxin.Entry{
		Court: here, CourtName: "苏州市虎丘区人民法院", Case: case1,
		Subject: gongxin.Subject{Name: "沈澄", Number: number, Sex: identity.Male, Age: 37},
		Basis:   "（2016）苏0505民初1号民事判决书", BasisBody: "苏州市虎丘区人民法院",
		Obligation: "向申请执行人支付货款人民币100000元及逾期利息", Performance: "部分未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: day("2017-06-12"), Filed: day("2017-03-01"),
		Performed: "人民币20000元", Unperformed: "人民币80000元及逾期利息", Severity: "一般", Until: day("2019-06-11"), Employer: "澄澜设备厂",
	}
	before := gongxin.Listing{ID: id, Entry: entry, Origin: gongxin.FromProcedure, State: gongxin.InForce, Sequence: 7, Content: 5, Forced: 7,
		Procedure: gongxin.Procedure{Noticed: day("2017-05-10"), Motion: gongxin.OnApplication, Moved: day("2017-05-24"),
			Decision: "（2017）苏0505执1号之二", Decided: day("2017-06-05"), Delivered: day("2017-06-08")}}
	after := before
	act := gongxin.Event{Listing: id, At: time.Date(2017, 7, 3, 2, 0, 0, 0, time.UTC), On: day("2017-07-03")}
	var remedy register.Remedy
	doc := gongxin.Document{Number: "（2017）苏0505执1号之三", Listing: id, Kind: kind, Court: here}
	switch kind {
	case gongxin.DocNotice:
		act.Kind, act.On = gongxin.NoticeDrafted, 0
		before, after = gongxin.Listing{}, gongxin.Listing{ID: id, Entry: entry, State: gongxin.ToNotice}
	case gongxin.DocDecision:
		act.Kind = gongxin.ListingDecided
		before.State, after.State, after.Procedure.Delivered = gongxin.Proposed, gongxin.Decided, 0
		doc.Number = before.Procedure.Decision
		remedy = register.Remedy{Rule: policy.Objection, Count: 10, Unit: "days", Court: here}
	case gongxin.DocCorrection:
		act.Kind, act.Reason = gongxin.ListingCorrected, "申请执行人确认收到另外的人民币10000元"
		after.Entry.Performed, after.Entry.Unperformed = "人民币30000元", "人民币70000元及逾期利息"
	case gongxin.DocSuspension:
		act.Kind, act.Reason = gongxin.ListingSuspended, "被执行人提供的执行担保充分、有效，申请执行人没有异议。"
		after.State, after.Procedure.Suspended = gongxin.Suspended, act.On
	case gongxin.DocExtension:
		act.Kind, act.Reason, act.Was = gongxin.TermExtended, "被执行人具有多项失信行为。", entry.Until
		after.Entry.Until = day("2020-06-11")
	case gongxin.DocReview:
		act.Kind, act.Reason = gongxin.ObjectionRejected, "申请人主张义务已经全部履行，但未提交付款凭证；经核对账户，尚有人民币80000元未付。"
		before.Procedure.Objected = day("2017-06-30")
		after.Procedure.Objected, after.Procedure.Reviewed = day("2017-06-30"), act.On
		remedy = register.Remedy{Rule: policy.Reconsideration, Count: 10, Unit: "days", Court: above}
	case gongxin.DocReconsideration:
		act.Kind, act.Reason = gongxin.ReconsiderationRejected, "原审查认定事实清楚，适用规定正确。"
		after.Procedure.Review, after.Procedure.Reviewed, after.Procedure.Reconsidered = "（2017）苏0505执1号之三", day("2017-06-26"), day("2017-06-29")
		doc.Court, doc.Number = above, "（2017）苏0505执1号之四"
	case gongxin.DocWithdrawal:
		act.Kind, act.Ground = gongxin.ListingWithdrawn, gongxin.GroundPerformed
		after.State, after.Exit = gongxin.Withdrawn, gongxin.Exit{Ground: act.Ground, On: act.On, At: act.At}
	case gongxin.DocAnswer:
		act.Kind, act.Reason = gongxin.RequestRefused, "经向申请执行人核实，尚有人民币80000元未付，退出情形尚未出现。"
		before.Procedure.Request, before.Procedure.RequestOn, before.Procedure.RequestFor = gongxin.RequestWithdrawal, day("2017-06-28"), gongxin.GroundPerformed
	case gongxin.DocEmployer:
		act.Kind = gongxin.ListingPublished
		after.Entry.NonPublic = true
	}
	doc.At = act.At
	return register.Draft{Document: doc, Before: before, After: after, Act: act, Remedy: remedy}
}

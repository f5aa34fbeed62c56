package oversight

import "gongxin"

// A Term is what something is called on the board, with the clause that it comes from.
type Term struct {
	Text   gongxin.Text
	Clause string
}

var kinds = map[gongxin.DutyKind]Term{
	gongxin.DutyDecide:         {gongxin.Text{ZH: "就纳入申请作出决定", EN: "Decide on the application to list"}, "5.8"},
	gongxin.DutyReview:         {gongxin.Text{ZH: "审查纠正申请", EN: "Review the objection"}, "2.3"},
	gongxin.DutyReconsider:     {gongxin.Text{ZH: "作出复议决定", EN: "Decide on the reconsideration"}, "2.3"},
	gongxin.DutyWithdraw:       {gongxin.Text{ZH: "屏蔽或者撤销", EN: "Withdraw the listing"}, "2.4"},
	gongxin.DutyNoProperty:     {gongxin.Text{ZH: "查控无财产，删除", EN: "Delete after fruitless property checks"}, "5.8"},
	gongxin.DutyAnswerRequest:  {gongxin.Text{ZH: "答复更正或者撤销申请", EN: "Answer the request for correction or withdrawal"}, "2.1.5, 2.4"},
	gongxin.DutyAnswerProposal: {gongxin.Text{ZH: "答复部门的审查建议", EN: "Answer the department’s review proposal"}, "2.4.1"},
	gongxin.DutyTellEmployer:   {gongxin.Text{ZH: "告知所在单位", EN: "Tell the subject’s organisation"}, "2.1.4, 3.8"},
}

// KindTerm says what a duty of kind k asks for. A kind that this version does not
// know is called by its name.
func KindTerm(k gongxin.DutyKind) Term {
	if t, ok := kinds[k]; ok {
		return t
	}
	return Term{Text: gongxin.Text{ZH: string(k), EN: string(k)}}
}

var states = map[State]Term{
	Overdue:  {gongxin.Text{ZH: "已逾期", EN: "Overdue"}, "2.5"},
	DueToday: {gongxin.Text{ZH: "今日到期", EN: "Due today"}, "2.3, 2.4"},
	Soon:     {gongxin.Text{ZH: "即将到期", EN: "Due soon"}, "2.3, 2.4"},
	Later:    {gongxin.Text{ZH: "未到期", EN: "Not due yet"}, "2.3, 2.4"},
	NoTime:   {gongxin.Text{ZH: "未定期限", EN: "No time set"}, "2.4.1, 3.8"},
	Lapsed:   {gongxin.Text{ZH: "逾期办结", EN: "Done late"}, "2.5"},
}

// StateTerm says what s is called.
func StateTerm(s State) Term { return states[s] }

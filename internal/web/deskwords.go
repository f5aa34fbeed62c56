package web

import (
	"fmt"

	"gongxin"
)

// deskWords is every text of the pages for people who sign in, in one language.
type deskWords struct {
	SignIn, SignOut             string
	SignInLead, SignInHelp      string
	Person, Password            string
	Second, SecondIs, OIDC      string
	NotShown                    string
	Board, Today, Scope         string
	Filter, NoFilter, All       string
	Case, Owed, Court           string
	InCharge, Due               string
	Clause                      string // %s
	SinceDay                    string // %s
	Items                       string // %d
	LapseAt                     string // %d
	NoDuties, Nobody, Erased    string
	Incomplete                  string
	Pages, Earlier, Further     string
	ShownOf                     string // %d–%d of %d
	ByCourt, ByPerson           string
	Escalations, Owing, Told    string
	Level                       string // %d
	Written, Acknowledged       string
	NotAcknowledged             string
	Kept, Reference, Measure    string
	Ground, KeptUntil           string
	Reviews, Filed              string
	Batches, File, Submitter    string
	Reason, WouldList, WouldEnd string
	Came                        string
	LateDays, LeftDays          [2]string // of one day, of %d days
	LateDone, AgoDays           [2]string
	DueNow, NoTime, NoYet       string
	EnteredLate                 string
	NoteStands, NoteLapse       string
	NoteEscalation, NoteStaff   string
	stop                        string            // between two sentences
	mends                       string            // between what is wrong and how to mend it
	reasons                     map[string]string // why a file is held
}

var zhDesk = deskWords{
	SignIn: "登录", SignOut: "退出",
	SignInLead: "供法院、省公共信用信息中心、各部门及监督单位的工作人员使用。",
	SignInHelp: "忘记密码或者不能登录的，请联系本单位管理员或者省公共信用信息中心。被执行人查询本人信息，请使用决定书上所印的查询码。",
	Person:     "用户名", Password: "密码", Second: "动态验证码", SecondIs: "已登记验证器的，填写其显示的六位数字；未登记的留空。",
	OIDC: "通过统一身份认证登录", NotShown: "不能显示此页",
	Board: "办理期限", Today: "今日", Scope: "范围", Filter: "筛选", NoFilter: "取消筛选", All: "全部",
	Case: "案号", Owed: "应办事项", Court: "法院", InCharge: "承办人", Due: "期限", Clause: "第 %s 条", SinceDay: "自 %s 起算",
	Items: "%d 项", LapseAt: "逾期已记入账本，序号 %d", NoDuties: "没有符合条件的事项。", Nobody: "未知", Erased: "信息已清除",
	Incomplete: "事项过多，未能全部读取，下列数目偏少。请按法院筛选。",
	Pages:      "分页", Earlier: "上一页", Further: "下一页", ShownOf: "第 %d–%d 项，共 %d 项",
	ByCourt: "按法院", ByPerson: "按承办人",
	Escalations: "逾期告知上级法院", Owing: "逾期法院", Told: "告知", Level: "第 %d 级", Written: "告知时间", Acknowledged: "签收", NotAcknowledged: "尚未签收",
	Kept: "保留的措施已过所定期限", Reference: "编号", Measure: "措施", Ground: "依据", KeptUntil: "所定期限",
	Reviews: "尚未答复的限制复核申请", Filed: "提出时间",
	Batches: "等待第二人审批的文件", File: "文件", Submitter: "提交人", Reason: "原因", WouldList: "拟纳入", WouldEnd: "拟撤销", Came: "收到时间",
	LateDays: [2]string{"逾期 %d 天", "逾期 %d 天"}, LeftDays: [2]string{"还有 %d 天", "还有 %d 天"},
	LateDone: [2]string{"逾期 %d 天办结", "逾期 %d 天办结"}, AgoDays: [2]string{"%d 天前", "%d 天前"},
	DueNow: "今日到期", NoTime: "未定期限", NoYet: "该年度工作日安排尚未公布，期限待定", EnteredLate: "逾期后补录",
	NoteStands:     "申请纠正、申请复议均不停止名单的效力；只有执行法院因提供有效担保等决定中止的，才暂停惩戒。",
	NoteLapse:      "逾期一经发生即记入账本，办结后仍长期显示。工作日按国务院办公厅公布的安排计算。",
	NoteEscalation: "逾期的次日告知上一级法院，此后每满十个工作日仍未办结的，再告知更上一级法院；间隔由本系统自定，文件未作规定。",
	NoteStaff:      "工作人员入口：",
	stop:           "。", mends: "。",
	reasons: map[string]string{"SURGE": "新增异常偏多", "DROP": "减少异常偏多"},
}

var enDesk = deskWords{
	SignIn: "Sign in", SignOut: "Sign out",
	SignInLead: "For people of courts, of the provincial centre, of departments and of the bodies that oversee them.",
	SignInHelp: "If you have forgotten your password or cannot sign in, ask your organisation’s administrator or the provincial centre. If you are the person listed, use the access code printed in the decision.",
	Person:     "Name", Password: "Password", Second: "Code", SecondIs: "The six digits that your authenticator shows, if you have enrolled one.",
	OIDC: "Sign in through the unified identity service", NotShown: "This page cannot be shown",
	Board: "What is due", Today: "Today", Scope: "Scope", Filter: "Filter", NoFilter: "Show all", All: "All",
	Case: "Case", Owed: "What is owed", Court: "Court", InCharge: "In charge", Due: "Last day", Clause: "clause %s", SinceDay: "from %s",
	Items: "%d", LapseAt: "lapse recorded at sequence %d", NoDuties: "Nothing matches.", Nobody: "not known", Erased: "erased",
	Incomplete: "There is more than could be read at once, so the numbers below are too small. Filter by court.",
	Pages:      "Pages", Earlier: "Previous", Further: "Next", ShownOf: "%d–%d of %d",
	ByCourt: "By court", ByPerson: "By person in charge",
	Escalations: "Told to a higher court", Owing: "Late court", Told: "Told to", Level: "level %d", Written: "Written", Acknowledged: "Acknowledged", NotAcknowledged: "not acknowledged yet",
	Kept: "Measures kept beyond their stated end", Reference: "Reference", Measure: "Measure", Ground: "Ground", KeptUntil: "Stated end",
	Reviews: "Reviews of a restriction without an answer", Filed: "Filed",
	Batches: "Files that wait for a second person", File: "File", Submitter: "Submitted by", Reason: "Reason", WouldList: "Would list", WouldEnd: "Would end", Came: "Received",
	LateDays: [2]string{"%d day overdue", "%d days overdue"}, LeftDays: [2]string{"in %d day", "in %d days"},
	LateDone: [2]string{"done %d day late", "done %d days late"}, AgoDays: [2]string{"%d day ago", "%d days ago"},
	DueNow: "due today", NoTime: "no time set", NoYet: "the working days of that year are not known yet", EnteredLate: "entered after its time",
	NoteStands:     "Neither an objection nor a reconsideration suspends a listing. Only a decision of the enforcing court, such as on effective security, does.",
	NoteLapse:      "A lapse goes into the ledger when it happens and stays on this page for ever. Working days follow the State Council’s yearly notice.",
	NoteEscalation: "What is overdue is told to the next higher court on the next day, and to one court higher after each further ten working days. The interval is this system’s own setting: the document names none.",
	NoteStaff:      "For staff:",
	stop:           ". ", mends: "; ",
	reasons: map[string]string{"SURGE": "abnormal number of new listings", "DROP": "abnormal number of endings"},
}

// say gives t in the language of w.
func (w *words) say(t gongxin.Text) string {
	if w.Lang == zh.Lang {
		return t.ZH
	}
	return t.EN
}

// query is what keeps the language in an address.
func (w *words) query() string {
	if w.Lang == zh.Lang {
		return ""
	}
	return "?lang=" + w.Lang
}

func (w *words) days(forms [2]string, n int) string {
	if n == 1 {
		return fmt.Sprintf(forms[0], n)
	}
	return fmt.Sprintf(forms[1], n)
}

// stateOf says in words how d stands in the section key.
func (w *words) stateOf(key string, d Duty) string {
	switch {
	case key == "overdue":
		return w.days(w.LateDays, d.Days)
	case key == "lapsed" && d.Days == 0:
		return w.EnteredLate
	case key == "lapsed":
		return w.days(w.LateDone, d.Days)
	case d.Uncounted:
		return w.NoYet
	case d.Due.IsZero():
		return w.NoTime
	case d.Days == 0:
		return w.DueNow
	}
	return w.days(w.LeftDays, d.Days)
}

func (w *words) nameOr(name string) string {
	if name == "" {
		return w.Nobody
	}
	return name
}

func (w *words) caseOf(number string) string {
	if number == "" {
		return w.Erased
	}
	return number
}

func (w *words) reasonOf(code string) string {
	if text, ok := w.reasons[code]; ok {
		return text
	}
	return code
}
